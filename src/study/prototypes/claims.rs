//! What the study claims, decided by intervals over seeds.

use super::mask::Mask;
use super::results::{Run, SettlingRow};
use super::runs::BOOTSTRAP_SEED;
use crate::measure::stats::{Interval, mean_interval};
use crate::study::{Claim, Verdict};
use std::{format, string::String, vec, vec::Vec};

/// A fit is as good up to this many times the other.
const AS_GOOD: f64 = 2.0;
/// More than this share outside counts as expelled.
const EXPELLED: f64 = 0.5;
/// Below this, the specialisation ratio "goes to 0".
const NEAR_ZERO: f64 = 0.1;

/// F1 to F4 and the principle, decided by `runs`: every mask with every seed at some sizes. `far`: separation alone with a reach of
/// 0.1 at the largest of them.
pub fn claims(runs: &[Run], far: &[Run]) -> Vec<Claim> {
    Trial { runs, far }.claims()
}

/// What widens a 95 % interval to one that holds for some 40 comparisons together (Bonferroni: 3.24 standard errors, not 1.96).
const MANY: f64 = 1.65;

/// Every run of one definition.
struct Trial<'a> {
    runs: &'a [Run],
    /// Separation alone with a large reach, at the largest size.
    far: &'a [Run],
}

/// Which side of `threshold` an interval lies on: above, below, or it has the threshold inside.
fn above(interval: &Interval, threshold: f64) -> Option<bool> {
    match (interval.lo > threshold, interval.hi < threshold) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// What follows for a claim that says all of these.
fn all(parts: &[Option<bool>]) -> Verdict {
    let has = |wanted: Option<bool>| parts.contains(&wanted);
    match (has(Some(true)), has(Some(false)), has(None)) {
        (true, false, false) => Verdict::Holds,
        (true, true, _) => Verdict::HoldsInPart,
        (false, true, _) => Verdict::DoesNotHold,
        _ => Verdict::Undecided,
    }
}

fn ends(interval: &Interval) -> Option<[f64; 2]> {
    Some([interval.lo, interval.hi])
}

/// Three digits, as `0.0123` or `1.2e-5`.
pub(super) fn digits(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if !(1e-3..1e4).contains(&size) => format!("{value:.1e}"),
        size => format!("{value:.*}", (2 - size.log10().floor() as i32).clamp(0, 5) as usize),
    }
}

fn range(interval: &Interval) -> String {
    format!("{} ({} to {})", digits(interval.mid), digits(interval.lo), digits(interval.hi))
}

impl Trial<'_> {
    fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.runs.iter().map(|run| run.n).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    fn largest(&self) -> usize {
        self.runs.iter().map(|run| run.n).max().unwrap_or(0)
    }

    /// A measure of every run of a mask and size, by seed.
    fn values(&self, mask: Mask, n: usize, of: fn(&Run) -> f64) -> Vec<f64> {
        self.runs.iter().filter(|run| run.mask == mask && run.n == n).map(of).collect()
    }

    fn mean(&self, mask: Mask, n: usize, of: fn(&Run) -> f64) -> Interval {
        mean_interval(&self.values(mask, n, of), BOOTSTRAP_SEED)
    }

    /// The mean over seeds of `join` of both masks' measures.
    fn paired(&self, n: usize, masks: [Mask; 2], of: fn(&Run) -> f64, join: fn(f64, f64) -> f64) -> Interval {
        let [a, b] = masks.map(|mask| self.values(mask, n, of));
        let joined: Vec<f64> = a.into_iter().zip(b).map(|(a, b)| join(a, b)).collect();
        mean_interval(&joined, BOOTSTRAP_SEED)
    }

    /// The mean over seeds of how much more the first mask has than the second.
    fn more(&self, n: usize, masks: [Mask; 2], of: fn(&Run) -> f64) -> Interval {
        self.paired(n, masks, of, |a, b| a - b)
    }

    /// The geometric mean over seeds of how many times as much the first mask has as the second.
    fn times(&self, n: usize, masks: [Mask; 2], of: fn(&Run) -> f64) -> Interval {
        let logs = self.paired(n, masks, of, |a, b| (a.max(TINY) / b.max(TINY)).ln());
        Interval { mid: logs.mid.exp(), lo: logs.lo.exp(), hi: logs.hi.exp() }
    }

    fn claims(&self) -> Vec<Claim> {
        vec![self.lowest_error(), self.specialised(), self.expelled(), self.separation(), self.principle()]
    }

    fn lowest_error(&self) -> Claim {
        let error = |run: &Run| run.error;
        let mut parts = Vec::new();
        let (mut least, mut where_least) = (Interval { mid: f64::INFINITY, lo: 0.0, hi: 0.0 }, String::new());
        let (mut sure, mut ties, mut beaten) = (Vec::new(), Vec::new(), Vec::new());
        let is_above_coverage = |n: &usize| self.more(*n, [Mask::STD, Mask::COV], error).lo > 0.0;
        let below_fit: Vec<usize> = self.sizes().into_iter().filter(is_above_coverage).collect();
        for n in self.sizes() {
            let base = self.mean(Mask::COV, n, error).mid;
            let mut here = Vec::new();
            for mask in Mask::ALL.into_iter().filter(|mask| *mask != Mask::COV) {
                let Interval { mid, lo, hi } = self.more(n, [mask, Mask::COV], error);
                let relative = Interval { mid: mid / base, lo: lo / base, hi: hi / base };
                if relative.mid < least.mid {
                    (least, where_least) = (relative, format!("{} at N = {n}", mask.name()));
                }
                // Above all others needs every interval; below one of so many would come by chance.
                let is_above = above(&relative, 0.0).filter(|above| *above || mid + MANY * (hi - mid) < 0.0);
                here.push(is_above);
            }
            let part = if here.contains(&Some(false)) {
                beaten.push(n);
                Some(false)
            } else if here.contains(&None) {
                ties.push(n);
                None
            } else {
                sure.push(n);
                Some(true)
            };
            parts.push(part);
        }
        Claim {
            id: "F1".into(),
            claim: "Coverage alone has the lowest mean error E at every N.".into(),
            published: "lowest at all six sizes, over 10 runs".into(),
            measured: format!(
                "the closest rival's E less coverage's, as a share of it: {} ({where_least})",
                digits(least.mid)
            ),
            interval: ends(&least),
            verdict: all(&parts),
            why: format!(
                "Coverage alone is below all other masks at N = {}; a rival cannot be told from it at N = {}; a rival is lower at N = \
                 {}. It is below the fit alone at N = {}. Differences are paired by seed; a rival counts as lower only if its \
                 interval, widened for all these comparisons, says so.",
                list(&sure),
                list(&ties),
                list(&beaten),
                list(&below_fit)
            ),
        }
    }

    fn specialised(&self) -> Claim {
        let (mut parts, mut least) = (Vec::new(), Interval { mid: f64::INFINITY, lo: 0.0, hi: 0.0 });
        let (mut sure, mut open, mut by_activation) = (Vec::new(), Vec::new(), 0);
        for n in self.sizes() {
            let mut here = Vec::new();
            for mask in [Mask::COV, Mask::COV_SEP] {
                let more = self.more(n, [mask, Mask::STD], |run| run.specialization);
                least = if more.mid < least.mid { more } else { least };
                here.push(above(&more, 0.0));
                let more = self.more(n, [mask, Mask::STD], |run| run.specialization_by_activation);
                by_activation += usize::from(above(&more, 0.0) == Some(true));
            }
            let is_sure = here.iter().all(|part| *part == Some(true));
            if is_sure { &mut sure } else { &mut open }.push(n);
            parts.extend(here);
        }
        Claim {
            id: "F2".into(),
            claim:
                "Coverage, and coverage with separation, raise specialisation over the fit alone at every N."
                    .into(),
            published: "higher at all six sizes".into(),
            measured: format!(
                "the smallest gain of the specialisation ratio (by distance): {}",
                digits(least.mid)
            ),
            interval: ends(&least),
            verdict: all(&parts),
            why: format!(
                "Both raise it for sure at N = {}, not for sure at N = {}. Counted by activation, {by_activation} of {} gains are sure.",
                list(&sure),
                list(&open),
                parts.len()
            ),
        }
    }

    fn expelled(&self) -> Claim {
        let n = self.largest();
        let overlapping: Vec<Mask> = Mask::ALL.into_iter().filter(|mask| mask.overlap).collect();
        let each = |part: &dyn Fn(Mask) -> Option<bool>| {
            all(&overlapping.iter().map(|&mask| part(mask)).collect::<Vec<_>>())
        };
        let outside = self.more(n, [Mask::OVL, Mask::STD], |run| run.outside);
        let share = self.mean(Mask::OVL, n, |run| run.outside);
        let every = |mask| self.mean(mask, n, |run| f64::from(u8::from(run.outside == 1.0)));
        let fit = self.times(n, [Mask::OVL, Mask::STD], |run| run.fit);
        let error = self.times(n, [Mask::OVL, Mask::STD], |run| run.error);
        let special = self.mean(Mask::OVL, n, |run| run.specialization);
        let parts = [
            (
                "more are outside than without",
                each(&|mask| above(&self.more(n, [mask, Mask::STD], |run| run.outside), 0.0)),
            ),
            ("in most runs all are", each(&|mask| above(&every(mask), EXPELLED))),
            ("E is higher", each(&|mask| above(&self.times(n, [mask, Mask::STD], |run| run.error), 1.0))),
            (
                "specialisation goes below 0.1",
                each(&|mask| {
                    above(&self.mean(mask, n, |run| run.specialization), NEAR_ZERO).map(|above| !above)
                }),
            ),
            (
                "the fit is within twice",
                each(&|mask| {
                    above(&self.times(n, [mask, Mask::STD], |run| run.fit), AS_GOOD).map(|above| !above)
                }),
            ),
        ];
        let verdict = match parts[0].1 {
            Verdict::Holds if parts.iter().all(|(_, verdict)| *verdict == Verdict::Holds) => Verdict::Holds,
            Verdict::Holds | Verdict::HoldsInPart => Verdict::HoldsInPart,
            other => other,
        };
        let said: Vec<String> =
            parts.iter().map(|(what, verdict)| format!("{what}: {}", verdict.text())).collect();
        Claim {
            id: "F3".into(),
            claim: "Every mask with overlap expels the prototypes from the hull, E is high, specialisation goes to 0, the fit is as good.".into(),
            published: "all 100 outside at N = 100".into(),
            measured: format!(
                "share outside under overlap alone at N = {n}, less that of the fit alone: {}; the share itself {}",
                digits(outside.mid),
                range(&share)
            ),
            interval: ends(&outside),
            verdict,
            why: format!(
                "Over the four masks: {}. Overlap alone: all outside in {} of runs, E {} times, specialisation {}, fit {} times that \
                 of the fit alone (geometric means).",
                said.join("; "),
                digits(every(Mask::OVL).mid),
                range(&error),
                range(&special),
                range(&fit)
            ),
        }
    }

    fn separation(&self) -> Claim {
        let n = self.largest();
        let near = self.mean(Mask::SEP, n, |run| run.outside);
        let far: Vec<f64> = self.far.iter().map(|run| run.outside).collect();
        let far = mean_interval(&far, BOOTSTRAP_SEED);
        let more = self.more(n, [Mask::SEP, Mask::STD], |run| run.outside);
        let (mut lower, mut higher) = (Vec::new(), Vec::new());
        for n in self.sizes() {
            match above(&self.more(n, [Mask::SEP, Mask::STD], |run| run.error), 0.0) {
                Some(true) => higher.push(n),
                Some(false) => lower.push(n),
                None => {}
            }
        }
        Claim {
            id: "F4".into(),
            claim: "Separation alone is mixed, and expels only where tau is large.".into(),
            published: "a sweep over tau".into(),
            measured: format!(
                "share outside at N = {n}: {} at the tau given, {} at tau = {FAR}",
                range(&near),
                digits(far.mid)
            ),
            interval: ends(&far),
            verdict: all(&[above(&near, EXPELLED).map(|above| !above), above(&far, EXPELLED)]),
            why: format!(
                "Expelled means more than half. At the tau given {} more are outside than with the fit alone. E is lower than with \
                 the fit alone at N = {}, higher at N = {}.",
                range(&more),
                list(&lower),
                list(&higher)
            ),
        }
    }

    fn principle(&self) -> Claim {
        let n = self.largest();
        let outside = |run: &Run| run.outside;
        let with_separation = self.more(n, [Mask::COV_SEP, Mask::SEP], outside);
        let with_overlap = self.more(n, [Mask::OVL_COV, Mask::OVL], outside);
        let left = self.mean(Mask::OVL_COV, n, outside);
        let error = self.times(n, [Mask::COV_SEP, Mask::SEP], |run| run.error);
        let below = |interval: &Interval, threshold| above(interval, threshold).map(|above| !above);
        Claim {
            id: "P".into(),
            claim: "A repulsive structural loss needs a compatible attractor.".into(),
            published: "stated as the principle behind F1 to F4".into(),
            measured: format!(
                "share outside at N = {n} that coverage takes away: from separation {}, from overlap {}",
                range(&negative(&with_separation)),
                range(&negative(&with_overlap))
            ),
            interval: ends(&negative(&with_separation)),
            verdict: all(&[below(&with_separation, 0.0), below(&left, EXPELLED)]),
            why: format!(
                "Tested as: coverage brings back what separation expels (E with it {} times), and what overlap expels to less than \
                 half (it leaves {} outside). Where it does not, coverage at this lambda is no compatible attractor for overlap; \
                 which other would be is not tested.",
                range(&error),
                range(&left)
            ),
        }
    }
}

/// Nothing is compared below this: a fit may be exactly 0.
const TINY: f64 = 1e-30;

/// The large tau of F4.
pub(super) const FAR: f32 = 0.1;

fn negative(interval: &Interval) -> Interval {
    Interval { mid: -interval.mid, lo: -interval.hi, hi: -interval.lo }
}

fn list(sizes: &[usize]) -> String {
    let sizes: Vec<String> = sizes.iter().map(|n| format!("{n}")).collect();
    if sizes.is_empty() { "none".into() } else { sizes.join(", ") }
}

/// Whether what overlap does is seen on all kinds of points, and the plain answer.
pub(super) fn generality(rows: &[SettlingRow]) -> (Claim, String) {
    let part = |row: &SettlingRow| match row.expels {
        Verdict::Holds => Some(true),
        Verdict::DoesNotHold => Some(false),
        _ => None,
    };
    let verdict = all(&rows.iter().map(part).collect::<Vec<_>>());
    let least = rows.iter().min_by(|a, b| a.expulsion.mean.total_cmp(&b.expulsion.mean));
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
    for (what, wanted) in said {
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
    answer
        + &format!(
            " The share outside is {} with the fit alone, {} under overlap, and {} under overlap with coverage, which brings back \
             a part.",
            of(Mask::STD),
            of(Mask::OVL),
            of(Mask::OVL_COV)
        )
}

fn kind(row: &SettlingRow) -> String {
    format!("{} {}-D", row.input.name(), row.d)
}
