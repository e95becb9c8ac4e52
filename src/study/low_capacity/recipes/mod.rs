//! What it takes to keep F1 when 95 % of the weights really go.
//!
//! The study prunes a network that has hardly converged, each layer by itself, at once, and leaves it at that. Each of these can be
//! changed: see [`Recipe`]. Every pruned network is compared with a dense one given the same updates, by the same examples.

mod cell;
mod recipe;

pub use cell::{Cell, Trained};
pub use recipe::{BATCH, Choice, Recipe, Repair, Training};
