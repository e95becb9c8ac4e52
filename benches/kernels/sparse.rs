//! Sparse products: of a panel, of one input, and with zero inputs skipped. The work counted is that of the nonzero weights.

use crate::support::{LARGE, Layer, Layout, Problem, SHAPES, SPARSITIES, bench_layer, group, kernels};
use criterion::Criterion;
use prunella_kernels::{Kernels, NonzeroInputs, PackedCsrByInput, PackedSpmm, PackedSpmv, PackedWindows};

fn spmm_weights(kernels: Kernels, layer: &Layer, block_columns: usize) -> PackedSpmm {
    PackedSpmm::new(kernels.isa(), layer.csr().view(), &layer.bias, block_columns).unwrap()
}

pub(crate) fn spmm(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "spmm", kernels);
    let every = |shape, batch| SPARSITIES.map(|sparsity| Problem::sparse(shape, batch, sparsity));
    let small = [4, 16].into_iter().flat_map(|batch| every([784, 1024], batch));
    let problems = SHAPES.into_iter().flat_map(|shape| every(shape, 64)).chain(small);
    for problem in problems.chain([Problem::sparse(LARGE, 64, 90)]) {
        let pack = |layer: &Layer| spmm_weights(kernels, layer, PackedSpmm::MAX_BLOCK_COLUMNS);
        bench_layer(&mut group, &problem.name(), problem, Layout::Panels, pack, |w, x, act, y| {
            kernels.spmm(w, x.view(), act, y)
        });
    }
}

/// The inputs in blocks that L1 holds, against `spmm`, which takes them in one.
pub(crate) fn spmm_blocked(c: &mut Criterion) {
    let kernels = kernels();
    for block_columns in [272, 544] {
        let mut group = group(c, &format!("spmm-blocks-of-{block_columns}"), kernels);
        for problem in SPARSITIES.map(|sparsity| Problem::sparse([1024, 1024], 64, sparsity)) {
            let pack = |layer: &Layer| spmm_weights(kernels, layer, block_columns);
            bench_layer(&mut group, &problem.name(), problem, Layout::Panels, pack, |w, x, act, y| {
                kernels.spmm(w, x.view(), act, y)
            });
        }
    }
}

/// One input, at every sparsity.
fn vectors() -> impl Iterator<Item = Problem> {
    let every = |shape| SPARSITIES.map(|sparsity| Problem::sparse(shape, 1, sparsity));
    SHAPES.into_iter().flat_map(every).chain([Problem::sparse(LARGE, 1, 90)])
}

pub(crate) fn spmv_windows(c: &mut Criterion) {
    let kernels = kernels();
    for (name, wide) in [("spmv_windows", false), ("spmv_windows-wide", true)] {
        if wide && !kernels.wide_windows() {
            continue;
        }
        let mut group = group(c, name, kernels);
        for problem in vectors() {
            let pack = |layer: &Layer| {
                let pack = if wide { PackedWindows::wide } else { PackedWindows::new };
                pack(kernels.isa(), layer.csr().view(), &layer.bias).unwrap()
            };
            bench_layer(&mut group, &problem.name(), problem, Layout::Rows, pack, |w, x, act, y| {
                kernels.spmv_windows(w, x.view().row(0), act, y.lines_mut())
            });
        }
    }
}

pub(crate) fn spmv(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "spmv", kernels);
    for problem in vectors() {
        let pack = |layer: &Layer| {
            PackedSpmv::new(layer.csr().view(), &layer.bias, PackedSpmv::MAX_BLOCK_COLUMNS).unwrap()
        };
        bench_layer(&mut group, &problem.name(), problem, Layout::Rows, pack, |w, x, act, y| {
            kernels.spmv(w, x.view().row(0), act, y.lines_mut())
        });
    }
}

/// One row of which most values are zero: with more the kernel is not used.
pub(crate) fn spmm_sparse_input(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "spmm_sparse_input", kernels);
    for shape in [[784, 64], [784, 256], [784, 1024]] {
        for problem in [90, 95, 99].map(|sparsity| Problem::sparse(shape, 1, sparsity).skipping()) {
            let pack = |layer: &Layer| {
                let w = PackedCsrByInput::new(layer.csr().view(), &layer.bias).unwrap();
                (w, NonzeroInputs::new(1, layer.fan_in))
            };
            let name = problem.name();
            bench_layer(&mut group, &name, problem, Layout::Rows, pack, |(w, nonzero), x, act, y| {
                kernels.spmm_sparse_input(w, x.whole_rows(), act, y, nonzero)
            });
        }
    }
}
