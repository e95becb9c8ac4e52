//! The verdicts of the prototype study, on runs that are made up.

use prunella::study::prototypes::{Input, Mask, Run, claims};
use prunella::study::{Claim, Verdict};

/// Runs of every mask at one size, `seeds` of them, whose E is `error(mask, seed)`.
fn made_up(seeds: u64, error: impl Fn(Mask, u64) -> f64) -> Vec<Run> {
    let run = |mask: Mask, seed: u64| Run {
        mask,
        n: 10,
        d: 1,
        seed,
        input: Input::Uniform,
        error: error(mask, seed),
        specialization: if mask.coverage { 0.6 } else { 0.4 + 0.01 * (seed % 3) as f64 },
        specialization_by_activation: 0.5,
        outside: if mask.overlap { 0.9 } else { 0.3 + 0.01 * (seed % 5) as f64 },
        fit: 1e-4,
    };
    Mask::ALL
        .iter()
        .flat_map(|&mask| (0..seeds).map(move |seed| (mask, seed)))
        .map(|(m, s)| run(m, s))
        .collect()
}

fn verdict(claims: &[Claim], id: &str) -> (Verdict, String) {
    let claim = claims.iter().find(|claim| claim.id == id).unwrap();
    (claim.verdict, claim.why.clone())
}

#[test]
fn verdicts_follow_from_the_sides_that_intervals_lie_on() {
    let wobble = |seed: u64| 0.001 * (seed % 7) as f64;
    let coverage_best = |mask: Mask, seed| if mask == Mask::COV { 0.1 } else { 0.2 } + wobble(seed);
    let runs = made_up(40, coverage_best);
    let far = |outside: f64| -> Vec<Run> {
        runs.iter().filter(|run| run.mask == Mask::SEP).map(|run| Run { outside, ..*run }).collect()
    };
    let told = claims(&runs, &far(0.8));
    for (id, wanted) in [
        ("F1", Verdict::Holds),
        ("F1m", Verdict::Holds),
        ("F2", Verdict::Holds),
        ("F3", Verdict::HoldsInPart),
        ("F4", Verdict::Holds),
        ("P", Verdict::DoesNotHold),
    ] {
        let (verdict, why) = verdict(&told, id);
        assert!(verdict == wanted || (id == "P" && verdict != Verdict::Holds), "{id} {verdict:?}: {why}");
        assert!(!why.contains("none") && !why.contains("= ;") && !why.contains("= ."), "{why}");
    }
    // Half outside is not expelled.
    assert_eq!(verdict(&claims(&runs, &far(0.45)), "F4").0, Verdict::HoldsInPart);
    assert_eq!(verdict(&claims(&runs, &far(0.55)), "F4").0, Verdict::Holds);

    // A run in twenty far out: the mean says nothing any more, the median what it said.
    let tail = |mask: Mask, seed: u64| if mask == Mask::COV && seed % 20 == 3 { 9.0 } else { 0.0 };
    let told = claims(&made_up(40, |mask, seed| coverage_best(mask, seed) + tail(mask, seed)), &far(0.8));
    assert_eq!(verdict(&told, "F1").0, Verdict::Undecided, "{:?}", verdict(&told, "F1"));
    assert_eq!(verdict(&told, "F1m").0, Verdict::Holds, "{:?}", verdict(&told, "F1m"));

    // A rival that is lower for sure.
    let rival = |mask: Mask, seed| if mask == Mask::SEP { 0.05 } else { coverage_best(mask, seed) };
    let (found, why) = verdict(&claims(&made_up(40, rival), &far(0.8)), "F1");
    assert!(found == Verdict::DoesNotHold && why.contains("above Sep at N = 10"), "{found:?}: {why}");
    // As good as the rest: nothing is decided.
    let same = made_up(40, |mask, seed| 0.2 + wobble(seed + u64::from(mask == Mask::COV) * 3));
    assert_eq!(verdict(&claims(&same, &far(0.8)), "F1").0, Verdict::Undecided);
}

/// Where overlap does all that F3 says, by a little; then a part of it by a little less.
#[test]
fn each_part_of_expulsion_counts_from_its_threshold_on() {
    let with = |change: &dyn Fn(&mut Run)| {
        let mut runs = made_up(400, |mask, _| if mask.overlap { 0.21 } else { 0.2 });
        for run in runs.iter_mut().filter(|run| run.mask.overlap) {
            // In 58 of 100 runs all are outside.
            let outside = if run.seed % 100 < 58 { 1.0 } else { 0.9 };
            *run = Run { outside, specialization: 0.09, fit: 1.9e-4, ..*run };
            change(run);
        }
        verdict(&claims(&runs, &[]), "F3")
    };
    let (found, why) = with(&|_| {});
    assert_eq!(found, Verdict::Holds, "{why}");
    type Change = fn(&mut Run);
    let changes: [(&str, Change); 4] = [
        ("in most runs all are outside", |run| {
            run.outside = if run.seed % 100 < 42 { 1.0 } else { 0.9 };
        }),
        ("E is higher than with it", |run| run.error = 0.19),
        ("specialisation goes below 0.1", |run| run.specialization = 0.11),
        ("the fit is within twice that of the fit alone", |run| run.fit = 2.1e-4),
    ];
    for (part, change) in changes {
        let (found, why) = with(&change);
        assert!(found == Verdict::HoldsInPart && why.contains(&format!("does not hold: {part}")), "{why}");
    }
    let (found, why) = with(&|run| run.outside = 0.2);
    assert_eq!(found, Verdict::DoesNotHold, "without expulsion, nothing is left of it: {why}");
}

/// The interval of a rival is widened for the number of comparisons: 1.5 half-widths below 0 are not enough, 1.8 are.
#[test]
fn a_rival_that_may_be_lower_by_chance_is_not_said_to_be() {
    // Of 40 seeds, half 1 above and half 1 below the mean: the standard error is 0.158, the half-width 0.31.
    let half_width = 1.96 / 40.0f64.sqrt();
    let found = |half_widths: f64| {
        let runs = made_up(40, |mask, seed| match mask {
            Mask::COV => 10.0,
            Mask::SEP => 10.0 - half_widths * half_width + if seed % 2 == 0 { 1.0 } else { -1.0 },
            _ => 20.0,
        });
        verdict(&claims(&runs, &[]), "F1")
    };
    assert_eq!(found(1.5).0, Verdict::Undecided, "{}", found(1.5).1);
    assert_eq!(found(1.8).0, Verdict::DoesNotHold, "{}", found(1.8).1);
}
