//! The sparse product with a batch in panels, over rows taken a few at a time.
//!
//! The weights come in groups of R rows with about the same number of nonzeros (see `packed`): step t of a group holds the t-th
//! nonzero of each of its rows, value and column. A row that ends early is filled up with zeros, which add nothing.

use super::activate::{self, in_registers};
use crate::Activation;
use crate::simd::Simd;

/// R rows of the matrix and how many steps they take.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group<const R: usize> {
    /// The rows of the output. A last group that is not full repeats its last row: the same result is written twice.
    pub(crate) rows: [u32; R],
    pub(crate) steps: u32,
}

/// Rows per group of a product with a batch: 4 rows x 2 registers are 8 chains of FMAs. One step costs 8 loads that ride along
/// with their FMAs, one load of four values, and one of four columns; four broadcasts from memory instead of the permutes cost
/// a tenth of the speed at 90 % (Zen 5), and 8 rows more than the 16 registers of AVX2.
pub(crate) const SPMM_ROWS: usize = 4;

/// One block of columns of a sparse matrix times one panel.
pub(crate) struct Spmm {
    pub(crate) groups: *const Group<SPMM_ROWS>,
    pub(crate) group_count: usize,
    /// `[step][SPMM_ROWS]`, all groups in a row.
    pub(crate) values: *const f32,
    /// The columns of the values, counted from the block's first.
    pub(crate) ids: *const u16,
    /// The panel `[feature][lanes]`, from the block's first feature on.
    pub(crate) x: *const f32,
    /// `[row][lanes]`.
    pub(crate) y: *mut f32,
    /// 16 or 32, also the distance of two features or rows.
    pub(crate) lanes: usize,
    /// One value per row, or null: go on from what the previous block left in `y`.
    pub(crate) bias: *const f32,
    /// What ends the last block; `None` leaves the sums for the next one.
    pub(crate) activation: Option<Activation>,
}

/// # Safety
/// The machine has the instruction set; groups, values and ids are readable over their counts, every id is a feature of `x`,
/// every row one of `y` and `bias`.
#[inline(always)]
pub(crate) unsafe fn spmm<S: Simd>(p: &Spmm) {
    let registers = 2.min(p.lanes / S::LANES);
    for lane in (0..p.lanes).step_by(registers * S::LANES) {
        // SAFETY: the caller's promise, for the registers from `lane` on.
        unsafe {
            match (registers, p.lanes) {
                (1, _) => spmm_groups::<S, 1, 16>(p, lane),
                (_, 16) => spmm_groups::<S, 2, 16>(p, lane),
                (_, _) => spmm_groups::<S, 2, 32>(p, lane),
            }
        }
    }
}

/// The distance of two features is a constant, so that an address costs a shift and not a multiplication.
///
/// # Safety
/// As for [`spmm`], for NV registers from `lane` on; `p.lanes` is STRIDE.
#[inline(always)]
unsafe fn spmm_groups<S: Simd, const NV: usize, const STRIDE: usize>(p: &Spmm, lane: usize) {
    // SAFETY: every offset is below a count, or a row or id that the caller vouches for.
    unsafe {
        let (x, y) = (p.x.add(lane), p.y.add(lane));
        let (mut values, mut ids) = (p.values, p.ids);
        for g in 0..p.group_count {
            let group = &*p.groups.add(g);
            let row = |r: usize| group.rows[r] as usize;
            let mut acc = [[S::splat(0.0); NV]; SPMM_ROWS];
            for r in 0..SPMM_ROWS {
                for v in 0..NV {
                    acc[r][v] = if p.bias.is_null() {
                        S::load(y.add(row(r) * STRIDE + v * S::LANES))
                    } else {
                        S::splat(*p.bias.add(row(r)))
                    };
                }
            }
            for _ in 0..group.steps {
                let w = S::load_quads(values);
                let w = [
                    S::splat_quad::<0>(w),
                    S::splat_quad::<1>(w),
                    S::splat_quad::<2>(w),
                    S::splat_quad::<3>(w),
                ];
                // Four ids in one load, the first in the low bits.
                let four = u64::from_le(ids.cast::<u64>().read_unaligned());
                for r in 0..SPMM_ROWS {
                    let id = (four >> (16 * r)) as u16;
                    let from = x.add(u16::from_le(id) as usize * STRIDE);
                    for v in 0..NV {
                        acc[r][v] = S::fma(w[r], S::load(from.add(v * S::LANES)), acc[r][v]);
                    }
                }
                values = values.add(SPMM_ROWS);
                ids = ids.add(SPMM_ROWS);
            }
            for r in 0..SPMM_ROWS {
                for v in 0..NV {
                    let settled = activate::settle::<S>(acc[r][v], p.activation == Some(Activation::Relu));
                    S::store(y.add(row(r) * STRIDE + v * S::LANES), settled);
                }
            }
            if let Some(activation) = p.activation.filter(|&a| !in_registers(a)) {
                finish::<S>(activation, y, STRIDE, &group.rows, NV * S::LANES);
            }
        }
    }
}

/// Applies an activation to `width` values of each row of a group, once where the group repeats its last row.
///
/// # Safety
/// The machine has the instruction set, and every row is one of `y`.
#[inline(always)]
unsafe fn finish<S: Simd>(
    activation: Activation,
    y: *mut f32,
    stride: usize,
    rows: &[u32; SPMM_ROWS],
    width: usize,
) {
    for r in 0..SPMM_ROWS {
        if r == 0 || rows[r] != rows[r - 1] {
            // SAFETY: the caller's promise.
            unsafe { activate::all::<S>(activation, y.add(rows[r] as usize * stride), width) }
        }
    }
}
