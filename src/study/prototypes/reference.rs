//! The same networks in f64 and plain loops, for comparison: written from the formulas, not from the kernel.

use super::mask::Mask;
use super::settings::{CoverageForm, Definition, OverlapForm};
use super::start::Start;
use std::{vec, vec::Vec};

/// One network in f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Points, and neurons.
    pub n: usize,
    /// Coordinates.
    pub d: usize,
    /// The points `[n, d]`.
    pub x: Vec<f64>,
    /// The targets `[n]`.
    pub y: Vec<f64>,
    /// w `[n, d]`, b `[n, d]`, a `[n]`, c `[1]`, one after the other.
    pub parameters: Vec<f64>,
}

/// The four terms, each with its gradient laid out as the parameters; none is multiplied by lambda.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// The mean squared error.
    pub fit: Term,
    /// Overlap.
    pub overlap: Term,
    /// Coverage.
    pub coverage: Term,
    /// Separation.
    pub separation: Term,
}

/// One term of the loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Its value.
    pub value: f64,
    /// Its slope along each parameter.
    pub gradient: Vec<f64>,
}

impl Network {
    /// What `start` says.
    pub fn new(start: &Start) -> Network {
        let double = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect();
        Network {
            n: start.n,
            d: start.d,
            x: double(&start.x),
            y: double(&start.y),
            parameters: double(&start.parameters),
        }
    }

    fn w(&self, k: usize) -> f64 {
        self.parameters[k]
    }

    fn b(&self, k: usize) -> f64 {
        self.parameters[self.n * self.d + k]
    }

    fn a(&self, j: usize) -> f64 {
        self.parameters[2 * self.n * self.d + j]
    }

    fn c(&self) -> f64 {
        self.parameters[2 * self.n * self.d + self.n]
    }

    /// What coordinate `k` of a prototype is divided by.
    fn guarded(&self, k: usize, guard: f64) -> f64 {
        if self.w(k).abs() < guard { guard.copysign(self.w(k)) } else { self.w(k) }
    }

    /// The prototypes `[n, d]`.
    pub fn prototypes(&self, guard: f64) -> Vec<f64> {
        (0..self.n * self.d).map(|k| -self.b(k) / self.guarded(k, guard)).collect()
    }

    /// The activations `[n points, n neurons]`.
    pub fn activations(&self) -> Vec<f64> {
        let (n, d) = (self.n, self.d);
        let square = |i: usize, j: usize, k: usize| {
            (self.w(j * d + k) * self.x[i * d + k] + self.b(j * d + k)).powi(2)
        };
        let h = |i: usize, j: usize| (-(0..d).map(|k| square(i, j, k)).sum::<f64>()).exp();
        (0..n * n).map(|at| h(at / n, at % n)).collect()
    }

    /// All terms of the loss where the parameters are.
    pub fn terms(&self, definition: &Definition) -> Terms {
        let h = self.activations();
        Terms {
            fit: self.fit(&h),
            overlap: match definition.overlap {
                OverlapForm::Product => self.product(&h),
                OverlapForm::Cosine => self.cosine(&h),
            },
            coverage: match definition.coverage {
                CoverageForm::SoftMinimum => self.soft_minimum(definition),
                CoverageForm::LargestActivation => self.largest(&h),
            },
            separation: self.separation(definition),
        }
    }

    fn fit(&self, h: &[f64]) -> Term {
        let n = self.n;
        let mut dh = vec![0.0; n * n];
        let (mut value, mut da, mut dc) = (0.0, vec![0.0; n], 0.0);
        for i in 0..n {
            let f = (0..n).map(|j| self.a(j) * h[i * n + j]).sum::<f64>() + self.c();
            value += (f - self.y[i]).powi(2) / n as f64;
            let df = 2.0 * (f - self.y[i]) / n as f64;
            dc += df;
            for j in 0..n {
                da[j] += df * h[i * n + j];
                dh[i * n + j] = df * self.a(j);
            }
        }
        let mut gradient = self.through_activations(h, &dh);
        let first = 2 * n * self.d;
        gradient[first..first + n].copy_from_slice(&da);
        gradient[first + n] = dc;
        Term { value, gradient }
    }

    fn product(&self, h: &[f64]) -> Term {
        let n = self.n;
        let pairs = (n * (n - 1)).max(1) as f64;
        let (mut value, mut dh) = (0.0, vec![0.0; n * n]);
        for i in 0..n {
            for (j, k) in pairs_of(n) {
                value += h[i * n + j] * h[i * n + k] / (pairs * n as f64);
                dh[i * n + j] += 2.0 * h[i * n + k] / (pairs * n as f64);
            }
        }
        Term { value, gradient: self.through_activations(h, &dh) }
    }

    fn cosine(&self, h: &[f64]) -> Term {
        let n = self.n;
        let pairs = (n * (n - 1)).max(1) as f64;
        let dot = |j: usize, k: usize| (0..n).map(|i| h[i * n + j] * h[i * n + k]).sum::<f64>();
        let norm: Vec<f64> = (0..n).map(|j| dot(j, j).sqrt()).collect();
        let (mut value, mut dh) = (0.0, vec![0.0; n * n]);
        for (j, k) in pairs_of(n).filter(|&(j, k)| norm[j] > 0.0 && norm[k] > 0.0) {
            let cosine = dot(j, k) / (norm[j] * norm[k]);
            value += cosine / pairs;
            for i in 0..n {
                let slope = h[i * n + k] / (norm[j] * norm[k]) - cosine * h[i * n + j] / norm[j].powi(2);
                dh[i * n + j] += 2.0 * slope / pairs;
            }
        }
        Term { value, gradient: self.through_activations(h, &dh) }
    }

    fn largest(&self, h: &[f64]) -> Term {
        let n = self.n;
        let (mut value, mut dh) = (0.0, vec![0.0; n * n]);
        for i in 0..n {
            let row = &h[i * n..][..n];
            let largest = row.iter().copied().fold(0.0, f64::max);
            value += (1.0 - largest) / n as f64;
            for j in (0..n).filter(|&j| row[j] == largest) {
                dh[i * n + j] = -1.0 / n as f64;
            }
        }
        Term { value, gradient: self.through_activations(h, &dh) }
    }

    fn soft_minimum(&self, definition: &Definition) -> Term {
        let (n, d, tau) = (self.n, self.d, f64::from(definition.tau_c));
        let p = self.prototypes(definition.guard.into());
        let (mut value, mut dp) = (0.0, vec![0.0; n * d]);
        for i in 0..n {
            let x = &self.x[i * d..][..d];
            let distances: Vec<f64> = p.chunks(d).map(|p| square_distance(p, x)).collect();
            let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
            let e: Vec<f64> = distances.iter().map(|distance| ((least - distance) / tau).exp()).collect();
            let sum: f64 = e.iter().sum();
            value += (least - tau * sum.ln()) / n as f64;
            for at in 0..n * d {
                dp[at] += e[at / d] / sum * 2.0 * (p[at] - x[at % d]) / n as f64;
            }
        }
        Term { value, gradient: self.through_prototypes(definition, &dp) }
    }

    fn separation(&self, definition: &Definition) -> Term {
        let (n, d, tau) = (self.n, self.d, f64::from(definition.tau_s));
        let p = self.prototypes(definition.guard.into());
        let pairs = (n * (n - 1)).max(1) as f64;
        let (mut value, mut dp) = (0.0, vec![0.0; n * d]);
        for (j, k) in pairs_of(n) {
            let e = (-square_distance(&p[j * d..][..d], &p[k * d..][..d]) / tau).exp() / pairs;
            value += e;
            for c in 0..d {
                dp[j * d + c] -= 4.0 * e / tau * (p[j * d + c] - p[k * d + c]);
            }
        }
        Term { value, gradient: self.through_prototypes(definition, &dp) }
    }

    /// The slopes along the parameters from those along the activations.
    fn through_activations(&self, h: &[f64], dh: &[f64]) -> Vec<f64> {
        let (n, d) = (self.n, self.d);
        let mut gradient = vec![0.0; self.parameters.len()];
        for (at, k) in (0..n * n).flat_map(|at| (0..d).map(move |k| (at, k))) {
            let (i, j) = (at / n, at % n);
            let x = self.x[i * d + k];
            let dz = -2.0 * (self.w(j * d + k) * x + self.b(j * d + k)) * h[at] * dh[at];
            gradient[j * d + k] += dz * x;
            gradient[n * d + j * d + k] += dz;
        }
        gradient
    }

    /// The slopes along the parameters from those along the prototypes.
    fn through_prototypes(&self, definition: &Definition, dp: &[f64]) -> Vec<f64> {
        let guard = f64::from(definition.guard);
        let mut gradient = vec![0.0; self.parameters.len()];
        for (k, dp) in dp.iter().enumerate() {
            let w = self.guarded(k, guard);
            gradient[self.n * self.d + k] = -dp / w;
            gradient[k] = if self.w(k).abs() < guard { 0.0 } else { dp * self.b(k) / (w * w) };
        }
        gradient
    }

    /// Trains by Adam on all points, with the losses of `mask`.
    pub fn train(&mut self, definition: &Definition, mask: Mask) {
        let (beta1, beta2, rate) = (0.9, 0.999, f64::from(definition.rate));
        let (mut m, mut v) = (vec![0.0; self.parameters.len()], vec![0.0; self.parameters.len()]);
        for step in 1..=definition.steps {
            let gradient = self.terms(definition).total(definition.lambda.into(), mask);
            let (first, second) = (1.0 - f64::powf(beta1, step as f64), 1.0 - f64::powf(beta2, step as f64));
            for (k, g) in gradient.into_iter().enumerate() {
                m[k] = beta1 * m[k] + (1.0 - beta1) * g;
                v[k] = beta2 * v[k] + (1.0 - beta2) * g * g;
                self.parameters[k] -= rate * (m[k] / first) / ((v[k] / second).sqrt() + 1e-8);
            }
        }
    }
}

impl Terms {
    /// The gradient of the fit and, times `lambda`, the terms of `mask`.
    pub fn total(self, lambda: f64, mask: Mask) -> Vec<f64> {
        let mut total = self.fit.gradient;
        let terms = [
            (mask.overlap, self.overlap),
            (mask.coverage, self.coverage),
            (mask.separation, self.separation),
        ];
        for (_, term) in terms.into_iter().filter(|(on, _)| *on) {
            total.iter_mut().zip(term.gradient).for_each(|(total, g)| *total += lambda * g);
        }
        total
    }
}

/// Every j and k below n that differ, in both orders.
fn pairs_of(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n * n).map(move |at| (at / n, at % n)).filter(|(j, k)| j != k)
}

fn square_distance(p: &[f64], x: &[f64]) -> f64 {
    p.iter().zip(x).map(|(p, x)| (p - x) * (p - x)).sum()
}
