//! Who is worth training: for a moment, by time alone; in earnest, by what a moment taught.

use super::{Goal, Unmet};
use crate::study::pareto::{Candidate, Kind};
use std::{vec, vec::Vec};

/// Networks that are trained in earnest.
const FINALISTS: usize = 5;

/// A candidate and its time with random weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Screened {
    pub(super) candidate: Candidate,
    pub(super) p90_ns: f64,
}

/// What is worth a short training: with a time, of each kind and width the two that lose least and still fit, and the four widest
/// dense ones; else all.
pub(super) fn promising(screened: &[Screened], goal: &Goal) -> Result<Vec<Candidate>, Unmet> {
    let fits = |s: &&Screened| goal.target_ns.is_none_or(|target| s.p90_ns <= target);
    let fitting: Vec<Candidate> = screened.iter().filter(fits).map(|s| s.candidate).collect();
    if fitting.is_empty() {
        let fastest =
            screened.iter().min_by(|a, b| a.p90_ns.total_cmp(&b.p90_ns)).expect("there are candidates");
        return Err(Unmet {
            goal: *goal,
            candidate: fastest.candidate,
            bound_ns: fastest.p90_ns,
            accuracy: None,
            accuracy_bound: None,
        });
    }
    if goal.target_ns.is_none() {
        return Ok(fitting);
    }
    let better = |one: &Candidate, other: &Candidate| match one.kind {
        Kind::Dense => other.kind == Kind::Dense && other.hidden > one.hidden,
        kind => other.kind == kind && other.hidden == one.hidden && other.sparsity < one.sparsity,
    };
    let few = |one: &&Candidate| {
        let most = if one.kind == Kind::Dense { 4 } else { 2 };
        fitting.iter().filter(|other| better(one, other)).count() < most
    };
    Ok(fitting.iter().filter(few).copied().collect())
}

/// Of candidates that were tried, those to be trained in earnest. Without a time, the fastest that came near the accuracy: more
/// training still helps.
pub(super) fn best_of(tried: &[(Candidate, f64)], screened: &[Screened], goal: &Goal) -> Vec<Candidate> {
    /// What more training brings at most.
    const GAIN: f64 = 0.015;
    let mut order: Vec<&(Candidate, f64)> = tried.iter().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    if let (None, Some(least)) = (goal.target_ns, goal.min_accuracy) {
        let time = |candidate: &Candidate| {
            screened.iter().find(|s| s.candidate == *candidate).map_or(f64::INFINITY, |s| s.p90_ns)
        };
        // Half of them may need what more training brings, the other half is safer.
        let mut by_time = order.clone();
        by_time.sort_by(|a, b| time(&a.0).total_cmp(&time(&b.0)));
        let hopeful =
            by_time.iter().filter(|(_, accuracy)| accuracy + GAIN >= least).take(FINALISTS.div_ceil(2));
        let safe = by_time.iter().filter(|(_, accuracy)| *accuracy >= least + GAIN / 3.0).take(FINALISTS / 2);
        let mut chosen: Vec<Candidate> = vec![];
        for (candidate, _) in hopeful.chain(safe).copied() {
            if !chosen.contains(candidate) {
                chosen.push(*candidate);
            }
        }
        if !chosen.is_empty() {
            return chosen;
        }
    }
    order.into_iter().take(FINALISTS).map(|(candidate, _)| *candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prune::Structure;

    fn dense(hidden: usize) -> Candidate {
        Candidate { hidden, kind: Kind::Dense, sparsity: 0.0 }
    }

    fn pruned(hidden: usize, sparsity: f64) -> Candidate {
        Candidate { hidden, kind: Kind::Pruned(Structure::Nm { m: 32 }), sparsity }
    }

    fn goal(target_ns: Option<f64>, min_accuracy: Option<f64>) -> Goal {
        Goal { target_ns, min_accuracy, batch: 1 }
    }

    fn screened() -> Vec<Screened> {
        let dense = [2, 4, 8, 16, 32, 64].map(|hidden| (dense(hidden), 10.0 * hidden as f64));
        let pruned =
            [0.5, 0.75, 0.875, 0.9375].map(|sparsity| (pruned(64, sparsity), 1000.0 * (1.0 - sparsity)));
        let all = dense.into_iter().chain(pruned);
        all.map(|(candidate, p90_ns)| Screened { candidate, p90_ns }).collect()
    }

    #[test]
    fn of_what_fits_those_that_lose_least_are_tried() {
        let found = promising(&screened(), &goal(Some(400.0), None)).unwrap();
        assert_eq!(found, [dense(4), dense(8), dense(16), dense(32), pruned(64, 0.75), pruned(64, 0.875)]);
        let all = promising(&screened(), &goal(None, Some(0.9))).unwrap();
        assert_eq!(all.len(), 10, "without a time, all are");
        let unmet = promising(&screened(), &goal(Some(5.0), None)).unwrap_err();
        assert_eq!((unmet.candidate, unmet.bound_ns), (dense(2), 20.0));
    }

    #[test]
    fn the_most_accurate_are_finalists_or_the_fastest_that_come_near() {
        let tried: Vec<(Candidate, f64)> = screened()
            .iter()
            .zip([0.5, 0.8, 0.951, 0.962, 0.971, 0.98, 0.984, 0.975, 0.96, 0.9])
            .map(|(s, a)| (s.candidate, a))
            .collect();
        let by_accuracy = best_of(&tried, &screened(), &goal(Some(400.0), None));
        assert_eq!(by_accuracy, [pruned(64, 0.5), dense(64), pruned(64, 0.75), dense(32), dense(16)]);
        // Times: 62.5 for 0.9, 80 for 0.951, 125 for 0.96, 160 for 0.962, 250 for 0.975, 320 for 0.971.
        let by_time = best_of(&tried, &screened(), &goal(None, Some(0.965)));
        assert_eq!(by_time, [dense(8), pruned(64, 0.875), dense(16), pruned(64, 0.75), dense(32)]);
        let hopeless = best_of(&tried, &screened(), &goal(None, Some(0.9999)));
        assert_eq!(hopeless, [pruned(64, 0.5), dense(64), pruned(64, 0.75), dense(32), dense(16)]);
    }
}
