//! Published studies, reproduced on this crate's parts: what they did, what holds of it, and what they left open.

mod claim;
pub mod jobs;
pub mod low_capacity;
pub mod prototypes;

pub use claim::{Claim, Verdict};
