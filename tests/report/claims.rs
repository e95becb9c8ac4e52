//! The table of claims: what a terminal and a program get.

use prunella::report::{Summary, claims_grid, claims_reasons, claims_records};
use prunella::study::{Claim, Verdict};

fn claims() -> Vec<Claim> {
    let claim = |id: &str, verdict, interval| {
        Claim {
        id: id.into(),
        claim: "Coverage alone has the lowest mean reconstruction error at every width".into(),
        published: "lowest of the eight masks at all six widths".into(),
        measured: "largest difference from the best other mask, at N = 10".into(),
        interval,
        verdict,
        why: "the interval has zero inside, for coverage with separation ties with it, which more seeds may tell".into(),
    }
    };
    vec![
        claim("F1", Verdict::Undecided, Some([-0.00123456, 0.0204])),
        claim("F2", Verdict::Holds, Some([0.125, 17.0])),
        claim("F3", Verdict::DoesNotHold, None),
    ]
}

#[test]
fn long_claims_fit_a_terminal_and_lose_no_word() {
    let grid = claims_grid(&claims());
    let text = grid.text();
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.lines().count() > 4, "the claims go on in lines of their own:\n{text}");
    let words = |text: &str| {
        let mut words: Vec<String> = text.split([',', ' ', '\n', '"']).map(String::from).collect();
        words.retain(|word| !word.is_empty());
        words.sort();
        words
    };
    assert_eq!(words(&text), words(&grid.csv()), "the same words, broken into lines or not");
    assert!(text.contains("-0.00123 to 0.0204") && text.contains("does not hold"), "{text}");
}

#[test]
fn a_program_gets_the_ends_of_the_interval_unrounded() {
    let csv = claims_records(&claims()).csv();
    assert!(csv.starts_with("id,claim,published,measured,interval_lo,interval_hi,verdict,why\n"), "{csv}");
    assert!(csv.contains(",-0.00123456,0.0204,undecided,"), "{csv}");
    assert!(csv.contains(",,,does not hold,"), "no interval, no ends: {csv}");
}

#[test]
fn each_reason_says_whose_it_is() {
    let reasons = claims_reasons(&claims());
    assert!(reasons[2].starts_with("F3 does not hold: the interval has zero inside"), "{}", reasons[2]);
    let summary = Summary { notes: reasons, ..Summary::default() };
    assert!(summary.text().lines().all(|line| line.chars().count() <= 100));
}
