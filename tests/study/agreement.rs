//! The rows of the part on interpretability, against the same networks trained and measured here.

use prunella::dataset::{Dataset, Split};
use prunella::kernels::{Isa, Kernels, Pool};
use prunella::model::Model;
use prunella::study::low_capacity::interpretability::{Hidden, Maps, Probe};
use prunella::study::low_capacity::pruning::one_shot;
use prunella::study::low_capacity::recipes::{Cell, Recipe, Training};
use prunella::study::low_capacity::saliency::Method;
use prunella::study::low_capacity::{
    Context, Findings, HARDEST, InterpretabilityRow, Part, Reading, STEPS, Settings, Task, initial, jobs,
};
use prunella::study::pareto::Shelf;
use prunella::train::Compute;

const WIDTH: usize = 24;
const SEED: u64 = 0;

/// What is measured of a network, and of it beside the dense one.
const ALONE: usize = 7;
const BESIDE: usize = 9;

fn rows(context: &Context<'_>) -> Vec<InterpretabilityRow> {
    let settings = Settings { parts: [Part::Interpretability].into(), seeds: Some(1), quick: true };
    let all = jobs(&settings);
    assert_eq!(
        all.iter().map(|job| job.key()).collect::<Vec<_>>(),
        [format!("interpretability/4-9/h={WIDTH}/seed=0")]
    );
    let found: Findings = all.iter().flat_map(|job| job.run(context).unwrap()).collect();
    found.interpretability
}

/// The measures of one network.
struct Opened<'a> {
    probe: Probe,
    images: &'a Dataset,
    hidden: Hidden,
}

impl<'a> Opened<'a> {
    fn new(model: &Model, images: &'a Dataset) -> Opened<'a> {
        let probe = Probe::new(model).unwrap();
        let activations =
            (0..images.len()).flat_map(|image| probe.view(images.pixels(image)).activations()).collect();
        Opened { hidden: Hidden::new(activations, WIDTH), probe, images }
    }

    fn maps(&self, method: Method) -> Maps {
        Maps::new(&self.probe, self.images, method)
    }

    fn alone(&self) -> Vec<(&'static str, f64)> {
        let own = self.maps(Method::Perturbation(0.1)).faithfulness(&self.probe, self.images);
        let known = self.hidden.information(self.images.labels());
        vec![
            ("deletion", own.deletion),
            ("insertion", own.insertion),
            ("information-active-mean", known.active_mean),
            ("information-active-max", known.active_max),
            ("information-binned-mean", known.binned_mean),
            ("information-binned-max", known.binned_max),
            ("silhouette", self.hidden.silhouette(self.images.labels()).unwrap()),
        ]
    }

    /// What `other` has in common with this one.
    fn beside(&self, other: &Opened<'_>) -> Vec<(&'static str, f64)> {
        let agreement = |method| self.maps(method).agreement(&other.maps(method));
        let [shift, slope] = [Method::Perturbation(0.1), Method::Gradient].map(agreement);
        let judged = other.maps(Method::Perturbation(0.1)).faithfulness(&self.probe, self.images);
        vec![
            ("perturbation-spearman", shift.spearman),
            ("perturbation-top-overlap", shift.top_overlap),
            ("perturbation-mean-spearman", shift.mean_spearman),
            ("gradient-spearman", slope.spearman),
            ("gradient-top-overlap", slope.top_overlap),
            ("gradient-mean-spearman", slope.mean_spearman),
            ("deletion-of-dense", judged.deletion),
            ("insertion-of-dense", judged.insertion),
            ("cka", self.hidden.cka(&other.hidden)),
        ]
    }
}

/// The networks trained as published, by the names and levels of their rows; the dense one first.
fn published(task: &Task, context: &Context<'_>) -> Vec<(&'static str, f64, Model)> {
    let cell = Cell::new(task, WIDTH, SEED, *context);
    let course = cell.trained(Training::FullBatch, STEPS).unwrap();
    let dense = course.network.to_model().unwrap();
    let random = cell.pruned_at_random(Recipe::PUBLISHED, &course, 0.95).unwrap().to_model().unwrap();
    let other = initial(task.train.features(), WIDTH, SEED + (1 << 40)).unwrap().to_model().unwrap();
    let pruned = |level, reading| one_shot(&dense, level, reading).unwrap();
    vec![
        ("magnitude", 0.95, pruned(95.0, Reading::Hundredth)),
        ("magnitude", 50.0, pruned(50.0, Reading::Percent)),
        ("magnitude", 99.0, pruned(99.0, Reading::Percent)),
        ("random", 95.0, random),
        ("reinitialised", 0.0, other),
        ("dense", 0.0, dense),
    ]
}

#[test]
fn every_row_is_what_its_name_says() {
    let data = Split::synth(600, 100, 1);
    let (pool, shelf) = (Pool::single(), Shelf::default());
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let context = Context { data: &data, compute, shelf: &shelf, is_interrupted: &|| false };
    let rows = rows(&context);
    let of = |network: &str, level: f64| -> Vec<(&str, f64)> {
        let own = rows.iter().filter(|row| row.network == network && (row.level - level).abs() < 1e-9);
        own.map(|row| (row.measure.as_str(), row.value)).collect()
    };
    // Eight pruned or other networks beside the one trained as published, four beside the converged one.
    assert_eq!(rows.len(), 14 * ALONE + 12 * BESIDE);
    assert!(rows.iter().all(|row| (row.pair, row.hidden, row.seed) == (HARDEST, WIDTH, SEED)));

    let task = Task::new(&data, HARDEST, SEED).unwrap();
    let networks = published(&task, &context);
    let (_, _, dense) = networks.last().unwrap();
    let dense = Opened::new(dense, &task.validation);
    for (name, level, model) in &networks {
        let network = Opened::new(model, &task.validation);
        let mut expected = network.alone();
        if *name != "dense" {
            expected.extend(dense.beside(&network));
        }
        assert_eq!(of(name, *level), expected, "{name} at {level}");
    }

    let value = |network: &str, level: f64, measure: &str| {
        of(network, level).iter().find(|(name, _)| *name == measure).unwrap().1
    };
    for measure in ["perturbation-spearman", "cka"] {
        let [recipe, random] =
            ["converged-recipe", "converged-random"].map(|network| value(network, 95.0, measure));
        assert!(recipe > random, "{measure}: what magnitude leaves is more alike: {recipe}, {random}");
        assert!(value("converged-recipe", 99.0, measure) < recipe, "and less of it is less alike");
        let again = value("converged-again", 0.0, measure);
        assert!(again < 0.999, "{measure}: other weights, another network: {again}");
    }
}
