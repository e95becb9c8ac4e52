//! t-SNE: points of many dimensions laid out in the plane, so that neighbours stay neighbours (van der Maaten and Hinton,
//! "Visualizing data using t-SNE", 2008). The exact form, for a few thousand points: each step looks at every pair.

use crate::rng::{Rng, Stream};
use core::array;
use std::{vec, vec::Vec};

/// Steps in which neighbours attract each other [`EXAGGERATION`] times as much, so that clusters gather.
const EARLY: usize = 250;
const EXAGGERATION: f32 = 12.0;

/// Points of a row that are summed up side by side.
const LANES: usize = 8;

/// How to lay out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// About how many neighbours each point minds; below a third of the points.
    pub perplexity: f64,
    /// Steps of gradient descent.
    pub steps: usize,
    /// Decides the first places.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options { perplexity: 30.0, steps: 750, seed: 0 }
    }
}

/// Points in the plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// `[points]`.
    pub points: Vec<[f32; 2]>,
    /// The Kullback-Leibler divergence of the neighbourhoods in the plane from the true ones: what the steps make small.
    pub divergence: f64,
}

/// Lays out `points`, `[n, width]` row-major.
///
/// # Panics
/// If `width` is 0 or does not divide the number of values.
pub fn layout(points: &[f32], width: usize, options: &Options) -> Layout {
    assert!(width > 0 && points.len().is_multiple_of(width), "points are [n, width]");
    let affinities = Affinities::new(points, width, options.perplexity);
    let n = affinities.n;
    let mut rng = Rng::stream(options.seed, Stream::Layout);
    let padded = n.next_multiple_of(LANES);
    // So far away that it adds nothing.
    let mut place: [Vec<f32>; 2] = array::from_fn(|_| vec![1e18; padded]);
    for point in 0..n {
        place.iter_mut().for_each(|axis| axis[point] = 1e-4 * rng.normal());
    }
    let mut velocity: [Vec<f32>; 2] = array::from_fn(|_| vec![0.0; n]);
    let mut gain: [Vec<f32>; 2] = array::from_fn(|_| vec![1.0; n]);
    let mut gradient: [Vec<f32>; 2] = array::from_fn(|_| vec![0.0; n]);
    // Belkina et al., "Automated optimized parameters for t-SNE" (2019).
    let rate = (n as f32 / EXAGGERATION / 4.0).max(50.0);
    for step in 0..options.steps {
        let (exaggeration, momentum) = phase(step);
        affinities.gradient(&place, exaggeration, &mut gradient);
        for axis in 0..2 {
            for point in 0..n {
                let (slope, velocity, gain) =
                    (gradient[axis][point], &mut velocity[axis][point], &mut gain[axis][point]);
                // A place that keeps its direction goes faster, one that swings slower (Jacobs, 1988).
                *gain = if slope * *velocity < 0.0 { *gain + 0.2 } else { (*gain * 0.8).max(0.01) };
                *velocity = momentum * *velocity - rate * *gain * slope;
                place[axis][point] += *velocity;
            }
        }
    }
    let divergence = affinities.divergence(&place);
    Layout { points: (0..n).map(|point| [place[0][point], place[1][point]]).collect(), divergence }
}

/// Exaggeration and momentum of a step.
fn phase(step: usize) -> (f32, f32) {
    if step < EARLY { (EXAGGERATION, 0.5) } else { (1.0, 0.8) }
}

/// How much each point minds each other: a probability over all pairs.
struct Affinities {
    n: usize,
    /// `[n, padded]`, row-major, 0 in the padding; symmetric.
    p: Vec<f32>,
}

impl Affinities {
    fn new(points: &[f32], width: usize, perplexity: f64) -> Affinities {
        let n = points.len() / width;
        let padded = n.next_multiple_of(LANES);
        // A point cannot mind more than there are.
        let perplexity = perplexity.min((n.saturating_sub(1) as f64 / 3.0).max(1.0));
        let mut p = vec![0.0f32; n * padded];
        for i in 0..n {
            let row = neighbourhood(points, width, i, perplexity);
            // Half of it here and half where the two are the other way round: symmetric.
            for (j, value) in row.into_iter().enumerate() {
                let half = (value / (2.0 * n as f64)) as f32;
                p[i * padded + j] += half;
                p[j * padded + i] += half;
            }
        }
        Affinities { n, p }
    }

    fn row(&self, i: usize) -> &[f32] {
        let padded = self.n.next_multiple_of(LANES);
        &self.p[i * padded..][..padded]
    }

    /// The gradient of the divergence, with neighbours attracting each other `exaggeration` times as much.
    fn gradient(&self, [x, y]: &[Vec<f32>; 2], exaggeration: f32, gradient: &mut [Vec<f32>; 2]) {
        let mut repulsion = vec![[0.0f32; 2]; self.n];
        let mut total = 0.0f64;
        for i in 0..self.n {
            let (mut sum, mut forces) = ([0.0f32; LANES], [[0.0f32; LANES]; 4]);
            let lanes = self.row(i).as_chunks::<LANES>().0.iter();
            for ((p, x_j), y_j) in lanes.zip(x.as_chunks::<LANES>().0).zip(y.as_chunks::<LANES>().0) {
                for lane in 0..LANES {
                    let (dx, dy) = (x[i] - x_j[lane], y[i] - y_j[lane]);
                    let q = 1.0 / (1.0 + dx * dx + dy * dy);
                    let (pull, push) = (p[lane] * q, q * q);
                    sum[lane] += q;
                    forces[0][lane] += pull * dx;
                    forces[1][lane] += pull * dy;
                    forces[2][lane] += push * dx;
                    forces[3][lane] += push * dy;
                }
            }
            // Less its own, which is 1.
            total += f64::from(sum.iter().sum::<f32>()) - 1.0;
            let [pull_x, pull_y, push_x, push_y] = forces.map(|lanes| lanes.iter().sum::<f32>());
            (gradient[0][i], gradient[1][i]) = (pull_x, pull_y);
            repulsion[i] = [push_x, push_y];
        }
        let total = total as f32;
        for (i, push) in repulsion.iter().enumerate() {
            for axis in 0..2 {
                gradient[axis][i] = 4.0 * (exaggeration * gradient[axis][i] - push[axis] / total);
            }
        }
    }

    fn divergence(&self, [x, y]: &[Vec<f32>; 2]) -> f64 {
        let q = |i: usize, j: usize| {
            let (dx, dy) = (f64::from(x[i] - x[j]), f64::from(y[i] - y[j]));
            1.0 / (1.0 + dx * dx + dy * dy)
        };
        let pairs = || (0..self.n).flat_map(|i| (0..self.n).map(move |j| (i, j))).filter(|(i, j)| i != j);
        let total: f64 = pairs().map(|(i, j)| q(i, j)).sum();
        let term = |(i, j): (usize, usize)| {
            let p = f64::from(self.row(i)[j]);
            if p > 0.0 { p * (p * total / q(i, j)).ln() } else { 0.0 }
        };
        pairs().map(term).sum()
    }
}

/// How much point `i` minds each of the others: Gaussian, as wide as gives the perplexity; `[n]`, 0 for itself.
fn neighbourhood(points: &[f32], width: usize, i: usize, perplexity: f64) -> Vec<f64> {
    let own = &points[i * width..][..width];
    let distance = |row: &[f32]| -> f64 { row.iter().zip(own).map(|(a, b)| f64::from(a - b).powi(2)).sum() };
    let squares: Vec<f64> = points.chunks_exact(width).map(distance).collect();
    // Less the smallest: no factor of all changes the shares, and none then underflows to nothing.
    let others = squares.iter().enumerate().filter(|(j, _)| *j != i);
    let nearest = others.map(|(_, square)| *square).fold(f64::INFINITY, f64::min);
    let shares = |precision: f64| {
        let share =
            |(j, square): (usize, &f64)| if j == i { 0.0 } else { (-precision * (square - nearest)).exp() };
        let mut shares: Vec<f64> = squares.iter().enumerate().map(share).collect();
        let total: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= total.max(f64::MIN_POSITIVE));
        shares
    };
    let entropy = |shares: &[f64]| -> f64 { shares.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum() };
    let (mut lo, mut hi) = (0.0f64, f64::INFINITY);
    let mut precision = 1.0;
    let mut found = shares(precision);
    for _ in 0..100 {
        let excess = entropy(&found) - perplexity.ln();
        if excess.abs() < 1e-6 {
            break;
        }
        // Too many neighbours: narrower.
        if excess > 0.0 {
            lo = precision
        } else {
            hi = precision
        }
        precision = if hi.is_finite() { (lo + hi) / 2.0 } else { precision * 2.0 };
        found = shares(precision);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first steps by plain loops in f64, without padding, from the same first places: `[n]` places and the divergence.
    fn plain(points: &[f32], width: usize, options: &Options) -> (Vec<[f64; 2]>, f64) {
        let n = points.len() / width;
        let shares: Vec<Vec<f64>> =
            (0..n).map(|i| neighbourhood(points, width, i, options.perplexity)).collect();
        let p = |i: usize, j: usize| (shares[i][j] + shares[j][i]) / (2.0 * n as f64);
        let mut rng = Rng::stream(options.seed, Stream::Layout);
        let mut places: Vec<[f64; 2]> =
            (0..n).map(|_| [0; 2].map(|_| f64::from(1e-4 * rng.normal()))).collect();
        let (mut velocities, mut gains) = (vec![[0.0; 2]; n], vec![[1.0f64; 2]; n]);
        let q = |places: &[[f64; 2]], i: usize, j: usize| {
            let [dx, dy] = [0, 1].map(|axis| places[i][axis] - places[j][axis]);
            1.0 / (1.0 + dx * dx + dy * dy)
        };
        let pairs = || (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).filter(|(i, j)| i != j);
        for _ in 0..options.steps {
            let total: f64 = pairs().map(|(i, j)| q(&places, i, j)).sum();
            let mut gradient = vec![[0.0; 2]; n];
            for (i, j) in pairs() {
                let q = q(&places, i, j);
                for axis in 0..2 {
                    let force = 4.0 * (12.0 * p(i, j) - q / total) * q;
                    gradient[i][axis] += force * (places[i][axis] - places[j][axis]);
                }
            }
            for (i, axis) in (0..2 * n).map(|k| (k / 2, k % 2)) {
                let (slope, velocity, gain) =
                    (gradient[i][axis], &mut velocities[i][axis], &mut gains[i][axis]);
                *gain = if slope * *velocity < 0.0 { *gain + 0.2 } else { (*gain * 0.8).max(0.01) };
                *velocity = 0.5 * *velocity - 50.0 * *gain * slope;
                places[i][axis] += *velocity;
            }
        }
        let total: f64 = pairs().map(|(i, j)| q(&places, i, j)).sum();
        let divergence = pairs().map(|(i, j)| p(i, j) * (p(i, j) * total / q(&places, i, j)).ln()).sum();
        (places, divergence)
    }

    /// A few steps: after more, places that swing differ, for the last bits decide when they turn.
    #[test]
    fn the_first_steps_are_those_of_plain_loops_in_f64() {
        // Not a multiple of the lanes.
        let points = &blobs()[..13 * 5];
        for (steps, seed) in [(1, 1), (1, 2), (3, 1), (7, 1), (7, 2)] {
            let options = Options { perplexity: 4.0, steps, seed };
            let found = layout(points, 5, &options);
            let (places, divergence) = plain(points, 5, &options);
            let size = places.as_flattened().iter().fold(0.0f64, |most, value| most.max(value.abs()));
            for (found, place) in found.points.as_flattened().iter().zip(places.as_flattened()) {
                let error = (f64::from(*found) - place).abs();
                assert!(error < 1e-3 * size, "{found}, not {place}, after {steps} steps");
            }
            let error = (found.divergence - divergence).abs();
            assert!(error < 1e-3, "{}, not {divergence}, after {steps} steps", found.divergence);
        }
        // Beyond those that can be followed: van der Maaten's values.
        assert_eq!([phase(0), phase(249), phase(250)], [(12.0, 0.5), (12.0, 0.5), (1.0, 0.8)]);
    }

    #[test]
    fn a_point_cannot_mind_more_than_there_are() {
        let points = &blobs()[..7 * 5];
        let with = |perplexity| layout(points, 5, &Options { perplexity, steps: 20, seed: 1 });
        assert_eq!(with(30.0), with(2.0), "a third of the six others");
    }

    /// Three far blobs of 40 points in 5 dimensions, in turn.
    fn blobs() -> Vec<f32> {
        let mut rng = Rng::new(3);
        (0..600).map(|i| if i % 5 == i / 5 % 3 { 20.0 + rng.normal() } else { rng.normal() }).collect()
    }

    #[test]
    fn every_point_minds_as_many_as_the_perplexity_says() {
        let points = blobs();
        for perplexity in [5.0, 20.0, 35.0] {
            for i in [0, 7, 119] {
                let shares = neighbourhood(&points, 5, i, perplexity);
                let entropy: f64 = shares.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
                assert!((entropy.exp() - perplexity).abs() < 1e-3, "{} {perplexity}", entropy.exp());
                assert!(shares[i] == 0.0 && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
        // Far from all others, all but alike far: without the common part of the distances every share is 0.
        let mut apart = points.clone();
        apart[3] = 3e4;
        let shares = neighbourhood(&apart, 5, 0, 20.0);
        let entropy: f64 = shares.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
        assert!((entropy.exp() - 20.0).abs() < 1e-3, "{shares:?}");
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{shares:?}");
        // All points the same: they share alike, and nothing is NaN.
        let same = neighbourhood(&[1.0; 40], 4, 2, 3.0);
        assert!(same.iter().enumerate().all(|(j, p)| *p == if j == 2 { 0.0 } else { 1.0 / 9.0 }), "{same:?}");
    }

    #[test]
    fn affinities_are_a_symmetric_probability() {
        let all = Affinities::new(&blobs(), 5, 20.0);
        let total: f64 = all.p.iter().map(|p| f64::from(*p)).sum();
        assert!((total - 1.0).abs() < 1e-5, "{total}");
        for i in 0..120 {
            for j in 0..120 {
                assert_eq!(all.row(i)[j], all.row(j)[i]);
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_divergence() {
        let all = Affinities::new(&blobs(), 5, 20.0);
        let mut rng = Rng::new(8);
        let mut place: [Vec<f32>; 2] = array::from_fn(|_| (0..120).map(|_| rng.normal()).collect());
        let mut gradient: [Vec<f32>; 2] = array::from_fn(|_| vec![0.0; 120]);
        all.gradient(&place, 1.0, &mut gradient);
        for (axis, point) in [(0, 0), (1, 5), (0, 77), (1, 119)] {
            let at = place[axis][point];
            let mut divergence = |value: f32| {
                place[axis][point] = value;
                all.divergence(&place)
            };
            // A power of two, so that the step is exact in f32; the third derivative is far below 1 here.
            let h = 1.0 / 64.0;
            let slope = (divergence(at + h) - divergence(at - h)) / f64::from(2.0 * h);
            place[axis][point] = at;
            let found = f64::from(gradient[axis][point]);
            assert!((found - slope).abs() < 1e-5 + 1e-2 * slope.abs(), "{found} {slope}");
        }
    }

    #[test]
    fn clusters_stay_clusters_and_more_steps_come_closer() {
        let points = blobs();
        let with = |steps| layout(&points, 5, &Options { perplexity: 20.0, steps, seed: 4 });
        let (start, middle, end) = (with(0), with(300), with(600));
        assert!(start.divergence > middle.divergence + 0.5, "{} {}", start.divergence, middle.divergence);
        assert!(end.divergence <= middle.divergence, "{} {}", middle.divergence, end.divergence);
        let distance = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
        for (i, a) in end.points.iter().enumerate() {
            let nearest = (0..120)
                .filter(|j| *j != i)
                .min_by(|j, k| distance(*a, end.points[*j]).total_cmp(&distance(*a, end.points[*k])));
            assert_eq!(nearest.unwrap() % 3, i % 3, "point {i}");
        }
        assert_eq!(with(300), middle, "the same seed, the same bits");
        let other = layout(&points, 5, &Options { perplexity: 20.0, steps: 300, seed: 5 });
        assert_ne!(other, middle, "another seed, other places");
    }
}
