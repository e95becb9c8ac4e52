//! Who is near whom: how well classes lie apart, and whether an embedding shows neighbours that are some.

use super::Points;
use std::{vec, vec::Vec};

/// The distances between points, a row at a time.
struct Distances {
    /// `[width][len]`.
    axes: Vec<Vec<f64>>,
    len: usize,
}

impl Distances {
    fn new(points: Points<'_>) -> Distances {
        let axes = (0..points.width()).map(|axis| points.axis(axis).collect()).collect();
        Distances { axes, len: points.len() }
    }

    /// The squares of the Euclidean distances from `point`.
    fn squares_from(&self, point: usize, squares: &mut Vec<f64>) {
        squares.clear();
        squares.resize(self.len, 0.0);
        for axis in &self.axes {
            let here = axis[point];
            squares.iter_mut().zip(axis).for_each(|(square, there)| *square += (there - here).powi(2));
        }
    }
}

/// The mean silhouette (Rousseeuw, 1987) of the classes `labels` of the points, with Euclidean distances: for each point
/// `(b - a) / max(a, b)`, `a` being its mean distance to the others of its class and `b` that to the nearest other class; 0 for the
/// only point of a class, and where both are 0. In [-1, 1], 1 for classes far apart. `None` unless there are two classes.
///
/// # Panics
/// If there are not as many labels as points.
pub fn silhouette(points: Points<'_>, labels: &[u8]) -> Option<f64> {
    assert_eq!(points.len(), labels.len(), "one label for each point");
    let mut counts = [0usize; 256];
    labels.iter().for_each(|label| counts[usize::from(*label)] += 1);
    if counts.iter().filter(|count| **count > 0).count() < 2 {
        return None;
    }
    let distances = Distances::new(points);
    let mut squares = Vec::new();
    let mut of = |point: usize| {
        distances.squares_from(point, &mut squares);
        let mut sums = [0.0; 256];
        labels.iter().zip(&squares).for_each(|(label, square)| sums[usize::from(*label)] += square.sqrt());
        let own = usize::from(labels[point]);
        let others = (0..256).filter(|class| *class != own && counts[*class] > 0);
        let nearest = others.map(|class| sums[class] / counts[class] as f64).fold(f64::INFINITY, f64::min);
        let inside = sums[own] / (counts[own] - 1) as f64;
        let wider = nearest.max(inside);
        if counts[own] == 1 || wider == 0.0 { 0.0 } else { (nearest - inside) / wider }
    };
    Some((0..labels.len()).map(&mut of).sum::<f64>() / labels.len() as f64)
}

/// How far the `k` nearest neighbours in an embedding are neighbours in the space it shows (Venna and Kaski, 2001):
/// `1 - 2 / (n k (2 n - 3 k - 1)) sum over i, and over those of its k nearest in low that are not so in high, of (rank in high - k)`.
/// 1 if all are; of equally far points the first counts as nearer. `None` unless `0 < k < n / 2`, for which alone it is in [0, 1].
///
/// # Panics
/// If the numbers of points differ.
pub fn trustworthiness(high: Points<'_>, low: Points<'_>, k: usize) -> Option<f64> {
    assert_eq!(high.len(), low.len(), "an embedding of the same points");
    let n = high.len();
    if k == 0 || 2 * k >= n {
        return None;
    }
    let (high, low) = (Distances::new(high), Distances::new(low));
    let (mut squares, mut rank) = (Vec::new(), vec![0; n]);
    let mut intrusion = 0;
    for point in 0..n {
        high.squares_from(point, &mut squares);
        nearest_first(point, &squares).into_iter().enumerate().for_each(|(place, j)| rank[j] = place + 1);
        low.squares_from(point, &mut squares);
        let shown = nearest_first(point, &squares);
        intrusion += shown[..k].iter().map(|&j| rank[j].saturating_sub(k)).sum::<usize>();
    }
    Some(1.0 - 2.0 * intrusion as f64 / (n * k * (2 * n - 3 * k - 1)) as f64)
}

/// All points but `point`, the nearest first.
fn nearest_first(point: usize, squares: &[f64]) -> Vec<usize> {
    let mut others: Vec<usize> = (0..squares.len()).filter(|other| *other != point).collect();
    others.sort_by(|a, b| squares[*a].total_cmp(&squares[*b]));
    others
}
