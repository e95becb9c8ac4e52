//! Break-evens as a table, as pictures and as a page.

mod data;
mod figures;

pub use data::*;
pub use figures::{breakeven_figures, breakeven_html};

use super::Report;
use super::grid::{Grid, Summary};
use super::number::{NONE, exact, format_speedup, largest, of_limit, short_percent, trimmed};
use super::result::LimitInfo;
use super::run::machine;
use std::{format, string::String, string::ToString, vec, vec::Vec};

impl Report for BreakevenReport {
    fn summary(&self) -> Summary {
        let settings = &self.settings;
        let what = format!(
            "Single layers of random weights ({}), rows in and rows out: sparse against the fastest dense form",
            settings.activation
        );
        let title = match limit_sparsity(self) {
            Some(at) => format!(
                "Break-even; speedup of sparse over dense by sparsity; share of the limit at {}",
                short_percent(at)
            ),
            None => "Break-even; speedup of sparse over dense by sparsity".to_string(),
        };
        let mut notes = vec![
            format!(
                "break-even: dense is faster up to the first value, and sparse from the second on, with 95 % intervals of the \
                 speedup that do not touch 1; in between it is too close to call, or within the resolution of {}.",
                short_percent(settings.resolution)
            ),
            verification(self),
        ];
        notes.extend(limit_sparsity(self).map(|_| LIMIT.to_string()));
        notes.extend(self.notes.iter().cloned());
        let lead = vec![what, machine(&self.environment, Some(self.seed))];
        Summary { lead, tables: vec![(title, table(self))], notes }
    }

    fn records(&self) -> Grid {
        let mut grid = Grid::new([
            "fan_in",
            "fan_out",
            "batch",
            "break_even",
            "break_even_lo",
            "break_even_hi",
            "sparsity",
            "nnz",
            "dense_ns",
            "sparse_ns",
            "speedup",
            "speedup_lo",
            "speedup_hi",
            "rounds",
            "max_abs_diff",
            "dense_plan",
            "dense_limit",
            "dense_limit_ns",
            "dense_of_limit",
            "sparse_plan",
            "sparse_limit",
            "sparse_limit_ns",
            "sparse_of_limit",
        ]);
        for curve in &self.results {
            curve.points.iter().for_each(|point| grid.push(record(curve, point)));
        }
        grid
    }
}

const LIMIT: &str = "dense limit, sparse limit: the least time the machine allows, as a share of the time taken. The limit is what takes \
    longer, the multiply-adds of the weights stored (FMA), or reading their bytes once from where they fit (L1, L2, L3, \
    RAM); both measured in the same rounds.";

/// The sparsity at which shares of the limit are shown: of those asked for, the one nearest to 90 %; if they are known.
fn limit_sparsity(report: &BreakevenReport) -> Option<f64> {
    let points = || report.results.iter().flat_map(|curve| &curve.points);
    points().find(|point| point.dense.limit.of_limit.is_some())?;
    let distance = |sparsity: &f64| (sparsity - 0.9).abs();
    report.settings.sparsities.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// One line per layer and batch size.
fn table(report: &BreakevenReport) -> Grid {
    let sparsities = &report.settings.sparsities;
    let mut header = ["shape", "batch", "break-even"].map(String::from).to_vec();
    header.extend(sparsities.iter().map(|sparsity| short_percent(*sparsity)));
    header.extend(["dense limit", "sparse limit"].map(String::from));
    let mut grid = Grid::new(header);
    for curve in &report.results {
        let at = |sparsity: f64| curve.points.iter().find(|point| point.sparsity == sparsity);
        let mut cells = vec![shape(curve), curve.batch.to_string(), break_even(&curve.break_even)];
        let speedup = |point: &PointRow| format_speedup(point.speedup);
        cells.extend(sparsities.iter().map(|sparsity| at(*sparsity).map_or(NONE.to_string(), speedup)));
        let limits = limit_sparsity(report).and_then(at).map(|point| [&point.dense, &point.sparse]);
        cells.extend(limits.into_iter().flatten().map(|side| of_limit(&side.limit)));
        grid.push(cells);
    }
    grid.without_unknown_columns()
}

fn shape(curve: &CurveRow) -> String {
    format!("{}x{}", curve.fan_in, curve.fan_out)
}

/// `20.8-21.5 %`, `below 2 %`, `never up to 99 %`.
fn break_even(found: &BreakEvenRow) -> String {
    let percent = |share: f64| trimmed((share * 1e3).round() / 10.0);
    let (lo, hi) = (percent(found.lo), percent(found.hi));
    match found.verdict {
        BreakEvenVerdict::Between => format!("{lo}-{hi} %"),
        BreakEvenVerdict::Below => format!("below {hi} %"),
        BreakEvenVerdict::Above => format!("never up to {lo} %"),
    }
}

fn verification(report: &BreakevenReport) -> String {
    let points = report.results.iter().flat_map(|curve| &curve.points);
    let worst = largest(points.map(|point| point.max_abs_diff));
    format!(
        "Verified: before anything was timed, outputs were checked; the largest difference from the f64 oracle is {worst:.1e} \
         of the largest output, and sparse gives the bits of dense with the same zeros, before and after."
    )
}

fn record(curve: &CurveRow, point: &PointRow) -> Vec<String> {
    let side = |side: &SideRow| {
        let optional = |value: Option<f64>| value.map_or(String::new(), exact);
        let LimitInfo { limit, limit_ns, of_limit } = &side.limit;
        [side.plan.clone(), limit.clone().unwrap_or_default(), optional(*limit_ns), optional(*of_limit)]
    };
    let verdict = match curve.break_even.verdict {
        BreakEvenVerdict::Between => "between",
        BreakEvenVerdict::Below => "below",
        BreakEvenVerdict::Above => "above",
    };
    let mut cells = [curve.fan_in, curve.fan_out, curve.batch].map(|n| n.to_string()).to_vec();
    cells.extend([verdict.to_string(), exact(curve.break_even.lo), exact(curve.break_even.hi)]);
    cells.extend([exact(point.sparsity), point.nnz.to_string()]);
    let times = [point.dense.median_ns, point.sparse.median_ns];
    cells.extend(times.into_iter().chain([point.speedup, point.speedup_lo, point.speedup_hi]).map(exact));
    cells.extend([point.rounds.to_string(), exact(point.max_abs_diff)]);
    cells.extend([side(&point.dense), side(&point.sparse)].concat());
    cells
}
