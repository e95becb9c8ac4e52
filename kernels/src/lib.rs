//! Hand-vectorised f32 kernels for small dense and sparse networks.
//!
//! ```text
//! isa        which instruction set: detected, listed, forced by name
//! view       borrowed operands, checked when made
//! packed     owned weights, packed for one instruction set, checked once
//! kernels    the entry points of one instruction set behind checked safe functions; in `sparse_input` and `training`, more of them
//! pool       threads that wait for the parts of a product
//! sparse_bytes  inputs of bytes that are mostly zero, for training
//! prototypes  small Gaussian networks, sixteen at a time
//! training   the backward products, losses and optimizer steps
//! reference  the oracle: the same in plain f64 loops, and how far a kernel may be from it
//! generic    each algorithm once, over the operations of `simd`
//! arch       the operations and entry points of each instruction set
//! ```
//!
//! **Canonical order.** Every output of a layer is one chain of multiply-adds over k ascending, starting from the bias, whatever the
//! layout, blocking, lanes or threads; where a layer has few outputs, four chains (up to 16 outputs) or two (up to 32), each over
//! as many consecutive inputs, a multiple of 16 and at least 32, and added in order: one example need not wait for one chain. The
//! products for training have one. So on finite data every kernel that computes a layer gives the same bits, dense or
//! sparse, and so do all instruction sets that fuse (all but `portable` on targets without FMA).
#![no_std]
// Without packed weights nobody asks for a sparse product, or a tiled one.
#![cfg_attr(not(feature = "alloc"), allow(dead_code))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod activation;
mod arch;
mod csr;
mod generic;
mod isa;
mod kernels;
#[cfg(feature = "alloc")]
mod packed;
#[cfg(feature = "std")]
mod pool;
#[cfg(feature = "train")]
mod prototypes;
#[cfg(feature = "oracle")]
pub mod reference;
mod simd;
#[cfg(feature = "train")]
mod sparse_bytes;
#[cfg(feature = "alloc")]
mod sparse_input;
#[cfg(feature = "train")]
mod tall;
#[cfg(feature = "train")]
mod training;
mod view;

pub use activation::{Activation, UnknownActivation};
#[cfg(feature = "alloc")]
pub use csr::Csr;
pub use csr::{CsrError, CsrRef};
pub use isa::{Isa, IsaError};
pub use kernels::Kernels;
#[cfg(feature = "alloc")]
pub use packed::{
    Lanes, NonzeroInputs, PackError, PackedCsrByInput, PackedDense, PackedDenseByInput, PackedSpmm,
    PackedSpmv, PackedWindows,
};
#[cfg(feature = "std")]
pub use pool::Pool;
#[cfg(feature = "train")]
pub use prototypes::{Coverage, Overlap, PrototypeLosses, PrototypeNetworks};
#[cfg(feature = "train")]
pub use sparse_bytes::{SparseBytes, SparseColumns};
#[cfg(feature = "train")]
pub use tall::{ByteColumns, ChainStart, ColumnStep};
#[cfg(feature = "train")]
pub use training::{Adam, AdamState, Gradient, Momentum, Sgd};
pub use view::{Line, PANEL_LANES, Rows, RowsMut};
