//! Accuracy against measured time.

use super::super::figures::Figure;
use super::super::grid::Grid;
use super::super::number::{NONE, format_count, format_ns, format_percent, interval, short_percent};
use super::super::plot::{Join, Panels, Plot, Point as Mark, Scale, Series};
use super::super::study::{Block, Section};
use super::answer::worth;
use super::contest::Contests;
use super::spreads::distinct;
use crate::study::pareto::{Contender, Point, Winner, front, summary};
use std::{format, string::String, string::ToString, vec::Vec};

/// The smaller dense networks: the rival.
const DENSE: &str = "dense";

/// How many times the errors of the best a network in a plot may have.
const FAR: f64 = 5.0;

/// What a reader must know of the winners.
pub(super) const CAUTION: &str = "Winners: one network of each kind and size, of one seed, on one thread, no zeros of the input skipped. \
    The fastest that reach an accuracy are picked by the test images that this is the accuracy on, among many more pruned networks than \
    dense ones: luck favours pruning. So the second count (a star in the table) asks pruned networks for two standard errors of the \
    accuracy more than dense ones. Narrow dense networks take the time of a vector of outputs (16 with AVX-512, 8 with AVX2), however few \
    they have: gains at the lowest accuracies are partly that.";

/// The looks of structures; the rival is ink, and the control has a look that no other needs.
fn look(structure: &str, all: &[&str]) -> usize {
    const LOOKS: [usize; 6] = [0, 1, 3, 4, 5, 2];
    let others = all.iter().filter(|name| **name != DENSE);
    if structure == DENSE {
        6
    } else {
        others.clone().position(|name| *name == structure).map_or(2, |i| LOOKS[i % 6])
    }
}

/// The Pareto plots and the winners.
pub(super) fn pareto(contests: &Contests) -> Option<Section> {
    let Contests { points, winners, .. } = contests;
    points.first()?;
    let structures = distinct(points.iter().map(|point| point.structure.as_str()));
    let mut blocks = Vec::from([Block::Text(CAUTION.to_string()), Block::Notes(summary(winners))]);
    for task in distinct(points.iter().map(|point| point.task.as_str())) {
        let of_task: Vec<&Point> = points.iter().filter(|point| point.task == task).collect();
        let batches = distinct(of_task.iter().map(|point| point.batch));
        let at = |batch: usize| near(of_task.iter().copied().filter(|point| point.batch == batch).collect());
        blocks.push(Block::Figures(batches.iter().map(|&batch| fronts(&at(batch), &structures)).collect()));
        blocks.extend(batches.first().map(|&batch| Block::Wide(by_structure(&at(batch), &structures))));
        let own = winners.iter().enumerate().filter(|(_, winner)| winner.task == task);
        let own: Vec<(&Winner, bool)> = own.map(|(i, winner)| (winner, contests.is_clear(i))).collect();
        if !own.is_empty() {
            blocks.push(Block::Folded(format!("{task}: who wins at each accuracy"), contests_grid(&own)));
        }
        blocks.push(Block::Folded(format!("{task}: every network"), every(&of_task)));
    }
    let answer = worth(contests).unwrap_or_default();
    Some(Section { id: "pareto", title: "What is pruning worth in time?", answer, blocks })
}

/// Those that err no more than [`FAR`] times as often as the best: where accuracy is to be told apart. All, if the best never errs.
fn near(points: Vec<&Point>) -> Vec<&Point> {
    let least = points.iter().map(|point| 1.0 - point.accuracy).fold(1.0, f64::min);
    points.into_iter().filter(|point| least <= 0.0 || 1.0 - point.accuracy <= FAR * least).collect()
}

/// A network in a plot: its time with its interval, and its accuracy.
fn mark(point: &Point) -> Mark {
    let Point { structure, hidden, sparsity, accuracy, median_ns, speedup, .. } = point;
    let kind = if *sparsity > 0.0 { format!(", {} pruned", short_percent(*sparsity)) } else { String::new() };
    let hover = format!(
        "{structure}, h = {hidden}{kind}: {} in {} (speedup {speedup:.2}, {})",
        format_percent(*accuracy),
        format_ns(*median_ns),
        interval(point.speedup_lo, point.speedup_hi)
    );
    // The interval is that of the speedup, over the reference in the same rounds.
    let time = |other: f64| median_ns * speedup / other;
    Mark {
        across: Some((time(point.speedup_hi), time(point.speedup_lo))),
        hover,
        ..Mark::plain(*median_ns, *accuracy)
    }
}

/// The networks of `structure` that no other of it beats, by time.
fn own_front<'a>(points: &[&'a Point], structure: &str) -> Vec<&'a Point> {
    let own: Vec<&Point> = points.iter().copied().filter(|point| point.structure == structure).collect();
    let on_front = front(&own.iter().map(|point| (point.accuracy, point.median_ns)).collect::<Vec<_>>());
    let mut best: Vec<&Point> =
        own.into_iter().zip(on_front).filter_map(|(point, is)| is.then_some(point)).collect();
    best.sort_by(|a, b| a.median_ns.total_cmp(&b.median_ns));
    best
}

fn plot(title: String, heading: &str) -> Plot {
    Plot::new(title, ("time of a call", Scale::Time), (heading, Scale::Share))
}

/// The dense networks as steps, and of each structure its best.
fn fronts(points: &[&Point], structures: &[&str]) -> Figure {
    let Some(Point { task, batch, .. }) = points.first() else { unreachable!("a batch size has networks") };
    let line = |structure: &&str| {
        let best: Vec<Mark> = own_front(points, structure).into_iter().map(mark).collect();
        let join = if *structure == DENSE { Join::Steps } else { Join::Apart };
        Series { join, ..Series::line(*structure, look(structure, structures), best) }
    };
    let shown = structures.iter().filter(|structure| **structure != "random");
    let series = shown.map(line).filter(|series| !series.points.is_empty()).collect();
    let title = format!("{task}, batch {batch}: test accuracy against time");
    let heading = format!("{task}, batch {batch}: test accuracy");
    Figure {
        stem: format!("pareto-{task}-batch-{batch}"),
        caption: format!(
            "{title}, of each structure the networks that no other of it beats; the steps are smaller dense networks: pruning wins above \
             them. Bars: 95 % intervals of the time. Left out: those with more than {FAR} times the errors of the best"
        ),
        plot: Plot { series, ..plot(title, &heading) }.into(),
    }
}

/// All networks of each structure against the dense ones.
fn by_structure(points: &[&Point], structures: &[&str]) -> Figure {
    let Some(Point { task, batch, .. }) = points.first() else { unreachable!("a batch size has networks") };
    let panel = |structure: &&str| {
        let dense = own_front(points, DENSE).into_iter().map(mark).collect();
        let own = points.iter().filter(|point| point.structure == **structure).map(|point| mark(point));
        let series = [
            Series { join: Join::Steps, ..Series::line("", 6, dense) },
            Series { join: Join::Apart, ..Series::line("", 0, own.collect()) },
        ];
        Plot { series: series.into(), ..plot(format!("{structure} against dense"), structure) }
    };
    let pruned = structures.iter().filter(|structure| **structure != DENSE);
    let legend = [("smaller dense", 6), ("pruned", 0)];
    let title = format!(
        "{task}, batch {batch}: all pruned networks of up to {FAR} times the least errors, by structure"
    );
    let panels = Panels::new(title.as_str(), &legend, pruned.map(panel).collect());
    Figure { stem: format!("pareto-{task}-structures"), caption: title, plot: panels.into() }
}

fn contests_grid(winners: &[(&Winner, bool)]) -> Grid {
    let mut grid = Grid::new([
        "batch",
        "accuracy",
        "fastest dense",
        "fastest pruned",
        "gain (95 % interval)",
        "winner",
        "by two errors",
    ]);
    let name = |of: &Option<Contender>| {
        of.as_ref().map_or(
            "none".to_string(),
            |Contender { structure, hidden, sparsity, median_ns, .. }| {
                let time = format_ns(*median_ns);
                match structure.as_str() {
                    DENSE => format!("h = {hidden}: {time}"),
                    _ => format!("{structure} {} of {hidden}: {time}", short_percent(*sparsity)),
                }
            },
        )
    };
    for (winner, is_clear) in winners {
        let gain = match (winner.gain, winner.gain_lo, winner.gain_hi) {
            (Some(gain), Some(lo), Some(hi)) => format!("{gain:.2}x ({})", interval(lo, hi)),
            _ => NONE.to_string(),
        };
        grid.push(
            [
                winner.batch.to_string(),
                format_percent(winner.accuracy),
                name(&winner.dense),
                name(&winner.pruned),
                gain,
                winner.winner.clone(),
                if *is_clear { "yes" } else { "no" }.to_string(),
            ]
            .into(),
        );
    }
    grid
}

fn every(points: &[&Point]) -> Grid {
    let mut grid = Grid::new([
        "batch",
        "structure",
        "h",
        "pruned",
        "weights left",
        "accuracy",
        "median",
        "speedup",
        "plan",
    ]);
    for point in points {
        grid.push(
            [
                point.batch.to_string(),
                point.structure.clone(),
                point.hidden.to_string(),
                short_percent(point.sparsity),
                format_count(point.nnz),
                format_percent(point.accuracy),
                format_ns(point.median_ns),
                format!("{:.2}x ({})", point.speedup, interval(point.speedup_lo, point.speedup_hi)),
                point.plan.clone(),
            ]
            .into(),
        );
    }
    grid
}
