//! Which weights go: one choice for all who prune.

use super::{Criterion, PruneError, PruneOptions, Scope};
use crate::rng::{Rng, Stream};
use std::{vec, vec::Vec};

/// For each of `layers` (its weights in any order), which weights stay: `round(sparsity * n)` of n go, in each layer or, with
/// [`Scope::Global`], in all together.
///
/// Of equally large weights those that come first go, and what is zero already goes before anything else; a NaN stays. So a
/// higher sparsity denies all that a lower one did, as long as no weight is trained in between, or pruned ones stay zero.
///
/// # Errors
/// [`PruneError::Sparsity`] unless `sparsity` is in [0, 1).
pub fn masks(layers: &[&[f32]], sparsity: f64, options: &PruneOptions) -> Result<Vec<Vec<bool>>, PruneError> {
    if !(0.0..1.0).contains(&sparsity) {
        return Err(PruneError::Sparsity(sparsity));
    }
    let mut rng = Rng::stream(options.seed, Stream::Choice);
    let mut worth = |weight: f32| match options.criterion {
        // The bits of floats without sign are in the order of the floats, NaN last.
        Criterion::Magnitude => weight.abs().to_bits(),
        Criterion::Random => (rng.bits() >> 32) as u32,
    };
    let worths = layers.iter().map(|layer| layer.iter().map(|weight| worth(*weight)).collect());
    let worths: Vec<Vec<u32>> = worths.collect();
    Ok(match options.scope {
        Scope::PerLayer => worths.iter().map(|worths| keep_all_but(sparsity, worths)).collect(),
        Scope::Global => {
            let mut all = &keep_all_but(sparsity, &worths.concat())[..];
            let layer = |worths: &Vec<u32>| {
                let (layer, rest) = all.split_at(worths.len());
                all = rest;
                layer.to_vec()
            };
            worths.iter().map(layer).collect()
        }
    })
}

/// All but the least worth.
fn keep_all_but(sparsity: f64, worths: &[u32]) -> Vec<bool> {
    let goes = (sparsity * worths.len() as f64).round() as usize;
    let mut keep = vec![true; worths.len()];
    let mut order: Vec<usize> = (0..worths.len()).collect();
    if goes < order.len() {
        order.select_nth_unstable_by_key(goes, |&index| (worths[index], index));
    }
    order[..goes].iter().for_each(|&index| keep[index] = false);
    keep
}
