//! Hand-vectorised f32 kernels for small dense and sparse networks.
#![no_std]
#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod activation;

pub use activation::{Activation, UnknownActivation};
