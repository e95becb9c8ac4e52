//! Owned weights in the layouts that the kernels read, built and checked once.
//!
//! The fields are private and written by the constructors alone: that is the argument for every unchecked access of a run.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::arch;
use crate::csr::CsrRef;
use crate::generic::sparse::{Group, SPMM_ROWS, SPMV_ROWS};
use crate::isa::Isa;
use crate::view::Line;

/// Which axis of a dense product travels in the SIMD lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lanes {
    /// The batch: for many inputs, in panels `[feature][lanes]`.
    Batch,
    /// The outputs: for one input or a few.
    Outputs,
}

/// Why weights cannot be packed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PackError {
    /// A layer needs at least one input and one output.
    Empty,
    /// `weight` must hold `fan_out` rows of `fan_in` values, where `fan_out` is the length of `bias`.
    Shape {
        /// Length of `weight`, or rows of the sparse matrix.
        weight: usize,
        /// Length of `bias`.
        bias: usize,
    },
    /// A block of columns must have at least one.
    Block,
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PackError::Empty => f.write_str("a layer needs at least one input and one output"),
            PackError::Shape { weight, bias } => {
                write!(f, "weights ({weight}) do not make one row for each bias ({bias})")
            }
            PackError::Block => f.write_str("a block of columns needs at least one column"),
        }
    }
}

impl core::error::Error for PackError {}

/// A dense layer's weights and bias, packed for one instruction set.
#[derive(Clone, Debug)]
pub struct PackedDense {
    isa: Isa,
    lanes: Lanes,
    fan_in: usize,
    fan_out: usize,
    /// `Batch`: tiles of `tile_rows` outputs, each `[fan_in][outputs of the tile]`.
    /// `Outputs`: blocks of 64 outputs (the last narrower, whole lines), each `[fan_in][outputs of the block]`.
    weight: Vec<Line>,
    bias: Vec<Line>,
}

impl PackedDense {
    /// Outputs of a block of [`Lanes::Outputs`]: four lines, a stream of consecutive memory for one input.
    pub const BLOCK_OUTPUTS: usize = 4 * Line::LEN;

    /// Packs `weight` `[fan_out, fan_in]`, row-major, and `bias` `[fan_out]`.
    ///
    /// # Errors
    /// `fan_in` or `fan_out` is zero, or `weight` is not `fan_out` rows of `fan_in`.
    pub fn new(
        isa: Isa,
        lanes: Lanes,
        fan_in: usize,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<Self, PackError> {
        let fan_out = bias.len();
        if fan_in == 0 || fan_out == 0 {
            return Err(PackError::Empty);
        }
        if fan_in.checked_mul(fan_out) != Some(weight.len()) {
            return Err(PackError::Shape { weight: weight.len(), bias: fan_out });
        }
        // One block is a group of outputs whose weights stand side by side for each input.
        let (outputs_per_block, pad) = match lanes {
            Lanes::Batch => (arch::table(isa).tile_rows, 1),
            Lanes::Outputs => (Self::BLOCK_OUTPUTS, Line::LEN),
        };
        let padded = fan_out.next_multiple_of(pad);
        let mut packed = vec![Line::ZERO; Line::count(padded * fan_in)];
        let to = Line::floats_mut(&mut packed);
        for first in (0..padded).step_by(outputs_per_block) {
            let width = outputs_per_block.min(padded - first);
            for output in first..fan_out.min(first + width) {
                let row = &weight[output * fan_in..][..fan_in];
                for (k, &w) in row.iter().enumerate() {
                    to[first * fan_in + k * width + (output - first)] = w;
                }
            }
        }
        Ok(PackedDense { isa, lanes, fan_in, fan_out, weight: packed, bias: lines_of(bias) })
    }

    /// Number of inputs.
    pub fn fan_in(&self) -> usize {
        self.fan_in
    }

    /// Number of outputs.
    pub fn fan_out(&self) -> usize {
        self.fan_out
    }

    /// The axis in the lanes.
    pub fn lanes(&self) -> Lanes {
        self.lanes
    }

    /// The instruction set it is packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Bytes of the packed weights and bias.
    pub fn bytes(&self) -> usize {
        (self.weight.len() + self.bias.len()) * size_of::<Line>()
    }

    pub(crate) fn weight(&self) -> *const f32 {
        self.weight.as_ptr().cast()
    }

    pub(crate) fn bias(&self) -> *const f32 {
        self.bias.as_ptr().cast()
    }

    /// The blocks of columns of [`Lanes::Outputs`]: where each starts, and how many columns it has.
    pub(crate) fn column_blocks(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let padded = self.fan_out.next_multiple_of(Line::LEN);
        (0..padded)
            .step_by(Self::BLOCK_OUTPUTS)
            .map(move |first| (first, Self::BLOCK_OUTPUTS.min(padded - first)))
    }
}

/// A block of columns of a sparse matrix: its first column, and where its groups and steps start.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) first_column: usize,
    pub(crate) groups: Range<usize>,
    pub(crate) first_step: usize,
}

/// A sparse layer's weights and bias: rows with about the same number of nonzeros in groups of R, step by step interleaved.
///
/// The columns may be cut into blocks, so that the part of the input that one block reads stays in L1; rows are sorted and
/// grouped anew in each block, or the padding would grow with the number of blocks.
#[derive(Clone, Debug)]
pub struct PackedSparse<const R: usize> {
    fan_in: usize,
    fan_out: usize,
    nnz: usize,
    block_columns: usize,
    blocks: Vec<Block>,
    groups: Vec<Group<R>>,
    /// `[step][R]`.
    values: Vec<Line>,
    /// `[step][R]`, counted from the first column of the block.
    ids: Vec<u16>,
    bias: Vec<Line>,
}

/// Weights for a product with a batch in panels.
pub type PackedSpmm = PackedSparse<SPMM_ROWS>;
/// Weights for a product with one vector.
pub type PackedSpmv = PackedSparse<SPMV_ROWS>;

impl<const R: usize> PackedSparse<R> {
    /// Rows of a group.
    pub const GROUP_ROWS: usize = R;
    /// The most columns a block may have: ids are u16.
    pub const MAX_BLOCK_COLUMNS: usize = 1 << 16;

    /// Packs the matrix `[fan_out, fan_in]` and `bias` `[fan_out]` in blocks of `block_columns` (at most
    /// [`Self::MAX_BLOCK_COLUMNS`], which is also what a larger number means).
    ///
    /// # Errors
    /// The matrix has no row or no column, not one row for each bias, or `block_columns` is zero.
    pub fn new(csr: CsrRef<'_>, bias: &[f32], block_columns: usize) -> Result<Self, PackError> {
        if csr.rows() == 0 || csr.cols() == 0 {
            return Err(PackError::Empty);
        }
        if block_columns == 0 {
            return Err(PackError::Block);
        }
        if csr.rows() != bias.len() {
            return Err(PackError::Shape { weight: csr.rows(), bias: bias.len() });
        }
        let block_columns = block_columns.min(Self::MAX_BLOCK_COLUMNS).min(csr.cols());
        let mut packed = PackedSparse {
            fan_in: csr.cols(),
            fan_out: csr.rows(),
            nnz: csr.nnz(),
            block_columns,
            blocks: vec![],
            groups: vec![],
            values: vec![],
            ids: vec![],
            bias: lines_of(bias),
        };
        let mut values = vec![];
        for first_column in (0..csr.cols()).step_by(block_columns) {
            packed.push_block(csr, first_column, &mut values);
        }
        packed.values = lines_of(&values);
        Ok(packed)
    }

    fn push_block(&mut self, csr: CsrRef<'_>, first_column: usize, values: &mut Vec<f32>) {
        let end_column = first_column + self.block_columns;
        // The part of each row inside the block.
        let rows: Vec<_> = (0..csr.rows())
            .map(|row| {
                let (columns, row_values) = csr.row(row);
                let part = columns.partition_point(|&c| (c as usize) < first_column)
                    ..columns.partition_point(|&c| (c as usize) < end_column);
                (&columns[part.clone()], &row_values[part])
            })
            .collect();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&row| core::cmp::Reverse(rows[row].0.len()));
        let (first_group, first_step) = (self.groups.len(), values.len() / R);
        for members in order.chunks(R) {
            let member = |r: usize| members[r.min(members.len() - 1)];
            let steps = rows[members[0]].0.len();
            for step in 0..steps {
                for r in 0..R {
                    let (columns, row_values) = rows[member(r)];
                    // A row that has ended adds 0 x its last column again, or x the block's first.
                    let column = columns.get(step).or(columns.last()).map_or(first_column, |&c| c as usize);
                    values.push(row_values.get(step).copied().unwrap_or(0.0));
                    self.ids.push((column - first_column) as u16);
                }
            }
            // Rows are numbered in u32, as in `indices`; `steps` is at most the block's 2^16 columns.
            self.groups.push(Group { rows: core::array::from_fn(|r| member(r) as u32), steps: steps as u32 });
        }
        self.blocks.push(Block { first_column, groups: first_group..self.groups.len(), first_step });
    }

    /// Number of inputs.
    pub fn fan_in(&self) -> usize {
        self.fan_in
    }

    /// Number of outputs.
    pub fn fan_out(&self) -> usize {
        self.fan_out
    }

    /// Number of weights stored, padding not counted.
    pub fn nnz(&self) -> usize {
        self.nnz
    }

    /// Bytes of the packed weights and bias.
    pub fn bytes(&self) -> usize {
        (self.values.len() + self.bias.len()) * size_of::<Line>()
            + self.ids.len() * size_of::<u16>()
            + self.groups.len() * size_of::<Group<R>>()
    }

    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub(crate) fn groups(&self, block: &Block) -> &[Group<R>] {
        &self.groups[block.groups.clone()]
    }

    pub(crate) fn values(&self, block: &Block) -> *const f32 {
        Line::floats(&self.values)[block.first_step * R..].as_ptr()
    }

    pub(crate) fn ids(&self, block: &Block) -> *const u16 {
        self.ids[block.first_step * R..].as_ptr()
    }

    pub(crate) fn bias(&self) -> *const f32 {
        self.bias.as_ptr().cast()
    }
}

/// A copy in whole lines, the last filled up with zeros.
fn lines_of(values: &[f32]) -> Vec<Line> {
    let mut lines = vec![Line::ZERO; Line::count(values.len())];
    Line::floats_mut(&mut lines)[..values.len()].copy_from_slice(values);
    lines
}
