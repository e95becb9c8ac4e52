//! Sparse weights for a product with a batch in panels: rows a few at a time, step by step interleaved.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::{PackError, lines_of};
use crate::arch;
use crate::csr::CsrRef;
use crate::generic::spmm::{ID_UNIT, IDS_AHEAD};
use crate::isa::Isa;
use crate::view::Line;

/// A block of columns of a sparse matrix: its first column, and where its groups and steps start.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) first_column: usize,
    groups: Range<usize>,
    first_step: usize,
}

/// A sparse layer's weights and bias for a product with a batch in panels, packed for one instruction set: rows with about the
/// same number of nonzeros in groups, step by step interleaved.
///
/// The columns may be cut into blocks, so that the part of the input that one block reads stays in L1; rows are sorted and
/// grouped anew in each block, or the padding would grow with the number of blocks.
#[derive(Clone, Debug)]
pub struct PackedSpmm {
    isa: Isa,
    fan_in: usize,
    fan_out: usize,
    nnz: usize,
    /// Rows of a group.
    group_rows: usize,
    blocks: Vec<Block>,
    /// `[group][group_rows]`. A last group that is not full repeats its last row: the same result is written twice.
    rows: Vec<u32>,
    /// `[group]`: the nonzeros of its longest row.
    steps: Vec<u32>,
    /// `[step][group_rows]`, all groups in a row.
    values: Vec<Line>,
    /// `[step][group_rows]`, counted from the first column of the block, and after the last the steps that are read ahead.
    ids: Vec<u16>,
    /// `[group][group_rows]` for the groups of the first block.
    bias: Vec<Line>,
}

impl PackedSpmm {
    /// The most columns a block may have: ids are u16, of which a kernel needs some bits to make an address.
    pub const MAX_BLOCK_COLUMNS: usize = 1 << (u16::BITS as usize - ID_UNIT);

    /// Packs the matrix `[fan_out, fan_in]` and `bias` `[fan_out]` in as few blocks of equal width as have at most
    /// `block_columns` columns (and [`Self::MAX_BLOCK_COLUMNS`]).
    ///
    /// # Errors
    /// The matrix has no row or no column, not one row for each bias, or `block_columns` is zero.
    pub fn new(isa: Isa, csr: CsrRef<'_>, bias: &[f32], block_columns: usize) -> Result<Self, PackError> {
        if csr.rows() == 0 || csr.cols() == 0 {
            return Err(PackError::Empty);
        }
        if block_columns == 0 {
            return Err(PackError::Block);
        }
        if csr.rows() != bias.len() {
            return Err(PackError::Shape { weight: csr.rows(), bias: bias.len() });
        }
        let blocks = csr.cols().div_ceil(block_columns.min(Self::MAX_BLOCK_COLUMNS));
        let width = csr.cols().div_ceil(blocks);
        let group_rows = arch::table(isa).spmm_rows;
        let mut packed = PackedSpmm {
            isa,
            fan_in: csr.cols(),
            fan_out: csr.rows(),
            nnz: csr.nnz(),
            group_rows,
            blocks: vec![],
            rows: vec![],
            steps: vec![],
            values: vec![],
            ids: vec![],
            bias: vec![],
        };
        let mut values = vec![];
        for first_column in (0..csr.cols()).step_by(width) {
            packed.push_block(csr, first_column..first_column + width, &mut values);
        }
        packed.values = lines_of(&values);
        let first_rows = &packed.rows[..csr.rows().next_multiple_of(group_rows)];
        packed.bias = lines_of(&first_rows.iter().map(|&row| bias[row as usize]).collect::<Vec<_>>());
        packed.ids.resize(packed.ids.len() + IDS_AHEAD * group_rows, 0);
        Ok(packed)
    }

    fn push_block(&mut self, csr: CsrRef<'_>, block: Range<usize>, values: &mut Vec<f32>) {
        // The part of each row inside the block.
        let parts: Vec<_> = (0..csr.rows())
            .map(|row| {
                let (columns, row_values) = csr.row(row);
                let part = columns.partition_point(|&c| (c as usize) < block.start)
                    ..columns.partition_point(|&c| (c as usize) < block.end);
                (&columns[part.clone()], &row_values[part])
            })
            .collect();
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|&row| core::cmp::Reverse(parts[row].0.len()));
        let (first_group, first_step) = (self.steps.len(), values.len() / self.group_rows);
        for members in order.chunks(self.group_rows) {
            let member = |r: usize| members[r.min(members.len() - 1)];
            let steps = parts[members[0]].0.len();
            for step in 0..steps {
                for r in 0..self.group_rows {
                    let (columns, row_values) = parts[member(r)];
                    // A row that has ended adds 0 x its last column again, or x the block's first.
                    let column = columns.get(step).or(columns.last()).map_or(block.start, |&c| c as usize);
                    values.push(row_values.get(step).copied().unwrap_or(0.0));
                    self.ids.push((column - block.start) as u16);
                }
            }
            // Rows are numbered in u32, as in `indices`; the steps are at most the block's columns.
            self.rows.extend((0..self.group_rows).map(|r| member(r) as u32));
            self.steps.push(steps as u32);
        }
        let groups = first_group..self.steps.len();
        self.blocks.push(Block { first_column: block.start, groups, first_step });
    }

    /// The instruction set it is packed for.
    pub fn isa(&self) -> Isa {
        self.isa
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

    /// Rows that are computed together.
    pub fn group_rows(&self) -> usize {
        self.group_rows
    }

    /// Bytes of the packed weights and bias.
    pub fn bytes(&self) -> usize {
        (self.values.len() + self.bias.len()) * size_of::<Line>()
            + self.ids.len() * size_of::<u16>()
            + (self.rows.len() + self.steps.len()) * size_of::<u32>()
    }

    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub(crate) fn rows(&self, block: &Block) -> *const u32 {
        self.rows[block.groups.start * self.group_rows..].as_ptr()
    }

    /// One for each group.
    pub(crate) fn steps(&self, block: &Block) -> &[u32] {
        &self.steps[block.groups.clone()]
    }

    pub(crate) fn values(&self, block: &Block) -> *const f32 {
        Line::floats(&self.values)[block.first_step * self.group_rows..].as_ptr()
    }

    pub(crate) fn ids(&self, block: &Block) -> *const u16 {
        self.ids[block.first_step * self.group_rows..].as_ptr()
    }

    pub(crate) fn bias(&self) -> *const f32 {
        self.bias.as_ptr().cast()
    }
}
