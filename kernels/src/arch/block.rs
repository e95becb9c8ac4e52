//! Eight by eight values, in the registers that both AVX2 and AVX-512 have.

use core::arch::x86_64::*;

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
    // Pairs of rows, then pairs of pairs, then halves.
    let mut pairs = r;
    for i in 0..4 {
        pairs[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        pairs[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    let mut quads = r;
    for i in 0..2 {
        let (a, b) = (4 * i, 4 * i + 2);
        quads[a] = _mm256_shuffle_ps::<0b01_00_01_00>(pairs[a], pairs[b]);
        quads[a + 1] = _mm256_shuffle_ps::<0b11_10_11_10>(pairs[a], pairs[b]);
        quads[a + 2] = _mm256_shuffle_ps::<0b01_00_01_00>(pairs[a + 1], pairs[b + 1]);
        quads[a + 3] = _mm256_shuffle_ps::<0b11_10_11_10>(pairs[a + 1], pairs[b + 1]);
    }
    for c in 0..4 {
        let (low, high) = (quads[c], quads[c + 4]);
        // SAFETY: the caller's promise.
        unsafe {
            _mm256_storeu_ps(to.add(c * to_stride), _mm256_permute2f128_ps::<0x20>(low, high));
            _mm256_storeu_ps(to.add((c + 4) * to_stride), _mm256_permute2f128_ps::<0x31>(low, high));
        }
    }
}
