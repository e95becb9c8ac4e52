//! The exponential, and the activations made of it.
//!
//! Every use needs `exp(-y)` for `y >= 0` only: the Gaussian (`y = z^2`), softmax (`y = max - z`), and sigmoid and tanh through
//! `exp(-|z|)`. So there is one exponential, and it cannot overflow:
//!
//! ```text
//! k = y * -log2(e) + 3 * 2^22       rounded to an integer: k's low bits hold n = k - 3 * 2^22, -126 <= n <= 0
//! r = y + n ln 2                    ln 2 in two parts, the first so short that n times it is exact; |r| <= ln 2 / 2
//! exp(-y) = 2^n exp(-r)             a polynomial of degree 6, and an integer addition to its exponent
//! ```
//!
//! All sets do the same operations in the same order, so those that fuse agree bit for bit. Largest errors, in units in the
//! last place of an f32 near the exact result, on sets that fuse (`tests/activation.rs` checks them):
//!
//! | Gaussian | sigmoid | tanh |
//! |---|---|---|
//! | 1.1 | 2.5 | 1.6 |
//!
//! Where nothing fuses, the Gaussian's z^2 is rounded on its own, which adds up to z^2 units: 61 where the result is near 1e-35.

use crate::simd::Simd;

/// `exp(-LAST)` is just above 2^-126, the least normal number; beyond it the exponential is 0, never subnormal.
const LAST: f32 = 87.33;
/// Added to a number far below it, leaves the nearest integer in the low bits.
const MAGIC: f32 = 12582912.0; // 3 * 2^22
/// 15 bits of ln 2: times an integer of up to 9 bits it is exact.
const LN_2_HIGH: f32 = 0.693_145_75;
/// The rest of ln 2.
const LN_2_LOW: f32 = 1.428_606_8e-6;
/// `exp(-r) = 1 - r + r^2 (EXP[0] + EXP[1] r + ..)` with the least largest relative error, 3.1e-9, over |r| <= ln 2 / 2.
const EXP: [f32; 5] = [0.499_999_94, -0.166_665_21, 0.041_668_39, -0.008_368_724, 0.001_381_458_1];

/// Below this, tanh is a polynomial: its form in exponentials would cancel.
const TANH_SMALL: f32 = 0.625;
/// `tanh(t) = t + t^3 (TANH[0] + TANH[1] t^2 + ..)` with the least largest relative error, 4.4e-9, over t <= [`TANH_SMALL`].
const TANH: [f32; 5] = [-0.333_332_8, 0.133_314_42, -0.053_739_715, 0.020_639_086, -0.005_704_985_5];

/// `c[0] + c[1] x + ..`, highest power first.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
unsafe fn polynomial<S: Simd>(c: &[f32; 5], x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let mut p = S::splat(c[4]);
        for i in (0..4).rev() {
            p = S::fma(p, x, S::splat(c[i]));
        }
        p
    }
}

/// `exp(-a b)` where `a b >= 0`; 0 where that product is beyond [`LAST`], NaN where it is NaN. A set that fuses sees the exact
/// product, not the rounded one, whose error the exponential would multiply by up to 87.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub(crate) unsafe fn exp_minus_product<S: Simd>(a: S::V, b: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let y = S::mul(a, b);
        let k = S::fma(y, S::splat(-core::f32::consts::LOG2_E), S::splat(MAGIC));
        let n = S::sub(k, S::splat(MAGIC));
        let r = S::fma(a, b, S::mul(n, S::splat(LN_2_HIGH)));
        let r = S::fma(n, S::splat(LN_2_LOW), r);
        let p = S::fma(polynomial::<S>(&EXP, r), r, S::splat(-1.0));
        let p = S::fma(p, r, S::splat(1.0));
        // Where y is out of range the scaled value is garbage (of a NaN, too); `min` is 0 there, but NaN of a NaN.
        S::select_lt(y, S::splat(LAST), S::scale_by_low_bits(p, k), S::min(S::splat(0.0), y))
    }
}

/// `exp(-y)` for `y >= 0`; 0 where y is beyond [`LAST`], NaN where it is NaN.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub(crate) unsafe fn exp_minus<S: Simd>(y: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe { exp_minus_product::<S>(y, S::splat(1.0)) }
}

/// `exp(-z^2)`.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub(crate) unsafe fn gaussian<S: Simd>(z: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe { exp_minus_product::<S>(z, z) }
}

/// `1 / (1 + exp(-z))`, as `exp(z) / (1 + exp(z))` where z is negative: accurate in both tails.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub(crate) unsafe fn sigmoid<S: Simd>(z: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let (e, one) = (exp_minus::<S>(S::abs(z)), S::splat(1.0));
        S::div(S::select_lt(z, S::splat(0.0), e, one), S::add(one, e))
    }
}

/// `tanh(z)`, odd to the bit.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub(crate) unsafe fn tanh<S: Simd>(z: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let (t, one) = (S::abs(z), S::splat(1.0));
        let e = exp_minus::<S>(S::add(t, t));
        let large = S::div(S::sub(one, e), S::add(one, e));
        let square = S::mul(t, t);
        let small = S::fma(S::mul(polynomial::<S>(&TANH, square), square), t, t);
        S::copysign(S::select_lt(t, S::splat(TANH_SMALL), small, large), z)
    }
}
