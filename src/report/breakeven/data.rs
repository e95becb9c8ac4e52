//! The results of `prunella breakeven`. The field names are a public schema: fields may be added, never renamed.

use super::super::data::Schema;
use super::super::result::LimitInfo;
use crate::measure::Environment;
use serde::{Deserialize, Serialize};
use std::{string::String, vec::Vec};

/// What `prunella breakeven` found.
#[derive(Clone, Debug, Serialize)]
pub struct BreakevenReport {
    /// [`Schema::Breakeven`].
    pub schema: Schema,
    /// The command line that made this.
    pub command: String,
    /// The seed of everything random.
    pub seed: u64,
    /// The machine, the compiler and the build.
    pub environment: Environment,
    /// What was asked for.
    pub settings: BreakevenSettings,
    /// One row per shape and batch size.
    pub results: Vec<CurveRow>,
    /// What else a reader must know, in sentences.
    pub notes: Vec<String>,
}

/// What was to be compared.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BreakevenSettings {
    /// The layers, as `784x64`: inputs x outputs.
    pub shapes: Vec<String>,
    /// Examples per call.
    pub batches: Vec<usize>,
    /// The sparsities measured whatever the break-even.
    pub sparsities: Vec<f64>,
    /// What the layers end with.
    pub activation: String,
    /// How closely the break-even was looked for.
    pub resolution: f64,
}

/// One layer at one batch size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CurveRow {
    /// Inputs.
    pub fan_in: usize,
    /// Outputs.
    pub fan_out: usize,
    /// Examples per call.
    pub batch: usize,
    /// From where on sparse is faster.
    pub break_even: BreakEvenRow,
    /// Everything measured, by sparsity.
    pub points: Vec<PointRow>,
}

/// The sparsity from which on sparse weights are faster: between `lo` and `hi`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct BreakEvenRow {
    /// Whether there is one.
    pub verdict: BreakEvenVerdict,
    /// Up to here dense was faster; 0 if it nowhere was.
    pub lo: f64,
    /// From here on sparse was faster; 1 if it nowhere was.
    pub hi: f64,
}

/// Whether there is a break-even among the sparsities tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BreakEvenVerdict {
    /// There is.
    Between,
    /// Sparse won at all of them.
    Below,
    /// Dense won at all of them.
    Above,
}

/// The comparison at one sparsity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PointRow {
    /// The share of weights removed, 0 to 1.
    pub sparsity: f64,
    /// Weights left.
    pub nnz: usize,
    /// The layer before pruning.
    pub dense: SideRow,
    /// The pruned layer, stored sparse.
    pub sparse: SideRow,
    /// How many times as fast sparse is.
    pub speedup: f64,
    /// Lower end of the speedup's 95 % interval.
    pub speedup_lo: f64,
    /// Upper end of the speedup's 95 % interval.
    pub speedup_hi: f64,
    /// Rounds of the comparison.
    pub rounds: usize,
    /// Largest difference from the f64 oracle, relative to the largest |output|.
    pub max_abs_diff: f64,
}

/// One side of a comparison.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SideRow {
    /// Median of the samples: the time of one call on the whole batch.
    pub median_ns: f64,
    /// The form that was fastest, as `many/csr:272`.
    pub plan: String,
    /// The time against what the machine allows.
    #[serde(flatten)]
    pub limit: LimitInfo,
}
