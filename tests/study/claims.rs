//! What runs say of the claims of the prototype study: runs are made up, verdicts known.

use prunella::study::prototypes::{Input, Mask, Run, claims};
use prunella::study::{Claim, Verdict};

const SIZES: [usize; 2] = [10, 100];
const SEEDS: u64 = 30;

/// A run as the study claims it: coverage best, overlap expels, separation in between. Seeds spread it by a tenth.
fn as_claimed(mask: Mask, n: usize, seed: u64) -> Run {
    let spread = 0.95 + 0.1 * ((seed * 7 + mask.bits().len() as u64) % 10) as f64 / 10.0;
    let (error, outside, specialization) = match (mask.overlap, mask.coverage, mask.separation) {
        (true, _, _) => (5.0, 1.0, 0.02),
        (_, true, false) => (0.1, 0.1, 0.9),
        (_, true, true) => (0.2, 0.2, 0.8),
        (_, false, true) => (0.3, 0.3, 0.5),
        _ => (0.4, 0.25, 0.4),
    };
    Run {
        mask,
        n,
        d: 1,
        seed,
        input: Input::Uniform,
        error: error * spread,
        specialization: specialization * spread,
        specialization_by_activation: specialization * spread,
        outside: if outside == 1.0 { 1.0 } else { outside * spread },
        fit: 1e-6 * spread,
    }
}

/// The claims of all runs, each changed by `change`; separation with a large reach leaves `far` outside.
fn claimed(far: f64, change: impl Fn(&mut Run)) -> Vec<Claim> {
    let each =
        |n: usize| Mask::ALL.into_iter().flat_map(move |mask| (0..SEEDS).map(move |seed| (mask, n, seed)));
    let mut runs: Vec<Run> =
        SIZES.into_iter().flat_map(each).map(|(mask, n, seed)| as_claimed(mask, n, seed)).collect();
    runs.iter_mut().for_each(change);
    let far = |seed| Run { outside: far, ..as_claimed(Mask::SEP, 100, seed) };
    claims(&runs, &(0..SEEDS).map(far).collect::<Vec<Run>>())
}

#[track_caller]
fn check(claims: &[Claim], id: &str, verdict: Verdict) {
    let claim = claims.iter().find(|claim| claim.id == id).unwrap();
    assert_eq!(claim.verdict, verdict, "{claim:?}");
    let [lo, hi] = claim.interval.unwrap();
    assert!(lo <= hi && lo.is_finite(), "{claim:?}");
}

#[test]
fn what_is_as_claimed_holds() {
    let found = claimed(0.9, |_| {});
    for id in ["F1", "F2", "F3", "F4"] {
        check(&found, id, Verdict::Holds);
    }
    // Coverage does not bring back what overlap expels.
    check(&found, "P", Verdict::HoldsInPart);
    check(
        &claimed(0.9, |run| run.outside *= if run.mask == Mask::OVL_COV { 0.3 } else { 1.0 }),
        "P",
        Verdict::Holds,
    );
}

#[test]
fn a_rival_decides_the_first_claim() {
    let rival = |sizes: &'static [usize], times: f64| {
        claimed(0.9, move |run| {
            if run.mask == Mask::COV_SEP && sizes.contains(&run.n) {
                run.error *= times;
            }
        })
    };
    check(&rival(&[10], 0.4), "F1", Verdict::HoldsInPart);
    check(&rival(&SIZES, 0.4), "F1", Verdict::DoesNotHold);
    // As low in the mean, higher in one half of the seeds and lower in the other.
    let tie = claimed(0.9, |run| {
        if run.mask == Mask::COV_SEP && run.n == 10 {
            run.error *= if run.seed < SEEDS / 2 { 0.4 } else { 0.6 };
        }
    });
    check(&tie, "F1", Verdict::Undecided);
}

#[test]
fn specialisation_must_rise_everywhere() {
    let same = |sizes: &'static [usize], share: f64| {
        claimed(0.9, move |run| {
            if run.mask == Mask::COV && sizes.contains(&run.n) {
                run.specialization = share;
            }
        })
    };
    check(&same(&[10], 0.1), "F2", Verdict::HoldsInPart);
    check(&same(&[10], 0.4 * 0.995), "F2", Verdict::Undecided);
}

#[test]
fn every_part_of_the_third_claim_counts() {
    let parts: [fn(&mut Run); 4] = [
        |run| run.outside = run.outside.min(0.9),
        |run| run.error = 0.1,
        |run| run.specialization = 0.5,
        |run| run.fit *= if run.mask.overlap { 10.0 } else { 1.0 },
    ];
    for part in parts {
        check(&claimed(0.9, part), "F3", Verdict::HoldsInPart);
    }
    check(
        &claimed(0.9, |run| run.outside = 0.3 - if run.mask.overlap { 0.1 } else { 0.0 }),
        "F3",
        Verdict::DoesNotHold,
    );
}

#[test]
fn separation_expels_at_a_large_tau_only() {
    check(&claimed(0.4, |_| {}), "F4", Verdict::HoldsInPart);
    let near = claimed(0.9, |run| run.outside = run.outside.max(0.8));
    check(&near, "F4", Verdict::HoldsInPart);
    let both = claimed(0.4, |run| run.outside = run.outside.max(0.8));
    check(&both, "F4", Verdict::DoesNotHold);
}
