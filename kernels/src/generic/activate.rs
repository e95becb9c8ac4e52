//! Activations, as the end of a product and on their own.

use super::exp;
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
    // A macro, not a function of a closure: a closure would not be compiled for the instruction set.
    macro_rules! each {
        ($v:ident => $h:expr) => {
            for at in (0..len).step_by(S::LANES) {
                // SAFETY: `at` + LANES is at most `len`.
                unsafe {
                    let $v = S::load(z.add(at));
                    S::store(z.add(at), $h);
                }
            }
        };
    }
    match activation {
        Activation::Identity => {}
        Activation::Relu => each!(v => settle::<S>(v, true)),
        Activation::Gaussian => each!(v => exp::gaussian::<S>(v)),
        Activation::Sigmoid => each!(v => exp::sigmoid::<S>(v)),
        Activation::Tanh => each!(v => exp::tanh::<S>(v)),
    }
}

/// Applies `activation` to `NV` registers of each of R rows: the sums, one after the other at `z`, go to their rows at `y`.
///
/// # Safety
/// The machine has the instruction set, `z` is readable over all the registers and each of `y` writable over its own.
#[inline(always)]
pub(crate) unsafe fn tile<S: Simd, const R: usize, const NV: usize>(
    activation: Activation,
    z: *const f32,
    y: &[*mut f32; R],
) {
    // A macro for the reason given at `all`.
    macro_rules! each {
        ($v:ident => $h:expr) => {
            for r in 0..R {
                for v in 0..NV {
                    // SAFETY: the register is one of R * NV, in a row of NV.
                    unsafe {
                        let $v = S::load(z.add((r * NV + v) * S::LANES));
                        S::store(y[r].add(v * S::LANES), $h);
                    }
                }
            }
        };
    }
    match activation {
        Activation::Identity => each!(v => v),
        Activation::Relu => each!(v => settle::<S>(v, true)),
        Activation::Gaussian => each!(v => exp::gaussian::<S>(v)),
        Activation::Sigmoid => each!(v => exp::sigmoid::<S>(v)),
        Activation::Tanh => each!(v => exp::tanh::<S>(v)),
    }
}

/// The operands of `dz = dh act'(z)`.
#[cfg(feature = "train")]
pub(crate) struct Backward {
    pub(crate) activation: Activation,
    /// Multiple of 16.
    pub(crate) len: usize,
    pub(crate) z: *const f32,
    pub(crate) h: *const f32,
    /// dh on the way in, dz on the way out.
    pub(crate) dh: *mut f32,
}

/// `dh *= act'(z)`, the derivative expressed by `h = act(z)` (the Gaussian's by `z` too).
///
/// # Safety
/// The machine has the instruction set; `z` and `h` are readable and `dh` is writable over `len` values.
#[cfg(feature = "train")]
#[inline(always)]
pub(crate) unsafe fn backward<S: Simd>(p: &Backward) {
    macro_rules! each {
        ($z:ident, $h:ident, $dh:ident => $dz:expr) => {
            for at in (0..p.len).step_by(S::LANES) {
                // SAFETY: `at` + LANES is at most `len`.
                unsafe {
                    let ($z, $h, $dh) = (S::load(p.z.add(at)), S::load(p.h.add(at)), S::load(p.dh.add(at)));
                    S::store(p.dh.add(at), $dz);
                }
            }
        };
    }
    match p.activation {
        Activation::Identity => {}
        // Where h is not positive it is 0 or NaN, and so is dz.
        Activation::Relu => each!(_z, h, dh => S::select_lt(S::splat(0.0), h, dh, h)),
        Activation::Gaussian => each!(z, h, dh => S::mul(dh, S::mul(S::mul(S::splat(-2.0), z), h))),
        Activation::Sigmoid => each!(_z, h, dh => S::mul(dh, S::mul(h, S::sub(S::splat(1.0), h)))),
        Activation::Tanh => {
            each!(_z, h, dh => S::mul(dh, S::mul(S::sub(S::splat(1.0), h), S::add(S::splat(1.0), h))))
        }
    }
}
