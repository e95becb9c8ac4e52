//! The second headline as tables of their own: what pruning is worth where zeros of the input are skipped before and after it.

use super::grid::Grid;
use super::number::{NONE, TimeUnit, format_percent, format_speedup, interval};
use super::pivot::{Level, Pivot, skips_inputs};
use super::result::BestRow;
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// One block per batch size at which inputs were skipped.
pub(crate) fn blocks(pivot: &Pivot) -> Vec<(String, Grid)> {
    pivot.batches.iter().filter_map(|&batch| block(pivot, batch)).collect()
}

fn block(pivot: &Pivot, batch: usize) -> Option<(String, Grid)> {
    let rows: Vec<&BestRow> = pivot.report.speedup_best.iter().filter(|best| best.batch == batch).collect();
    if rows.is_empty() {
        return None;
    }
    let skipping = || pivot.report.results.iter().filter(|row| row.batch == batch && skips_inputs(row));
    let unit = TimeUnit::of(skipping().map(|row| row.median_ns).fold(0.0, f64::max));
    let time = |wanted: &dyn Fn(&str, Level<'_>) -> bool| {
        let row = skipping().find(|row| wanted(&row.variant, Level::of(row)));
        row.map_or(NONE.to_string(), |row| unit.number(row.median_ns))
    };
    let mut grid = Grid::new([
        "sparsity".to_string(),
        format!("dense {}", unit.name),
        format!("csr {}", unit.name),
        "speedup_best (95 % interval)".to_string(),
        "best dense".to_string(),
        "best pruned".to_string(),
    ]);
    grid.push(vec!["0 %".to_string(), time(&|variant, _| variant == "dense-sparse-input")]);
    for best in rows {
        let level = Level { sparsity: best.sparsity, structure: &best.structure };
        grid.push(vec![
            pivot.name(level),
            String::new(),
            time(&|variant, of| variant == "csr-sparse-input" && of == level),
            format!("{} ({})", format_speedup(best.speedup), interval(best.speedup_lo, best.speedup_hi)),
            best.dense.clone(),
            best.pruned.clone(),
        ]);
    }
    let density =
        pivot.report.input_density.map_or(String::new(), |d| format!(", {}", format_percent(1.0 - d)));
    let title = format!("Batch {batch}, inputs that are zero{density}, skipped: best pruned over best dense");
    Some((title, grid.without_unknown_columns()))
}
