//! The gradient of sixteen small Gaussian networks side by side, one in each position of a line.
//!
//! A network has as many hidden neurons as there are points: `h_ij = exp(-sum_d z_ijd^2)` with `z_ijd = w_jd x_id + b_jd`, and
//! gives `f_i = sum_j a_j h_ij + c`. Its prototypes are `p_jd = -b_jd / w_jd`. What is minimised is
//!
//! ```text
//! mean_i (f_i - y_i)^2
//!   + overlap     mean over j != k of sum_i u_ij u_ik,  u = h / sqrt(n), or each column h_j divided by its length |h_j|
//!   + coverage    mean_i -tau log sum_j exp(-|x_i - p_j|^2 / tau),  or mean_i 1 - max_j h_ij
//!   + separation  mean over j != k of exp(-|p_j - p_k|^2 / tau)
//! ```
//!
//! With the networks in the lanes nothing is ever added across lanes, no number of neurons leaves lanes idle, and a network has
//! the same bits whatever runs beside it. The order of the loops keeps the sums in registers:
//!
//! ```text
//! for two points i at a time, for j: h_ij, stored; f_i += a_j h_ij, s_i += h_ij       (here)
//! for j, for i: dh_ij = 2/n (f_i - y_i) a_j + overlap (s_i - h_ij);  da_j, db_j, dw_j (here)
//! for two points i at a time, coverage: the distances of all p_j, their soft minimum, dp (in `structure`)
//! for j < k: dp_j and dp_k from separation; then db and dw from dp                    (in `structure`)
//! ```
//!
//! With all of this row by row, for two points at a time, the sums over the points are loaded and stored again and again: at 100
//! neurons, where they do not fit L1 beside the rest, that took twice as long (Zen 5). Overlap takes one sum a row, not all
//! pairs: the others' activations are `s_i - h_ij`.
//!
//! No windows over sorted prototypes, which would skip the pairs too far apart for separation. Of `2.5 n^2` exponentials, activations
//! and coverage have `n^2` each and separation `n^2 / 2`: without any of its pairs a fifth would be saved, and nothing where a mask
//! is without it. And as every network has an order of its own, a window needs one network's neurons in the lanes: at tau = 2e-4
//! exp(-16) is reached 0.06 apart, where 100 neurons on [0, 1] have 6 to one side, not 16.

mod structure;

use super::exp::exp_minus;
use crate::simd::Simd;
use crate::view::Line;

/// The distance of two lines in f32.
const LINE: usize = Line::LEN;

/// What is asked for; each pointer is to lines, one value for each network.
pub(crate) struct Networks {
    /// Points, and neurons: at least 1.
    pub(crate) n: usize,
    /// Coordinates: at least 1.
    pub(crate) d: usize,
    /// `[d, n]`.
    pub(crate) x: *const f32,
    /// `[n]`.
    pub(crate) y: *const f32,
    /// w `[n, d]`, b `[n, d]`, a `[n]`, c `[1]`.
    pub(crate) parameters: *const f32,
    /// The same.
    pub(crate) gradient: *mut f32,
    /// `[1]`: the mean squared error.
    pub(crate) fit: *mut f32,
    /// `[3]`: what the structural losses are multiplied by.
    pub(crate) lambda: *const f32,
    pub(crate) overlap: OverlapTerm,
    pub(crate) coverage: CoverageTerm,
    /// The reach, or none.
    pub(crate) separation: Option<f32>,
    /// The least |w| that a prototype is divided by.
    pub(crate) guard: f32,
    /// [`scratch_lines`] lines.
    pub(crate) scratch: *mut f32,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum OverlapTerm {
    None,
    Product,
    Cosine,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum CoverageTerm {
    None,
    SoftMinimum(f32),
    LargestActivation,
}

/// Points that go through the neurons together: what belongs to the neurons is loaded half as often.
const ROWS: usize = 2;

/// Vectors of `[n]` in the scratch.
const VECTORS: usize = 6;

/// Lines of scratch: p and dp `[n, d]`, h `[n neurons, n points]`, [`VECTORS`] and [`ROWS`] vectors.
pub(crate) fn scratch_lines(n: usize, d: usize) -> Option<usize> {
    let per_neuron = d.checked_mul(2)?.checked_add(n)?.checked_add(VECTORS + ROWS)?;
    n.checked_mul(per_neuron)
}

/// The pointers of one register's worth of networks.
#[derive(Clone, Copy)]
struct Place {
    x: *const f32,
    y: *const f32,
    w: *const f32,
    b: *const f32,
    a: *const f32,
    c: *const f32,
    dw: *mut f32,
    db: *mut f32,
    da: *mut f32,
    dc: *mut f32,
    lambda: *const f32,
    /// `[n, d]`.
    p: *mut f32,
    dp: *mut f32,
    /// `[n neurons, n points]`.
    h: *mut f32,
    /// For each point: the slope of the fit along f; the sum of the activations, each times its neuron's factor; the largest.
    slope: *mut f32,
    s: *mut f32,
    largest: *mut f32,
    /// For each point: dh h, with one neuron at a time.
    t: *mut f32,
    /// For the cosine, for each neuron: the factors of s and of h in dh.
    of_s: *mut f32,
    of_h: *mut f32,
    /// `[n, ROWS]`.
    e: *mut f32,
}

impl Place {
    /// The networks from position `at` of a line on.
    fn new(p: &Networks, at: usize) -> Place {
        let (n, nd) = (p.n, p.n * p.d);
        let parameters = p.parameters.wrapping_add(at);
        let gradient = p.gradient.wrapping_add(at);
        let scratch = |line: usize| p.scratch.wrapping_add(at + line * LINE);
        let vector = |v: usize| scratch(2 * nd + n * n + v * n);
        Place {
            x: p.x.wrapping_add(at),
            y: p.y.wrapping_add(at),
            w: parameters,
            b: parameters.wrapping_add(nd * LINE),
            a: parameters.wrapping_add(2 * nd * LINE),
            c: parameters.wrapping_add((2 * nd + n) * LINE),
            dw: gradient,
            db: gradient.wrapping_add(nd * LINE),
            da: gradient.wrapping_add(2 * nd * LINE),
            dc: gradient.wrapping_add((2 * nd + n) * LINE),
            lambda: p.lambda.wrapping_add(at),
            p: scratch(0),
            dp: scratch(nd),
            h: scratch(2 * nd),
            slope: vector(0),
            s: vector(1),
            largest: vector(2),
            t: vector(3),
            of_s: vector(4),
            of_h: vector(5),
            e: vector(VECTORS),
        }
    }
}

/// # Safety
/// The machine has the instruction set, and line `k` is readable.
#[inline(always)]
unsafe fn get<S: Simd>(from: *const f32, k: usize) -> S::V {
    // SAFETY: the caller's promise.
    unsafe { S::load(from.add(k * LINE)) }
}

/// # Safety
/// The machine has the instruction set, and line `k` is writable.
#[inline(always)]
unsafe fn put<S: Simd>(to: *mut f32, k: usize, v: S::V) {
    // SAFETY: the caller's promise.
    unsafe { S::store(to.add(k * LINE), v) }
}

/// The gradient of all sixteen networks, and their fit.
///
/// # Safety
/// The machine has the instruction set, and the operands reach over their shapes.
#[inline(always)]
pub(crate) unsafe fn gradient<S: Simd>(p: &Networks) {
    for at in (0..LINE).step_by(S::LANES) {
        let place = Place::new(p, at);
        // SAFETY: the caller's promise; `at` + LANES is at most a line. One coordinate is compiled apart: no loops over it.
        unsafe {
            match p.d {
                1 => register::<S, 1>(p, &place, at),
                _ => register::<S, 0>(p, &place, at),
            }
        }
    }
}

/// # Safety
/// As [`gradient`]; `place` is of `p` and of position `at`; `D` is the number of coordinates, or 0 for any.
#[inline(always)]
unsafe fn register<S: Simd, const D: usize>(p: &Networks, place: &Place, at: usize) {
    // SAFETY: the caller's promise, for lines that Networks says are there.
    unsafe {
        if p.overlap == OverlapTerm::Cosine {
            columns::<S, D>(p, place);
        }
        let (mut fit, mut dc, mut i) = (S::splat(0.0), S::splat(0.0), 0);
        while i < p.n {
            let rows = if i + ROWS <= p.n { ROWS } else { 1 };
            match rows {
                ROWS => forward::<S, D, ROWS>(p, place, i),
                _ => forward::<S, D, 1>(p, place, i),
            }
            for i in i..i + rows {
                let error = S::sub(get::<S>(place.slope, i), get::<S>(place.y, i));
                fit = S::fma(error, error, fit);
                let slope = S::mul(error, S::splat(2.0 / p.n as f32));
                dc = S::add(dc, slope);
                put::<S>(place.slope, i, slope);
            }
            i += rows;
        }
        put::<S>(p.fit.add(at), 0, S::mul(fit, S::splat(1.0 / p.n as f32)));
        put::<S>(place.dc, 0, dc);
        for j in 0..p.n {
            backward::<S>(p, place, j);
        }
        structure::prototypes::<S, D>(p, place);
    }
}

/// `h_ij` of one neuron for one point.
///
/// # Safety
/// As [`register`].
#[inline(always)]
unsafe fn activation<S: Simd>(p: &Networks, place: &Place, d: usize, (i, j): (usize, usize)) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let mut y = S::splat(0.0);
        for k in 0..d {
            let (w, b) = (get::<S>(place.w, j * d + k), get::<S>(place.b, j * d + k));
            let z = S::fma(w, get::<S>(place.x, k * p.n + i), b);
            y = S::fma(z, z, y);
        }
        exp_minus::<S>(y)
    }
}

/// h, f (left where the slope will be), s and the largest activation of `R` points from `i` on.
///
/// # Safety
/// As [`register`]; the points are there.
#[inline(always)]
unsafe fn forward<S: Simd, const D: usize, const R: usize>(p: &Networks, place: &Place, i: usize) {
    let d = if D == 0 { p.d } else { D };
    // SAFETY: the caller's promise.
    unsafe {
        let (mut f, mut s, mut largest) = ([get::<S>(place.c, 0); R], [S::splat(0.0); R], [S::splat(0.0); R]);
        for j in 0..p.n {
            let a = get::<S>(place.a, j);
            for r in 0..R {
                let h = match p.overlap {
                    OverlapTerm::Cosine => get::<S>(place.h, j * p.n + i + r),
                    _ => activation::<S>(p, place, d, (i + r, j)),
                };
                put::<S>(place.h, j * p.n + i + r, h);
                f[r] = S::fma(a, h, f[r]);
                s[r] = S::add(s[r], h);
                if p.coverage == CoverageTerm::LargestActivation {
                    largest[r] = S::max(h, largest[r]);
                }
            }
        }
        for r in 0..R {
            put::<S>(place.slope, i + r, f[r]);
            put::<S>(place.largest, i + r, largest[r]);
            if p.overlap != OverlapTerm::Cosine {
                put::<S>(place.s, i + r, s[r]);
            }
        }
    }
}

/// From the slopes along the activations of neuron `j` to its da, db and dw.
///
/// # Safety
/// As [`register`], after [`forward`] of all points.
#[inline(always)]
unsafe fn backward<S: Simd>(p: &Networks, place: &Place, j: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let a = get::<S>(place.a, j);
        let overlap = S::mul(get::<S>(place.lambda, 0), S::splat(overlap_factor(p)));
        let (of_s, of_h) = match p.overlap {
            OverlapTerm::Cosine => {
                (S::mul(overlap, get::<S>(place.of_s, j)), S::mul(overlap, get::<S>(place.of_h, j)))
            }
            _ => (overlap, overlap),
        };
        let share = S::mul(get::<S>(place.lambda, 1), S::splat(1.0 / p.n as f32));
        let mut da = S::splat(0.0);
        for i in 0..p.n {
            let (h, slope) = (get::<S>(place.h, j * p.n + i), get::<S>(place.slope, i));
            da = S::fma(slope, h, da);
            let mut dh = S::mul(slope, a);
            if p.overlap != OverlapTerm::None {
                dh = S::fma(of_s, get::<S>(place.s, i), S::sub(dh, S::mul(of_h, h)));
            }
            if p.coverage == CoverageTerm::LargestActivation {
                dh = S::sub(dh, S::select_lt(h, get::<S>(place.largest, i), S::splat(0.0), share));
            }
            put::<S>(place.t, i, S::mul(dh, h));
        }
        put::<S>(place.da, j, da);
        for k in 0..p.d {
            let (w, b) = (get::<S>(place.w, j * p.d + k), get::<S>(place.b, j * p.d + k));
            let (mut dw, mut db) = (S::splat(0.0), S::splat(0.0));
            for i in 0..p.n {
                let x = get::<S>(place.x, k * p.n + i);
                let dz = S::mul(get::<S>(place.t, i), S::fma(w, x, b));
                db = S::add(db, dz);
                dw = S::fma(dz, x, dw);
            }
            // dh/dz = -2 z h.
            put::<S>(place.dw, j * p.d + k, S::mul(S::splat(-2.0), dw));
            put::<S>(place.db, j * p.d + k, S::mul(S::splat(-2.0), db));
        }
    }
}

/// The slope of the overlap along h, but for the others' activations.
fn overlap_factor(p: &Networks) -> f32 {
    let (n, others) = (p.n as f32, p.n.saturating_sub(1).max(1) as f32);
    match p.overlap {
        OverlapTerm::None => 0.0,
        OverlapTerm::Product => 2.0 / (n * n * others),
        OverlapTerm::Cosine => 2.0 / (n * others),
    }
}

/// For the cosine, ahead of the rest: all activations; `s_i = sum_j h_ij / |h_j|`; and for each neuron the factors of s and of
/// h in the slope, `1 / |h_j|` and `sum_i s_i h_ij / |h_j|^3`. A neuron that is 0 everywhere has no direction, and no slope.
///
/// # Safety
/// As [`register`].
#[inline(always)]
unsafe fn columns<S: Simd, const D: usize>(p: &Networks, place: &Place) {
    let (n, d) = (p.n, if D == 0 { p.d } else { D });
    // SAFETY: the caller's promise.
    unsafe {
        let (zero, one) = (S::splat(0.0), S::splat(1.0));
        for i in 0..n {
            put::<S>(place.s, i, zero);
        }
        for j in 0..n {
            let mut square = zero;
            for i in 0..n {
                let h = activation::<S>(p, place, d, (i, j));
                put::<S>(place.h, j * n + i, h);
                square = S::fma(h, h, square);
            }
            let inverse =
                S::select_lt(S::splat(f32::MIN_POSITIVE), square, S::div(one, S::sqrt(square)), zero);
            put::<S>(place.of_s, j, inverse);
            for i in 0..n {
                let s = S::fma(get::<S>(place.h, j * n + i), inverse, get::<S>(place.s, i));
                put::<S>(place.s, i, s);
            }
        }
        for j in 0..n {
            let mut dot = zero;
            for i in 0..n {
                dot = S::fma(get::<S>(place.s, i), get::<S>(place.h, j * n + i), dot);
            }
            let inverse = get::<S>(place.of_s, j);
            put::<S>(place.of_h, j, S::mul(dot, S::mul(inverse, S::mul(inverse, inverse))));
        }
    }
}
