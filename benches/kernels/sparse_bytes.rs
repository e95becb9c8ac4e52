//! The products of training with inputs that are bytes, most of them zero; batch after batch, as the branch predictor meets them.

use crate::support::{EXAMPLES, Group, Layer, Matrix, Problem, bench, group, kernels, signed};
use criterion::{Criterion, Throughput};
use prunella::rng::Rng;
use prunella_kernels::reference::{self, Expected};
use prunella_kernels::{Activation, Gradient, Sgd, SparseBytes, SparseColumns};

const BATCH: usize = 64;

fn problems() -> [Problem; 3] {
    [[784, 64], [784, 256], [784, 1024]].map(|shape| Problem::dense(shape, BATCH).skipping())
}

fn shade(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

/// A first layer and what trains it.
struct Drawn {
    layer: Layer,
    /// `[examples, fan_in]`.
    bytes: Vec<u8>,
    /// The gradient of the outputs, `[examples, fan_out]`.
    dz: Vec<f32>,
}

impl Drawn {
    fn new(problem: &Problem) -> Drawn {
        let (layer, rows) = problem.draw();
        let bytes = rows.iter().map(|x| (255.0 * x.abs()).ceil() as u8).collect();
        let dz = signed(&mut Rng::new(1), EXAMPLES * layer.bias.len());
        Drawn { layer, bytes, dz }
    }

    fn sparse(&self) -> SparseBytes {
        SparseBytes::new(&self.bytes, self.layer.fan_in, shade)
    }

    /// What the bytes stand for.
    fn rows(&self) -> Vec<f32> {
        self.bytes.iter().copied().map(shade).collect()
    }
}

/// The numbers of the examples of each batch.
fn batches() -> impl Iterator<Item = Vec<usize>> {
    (0..EXAMPLES / BATCH).map(|batch| (batch * BATCH..(batch + 1) * BATCH).collect())
}

/// The forward product.
struct Forward {
    x: SparseBytes,
    columns: SparseColumns,
    w: Matrix,
    bias: Matrix,
    y: Vec<(Vec<usize>, Matrix)>,
}

pub(crate) fn product(c: &mut Criterion) {
    let kernels = kernels();
    let run = |Forward { x, columns, w, bias, y }: &mut Forward| {
        for (rows, y) in y {
            columns.fill(x, rows, 0..x.cols());
            kernels.columns_product(columns, w.view(), &bias.lines, Activation::Relu, &mut y.view_mut());
        }
    };
    bench_forward(&mut group(c, "fill-columns_product", kernels), run);
}

fn bench_forward(group: &mut Group<'_>, run: impl Fn(&mut Forward)) {
    for problem in problems() {
        group.throughput(Throughput::Elements(problem.flops()));
        let make = || {
            let drawn = Drawn::new(&problem);
            let fan_out = drawn.layer.bias.len();
            Forward {
                x: drawn.sparse(),
                columns: SparseColumns::default(),
                w: drawn.layer.transposed(),
                bias: Matrix::new(&drawn.layer.bias, fan_out),
                y: batches().map(|rows| (rows, Matrix::poisoned(BATCH, fan_out))).collect(),
            }
        };
        bench(group, &problem.name(), make, &run, |forward| {
            let outputs: Vec<f32> = forward.y.iter().flat_map(|(_, y)| y.rows()).collect();
            let drawn = Drawn::new(&problem);
            reference::check(&outputs, &drawn.layer.expected(&drawn.rows()))
        });
    }
}

/// The gradient of the weights, used up where it is made by a step of gradient descent.
struct Backward {
    x: SparseBytes,
    columns: SparseColumns,
    dz: Vec<(Vec<usize>, Matrix)>,
    w: Matrix,
}

impl Backward {
    /// Small and a power of two: the weights stay below 2, and no product with it is rounded.
    const RATE: f32 = 1.0 / 64.0;

    /// The weights after a step for each batch.
    fn expected(drawn: &Drawn) -> Vec<Expected> {
        let (fan_in, fan_out) = (drawn.layer.fan_in, drawn.layer.bias.len());
        // x^T dz is a layer whose inputs are the examples.
        let dz = Matrix::new(&drawn.dz, fan_out).columns();
        let (bias, activation) = (&*vec![0.0; fan_out], Activation::Identity);
        let layer = reference::Layer { fan_in: EXAMPLES, weight: &dz, bias, activation };
        let x = Matrix::new(&drawn.rows(), fan_in).columns();
        let gradient = reference::dense_layer(layer, &reference::exact(&x));
        let rate = f64::from(Backward::RATE);
        // Each of the steps rounds a weight to half a unit in the last place, 2^-24 below 2.
        let rounding = (EXAMPLES / BATCH) as f64 / (1 << 24) as f64;
        let step = |(w, g): (f32, Expected)| Expected {
            value: f64::from(w) - rate * g.value,
            bound: rate * g.bound + rounding,
        };
        drawn.layer.transposed().rows().into_iter().zip(gradient).map(step).collect()
    }
}

pub(crate) fn gradient(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "sgd-sparse-gradient", kernels);
    for problem in problems() {
        group.throughput(Throughput::Elements(problem.flops()));
        let make = || {
            let drawn = Drawn::new(&problem);
            let fan_out = drawn.layer.bias.len();
            let dz = drawn.dz.chunks(BATCH * fan_out).map(|dz| Matrix::new(dz, fan_out));
            Backward {
                x: drawn.sparse(),
                columns: SparseColumns::default(),
                dz: batches().zip(dz).collect(),
                w: drawn.layer.transposed(),
            }
        };
        let run = |Backward { x, columns, dz, w }: &mut Backward| {
            for (rows, dz) in dz {
                columns.fill(x, rows, 0..x.cols());
                let gradient = Gradient::Sparse(columns, dz.view());
                kernels.sgd(Sgd { rate: Backward::RATE }, &mut w.lines, gradient, None);
            }
        };
        bench(&mut group, &problem.name(), make, run, |backward| {
            reference::check(&backward.w.rows(), &Backward::expected(&Drawn::new(&problem)))
        });
    }
}
