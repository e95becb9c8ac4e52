//! Losses and optimizer steps; the products of training are in `dense`.
//!
//! The oracle computes layers only: what these kernels must give is computed in f64 here, within the bounds of their tests.

use crate::support::{Group, Matrix, bench, group, kernels, signed};
use criterion::{Criterion, Throughput};
use prunella::rng::Rng;
use prunella_kernels::reference::{Expected, Mismatch, check};
use prunella_kernels::{Adam, AdamState, Gradient, Line, Momentum, RowsMut, Sgd};

/// Half a unit in the last place of 1.
const U: f64 = 1.0 / (1 << 24) as f64;
const BATCH: usize = 64;
const SCALE: f32 = 1.0 / BATCH as f32;

/// Logits in (-8, 8), `[BATCH, classes]`.
fn logits(classes: usize) -> Vec<f32> {
    signed(&mut Rng::new(0), BATCH * classes).iter().map(|z| 8.0 * z).collect()
}

fn labels(classes: usize) -> Vec<u8> {
    (0..BATCH).map(|example| (example * 7 % classes) as u8).collect()
}

/// The outputs of a network, which a loss turns into its gradient in place, and the loss of each example. The next call turns
/// the gradient into another: none of the losses ever makes that subnormal.
type Outputs = (Matrix, Vec<f32>);

/// Adds a benchmark of a loss; `expected` gives, for the outputs of an example, its loss and then its gradient.
fn bench_loss(
    group: &mut Group<'_>,
    outputs: usize,
    kernel: impl Fn(&mut RowsMut<'_>, &mut [f32]),
    expected: impl Fn(usize, &[f64]) -> (Expected, Vec<Expected>),
) {
    group.throughput(Throughput::Elements((BATCH * outputs) as u64));
    let make = || -> Outputs { (Matrix::new(&logits(outputs), outputs), vec![f32::NAN; BATCH]) };
    let run = |(z, loss): &mut Outputs| kernel(&mut z.view_mut(), loss);
    bench(group, &format!("{BATCH}x{outputs}"), make, run, |(gradient, losses)| {
        let z: Vec<f64> = logits(outputs).into_iter().map(f64::from).collect();
        let (loss, dz): (Vec<_>, Vec<_>) =
            z.chunks(outputs).enumerate().map(|(example, z)| expected(example, z)).unzip();
        Ok(check(losses, &loss)?.max(check(&gradient.rows(), &dz.concat())?))
    });
}

pub(crate) fn softmax_cross_entropy(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "softmax_cross_entropy", kernels);
    for classes in [10, 100] {
        let labels = labels(classes);
        let kernel =
            |z: &mut RowsMut<'_>, loss: &mut [f32]| kernels.softmax_cross_entropy(z, &labels, SCALE, loss);
        bench_loss(&mut group, classes, kernel, |example, z| {
            let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let ln_sum = z.iter().map(|z| (z - max).exp()).sum::<f64>().ln() + max;
            let label = usize::from(labels[example]);
            let loss = ln_sum - z[label];
            // The chains and folds of the sum; the rounding of each z - max; the last roundings of loss and gradient.
            let roundings = 16.0 + (classes / Line::LEN) as f64;
            let gradient = |(class, z): (usize, &f64)| {
                let p = (z - ln_sum).exp();
                let (value, scale) = (p - f64::from(u8::from(class == label)), f64::from(SCALE));
                let bound = U * (p * (roundings + ln_sum - z) + value.abs()) + f64::from(f32::MIN_POSITIVE);
                Expected { value: scale * value, bound: scale * bound }
            };
            let loss = Expected { value: loss, bound: U * (roundings + 2.0 * loss) };
            (loss, z.iter().enumerate().map(gradient).collect())
        });
    }
}

pub(crate) fn binary_cross_entropy(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "binary_cross_entropy", kernels);
    let labels = labels(2);
    let kernel =
        |z: &mut RowsMut<'_>, loss: &mut [f32]| kernels.binary_cross_entropy(z, &labels, SCALE, loss);
    bench_loss(&mut group, 1, kernel, |example, z| {
        let sign = 1.0 - 2.0 * f64::from(labels[example]);
        let (t, least) = (sign * z[0], f64::from(f32::MIN_POSITIVE));
        let loss = t.max(0.0) + (-t.abs()).exp().ln_1p();
        let gradient = f64::from(SCALE) * sign / (1.0 + (-t).exp());
        (
            Expected { value: loss, bound: 4.0 * U * loss + 1.01 * least },
            vec![Expected { value: gradient, bound: 8.0 * U * gradient.abs() + least }],
        )
    });
}

pub(crate) fn mean_squared_error(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "mean_squared_error", kernels);
    for outputs in [10, 784] {
        let targets = Matrix::new(&signed(&mut Rng::new(1), BATCH * outputs), outputs);
        let kernel = |h: &mut RowsMut<'_>, loss: &mut [f32]| {
            kernels.mean_squared_error(h, targets.view(), SCALE, loss)
        };
        bench_loss(&mut group, outputs, kernel, |example, h| {
            let off = |(h, &t): (&f64, &f32)| h - f64::from(t);
            let off: Vec<f64> = h.iter().zip(targets.view().row(example)).map(off).collect();
            let loss = off.iter().map(|off| off * off).sum::<f64>() / outputs as f64;
            let gradient = |off: &f64| {
                let value = 2.0 * off / outputs as f64 * f64::from(SCALE);
                Expected { value, bound: 8.0 * U * value.abs() }
            };
            let bound = U * loss * (12 + outputs / Line::LEN) as f64;
            (Expected { value: loss, bound }, off.iter().map(gradient).collect())
        });
    }
}

/// The gradient of a bias.
pub(crate) fn sum_rows(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "sum_rows", kernels);
    for cols in [64, 1024] {
        let rows = Matrix::new(&signed(&mut Rng::new(0), BATCH * cols), cols);
        group.throughput(Throughput::BytesDecimal((BATCH * cols * size_of::<f32>()) as u64));
        let run = |sums: &mut Matrix| kernels.sum_rows(rows.view(), &mut sums.lines);
        bench(
            &mut group,
            &format!("{BATCH}x{cols}"),
            || Matrix::poisoned(1, cols),
            run,
            |sums| {
                let columns = rows.columns();
                let sum = |column: &[f32]| {
                    let (mut value, mut size) = (0.0, 0.0);
                    column
                        .iter()
                        .for_each(|&v| (value, size) = (value + f64::from(v), size + f64::from(v.abs())));
                    Expected { value, bound: U * BATCH as f64 * size }
                };
                check(&sums.rows(), &columns.chunks(BATCH).map(sum).collect::<Vec<_>>())
            },
        );
    }
}

/// The weights of a layer 784x64 with gradient and state.
struct Tensor {
    w: Matrix,
    g: Matrix,
    m: Matrix,
    v: Matrix,
    mask: Option<Matrix>,
}

impl Tensor {
    const LEN: usize = 784 * 64;

    fn drawn(seed: u64) -> Matrix {
        Matrix::new(&signed(&mut Rng::new(seed), Tensor::LEN), Tensor::LEN)
    }

    fn new(masked: bool) -> Tensor {
        let keeps: Vec<f32> = (0..Tensor::LEN).map(|i| f32::from(u8::from(i % 3 > 0))).collect();
        let [w, g] = [0, 1].map(Tensor::drawn);
        let [m, v] = [0, 1].map(|_| Matrix::new(&vec![0.0; Tensor::LEN], Tensor::LEN));
        Tensor { w, g, m, v, mask: masked.then(|| Matrix::new(&keeps, Tensor::LEN)) }
    }

    fn mask(mask: &Option<Matrix>) -> Option<&[Line]> {
        mask.as_ref().map(|mask| &mask.lines[..])
    }

    /// Checks the first step; `exact` gives a weight's update from its gradient.
    fn check(&self, exact: impl Fn(f64) -> f64) -> Result<f64, Mismatch> {
        let keeps = self.mask.as_ref().map(Matrix::rows);
        let weight = |(i, (w, g)): (usize, (f32, f32))| {
            let keeps = keeps.as_ref().is_none_or(|keeps| keeps[i] > 0.0);
            let value = if keeps { f64::from(w) - exact(g.into()) } else { 0.0 };
            // Weights and updates are below 2, and each is rounded a few times.
            Expected { value, bound: 8.0 * U }
        };
        let before = Tensor::drawn(0).rows().into_iter().zip(self.g.rows());
        check(&self.w.rows(), &before.enumerate().map(weight).collect::<Vec<_>>())
    }
}

/// Adds benchmarks of an optimizer without and with a mask. It reads and writes `tensors` in all, the mask not counted: the work
/// is in bytes.
fn bench_optimizer(
    c: &mut Criterion,
    (name, tensors): (&str, usize),
    step: impl Fn(&mut Tensor),
    exact: impl Fn(f64) -> f64,
) {
    let mut group = group(c, name, kernels());
    for (name, masked) in [("784x64", false), ("784x64/masked", true)] {
        let bytes = (tensors + usize::from(masked)) * Tensor::LEN * size_of::<f32>();
        group.throughput(Throughput::BytesDecimal(bytes as u64));
        bench(&mut group, name, || Tensor::new(masked), &step, |tensor| tensor.check(&exact));
    }
}

pub(crate) fn sgd(c: &mut Criterion) {
    let (kernels, rate) = (kernels(), 0.25);
    let step = |t: &mut Tensor| {
        kernels.sgd(Sgd { rate }, &mut t.w.lines, Gradient::Lines(&t.g.lines), Tensor::mask(&t.mask));
    };
    bench_optimizer(c, ("sgd", 3), step, |g| f64::from(rate) * g);
}

pub(crate) fn momentum(c: &mut Criterion) {
    let (kernels, rate) = (kernels(), 0.125);
    let step = |t: &mut Tensor| {
        let step = Momentum { rate, momentum: 0.75 };
        kernels.momentum(
            step,
            &mut t.w.lines,
            &mut t.v.lines,
            Gradient::Lines(&t.g.lines),
            Tensor::mask(&t.mask),
        );
    };
    bench_optimizer(c, ("momentum", 5), step, |g| f64::from(rate) * g);
}

pub(crate) fn adam(c: &mut Criterion) {
    let (kernels, rate, epsilon) = (kernels(), 0.05, 1e-3);
    let step = |t: &mut Tensor| {
        let step = Adam { rate, beta1: 0.9, beta2: 0.999, epsilon, t: 1 };
        let state = AdamState { m: &mut t.m.lines, v: &mut t.v.lines };
        kernels.adam(step, &mut t.w.lines, state, Gradient::Lines(&t.g.lines), Tensor::mask(&t.mask));
    };
    // After the first step, m and v without their bias are g and g^2.
    bench_optimizer(c, ("adam", 7), step, |g| f64::from(rate) * g / (g.abs() + f64::from(epsilon)));
}
