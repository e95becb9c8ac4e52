//! The dense product `C = act(start + A^T B)`, the one loop behind every dense layer, forward and backward.
//!
//! A is `[k][m]` and broadcast, B is `[k][n]` and loaded, C is `[m][n]`:
//!
//! ```text
//! for each tile of rows m0 and columns n0                the weights' axis outside: each of their tiles is fetched once
//!   acc[r][v] = start
//!   for k ascending                                      the canonical order: one chain of FMAs per output, or a few (`order`)
//!     for r, v: acc[r][v] = a[k][m0 + r] * b[k][n0 + v] + acc[r][v]
//!   c[m0 + r][n0 + v] = act(acc[r][v])                   a second chain starts from zero, and adds what the first left here
//! ```
//!
//! Who is A and who is B decides which axis travels in the SIMD lanes:
//! - a batch in panels: A the weights (packed by tile), B the panel, bias by row;
//! - a batch in rows, of any size: A the rows as they stand in memory, B the weights (packed in blocks), bias by column;
//! - training: forward `z = x w + b`, `dw = x^T dz`, `dx = dz w^T`, each with the transposed left operand as A.
//!
//! A tile of R rows and 2 registers costs 2 loads and R broadcasts for 2 R FMAs; R = 12 (AVX-512, 24 of 32 registers) and
//! R = 6 (AVX2, 12 of 16) keep the load ports below the FMA ports and the chains above the FMA latency. With few rows a tile
//! is 4 registers wide instead, for the same number of chains.
//!
//! What comes from beyond L2 is asked for in time (Zen 5, batch 64): rows of 784 inputs that stand in L3, by a tile of 12 rows at
//! once, go from 77 to 89 % of the FMA peak of a layer of 64 outputs; and the weights of the next block, a part of them with
//! each tile, take 784x1024 (3 MiB) from 89 to 95 %. Asking for either into L2 alone, or 8 lines ahead, is slower.
//!
//! The steps are not cut into blocks. With blocks of 1,024, 4096x4096 (64 MiB, from DRAM) went from 65 to 74 % of the peak with 64
//! rows, from 73 to 78 % with 96, and from 90 to 86 % and 96 to 85 % with panels of 64 and 256.

use super::activate::{self, in_registers};
use crate::Activation;
use crate::simd::Simd;
use crate::view::Line;

/// What an accumulator starts from.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    Zero,
    /// One value per row of C.
    Rows(*const f32),
    /// One value per column of C, padded to whole lines.
    Columns(*const f32),
    /// What C holds: the chains go on.
    #[cfg(feature = "train")]
    Kept,
    /// Zero, and what C holds is added in the end: the next chain.
    Added,
}

/// Where the element (k, m) of A is.
#[derive(Clone, Copy)]
pub(crate) enum Left {
    /// At `k * stride + m`.
    Strided(usize),
    /// At `m * stride + k`: the rows of a batch as they stand in memory.
    Rows(usize),
    /// Packed by tiles of [`tile_height`] rows: the tile that starts at row m0 lies at `m0 * k`, `[k][rows of the tile]`.
    Tiled,
}

/// Where the element (k, n) of B is.
#[derive(Clone, Copy)]
pub(crate) enum Right {
    /// At `k * stride + n`.
    Strided(usize),
    /// Packed in blocks of [`BLOCK_COLUMNS`] columns, the last narrower: the block that starts at column n0 lies at `n0 * k`,
    /// `[k][columns of the block]`.
    Blocked,
}

/// Columns of a block of B: four lines, for one input a stream of consecutive memory.
pub(crate) const BLOCK_COLUMNS: usize = 4 * Line::LEN;

/// Steps between two looks ahead: a line of each row of A.
const STEPS: usize = Line::LEN;
/// How many steps before its use a line of A's rows is asked for.
const AHEAD: usize = 3 * Line::LEN;

/// Rows of the next tile, where `left` are left and a tile has at most `most`: as equal as can be, since a tile of a row or two
/// has too few chains of FMAs to hide their latency. 13 rows are 7 and 6, not 12 and 1.
pub(crate) const fn tile_height(left: usize, most: usize) -> usize {
    left.div_ceil(left.div_ceil(most))
}

/// The operands of one product. `n` is a multiple of 16.
pub(crate) struct Product {
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) k: usize,
    /// How many k each chain of an output sums: all, or as [`chain_inputs`](super::order::chain_inputs) says.
    pub(crate) chain: usize,
    pub(crate) a: *const f32,
    pub(crate) left: Left,
    pub(crate) b: *const f32,
    pub(crate) right: Right,
    pub(crate) c: *mut f32,
    pub(crate) c_stride: usize,
    pub(crate) start: Start,
    pub(crate) activation: Activation,
}

/// A chain of one tile of it.
struct Tile {
    k: usize,
    /// Steps of the chains after this one.
    left: usize,
    /// The element (k, r) is at `k * a_step + r * a_stride`; one of these is 1.
    a: *const f32,
    a_step: usize,
    a_stride: usize,
    b: *const f32,
    b_stride: usize,
    c: *mut f32,
    c_stride: usize,
    start: Start,
    relu: bool,
    next: Next,
}

/// The packed weights that follow those of a tile, and the part of them that it asks for.
struct Next {
    at: *const f32,
    /// How many belong to one k: so many lines to [`STEPS`] steps.
    width: usize,
    /// Of these lines, the first to ask for and the one after the last.
    lines: (usize, usize),
}

/// # Safety
/// The machine has the instruction set; A is readable at every (k, m), B at every (k, n), the start at every row or column, and
/// C writable at every (m, n).
#[inline(always)]
pub(crate) unsafe fn product<S: Simd>(p: &Product) {
    if let (1, Right::Blocked, Start::Columns(bias)) = (p.m, p.right, p.start)
        && p.chain < p.k
    {
        // SAFETY: the caller's promise. Rows that have several chains have one block of columns.
        return unsafe { one_row::<S>(p, bias) };
    }
    let (mut m0, mut n0) = (0, 0);
    while m0 < p.m && n0 < p.n {
        let rows = tile_height(p.m - m0, S::TILE_ROWS);
        let columns = match p.right {
            Right::Strided(_) => p.n - n0,
            Right::Blocked => {
                BLOCK_COLUMNS.min(p.n - n0 / BLOCK_COLUMNS * BLOCK_COLUMNS) - n0 % BLOCK_COLUMNS
            }
        };
        let wide = p.m <= S::WIDE_ROWS && columns >= 4 * S::LANES;
        let registers = if wide { 4 } else { 2.min(columns / S::LANES) };
        let width = registers * S::LANES;
        // SAFETY: the block m0.., n0.. lies inside the operands, by the loop's condition and the caller's promise.
        unsafe {
            let mut t = tile_at(p, (m0, n0), (rows, width));
            loop {
                match (registers, p.left) {
                    (4, Left::Rows(_)) => pick_rows::<S, 4, true>(&t, rows),
                    (2, Left::Rows(_)) => pick_rows::<S, 2, true>(&t, rows),
                    (_, Left::Rows(_)) => pick_rows::<S, 1, true>(&t, rows),
                    (4, _) => pick_rows::<S, 4, false>(&t, rows),
                    (2, _) => pick_rows::<S, 2, false>(&t, rows),
                    (_, _) => pick_rows::<S, 1, false>(&t, rows),
                }
                if t.left == 0 {
                    break;
                }
                t.next_chain(p);
            }
            if !in_registers(p.activation) {
                activate::rows::<S>(p.activation, t.c, t.c_stride, rows, width);
            }
        }
        (m0, n0) = match p.left {
            Left::Tiled if n0 + width < p.n => (m0, n0 + width),
            Left::Tiled => (m0 + rows, 0),
            _ if m0 + rows < p.m => (m0 + rows, n0),
            _ => (0, n0 + width),
        };
    }
}

/// One row of so few columns that each has several chains: all of them side by side.
///
/// # Safety
/// As for [`product`], with one row and one block of columns, for each of which there is a bias.
#[inline(always)]
unsafe fn one_row<S: Simd>(p: &Product, bias: *const f32) {
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

/// The tile at row m0 and column n0.
///
/// # Safety
/// As for [`product`]; the tile of so many rows and columns lies inside the operands.
#[inline(always)]
unsafe fn tile_at(p: &Product, (m0, n0): (usize, usize), (rows, columns): (usize, usize)) -> Tile {
    // SAFETY: the offsets stay inside the operands that the caller vouches for.
    unsafe {
        // With k = 0, A and B are empty: their pointers may go nowhere, so they are not promised to stay inside.
        let (a, a_step, a_stride) = match p.left {
            Left::Strided(step) => (m0, step, 1),
            Left::Rows(stride) => (m0 * stride, 1, stride),
            Left::Tiled => (m0 * p.k, rows, 1),
        };
        let block = n0 / BLOCK_COLUMNS * BLOCK_COLUMNS;
        let (b, b_stride) = match p.right {
            Right::Strided(stride) => (n0, stride),
            Right::Blocked => (block * p.k + (n0 - block), BLOCK_COLUMNS.min(p.n - block)),
        };
        let start = match p.start {
            Start::Rows(bias) => Start::Rows(bias.add(m0)),
            Start::Columns(bias) => Start::Columns(bias.add(n0)),
            start => start,
        };
        // A tile asks for its share of the next weights, by area. One input alone leaves no time to ask.
        let next = match (p.left, p.right) {
            (Left::Tiled, _) if m0 + rows < p.m => {
                let lines = (rows * n0 / p.n, rows * (n0 + columns) / p.n);
                Next { at: p.a.wrapping_add((m0 + rows) * p.k), width: rows, lines }
            }
            (_, Right::Blocked) if p.m > 1 && block + b_stride < p.n => {
                let before = (n0 - block) * p.m + m0 * columns;
                let lines = (before / p.m, (before + rows * columns) / p.m);
                Next { at: p.b.wrapping_add((block + b_stride) * p.k), width: b_stride, lines }
            }
            _ => Next { at: p.b, width: 0, lines: (0, 0) },
        };
        let k = p.k.min(p.chain);
        Tile {
            k,
            left: p.k - k,
            a: p.a.wrapping_add(a),
            a_step,
            a_stride,
            b: p.b.wrapping_add(b),
            b_stride,
            c: p.c.add(m0 * p.c_stride + n0),
            c_stride: p.c_stride,
            start,
            relu: p.activation == Activation::Relu && k == p.k,
            next,
        }
    }
}

impl Tile {
    /// Goes on to the next chain.
    fn next_chain(&mut self, p: &Product) {
        self.a = self.a.wrapping_add(self.k * self.a_step);
        self.b = self.b.wrapping_add(self.k * self.b_stride);
        self.next.at = self.next.at.wrapping_add(self.k * self.next.width);
        self.k = self.left.min(p.chain);
        self.left -= self.k;
        self.start = Start::Added;
        self.relu = p.activation == Activation::Relu && self.left == 0;
    }
}

/// From a number of rows to the tile compiled for it.
///
/// # Safety
/// As for [`tile`], with `rows` rows.
#[inline(always)]
unsafe fn pick_rows<S: Simd, const NV: usize, const ROWS: bool>(t: &Tile, rows: usize) {
    // A tile that no run can ask of this set compiles to nothing: the bounds are constants.
    let most = if NV == 4 { S::WIDE_ROWS } else { S::TILE_ROWS };
    macro_rules! pick {
        ($($r:literal)+) => {
            match rows {
                // SAFETY: the caller's promise, for as many rows as it names.
                $($r if $r <= most => unsafe { tile::<S, $r, NV, ROWS>(t) },)+
                _ => unreachable!("a tile has 1 to {most} rows"),
            }
        };
    }
    pick!(1 2 3 4 5 6 7 8 9 10 11 12)
}

/// `ROWS` says which of A's strides is 1: a constant offset from row to row, where it can be, or from step to step.
///
/// # Safety
/// The machine has the instruction set, and the operands of `t` reach over k, MR rows and NV registers.
#[inline(always)]
unsafe fn tile<S: Simd, const MR: usize, const NV: usize, const ROWS: bool>(t: &Tile) {
    // SAFETY: every access is at k < t.k, r < MR, v < NV.
    unsafe {
        let mut acc = [[S::splat(0.0); NV]; MR];
        for r in 0..MR {
            for v in 0..NV {
                acc[r][v] = match t.start {
                    Start::Zero | Start::Added => acc[r][v],
                    Start::Rows(bias) => S::splat(*bias.add(r)),
                    Start::Columns(bias) => S::load(bias.add(v * S::LANES)),
                    #[cfg(feature = "train")]
                    Start::Kept => S::load(t.c.add(r * t.c_stride + v * S::LANES)),
                };
            }
        }
        let (mut a, mut b) = (t.a, t.b);
        for k in (0..t.k).step_by(STEPS) {
            look_ahead::<S, MR, ROWS>(t, k);
            for _ in 0..STEPS.min(t.k - k) {
                let mut loaded = [S::splat(0.0); NV];
                for v in 0..NV {
                    loaded[v] = S::load(b.add(v * S::LANES));
                }
                for r in 0..MR {
                    let x = S::splat(*a.add(if ROWS { r * t.a_stride } else { r }));
                    for v in 0..NV {
                        acc[r][v] = S::fma(x, loaded[v], acc[r][v]);
                    }
                }
                a = a.wrapping_add(if ROWS { 1 } else { t.a_step });
                b = b.wrapping_add(t.b_stride);
            }
        }
        if let Start::Added = t.start {
            for r in 0..MR {
                for v in 0..NV {
                    acc[r][v] = S::add(S::load(t.c.add(r * t.c_stride + v * S::LANES)), acc[r][v]);
                }
            }
        }
        for r in 0..MR {
            for v in 0..NV {
                S::store(t.c.add(r * t.c_stride + v * S::LANES), activate::settle::<S>(acc[r][v], t.relu));
            }
        }
    }
}

/// Asks for what the steps from `k` on have to ask for: the rows of A some steps ahead, past their end those of the tile below;
/// and their share of the next weights.
#[inline(always)]
fn look_ahead<S: Simd, const MR: usize, const ROWS: bool>(t: &Tile, k: usize) {
    if ROWS {
        let at = if k + AHEAD < t.k { k + AHEAD } else { (MR * t.a_stride + k + AHEAD).wrapping_sub(t.k) };
        for r in 0..MR {
            S::prefetch(t.a.wrapping_add(at).wrapping_add(r * t.a_stride));
        }
    }
    for line in t.next.lines.0..t.next.lines.1 {
        S::prefetch(t.next.at.wrapping_add(k * t.next.width + line * Line::LEN));
    }
}
