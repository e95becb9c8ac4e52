//! Low-capacity networks (arXiv 2507.16278): how small can a network be for a binary digit task, how far can it be pruned, and
//! what does extra capacity buy?

mod task;

pub use task::{Pair, Task};
