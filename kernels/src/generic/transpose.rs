//! Rows to panels and back: a transpose, in blocks of one register squared.

use crate::simd::Simd;
use crate::view::Line;

/// `to[c][r] = from[r][c]` for `rows` x `cols`, and zeros in `to[c][rows..padded_rows]`. Strides in f32.
pub(crate) struct Transpose {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) from: *const f32,
    pub(crate) from_stride: usize,
    pub(crate) to: *mut f32,
    pub(crate) to_stride: usize,
    pub(crate) padded_rows: usize,
}

/// # Safety
/// The machine has the instruction set, `from` is readable over rows x cols, `to` writable over cols x padded_rows, and
/// `rows <= padded_rows`.
#[inline(always)]
pub(crate) unsafe fn transpose<S: Simd>(t: &Transpose) {
    let (whole_rows, whole_cols) = (t.rows - t.rows % S::LANES, t.cols - t.cols % S::LANES);
    // SAFETY: every block and element is inside both matrices, by the loop bounds.
    unsafe {
        // Sixteen rows at a time, so that each line of `to` is finished at once.
        for band in (0..whole_rows).step_by(Line::LEN) {
            let rows = Line::LEN.min(whole_rows - band);
            for c in (0..whole_cols).step_by(S::LANES) {
                look_ahead::<S>(t, band, c);
                for r in (band..band + rows).step_by(S::LANES) {
                    let from = t.from.add(r * t.from_stride + c);
                    S::transpose(from, t.from_stride, t.to.add(c * t.to_stride + r), t.to_stride);
                }
            }
        }
        copy_edge(t, whole_rows..t.rows, 0..whole_cols);
        copy_edge(t, 0..t.rows, whole_cols..t.cols);
        if t.rows < t.padded_rows {
            for c in 0..t.cols {
                t.to.add(c * t.to_stride + t.rows).write_bytes(0, t.padded_rows - t.rows);
            }
        }
    }
}

/// Asks for what the rows from `band` on hold some columns after `c`; past their end, for the rows below.
#[inline(always)]
fn look_ahead<S: Simd>(t: &Transpose, band: usize, c: usize) {
    const AHEAD: usize = 4 * Line::LEN;
    if c.is_multiple_of(Line::LEN) {
        let (row, column) = if c + AHEAD < t.cols {
            (band, c + AHEAD)
        } else {
            (band + Line::LEN, (c + AHEAD).wrapping_sub(t.cols))
        };
        for r in row..row + Line::LEN {
            S::prefetch(t.from.wrapping_add(r * t.from_stride + column));
        }
    }
}

/// # Safety
/// The ranges lie inside the matrices.
#[inline(always)]
unsafe fn copy_edge(t: &Transpose, rows: core::ops::Range<usize>, cols: core::ops::Range<usize>) {
    for c in cols {
        for r in rows.clone() {
            // SAFETY: the caller's promise.
            unsafe { *t.to.add(c * t.to_stride + r) = *t.from.add(r * t.from_stride + c) };
        }
    }
}
