//! Sparse weights for a product with a batch in panels: rows a few at a time, step by step interleaved.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::groups::{self, Blocks, Steps};
use super::{PackError, lines_of};
use crate::arch;
use crate::csr::CsrRef;
use crate::generic::order::Begin;
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
    cut: Blocks,
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
    /// `block_columns` columns (and [`Self::MAX_BLOCK_COLUMNS`]); few outputs, which have several chains, in a block for each chain.
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
        let cut = Blocks::new(csr, csr.cols().div_ceil(blocks));
        let group_rows = arch::table(isa).spmm_rows;
        let mut packed = PackedSpmm {
            isa,
            fan_in: csr.cols(),
            fan_out: csr.rows(),
            nnz: csr.nnz(),
            group_rows,
            cut,
            blocks: vec![],
            rows: vec![],
            steps: vec![],
            values: vec![],
            ids: vec![],
            bias: vec![],
        };
        let mut steps = Steps::new(group_rows);
        for columns in packed.cut.columns(csr) {
            packed.push_block(csr, columns, &mut steps);
        }
        packed.values = lines_of(&steps.values);
        // Read ahead.
        steps.ids.resize(steps.ids.len() + IDS_AHEAD * group_rows, 0);
        packed.ids = steps.ids;
        let first_rows = &packed.rows[..csr.rows().next_multiple_of(group_rows)];
        packed.bias = lines_of(&first_rows.iter().map(|&row| bias[row as usize]).collect::<Vec<_>>());
        Ok(packed)
    }

    fn push_block(&mut self, csr: CsrRef<'_>, columns: Range<usize>, all: &mut Steps) {
        let parts = groups::parts(csr, &columns);
        let (first_group, first_step) = (self.steps.len(), all.len());
        for members in groups::by_length(&parts).chunks(self.group_rows) {
            self.steps.push(all.push_group(&parts, members, columns.start));
            self.rows.extend(all.rows_of(members));
        }
        let groups = first_group..self.steps.len();
        self.blocks.push(Block { first_column: columns.start, groups, first_step });
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

    /// What block `index` starts from.
    pub(crate) fn begin(&self, index: usize) -> Begin {
        self.cut.begin(index, self.bias.as_ptr().cast())
    }
}
