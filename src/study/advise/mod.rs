//! Which network to take: the most accurate within a time, or the fastest above an accuracy, on this machine, whatever its
//! structure.
//!
//! A network's time depends on its structure and sparsity, hardly on what its weights have learnt. So all candidates are timed
//! first, with random weights; of those that are fast enough, the promising ones are trained for a moment; the best of these are
//! trained in earnest, found right, and measured in the same rounds. Accuracies that decide anything are of examples held back from
//! the training set; the test set is looked at once, at the end. Skipping zeros of the input is left out: the time is the same for
//! any input.

mod goal;
mod search;

pub use goal::{Goal, Margin, Measured, Unmet};
pub use search::{Advice, AdviseError, Named, Settings, Step, advise};
