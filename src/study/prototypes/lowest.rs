//! F1: whether coverage alone has the lowest error, by means as published, and by medians.

use super::claims::{Trial, above, all, clauses, digits, ends};
use super::mask::Mask;
use super::results::Run;
use super::runs::BOOTSTRAP_SEED;
use crate::measure::stats::{Interval, MedianBootstrap, mean_interval, median};
use crate::study::Claim;
use std::{format, string::String, vec::Vec};

/// What widens a 95 % interval to one that holds for some 40 comparisons together (Bonferroni: 3.24 standard errors, not 1.96).
const MANY: f64 = 1.65;

/// What is compared of many seeds.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Middle {
    /// As published. A few runs far out carry much of it.
    Mean,
    /// On which side most seeds are, however far out some may be.
    Median,
}

impl Middle {
    fn interval(self, values: &[f64]) -> Interval {
        match self {
            Middle::Mean => mean_interval(values, BOOTSTRAP_SEED),
            Middle::Median => MedianBootstrap::new(values.len(), BOOTSTRAP_SEED).interval(values),
        }
    }

    fn of(self, values: &[f64]) -> f64 {
        match self {
            Middle::Mean => values.iter().sum::<f64>() / values.len() as f64,
            Middle::Median => median(values),
        }
    }
}

/// The sizes at which coverage alone is below every rival, at which one cannot be told from it, and at which one is lower.
#[derive(Default)]
struct Standing {
    below: Vec<usize>,
    /// With the rivals.
    open: Vec<String>,
    beaten: Vec<String>,
    below_fit: Vec<usize>,
}

impl Trial<'_> {
    /// F1; `F1m` by medians.
    pub(super) fn lowest_error(&self, middle: Middle) -> Claim {
        let (mut parts, mut standing) = (Vec::new(), Standing::default());
        let (mut least, mut where_least) = (Interval { mid: f64::INFINITY, lo: 0.0, hi: 0.0 }, String::new());
        for n in self.sizes() {
            let rivals = self.rivals(n, middle);
            let (mut here, mut lower, mut level) = (Vec::new(), Vec::new(), Vec::new());
            for (mask, more) in rivals {
                if more.mid < least.mid {
                    (least, where_least) = (more, format!("{} at N = {n}", mask.name()));
                }
                // Above all others needs every interval; below one of so many would come by chance.
                let sure = |above: &bool| *above || more.mid + MANY * (more.hi - more.mid) < 0.0;
                let is_above = above(&more, 0.0).filter(sure);
                match is_above {
                    Some(false) => lower.push(mask.name()),
                    None => level.push(mask.name()),
                    Some(true) => {}
                }
                if mask == Mask::STD && is_above == Some(true) {
                    standing.below_fit.push(n);
                }
                here.push(is_above);
            }
            let part = match (lower.is_empty(), here.contains(&None)) {
                (false, _) => {
                    standing.beaten.push(format!("{} at N = {n}", named(&lower)));
                    Some(false)
                }
                (true, true) => {
                    standing.open.push(format!("{} at N = {n}", named(&level)));
                    None
                }
                (true, false) => {
                    standing.below.push(n);
                    Some(true)
                }
            };
            parts.push(part);
        }
        let measured = format!("{} ({where_least})", digits(least.mid));
        Claim {
            interval: ends(&least),
            verdict: all(&parts),
            why: standing.said(middle),
            ..middle.claim(measured)
        }
    }

    /// How much more E each other mask has than coverage alone, as a share of coverage's.
    fn rivals(&self, n: usize, middle: Middle) -> Vec<(Mask, Interval)> {
        let error = |run: &Run| run.error;
        let base = middle.of(&self.values(Mask::COV, n, error));
        let others = Mask::ALL.into_iter().filter(|mask| *mask != Mask::COV);
        let more = |mask| {
            let Interval { mid, lo, hi } = middle.interval(&self.differences(n, [mask, Mask::COV], error));
            (mask, Interval { mid: mid / base, lo: lo / base, hi: hi / base })
        };
        others.map(more).collect()
    }
}

impl Middle {
    /// The claim, but for what follows from the runs.
    fn claim(self, measured: String) -> Claim {
        let (id, claim, published, of) = match self {
            Middle::Mean => (
                "F1",
                "Coverage alone has the lowest mean error E at every N.",
                "lowest at all six sizes, over 10 runs",
                "the closest rival's E less coverage's, as a share of it",
            ),
            Middle::Median => (
                "F1m",
                "F1 by medians: at every N, coverage alone has a lower E than every other mask in most seeds.",
                "means alone",
                "the median of the closest rival's E less coverage's, as a share of it",
            ),
        };
        Claim {
            id: id.into(),
            claim: claim.into(),
            published: published.into(),
            measured: format!("{of}: {measured}"),
            interval: None,
            verdict: all(&[]),
            why: String::new(),
        }
    }
}

impl Standing {
    fn said(&self, middle: Middle) -> String {
        let mut parts = Vec::new();
        let below = clauses(&[("below every other mask", &self.below[..])]);
        parts.extend((!below.is_empty()).then_some(below));
        let rivals = [("not told apart from", &self.open), ("above", &self.beaten)];
        let rivals = rivals.into_iter().filter(|(_, rivals)| !rivals.is_empty());
        parts.extend(rivals.map(|(what, rivals)| format!("{what} {}", rivals.join(", "))));
        let fit = clauses(&[("below the fit alone", &self.below_fit[..])]);
        let fit = if fit.is_empty() { "nowhere surely below the fit alone".into() } else { fit };
        parts.push(fit);
        let (of, last) = match middle {
            Middle::Mean => (
                "means",
                " Differences are paired by seed; a rival counts as lower only if its interval, widened for all these comparisons, says \
                 so. Where E has runs far out, a mean says little of the others: see F1m.",
            ),
            Middle::Median => ("medians", ""),
        };
        format!("Coverage alone, by {of}: {}.{last}", parts.join("; "))
    }
}

/// One or two by name, more by their number.
fn named(masks: &[&str]) -> String {
    match masks.len() {
        1 | 2 => masks.join(" and "),
        count => format!("{count} masks"),
    }
}
