//! The results of `prunella repro low-capacity`. The field names are a public schema: fields may be added, never renamed.

use super::super::data::{DatasetInfo, Schema};
use crate::measure::Environment;
use crate::study::Claim;
use crate::study::low_capacity::{Comparison, Findings, Settings};
use serde::Serialize;
use std::{string::String, vec::Vec};

/// What `prunella repro low-capacity` found.
#[derive(Clone, Debug, Serialize)]
pub struct LowCapacityReport {
    /// [`Schema::LowCapacity`].
    pub schema: Schema,
    /// The command line that made this.
    pub command: String,
    /// The machine, the compiler and the build.
    pub environment: Environment,
    /// The examples.
    pub dataset: DatasetInfo,
    /// What was asked for.
    pub settings: Settings,
    /// What the study says, tested.
    pub claims: Vec<Claim>,
    /// Published numbers beside measured ones.
    pub comparisons: Vec<Comparison>,
    /// All tables: `rates`, `capacity`, `pruning` and so on.
    #[serde(flatten)]
    pub findings: Findings,
    /// What else a reader must know, in sentences.
    pub notes: Vec<String>,
}
