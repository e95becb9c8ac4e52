//! The parts of a page about a study: claims with verdicts, and sections that answer first.

mod claims;
mod page;

pub use claims::{claims_grid, claims_reasons, claims_records};
pub(crate) use claims::{range, verdict_html};
pub(crate) use page::{Block, Page, Section};
