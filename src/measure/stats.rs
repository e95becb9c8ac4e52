//! Medians, quantiles, and the bootstrap of a median.

use std::prelude::rust_2024::*;
use std::vec;

use crate::rng::Rng;

/// Resamples behind every interval: the 2.5 % quantile of 2,000 has 50 of them below it.
const RESAMPLES: usize = 2_000;

/// A median and its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The median observed.
    pub mid: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// The values in ascending order, as [`quantile`] wants them.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The value below which a share `q` of `sorted` lies: linear between neighbours (type 7 of Hyndman and
/// Fan, the default of R and NumPy). `q` is clamped to [0, 1]; NaN of an empty slice.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = q.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    between(below, above, position.fract())
}

/// The point a `share` of the way from `below` to `above`.
fn between(below: f64, above: f64, share: f64) -> f64 {
    below + (above - below) * share
}

/// The middle value, or the mean of the middle two; NaN of an empty slice.
pub fn median(values: &[f64]) -> f64 {
    quantile(&sorted(values), 0.5)
}

/// The percentile bootstrap of a median, for samples of one size.
///
/// A resample draws as many values as there are, with replacement, and takes their median. Which *rank*
/// that median has does not depend on the values. So the ranks are drawn once, and serve every sample of
/// that size: an interval then costs a sort, not 2,000 of them, and all intervals of a run share their
/// luck.
///
/// The interval holds as far as the values are independent. A disturbance that lasts for many rounds is
/// not, and makes it too narrow.
#[derive(Clone, Debug)]
pub struct MedianBootstrap {
    len: usize,
    /// Of each resample, the ranks of its two middle values (the same one twice, if their number is odd).
    middles: Vec<(usize, usize)>,
}

impl MedianBootstrap {
    /// Draws the resamples of `len` values.
    pub fn new(len: usize, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut drawn = vec![0; len];
        let resamples = if len == 0 { 0 } else { RESAMPLES };
        let middles = (0..resamples).map(|_| {
            drawn.fill(0);
            (0..len).for_each(|_| drawn[rng.below(len)] += 1);
            (rank_at(&drawn, (len - 1) / 2), rank_at(&drawn, len / 2))
        });
        Self { len, middles: middles.collect() }
    }

    /// The median of `values` and its 95 % interval; NaN if the bootstrap was drawn for none.
    ///
    /// # Panics
    /// If `values` are not as many as the bootstrap was drawn for.
    pub fn interval(&self, values: &[f64]) -> Interval {
        assert_eq!(values.len(), self.len, "a bootstrap drawn for another number of values");
        let values = sorted(values);
        let medians = self.middles.iter().map(|&(low, high)| between(values[low], values[high], 0.5));
        let medians = sorted(&medians.collect::<Vec<_>>());
        Interval { mid: quantile(&values, 0.5), lo: quantile(&medians, 0.025), hi: quantile(&medians, 0.975) }
    }
}

/// The mean of `values` and its 95 % interval by the percentile bootstrap (Efron, 1979): for values that are independent, as those
/// of different seeds are. NaN of an empty slice. With fewer than about 8 values it is too narrow.
pub fn mean_interval(values: &[f64], seed: u64) -> Interval {
    let mut rng = Rng::new(seed);
    let n = values.len() as f64;
    let mid = values.iter().sum::<f64>() / n;
    let mut resample = || (0..values.len()).map(|_| values[rng.below(values.len())]).sum::<f64>() / n;
    let means = sorted(&(0..RESAMPLES).map(|_| resample()).collect::<Vec<_>>());
    Interval { mid, lo: quantile(&means, 0.025), hi: quantile(&means, 0.975) }
}

/// The rank of the draw at `position`, when the draws stand in ascending order; `drawn[rank]` counts them.
fn rank_at(drawn: &[usize], position: usize) -> usize {
    let mut seen = 0;
    let reached = drawn.iter().position(|&count| {
        seen += count;
        seen > position
    });
    reached.expect("there are as many draws as ranks")
}
