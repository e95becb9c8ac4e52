//! The dense product `C = act(start + A^T B)`, the one loop behind every dense layer, forward and backward.
//!
//! A is `[k][m]` and broadcast, B is `[k][n]` and loaded, C is `[m][n]`:
//!
//! ```text
//! for each block of columns n0, as wide as a tile        B's block stays in L2 while A streams past
//!   for each block of rows m0, as high as a tile
//!     acc[r][v] = start
//!     for k ascending                                    the canonical order: one chain of FMAs per output
//!       for r, v: acc[r][v] = a[k][m0 + r] * b[k][n0 + v] + acc[r][v]
//!     c[m0 + r][n0 + v] = act(acc[r][v])
//! ```
//!
//! Who is A and who is B decides which axis travels in the SIMD lanes:
//! - a batch in panels: A the weights (packed by tile), B the panel, bias by row;
//! - a batch of 1 to 15: A the inputs, B the weights (packed in blocks of columns), bias by column;
//! - training: forward `z = x w + b`, `dw = x^T dz`, `dx = dz w^T`, each with the transposed left operand as A.
//!
//! A tile of R rows and 2 registers costs 2 loads and R broadcasts for 2 R FMAs; R = 12 (AVX-512, 24 of 32 registers) and
//! R = 6 (AVX2, 12 of 16) keep the load ports below the FMA ports and the chains above the FMA latency. With few rows a tile
//! is 4 registers wide instead, for the same number of chains.

use super::activate::{self, in_registers};
use crate::Activation;
use crate::simd::Simd;

/// What an accumulator starts from.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    Zero,
    /// One value per row of C.
    Rows(*const f32),
    /// One value per column of C, padded to whole lines.
    Columns(*const f32),
}

/// Where the element (k, m) of A is.
#[derive(Clone, Copy)]
pub(crate) enum Left {
    /// At `k * stride + m`.
    Strided(usize),
    /// Packed by tiles of `TILE_ROWS` rows: the tile that starts at row m0 lies at `m0 * k`, `[k][rows of the tile]`.
    Tiled,
}

/// The operands of one product. `n` is a multiple of 16.
pub(crate) struct Product {
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) k: usize,
    pub(crate) a: *const f32,
    pub(crate) left: Left,
    pub(crate) b: *const f32,
    pub(crate) b_stride: usize,
    pub(crate) c: *mut f32,
    pub(crate) c_stride: usize,
    pub(crate) start: Start,
    pub(crate) activation: Activation,
}

/// One tile of it.
struct Tile {
    k: usize,
    a: *const f32,
    a_stride: usize,
    b: *const f32,
    b_stride: usize,
    c: *mut f32,
    c_stride: usize,
    start: Start,
    relu: bool,
}

/// # Safety
/// The machine has the instruction set; A is readable at every (k, m), B at every (k, n), the start at every row or column, and
/// C writable at every (m, n).
#[inline(always)]
pub(crate) unsafe fn product<S: Simd>(p: &Product) {
    let mut n0 = 0;
    while n0 < p.n {
        let wide = p.m <= S::WIDE_ROWS && p.n - n0 >= 4 * S::LANES;
        let registers = if wide { 4 } else { 2.min((p.n - n0) / S::LANES) };
        let mut m0 = 0;
        while m0 < p.m {
            let rows = S::TILE_ROWS.min(p.m - m0);
            // SAFETY: the block m0.., n0.. lies inside the operands, by the loop bounds and the caller's promise.
            unsafe {
                let t = tile_at::<S>(p, m0, n0, rows);
                match registers {
                    4 => pick_rows::<S, 4>(&t, rows),
                    2 => pick_rows::<S, 2>(&t, rows),
                    _ => pick_rows::<S, 1>(&t, rows),
                }
                if !in_registers(p.activation) {
                    activate::rows::<S>(p.activation, t.c, t.c_stride, rows, registers * S::LANES);
                }
            }
            m0 += rows;
        }
        n0 += registers * S::LANES;
    }
}

/// # Safety
/// As for [`product`]; the block starts inside the operands.
#[inline(always)]
unsafe fn tile_at<S: Simd>(p: &Product, m0: usize, n0: usize, rows: usize) -> Tile {
    // SAFETY: the offsets stay inside the operands that the caller vouches for.
    unsafe {
        // With k = 0, A and B are empty: their pointers may go nowhere, so they are not promised to stay inside.
        let (a, a_stride) = match p.left {
            Left::Strided(stride) => (p.a.wrapping_add(m0), stride),
            Left::Tiled => (p.a.wrapping_add(m0 * p.k), rows),
        };
        let start = match p.start {
            Start::Zero => Start::Zero,
            Start::Rows(bias) => Start::Rows(bias.add(m0)),
            Start::Columns(bias) => Start::Columns(bias.add(n0)),
        };
        let (b, c) = (p.b.wrapping_add(n0), p.c.add(m0 * p.c_stride + n0));
        let relu = p.activation == Activation::Relu;
        Tile { k: p.k, a, a_stride, b, b_stride: p.b_stride, c, c_stride: p.c_stride, start, relu }
    }
}

/// From a number of rows to the tile compiled for it.
///
/// # Safety
/// As for [`tile`], with `rows` rows.
#[inline(always)]
unsafe fn pick_rows<S: Simd, const NV: usize>(t: &Tile, rows: usize) {
    // A tile that no run can ask of this set compiles to nothing: the bounds are constants.
    let most = if NV == 4 { S::WIDE_ROWS } else { S::TILE_ROWS };
    macro_rules! pick {
        ($($r:literal)+) => {
            match rows {
                // SAFETY: the caller's promise, for as many rows as it names.
                $($r if $r <= most => unsafe { tile::<S, $r, NV>(t) },)+
                _ => unreachable!("a tile has 1 to {most} rows"),
            }
        };
    }
    pick!(1 2 3 4 5 6 7 8 9 10 11 12)
}

/// # Safety
/// The machine has the instruction set, and the operands of `t` reach over k, MR rows and NV registers.
#[inline(always)]
unsafe fn tile<S: Simd, const MR: usize, const NV: usize>(t: &Tile) {
    // SAFETY: every access is at k < t.k, r < MR, v < NV.
    unsafe {
        let mut acc = [[S::splat(0.0); NV]; MR];
        for r in 0..MR {
            for v in 0..NV {
                acc[r][v] = match t.start {
                    Start::Zero => acc[r][v],
                    Start::Rows(bias) => S::splat(*bias.add(r)),
                    Start::Columns(bias) => S::load(bias.add(v * S::LANES)),
                };
            }
        }
        let (mut a, mut b) = (t.a, t.b);
        for _ in 0..t.k {
            let mut loaded = [S::splat(0.0); NV];
            for v in 0..NV {
                loaded[v] = S::load(b.add(v * S::LANES));
            }
            for r in 0..MR {
                let x = S::splat(*a.add(r));
                for v in 0..NV {
                    acc[r][v] = S::fma(x, loaded[v], acc[r][v]);
                }
            }
            a = a.wrapping_add(t.a_stride);
            b = b.wrapping_add(t.b_stride);
        }
        for r in 0..MR {
            for v in 0..NV {
                S::store(t.c.add(r * t.c_stride + v * S::LANES), activate::settle::<S>(acc[r][v], t.relu));
            }
        }
    }
}
