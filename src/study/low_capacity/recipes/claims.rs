//! The account: what it takes.

use super::{Recipe, RecipeSummary, Smallest, TOLERANCE, smallest, smallest_for_all, table};
use crate::study::low_capacity::Findings;
use crate::study::{Claim, Verdict};
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

/// The levels that are answered for, in percent.
pub const LEVELS: [f64; 2] = [95.0, 99.0];

/// One claim for each of [`LEVELS`] of which something was measured.
pub fn claims(findings: &Findings) -> Vec<Claim> {
    let table = table(&findings.pruning);
    LEVELS.into_iter().filter_map(|level| claim(&table, level)).collect()
}

fn claim(table: &[RecipeSummary], level: f64) -> Option<Claim> {
    let chosen = smallest(table, level);
    // One recipe for all, if there is one: ten choices, each the smallest of many, would flatter themselves.
    let stated = match smallest_for_all(table, level) {
        one if one.is_empty() => chosen.iter().map(|of| of.recipe.clone()).collect(),
        one => one,
    };
    let worst = stated.iter().min_by(|a, b| a.test_change.total_cmp(&b.test_change))?;
    let is_one = stated.iter().all(|row| row.recipe == worst.recipe);
    let which = if is_one { "with one recipe for all" } else { "with the best recipe for each" };
    Some(Claim {
        id: format!("kept-{level}"),
        claim: format!(
            "F1 stays within {TOLERANCE} % of that of the dense network when {level} % of the weights are really removed."
        ),
        published:
            "within 0.03 %, without any training afterwards (read as percent, which the code does not do)"
                .into(),
        measured: format!(
            "{which} the largest loss of mean F1 on the test images is {:.2} %: {}, h = {}, {}",
            -worst.test_change, worst.pair, worst.hidden, worst.recipe
        ),
        interval: Some(worst.test_interval),
        verdict: verdict(&stated),
        why: why(table, (&chosen, &stated), level),
    })
}

/// From the intervals on the test images: whether each lies above the tolerance.
fn verdict(stated: &[RecipeSummary]) -> Verdict {
    let holds = stated.iter().filter(|row| row.test_interval[0] > -TOLERANCE).count();
    let fails = stated.iter().filter(|row| row.test_interval[1] < -TOLERANCE).count();
    match (holds, fails) {
        (holds, _) if holds == stated.len() => Verdict::Holds,
        (0, fails) if fails == stated.len() => Verdict::DoesNotHold,
        (0, 0) => Verdict::Undecided,
        _ => Verdict::HoldsInPart,
    }
}

fn why(table: &[RecipeSummary], (chosen, stated): (&[Smallest], &[RecipeSummary]), level: f64) -> String {
    let kept = stated.iter().filter(|row| row.keeps()).count();
    let enough = chosen.iter().filter(|of| of.is_enough).count();
    let kept_each = chosen.iter().filter(|of| of.is_enough && of.recipe.keeps()).count();
    let seeds = stated.iter().map(|row| row.seeds).min().unwrap_or(0);
    let passes = stated.iter().map(|row| row.passes).max().unwrap_or(0);
    let sure = stated.iter().filter(|row| row.test_interval[0] > -TOLERANCE).count();
    let mut sentences = vec![
        format!(
            "Chosen by the validation examples, it keeps the mean F1 on the test images for {kept} of {} pairs and widths, over {seeds} \
             seeds, against a dense network given the same updates: {passes} passes over the training images at most. For {sure} of \
             them the whole interval is within the {TOLERANCE} %.",
            stated.len(),
        ),
        format!(
            "Chosen for each by itself, {enough} have a recipe that is enough, the smallest of which keeps it on the test images for \
             {kept_each}."
        ),
    ];
    let published = Recipe::PUBLISHED.name();
    let as_published = table.iter().filter(|row| row.level == level && row.recipe == published);
    if let Some(least) = as_published.map(|row| -row.test_change).reduce(f64::min) {
        sentences.push(format!("Trained and pruned as published the loss is {least:.1} % or more."));
    }
    sentences.join(" ")
}
