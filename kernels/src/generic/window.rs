//! The sparse product with one vector, through windows of it that are held in registers.
//!
//! A row per lane, groups of up to six slices of 16 rows. A step of a group is a place in the input and, for each row, one
//! weight at most, whose column is in the window of `Simd::WINDOW` columns from there on (see `packed`):
//!
//! ```text
//! for each step
//!   window = x[start .. start + WINDOW]               a load or two, shared by 96 rows
//!   for each slice s
//!     acc[s] = values[s] * lookup(window, ids[s]) + acc[s]
//! ```
//!
//! A permute of the window fetches the inputs of 16 rows, where loads inserted by hand take one each. A row that has no weight in
//! the window adds a zero; but a row that is ahead of the others takes its next weights from the window's far end while they catch
//! up, and the next window starts where the last row is. So there is less to fill up than with windows side by side, which each
//! row must leave together: 1.07 steps per weight instead of 1.31 at 50 % sparsity, 1.3 instead of 1.6 at 80 %, 2.0 instead of
//! 2.5 at 95 %. No branch depends on the pattern but the end of a group.
//!
//! Six slices are six chains, enough for the latency of an FMA, share the loads of the window, and fill a word with their ids of
//! five bits. Measured on Zen 5, 784x{64,256,1024} at 50 to 99 %, and lost:
//! - four slices, or eight with two words of ids: as fast or up to 18 % slower;
//! - windows that start at whole lines only: 3 to 20 % slower, the loads they save are cheaper than their steps;
//! - windows kept for two steps: up to 8 % faster at 50 to 95 % of 784x64, up to 31 % slower at 99 %;
//! - groups of three slices: 5 to 8 % fewer weights stored at 90 to 95 %, but more bytes, as fewer slices share a line of ids;
//! - windows of 64 columns, two permutes and a blend, five slices with ids of six bits: 1.15 / 1.4 / 1.7 weights stored for each at
//!   80 / 90 / 95 %, not 1.3 / 1.6 / 2.2, but each takes a third longer. 784-1024-1024, whose weights come from L3, would be 1.1,
//!   1.25 and 1.2 times as fast at 90, 95 and 97 %, but 2 % slower at 80 %; from L2 layers are 2 to 33 % slower up to 90 %, 7 %
//!   slower to 2 % faster at 95 %, and 784x256 5 to 7 % faster above. A layer would have to know its network to choose; not built;
//! - bits that say which weights of a column of a slice are there, spread by `vexpandps`: see benches/README.md.

use super::activate;
use crate::simd::Simd;
use crate::view::Line;

/// Bits of an id: windows have 32 columns at most, and six ids fit a word.
pub(crate) const ID_BITS: usize = 5;
/// How far ahead the steps are fetched, in f32: 1.15 to 1.25 times the speed from L2 (784x256), 512 bytes are too few. From L3
/// (784x1024 and 1024x1024 in turn, 80 and 90 %) 3 and 4 KiB take the same within 1 %, at 114 to 118 GB/s, which is all that L3
/// gives; 6 and 8 KiB take 1 to 3 % longer there, up to 10 % where a layer is small. With AVX2 1 to 8 KiB are the same within 2 %.
const AHEAD: usize = 2048 / size_of::<f32>();

/// Consecutive slices of rows that take their steps together.
#[derive(Clone, Debug)]
pub(crate) struct WindowGroup {
    pub(crate) slices: usize,
    /// In packed order.
    pub(crate) first_row: usize,
    /// Without those that fill up the last slice.
    pub(crate) rows: usize,
    /// The first chain of its outputs starts from the bias; the others from zero, and what the output holds is added. Only rows in
    /// order have more than one.
    pub(crate) first_chain: bool,
    pub(crate) last_chain: bool,
    pub(crate) first_step: usize,
    pub(crate) steps: usize,
    pub(crate) first_line: usize,
}

/// A sparse matrix times one vector.
pub(crate) struct Windows {
    pub(crate) groups: *const WindowGroup,
    pub(crate) group_count: usize,
    /// Where the window of each step starts.
    pub(crate) starts: *const u32,
    /// Lines `[step][1 + slices]`: the ids of all slices, as u32, then the values of each.
    pub(crate) lines: *const f32,
    /// In packed order, whole lines.
    pub(crate) bias: *const f32,
    /// The row of the output for each packed row, or null: they are in order.
    pub(crate) rows: *const u32,
    pub(crate) x: *const f32,
    /// Whole lines, if the rows are in order.
    pub(crate) y: *mut f32,
    pub(crate) relu: bool,
}

/// # Safety
/// The machine has the instruction set; groups, starts and lines are readable over their counts, `x` over a window from every
/// start, and every row is one of `y`.
#[inline(always)]
pub(crate) unsafe fn windows<S: Simd>(p: &Windows) {
    for g in 0..p.group_count {
        // SAFETY: the caller's promise, for a group that has as many slices.
        unsafe {
            let group = &*p.groups.add(g);
            // What no group of this set has compiles to nothing: the bound is a constant.
            match group.slices {
                1 => slices::<S, 1>(p, group),
                2 => slices::<S, 2>(p, group),
                3 if S::WINDOW_SLICES >= 3 => slices::<S, 3>(p, group),
                4 if S::WINDOW_SLICES >= 4 => slices::<S, 4>(p, group),
                5 if S::WINDOW_SLICES >= 5 => slices::<S, 5>(p, group),
                6 if S::WINDOW_SLICES >= 6 => slices::<S, 6>(p, group),
                n => unreachable!("a group has 1 to {} slices, not {n}", S::WINDOW_SLICES),
            }
        }
    }
}

/// # Safety
/// As for [`windows`]; the group has G slices.
#[inline(always)]
unsafe fn slices<S: Simd, const G: usize>(p: &Windows, group: &WindowGroup) {
    const LEN: usize = Line::LEN;
    let registers = LEN / S::LANES;
    // SAFETY: every offset is below a count that the caller vouches for; what is only fetched ahead may be anywhere.
    unsafe {
        // At most LEN / 4 registers of a slice are in use: the narrowest set has 4 lanes.
        let mut acc = [[S::splat(0.0); LEN / 4]; G];
        if group.first_chain {
            for s in 0..G {
                for v in 0..registers {
                    acc[s][v] = S::load(p.bias.add(group.first_row + s * LEN + v * S::LANES));
                }
            }
        }
        let starts = p.starts.add(group.first_step);
        let mut step = p.lines.add(group.first_line * LEN);
        for t in 0..group.steps {
            let window = S::window(p.x.add(*starts.add(t) as usize));
            for line in 0..=G {
                S::prefetch(step.wrapping_add(AHEAD + line * LEN));
            }
            for v in 0..registers {
                let places = S::load_places(step.add(v * S::LANES).cast());
                for s in 0..G {
                    let values = S::load(step.add((1 + s) * LEN + v * S::LANES));
                    acc[s][v] = S::fma(values, S::lookup(window, places, s * ID_BITS), acc[s][v]);
                }
            }
            step = step.add((1 + G) * LEN);
        }
        let mut sums = [[0.0f32; LEN]; G];
        let in_order = p.rows.is_null();
        let to = if in_order { p.y.add(group.first_row) } else { sums.as_mut_ptr().cast() };
        for s in 0..G {
            for v in 0..registers {
                let to = to.add(s * LEN + v * S::LANES);
                let sum = if group.first_chain { acc[s][v] } else { S::add(S::load(to), acc[s][v]) };
                S::store(to, activate::settle::<S>(sum, p.relu && group.last_chain));
            }
        }
        if !in_order {
            // Each row is read after the write before it, which might be to it for all the compiler knows: or it would make
            // scatter instructions of this, which take three times as long.
            for r in 0..group.rows {
                let row = *p.rows.add(group.first_row + r) as usize;
                *p.y.add(row) = *to.add(r);
            }
        }
    }
}
