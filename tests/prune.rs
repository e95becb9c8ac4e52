//! Which weights go: exactly so many, the smallest, and the same ones always.
#![cfg(feature = "std")]

use proptest::prelude::*;
use prunella::dataset::Dataset;
use prunella::model::{Activation, Layer, Model};
use prunella::prune::{
    Criterion, Event, LevelOptions, PruneError, PruneOptions, Schedule, Scope, Structure, prune,
    prune_to_levels,
};
use prunella::rng::Rng;
use prunella::train::{Compute, Init, Mlp, Optimizer, Options, Progress};
use prunella_kernels::{Isa, Kernels, Pool};

const PER_LAYER: PruneOptions = PruneOptions {
    criterion: Criterion::Magnitude,
    scope: Scope::PerLayer,
    structure: Structure::Unstructured,
    last: false,
    seed: 1,
};
const GLOBAL: PruneOptions = PruneOptions { scope: Scope::Global, ..PER_LAYER };
const RANDOM: PruneOptions = PruneOptions { criterion: Criterion::Random, ..PER_LAYER };

/// Single weights lie in no rows that would matter.
fn masks(layers: &[&[f32]], sparsity: f64, options: &PruneOptions) -> Result<Vec<Vec<bool>>, PruneError> {
    let rows: Vec<(&[f32], usize)> = layers.iter().map(|layer| (*layer, 1)).collect();
    prunella::prune::masks(&rows, sparsity, options)
}

fn gone(mask: &[bool]) -> usize {
    mask.iter().filter(|keep| !**keep).count()
}

/// Few distinct values: many ties.
fn weights() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec((-8i8..=8).prop_map(|n| f32::from(n) / 4.0), 0..60)
}

proptest! {
    #[test]
    fn the_smallest_go_and_of_equals_the_first(weight in weights(), sparsity in 0.0..1.0f64) {
        let keep = &masks(&[&weight], sparsity, &PER_LAYER).unwrap()[0];
        prop_assert_eq!(keep.len(), weight.len());
        prop_assert_eq!(gone(keep), (sparsity * weight.len() as f64).round() as usize);
        for i in (0..weight.len()).filter(|i| !keep[*i]) {
            for j in (0..weight.len()).filter(|j| keep[*j]) {
                prop_assert!((weight[i].abs(), i) < (weight[j].abs(), j));
            }
        }
    }

    #[test]
    fn a_global_choice_is_that_of_one_long_layer(a in weights(), b in weights(), sparsity in 0.0..1.0f64) {
        for options in [GLOBAL, PruneOptions { criterion: Criterion::Random, ..GLOBAL }] {
            let apart = masks(&[&a, &b], sparsity, &options).unwrap();
            let together = masks(&[&[&a[..], &b].concat()], sparsity, &options).unwrap();
            prop_assert_eq!(apart.concat(), together.concat());
            prop_assert_eq!((apart[0].len(), apart[1].len()), (a.len(), b.len()));
        }
    }

    #[test]
    fn a_higher_sparsity_takes_all_that_a_lower_one_took(
        a in weights(), b in weights(), low in 0.0..1.0f64, high in 0.0..1.0f64,
    ) {
        let (low, high) = (low.min(high), low.max(high));
        for options in [PER_LAYER, GLOBAL, RANDOM] {
            let [few, many] = [low, high].map(|s| masks(&[&a, &b], s, &options).unwrap().concat());
            prop_assert!(few.iter().zip(&many).all(|(few, many)| *few || !*many));
        }
    }
}

#[test]
fn zeros_go_first_and_a_nan_stays() {
    let weight = [f32::NAN, 0.5, -0.0, f32::INFINITY, 0.0, -f32::NAN, -0.25, f32::MIN_POSITIVE];
    let keep = |sparsity| masks(&[&weight], sparsity, &PER_LAYER).unwrap().concat();
    assert_eq!(keep(0.25), [true, true, false, true, false, true, true, true]);
    assert_eq!(keep(0.75), [true, false, false, false, false, true, false, false]);
    assert_eq!(keep(0.0), [true; 8]);
}

#[test]
fn chance_is_fair_decided_by_the_seed_and_different_in_each_layer() {
    let weight: Vec<f32> = (0..10_000).map(|i| i as f32).collect();
    let choose = |seed| masks(&[&weight, &weight], 0.5, &PruneOptions { seed, ..RANDOM }).unwrap();
    let [first, second] = &choose(1)[..] else { panic!("a mask for each layer") };
    assert_eq!((gone(first), gone(second)), (5_000, 5_000));
    assert!((2_300..2_700).contains(&gone(&first[..5_000])), "{} of the first half", gone(&first[..5_000]));
    assert_ne!(first, second);
    assert_eq!(choose(1), choose(1));
    assert_ne!(choose(1), choose(2));
}

fn model() -> Model {
    let mut rng = Rng::new(4);
    let mut layer = |fan_in: usize, fan_out: usize| {
        let weight = (0..fan_in * fan_out).map(|_| rng.normal()).collect();
        Layer::new(fan_in, weight, vec![0.5; fan_out], Activation::Relu).unwrap()
    };
    let layers = vec![layer(20, 30), layer(30, 10), layer(10, 4)];
    Model::new(layers).unwrap()
}

#[test]
fn a_model_loses_weights_but_no_bias_and_keeps_its_last_layer() {
    let dense = model();
    let pruned = prune(&dense, 0.9, &PER_LAYER).unwrap();
    let nnz: Vec<usize> = pruned.layers().iter().map(Layer::nnz).collect();
    assert_eq!(nnz, [60, 30, 40]);
    assert_eq!(pruned.layers()[2], dense.layers()[2]);
    for (pruned, dense) in pruned.layers().iter().zip(dense.layers()) {
        assert_eq!((pruned.bias(), pruned.activation()), (dense.bias(), dense.activation()));
        assert!(pruned.weight().iter().zip(dense.weight()).all(|(p, d)| *p == 0.0 || p == d));
    }
    let all = prune(&dense, 0.9, &PruneOptions { last: true, ..PER_LAYER }).unwrap();
    assert_eq!(all.layers()[2].nnz(), 4);
    assert_eq!(prune(&dense, 0.9, &PruneOptions { last: true, ..GLOBAL }).unwrap().nnz(), 94);
    assert_eq!(prune(&dense, 0.0, &PER_LAYER).unwrap(), dense);
}

#[test]
fn what_cannot_be_pruned_is_refused_in_words() {
    for sparsity in [-0.1, 1.0, 90.0, f64::NAN] {
        let error = prune(&model(), sparsity, &PER_LAYER).unwrap_err();
        assert!(error.to_string().contains("not in [0, 1)"), "{error}");
    }
    let single = Model::new(vec![model().layers()[0].clone()]).unwrap();
    let error = prune(&single, 0.5, &PER_LAYER).unwrap_err();
    assert!(error.to_string().contains("nothing to prune"), "{error}");
    assert_eq!(prune(&single, 0.5, &PruneOptions { last: true, ..PER_LAYER }).unwrap().nnz(), 300);

    let levels = |levels: &[f64]| run(levels, &LevelOptions::default()).unwrap_err();
    assert_eq!(levels(&[]), PruneError::Levels(vec![]));
    assert_eq!(levels(&[0.5, 0.5]), PruneError::Levels(vec![0.5, 0.5]));
    assert_eq!(levels(&[0.9, 0.5]), PruneError::Levels(vec![0.9, 0.5]));
    assert_eq!(levels(&[0.5, 1.0]), PruneError::Sparsity(1.0));
    let fine_tune = Options { epochs: 0, ..Options::default() };
    let error = run(&[0.5], &LevelOptions { fine_tune, ..LevelOptions::default() }).unwrap_err();
    assert!(error.to_string().contains("fine-tuning: the number of epochs is 0"), "{error}");
}

/// Every level's model, and the steps on the way: level, sparsity so far, progress.
type Run = (Vec<(f64, Model)>, Vec<(f64, f64, Progress)>);

fn run(levels: &[f64], options: &LevelOptions) -> Result<Run, PruneError> {
    let mut rng = Rng::new(6);
    let labels: Vec<u8> = (0..300).map(|i| (i % 3) as u8).collect();
    let mut pixel = |label: u8, k: u8| 70 * ((label ^ k) % 3) + rng.below(100) as u8;
    let pixels: Vec<u8> =
        (0..3600u16).map(|at| pixel(labels[usize::from(at / 12)], (at % 12) as u8)).collect();
    let data = Dataset::new(12, pixels, labels).unwrap();
    let sizes = [12, 20, 10, 3];
    let mut network =
        Mlp::new(&sizes, Activation::Relu, Activation::Identity, Init::He, &mut Rng::new(1)).unwrap();
    let pool = Pool::single();
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let (mut models, mut steps) = (Vec::new(), Vec::new());
    prune_to_levels(&mut network, &data, levels, options, compute, &mut |event| match event {
        Event::Step { level, sparsity, progress } => steps.push((level, sparsity, *progress)),
        Event::Level { level, model } => models.push((level, model)),
    })?;
    Ok((models, steps))
}

#[test]
fn levels_are_met_exactly_one_after_the_other_while_the_network_learns() {
    let fine_tune =
        Options { epochs: 8, batch_size: 32, optimizer: Optimizer::adam(0.01), ..Options::default() };
    for schedule in [Schedule::OneShot, Schedule::Gradual] {
        for scope in [Scope::PerLayer, Scope::Global] {
            let prune = PruneOptions { scope, ..PER_LAYER };
            let levels = [0.25, 0.5, 0.8];
            let (models, steps) = run(&levels, &LevelOptions { prune, schedule, fine_tune }).unwrap();
            assert_eq!(models.iter().map(|(level, _)| *level).collect::<Vec<_>>(), levels);
            for (level, model) in &models {
                let nnz: Vec<usize> = model.layers().iter().map(Layer::nnz).collect();
                let kept = |weights: f64| (weights - (level * weights).round()) as usize;
                match scope {
                    Scope::PerLayer => assert_eq!(nnz, [kept(240.0), kept(200.0), 30], "{schedule:?}"),
                    Scope::Global => assert_eq!((nnz[0] + nnz[1], nnz[2]), (kept(440.0), 30), "{schedule:?}"),
                }
            }
            for pair in models.windows(2) {
                let [lower, higher] = [0, 1].map(|i| pair[i].1.layers()[0].weight());
                assert!(
                    lower.iter().zip(higher).all(|(l, h)| *l != 0.0 || *h == 0.0),
                    "a pruned weight is back"
                );
            }
            let expected = levels.iter().flat_map(|level| (1..=80).map(move |step| (*level, step)));
            assert!(steps.iter().map(|(level, _, now)| (*level, now.step)).eq(expected));
            assert!(steps.windows(2).all(|pair| pair[0].1 <= pair[1].1), "pruned weights are set free");
            assert_eq!([79, 159, 239].map(|last| steps[last].1), levels);
            let [first, last] = [0, 79].map(|step| steps[step].2.loss);
            assert!(last < 0.5 * first, "{first} {last}");
        }
    }
}

#[test]
fn the_way_to_a_level_is_at_once_or_along_a_cubic_curve() {
    let way = |schedule: Schedule, steps| -> Vec<(usize, f64)> {
        (0..steps)
            .filter_map(|step| Some((step, schedule.sparsity_before((step, steps), 0.5, 0.9)?)))
            .collect()
    };
    assert_eq!(way(Schedule::OneShot, 200), [(0, 0.9)]);
    let gradual = way(Schedule::Gradual, 200);
    // 0.9 - 0.4 (1 - t)^3 at t = 0.1, 0.5 and 1, over the first half of the steps.
    assert_eq!(
        gradual.iter().map(|(step, _)| *step).collect::<Vec<_>>(),
        [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]
    );
    for (round, sparsity) in [(0, 0.6084), (4, 0.85), (9, 0.9)] {
        assert!((gradual[round].1 - sparsity).abs() < 1e-12, "{gradual:?}");
    }
    for steps in 1..50 {
        assert_eq!(way(Schedule::Gradual, steps).last().unwrap().1, 0.9, "{steps} steps end below the level");
    }
}

#[test]
fn few_steps_suffice_to_reach_a_level() {
    for batch_size in [300, 150, 100] {
        let fine_tune = Options { epochs: 1, batch_size, ..Options::default() };
        let options = LevelOptions { prune: PER_LAYER, schedule: Schedule::Gradual, fine_tune };
        let (models, _) = run(&[0.5], &options).unwrap();
        assert_eq!(models[0].1.layers()[0].nnz(), 120);
    }
}
