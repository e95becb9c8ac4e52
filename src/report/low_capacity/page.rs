//! The page of the low-capacity study, in the order of the paper.

use super::super::figures::Figure;
use super::super::html::environment;
use super::super::number::plural;
use super::super::run::dataset;
use super::super::study::{Block, Page, Section};
use super::LowCapacityReport;
use super::interpretability::interpretability;
use super::pareto::pareto;
use super::pictures::{embedding, saliency};
use super::pruning::pruning;
use super::published::{capacity, neurons, rates, robustness};
use super::recipes::recipes;
use super::spreads::distinct;
use crate::measure::Interval;
use crate::study::low_capacity::ParetoRow;
use crate::study::pareto::{Point, Winner, front, winners};
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// Every picture of the page.
pub fn low_capacity_figures(report: &LowCapacityReport) -> Vec<Figure> {
    page(report, Vec::new()).figures()
}

/// The page. It expects [`json`](crate::report::json) of the same report beside it, as `results.json`.
pub fn low_capacity_html(report: &LowCapacityReport) -> String {
    let mut notes = report.notes.clone();
    notes.push(
        "Intervals are 95 % intervals of a mean over seeds (bootstrap). Published numbers are means over three seeds, read off text \
         and figures."
            .to_string(),
    );
    let link = "<p>All numbers are in <a href=\"results.json\">results.json</a> beside this page.</p>\n";
    let method = vec![Block::Notes(notes), Block::Raw(link.to_string())];
    let place = vec![Block::Raw(environment(&report.environment, None, &report.command))];
    let section = |id, title, blocks| Section { id, title, answer: String::new(), blocks };
    let end =
        vec![section("method", "How to read it", method), section("place", "Where it was measured", place)];
    page(report, end).html()
}

fn page(report: &LowCapacityReport, end: Vec<Section>) -> Page<'_> {
    let (points, contests) = contest(&report.findings.pareto);
    let parts = [
        rates(report),
        capacity(report),
        pruning(report),
        neurons(report),
        embedding(report),
        robustness(report),
        saliency(report),
        recipes(report),
        pareto(&points, &contests),
        interpretability(report),
    ];
    let networks = plural(report.findings.pruning.len(), "pruned network", "pruned networks");
    let lead = format!(
        "arXiv 2507.16278 (Y. Kumar, 2025) done again, tested, and what its reviewers asked for. Trained on {}. {networks}.",
        dataset(&report.dataset)
    );
    Page {
        title: "Low-capacity networks: what holds".to_string(),
        lead: vec![lead],
        claims: &report.claims,
        sections: parts.into_iter().flatten().chain(end).collect(),
    }
}

/// The networks of the Pareto plots, and who wins at each accuracy. The gain of one over another is the ratio of their speedups over
/// the same reference, with the widest interval that their intervals allow.
fn contest(rows: &[ParetoRow]) -> (Vec<Point>, Vec<Winner>) {
    let mut points: Vec<Point> = rows.iter().map(point).collect();
    let groups = distinct(points.iter().map(|point| (point.task.clone(), point.batch)));
    points.sort_by_key(|point| groups.iter().position(|of| *of == (point.task.clone(), point.batch)));
    let mut contests = Vec::new();
    for group in points.chunk_by_mut(|a, b| (&a.task, a.batch) == (&b.task, b.batch)) {
        let on_front = front(&group.iter().map(|of| (of.accuracy, of.median_ns)).collect::<Vec<_>>());
        group.iter_mut().zip(on_front).for_each(|(point, on_front)| point.on_front = on_front);
        let group: &[Point] = group;
        let ratio = |dense: usize, pruned: usize| {
            let (dense, pruned) = (&group[dense], &group[pruned]);
            Interval {
                lo: pruned.speedup_lo / dense.speedup_hi,
                mid: pruned.speedup / dense.speedup,
                hi: pruned.speedup_hi / dense.speedup_lo,
            }
        };
        let is_own =
            |row: &&ParetoRow| (row.task.as_str(), row.batch) == (group[0].task.as_str(), group[0].batch);
        let noise = rows.iter().filter(is_own).map(|row| row.noise).fold(1.0, f64::max);
        contests.extend(winners(group, noise, &ratio));
    }
    (points, contests)
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
