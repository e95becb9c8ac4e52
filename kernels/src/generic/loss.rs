//! The losses: from a network's outputs to its gradient, in place, and the loss of each example.
//!
//! A sum along a row has a fixed order on every instruction set: sixteen chains, one per position in a [`Line`], over the lines
//! ascending; then the halves of those sixteen are added, 8 + 8, 4 + 4, 2 + 2, 1 + 1.

use super::exp::{exp_minus, sigmoid};
use crate::simd::Simd;
use crate::view::Line;
use core::array::from_fn;
use core::ops::Range;

/// The operands of a loss against labels.
pub(crate) struct CrossEntropy {
    pub(crate) batch: usize,
    /// 1 for the binary one.
    pub(crate) classes: usize,
    /// The logits z on the way in, dz on the way out: `[batch, classes]`, rows padded to whole lines.
    pub(crate) z: *mut f32,
    pub(crate) z_stride: usize,
    /// Each below the number of classes (binary: 0 or 1).
    pub(crate) labels: *const u8,
    pub(crate) scale: f32,
    pub(crate) loss: *mut f32,
}

/// The operands of the squared error.
pub(crate) struct SquaredError {
    pub(crate) batch: usize,
    pub(crate) outputs: usize,
    /// The outputs h on the way in, dh on the way out: `[batch, outputs]`, rows padded to whole lines.
    pub(crate) h: *mut f32,
    pub(crate) h_stride: usize,
    pub(crate) targets: *const f32,
    pub(crate) targets_stride: usize,
    pub(crate) scale: f32,
    pub(crate) loss: *mut f32,
}

/// The operands of a sum over rows.
pub(crate) struct SumRows {
    pub(crate) rows: usize,
    /// Multiple of 16.
    pub(crate) cols: usize,
    pub(crate) a: *const f32,
    pub(crate) a_stride: usize,
    pub(crate) sums: *mut f32,
}

/// Softmax and cross-entropy: `dz = (p - onehot) scale` with `p = exp(z - max) / sum`, `loss = ln(sum) + max - z[label]`.
///
/// # Safety
/// The machine has the instruction set, the operands reach over their shapes, and the labels are below `classes`.
#[inline(always)]
pub(crate) unsafe fn softmax_cross_entropy<S: Simd>(p: &CrossEntropy) {
    let padded = p.classes.next_multiple_of(Line::LEN);
    // The padding joins in as classes of probability zero. In a pass of its own: a vector load just behind narrower stores
    // waits until they are in the cache.
    for row in 0..p.batch {
        // SAFETY: the row exists, padded.
        unsafe { fill(p.z.add(row * p.z_stride), p.classes, padded, f32::NEG_INFINITY) };
    }
    for first in (0..p.batch).step_by(Line::LEN) {
        // SAFETY: the rows exist, padded.
        unsafe { softmax_rows::<S>(p, first..p.batch.min(first + Line::LEN), padded) };
    }
}

/// As [`softmax_cross_entropy`], for at most 16 rows, their padding included, up to `padded`. Each step of it for all rows before the
/// next: a step waits for the one before, but not for those of other rows (Zen 5, 64 rows: 1.2 us; row by row it takes 2.4).
///
/// # Safety
/// As for [`softmax_cross_entropy`], and the rows exist, padded.
#[inline(always)]
unsafe fn softmax_rows<S: Simd>(p: &CrossEntropy, rows: Range<usize>, padded: usize) {
    let first = rows.start;
    let (mut max, mut sums, mut margins) = ([0.0; Line::LEN], [1.0; Line::LEN], [0.0; Line::LEN]);
    // SAFETY: the caller's promise; `at` + LANES is at most `padded`.
    unsafe {
        for row in rows.clone() {
            let z = p.z.add(row * p.z_stride);
            let mut lanes = Line([f32::NEG_INFINITY; 16]);
            for at in (0..padded).step_by(S::LANES) {
                let lane = lanes.0.as_mut_ptr().add(at % Line::LEN);
                S::store(lane, S::max(S::load(lane), S::load(z.add(at))));
            }
            max[row - first] = fold(lanes, |a, b| if a > b { a } else { b });
            margins[row - first] = max[row - first] - *z.add(usize::from(*p.labels.add(row)));
        }
        for row in rows.clone() {
            let z = p.z.add(row * p.z_stride);
            let max = S::splat(max[row - first]);
            let mut lanes = Line::ZERO;
            for at in (0..padded).step_by(S::LANES) {
                let e = exp_minus::<S>(S::sub(max, S::load(z.add(at))));
                S::store(z.add(at), e);
                let lane = lanes.0.as_mut_ptr().add(at % Line::LEN);
                S::store(lane, S::add(S::load(lane), e));
            }
            sums[row - first] = fold(lanes, |a, b| a + b);
        }
        for row in rows.clone() {
            let z = p.z.add(row * p.z_stride);
            let (label, sum) = (usize::from(*p.labels.add(row)), sums[row - first]);
            let e_label = *z.add(label);
            for at in (0..padded).step_by(S::LANES) {
                let probability = S::div(S::load(z.add(at)), S::splat(sum));
                S::store(z.add(at), S::mul(probability, S::splat(p.scale)));
            }
            *z.add(label) = (e_label / sum - 1.0) * p.scale;
            fill(z, p.classes, padded, 0.0);
        }
        let losses: [f32; Line::LEN] = from_fn(|row| (ln(sums[row]) + f64::from(margins[row])) as f32);
        losses.as_ptr().copy_to_nonoverlapping(p.loss.add(first), rows.len());
    }
}

/// Cross-entropy of a sigmoid: with `t = -z` for label 1 and `t = z` for label 0, `loss = ln(1 + exp(t))` and its slope is
/// `sigmoid(t)`, which keeps both accurate however small.
///
/// # Safety
/// The machine has the instruction set, and the operands reach over their shapes.
#[inline(always)]
pub(crate) unsafe fn binary_cross_entropy<S: Simd>(p: &CrossEntropy) {
    for row in 0..p.batch {
        // SAFETY: the row, its label and its loss exist; a register has at most 16 lanes.
        unsafe {
            let z = p.z.add(row * p.z_stride);
            let sign = if *p.labels.add(row) == 0 { 1.0 } else { -1.0 };
            let t = sign * *z;
            let (mut slope, mut e) = (Line::ZERO, Line::ZERO);
            S::store(slope.0.as_mut_ptr(), sigmoid::<S>(S::splat(t)));
            S::store(e.0.as_mut_ptr(), exp_minus::<S>(S::abs(S::splat(t))));
            *z = sign * slope.0[0] * p.scale;
            fill(z, 1, Line::LEN, 0.0);
            *p.loss.add(row) = (f64::from(t.max(0.0)) + ln_1p(e.0[0])) as f32;
        }
    }
}

/// `dh = 2 (h - target) / outputs * scale`, `loss` = the mean of the squares of `h - target`.
///
/// # Safety
/// The machine has the instruction set, and the operands reach over their shapes.
#[inline(always)]
pub(crate) unsafe fn mean_squared_error<S: Simd>(p: &SquaredError) {
    let padded = p.outputs.next_multiple_of(Line::LEN);
    let factor = 2.0 * p.scale / p.outputs as f32;
    for row in 0..p.batch {
        // SAFETY: the row and its loss exist; `at` + LANES is at most `padded`.
        unsafe {
            let (h, target) = (p.h.add(row * p.h_stride), p.targets.add(row * p.targets_stride));
            // The padding joins in with a difference of zero.
            for at in p.outputs..padded {
                *h.add(at) = *target.add(at);
            }
            let mut lanes = Line::ZERO;
            for at in (0..padded).step_by(S::LANES) {
                let difference = S::sub(S::load(h.add(at)), S::load(target.add(at)));
                S::store(h.add(at), S::mul(difference, S::splat(factor)));
                let lane = lanes.0.as_mut_ptr().add(at % Line::LEN);
                S::store(lane, S::fma(difference, difference, S::load(lane)));
            }
            *p.loss.add(row) = fold(lanes, |a, b| a + b) / p.outputs as f32;
        }
    }
}

/// Adds up each column, over the rows ascending.
///
/// # Safety
/// The machine has the instruction set, and the operands reach over `[rows, cols]` and `[cols]`.
#[inline(always)]
pub(crate) unsafe fn sum_rows<S: Simd>(p: &SumRows) {
    // Row by row: down a column, rows of a power of two would push each other out of the cache (Zen 5, 128 x 1024: 23 us, not 5).
    for row in 0..=p.rows {
        for at in (0..p.cols).step_by(S::LANES) {
            // SAFETY: `at` + LANES is at most `cols`, and row - 1 is below `rows`.
            unsafe {
                let sum = match row {
                    0 => S::splat(0.0),
                    _ => S::add(S::load(p.sums.add(at)), S::load(p.a.add((row - 1) * p.a_stride + at))),
                };
                S::store(p.sums.add(at), sum);
            }
        }
    }
}

/// # Safety
/// `row` is writable up to `to`.
#[inline(always)]
unsafe fn fill(row: *mut f32, from: usize, to: usize, value: f32) {
    for at in from..to {
        // SAFETY: the caller's promise.
        unsafe { *row.add(at) = value }
    }
}

/// Folds the halves of a line until one value is left.
#[inline(always)]
fn fold(Line(lanes): Line, join: impl Fn(f32, f32) -> f32) -> f32 {
    let eight: [f32; 8] = from_fn(|i| join(lanes[i], lanes[i + 8]));
    let four: [f32; 4] = from_fn(|i| join(eight[i], eight[i + 4]));
    join(join(four[0], four[2]), join(four[1], four[3]))
}

/// The natural logarithm of a normal `x >= 1`; `core` has none. In f64, so that its error is below an f32's rounding.
#[inline(always)]
fn ln(x: f32) -> f64 {
    let x = f64::from(x);
    // x = 2^n m with m in [1/sqrt(2), sqrt(2)).
    let n = (x.to_bits() - core::f64::consts::FRAC_1_SQRT_2.to_bits()) >> 52;
    let m = f64::from_bits(x.to_bits() - (n << 52));
    let ln = n as f64 * core::f64::consts::LN_2 + twice_atanh((m - 1.0) / (m + 1.0));
    if x.is_finite() { ln } else { x }
}

/// `ln(1 + x)` for x in [0, 1], accurate relative to itself.
fn ln_1p(x: f32) -> f64 {
    let x = f64::from(x);
    twice_atanh(x / (2.0 + x))
}

/// `2 atanh(s) = ln((1 + s) / (1 - s))` by its series: at |s| <= 1/3 the first term left out is below 1e-10 of the sum.
#[inline(always)]
fn twice_atanh(s: f64) -> f64 {
    let square = s * s;
    let mut sum = 0.0;
    for odd in [17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        sum = sum * square + 1.0 / odd;
    }
    2.0 * s * sum
}
