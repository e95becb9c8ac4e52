//! What pruning is worth: the variants of a network, verified against the oracle and then timed in interleaved rounds.
//!
//! For each batch size, all at once: the dense network twice, packed independently (their ratio is the noise floor, the faster
//! of them the baseline), every pruned network in every variant, and kernels that run at the machine's limits: its multiply-adds,
//! and reading as many bytes as the weights have. A speedup is the median of the per-round ratios to the baseline.

mod best;
mod breakdown;
mod limit;
mod lineup;
mod rounds;
mod subject;
mod variant;
mod verify;

use std::fmt;
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use prunella_kernels::{Isa, Pool};

use crate::engine::{self, CompileError, LayerInfo};
use crate::measure::{self, Interval, Summary};
use crate::model::Model;
pub use best::Best;
pub use breakdown::LayerBreakdown;
pub use limit::{Limit, OfLimit};
pub(crate) use limit::{Probes, Work};
pub(crate) use lineup::{compile, dense_plans, fastest};
pub use subject::random_rows;
pub(crate) use subject::{Contestant, Rotation};
pub use variant::{UnknownVariant, VariantName};
pub(crate) use verify::Oracle;
pub use verify::{Fault, Wrong};

/// The largest batch that can be measured: the inputs of a larger one would be no cache's, and soon no memory's.
pub const BATCH_MAX: usize = 65_536;

/// A pruned network.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The share of weights it was pruned to, of the layers that were pruned.
    pub sparsity: f64,
    /// It.
    pub model: &'a Model,
}

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The instruction set of the kernels.
    pub isa: Isa,
    /// Examples per call, each from 1 to [`BATCH_MAX`].
    pub batches: Vec<usize>,
    /// The dense network is always run: it is the baseline. Those that skip inputs are left out where the inputs are not
    /// [sparse](Outcome::inputs_are_sparse).
    pub variants: Vec<VariantName>,
    /// How the rounds are run.
    pub timing: measure::Plan,
    /// Threads for large batches, and for the oracle.
    pub pool: Arc<Pool>,
    /// What `auto` runs instead of choosing, at the batch sizes of the plan's class.
    pub plan: Option<engine::Plan>,
    /// Whether to find out, besides, where the time of each layer goes.
    pub breakdown: bool,
}

/// How far the work has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Computing what is right, in f64: networks done, of all.
    Oracle(usize, usize),
    /// Packing, choosing and verifying at a batch size.
    Verify {
        /// Examples per call.
        batch: usize,
    },
    /// Timing at a batch size: rounds done, of all.
    Time {
        /// Examples per call.
        batch: usize,
        /// Rounds done.
        done: usize,
        /// Rounds to do.
        total: usize,
    },
    /// Timing the parts of the layers at a batch size: variants done, of all.
    Breakdown {
        /// Examples per call.
        batch: usize,
        /// Variants done.
        done: usize,
        /// Variants to do.
        total: usize,
    },
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq)]
pub enum BenchmarkError {
    /// There are no whole examples, no batch size, or one out of range; or the networks' shapes differ.
    Input(&'static str),
    /// A network cannot be compiled.
    Compile(CompileError),
    /// A variant computed something wrong, before or after the timed rounds.
    Wrong(Wrong),
}

impl fmt::Display for BenchmarkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BenchmarkError::Input(what) => f.write_str(what),
            BenchmarkError::Compile(e) => e.fmt(f),
            BenchmarkError::Wrong(e) => e.fmt(f),
        }
    }
}

impl core::error::Error for BenchmarkError {}

impl From<CompileError> for BenchmarkError {
    fn from(error: CompileError) -> Self {
        BenchmarkError::Compile(error)
    }
}

impl From<Wrong> for BenchmarkError {
    fn from(wrong: Wrong) -> Self {
        BenchmarkError::Wrong(wrong)
    }
}

/// One variant at one batch size.
#[derive(Clone, Debug)]
pub struct Row {
    /// 0 for the dense network.
    pub sparsity: f64,
    /// Weights that are not zero.
    pub nnz: usize,
    /// Examples per call.
    pub batch: usize,
    /// The variant.
    pub variant: VariantName,
    /// Nanoseconds per call.
    pub summary: Summary,
    /// How many times the dense network's time it takes less.
    pub speedup: Interval,
    /// The largest difference from the oracle, relative to the largest |logit| of its batch.
    pub max_abs_diff: f64,
    /// The share of examples whose class is the oracle's.
    pub agreement: f64,
    /// The form of each layer.
    pub plan: engine::Plan,
    /// The kernel of each layer.
    pub layers: Vec<LayerInfo>,
    /// Billions of operations a second, counted as if no weight were zero.
    pub gflops: f64,
    /// The time against what the machine allows; known for one thread.
    pub limit: Option<OfLimit>,
    /// Where the time of each layer goes, if that was asked for.
    pub breakdown: Vec<LayerBreakdown>,
}

/// What luck is worth at one batch size: the dense network against an independently packed copy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseFloor {
    /// Examples per call.
    pub batch: usize,
    /// Lower end of the 95 % interval of their ratio, the smaller way round: at most 1.
    pub lo: f64,
    /// Upper end, the larger way round: at least 1.
    pub hi: f64,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// By batch size.
    pub noise_floors: Vec<NoiseFloor>,
    /// Billions of operations a second of one thread at the machine's peak: the median, of the batch size that saw most.
    pub peak_gflops: f64,
    /// The share of time that was waiting for a core, at the batch size that waited most; see
    /// [`Samples::waiting_share`](measure::Samples::waiting_share).
    pub waiting_share: Option<f64>,
    /// The share of the inputs that are not zero.
    pub input_density: f64,
    /// By batch size, then by pruned network; empty where no variant skips inputs.
    pub best: Vec<Best>,
    /// By batch size, then as the cases were given.
    pub rows: Vec<Row>,
}

impl Outcome {
    /// The widest noise floor of all batch sizes, lower end and upper end.
    pub fn noise_floor(&self) -> (f64, f64) {
        self.noise_floors.iter().fold((1.0, 1.0), |(lo, hi), floor| (lo.min(floor.lo), hi.max(floor.hi)))
    }

    /// Whether at least half of the inputs are zero: from there on, skipping them may pay.
    pub fn inputs_are_sparse(&self) -> bool {
        self.input_density <= 0.5
    }
}

/// Verifies, then times `dense` and its pruned versions on row-major examples `rows`: all are verified, and at least 1,024
/// are rotated through when timing.
///
/// # Errors
/// See [`BenchmarkError`]. Nothing is timed unless everything is right.
pub fn benchmark(
    dense: &Model,
    pruned: &[Case<'_>],
    rows: &[f32],
    settings: &Settings,
    progress: &mut dyn FnMut(Step),
) -> Result<Outcome, BenchmarkError> {
    if rows.is_empty() || !rows.len().is_multiple_of(dense.fan_in()) {
        return Err(BenchmarkError::Input(
            "the examples must be at least one whole row of the network's inputs",
        ));
    }
    if settings.batches.is_empty() || settings.batches.iter().any(|batch| !(1..=BATCH_MAX).contains(batch)) {
        return Err(BenchmarkError::Input("there must be a batch size, each from 1 to 65536"));
    }
    if pruned.iter().any(|case| case.model.sizes() != dense.sizes()) {
        return Err(BenchmarkError::Input("the pruned networks must have the dense network's shape"));
    }
    let cases: Vec<Case<'_>> =
        [Case { sparsity: 0.0, model: dense }].into_iter().chain(pruned.iter().copied()).collect();
    let mut oracles = vec![];
    for (done, case) in cases.iter().enumerate() {
        progress(Step::Oracle(done, cases.len()));
        oracles.push(Oracle::new(case.model, rows, &settings.pool));
    }
    let mut outcome = Outcome {
        noise_floors: vec![],
        peak_gflops: 0.0,
        waiting_share: None,
        input_density: rows.iter().filter(|x| **x != 0.0).count() as f64 / rows.len() as f64,
        best: vec![],
        rows: vec![],
    };
    let mut settings = settings.clone();
    settings.variants.retain(|variant| outcome.inputs_are_sparse() || !variant.skips_inputs());
    let settings = &settings;
    for &batch in &settings.batches {
        progress(Step::Verify { batch });
        let rotation = Rotation::new(rows, dense.fan_in(), batch);
        let mut contestants = lineup::line_up(&cases, &rotation, settings)?;
        let mut checked = vec![];
        for contestant in &mut contestants {
            checked.push(oracles[contestant.case].check(contestant, rows, batch)?);
        }
        verify::same_bits(&contestants, &checked, batch)?;
        let rounds = rounds::time(&mut contestants, &checked, &rotation, settings, progress)?;
        if settings.breakdown {
            breakdown::fill(&mut contestants, &cases, &rotation, settings, progress)?;
        }
        rounds.report(&cases, &contestants, &checked, &mut outcome);
    }
    Ok(outcome)
}
