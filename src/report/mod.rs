//! Results as plain data, and the forms they take.
//!
//! Every report can be a table for a person, JSON or CSV for a program, or Markdown for a README ([`render`]); a run
//! can also be pictures ([`figures`]) and one self-contained page ([`html`]). Nothing here measures, prints, or writes
//! a file.

mod advise;
mod best;
mod breakdown;
mod breakeven;
mod conclusion;
mod data;
mod figures;
mod grid;
mod html;
mod low_capacity;
mod markup;
mod number;
mod pivot;
pub mod plot;
mod prototypes;
mod result;
mod run;
mod single;
mod study;
mod training;

pub use advise::{AdviseReport, AdviseRow};
pub use breakeven::*;
pub use data::*;
pub use figures::{Figure, figures};
pub use grid::{Grid, Summary};
pub use html::html;
pub use low_capacity::*;
pub use number::{format_count, format_ns, format_percent, format_speedup};
pub use prototypes::{PrototypesReport, prototypes_figures, prototypes_html, prototypes_tables};
pub use result::*;
pub use study::{claims_grid, claims_reasons, claims_records};
pub use training::{EpochRow, TrainReport, TrainingInfo, ValidationInfo, learning};

use serde::Serialize;
use std::string::String;

/// The textual forms of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// For a person at a terminal; at most 100 columns for the variants prunella has.
    Table,
    /// For programs: every field, under the schema named in it.
    Json,
    /// For spreadsheets: one line per result, RFC 4180.
    Csv,
    /// For a README: the same tables, in Markdown.
    #[value(name = "md")]
    Markdown,
}

/// What the rendered forms need to know of a report.
pub trait Report: Serialize {
    /// What a person should read: sentences and tables.
    fn summary(&self) -> Summary;

    /// The results as one flat table of unrounded values.
    fn records(&self) -> Grid;
}

/// Renders `report` as `format`, ending in a newline.
pub fn render<R: Report>(report: &R, format: Format) -> String {
    match format {
        Format::Table => report.summary().text(),
        Format::Json => json(report),
        Format::Csv => report.records().csv(),
        Format::Markdown => report.summary().markdown(),
    }
}

/// A report as indented JSON, ending in a newline. A number that is not finite becomes `null`.
pub fn json<R: Serialize>(report: &R) -> String {
    let mut text =
        serde_json::to_string_pretty(report).expect("reports hold no maps, the one thing that can fail");
    text.push('\n');
    text
}
