//! Rows to panels and back: a transpose, block by block in registers.
//!
//! Rows of 1,024 values are 4 KiB apart, so that in L1 (12 ways on Zen 5) the lines that they hold of one column all meet in one set.
//! Reading them that costs a quarter more; writing them it costs far more, because every store that waits asks for its line, and
//! those of 16 or 32 rows drive each other out before they are written. So where the rows written to are the further apart, few of
//! them are written at a time, in long runs: 1,024 x 16 outputs take 1.0 us instead of 2.1, 1,024 x 32 take 2.9 instead of 17, and
//! 784 x 32, which never met in one set, 1.8 instead of 1.5 (Zen 5).
//!
//! What lost: reading in runs, too (equal at best); the lines asked for at other distances, into L2, several of a row at once, or not
//! at all; `prefetchw` for what is written; to read, blocks of 8 x 8 or 8 x 16 with AVX-512 (equal at best). With the blocks that are
//! not whole lines inside the loop over those that are, the compiler kept addresses in memory: 3 to 8 % slower.
//!
//! Rows or columns that are less than a block go through a buffer on the stack: a panel of 5 examples of 784 inputs takes 1.3 us
//! instead of 2.1, and back 0.4 instead of 1.2, where each value was moved by itself.

use core::ops::Range;

use crate::simd::Simd;
use crate::view::Line;

/// `to[c][r] = from[r][c]` for `rows` x `cols`, and zeros in `to[c][rows..padded_rows]`. Strides in f32.
pub(crate) struct Transpose {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) from: *const f32,
    /// As many values of each row of `from` are readable, with those that are not used.
    pub(crate) from_stride: usize,
    pub(crate) to: *mut f32,
    pub(crate) to_stride: usize,
    pub(crate) padded_rows: usize,
}

/// Values that are read for one run, 16 KiB: they stay in L1 until all blocks of them are read.
const RUN: usize = 4096;

/// # Safety
/// The machine has the instruction set, `from` is readable over rows x from_stride, `to` writable over cols x padded_rows,
/// `rows <= padded_rows` and `cols <= from_stride`.
#[inline(always)]
pub(crate) unsafe fn transpose<S: Simd>(t: &Transpose) {
    let (whole_rows, whole_cols) = (t.rows - t.rows % S::BLOCK, t.cols - t.cols % S::BLOCK);
    // SAFETY: every block starts inside both matrices, and the whole ones end there, by the loop bounds.
    unsafe {
        if t.to_stride > t.from_stride {
            scatter::<S>(t, whole_rows, whole_cols);
        } else {
            gather::<S>(t, whole_rows, whole_cols);
        }
        if whole_cols < t.cols {
            last_cols::<S>(t, whole_rows, whole_cols);
        }
        if whole_rows < t.rows {
            last_rows::<S>(t, whole_rows, whole_cols);
        }
        copy(t, whole_rows..t.rows, whole_cols..t.cols);
        let written = t.rows.next_multiple_of(S::BLOCK).min(t.padded_rows);
        zero(t, t.rows..written, whole_cols..t.cols);
        zero(t, written..t.padded_rows, 0..t.cols);
    }
}

/// Rows of `to` far apart: written a block of them at a time, in runs.
///
/// # Safety
/// As for [`transpose`], for whole blocks.
#[inline(always)]
unsafe fn scatter<S: Simd>(t: &Transpose, rows: usize, cols: usize) {
    let run = RUN.div_ceil(t.from_stride.max(1)).next_multiple_of(Line::LEN);
    for first in (0..rows).step_by(run) {
        // SAFETY: the caller's promise.
        unsafe { blocks::<S>(t, first..rows.min(first + run), 0..cols) }
    }
}

/// Rows of `from` far apart: sixteen are read at a time, so that each line of `to` is finished at once.
///
/// # Safety
/// As for [`transpose`], for whole blocks.
#[inline(always)]
unsafe fn gather<S: Simd>(t: &Transpose, rows: usize, cols: usize) {
    let (lines, line_cols) = (rows - rows % Line::LEN, cols - cols % Line::LEN);
    // SAFETY: the caller's promise.
    unsafe {
        for band in (0..lines).step_by(Line::LEN) {
            for c in (0..line_cols).step_by(Line::LEN) {
                look_ahead::<S>(t, band, c);
                let (from, to) = (t.from.add(band * t.from_stride + c), t.to.add(c * t.to_stride + band));
                S::transpose_line(from, t.from_stride, to, t.to_stride);
            }
        }
        // Not in the loop above, or it would have to hold its addresses in memory.
        blocks::<S>(t, 0..lines, line_cols..cols);
        blocks::<S>(t, lines..rows, 0..cols);
    }
}

/// Column after column of blocks.
///
/// # Safety
/// As for [`transpose`]; the ranges are whole blocks inside the matrix.
#[inline(always)]
unsafe fn blocks<S: Simd>(t: &Transpose, rows: Range<usize>, cols: Range<usize>) {
    for c in cols.step_by(S::BLOCK) {
        for r in rows.clone().step_by(S::BLOCK) {
            // SAFETY: the caller's promise.
            unsafe {
                let (from, to) = (t.from.add(r * t.from_stride + c), t.to.add(c * t.to_stride + r));
                S::transpose(from, t.from_stride, to, t.to_stride);
            }
        }
    }
}

/// Asks for what the rows from `band` on hold some columns after `c`; past their end, for the rows below.
#[inline(always)]
fn look_ahead<S: Simd>(t: &Transpose, band: usize, c: usize) {
    const AHEAD: usize = 4 * Line::LEN;
    let (row, column) = if c + AHEAD < t.cols {
        (band, c + AHEAD)
    } else {
        (band + Line::LEN, (c + AHEAD).wrapping_sub(t.cols))
    };
    for r in row..row + Line::LEN {
        S::prefetch(t.from.wrapping_add(r * t.from_stride + column));
    }
}

/// Fewer columns than a block, of whole blocks of rows: by way of a buffer, where more is readable.
///
/// # Safety
/// As for [`transpose`]; the columns from `c` on are fewer than a block, `rows` is whole blocks.
#[inline(always)]
unsafe fn last_cols<S: Simd>(t: &Transpose, rows: usize, c: usize) {
    // SAFETY: the caller's promise; blocks are read from what is readable, and written to what holds them.
    unsafe {
        if c + S::BLOCK > t.from_stride {
            return copy(t, 0..rows, c..t.cols);
        }
        let mut turned = [0.0; LARGEST_BLOCK];
        for r in (0..rows).step_by(S::BLOCK) {
            S::transpose(t.from.add(r * t.from_stride + c), t.from_stride, turned.as_mut_ptr(), S::BLOCK);
            for i in 0..t.cols - c {
                let to = t.to.add((c + i) * t.to_stride + r);
                to.copy_from_nonoverlapping(turned.as_ptr().add(i * S::BLOCK), S::BLOCK);
            }
        }
    }
}

/// Fewer rows than a block, of whole blocks of columns: by way of a buffer that holds zeros besides, where those may be written.
///
/// # Safety
/// As for [`transpose`]; the rows from `r` on are fewer than a block, `cols` is whole blocks.
#[inline(always)]
unsafe fn last_rows<S: Simd>(t: &Transpose, r: usize, cols: usize) {
    // SAFETY: the caller's promise; blocks are written to what is writable, and read from what holds them.
    unsafe {
        if r + S::BLOCK > t.padded_rows {
            return copy(t, r..t.rows, 0..cols);
        }
        let mut block = [0.0; LARGEST_BLOCK];
        for c in (0..cols).step_by(S::BLOCK) {
            for i in 0..t.rows - r {
                let from = t.from.add((r + i) * t.from_stride + c);
                block.as_mut_ptr().add(i * S::BLOCK).copy_from_nonoverlapping(from, S::BLOCK);
            }
            S::transpose(block.as_ptr(), S::BLOCK, t.to.add(c * t.to_stride + r), t.to_stride);
        }
    }
}

/// Values of a block of 8 x 8.
const LARGEST_BLOCK: usize = 64;

/// # Safety
/// The ranges lie inside the matrices.
#[inline(always)]
unsafe fn copy(t: &Transpose, rows: Range<usize>, cols: Range<usize>) {
    for c in cols {
        for r in rows.clone() {
            // SAFETY: the caller's promise.
            unsafe { *t.to.add(c * t.to_stride + r) = *t.from.add(r * t.from_stride + c) };
        }
    }
}

/// # Safety
/// `to` is writable over the ranges.
#[inline(always)]
unsafe fn zero(t: &Transpose, rows: Range<usize>, cols: Range<usize>) {
    if rows.is_empty() {
        return;
    }
    for c in cols {
        // SAFETY: the caller's promise.
        unsafe { t.to.add(c * t.to_stride + rows.start).write_bytes(0, rows.len()) };
    }
}
