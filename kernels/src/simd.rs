//! The vector operations that every algorithm is written over.
//!
//! Each is a thin `#[inline(always)]` name for one or two instructions, so that the algorithm, inlined into an entry point that
//! carries `#[target_feature]` (see `arch`), compiles to just those.

use crate::view::Line;

/// One instruction set's registers of f32, and the tile sizes that fill them.
///
/// # Safety
/// Every method may execute instructions of the set: call them only where the machine is known to have it.
pub(crate) trait Simd: Copy {
    /// One register.
    type V: Copy;
    /// WINDOW values to look up.
    type Window: Copy;
    /// A u32 for each lane.
    type Places: Copy;
    /// `SPMM_ROWS` columns of type u16.
    type Ids: Copy;
    /// f32 per register: 4, 8 or 16, so that a `Line` is whole registers.
    const LANES: usize;
    /// Rows and columns of the block that [`Self::transpose`] takes: 4 or 8.
    const BLOCK: usize;
    /// Rows of a register tile that is two registers wide.
    const TILE_ROWS: usize;
    /// Rows up to which a tile may be four registers wide.
    const WIDE_ROWS: usize;
    /// Values of a window: as many as a permute or two can look up in registers, 32 at most.
    const WINDOW: usize;
    /// Lines of outputs that share a window, 6 at most: enough chains of FMAs, whose sums are held in registers.
    const WINDOW_SLICES: usize;
    /// Whether windows may also be twice as wide: two lookups, of which [`Self::where_bit`] picks.
    const WIDE_WINDOWS: bool;
    /// Weights for each that is not zero, up to which windows are faster than `gather`: measured on random patterns.
    const WINDOW_WEIGHTS: usize;
    /// Rows of a group of the sparse product with panels, 4 or 8; a group is two registers wide.
    const SPMM_ROWS: usize;
    /// Registers of a tile of one row, a power of two: its chains hide the latency of a multiply-add.
    const ROW_REGISTERS: usize;
    /// Whether [`Self::prefetch`] asks for anything.
    const PREFETCHES: bool;

    unsafe fn splat(x: f32) -> Self::V;
    /// Any alignment.
    unsafe fn load(from: *const f32) -> Self::V;
    /// Asks for the line at `at` before it is needed, where the set can ask. Any address will do.
    fn prefetch(at: *const f32);
    /// Any alignment.
    unsafe fn store(to: *mut f32, v: Self::V);
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`, fused where the set fuses.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    #[cfg_attr(not(feature = "train"), allow(dead_code, reason = "only Adam takes roots"))]
    unsafe fn sqrt(a: Self::V) -> Self::V;
    /// The larger; `b` where either is NaN or both are zeros.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller; `b` where either is NaN or both are zeros.
    #[cfg_attr(not(feature = "train"), allow(dead_code, reason = "only prototypes take it"))]
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// `x` where `a < b`, else `y` (also where `a` or `b` is NaN).
    unsafe fn select_lt(a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V;
    unsafe fn abs(a: Self::V) -> Self::V;
    /// The magnitude of `a` with the sign of `sign`.
    unsafe fn copysign(a: Self::V, sign: Self::V) -> Self::V;
    /// `x`, and 0 where `a >= b` (not where `a` or `b` is NaN).
    unsafe fn zero_where_ge(a: Self::V, b: Self::V, x: Self::V) -> Self::V;
    /// The value of the table that the low 3 bits of the bits of `n` name, lane by lane.
    unsafe fn lookup_eight(table: &[f32; 8], n: Self::V) -> Self::V;
    /// The bits of `a` plus the bits of `n` times 2^20, as integers: one shift and one addition. Where the bits of `n` end in the
    /// integer 8 m, that is `a * 2^m`, as long as neither leaves the normal numbers.
    unsafe fn scale_by_low_bits(a: Self::V, n: Self::V) -> Self::V;
    /// `SPMM_ROWS` values, four in each register, again and again in every four lanes; with 4 rows both are the same.
    unsafe fn load_quads(from: *const f32) -> [Self::V; 2];
    /// Lane `I` of each four lanes, in all four.
    unsafe fn splat_quad<const I: i32>(quads: Self::V) -> Self::V;
    /// `SPMM_ROWS` ids.
    unsafe fn load_ids(from: *const u16) -> Self::Ids;
    /// The ids, four in each word, the first in the low bits; with 4 rows the second word is not used.
    unsafe fn id_words(ids: Self::Ids) -> [u64; 2];
    /// `LANES` values at `base + ids[i]`.
    unsafe fn gather(base: *const f32, ids: *const u16) -> Self::V;
    /// Any alignment.
    unsafe fn window(from: *const f32) -> Self::Window;
    /// Any alignment.
    unsafe fn load_places(from: *const u32) -> Self::Places;
    /// The values of the window that the five bits from `shift` on name in each lane: less than WINDOW.
    unsafe fn lookup(window: Self::Window, places: Self::Places, shift: usize) -> Self::V;
    /// `set` where the bit of the place is set, else `clear`; only where there are wide windows.
    unsafe fn where_bit(_places: Self::Places, _bit: usize, _set: Self::V, _clear: Self::V) -> Self::V {
        unreachable!("no wide windows")
    }
    /// `a * b + c`, fused where [`Self::fma`] is.
    unsafe fn fma_scalar(a: f32, b: f32, c: f32) -> f32;
    /// Writes the ids, counted from `first`, of the lanes at `from` that are not zero, one after the other; returns how many.
    /// All of the `LANES` ids at `to` may be overwritten.
    #[inline(always)]
    unsafe fn push_nonzero(from: *const f32, first: u32, to: *mut u32) -> usize {
        let mut found = 0;
        for lane in 0..Self::LANES {
            // SAFETY: the caller's promise; `found` is at most `lane`.
            unsafe {
                *to.add(found) = first + lane as u32;
                found += usize::from(*from.add(lane) != 0.0);
            }
        }
        found
    }
    /// Transposes a block of `BLOCK` x `BLOCK`: `to[c * to_stride + r] = from[r * from_stride + c]`.
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize);
    /// Transposes 16 x 16, as [`Self::transpose`]: every line of `to` is finished before the next.
    #[inline(always)]
    unsafe fn transpose_line(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        for c in (0..Line::LEN).step_by(Self::BLOCK) {
            for r in (0..Line::LEN).step_by(Self::BLOCK) {
                // SAFETY: the caller's promise.
                unsafe {
                    let (from, to) = (from.add(r * from_stride + c), to.add(c * to_stride + r));
                    Self::transpose(from, from_stride, to, to_stride);
                }
            }
        }
    }
}
