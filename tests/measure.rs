//! Measuring: the rounds are what they claim to be, and the intervals hold what they promise.
#![cfg(feature = "std")]

use std::cell::RefCell;

use proptest::prelude::*;
use prunella::measure::stats::{MedianBootstrap, median, quantile, sorted};
use prunella::measure::{Environment, Interval, Plan, Samples, Subject, choose, measure};
use prunella::rng::Rng;

/// One call a sample, so that every call can be foretold.
const SINGLE_CALLS: Plan = Plan { rounds: 20, target_sample_ns: 0, budget_ns: u64::MAX, seed: 7 };

/// Calls of the warm-up under `SINGLE_CALLS`: three visits of one untimed and one timed call.
const WARM_UP_CALLS: usize = 6;

fn measure_quietly(subjects: &mut [Subject<'_>], plan: &Plan) -> Samples {
    measure(subjects, plan, &mut |_, _| {})
}

/// The order in which three subjects were called, each with its call index, after the warm-up.
fn calls_of_three(plan: &Plan) -> Vec<(usize, usize)> {
    let log = RefCell::new(Vec::new());
    let record = |subject| {
        let log = &log;
        Subject::new("", move |call| log.borrow_mut().push((subject, call)))
    };
    measure_quietly(&mut [record(0), record(1), record(2)], plan);
    log.into_inner().split_off(3 * WARM_UP_CALLS)
}

#[test]
fn every_subject_is_visited_once_a_round_with_an_untimed_call_first() {
    let calls = calls_of_three(&SINGLE_CALLS);
    assert_eq!(calls.len(), SINGLE_CALLS.rounds * 3 * 2);
    for (round, visits) in calls.chunks(3 * 2).enumerate() {
        let mut visits: Vec<_> = visits.chunks(2).map(|visit| [visit[0], visit[1]]).collect();
        visits.sort_unstable();
        let expected = [0, 1, 2].map(|subject| [(subject, 2 * round), (subject, 2 * round + 1)]);
        assert_eq!(visits, expected, "round {round}");
    }
}

#[test]
fn the_order_is_drawn_anew_each_round_and_decided_by_the_seed() {
    let order = |seed| -> Vec<Vec<usize>> {
        let calls = calls_of_three(&Plan { seed, ..SINGLE_CALLS });
        calls.chunks(6).map(|round| round.iter().step_by(2).map(|&(subject, _)| subject).collect()).collect()
    };
    let mut distinct = order(1);
    distinct.sort_unstable();
    distinct.dedup();
    assert!(distinct.len() >= 4, "20 rounds saw only the orders {distinct:?}");
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
}

#[test]
fn the_call_index_never_skips_or_repeats_an_input() {
    let calls = RefCell::new(Vec::new());
    let plan = Plan { target_sample_ns: 2_000, ..SINGLE_CALLS };
    measure_quietly(&mut [Subject::new("", |call| calls.borrow_mut().push(call))], &plan);
    let calls = calls.into_inner();
    let start = calls.iter().rposition(|&call| call == 0).expect("the rounds begin at 0");
    assert!(start >= WARM_UP_CALLS, "{start}");
    let rounds = &calls[start..];
    assert_eq!(rounds.len() % plan.rounds, 0);
    assert!(rounds.iter().copied().eq(0..rounds.len()));
}

#[test]
fn rounds_are_counted_for_the_caller() {
    for (rounds, budget_ns, expected) in [(20, u64::MAX, 20), (20, 0, 15), (4, 0, 4), (0, u64::MAX, 1)] {
        let mut seen = Vec::new();
        let plan = Plan { rounds, budget_ns, ..SINGLE_CALLS };
        let mut progress = |done, total| seen.push((done, total));
        let samples = measure(&mut [Subject::new("", |_| {})], &plan, &mut progress);
        assert_eq!(samples.summary(0).samples_ns.len(), expected);
        assert!(seen.into_iter().eq((1..=expected).map(|done| (done, expected))));
    }
}

#[test]
fn without_subjects_there_is_nothing_to_time() {
    measure_quietly(&mut [], &SINGLE_CALLS);
}

#[test]
fn even_an_empty_call_has_a_ratio() {
    let samples =
        measure_quietly(&mut [Subject::new("", |_| {}), Subject::new("", |_| {})], &Plan::default());
    let Interval { mid, lo, hi } = samples.ratio(0, 1);
    assert!(lo > 0.0 && lo <= mid && mid <= hi && hi.is_finite(), "{lo} {mid} {hi}");
}

#[test]
fn the_faster_candidate_is_chosen() {
    // By clocks of their own, so that nothing else has a say.
    let taking = |call_ns: f64| Subject::self_timed("", move |_, calls| call_ns * calls as f64);
    let (slow, quick) = (|| taking(500.0), || taking(499.0));
    assert_eq!(choose(&mut [slow(), quick(), slow()], 100_000), 1);
    assert_eq!(choose(&mut [quick(), slow()], 100_000), 0);
    assert_eq!(choose(&mut [slow()], 0), 0);
}

#[test]
fn a_choice_without_a_budget_is_two_rounds() {
    let counts = [RefCell::new(0), RefCell::new(0)];
    let mut candidates = counts.each_ref().map(|count| Subject::new("", move |_| *count.borrow_mut() += 1));
    choose(&mut candidates, 0);
    drop(candidates);
    assert_eq!(counts.map(RefCell::into_inner), [4, 4]);
}

#[test]
fn quantiles_are_of_type_7() {
    let values = [1.0, 2.0, 3.0, 4.0];
    let expected = [(0.0, 1.0), (0.25, 1.75), (0.5, 2.5), (0.9, 3.7), (1.0, 4.0), (-1.0, 1.0), (2.0, 4.0)];
    for (q, value) in expected {
        assert!((quantile(&values, q) - value).abs() < 1e-12, "{q}: {}", quantile(&values, q));
    }
    assert_eq!(quantile(&[5.0], 0.9), 5.0);
    assert!(quantile(&[], 0.5).is_nan());
}

#[test]
fn medians_of_known_values() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
    assert!(median(&[]).is_nan());
    assert_eq!(sorted(&[3.0, 1.0, 2.0]), [1.0, 2.0, 3.0]);
}

#[test]
fn intervals_of_known_values() {
    let interval = |values: &[f64]| MedianBootstrap::new(values.len(), 1).interval(values);
    assert_eq!(interval(&[7.0]), Interval { mid: 7.0, lo: 7.0, hi: 7.0 });
    // A median of two draws is 1 or 3 with probability 1/4 each, of three draws 1 or 3 with 7/27 each.
    assert_eq!(interval(&[3.0, 1.0]), Interval { mid: 2.0, lo: 1.0, hi: 3.0 });
    assert_eq!(interval(&[3.0, 1.0, 2.0]), Interval { mid: 2.0, lo: 1.0, hi: 3.0 });
    // Of an even number the middle two count: 10 is both of them once in 115 resamples, one of them in 19.
    assert_eq!(interval(&[0.0, 0.0, 10.0, 0.0, 0.0, 0.0]), Interval { mid: 0.0, lo: 0.0, hi: 5.0 });
    assert_eq!(interval(&[10.0, 10.0, 0.0, 10.0, 10.0, 10.0]), Interval { mid: 10.0, lo: 5.0, hi: 10.0 });
    assert!(interval(&[]).mid.is_nan() && interval(&[]).lo.is_nan());
}

/// The bootstrap distribution of the median of an odd number of values can be calculated: the median of the
/// resample is at most rank k if more than half of the draws are.
#[test]
fn intervals_agree_with_the_exact_bootstrap() {
    for n in [15_usize, 51, 101] {
        let exact = |tail: f64| (0..n).find(|&k| at_most_rank(n, k) >= tail).unwrap() as f64;
        let ranks: Vec<f64> = (0..n).map(|rank| rank as f64).collect();
        for seed in 0..20 {
            let interval = MedianBootstrap::new(n, seed).interval(&ranks);
            assert!((interval.lo - exact(0.025)).abs() <= 1.0, "n {n}, seed {seed}: {interval:?}");
            assert!((interval.hi - exact(0.975)).abs() <= 1.0, "n {n}, seed {seed}: {interval:?}");
        }
    }
}

/// P(the median of `n` draws from ranks 0..n is at most `k`) = P(Binomial(n, (k + 1) / n) > n / 2).
fn at_most_rank(n: usize, k: usize) -> f64 {
    let p = (k + 1) as f64 / n as f64;
    let choose = |j: usize| (0..j).map(|i| ((n - i) as f64 / (j - i) as f64).ln()).sum::<f64>();
    let term = |j: usize| (choose(j) + j as f64 * p.ln()).exp() * (1.0 - p).powi((n - j) as i32);
    (n / 2 + 1..=n).map(term).sum()
}

/// An interval that says 95 % must hold the truth about that often; neither an interval too narrow nor one so
/// wide that it is always right passes.
#[test]
fn intervals_cover_the_true_median_as_often_as_they_say() {
    for n in [31, 100] {
        let covered = (0..500).filter(|&trial| {
            let mut rng = Rng::new(1_000 + trial);
            // Exponential, as skewed as timings are; its median is ln 2.
            let mut draw = || -((1 + rng.below(1 << 30)) as f64 / (1 << 30) as f64).ln();
            let values: Vec<f64> = (0..n).map(|_| draw()).collect();
            let interval = MedianBootstrap::new(n, trial).interval(&values);
            interval.lo <= 2_f64.ln() && 2_f64.ln() <= interval.hi
        });
        let covered = covered.count();
        assert!((450..=495).contains(&covered), "{covered} of 500 intervals of {n} values");
    }
}

proptest! {
    #[test]
    fn an_interval_holds_its_median_and_lies_within_the_values(
        values in prop::collection::vec(1.0..1e9_f64, 1..80), seed: u64,
    ) {
        let Interval { mid, lo, hi } = MedianBootstrap::new(values.len(), seed).interval(&values);
        let ascending = sorted(&values);
        prop_assert_eq!(mid, median(&values));
        prop_assert!(lo <= mid && mid <= hi, "{} {} {}", lo, mid, hi);
        prop_assert!(ascending[0] <= lo && hi <= ascending[values.len() - 1]);
    }

    #[test]
    fn an_interval_scales_with_its_values(
        values in prop::collection::vec(1.0..1e9_f64, 1..80), power in -20..20_i32, seed: u64,
    ) {
        // A power of two, which rounds nothing.
        let factor = 2_f64.powi(power);
        let bootstrap = MedianBootstrap::new(values.len(), seed);
        let Interval { mid, lo, hi } = bootstrap.interval(&values);
        let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
        let expected = Interval { mid: mid * factor, lo: lo * factor, hi: hi * factor };
        prop_assert_eq!(bootstrap.interval(&scaled), expected);
    }

    #[test]
    fn an_interval_does_not_depend_on_the_order_and_repeats(
        values in prop::collection::vec(1.0..1e9_f64, 1..80), seed: u64,
    ) {
        let interval = MedianBootstrap::new(values.len(), seed).interval(&values);
        let reversed: Vec<f64> = values.iter().rev().copied().collect();
        prop_assert_eq!(MedianBootstrap::new(values.len(), seed).interval(&reversed), interval);
    }
}

#[test]
fn the_environment_names_the_build_and_the_kernels() {
    let environment = Environment::detect("portable", &["portable", "avx2"], 2);
    assert_eq!(environment.isa, "portable");
    assert_eq!(environment.isa_available, ["portable", "avx2"]);
    assert_eq!(environment.threads, 2);
    assert_eq!(environment.version, env!("CARGO_PKG_VERSION"));
    assert!(environment.rustc.starts_with("rustc 1."), "{}", environment.rustc);
    assert!(environment.cpu_cores >= 1);
    let commit = environment.commit.strip_suffix("-dirty").unwrap_or(&environment.commit);
    let is_hash = commit.len() >= 12 && commit.chars().all(|digit| digit.is_ascii_hexdigit());
    assert!(is_hash || environment.commit == "unknown", "{}", environment.commit);
}

#[cfg(feature = "cli")]
#[test]
fn the_environment_is_written_under_the_names_of_the_schema() {
    let json = serde_json::to_value(Environment::detect("portable", &["portable"], 1)).unwrap();
    for key in [
        "cpu",
        "isa",
        "isa_available",
        "threads",
        "version",
        "commit",
        "rustc",
        "target_features",
        "cpu_family",
    ] {
        assert!(json.get(key).is_some(), "no {key} in {json}");
    }
}
