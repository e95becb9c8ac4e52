//! Which weights go: one choice for all who prune.

use super::{Criterion, PruneError, PruneOptions, Scope, Structure};
use crate::rng::{Rng, Stream};
use std::{vec, vec::Vec};

/// For each of `layers` (its weights `[fan_out, fan_in]`, row-major, and its `fan_in`), which weights stay. How many go, in each
/// layer or, with [`Scope::Global`], in all together, is said at [`Structure`]; runs of `n:m` lie in a row, whatever the scope.
///
/// A unit of several weights is worth the mean of their magnitudes (the L1 norm of Li et al., "Pruning filters for efficient
/// ConvNets", 2017; the mean, so that a smaller unit at the edge is no worse). Of equally large units those that come first go,
/// and what is zero already goes before anything else; a NaN stays. So a higher sparsity denies all that a lower one did, as long
/// as no weight is trained in between, or pruned ones stay zero. A layer never loses its last unit, unless units are weights.
///
/// # Errors
/// [`PruneError::Sparsity`] unless `sparsity` is in [0, 1); [`PruneError::Structure`] if a size in its name is too small.
pub fn masks(
    layers: &[(&[f32], usize)],
    sparsity: f64,
    options: &PruneOptions,
) -> Result<Vec<Vec<bool>>, PruneError> {
    if !(0.0..1.0).contains(&sparsity) {
        return Err(PruneError::Sparsity(sparsity));
    }
    let structure = options.structure;
    if !structure.is_sound() {
        return Err(PruneError::Structure(structure));
    }
    let mut rng = Rng::stream(options.seed, Stream::Choice);
    let units: Vec<Vec<usize>> =
        layers.iter().map(|(weight, fan_in)| structure.units(weight.len(), *fan_in)).collect();
    let worths = layers.iter().zip(&units).map(|((weight, _), units)| match options.criterion {
        Criterion::Magnitude | Criterion::Contribution => magnitudes(weight, units),
        Criterion::Random => (0..count(units)).map(|_| (rng.bits() >> 32) as u32).collect(),
    });
    let worths: Vec<Vec<u32>> = worths.collect();
    let mut stays = match options.scope {
        Scope::Global if !matches!(structure, Structure::Nm { .. }) => {
            let mut all =
                &keep_all_but(goes(sparsity, worths.iter().map(Vec::len).sum()), &worths.concat())[..];
            let layer = |worths: &Vec<u32>| {
                let (layer, rest) = all.split_at(worths.len());
                all = rest;
                layer.to_vec()
            };
            worths.iter().map(layer).collect()
        }
        _ => {
            let of_layer = |(worths, (_, fan_in)): (&Vec<u32>, &(&[f32], usize))| {
                in_runs(sparsity, worths, (structure, *fan_in))
            };
            worths.iter().zip(layers).map(of_layer).collect::<Vec<Vec<bool>>>()
        }
    };
    if structure != Structure::Unstructured {
        stays.iter_mut().zip(&worths).for_each(|(stays, worths)| keep_one(stays, worths));
    }
    let of_weights =
        |(stays, units): (&Vec<bool>, &Vec<usize>)| units.iter().map(|&unit| stays[unit]).collect();
    Ok(stays.iter().zip(&units).map(of_weights).collect())
}

/// All but the least worth of each run of a layer.
fn in_runs(sparsity: f64, worths: &[u32], (structure, fan_in): (Structure, usize)) -> Vec<bool> {
    let mut rest = worths;
    let run = |len: usize| {
        let (run, others) = rest.split_at(len);
        rest = others;
        let most = if structure == Structure::Unstructured { len } else { len.saturating_sub(1) };
        keep_all_but(goes(sparsity, len).min(most), run)
    };
    structure.runs(worths.len(), fan_in).into_iter().flat_map(run).collect()
}

/// How many units there are.
fn count(units: &[usize]) -> usize {
    units.iter().max().map_or(0, |last| last + 1)
}

/// The mean magnitude of each unit, as bits: those of floats without sign are in the order of the floats, NaN last.
fn magnitudes(weight: &[f32], units: &[usize]) -> Vec<u32> {
    let mut sums = vec![(0.0f32, 0u32); count(units)];
    for (weight, &unit) in weight.iter().zip(units) {
        let (sum, len) = &mut sums[unit];
        (*sum, *len) = (*sum + weight.abs(), *len + 1);
    }
    sums.iter().map(|(sum, len)| (sum / *len as f32).abs().to_bits()).collect()
}

/// How many of `units` a sparsity takes.
fn goes(sparsity: f64, units: usize) -> usize {
    (sparsity * units as f64).round() as usize
}

/// All but the `goes` least worth.
fn keep_all_but(goes: usize, worths: &[u32]) -> Vec<bool> {
    let mut keep = vec![true; worths.len()];
    let mut order: Vec<usize> = (0..worths.len()).collect();
    if goes < order.len() {
        order.select_nth_unstable_by_key(goes, |&index| (worths[index], index));
    }
    order[..goes].iter().for_each(|&index| keep[index] = false);
    keep
}

/// Where nothing stays, the unit that would have been the last to go.
fn keep_one(stays: &mut [bool], worths: &[u32]) {
    let last = (0..stays.len()).max_by_key(|&unit| (worths[unit], unit));
    if let Some(last) = last.filter(|_| !stays.contains(&true)) {
        stays[last] = true;
    }
}
