//! The published studies, through the public surface, on drawn digits.
#![cfg(feature = "std")]

mod low_capacity;
mod prototypes;
