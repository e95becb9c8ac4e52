//! What training many networks at once adds: products whose chains go on where another part of a batch ended, the losses of many
//! networks on the same examples, and optimizer steps with a learning rate for each column.

use crate::activation::Activation;
use crate::generic::loss::CrossEntropies;
use crate::generic::optimize::{self, AdamStep, ByColumn, ColumnRule, MomentumStep, SgdStep};
use crate::generic::product::{Left, Product, Right, Start};
use crate::kernels::Kernels;
use crate::sparse_bytes::SparseColumns;
use crate::training::{AdamState, Gradient, bias_correction, tensor};
use crate::view::{Line, Rows, RowsMut};
use alloc::vec::Vec;

/// What the chains of a product start from.
#[derive(Clone, Copy, Debug)]
pub enum ChainStart<'a> {
    /// Nothing.
    Zero,
    /// One value for each column, in lines.
    Bias(&'a [Line]),
    /// What the result holds.
    Kept,
}

impl ChainStart<'_> {
    fn checked(self, columns: usize) -> Start {
        match self {
            ChainStart::Zero => Start::Zero,
            ChainStart::Kept => Start::Kept,
            ChainStart::Bias(bias) => {
                assert!(bias.len() >= Line::count(columns), "one bias for each column");
                Start::Columns(bias.as_ptr().cast())
            }
        }
    }
}

/// How a step with a learning rate for each column changes the weights; see [`Sgd`](crate::Sgd), [`Momentum`](crate::Momentum) and
/// [`Adam`](crate::Adam).
#[derive(Debug)]
pub enum ColumnStep<'a> {
    /// Plain gradient descent.
    Sgd,
    /// Gradient descent with a velocity.
    Momentum {
        /// What remains of the velocity, in [0, 1).
        momentum: f32,
        /// The velocity, zeros before the first step.
        velocity: &'a mut [Line],
    },
    /// Adam.
    Adam {
        /// What remains of the mean of the gradient, in [0, 1).
        beta1: f32,
        /// What remains of the mean of its square, in [0, 1).
        beta2: f32,
        /// Keeps the denominator from zero.
        epsilon: f32,
        /// Which step this is, counted from 1.
        t: u64,
        /// Both means.
        state: AdamState<'a>,
    },
}

impl Kernels {
    /// `c = start + a^T b`: a is `[k, m]`, b `[k, n]`, c `[m, n]`. Chains that go on end with the bits of one product of all k.
    ///
    /// # Panics
    /// The shapes do not fit each other.
    pub fn gemm_tn_from(&self, start: ChainStart<'_>, a: Rows<'_>, b: Rows<'_>, c: &mut RowsMut<'_>) {
        assert_eq!(a.rows(), b.rows(), "both operands have k rows");
        let (m, left) = (a.cols(), Left::Strided(a.stride()));
        // SAFETY: a reaches over [k, m].
        unsafe { self.product_from(start, (m, a.ptr(), left), b, c) }
    }

    /// `c = start + a b`: a is `[m, k]`, b `[k, n]`, c `[m, n]`.
    ///
    /// # Panics
    /// The shapes do not fit each other.
    pub fn gemm_nn_from(&self, start: ChainStart<'_>, a: Rows<'_>, b: Rows<'_>, c: &mut RowsMut<'_>) {
        assert_eq!(a.cols(), b.rows(), "b has a row for each column of a");
        let (m, left) = (a.rows(), Left::Rows(a.stride()));
        // SAFETY: a reaches over [m, k].
        unsafe { self.product_from(start, (m, a.ptr(), left), b, c) }
    }

    /// # Safety
    /// `a` (m, pointer, where its elements are) is readable at every (k, m), for as many k as b has rows.
    unsafe fn product_from(
        &self,
        start: ChainStart<'_>,
        (m, a, left): (usize, *const f32, Left),
        b: Rows<'_>,
        c: &mut RowsMut<'_>,
    ) {
        assert_eq!((m, b.cols()), (c.rows(), c.cols()), "c is [m, columns of b]");
        let product = Product {
            m,
            n: b.cols().next_multiple_of(Line::LEN),
            k: b.rows(),
            a,
            left,
            b: b.ptr(),
            right: Right::Strided(b.stride()),
            start: start.checked(b.cols()),
            c: c.ptr(),
            c_stride: c.stride(),
            activation: Activation::Identity,
        };
        // SAFETY: an `Isa` proves the machine; a is the caller's promise, the views reach over [k, n] and [m, n] with rows padded
        // to whole lines, and a bias over a row, checked above.
        unsafe { (self.table.product)(&product) }
    }

    /// `g += x^T dz`: x `[batch, fan_in]`, dz `[batch, fan_out]`, g `[fan_in, fan_out]` in rows padded to whole lines. The chains go on, so
    /// a batch may come in parts.
    ///
    /// # Panics
    /// The shapes do not fit each other.
    pub fn add_sparse_gradient(&self, x: &mut SparseColumns, dz: Rows<'_>, g: &mut [Line]) {
        // SAFETY: an `Isa` proves the machine; all operands fit, checked in `tensor`.
        unsafe { (self.table.training.accumulate)(&tensor(g, Gradient::Sparse(x, dz), None)) }
    }

    /// Sigmoid and cross-entropy of many networks, each with one output in a column: `dz = (sigmoid(z) - label) * scale`, z and dz
    /// `[batch, networks]`, labels 0 or 1. The same bits as [`Kernels::binary_cross_entropy`] gives one by one.
    ///
    /// # Panics
    /// A label is above 1, or the shapes differ.
    pub fn binary_cross_entropies(&self, z: Rows<'_>, labels: &[u8], scale: f32, dz: &mut RowsMut<'_>) {
        assert_eq!((z.rows(), z.cols()), (dz.rows(), dz.cols()), "a gradient for each logit");
        let cols = Line::count(z.cols()) * Line::LEN;
        assert_eq!((z.stride(), dz.stride()), (cols, cols), "z and dz are whole");
        assert_eq!(labels.len(), z.rows(), "a label for each example");
        let wrong = labels.iter().position(|&label| label > 1);
        assert!(wrong.is_none(), "the label of example {wrong:?} is not below 2");
        let operands = CrossEntropies {
            batch: z.rows(),
            cols,
            z: z.ptr(),
            dz: dz.ptr(),
            labels: labels.as_ptr(),
            scale,
        };
        // SAFETY: an `Isa` proves the machine; both views reach over the same shape, rows padded to whole lines, and there are as
        // many labels as rows, checked above.
        unsafe { (self.table.training.binary_cross_entropies)(&operands) }
    }

    /// One step with the gradient g, where column j of the weights w, in rows of `rates.len()` lines, has the learning rate j. The
    /// same bits as [`Kernels::sgd`], [`Kernels::momentum`] and [`Kernels::adam`] give with that rate.
    ///
    /// # Panics
    /// The lengths differ, w is no whole rows, or the number of the step is 0.
    pub fn step_columns(
        &self,
        step: ColumnStep<'_>,
        rates: &[Line],
        w: &mut [Line],
        g: &[Line],
        mask: Option<&[Line]>,
    ) {
        assert!(!rates.is_empty() && w.len().is_multiple_of(rates.len()), "w is whole rows");
        let minus = |divisor: f64| -> Vec<Line> {
            // As in `Kernels::adam`, or the bits would not be the same.
            let one = |rate: f32| -((f64::from(rate) / divisor) as f32);
            rates.iter().map(|Line(rates)| Line(rates.map(one))).collect()
        };
        let lines = w.len();
        let (minus, rule) = match step {
            ColumnStep::Sgd => {
                let minus = minus(1.0);
                let rate = ByColumn(minus.as_ptr().cast());
                (minus, ColumnRule::Sgd(SgdStep { rate }))
            }
            ColumnStep::Momentum { momentum, velocity } => {
                assert_eq!(velocity.len(), lines, "one velocity for each weight");
                let minus = minus(1.0);
                let (rate, velocity) = (ByColumn(minus.as_ptr().cast()), velocity.as_mut_ptr().cast());
                (minus, ColumnRule::Momentum(MomentumStep { rate, momentum, velocity }))
            }
            ColumnStep::Adam { beta1, beta2, epsilon, t, state } => {
                assert_eq!((state.m.len(), state.v.len()), (lines, lines), "one m and one v for each weight");
                assert!(t > 0, "steps are counted from 1");
                let minus = minus(bias_correction(beta1, t));
                let step = AdamStep {
                    rate: ByColumn(minus.as_ptr().cast()),
                    beta1,
                    beta2,
                    epsilon,
                    unbias: (1.0 / bias_correction(beta2, t)) as f32,
                    m: state.m.as_mut_ptr().cast(),
                    v: state.v.as_mut_ptr().cast(),
                };
                (minus, ColumnRule::Adam(step))
            }
        };
        let step = optimize::ColumnStep { columns: minus.len() * Line::LEN, rule };
        // SAFETY: an `Isa` proves the machine; all operands have one length, checked above and in `tensor`, and there is a rate for
        // each column.
        unsafe { (self.table.training.step_columns)(&tensor(w, Gradient::Lines(g), mask), &step) }
    }
}
