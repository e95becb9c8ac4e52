//! The studies: their statistics against numbers worked out by hand, their parts on drawn digits.
#![cfg(feature = "std")]

mod interpretability;
mod recipes;
mod statistics;
