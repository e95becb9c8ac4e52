//! The oracle: what a layer computes, in plain loops and f64, and how far an f32 kernel may be from it.
//!
//! Every value here travels with a bound, and the bounds follow the values through as many layers as there are (a running
//! error analysis: Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., section 3.3).
//!
//! **The bound of a product.** A kernel computes `z = sum w x + b` as one chain of n multiply-adds, or a few whose sums are added. With `u = 2^-24`, each
//! product and each addition is rounded once at most, so each term passes through at most n + 1 roundings and
//!
//! ```text
//! |z_f32 - z| <= gamma(n + 1) (sum |w x| + |b|),    gamma(n) = n u / (1 - n u)       (section 3.1)
//! ```
//!
//! in whatever order the terms are added, fused or not. Terms that are zero are not rounded and not counted. An x that is
//! itself off by e adds `|w| e`, and products that underflow add half the smallest subnormal number each. The oracle's own
//! roundings are 2^29 times smaller than f32's: one more term in gamma covers them.
//!
//! **The bound of an activation.** `h = act(z)` moves by its Lipschitz constant times the error of z, and is itself rounded.

use crate::{Activation, CsrRef};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// The unit roundoff of f32.
const UNIT: f64 = 1.0 / (1 << 24) as f64;
/// The smallest positive f32, 2^-149.
const TINY: f64 = f32::from_bits(1) as f64;
/// How many ulps the kernels' exp and tanh may be off, relative to their result.
const ACTIVATION_ULPS: f64 = 4.0;

/// What a value must be, and how far an f32 computation of it may be off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// The value, computed in f64.
    pub value: f64,
    /// The largest difference that f32 rounding explains.
    pub bound: f64,
}

/// Inputs: what they are, exactly.
pub fn exact(values: &[f32]) -> Vec<Expected> {
    values.iter().map(|&x| Expected { value: x.into(), bound: 0.0 }).collect()
}

/// `h = act(z)`.
pub fn activate(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Identity => z,
        // Not `max`, which hides a NaN.
        Activation::Relu => {
            if z < 0.0 {
                0.0
            } else {
                z
            }
        }
        Activation::Gaussian => (-z * z).exp(),
        Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
        Activation::Tanh => z.tanh(),
    }
}

/// One dense layer.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// Number of inputs.
    pub fan_in: usize,
    /// `[fan_out, fan_in]`, row-major.
    pub weight: &'a [f32],
    /// `[fan_out]`.
    pub bias: &'a [f32],
    /// What ends it.
    pub activation: Activation,
}

/// The layer's output `[batch, fan_out]` for `rows` `[batch, fan_in]`.
///
/// # Panics
/// The lengths do not fit.
pub fn dense_layer(layer: Layer<'_>, rows: &[Expected]) -> Vec<Expected> {
    assert_eq!(layer.weight.len(), layer.fan_in * layer.bias.len(), "weight is [fan_out, fan_in]");
    let weights =
        |output: usize| layer.weight[output * layer.fan_in..][..layer.fan_in].iter().copied().enumerate();
    by_blocks(layer.fan_in, layer.bias, layer.activation, rows, weights)
}

/// The same for a sparse weight `[fan_out, fan_in]`: `rows` is `[batch, fan_in]`, the output `[batch, fan_out]`.
///
/// # Panics
/// The lengths do not fit.
pub fn csr_layer(
    weight: CsrRef<'_>,
    bias: &[f32],
    activation: Activation,
    rows: &[Expected],
) -> Vec<Expected> {
    assert_eq!(weight.rows(), bias.len(), "one bias for each row of the weight");
    let weights = |output: usize| {
        let (columns, values) = weight.row(output);
        columns.iter().map(|&c| c as usize).zip(values.iter().copied())
    };
    by_blocks(weight.cols(), bias, activation, rows, weights)
}

/// A whole network in f64: the output of the last layer, `[batch, fan_out]`, for `rows` `[batch, fan_in]` of the first.
///
/// # Panics
/// The lengths do not fit.
pub fn forward<'a>(layers: impl IntoIterator<Item = Layer<'a>>, rows: &[f32]) -> Vec<Expected> {
    layers.into_iter().fold(exact(rows), |rows, layer| dense_layer(layer, &rows))
}

/// Examples computed side by side, so that their sums do not wait for each other: the checks of a run take ten times as long
/// one by one.
const BLOCK: usize = 8;

/// One feature of a block of examples.
#[derive(Clone, Default)]
struct Feature {
    value: [f64; BLOCK],
    bound: [f64; BLOCK],
    /// `|value| + bound`.
    size: [f64; BLOCK],
}

/// `weights` gives the (input, weight) pairs of an output, inputs ascending.
fn by_blocks<W: Iterator<Item = (usize, f32)>>(
    fan_in: usize,
    bias: &[f32],
    activation: Activation,
    rows: &[Expected],
    weights: impl Fn(usize) -> W,
) -> Vec<Expected> {
    assert!(rows.len().is_multiple_of(fan_in), "rows are [batch, fan_in]");
    let (fan_out, nothing) = (bias.len(), Expected { value: 0.0, bound: 0.0 });
    let mut outputs = vec![nothing; rows.len() / fan_in * fan_out];
    for (rows, outputs) in rows.chunks(BLOCK * fan_in).zip(outputs.chunks_mut(BLOCK * fan_out)) {
        let mut features = vec![Feature::default(); fan_in];
        for (i, row) in rows.chunks(fan_in).enumerate() {
            for (feature, x) in features.iter_mut().zip(row) {
                (feature.value[i], feature.bound[i], feature.size[i]) =
                    (x.value, x.bound, x.value.abs() + x.bound);
            }
        }
        for (o, &bias) in bias.iter().enumerate() {
            let z = sum(weights(o).map(|(k, w)| (w, &features[k])), bias);
            for (row, z) in outputs.chunks_mut(fan_out).zip(z) {
                row[o] = end(activation, z);
            }
        }
    }
    outputs
}

/// `z = sum w x + bias` for a block of examples.
fn sum<'a>(terms: impl Iterator<Item = (f32, &'a Feature)>, bias: f32) -> [Expected; BLOCK] {
    let bias = f64::from(bias);
    let (mut value, mut magnitude, mut inherited) = ([bias; BLOCK], [bias.abs(); BLOCK], [0.0; BLOCK]);
    let mut roundings = 2.0;
    for (w, x) in terms {
        let w = f64::from(w);
        for i in 0..BLOCK {
            value[i] += w * x.value[i];
            magnitude[i] += w.abs() * x.size[i];
            inherited[i] += w.abs() * x.bound[i];
        }
        roundings += if w == 0.0 { 0.0 } else { 1.0 };
    }
    let n = roundings * UNIT;
    let gamma = if n < 1.0 { n / (1.0 - n) } else { f64::INFINITY };
    core::array::from_fn(|i| Expected {
        value: value[i],
        bound: gamma * magnitude[i] + inherited[i] + roundings * TINY,
    })
}

/// `h = act(z)` with its bound.
fn end(activation: Activation, z: Expected) -> Expected {
    let value = activate(activation, z.value);
    // The largest slope of the activation, and by how many ulps of h its computation is off.
    let (lipschitz, ulps) = match activation {
        Activation::Identity | Activation::Relu => (1.0, 0.0),
        // At z = 1 / sqrt(2) the slope is sqrt(2 / e). z^2 is rounded before exp, which turns it into z^2 times as much.
        Activation::Gaussian => ((2.0 / core::f64::consts::E).sqrt(), ACTIVATION_ULPS + z.value * z.value),
        Activation::Sigmoid => (0.25, ACTIVATION_ULPS),
        Activation::Tanh => (1.0, ACTIVATION_ULPS),
    };
    // Below the normal numbers an ulp is TINY; and what the kernels cannot tell from zero they may give as zero.
    let rounding =
        if ulps == 0.0 { 0.0 } else { ulps * 2.0 * UNIT * value.abs() + f64::from(f32::MIN_POSITIVE) };
    Expected { value, bound: lipschitz * z.bound + rounding }
}

/// Why an output is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mismatch {
    /// The output is not as long as it should be.
    Length {
        /// Its length.
        got: usize,
        /// What it should be.
        want: usize,
    },
    /// A value is further off than f32 rounding explains, or is no number.
    Value {
        /// Where.
        index: usize,
        /// What it is.
        got: f32,
        /// What it should be, and how far off it may be.
        want: Expected,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Length { got, want } => write!(f, "{got} values instead of {want}"),
            Mismatch::Value { index, got, want: Expected { value, bound } } => {
                let off = (f64::from(*got) - value).abs();
                write!(
                    f,
                    "value {index} is {got}, not {value}: off by {off:.3e}, where rounding explains {bound:.3e}"
                )
            }
        }
    }
}

impl core::error::Error for Mismatch {}

/// The largest difference between `got` and `want`, if each is within its bound.
///
/// # Errors
/// The first value that is not, which a NaN never is.
pub fn check(got: &[f32], want: &[Expected]) -> Result<f64, Mismatch> {
    if got.len() != want.len() {
        return Err(Mismatch::Length { got: got.len(), want: want.len() });
    }
    let mut largest = 0.0f64;
    for (index, (&got, &want)) in got.iter().zip(want).enumerate() {
        let off = (f64::from(got) - want.value).abs();
        // An infinite bound would excuse anything.
        if !(off <= want.bound && want.bound.is_finite()) {
            return Err(Mismatch::Value { index, got, want });
        }
        largest = largest.max(off);
    }
    Ok(largest)
}
