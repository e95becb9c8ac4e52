//! Whether two maps have the same order, and the same top.

use std::{vec, vec::Vec};

/// The rank of each value, from 1 for the least; equal ones share the mean of the ranks that they take together. `values` are
/// numbers, none of them NaN.
pub fn ranks(values: &[f32]) -> Vec<f32> {
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for equal in ascending(values).chunk_by(|a, b| values[*a] == values[*b]) {
        let mean = below as f32 + (equal.len() + 1) as f32 / 2.0;
        equal.iter().for_each(|&index| ranks[index] = mean);
        below += equal.len();
    }
    ranks
}

/// The indices of `values`, the least first.
fn ascending(values: &[f32]) -> Vec<usize> {
    // Integers sort several times as fast as indices that look floats up: the bits, brought into the order of the floats, above
    // the index.
    let key = |(index, value): (usize, &f32)| {
        let bits = value.to_bits();
        let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
        u64::from(ordered) << 32 | index as u64
    };
    let mut keys: Vec<u64> = values.iter().enumerate().map(key).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| key as u32 as usize).collect()
}

/// Pearson's correlation of `a` and `b`; `None` if one of them is the same everywhere, or a value is not finite.
///
/// # Panics
/// If the lengths differ.
pub fn correlation(a: &[f32], b: &[f32]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "two maps of one size");
    let n = a.len() as f64;
    let mean = |values: &[f32]| values.iter().map(|value| f64::from(*value)).sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (f64::from(*a) - mean_a, f64::from(*b) - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    let found = ab / (aa * bb).sqrt();
    found.is_finite().then_some(found)
}

/// Spearman's rank correlation (1904), with ties: the correlation of the [`ranks`]. `None` if one of the maps is the same everywhere
/// or has a NaN.
///
/// # Panics
/// If the lengths differ.
pub fn spearman(a: &[f32], b: &[f32]) -> Option<f64> {
    if a.iter().chain(b).any(|value| value.is_nan()) {
        return None;
    }
    correlation(&ranks(a), &ranks(b))
}

/// The share of the `k` largest of one map that are among the `k` largest of the other, `k` at most as many as there are. Where
/// the k-th place is tied, it is the share to be expected if chance decides in each map: so a map that is the same everywhere has
/// `k / n` in common with any. Maps of [`ranks`] do as well. NaN for `k` = 0.
///
/// # Panics
/// If the lengths differ, or `k` is above them.
pub fn top_overlap(a: &[f32], b: &[f32], k: usize) -> f64 {
    assert_eq!(a.len(), b.len(), "two maps of one size");
    assert!(k <= a.len(), "the top {k} of {}", a.len());
    let common: f64 = membership(a, k).iter().zip(membership(b, k)).map(|(a, b)| a * b).sum();
    common / k as f64
}

/// How likely each value is to be among the `k` largest, when chance breaks ties.
fn membership(values: &[f32], k: usize) -> Vec<f64> {
    let mut sorted = values.to_vec();
    let Some(last) = k.checked_sub(1) else { return vec![0.0; values.len()] };
    let (_, &mut least, _) = sorted.select_nth_unstable_by(last, |a, b| b.total_cmp(a));
    let above = values.iter().filter(|value| **value > least).count();
    let tied = values.iter().filter(|value| **value == least).count();
    let chance = (k - above) as f64 / tied as f64;
    let of = |value: &f32| match value.partial_cmp(&least) {
        Some(core::cmp::Ordering::Greater) => 1.0,
        Some(core::cmp::Ordering::Equal) => chance,
        _ => 0.0,
    };
    values.iter().map(of).collect()
}
