//! Kernels that do nothing useful as fast as the machine can: they measure its limits.

use super::one_row::{BEYOND_L2, WEIGHTS_AHEAD};
use crate::simd::Simd;
use crate::view::Line;

/// Independent chains of FMAs: above latency x ports of every core so far (4 x 2), below the registers (16).
const CHAINS: usize = 12;

/// f32 operations of one [`fma_peak`] with this many steps.
pub(crate) fn fma_flops(lanes: usize, steps: usize) -> u64 {
    2 * (CHAINS * lanes) as u64 * steps as u64
}

/// Runs `steps` x 12 FMAs from registers and returns something that depends on all of them.
///
/// # Safety
/// The machine has the instruction set.
#[inline(always)]
pub(crate) unsafe fn fma_peak<S: Simd>(steps: usize) -> f32 {
    // SAFETY: the caller's promise; the stores go to a local line.
    unsafe {
        // Opaque operands, or the compiler would fold the loop; 0.5 x + 0.25 stays near 0.5, so nothing becomes subnormal.
        let (factor, addend) = (S::splat(core::hint::black_box(0.5)), S::splat(core::hint::black_box(0.25)));
        let mut acc = [addend; CHAINS];
        for _ in 0..steps {
            for chain in &mut acc {
                *chain = S::fma(*chain, factor, addend);
            }
        }
        let mut total = acc[0];
        for &chain in &acc[1..] {
            total = S::add(total, chain);
        }
        first_lane::<S>(total)
    }
}

/// Reads `len` values (a multiple of 128) once and returns something that depends on all of them. What comes from L3 is asked for
/// ahead, as the kernels do, or a dense layer of one input would be faster than its limit.
///
/// # Safety
/// The machine has the instruction set and `from` is readable over `len` values.
#[inline(always)]
pub(crate) unsafe fn read<S: Simd>(from: *const f32, len: usize) -> f32 {
    let ahead = S::PREFETCHES && BEYOND_L2.contains(&(len * size_of::<f32>()));
    // SAFETY: the caller's promise.
    unsafe { if ahead { read_all::<S, true>(from, len) } else { read_all::<S, false>(from, len) } }
}

/// # Safety
/// As for [`read`].
#[inline(always)]
unsafe fn read_all<S: Simd, const AHEAD: bool>(from: *const f32, len: usize) -> f32 {
    const STREAMS: usize = 8;
    // SAFETY: the loop stays below `len`; what is only fetched ahead may be anywhere.
    unsafe {
        let mut acc = [S::splat(0.0); STREAMS];
        for at in (0..len).step_by(STREAMS * S::LANES) {
            if AHEAD {
                for line in (0..STREAMS * S::LANES).step_by(Line::LEN) {
                    S::prefetch(from.wrapping_add(at + WEIGHTS_AHEAD + line));
                }
            }
            for (s, sum) in acc.iter_mut().enumerate() {
                *sum = S::add(*sum, S::load(from.add(at + s * S::LANES)));
            }
        }
        let mut total = acc[0];
        for &sum in &acc[1..] {
            total = S::add(total, sum);
        }
        first_lane::<S>(total)
    }
}

#[inline(always)]
unsafe fn first_lane<S: Simd>(v: S::V) -> f32 {
    let mut lanes = [0.0f32; 16];
    // SAFETY: a register has at most 16 lanes.
    unsafe { S::store(lanes.as_mut_ptr(), v) };
    lanes[0]
}
