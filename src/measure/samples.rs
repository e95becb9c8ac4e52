//! What the rounds gave, and what can be said of it.

use std::prelude::rust_2024::*;

use super::stats::{Interval, MedianBootstrap, median, quantile, sorted};

/// The samples of a run: nanoseconds per call, of each subject in each round.
///
/// Subjects go by their index in the slice that was measured; an index out of it panics, as it does there.
#[derive(Clone, Debug)]
pub struct Samples {
    names: Vec<String>,
    /// `[subject][round]`
    ns: Vec<Vec<f64>>,
    bootstrap: MedianBootstrap,
    waiting_share: Option<f64>,
}

/// One subject's samples in short; nanoseconds per call.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Median over the rounds.
    pub median_ns: f64,
    /// Lower end of the median's 95 % bootstrap interval.
    pub median_ns_lo: f64,
    /// Upper end of it.
    pub median_ns_hi: f64,
    /// Nine samples in ten are below. A sample is the mean of its calls: see [`Plan`](super::Plan).
    pub p90_ns: f64,
    /// 99 samples in a hundred are below.
    pub p99_ns: f64,
    /// Every sample, in the order of the rounds.
    pub samples_ns: Vec<f64>,
}

impl Samples {
    /// Every subject has as many samples as there were rounds.
    pub(crate) fn new(names: Vec<String>, ns: Vec<Vec<f64>>, seed: u64) -> Self {
        let rounds = ns.first().map_or(0, Vec::len);
        Self { names, ns, bootstrap: MedianBootstrap::new(rounds, seed), waiting_share: None }
    }

    pub(super) fn waited(self, waiting_share: Option<f64>) -> Self {
        Self { waiting_share, ..self }
    }

    /// The share of the rounds' time that the measuring thread waited for a core while something else ran there; `None` where
    /// the system does not tell (all but Linux). Samples do not count it. But what ran there left its own data in the caches,
    /// and with more than one thread the others' waits are counted: beyond a few percent, distrust small differences.
    pub fn waiting_share(&self) -> Option<f64> {
        self.waiting_share
    }

    /// Name of a subject.
    pub fn name(&self, subject: usize) -> &str {
        &self.names[subject]
    }

    /// Median, its interval, and the upper quantiles of a subject.
    pub fn summary(&self, subject: usize) -> Summary {
        let samples_ns = self.ns[subject].clone();
        let ascending = sorted(&samples_ns);
        let Interval { mid, lo, hi } = self.bootstrap.interval(&samples_ns);
        Summary {
            median_ns: mid,
            median_ns_lo: lo,
            median_ns_hi: hi,
            p90_ns: quantile(&ascending, 0.90),
            p99_ns: quantile(&ascending, 0.99),
            samples_ns,
        }
    }

    /// How many times the time of `denominator` a call of `numerator` takes: the median of the ratios within
    /// each round, with its 95 % bootstrap interval. What slows a whole round down cancels in its ratio.
    ///
    /// The speedup of `x` over `baseline` is `ratio(baseline, x)`. Between two subjects that run
    /// independently packed copies of the same variant, it is the *noise floor*: it would be 1 but for noise
    /// and the luck of a memory layout, and a speedup inside its interval is none.
    pub fn ratio(&self, numerator: usize, denominator: usize) -> Interval {
        let pairs = self.ns[numerator].iter().zip(&self.ns[denominator]);
        self.bootstrap
            .interval(&pairs.map(|(numerator, denominator)| numerator / denominator).collect::<Vec<_>>())
    }

    /// The one of `subjects` with the smallest median; of equals, the first.
    ///
    /// # Panics
    /// If `subjects` is empty.
    pub fn fastest(&self, subjects: &[usize]) -> usize {
        let medians = subjects.iter().map(|&subject| (subject, median(&self.ns[subject])));
        medians.min_by(|a, b| a.1.total_cmp(&b.1)).expect("at least one subject to choose from").0
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    fn samples(ns: Vec<Vec<f64>>) -> Samples {
        Samples::new(ns.iter().map(|_| String::new()).collect(), ns, 1)
    }

    #[test]
    fn a_disturbance_of_the_whole_round_cancels_in_the_ratio() {
        let slow: Vec<f64> = (0..40).map(|round| 300.0 * f64::from(1 + round % 7)).collect();
        let quick = slow.iter().map(|ns| ns / 4.0).collect();
        let samples = samples(vec![slow, quick]);
        assert_eq!(samples.ratio(0, 1), Interval { mid: 4.0, lo: 4.0, hi: 4.0 });
        assert_eq!(samples.ratio(1, 0), Interval { mid: 0.25, lo: 0.25, hi: 0.25 });
    }

    #[test]
    fn the_ratio_pairs_samples_of_one_round() {
        // Ratios 0.25, 2, 1.5; the ratio of the medians would be 1.
        let samples = samples(vec![vec![1.0, 2.0, 3.0], vec![4.0, 1.0, 2.0]]);
        assert_eq!(samples.ratio(0, 1), Interval { mid: 1.5, lo: 0.25, hi: 2.0 });
    }

    #[test]
    fn the_summary_describes_one_subject() {
        let descending: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        let summary = samples(vec![vec![0.0; 101], descending.clone()]).summary(1);
        assert_eq!((summary.median_ns, summary.p90_ns, summary.p99_ns), (50.0, 90.0, 99.0));
        // Ranks of the median of 101: 50 -+ 1.96 * sqrt(101) / 2, give or take a resample.
        assert!((39.0..=42.0).contains(&summary.median_ns_lo), "{}", summary.median_ns_lo);
        assert!((58.0..=61.0).contains(&summary.median_ns_hi), "{}", summary.median_ns_hi);
        assert_eq!(summary.samples_ns, descending, "in the order of the rounds");
    }

    #[test]
    fn the_fastest_has_the_least_median_and_comes_first() {
        let samples = samples(vec![
            vec![1.0, 9.0, 9.0],
            vec![5.0, 5.0, 5.0],
            vec![2.0, 4.0, 99.0],
            vec![4.0, 4.0, 4.0],
        ]);
        assert_eq!(samples.fastest(&[0, 1, 2, 3]), 2);
        assert_eq!(samples.fastest(&[3, 2, 0]), 3);
        assert_eq!(samples.fastest(&[0]), 0);
    }
}
