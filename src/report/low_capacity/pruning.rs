//! The pruning section: both readings of the level, and the published curve.

use super::super::figures::Figure;
use super::super::grid::Grid;
use super::super::number::{NONE, short_percent};
use super::super::plot::{Panels, Plot, Point, Scale, Series};
use super::super::study::{Block, Section};
use super::LowCapacityReport;
use super::published::pair_look;
use super::spreads::{distinct, spread};
use crate::study::low_capacity::{Pair, PruningRow, Reading, Spread, published};
use std::{format, string::String, string::ToString, vec, vec::Vec};

const ACCOUNT: [&str; 3] = [
    "Published: the level is the percentage of weights removed, and F1 changes by no more than 0.03 % up to 99 %.",
    "The published code divides the level by 100 twice: at 95 it removes 0.95 % of the weights.",
    "Both readings are measured here, on the same trained networks: one shot after training, each layer by itself, no training \
     afterwards. Changes are those of F1 on the validation examples against the same network before pruning, seed by seed.",
];

/// The rows of the published recipe, in the order of the levels.
struct Curves<'a> {
    rows: Vec<&'a PruningRow>,
    levels: Vec<f64>,
}

impl<'a> Curves<'a> {
    fn new(rows: &'a [PruningRow]) -> Self {
        let is_published = |row: &&PruningRow| row.recipe == "published" && row.structure == "unstructured";
        let rows: Vec<&PruningRow> = rows.iter().filter(is_published).collect();
        let mut levels = distinct(rows.iter().map(|row| row.level).filter(|level| *level > 0.0));
        levels.sort_by(f64::total_cmp);
        Self { rows, levels }
    }

    /// The relative change of F1 over seeds; -1 is all of it.
    fn change(&self, (pair, hidden): (Pair, usize), reading: Reading, level: f64) -> Option<Spread> {
        let own = || self.rows.iter().filter(move |row| (row.pair, row.hidden) == (pair, hidden));
        let dense = |seed: u64| own().find(|row| row.level == 0.0 && row.seed == seed).map(|row| row.f1);
        let pruned = own().filter(|row| row.level == level && row.reading == reading);
        let change = |row: &&PruningRow| Some(row.f1 / dense(row.seed).filter(|f1| *f1 > 0.0)? - 1.0);
        spread(pruned.filter_map(change))
    }

    fn line(&self, of: (Pair, usize), reading: Reading, look: usize, name: &str) -> Series {
        let point = |&level: &f64| {
            let spread = self.change(of, reading, level)?;
            let [lo, hi] = spread.interval;
            let share = short_percent(reading.share(level));
            let hover = format!("{}, h = {}, {share} removed: {} %", of.0, of.1, percent(&spread, 3));
            Some(Point { lo, hi, hover, ..Point::plain(level / 100.0, spread.mean) })
        };
        Series::line(name, look, self.levels.iter().filter_map(point).collect())
    }
}

/// `-12.7 (-14.1 to -11.2)`: in percent, with so many decimals.
fn percent(spread: &Spread, decimals: usize) -> String {
    let [mean, lo, hi] = [spread.mean, spread.interval[0], spread.interval[1]].map(|share| 100.0 * share);
    format!("{mean:+.decimals$} ({lo:+.decimals$} to {hi:+.decimals$})")
}

/// Both readings beside the published curve.
pub(super) fn pruning(report: &LowCapacityReport) -> Option<Section> {
    let curves = Curves::new(&report.findings.pruning);
    let last = *curves.levels.last()?;
    let cells = distinct(curves.rows.iter().map(|row| (row.pair, row.hidden)));
    let widths = distinct(cells.iter().map(|cell| cell.1));
    let shown: Vec<usize> = widths.iter().copied().filter(|hidden| [24, 64].contains(hidden)).collect();
    let shown = if shown.is_empty() { widths } else { shown };
    let mut blocks: Vec<Block> = vec![Block::Notes(ACCOUNT.map(String::from).into())];
    blocks.extend(shown.iter().map(|&hidden| Block::Wide(readings(&curves, &cells, hidden))));
    blocks.push(Block::Figures(shown.iter().map(|&hidden| hundredth(&curves, &cells, hidden)).collect()));
    let table = table(&curves, &cells, &shown);
    blocks.push(Block::Table(
        "Mean relative change of F1 in percent (95 % interval), by the share of weights that is really removed".to_string(),
        table,
    ));
    let mean = |reading: Reading| {
        let changes =
            cells.iter().filter_map(|cell| curves.change(*cell, reading, last)).map(|of| 100.0 * of.mean);
        let changes: Vec<f64> = changes.collect();
        let end = |pick: fn(f64, f64) -> f64| changes.iter().copied().reduce(pick).unwrap_or(f64::NAN);
        (end(f64::min), end(f64::max))
    };
    let (percent, hundredth) = (mean(Reading::Percent), mean(Reading::Hundredth));
    let answer = format!(
        "At level {last}, with {last} % of the weights really removed, F1 changes by {:+.0} to {:+.0} %, depending on the network; with a \
         hundredth of that removed, as the published code does, by {:+.3} to {:+.3} %.",
        percent.0, percent.1, hundredth.0, hundredth.1
    );
    Some(Section { id: "pruning", title: "How far can it be pruned?", answer, blocks })
}

/// One panel for each pair.
fn readings(curves: &Curves, cells: &[(Pair, usize)], hidden: usize) -> Figure {
    let panel = |&of: &(Pair, usize)| Plot {
        reference: Some((0.0, String::new())),
        series: vec![curves.line(of, Reading::Percent, 1, ""), curves.line(of, Reading::Hundredth, 0, "")],
        ..Plot::new(
            format!("{}, h = {hidden}", of.0),
            ("pruning level", Scale::Sparsity),
            (&format!("{}, h = {hidden}", of.0), Scale::Share),
        )
    };
    let panels = cells.iter().filter(|cell| cell.1 == hidden).map(panel).collect();
    let legend = [("as the text says", 1), ("as the code does", 0)];
    let title = format!("Relative change of F1 against the pruning level, h = {hidden}");
    Figure {
        stem: format!("pruning-{hidden}"),
        caption: format!(
            "{title}; with 95 % intervals; as the text says, that percentage of the weights is removed, as the code does, a hundredth of it. The published curves lie on the dashed line"
        ),
        plot: Panels::new(title, &legend, panels).into(),
    }
}

/// A hundredth alone, on a scale on which the published band is wide.
fn hundredth(curves: &Curves, cells: &[(Pair, usize)], hidden: usize) -> Figure {
    let line = |of: &(Pair, usize)| curves.line(*of, Reading::Hundredth, pair_look(of.0), &of.0.to_string());
    let band = published::PRUNING_BAND / 100.0;
    let plot = Plot {
        reference: Some((0.0, "no change".into())),
        noise: Some((-band, band)),
        series: cells.iter().filter(|cell| cell.1 == hidden).map(line).collect(),
        ..Plot::new(
            format!("Relative change of F1 where a hundredth of the level is removed, h = {hidden}"),
            ("pruning level, a hundredth of it removed", Scale::Sparsity),
            (&format!("h = {hidden}: relative change of F1"), Scale::Share),
        )
    };
    Figure {
        stem: format!("pruning-hundredth-{hidden}"),
        caption: format!(
            "h = {hidden}, a hundredth of the level removed, with 95 % intervals; grey, the published band"
        ),
        plot: plot.into(),
    }
}

/// The levels of the table: of all, those from a half on.
fn table(curves: &Curves, cells: &[(Pair, usize)], shown: &[usize]) -> Grid {
    let levels: Vec<f64> = curves.levels.iter().copied().filter(|level| *level >= 50.0).collect();
    let mut header = vec!["pair, h".to_string()];
    header.extend(levels.iter().map(|level| short_percent(level / 100.0)));
    header.push("a hundredth, all".to_string());
    let mut grid = Grid::new(header);
    for of in cells.iter().filter(|cell| shown.contains(&cell.1)) {
        let at = |&level: &f64| {
            curves.change(*of, Reading::Percent, level).map_or(NONE.to_string(), |of| percent(&of, 1))
        };
        let all = curves.levels.iter().filter_map(|level| curves.change(*of, Reading::Hundredth, *level));
        let means: Vec<f64> = all.map(|of| 100.0 * of.mean).collect();
        let (lo, hi) = (means.iter().copied().fold(0.0, f64::min), means.iter().copied().fold(0.0, f64::max));
        let mut cells = vec![format!("{}, {}", of.0, of.1)];
        cells.extend(levels.iter().map(at));
        cells.push(format!("{lo:+.3} to {hi:+.3}"));
        grid.push(cells);
    }
    grid
}
