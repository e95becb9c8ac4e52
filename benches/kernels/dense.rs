//! Dense products: of rows, of panels, of one input, with zero inputs skipped, and the products of training.

use crate::support::{LARGE, Layer, Layout, Matrix, Problem, SHAPES, bench_layer, group, kernels};
use criterion::Criterion;
use prunella_kernels::{Lanes, Line, NonzeroInputs, PackedDenseByInput};

/// Rows as they stand: what a network runs dense layers with.
pub(crate) fn gemm_rows(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "gemm_rows", kernels);
    let problems = SHAPES.iter().flat_map(|&shape| [4, 16, 64].map(|batch| Problem::dense(shape, batch)));
    for problem in problems.chain([Problem::dense(LARGE, 64)]) {
        let pack = |layer: &Layer| layer.dense(kernels, Lanes::Outputs);
        bench_layer(&mut group, &problem.name(), problem, Layout::Rows, pack, |w, x, act, y| {
            kernels.gemm_rows(w, x.whole_rows(), problem.shape[0], act, y)
        });
    }
}

/// Rows of which most values are zero. One takes the weights in one piece, more of them block by block.
pub(crate) fn gemm_sparse_input(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "gemm_sparse_input", kernels);
    for shape in [[784, 64], [784, 256], [784, 1024]] {
        for problem in [1, 16, 64].map(|batch| Problem::dense(shape, batch).skipping()) {
            let pack = |layer: &Layer| {
                let w = PackedDenseByInput::new(kernels.isa(), layer.fan_in, &layer.weight, &layer.bias);
                (w.unwrap(), NonzeroInputs::new(problem.batch, layer.fan_in))
            };
            let name = problem.name();
            bench_layer(&mut group, &name, problem, Layout::Rows, pack, |(w, nonzero), x, act, y| {
                kernels.gemm_sparse_input(w, x.whole_rows(), act, y, nonzero)
            });
        }
    }
}

pub(crate) fn gemm_batch_lanes(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "gemm-batch", kernels);
    let problems = SHAPES.iter().flat_map(|&shape| [16, 64].map(|batch| Problem::dense(shape, batch)));
    for problem in problems.chain([Problem::dense(LARGE, 64)]) {
        let pack = |layer: &Layer| layer.dense(kernels, Lanes::Batch);
        bench_layer(&mut group, &problem.name(), problem, Layout::Panels, pack, |w, x, act, y| {
            kernels.gemm(w, x.view(), act, y)
        });
    }
}

pub(crate) fn gemm_output_lanes(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "gemm-outputs", kernels);
    for problem in SHAPES.iter().flat_map(|&shape| [4, 16].map(|batch| Problem::dense(shape, batch))) {
        let pack = |layer: &Layer| layer.dense(kernels, Lanes::Outputs);
        bench_layer(&mut group, &problem.name(), problem, Layout::Transposed, pack, |w, x, act, y| {
            kernels.gemm(w, x.view(), act, y)
        });
    }
}

pub(crate) fn gemv(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "gemv", kernels);
    for problem in SHAPES.into_iter().chain([LARGE]).map(|shape| Problem::dense(shape, 1)) {
        let pack = |layer: &Layer| layer.dense(kernels, Lanes::Outputs);
        bench_layer(&mut group, &problem.name(), problem, Layout::Rows, pack, |w, x, act, y| {
            kernels.gemv(w, x.view().row(0), act, y.lines_mut())
        });
    }
}

/// What training does with a layer: forward, and the gradients of its weights and of its inputs.
pub(crate) fn gemm_tn(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "gemm_tn", kernels);
    for [fan_in, fan_out] in [[784, 64], [784, 1024], [1024, 1024]] {
        let batch = 64;
        let forward = Problem::dense([fan_in, fan_out], batch);
        let backward = |shape, batch| Problem { activation: None, ..Problem::dense(shape, batch) };
        for (step, problem) in [
            ("forward", forward),
            // As layers, [inputs, outputs] with a batch: dweight = x^T dz sums over the batch, dx = dz W over the outputs.
            ("dweight", backward([batch, fan_out], fan_in)),
            ("dx", backward([fan_out, fan_in], batch)),
        ] {
            let pack = |layer: &Layer| (layer.transposed(), Matrix::new(&layer.bias, layer.bias.len()));
            let name = format!("{step}/{}", forward.name());
            bench_layer(&mut group, &name, problem, Layout::Transposed, pack, |(w, bias), x, act, y| {
                let bias: Option<&[Line]> = problem.activation.map(|_| &bias.lines[..]);
                kernels.gemm_tn(x.view(), w.view(), bias, act, y)
            });
        }
    }
}
