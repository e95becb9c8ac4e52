//! Train small networks, prune them, and measure what the pruning is really worth on this machine.
//!
//! The modules follow the way of the data:
//! `idx` -> `dataset` -> `train` -> [`model`] -> `prune` -> [`engine`] -> `measure`, `benchmark`, `breakeven`, `study` -> `report`.
//!
//! Without default features the crate is `no_std` (with `alloc`): [`model`] and [`engine`] alone.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod engine;
pub mod model;

/// The kernels, whose types this crate's functions take and give: instruction sets, threads, activations.
pub use prunella_kernels as kernels;

#[cfg(feature = "std")]
pub mod benchmark;
#[cfg(feature = "std")]
pub mod breakeven;
#[cfg(feature = "std")]
pub mod dataset;
#[cfg(feature = "std")]
pub mod files;
#[cfg(feature = "std")]
pub mod idx;
#[cfg(feature = "std")]
pub mod measure;
#[cfg(feature = "std")]
pub mod metrics;
#[cfg(feature = "std")]
pub mod prune;
#[cfg(feature = "std")]
pub mod rng;
#[cfg(feature = "std")]
pub mod study;
#[cfg(feature = "std")]
pub mod synth;
#[cfg(feature = "std")]
pub mod train;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod report;

/// The examples of the README compile.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
