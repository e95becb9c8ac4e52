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
