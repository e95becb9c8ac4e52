//! The studies of published papers.

mod claims;
mod prototypes;
