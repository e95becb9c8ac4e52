//! The sparse product with one vector, over rows taken a line at a time.

use super::activate;
use super::order::Begin;
use crate::simd::Simd;

/// R rows of the matrix and how many steps they take.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The rows of the output. A last group that is not full repeats its last row: the same result is written twice.
    pub(crate) rows: [u32; SPMV_ROWS],
    pub(crate) steps: u32,
}

/// Rows per group of a product with a vector: one line, the rows in the lanes.
pub(crate) const SPMV_ROWS: usize = 16;

/// One block of columns of a sparse matrix times one vector.
pub(crate) struct Spmv {
    pub(crate) groups: *const Group,
    pub(crate) group_count: usize,
    /// `[step][SPMV_ROWS]`, all groups in a row.
    pub(crate) values: *const f32,
    pub(crate) ids: *const u16,
    /// The vector, from the block's first feature on.
    pub(crate) x: *const f32,
    pub(crate) y: *mut f32,
    /// The bias is one value per row.
    pub(crate) begin: Begin,
}

/// Leaves `z`: the activation is a pass of its own over the whole vector.
///
/// # Safety
/// The machine has the instruction set; groups, values and ids are readable over their counts, every id is an element of `x`,
/// every row one of `y` and `bias`.
#[inline(always)]
pub(crate) unsafe fn spmv<S: Simd>(p: &Spmv) {
    const R: usize = SPMV_ROWS;
    let registers = R / S::LANES;
    // SAFETY: every offset is below a count, or a row or id that the caller vouches for.
    unsafe {
        let (mut values, mut ids) = (p.values, p.ids);
        for g in 0..p.group_count {
            let group = &*p.groups.add(g);
            let mut sums = [0.0f32; R];
            match p.begin {
                Begin::Bias(start) => gather_rows(start, group, &mut sums),
                Begin::Kept => gather_rows(p.y, group, &mut sums),
                Begin::Added => {}
            }
            // At most R / 4 registers are in use: the narrowest set has 4 lanes.
            let mut acc = [S::splat(0.0); R / 4];
            for v in 0..registers {
                acc[v] = S::load(sums.as_ptr().add(v * S::LANES));
            }
            for _ in 0..group.steps {
                for v in 0..registers {
                    let gathered = S::gather(p.x, ids.add(v * S::LANES));
                    acc[v] = S::fma(S::load(values.add(v * S::LANES)), gathered, acc[v]);
                }
                values = values.add(R);
                ids = ids.add(R);
            }
            for v in 0..registers {
                S::store(sums.as_mut_ptr().add(v * S::LANES), activate::settle::<S>(acc[v], false));
            }
            if let Begin::Added = p.begin {
                let mut before = [0.0f32; R];
                gather_rows(p.y, group, &mut before);
                for r in 0..R {
                    sums[r] += before[r];
                }
            }
            for r in 0..R {
                *p.y.add(group.rows[r] as usize) = sums[r];
            }
        }
    }
}

/// # Safety
/// `from` is readable at every row of the group.
#[inline(always)]
unsafe fn gather_rows(from: *const f32, group: &Group, to: &mut [f32; SPMV_ROWS]) {
    for (to, &row) in to.iter_mut().zip(&group.rows) {
        // SAFETY: the caller's promise.
        *to = unsafe { *from.add(row as usize) };
    }
}
