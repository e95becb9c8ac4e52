//! The dense product of one row: chains of an output, or blocks of columns, side by side.
//!
//! An entry point of its own: inlined into [`product`](super::product::product), it cost that its registers, and 784x64 at batch 16 9 %.
//!
//! Blocks side by side are streams of their own, which memory serves faster than one: 4096x4096 takes 8 % less time than one
//! block after the other, 2048x2048 13 %, 784x256, from L2, 12 %. Where the weights come from L3, one stream that is asked for 8 KiB
//! ahead is faster: 784x1024 13 % and 1024x1024 15 %, after 1 to 40 calls with the same weights. AVX2, whose blocks were two
//! tiles of half of each line, takes 27 to 33 % less (Zen 5). What lost, in a process of few other weights: 4 or 6 KiB ahead, 1 to 3 %; 12 or 16, 6 to
//! 10 %; into L2 alone, slower than nothing; two blocks asked for ahead, 2 to 8 %; one line of each 4 KiB instead of all,
//! no gain; asking for 64 lines at once, 3 to 5 %. In a process that holds 0.5 GB
//! of other weights, asking ahead costs 25 % in the first two calls and 5 to 9 % in four, which is not understood.

use super::activate::{self, in_registers};
use super::product::{BLOCK_COLUMNS, Left, Product, STEPS, Start};
use crate::Activation;
use crate::simd::Simd;
use crate::view::Line;

/// As much of the product of one row as has its columns side by side: returns how many columns, from the first on.
///
/// # Safety
/// As for [`product`](super::product::product), with one row, B in blocks of all steps, and a bias for each column.
#[inline(always)]
pub(crate) unsafe fn one_row<S: Simd>(p: &Product) -> usize {
    let Start::Columns(bias) = p.start else { return 0 };
    // SAFETY: the caller's promise. Columns that have several chains are one block.
    unsafe {
        if p.chain == p.k {
            return whole_blocks::<S>(p, bias);
        }
        several_chains::<S>(p, bias);
    }
    p.n
}

/// Columns so few that each has several chains: all of them side by side.
///
/// # Safety
/// As for [`one_row`], with one block of columns.
#[inline(always)]
unsafe fn several_chains<S: Simd>(p: &Product, bias: *const f32) {
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

/// Lines of one input that are asked for before their use.
const INPUT_AHEAD: usize = 18;
/// How far ahead of their use weights are asked for, in values: 8 KiB.
pub(super) const WEIGHTS_AHEAD: usize = 2048;
/// Bytes of weights for which one stream asked for ahead is faster than streams side by side: on Zen 5, whose L2 has 1 MiB, it is at 3
/// and 4 MiB, and is not at 0.8 and 16; where in between it changes was not measured.
pub(super) const BEYOND_L2: core::ops::Range<usize> = (1 << 20)..(8 << 20);

/// Columns that have one chain each: the whole blocks of them, some side by side. Returns how many columns these are.
///
/// # Safety
/// As for [`one_row`].
#[inline(always)]
unsafe fn whole_blocks<S: Simd>(p: &Product, bias: *const f32) -> usize {
    let most = S::ROW_REGISTERS * S::LANES / BLOCK_COLUMNS;
    if most == 0 {
        return 0;
    }
    let whole = p.n - p.n % BLOCK_COLUMNS;
    let ahead = S::PREFETCHES && BEYOND_L2.contains(&(p.n * p.k * size_of::<f32>()));
    let mut n0 = 0;
    while n0 < whole {
        let left = (whole - n0) / BLOCK_COLUMNS;
        let blocks = if ahead { 1 } else { left.min(most) };
        // SAFETY: the caller's promise, for the columns from n0 on.
        n0 += BLOCK_COLUMNS
            * unsafe {
                match (S::LANES, blocks) {
                    (16, 4) => side_by_side::<S, 4, 4, false>(p, n0, bias),
                    (16, 2..) => side_by_side::<S, 4, 2, false>(p, n0, bias),
                    (16, _) if ahead => side_by_side::<S, 4, 1, true>(p, n0, bias),
                    (16, _) => side_by_side::<S, 4, 1, false>(p, n0, bias),
                    (8, _) if ahead => side_by_side::<S, 8, 1, true>(p, n0, bias),
                    (8, _) => side_by_side::<S, 8, 1, false>(p, n0, bias),
                    _ => return 0,
                }
            };
    }
    if !in_registers(p.activation) {
        // SAFETY: C is writable over its row.
        unsafe { activate::all::<S>(p.activation, p.c, whole) }
    }
    whole
}

/// Returns SB.
///
/// # Safety
/// As for [`whole_blocks`], for SB blocks of NV registers from n0 on.
#[inline(always)]
unsafe fn side_by_side<S: Simd, const NV: usize, const SB: usize, const AHEAD: bool>(
    p: &Product,
    n0: usize,
    bias: *const f32,
) -> usize {
    let a_step = if let Left::Strided(step) = p.left { step } else { 1 };
    // SAFETY: every access is at a k below p.k and a column below p.n.
    unsafe {
        let mut acc = [[S::splat(0.0); NV]; SB];
        for s in 0..SB {
            for v in 0..NV {
                acc[s][v] = S::load(bias.add(n0 + s * BLOCK_COLUMNS + v * S::LANES));
            }
        }
        let (mut a, mut b) = (p.a, p.b.add(n0 * p.k));
        for k in (0..p.k).step_by(STEPS) {
            S::prefetch(a.wrapping_add(INPUT_AHEAD * Line::LEN));
            for _ in 0..STEPS.min(p.k - k) {
                let x = S::splat(*a);
                for s in 0..SB {
                    let b = b.wrapping_add(s * BLOCK_COLUMNS * p.k);
                    for line in 0..if AHEAD { BLOCK_COLUMNS / Line::LEN } else { 0 } {
                        S::prefetch(b.wrapping_add(WEIGHTS_AHEAD + line * Line::LEN));
                    }
                    for v in 0..NV {
                        acc[s][v] = S::fma(x, S::load(b.add(v * S::LANES)), acc[s][v]);
                    }
                }
                a = a.wrapping_add(a_step);
                b = b.wrapping_add(BLOCK_COLUMNS);
            }
        }
        for s in 0..SB {
            for v in 0..NV {
                let settled = activate::settle::<S>(acc[s][v], p.activation == Activation::Relu);
                S::store(p.c.add(n0 + s * BLOCK_COLUMNS + v * S::LANES), settled);
            }
        }
    }
    SB
}
