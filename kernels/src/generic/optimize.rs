//! One optimizer step over all weights of a tensor, in one pass: each gradient goes from the register that holds it into weight
//! and state, wherever it comes from.

use super::sparse_bytes::{self, SparseGradient};
use crate::simd::Simd;

/// What every step reads and writes.
pub(crate) struct Tensor {
    /// Multiple of 16.
    pub(crate) len: usize,
    pub(crate) w: *mut f32,
    /// 1 where the weight is kept, 0 where it is pruned; or null: all are kept.
    pub(crate) mask: *const f32,
    pub(crate) gradient: Source,
}

/// Where the gradient comes from.
pub(crate) enum Source {
    /// `len` values.
    Lines(*const f32),
    /// It is computed row by row; the tensor is `[columns of x, n]`.
    Sparse(SparseGradient),
}

impl Tensor {
    /// Stores the weights at `at`, the pruned ones as zero: chosen, not multiplied, or they could become -0 or NaN.
    ///
    /// # Safety
    /// The machine has the instruction set, and `at` + LANES is at most `len`.
    #[inline(always)]
    unsafe fn store<S: Simd>(&self, at: usize, w: S::V) {
        // SAFETY: the caller's promise.
        unsafe {
            let kept = if self.mask.is_null() {
                w
            } else {
                S::select_lt(S::splat(0.0), S::load(self.mask.add(at)), w, S::splat(0.0))
            };
            S::store(self.w.add(at), kept);
        }
    }

    /// # Safety
    /// The machine has the instruction set; weights, mask, gradient and the state of `rule` reach over the tensor.
    #[inline(always)]
    unsafe fn update<S: Simd, R: Rule>(&self, rule: &R) {
        // SAFETY: the caller's promise; `at` + LANES is at most `len`.
        unsafe {
            match &self.gradient {
                Source::Lines(g) => {
                    for at in (0..self.len).step_by(S::LANES) {
                        rule.apply::<S>(self, at, 0, S::load(g.add(at)));
                    }
                }
                Source::Sparse(gradient) => sparse_bytes::update::<S, R>(gradient, self, rule),
            }
        }
    }
}

impl Tensor {
    /// # Safety
    /// As for [`step_columns`].
    #[inline(always)]
    unsafe fn update_columns<S: Simd, R: Rule>(&self, columns: usize, rule: &R) {
        let Source::Lines(g) = self.gradient else { return };
        for row in (0..self.len).step_by(columns) {
            for column in (0..columns).step_by(S::LANES) {
                let at = row + column;
                // SAFETY: the caller's promise; `at` + LANES is at most `len`.
                unsafe { rule.apply::<S>(self, at, column, S::load(g.add(at))) };
            }
        }
    }
}

/// How a gradient changes a weight.
pub(crate) trait Rule {
    /// Whether a gradient of zero may change a weight or the state.
    const ACTS_ON_ZERO: bool;

    /// What the chain of the gradient at `at` starts from.
    ///
    /// # Safety
    /// As for [`Rule::apply`].
    #[inline(always)]
    unsafe fn start<S: Simd>(&self, _: &Tensor, _at: usize) -> S::V {
        // SAFETY: the caller's promise.
        unsafe { S::splat(0.0) }
    }

    /// Changes the weights at `at`, which are in column `column` if the gradient comes in rows, and their state, by their
    /// gradient `g`.
    ///
    /// # Safety
    /// The machine has the instruction set; `at` + LANES is at most the length of tensor and state.
    unsafe fn apply<S: Simd>(&self, tensor: &Tensor, at: usize, column: usize, g: S::V);
}

/// The learning rate: one for all weights, or one for each column.
pub(crate) trait Rate: Copy {
    /// Minus the rates of the columns from `column` on.
    ///
    /// # Safety
    /// The machine has the instruction set; the columns exist.
    unsafe fn minus<S: Simd>(self, column: usize) -> S::V;
}

impl Rate for f32 {
    #[inline(always)]
    unsafe fn minus<S: Simd>(self, _: usize) -> S::V {
        // SAFETY: the caller's promise.
        unsafe { S::splat(-self) }
    }
}

/// Minus the rate of each column.
#[derive(Clone, Copy)]
pub(crate) struct ByColumn(pub(crate) *const f32);

impl Rate for ByColumn {
    #[inline(always)]
    unsafe fn minus<S: Simd>(self, column: usize) -> S::V {
        // SAFETY: the caller's promise.
        unsafe { S::load(self.0.add(column)) }
    }
}

/// Leaves the weights to be a gradient, to which another part of a batch adds its own.
struct Accumulation;

impl Rule for Accumulation {
    const ACTS_ON_ZERO: bool = false;

    #[inline(always)]
    unsafe fn start<S: Simd>(&self, tensor: &Tensor, at: usize) -> S::V {
        // SAFETY: the caller's promise.
        unsafe { S::load(tensor.w.add(at)) }
    }

    #[inline(always)]
    unsafe fn apply<S: Simd>(&self, tensor: &Tensor, at: usize, _: usize, g: S::V) {
        // SAFETY: the caller's promise.
        unsafe { S::store(tensor.w.add(at), g) }
    }
}

/// The chains of a sparse gradient go on from what `w` holds.
///
/// # Safety
/// The machine has the instruction set; the gradient reaches over its operands, and `w` over the gradient.
#[inline(always)]
pub(crate) unsafe fn accumulate<S: Simd>(p: &Tensor) {
    // SAFETY: the caller's promise.
    unsafe { p.update::<S, _>(&Accumulation) }
}

/// `w -= rate g`.
pub(crate) struct SgdStep<A> {
    pub(crate) rate: A,
}

impl<A: Rate> Rule for SgdStep<A> {
    const ACTS_ON_ZERO: bool = false;

    #[inline(always)]
    unsafe fn apply<S: Simd>(&self, tensor: &Tensor, at: usize, column: usize, g: S::V) {
        // SAFETY: the caller's promise.
        unsafe { tensor.store::<S>(at, S::fma(self.rate.minus::<S>(column), g, S::load(tensor.w.add(at)))) }
    }
}

/// # Safety
/// The machine has the instruction set; weights, mask and gradient reach over the tensor.
#[inline(always)]
pub(crate) unsafe fn sgd<S: Simd>(p: &Tensor, rate: f32) {
    // SAFETY: the caller's promise.
    unsafe { p.update::<S, _>(&SgdStep { rate }) }
}

/// The factors of a step with momentum, and its state: `v = momentum v + g; w -= rate v`.
pub(crate) struct MomentumStep<A = f32> {
    pub(crate) rate: A,
    pub(crate) momentum: f32,
    pub(crate) velocity: *mut f32,
}

impl<A: Rate> Rule for MomentumStep<A> {
    const ACTS_ON_ZERO: bool = true;

    #[inline(always)]
    unsafe fn apply<S: Simd>(&self, tensor: &Tensor, at: usize, column: usize, g: S::V) {
        // SAFETY: the caller's promise.
        unsafe {
            let v = S::fma(S::splat(self.momentum), S::load(self.velocity.add(at)), g);
            S::store(self.velocity.add(at), v);
            tensor.store::<S>(at, S::fma(self.rate.minus::<S>(column), v, S::load(tensor.w.add(at))));
        }
    }
}

/// # Safety
/// The machine has the instruction set; weights, mask, gradient and state reach over the tensor.
#[inline(always)]
pub(crate) unsafe fn momentum<S: Simd>(p: &Tensor, step: &MomentumStep) {
    // SAFETY: the caller's promise.
    unsafe { p.update::<S, _>(step) }
}

/// The factors of a step of Adam, and its state:
/// `m += (1 - beta1) (g - m); v = beta2 v + (1 - beta2) g^2; w -= rate m / (sqrt(v unbias) + epsilon)`.
pub(crate) struct AdamStep<A = f32> {
    /// The rate divided by `1 - beta1^t`.
    pub(crate) rate: A,
    pub(crate) beta1: f32,
    pub(crate) beta2: f32,
    pub(crate) epsilon: f32,
    /// `1 / (1 - beta2^t)`.
    pub(crate) unbias: f32,
    pub(crate) m: *mut f32,
    pub(crate) v: *mut f32,
}

impl<A: Rate> Rule for AdamStep<A> {
    const ACTS_ON_ZERO: bool = true;

    #[inline(always)]
    unsafe fn apply<S: Simd>(&self, tensor: &Tensor, at: usize, column: usize, g: S::V) {
        // SAFETY: the caller's promise.
        unsafe {
            let (m, v) = (S::load(self.m.add(at)), S::load(self.v.add(at)));
            let m = S::fma(S::splat(1.0 - self.beta1), S::sub(g, m), m);
            let v = S::fma(S::splat(1.0 - self.beta2), S::mul(g, g), S::mul(S::splat(self.beta2), v));
            S::store(self.m.add(at), m);
            S::store(self.v.add(at), v);
            let size = S::add(S::sqrt(S::mul(v, S::splat(self.unbias))), S::splat(self.epsilon));
            let w = S::fma(self.rate.minus::<S>(column), S::div(m, size), S::load(tensor.w.add(at)));
            tensor.store::<S>(at, w);
        }
    }
}

/// # Safety
/// The machine has the instruction set; weights, mask, gradient and state reach over the tensor.
#[inline(always)]
pub(crate) unsafe fn adam<S: Simd>(p: &Tensor, step: &AdamStep) {
    // SAFETY: the caller's promise.
    unsafe { p.update::<S, _>(step) }
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
    // SAFETY: the caller's promise.
    unsafe {
        match &step.rule {
            ColumnRule::Sgd(rule) => p.update_columns::<S, _>(step.columns, rule),
            ColumnRule::Momentum(rule) => p.update_columns::<S, _>(step.columns, rule),
            ColumnRule::Adam(rule) => p.update_columns::<S, _>(step.columns, rule),
        }
    }
}
