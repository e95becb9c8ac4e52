//! Activations, as the end of a product and on their own.

use crate::Activation;
use crate::simd::Simd;

/// Whether the activation is cheap enough to be applied to a tile's registers before they are stored; the others take a second
/// look at the tile while it is in L1, so that their polynomials are compiled once and not once per tile shape.
#[inline(always)]
pub(crate) fn in_registers(activation: Activation) -> bool {
    matches!(activation, Activation::Identity | Activation::Relu)
}

/// The end of a chain of FMAs: ReLU or nothing, and a zero is positive.
///
/// A weight of zero adds `0 * x`, which turns a sum of -0 into +0: without the addition here, skipping that weight could be
/// seen in the sign of a zero, and `csr` would not equal `masked` bit for bit.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub(crate) unsafe fn settle<S: Simd>(sum: S::V, relu: bool) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let sum = S::add(sum, S::splat(0.0));
        // `max` gives its second operand where that is NaN: a NaN stays visible.
        if relu { S::max(S::splat(0.0), sum) } else { sum }
    }
}

/// Applies `activation` in place to `rows` rows of `cols` values, `cols` a multiple of the lanes.
///
/// # Safety
/// The machine has the instruction set and `z` is readable and writable over the rows.
#[inline(always)]
pub(crate) unsafe fn rows<S: Simd>(
    activation: Activation,
    z: *mut f32,
    stride: usize,
    rows: usize,
    cols: usize,
) {
    for row in 0..rows {
        // SAFETY: the caller's promise, row by row.
        unsafe { all::<S>(activation, z.add(row * stride), cols) }
    }
}

/// Applies `activation` in place to `len` values, a multiple of the lanes.
///
/// # Safety
/// The machine has the instruction set and `z` is readable and writable over `len` values.
#[inline(always)]
pub(crate) unsafe fn all<S: Simd>(activation: Activation, z: *mut f32, len: usize) {
    for at in (0..len).step_by(S::LANES) {
        // SAFETY: `at` + LANES is at most `len`.
        unsafe {
            let v = S::load(z.add(at));
            let h = match activation {
                Activation::Identity => v,
                Activation::Relu => settle::<S>(v, true),
                Activation::Gaussian | Activation::Sigmoid | Activation::Tanh => v,
            };
            S::store(z.add(at), h);
        }
    }
}
