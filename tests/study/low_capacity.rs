//! The low-capacity study as published: its protocol, its jobs, its verdicts.

use prunella::dataset::{Dataset, Split};
use prunella::model::{Activation, Layer, Model};
use prunella::rng::Rng;
use prunella::study::Verdict;
use prunella::study::low_capacity::corruption::{PATCH, SIGMAS, corrupted};
use prunella::study::low_capacity::pruning::one_shot;
use prunella::study::low_capacity::score::{Examples, f1};
use prunella::study::low_capacity::*;
use prunella::study::pareto::Shelf;
use prunella::train::{Compute, Loss, Optimizer, Options, Schedule, Trainer, evaluate};
use prunella_kernels::{Isa, Kernels, Pool};

/// A network 6-3-1 of made-up weights, all of different size.
fn tiny() -> Model {
    let mut rng = Rng::new(5);
    let mut weights = |len: usize| (0..len).map(|_| rng.normal()).collect::<Vec<f32>>();
    let hidden = Layer::new(6, weights(18), vec![0.3, -0.1, 0.2], Activation::Relu).unwrap();
    Model::new(vec![hidden, Layer::new(3, weights(3), vec![0.05], Activation::Identity).unwrap()]).unwrap()
}

fn with_context<T>(data: &Split, f: impl FnOnce(&Context<'_>) -> T) -> T {
    let pool = Pool::single();
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    f(&Context { data, compute, shelf: &Shelf::default(), is_interrupted: &|| false })
}

#[test]
fn training_is_full_batch_descent_and_its_curve_is_f1_after_each_step() {
    let data = Split::synth(300, 100, 1);
    let task = Task::new(&data, HARDEST, 42).unwrap();
    with_context(&data, |context| {
        let trained = train(&task, &[2, 5], RATE, 42, context).unwrap();
        let options = Options {
            epochs: STEPS,
            batch_size: task.train.len(),
            optimizer: Optimizer::Sgd { rate: RATE as f32 },
            schedule: Schedule::Constant,
            loss: Loss::BinaryCrossEntropy,
            seed: 42,
        };
        for (network, hidden) in trained.iter().zip([2, 5]) {
            let mut alone = initial(784, hidden, 42).unwrap();
            let mut trainer = Trainer::new(&mut alone, &task.train, &options, context.compute).unwrap();
            let mut curve = Vec::new();
            while trainer.step().unwrap().is_some() {
                let now = evaluate(trainer.network(), &task.train, options.loss, context.compute).unwrap();
                curve.push(f1(&now.outputs, task.train.labels()));
            }
            assert_eq!((network.hidden, network.training_f1.len()), (hidden, STEPS));
            assert_eq!(network.training_f1, curve);
            assert_eq!(network.model, alone.to_model().unwrap());
            let best = curve.iter().copied().fold(0.0, f64::max);
            let (epoch, found) = network.best();
            assert_eq!((curve[epoch - 1], found, network.last()), (best, best, curve[STEPS - 1]));
            assert!(!curve[..epoch - 1].contains(&best), "the first time");
        }
    });
}

#[test]
fn the_initial_weights_are_those_of_the_protocol() {
    let model = initial(784, 64, 0).unwrap().to_model().unwrap();
    assert_eq!(model.sizes(), [784, 64, 1]);
    let weights = model.layers()[0].weight();
    let mean = weights.iter().map(|w| f64::from(*w)).sum::<f64>() / weights.len() as f64;
    let variance = weights.iter().map(|w| (f64::from(*w) - mean).powi(2)).sum::<f64>() / weights.len() as f64;
    // 50,176 draws: the standard error of the deviation is 0.0003.
    assert!(mean.abs() < 0.002 && (variance.sqrt() - 0.1).abs() < 0.0015, "{mean} {variance}");
    assert!(model.layers().iter().all(|layer| layer.bias().iter().all(|bias| *bias == 0.0)));
}

#[test]
fn pruning_zeroes_the_smallest_of_each_layer_rounded_down() {
    let model = tiny();
    let zeros =
        |model: &Model, layer: usize| model.layers()[layer].weight().iter().filter(|w| **w == 0.0).count();
    for (level, first, last) in
        [(10.0, 1, 0), (30.0, 5, 0), (40.0, 7, 1), (50.0, 9, 1), (95.0, 17, 2), (99.0, 17, 2)]
    {
        let pruned = one_shot(&model, level, Reading::Percent).unwrap();
        assert_eq!((zeros(&pruned, 0), zeros(&pruned, 1)), (first, last), "{level}");
        for (before, after) in model.layers().iter().zip(pruned.layers()) {
            assert_eq!(before.bias(), after.bias());
            let gone = before.weight().iter().zip(after.weight()).filter(|(_, after)| **after == 0.0);
            let largest_gone = gone.map(|(before, _)| before.abs()).fold(0.0, f32::max);
            let kept = after.weight().iter().filter(|w| **w != 0.0);
            assert!(kept.clone().all(|w| before.weight().contains(w) && w.abs() > largest_gone));
        }
        // A hundredth of 99 % of 18 weights is less than one.
        assert_eq!(one_shot(&model, level, Reading::Hundredth).unwrap(), model);
    }
    assert_eq!(Reading::Hundredth.count(95.0, 784 * 24), 178);
    assert_eq!(Reading::Percent.count(30.0, 7840), 2352);
    // Equal sizes go together, as the published rule has it.
    let same = Layer::new(4, vec![0.5, -0.5, 0.5, 2.0], vec![0.0], Activation::Identity).unwrap();
    let pruned = one_shot(&Model::new(vec![same]).unwrap(), 25.0, Reading::Percent).unwrap();
    assert_eq!(pruned.layers()[0].weight(), [0.0, 0.0, 0.0, 2.0]);
}

#[test]
fn corruption_is_of_the_strength_it_says() {
    let data = Split::synth(200, 10, 3).train;
    let all = corrupted(&data, 7).unwrap();
    let clean = Examples::new(&data);
    assert_eq!(all.len(), 2 + SIGMAS.len());
    assert_eq!((all[0].corruption, &all[0].examples.rows), (Corruption::None, &clean.rows));
    // The strongest noise is clipped above, too, often enough to show.
    for noisy in &all[1..SIGMAS.len()] {
        assert_eq!(noisy.corruption, Corruption::Noise);
        assert!(noisy.examples.rows.iter().all(|value| (0.0..=1.0).contains(value)));
        // Of black pixels half are clipped; the others are half a normal, whose mean square is sigma^2 / 2 over all.
        let pixels = clean.rows.iter().zip(&noisy.examples.rows).filter(|(before, _)| **before == 0.0);
        let (count, squares) =
            pixels.fold((0, 0.0), |(count, sum), (_, after)| (count + 1, sum + f64::from(*after).powi(2)));
        let expected = noisy.strength.powi(2) / 2.0;
        assert!((squares / f64::from(count) / expected - 1.0).abs() < 0.06, "{}", noisy.strength);
    }
    let patched = &all[SIGMAS.len() + 1];
    assert_eq!((patched.corruption, patched.strength), (Corruption::Occlusion, PATCH as f64));
    let mut corners = std::collections::BTreeSet::new();
    for (before, after) in clean.rows.chunks(784).zip(patched.examples.rows.chunks(784)) {
        let changed: Vec<usize> = (0..784).filter(|i| before[*i] != after[*i]).collect();
        assert!(changed.iter().all(|i| after[*i] == 0.0));
        let (rows, cols): (Vec<usize>, Vec<usize>) = changed.iter().map(|i| (i / 28, i % 28)).unzip();
        for span in [rows, cols] {
            let (least, most) =
                (span.iter().min().copied().unwrap_or(0), span.iter().max().copied().unwrap_or(0));
            assert!(most - least < PATCH);
        }
        corners.insert(changed.first().copied());
    }
    assert!(corners.len() > 50, "patches lie anywhere: {}", corners.len());
    let flat = Dataset::new(3, vec![0; 6], vec![0, 1]).unwrap();
    let error = corrupted(&flat, 1).err().unwrap().to_string();
    assert!(error.contains("7 x 7"), "{error}");
}

fn settings(parts: &[Part], seeds: usize) -> Settings {
    Settings { parts: parts.into(), seeds: Some(seeds), quick: false }
}

#[test]
fn seeds_are_those_of_the_study_then_others() {
    let settings = |seeds| Settings { seeds, ..Settings::default() };
    assert_eq!(settings(None).seeds(3), [0, 42, 78]);
    assert_eq!(settings(Some(6)).seeds(3), [0, 42, 78, 1, 2, 3]);
    let many = settings(None).many_seeds();
    assert_eq!(many.len(), 10);
    assert!(settings(Some(80)).seeds(3).windows(2).skip(3).all(|pair| pair[0] < pair[1]));
}

#[test]
fn every_job_has_a_key_of_its_own_and_only_wanted_parts_have_jobs() {
    let keys =
        |settings: &Settings| jobs(settings).iter().map(|job| job.key().to_string()).collect::<Vec<_>>();
    let all = keys(&Settings::default());
    let unique: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(unique.len(), all.len());
    assert!(
        all.contains(&"networks/4-9/seed=42".to_string())
            && all.contains(&"rates/4-9/rate=0.003/seed=78".into())
    );
    assert_eq!(keys(&settings(&[Part::Capacity], 2)).len(), 10);
    assert_eq!(keys(&settings(&[Part::Robustness], 2)), ["networks/4-9/seed=0", "networks/4-9/seed=42"]);
    assert_eq!(keys(&settings(&[Part::Rates], 1)).len(), RATES.len());
}

/// The rows of a small study on drawn digits.
fn small() -> Findings {
    let data = Split::synth(400, 200, 1);
    let settings = settings(&[Part::Rates, Part::Capacity, Part::Pruning, Part::Robustness], 1);
    let all = jobs(&settings);
    let wanted = |job: &&Job| job.key().contains("4-9") || job.key().contains("0-1");
    with_context(&data, |context| {
        all.iter().filter(wanted).flat_map(|job| job.run(context).unwrap()).collect()
    })
}

#[test]
fn a_small_study_has_every_row_once_and_its_claims_follow() {
    let found = small();
    assert_eq!(found.rates.len(), RATES.len() * WIDTHS.len());
    assert_eq!(found.capacity.len(), 2 * WIDTHS.len());
    // Dense once; each level in both readings.
    assert_eq!(found.pruning.len(), 2 * WIDTHS.len() * (1 + 2 * LEVELS.len()));
    assert_eq!(found.neurons.len(), 2 * WIDTHS.len() * 3);
    assert_eq!(found.robustness.len(), 3 * (2 + SIGMAS.len()));
    assert_eq!((found.saliency.len(), found.embedding.len()), (27, 3));
    for row in &found.pruning {
        let weights = 785 * row.hidden;
        let expected = weights
            - row.reading.count(row.level, 784 * row.hidden)
            - row.reading.count(row.level, row.hidden);
        assert_eq!(row.nnz, expected, "{row:?}");
        assert!((0.0..=1.0).contains(&row.f1) && row.auc.is_some_and(|auc| (0.0..=1.0).contains(&auc)));
    }
    let of = |rate: f64| {
        found.rates.iter().filter(move |row| row.rate == rate).map(|row| row.best_f1).sum::<f64>()
    };
    assert!(of(0.03) > of(0.0001), "a rate that hardly moves the weights learns nothing");
    // The same network is in both tables.
    for row in found.rates.iter().filter(|row| row.rate == RATE) {
        let same =
            found.capacity.iter().find(|other| (other.pair, other.hidden) == (row.pair, row.hidden)).unwrap();
        assert_eq!(
            (same.best_f1, same.final_f1, same.validation_f1),
            (row.best_f1, row.final_f1, row.validation_f1)
        );
    }
    let claims = claims(&found);
    let ids: Vec<&str> = claims.iter().map(|claim| claim.id.as_str()).collect();
    let expected = [
        "rate",
        "capacity-0-1",
        "capacity-4-9",
        "pruning-percent",
        "pruning-hundredth",
        "neurons",
        "noise",
        "occlusion",
        "saliency-map",
    ];
    assert_eq!(ids, expected);
    let compared = comparisons(&found);
    assert_eq!(compared.len(), 6 + 2 * 5 + 10 + 3);
    assert!(compared.iter().all(|row| row.seeds == 1 && row.mean == row.range[0] && row.sd == 0.0));
}

/// Rows of pruning at 95 for ten seeds, with these changes of F1 in percent in turn.
fn pruned(reading: Reading, changes: [f64; 2]) -> Findings {
    let pair: Pair = "4-9".parse().unwrap();
    let row = |seed: u64, level: f64, f1: f64| {
        let (structure, recipe) = ("unstructured".into(), "published".into());
        Record::Pruning(PruningRow {
            pair,
            hidden: 24,
            seed,
            level,
            reading,
            structure,
            recipe,
            f1,
            auc: None,
            test_f1: f1,
            nnz: 1,
        })
    };
    let rows = |seed: u64| {
        let change = changes[seed as usize % 2];
        [row(seed, 0.0, 0.8), row(seed, 95.0, 0.8 * (1.0 + change / 100.0))]
    };
    (0..10).flat_map(rows).collect()
}

#[test]
fn the_verdict_on_pruning_follows_from_the_interval() {
    for (changes, verdict) in [
        ([0.0, 0.0], Verdict::Holds),
        ([0.02, -0.02], Verdict::Holds),
        ([-12.0, -11.0], Verdict::DoesNotHold),
        ([-0.04, -0.05], Verdict::DoesNotHold),
        ([0.2, -0.2], Verdict::Undecided),
    ] {
        let claims = claims(&pruned(Reading::Hundredth, changes));
        let claim = claims.iter().find(|claim| claim.id == "pruning-hundredth").unwrap();
        assert_eq!(claim.verdict, verdict, "{changes:?}: {claim:?}");
        assert!(claims.iter().all(|claim| claim.id != "pruning-percent"), "nothing was measured of it");
    }
}

#[test]
fn a_pair_is_read_as_it_is_written() {
    for pair in Pair::ALL {
        assert_eq!(pair.to_string().parse(), Ok(pair));
    }
    for text in ["9-4", "4-4", "4", "4-10", "-", "a-b", "4-9-1", ""] {
        assert!(text.parse::<Pair>().unwrap_err().contains("as 4-9"), "{text}");
    }
}
