//! The study as tables: for a person at a terminal, and one file per section for a spreadsheet.

use super::LowCapacityReport;
use super::answer::answer;
use super::contest::Contests;
use super::pareto::CAUTION;
use super::recipes::{table_of, terminal_table};
use crate::report::number::exact;
use crate::report::run::{dataset, machine};
use crate::report::{Grid, Report, Summary, claims_grid, claims_reasons};
use crate::study::Claim;
use crate::study::low_capacity::{Corruption, Pair, Reading, Section, WIDTHS};
use std::{format, string::String, string::ToString, vec, vec::Vec};

impl Report for LowCapacityReport {
    fn summary(&self) -> Summary {
        let contests = Contests::of(&self.findings.pareto);
        let mut lead = vec![
            "Low-capacity networks (arXiv 2507.16278), done again".to_string(),
            dataset(&self.dataset),
            machine(&self.environment, None),
            String::new(),
        ];
        lead.extend(answer(self, &contests));
        let mut tables = vec![("Claims".to_string(), claims_grid(&self.claims))];
        let recipes = table_of(self);
        if !recipes.is_empty() {
            let title = "What it takes: the smallest recipe that is enough, and what it changes, in percent";
            tables.push((title.into(), terminal_table(&recipes)));
        }
        if !contests.winners.is_empty() {
            let title = "What it is worth: who is fastest at each test accuracy; the gain of pruned over dense (95 % interval)";
            tables.push((title.into(), contests.grid()));
        }
        if !self.findings.capacity.is_empty() {
            tables
                .push(("Best training F1, mean over seeds, by pair and hidden units".into(), capacity(self)));
        }
        if !self.comparisons.is_empty() {
            tables.push(("Published against measured".into(), comparisons(self)));
        }
        let caution = (!contests.winners.is_empty()).then(|| CAUTION.to_string());
        Summary {
            lead,
            tables,
            notes: claims_reasons(&self.claims)
                .into_iter()
                .chain(caution)
                .chain(self.notes.iter().cloned())
                .collect(),
        }
    }

    fn records(&self) -> Grid {
        let mut grid = Grid::new(["id", "claim", "published", "measured", "lo", "hi", "verdict", "why"]);
        for claim in &self.claims {
            let Claim { id, claim, published, measured, interval, verdict, why } = claim;
            let end = |end: usize| interval.map_or(String::new(), |interval| exact(interval[end]));
            let words = [id, claim, published, measured].map(String::clone);
            let rest = [end(0), end(1), verdict.text().to_string(), why.clone()];
            grid.push(words.into_iter().chain(rest).collect());
        }
        grid
    }
}

fn capacity(report: &LowCapacityReport) -> Grid {
    let mut grid =
        Grid::new(core::iter::once("pair".to_string()).chain(WIDTHS.map(|hidden| hidden.to_string())));
    for pair in Pair::ALL {
        let cell = |hidden: usize| {
            let rows = report.findings.capacity.iter().filter(|row| (row.pair, row.hidden) == (pair, hidden));
            let values: Vec<f64> = rows.map(|row| row.best_f1).collect();
            match values.len() {
                0 => "-".to_string(),
                seeds => format!("{:.3}", values.iter().sum::<f64>() / seeds as f64),
            }
        };
        grid.push(core::iter::once(pair.to_string()).chain(WIDTHS.map(cell)).collect());
    }
    grid
}

fn comparisons(report: &LowCapacityReport) -> Grid {
    let mut grid = Grid::new([
        "what",
        "pair",
        "hidden",
        "at",
        "published",
        "mean",
        "95 % interval",
        "range",
        "seeds",
        "covered",
    ]);
    for row in &report.comparisons {
        let what = match row.section {
            Section::Rates => "rate",
            Section::Capacity => "capacity",
            Section::Noise => "noise",
            Section::Occlusion => "occlusion",
        };
        let ends = |[lo, hi]: [f64; 2]| format!("{lo:.3}-{hi:.3}");
        let at = if row.section == Section::Capacity { String::new() } else { row.at.to_string() };
        let numbers = [format!("{:.3}", row.published), format!("{:.3}", row.mean)];
        let mut cells = vec![what.to_string(), row.pair.to_string(), row.hidden.to_string(), at];
        cells.extend(numbers);
        cells.extend([ends(row.interval), ends(row.range), row.seeds.to_string()]);
        cells.push(if row.is_covered { "yes" } else { "no" }.into());
        grid.push(cells);
    }
    grid
}

/// What a cell of a spreadsheet says.
trait Cell {
    fn cell(&self) -> String;
}

impl Cell for f64 {
    fn cell(&self) -> String {
        exact(*self)
    }
}

impl Cell for Option<f64> {
    fn cell(&self) -> String {
        self.map_or(String::new(), exact)
    }
}

macro_rules! cells_by_name {
    ($($kind:ty),+) => {
        $(impl Cell for $kind {
            fn cell(&self) -> String {
                self.to_string()
            }
        })+
    };
}

cells_by_name!(usize, u64, String, Pair);

impl Cell for Reading {
    fn cell(&self) -> String {
        self.name().into()
    }
}

impl Cell for Corruption {
    fn cell(&self) -> String {
        self.name().into()
    }
}

/// A table of the named fields of rows.
macro_rules! table {
    ($rows:expr; $($field:ident),+) => {{
        let mut grid = Grid::new([$(stringify!($field)),+]);
        for row in $rows {
            grid.push(vec![$(Cell::cell(&row.$field)),+]);
        }
        grid
    }};
}

/// The tables of numbers, by name, those without rows left out: the maps and layouts are in the JSON form alone.
pub fn low_capacity_tables(report: &LowCapacityReport) -> Vec<(&'static str, Grid)> {
    let all = &report.findings;
    let mut tables = Vec::new();
    let mut add = |name, is_there: bool, table: Grid| {
        if is_there {
            tables.push((name, table));
        }
    };
    let rates = table!(&all.rates; pair, hidden, seed, rate, best_f1, final_f1, validation_f1);
    add("rates", !all.rates.is_empty(), rates);
    let capacity =
        table!(&all.capacity; pair, hidden, seed, best_f1, best_epoch, final_f1, validation_f1, test_f1);
    add("capacity", !all.capacity.is_empty(), capacity);
    let pruning =
        table!(&all.pruning; pair, hidden, seed, level, reading, structure, recipe, f1, auc, test_f1, nnz);
    add("pruning", !all.pruning.is_empty(), pruning);
    let neurons = table!(&all.neurons; pair, hidden, seed, level, reading, dead);
    add("neurons", !all.neurons.is_empty(), neurons);
    let robustness = table!(&all.robustness; pair, hidden, seed, corruption, strength, f1, auc);
    add("robustness", !all.robustness.is_empty(), robustness);
    let pareto = table!(&all.pareto; task, structure, sparsity, hidden, seed, nnz, accuracy, examples, f1, batch, plan, median_ns, p90_ns,
        speedup, speedup_lo, speedup_hi, noise, max_abs_diff);
    add("pareto", !all.pareto.is_empty(), pareto);
    let numbers = table!(&all.interpretability; pair, hidden, seed, level, network, measure, value);
    add("interpretability", !all.interpretability.is_empty(), numbers);
    let compared = table!(&report.comparisons; pair, hidden, at, published, mean, sd, seeds);
    add("comparisons", !report.comparisons.is_empty(), compared);
    tables
}
