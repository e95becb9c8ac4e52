//! What pruning is worth: the variants of a network, verified against the oracle and then timed in interleaved rounds.
//!
//! For each batch size, all at once: the dense network twice, packed independently (their ratio is the noise floor, the faster
//! of them the baseline), every pruned network in every variant, and a kernel that runs at the machine's peak. A speedup is the
//! median of the per-round ratios to the baseline.

mod best;
mod subject;
mod variant;
mod verify;

use std::fmt;
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use prunella_kernels::{Isa, Kernels, Pool};

use crate::engine::{self, BatchClass, CompileError, Engine, LayerInfo, Options, Variant, auto_plan};
use crate::measure::{self, Interval, Subject, Summary};
use crate::model::Model;
pub use best::Best;
use subject::{Contestant, Rotation};
pub use variant::{UnknownVariant, VariantName};
use verify::{Checked, Oracle};
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
        let mut contestants = line_up(&cases, &rotation, settings)?;
        let mut checked = vec![];
        for contestant in &mut contestants {
            checked.push(
                oracles[contestant.case].check(contestant, rows, batch).map_err(BenchmarkError::Wrong)?,
            );
        }
        verify::same_bits(&contestants, &checked, batch).map_err(BenchmarkError::Wrong)?;
        let rounds = time(&mut contestants, &checked, &rotation, settings, progress)?;
        rounds.report(&cases, &contestants, &checked, &mut outcome);
    }
    Ok(outcome)
}

/// Where the two copies of the dense network stand in the line-up.
const DENSE_COPIES: [usize; 2] = [0, 1];

/// Every variant of every case, compiled for one batch size; the dense network first, and twice.
fn line_up(
    cases: &[Case<'_>],
    rotation: &Rotation,
    settings: &Settings,
) -> Result<Vec<Contestant>, BenchmarkError> {
    let batch = rotation.batch();
    let class = BatchClass::of(batch);
    let mut contestants = vec![];
    for _ in DENSE_COPIES {
        let engine = compile(cases[0].model, Variant::Dense, class, settings)?;
        contestants.push(Contestant::new(0, VariantName::Dense, engine, batch));
    }
    if settings.variants.contains(&VariantName::DenseSparseInput) {
        let plan = engine::Plan::dense(cases[0].model, class).skipping_inputs();
        let engine = compile(cases[0].model, Variant::Planned(plan), class, settings)?;
        contestants.push(Contestant::new(0, VariantName::DenseSparseInput, engine, batch));
    }
    for (i, case) in cases.iter().enumerate().skip(1) {
        for &name in settings.variants.iter().filter(|&&v| is_for_pruned(v, class)) {
            let variant = match (name, &settings.plan) {
                (VariantName::CsrSparseInput, _) => {
                    Variant::Planned(engine::Plan::csr(case.model, class, settings.isa).skipping_inputs())
                }
                (VariantName::Csr, _) => Variant::Csr,
                (VariantName::Auto, Some(plan)) if plan.class == class => Variant::Planned(plan.clone()),
                (VariantName::Auto, _) => {
                    Variant::Planned(auto_plan(case.model, settings.isa, rotation.batch_at(0))?)
                }
                _ => Variant::Dense,
            };
            let engine = compile(case.model, variant, class, settings)?;
            contestants.push(Contestant::new(i, name, engine, batch));
        }
    }
    Ok(contestants)
}

/// Whether a variant is a way to run a pruned network, in batches of a class.
fn is_for_pruned(variant: VariantName, class: BatchClass) -> bool {
    match variant {
        VariantName::Dense | VariantName::DenseSparseInput => false,
        VariantName::CsrSparseInput => class != BatchClass::Many,
        VariantName::Masked | VariantName::Csr | VariantName::Auto => true,
    }
}

fn compile(
    model: &Model,
    variant: Variant,
    class: BatchClass,
    settings: &Settings,
) -> Result<Engine, CompileError> {
    let engine = Engine::compile(model, &Options { isa: settings.isa, class, variant })?;
    Ok(engine.with_pool(settings.pool.clone()))
}

/// What the rounds of one batch size gave.
struct Rounds {
    batch: usize,
    samples: measure::Samples,
    /// Operations of one call of the subject at the peak, which is the last.
    peak_flops: u64,
}

/// Steps of the peak kernel: some tens of microseconds.
const PEAK_STEPS: usize = 8_192;

/// Times the contestants and the machine's peak in the same rounds, and looks at the outputs again afterwards.
fn time(
    contestants: &mut [Contestant],
    checked: &[Checked],
    rotation: &Rotation,
    settings: &Settings,
    progress: &mut dyn FnMut(Step),
) -> Result<Rounds, BenchmarkError> {
    let kernels = Kernels::new(settings.isa);
    let mut peak_flops = 0;
    let mut subjects: Vec<Subject<'_>> = contestants.iter_mut().map(|c| c.subject(rotation)).collect();
    subjects.push(Subject::new("peak", |_| peak_flops = kernels.fma_peak(PEAK_STEPS)));
    let batch = rotation.batch();
    let samples = measure::measure(&mut subjects, &settings.timing, &mut |done, total| {
        progress(Step::Time { batch, done, total });
    });
    drop(subjects);
    for (contestant, checked) in contestants.iter().zip(checked) {
        checked.still_right(contestant, rotation).map_err(BenchmarkError::Wrong)?;
    }
    Ok(Rounds { batch, samples, peak_flops })
}

impl Rounds {
    /// What the place in memory is worth: the two copies against each other, and the medians of all other contestants that
    /// do the same dense work. At batch 1 copies of one network in 0.8 MB differ by some percent from run to run, and two
    /// of them seldom show it.
    fn noise_floor(&self, contestants: &[Contestant]) -> NoiseFloor {
        let copies = self.samples.ratio(DENSE_COPIES[0], DENSE_COPIES[1]);
        let is_masked = |&i: &usize| contestants[i].variant == VariantName::Masked;
        let masked =
            (0..contestants.len()).filter(is_masked).map(|i| self.samples.ratio(DENSE_COPIES[0], i).mid);
        let hi = masked.chain([copies.lo, copies.hi]).map(|ratio| ratio.max(1.0 / ratio)).fold(1.0, f64::max);
        NoiseFloor { batch: self.batch, lo: 1.0 / hi, hi }
    }

    fn report(
        &self,
        cases: &[Case<'_>],
        contestants: &[Contestant],
        checked: &[Checked],
        outcome: &mut Outcome,
    ) {
        // The baseline is the dense copy that had the luckier place in memory; what luck is worth is noise, either way.
        let baseline = self.samples.fastest(&DENSE_COPIES);
        outcome.noise_floors.push(self.noise_floor(contestants));
        let peak = self.peak_flops as f64 / self.samples.summary(contestants.len()).median_ns;
        outcome.peak_gflops = outcome.peak_gflops.max(peak);
        let shares = [outcome.waiting_share, self.samples.waiting_share()];
        outcome.waiting_share = shares.into_iter().flatten().reduce(f64::max);
        let pruned = cases.iter().map(|case| case.sparsity).enumerate().skip(1);
        outcome.best.extend(best::best(&self.samples, contestants, pruned, self.batch));
        let weights = cases[0].model.weights();
        for (i, (contestant, checked)) in contestants.iter().zip(checked).enumerate() {
            if DENSE_COPIES.contains(&i) && i != baseline {
                continue;
            }
            let case = cases[contestant.case];
            let summary = self.samples.summary(i);
            outcome.rows.push(Row {
                sparsity: case.sparsity,
                nnz: case.model.nnz(),
                batch: self.batch,
                variant: contestant.variant,
                speedup: self.samples.ratio(baseline, i),
                max_abs_diff: checked.max_abs_diff,
                agreement: checked.agreement,
                plan: contestant.engine.plan().clone(),
                layers: contestant.engine.layers().collect(),
                gflops: 2.0 * weights as f64 * self.batch as f64 / summary.median_ns,
                summary,
            });
        }
    }
}
