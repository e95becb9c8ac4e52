//! The kernels of one instruction set: the only crossing from checked views to raw pointers.

use crate::activation::Activation;
use crate::arch::{self, Table};
use crate::generic::probe;
use crate::generic::product::{Left, Product, Right, Start};
use crate::generic::transpose::Transpose;
use crate::isa::Isa;
use crate::view::{Line, Rows, RowsMut};
#[cfg(feature = "alloc")]
use crate::{
    generic::{
        activate::in_registers, blocks::blocks, order::chain_inputs, spmm::Spmm, spmv::Spmv, window::Windows,
    },
    packed::{Lanes, PackedDense, PackedSpmm, PackedSpmv, PackedWindows},
    view::PANEL_LANES,
};

/// The entry points of one instruction set, resolved once.
///
/// Shapes are checked here, on every call; a mismatch is a programming error and panics.
#[derive(Clone, Copy)]
pub struct Kernels {
    isa: Isa,
    pub(crate) table: &'static Table,
}

impl core::fmt::Debug for Kernels {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Kernels({})", self.isa)
    }
}

impl Kernels {
    /// The kernels of `isa`.
    pub fn new(isa: Isa) -> Kernels {
        Kernels { isa, table: arch::table(isa) }
    }

    /// The instruction set.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// f32 per register.
    pub fn register_lanes(&self) -> usize {
        self.table.lanes
    }

    /// Outputs per register tile of a dense product with the batch in the lanes.
    pub fn tile_rows(&self) -> usize {
        self.table.tile_rows
    }

    /// `c = act(bias + a^T b)`: `a` is `[k, m]`, `b` `[k, n]`, `c` `[m, n]`, `bias` one value per column of `c`, in lines, or none.
    ///
    /// # Panics
    /// The shapes do not fit each other.
    pub fn gemm_tn(
        &self,
        a: Rows<'_>,
        b: Rows<'_>,
        bias: Option<&[Line]>,
        activation: Activation,
        c: &mut RowsMut<'_>,
    ) {
        assert_eq!(a.rows(), b.rows(), "both operands have k rows");
        assert_eq!((a.cols(), b.cols()), (c.rows(), c.cols()), "c is [columns of a, columns of b]");
        let start = match bias {
            Some(bias) => {
                assert!(bias.len() >= Line::count(b.cols()), "one bias for each column");
                Start::Columns(bias.as_ptr().cast())
            }
            None => Start::Zero,
        };
        let product = Product {
            m: a.cols(),
            n: b.cols().next_multiple_of(Line::LEN),
            k: a.rows(),
            chain: a.rows(),
            a: a.ptr(),
            left: Left::Strided(a.stride()),
            b: b.ptr(),
            right: Right::Strided(b.stride()),
            c: c.ptr(),
            c_stride: c.stride(),
            start,
            activation,
        };
        // SAFETY: an `Isa` proves the machine; the views reach over [k, m], [k, n] and [m, n] with rows padded to whole lines,
        // checked against each other above.
        unsafe { (self.table.product)(&product) }
    }

    /// `to = from^T`: `from` is `[rows, cols]`, `to` `[cols, rows]`; the padding of `to` becomes zero.
    ///
    /// # Panics
    /// The shapes do not fit each other.
    pub fn transpose(&self, from: Rows<'_>, to: &mut RowsMut<'_>) {
        assert_eq!((from.rows(), from.cols()), (to.cols(), to.rows()), "the transpose of [r, c] is [c, r]");
        // SAFETY: the views reach over their shapes, which fit each other; see `transpose_raw`.
        unsafe { self.transpose_raw(from.ptr(), from.stride(), from.rows(), to) }
    }

    /// Turns row-major `rows` `[batch, features]` into the panel `[features, batch]`; its padding becomes zero.
    ///
    /// # Panics
    /// The length of `rows` is not `batch * features` of the panel.
    pub fn rows_to_panel(&self, rows: &[f32], panel: &mut RowsMut<'_>) {
        assert_eq!(rows.len(), panel.rows() * panel.cols(), "the panel holds [features, batch]");
        // SAFETY: `rows` is batch rows of `features` values, end to end.
        unsafe { self.transpose_raw(rows.as_ptr(), panel.rows(), panel.cols(), panel) }
    }

    /// Turns the panel `[features, batch]` into row-major `rows` `[batch, features]`.
    ///
    /// # Panics
    /// The length of `rows` is not `batch * features` of the panel.
    pub fn panel_to_rows(&self, panel: Rows<'_>, rows: &mut [f32]) {
        assert_eq!(rows.len(), panel.rows() * panel.cols(), "the panel holds [features, batch]");
        let transpose = Transpose {
            rows: panel.rows(),
            cols: panel.cols(),
            from: panel.ptr(),
            from_stride: panel.stride(),
            to: rows.as_mut_ptr(),
            to_stride: panel.rows(),
            padded_rows: panel.rows(),
        };
        // SAFETY: an `Isa` proves the machine; the view reaches over its shape and `rows` over its transpose.
        unsafe { (self.table.transpose)(&transpose) }
    }

    /// # Safety
    /// `from` is readable over `rows` rows of `stride` values, which are `to.rows()` at least.
    unsafe fn transpose_raw(&self, from: *const f32, stride: usize, rows: usize, to: &mut RowsMut<'_>) {
        let transpose = Transpose {
            rows,
            cols: to.rows(),
            from,
            from_stride: stride,
            to: to.ptr(),
            to_stride: to.stride(),
            padded_rows: rows.next_multiple_of(Line::LEN),
        };
        // SAFETY: an `Isa` proves the machine; `from` is the caller's promise; `to` is [cols, rows], rows padded to whole lines.
        unsafe { (self.table.transpose)(&transpose) }
    }

    /// Runs fused multiply-adds on registers alone for a while: returns the number of f32 operations done.
    /// Divided by the time it took, that is the machine's peak.
    pub fn fma_peak(&self, steps: usize) -> u64 {
        // SAFETY: an `Isa` proves the machine.
        core::hint::black_box(unsafe { (self.table.fma_peak)(steps) });
        probe::fma_flops(self.table.lanes, steps)
    }

    /// Reads `lines` once: returns the number of bytes read. Divided by the time it took, that is the bandwidth of the memory
    /// that holds them.
    pub fn read(&self, lines: &[Line]) -> usize {
        // The loop reads 8 registers at a time, 8 lines at most.
        let whole = lines.len() - lines.len() % 8;
        // SAFETY: an `Isa` proves the machine; `whole` lines are readable.
        core::hint::black_box(unsafe { (self.table.read)(lines.as_ptr().cast(), whole * Line::LEN) });
        whole * size_of::<Line>()
    }
}

#[cfg(feature = "alloc")]
impl Kernels {
    /// One dense layer over a batch: `y = act(weight x + bias)`.
    ///
    /// `x` is `[fan_in, batch]`. With [`Lanes::Batch`] `y` is `[fan_out, batch]`, with [`Lanes::Outputs`] `[batch, fan_out]`.
    ///
    /// # Panics
    /// The shapes do not fit, or the weights are packed for another instruction set.
    pub fn gemm(&self, w: &PackedDense, x: Rows<'_>, activation: Activation, y: &mut RowsMut<'_>) {
        assert_eq!(w.isa(), self.isa, "weights are packed for one instruction set");
        assert_eq!(x.rows(), w.fan_in(), "x is [fan_in, batch]");
        match w.lanes() {
            Lanes::Batch => {
                assert_eq!((y.rows(), y.cols()), (w.fan_out(), x.cols()), "y is [fan_out, batch]");
                let product = Product {
                    m: w.fan_out(),
                    n: x.cols().next_multiple_of(Line::LEN),
                    k: w.fan_in(),
                    chain: chain_inputs(w.fan_in(), w.fan_out()),
                    a: w.weight(),
                    left: Left::Tiled,
                    b: x.ptr(),
                    right: Right::Strided(x.stride()),
                    c: y.ptr(),
                    c_stride: y.stride(),
                    start: Start::Rows(w.bias()),
                    activation,
                };
                // SAFETY: an `Isa` proves the machine; weights packed by this set's tiles reach over [fan_in, fan_out], the bias
                // over fan_out, and the views over their shapes, checked above, with rows padded to whole lines.
                unsafe { (self.table.product)(&product) }
            }
            Lanes::Outputs => {
                assert_eq!((y.rows(), y.cols()), (x.cols(), w.fan_out()), "y is [batch, fan_out]");
                // SAFETY: x is readable over [fan_in, batch] and y writable over [batch, fan_out] padded to whole lines.
                unsafe {
                    self.outputs_in_lanes(
                        w,
                        (x.ptr(), Left::Strided(x.stride()), x.cols()),
                        activation,
                        (y.ptr(), y.stride()),
                    )
                }
            }
        }
    }

    /// One dense layer over rows: `y = act(x weight^T + bias)`, with weights packed with [`Lanes::Outputs`].
    ///
    /// `y` is `[batch, fan_out]`; the rows of `x`, of `fan_in` values, start `stride` values apart.
    ///
    /// # Panics
    /// The shapes do not fit, or the weights are packed otherwise.
    pub fn gemm_rows(
        &self,
        w: &PackedDense,
        x: &[f32],
        stride: usize,
        activation: Activation,
        y: &mut RowsMut<'_>,
    ) {
        assert_eq!((w.isa(), w.lanes()), (self.isa, Lanes::Outputs), "weights are packed for one kernel");
        assert_eq!(y.cols(), w.fan_out(), "y is [batch, fan_out]");
        let Some(before) = y.rows().checked_sub(1) else { return };
        let needed = before.checked_mul(stride).and_then(|first| first.checked_add(w.fan_in()));
        assert!(needed.is_some_and(|needed| needed <= x.len()), "x has a row for each of y");
        // SAFETY: x is readable over all rows, by the length checked above, and y writable over [batch, fan_out] padded to whole
        // lines.
        unsafe {
            let left = Left::Rows(stride);
            self.outputs_in_lanes(w, (x.as_ptr(), left, y.rows()), activation, (y.ptr(), y.stride()))
        }
    }

    /// One dense layer for one input: `y = act(weight x + bias)`, with weights packed with [`Lanes::Outputs`].
    ///
    /// `x` is `[fan_in]`, `y` `[fan_out]` in whole lines.
    ///
    /// # Panics
    /// The shapes do not fit, or the weights are packed otherwise.
    pub fn gemv(&self, w: &PackedDense, x: &[f32], activation: Activation, y: &mut [Line]) {
        assert_eq!((w.isa(), w.lanes()), (self.isa, Lanes::Outputs), "weights are packed for one kernel");
        assert_eq!(x.len(), w.fan_in(), "x is [fan_in]");
        assert!(y.len() >= Line::count(w.fan_out()), "y is [fan_out]");
        let stride = y.len() * Line::LEN;
        // SAFETY: x is readable over [fan_in, 1] with stride 1, and y writable over fan_out padded to whole lines.
        unsafe {
            self.outputs_in_lanes(
                w,
                (x.as_ptr(), Left::Rows(w.fan_in()), 1),
                activation,
                (y.as_mut_ptr().cast(), stride),
            )
        }
    }

    /// # Safety
    /// `x` (pointer, where its elements are, batch) is readable over `[fan_in, batch]`, `y` (pointer, stride) writable over
    /// `[batch, fan_out]`, rows padded to whole lines; the weights are packed with [`Lanes::Outputs`].
    unsafe fn outputs_in_lanes(
        &self,
        w: &PackedDense,
        (x, left, batch): (*const f32, Left, usize),
        activation: Activation,
        (y, y_stride): (*mut f32, usize),
    ) {
        let product = Product {
            m: batch,
            n: w.fan_out().next_multiple_of(Line::LEN),
            k: w.fan_in(),
            chain: chain_inputs(w.fan_in(), w.fan_out()),
            a: x,
            left,
            b: w.weight(),
            right: Right::Blocked { first: 0, depth: w.fan_in() },
            c: y,
            c_stride: y_stride,
            start: Start::Columns(w.bias()),
            activation,
        };
        let product = if batch == 1 {
            // Whole blocks of outputs, or few outputs; what is left goes as a batch does.
            // SAFETY: as below.
            let done = unsafe { (self.table.one_row)(&product) };
            Product {
                n: product.n - done,
                b: product.b.wrapping_add(done * product.k),
                c: product.c.wrapping_add(done),
                start: Start::Columns(w.bias().wrapping_add(done)),
                ..product
            }
        } else {
            product
        };
        for product in blocks(product, self.table.tile_rows) {
            // SAFETY: an `Isa` proves the machine; the packed blocks reach over [fan_in, fan_out] and the bias over fan_out, both
            // padded to whole lines; x and y are the caller's promise, and what a block goes on with the one before has written.
            unsafe { (self.table.product)(&product) }
        }
    }

    /// One sparse layer over a panel: `y = act(weight x + bias)`; `x` is `[fan_in, batch]`, `y` `[fan_out, batch]`, the batch
    /// at most [`PANEL_LANES`].
    ///
    /// # Panics
    /// The shapes do not fit, or the weights are packed for another instruction set.
    pub fn spmm(&self, w: &PackedSpmm, x: Rows<'_>, activation: Activation, y: &mut RowsMut<'_>) {
        assert_eq!(w.isa(), self.isa, "weights are packed for one instruction set");
        assert_eq!(x.rows(), w.fan_in(), "x is [fan_in, batch]");
        assert_eq!((y.rows(), y.cols()), (w.fan_out(), x.cols()), "y is [fan_out, batch]");
        assert!((1..=PANEL_LANES).contains(&x.cols()), "a panel has 1 to {PANEL_LANES} columns");
        let last = w.blocks().len() - 1;
        for (b, block) in w.blocks().iter().enumerate() {
            let steps = w.steps(block);
            let spmm = Spmm {
                rows: w.rows(block),
                steps: steps.as_ptr(),
                group_count: steps.len(),
                values: w.values(block),
                ids: w.ids(block),
                x: x.ptr().wrapping_add(block.first_column * x.stride()),
                y: y.ptr(),
                lanes: x.cols().next_multiple_of(Line::LEN),
                begin: w.begin(b),
                activation: (b == last).then_some(activation),
            };
            // SAFETY: an `Isa` proves the machine; the packed form, whose groups are this set's, has rows below fan_out
            // and ids that, from the block's first column on, are below fan_in; the views reach over fan_in and fan_out rows, padded to whole lines.
            unsafe { (self.table.spmm)(&spmm) }
        }
    }

    /// One sparse layer for one input: `y = act(weight x + bias)`; `x` is `[fan_in]`, `y` `[fan_out]` in whole lines, whose
    /// padding keeps what it held, but for the activation.
    ///
    /// # Panics
    /// The shapes do not fit.
    pub fn spmv(&self, w: &PackedSpmv, x: &[f32], activation: Activation, y: &mut [Line]) {
        assert_eq!(x.len(), w.fan_in(), "x is [fan_in]");
        assert!(y.len() >= Line::count(w.fan_out()), "y is [fan_out]");
        for (b, block) in w.blocks().iter().enumerate() {
            let groups = w.groups(block);
            let spmv = Spmv {
                groups: groups.as_ptr(),
                group_count: groups.len(),
                values: w.values(block),
                ids: w.ids(block),
                x: x[block.first_column..].as_ptr(),
                y: y.as_mut_ptr().cast(),
                begin: w.begin(b),
            };
            // SAFETY: as in `spmm`, for a vector and a line of rows.
            unsafe { (self.table.spmv)(&spmv) }
        }
        self.activate(activation, &mut y[..Line::count(w.fan_out())]);
    }

    /// Whether [`spmv_windows`](Self::spmv_windows) is to be expected faster than [`spmv`](Self::spmv), where `nnz` of `weights`
    /// are not zero.
    pub fn windows_pay(&self, weights: usize, nnz: usize) -> bool {
        weights <= nnz.saturating_mul(self.table.window_weights)
    }

    /// Whether this set has windows of two widths.
    pub fn wide_windows(&self) -> bool {
        self.table.wide_windows
    }

    /// One sparse layer for one input, as [`spmv`](Self::spmv), through windows of `x`.
    ///
    /// # Panics
    /// The shapes do not fit, or the weights are packed for another instruction set.
    pub fn spmv_windows(&self, w: &PackedWindows, x: &[f32], activation: Activation, y: &mut [Line]) {
        assert_eq!(w.isa(), self.isa, "weights are packed for one instruction set");
        assert_eq!(x.len(), w.fan_in(), "x is [fan_in]");
        assert!(y.len() >= Line::count(w.fan_out()), "y is [fan_out]");
        let y = &mut y[..Line::count(w.fan_out())];
        // Where x is shorter than a window, a copy is not.
        let mut longer = [0.0; PackedWindows::MAX_COLUMNS];
        let x = if x.len() < longer.len() {
            longer[..x.len()].copy_from_slice(x);
            &longer
        } else {
            x
        };
        let windows = Windows {
            groups: w.groups().as_ptr(),
            group_count: w.groups().len(),
            starts: w.starts(),
            lines: w.lines(),
            bias: w.bias(),
            rows: w.rows(),
            wide: w.is_wide(),
            x: x.as_ptr(),
            y: y.as_mut_ptr().cast(),
            relu: activation == Activation::Relu,
        };
        // SAFETY: an `Isa` proves the machine; packed for it, a window from any start ends inside fan_in values, or the longer
        // copy; rows are below fan_out, or in order, and y and the bias are whole lines of as many.
        unsafe { (self.table.windows)(&windows) }
        if !in_registers(activation) {
            self.activate(activation, y);
        }
    }
}

impl Kernels {
    /// `h = act(z)`, in place.
    pub fn activate(&self, activation: Activation, z: &mut [Line]) {
        // SAFETY: an `Isa` proves the machine; the lines are readable and writable.
        unsafe { (self.table.activate)(activation, z.as_mut_ptr().cast(), z.len() * Line::LEN) }
    }
}
