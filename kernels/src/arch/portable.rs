//! The portable tier, on `wide`: SSE2, NEON or wasm simd128 by compile target, plain f32 elsewhere.

use crate::simd::Simd;
use wide::{f32x4, i32x4};

#[derive(Clone, Copy)]
struct Portable;

impl Simd for Portable {
    type V = f32x4;
    // Looked up in memory: the set has no permute of so many values.
    type Window = *const f32;
    type Places = *const u32;
    type Ids = u64;
    const LANES: usize = 4;
    const BLOCK: usize = 4;
    // 4 rows x 2: 8 accumulators, 2 loads, a broadcast and a product fit SSE2's 16 registers.
    const TILE_ROWS: usize = 4;
    const WIDE_ROWS: usize = 2;
    // 4 x 2 = 8 accumulators.
    const SPMM_ROWS: usize = 4;
    const WINDOW: usize = 32;
    const WINDOW_SLICES: usize = 2;
    const WIDE_WINDOWS: bool = false;
    const WINDOW_WEIGHTS: usize = 0;
    const ROW_REGISTERS: usize = 8;
    const PREFETCHES: bool = false;

    #[inline(always)]
    fn prefetch(_: *const f32) {}

    operations! {
        fn splat(x: f32) -> f32x4 { f32x4::splat(x) }
        fn load(from: *const f32) -> f32x4 {
            f32x4::new(from.cast::<[f32; 4]>().read_unaligned())
        }
        fn store(to: *mut f32, v: f32x4) {
            to.cast::<[f32; 4]>().write_unaligned(v.to_array())
        }
        fn add(a: f32x4, b: f32x4) -> f32x4 { a + b }
        fn sub(a: f32x4, b: f32x4) -> f32x4 { a - b }
        fn mul(a: f32x4, b: f32x4) -> f32x4 { a * b }
        fn div(a: f32x4, b: f32x4) -> f32x4 { a / b }
        // Fused only where the compile target fuses; `wide` never turns it into a library call.
        fn fma(a: f32x4, b: f32x4, c: f32x4) -> f32x4 { a.mul_add(b, c) }
        fn sqrt(a: f32x4) -> f32x4 { a.sqrt() }
        fn max(a: f32x4, b: f32x4) -> f32x4 { b.simd_lt(a).bitselect(a, b) }
        fn min(a: f32x4, b: f32x4) -> f32x4 { a.simd_lt(b).bitselect(a, b) }
        fn select_lt(a: f32x4, b: f32x4, x: f32x4, y: f32x4) -> f32x4 { a.simd_lt(b).bitselect(x, y) }
        fn abs(a: f32x4) -> f32x4 { a.abs() }
        fn copysign(a: f32x4, sign: f32x4) -> f32x4 { f32x4::splat(-0.0).bitselect(sign, a) }
        fn zero_where_ge(a: f32x4, b: f32x4, x: f32x4) -> f32x4 { a.simd_ge(b).bitselect(f32x4::splat(0.0), x) }
        fn lookup_eight(table: &[f32; 8], n: f32x4) -> f32x4 {
            f32x4::new(n.to_array().map(|n| table[n.to_bits() as usize % 8]))
        }
        fn scale_by_low_bits(a: f32x4, n: f32x4) -> f32x4 {
            let (a, n): (i32x4, i32x4) = (wide::bytemuck::cast(a), wide::bytemuck::cast(n));
            wide::bytemuck::cast(a + (n << 20))
        }
        fn load_quads(from: *const f32) -> [f32x4; 2] { [Self::load(from); 2] }
        fn splat_quad<const I: i32>(quads: f32x4) -> f32x4 { f32x4::splat(quads.to_array()[I as usize]) }
        fn load_ids(from: *const u16) -> u64 { u64::from_le(from.cast::<u64>().read_unaligned()) }
        fn id_words(ids: u64) -> [u64; 2] { [ids, 0] }
        fn gather(base: *const f32, ids: *const u16) -> f32x4 {
            let at = |i: usize| *base.add(*ids.add(i) as usize);
            f32x4::new([at(0), at(1), at(2), at(3)])
        }
        fn window(from: *const f32) -> *const f32 { from }
        fn load_places(from: *const u32) -> *const u32 { from }
        fn lookup(window: *const f32, places: *const u32, shift: usize) -> f32x4 {
            let at = |i: usize| *window.add((*places.add(i) >> shift) as usize % Self::WINDOW);
            f32x4::new([at(0), at(1), at(2), at(3)])
        }
        fn fma_scalar(a: f32, b: f32, c: f32) -> f32 {
            f32x4::splat(a).mul_add(f32x4::splat(b), f32x4::splat(c)).to_array()[0]
        }
        fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
            let row = |r: usize| Self::load(from.add(r * from_stride));
            let columns = f32x4::transpose([row(0), row(1), row(2), row(3)]);
            for (c, column) in columns.into_iter().enumerate() {
                Self::store(to.add(c * to_stride), column);
            }
        }
    }
}

entry_points!(Portable);
