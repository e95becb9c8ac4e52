//! Published studies, reproduced on this crate's parts: what they did, what holds of it, and what they left open.

pub mod advise;
mod claim;
pub mod jobs;
pub mod low_capacity;
pub mod pareto;
pub mod prototypes;
pub mod statistics;
pub mod tsne;

pub use claim::{Claim, Verdict};
