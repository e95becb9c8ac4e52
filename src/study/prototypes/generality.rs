//! Whether what overlap does is general.

use super::claims::{all, digits};
use super::mask::Mask;
use super::results::SettlingRow;
use crate::study::{Claim, Verdict};
use std::{format, string::String, vec::Vec};

/// Whether what overlap does is seen on all kinds of points, and the plain answer.
pub(super) fn generality(rows: &[SettlingRow]) -> (Claim, String) {
    let part = |row: &SettlingRow| match row.expels {
        Verdict::Holds => Some(true),
        Verdict::DoesNotHold => Some(false),
        _ => None,
    };
    let verdict = all(&rows.iter().map(part).collect::<Vec<_>>());
    let least = weakest(rows);
    let answer = plain_answer(verdict, rows);
    let claim = Claim {
        id: "G".into(),
        claim: "Expulsion by overlap is general, not an artefact of uniform points on a line.".into(),
        published: "not tested; named by the paper's reviewers as what would settle it".into(),
        measured: least.map_or_else(String::new, |row| {
            let excess = digits(row.expulsion.mean);
            format!("the smallest excess outside over the fit alone: {excess} ({})", kind(row))
        }),
        interval: least.map(|row| [row.expulsion.lo, row.expulsion.hi]),
        verdict,
        why: answer.clone(),
    };
    (claim, answer)
}

fn plain_answer(verdict: Verdict, rows: &[SettlingRow]) -> String {
    let mut answer = String::from(match verdict {
        Verdict::Holds => {
            "Expulsion by overlap is general, not an artefact of uniform points on a line: on every kind of points tried, more \
             prototypes end outside the hull than with the fit alone."
        }
        Verdict::DoesNotHold => "Expulsion by overlap is seen on none of the kinds of points tried.",
        Verdict::HoldsInPart => "Expulsion by overlap is seen on some kinds of points and not on others.",
        Verdict::Undecided => "The seeds do not decide whether expulsion by overlap is general.",
    });
    let said = [
        ("It expels on", Verdict::Holds),
        ("It does not on", Verdict::DoesNotHold),
        ("Undecided:", Verdict::Undecided),
    ];
    // Where all are alike, the sentence above has said it.
    for (what, wanted) in said.into_iter().filter(|_| verdict != Verdict::Holds) {
        let kinds: Vec<String> = rows.iter().filter(|row| row.expels == wanted).map(kind).collect();
        if !kinds.is_empty() {
            answer += &format!(" {what} {}.", kinds.join(", "));
        }
    }
    let of = |mask: Mask| {
        let cells = rows.iter().flat_map(|row| &row.cells).filter(move |cell| cell.mask == mask);
        let ends = |(lo, hi): (f64, f64), mean: f64| (lo.min(mean), hi.max(mean));
        let (lo, hi) = cells.map(|cell| cell.outside.mean).fold((f64::INFINITY, 0.0), ends);
        format!("{} to {}", digits(lo), digits(hi))
    };
    if let Some(row) = weakest(rows) {
        let (excess, before) = (digits(row.expulsion.mean), digits(row.outside_before));
        answer += &format!(
            " It is weakest on {}: {excess} more, where {before} are outside before training.",
            kind(row)
        );
    }
    let back = match rows.iter().all(|row| row.attracts == Verdict::Holds) {
        true => ", where coverage brings a part back everywhere",
        false => "",
    };
    answer
        + &format!(
            " The share outside is {} with the fit alone, {} under overlap, and {} under overlap with coverage{back}.",
            of(Mask::STD),
            of(Mask::OVL),
            of(Mask::OVL_COV)
        )
}

/// Where overlap expels the least.
fn weakest(rows: &[SettlingRow]) -> Option<&SettlingRow> {
    rows.iter().min_by(|a, b| a.expulsion.mean.total_cmp(&b.expulsion.mean))
}

fn kind(row: &SettlingRow) -> String {
    format!("{} {}-D", row.input.name(), row.d)
}
