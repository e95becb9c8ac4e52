//! Structures of pruning: masks are what their names promise, and what whole neurons and inputs leave behind computes the same.
#![cfg(feature = "std")]

use proptest::prelude::*;
use prunella::dataset::Split;
use prunella::engine::{BatchClass, Engine, Options as Compile, Variant};
use prunella::model::{Activation, Layer, Model};
use prunella::prune::{
    Criterion, Event, LevelOptions, PruneError, PruneOptions, Schedule, Scope, Structure, compact, masks,
    picking_inputs, prune, prune_to_levels,
};
use prunella::rng::Rng;
use prunella::train::{Compute, Init, Mlp, Options};
use prunella_kernels::{Isa, Kernels, Pool, reference};

const ALL: [Structure; 7] = [
    Structure::Unstructured,
    Structure::Nm { m: 4 },
    Structure::Nm { m: 32 },
    Structure::Block { outputs: 16, inputs: 1 },
    Structure::Block { outputs: 3, inputs: 5 },
    Structure::Neuron,
    Structure::Input,
];

fn options(structure: Structure) -> PruneOptions {
    PruneOptions { structure, ..PruneOptions::default() }
}

/// A matrix of few distinct values, `[fan_out, fan_in]`, and its `fan_in`.
fn matrix() -> impl Strategy<Value = (Vec<f32>, usize)> {
    (1usize..40, 1usize..70).prop_flat_map(|(fan_out, fan_in)| {
        let value = (-20i8..=20).prop_map(|n| f32::from(n) / 8.0);
        (prop::collection::vec(value, fan_out * fan_in), Just(fan_in))
    })
}

/// The weights of each unit by its rows and columns, said apart from the code under test.
fn units(structure: Structure, fan_out: usize, fan_in: usize) -> Vec<Vec<usize>> {
    let (height, width) = match structure {
        Structure::Unstructured | Structure::Nm { .. } => (1, 1),
        Structure::Block { outputs, inputs } => (outputs, inputs),
        Structure::Neuron => (1, fan_in),
        Structure::Input => (fan_out, 1),
    };
    let mut units = vec![];
    for row in (0..fan_out).step_by(height) {
        for col in (0..fan_in).step_by(width) {
            let rows = row..fan_out.min(row + height);
            let of_row = |r: usize| (col..fan_in.min(col + width)).map(move |c| r * fan_in + c);
            units.push(rows.flat_map(of_row).collect());
        }
    }
    units
}

proptest! {
    #[test]
    fn units_stay_or_go_whole_and_the_least_go((weight, fan_in) in matrix(), sparsity in 0.0..1.0f64) {
        let fan_out = weight.len() / fan_in;
        for structure in ALL {
            let keep = &masks(&[(&weight, fan_in)], sparsity, &options(structure)).unwrap()[0];
            prop_assert_eq!(keep.len(), weight.len());
            let units = units(structure, fan_out, fan_in);
            for unit in &units {
                prop_assert!(unit.iter().all(|&at| keep[at] == keep[unit[0]]), "{structure}: {unit:?}");
            }
            // Runs in which units are compared: all, or the m of a row.
            let runs: Vec<&[Vec<usize>]> = match structure {
                Structure::Nm { m } => units.chunks(fan_in).flat_map(|row| row.chunks(m)).collect(),
                _ => vec![&units[..]],
            };
            for run in runs {
                let gone = run.iter().filter(|unit| !keep[unit[0]]).count();
                let most = if structure == Structure::Unstructured { run.len() } else { run.len() - 1 };
                prop_assert_eq!(gone, ((sparsity * run.len() as f64).round() as usize).min(most), "{}", structure);
                let worth = |unit: &Vec<usize>| unit.iter().map(|&at| weight[at].abs()).sum::<f32>() / unit.len() as f32;
                let stays = run.iter().filter(|unit| keep[unit[0]]).map(worth).fold(f32::INFINITY, f32::min);
                let goes = run.iter().filter(|unit| !keep[unit[0]]).map(worth).fold(0.0, f32::max);
                prop_assert!(goes <= stays, "{structure}: {goes} goes, {stays} stays");
            }
        }
    }

    #[test]
    fn a_higher_sparsity_takes_all_that_a_lower_one_took(
        (a, a_in) in matrix(), (b, b_in) in matrix(), low in 0.0..1.0f64, high in 0.0..1.0f64,
    ) {
        let (low, high) = (low.min(high), low.max(high));
        for structure in ALL {
            for scope in [Scope::PerLayer, Scope::Global] {
                for criterion in [Criterion::Magnitude, Criterion::Random] {
                    let options = PruneOptions { structure, scope, criterion, ..PruneOptions::default() };
                    let [few, many] = [low, high].map(|s| masks(&[(&a, a_in), (&b, b_in)], s, &options).unwrap().concat());
                    prop_assert!(few.iter().zip(&many).all(|(few, many)| *few || !*many), "{structure} {scope:?}");
                }
            }
        }
    }
}

#[test]
fn a_global_choice_compares_the_units_of_all_layers_and_leaves_each_one() {
    let (small, large) = ([0.1f32; 12], [1.0f32; 12]);
    let global = |structure| PruneOptions { scope: Scope::Global, ..options(structure) };
    let kept = |structure, sparsity| {
        let masks = masks(&[(&small, 4), (&large, 4)], sparsity, &global(structure)).unwrap();
        masks.iter().map(|mask| mask.iter().filter(|keep| **keep).count()).collect::<Vec<_>>()
    };
    assert_eq!(kept(Structure::Neuron, 1.0 / 6.0), [8, 12]);
    assert_eq!(kept(Structure::Neuron, 0.5), [4, 12], "of the small ones, one stays");
    assert_eq!(kept(Structure::Input, 0.5), [3, 12]);
    assert_eq!(kept(Structure::Nm { m: 4 }, 0.5), [6, 6], "runs lie in rows, whatever the scope");
    assert_eq!(kept(Structure::Unstructured, 0.5), [0, 12]);
}

#[test]
fn names_are_read_as_they_are_written_and_others_refused() {
    for structure in ALL {
        assert_eq!(structure.to_string().parse(), Ok(structure));
    }
    assert_eq!("n:32".parse(), Ok(Structure::Nm { m: 32 }));
    assert_eq!("block:16x1".parse(), Ok(Structure::Block { outputs: 16, inputs: 1 }));
    for name in ["", "n:1", "n:", "2:4", "block:0x4", "block:4", "block:4x", "weights", "Neuron", "input:2"] {
        let error = name.parse::<Structure>().unwrap_err().to_string();
        assert!(error.contains("block:16x1"), "{name}: {error}");
    }
    let too_small = options(Structure::Nm { m: 0 });
    assert_eq!(masks(&[(&[1.0], 1)], 0.5, &too_small), Err(PruneError::Structure(too_small.structure)));
}

fn model(sizes: &[usize], activation: Activation, seed: u64) -> Model {
    let mut rng = Rng::new(seed);
    let layers = sizes.windows(2).map(|pair| {
        let weight = (0..pair[0] * pair[1]).map(|_| rng.normal()).collect();
        let bias = (0..pair[1]).map(|_| 0.5 * rng.normal()).collect();
        Layer::new(pair[0], weight, bias, activation).unwrap()
    });
    Model::new(layers.collect()).unwrap()
}

fn logits(model: &Model, rows: &[f32]) -> Vec<f32> {
    let options = Compile { isa: Isa::best(), class: BatchClass::Many, variant: Variant::Dense };
    let engine = Engine::compile(model, &options).unwrap();
    let mut logits = vec![0.0; rows.len() / model.fan_in() * model.fan_out()];
    engine.run(rows, &mut logits, &mut engine.scratch()).unwrap();
    logits
}

/// Against the f64 oracle of the network as it was before.
fn assert_right(before: &Model, after: &Model, rows: &[f32]) {
    let mut x = reference::exact(rows);
    for layer in before.layers() {
        let csr = prunella_kernels::Csr::from_dense(layer.weight(), layer.fan_in());
        x = reference::csr_layer(csr.view(), layer.bias(), layer.activation(), &x);
    }
    reference::check(&logits(after, rows), &x).unwrap();
}

#[test]
fn neurons_that_went_leave_a_smaller_network_with_the_same_outputs() {
    let mut rng = Rng::new(3);
    let rows: Vec<f32> = (0..40 * 30).map(|_| rng.uniform()).collect();
    for activation in Activation::ALL {
        for sparsity in [0.25, 0.5, 0.9, 0.99] {
            let dense = model(&[30, 24, 16, 5], activation, 7);
            let pruned = prune(&dense, sparsity, &options(Structure::Neuron)).unwrap();
            let small = compact(&pruned).unwrap();
            let stay = |n: usize| n - ((sparsity * n as f64).round() as usize).min(n - 1);
            assert_eq!(small.sizes(), [30, stay(24), stay(16), 5], "{activation} {sparsity}");
            assert_right(&pruned, &small, &rows);
        }
    }
}

#[test]
fn a_neuron_that_nothing_uses_goes_too_and_with_folded_zeros_the_bits_stay() {
    let mut rng = Rng::new(9);
    let rows: Vec<f32> = (0..20 * 30).map(|_| rng.uniform()).collect();
    let dense = model(&[30, 24, 16, 5], Activation::Relu, 11);
    // All that leads from neurons 3 and 8 of the first hidden layer, and to neurons 2 and 5 of the second, is gone; the latter
    // have biases that ReLU makes zero.
    let mut layers = dense.layers().to_vec();
    let (mut weight, mut bias) = (layers[1].weight().to_vec(), layers[1].bias().to_vec());
    for (at, weight) in weight.iter_mut().enumerate() {
        if [3, 8].contains(&(at % 24)) || [2, 5].contains(&(at / 24)) {
            *weight = 0.0;
        }
    }
    (bias[2], bias[5]) = (0.0, -1.0);
    layers[1] = Layer::new(24, weight, bias, Activation::Relu).unwrap();
    let pruned = Model::new(layers).unwrap();
    let small = compact(&pruned).unwrap();
    assert_eq!(small.sizes(), [30, 22, 14, 5]);
    let bits = |model: &Model| logits(model, &rows).iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&small), bits(&pruned));
    assert_eq!(compact(&dense).unwrap(), dense, "nothing to leave out");
}

#[test]
fn a_network_of_constants_still_is_one() {
    let zero = |fan_in: usize, fan_out: usize| {
        Layer::new(fan_in, vec![0.0; fan_in * fan_out], vec![0.5; fan_out], Activation::Sigmoid).unwrap()
    };
    let constant = Model::new(vec![zero(6, 4), zero(4, 3)]).unwrap();
    let small = compact(&constant).unwrap();
    assert_eq!(small.sizes(), [6, 1, 3]);
    assert_right(&constant, &small, &[0.3; 12]);
    let picking = picking_inputs(&constant).unwrap().unwrap();
    assert_eq!(picking.sizes(), [6, 1, 4, 3]);
    assert_right(&constant, &picking, &[0.3; 12]);
}

#[test]
fn picking_inputs_keeps_the_bits() {
    let mut rng = Rng::new(5);
    let rows: Vec<f32> = (0..20 * 50).map(|_| rng.uniform()).collect();
    // More than 32 outputs: each sums in one chain.
    let dense = model(&[50, 33, 4], Activation::Relu, 13);
    let pruned = prune(&dense, 0.8, &options(Structure::Input)).unwrap();
    let picking = picking_inputs(&pruned).unwrap().unwrap();
    assert_eq!(picking.sizes(), [50, 10, 33, 4]);
    assert_eq!(picking.nnz(), 10 + 10 * 33 + 33 * 4);
    let bits = |model: &Model| logits(model, &rows).iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&picking), bits(&pruned));
    assert_eq!(picking_inputs(&dense).unwrap(), None, "all are used");
}

#[test]
fn neurons_of_the_last_layer_are_classes() {
    let all = PruneOptions { last: true, ..options(Structure::Neuron) };
    assert_eq!(prune(&model(&[8, 4], Activation::Relu, 1), 0.5, &all), Err(PruneError::Classes));
    let inputs = PruneOptions { last: true, ..options(Structure::Input) };
    assert_eq!(prune(&model(&[8, 4], Activation::Relu, 1), 0.5, &inputs).unwrap().nnz(), 16);
}

#[test]
fn structures_hold_after_gradual_pruning_with_fine_tuning() {
    let digits = Split::synth(300, 50, 1);
    let pool = Pool::single();
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    for structure in ALL {
        for schedule in [Schedule::OneShot, Schedule::Gradual] {
            let (relu, identity) = (Activation::Relu, Activation::Identity);
            let mut network = Mlp::new(&[784, 32, 10], relu, identity, Init::He, &mut Rng::new(2)).unwrap();
            let fine_tune = Options { epochs: 2, batch_size: 50, ..Options::default() };
            let options = LevelOptions { prune: options(structure), schedule, fine_tune };
            let mut levels = vec![];
            prune_to_levels(&mut network, &digits.train, &[0.5, 0.75], &options, compute, &mut |event| {
                if let Event::Level { level, model } = event {
                    levels.push((level, model));
                }
            })
            .unwrap();
            for (level, model) in levels {
                let weight = model.layers()[0].weight();
                let units = units(structure, 32, 784);
                let is_gone = |unit: &&Vec<usize>| unit.iter().all(|&at| weight[at] == 0.0);
                let gone = units.iter().filter(is_gone).count();
                assert_eq!(gone, (level * units.len() as f64).round() as usize, "{structure} {schedule:?}");
                if let Structure::Nm { m } = structure {
                    let runs = weight.chunks(784).flat_map(|row| row.chunks(m));
                    let nonzero = |run: &[f32]| run.iter().filter(|w| **w != 0.0).count();
                    runs.for_each(|run| {
                        assert_eq!(nonzero(run), run.len() - (level * run.len() as f64) as usize)
                    });
                }
            }
        }
    }
}

#[test]
fn what_pixels_that_are_never_set_contribute_goes_first() {
    let digits = Split::synth(300, 50, 1);
    let is_dead = |pixel: &usize| (0..digits.train.len()).all(|i| digits.train.pixels(i)[*pixel] == 0);
    let dead: Vec<usize> = (0..784).filter(is_dead).collect();
    assert!(dead.len() > 20 && dead.len() < 392, "{}", dead.len());
    let pool = Pool::single();
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let left = |criterion: Criterion| {
        let (relu, identity) = (Activation::Relu, Activation::Identity);
        let mut network = Mlp::new(&[784, 8, 10], relu, identity, Init::He, &mut Rng::new(2)).unwrap();
        let prune = PruneOptions { criterion, ..options(Structure::Unstructured) };
        let fine_tune = Options { epochs: 1, batch_size: 50, ..Options::default() };
        let options = LevelOptions { prune, schedule: Schedule::OneShot, fine_tune };
        let mut left = usize::MAX;
        prune_to_levels(&mut network, &digits.train, &[0.5], &options, compute, &mut |event| {
            if let Event::Level { model, .. } = event {
                let weight = model.layers()[0].weight();
                left = (0..8)
                    .flat_map(|unit| dead.iter().map(move |pixel| unit * 784 + pixel))
                    .filter(|at| weight[*at] != 0.0)
                    .count();
            }
        })
        .unwrap();
        left
    };
    assert_eq!(left(Criterion::Contribution), 0);
    assert!(left(Criterion::Magnitude) > dead.len(), "by magnitude alone many stay: they never learn");
}
