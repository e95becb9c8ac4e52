//! Numbers of several seeds, as one.

use crate::measure::stats::mean_interval;

/// What several seeds gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// How many there are.
    pub seeds: usize,
    /// Their mean.
    pub mean: f64,
    /// Its 95 % interval: percentile bootstrap over seeds, too narrow with fewer than about 8.
    pub interval: [f64; 2],
    /// Their standard deviation (of a sample); 0 for one.
    pub sd: f64,
    /// The smallest and the largest.
    pub range: [f64; 2],
}

impl Spread {
    /// Of `values`, one for each seed; none of nothing.
    pub fn of(values: &[f64]) -> Option<Spread> {
        /// Any will do: the resamples of all spreads share their luck.
        const SEED: u64 = 1;
        if values.is_empty() {
            return None;
        }
        let bootstrap = mean_interval(values, SEED);
        let mean = bootstrap.mid;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let degrees = (values.len() - 1).max(1) as f64;
        let end = |pick: fn(f64, f64) -> f64| values.iter().copied().reduce(pick).unwrap_or(mean);
        Some(Spread {
            seeds: values.len(),
            mean,
            interval: [bootstrap.lo, bootstrap.hi],
            sd: (squares / degrees).sqrt(),
            range: [end(f64::min), end(f64::max)],
        })
    }
}
