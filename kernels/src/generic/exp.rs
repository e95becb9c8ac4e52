//! The exponential, and the activations made of it.
//!
//! Every use needs `exp(-y)` for `y >= 0` only: the Gaussian (`y = z^2`), softmax (`y = max - z`), and sigmoid and tanh through
//! `exp(-|z|)`. So there is one exponential, and it cannot overflow:
//!
//! ```text
//! k = y * -8 log2(e) + 3 * 2^22     rounded to an integer: k's low bits hold n = k - 3 * 2^22, -1008 <= n <= 0
//! r = y + n ln 2 / 8                ln 2 / 8 in two parts, the first so short that n times it is exact; |r| <= ln 2 / 16
//! 2^(n/8)                           one of eight values, looked up by n's low bits, and an integer addition to its exponent
//! exp(-y) = 2^(n/8) (1 + (exp(-r) - 1))     the inner difference a polynomial of degree 3
//! ```
//!
//! Multiplications decide: Zen 5 has two pipes for them and two others for additions and shifts. Here are 9, and a register takes
//! 5.5 cycles with AVX-512 (16 lanes), 5.7 with AVX2, 10.5 portable (SSE2). In steps of ln 2, with a polynomial of degree 6
//! and no table, there were 11, most of which waited for the one before: 7.8, 7.7 and 12.4.
//!
//! What lost, or was not built (AVX-512, values in L1):
//! - the steps of 2, 4 or 8 registers side by side: 2 to 5 % faster by themselves, nothing at the end of `spmm`;
//! - Estrin's order for the polynomial of degree 6: a multiplication more, no faster; with degree 3 it would be one more, too;
//! - the polynomial as `(r + a)^2 + b` times its leading coefficient, that times the power from a table of its own: a
//!   multiplication less, but two integer operations and a permute more: 2 % slower;
//! - the same with r scaled so that its leading coefficient is 1 (through the short part of ln 2 / 8): 8 multiplications, 8 %
//!   faster on paper; but the polynomial's error would be 2.6e-8, as the short part cannot be chosen freely. Not built.
//!
//! All sets do the same operations in the same order, so those that fuse agree bit for bit. Largest errors, in units in the
//! last place of an f32 near the exact result, on sets that fuse (`tests/activation.rs` checks them):
//!
//! | Gaussian | sigmoid | tanh |
//! |---|---|---|
//! | 1.1 | 2.5 | 1.6 |
//!
//! Where nothing fuses, the Gaussian's z^2 is rounded on its own, which adds up to z^2 units: 65 where the result is near 1e-35.

use crate::simd::Simd;

/// `exp(-LAST)` is just above 2^-126, the least normal number; beyond it the exponential is 0, never subnormal.
const LAST: f32 = 87.33;
/// Added to a number far below it, leaves the nearest integer in the low bits.
const MAGIC: f32 = 12582912.0; // 3 * 2^22
/// 14 bits of ln 2 / 8: times an integer of up to 10 bits it is exact.
const STEP_HIGH: f32 = 0.086_647_03;
/// The rest of ln 2 / 8.
const STEP_LOW: f32 = -3.636_121_4e-6;
/// `exp(-r - D) - 1 = EXP[0] + EXP[1] r + ..` with the least largest relative error, 1.9e-8, over |r| <= ln 2 / 16.
const EXP: [f32; 4] = [-1.213_636_2e-4, -0.999_878_7, 0.500_017_76, -0.166_621_09];
/// `2^(i/8) exp(D)`, less what the low bits of an n that ends in i add to it, i 2^20. D = 1.213525e-4, of all small numbers, is one
/// that makes every entry an f32 within a tenth of a unit in the last place.
const POWERS: [f32; 8] = [
    f32::from_bits(0x3F80_03FA),
    f32::from_bits(0x3F8B_9A18 - (1 << 20)),
    f32::from_bits(0x3F98_3CAB - (2 << 20)),
    f32::from_bits(0x3FA6_03FF - (3 << 20)),
    f32::from_bits(0x3FB5_0A93 - (4 << 20)),
    f32::from_bits(0x3FC5_6D4C - (5 << 20)),
    f32::from_bits(0x3FD7_4BAD - (6 << 20)),
    f32::from_bits(0x3FEA_C812 - (7 << 20)),
];

/// Below this, tanh is a polynomial: its form in exponentials would cancel.
const TANH_SMALL: f32 = 0.625;
/// `tanh(t) = t + t^3 (TANH[0] + TANH[1] t^2 + ..)` with the least largest relative error, 4.4e-9, over t <= [`TANH_SMALL`].
const TANH: [f32; 5] = [-0.333_332_8, 0.133_314_42, -0.053_739_715, 0.020_639_086, -0.005_704_985_5];

/// `c[0] + c[1] x + ..`, highest power first.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
unsafe fn polynomial<S: Simd, const N: usize>(c: &[f32; N], x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let mut p = S::splat(c[N - 1]);
        for i in (0..N - 1).rev() {
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
        let k = S::fma(y, S::splat(-8.0 * core::f32::consts::LOG2_E), S::splat(MAGIC));
        let n = S::sub(k, S::splat(MAGIC));
        let r = S::fma(a, b, S::mul(n, S::splat(STEP_HIGH)));
        let r = S::fma(n, S::splat(STEP_LOW), r);
        let power = S::scale_by_low_bits(S::lookup_eight(&POWERS, k), k);
        let e = S::fma(power, polynomial::<S, 4>(&EXP, r), power);
        S::zero_where_ge(y, S::splat(LAST), e)
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
        let small = S::fma(S::mul(polynomial::<S, 5>(&TANH, square), square), t, t);
        S::copysign(S::select_lt(t, S::splat(TANH_SMALL), small, large), z)
    }
}
