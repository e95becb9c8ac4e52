//! What the numbers say, in sentences. Nothing is claimed that an interval does not support.

use super::number::{format_percent, format_speedup, interval, largest};
use super::pivot::{DENSE, Level, Pivot, Verdict, forms, is_dense};
use super::result::{NoiseFloor, ResultRow};
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// The loss of accuracy, as a share, that still counts as keeping it: half a point.
const TOLERATED_LOSS: f64 = 0.005;

/// Half a point is rarely half a point in binary; no test set is large enough to tell the difference.
const ROUNDING: f64 = 1e-9;

/// Outputs further from the oracle than this, relative to the largest logit, are not called verified.
const VERIFIED_DIFF: f64 = 1e-4;

/// The least share of predictions that must be the oracle's.
const VERIFIED_AGREEMENT: f64 = 0.9999;

/// The level that a summary quotes: the sparsest that keeps the accuracy, else the mildest; without accuracies to
/// weigh, the sparsest of all.
pub(crate) fn quoted_level<'a>(pivot: &Pivot<'a>) -> Option<Level<'a>> {
    let Some(dense) = pivot.dense_accuracy() else { return pivot.levels.last().copied() };
    let keeps = |level: &&Level| {
        pivot.accuracy(**level).is_some_and(|accuracy| dense - accuracy < TOLERATED_LOSS + ROUNDING)
    };
    let any_known = pivot.levels.iter().any(|level| pivot.accuracy(*level).is_some());
    let fallback = if any_known { pivot.levels.first() } else { pivot.levels.last() };
    pivot.levels.iter().rev().find(keeps).or(fallback).copied()
}

/// The answer in one or two sentences. Empty if nothing pruned was measured.
pub(crate) fn answer(pivot: &Pivot) -> String {
    let Some(quoted) = quoted_level(pivot) else { return String::new() };
    let mildest = pivot.levels[0];
    // Without an accuracy to set the price, quoting the sparsest level alone would be quoting the best number.
    let ends = if pivot.accuracy(quoted).is_none() && mildest != quoted {
        vec![mildest, quoted]
    } else {
        vec![quoted]
    };
    let sentences: Vec<String> = ends.into_iter().map(|level| level_sentence(pivot, level)).collect();
    sentences.join(" ")
}

/// For each batch size, from which sparsity on pruning pays.
pub(crate) fn worth(pivot: &Pivot) -> Vec<String> {
    // Sparsities of different structures are not steps of one staircase.
    if pivot.structured || pivot.levels.len() < 2 {
        return Vec::new();
    }
    let mut findings: Vec<(String, Vec<usize>)> = Vec::new();
    for &batch in &pivot.batches {
        let Some(finding) = worth_at(pivot, batch) else { continue };
        match findings.iter_mut().find(|(known, _)| *known == finding) {
            Some((_, batches)) => batches.push(batch),
            None => findings.push((finding, vec![batch])),
        }
    }
    let sentence =
        |(finding, batches): (String, Vec<usize>)| format!("At batch {}, {finding}.", listed(&batches));
    findings.into_iter().map(sentence).collect()
}

/// How the outputs were checked, and what came of it.
pub(crate) fn verification(rows: &[ResultRow]) -> String {
    let worst = largest(rows.iter().map(|row| row.max_abs_diff));
    let agreement = -largest(rows.iter().map(|row| -row.agreement));
    // Rounded down: 99.999 % must not read as all.
    let agreed = match agreement {
        1.0 => "every predicted class is the oracle's".to_string(),
        _ => format!(
            "{} of predicted classes are the oracle's",
            format_percent((agreement * 1e4).floor() / 1e4)
        ),
    };
    let found = format!(
        "the largest difference from the f64 oracle is {worst:.1e} of the largest logit, and {agreed}"
    );
    if worst <= VERIFIED_DIFF && agreement >= VERIFIED_AGREEMENT {
        format!("Verified: before anything was timed, every output was checked; {found}.")
    } else {
        format!("NOT VERIFIED: {found}. The times above are of a network that computes something else.")
    }
}

/// What the noise floor is, for a reader who meets the term here.
pub(crate) fn noise(pivot: &Pivot) -> String {
    let at = |&batch: &usize| {
        let NoiseFloor { lo, hi } = pivot.noise_floor(batch);
        format!("{}x at batch {batch}", interval(*lo, *hi))
    };
    let quoted = |&batch: &usize| {
        pivot.levels.iter().filter_map(move |&level| pivot.row(batch, level, pivot.headline))
    };
    let same_work = pivot.batches.iter().flat_map(quoted).any(is_dense);
    let floors: Vec<String> = pivot.batches.iter().map(at).collect();
    format!(
        "Noise floor (the dense network against a copy of itself): {}. A speedup counts where its interval is \
         clear of that and of 1{}.",
        listed(&floors),
        if same_work { ", and a layer runs sparse: all dense is the dense network's work" } else { "" }
    )
}

/// What `auto` chose, for each batch size where that is not simply what `csr` is.
pub(crate) fn choices(pivot: &Pivot) -> Vec<String> {
    if pivot.structured {
        return Vec::new();
    }
    let sentence = |&batch: &usize| Some(format!("auto at batch {batch}: {}.", choices_at(pivot, batch)?));
    pivot.batches.iter().filter_map(sentence).collect()
}

fn level_sentence(pivot: &Pivot, level: Level) -> String {
    let mut clauses = Vec::new();
    if let (Some(dense), Some(pruned)) = (pivot.dense_accuracy(), pivot.accuracy(level)) {
        clauses.push(accuracy_clause(dense, pruned));
    }
    for verdict in [Verdict::Faster, Verdict::Same, Verdict::Slower] {
        let timed = pivot.batches.iter().filter_map(|&batch| pivot.row(batch, level, pivot.headline));
        let rows: Vec<&ResultRow> = timed.filter(|row| pivot.verdict(row) == verdict).collect();
        if !rows.is_empty() {
            clauses.push(speed_clause(verdict, &rows));
        }
    }
    format!("At {} sparsity the network {}.", pivot.name(level), listed(&clauses))
}

fn accuracy_clause(dense: f64, pruned: f64) -> String {
    let points = format!("{:.2}", (pruned - dense).abs() * 100.0);
    let values = format!("({} to {})", format_percent(dense), format_percent(pruned));
    if points == "0.00" {
        format!("keeps its accuracy ({})", format_percent(pruned))
    } else if pruned < dense {
        format!("loses {points} points of accuracy {values}")
    } else {
        format!("gains {points} points of accuracy {values}")
    }
}

fn speed_clause(verdict: Verdict, rows: &[&ResultRow]) -> String {
    let at = |row: &&ResultRow| {
        let range = interval(row.speedup_lo, row.speedup_hi);
        let run = if is_dense(row) { ", run dense" } else { "" };
        format!("{} ({range}{run}) at batch {}", format_speedup(row.speedup), row.batch)
    };
    let places = listed(&rows.iter().map(at).collect::<Vec<_>>());
    match verdict {
        Verdict::Faster => format!("is faster: {places}"),
        Verdict::Same => format!("shows no measurable difference in speed: {places}"),
        Verdict::Slower => format!("is slower: {places}"),
    }
}

/// `dense up to 80 %; csr from 90 % on`; `None` if there is nothing to tell.
fn choices_at(pivot: &Pivot, batch: usize) -> Option<String> {
    let mut runs: Vec<(String, Vec<Level>)> = Vec::new();
    for &level in &pivot.levels {
        let Some(auto) = pivot.row(batch, level, "auto") else { continue };
        let choice = choice(auto, pivot.row(batch, level, "csr"));
        match runs.last_mut() {
            Some((same, levels)) if *same == choice => levels.push(level),
            _ => runs.push((choice, vec![level])),
        }
    }
    let part = |(i, (choice, levels)): (usize, &(String, Vec<Level>))| {
        let (first, last) = (pivot.name(levels[0]), pivot.name(levels[levels.len() - 1]));
        match levels.len() {
            1 => format!("{choice} at {first}"),
            _ if runs.len() == 1 => format!("{choice} at every sparsity"),
            _ if i == 0 => format!("{choice} up to {last}"),
            _ if i == runs.len() - 1 => format!("{choice} from {first} on"),
            _ => format!("{choice} from {first} to {last}"),
        }
    };
    let parts: Vec<String> = runs.iter().enumerate().map(part).collect();
    runs.iter().any(|(choice, _)| choice != "csr").then(|| parts.join("; "))
}

/// A plan in a word, where there is one for it.
fn choice(auto: &ResultRow, csr: Option<&ResultRow>) -> String {
    if is_dense(auto) {
        DENSE.to_string()
    } else if csr.is_some_and(|csr| forms(csr).eq(forms(auto))) {
        "csr".to_string()
    } else {
        forms(auto).collect::<Vec<_>>().join(",")
    }
}

fn worth_at(pivot: &Pivot, batch: usize) -> Option<String> {
    let timed =
        pivot.levels.iter().filter_map(|&level| Some((level, pivot.row(batch, level, pivot.headline)?)));
    let verdicts: Vec<(Level, Verdict)> = timed.map(|(level, row)| (level, pivot.verdict(row))).collect();
    let pays: Vec<String> =
        verdicts.iter().filter(|(_, v)| *v == Verdict::Faster).map(|(level, _)| pivot.name(*level)).collect();
    let below = verdicts.iter().position(|(_, v)| *v == Verdict::Faster).unwrap_or(verdicts.len());
    Some(match below {
        _ if verdicts.is_empty() => return None,
        0 if pays.len() == verdicts.len() => "pruning pays at every sparsity measured".to_string(),
        _ if pays.is_empty() => format!("pruning {} at any sparsity measured", unpaid(&verdicts)),
        _ if pays.len() == verdicts.len() - below => {
            format!("pruning pays from {} sparsity on; below that it {}", pays[0], unpaid(&verdicts[..below]))
        }
        _ => format!("pruning pays only at {} sparsity", listed(&pays)),
    })
}

/// What pruning does where it does not pay.
fn unpaid(verdicts: &[(Level, Verdict)]) -> &'static str {
    match verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Same) {
        true => "makes no measurable difference",
        false => "is not worth it",
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    match items.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
