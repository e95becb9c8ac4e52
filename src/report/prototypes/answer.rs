//! What comes out of the study, in one paragraph.

use super::super::number::short_percent;
use super::tables::short;
use crate::study::Claim;
use crate::study::prototypes::{Cell, Mask, Results};
use std::{format, string::String, vec::Vec};

/// What holds, for one who reads no further. `None` where the nominal runs were not done.
pub(super) fn what_holds(results: &Results) -> Option<String> {
    let n = results.cells.iter().map(|cell| cell.n).max()?;
    let cell = |mask: Mask| results.cells.iter().find(|cell| cell.n == n && cell.mask == mask);
    let (alone, coverage) = (cell(Mask::STD)?, cell(Mask::COV)?);
    let (overlap, both) = (cell(Mask::OVL)?, cell(Mask::OVL_COV)?);
    let mut said = Vec::new();
    let of = |cell: &Cell| (short(cell.error.median), percent(cell.outside.mean));
    let [coverage, alone, overlap, both] = [coverage, alone, overlap, both].map(of);
    said.push(format!(
        "What holds: at N = {n} prototypes miss their points by a median E of {} with coverage alone, {} with the fit alone and {} with \
         overlap alone; {}, {} and {} of them end outside the points' hull. With coverage beside overlap {} still do.",
        coverage.0, alone.0, overlap.0, coverage.1, alone.1, overlap.1, both.1
    ));
    let claim = |id: &str| results.claims.iter().find(|claim| claim.id == id);
    let verdict = |claim: &Claim| claim.verdict.text();
    if let (Some(means), Some(medians)) = (claim("F1"), claim("F1m")) {
        said.push(format!(
            "Whether coverage alone has the lowest E at every N: {} by means, {} by medians. {}",
            verdict(means),
            verdict(medians),
            medians.why
        ));
    }
    if let Some(general) = claim("G") {
        said.push(format!(
            "That overlap expels is general, for other points and dimensions, too: {}.",
            verdict(general)
        ));
    }
    Some(said.join(" "))
}

/// A share in whole percent.
fn percent(share: f64) -> String {
    short_percent((share * 100.0).round() / 100.0)
}
