//! The studies of published papers.

mod prototypes;
