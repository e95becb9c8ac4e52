//! The published studies, through the public surface, on drawn digits; their statistics against numbers worked out by hand.
#![cfg(feature = "std")]

mod agreement;
mod claims;
mod interpretability;
mod low_capacity;
mod prototypes;
mod recipes;
mod statistics;
mod verdicts;
