//! The products that skip the inputs that are zero: safe, checked functions of [`Kernels`].

use crate::activation::Activation;
use crate::generic::order::chain_inputs;
use crate::generic::sparse_input::{CsrSparseInput, DenseSparseInput, Found, Search};
use crate::kernels::Kernels;
use crate::packed::{NonzeroInputs, PackedCsrByInput, PackedDenseByInput};
use crate::view::{Line, RowsMut};

/// Rows from which on blocks of inputs pay: with fewer, a weight is not used often enough while it is in L1 (784x256 and 784x1024:
/// blocks cost a quarter at 2 rows and bring as much at 16; Zen 5).
const BLOCKED_ROWS: usize = 8;
/// Bytes of weights that stay in L1 while all rows of a batch pass: with 32 KiB 784x256 takes a sixth longer; with 64 a twenty-fifth
/// less, as long as L1 has 48 KiB and a third of the inputs are zero in every row.
const BLOCK_BYTES: usize = 48 << 10;

impl Kernels {
    /// One dense layer for rows of which most values are zero: `y = act(weight x + bias)`, skipping those values.
    ///
    /// `rows` is `[batch, fan_in]`, row-major, `y` `[batch, fan_out]`. The result has the bits that [`Kernels::gemm`] computes, as
    /// long as all weights are finite: a zero times an infinite weight, or one that is no number, is skipped too. What is no number
    /// in `rows` is not zero.
    ///
    /// # Panics
    /// The shapes do not fit, `nonzero` has no room for them, or the weights are packed for another instruction set.
    pub fn gemm_sparse_input(
        &self,
        w: &PackedDenseByInput,
        rows: &[f32],
        activation: Activation,
        y: &mut RowsMut<'_>,
        nonzero: &mut NonzeroInputs,
    ) {
        assert_eq!(w.isa(), self.isa(), "weights are packed for one instruction set");
        assert_eq!(y.cols(), w.fan_out(), "y is [batch, fan_out]");
        let block = match y.rows() {
            0..BLOCKED_ROWS => usize::MAX,
            _ => BLOCK_BYTES / size_of::<f32>() / w.widest_block(),
        };
        let found = self.search(rows, (y.rows(), w.fan_in(), w.fan_out()), block, nonzero);
        let product = DenseSparseInput {
            found,
            fan_out: w.fan_out().next_multiple_of(Line::LEN),
            weight: w.weight(),
            bias: w.bias(),
            y: y.ptr(),
            y_stride: y.stride(),
            activation,
        };
        // SAFETY: an `Isa` proves the machine; the search was of these rows, weights packed by this set's blocks reach over
        // [fan_in, fan_out], and y over [batch, fan_out], rows padded to whole lines as the bias is.
        unsafe { (self.table.dense_sparse_input)(&product) }
    }

    /// One sparse layer for rows of which most values are zero: as [`Kernels::gemm_sparse_input`], with the bits of
    /// [`Kernels::spmm`]. Each weight that meets a value is loaded, multiplied and added to memory by itself, so it is for a row or
    /// two.
    ///
    /// # Panics
    /// The shapes do not fit, or `nonzero` has no room for them.
    pub fn spmm_sparse_input(
        &self,
        w: &PackedCsrByInput,
        rows: &[f32],
        activation: Activation,
        y: &mut RowsMut<'_>,
        nonzero: &mut NonzeroInputs,
    ) {
        assert_eq!(y.cols(), w.fan_out(), "y is [batch, fan_out]");
        let found = self.search(rows, (y.rows(), w.fan_in(), w.fan_out()), usize::MAX, nonzero);
        let product = CsrSparseInput {
            found,
            fan_out: w.fan_out().next_multiple_of(Line::LEN),
            groups: w.groups(),
            outputs: w.outputs(),
            values: w.values(),
            bias: w.bias(),
            y: y.ptr(),
            y_stride: y.stride(),
            activation,
        };
        // SAFETY: an `Isa` proves the machine; the search was of these rows, the packed form has groups for fan_in inputs and outputs
        // below fan_out, and y reaches over [batch, fan_out], rows padded to whole lines as the bias is.
        unsafe { (self.table.csr_sparse_input)(&product) }
    }

    /// Searches `rows` `[batch, fan_in]` in blocks of `block` inputs, rounded to whole lines, or where an output has several chains,
    /// in blocks for these.
    fn search(
        &self,
        rows: &[f32],
        (batch, fan_in, fan_out): (usize, usize, usize),
        block: usize,
        nonzero: &mut NonzeroInputs,
    ) -> Found {
        assert_eq!(Some(rows.len()), batch.checked_mul(fan_in), "rows are [batch, fan_in]");
        assert!(nonzero.fits(batch, fan_in), "{batch} rows of {fan_in} values need more room");
        let chain = chain_inputs(fan_in, fan_out);
        let chained = chain < fan_in;
        let block = if chained { chain } else { block.min(fan_in).next_multiple_of(Line::LEN) };
        let search = Search {
            rows: batch,
            fan_in,
            x: rows.as_ptr(),
            block,
            ids: nonzero.ids_mut(),
            starts: nonzero.starts_mut(),
        };
        // SAFETY: an `Isa` proves the machine; the rows reach over [batch, fan_in], and there is room for as many ids, countable in
        // u32, and for a start per row and line of inputs.
        unsafe { (self.table.search)(&search) }
        let (ids, starts) = (search.ids.cast_const(), search.starts.cast_const());
        Found { rows: batch, fan_in, x: search.x, blocks: fan_in.div_ceil(block), chained, ids, starts }
    }
}
