//! Who wins at each accuracy: pruned networks, or smaller dense ones.

use super::super::grid::Grid;
use super::super::number::{NONE, format_percent, significant};
use super::spreads::distinct;
use crate::measure::Interval;
use crate::study::low_capacity::ParetoRow;
use crate::study::pareto::{Point, Winner, front, luck, winners, winners_ahead};
use std::{format, string::String, string::ToString, vec::Vec};

/// The networks of the Pareto plots, and who wins.
pub(super) struct Contests {
    /// All networks, those of a task and a batch size together.
    pub(super) points: Vec<Point>,
    /// Who wins, as measured.
    pub(super) winners: Vec<Winner>,
    /// Who wins if pruned networks must exceed each accuracy by two standard errors of it; for the same accuracies.
    pub(super) cautious: Vec<Winner>,
}

/// How often who wins, at the accuracies of dense networks.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) pruned: usize,
    pub(super) dense: usize,
    pub(super) undecided: usize,
}

impl Contests {
    /// The gain of one network over another is the ratio of their speedups over the same reference, with the widest interval that
    /// their intervals allow.
    pub(super) fn of(rows: &[ParetoRow]) -> Contests {
        let mut points: Vec<Point> = rows.iter().map(point).collect();
        let groups = distinct(points.iter().map(|point| (point.task.clone(), point.batch)));
        points.sort_by_key(|point| groups.iter().position(|of| *of == (point.task.clone(), point.batch)));
        let mut contests = Contests { points: Vec::new(), winners: Vec::new(), cautious: Vec::new() };
        for group in points.chunk_by_mut(|a, b| (&a.task, a.batch) == (&b.task, b.batch)) {
            let on_front = front(&group.iter().map(|of| (of.accuracy, of.median_ns)).collect::<Vec<_>>());
            group.iter_mut().zip(on_front).for_each(|(point, on_front)| point.on_front = on_front);
            let group: &[Point] = group;
            let same =
                || rows.iter().filter(|row| (&row.task, row.batch) == (&group[0].task, group[0].batch));
            let noise = same().map(|row| row.noise).fold(1.0, f64::max);
            let examples = same().map(|row| row.examples).min().unwrap_or(0);
            let ratio = |dense: usize, pruned: usize| {
                let (dense, pruned) = (&group[dense], &group[pruned]);
                Interval {
                    lo: pruned.speedup_lo / dense.speedup_hi,
                    mid: pruned.speedup / dense.speedup,
                    hi: pruned.speedup_hi / dense.speedup_lo,
                }
            };
            contests.winners.extend(winners(group, noise, &ratio));
            let lead = |accuracy| luck(accuracy, examples);
            contests.cautious.extend(winners_ahead(group, noise, &ratio, &lead));
        }
        Contests { points, ..contests }
    }

    /// Whether a pruned network wins at the `i`th accuracy, however lucky.
    pub(super) fn is_clear(&self, i: usize) -> bool {
        self.cautious.get(i).is_some_and(|winner| is_matched(winner) && is_pruned(winner))
    }

    /// The winner at each accuracy, a column for each batch size.
    pub(super) fn grid(&self) -> Grid {
        let batches = distinct(self.winners.iter().map(|winner| winner.batch));
        let header = ["task".to_string(), "accuracy".to_string()];
        let mut grid =
            Grid::new(header.into_iter().chain(batches.iter().map(|batch| format!("batch {batch}"))));
        for task in distinct(self.winners.iter().map(|winner| winner.task.as_str())) {
            let own = || self.winners.iter().enumerate().filter(move |(_, winner)| winner.task == task);
            let mut accuracies = distinct(own().map(|(_, winner)| winner.accuracy));
            accuracies.sort_by(f64::total_cmp);
            for accuracy in accuracies {
                let cell = |batch: &usize| {
                    let found =
                        own().find(|(_, winner)| (winner.batch, winner.accuracy) == (*batch, accuracy));
                    found.map_or(NONE.to_string(), |(i, winner)| gain(winner, self.is_clear(i)))
                };
                let names = [task.to_string(), format_percent(accuracy)];
                grid.push(names.into_iter().chain(batches.iter().map(cell)).collect());
            }
        }
        grid
    }
}

/// At the accuracies that dense networks have, who wins how often.
pub(super) fn tally(winners: &[Winner]) -> Tally {
    winners.iter().filter(|winner| is_matched(winner)).fold(Tally::default(), |mut tally, winner| {
        match winner.winner.as_str() {
            "dense" => tally.dense += 1,
            "undecided" => tally.undecided += 1,
            _ => tally.pruned += 1,
        }
        tally
    })
}

/// Only pruned networks may have the highest accuracy of all: then there is no contest.
fn is_matched(winner: &Winner) -> bool {
    winner.dense.is_some()
}

fn is_pruned(winner: &Winner) -> bool {
    !matches!(winner.winner.as_str(), "dense" | "undecided")
}

/// `n:32 5.3 (5.2 to 5.4)*`, or that there is no rival.
fn gain(winner: &Winner, is_clear: bool) -> String {
    let star = if is_clear { "*" } else { "" };
    let digits = |ratio: f64| significant(ratio, if (ratio - 1.0).abs() < 0.1 { 3 } else { 2 });
    match (winner.gain, winner.gain_lo, winner.gain_hi) {
        (Some(gain), Some(lo), Some(hi)) => {
            format!("{} {} ({}-{}){star}", winner.winner, digits(gain), digits(lo), digits(hi))
        }
        _ => format!("{}, alone", winner.winner),
    }
}

fn point(row: &ParetoRow) -> Point {
    Point {
        task: row.task.clone(),
        structure: row.structure.clone(),
        hidden: row.hidden,
        sparsity: row.sparsity,
        nnz: row.nnz,
        accuracy: row.accuracy,
        f1: row.f1,
        batch: row.batch,
        median_ns: row.median_ns,
        p90_ns: row.p90_ns,
        speedup: row.speedup,
        speedup_lo: row.speedup_lo,
        speedup_hi: row.speedup_hi,
        plan: row.plan.clone(),
        max_abs_diff: row.max_abs_diff,
        on_front: false,
    }
}
