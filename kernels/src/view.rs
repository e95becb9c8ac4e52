//! Borrowed operands, checked when made.
//!
//! Every matrix a kernel touches is made of [`Line`]s: rows start on a 64-byte boundary and are padded to whole lines, so
//! no kernel has a ragged edge, whatever the width of its registers. What stands in the padding is never read as data, but it
//! is computed with: keep it finite (zeros, as [`Line::ZERO`], do).

use core::ops::Range;

/// One cache line of sixteen f32, on a 64-byte boundary: a plain `Vec<Line>` is an aligned buffer.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line(pub [f32; 16]);

impl Line {
    /// How many f32 a line holds.
    pub const LEN: usize = 16;
    /// A line of zeros.
    pub const ZERO: Line = Line([0.0; 16]);

    /// How many lines hold `len` values.
    pub const fn count(len: usize) -> usize {
        len.div_ceil(Line::LEN)
    }

    /// The values of consecutive lines.
    pub fn floats(lines: &[Line]) -> &[f32] {
        // SAFETY: `Line` is `repr(C)` around `[f32; 16]` with size 64, so n lines are 16 n consecutive initialised f32.
        unsafe { core::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * Line::LEN) }
    }

    /// The values of consecutive lines, to be written.
    pub fn floats_mut(lines: &mut [Line]) -> &mut [f32] {
        // SAFETY: as in `floats`; the exclusive borrow carries over.
        unsafe { core::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * Line::LEN) }
    }
}

/// The most examples a panel `[feature][lanes]` carries: two lines, so that two AVX-512 registers share a broadcast weight,
/// and 1,024 features (128 KiB) still fit L2. A last panel of 16 examples or fewer is one line wide. Four lines were measured:
/// see `generic/spmm.rs`.
pub const PANEL_LANES: usize = 2 * Line::LEN;

const fn lines_needed(rows: usize, cols: usize, stride: usize) -> Option<usize> {
    if rows == 0 {
        return Some(0);
    }
    match (rows - 1).checked_mul(stride) {
        Some(before) => before.checked_add(Line::count(cols)),
        None => None,
    }
}

/// A row-major matrix `[rows, cols]` whose rows start `stride` lines apart.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    lines: &'a [Line],
    rows: usize,
    cols: usize,
    stride: usize,
}

impl<'a> Rows<'a> {
    /// Views `lines` as `[rows, cols]`, each row padded to whole lines.
    ///
    /// # Panics
    /// `lines` is too short.
    pub fn new(lines: &'a [Line], rows: usize, cols: usize) -> Rows<'a> {
        let stride = Line::count(cols);
        let needed = lines_needed(rows, cols, stride).expect("the matrix is larger than memory");
        assert!(lines.len() >= needed, "{rows} x {cols} needs {needed} lines, not {}", lines.len());
        Rows { lines, rows, cols, stride }
    }

    /// The columns of `range`; its start must be a multiple of [`Line::LEN`].
    ///
    /// # Panics
    /// The range is not inside the matrix or does not start on a line.
    pub fn columns(self, range: Range<usize>) -> Rows<'a> {
        assert!(range.start.is_multiple_of(Line::LEN) && range.start <= range.end && range.end <= self.cols);
        let first = if self.rows == 0 { 0 } else { range.start / Line::LEN };
        Rows { lines: &self.lines[first..], cols: range.len(), ..self }
    }

    /// Number of rows.
    pub fn rows(self) -> usize {
        self.rows
    }

    /// Number of columns, padding not counted.
    pub fn cols(self) -> usize {
        self.cols
    }

    /// Row `row`, without its padding.
    ///
    /// # Panics
    /// There is no such row.
    pub fn row(self, row: usize) -> &'a [f32] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        &Line::floats(&self.lines[row * self.stride..])[..self.cols]
    }

    pub(crate) fn ptr(self) -> *const f32 {
        self.lines.as_ptr().cast()
    }

    /// Distance of two rows in f32.
    pub(crate) fn stride(self) -> usize {
        self.stride * Line::LEN
    }
}

/// A row-major matrix `[rows, cols]` to be written; see [`Rows`].
#[derive(Debug)]
pub struct RowsMut<'a> {
    lines: &'a mut [Line],
    rows: usize,
    cols: usize,
    stride: usize,
}

impl<'a> RowsMut<'a> {
    /// Views `lines` as `[rows, cols]`, each row padded to whole lines.
    ///
    /// # Panics
    /// `lines` is too short.
    pub fn new(lines: &'a mut [Line], rows: usize, cols: usize) -> RowsMut<'a> {
        let Rows { stride, .. } = Rows::new(lines, rows, cols);
        RowsMut { lines, rows, cols, stride }
    }

    /// The same matrix, to be read.
    pub fn as_rows(&self) -> Rows<'_> {
        Rows { lines: self.lines, rows: self.rows, cols: self.cols, stride: self.stride }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns, padding not counted.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Row `row`, without its padding.
    ///
    /// # Panics
    /// There is no such row.
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        &mut Line::floats_mut(&mut self.lines[row * self.stride..])[..self.cols]
    }

    /// All lines, padding included.
    pub fn lines_mut(&mut self) -> &mut [Line] {
        self.lines
    }

    pub(crate) fn ptr(&mut self) -> *mut f32 {
        self.lines.as_mut_ptr().cast()
    }

    /// Distance of two rows in f32.
    pub(crate) fn stride(&self) -> usize {
        self.stride * Line::LEN
    }
}
