//! AVX-512 (F, DQ, VL): 32 registers of 16.

use super::block;
use crate::simd::Simd;
use core::arch::asm;
use core::arch::x86_64::*;

#[derive(Clone, Copy)]
struct Avx512;

/// One load, and permutes in assembly, or the compiler makes one of each two permutes in a row: across quarters, which take the
/// FMAs' units.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load_quads(from: *const f32) -> [__m512; 2] {
    // SAFETY: the caller's promise that eight values are readable.
    let mut high = _mm512_castps256_ps512(unsafe { _mm256_loadu_ps(from) });
    let low;
    // SAFETY: the instructions only permute registers.
    unsafe {
        asm!("vshuff32x4 {low}, {high}, {high}, 0x00", "vshuff32x4 {high}, {high}, {high}, 0x55",
             low = out(zmm_reg) low, high = inout(zmm_reg) high, options(pure, nomem, nostack, preserves_flags));
    }
    [low, high]
}

/// In assembly, or the compiler folds this load and the permutes that follow into four broadcasts from memory.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load_quad(from: *const f32) -> __m512 {
    let quad;
    // SAFETY: the caller's promise that four values are readable; the instruction does nothing else.
    unsafe {
        asm!("vbroadcastf32x4 {}, [{}]", lateout(zmm_reg) quad, in(reg) from,
             options(pure, readonly, nostack, preserves_flags));
    }
    quad
}

/// In assembly that is not `pure`, which the compiler leaves where it stands: it would move the ids out of the vector just before
/// they are needed, and the addresses wait (4 % of the speed).
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn id_words(ids: __m128i) -> [u64; 2] {
    let (low, high);
    // SAFETY: the instructions are moves between registers.
    unsafe {
        asm!("vmovq {low}, {ids}", "vpextrq {high}, {ids}, 1", low = out(reg) low, high = out(reg) high,
             ids = in(xmm_reg) ids, options(nostack, preserves_flags));
    }
    [low, high]
}

impl Simd for Avx512 {
    type V = __m512;
    type Window = [__m512; 2];
    type Places = __m512i;
    type Ids = __m128i;
    const LANES: usize = 16;
    // In half registers, to write fewer rows at a time; see `generic/transpose.rs`.
    const BLOCK: usize = 8;
    // 12 x 2 = 24 accumulators, 2 loads, and broadcasts: 27 of 32 registers.
    const TILE_ROWS: usize = 12;
    // 6 x 4 = 24 accumulators, 4 loads, 1 broadcast.
    const WIDE_ROWS: usize = 6;
    // 16 accumulators, 4 rows' values, 1 load.
    const NARROW_ROWS: usize = 16;
    // 8 x 2 = 16 accumulators, 8 weights.
    const SPMM_ROWS: usize = 8;
    // What one permute of two registers reaches.
    const WINDOW: usize = 32;
    const WINDOW_SLICES: usize = 6;
    const WIDE_WINDOWS: bool = true;
    // At 99.9 % they are equal (784x1024 on Zen 5).
    const WINDOW_WEIGHTS: usize = 1000;
    // 16 accumulators: an input that is not zero reads 1 KiB of consecutive weights. With a quarter of that, one example takes a
    // quarter longer (784x256, 784x1024; Zen 5).
    const ROW_REGISTERS: usize = 16;
    const PREFETCHES: bool = true;

    #[inline(always)]
    fn prefetch(at: *const f32) {
        // SAFETY: it is a hint, which reads nothing and faults nowhere; every x86-64 has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    operations! {
        fn splat(x: f32) -> __m512 { _mm512_set1_ps(x) }
        fn load(from: *const f32) -> __m512 { _mm512_loadu_ps(from) }
        fn store(to: *mut f32, v: __m512) { _mm512_storeu_ps(to, v) }
        fn add(a: __m512, b: __m512) -> __m512 { _mm512_add_ps(a, b) }
        fn sub(a: __m512, b: __m512) -> __m512 { _mm512_sub_ps(a, b) }
        fn mul(a: __m512, b: __m512) -> __m512 { _mm512_mul_ps(a, b) }
        fn div(a: __m512, b: __m512) -> __m512 { _mm512_div_ps(a, b) }
        fn fma(a: __m512, b: __m512, c: __m512) -> __m512 { _mm512_fmadd_ps(a, b, c) }
        fn sqrt(a: __m512) -> __m512 { _mm512_sqrt_ps(a) }
        fn max(a: __m512, b: __m512) -> __m512 { _mm512_max_ps(a, b) }
        fn min(a: __m512, b: __m512) -> __m512 { _mm512_min_ps(a, b) }
        fn select_lt(a: __m512, b: __m512, x: __m512, y: __m512) -> __m512 { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), y, x) }
        fn abs(a: __m512) -> __m512 { _mm512_abs_ps(a) }
        fn copysign(a: __m512, sign: __m512) -> __m512 {
            // Bit by bit, `mask ? sign : a`.
            let mask = _mm512_castps_si512(_mm512_set1_ps(-0.0));
            let (sign, a) = (_mm512_castps_si512(sign), _mm512_castps_si512(a));
            _mm512_castsi512_ps(_mm512_ternarylogic_epi32::<0xCA>(mask, sign, a))
        }
        fn zero_where_ge(a: __m512, b: __m512, x: __m512) -> __m512 { _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_NGE_UQ>(a, b), x) }
        fn lookup_eight(table: &[f32; 8], n: __m512) -> __m512 {
            // The permute looks at four bits of each lane: the table stands in both halves.
            let table = _mm512_broadcast_f32x8(_mm256_loadu_ps(table.as_ptr()));
            _mm512_permutexvar_ps(_mm512_castps_si512(n), table)
        }
        fn scale_by_low_bits(a: __m512, n: __m512) -> __m512 {
            let power = _mm512_slli_epi32::<20>(_mm512_castps_si512(n));
            _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), power))
        }
        fn load_quads(from: *const f32) -> [__m512; 2] { load_quads(from) }
        fn load_quad(from: *const f32) -> __m512 { load_quad(from) }
        fn splat_quad<const I: i32>(quads: __m512) -> __m512 {
            match I {
                0 => _mm512_permute_ps::<0x00>(quads),
                1 => _mm512_permute_ps::<0x55>(quads),
                2 => _mm512_permute_ps::<0xAA>(quads),
                _ => _mm512_permute_ps::<0xFF>(quads),
            }
        }
        fn load_ids(from: *const u16) -> __m128i { _mm_loadu_si128(from.cast()) }
        fn id_words(ids: __m128i) -> [u64; 2] { id_words(ids) }
        // Loads inserted by hand: the gather instruction takes 1.13 cycles per element on Zen 5, this 0.8.
        fn gather(base: *const f32, ids: *const u16) -> __m512 {
            let at = |i: usize| *base.add(*ids.add(i) as usize);
            let four = |i: usize| _mm_set_ps(at(i + 3), at(i + 2), at(i + 1), at(i));
            let (low, high) = (_mm256_set_m128(four(4), four(0)), _mm256_set_m128(four(12), four(8)));
            _mm512_insertf32x8::<1>(_mm512_castps256_ps512(low), high)
        }
        fn window(from: *const f32) -> [__m512; 2] { [Self::load(from), Self::load(from.add(16))] }
        fn load_places(from: *const u32) -> __m512i { _mm512_loadu_si512(from.cast()) }
        fn lookup(window: [__m512; 2], places: __m512i, shift: usize) -> __m512 {
            // The permute looks at five bits of each lane.
            let places = _mm512_srl_epi32(places, _mm_cvtsi32_si128(shift as i32));
            _mm512_permutex2var_ps(window[0], places, window[1])
        }
        fn where_bit(places: __m512i, bit: usize, set: __m512, clear: __m512) -> __m512 {
            _mm512_mask_blend_ps(_mm512_test_epi32_mask(places, _mm512_set1_epi32(1 << bit)), clear, set)
        }
        fn fma_scalar(a: f32, b: f32, c: f32) -> f32 {
            _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)))
        }
        fn push_nonzero(from: *const f32, first: u32, to: *mut u32) -> usize {
            let nonzero = _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(Self::load(from), _mm512_setzero_ps());
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let ids = _mm512_add_epi32(lanes, _mm512_set1_epi32(first as i32));
            // Compressed in a register: to memory, the instruction is microcode on Zen.
            _mm512_storeu_si512(to.cast(), _mm512_maskz_compress_epi32(nonzero, ids));
            nonzero.count_ones() as usize
        }
        fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
            block::transpose(from, from_stride, to, to_stride)
        }
        fn transpose_line(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
            let mut r = [_mm512_setzero_ps(); 16];
            for (i, row) in r.iter_mut().enumerate() {
                *row = Self::load(from.add(i * from_stride));
            }
            let quads = block::quads_of_rows!(r, _mm512_unpacklo_ps, _mm512_unpackhi_ps, _mm512_shuffle_ps);
            // Quarter q of quads[4 i + j] holds column 4 q + j of rows 4 i ..; a 4 x 4 transpose of quarters ends it.
            for j in 0..4 {
                let low = _mm512_shuffle_f32x4::<0b10_00_10_00>(quads[j], quads[4 + j]);
                let high = _mm512_shuffle_f32x4::<0b10_00_10_00>(quads[8 + j], quads[12 + j]);
                let low_odd = _mm512_shuffle_f32x4::<0b11_01_11_01>(quads[j], quads[4 + j]);
                let high_odd = _mm512_shuffle_f32x4::<0b11_01_11_01>(quads[8 + j], quads[12 + j]);
                Self::store(to.add(j * to_stride), _mm512_shuffle_f32x4::<0b10_00_10_00>(low, high));
                Self::store(to.add((8 + j) * to_stride), _mm512_shuffle_f32x4::<0b11_01_11_01>(low, high));
                Self::store(to.add((4 + j) * to_stride), _mm512_shuffle_f32x4::<0b10_00_10_00>(low_odd, high_odd));
                Self::store(to.add((12 + j) * to_stride), _mm512_shuffle_f32x4::<0b11_01_11_01>(low_odd, high_odd));
            }
        }
    }
}

entry_points!(Avx512, "avx512f,avx512dq,avx512vl,avx2,fma,popcnt");
