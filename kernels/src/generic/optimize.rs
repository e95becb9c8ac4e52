//! One optimizer step over all weights of a tensor, element by element in one pass.

use crate::simd::Simd;

/// What every step reads and writes.
pub(crate) struct Tensor {
    /// Multiple of 16.
    pub(crate) len: usize,
    pub(crate) w: *mut f32,
    pub(crate) g: *const f32,
    /// 1 where the weight is kept, 0 where it is pruned; or null: all are kept.
    pub(crate) mask: *const f32,
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
}

/// `w -= rate g`.
///
/// # Safety
/// The machine has the instruction set, and the tensor is readable and writable over `len` values.
#[inline(always)]
pub(crate) unsafe fn sgd<S: Simd>(p: &Tensor, rate: f32) {
    for at in (0..p.len).step_by(S::LANES) {
        // SAFETY: `at` + LANES is at most `len`.
        unsafe {
            let w = S::fma(S::splat(-rate), S::load(p.g.add(at)), S::load(p.w.add(at)));
            p.store::<S>(at, w);
        }
    }
}

/// The factors of a step with momentum, and its state.
pub(crate) struct MomentumStep {
    pub(crate) rate: f32,
    pub(crate) momentum: f32,
    pub(crate) velocity: *mut f32,
}

/// `v = momentum v + g; w -= rate v`.
///
/// # Safety
/// The machine has the instruction set, and tensor and state are readable and writable over `len` values.
#[inline(always)]
pub(crate) unsafe fn momentum<S: Simd>(p: &Tensor, step: &MomentumStep) {
    for at in (0..p.len).step_by(S::LANES) {
        // SAFETY: `at` + LANES is at most `len`.
        unsafe {
            let v = S::fma(S::splat(step.momentum), S::load(step.velocity.add(at)), S::load(p.g.add(at)));
            S::store(step.velocity.add(at), v);
            p.store::<S>(at, S::fma(S::splat(-step.rate), v, S::load(p.w.add(at))));
        }
    }
}

/// The factors of a step of Adam, and its state.
pub(crate) struct AdamStep {
    /// The rate divided by `1 - beta1^t`.
    pub(crate) rate: f32,
    pub(crate) beta1: f32,
    pub(crate) beta2: f32,
    pub(crate) epsilon: f32,
    /// `1 / (1 - beta2^t)`.
    pub(crate) unbias: f32,
    pub(crate) m: *mut f32,
    pub(crate) v: *mut f32,
}

/// `m += (1 - beta1) (g - m); v = beta2 v + (1 - beta2) g^2; w -= rate m / (sqrt(v unbias) + epsilon)`.
///
/// # Safety
/// The machine has the instruction set, and tensor and state are readable and writable over `len` values.
#[inline(always)]
pub(crate) unsafe fn adam<S: Simd>(p: &Tensor, step: &AdamStep) {
    for at in (0..p.len).step_by(S::LANES) {
        // SAFETY: `at` + LANES is at most `len`.
        unsafe {
            let (g, m, v) = (S::load(p.g.add(at)), S::load(step.m.add(at)), S::load(step.v.add(at)));
            let m = S::fma(S::splat(1.0 - step.beta1), S::sub(g, m), m);
            let v = S::fma(S::splat(1.0 - step.beta2), S::mul(g, g), S::mul(S::splat(step.beta2), v));
            S::store(step.m.add(at), m);
            S::store(step.v.add(at), v);
            let size = S::add(S::sqrt(S::mul(v, S::splat(step.unbias))), S::splat(step.epsilon));
            p.store::<S>(at, S::fma(S::splat(-step.rate), S::div(m, size), S::load(p.w.add(at))));
        }
    }
}
