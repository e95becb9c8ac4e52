//! Libraries of sparse products; none of them has anything for a matrix without zeros.

use nalgebra::{DMatrixView, DMatrixViewMut};
use nalgebra_sparse::ops::Op;
use nalgebra_sparse::ops::serial::{spmm_csc_dense, spmm_csr_dense};
use nalgebra_sparse::{CscMatrix, CsrMatrix};
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};
use prunella::kernels::Csr;
use prunella::model::Layer;
use sprs::{CsMatI, prod};

use super::chain::{Layout, Product};

/// Row starts, columns and values, or `None` if nothing was pruned.
fn csr(layer: &Layer) -> Option<(Vec<usize>, Vec<usize>, Vec<f32>)> {
    let csr = layer.is_pruned().then(|| Csr::from_dense(layer.weight(), layer.fan_in()))?;
    let (mut starts, mut columns, mut values) = (vec![0], vec![], vec![]);
    for row in 0..layer.fan_out() {
        let (row_columns, row_values) = csr.view().row(row);
        columns.extend(row_columns.iter().map(|&column| column as usize));
        values.extend(row_values);
        starts.push(columns.len());
    }
    Some((starts, columns, values))
}

/// CSR and CSC, activations by features (the batch is then the inner loop) or by rows; with 32-bit indices.
pub(super) fn sprs(layer: &Layer, batch: usize) -> Vec<Product> {
    let Some((starts, columns, values)) = csr(layer) else { return Vec::new() };
    let (fan_in, fan_out) = (layer.fan_in(), layer.fan_out());
    let narrow = |indices: Vec<usize>| indices.into_iter().map(|i| i as u32).collect::<Vec<_>>();
    let csr = CsMatI::new((fan_out, fan_in), narrow(starts), narrow(columns), values);
    let mut products = Vec::new();
    for (matrix, format) in [(csr.to_csc(), "CSC"), (csr, "CSR")] {
        let by_rows = matrix.clone();
        let multiply = Box::new(move |x: &[f32], y: &mut [f32]| {
            y.fill(0.0);
            let x = ArrayView2::from_shape((fan_in, batch).f(), x).expect("batch x fan_in values");
            let y = ArrayViewMut2::from_shape((fan_out, batch).f(), y).expect("batch x fan_out values");
            match by_rows.is_csr() {
                true => prod::csr_mulacc_dense_colmaj(by_rows.view(), x, y),
                false => prod::csc_mulacc_dense_colmaj(by_rows.view(), x, y),
            }
        });
        products.push(Product { layout: Layout::Rows, given: format!("rows, {format}"), multiply });
        let multiply = Box::new(move |x: &[f32], y: &mut [f32]| {
            y.fill(0.0);
            let x = ArrayView2::from_shape((fan_in, batch), x).expect("fan_in x batch values");
            let y = ArrayViewMut2::from_shape((fan_out, batch), y).expect("fan_out x batch values");
            match matrix.is_csr() {
                true => prod::csr_mulacc_dense_rowmaj(matrix.view(), x, y),
                false => prod::csc_mulacc_dense_rowmaj(matrix.view(), x, y),
            }
        });
        products.push(Product { layout: Layout::Features, given: format!("features, {format}"), multiply });
    }
    products
}

/// CSR and CSC; its dense matrices are column-major, so a column is an example.
pub(super) fn nalgebra(layer: &Layer, batch: usize) -> Vec<Product> {
    let Some((starts, columns, values)) = csr(layer) else { return Vec::new() };
    let (fan_in, fan_out) = (layer.fan_in(), layer.fan_out());
    let csr = CsrMatrix::try_from_csr_data(fan_out, fan_in, starts, columns, values).expect("rows in order");
    let csc = CscMatrix::from(&csr);
    let by_csr = Box::new(move |x: &[f32], y: &mut [f32]| {
        let (x, y) =
            (DMatrixView::from_slice(x, fan_in, batch), DMatrixViewMut::from_slice(y, fan_out, batch));
        spmm_csr_dense(0.0, y, 1.0, Op::NoOp(&csr), Op::NoOp(x));
    });
    let by_csc = Box::new(move |x: &[f32], y: &mut [f32]| {
        let (x, y) =
            (DMatrixView::from_slice(x, fan_in, batch), DMatrixViewMut::from_slice(y, fan_out, batch));
        spmm_csc_dense(0.0, y, 1.0, Op::NoOp(&csc), Op::NoOp(x));
    });
    vec![
        Product { layout: Layout::Rows, given: "rows, CSR".into(), multiply: by_csr },
        Product { layout: Layout::Rows, given: "rows, CSC".into(), multiply: by_csc },
    ]
}
