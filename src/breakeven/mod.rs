//! From which sparsity on sparse weights are faster than dense ones: for single layers, by shape and batch size.
//!
//! A layer of random weights is pruned to one sparsity after another, to exactly as many weights, and timed against the same
//! layer dense: both sides in their fastest form, which was chosen beforehand, in the same interleaved rounds, after the
//! outputs were found right. Sparsities asked for come first, then those that a bisection of the break-even wants. Rows go
//! in and rows come out, as in a network of one layer.

mod contest;
mod search;
mod shape;

use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use prunella_kernels::{Activation, Isa, Pool};

use crate::benchmark::{BATCH_MAX, BenchmarkError, OfLimit};
use crate::engine::Plan;
use crate::measure::{self, Interval};
use contest::Contest;

pub use search::{BreakEven, break_even, next};
pub use shape::{Shape, ShapeError};

/// The least sparsity that is tried: with fewer zeros a layer does not count as [pruned](crate::model::Layer::is_pruned).
pub const SPARSITY_MIN: f64 = 0.02;

/// How closely a break-even is looked for.
pub const RESOLUTION: f64 = 0.01;

/// What to compare, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The instruction set of the kernels.
    pub isa: Isa,
    /// The layers.
    pub shapes: Vec<Shape>,
    /// Examples per call, each from 1 to [`BATCH_MAX`].
    pub batches: Vec<usize>,
    /// Sparsities to measure whatever the break-even, each from [`SPARSITY_MIN`] to below 1.
    pub sparsities: Vec<f64>,
    /// What the layers end with.
    pub activation: Activation,
    /// Threads for large batches, and for checking.
    pub pool: Arc<Pool>,
    /// Decides weights and inputs.
    pub seed: u64,
    /// How the rounds of one comparison are run. Where they would take longer than its budget there are fewer, but five.
    pub timing: measure::Plan,
}

/// One side of a comparison.
#[derive(Clone, Debug)]
pub struct Side {
    /// Nanoseconds per call: the median over the rounds.
    pub median_ns: f64,
    /// The form that was fastest.
    pub plan: Plan,
    /// The time against what the machine allows; known for one thread.
    pub limit: Option<OfLimit>,
}

/// The comparison at one sparsity.
#[derive(Clone, Debug)]
pub struct Point {
    /// The share of weights removed.
    pub sparsity: f64,
    /// Weights left.
    pub nnz: usize,
    /// The layer before pruning.
    pub dense: Side,
    /// The pruned layer, its weights stored sparse.
    pub sparse: Side,
    /// How many times as fast the sparse side is: the median of the ratios within a round, with its 95 % interval.
    pub speedup: Interval,
    /// Rounds it took.
    pub rounds: usize,
    /// The largest difference from the f64 oracle, relative to the largest |output|.
    pub max_abs_diff: f64,
    /// The share of the rounds' time that was waiting for a core; see
    /// [`Samples::waiting_share`](crate::measure::Samples::waiting_share).
    pub waiting_share: Option<f64>,
}

/// All sparsities of one shape and batch size.
#[derive(Clone, Debug)]
pub struct Curve {
    /// The layer.
    pub shape: Shape,
    /// Examples per call.
    pub batch: usize,
    /// From where on sparse is faster.
    pub break_even: BreakEven,
    /// What was measured, by sparsity.
    pub points: Vec<Point>,
}

/// How far the work has come: at `curve` of `curves`, with `points` measured of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The layer.
    pub shape: Shape,
    /// Examples per call.
    pub batch: usize,
    /// Curves done.
    pub curve: usize,
    /// Curves to do.
    pub curves: usize,
    /// Points of this curve done.
    pub points: usize,
}

/// Finds the break-even of every shape at every batch size.
///
/// # Errors
/// No shape or batch size, one out of range, or a sparsity out of range; weights that cannot be packed; or outputs that are
/// wrong, for which there is no result.
pub fn breakeven(settings: &Settings, progress: &mut dyn FnMut(Step)) -> Result<Vec<Curve>, BenchmarkError> {
    if settings.shapes.is_empty() || settings.shapes.iter().any(|shape| shape.fan_in.min(shape.fan_out) == 0)
    {
        return Err(BenchmarkError::Input(
            "there must be a shape, each of at least one input and one output",
        ));
    }
    if settings.batches.is_empty() || settings.batches.iter().any(|batch| !(1..=BATCH_MAX).contains(batch)) {
        return Err(BenchmarkError::Input("there must be a batch size, each from 1 to 65536"));
    }
    if settings.sparsities.iter().any(|sparsity| !(SPARSITY_MIN..1.0).contains(sparsity)) {
        return Err(BenchmarkError::Input("sparsities must be at least 0.02 and below 1"));
    }
    let mut curves = vec![];
    let total = settings.shapes.len() * settings.batches.len();
    for &shape in &settings.shapes {
        let layer = contest::layer(shape, settings);
        for &batch in &settings.batches {
            let mut contest = Contest::new(&layer, batch, settings)?;
            let done = curves.len();
            let points = curve(&mut contest, settings, &mut |points| {
                progress(Step { shape, batch, curve: done, curves: total, points });
            })?;
            curves.push(Curve { shape, batch, break_even: break_even(speedups(&points)), points });
        }
    }
    Ok(curves)
}

/// The points asked for, then those that narrow the break-even down; by sparsity.
fn curve(
    contest: &mut Contest<'_>,
    settings: &Settings,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Point>, BenchmarkError> {
    let mut points: Vec<Point> = vec![];
    let asked = settings.sparsities.iter().copied().filter(|sparsity| *sparsity != SPARSITY_MIN);
    let mut wanted: Vec<f64> = [SPARSITY_MIN].into_iter().chain(asked).collect();
    while let Some(sparsity) = wanted.pop().or_else(|| next(speedups(&points), RESOLUTION)) {
        progress(points.len());
        points.push(contest.compare(sparsity)?);
    }
    points.sort_by(|a, b| a.sparsity.total_cmp(&b.sparsity));
    Ok(points)
}

fn speedups(points: &[Point]) -> impl Iterator<Item = (f64, Interval)> {
    points.iter().map(|point| (point.sparsity, point.speedup))
}
