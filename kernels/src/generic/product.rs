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
//! is 4 registers wide instead, for the same number of chains. One register wide it is bound by loads: see `narrow`.
//!
//! What comes from beyond L2 is asked for in time (Zen 5, batch 64): rows of 784 inputs that stand in L3, by a tile of 12 rows at
//! once, go from 77 to 89 % of the FMA peak of a layer of 64 outputs; and the weights of the next block, a part of them with
//! each tile, take 784x1024 (3 MiB) from 89 to 95 %. Asking for either into L2 alone is slower, as is asking for the lines of a
//! tile of 12 x 2 twice as far ahead (1 %). Smaller tiles need less time for a line and ask further ahead, one row too, and the first
//! tile is asked for beforehand: 784x16 takes 12 to 24 % less time, 784x64 1 to 6 % at batch 16 and 5 to 11 % for one input; layers
//! of tiles of 12 x 2 take the same. Asking for the first tile inside the loop of tiles cost those 1 to 4 %.

use super::activate::{self, in_registers};
use super::narrow::{self, quads};
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
    /// The steps from `first` on of `depth`, packed in blocks of [`BLOCK_COLUMNS`] columns, the last narrower: the block that starts
    /// at column n0 lies at `n0 * depth`, `[depth][columns of the block]`.
    Blocked { first: usize, depth: usize },
}

/// Columns of a block of B: four lines, for one input a stream of consecutive memory.
pub(crate) const BLOCK_COLUMNS: usize = 4 * Line::LEN;

/// Steps between two looks ahead: a line of each row of A.
pub(super) const STEPS: usize = Line::LEN;
/// How many lines before its use one of A's rows is asked for by a tile of so many registers: as long before, since a tile of 12 x 1
/// takes half as long for a line as one of 12 x 2, whose 3 lines were measured. By arithmetic, at 2 FMAs a cycle, that is 576 cycles.
const fn lines_ahead(registers: usize) -> usize {
    let lines = 72 / registers;
    if lines < 18 { lines } else { 18 }
}

/// Rows of the next tile, where `left` are left and a tile has at most `most`: as equal as can be, since a tile of a row or two
/// has too few chains of FMAs to hide their latency. 13 rows are 7 and 6, not 12 and 1.
pub(crate) const fn tile_height(left: usize, most: usize) -> usize {
    left.div_ceil(left.div_ceil(most))
}

/// The operands of one product. `n` is a multiple of 16.
#[derive(Clone, Copy)]
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
    /// Steps of this chain and those after it.
    left: usize,
    /// From beyond their last step on a row of A to as many steps into the row of the tile below.
    below: usize,
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
    // One row is a column as well. Where nothing can be asked for ahead, the loop over columns is faster for it: portable, 784x64
    // in 2.7 us instead of 3.4.
    let by_rows = matches!(p.left, Left::Rows(_)) && (p.m > 1 || S::PREFETCHES);
    if by_rows && p.m > 0 && p.n > 0 {
        look_ahead_first::<S>(p);
    }
    let (mut m0, mut n0) = (0, 0);
    while m0 < p.m && n0 < p.n {
        let registers = registers::<S>(p, n0);
        let rows = tile_height(p.m - m0, most_rows::<S>(p, registers));
        let width = registers * S::LANES;
        // SAFETY: the block m0.., n0.. lies inside the operands, by the loop's condition and the caller's promise.
        unsafe {
            let mut t = tile_at(p, (m0, n0), (rows, width));
            loop {
                match (registers, by_rows) {
                    (4, true) => pick_rows::<S, 4, true>(&t, rows),
                    (2, true) => pick_rows::<S, 2, true>(&t, rows),
                    (_, true) => pick_rows::<S, 1, true>(&t, rows),
                    (4, _) => pick_rows::<S, 4, false>(&t, rows),
                    (2, _) => pick_rows::<S, 2, false>(&t, rows),
                    (_, _) => pick_rows::<S, 1, false>(&t, rows),
                }
                if t.left == t.k {
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

/// How many registers wide the tile at column n0 is.
#[inline(always)]
fn registers<S: Simd>(p: &Product, n0: usize) -> usize {
    let columns = match p.right {
        Right::Strided(_) => p.n - n0,
        Right::Blocked { .. } => {
            BLOCK_COLUMNS.min(p.n - n0 / BLOCK_COLUMNS * BLOCK_COLUMNS) - n0 % BLOCK_COLUMNS
        }
    };
    let wide = p.m <= S::WIDE_ROWS && columns >= 4 * S::LANES;
    if wide { 4 } else { 2.min(columns / S::LANES) }
}

/// Rows of a tile of so many registers, at most. Rows 4 KiB apart share a set of L1, which has 12 lines on Zen 5: 22 of them took
/// twice as long as 12.
#[inline(always)]
fn most_rows<S: Simd>(p: &Product, registers: usize) -> usize {
    match p.left {
        Left::Rows(stride) if registers == 1 && !stride.is_multiple_of(1024) => S::NARROW_ROWS,
        _ => S::TILE_ROWS,
    }
}

/// Asks for the first tile's lines, as for others the tile above does. Apart: inlined, it changes the registers of every tile.
#[inline(never)]
fn look_ahead_first<S: Simd>(p: &Product) {
    let Left::Rows(stride) = p.left else { return };
    let registers = registers::<S>(p, 0);
    let rows = tile_height(p.m, most_rows::<S>(p, registers));
    let lines = lines_ahead(rows * registers).min(p.k.div_ceil(Line::LEN));
    for line in 1..lines {
        for r in 0..rows {
            S::prefetch(p.a.wrapping_add(r * stride + line * Line::LEN));
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
            Right::Blocked { first, depth } => {
                let width = BLOCK_COLUMNS.min(p.n - block);
                (block * depth + first * width + (n0 - block), width)
            }
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
            (_, Right::Blocked { first, depth }) if p.m > 1 && block + b_stride < p.n => {
                let width = BLOCK_COLUMNS.min(p.n - block - b_stride);
                let before = (n0 - block) * p.m + m0 * columns;
                let lines = (before / p.m, (before + rows * columns) / p.m);
                Next {
                    at: p.b.wrapping_add((block + b_stride) * depth + first * width),
                    width: b_stride,
                    lines,
                }
            }
            _ => Next { at: p.b, width: 0, lines: (0, 0) },
        };
        let k = p.k.min(p.chain);
        Tile {
            k,
            left: p.k,
            below: (rows * a_stride).wrapping_sub(p.k),
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
        self.left -= self.k;
        self.k = self.left.min(p.chain);
        self.start = Start::Added;
        self.relu = p.activation == Activation::Relu && self.left == self.k;
    }
}

/// From a number of rows to the tile compiled for it.
///
/// # Safety
/// As for [`tile`], with `rows` rows.
#[inline(always)]
unsafe fn pick_rows<S: Simd, const NV: usize, const ROWS: bool>(t: &Tile, rows: usize) {
    // A tile that no run can ask of this set compiles to nothing: the bounds are constants.
    let most = match NV {
        4 => S::WIDE_ROWS,
        1 if ROWS => S::NARROW_ROWS,
        _ => S::TILE_ROWS,
    };
    macro_rules! pick {
        ($($r:literal)+) => {
            match rows {
                // SAFETY: the caller's promise, for as many rows as it names.
                $($r if $r <= most => unsafe { tile::<S, $r, NV, ROWS>(t) },)+
                _ => unreachable!("a tile has 1 to {most} rows"),
            }
        };
    }
    pick!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
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
                    Start::Kept => S::load(t.c.add(r * t.c_stride + v * S::LANES)),
                };
            }
        }
        let (mut a, mut b) = (t.a, t.b);
        for k in (0..t.k).step_by(STEPS) {
            look_ahead::<S, MR, NV, ROWS>(t, k);
            let steps = STEPS.min(t.k - k);
            if ROWS && quads::<S>(MR, NV) > 0 && steps == STEPS {
                narrow::steps::<S, MR, NV>((a, t.a_stride), (b, t.b_stride), &mut acc);
                (a, b) = (a.wrapping_add(STEPS), b.wrapping_add(STEPS * t.b_stride));
                continue;
            }
            for _ in 0..steps {
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

/// Asks for what the steps from `k` on have to ask for: the rows of A some lines ahead, past their end those of the tile below;
/// and their share of the next weights.
#[inline(always)]
fn look_ahead<S: Simd, const MR: usize, const NV: usize, const ROWS: bool>(t: &Tile, k: usize) {
    if ROWS {
        let ahead = const { lines_ahead(MR * NV) * Line::LEN };
        let at = if k + ahead < t.left { k + ahead } else { t.below.wrapping_add(k + ahead) };
        for r in 0..MR {
            S::prefetch(t.a.wrapping_add(at).wrapping_add(r * t.a_stride));
        }
    }
    for line in t.next.lines.0..t.next.lines.1 {
        S::prefetch(t.next.at.wrapping_add(k * t.next.width + line * Line::LEN));
    }
}
