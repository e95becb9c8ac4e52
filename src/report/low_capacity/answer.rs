//! The study in a few sentences: what holds, what does not, what it takes, what it is worth.

use super::LowCapacityReport;
use super::contest::{Contests, tally};
use super::recipes::{answer as recipe_answer, table_of};
use crate::study::low_capacity::recipes::LEVELS;
use crate::study::{Claim, Verdict};
use std::{format, string::String, vec::Vec};

/// A sentence for each part that was done.
pub(super) fn answer(report: &LowCapacityReport, contests: &Contests) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(verdicts(&report.claims));
    sentences.extend(pruned(&report.claims));
    let table = table_of(report);
    sentences.extend(LEVELS.iter().filter_map(|&level| recipe_answer(&table, level)));
    sentences.extend(worth(contests));
    let inside = report
        .claims
        .iter()
        .find(|claim| claim.id == "saliency-agreement")
        .map(|claim| claim.measured.as_str());
    sentences.extend(inside.map(|measured| format!("Inside it is another network: {measured}.")).filter(
        |_| {
            report.claims.iter().any(|of| of.id == "saliency-agreement" && of.verdict == Verdict::DoesNotHold)
        },
    ));
    sentences
}

/// `Of 15 claims 5 hold (...), ...`
fn verdicts(claims: &[Claim]) -> Option<String> {
    let all = [Verdict::Holds, Verdict::HoldsInPart, Verdict::DoesNotHold, Verdict::Undecided];
    let part = |verdict: &Verdict| {
        let own: Vec<&str> =
            claims.iter().filter(|claim| claim.verdict == *verdict).map(|claim| claim.id.as_str()).collect();
        (!own.is_empty()).then(|| format!("{}: {} ({})", verdict.text(), own.len(), own.join(", ")))
    };
    let parts: Vec<String> = all.iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| format!("Claims: {}.", parts.join("; ")))
}

/// Both readings of the pruning level.
fn pruned(claims: &[Claim]) -> Option<String> {
    let of = |id: &str| Some(claims.iter().find(|claim| claim.id == id)?.measured.clone());
    let [percent, hundredth] = ["pruning-percent", "pruning-hundredth"].map(of);
    Some(format!(
        "Pruned in one shot, never trained again: as the text says it, {}; as the published code does it, {}.",
        percent?, hundredth?
    ))
}

/// Whether pruning is above the curve of smaller dense networks.
pub(super) fn worth(contests: &Contests) -> Option<String> {
    let (measured, cautious) = (tally(&contests.winners), tally(&contests.cautious));
    let all = measured.pruned + measured.dense + measured.undecided;
    (all > 0).then(|| {
        let is_above = match (2 * measured.pruned > all, 2 * cautious.pruned > all) {
            (true, true) => "Pruning is mostly above the curve of smaller dense networks",
            (true, false) => "Pruning is mostly above the curve of smaller dense networks, but often by no more than luck may be",
            _ => "Pruning is mostly not above the curve of smaller dense networks",
        };
        let at_most = contests.cautious.iter().filter_map(|winner| winner.gain).fold(0.0, f64::max);
        let best = if at_most > 1.0 { format!(", {at_most:.1} times as fast at best") } else { String::new() };
        format!(
            "{is_above}: of {all} accuracies that those have, a pruned network is faster at {}, a smaller dense one at {}, and {} \
             {} too close to call; where pruned networks must be more accurate by two standard errors, {} are left{best}.",
            measured.pruned,
            measured.dense,
            measured.undecided,
            if measured.undecided == 1 { "is" } else { "are" },
            cautious.pruned
        )
    })
}
