//! Steps of a tile one register wide, as 16 outputs have with AVX-512: some of its rows by permutes instead of loads.
//!
//! A cycle has two loads and two FMAs, and every FMA of such a tile loads a value of A: with those of B, and what is asked for ahead,
//! 12 rows take 6.9 cycles a step for 6 of FMAs. Four values of a row in one load, spread by a permute each, are three loads less.
//! 784x16 takes 17 % less time than with 12 rows without them at batch 64, 20 % at batch 16 (Zen 5).
//!
//! What lost: 2 or 3 rows of 16 by permutes, 1 to 3 % slower than 4, with 5 the same; 8 of 22, 7 % slower than none, all of 11 too;
//! 22 rows, 3 % faster than 12 on the bare loop, but not in the product, and twice as slow where rows stand 4 KiB apart; permutes in tiles of
//! 8 to 10 rows, 15 to 20 % slower: their chains have no time for them.

use super::product::STEPS;
use crate::simd::Simd;

/// Values of a row that one load brings.
const QUAD: usize = 4;
/// How many rows of a tile come so.
const ROWS: usize = 4;
/// Rows that a tile then has at least.
const LEAST_ROWS: usize = 11;

/// How many rows of a tile come four values at once.
#[inline(always)]
pub(super) const fn quads<S: Simd>(rows: usize, registers: usize) -> usize {
    if registers == 1 && S::NARROW_ROWS > S::TILE_ROWS && rows >= LEAST_ROWS { ROWS } else { 0 }
}

/// [`STEPS`] steps of a tile, of A's rows at `a` and B's at `b`, each with the distance from row to row.
///
/// # Safety
/// The machine has the instruction set, and the operands reach over the steps, MR rows and NV registers.
#[inline(always)]
pub(super) unsafe fn steps<S: Simd, const MR: usize, const NV: usize>(
    (mut a, a_stride): (*const f32, usize),
    (mut b, b_stride): (*const f32, usize),
    acc: &mut [[S::V; NV]; MR],
) {
    // SAFETY: every access is at a step below STEPS, r < MR, v < NV.
    unsafe {
        for _ in 0..STEPS / QUAD {
            let mut quad = [S::splat(0.0); MR];
            for r in 0..quads::<S>(MR, NV) {
                quad[r] = S::load_quad(a.add(r * a_stride));
            }
            // A macro, as in `activate`.
            macro_rules! step {
                ($i:literal) => {
                    for v in 0..NV {
                        let loaded = S::load(b.add($i * b_stride + v * S::LANES));
                        for r in 0..MR {
                            let x = if r < quads::<S>(MR, NV) {
                                S::splat_quad::<$i>(quad[r])
                            } else {
                                S::splat(*a.add(r * a_stride + $i))
                            };
                            acc[r][v] = S::fma(x, loaded, acc[r][v]);
                        }
                    }
                };
            }
            step!(0);
            step!(1);
            step!(2);
            step!(3);
            (a, b) = (a.wrapping_add(QUAD), b.wrapping_add(QUAD * b_stride));
        }
    }
}
