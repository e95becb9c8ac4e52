//! The low-capacity study as data, as tables and as a page.

mod answer;
mod contest;
mod data;
mod interpretability;
mod page;
mod pareto;
mod pictures;
mod pruning;
mod published;
mod recipes;
mod spreads;
mod tables;

pub use data::*;
pub use page::{low_capacity_figures, low_capacity_html};
pub use tables::low_capacity_tables;
