//! A run as tables: one block per batch size, one line per pruning level.

use super::conclusion::{answer, choices, noise, verification, worth};
use super::data::{DatasetInfo, NetworkInfo, RunReport, Source};
use super::grid::{Grid, Summary};
use super::number::{
    NONE, TimeUnit, exact, format_count, format_percent, format_speedup, interval, largest, of_limit, plural,
    trimmed,
};
use super::pivot::{Level, Pivot};
use super::result::{NoiseFloor, ResultRow};
use super::{Report, best, breakdown};
use crate::measure::Environment;
use std::{format, string::String, string::ToString, vec, vec::Vec};

impl Report for RunReport {
    fn summary(&self) -> Summary {
        let pivot = Pivot::new(self);
        let lead = vec![done(self), machine(&self.environment, Some(self.seed))];
        if self.results.is_empty() {
            return Summary { lead, tables: Vec::new(), notes: vec!["Nothing was measured.".to_string()] };
        }
        let mut notes = vec![answer(&pivot)];
        notes.extend(worth(&pivot));
        notes.extend(choices(&pivot));
        notes.extend([verification(&self.results), noise(&pivot)]);
        notes.extend(self.notes.iter().cloned());
        notes.retain(|note| !note.is_empty());
        let parts = breakdown::tables(self);
        notes.extend(limits(&self.results));
        notes.extend((!parts.is_empty()).then(|| breakdown::EXPLANATION.to_string()));
        Summary { lead, tables: [blocks(&pivot), best::blocks(&pivot), parts].concat(), notes }
    }

    fn records(&self) -> Grid {
        let columns = [
            "sparsity",
            "structure",
            "nnz",
            "test_accuracy",
            "batch",
            "variant",
            "median_ns",
            "median_ns_lo",
            "median_ns_hi",
            "p90_ns",
            "p99_ns",
            "speedup",
            "speedup_lo",
            "speedup_hi",
            "max_abs_diff",
            "agreement",
            "gflops",
            "fraction_of_peak",
            "plan",
            "kernels",
            "limit",
            "limit_ns",
            "of_limit",
        ];
        let mut grid = Grid::new(columns.into_iter().chain(breakdown::columns()));
        self.results.iter().for_each(|row| grid.push(record(row)));
        grid
    }
}

/// One block per batch size.
pub(crate) fn blocks(pivot: &Pivot) -> Vec<(String, Grid)> {
    pivot.batches.iter().map(|&batch| block(pivot, batch)).collect()
}

fn block(pivot: &Pivot, batch: usize) -> (String, Grid) {
    let slowest = |level: &Level| pivot.rows(batch, *level).map(|row| row.median_ns).fold(0.0, f64::max);
    let longest = pivot.levels.iter().map(slowest).fold(0.0, f64::max);
    let unit = TimeUnit::of(pivot.dense(batch).map_or(longest, |row| row.median_ns));

    let mut header = vec!["sparsity".to_string(), "accuracy".to_string(), format!("dense {}", unit.name)];
    header.extend(pivot.variants.iter().map(|variant| format!("{variant} {}", unit.name)));
    header.extend(["of limit", "speedup (interval)", "max diff"].map(String::from));
    let mut grid = Grid::new(header);
    let accuracy = |share: Option<f64>| share.map_or(NONE.to_string(), format_percent);
    if let Some(row) = pivot.dense(batch) {
        let mut cells = vec!["0 %".to_string(), accuracy(pivot.dense_accuracy()), unit.number(row.median_ns)];
        cells.extend(pivot.variants.iter().map(|_| String::new()));
        let NoiseFloor { lo, hi } = pivot.noise_floor(batch);
        cells.push(of_limit(&row.limit));
        cells.extend([format!("1.00x ({})", interval(*lo, *hi)), difference(row.max_abs_diff)]);
        grid.push(cells);
    }
    for &level in &pivot.levels {
        if pivot.rows(batch, level).next().is_none() {
            continue;
        }
        let mut cells = vec![pivot.name(level), accuracy(pivot.accuracy(level)), String::new()];
        let timed = |variant| {
            pivot.row(batch, level, variant).map_or(NONE.to_string(), |row| unit.number(row.median_ns))
        };
        cells.extend(pivot.variants.iter().map(|variant| timed(variant)));
        let headline = pivot.row(batch, level, pivot.headline);
        cells.push(headline.map_or(NONE.to_string(), |row| of_limit(&row.limit)));
        cells.push(headline.map_or(NONE.to_string(), speedup));
        let worst = largest(pivot.rows(batch, level).map(|row| row.max_abs_diff));
        cells.push(difference(worst));
        grid.push(cells);
    }
    let title = match pivot.variants.is_empty() {
        true => format!("Batch {batch}: median time of one call"),
        false => format!(
            "Batch {batch}: median time of one call; speedup of {} over dense, with 95 % interval",
            pivot.headline
        ),
    };
    (title, grid.without_unknown_columns())
}

fn speedup(row: &ResultRow) -> String {
    format!("{} ({})", format_speedup(row.speedup), interval(row.speedup_lo, row.speedup_hi))
}

/// A difference from the oracle; one that is no number is the worst there is, and is shown.
pub(crate) fn difference(value: f64) -> String {
    format!("{value:.1e}")
}

fn record(row: &ResultRow) -> Vec<String> {
    let kernels: Vec<&str> = row.layers.iter().map(|layer| layer.kernel.as_str()).collect();
    let optional = |value: Option<f64>| value.map_or(String::new(), exact);
    let mut cells = vec![
        exact(row.sparsity),
        row.structure.clone(),
        row.nnz.to_string(),
        optional(row.test_accuracy),
        row.batch.to_string(),
        row.variant.clone(),
        exact(row.median_ns),
        exact(row.median_ns_lo),
        exact(row.median_ns_hi),
        exact(row.p90_ns),
        exact(row.p99_ns),
        exact(row.speedup),
        exact(row.speedup_lo),
        exact(row.speedup_hi),
        exact(row.max_abs_diff),
        exact(row.agreement),
        exact(row.gflops),
        optional(row.fraction_of_peak),
        row.plan.clone(),
        kernels.join(" "),
        row.limit.limit.clone().unwrap_or_default(),
        optional(row.limit.limit_ns),
        optional(row.limit.of_limit),
    ];
    cells.extend(breakdown::cells(row));
    cells
}

/// What `of limit` means, if it is known.
pub(crate) fn limits(rows: &[ResultRow]) -> Option<String> {
    rows.iter().any(|row| row.limit.of_limit.is_some()).then(|| {
        "of limit: the least time the machine allows, as a share of the time taken (of dense in its row, of the variant with \
         the speedup in the others). The limit is what takes longer, the multiply-adds of the weights stored (FMA), or reading \
         their bytes once from where they fit (L1, L2, L3, RAM); both measured in the same rounds."
            .to_string()
    })
}

/// What was done, in one sentence.
pub(crate) fn done(report: &RunReport) -> String {
    let network = network(&report.network);
    let data = report.dataset.as_ref().map(dataset);
    match (&report.training, data) {
        (Some(training), data) => format!(
            "{network}, trained on {} for {} ({} s): {} test accuracy before pruning",
            data.unwrap_or("random inputs".to_string()),
            plural(training.epochs, "epoch", "epochs"),
            trimmed((training.seconds * 10.0).round() / 10.0),
            format_percent(training.test_accuracy)
        ),
        (None, Some(data)) => format!("{network}, not trained here, on {data}"),
        (None, None) => format!("{network}, not trained here, on random inputs"),
    }
}

/// A network's shape: `784-256-10 (relu)`.
pub(crate) fn network(info: &NetworkInfo) -> String {
    let widths: Vec<String> = info.layers.iter().map(ToString::to_string).collect();
    format!("{} ({})", widths.join("-"), info.activation)
}

/// A data set: its name, where it is from, how large it is.
pub(crate) fn dataset(info: &DatasetInfo) -> String {
    let origin = match info.source {
        Source::Embedded => "drawn by prunella, ",
        Source::Directory => "",
    };
    let (train, test) = (format_count(info.train), format_count(info.test));
    format!("{} ({origin}{train} training and {test} test examples)", info.name)
}

/// The machine and the build, in one line.
pub(crate) fn machine(environment: &Environment, seed: Option<u64>) -> String {
    let Environment { cpu, isa, threads, version, commit, .. } = environment;
    let seed = seed.map_or(String::new(), |seed| format!(", seed {seed}"));
    let threads = plural(*threads, "thread", "threads");
    format!("{cpu}, {isa}, {threads}; prunella {version} ({commit}){seed}")
}
