//! Sparse weights for one input: step by step, each with a window of the input that it looks into.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::groups::{self, Blocks, Row};
use super::{PackError, lines_of};
use crate::arch::{self, Table};
use crate::csr::CsrRef;
use crate::generic::window::{ID_BITS, WindowGroup};
use crate::isa::Isa;
use crate::view::Line;

/// About what writing the rows of a group one by one costs, in steps: 96 rows at two a cycle, and 6 cycles for a step.
const SCATTER_STEPS: usize = 8;

/// A sparse layer's weights and bias for a product with one vector, packed for one instruction set.
///
/// Rows go in groups of up to 96, 16 to a line, and a group in steps. Each step has a window, 32 or 16 consecutive inputs that
/// start where the group's last row is, and takes one weight of each row that has its next one in there; the others are filled
/// up with zeros. With fewer than one weight in a row and window, that is most of them. Few outputs have groups for each of their
/// chains.
#[derive(Clone, Debug)]
pub struct PackedWindows {
    isa: Isa,
    fan_in: usize,
    fan_out: usize,
    nnz: usize,
    groups: Vec<WindowGroup>,
    /// At most `fan_in` less a window, or 0.
    starts: Vec<u32>,
    lines: Vec<Line>,
    bias: Vec<Line>,
    /// The row of the matrix for each packed row; none, if they are in order.
    rows: Vec<u32>,
}

impl PackedWindows {
    /// The most columns a window has, on any instruction set.
    pub const MAX_COLUMNS: usize = 1 << ID_BITS;

    /// Packs the matrix `[fan_out, fan_in]` and `bias` `[fan_out]`.
    ///
    /// # Errors
    /// The matrix has no row or no column, or not one row for each bias.
    pub fn new(isa: Isa, csr: CsrRef<'_>, bias: &[f32]) -> Result<Self, PackError> {
        if csr.rows() == 0 || csr.cols() == 0 {
            return Err(PackError::Empty);
        }
        if csr.rows() != bias.len() {
            return Err(PackError::Shape { weight: csr.rows(), bias: bias.len() });
        }
        let &Table { window, window_slices, .. } = arch::table(isa);
        let (all, last) = (groups::parts(csr, &(0..csr.cols())), csr.cols().saturating_sub(window));
        let in_order: Vec<usize> = (0..csr.rows()).collect();
        // Rows with about as many weights finish together.
        let by_length = groups::by_length(&all);
        let steps = |order: &[usize], more: usize| {
            let mut count = 0;
            for members in members_of_groups(order, window_slices) {
                count += more;
                each_step(&all, members, (window, last), |_, _| count += 1);
            }
            count
        };
        let chains = Blocks::new(csr, csr.cols());
        let sorted = !chains.chained() && steps(&by_length, SCATTER_STEPS) < steps(&in_order, 0);
        let order = if sorted { by_length } else { in_order };
        let bias: Vec<f32> = order.iter().map(|&row| bias[row]).collect();
        let mut packed = PackedWindows {
            isa,
            fan_in: csr.cols(),
            fan_out: csr.rows(),
            nnz: csr.nnz(),
            groups: vec![],
            starts: vec![],
            lines: vec![],
            bias: lines_of(&bias),
            // Rows are numbered in u32, as columns are.
            rows: if sorted { order.iter().map(|&row| row as u32).collect() } else { vec![] },
        };
        for columns in chains.columns(csr) {
            let parts = groups::parts(csr, &columns);
            let mut first_row = 0;
            for members in members_of_groups(&order, window_slices) {
                packed.push_group(&parts, members, first_row, &columns);
                first_row += members.len();
            }
        }
        Ok(packed)
    }

    fn push_group(&mut self, parts: &[Row<'_>], members: &[usize], first_row: usize, columns: &Range<usize>) {
        let (first_step, first_line) = (self.starts.len(), self.lines.len());
        let slices = Line::count(members.len());
        let last = self.fan_in.saturating_sub(self.columns());
        each_step(parts, members, (self.columns(), last), |start, taken| {
            self.starts.push(start);
            let at = self.lines.len();
            self.lines.resize(at + 1 + slices, Line::ZERO);
            let mut ids = [0u32; Line::LEN];
            for weight in taken {
                let (slice, lane) = (weight.member / Line::LEN, weight.member % Line::LEN);
                ids[lane] |= weight.id << (slice * ID_BITS);
                self.lines[at + 1 + slice].0[lane] = weight.value;
            }
            // Thirty bits are no NaN, which might not be copied bit by bit everywhere.
            self.lines[at] = Line(ids.map(f32::from_bits));
        });
        let steps = self.starts.len() - first_step;
        self.groups.push(WindowGroup {
            slices,
            first_row,
            rows: members.len(),
            first_chain: columns.start == 0,
            last_chain: columns.end == self.fan_in,
            first_step,
            steps,
            first_line,
        });
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

    /// The instruction set it is packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Bytes of the packed weights and bias.
    pub fn bytes(&self) -> usize {
        (self.lines.len() + self.bias.len()) * size_of::<Line>()
            + (self.starts.len() + self.rows.len()) * size_of::<u32>()
            + self.groups.len() * size_of::<WindowGroup>()
    }

    /// Columns of a window.
    pub fn columns(&self) -> usize {
        arch::table(self.isa).window
    }

    pub(crate) fn groups(&self) -> &[WindowGroup] {
        &self.groups
    }

    pub(crate) fn starts(&self) -> *const u32 {
        self.starts.as_ptr()
    }

    pub(crate) fn lines(&self) -> *const f32 {
        self.lines.as_ptr().cast()
    }

    pub(crate) fn bias(&self) -> *const f32 {
        self.bias.as_ptr().cast()
    }

    /// Null where the rows are in order.
    pub(crate) fn rows(&self) -> *const u32 {
        if self.rows.is_empty() { core::ptr::null() } else { self.rows.as_ptr() }
    }
}

/// As few groups as there can be, of nearly as many slices each, `most` at most: a group of few is as slow as one of four.
fn members_of_groups(order: &[usize], most: usize) -> impl Iterator<Item = &[usize]> {
    let slices = Line::count(order.len());
    let count = slices.div_ceil(most);
    (0..count).map(move |g| {
        let [first, end] = [g, g + 1].map(|g| (slices * g / count * Line::LEN).min(order.len()));
        &order[first..end]
    })
}

/// A weight that a step takes.
struct Taken {
    member: usize,
    /// Its column, counted from the start of the window.
    id: u32,
    value: f32,
}

/// Calls `step` with the start of each window, at most `last`, and what it takes of the rows `members`, until all is taken.
fn each_step(
    parts: &[Row<'_>],
    members: &[usize],
    (window, last): (usize, usize),
    mut step: impl FnMut(u32, &[Taken]),
) {
    let mut rest: Vec<_> = members.iter().map(|&row| parts[row]).collect();
    let mut taken = Vec::with_capacity(members.len());
    while let Some(next) = rest.iter().filter_map(|(columns, _)| columns.first()).min() {
        // A column fits u32, and the start is none after it.
        let start = last.min(*next as usize) as u32;
        taken.clear();
        for (member, (columns, values)) in rest.iter_mut().enumerate() {
            if let (&[column, ref columns_left @ ..], &[value, ref values_left @ ..]) = (*columns, *values)
                && ((column - start) as usize) < window
            {
                taken.push(Taken { member, id: column - start, value });
                (*columns, *values) = (columns_left, values_left);
            }
        }
        step(start, &taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::Csr;

    /// No result shows it: where windows are registers, they are read whole.
    #[test]
    fn no_window_reaches_beyond_the_input() {
        for fan_in in [1, 15, 16, 17, 31, 32, 33, 100] {
            let csr = Csr::from_dense(&vec![1.0; fan_in * 20], fan_in);
            for isa in Isa::available() {
                let packed = PackedWindows::new(isa, csr.view(), &[0.0; 20]).unwrap();
                // A shorter input is copied into so many.
                let readable = fan_in.max(PackedWindows::MAX_COLUMNS);
                let inside = |&start: &u32| start as usize + packed.columns() <= readable;
                assert!(
                    packed.starts.len() >= fan_in && packed.starts.iter().all(inside),
                    "{fan_in} on {isa}"
                );
            }
        }
    }
}
