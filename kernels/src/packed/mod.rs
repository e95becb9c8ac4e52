//! Owned weights in the layouts that the kernels read, built and checked once.
//!
//! The fields are private and written by the constructors alone: that is the argument for every unchecked access of a run.

mod dense;
mod groups;
mod sparse_input;
mod spmm;
mod spmv;
mod windows;

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::view::Line;

pub use dense::{Lanes, PackedDense};
pub use sparse_input::{NonzeroInputs, PackedCsrByInput, PackedDenseByInput};
pub use spmm::PackedSpmm;
pub use spmv::PackedSpmv;
pub use windows::PackedWindows;

/// Why weights cannot be packed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PackError {
    /// A layer needs at least one input and one output.
    Empty,
    /// `weight` must hold `fan_out` rows of `fan_in` values, where `fan_out` is the length of `bias`.
    Shape {
        /// Length of `weight`, or rows of the sparse matrix.
        weight: usize,
        /// Length of `bias`.
        bias: usize,
    },
    /// A block of columns must have at least one.
    Block,
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PackError::Empty => f.write_str("a layer needs at least one input and one output"),
            PackError::Shape { weight, bias } => {
                write!(f, "weights ({weight}) do not make one row for each bias ({bias})")
            }
            PackError::Block => f.write_str("a block of columns needs at least one column"),
        }
    }
}

impl core::error::Error for PackError {}

/// A copy in whole lines, the last filled up with zeros.
fn lines_of(values: &[f32]) -> Vec<Line> {
    let mut lines = vec![Line::ZERO; Line::count(values.len())];
    Line::floats_mut(&mut lines)[..values.len()].copy_from_slice(values);
    lines
}
