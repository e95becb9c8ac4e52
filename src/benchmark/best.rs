//! The second headline: each side at its best, zeros of the input skipped where that is faster.

use std::vec::Vec;

use super::VariantName;
use super::lineup::DENSE_COPIES;
use super::subject::Contestant;
use crate::measure::{Interval, Samples};

/// The network before pruning against a pruned one, both in whatever variant was fastest, skipping allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// Examples per call.
    pub batch: usize,
    /// The share of weights the pruned network was pruned to.
    pub sparsity: f64,
    /// How many times the best dense time the best pruned one goes into. As each side is chosen in the rounds it is measured in,
    /// both are flattered by what noise is worth.
    pub speedup: Interval,
    /// The variant that was fastest before pruning.
    pub dense: VariantName,
    /// The variant that was fastest after it. `dense-sparse-input` takes the same time with the pruned weights.
    pub pruned: VariantName,
}

/// For each pruned network, named by its index and its sparsity; nothing where no variant skipped inputs.
pub(super) fn best(
    samples: &Samples,
    contestants: &[Contestant],
    cases: impl Iterator<Item = (usize, f64)>,
    batch: usize,
) -> Vec<Best> {
    let places = |wanted: &dyn Fn(&Contestant) -> bool| -> Vec<usize> {
        (0..contestants.len()).filter(|&i| wanted(&contestants[i])).collect()
    };
    if places(&|c| c.variant.skips_inputs()).is_empty() {
        return Vec::new();
    }
    let skipping = places(&|c| c.variant == VariantName::DenseSparseInput);
    let dense = samples.fastest(&[&DENSE_COPIES[..], &skipping].concat());
    let of_case = |(case, sparsity)| {
        let pruned = samples.fastest(&[places(&|c| c.case == case), skipping.clone()].concat());
        Best {
            batch,
            sparsity,
            speedup: samples.ratio(dense, pruned),
            dense: contestants[dense].variant,
            pruned: contestants[pruned].variant,
        }
    };
    cases.map(of_case).collect()
}
