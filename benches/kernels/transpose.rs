//! Rows to panels and back. The work counted is bytes, read and written.

use crate::support::{Matrix, bench, group, kernels, signed};
use criterion::{Criterion, Throughput};
use prunella::rng::Rng;
use prunella_kernels::reference::{check, exact};
use prunella_kernels::{Line, PANEL_LANES};

/// The columns of an MNIST image and of a wide layer, in a narrow panel and in a full one.
const PANELS: [[usize; 2]; 4] =
    [[784, Line::LEN], [784, PANEL_LANES], [1024, Line::LEN], [1024, PANEL_LANES]];

fn bytes(values: usize) -> Throughput {
    Throughput::BytesDecimal((2 * values * size_of::<f32>()) as u64)
}

pub(crate) fn rows_to_panel(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "rows_to_panel", kernels);
    for [features, batch] in PANELS {
        let rows = signed(&mut Rng::new(0), features * batch);
        group.throughput(bytes(rows.len()));
        bench(
            &mut group,
            &format!("{features}/{batch}"),
            || Matrix::poisoned(features, batch),
            |panel| kernels.rows_to_panel(&rows, &mut panel.view_mut()),
            |panel| check(&panel.columns(), &exact(&rows)),
        );
    }
}

pub(crate) fn panel_to_rows(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "panel_to_rows", kernels);
    for [features, batch] in PANELS {
        let panel = Matrix::new(&signed(&mut Rng::new(0), features * batch), batch);
        group.throughput(bytes(features * batch));
        bench(
            &mut group,
            &format!("{features}/{batch}"),
            || vec![f32::NAN; features * batch],
            |rows| kernels.panel_to_rows(panel.view(), rows),
            |rows| check(rows, &exact(&panel.columns())),
        );
    }
}

/// Of matrices, as training needs it.
pub(crate) fn transpose(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "transpose", kernels);
    for [rows, cols] in [[64, 784], [784, 64], [1024, 1024]] {
        let from = Matrix::new(&signed(&mut Rng::new(0), rows * cols), cols);
        group.throughput(bytes(rows * cols));
        bench(
            &mut group,
            &format!("{rows}x{cols}"),
            || Matrix::poisoned(cols, rows),
            |to| kernels.transpose(from.view(), &mut to.view_mut()),
            |to| check(&to.rows(), &exact(&from.columns())),
        );
    }
}
