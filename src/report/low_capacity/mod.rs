//! The low-capacity study as data, as tables and as a page.

mod data;
mod tables;

pub use data::*;
pub use tables::low_capacity_tables;
