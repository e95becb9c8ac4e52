//! Training against what it must be: gradients by finite differences, bits for any number of threads, a pinned loss curve.
#![cfg(feature = "std")]

mod checkpoint;
mod course;
mod definitions;
mod pytorch;
mod reference;
mod sparse;
mod sweep;

use core::num::NonZeroUsize;
use prunella::dataset::Dataset;
use prunella::model::{Activation, Layer, Model};
use prunella::rng::Rng;
use prunella::train::{
    Compute, EarlyStopping, Init, Loss, Mlp, Optimizer, Options, Progress, Schedule, TrainError, Trainer,
    evaluate,
};
use prunella_kernels::{Isa, Kernels, Pool};

const LOSSES: [Loss; 3] = [Loss::SoftmaxCrossEntropy, Loss::BinaryCrossEntropy, Loss::MeanSquaredError];

fn pool(threads: usize) -> Pool {
    Pool::new(NonZeroUsize::new(threads).unwrap()).unwrap()
}

/// `len` examples in blobs around a point per class: learnable, not trivial.
fn blobs(len: usize, features: usize, classes: u8, seed: u64) -> Dataset {
    let mut rng = Rng::new(seed);
    let centres: Vec<f32> = (0..features * usize::from(classes)).map(|_| 255.0 * rng.uniform()).collect();
    let labels: Vec<u8> = (0..len).map(|i| (i % usize::from(classes)) as u8).collect();
    let pixel = |centre: &f32, rng: &mut Rng| (centre + 40.0 * rng.normal()).clamp(0.0, 255.0) as u8;
    let row = |label: &u8| &centres[usize::from(*label) * features..][..features];
    let pixels = labels.iter().flat_map(row).map(|centre| pixel(centre, &mut rng)).collect();
    Dataset::new(features, pixels, labels).unwrap()
}

/// Trains to the end; every step.
fn train_all(
    network: &mut Mlp,
    data: &Dataset,
    options: &Options,
    compute: Compute<'_>,
) -> Result<Vec<Progress>, TrainError> {
    let mut trainer = Trainer::new(network, data, options, compute)?;
    core::iter::from_fn(|| trainer.step().transpose()).collect()
}

fn losses_of(steps: &[Progress]) -> Vec<f64> {
    steps.iter().map(|now| now.loss).collect()
}

fn bits(model: &Model) -> Vec<u32> {
    let of_layer = |layer: &Layer| [layer.weight(), layer.bias()].concat();
    model.layers().iter().flat_map(of_layer).map(f32::to_bits).collect()
}

/// What changes these numbers changes every trained network. They hold for every instruction set: rounding moves them far less
/// than the tolerance.
#[test]
fn a_short_loss_curve_is_pinned() {
    let expected = [2.093016, 1.245658, 0.759779];
    for isa in Isa::available() {
        let (losses, _) = train(isa, 1, Optimizer::adam(0.01), Activation::Relu);
        let close =
            [0, 4, 11].into_iter().zip(expected).all(|(step, loss)| (losses[step] - loss).abs() < 1e-4);
        assert!(close, "{isa}: {losses:?}");
    }
}

/// Trains some steps; the losses of all of them, and the weights.
fn train(isa: Isa, threads: usize, optimizer: Optimizer, hidden: Activation) -> (Vec<f64>, Vec<u32>) {
    train_on(&blobs(333, 50, 7, 1), (isa, threads), optimizer, hidden)
}

fn train_on(
    data: &Dataset,
    (isa, threads): (Isa, usize),
    optimizer: Optimizer,
    hidden: Activation,
) -> (Vec<f64>, Vec<u32>) {
    let mut network =
        Mlp::new(&[data.features(), 70, 33, 7], hidden, Activation::Identity, Init::He, &mut Rng::new(1))
            .unwrap();
    network.set_mask(1, &(0..70 * 33).map(|i| i % 3 > 0).collect::<Vec<_>>());
    let options = Options { epochs: 3, batch_size: 100, optimizer, ..Options::default() };
    let pool = pool(threads);
    let compute = Compute { kernels: Kernels::new(isa), pool: &pool };
    let losses = losses_of(&train_all(&mut network, data, &options, compute).unwrap());
    let outputs = evaluate(&network, data, Loss::SoftmaxCrossEntropy, compute).unwrap().outputs;
    let model = network.to_model().unwrap();
    (losses, [bits(&model), outputs.iter().map(|v| v.to_bits()).collect()].concat())
}

const OPTIMIZERS: [Optimizer; 3] =
    [Optimizer::Sgd { rate: 0.1 }, Optimizer::Momentum { rate: 0.02, momentum: 0.9 }, Optimizer::adam(0.01)];

#[test]
fn threads_change_no_bit() {
    for isa in Isa::available() {
        for optimizer in OPTIMIZERS {
            let one = train(isa, 1, optimizer, Activation::Gaussian);
            for threads in [2, 3, 5, 16] {
                assert_eq!(
                    train(isa, threads, optimizer, Activation::Gaussian),
                    one,
                    "{isa}, {threads} threads"
                );
            }
        }
    }
}

#[test]
fn instruction_sets_that_fuse_agree_bit_for_bit() {
    let fusing: Vec<Isa> = Isa::available().filter(|isa| isa.fuses()).collect();
    for (optimizer, hidden) in
        OPTIMIZERS.into_iter().zip([Activation::Relu, Activation::Tanh, Activation::Gaussian])
    {
        let runs: Vec<_> = fusing.iter().map(|isa| train(*isa, 2, optimizer, hidden)).collect();
        assert!(runs.windows(2).all(|pair| pair[0] == pair[1]), "{fusing:?} {optimizer:?}");
    }
}

#[test]
fn seeds_decide_the_order_of_the_examples_anew_each_epoch() {
    let data = blobs(64, 8, 3, 2);
    let pool = Pool::single();
    let run = |seed| {
        let mut network =
            Mlp::new(&[8, 3], Activation::Relu, Activation::Identity, Init::He, &mut Rng::new(1)).unwrap();
        // A rate too small to move a weight: a loss then shows which examples were in the batch.
        let optimizer = Optimizer::Sgd { rate: 1e-30 };
        let options = Options { epochs: 2, batch_size: 16, optimizer, seed, ..Options::default() };
        let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
        losses_of(&train_all(&mut network, &data, &options, compute).unwrap())
    };
    let losses = run(1);
    assert_eq!(losses.len(), 8);
    assert_eq!(losses, run(1));
    assert_ne!(losses, run(2));
    assert_ne!(losses[..4], losses[4..]);
    // Each epoch meets every example once.
    let [first, second] = [&losses[..4], &losses[4..]].map(|epoch| epoch.iter().sum::<f64>());
    assert!((first - second).abs() < 1e-6, "{first} {second}");
}

#[test]
fn pruned_weights_stay_zero_and_the_others_learn() {
    let data = blobs(200, 20, 4, 3);
    let pool = pool(2);
    for optimizer in OPTIMIZERS {
        let mut network =
            Mlp::new(&[20, 24, 4], Activation::Tanh, Activation::Identity, Init::He, &mut Rng::new(1))
                .unwrap();
        let keep: Vec<bool> = (0..20 * 24).map(|i| i % 5 == 0).collect();
        network.set_mask(0, &keep);
        let before = network.weight(0);
        let options = Options { epochs: 5, batch_size: 32, optimizer, ..Options::default() };
        let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
        let losses = losses_of(&train_all(&mut network, &data, &options, compute).unwrap());
        let [first, last] = [&losses[..7], &losses[28..]].map(|epoch| epoch.iter().sum::<f64>());
        assert!(losses.len() == 35 && last < 0.9 * first, "{optimizer:?}: {losses:?}");
        for (index, (old, new)) in before.iter().zip(network.weight(0)).enumerate() {
            if keep[index] {
                assert!(*old != 0.0 && *old != new, "{optimizer:?}: weight {index} is not trained");
            } else {
                assert_eq!(new.to_bits(), 0, "{optimizer:?}: weight {index} comes back");
            }
        }
    }
}

#[test]
fn progress_counts_steps_epochs_and_the_smaller_last_batch() {
    let data = blobs(50, 6, 2, 3);
    let mut network =
        Mlp::new(&[6, 2], Activation::Relu, Activation::Identity, Init::He, &mut Rng::new(1)).unwrap();
    let options = Options { epochs: 2, batch_size: 20, ..Options::default() };
    let pool = Pool::single();
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let seen = train_all(&mut network, &data, &options, compute).unwrap();
    let counts: Vec<_> = seen.iter().map(|now| (now.epoch, now.step, now.examples)).collect();
    assert_eq!(counts, [(1, 1, 20), (1, 2, 20), (1, 3, 10), (2, 4, 20), (2, 5, 20), (2, 6, 10)]);
    assert!(seen.iter().all(|now| (now.epochs, now.steps) == (2, 6)));
    assert!(seen.is_sorted_by_key(|now| now.elapsed));
}

#[test]
fn a_model_survives_becoming_trainable_and_back() {
    let layer = |fan_in: usize, fan_out: usize, activation| {
        let weight = (0..fan_in * fan_out).map(|i| i as f32 - 7.5).collect();
        Layer::new(fan_in, weight, (0..fan_out).map(|o| -(o as f32)).collect(), activation).unwrap()
    };
    let model =
        Model::new(vec![layer(3, 18, Activation::Gaussian), layer(18, 2, Activation::Identity)]).unwrap();
    let network = Mlp::from_model(&model).unwrap();
    assert_eq!(network.to_model().unwrap(), model);
    assert_eq!((network.sizes(), network.depth()), (vec![3, 18, 2], 2));
    assert_eq!(network.weight(0), model.layers()[0].weight());
}

#[test]
fn initial_weights_have_the_spread_asked_for() {
    for (init, hidden_std) in [
        (Init::He, (2.0f64 / 300.0).sqrt()),
        (Init::Xavier, (2.0f64 / 700.0).sqrt()),
        (Init::Normal { std: 0.5 }, 0.5),
    ] {
        let sizes = [300, 400, 10];
        let network =
            Mlp::new(&sizes, Activation::Relu, Activation::Identity, init, &mut Rng::new(1)).unwrap();
        let weights = network.weight(0);
        let mean = weights.iter().copied().map(f64::from).sum::<f64>() / weights.len() as f64;
        let squares: f64 = weights.iter().map(|w| f64::from(*w).powi(2)).sum();
        let std = (squares / weights.len() as f64).sqrt();
        assert!((std / hidden_std - 1.0).abs() < 0.02 && mean.abs() < 0.02 * std, "{init:?}: {mean} {std}");
        assert!(
            network.to_model().unwrap().layers().iter().all(|layer| layer.bias().iter().all(|b| *b == 0.0))
        );
    }
}

#[test]
fn schedules_follow_their_curves_and_end_near_zero() {
    assert_eq!(Schedule::Constant.factor(99, 100), 1.0);
    assert_eq!(Schedule::Cosine.factor(0, 100), 1.0);
    assert!((Schedule::Cosine.factor(50, 100) - 0.5).abs() < 1e-6);
    let cycle = [0, 15, 30, 65].map(|step| Schedule::OneCycle.factor(step, 100));
    assert!(
        cycle.iter().zip([0.04, 0.52, 1.0, 0.5]).all(|(got, want)| (got - want).abs() < 1e-6),
        "{cycle:?}"
    );
    for schedule in [Schedule::Cosine, Schedule::OneCycle] {
        let last = schedule.factor(99, 100);
        assert!(last > 0.0 && last < 0.001, "{last}");
    }
}

#[test]
fn what_cannot_be_trained_is_refused_in_words() {
    let data = blobs(20, 6, 3, 1);
    let pool = Pool::single();
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let refuse = |sizes: &[usize], output, options: Options, words: &str| {
        let mut network = Mlp::new(sizes, Activation::Relu, output, Init::He, &mut Rng::new(1)).unwrap();
        let error = train_all(&mut network, &data, &options, compute).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    };
    let fine = Options::default();
    let identity = Activation::Identity;
    let with = |optimizer| Options { optimizer, ..fine };
    refuse(
        &[6, 3],
        identity,
        Options { epochs: 0, ..fine },
        "the number of epochs is 0; it must be 1 or more",
    );
    refuse(&[6, 3], identity, Options { batch_size: 0, ..fine }, "the batch size is 0");
    for rate in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        refuse(&[6, 3], identity, with(Optimizer::Sgd { rate }), "the learning rate is");
    }
    refuse(&[6, 3], identity, with(Optimizer::Momentum { rate: 0.1, momentum: 1.0 }), "the momentum is 1");
    let adam = |beta1, beta2, epsilon| with(Optimizer::Adam { rate: 0.1, beta1, beta2, epsilon });
    refuse(&[6, 3], identity, adam(-0.1, 0.9, 1e-8), "beta1 is -0.1");
    refuse(&[6, 3], identity, adam(0.9, f32::NAN, 1e-8), "beta2 is NaN");
    refuse(&[6, 3], identity, adam(0.9, 0.9, 0.0), "epsilon is 0");
    refuse(&[5, 3], identity, fine, "takes 5 values, but an example has 6 features");
    refuse(&[6, 4], identity, fine, "4 outputs do not go with 3 classes");
    refuse(&[6, 3], Activation::Sigmoid, fine, "the output's activation is sigmoid");
    for loss in &LOSSES[1..] {
        refuse(&[6, 1], identity, Options { loss: *loss, ..fine }, "1 outputs do not go with 3 classes");
    }
    let sizes = |sizes: &[usize]| {
        let network = Mlp::new(sizes, Activation::Relu, identity, Init::He, &mut Rng::new(1));
        assert!(matches!(network, Err(TrainError::Sizes(_))), "{sizes:?}");
    };
    sizes(&[]);
    sizes(&[3]);
    sizes(&[3, 0, 2]);
    sizes(&[3, usize::MAX, 2]);
    sizes(&[usize::MAX, 3]);
}

#[test]
fn a_loss_that_is_not_finite_ends_training_before_the_step() {
    let data = blobs(64, 8, 3, 2);
    let mut network =
        Mlp::new(&[8, 16, 3], Activation::Relu, Activation::Identity, Init::He, &mut Rng::new(1)).unwrap();
    let optimizer = Optimizer::Sgd { rate: 1e20 };
    let options = Options { epochs: 20, batch_size: 16, optimizer, ..Options::default() };
    let pool = Pool::single();
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let mut trainer = Trainer::new(&mut network, &data, &options, compute).unwrap();
    let mut steps = 0;
    let error = loop {
        match trainer.step() {
            Ok(now) => steps = now.expect("training diverges before it ends").step,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, TrainError::NotFinite { step, .. } if step == steps + 1), "{error}");
    assert!(error.to_string().ends_with("e19; try a tenth of it"), "{error}");
}

/// Each class of two, by each loss that can: one output or two.
#[test]
fn every_loss_learns_to_tell_two_classes_apart() {
    let data = blobs(300, 10, 2, 4);
    let pool = pool(2);
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    for (loss, outputs, output) in [
        (Loss::SoftmaxCrossEntropy, 2, Activation::Identity),
        (Loss::BinaryCrossEntropy, 1, Activation::Identity),
        (Loss::MeanSquaredError, 1, Activation::Sigmoid),
        (Loss::MeanSquaredError, 2, Activation::Identity),
    ] {
        let sizes = [10, 16, outputs];
        let mut network = Mlp::new(&sizes, Activation::Tanh, output, Init::Xavier, &mut Rng::new(1)).unwrap();
        let options = Options {
            epochs: 20,
            batch_size: 32,
            loss,
            optimizer: Optimizer::adam(0.01),
            ..Options::default()
        };
        train_all(&mut network, &data, &options, compute).unwrap();
        let evaluation = evaluate(&network, &data, loss, compute).unwrap();
        assert!(evaluation.accuracy > 0.97, "{loss:?} {outputs}: {}", evaluation.accuracy);
        assert_eq!((evaluation.outputs.len(), evaluation.predicted.len()), (300 * outputs, 300));
    }
}

#[test]
fn early_stopping_keeps_the_best_and_is_patient() {
    let network = |seed| {
        Mlp::new(&[3, 2], Activation::Relu, Activation::Identity, Init::He, &mut Rng::new(seed)).unwrap()
    };
    let mut stopping = EarlyStopping::new(2);
    let losses = [f64::NAN, 0.5, 0.6, 0.4, 0.4, f64::NAN];
    let goes_on: Vec<bool> =
        (0..).zip(losses).map(|(seed, loss)| stopping.goes_on(loss, &network(seed))).collect();
    assert_eq!(goes_on, [true, true, true, true, true, false]);
    assert_eq!(stopping.into_best(), Some((0.4, network(3))));
    assert_eq!(EarlyStopping::new(1).into_best(), None);
}
