//! The products of a layer whose input is mostly zero, such as the pixels of drawn digits: forwards, and the gradient of its
//! weights with the optimizer's step.
//!
//! Outputs lie in the lanes, in blocks of registers, each a chain of FMAs over what is not zero, ascending. What is skipped adds
//! nothing, so the bits are those of the dense products.
//!
//! ```text
//! forward    for each pair k, k + 1  w, w' = W^T[k], W^T[k + 1]    for examples that have it   y[e] += x w;   y[e] += x' w'
//! gradient   for each pair k, k + 1  acc, acc' = 0 for examples that have it   acc += x dz[e];   acc' += x' dz[e]
//!                                    W^T[k], W^T[k + 1] -= step(acc, acc')
//! ```
//!
//! Inputs come in pairs because neighbours tend to be zero together: on MNIST a sixth of the multiplications are with a zero, but
//! a load of dz serves two of them, and lists are 40 % shorter (Zen 5, 784-256, batch 128: the gradient takes 55 us by pairs, 127
//! one by one). The gradient of a weight never goes to memory.
//!
//! A load from L2 takes two cycles, from L1 half of one. So what the lists refer to is copied to a panel as wide as the block of
//! registers, in pieces that L1 holds: rows of a power of two that are not copied together crowd into few sets of the cache.

use super::activate::{self, in_registers};
use super::optimize::{Rule, Tensor};
use crate::Activation;
use crate::simd::Simd;
use crate::view::Line;

/// Two neighbours in a matrix of bytes, of which one is not zero: `index << 16 | second << 8 | first`.
pub(crate) type Pair = u32;

/// Lines of a panel: 64 KB, of which L1 has 48; 128 rows of 8 registers.
pub(crate) const PANEL: usize = 64 * 1024 / size_of::<Line>();

/// Lists of pairs, and what a byte stands for.
#[derive(Clone, Copy)]
pub(crate) struct Lists {
    /// Where the entries of each list start, and end.
    pub(crate) starts: *const u32,
    pub(crate) ends: *const u32,
    /// Indices ascending within a list.
    pub(crate) entries: *const Pair,
    /// `[256]`.
    pub(crate) values: *const f32,
}

/// `y = act(bias + x weight)`, x `[batch, inputs]` sparse.
pub(crate) struct ColumnsProduct {
    /// One for each pair of inputs: examples, and what they have of both.
    pub(crate) x: Lists,
    pub(crate) batch: usize,
    pub(crate) inputs: usize,
    /// `[inputs, n]`.
    pub(crate) weight: *const f32,
    /// `[n]`, a multiple of 16.
    pub(crate) bias: *const f32,
    pub(crate) n: usize,
    /// `[batch, n]`.
    pub(crate) y: *mut f32,
    pub(crate) activation: Activation,
    pub(crate) panel: Panel,
}

/// `x^T dz`, x `[batch, inputs]` sparse.
pub(crate) struct SparseGradient {
    /// One for each pair of inputs: examples, and what they have of both.
    pub(crate) x: Lists,
    pub(crate) batch: usize,
    pub(crate) inputs: usize,
    /// `[batch, n]`.
    pub(crate) dz: *const f32,
    /// A multiple of 16.
    pub(crate) n: usize,
    pub(crate) panel: Panel,
}

impl Lists {
    /// Number `at` of the entries: its index, and what its bytes stand for.
    ///
    /// # Safety
    /// The machine has the instruction set, and the entry exists.
    #[inline(always)]
    unsafe fn entry<S: Simd>(&self, at: usize) -> (usize, [S::V; 2]) {
        // SAFETY: the caller's promise; a byte is below 256.
        unsafe {
            let pair = *self.entries.add(at) as usize;
            let value = |byte: usize| *self.values.add(byte & 0xFF);
            (pair >> 16, [S::splat(value(pair)), S::splat(value(pair >> 8))])
        }
    }

    /// # Safety
    /// The list exists.
    #[inline(always)]
    unsafe fn range(&self, list: usize) -> core::ops::Range<usize> {
        // SAFETY: the caller's promise.
        unsafe { *self.starts.add(list) as usize..*self.ends.add(list) as usize }
    }
}

/// Room for rows of a block of registers: [`PANEL`] lines.
///
/// Not on the stack: behind the probes of so large a frame LLVM 21 loses the register that holds `n`.
#[derive(Clone, Copy)]
pub(crate) struct Panel(pub(crate) *mut Line);

impl Panel {
    /// How many rows of `registers` there is room for.
    const fn rows<S: Simd>(registers: usize) -> usize {
        PANEL * Line::LEN / (registers * S::LANES)
    }

    /// `rows` rows of NV registers, `stride` apart, as rows end to end, the odd one followed by zeros. They are copied, unless they
    /// are that already.
    ///
    /// # Safety
    /// The machine has the instruction set; `from` is readable over the rows, and the panel has room for them.
    #[inline(always)]
    unsafe fn hold<S: Simd, const NV: usize>(
        self,
        from: *const f32,
        rows: usize,
        stride: usize,
    ) -> *const f32 {
        let odd = rows % 2;
        if stride == NV * S::LANES && odd == 0 {
            return from;
        }
        let panel: *mut f32 = self.0.cast();
        // SAFETY: the caller's promise; there is room for an even number of rows.
        unsafe {
            for row in 0..rows {
                for v in 0..NV {
                    let x = S::load(from.add(row * stride + v * S::LANES));
                    S::store(panel.add((row * NV + v) * S::LANES), x);
                }
            }
            for v in 0..odd * NV {
                S::store(panel.add((rows * NV + v) * S::LANES), S::splat(0.0));
            }
        }
        panel
    }
}

/// Covers `$n` outputs by blocks of 1 to `$widest` registers: `$f::<S, .., NV>($args, first)` for each.
macro_rules! blocks {
    ($n:expr, $widest:expr, $f:ident::<$($generic:ty),+>($($arg:expr),+)) => {{
        let mut first = 0;
        while first < $n {
            // SAFETY: the caller's promise, for the registers from `first` on.
            unsafe {
                match $widest.min(($n - first) / S::LANES) {
                    8.. => { $f::<$($generic),+, 8>($($arg),+, first); first += 8 * S::LANES }
                    4.. => { $f::<$($generic),+, 4>($($arg),+, first); first += 4 * S::LANES }
                    2.. => { $f::<$($generic),+, 2>($($arg),+, first); first += 2 * S::LANES }
                    _ => { $f::<$($generic),+, 1>($($arg),+, first); first += S::LANES }
                }
            }
        }
    }};
}

/// Two rows of weights stay in registers, and what they contribute is added to the outputs of the examples that have them, which L1
/// holds. So weights are read once, and multiply-adds that follow each other belong to different examples and need not wait (Zen 5,
/// MNIST, 784-64, batch 64: 12 us; example by example, with the outputs in registers and the weights from L2, it takes 17).
///
/// # Safety
/// The machine has the instruction set; all operands reach over their shapes.
#[inline(always)]
pub(crate) unsafe fn columns_product<S: Simd>(p: &ColumnsProduct) {
    blocks!(p.n, 4, columns_block::<S>(p));
}

/// # Safety
/// As for [`columns_product`], for NV registers of outputs from `first` on.
#[inline(always)]
unsafe fn columns_block<S: Simd, const NV: usize>(p: &ColumnsProduct, first: usize) {
    // SAFETY: the caller's promise; every entry names an example; the panel is used if it has room for all.
    unsafe {
        let y = p.y.wrapping_add(first);
        let is_panel = p.n != NV * S::LANES && p.batch <= Panel::rows::<S>(NV);
        let (sums, stride) = if is_panel { (p.panel.0.cast(), NV * S::LANES) } else { (y, p.n) };
        for example in 0..p.batch {
            for v in 0..NV {
                S::store(
                    sums.add(example * stride + v * S::LANES),
                    S::load(p.bias.add(first + v * S::LANES)),
                );
            }
        }
        for pair in 0..p.inputs.div_ceil(2) {
            let examples = p.x.range(pair);
            if examples.is_empty() {
                continue;
            }
            // A loop of one or two turns would put them on the stack.
            let mut weight = [[S::splat(0.0); NV]; 2];
            for r in 0..2 {
                if 2 * pair + r < p.inputs {
                    for v in 0..NV {
                        weight[r][v] = S::load(p.weight.add((2 * pair + r) * p.n + first + v * S::LANES));
                    }
                }
            }
            for at in examples {
                let (example, x) = p.x.entry::<S>(at);
                let sum = sums.add(example * stride);
                for v in 0..NV {
                    let first = S::fma(x[0], weight[0][v], S::load(sum.add(v * S::LANES)));
                    S::store(sum.add(v * S::LANES), S::fma(x[1], weight[1][v], first));
                }
            }
        }
        for example in 0..p.batch {
            let y = y.add(example * p.n);
            for v in 0..NV {
                let sum = S::load(sums.add(example * stride + v * S::LANES));
                S::store(y.add(v * S::LANES), activate::settle::<S>(sum, p.activation == Activation::Relu));
            }
            if !in_registers(p.activation) {
                activate::all::<S>(p.activation, y, NV * S::LANES);
            }
        }
    }
}

/// Computes the gradient and hands it to the optimizer's rule, a block of two rows at a time.
///
/// # Safety
/// The machine has the instruction set; all operands reach over their shapes, `tensor` and the state of `rule` over `[inputs, n]`.
#[inline(always)]
pub(crate) unsafe fn update<S: Simd, R: Rule>(p: &SparseGradient, tensor: &Tensor, rule: &R) {
    // Two accumulators for each register of outputs: 16 of the 32 of AVX-512 and NEON, 8 of 16.
    blocks!(p.n, S::TILE_ROWS.min(8), update_block::<S, R>(p, tensor, rule));
}

/// # Safety
/// As for [`update`], for NV registers of outputs from `first` on.
#[inline(always)]
unsafe fn update_block<S: Simd, R: Rule, const NV: usize>(
    p: &SparseGradient,
    tensor: &Tensor,
    rule: &R,
    first: usize,
) {
    // SAFETY: the caller's promise; every entry names an example.
    unsafe {
        let (dz, stride) = if p.batch <= Panel::rows::<S>(NV) {
            (p.panel.hold::<S, NV>(p.dz.wrapping_add(first), p.batch, p.n), NV * S::LANES)
        } else {
            (p.dz.wrapping_add(first), p.n)
        };
        // A pruned weight may still have to become zero.
        let skips = !R::ACTS_ON_ZERO && tensor.mask.is_null();
        for pair in 0..p.inputs.div_ceil(2) {
            let examples = p.x.range(pair);
            if skips && examples.is_empty() {
                continue;
            }
            let mut acc = [[S::splat(0.0); NV]; 2];
            for at in examples {
                let (example, x) = p.x.entry::<S>(at);
                let from = dz.add(example * stride);
                for v in 0..NV {
                    let dz = S::load(from.add(v * S::LANES));
                    for r in 0..2 {
                        acc[r][v] = S::fma(x[r], dz, acc[r][v]);
                    }
                }
            }
            for r in 0..2 {
                if 2 * pair + r < p.inputs {
                    let row = (2 * pair + r) * p.n + first;
                    for v in 0..NV {
                        rule.apply::<S>(tensor, row + v * S::LANES, activate::settle::<S>(acc[r][v], false));
                    }
                }
            }
        }
    }
}
