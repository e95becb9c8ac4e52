//! The kernels of many networks that learn from the same examples, mostly zero bytes: a block of examples by columns.
//!
//! ```text
//! forward    y = b      for inputs k ..   W = rows of W^T     for examples that have them   y[e] += x W
//! gradient              for inputs k ..   g = rows of g       for examples that have them   g += x dz[e]
//! ```
//!
//! Both go through the same lists. The rows of W and of g stay in registers while a list lasts, and y and dz, of a block of examples
//! and a group of outputs, in L1; so the matrices of the layer, which may be of hundreds of outputs, are read once for a block. Chains go
//! over the inputs and over the examples in order, through memory where they must, and what is skipped adds nothing: the bits are
//! those of the dense products.

use super::exp::sigmoid;
use super::optimize::{AdamStep, MomentumStep, Rate, Rule, SgdStep, Source, Tensor};
use super::{activate, activate::in_registers, product::tile_height};
use crate::Activation;
use crate::simd::Simd;

/// Inputs of an entry. On MNIST's 0 and 1 27 % of fours have a byte that is not zero, and 21 % of pairs: by fours there are 28 % more
/// multiply-adds, but 36 % fewer loads and stores of y and dz, which decide: a step is 15 % faster (Zen 5, 230 outputs).
pub(crate) const INPUTS: usize = 4;

/// An example that has some of [`INPUTS`] neighbours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) example: u32,
    pub(crate) bytes: [u8; INPUTS],
}

/// A block of examples by columns, and what a byte stands for.
#[derive(Clone, Copy)]
pub(crate) struct Lists {
    /// Where the list of each group of inputs starts, and the last ends.
    pub(crate) starts: *const u32,
    /// Examples ascending within a list.
    pub(crate) entries: *const Entry,
    /// `[256]`.
    pub(crate) values: *const f32,
}

/// `y = act(bias + x weight)`.
pub(crate) struct Product {
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
}

/// `g += x^T dz`.
pub(crate) struct Gradient {
    pub(crate) x: Lists,
    pub(crate) inputs: usize,
    /// `[batch, n]`.
    pub(crate) dz: *const f32,
    /// A multiple of 16.
    pub(crate) n: usize,
    /// `[inputs, n]`.
    pub(crate) g: *mut f32,
}

/// The most registers of outputs at a time: with [`INPUTS`] rows of each they leave some for the others.
const fn widest<S: Simd>() -> usize {
    if S::TILE_ROWS < 12 { 2 } else { 5 }
}

/// Covers `$p.n` outputs by blocks as equal as can be: `$f::<S, NV>($p, first)` for each.
macro_rules! blocks {
    ($p:expr, $f:ident) => {{
        let mut first = 0;
        while first < $p.n {
            let width = tile_height(($p.n - first) / S::LANES, widest::<S>());
            // SAFETY: the caller's promise, for the registers from `first` on.
            unsafe {
                match width {
                    1 => $f::<S, 1>($p, first),
                    2 => $f::<S, 2>($p, first),
                    // No run can ask this of a set of few registers.
                    3 if width <= widest::<S>() => $f::<S, 3>($p, first),
                    4 if width <= widest::<S>() => $f::<S, 4>($p, first),
                    5 if width <= widest::<S>() => $f::<S, 5>($p, first),
                    _ => unreachable!("a block has 1 to {} registers", widest::<S>()),
                }
            }
            first += width * S::LANES;
        }
    }};
}

/// # Safety
/// The machine has the instruction set; all operands reach over their shapes.
#[inline(always)]
pub(crate) unsafe fn product<S: Simd>(p: &Product) {
    blocks!(p, product_block);
}

/// # Safety
/// As for [`product`], for NV registers of outputs from `first` on.
#[inline(always)]
unsafe fn product_block<S: Simd, const NV: usize>(p: &Product, first: usize) {
    // SAFETY: the caller's promise; every entry names an example of the block.
    unsafe {
        let y = p.y.wrapping_add(first);
        for example in 0..p.batch {
            for v in 0..NV {
                S::store(y.add(example * p.n + v * S::LANES), S::load(p.bias.add(first + v * S::LANES)));
            }
        }
        for group in 0..p.inputs.div_ceil(INPUTS) {
            let mut weight = [[S::splat(0.0); NV]; INPUTS];
            for r in 0..INPUTS.min(p.inputs - INPUTS * group) {
                for v in 0..NV {
                    weight[r][v] = S::load(p.weight.add((INPUTS * group + r) * p.n + first + v * S::LANES));
                }
            }
            for at in *p.x.starts.add(group) as usize..*p.x.starts.add(group + 1) as usize {
                let (example, x) = entry::<S>(&p.x, at);
                let y = y.add(example * p.n);
                for v in 0..NV {
                    let mut sum = S::load(y.add(v * S::LANES));
                    for r in 0..INPUTS {
                        sum = S::fma(x[r], weight[r][v], sum);
                    }
                    S::store(y.add(v * S::LANES), sum);
                }
            }
        }
        for example in 0..p.batch {
            let y = y.add(example * p.n);
            for v in 0..NV {
                let sum = S::load(y.add(v * S::LANES));
                S::store(y.add(v * S::LANES), activate::settle::<S>(sum, p.activation == Activation::Relu));
            }
            if !in_registers(p.activation) {
                activate::all::<S>(p.activation, y, NV * S::LANES);
            }
        }
    }
}

/// # Safety
/// The machine has the instruction set; all operands reach over their shapes.
#[inline(always)]
pub(crate) unsafe fn gradient<S: Simd>(p: &Gradient) {
    blocks!(p, gradient_block);
}

/// # Safety
/// As for [`gradient`], for NV registers of outputs from `first` on.
#[inline(always)]
unsafe fn gradient_block<S: Simd, const NV: usize>(p: &Gradient, first: usize) {
    // SAFETY: the caller's promise; every entry names an example of the block.
    unsafe {
        for group in 0..p.inputs.div_ceil(INPUTS) {
            let entries = *p.x.starts.add(group) as usize..*p.x.starts.add(group + 1) as usize;
            if entries.is_empty() {
                continue;
            }
            let rows = INPUTS.min(p.inputs - INPUTS * group);
            let g = p.g.add(INPUTS * group * p.n + first);
            let mut sums = [[S::splat(0.0); NV]; INPUTS];
            for r in 0..rows {
                for v in 0..NV {
                    sums[r][v] = S::load(g.add(r * p.n + v * S::LANES));
                }
            }
            for at in entries {
                let (example, x) = entry::<S>(&p.x, at);
                let dz = p.dz.add(example * p.n + first);
                for v in 0..NV {
                    let dz = S::load(dz.add(v * S::LANES));
                    for r in 0..INPUTS {
                        sums[r][v] = S::fma(x[r], dz, sums[r][v]);
                    }
                }
            }
            for r in 0..rows {
                for v in 0..NV {
                    S::store(g.add(r * p.n + v * S::LANES), activate::settle::<S>(sums[r][v], false));
                }
            }
        }
    }
}

/// Number `at` of the entries: its example, and what its bytes stand for.
///
/// # Safety
/// The machine has the instruction set, and the entry exists.
#[inline(always)]
unsafe fn entry<S: Simd>(x: &Lists, at: usize) -> (usize, [S::V; INPUTS]) {
    // SAFETY: the caller's promise; a byte is below 256.
    unsafe {
        let Entry { example, bytes } = *x.entries.add(at);
        let mut values = [S::splat(0.0); INPUTS];
        for r in 0..INPUTS {
            values[r] = S::splat(*x.values.add(usize::from(bytes[r])));
        }
        (example as usize, values)
    }
}

/// The operands of many losses against one label.
pub(crate) struct CrossEntropies {
    pub(crate) batch: usize,
    /// A multiple of 16.
    pub(crate) cols: usize,
    /// `[batch, cols]`.
    pub(crate) z: *const f32,
    /// `[batch, cols]`.
    pub(crate) dz: *mut f32,
    /// 0 or 1.
    pub(crate) labels: *const u8,
    pub(crate) scale: f32,
}

/// The gradients of cross-entropies of sigmoids, many logits of each example, all of the example's label: as
/// [`super::loss::binary_cross_entropy`] computes each.
///
/// # Safety
/// The machine has the instruction set, and the operands reach over their shapes.
#[inline(always)]
pub(crate) unsafe fn binary_cross_entropies<S: Simd>(p: &CrossEntropies) {
    for row in 0..p.batch {
        // SAFETY: the row and its label exist; `at` + LANES is at most its end.
        unsafe {
            let sign = S::splat(if *p.labels.add(row) == 0 { 1.0 } else { -1.0 });
            for at in (row * p.cols..(row + 1) * p.cols).step_by(S::LANES) {
                let slope = sigmoid::<S>(S::mul(sign, S::load(p.z.add(at))));
                S::store(p.dz.add(at), S::mul(S::mul(sign, slope), S::splat(p.scale)));
            }
        }
    }
}

/// Minus the rate of each column.
#[derive(Clone, Copy)]
pub(crate) struct ByColumn(pub(crate) *const f32);

impl Rate for ByColumn {
    #[inline(always)]
    unsafe fn minus<S: Simd>(self) -> S::V {
        // SAFETY: the caller's promise.
        unsafe { S::load(self.0) }
    }
}

impl ByColumn {
    #[inline(always)]
    fn after(self, columns: usize) -> ByColumn {
        ByColumn(self.0.wrapping_add(columns))
    }
}

/// A step whose rate differs from column to column.
pub(crate) struct ColumnStep {
    /// A multiple of 16.
    pub(crate) columns: usize,
    pub(crate) rule: ColumnRule,
}

/// The rule of such a step.
pub(crate) enum ColumnRule {
    Sgd(SgdStep<ByColumn>),
    Momentum(MomentumStep<ByColumn>),
    Adam(AdamStep<ByColumn>),
}

/// # Safety
/// The machine has the instruction set; weights, mask, gradient and state reach over the tensor, which is whole rows, and the rates
/// over a row.
#[inline(always)]
pub(crate) unsafe fn step_columns<S: Simd>(p: &Tensor, step: &ColumnStep) {
    let Source::Lines(g) = p.gradient else { unreachable!("the gradient is in lines") };
    macro_rules! each {
        ($rule:expr) => {
            for row in (0..p.len).step_by(step.columns) {
                for column in (0..step.columns).step_by(S::LANES) {
                    let mut rule = *$rule;
                    rule.rate = rule.rate.after(column);
                    // SAFETY: the caller's promise; `at` + LANES is at most `len`.
                    unsafe { rule.apply::<S>(p, row + column, S::load(g.add(row + column))) };
                }
            }
        };
    }
    match &step.rule {
        ColumnRule::Sgd(rule) => each!(rule),
        ColumnRule::Momentum(rule) => each!(rule),
        ColumnRule::Adam(rule) => each!(rule),
    }
}
