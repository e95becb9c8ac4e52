//! The losses on the prototypes themselves: coverage by the soft minimum, and separation.

use super::{CoverageTerm, Networks, Place, ROWS, get, put};
use crate::generic::exp::exp_minus_product;
use crate::simd::Simd;

/// Adds to db and dw what they get of both losses, through the prototypes.
///
/// # Safety
/// The machine has the instruction set; `place` is of `p`; `D` is the number of coordinates, or 0 for any.
#[inline(always)]
pub(super) unsafe fn prototypes<S: Simd, const D: usize>(p: &Networks, place: &Place) {
    let (zero, soft) = (0.0, matches!(p.coverage, CoverageTerm::SoftMinimum(_)));
    if p.separation.is_none() && !soft {
        return;
    }
    // SAFETY: the caller's promise, for lines that Networks says are there.
    unsafe {
        for k in 0..p.n * p.d {
            let prototype = S::div(S::sub(S::splat(zero), get::<S>(place.b, k)), guarded::<S>(p, place, k));
            put::<S>(place.p, k, prototype);
            put::<S>(place.dp, k, S::splat(zero));
        }
        if let CoverageTerm::SoftMinimum(tau) = p.coverage {
            let mut i = 0;
            while i + ROWS <= p.n {
                soft_minimum::<S, D, ROWS>(p, place, i, tau);
                i += ROWS;
            }
            while i < p.n {
                soft_minimum::<S, D, 1>(p, place, i, tau);
                i += 1;
            }
        }
        if let Some(tau) = p.separation {
            separation::<S, D>(p, place, tau);
        }
        for k in 0..p.n * p.d {
            to_weights::<S>(p, place, k);
        }
    }
}

/// The weight that prototype `k` is divided by: w, or the guard with its sign.
///
/// # Safety
/// As [`prototypes`].
#[inline(always)]
unsafe fn guarded<S: Simd>(p: &Networks, place: &Place, k: usize) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let (w, guard) = (get::<S>(place.w, k), S::splat(p.guard));
        S::select_lt(S::abs(w), guard, S::copysign(guard, w), w)
    }
}

/// From dp to db and dw: `dp/db = -1/w`, and `dp/dw = -p/w` where the guard does not hold p.
///
/// # Safety
/// As [`prototypes`].
#[inline(always)]
unsafe fn to_weights<S: Simd>(p: &Networks, place: &Place, k: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let zero = S::splat(0.0);
        let by_b = S::div(S::sub(zero, get::<S>(place.dp, k)), guarded::<S>(p, place, k));
        put::<S>(place.db, k, S::add(get::<S>(place.db, k), by_b));
        let size = S::abs(get::<S>(place.w, k));
        let by_w = S::select_lt(size, S::splat(p.guard), zero, by_b);
        put::<S>(place.dw, k, S::fma(by_w, get::<S>(place.p, k), get::<S>(place.dw, k)));
    }
}

/// What dp gets of the coverage of `R` points from `i` on: each pulls at the prototypes near it, in shares that add up to 1.
///
/// # Safety
/// As [`prototypes`]; the points are there.
#[inline(always)]
unsafe fn soft_minimum<S: Simd, const D: usize, const R: usize>(
    p: &Networks,
    place: &Place,
    i: usize,
    tau: f32,
) {
    let d = if D == 0 { p.d } else { D };
    // SAFETY: the caller's promise.
    unsafe {
        let (mut least, mut sum) = ([S::splat(f32::INFINITY); R], [S::splat(0.0); R]);
        for j in 0..p.n {
            for r in 0..R {
                let mut distance = S::splat(0.0);
                for k in 0..d {
                    let x = get::<S>(place.x, k * p.n + i + r);
                    let away = S::sub(get::<S>(place.p, j * d + k), x);
                    distance = S::fma(away, away, distance);
                }
                put::<S>(place.e, j * R + r, distance);
                least[r] = S::min(distance, least[r]);
            }
        }
        for j in 0..p.n {
            for r in 0..R {
                let more = S::sub(get::<S>(place.e, j * R + r), least[r]);
                let e = exp_minus_product::<S>(more, S::splat(1.0 / tau));
                put::<S>(place.e, j * R + r, e);
                sum[r] = S::add(sum[r], e);
            }
        }
        let mut share = sum;
        for r in 0..R {
            let all = S::mul(get::<S>(place.lambda, 1), S::splat(2.0 / p.n as f32));
            share[r] = S::div(all, sum[r]);
        }
        for j in 0..p.n {
            for k in 0..d {
                let (at, mut dp) = (get::<S>(place.p, j * d + k), get::<S>(place.dp, j * d + k));
                for r in 0..R {
                    let away = S::sub(at, get::<S>(place.x, k * p.n + i + r));
                    dp = S::fma(S::mul(get::<S>(place.e, j * R + r), share[r]), away, dp);
                }
                put::<S>(place.dp, j * d + k, dp);
            }
        }
    }
}

/// What dp gets of separation: two prototypes within its reach push each other apart.
///
/// # Safety
/// As [`prototypes`].
#[inline(always)]
unsafe fn separation<S: Simd, const D: usize>(p: &Networks, place: &Place, tau: f32) {
    let d = if D == 0 { p.d } else { D };
    let pairs = (p.n * p.n.saturating_sub(1).max(1)) as f32;
    // SAFETY: the caller's promise.
    unsafe {
        let factor = S::mul(get::<S>(place.lambda, 2), S::splat(-4.0 / (tau * pairs)));
        for j in 0..p.n {
            for other in j + 1..p.n {
                let mut distance = S::splat(0.0);
                for k in 0..d {
                    let away = S::sub(get::<S>(place.p, j * d + k), get::<S>(place.p, other * d + k));
                    distance = S::fma(away, away, distance);
                }
                let e = S::mul(exp_minus_product::<S>(distance, S::splat(1.0 / tau)), factor);
                for k in 0..d {
                    let (own, its) = (j * d + k, other * d + k);
                    let push = S::mul(e, S::sub(get::<S>(place.p, own), get::<S>(place.p, its)));
                    put::<S>(place.dp, own, S::add(get::<S>(place.dp, own), push));
                    put::<S>(place.dp, its, S::sub(get::<S>(place.dp, its), push));
                }
            }
        }
    }
}
