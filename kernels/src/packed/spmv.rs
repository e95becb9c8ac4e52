//! Sparse weights: rows a few at a time, step by step interleaved.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::{PackError, lines_of};
use crate::csr::CsrRef;
use crate::generic::spmv::{Group, SPMV_ROWS as R};
use crate::view::Line;

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
pub struct PackedSpmv {
    fan_in: usize,
    fan_out: usize,
    nnz: usize,
    block_columns: usize,
    blocks: Vec<Block>,
    groups: Vec<Group>,
    /// `[step][R]`.
    values: Vec<Line>,
    /// `[step][R]`, counted from the first column of the block.
    ids: Vec<u16>,
    bias: Vec<Line>,
}

impl PackedSpmv {
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
        let mut packed = PackedSpmv {
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
            + self.groups.len() * size_of::<Group>()
    }

    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub(crate) fn groups(&self, block: &Block) -> &[Group] {
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
