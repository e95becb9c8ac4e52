//! AVX2 and FMA: 16 registers of 8.

use super::block;
use crate::simd::Simd;
use core::arch::asm;
use core::arch::x86_64::*;

#[derive(Clone, Copy)]
struct Avx2;

/// In assembly, or the compiler folds this load and the permutes that follow into four broadcasts from memory, which cost the
/// sparse product a quarter of its speed (Zen 5).
#[inline]
#[target_feature(enable = "avx")]
unsafe fn load_quads(from: *const f32) -> __m256 {
    let quads;
    // SAFETY: the caller's promise that four values are readable; the instruction does nothing else.
    unsafe {
        asm!("vbroadcastf128 {}, [{}]", lateout(ymm_reg) quads, in(reg) from,
             options(pure, readonly, nostack, preserves_flags));
    }
    quads
}

/// The positions of the bits that are set, for each byte.
static SET_BITS: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut found) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                table[byte][found] = bit;
                found += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
};

impl Simd for Avx2 {
    type V = __m256;
    type Window = [__m256; 2];
    type Places = __m256i;
    type Ids = u64;
    const LANES: usize = 8;
    const BLOCK: usize = 8;
    // 6 x 2 = 12 accumulators, 2 loads, 1 broadcast: 15 of 16 registers.
    const TILE_ROWS: usize = 6;
    // 2 x 4 = 8 accumulators, 4 loads, 1 broadcast.
    const WIDE_ROWS: usize = 2;
    // 4 x 2 = 8 accumulators.
    const SPMM_ROWS: usize = 4;
    // Two permutes of a register each: with four, a step costs twice as much, and saves less.
    const WINDOW: usize = 16;
    // 8 sums, the window, and 6 for a lookup.
    const WINDOW_SLICES: usize = 4;
    const WIDE_WINDOWS: bool = false;
    // At 97.3 % they are equal (784x64 to 784x1024 on Zen 5).
    const WINDOW_WEIGHTS: usize = 36;
    const ROW_REGISTERS: usize = 8;
    const PREFETCHES: bool = true;

    #[inline(always)]
    fn prefetch(at: *const f32) {
        // SAFETY: it is a hint, which reads nothing and faults nowhere; every x86-64 has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    operations! {
        fn splat(x: f32) -> __m256 { _mm256_set1_ps(x) }
        fn load(from: *const f32) -> __m256 { _mm256_loadu_ps(from) }
        fn store(to: *mut f32, v: __m256) { _mm256_storeu_ps(to, v) }
        fn add(a: __m256, b: __m256) -> __m256 { _mm256_add_ps(a, b) }
        fn sub(a: __m256, b: __m256) -> __m256 { _mm256_sub_ps(a, b) }
        fn mul(a: __m256, b: __m256) -> __m256 { _mm256_mul_ps(a, b) }
        fn div(a: __m256, b: __m256) -> __m256 { _mm256_div_ps(a, b) }
        fn fma(a: __m256, b: __m256, c: __m256) -> __m256 { _mm256_fmadd_ps(a, b, c) }
        fn sqrt(a: __m256) -> __m256 { _mm256_sqrt_ps(a) }
        fn max(a: __m256, b: __m256) -> __m256 { _mm256_max_ps(a, b) }
        fn min(a: __m256, b: __m256) -> __m256 { _mm256_min_ps(a, b) }
        fn select_lt(a: __m256, b: __m256, x: __m256, y: __m256) -> __m256 { _mm256_blendv_ps(y, x, _mm256_cmp_ps::<_CMP_LT_OQ>(a, b)) }
        fn abs(a: __m256) -> __m256 { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
        fn copysign(a: __m256, sign: __m256) -> __m256 {
            let bit = _mm256_set1_ps(-0.0);
            _mm256_or_ps(_mm256_and_ps(bit, sign), _mm256_andnot_ps(bit, a))
        }
        fn zero_where_ge(a: __m256, b: __m256, x: __m256) -> __m256 { _mm256_andnot_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(a, b), x) }
        // The permute looks at three bits of each lane.
        fn lookup_eight(table: &[f32; 8], n: __m256) -> __m256 {
            _mm256_permutevar8x32_ps(_mm256_loadu_ps(table.as_ptr()), _mm256_castps_si256(n))
        }
        fn scale_by_low_bits(a: __m256, n: __m256) -> __m256 {
            let power = _mm256_slli_epi32::<20>(_mm256_castps_si256(n));
            _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), power))
        }
        fn load_quads(from: *const f32) -> [__m256; 2] { [load_quads(from); 2] }
        fn splat_quad<const I: i32>(quads: __m256) -> __m256 {
            match I {
                0 => _mm256_permute_ps::<0x00>(quads),
                1 => _mm256_permute_ps::<0x55>(quads),
                2 => _mm256_permute_ps::<0xAA>(quads),
                _ => _mm256_permute_ps::<0xFF>(quads),
            }
        }
        fn load_ids(from: *const u16) -> u64 { u64::from_le(from.cast::<u64>().read_unaligned()) }
        fn id_words(ids: u64) -> [u64; 2] { [ids, 0] }
        // Loads inserted by hand: the gather instruction takes 1.1 cycles per element on Zen 5, this 0.8.
        fn gather(base: *const f32, ids: *const u16) -> __m256 {
            let at = |i: usize| *base.add(*ids.add(i) as usize);
            let four = |i: usize| _mm_set_ps(at(i + 3), at(i + 2), at(i + 1), at(i));
            _mm256_set_m128(four(4), four(0))
        }
        fn window(from: *const f32) -> [__m256; 2] { [Self::load(from), Self::load(from.add(8))] }
        fn load_places(from: *const u32) -> __m256i { _mm256_loadu_si256(from.cast()) }
        fn lookup(window: [__m256; 2], places: __m256i, shift: usize) -> __m256 {
            // A permute looks at the lowest three bits of each lane, the blend at the highest: there goes the fourth.
            let low = _mm256_srl_epi32(places, _mm_cvtsi32_si128(shift as i32));
            let high = _mm256_sll_epi32(places, _mm_cvtsi32_si128(28 - shift as i32));
            let halves = window.map(|half| _mm256_permutevar8x32_ps(half, low));
            _mm256_blendv_ps(halves[0], halves[1], _mm256_castsi256_ps(high))
        }
        fn fma_scalar(a: f32, b: f32, c: f32) -> f32 {
            _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)))
        }
        // A table instead of AVX-512's compress.
        fn push_nonzero(from: *const f32, first: u32, to: *mut u32) -> usize {
            let nonzero = _mm256_cmp_ps::<_CMP_NEQ_UQ>(Self::load(from), _mm256_setzero_ps());
            let mask = _mm256_movemask_ps(nonzero) as usize;
            let lanes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(SET_BITS[mask].as_ptr().cast()));
            _mm256_storeu_si256(to.cast(), _mm256_add_epi32(lanes, _mm256_set1_epi32(first as i32)));
            mask.count_ones() as usize
        }
        fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
            block::transpose(from, from_stride, to, to_stride)
        }
    }
}

entry_points!(Avx2, "avx2,fma,popcnt");
