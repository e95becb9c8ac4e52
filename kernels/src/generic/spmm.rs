//! The sparse product with a batch in panels, over rows taken a few at a time.
//!
//! The weights come in groups of R rows with about the same number of nonzeros (see `packed`): step t of a group holds the t-th
//! nonzero of each of its rows, value and column. A row that ends early is filled up with zeros, which add nothing.
//!
//! Every FMA has its own operand in L1, so loads decide. On Zen 5 with AVX-512 a cycle has two loads of any width, or one store;
//! permutes cost nothing. A step of 8 rows x 2 registers, 16 FMAs, takes (in cycles; 8 is the peak)
//!
//! ```text
//! 8    16 operands
//! 1    one load of weights, one of columns
//! 0.3  weights and columns come from L2: measured on the bare loop, written in assembly; compiled, it is nearer to 0.6
//! ```
//!
//! and a group in a block 50 more: its 16 lines of output are loaded, stored, and moved from L2 and back. The columns have to be
//! in general registers one whole step before their use: moved there in the step itself, or at the end of the one before, a step
//! takes 10.2 to 10.6.
//!
//! With one register for each row, a batch of 16, a step has 10 loads, 5 cycles, and what columns and weights need besides counts:
//! the bare loop from L1 takes 5.0 without columns, and 5.5 with them. Columns that are shifted all of a word at once, and nothing
//! asked for ahead, made 6.4 to 6.6 cycles of a step 5.9 to 6.2, ends of groups included, from L2; from L3 it is 0.2 more.
//!
//! What lost, against 1.4 / 3.5 / 6.5 / 11.8 / 47 times the dense peak at 50 / 80 / 90 / 95 / 99 % (784x1024, batch 64), which
//! the loads of today and a prefetch made 1.56 / 3.7 / 6.9 / 12.4 / 48:
//! - panels of 64 lanes, 4 rows x 4 registers: fewer loads and half the weights per FMA, a step in 9.3 cycles; but blocks are half
//!   as wide, so outputs move twice as often: 1.5 / 3.4 / 6.0 / 9.8 / 40. With columns of 8 bits a step would take 8.8.
//! - 4 rows x 2 registers: 1.26 / 3.0 / 5.7 / 10.3 / 41;
//! - a broadcast from memory for each weight: 3 cycles a step more; with AVX2 a quarter of the speed;
//! - all 8 weights in one load, then `vpermps`: 7 % slower, though it saves a load: it keeps the FMAs from their units;
//! - the weights in one `vbroadcastf32x8`, then `vshuff32x4`: 9.5 against 9.2 on the bare loop with a plain load of 8;
//! - ids loaded straight into general registers: nearly a cycle for each load, where one into a vector takes half of one;
//! - 10 rows, values and columns in one line: 8.8 against 9.2 on the bare loop in assembly; not tried beyond it;
//! - 2 blocks of 392 columns: 18 / 12 / 7 % slower at 50 / 80 / 90 %, 1 % faster at 95 %; 16 rows x 1 register: no gain on paper;
//! - the columns fetched early as the weights are, or the weights 64 steps ahead: 1 to 4 % slower than the weights 16 ahead;
//! - columns three steps ahead: 2 to 4 % slower; the next group's outputs fetched with `prefetchw`: 2 to 4 %;
//! - groups of equal length, so that no end is mispredicted: less than 2 % faster, before what the padding costs;
//! - columns multiplied by the distance of features, so that no shift is needed: the same within 1 %, but with one register;
//! - with one register for each row: weights or columns asked for 16 to 96 steps ahead, past L2 or not, 0 to 2 % slower, from L3
//!   too; 16 rows, weights and columns in a load each, or two steps a turn: 0 to 2 % faster; columns loaded straight into general
//!   registers: 7 % slower; two broadcasts of 4 weights: 2 %; `bextr` instead of shifts: the same;
//! - rows in parts whose outputs stay in L1 while the blocks pass: then the panel moves as often as the outputs do now;
//! - a Gaussian on the accumulators: the compiler keeps them in memory, half the speed. On several registers at once: the same.
//!
//! An activation that is not applied to the accumulators (all but ReLU and none) takes them from a buffer on the stack: with the sums stored
//! to their rows and read again there, row after row, a Gaussian layer at 99 % took 4 to 9 % longer. Four registers of the
//! buffer side by side: the same.

use core::mem::MaybeUninit;

use super::activate::{self, in_registers};
use super::order::Begin;
use crate::Activation;
use crate::simd::Simd;
use crate::view::Line;

/// Steps whose ids are loaded before they are needed, across the ends of groups and blocks: that many more are readable. One
/// step they are in a register of ids, one in words. Used at once, they keep the addresses waiting: 8 to 15 % of the speed.
pub(crate) const IDS_AHEAD: usize = 2;

/// Bits that an id in its word has left, above a block's most columns. Where a row is one register of 64 bytes, ids are shifted by
/// them, all of a word at once, and the rest of the way to an address is the scale 8 of a load: 8 shifts less in a step.
pub(crate) const ID_UNIT: usize = 3;

/// One block of columns of a sparse matrix times one panel.
pub(crate) struct Spmm {
    /// The rows of each group, `[group][R]`; the same row may stand twice.
    pub(crate) rows: *const u32,
    /// How many steps each group takes, `[group]`.
    pub(crate) steps: *const u32,
    pub(crate) group_count: usize,
    /// `[step][R]`, all groups in a row.
    pub(crate) values: *const f32,
    /// The columns of the values, counted from the block's first, and [`IDS_AHEAD`] steps more.
    pub(crate) ids: *const u16,
    /// The panel `[feature][lanes]`, from the block's first feature on.
    pub(crate) x: *const f32,
    /// `[row][lanes]`.
    pub(crate) y: *mut f32,
    /// 16 or 32, also the distance of two features or rows.
    pub(crate) lanes: usize,
    /// The bias is `[group][R]`.
    pub(crate) begin: Begin,
    /// What ends the last block; `None` leaves the sums for the next one.
    pub(crate) activation: Option<Activation>,
}

/// # Safety
/// The machine has the instruction set; rows, steps, values and ids are readable over their counts, every id is a feature of
/// `x`, every row one of `y`.
#[inline(always)]
pub(crate) unsafe fn spmm<S: Simd>(p: &Spmm) {
    let registers = 2.min(p.lanes / S::LANES);
    for lane in (0..p.lanes).step_by(registers * S::LANES) {
        // SAFETY: the caller's promise, for the registers from `lane` on.
        unsafe {
            match (S::SPMM_ROWS, registers, p.lanes) {
                (4, 1, _) => spmm_groups::<S, 4, 1, 16>(p, lane),
                (4, _, 16) => spmm_groups::<S, 4, 2, 16>(p, lane),
                (4, _, _) => spmm_groups::<S, 4, 2, 32>(p, lane),
                (8, 1, _) => spmm_groups::<S, 8, 1, 16>(p, lane),
                (8, _, 16) => spmm_groups::<S, 8, 2, 16>(p, lane),
                (8, _, _) => spmm_groups::<S, 8, 2, 32>(p, lane),
                _ => unreachable!("a group has 4 or 8 rows"),
            }
        }
    }
}

/// The distance of two features is a constant, so that an address costs a shift and not a multiplication.
///
/// # Safety
/// As for [`spmm`], for NV registers from `lane` on; `p.lanes` is STRIDE and R is `SPMM_ROWS`.
#[inline(always)]
unsafe fn spmm_groups<S: Simd, const R: usize, const NV: usize, const STRIDE: usize>(p: &Spmm, lane: usize) {
    let unit = if NV == 1 { ID_UNIT } else { 0 };
    // SAFETY: every offset is below a count, or a row or id that the caller vouches for.
    unsafe {
        let x = p.x.add(lane);
        let (mut values, mut ids) = (p.values, p.ids);
        let id_words = |ids| S::id_words(ids).map(|word| word << unit);
        let (mut words, mut next) = (id_words(S::load_ids(ids)), S::load_ids(ids.add(R)));
        for g in 0..p.group_count {
            let rows = p.rows.cast::<[u32; R]>().add(g).read();
            let y = rows.map(|row| p.y.add(row as usize * STRIDE + lane));
            let mut acc = [[S::splat(0.0); NV]; R];
            match p.begin {
                Begin::Bias(bias) => {
                    let bias = splats::<S, R>(bias.add(g * R));
                    for r in 0..R {
                        acc[r] = [bias[r]; NV];
                    }
                }
                Begin::Kept => {
                    for r in 0..R {
                        for v in 0..NV {
                            acc[r][v] = S::load(y[r].add(v * S::LANES));
                        }
                    }
                }
                Begin::Added => {}
            }
            for _ in 0..*p.steps.add(g) {
                let now = words;
                words = id_words(next);
                next = S::load_ids(ids.add(IDS_AHEAD * R));
                // With half as many multiply-adds in a step, the hardware asks early enough, and what this takes is missed.
                if R * NV == 16 {
                    S::prefetch(values.wrapping_add(16 * R));
                }
                let w = splats::<S, R>(values);
                for r in 0..R {
                    let id = (now[r / 4] >> (16 * (r % 4))) as u16;
                    let from = x.byte_add(id as usize * ((STRIDE * size_of::<f32>()) >> unit));
                    for v in 0..NV {
                        acc[r][v] = S::fma(w[r], S::load(from.add(v * S::LANES)), acc[r][v]);
                    }
                }
                values = values.add(R);
                ids = ids.add(R);
            }
            if let Begin::Added = p.begin {
                for r in 0..R {
                    for v in 0..NV {
                        acc[r][v] = S::add(S::load(y[r].add(v * S::LANES)), acc[r][v]);
                    }
                }
            }
            finish::<S, R, NV>(acc, p.activation, &y);
        }
    }
}

/// The sums of a group, activated, to their rows.
///
/// # Safety
/// The machine has the instruction set, and `y` is writable over NV registers in each row.
#[inline(always)]
unsafe fn finish<S: Simd, const R: usize, const NV: usize>(
    acc: [[S::V; NV]; R],
    activation: Option<Activation>,
    y: &[*mut f32; R],
) {
    // SAFETY: the caller's promise; the buffer has two lines for each row, and a register is a line at most.
    unsafe {
        if let Some(activation) = activation.filter(|&a| !in_registers(a)) {
            // Another array than `acc`, or the sums would be in memory all along.
            let mut z = [[MaybeUninit::<Line>::uninit(); 2]; R];
            let z = z.as_mut_ptr().cast::<f32>();
            for r in 0..R {
                for v in 0..NV {
                    S::store(z.add((r * NV + v) * S::LANES), activate::settle::<S>(acc[r][v], false));
                }
            }
            activate::tile::<S, R, NV>(activation, z, y);
        } else {
            for r in 0..R {
                for v in 0..NV {
                    let settled = activate::settle::<S>(acc[r][v], activation == Some(Activation::Relu));
                    S::store(y[r].add(v * S::LANES), settled);
                }
            }
        }
    }
}

/// Each of R values in a register of its own.
///
/// # Safety
/// The machine has the instruction set, `from` is readable over R values, and R is `SPMM_ROWS`.
#[inline(always)]
unsafe fn splats<S: Simd, const R: usize>(from: *const f32) -> [S::V; R] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut splats = [S::splat(0.0); R];
        let quads = S::load_quads(from);
        for first in (0..R).step_by(4) {
            splats[first] = S::splat_quad::<0>(quads[first / 4]);
            splats[first + 1] = S::splat_quad::<1>(quads[first / 4]);
            splats[first + 2] = S::splat_quad::<2>(quads[first / 4]);
            splats[first + 3] = S::splat_quad::<3>(quads[first / 4]);
        }
        splats
    }
}
