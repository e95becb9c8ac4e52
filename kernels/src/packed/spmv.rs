//! Sparse weights: rows a few at a time, step by step interleaved.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::groups::{self, Blocks, Steps};
use super::{PackError, lines_of};
use crate::csr::CsrRef;
use crate::generic::order::Begin;
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
    cut: Blocks,
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
    /// [`Self::MAX_BLOCK_COLUMNS`], which is also what a larger number means); few outputs, which have several chains, in a block
    /// for each chain.
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
        let cut = Blocks::new(csr, block_columns.min(Self::MAX_BLOCK_COLUMNS));
        let mut packed = PackedSpmv {
            fan_in: csr.cols(),
            fan_out: csr.rows(),
            nnz: csr.nnz(),
            cut,
            blocks: vec![],
            groups: vec![],
            values: vec![],
            ids: vec![],
            bias: lines_of(bias),
        };
        let mut steps = Steps::new(R);
        for columns in packed.cut.columns(csr) {
            packed.push_block(csr, columns, &mut steps);
        }
        packed.values = lines_of(&steps.values);
        packed.ids = steps.ids;
        Ok(packed)
    }

    fn push_block(&mut self, csr: CsrRef<'_>, columns: Range<usize>, all: &mut Steps) {
        let parts = groups::parts(csr, &columns);
        let (first_group, first_step) = (self.groups.len(), all.len());
        for members in groups::by_length(&parts).chunks(R) {
            let mut rows = [0; R];
            rows.iter_mut().zip(all.rows_of(members)).for_each(|(to, row)| *to = row);
            let steps = all.push_group(&parts, members, columns.start);
            self.groups.push(Group { rows, steps });
        }
        let groups = first_group..self.groups.len();
        self.blocks.push(Block { first_column: columns.start, groups, first_step });
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

    /// What block `index` starts from.
    pub(crate) fn begin(&self, index: usize) -> Begin {
        self.cut.begin(index, self.bias.as_ptr().cast())
    }
}
