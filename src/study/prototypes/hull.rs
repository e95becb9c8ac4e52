//! Whether a point lies in the convex hull of others.

use std::{vec, vec::Vec};

/// What counts as 0, where coordinates are near 1.
const EPSILON: f64 = 1e-9;

/// Whether `p` is a mean of `points` (`[n, p.len()]`) with weights that are not negative: phase one of the simplex method, which looks
/// for such weights. With Bland's rule it ends, for it meets no set of weights twice.
pub fn is_inside(points: &[f64], p: &[f64]) -> bool {
    let d = p.len();
    let beyond = |k: usize| {
        let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
        points.iter().skip(k).step_by(d).for_each(|&x| (lo, hi) = (lo.min(x), hi.max(x)));
        // Not `p < lo || p > hi`: what is no number is nowhere.
        !(lo <= p[k] && p[k] <= hi)
    };
    if (0..d).any(beyond) {
        return false;
    }
    d == 1 || Tableau::new(points, p).has_solution()
}

/// `rows` equations in the weights of `columns` points, and the point that each row is solved for.
struct Tableau {
    rows: usize,
    columns: usize,
    /// `[rows, columns + 1]`, the right-hand side last.
    values: Vec<f64>,
    /// Of each row; from `columns` on those that only stand in, and must go to 0.
    basis: Vec<usize>,
}

impl Tableau {
    /// `sum_i weight_i (x_i - p) = 0` and `sum_i weight_i = 1`.
    fn new(points: &[f64], p: &[f64]) -> Tableau {
        let (d, n) = (p.len(), points.len() / p.len());
        let mut values = vec![1.0; (d + 1) * (n + 1)];
        for k in 0..d {
            for i in 0..n {
                values[k * (n + 1) + i] = points[i * d + k] - p[k];
            }
            values[k * (n + 1) + n] = 0.0;
        }
        Tableau { rows: d + 1, columns: n, values, basis: (n..=n + d).collect() }
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * (self.columns + 1) + column]
    }

    /// Of the rows that still have a stand-in: how much their sum grows with the weight of a point.
    fn gain(&self, column: usize) -> f64 {
        let stand_ins = (0..self.rows).filter(|&row| self.basis[row] >= self.columns);
        stand_ins.map(|row| self.at(row, column)).sum()
    }

    fn has_solution(mut self) -> bool {
        while let Some(column) = (0..self.columns).find(|&column| self.gain(column) > EPSILON) {
            let ratio = |row: usize| self.at(row, self.columns) / self.at(row, column);
            let rows = (0..self.rows).filter(|&row| self.at(row, column) > EPSILON);
            let tightest =
                rows.min_by(|&a, &b| ratio(a).total_cmp(&ratio(b)).then(self.basis[a].cmp(&self.basis[b])));
            let Some(row) = tightest else { break };
            self.pivot(row, column);
        }
        self.gain(self.columns) < EPSILON
    }

    /// Solves `row` for `column`.
    fn pivot(&mut self, row: usize, column: usize) {
        let width = self.columns + 1;
        let by = self.at(row, column);
        self.values[row * width..][..width].iter_mut().for_each(|value| *value /= by);
        for other in (0..self.rows).filter(|&other| other != row) {
            let times = self.at(other, column);
            for at in 0..width {
                self.values[other * width + at] -= times * self.values[row * width + at];
            }
        }
        self.basis[row] = column;
    }
}
