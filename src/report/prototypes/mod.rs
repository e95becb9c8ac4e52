//! The prototype study as pictures and as a page.

mod figures;
mod page;
mod sections;

pub use page::{prototypes_figures, prototypes_html};
