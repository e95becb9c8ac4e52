//! Speedup against sparsity, a line per shape, with the break-evens marked.

use super::super::figures::Figure;
use super::super::html::{document, environment, figures_html, notes_html, paragraph, section};
use super::super::number::{format_speedup, interval, short_percent};
use super::super::plot::{Mark, Picture, Plot, Point, Scale, Series};
use super::super::{Report, Summary};
use super::{BreakEvenVerdict, BreakevenReport, CurveRow, PointRow, break_even, shape};
use std::{format, string::String, string::ToString, vec::Vec};

/// The looks in the order of the shapes: the wide line of look 1 is for lines that others lie on.
const LOOKS: [usize; 6] = [0, 3, 4, 5, 2, 1];

/// One plot per batch size.
pub fn breakeven_figures(report: &BreakevenReport) -> Vec<Figure> {
    report.settings.batches.iter().map(|&batch| figure(report, batch)).collect()
}

fn figure(report: &BreakevenReport, batch: usize) -> Figure {
    let curves = || report.results.iter().filter(|curve| curve.batch == batch).zip(LOOKS.into_iter().cycle());
    let speedups = report.results.iter().flat_map(|curve| &curve.points).map(|point| point.speedup);
    Figure {
        stem: format!("breakeven-batch-{batch}"),
        caption: format!(
            "Batch {batch}: speedup of sparse over dense, with 95 % intervals, and at the foot the sparsity from which on \
             sparse is faster"
        ),
        plot: Picture::from(Plot {
            reference: Some((1.0, "dense".to_string())),
            // One scale for all batch sizes, so that the plots compare.
            span: speedups.collect(),
            marks: curves().filter_map(|(curve, look)| mark(curve, look)).collect(),
            series: curves().map(|(curve, look)| series(curve, look)).collect(),
            ..Plot::new(
                format!("Speedup of sparse over dense against sparsity at batch {batch}"),
                ("weights pruned away", Scale::Share),
                (&format!("batch {batch}: speedup over dense"), Scale::Ratio),
            )
        }),
    }
}

fn series(curve: &CurveRow, look: usize) -> Series {
    let found = &curve.break_even;
    let about = format!("{:.0} %", 50.0 * (found.lo + found.hi));
    let name = match found.verdict {
        BreakEvenVerdict::Between => about,
        BreakEvenVerdict::Below => format!("<{}", short_percent(found.hi)),
        BreakEvenVerdict::Above => "never".to_string(),
    };
    let point = |point: &PointRow| {
        let range = interval(point.speedup_lo, point.speedup_hi);
        let (at, value) = (short_percent(point.sparsity), format_speedup(point.speedup));
        let hover = format!("{} at {at}: {value} ({range})", shape(curve));
        let (lo, hi) = (point.speedup_lo, point.speedup_hi);
        Point { lo, hi, hover, ..Point::plain(point.sparsity, point.speedup) }
    };
    Series::line(format!("{}: {name}", shape(curve)), look, curve.points.iter().map(point).collect())
}

fn mark(curve: &CurveRow, look: usize) -> Option<Mark> {
    let hover = format!("{} breaks even at {}", shape(curve), break_even(&curve.break_even));
    let found = curve.break_even.verdict == BreakEvenVerdict::Between;
    found.then_some(Mark { lo: curve.break_even.lo, hi: curve.break_even.hi, look, hover })
}

/// The page. It expects [`json`](crate::report::json) of the same report beside it, as `results.json`.
pub fn breakeven_html(report: &BreakevenReport) -> String {
    let Summary { lead, tables, notes } = report.summary();
    let mut body = lead.iter().map(|line| paragraph("done", line)).collect::<String>();
    body += &figures_html(&breakeven_figures(report));
    for (title, grid) in tables {
        body += &section("Results", &format!("{}{}", paragraph("choice", &title), grid.html(&title)));
    }
    body += &section("How to read it", &notes_html(&notes));
    let place = environment(&report.environment, Some(report.seed), &report.command);
    body += &section("Where it was measured", &place);
    document("From which sparsity on sparse weights are faster", &body)
}
