//! The search on speedups made up for it: no time is involved.

use std::vec;

use super::*;

const RESOLUTION: f64 = 0.01;
const FIRST: [f64; 5] = [0.02, 0.5, 0.8, 0.9, 0.99];

/// Searches as the measurement does, on `speedup` instead of times; also says how often it was asked.
fn search(mut speedup: impl FnMut(f64) -> Interval) -> (BreakEven, usize) {
    let mut tried: Vec<(f64, Interval)> = FIRST.map(|s| (s, speedup(s))).to_vec();
    while let Some(sparsity) = next(tried.iter().copied(), RESOLUTION) {
        assert!(tried.len() < 40, "it comes to an end: {tried:?}");
        assert!(tried.iter().all(|(known, _)| *known != sparsity), "{sparsity} twice");
        tried.push((sparsity, speedup(sparsity)));
    }
    (break_even(tried.iter().copied()), tried.len())
}

/// A sparse layer whose time falls with what is left, as fast as dense at `even`, and known to `noise`.
fn linear(even: f64, noise: f64) -> impl FnMut(f64) -> Interval {
    move |sparsity| {
        let mid = (1.0 - even) / (1.0 - sparsity);
        Interval { mid, lo: mid * (1.0 - noise), hi: mid * (1.0 + noise) }
    }
}

#[test]
fn without_noise_it_is_found_to_the_resolution() {
    for even in [0.021, 0.1234, 0.3, 0.499, 0.5001, 0.66, 0.8521, 0.9501, 0.98] {
        let (found, tries) = search(linear(even, 0.0));
        let BreakEven::Between { lo, hi } = found else { panic!("{even}: {found:?}") };
        assert!(lo < even && even < hi, "{even}: {lo} to {hi}");
        assert!(hi - lo <= RESOLUTION * 1.001, "{even}: {lo} to {hi}");
        assert!(tries <= FIRST.len() + 6, "{even}: {tries} tries");
    }
}

#[test]
fn what_is_too_close_to_call_is_inside_and_no_more() {
    // Within 3 % of even: from 0.279 to 0.3204 for 0.3.
    for noise in [0.005, 0.03, 0.1] {
        let (BreakEven::Between { lo, hi }, tries) = search(linear(0.3, noise)) else { panic!() };
        let (first, last) = (1.0 - 0.7 * (1.0 + noise), 1.0 - 0.7 * (1.0 - noise));
        assert!(lo <= first && first - lo <= RESOLUTION, "{noise}: {lo}, not {first}");
        assert!(last <= hi && hi - last <= RESOLUTION, "{noise}: {hi}, not {last}");
        assert!(tries <= FIRST.len() + 14, "{noise}: {tries} tries");
    }
}

#[test]
fn sparse_may_win_everywhere_or_nowhere() {
    assert_eq!(search(linear(0.0, 0.0)), (BreakEven::Below(0.02), FIRST.len()));
    assert_eq!(search(linear(0.995, 0.0)), (BreakEven::Above(0.99), FIRST.len()));
}

#[test]
fn an_end_in_doubt_is_said_to_be_open() {
    let (BreakEven::Between { lo, hi }, _) = search(linear(0.03, 0.05)) else { panic!() };
    assert_eq!(lo, 0.0, "even at the least sparsity, dense was not found faster");
    assert!((0.07..0.1).contains(&hi), "{hi}");
    let (BreakEven::Between { lo, hi }, _) = search(linear(0.989, 0.3)) else { panic!() };
    assert!((0.97..0.99).contains(&lo), "{lo}");
    assert_eq!(hi, 1.0, "even at the greatest sparsity, sparse was not found faster");
    let always_even = |_| Interval { mid: 1.0, lo: 0.9, hi: 1.1 };
    assert_eq!(search(always_even), (BreakEven::Between { lo: 0.0, hi: 1.0 }, FIRST.len()));
}

#[test]
fn an_outlier_widens_the_range_and_does_not_shift_it() {
    // Dense seems faster at 80 %, where it is not.
    let mut truth = linear(0.3, 0.0);
    let outlier = |sparsity: f64| match sparsity {
        0.8 => Interval { mid: 0.9, lo: 0.85, hi: 0.95 },
        _ => truth(sparsity),
    };
    let (BreakEven::Between { lo, hi }, _) = search(outlier) else { panic!() };
    assert!((0.29..0.3).contains(&lo) && (0.8..0.81).contains(&hi), "{lo} to {hi}");
}

#[test]
fn an_interval_that_touches_1_decides_nothing() {
    let touches = |lo, hi| vec![(0.5, Interval { mid: 1.0, lo, hi })];
    for (lo, hi) in [(1.0, 1.2), (0.8, 1.0), (1.0, 1.0)] {
        let open = BreakEven::Between { lo: 0.0, hi: 1.0 };
        assert_eq!(break_even(touches(lo, hi).into_iter()), open, "{lo} to {hi}");
    }
    assert_eq!(break_even(touches(1.001, 1.2).into_iter()), BreakEven::Below(0.5));
    assert_eq!(break_even(touches(0.8, 0.999).into_iter()), BreakEven::Above(0.5));
}
