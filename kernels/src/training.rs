//! What training adds to the kernels: losses, the backward half of the activations, optimizer steps.

use crate::activation::Activation;
use crate::arch::TrainingTable;
use crate::generic::activate::Backward;
use crate::generic::loss::{CrossEntropy, SquaredError, SumRows};
use crate::generic::optimize::{AdamStep, MomentumStep, Source, Tensor};
use crate::generic::sparse_bytes::{ColumnsProduct, SparseGradient};
use crate::kernels::Kernels;
use crate::sparse_bytes::SparseColumns;
use crate::view::{Line, Rows, RowsMut};

/// A step of plain gradient descent: `w -= rate g`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// The learning rate.
    pub rate: f32,
}

/// A step with momentum as PyTorch defines it: `v = momentum v + g; w -= rate v`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// The learning rate.
    pub rate: f32,
    /// What remains of the velocity, in [0, 1).
    pub momentum: f32,
}

/// A step of Adam as PyTorch defines it: with `m` and `v` the running means of `g` and `g^2`,
/// `w -= rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// The learning rate.
    pub rate: f32,
    /// What remains of the mean of `g`, in [0, 1).
    pub beta1: f32,
    /// What remains of the mean of `g^2`, in [0, 1).
    pub beta2: f32,
    /// Keeps the denominator from zero.
    pub epsilon: f32,
    /// Which step this is, counted from 1.
    pub t: u64,
}

/// What Adam remembers of a tensor, zeros before the first step.
#[derive(Debug)]
pub struct AdamState<'a> {
    /// The running mean of `g`.
    pub m: &'a mut [Line],
    /// The running mean of `g^2`.
    pub v: &'a mut [Line],
}

/// `1 - beta^t` in f64.
pub(crate) fn bias_correction(beta: f32, mut t: u64) -> f64 {
    let (mut power, mut square) = (1.0, f64::from(beta));
    while t > 0 {
        if t % 2 == 1 {
            power *= square;
        }
        square *= square;
        t /= 2;
    }
    1.0 - power
}

/// Where an optimizer step takes the gradient of its tensor from.
#[derive(Debug)]
pub enum Gradient<'a> {
    /// One value for each weight.
    Lines(&'a [Line]),
    /// `x^T dz` for x `[batch, fan_in]` and dz `[batch, fan_out]`, computed on the way and never stored; the weight is
    /// `[fan_in, fan_out]`, rows padded to whole lines.
    Sparse(&'a mut SparseColumns, Rows<'a>),
}

impl Gradient<'_> {
    /// The operand, checked against a tensor of `lines`.
    fn source(self, lines: usize) -> Source {
        match self {
            Gradient::Lines(g) => {
                assert_eq!(g.len(), lines, "one gradient for each weight");
                Source::Lines(g.as_ptr().cast())
            }
            Gradient::Sparse(x, dz) => {
                assert_eq!(x.rows(), dz.rows(), "both factors have an example in each row");
                assert_eq!(
                    x.cols() * Line::count(dz.cols()),
                    lines,
                    "the weight is [columns of x, columns of dz]"
                );
                assert!(dz.stride() == Line::count(dz.cols()) * Line::LEN, "dz is whole");
                Source::Sparse(SparseGradient {
                    x: x.lists(),
                    batch: x.rows(),
                    inputs: x.cols(),
                    dz: dz.ptr(),
                    n: dz.stride(),
                    panel: x.panel(),
                })
            }
        }
    }
}

/// The operands of an optimizer step, checked against each other.
pub(crate) fn tensor(w: &mut [Line], gradient: Gradient<'_>, mask: Option<&[Line]>) -> Tensor {
    assert!(mask.is_none_or(|mask| mask.len() == w.len()), "one mask value for each weight");
    Tensor {
        len: w.len() * Line::LEN,
        w: w.as_mut_ptr().cast(),
        gradient: gradient.source(w.len()),
        mask: mask.map_or(core::ptr::null(), |mask| mask.as_ptr().cast()),
    }
}

/// The operands of a cross-entropy, checked against each other.
fn cross_entropy(
    logits: &mut RowsMut<'_>,
    classes: usize,
    labels: &[u8],
    scale: f32,
    loss: &mut [f32],
) -> CrossEntropy {
    assert_eq!(
        (labels.len(), loss.len()),
        (logits.rows(), logits.rows()),
        "a label and a loss for each example"
    );
    let wrong = labels.iter().position(|&label| usize::from(label) >= classes);
    assert!(wrong.is_none(), "the label of example {wrong:?} is not below {classes}");
    CrossEntropy {
        batch: logits.rows(),
        classes: logits.cols(),
        z: logits.ptr(),
        z_stride: logits.stride(),
        labels: labels.as_ptr(),
        scale,
        loss: loss.as_mut_ptr(),
    }
}

impl Kernels {
    fn training(&self) -> &'static TrainingTable {
        &self.table.training
    }
}

/// Losses and gradients. Each overwrites a network's outputs with the gradient of `scale` times the loss, so that `scale` =
/// 1 / batch gives the mean's; `loss` receives the loss of each example, not scaled. The padding of a gradient is zero.
impl Kernels {
    /// `dz = dh act'(z)`, in place in `dh`, where `h = act(z)`. Only the Gaussian reads `z`: for the others it may be `h` again.
    /// Where `dh` is zero and `h` finite, `dz` is zero: padding stays padding.
    ///
    /// # Panics
    /// The lengths differ.
    pub fn activation_backward(&self, activation: Activation, z: &[Line], h: &[Line], dh: &mut [Line]) {
        assert_eq!((z.len(), h.len()), (dh.len(), dh.len()), "z, h and dh belong to the same values");
        let backward = Backward {
            activation,
            len: dh.len() * Line::LEN,
            z: z.as_ptr().cast(),
            h: h.as_ptr().cast(),
            dh: dh.as_mut_ptr().cast(),
        };
        // SAFETY: an `Isa` proves the machine; the three are lines of one length, checked above.
        unsafe { (self.training().backward)(&backward) }
    }

    /// Softmax and cross-entropy: `logits` `[batch, classes]` become `dz = (softmax(z) - onehot(label)) * scale`. Any finite
    /// logits will do; an example with NaN or +infinity among its logits gets NaN.
    ///
    /// # Panics
    /// A label is not below the number of classes, or the lengths of `labels` or `loss` are not the batch.
    pub fn softmax_cross_entropy(
        &self,
        logits: &mut RowsMut<'_>,
        labels: &[u8],
        scale: f32,
        loss: &mut [f32],
    ) {
        let operands = cross_entropy(logits, logits.cols(), labels, scale, loss);
        // SAFETY: an `Isa` proves the machine; the view reaches over its shape, rows padded to whole lines; as many labels and
        // losses as rows, and every label below the columns, checked in `cross_entropy`.
        unsafe { (self.training().softmax_cross_entropy)(&operands) }
    }

    /// Sigmoid and cross-entropy: `logits` `[batch, 1]` become `dz = (sigmoid(z) - label) * scale`, labels 0 or 1.
    ///
    /// # Panics
    /// A label is above 1, `logits` has not one column, or the lengths of `labels` or `loss` are not the batch.
    pub fn binary_cross_entropy(
        &self,
        logits: &mut RowsMut<'_>,
        labels: &[u8],
        scale: f32,
        loss: &mut [f32],
    ) {
        assert_eq!(logits.cols(), 1, "logits is [batch, 1]");
        let operands = cross_entropy(logits, 2, labels, scale, loss);
        // SAFETY: an `Isa` proves the machine; the view reaches over its rows, padded to whole lines; as many labels and losses
        // as rows, checked in `cross_entropy`.
        unsafe { (self.training().binary_cross_entropy)(&operands) }
    }

    /// The mean over the outputs of the squared error: `h` `[batch, outputs]` becomes `dh = 2 (h - target) / outputs * scale`.
    ///
    /// # Panics
    /// `targets` has another shape, or the length of `loss` is not the batch.
    pub fn mean_squared_error(&self, h: &mut RowsMut<'_>, targets: Rows<'_>, scale: f32, loss: &mut [f32]) {
        assert_eq!((targets.rows(), targets.cols()), (h.rows(), h.cols()), "a target for each output");
        assert_eq!(loss.len(), h.rows(), "a loss for each example");
        let operands = SquaredError {
            batch: h.rows(),
            outputs: h.cols(),
            h: h.ptr(),
            h_stride: h.stride(),
            targets: targets.ptr(),
            targets_stride: targets.stride(),
            scale,
            loss: loss.as_mut_ptr(),
        };
        // SAFETY: an `Isa` proves the machine; both views reach over the same shape, rows padded to whole lines, and there are
        // as many losses as rows, checked above.
        unsafe { (self.training().mean_squared_error)(&operands) }
    }

    /// `y = act(x w + bias)`: x `[batch, fan_in]`, w `[fan_in, fan_out]`, y `[batch, fan_out]`, `bias` in lines. The same bits as
    /// [`Kernels::gemm_tn`] gives for the same numbers in full. Fastest where L1 holds 64 outputs of each row: 128 rows take 32 KB.
    ///
    /// # Panics
    /// The shapes do not fit each other.
    pub fn columns_product(
        &self,
        x: &mut SparseColumns,
        w: Rows<'_>,
        bias: &[Line],
        activation: Activation,
        y: &mut RowsMut<'_>,
    ) {
        let shape = (x.cols(), x.rows(), w.cols());
        assert_eq!(shape, (w.rows(), y.rows(), y.cols()), "y is [rows of x, columns of w]");
        let lines = Line::count(w.cols());
        assert!(bias.len() >= lines, "one bias for each column");
        let n = lines * Line::LEN;
        assert_eq!((w.stride(), y.stride()), (n, n), "w and y are whole");
        let operands = ColumnsProduct {
            x: x.lists(),
            batch: x.rows(),
            inputs: x.cols(),
            weight: w.ptr(),
            bias: bias.as_ptr().cast(),
            n,
            y: y.ptr(),
            activation,
            panel: x.panel(),
        };
        // SAFETY: an `Isa` proves the machine; the views reach over their shapes, rows padded to whole lines, `bias` over a row;
        // every row of x is one of y, every column one of w, checked above.
        unsafe { (self.training().columns_product)(&operands) }
    }

    /// `sums[n]` = the sum of `a[row][n]` over the rows ascending; `a` is `[rows, cols]`, `sums` `[cols]` in whole lines.
    ///
    /// # Panics
    /// `sums` is shorter than a row.
    pub fn sum_rows(&self, a: Rows<'_>, sums: &mut [Line]) {
        assert!(sums.len() >= Line::count(a.cols()), "one sum for each column");
        let operands = SumRows {
            rows: a.rows(),
            cols: a.cols().next_multiple_of(Line::LEN),
            a: a.ptr(),
            a_stride: a.stride(),
            sums: sums.as_mut_ptr().cast(),
        };
        // SAFETY: an `Isa` proves the machine; the view reaches over its shape, rows padded to whole lines, and `sums` over a row.
        unsafe { (self.training().sum_rows)(&operands) }
    }
}

/// Optimizer steps over all values of a tensor: weights `w`, gradient `g`, and a `mask` that is 1 for a weight that stays and 0 for
/// one that is pruned, which becomes (and so remains) +0. The state of a pruned weight goes on as if it were not.
impl Kernels {
    /// One step of plain gradient descent.
    ///
    /// # Panics
    /// The lengths differ.
    pub fn sgd(&self, step: Sgd, w: &mut [Line], g: Gradient<'_>, mask: Option<&[Line]>) {
        // SAFETY: an `Isa` proves the machine; all operands have one length, checked in `tensor`.
        unsafe { (self.training().sgd)(&tensor(w, g, mask), step.rate) }
    }

    /// One step with momentum; `velocity` is zeros before the first.
    ///
    /// # Panics
    /// The lengths differ.
    pub fn momentum(
        &self,
        step: Momentum,
        w: &mut [Line],
        velocity: &mut [Line],
        g: Gradient<'_>,
        mask: Option<&[Line]>,
    ) {
        assert_eq!(velocity.len(), w.len(), "one velocity for each weight");
        let Momentum { rate, momentum } = step;
        let step = MomentumStep { rate, momentum, velocity: velocity.as_mut_ptr().cast() };
        // SAFETY: an `Isa` proves the machine; all operands have one length, checked above and in `tensor`.
        unsafe { (self.training().momentum)(&tensor(w, g, mask), &step) }
    }

    /// One step of Adam.
    ///
    /// # Panics
    /// The lengths differ, or `step.t` is 0.
    pub fn adam(
        &self,
        step: Adam,
        w: &mut [Line],
        state: AdamState<'_>,
        g: Gradient<'_>,
        mask: Option<&[Line]>,
    ) {
        assert_eq!((state.m.len(), state.v.len()), (w.len(), w.len()), "one m and one v for each weight");
        assert!(step.t > 0, "steps are counted from 1");
        let step = AdamStep {
            rate: (f64::from(step.rate) / bias_correction(step.beta1, step.t)) as f32,
            beta1: step.beta1,
            beta2: step.beta2,
            epsilon: step.epsilon,
            unbias: (1.0 / bias_correction(step.beta2, step.t)) as f32,
            m: state.m.as_mut_ptr().cast(),
            v: state.v.as_mut_ptr().cast(),
        };
        // SAFETY: an `Isa` proves the machine; all operands have one length, checked above and in `tensor`.
        unsafe { (self.training().adam)(&tensor(w, g, mask), &step) }
    }
}
