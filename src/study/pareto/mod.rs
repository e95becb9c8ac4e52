//! Accuracy against measured time: what each structure of pruning is worth beside its real rival, a smaller dense network.
//!
//! All networks of a [`Task`] are trained by one [`Recipe`] with the same number of updates: first dense, then fine-tuned while
//! weights go, gradually, from 0 to the sparsity; a dense one goes through the same with nothing to lose ([`train`]). Neurons that
//! went leave a smaller dense network. Then all are compiled, found right, and timed in the same interleaved rounds, each in the
//! form that was the fastest beforehand ([`time`]). Pruning wins only where it lies above the curve of the dense networks:
//! [`winners`].

mod candidate;
mod front;
mod jobs;
mod shelf;
mod timing;
mod training;

pub use candidate::{Candidate, Kind, Task};
pub use front::{Contender, Winner, front, luck, summary, winners, winners_ahead};
pub use jobs::jobs;
pub use shelf::Shelf;
pub use timing::{Care, Pareto, TaskNoise, Timing, time};
pub(crate) use timing::{Entrant, Rounds, measured};
pub use training::{Network, Recipe, TrainingError, train};

use std::string::String;

/// A network, what it gets right, and how long it takes at one batch size.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct Point {
    /// What it tells apart: `4-9`, or `0-9` for all classes.
    pub task: String,
    /// `dense`, `random` (single weights, by chance: the control), or the name of a
    /// [`Structure`](crate::prune::Structure).
    pub structure: String,
    /// Neurons of its hidden layer before pruning.
    pub hidden: usize,
    /// The share of units it was pruned to, 0 for a dense one.
    pub sparsity: f64,
    /// Weights that are not zero.
    pub nnz: usize,
    /// The share of test examples that it gets right.
    pub accuracy: f64,
    /// For two classes, the F1 score of class 1 on the test examples.
    pub f1: Option<f64>,
    /// Examples per call.
    pub batch: usize,
    /// Nanoseconds per call on one thread: the median over the rounds.
    pub median_ns: f64,
    /// Nine samples in ten are below.
    pub p90_ns: f64,
    /// How many times its time goes into that of the task's reference, the widest dense network that was pruned: the median of the
    /// ratios within a round.
    pub speedup: f64,
    /// Lower end of the speedup's 95 % interval.
    pub speedup_lo: f64,
    /// Upper end of it.
    pub speedup_hi: f64,
    /// The form of each layer that was fastest.
    pub plan: String,
    /// The largest difference from the f64 oracle, relative to the largest |output|.
    pub max_abs_diff: f64,
    /// Whether no other network of the task is as accurate and as fast, at this batch size.
    pub on_front: bool,
}
