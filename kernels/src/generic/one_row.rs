//! The dense product of one row whose outputs have several chains: those of an output side by side.

use super::activate::{self, in_registers};
use super::product::{Left, Product};
use crate::Activation;
use crate::simd::Simd;

/// One row of so few columns that each has several chains: all of them side by side.
///
/// # Safety
/// As for [`product`](super::product::product), with one row and one block of columns, for each of which there is a bias.
#[inline(always)]
pub(super) unsafe fn one_row<S: Simd>(p: &Product, bias: *const f32) {
    let chains = p.k.div_ceil(p.chain);
    // Eight chains in flight hide the latency of two FMAs a cycle.
    let registers = (p.n / S::LANES).min(if chains == 2 { 4 } else { 2 });
    for n0 in (0..p.n).step_by(registers * S::LANES) {
        // SAFETY: the caller's promise, for the columns from n0 on.
        unsafe {
            let bias = bias.add(n0);
            match (chains, registers) {
                (2, 1) => row_columns::<S, 2, 1>(p, n0, bias),
                (2, 2) => row_columns::<S, 2, 2>(p, n0, bias),
                (2, 4) => row_columns::<S, 2, 4>(p, n0, bias),
                (3, 1) => row_columns::<S, 3, 1>(p, n0, bias),
                (3, 2) => row_columns::<S, 3, 2>(p, n0, bias),
                (4, 1) => row_columns::<S, 4, 1>(p, n0, bias),
                (4, 2) => row_columns::<S, 4, 2>(p, n0, bias),
                _ => unreachable!("an output has at most 4 chains, and 16 or 32 columns whole registers"),
            }
        }
    }
    if !in_registers(p.activation) {
        // SAFETY: C is writable over its row.
        unsafe { activate::all::<S>(p.activation, p.c, p.n) }
    }
}

/// # Safety
/// As for [`one_row`], for CH chains and NV registers of columns from n0 on.
#[inline(always)]
unsafe fn row_columns<S: Simd, const CH: usize, const NV: usize>(p: &Product, n0: usize, bias: *const f32) {
    let a_step = if let Left::Strided(step) = p.left { step } else { 1 };
    // SAFETY: every access is at a k below p.k and a column below p.n.
    unsafe {
        let mut acc = [[S::splat(0.0); NV]; CH];
        for v in 0..NV {
            acc[0][v] = S::load(bias.add(v * S::LANES));
        }
        // A macro, as in `activate`.
        macro_rules! step {
            ($c:expr, $k:expr) => {
                let k = $c * p.chain + $k;
                let (x, b) = (S::splat(*p.a.add(k * a_step)), p.b.add(k * p.n + n0));
                for v in 0..NV {
                    acc[$c][v] = S::fma(x, S::load(b.add(v * S::LANES)), acc[$c][v]);
                }
            };
        }
        // The last chain may be shorter than the others.
        let all = p.k - (CH - 1) * p.chain;
        for k in 0..all {
            for c in 0..CH {
                step!(c, k);
            }
        }
        for c in 0..CH - 1 {
            for k in all..p.chain {
                step!(c, k);
            }
        }
        for v in 0..NV {
            let mut sum = acc[0][v];
            for c in 1..CH {
                sum = S::add(sum, acc[c][v]);
            }
            let settled = activate::settle::<S>(sum, p.activation == Activation::Relu);
            S::store(p.c.add(n0 + v * S::LANES), settled);
        }
    }
}
