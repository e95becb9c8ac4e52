//! The break-even on layers so small that a whole search takes a fraction of a second. No time is asserted.
#![cfg(feature = "std")]

use std::num::NonZeroUsize;
use std::sync::Arc;

use prunella::benchmark::BenchmarkError;
use prunella::breakeven::{BreakEven, Curve, RESOLUTION, SPARSITY_MIN, Settings, Shape, Step, breakeven};
use prunella::engine::BatchClass;
use prunella::kernels::{Activation, Isa, Pool};
use prunella::measure;

fn settings(threads: usize) -> Settings {
    Settings {
        isa: Isa::best(),
        shapes: vec![Shape { fan_in: 40, fan_out: 7 }, Shape { fan_in: 9, fan_out: 33 }],
        batches: vec![1, 40],
        sparsities: vec![0.5, 0.9],
        activation: Activation::Gaussian,
        pool: Arc::new(Pool::new(NonZeroUsize::new(threads).unwrap()).unwrap()),
        seed: 1,
        timing: measure::Plan { rounds: 5, target_sample_ns: 1_000, ..measure::Plan::default() },
    }
}

#[test]
fn every_shape_is_compared_at_every_batch_size() {
    let settings = settings(1);
    let mut steps: Vec<Step> = vec![];
    let curves = breakeven(&settings, &mut |step| steps.push(step)).unwrap();
    let got: Vec<_> = curves.iter().map(|curve| (curve.shape, curve.batch)).collect();
    let want: Vec<_> = settings
        .shapes
        .iter()
        .flat_map(|shape| settings.batches.iter().map(|batch| (*shape, *batch)))
        .collect();
    assert_eq!(got, want);
    curves.iter().for_each(look_at);

    assert_eq!(steps.len(), curves.iter().map(|curve| curve.points.len()).sum::<usize>());
    for (i, curve) in curves.iter().enumerate() {
        let of_curve: Vec<&Step> = steps.iter().filter(|step| step.curve == i).collect();
        for (points, step) in of_curve.iter().enumerate() {
            let want = Step { shape: curve.shape, batch: curve.batch, curve: i, curves: 4, points };
            assert_eq!(**step, want);
        }
    }
}

/// What must hold of any curve.
fn look_at(curve: &Curve) {
    let weights = curve.shape.fan_in * curve.shape.fan_out;
    let sparsities: Vec<f64> = curve.points.iter().map(|point| point.sparsity).collect();
    assert!(sparsities.windows(2).all(|pair| pair[0] < pair[1]), "each once, ascending: {sparsities:?}");
    assert_eq!(sparsities[0], SPARSITY_MIN);
    assert!([0.5, 0.9].iter().all(|asked| sparsities.contains(asked)), "{sparsities:?}");
    for point in &curve.points {
        let removed = (point.sparsity * weights as f64).round() as usize;
        assert_eq!(point.nnz, weights - removed, "exactly as many as the sparsity says");
        assert!(point.speedup.lo <= point.speedup.mid && point.speedup.mid <= point.speedup.hi, "{point:?}");
        assert!(point.max_abs_diff > 0.0 && point.max_abs_diff < 1e-4, "{point:?}");
        assert_eq!(point.rounds, 5);
        assert!(point.dense.plan.to_string().ends_with("/dense"), "{}", point.dense.plan);
        assert!(!point.sparse.plan.to_string().contains("dense"), "{}", point.sparse.plan);
        assert_eq!(point.sparse.plan.class, BatchClass::of(curve.batch));
        for side in [&point.dense, &point.sparse] {
            let limit = side.limit.expect("known for one thread");
            assert!(side.median_ns > 0.0 && limit.limit_ns > 0.0 && limit.share > 0.0, "{side:?}");
        }
    }
    if let BreakEven::Between { lo, hi } = curve.break_even {
        let known = |at: f64, end: f64| at == end || sparsities.contains(&at);
        assert!(lo < hi && known(lo, 0.0) && known(hi, 1.0), "{:?}", curve.break_even);
    }
}

#[test]
fn the_limit_of_more_than_one_thread_is_not_known() {
    let settings = Settings { batches: vec![1], ..settings(2) };
    let curves = breakeven(&settings, &mut |_| {}).unwrap();
    let mut points = curves.iter().flat_map(|curve| &curve.points);
    assert!(points.all(|point| point.dense.limit.is_none() && point.sparse.limit.is_none()));
}

#[test]
fn what_cannot_be_compared_is_refused_before_anything_runs() {
    let refused = |settings: &Settings, message: &str| {
        let outcome = breakeven(settings, &mut |_| panic!("refused before anything is computed"));
        match outcome {
            Err(BenchmarkError::Input(said)) => assert_eq!(said, message),
            other => panic!("it should be refused: {other:?}"),
        }
    };
    let shapes = "there must be a shape, each of at least one input and one output";
    refused(&Settings { shapes: vec![], ..settings(1) }, shapes);
    refused(&Settings { shapes: vec![Shape { fan_in: 0, fan_out: 3 }], ..settings(1) }, shapes);
    refused(&Settings { shapes: vec![Shape { fan_in: 3, fan_out: 0 }], ..settings(1) }, shapes);
    let batches = "there must be a batch size, each from 1 to 65536";
    refused(&Settings { batches: vec![], ..settings(1) }, batches);
    refused(&Settings { batches: vec![0], ..settings(1) }, batches);
    refused(&Settings { batches: vec![65_537], ..settings(1) }, batches);
    for sparsity in [0.0, 0.019, 1.0, -0.5, f64::NAN] {
        let message = "sparsities must be at least 0.02 and below 1";
        refused(&Settings { sparsities: vec![0.5, sparsity], ..settings(1) }, message);
    }
}

#[test]
fn the_resolution_is_what_the_help_says() {
    assert_eq!((RESOLUTION, SPARSITY_MIN), (0.01, 0.02));
}

#[test]
fn a_shape_is_inputs_x_outputs() {
    let shape = Shape { fan_in: 784, fan_out: 64 };
    assert_eq!((shape.to_string().as_str(), "784x64".parse()), ("784x64", Ok(shape)));
    for wrong in [
        "",
        "784",
        "x",
        "1x",
        "x1",
        "0x10",
        "10x0",
        "-1x2",
        "1x2x3",
        "1X2",
        "1 x 2",
        "1.5x2",
        "99999999999999999999x1",
    ] {
        let error = wrong.parse::<Shape>().expect_err(wrong);
        assert_eq!(error.to_string(), "a shape is inputs x outputs, each 1 or more, such as 784x64");
    }
}
