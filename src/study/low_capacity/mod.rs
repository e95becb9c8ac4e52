//! Low-capacity networks (arXiv 2507.16278): how small can a network be for a binary digit task, how far can it be pruned, and
//! what does extra capacity buy?
//!
//! The study is a list of [`jobs`], of which each yields [`Record`]s; so it can be interrupted, gone on with, and split among
//! machines.

mod claims;
mod comparison;
pub mod corruption;
mod figures;
mod findings;
pub mod interpretability;
mod job;
mod networks;
mod protocol;
pub mod pruning;
pub mod published;
pub mod recipes;
mod record;
pub mod saliency;
pub mod score;
mod settings;
mod spread;
mod task;

pub use claims::claims;
pub use comparison::{Comparison, READING, Section, comparisons};
pub use findings::Findings;
pub use job::{Context, Job, StudyError, jobs};
pub use networks::HARDEST;
pub use protocol::{INITIAL_STD, LEVELS, RATE, RATES, STEPS, Trained, WIDTHS, initial, train};
pub use record::*;
pub use settings::{Part, Settings};
pub use spread::Spread;
pub use task::{Pair, Task};
