//! The prototype study as tables, as pictures and as a page.

mod answer;
mod figures;
mod page;
mod sections;
mod tables;

pub use page::{prototypes_figures, prototypes_html};
pub use tables::{PrototypesReport, prototypes_tables};
