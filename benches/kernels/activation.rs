//! The activations and their derivatives by themselves, from L1. The work counted is values: 4 Gelem/s on a core at 4 GHz are
//! a cycle each.

use crate::support::{Matrix, bench, bench_by, group, kernels, signed};
use criterion::{BatchSize, Criterion, Throughput};
use prunella::rng::Rng;
use prunella_kernels::reference::{self, Expected};
use prunella_kernels::{Activation, Kernels, Line};

/// 16 KiB.
const VALUES: usize = 1 << 12;

/// Values in (-4, 4): the tails of every activation are in them.
fn z() -> Vec<f32> {
    signed(&mut Rng::new(0), VALUES).iter().map(|z| 4.0 * z).collect()
}

/// In place, call after call on its own result: none of them ever makes that subnormal.
pub(crate) fn activate(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "activate", kernels);
    group.throughput(Throughput::Elements(VALUES as u64));
    for activation in Activation::ALL {
        let run = |z: &mut Matrix| kernels.activate(activation, &mut z.lines);
        bench(
            &mut group,
            activation.name(),
            || Matrix::new(&z(), VALUES),
            run,
            |h| {
                // z through a layer of one weight, 1.
                let layer = reference::Layer { fan_in: 1, weight: &[1.0], bias: &[0.0], activation };
                reference::check(&h.rows(), &reference::dense_layer(layer, &reference::exact(&z())))
            },
        );
    }
}

/// `dz = dh act'(z)` on a copy of dh for each call, because its own result again and again would become subnormal. A few copies
/// are made at a time, so dh comes from L2, as it would from the layer behind.
pub(crate) fn activation_backward(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "activation_backward", kernels);
    group.throughput(Throughput::Elements(VALUES as u64));
    for activation in Activation::ALL {
        let mut verified = None;
        bench_by(&mut group, activation.name(), &mut |bencher| {
            let [z, h, dh] = verified.get_or_insert_with(|| verified_backward(kernels, activation));
            let run = |dh: &mut Vec<Line>| kernels.activation_backward(activation, z, h, dh);
            bencher.iter_batched_ref(|| dh.clone(), run, BatchSize::NumIterations(16));
        });
    }
}

/// z, h and dh.
fn verified_backward(kernels: Kernels, activation: Activation) -> [Vec<Line>; 3] {
    let lines = |values: &[f32]| Matrix::new(values, VALUES).lines;
    let dh = signed(&mut Rng::new(1), VALUES);
    let (z, mut h, mut dz) = (lines(&z()), lines(&z()), lines(&dh));
    kernels.activate(activation, &mut h);
    kernels.activation_backward(activation, &z, &h, &mut dz);
    let expected = |(&z, &dh): (&f32, &f32)| {
        let (z, dh) = (f64::from(z), f64::from(dh));
        // h is off by up to 4 units of rounding, and 1 - h^2 or h (1 - h) by as much of 1; then there are three roundings.
        Expected { value: dh * derivative(activation, z), bound: dh.abs() * 12.0 / f64::from(1 << 24) }
    };
    let expected: Vec<Expected> = Line::floats(&z).iter().zip(&dh).map(expected).collect();
    if let Err(e) = reference::check(Line::floats(&dz), &expected) {
        panic!("{activation} backward is wrong, so it is not timed: {e}");
    }
    [z, h, lines(&dh)]
}

fn derivative(activation: Activation, z: f64) -> f64 {
    let h = reference::activate(activation, z);
    match activation {
        Activation::Identity => 1.0,
        Activation::Relu => f64::from(u8::from(z > 0.0)),
        Activation::Gaussian => -2.0 * z * h,
        Activation::Sigmoid => h * (1.0 - h),
        Activation::Tanh => 1.0 - h * h,
    }
}
