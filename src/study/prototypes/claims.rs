//! What the study claims, decided by intervals over seeds.

use super::lowest::Middle;
use super::mask::Mask;
use super::results::Run;
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

/// F1 (by means as published, and by medians) to F4 and the principle, decided by `runs`: every mask with every seed at some sizes. `far`: separation alone with a reach of
/// 0.1 at the largest of them.
pub fn claims(runs: &[Run], far: &[Run]) -> Vec<Claim> {
    Trial { runs, far }.claims()
}

/// Every run of one definition.
pub(super) struct Trial<'a> {
    runs: &'a [Run],
    /// Separation alone with a large reach, at the largest size.
    far: &'a [Run],
}

/// Which side of `threshold` an interval lies on: above, below, or it has the threshold inside.
pub(super) fn above(interval: &Interval, threshold: f64) -> Option<bool> {
    match (interval.lo > threshold, interval.hi < threshold) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// What follows for a claim that says all of these.
pub(super) fn all(parts: &[Option<bool>]) -> Verdict {
    let has = |wanted: Option<bool>| parts.contains(&wanted);
    match (has(Some(true)), has(Some(false)), has(None)) {
        (true, false, false) => Verdict::Holds,
        (true, true, _) => Verdict::HoldsInPart,
        (false, true, _) => Verdict::DoesNotHold,
        _ => Verdict::Undecided,
    }
}

pub(super) fn ends(interval: &Interval) -> Option<[f64; 2]> {
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

pub(super) fn range(interval: &Interval) -> String {
    format!("{} ({} to {})", digits(interval.mid), digits(interval.lo), digits(interval.hi))
}

/// 1 if no prototype is inside the hull.
fn is_all_outside(run: &Run) -> f64 {
    f64::from(u8::from(run.outside == 1.0))
}

impl Trial<'_> {
    pub(super) fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.runs.iter().map(|run| run.n).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    fn largest(&self) -> usize {
        self.runs.iter().map(|run| run.n).max().unwrap_or(0)
    }

    /// A measure of every run of a mask and size, by seed.
    pub(super) fn values(&self, mask: Mask, n: usize, of: fn(&Run) -> f64) -> Vec<f64> {
        self.runs.iter().filter(|run| run.mask == mask && run.n == n).map(of).collect()
    }

    fn mean(&self, mask: Mask, n: usize, of: fn(&Run) -> f64) -> Interval {
        mean_interval(&self.values(mask, n, of), BOOTSTRAP_SEED)
    }

    /// By seed, how much more the first mask has than the second.
    pub(super) fn differences(&self, n: usize, masks: [Mask; 2], of: fn(&Run) -> f64) -> Vec<f64> {
        let [a, b] = masks.map(|mask| self.values(mask, n, of));
        a.into_iter().zip(b).map(|(a, b)| a - b).collect()
    }

    /// The mean over seeds of how much more the first mask has than the second.
    fn more(&self, n: usize, masks: [Mask; 2], of: fn(&Run) -> f64) -> Interval {
        mean_interval(&self.differences(n, masks, of), BOOTSTRAP_SEED)
    }

    /// The geometric mean over seeds of how many times as much the first mask has as the second.
    fn times(&self, n: usize, masks: [Mask; 2], of: fn(&Run) -> f64) -> Interval {
        let [a, b] = masks.map(|mask| self.values(mask, n, of));
        let logs: Vec<f64> = a.iter().zip(&b).map(|(a, b)| (a.max(TINY) / b.max(TINY)).ln()).collect();
        let logs = mean_interval(&logs, BOOTSTRAP_SEED);
        Interval { mid: logs.mid.exp(), lo: logs.lo.exp(), hi: logs.hi.exp() }
    }

    fn claims(&self) -> Vec<Claim> {
        vec![
            self.lowest_error(Middle::Mean),
            self.lowest_error(Middle::Median),
            self.specialised(),
            self.expelled(),
            self.separation(),
            self.principle(),
        ]
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
                "{}. Counted by activation, {by_activation} of {} gains are sure.",
                clauses(&[("Both surely raise it", &sure), ("at least one does not surely", &open)]),
                parts.len()
            ),
        }
    }

    fn expelled(&self) -> Claim {
        let n = self.largest();
        let outside = self.more(n, [Mask::OVL, Mask::STD], |run| run.outside);
        let share = self.mean(Mask::OVL, n, |run| run.outside);
        let every = self.mean(Mask::OVL, n, is_all_outside);
        let fit = self.times(n, [Mask::OVL, Mask::STD], |run| run.fit);
        let error = self.times(n, [Mask::OVL, Mask::STD], |run| run.error);
        let special = self.mean(Mask::OVL, n, |run| run.specialization);
        let parts = self.parts_of_expulsion(n);
        let verdict = match parts[0].1 {
            Verdict::Holds if parts.iter().all(|(_, verdict)| *verdict == Verdict::Holds) => Verdict::Holds,
            Verdict::Holds | Verdict::HoldsInPart => Verdict::HoldsInPart,
            other => other,
        };
        let those = |wanted: Verdict| {
            let said = parts.iter().filter(|(_, verdict)| *verdict == wanted).map(|(what, _)| *what);
            let said = said.collect::<Vec<_>>().join(", ");
            (!said.is_empty()).then(|| format!("{}: {said}", wanted.text()))
        };
        Claim {
            id: "F3".into(),
            claim: "Every mask with overlap expels the prototypes from the hull, E is high, specialisation goes to 0, the fit is as good.".into(),
            published: "all 100 outside at N = 100".into(),
            measured: format!(
                "share outside under overlap alone at N = {n}: {}, more than under the fit alone by {}",
                range(&share),
                digits(outside.mid)
            ),
            interval: ends(&outside),
            verdict,
            why: format!(
                "Of its parts, over the four masks, {}. Overlap alone has all outside in {} of runs, and specialisation {}; its E is {} \
                 times, and its fit {} times, that of the fit alone (geometric means).",
                ORDER.into_iter().filter_map(those).collect::<Vec<_>>().join("; "),
                digits(every.mid),
                range(&special),
                range(&error),
                range(&fit)
            ),
        }
    }

    /// What the claim of expulsion says, part by part, over all masks with overlap.
    fn parts_of_expulsion(&self, n: usize) -> [(&'static str, Verdict); 5] {
        let overlapping: Vec<Mask> = Mask::ALL.into_iter().filter(|mask| mask.overlap).collect();
        let each = |part: &dyn Fn(Mask) -> Option<bool>| {
            all(&overlapping.iter().map(|&mask| part(mask)).collect::<Vec<_>>())
        };
        [
            (
                "more prototypes are outside than with the fit alone",
                each(&|mask| above(&self.more(n, [mask, Mask::STD], |run| run.outside), 0.0)),
            ),
            (
                "in most runs all are outside",
                each(&|mask| above(&self.mean(mask, n, is_all_outside), EXPELLED)),
            ),
            (
                "E is higher than with it",
                each(&|mask| above(&self.times(n, [mask, Mask::STD], |run| run.error), 1.0)),
            ),
            (
                "specialisation goes below 0.1",
                each(&|mask| {
                    above(&self.mean(mask, n, |run| run.specialization), NEAR_ZERO).map(|above| !above)
                }),
            ),
            (
                "the fit is within twice that of the fit alone",
                each(&|mask| {
                    above(&self.times(n, [mask, Mask::STD], |run| run.fit), AS_GOOD).map(|above| !above)
                }),
            ),
        ]
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
                "Expelled means more than half. At the tau given {} more are outside than with the fit alone. {}",
                range(&more),
                match (&lower[..], &higher[..]) {
                    ([], []) => "E cannot be told from that of the fit alone at any N.".into(),
                    (lower, higher) => format!(
                        "Against the fit alone, {}.",
                        clauses(&[("E is lower", lower), ("E is higher", higher)])
                    ),
                }
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
                "share outside at N = {n} that coverage takes away: {} from separation, {} from overlap",
                range(&negative(&with_separation)),
                range(&negative(&with_overlap))
            ),
            interval: ends(&negative(&with_separation)),
            verdict: all(&[below(&with_separation, 0.0), below(&left, EXPELLED)]),
            why: format!(
                "Taken to say that coverage brings back prototypes from separation, and all but half or less from overlap. With \
                 separation its addition makes E {} times what it was; with overlap it still leaves {} outside. Which attractor would \
                 do better is not tested.",
                range(&error),
                range(&left)
            ),
        }
    }
}

/// In the order they are told.
const ORDER: [Verdict; 4] = [Verdict::Holds, Verdict::HoldsInPart, Verdict::DoesNotHold, Verdict::Undecided];

/// Nothing is compared below this: a fit may be exactly 0.
const TINY: f64 = 1e-30;

/// The large tau of F4.
pub(super) const FAR: f32 = 0.1;

fn negative(interval: &Interval) -> Interval {
    Interval { mid: -interval.mid, lo: -interval.hi, hi: -interval.lo }
}

/// What is so at which sizes; nothing of what is so at none.
pub(super) fn clauses(said: &[(&str, &[usize])]) -> String {
    let some = said.iter().filter(|(_, sizes)| !sizes.is_empty());
    let clause = |(what, sizes): &(&str, &[usize])| {
        let sizes: Vec<String> = sizes.iter().map(|n| format!("{n}")).collect();
        format!("{what} at N = {}", sizes.join(", "))
    };
    some.map(clause).collect::<Vec<_>>().join("; ")
}
