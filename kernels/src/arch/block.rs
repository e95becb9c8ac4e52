//! Transposes of blocks of values: the step that registers of both widths have in common, and eight by eight values, in those that
//! both AVX2 and AVX-512 have.

use core::arch::x86_64::*;

/// Within each 128 bits of the registers, by these instructions: pairs of rows, then quads of rows.
macro_rules! quads_of_rows {
    ($rows:expr, $unpack_low:ident, $unpack_high:ident, $shuffle:ident) => {{
        let rows = $rows;
        let mut pairs = rows;
        for i in 0..rows.len() / 2 {
            pairs[2 * i] = $unpack_low(rows[2 * i], rows[2 * i + 1]);
            pairs[2 * i + 1] = $unpack_high(rows[2 * i], rows[2 * i + 1]);
        }
        let mut quads = pairs;
        for i in (0..rows.len()).step_by(4) {
            quads[i] = $shuffle::<0b01_00_01_00>(pairs[i], pairs[i + 2]);
            quads[i + 1] = $shuffle::<0b11_10_11_10>(pairs[i], pairs[i + 2]);
            quads[i + 2] = $shuffle::<0b01_00_01_00>(pairs[i + 1], pairs[i + 3]);
            quads[i + 3] = $shuffle::<0b11_10_11_10>(pairs[i + 1], pairs[i + 3]);
        }
        quads
    }};
}
pub(super) use quads_of_rows;

/// Transposes a block of 8 x 8: `to[c * to_stride + r] = from[r * from_stride + c]`.
///
/// # Safety
/// The machine has AVX, `from` is readable and `to` writable over the block.
#[inline]
#[target_feature(enable = "avx")]
pub(super) unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    let mut r = [_mm256_setzero_ps(); 8];
    for (i, row) in r.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *row = unsafe { _mm256_loadu_ps(from.add(i * from_stride)) };
    }
    let quads = quads_of_rows!(r, _mm256_unpacklo_ps, _mm256_unpackhi_ps, _mm256_shuffle_ps);
    for c in 0..4 {
        let (low, high) = (quads[c], quads[c + 4]);
        // SAFETY: the caller's promise.
        unsafe {
            _mm256_storeu_ps(to.add(c * to_stride), _mm256_permute2f128_ps::<0x20>(low, high));
            _mm256_storeu_ps(to.add((c + 4) * to_stride), _mm256_permute2f128_ps::<0x31>(low, high));
        }
    }
}
