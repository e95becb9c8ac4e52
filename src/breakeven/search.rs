//! Where a noisy comparison turns: which sparsity to try next, and what is known in the end.
//!
//! Every sparsity that was tried has a verdict, and only a speedup whose 95 % interval is clear of 1 is one. The break-even lies
//! between the sparsities below which all lost and those above which all won. The two edges of that range are bisected, so
//! that a comparison too close to call stops nothing: it only stays inside.

use std::vec::Vec;

use crate::measure::Interval;

/// What a measured speedup says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Loses,
    Even,
    Wins,
}

impl Verdict {
    fn of(speedup: &Interval) -> Verdict {
        if speedup.lo > 1.0 {
            Verdict::Wins
        } else if speedup.hi < 1.0 {
            Verdict::Loses
        } else {
            Verdict::Even
        }
    }
}

/// The sparsity from which on sparse weights are faster than dense ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BreakEven {
    /// Up to `lo` dense was faster, from `hi` on sparse; in between it is too close to call, or was not tried.
    Between {
        /// 0 if dense was nowhere found faster.
        lo: f64,
        /// 1 if sparse was nowhere found faster without a doubt from there on.
        hi: f64,
    },
    /// Sparse was faster at every sparsity tried, the least of which is this.
    Below(f64),
    /// Dense was faster at every sparsity tried, the greatest of which is this.
    Above(f64),
}

/// The verdicts in ascending order of sparsity: how many lose from the start, and how many win at the end.
struct Sides {
    tried: Vec<(f64, Verdict)>,
    lost: usize,
    won: usize,
}

impl Sides {
    fn of(speedups: impl Iterator<Item = (f64, Interval)>) -> Sides {
        let mut tried: Vec<_> = speedups.map(|(sparsity, ratio)| (sparsity, Verdict::of(&ratio))).collect();
        tried.sort_by(|a, b| a.0.total_cmp(&b.0));
        let lost = tried.iter().take_while(|(_, verdict)| *verdict == Verdict::Loses).count();
        let won = tried.iter().rev().take_while(|(_, verdict)| *verdict == Verdict::Wins).count();
        Sides { tried, lost, won }
    }
}

/// What the speedups tried so far say.
pub fn break_even(speedups: impl Iterator<Item = (f64, Interval)>) -> BreakEven {
    let Sides { tried, lost, won } = Sides::of(speedups);
    match (tried.first(), tried.last()) {
        (Some(least), _) if won == tried.len() => BreakEven::Below(least.0),
        (_, Some(greatest)) if lost == tried.len() => BreakEven::Above(greatest.0),
        _ => BreakEven::Between {
            lo: lost.checked_sub(1).map_or(0.0, |last| tried[last].0),
            hi: if won > 0 { tried[tried.len() - won].0 } else { 1.0 },
        },
    }
}

/// The sparsity to try next: the middle of an edge wider than `resolution`; `None` if there is none.
pub fn next(speedups: impl Iterator<Item = (f64, Interval)>, resolution: f64) -> Option<f64> {
    let Sides { tried, lost, won } = Sides::of(speedups);
    let edge = |after: usize| {
        let (lo, hi) = (tried.get(after.checked_sub(1)?)?.0, tried.get(after)?.0);
        // To a hundredth of a percent: what is tried should be easy to try again.
        (hi - lo > resolution).then_some(((lo + hi) / 2.0 * 1e4).round() / 1e4)
    };
    edge(lost).or_else(|| edge(tried.len() - won))
}

#[cfg(test)]
mod tests;
