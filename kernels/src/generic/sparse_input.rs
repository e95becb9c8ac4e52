//! Products that skip the inputs that are zero, with dense and with sparse weights.
//!
//! First the rows are searched once for the ids of what is not zero; then each id brings its value, broadcast, to the weights of
//! that input, which stand side by side:
//!
//! ```text
//! dense weights, [block of outputs][fan_in][outputs of the block]
//! for each block of outputs
//!   for each block of inputs                        the weights of both blocks stay in L1 while all rows pass
//!     for each row
//!       acc = bias, or what the previous block of inputs left
//!       for each id of the row in the block: acc[v] = x[id] * w[id][v] + acc[v]
//!
//! sparse weights, by input
//! for each row, for each id: for each weight (o, w) of the input: y[o] = w * x[id] + y[o]
//! ```
//!
//! Ids ascend and a skipped term is a zero, so every output is the canonical chain. A finite weight times zero adds nothing; an
//! infinite one would add a NaN to a dense product, and is skipped here. An input that is NaN is not zero.

use super::activate::{self, in_registers};
use super::order::MOST_CHAINED_OUTPUTS;
use crate::Activation;
use crate::simd::Simd;

/// Rows to be searched, and where what is found goes.
pub(crate) struct Search {
    pub(crate) rows: usize,
    pub(crate) fan_in: usize,
    /// `[rows][fan_in]`.
    pub(crate) x: *const f32,
    /// Inputs of a block, a multiple of 16.
    pub(crate) block: usize,
    /// Room for an id per input and for 16 more.
    pub(crate) ids: *mut u32,
    /// `[rows][blocks of inputs]` and one more: where the ids of each block start.
    pub(crate) starts: *mut u32,
}

/// # Safety
/// The machine has the instruction set; `x` is readable over its shape, `ids` and `starts` are writable over theirs, and the ids
/// can be counted in u32.
#[inline(always)]
pub(crate) unsafe fn search<S: Simd>(p: &Search) {
    let (mut found, mut starts) = (0, p.starts);
    // SAFETY: k stays below fan_in, `found` at or below the number of inputs seen, and there is a start for each block.
    unsafe {
        for row in 0..p.rows {
            let x = p.x.add(row * p.fan_in);
            for first in (0..p.fan_in).step_by(p.block) {
                *starts = found as u32;
                starts = starts.add(1);
                let end = p.fan_in.min(first + p.block);
                let whole = end - (end - first) % S::LANES;
                for k in (first..whole).step_by(S::LANES) {
                    found += S::push_nonzero(x.add(k), k as u32, p.ids.add(found));
                }
                for k in whole..end {
                    *p.ids.add(found) = k as u32;
                    found += usize::from(*x.add(k) != 0.0);
                }
            }
        }
        *starts = found as u32;
    }
}

/// Rows, and what a [`search`] found in them.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) rows: usize,
    pub(crate) fan_in: usize,
    /// `[rows][fan_in]`.
    pub(crate) x: *const f32,
    /// Blocks of inputs of a row.
    pub(crate) blocks: usize,
    /// Whether each block is a chain of its own, or they are parts of one.
    pub(crate) chained: bool,
    pub(crate) ids: *const u32,
    /// `[rows][blocks]` and one more.
    pub(crate) starts: *const u32,
}

/// Rows times dense weights.
pub(crate) struct DenseSparseInput {
    pub(crate) found: Found,
    /// Outputs, padded to a multiple of 16.
    pub(crate) fan_out: usize,
    /// Blocks of [`block_outputs`], `[fan_in][outputs of the block]` each.
    pub(crate) weight: *const f32,
    pub(crate) bias: *const f32,
    /// `[rows][fan_out]`, the rows `y_stride` apart.
    pub(crate) y: *mut f32,
    pub(crate) y_stride: usize,
    pub(crate) activation: Activation,
}

/// Outputs of the block that starts where `left` are left, a multiple of 16: a power of two of lines, at most `most`.
pub(crate) fn block_outputs(left: usize, most: usize) -> usize {
    most.min(1 << left.ilog2())
}

/// # Safety
/// The machine has the instruction set; `found` is what a search of its rows gave, weights and bias are readable over their
/// shapes, and `y` is writable over its own.
#[inline(always)]
pub(crate) unsafe fn dense_sparse_input<S: Simd>(p: &DenseSparseInput) {
    let mut first = 0;
    while first < p.fan_out {
        let outputs = block_outputs(p.fan_out - first, S::ROW_REGISTERS * S::LANES);
        macro_rules! pick {
            ($($registers:literal)+) => {
                match outputs / S::LANES {
                    // SAFETY: the caller's promise, for the block that starts at `first`.
                    $($registers if $registers <= S::ROW_REGISTERS => unsafe { outputs_block::<S, $registers>(p, first) },)+
                    _ => unreachable!("a block is a power of two of registers"),
                }
            };
        }
        pick!(1 2 4 8 16);
        first += outputs;
    }
}

/// All rows, for NV registers of outputs from `first` on.
///
/// # Safety
/// As for [`dense_sparse_input`].
#[inline(always)]
unsafe fn outputs_block<S: Simd, const NV: usize>(p: &DenseSparseInput, first: usize) {
    let found = &p.found;
    // SAFETY: an id is below fan_in, a row and a block below their counts, and the outputs below fan_out.
    unsafe {
        let weight = p.weight.add(first * found.fan_in);
        for block in 0..found.blocks {
            let last = block + 1 == found.blocks;
            for row in 0..found.rows {
                let (x, y) = (found.x.add(row * found.fan_in), p.y.add(row * p.y_stride + first));
                let from = if block == 0 { p.bias.add(first) } else { y.cast_const() };
                let adds = found.chained && block > 0;
                let mut acc = [S::splat(0.0); NV];
                if !adds {
                    for v in 0..NV {
                        acc[v] = S::load(from.add(v * S::LANES));
                    }
                }
                let start = found.starts.add(row * found.blocks + block);
                for at in *start..*start.add(1) {
                    let id = *found.ids.add(at as usize) as usize;
                    let (value, w) = (S::splat(*x.add(id)), weight.add(id * NV * S::LANES));
                    for v in 0..NV {
                        acc[v] = S::fma(value, S::load(w.add(v * S::LANES)), acc[v]);
                    }
                }
                for v in 0..NV {
                    let relu = last && p.activation == Activation::Relu;
                    let (y, sum) = (y.add(v * S::LANES), acc[v]);
                    let sum = if adds { S::add(S::load(y), sum) } else { sum };
                    S::store(y, activate::settle::<S>(sum, relu));
                }
                if last && !in_registers(p.activation) {
                    activate::all::<S>(p.activation, y, NV * S::LANES);
                }
            }
        }
    }
}

/// Weights of an input that are taken together: the fewer turns a loop takes, the fewer of its ends are mispredicted (784x64 at
/// 95 % takes 0.63 us instead of 1.04, 784x1024 3.3 instead of 3.7; Zen 5).
pub(crate) const GROUP: usize = 4;

/// Rows times sparse weights.
pub(crate) struct CsrSparseInput {
    pub(crate) found: Found,
    /// Outputs, padded to a multiple of 16.
    pub(crate) fan_out: usize,
    /// Which group of weights is the first of each input, and one more.
    pub(crate) groups: *const u32,
    /// `[group][GROUP]`: the output of each weight.
    pub(crate) outputs: *const u32,
    pub(crate) values: *const f32,
    pub(crate) bias: *const f32,
    /// `[rows][fan_out]`, the rows `y_stride` apart.
    pub(crate) y: *mut f32,
    pub(crate) y_stride: usize,
    pub(crate) activation: Activation,
}

/// # Safety
/// As for [`dense_sparse_input`], and every output of a weight is one of `y`.
#[inline(always)]
pub(crate) unsafe fn csr_sparse_input<S: Simd>(p: &CsrSparseInput) {
    let found = &p.found;
    // SAFETY: an id is below fan_in, what an input has below the number of groups, and a row below its count.
    unsafe {
        for row in 0..found.rows {
            let (x, y) = (found.x.add(row * found.fan_in), p.y.add(row * p.y_stride));
            core::ptr::copy_nonoverlapping(p.bias, y, p.fan_out);
            let starts = found.starts.add(row * found.blocks);
            let chains = if found.chained { found.blocks } else { 1 };
            for chain in 0..chains {
                // Only few outputs have a second chain.
                let mut next = [0.0f32; MOST_CHAINED_OUTPUTS];
                let sums = if chain == 0 { y } else { next.as_mut_ptr() };
                for at in
                    *starts.add(chain)..*starts.add(if found.chained { chain + 1 } else { found.blocks })
                {
                    let id = *found.ids.add(at as usize) as usize;
                    let value = *x.add(id);
                    for group in *p.groups.add(id) as usize..*p.groups.add(id + 1) as usize {
                        for weight in GROUP * group..GROUP * (group + 1) {
                            let to = sums.add(*p.outputs.add(weight) as usize);
                            *to = S::fma_scalar(*p.values.add(weight), value, *to);
                        }
                    }
                }
                if chain > 0 {
                    for (o, next) in next.iter().enumerate().take(p.fan_out) {
                        *y.add(o) += next;
                    }
                }
            }
            for at in (0..p.fan_out).step_by(S::LANES) {
                let settled = activate::settle::<S>(S::load(y.add(at)), p.activation == Activation::Relu);
                S::store(y.add(at), settled);
            }
            if !in_registers(p.activation) {
                activate::all::<S>(p.activation, y, p.fan_out);
            }
        }
    }
}
