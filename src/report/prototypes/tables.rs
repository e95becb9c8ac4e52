//! The results of the prototype study as data and as tables.

use super::super::Report;
use super::super::data::Schema;
use super::super::grid::{Grid, Summary};
use super::super::number::{exact, plural, significant, three_digits};
use super::super::run::machine;
use super::super::study::{claims_grid, claims_reasons, claims_records, range};
use super::answer::what_holds;
use super::figures::mask_name;
use crate::measure::Environment;
use crate::study::prototypes::{Cell, Mask, Results, Run, SensitivityRow, SettlingRow, Spread};
use serde::Serialize;
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// What `prunella repro prototypes` found. The field names are a public schema: fields may be added, never renamed.
#[derive(Clone, Debug, Serialize)]
pub struct PrototypesReport {
    /// [`Schema::Prototypes`].
    pub schema: Schema,
    /// The command line that made this.
    pub command: String,
    /// The machine, the compiler and the build.
    pub environment: Environment,
    /// Everything else.
    #[serde(flatten)]
    pub results: Results,
}

impl Report for PrototypesReport {
    fn summary(&self) -> Summary {
        let results = &self.results;
        let runs = plural(results.runs.len(), "nominal run", "nominal runs");
        let mut lead = vec![
            format!("Prototypes in minimal Gaussian networks (arXiv 2605.25939), reconstructed: {runs}"),
            machine(&self.environment, Some(results.settings.first_seed)),
        ];
        lead.extend(what_holds(results));
        let mut tables = Vec::new();
        let mut table = |title: &str, grid: Grid, is_there: bool| {
            if is_there {
                tables.push((title.to_string(), grid));
            }
        };
        table("What was claimed, and what holds", claims_grid(&results.claims), !results.claims.is_empty());
        let largest = results.cells.iter().map(|cell| cell.n).max().unwrap_or(0);
        let title = format!("Mean E by mask and N; the other means at N = {largest}");
        table(&title, by_size(results), !results.cells.is_empty());
        let title = "Median E by mask and N, with 95 % intervals";
        table(title, medians(results), !results.cells.is_empty());
        table("Separation alone over tau", tau_sweep(results, short), !results.tau_sweep.is_empty());
        let sensitivity = sensitivity(&results.sensitivity);
        table("Which claims hold under which definition", sensitivity, !results.sensitivity.is_empty());
        let settling = settling(&results.settling, three_digits);
        table(
            "Share of prototypes outside the hull, by kind of points",
            settling,
            !results.settling.is_empty(),
        );
        table("Digits read back", digits(results, short), !results.digits.is_empty());
        let mut notes = claims_reasons(&results.claims);
        notes.push(RECONSTRUCTION.to_string());
        Summary { lead, tables, notes }
    }

    fn records(&self) -> Grid {
        let mut grid = Grid::new([
            "mask",
            "n",
            "d",
            "seed",
            "input",
            "error",
            "specialization",
            "specialization_by_activation",
            "outside",
            "fit",
        ]);
        self.results.runs.iter().for_each(|run| grid.push(record(run)));
        grid
    }
}

const RECONSTRUCTION: &str = "The published text names neither formulas nor settings: those used here are ours, and the sensitivity \
    table says what depends on them.";

/// A table (.csv) for each part that was done, by its name.
pub fn prototypes_tables(results: &Results) -> Vec<(&'static str, Grid)> {
    let tables = [
        ("claims", claims_records(&results.claims), results.claims.is_empty()),
        ("tau-sweep", tau_sweep(results, exact), results.tau_sweep.is_empty()),
        ("sensitivity", sensitivity(&results.sensitivity), results.sensitivity.is_empty()),
        ("settling", settling(&results.settling, exact), results.settling.is_empty()),
        ("digits", digits(results, exact), results.digits.is_empty()),
    ];
    tables.into_iter().filter(|(_, _, is_empty)| !is_empty).map(|(name, grid, _)| (name, grid)).collect()
}

fn record(run: &Run) -> Vec<String> {
    let mut cells = vec![
        run.mask.bits().to_string(),
        run.n.to_string(),
        run.d.to_string(),
        run.seed.to_string(),
        run.input.name().to_string(),
    ];
    let measures = [run.error, run.specialization, run.specialization_by_activation, run.outside, run.fit];
    cells.extend(measures.map(exact));
    cells
}

/// Three digits; in powers of ten where they are next to nothing, as a fit may be.
pub(super) fn short(value: f64) -> String {
    if value.abs() < 1e-4 && value != 0.0 { format!("{value:.1e}") } else { three_digits(value) }
}

/// `mask`, and a column for each N.
fn sizes_header(results: &Results) -> Vec<String> {
    let mut sizes: Vec<usize> = results.cells.iter().map(|cell| cell.n).collect();
    sizes.sort_unstable();
    sizes.dedup();
    core::iter::once("mask".to_string()).chain(sizes.iter().map(|n| format!("N = {n}"))).collect()
}

/// The median E of every mask with its interval, one column for each N.
fn medians(results: &Results) -> Grid {
    let mut grid = Grid::new(sizes_header(results));
    for mask in Mask::ALL {
        let cells = results.cells.iter().filter(|cell| cell.mask == mask);
        let of = |cell: &Cell| {
            let Spread { median, median_lo, median_hi, .. } = cell.error;
            let [median, lo, hi] = [median, median_lo, median_hi].map(|value| significant(value, 2));
            format!("{median} ({lo}-{hi})")
        };
        let medians: Vec<String> = cells.map(of).collect();
        if !medians.is_empty() {
            grid.push(core::iter::once(mask_name(mask)).chain(medians).collect());
        }
    }
    grid
}

/// A median with its interval: `0.0123 (0.0119 to 0.0127)`.
pub(super) fn median(spread: &Spread) -> String {
    let Spread { median, median_lo, median_hi, .. } = *spread;
    format!("{} ({})", short(median), range([median_lo, median_hi]))
}

/// E of every mask, one column for each N.
fn by_size(results: &Results) -> Grid {
    let mut header = sizes_header(results);
    header.extend(["specialisation".into(), "outside".into(), "fit".into()]);
    let mut grid = Grid::new(header);
    for mask in Mask::ALL {
        let cells: Vec<&Cell> = results.cells.iter().filter(|cell| cell.mask == mask).collect();
        let Some(largest) = cells.last() else { continue };
        let mut row = vec![mask_name(mask)];
        row.extend(cells.iter().map(|cell| three_digits(cell.error.mean)));
        let at_largest = [&largest.specialization, &largest.outside, &largest.fit];
        row.extend(at_largest.map(|spread| short(spread.mean)));
        grid.push(row);
    }
    grid
}

/// A mean and the ends of its interval.
fn mean(spread: &Spread, write: fn(f64) -> String) -> [String; 3] {
    [spread.mean, spread.lo, spread.hi].map(write)
}

fn tau_sweep(results: &Results, write: fn(f64) -> String) -> Grid {
    let mut grid =
        Grid::new(["tau_s", "seeds", "outside", "lo", "hi", "E", "median E", "specialisation", "fit"]);
    for row in &results.tau_sweep {
        let cell = &row.cell;
        let mut cells = vec![row.tau_s.map_or("without".into(), write), cell.seeds.to_string()];
        cells.extend(mean(&cell.outside, write));
        let others = [cell.error.mean, cell.error.median, cell.specialization.mean, cell.fit.mean];
        cells.extend(others.map(write));
        grid.push(cells);
    }
    grid
}

fn sensitivity(rows: &[SensitivityRow]) -> Grid {
    let mut header = vec!["setting".to_string(), "value".into(), "seeds".into()];
    header.extend(rows.iter().take(1).flat_map(|row| &row.verdicts).map(|(id, ..)| id.clone()));
    let mut grid = Grid::new(header);
    for row in rows {
        let mut cells = vec![row.setting.clone(), row.value.clone(), row.seeds.to_string()];
        cells.extend(row.verdicts.iter().map(|(_, verdict, _)| verdict.text().to_string()));
        grid.push(cells);
    }
    grid
}

fn settling(rows: &[SettlingRow], write: fn(f64) -> String) -> Grid {
    let mut grid =
        Grid::new(["points", "d", "N", "before"].map(String::from).into_iter().chain(masks(rows)).chain(
            ["expulsion", "lo", "hi", "expels", "attractor", "lo", "hi", "attracts"].map(String::from),
        ));
    for row in rows {
        let mut cells = vec![row.input.name().to_string(), row.d.to_string(), row.n.to_string()];
        cells.push(write(row.outside_before));
        cells.extend(row.cells.iter().map(|cell| write(cell.outside.mean)));
        cells.extend(mean(&row.expulsion, write));
        cells.push(row.expels.text().to_string());
        cells.extend(mean(&row.attractor, write));
        cells.push(row.attracts.text().to_string());
        grid.push(cells);
    }
    grid
}

fn masks(rows: &[SettlingRow]) -> impl Iterator<Item = String> {
    rows.iter().take(1).flat_map(|row| &row.cells).map(|cell| cell.mask.bits().to_string())
}

fn digits(results: &Results, write: fn(f64) -> String) -> Grid {
    let mut grid = Grid::new(["images", "mask", "N", "seeds", "E before", "E", "specialisation", "fit"]);
    for row in &results.digits {
        let cell = &row.cell;
        let mut cells =
            vec![row.source.clone(), mask_name(row.mask), row.n.to_string(), cell.seeds.to_string()];
        let measures = [row.error_before, cell.error.mean, cell.specialization.mean, cell.fit.mean];
        cells.extend(measures.map(write));
        grid.push(cells);
    }
    grid
}
