//! What a study claims, beside what was measured: as a table, as sentences, and as HTML.

use super::super::grid::Grid;
use super::super::markup::escape;
use super::super::number::{NONE, exact, three_digits};
use crate::study::{Claim, Verdict};
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// The claims for a person at a terminal: published against measured, with the verdicts.
pub fn claims_grid(claims: &[Claim]) -> Grid {
    let mut grid = Grid::new(["", "claim", "published", "measured", "95 % interval", "verdict"]);
    for claim in claims {
        grid.push(vec![
            claim.id.clone(),
            claim.claim.clone(),
            claim.published.clone(),
            claim.measured.clone(),
            claim.interval.map_or(NONE.to_string(), range),
            claim.verdict.text().to_string(),
        ]);
    }
    grid.without_unknown_columns()
}

/// Why each verdict follows, a sentence per claim.
pub fn claims_reasons(claims: &[Claim]) -> Vec<String> {
    let reason = |claim: &Claim| format!("{} {}: {}", claim.id, claim.verdict.text(), claim.why);
    claims.iter().map(reason).collect()
}

/// The claims as a flat table of unrounded values, for programs.
pub fn claims_records(claims: &[Claim]) -> Grid {
    let mut grid =
        Grid::new(["id", "claim", "published", "measured", "interval_lo", "interval_hi", "verdict", "why"]);
    for claim in claims {
        let end = |end: usize| claim.interval.map_or(String::new(), |interval| exact(interval[end]));
        grid.push(vec![
            claim.id.clone(),
            claim.claim.clone(),
            claim.published.clone(),
            claim.measured.clone(),
            end(0),
            end(1),
            claim.verdict.text().to_string(),
            claim.why.clone(),
        ]);
    }
    grid
}

/// The claims on a page: each with a verdict that a sign, a colour and a word say alike. On a phone a claim's cells stand below each
/// other, under their names.
pub(crate) fn claims_html(claims: &[Claim]) -> String {
    let cell = |name: &str, text: &str| {
        format!(
            "<td data-name=\"{name}\">{}</td>",
            if text.is_empty() { NONE.to_string() } else { escape(text) }
        )
    };
    let row = |claim: &Claim| {
        let measured = match claim.interval {
            Some(interval) => format!("{} (95 % interval {})", claim.measured, range(interval)),
            None => claim.measured.clone(),
        };
        format!(
            "<tr id=\"claim-{0}\"><th scope=\"row\"><span>{0}</span> {1}</th>{2}{3}<td data-name=\"verdict\">{4}</td>{5}</tr>\n",
            escape(&claim.id),
            escape(&claim.claim),
            cell("published", &claim.published),
            cell("measured", &measured),
            verdict_html(claim.verdict),
            cell("why", &claim.why),
        )
    };
    let header = ["claim", "published", "measured", "verdict", "why"]
        .map(|name| format!("<th scope=\"col\">{name}</th>"))
        .concat();
    let rows: String = claims.iter().map(row).collect();
    format!("<table class=\"claims\">\n<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}</tbody></table>\n")
}

/// A verdict as a badge. The sign is drawn, for not every font has one.
pub(crate) fn verdict_html(verdict: Verdict) -> String {
    let (class, sign) = match verdict {
        Verdict::Holds => ("holds", "M4 8.5l3 3 5-6.5"),
        Verdict::HoldsInPart => ("in-part", "M4 9.5c1.5-4 3-3 4-1.5s2.5 2.5 4-1.5"),
        Verdict::DoesNotHold => ("does-not-hold", "M5 5l6 6M11 5l-6 6"),
        Verdict::Undecided => ("undecided", "M6 6.2c0-3 4.4-2.6 4.2 0-.1 1.6-2.2 1.6-2.2 3.2M8 11.6v.6"),
    };
    format!(
        "<span class=\"verdict {class}\"><svg viewBox=\"0 0 16 16\" aria-hidden=\"true\"><circle cx=\"8\" cy=\"8\" r=\"8\"/>\
         <path d=\"{sign}\"/></svg>{}</span>",
        verdict.text()
    )
}

/// The ends of an interval: `0.012 to 0.034`, for either may be negative.
pub(crate) fn range([lo, hi]: [f64; 2]) -> String {
    format!("{} to {}", three_digits(lo), three_digits(hi))
}
