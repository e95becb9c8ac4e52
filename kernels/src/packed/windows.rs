//! Sparse weights for one input: step by step, each with a window of the input that it looks into.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::groups::{self, Blocks, Row};
use super::{PackError, lines_of};
use crate::arch::{self, Table};
use crate::csr::CsrRef;
use crate::generic::window::{ID_BITS, WIDE_SLICES, WindowGroup};
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
    wide: bool,
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
    pub const MAX_COLUMNS: usize = 2 << ID_BITS;

    /// Packs the matrix `[fan_out, fan_in]` and `bias` `[fan_out]`.
    ///
    /// # Errors
    /// The matrix has no row or no column, or not one row for each bias.
    pub fn new(isa: Isa, csr: CsrRef<'_>, bias: &[f32]) -> Result<Self, PackError> {
        PackedWindows::of_width(isa, false, csr, bias)
    }

    /// As [`new`](Self::new), with windows of twice as many columns, in which less is filled up: fewer bytes for more work, where
    /// the instruction set has them ([`Kernels::wide_windows`](crate::Kernels::wide_windows)).
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn wide(isa: Isa, csr: CsrRef<'_>, bias: &[f32]) -> Result<Self, PackError> {
        PackedWindows::of_width(isa, arch::table(isa).wide_windows, csr, bias)
    }

    fn of_width(isa: Isa, wide: bool, csr: CsrRef<'_>, bias: &[f32]) -> Result<Self, PackError> {
        if csr.rows() == 0 || csr.cols() == 0 {
            return Err(PackError::Empty);
        }
        if csr.rows() != bias.len() {
            return Err(PackError::Shape { weight: csr.rows(), bias: bias.len() });
        }
        let &Table { window, window_slices, .. } = arch::table(isa);
        let (window, window_slices) =
            if wide { (2 * window, WIDE_SLICES.min(window_slices)) } else { (window, window_slices) };
        let (all, last) = (groups::parts(csr, &(0..csr.cols())), csr.cols().saturating_sub(window));
        let in_order: Vec<usize> = (0..csr.rows()).collect();
        let in_step = rows_in_step(&all, csr.cols(), window_slices);
        let steps = |order: &[usize], more: usize| {
            let mut count = 0;
            for members in members_of_groups(order, window_slices) {
                count += more;
                each_step(&all, members, (window, last), |_, _| count += 1);
            }
            count
        };
        let chains = Blocks::new(csr, csr.cols());
        let sorted = !chains.chained() && steps(&in_step, SCATTER_STEPS) < steps(&in_order, 0);
        let order = if sorted { in_step } else { in_order };
        let bias: Vec<f32> = order.iter().map(|&row| bias[row]).collect();
        let mut packed = PackedWindows {
            isa,
            wide,
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
        let id_bits = if self.wide { ID_BITS + 1 } else { ID_BITS };
        each_step(parts, members, (self.columns(), last), |start, taken| {
            self.starts.push(start);
            let at = self.lines.len();
            self.lines.resize(at + 1 + slices, Line::ZERO);
            let mut ids = [0u32; Line::LEN];
            for weight in taken {
                let (slice, lane) = (weight.member / Line::LEN, weight.member % Line::LEN);
                ids[lane] |= weight.id << (slice * id_bits);
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
        arch::table(self.isa).window << u32::from(self.wide)
    }

    pub(crate) fn is_wide(&self) -> bool {
        self.wide
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

/// Rows in an order whose groups have less to fill up: with about as many weights, they finish together, and with about as many of
/// them in the first half of the columns, they are halfway together. Sorted by length, and strips of groups by halves; as many
/// strips as groups in one, so that both count alike.
///
/// 1,024 random rows of as many columns take 1 to 2 % fewer steps than by length alone, with wide windows 2 to 4 %, at 80 to 98 %
/// sparsity; 784-1024-1024-10, whose weights come from L3, takes 1.5 and 4 % less time at 80 and 90 % and the same at 95 and 98 %, as do
/// networks that fit L2. Swapping rows between groups for as long as it helps would leave out 5 to 8 %, but takes seconds.
fn rows_in_step(parts: &[Row<'_>], columns: usize, most: usize) -> Vec<usize> {
    let mut order = groups::by_length(parts);
    let groups: Vec<Range<usize>> = groups_of(parts.len(), most).collect();
    // Twice how many more than half of a row's weights are in the first half.
    let lead = |&row: &usize| {
        let columns_of = parts[row].0;
        let first = columns_of.partition_point(|&column| (column as usize) < columns / 2);
        2 * first as isize - columns_of.len() as isize
    };
    for strip in groups.chunks(groups.len().isqrt().max(1)) {
        order[strip[0].start..strip[strip.len() - 1].end].sort_by_key(lead);
    }
    order
}

/// As few groups as there can be, of nearly as many slices each, `most` at most: a group of few is as slow as one of four.
fn groups_of(rows: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let slices = Line::count(rows);
    let count = slices.div_ceil(most);
    (0..count).map(move |g| {
        let [first, end] = [g, g + 1].map(|g| (slices * g / count * Line::LEN).min(rows));
        first..end
    })
}

fn members_of_groups(order: &[usize], most: usize) -> impl Iterator<Item = &[usize]> {
    groups_of(order.len(), most).map(|members| &order[members])
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

    /// No result shows it: rows that are nowhere near each other are in other groups, even if they have as many weights.
    #[test]
    fn rows_of_a_group_go_through_the_columns_together() {
        let (fan_in, rows) = (80, 480);
        // Rows have 20 or 21 weights, in the first or in the second half.
        let weight = |row: usize, column: usize| {
            let first = row % 2 * 40 + row / 2 % 2;
            f32::from(u8::from((first..row % 2 * 40 + 21).contains(&column)))
        };
        let dense: Vec<f32> = (0..rows * fan_in).map(|i| weight(i / fan_in, i % fan_in)).collect();
        let csr = Csr::from_dense(&dense, fan_in);
        for (isa, wide) in Isa::available().flat_map(|isa| [(isa, false), (isa, true)]) {
            let packed = if wide { PackedWindows::wide } else { PackedWindows::new };
            let packed = packed(isa, csr.view(), &[0.0; 480]).unwrap();
            // A group of both halves takes 40 steps, of one 21; in a strip of groups, one may have both.
            let steps: usize = packed.groups.iter().map(|group| group.steps).sum();
            assert!(steps <= packed.groups.len() * 30, "{steps} for {} groups on {isa}", packed.groups.len());
        }
    }

    /// No result shows it: where windows are registers, they are read whole.
    #[test]
    fn no_window_reaches_beyond_the_input() {
        for fan_in in [1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100] {
            let csr = Csr::from_dense(&vec![1.0; fan_in * 20], fan_in);
            for (isa, wide) in Isa::available().flat_map(|isa| [(isa, false), (isa, true)]) {
                let packed = if wide { PackedWindows::wide } else { PackedWindows::new };
                let packed = packed(isa, csr.view(), &[0.0; 20]).unwrap();
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
