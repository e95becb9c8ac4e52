//! Rows of a sparse matrix a few at a time, step by step interleaved: step t of a group holds the t-th weight of each row.

use alloc::vec::Vec;
use core::ops::Range;

use crate::csr::CsrRef;
use crate::generic::order::{Begin, chain_inputs};

/// Columns, ascending, and the values there.
pub(super) type Row<'a> = (&'a [u32], &'a [f32]);

/// The part of each row inside some columns.
pub(super) fn parts<'a>(csr: CsrRef<'a>, columns: &Range<usize>) -> Vec<Row<'a>> {
    let part = |row| {
        let (row, values) = csr.row(row);
        let [first, end] =
            [columns.start, columns.end].map(|end| row.partition_point(|&c| (c as usize) < end));
        (&row[first..end], &values[first..end])
    };
    (0..csr.rows()).map(part).collect()
}

/// Rows, those with most weights first.
pub(super) fn by_length(parts: &[Row<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&row| core::cmp::Reverse(parts[row].0.len()));
    order
}

/// The blocks into which the columns of a matrix are cut: chains of few outputs, or blocks that go on with the same chain.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    width: usize,
    chained: bool,
}

impl Blocks {
    /// Of `width` columns, but for the few outputs that have several chains.
    pub(super) fn new(csr: CsrRef<'_>, width: usize) -> Blocks {
        let chain = chain_inputs(csr.cols(), csr.rows());
        let chained = chain < csr.cols();
        Blocks { width: if chained { chain } else { width }, chained }
    }

    /// Whether each block is a chain of its own.
    pub(super) fn chained(&self) -> bool {
        self.chained
    }

    pub(super) fn columns(&self, csr: CsrRef<'_>) -> impl Iterator<Item = Range<usize>> + use<> {
        let (width, end) = (self.width, csr.cols());
        (0..end).step_by(width).map(move |first| first..end.min(first + width))
    }

    /// What block `index` starts from.
    pub(super) fn begin(&self, index: usize, bias: *const f32) -> Begin {
        match (index, self.chained) {
            (0, _) => Begin::Bias(bias),
            (_, true) => Begin::Added,
            (_, false) => Begin::Kept,
        }
    }
}

/// Weights and columns of groups of `rows` rows, `[step][rows]`, all groups in a row.
pub(super) struct Steps {
    rows: usize,
    pub(super) values: Vec<f32>,
    /// Counted from the first column of the block.
    pub(super) ids: Vec<u16>,
}

impl Steps {
    pub(super) fn new(rows: usize) -> Steps {
        Steps { rows, values: Vec::new(), ids: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len() / self.rows
    }

    /// Adds the group of `members`, the longest first; returns how many steps it takes.
    pub(super) fn push_group(&mut self, parts: &[Row<'_>], members: &[usize], first_column: usize) -> u32 {
        let steps = parts[members[0]].0.len();
        for step in 0..steps {
            for row in self.rows_of(members) {
                let (columns, values) = parts[row as usize];
                // A row that has ended adds 0 x its last column again, or x the block's first.
                let column = columns.get(step).or(columns.last()).map_or(first_column, |&c| c as usize);
                self.values.push(values.get(step).copied().unwrap_or(0.0));
                self.ids.push((column - first_column) as u16);
            }
        }
        // At most the 2^16 columns of a block.
        steps as u32
    }

    /// The rows of a group: one that is not full repeats its last, whose result is written again.
    pub(super) fn rows_of<'a>(&self, members: &'a [usize]) -> impl Iterator<Item = u32> + use<'a> {
        // Rows are numbered in u32, as in `indices`.
        (0..self.rows).map(move |r| members[r.min(members.len() - 1)] as u32)
    }
}
