//! What one quantity tells about another.

use std::{vec, vec::Vec};

/// The mutual information, in bits, of two quantities that take few values, from the frequencies of `a` and `b` in examples
/// (Shannon, 1948; Cover and Thomas, "Elements of Information Theory", 2.3): the sum of `p(a, b) log2(p(a, b) / (p(a) p(b)))`.
/// Of quantities that have nothing to do with each other it is not 0 but about `(A - 1) (B - 1) / (2 n ln 2)` for A and B values in
/// n examples (Miller, 1955). NaN without examples.
///
/// # Panics
/// If the lengths differ.
pub fn mutual_information(a: &[usize], b: &[usize]) -> f64 {
    assert_eq!(a.len(), b.len(), "two quantities of the same examples");
    let values = |all: &[usize]| all.iter().max().map_or(0, |largest| largest + 1);
    let (rows, cols) = (values(a), values(b));
    let n = a.len() as f64;
    let mut joint = vec![0usize; rows * cols];
    a.iter().zip(b).for_each(|(a, b)| joint[a * cols + b] += 1);
    let row = |a: usize| joint[a * cols..][..cols].iter().sum::<usize>();
    let rows: Vec<usize> = (0..rows).map(row).collect();
    let cols: Vec<usize> = (0..cols).map(|b| joint.iter().skip(b).step_by(cols).sum()).collect();
    let term = |(cell, &count): (usize, &usize)| {
        let (a, b) = (rows[cell / cols.len()] as f64, cols[cell % cols.len()] as f64);
        let count = count as f64;
        if count == 0.0 { 0.0 } else { count / n * (count * n / (a * b)).log2() }
    };
    let sum = joint.iter().enumerate().map(term).sum::<f64>();
    if a.is_empty() { f64::NAN } else { sum }
}

/// Puts each value into one of `bins` bins, 1 or more, that hold about equally many of them: bin `floor(bins * share below)`. Equal
/// values are in one bin, so there may be fewer. `values` are numbers, none of them NaN.
pub fn quantile_bins(values: &[f32], bins: usize) -> Vec<usize> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let bin = |value: &f32| sorted.partition_point(|other| other < value) * bins / values.len();
    values.iter().map(bin).collect()
}
