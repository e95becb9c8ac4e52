//! Training followed from epoch to epoch: the learning curve, and the end on a validation set.

use super::{bits, blobs, pool, train_all};
use prunella::dataset::Dataset;
use prunella::model::Activation;
use prunella::rng::Rng;
use prunella::train::{Compute, Course, Init, Judges, Loss, Mlp, Optimizer, Options, TrainError, evaluate};
use prunella_kernels::{Isa, Kernels};

pub(crate) fn mlp(sizes: &[usize]) -> Mlp {
    Mlp::new(sizes, Activation::Relu, Activation::Identity, Init::He, &mut Rng::new(1)).unwrap()
}

/// To learn from, to be judged by, to decide when to end.
pub(crate) fn sets() -> [Dataset; 3] {
    let all = blobs(400, 12, 3, 6);
    let part = |range: core::ops::Range<usize>| all.select(&range.collect::<Vec<_>>());
    [part(0..250), part(250..330), part(330..400)]
}

#[test]
fn a_course_is_the_training_with_its_learning_curve() {
    let [train, test, _] = sets();
    let (pool, kernels) = (pool(2), Kernels::new(Isa::best()));
    let compute = Compute { kernels, pool: &pool };
    let options = Options { epochs: 3, batch_size: 60, ..Options::default() };
    let mut plain = mlp(&[12, 20, 3]);
    let steps = train_all(&mut plain, &train, &options, compute).unwrap();

    let mut network = mlp(&[12, 20, 3]);
    let judges = Judges { test: &test, validation: None };
    let mut course = Course::new(&mut network, &train, judges, &options, compute).unwrap();
    let mut ended = Vec::new();
    while let Some(now) = course.step().unwrap() {
        let examples = course.underway().examples;
        assert_eq!(examples, now.step % 5 * 60, "after step {}: four batches of 60, one of 10", now.step);
        ended.push(course.history().len());
    }
    assert_eq!(ended, [0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3]);
    let curve = course.finish();
    assert_eq!(bits(&network.to_model().unwrap()), bits(&plain.to_model().unwrap()));
    assert_eq!((curve.epochs.len(), curve.kept), (3, None));
    for (epoch, steps) in curve.epochs.iter().zip(steps.chunks(5)) {
        let sum: f64 = steps.iter().map(|now| now.loss * now.examples as f64).sum();
        assert!((epoch.loss - sum / 250.0).abs() < 1e-12 && epoch.validation.is_none(), "{epoch:?}");
    }
    let accuracy = evaluate(&network, &test, options.loss, compute).unwrap().accuracy;
    assert_eq!(curve.epochs[2].test_accuracy, accuracy);
    assert!(curve.epochs[0].test_accuracy != accuracy, "the curve is flat: any epoch's accuracy would do");
}

#[test]
fn a_validation_set_ends_training_and_keeps_the_best_network() {
    let [train, test, validation] = sets();
    let (pool, kernels) = (pool(1), Kernels::new(Isa::best()));
    let compute = Compute { kernels, pool: &pool };
    // So high a rate that the loss goes up and down.
    let optimizer = Optimizer::Sgd { rate: 3.0 };
    let options = Options { epochs: 100, batch_size: 25, optimizer, ..Options::default() };
    let mut network = mlp(&[12, 20, 3]);
    let judges = Judges { test: &test, validation: Some((&validation, 2)) };
    let mut course = Course::new(&mut network, &train, judges, &options, compute).unwrap();
    while course.step().unwrap().is_some() {}
    assert!(course.step().unwrap().is_none(), "it stays at its end");
    let curve = course.finish();

    let losses: Vec<f64> = curve.epochs.iter().map(|epoch| epoch.validation.unwrap().loss).collect();
    let kept = curve.kept.unwrap();
    assert!(curve.epochs.len() < 100 && kept == curve.epochs.len() - 2, "{losses:?}");
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(losses[kept - 1], least);
    let found = evaluate(&network, &validation, options.loss, compute).unwrap();
    assert_eq!(options.loss.mean(&found.outputs, validation.labels()), least, "the network is that epoch's");
    assert_eq!(curve.epochs[kept - 1].validation.unwrap().accuracy, found.accuracy);
}

#[test]
fn judges_must_go_with_the_network() {
    let [train, test, validation] = sets();
    let other = blobs(30, 11, 3, 1);
    let pool = pool(1);
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let refused = |test: &Dataset, validation: (&Dataset, usize)| {
        let judges = Judges { test, validation: Some(validation) };
        let mut network = mlp(&[12, 3]);
        let course = Course::new(&mut network, &train, judges, &Options::default(), compute);
        course.err().unwrap()
    };
    assert!(matches!(refused(&other, (&validation, 1)), TrainError::Mismatch(_)));
    assert!(matches!(refused(&test, (&other, 1)), TrainError::Mismatch(_)));
    assert!(refused(&test, (&validation, 0)).to_string().contains("the patience is 0"));
}

/// The loss of outputs is the one that training makes small.
#[test]
fn the_mean_loss_is_that_of_the_first_step() {
    let pool = pool(1);
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    for (loss, outputs, classes) in [
        (Loss::SoftmaxCrossEntropy, 3, 3),
        (Loss::BinaryCrossEntropy, 1, 2),
        (Loss::MeanSquaredError, 1, 2),
        (Loss::MeanSquaredError, 3, 3),
    ] {
        let data = blobs(50, 8, classes, 7);
        let mut network = mlp(&[8, 9, outputs]);
        let found = evaluate(&network, &data, loss, compute).unwrap();
        let mean = loss.mean(&found.outputs, data.labels());
        let options = Options { epochs: 1, batch_size: 50, loss, ..Options::default() };
        let first = train_all(&mut network, &data, &options, compute).unwrap()[0].loss;
        assert!((mean - first).abs() < 1e-5 * first && first > 0.01, "{loss:?} {outputs}: {mean} {first}");
    }
    assert!(Loss::default().mean(&[], &[]).is_nan());
    // Far out, where a naive formula overflows.
    assert_eq!(Loss::BinaryCrossEntropy.mean(&[1e4], &[0]), 1e4);
    assert_eq!(Loss::SoftmaxCrossEntropy.mean(&[1e4, 0.0], &[1]), 1e4);
}
