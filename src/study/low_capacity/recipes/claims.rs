//! The account: what it takes.

use super::{RecipeSummary, Smallest, TOLERANCE, smallest, smallest_for_all, table};
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
    let change = |of: &&Smallest| of.recipe.test_change;
    let worst = chosen.iter().min_by(|a, b| change(a).total_cmp(&change(b)))?;
    let verdict = verdict(&chosen);
    let recipe = &worst.recipe;
    Some(Claim {
        id: format!("kept-{level}"),
        claim: format!(
            "F1 stays within {TOLERANCE} % of that of the dense network when {level} % of the weights are really removed."
        ),
        published:
            "within 0.03 %, without any training afterwards (read as percent, which the code does not do)"
                .into(),
        measured: format!(
            "with the smallest recipe that is enough, the largest loss of F1 on the test images is {:.2} %: {}, h = {}, {}",
            -recipe.test_change, recipe.pair, recipe.hidden, recipe.recipe
        ),
        interval: Some(recipe.test_interval),
        verdict,
        why: why(table, &chosen, level),
    })
}

/// From the intervals on the test images: whether each lies above the tolerance.
fn verdict(chosen: &[Smallest]) -> Verdict {
    let holds = chosen.iter().filter(|of| of.recipe.test_interval[0] > -TOLERANCE).count();
    let fails = chosen.iter().filter(|of| of.recipe.test_interval[1] < -TOLERANCE).count();
    match (holds, fails) {
        (holds, _) if holds == chosen.len() => Verdict::Holds,
        (0, fails) if fails == chosen.len() => Verdict::DoesNotHold,
        (0, 0) => Verdict::Undecided,
        _ => Verdict::HoldsInPart,
    }
}

fn why(table: &[RecipeSummary], chosen: &[Smallest], level: f64) -> String {
    let enough = chosen.iter().filter(|of| of.is_enough).count();
    let kept = chosen.iter().filter(|of| of.recipe.keeps()).count();
    let seeds = chosen.iter().map(|of| of.recipe.seeds).min().unwrap_or(0);
    let mut sentences = vec![format!(
        "Of {} pairs and widths, {enough} have a recipe that is enough by the validation examples, and {kept} keep their mean F1 on \
         the test images, over {seeds} seeds, against a dense network given the same updates.",
        chosen.len(),
    )];
    let all = smallest_for_all(table, level);
    sentences.extend(all.first().map(|row| {
        format!(
            "The smallest that is enough everywhere is {}, {} passes over the training images.",
            row.recipe, row.passes
        )
    }));
    let as_published =
        table.iter().filter(|row| row.level == level && row.recipe == super::Recipe::PUBLISHED.name());
    let losses: Vec<f64> = as_published.map(|row| -row.test_change).collect();
    if let Some(least) = losses.iter().copied().reduce(f64::min) {
        sentences.push(format!("Trained and pruned as published the loss is {least:.1} % or more."));
    }
    sentences.join(" ")
}
