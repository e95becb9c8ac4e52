//! Libraries of dense products. Each gets every order of the three matrices that its API takes, and runs the fastest.

use ::faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
use ::gemm::Parallelism;
use prunella::model::Layer;

use super::chain::{Layout, Product};

/// In which order a matrix lies in memory.
#[derive(Clone, Copy)]
enum Order {
    Rows,
    Columns,
}

/// `Y[m, n] = X[m, k] W[k, n]`, and the order of each.
#[derive(Clone, Copy)]
struct Matmul {
    m: usize,
    k: usize,
    n: usize,
    activations: Order,
    weight: Order,
}

impl Order {
    /// Steps from row to row and from column to column.
    fn strides(self, rows: usize, columns: usize) -> (isize, isize) {
        match self {
            Order::Rows => (columns as isize, 1),
            Order::Columns => (1, rows as isize),
        }
    }
}

impl Matmul {
    /// # Panics
    /// The slices are not as long as the matrices.
    fn check(&self, x: &[f32], w: &[f32], y: &[f32]) {
        let Matmul { m, k, n, .. } = *self;
        assert_eq!((x.len(), w.len(), y.len()), (m * k, k * n, m * n));
    }
}

/// Activations by rows or by features, weights `[fan_out, fan_in]` or `[fan_in, fan_out]`.
fn every_order(
    layer: &Layer,
    batch: usize,
    multiply: fn(&Matmul, &[f32], &[f32], &mut [f32]),
) -> Vec<Product> {
    let (k, n) = (layer.fan_in(), layer.fan_out());
    let mut products = Vec::new();
    for (layout, activations) in [(Layout::Rows, Order::Rows), (Layout::Features, Order::Columns)] {
        for weight in [Order::Rows, Order::Columns] {
            let matmul = Matmul { m: batch, k, n, activations, weight };
            let (w, shape) = match weight {
                Order::Columns => (layer.weight().to_vec(), "[fan_out, fan_in]"),
                Order::Rows => {
                    let column = |i| layer.weight()[i..].iter().step_by(k).copied();
                    ((0..k).flat_map(column).collect(), "[fan_in, fan_out]")
                }
            };
            let of = if layout == Layout::Rows { "rows" } else { "features" };
            let given = format!("{of}, weight {shape}");
            let multiply = Box::new(move |x: &[f32], y: &mut [f32]| multiply(&matmul, x, &w, y));
            products.push(Product { layout, given, multiply });
        }
    }
    products
}

pub(super) fn gemm(layer: &Layer, batch: usize) -> Vec<Product> {
    every_order(layer, batch, |mm, x, w, y| {
        mm.check(x, w, y);
        let Matmul { m, k, n, activations, weight } = *mm;
        let (x_row, x_column) = activations.strides(m, k);
        let (w_row, w_column) = weight.strides(k, n);
        let (y_row, y_column) = activations.strides(m, n);
        let (x, w, y) = (x.as_ptr(), w.as_ptr(), y.as_mut_ptr());
        // SAFETY: the three slices are as long as their matrices, which `check` saw, and the strides stay in them.
        unsafe {
            ::gemm::gemm(
                m,
                n,
                k,
                y,
                y_column,
                y_row,
                false,
                x,
                x_column,
                x_row,
                w,
                w_column,
                w_row,
                0.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    })
}

pub(super) fn matrixmultiply(layer: &Layer, batch: usize) -> Vec<Product> {
    every_order(layer, batch, |mm, x, w, y| {
        mm.check(x, w, y);
        let Matmul { m, k, n, activations, weight } = *mm;
        let (x_row, x_column) = activations.strides(m, k);
        let (w_row, w_column) = weight.strides(k, n);
        let (y_row, y_column) = activations.strides(m, n);
        let (x, w, y) = (x.as_ptr(), w.as_ptr(), y.as_mut_ptr());
        // SAFETY: as in `gemm`.
        unsafe {
            ::matrixmultiply::sgemm(
                m, k, n, 1.0, x, x_row, x_column, w, w_row, w_column, 0.0, y, y_row, y_column,
            );
        }
    })
}

pub(super) fn faer(layer: &Layer, batch: usize) -> Vec<Product> {
    every_order(layer, batch, |mm, x, w, y| {
        let Matmul { m, k, n, activations, weight } = *mm;
        let matrix = |order, values, rows, columns| match order {
            Order::Rows => MatRef::from_row_major_slice(values, rows, columns),
            Order::Columns => MatRef::from_column_major_slice(values, rows, columns),
        };
        let y = match activations {
            Order::Rows => MatMut::from_row_major_slice_mut(y, m, n),
            Order::Columns => MatMut::from_column_major_slice_mut(y, m, n),
        };
        matmul(y, Accum::Replace, matrix(activations, x, m, k), matrix(weight, w, k, n), 1.0, Par::Seq);
    })
}
