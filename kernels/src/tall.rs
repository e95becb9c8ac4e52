//! What training many networks at once adds: products whose chains go on where another part of a batch ended, the losses of many
//! networks on the same examples, and optimizer steps with a learning rate for each column.

use crate::activation::Activation;
use crate::generic::optimize::{AdamStep, MomentumStep, SgdStep};
use crate::generic::product::{Left, Product, Right, Start};
use crate::generic::tall::{self, ByColumn, ColumnRule, CrossEntropies, Entry, INPUTS, Lists};
use crate::kernels::Kernels;
use crate::training::{AdamState, Gradient, bias_correction, tensor};
use crate::view::{Line, Rows, RowsMut};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

/// A block of examples whose inputs are bytes, most of them zero, by columns: of every four neighbours the examples that have one
/// of them.
#[derive(Clone, Debug)]
pub struct ByteColumns {
    rows: usize,
    cols: usize,
    /// Where the list of each four columns starts, and the last ends.
    starts: Vec<u32>,
    /// Each names a row below `rows`; ascending within a list.
    entries: Vec<Entry>,
    /// What each byte stands for.
    values: Box<[f32; 256]>,
}

impl ByteColumns {
    /// A block of no examples of `cols` bytes; a byte stands for `value(byte)`, and zero for 0.
    ///
    /// # Panics
    /// If `value(0)` is not 0.
    pub fn new(cols: usize, value: impl Fn(u8) -> f32) -> ByteColumns {
        assert!(value(0) == 0.0, "a zero that stands for another number cannot be left out");
        let values = Box::new(core::array::from_fn(|byte| value(byte as u8)));
        let starts = alloc::vec![0; cols.div_ceil(INPUTS) + 1];
        ByteColumns { rows: 0, cols, starts, entries: Vec::new(), values }
    }

    /// Becomes the block of these examples, each of as many bytes as there are columns.
    ///
    /// # Panics
    /// If one has not, or they are 2^32 bytes or more.
    pub fn fill(&mut self, rows: &[&[u8]]) {
        let (cols, lists) = (self.cols, self.cols.div_ceil(INPUTS));
        assert!(rows.iter().all(|row| row.len() == cols), "every row has {cols} bytes");
        assert!((rows.len() as u64) * (cols as u64) < 1 << 32, "entries are counted in u32");
        // Counted two places up, they are starts one place up when they are summed, and starts when all is placed.
        let mut starts = alloc::vec![0; lists + 2];
        let each = |row: &[u8], f: &mut dyn FnMut(usize, [u8; INPUTS])| {
            for (list, some) in row.chunks(INPUTS).enumerate() {
                let mut bytes = [0; INPUTS];
                bytes[..some.len()].copy_from_slice(some);
                if bytes != [0; INPUTS] {
                    f(list, bytes);
                }
            }
        };
        rows.iter().for_each(|row| each(row, &mut |list, _| starts[list + 2] += 1));
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut entries = core::mem::take(&mut self.entries);
        entries.clear();
        entries.resize(sum as usize, Entry { example: 0, bytes: [0; INPUTS] });
        for (example, row) in (0..).zip(rows) {
            each(row, &mut |list, bytes| {
                let place = &mut starts[list + 1];
                entries[*place as usize] = Entry { example, bytes };
                *place += 1;
            });
        }
        starts.pop();
        (self.rows, self.starts, self.entries) = (rows.len(), starts, entries);
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The lists of the columns `cols`.
    fn lists(&self, cols: &Range<usize>) -> Lists {
        let is_edge = |col: usize| col.is_multiple_of(INPUTS) || col == self.cols;
        assert!(cols.start <= cols.end && cols.end <= self.cols, "{cols:?} of {} columns", self.cols);
        assert!(is_edge(cols.start) && is_edge(cols.end), "columns are taken by fours");
        let starts = self.starts[cols.start.div_ceil(INPUTS)..].as_ptr();
        Lists { starts, entries: self.entries.as_ptr(), values: self.values.as_ptr() }
    }
}

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
            chain: b.rows(),
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

    /// `y = act(x w + bias)`: x `[batch, fan_in]`, w `[fan_in, fan_out]`, y `[batch, fan_out]`, `bias` in lines. The same bits as
    /// [`Kernels::gemm_tn`] gives for the same numbers in full.
    ///
    /// # Panics
    /// The shapes do not fit each other.
    pub fn tall_product(
        &self,
        x: &ByteColumns,
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
        let operands = tall::Product {
            x: x.lists(&(0..x.cols())),
            batch: x.rows(),
            inputs: x.cols(),
            weight: w.ptr(),
            bias: bias.as_ptr().cast(),
            n,
            y: y.ptr(),
            activation,
        };
        // SAFETY: an `Isa` proves the machine; the views reach over their shapes, rows padded to whole lines, `bias` over a row; every
        // entry of x names a row of y, every list columns that are rows of w, checked above.
        unsafe { (self.table.training.tall_product)(&operands) }
    }

    /// `g += x^T dz` for the columns `inputs` of x: x is `[batch, ..]`, dz `[batch, fan_out]`, g `[inputs, fan_out]` in rows padded to
    /// whole lines. The chains go on, so a batch may come in parts.
    ///
    /// # Panics
    /// The shapes do not fit each other, or the columns are not taken by fours.
    pub fn add_columns_gradient(&self, x: &ByteColumns, inputs: Range<usize>, dz: Rows<'_>, g: &mut [Line]) {
        assert_eq!(x.rows(), dz.rows(), "both factors have an example in each row");
        assert_eq!(inputs.len() * Line::count(dz.cols()), g.len(), "g is [inputs, columns of dz]");
        let n = Line::count(dz.cols()) * Line::LEN;
        assert_eq!(dz.stride(), n, "dz is whole");
        let x = x.lists(&inputs);
        let operands = tall::Gradient { x, inputs: inputs.len(), dz: dz.ptr(), n, g: g.as_mut_ptr().cast() };
        // SAFETY: an `Isa` proves the machine; every entry of x names a row of dz, g has a row for each input, and all rows are
        // padded to whole lines, checked above.
        unsafe { (self.table.training.tall_gradient)(&operands) }
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
        let step = tall::ColumnStep { columns: minus.len() * Line::LEN, rule };
        // SAFETY: an `Isa` proves the machine; all operands have one length, checked above and in `tensor`, and there is a rate for
        // each column.
        unsafe { (self.table.training.step_columns)(&tensor(w, Gradient::Lines(g), mask), &step) }
    }
}
