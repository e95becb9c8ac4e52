//! The second headline: each side at its best, zeros of the input skipped where that is faster.

use std::vec::Vec;

use super::VariantName;
use super::lineup::DENSE_COPIES;
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

/// For each pruned network, named by its index and its sparsity; nothing where no variant skipped inputs. `entrants` are the
/// network and the variant of each of the first samples.
pub(super) fn best(
    samples: &Samples,
    entrants: &[(usize, VariantName)],
    cases: impl Iterator<Item = (usize, f64)>,
    batch: usize,
) -> Vec<Best> {
    let places = |wanted: &dyn Fn(usize, VariantName) -> bool| -> Vec<usize> {
        (0..entrants.len()).filter(|&i| wanted(entrants[i].0, entrants[i].1)).collect()
    };
    if places(&|_, variant| variant.skips_inputs()).is_empty() {
        return Vec::new();
    }
    let skipping = places(&|_, variant| variant == VariantName::DenseSparseInput);
    let dense = samples.fastest(&[&DENSE_COPIES[..], &skipping].concat());
    let of_case = |(case, sparsity)| {
        let pruned = samples.fastest(&[places(&|of, _| of == case), skipping.clone()].concat());
        Best {
            batch,
            sparsity,
            speedup: samples.ratio(dense, pruned),
            dense: entrants[dense].1,
            pruned: entrants[pruned].1,
        }
    };
    cases.map(of_case).collect()
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec;

    use super::*;

    /// The winners at each sparsity, and by how much, where each entrant took so many nanoseconds in each round.
    fn winners(entrants: &[(usize, VariantName)], ns: &[f64]) -> Vec<(f64, VariantName, VariantName, f64)> {
        let samples = ns.iter().map(|&ns| vec![ns; 3]).collect();
        let samples = Samples::new(vec![String::new(); ns.len()], samples, 0);
        let found = best(&samples, entrants, [(1, 0.5), (2, 0.9)].into_iter(), 4);
        assert!(found.iter().all(|best| best.batch == 4));
        found.iter().map(|best| (best.sparsity, best.dense, best.pruned, best.speedup.mid)).collect()
    }

    const ENTRANTS: [(usize, VariantName); 7] = [
        (0, VariantName::Dense),
        (0, VariantName::Dense),
        (0, VariantName::DenseSparseInput),
        (1, VariantName::Csr),
        (1, VariantName::CsrSparseInput),
        (2, VariantName::Masked),
        (2, VariantName::Auto),
    ];

    #[test]
    fn each_side_is_its_fastest() {
        use VariantName::{Auto, CsrSparseInput, Dense, DenseSparseInput};
        // The sample after the entrants' is of a limit, and no rival.
        assert_eq!(
            winners(&ENTRANTS, &[40.0, 30.0, 60.0, 50.0, 20.0, 8.0, 6.0, 1.0]),
            [(0.5, Dense, CsrSparseInput, 1.5), (0.9, Dense, Auto, 5.0)]
        );
        // Skipping inputs is open to the pruned network too.
        assert_eq!(
            winners(&ENTRANTS, &[40.0, 30.0, 12.0, 50.0, 20.0, 8.0, 6.0, 1.0]),
            [(0.5, DenseSparseInput, DenseSparseInput, 1.0), (0.9, DenseSparseInput, Auto, 2.0)]
        );
        // The dense network as it was is no way to run a pruned one.
        assert_eq!(
            winners(&ENTRANTS, &[10.0, 30.0, 60.0, 50.0, 20.0, 80.0, 90.0, 1.0]),
            [(0.5, Dense, CsrSparseInput, 0.5), (0.9, Dense, DenseSparseInput, 10.0 / 60.0)]
        );
    }

    #[test]
    fn where_no_input_is_skipped_there_is_nothing_to_say() {
        let entrants = [(0, VariantName::Dense), (0, VariantName::Dense), (1, VariantName::Csr)];
        assert_eq!(winners(&entrants, &[3.0, 2.0, 1.0]), []);
    }
}
