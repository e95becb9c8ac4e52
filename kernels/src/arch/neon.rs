//! NEON (AArch64): 32 registers of 4.

use crate::simd::Simd;
use core::arch::aarch64::*;

#[derive(Clone, Copy)]
struct Neon;

impl Simd for Neon {
    type V = float32x4_t;
    // Looked up in memory: the set has no permute of so many values.
    type Window = *const f32;
    type Places = *const u32;
    type Ids = u64;
    const LANES: usize = 4;
    const BLOCK: usize = 4;
    // 12 x 2 = 24 accumulators, 2 loads, broadcasts: as AVX-512, a third of the width.
    const TILE_ROWS: usize = 12;
    const WIDE_ROWS: usize = 6;
    // 4 x 2 = 8 accumulators.
    const SPMM_ROWS: usize = 4;
    const WINDOW: usize = 32;
    const WINDOW_SLICES: usize = 2;
    const WIDE_WINDOWS: bool = false;
    const WINDOW_WEIGHTS: usize = 0;
    const ROW_REGISTERS: usize = 16;
    const PREFETCHES: bool = false;

    // The intrinsic is not stable.
    #[inline(always)]
    fn prefetch(_: *const f32) {}

    operations! {
        fn splat(x: f32) -> float32x4_t { vdupq_n_f32(x) }
        fn load(from: *const f32) -> float32x4_t { vld1q_f32(from) }
        fn store(to: *mut f32, v: float32x4_t) { vst1q_f32(to, v) }
        fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t { vaddq_f32(a, b) }
        fn sub(a: float32x4_t, b: float32x4_t) -> float32x4_t { vsubq_f32(a, b) }
        fn mul(a: float32x4_t, b: float32x4_t) -> float32x4_t { vmulq_f32(a, b) }
        fn div(a: float32x4_t, b: float32x4_t) -> float32x4_t { vdivq_f32(a, b) }
        fn fma(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t { vfmaq_f32(c, a, b) }
        fn sqrt(a: float32x4_t) -> float32x4_t { vsqrtq_f32(a) }
        // Not `vmaxq_f32`, which orders zeros and returns NaN: the sets agree bit for bit.
        fn max(a: float32x4_t, b: float32x4_t) -> float32x4_t { vbslq_f32(vcgtq_f32(a, b), a, b) }
        fn min(a: float32x4_t, b: float32x4_t) -> float32x4_t { vbslq_f32(vcltq_f32(a, b), a, b) }
        fn select_lt(a: float32x4_t, b: float32x4_t, x: float32x4_t, y: float32x4_t) -> float32x4_t { vbslq_f32(vcltq_f32(a, b), x, y) }
        fn abs(a: float32x4_t) -> float32x4_t { vabsq_f32(a) }
        fn copysign(a: float32x4_t, sign: float32x4_t) -> float32x4_t { vbslq_f32(vdupq_n_u32(1 << 31), sign, a) }
        fn zero_where_ge(a: float32x4_t, b: float32x4_t, x: float32x4_t) -> float32x4_t {
            vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(x), vcgeq_f32(a, b)))
        }
        fn lookup_eight(table: &[f32; 8], n: float32x4_t) -> float32x4_t {
            // A permute of bytes: value i is the bytes 4 i to 4 i + 3.
            let table = vld1q_u8_x2(table.as_ptr().cast());
            let i = vandq_u32(vreinterpretq_u32_f32(n), vdupq_n_u32(7));
            let bytes = vmlaq_u32(vdupq_n_u32(0x0302_0100), i, vdupq_n_u32(0x0404_0404));
            vreinterpretq_f32_u8(vqtbl2q_u8(table, vreinterpretq_u8_u32(bytes)))
        }
        fn scale_by_low_bits(a: float32x4_t, n: float32x4_t) -> float32x4_t {
            let power = vshlq_n_s32::<20>(vreinterpretq_s32_f32(n));
            vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(a), power))
        }
        fn load_quads(from: *const f32) -> [float32x4_t; 2] { [vld1q_f32(from); 2] }
        fn splat_quad<const I: i32>(quads: float32x4_t) -> float32x4_t { vdupq_laneq_f32::<I>(quads) }
        fn load_ids(from: *const u16) -> u64 { u64::from_le(from.cast::<u64>().read_unaligned()) }
        fn id_words(ids: u64) -> [u64; 2] { [ids, 0] }
        fn gather(base: *const f32, ids: *const u16) -> float32x4_t {
            let at = |i: usize| *base.add(*ids.add(i) as usize);
            Self::load([at(0), at(1), at(2), at(3)].as_ptr())
        }
        fn window(from: *const f32) -> *const f32 { from }
        fn load_places(from: *const u32) -> *const u32 { from }
        fn lookup(window: *const f32, places: *const u32, shift: usize) -> float32x4_t {
            let at = |i: usize| *window.add((*places.add(i) >> shift) as usize % Self::WINDOW);
            Self::load([at(0), at(1), at(2), at(3)].as_ptr())
        }
        fn fma_scalar(a: f32, b: f32, c: f32) -> f32 {
            vget_lane_f32::<0>(vfma_f32(vdup_n_f32(c), vdup_n_f32(a), vdup_n_f32(b)))
        }
        fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
            let row = |r: usize| Self::load(from.add(r * from_stride));
            let (low, high) = (vtrnq_f32(row(0), row(1)), vtrnq_f32(row(2), row(3)));
            let quad = |a, b| vreinterpretq_f32_f64(vtrn1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
            let quad_odd = |a, b| vreinterpretq_f32_f64(vtrn2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)));
            Self::store(to, quad(low.0, high.0));
            Self::store(to.add(to_stride), quad(low.1, high.1));
            Self::store(to.add(2 * to_stride), quad_odd(low.0, high.0));
            Self::store(to.add(3 * to_stride), quad_odd(low.1, high.1));
        }
    }
}

entry_points!(Neon, "neon");
