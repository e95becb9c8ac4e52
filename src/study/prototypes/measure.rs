//! What is measured of a trained network.

use super::assignment::assign;
use super::hull::is_inside;
use super::settings::Definition;
use super::start::Start;
use std::vec::Vec;

/// The measures of one network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// As [`Run::error`](super::Run::error).
    pub error: f64,
    /// As [`Run::specialization`](super::Run::specialization).
    pub specialization: f64,
    /// As [`Run::specialization_by_activation`](super::Run::specialization_by_activation).
    pub specialization_by_activation: f64,
    /// As [`Run::outside`](super::Run::outside).
    pub outside: f64,
}

/// The prototypes `[n, d]` of `parameters`.
pub fn prototypes(definition: &Definition, n: usize, d: usize, parameters: &[f32]) -> Vec<f32> {
    let (w, b) = (&parameters[..n * d], &parameters[n * d..2 * n * d]);
    let guarded = |w: f32| if w.abs() < definition.guard { definition.guard.copysign(w) } else { w };
    w.iter().zip(b).map(|(w, b)| -b / guarded(*w)).collect()
}

/// Measures the network of `start` with these `parameters`.
pub fn measure(definition: &Definition, start: &Start, parameters: &[f32]) -> Measures {
    let (n, d) = (start.n, start.d);
    let double = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
    let (x, p) = (double(&start.x), double(&prototypes(definition, n, d, parameters)));
    let nearest = x.chunks(d).map(|x| least(p.chunks(d).map(|p| square_distance(p, x))));
    // exp(-y) is largest where y is least, and y does not vanish far out.
    let (w, b) = (&parameters[..n * d], &parameters[n * d..2 * n * d]);
    let depth = |x: &[f32], j: usize| {
        let z = |k: usize| f64::from(w[j * d + k]) * f64::from(x[k]) + f64::from(b[j * d + k]);
        (0..d).map(|k| z(k).powi(2)).sum::<f64>()
    };
    let most_active = start.x.chunks(d).map(|x| least((0..n).map(|j| depth(x, j))));
    let outside = p.chunks(d).filter(|p| !is_inside(&x, p)).count();
    Measures {
        error: error(d, &x, &p),
        specialization: distinct(nearest.collect()) / n as f64,
        specialization_by_activation: distinct(most_active.collect()) / n as f64,
        outside: if d < n { outside as f64 / n as f64 } else { f64::NAN },
    }
}

/// The mean distance between prototypes and points, one to one, where it is least.
fn error(d: usize, x: &[f64], p: &[f64]) -> f64 {
    let n = x.len() / d;
    let total: f64 = matching(d, x, p)
        .iter()
        .enumerate()
        .map(|(j, &i)| distance(&p[j * d..][..d], &x[i * d..][..d]))
        .sum();
    total / n as f64
}

/// The point of each prototype, each point once, at the least sum of distances. On a line the k-th prototype gets the k-th point.
pub(super) fn matching(d: usize, x: &[f64], p: &[f64]) -> Vec<usize> {
    let n = x.len() / d;
    if d == 1 {
        let mut point_of = std::vec![0; n];
        for (j, i) in ascending(p).into_iter().zip(ascending(x)) {
            point_of[j] = i;
        }
        return point_of;
    }
    let cost: Vec<f64> = p.chunks(d).flat_map(|p| x.chunks(d).map(|x| distance(p, x))).collect();
    assign(n, &cost)
}

/// The places of the values, the least first.
fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    order
}

fn square_distance(p: &[f64], x: &[f64]) -> f64 {
    p.iter().zip(x).map(|(p, x)| (p - x) * (p - x)).sum()
}

fn distance(p: &[f64], x: &[f64]) -> f64 {
    square_distance(p, x).sqrt()
}

/// Where the least value is, the first of them.
fn least(values: impl Iterator<Item = f64>) -> usize {
    values.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(at, _)| at)
}

fn distinct(mut ids: Vec<usize>) -> f64 {
    ids.sort_unstable();
    ids.dedup();
    ids.len() as f64
}
