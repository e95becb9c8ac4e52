//! The low-capacity study as data, as tables and as a page.

mod data;

pub use data::*;
