//! The plots of a run.

use super::data::RunReport;
use super::number::{format_ns, format_percent, format_speedup, interval};
use super::pivot::{Level, Pivot, skips_inputs};
use super::plot::{Picture, Plot, Point, Scale, Series};
use super::result::ResultRow;
use super::training::learning;
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// A plot and what it is called.
#[derive(Clone, Debug)]
pub struct Figure {
    /// A file name without its extension: `speedup-batch-64`.
    pub stem: String,
    /// What it shows, in a sentence without its full stop.
    pub caption: String,
    /// The plot, or another picture.
    pub plot: Picture,
}

/// Every plot that `report` has the numbers for: accuracy against sparsity, speedup against sparsity for each batch
/// size, and the course of the training.
pub fn figures(report: &RunReport) -> Vec<Figure> {
    let pivot = Pivot::new(report);
    let speedups = pivot.batches.iter().filter_map(|&batch| speedup(report, &pivot, batch));
    let mut figures: Vec<Figure> = accuracy(&pivot).into_iter().chain(speedups).collect();
    figures.extend(report.training.iter().flat_map(learning));
    figures
}

fn accuracy(pivot: &Pivot) -> Option<Figure> {
    let point = |level: &Level| {
        let accuracy = pivot.accuracy(*level)?;
        let hover = format!("{} sparsity: {}", pivot.name(*level), format_percent(accuracy));
        Some(Point { hover, ..Point::plain(level.sparsity, accuracy) })
    };
    let mut series: Vec<Series> = Vec::new();
    for level in &pivot.levels {
        let Some(point) = point(level) else { continue };
        let name = if pivot.structured { level.structure } else { "pruned" };
        match series.iter_mut().find(|known| known.name == name) {
            Some(known) => known.points.push(point),
            None => series.push(Series::line(name, series.len(), vec![point])),
        }
    }
    if series.is_empty() {
        return None;
    }
    Some(Figure {
        stem: "accuracy".to_string(),
        caption: "Test accuracy against sparsity; the dashed line is the network before pruning".to_string(),
        plot: Picture::from(Plot {
            reference: pivot.dense_accuracy().map(|accuracy| (accuracy, "dense".to_string())),
            series,
            ..Plot::new(
                "Test accuracy against sparsity",
                ("weights pruned away", Scale::Sparsity),
                ("test accuracy", Scale::Share),
            )
        }),
    })
}

/// The speedups at one batch size, on an axis that fits those of all of them, so that the plots compare.
fn speedup(report: &RunReport, pivot: &Pivot, batch: usize) -> Option<Figure> {
    let variants = pivot.variants.iter().flat_map(|variant| {
        let structures = structures(pivot);
        structures.into_iter().map(move |structure| (*variant, structure)).collect::<Vec<_>>()
    });
    let line = |(i, (variant, structure)): (usize, (&str, &str))| {
        let levels = pivot.levels.iter().filter(|level| level.structure == structure);
        let points: Vec<Point> = levels
            .filter_map(|&level| pivot.row(batch, level, variant))
            .map(|row| ratio(pivot, row))
            .collect();
        let name = if pivot.structured { format!("{variant} {structure}") } else { variant.to_string() };
        (!points.is_empty()).then(|| Series::line(name, look(variant, i), points))
    };
    let series: Vec<Series> = variants.enumerate().filter_map(line).collect();
    if series.is_empty() {
        return None;
    }
    // Without the intervals: one noisy batch size shall not flatten the plots of the others.
    let speedups = report
        .results
        .iter()
        .filter(|row| !skips_inputs(row))
        .map(|row| row.speedup)
        .filter(|ratio| *ratio > 0.0);
    let noise = pivot.noise_floor(batch);
    Some(Figure {
        stem: format!("speedup-batch-{batch}"),
        caption: format!(
            "Batch {batch}: speedup over the dense network, with 95 % intervals; grey, the noise floor"
        ),
        plot: Picture::from(Plot {
            reference: Some((1.0, "dense".to_string())),
            noise: Some((noise.lo, noise.hi)),
            span: speedups.collect(),
            series,
            ..Plot::new(
                format!("Speedup over the dense network against sparsity at batch {batch}"),
                ("weights pruned away", Scale::Sparsity),
                (&format!("batch {batch}: speedup over dense"), Scale::Ratio),
            )
        }),
    })
}

fn structures<'a>(pivot: &Pivot<'a>) -> Vec<&'a str> {
    let mut names: Vec<&str> = pivot.levels.iter().map(|level| level.structure).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A variant looks the same in every plot, whichever others are beside it.
fn look(variant: &str, position: usize) -> usize {
    let known = ["auto", "csr", "masked"];
    known.iter().position(|name| *name == variant).unwrap_or(known.len() + position)
}

fn ratio(pivot: &Pivot, row: &ResultRow) -> Point {
    let level = Level { sparsity: row.sparsity, structure: &row.structure };
    let (value, range) = (format_speedup(row.speedup), interval(row.speedup_lo, row.speedup_hi));
    let hover =
        format!("{} at {}: {value} ({range}), {}", row.variant, pivot.name(level), format_ns(row.median_ns));
    Point { lo: row.speedup_lo, hi: row.speedup_hi, hover, ..Point::plain(row.sparsity, row.speedup) }
}
