//! Each algorithm once, over [`Simd`](crate::simd::Simd).
//!
//! An algorithm is an `#[inline(always)]` function of one argument structure of raw pointers; `arch` makes an entry point of
//! it for every instruction set, and `kernels` fills the structure from checked views.

pub(crate) mod activate;
#[cfg(feature = "alloc")]
pub(crate) mod blocks;
mod exp;
#[cfg(feature = "train")]
pub(crate) mod loss;
mod narrow;
pub(crate) mod one_row;
#[cfg(feature = "train")]
pub(crate) mod optimize;
pub(crate) mod order;
pub(crate) mod probe;
pub(crate) mod product;
#[cfg(feature = "train")]
pub(crate) mod prototypes;
#[cfg(feature = "train")]
pub(crate) mod sparse_bytes;
pub(crate) mod sparse_input;
pub(crate) mod spmm;
pub(crate) mod spmv;
#[cfg(feature = "train")]
pub(crate) mod tall;
pub(crate) mod transpose;
pub(crate) mod window;
