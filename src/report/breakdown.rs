//! Where the time of each layer goes, as tables and as columns.

use super::data::RunReport;
use super::grid::Grid;
use super::number::{TimeUnit, exact, of_limit, short_percent};
use super::result::{BreakdownRow, ResultRow};
use std::{format, string::String, vec, vec::Vec};

/// What the columns mean.
pub(crate) const EXPLANATION: &str = "Breakdown: each layer by itself, rows in and rows out, on one thread (of a batch beyond 64, 64 examples in proportion). input and \
    output: rows to panels and panels to rows, which a network does at its two ends only. arithmetic: the kernel without \
    the activation; weights: reading its packed weights once, the part of the arithmetic that memory alone takes. \
    epilogue: what the activation adds. remainder: what is left of the layer's time. of limit: of the arithmetic.";

/// A time of a layer: its name for programs, for people, and itself.
type Part = (&'static str, &'static str, fn(&BreakdownRow) -> f64);

const PARTS: [Part; 7] = [
    ("input_layout_ns", "input", |part| part.input_layout_ns),
    ("weights_ns", "weights", |part| part.weights_ns),
    ("arithmetic_ns", "arithmetic", |part| part.arithmetic_ns),
    ("epilogue_ns", "epilogue", |part| part.epilogue_ns),
    ("output_layout_ns", "output", |part| part.output_layout_ns),
    ("remainder_ns", "remainder", |part| part.remainder_ns),
    ("layer_ns", "in all", |part| part.layer_ns),
];

/// One table per batch size, one line per layer of each variant; none unless the layers were taken apart.
pub(crate) fn tables(report: &RunReport) -> Vec<(String, Grid)> {
    let mut batches: Vec<usize> = report.results.iter().map(|row| row.batch).collect();
    batches.dedup();
    batches.into_iter().filter_map(|batch| table(report, batch)).collect()
}

fn table(report: &RunReport, batch: usize) -> Option<(String, Grid)> {
    let rows = report.results.iter().filter(|row| row.batch == batch);
    let layers = rows.flat_map(|row| row.layers.iter().map(move |layer| (row, layer)));
    let parts: Vec<_> =
        layers.filter_map(|(row, layer)| Some((row, layer, layer.breakdown.as_ref()?))).collect();
    let longest = parts.iter().map(|(_, _, part)| part.layer_ns).reduce(f64::max)?;
    let unit = TimeUnit::of(longest);
    let names = PARTS.iter().map(|(_, name, _)| *name);
    let mut grid = Grid::new(["sparsity", "variant", "layer"].into_iter().chain(names).chain(["of limit"]));
    for (row, layer, part) in parts {
        let shape = format!("{}x{}", layer.fan_in, layer.fan_out);
        let mut cells = vec![short_percent(row.sparsity), row.variant.clone(), shape];
        cells.extend(PARTS.iter().map(|(_, _, ns)| unit.fixed(ns(part), longest)));
        cells.push(of_limit(&part.limit));
        grid.push(cells);
    }
    Some((format!("Batch {batch}: where the time of each layer goes, {}", unit.name), grid))
}

/// The columns of a flat table: the layers' values in one cell, with spaces between.
pub(crate) fn columns() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|(column, _, _)| *column)
}

/// The values of [`columns`].
pub(crate) fn cells(row: &ResultRow) -> impl Iterator<Item = String> {
    let parts: Vec<&BreakdownRow> = row.layers.iter().filter_map(|layer| layer.breakdown.as_ref()).collect();
    PARTS.iter().map(move |(_, _, ns)| parts.iter().map(|part| exact(ns(part))).collect::<Vec<_>>().join(" "))
}
