//! Low-capacity networks (arXiv 2507.16278): how small can a network be for a binary digit task, how far can it be pruned, and
//! what does extra capacity buy?
//!
//! The study is a list of [`jobs`], of which each yields [`Record`]s; so it can be interrupted, gone on with, and split among
//! machines.

mod comparison;
mod findings;
mod job;
mod record;
mod settings;
mod task;

pub use comparison::{Comparison, READING, Section};
pub use findings::Findings;
pub use job::{Context, Job, StudyError, jobs};
pub use record::*;
pub use settings::{Part, Settings};
pub use task::{Pair, Task};
