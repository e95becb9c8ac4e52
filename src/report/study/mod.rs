//! The parts of a page about a study: claims with verdicts, and sections that answer first.

mod claims;

pub use claims::{claims_grid, claims_reasons, claims_records};
