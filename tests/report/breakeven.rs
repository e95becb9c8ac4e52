//! A break-even in words and pictures.

use prunella::report::plot::{Picture, Plot};
use prunella::report::*;

use super::fixture::environment;

fn side(median_ns: f64, plan: &str, limit: &str, of_limit: f64) -> SideRow {
    let limit = LimitInfo {
        limit: Some(limit.into()),
        limit_ns: Some(median_ns * of_limit),
        of_limit: Some(of_limit),
    };
    SideRow { median_ns, plan: plan.into(), limit }
}

fn point(sparsity: f64, speedup: f64) -> PointRow {
    PointRow {
        sparsity,
        nnz: (50_176.0 * (1.0 - sparsity)) as usize,
        dense: side(1_000.0, "one/dense", "l2", 0.71),
        sparse: side(1_000.0 / speedup, "one/csr", "fma", 0.94),
        speedup,
        speedup_lo: speedup * 0.98,
        speedup_hi: speedup * 1.02,
        rounds: 100,
        max_abs_diff: 3e-7,
    }
}

fn curve(fan_out: usize, batch: usize, verdict: BreakEvenVerdict, lo: f64, hi: f64) -> CurveRow {
    let points = [(0.02, 0.8), (0.5, 1.4), (0.9, 6.2), (0.99, 31.0)];
    let points = points.into_iter().map(|(sparsity, speedup)| point(sparsity, speedup)).collect();
    CurveRow { fan_in: 784, fan_out, batch, break_even: BreakEvenRow { verdict, lo, hi }, points }
}

fn report() -> BreakevenReport {
    BreakevenReport {
        schema: Schema::Breakeven,
        command: "prunella breakeven".into(),
        seed: 1,
        environment: environment(),
        settings: BreakevenSettings {
            shapes: vec!["784x64".into(), "784x1024".into(), "784x16".into(), "784x2".into()],
            batches: vec![1, 64],
            sparsities: vec![0.5, 0.9, 0.99],
            activation: "relu".into(),
            resolution: 0.01,
        },
        results: vec![
            curve(64, 1, BreakEvenVerdict::Between, 0.2075, 0.215),
            curve(1024, 1, BreakEvenVerdict::Between, 0.0, 0.0425),
            curve(16, 64, BreakEvenVerdict::Below, 0.0, 0.02),
            curve(2, 64, BreakEvenVerdict::Above, 0.99, 1.0),
        ],
        notes: vec!["A note.".into()],
    }
}

#[test]
fn the_table_says_where_pruning_begins_to_pay() {
    let table = render(&report(), Format::Table);
    let lines: Vec<&str> = table.lines().collect();
    let line = |shape: &str| {
        let cells = |line: &&&str| line.split_whitespace().next() == Some(shape);
        lines
            .iter()
            .find(cells)
            .unwrap_or_else(|| panic!("no {shape} in {table}"))
            .split_whitespace()
            .collect::<Vec<_>>()
    };
    assert_eq!(line("shape")[..4], ["shape", "batch", "break-even", "50"]);
    let shown = "784x64 1 20.8-21.5 % 1.40x 6.20x 31.00x 71 % L2 94 % FMA";
    assert_eq!(line("784x64").join(" "), shown);
    assert_eq!(line("784x1024")[1..4], ["1", "0-4.3", "%"]);
    assert_eq!(line("784x16")[1..5], ["64", "below", "2", "%"]);
    assert_eq!(line("784x2")[1..6], ["64", "never", "up", "to", "99"]);
    assert!(table.contains("share of the limit at 90 %") && table.contains("A note."), "{table}");
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{table}");
}

#[test]
fn every_point_is_a_line_of_the_csv() {
    let csv = render(&report(), Format::Csv);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 1 + 16);
    assert!(
        lines[0].starts_with("fan_in,fan_out,batch,break_even,break_even_lo,break_even_hi,sparsity,nnz,")
    );
    assert!(lines[1].starts_with("784,64,1,between,0.2075,0.215,0.02,49172,1000,1250,0.8,"), "{}", lines[1]);
    assert!(lines[1].contains(",one/dense,l2,710,0.71,one/csr,fma,1175,0.94"), "{}", lines[1]);
}

#[test]
fn the_json_names_its_schema_and_settings() {
    let value: serde_json::Value =
        serde_json::from_str(&render(&report(), Format::Json)).expect("valid JSON");
    assert_eq!(value["schema"], "prunella.breakeven/1");
    let found = serde_json::json!({ "verdict": "between", "lo": 0.2075, "hi": 0.215 });
    assert_eq!(value["results"][0]["break_even"], found);
    let dense = serde_json::json!({ "median_ns": 1000.0, "plan": "one/dense", "limit": "l2", "limit_ns": 710.0,
        "of_limit": 0.71 });
    assert_eq!(value["results"][0]["points"][0]["dense"], dense);
}

#[test]
fn a_plot_for_each_batch_size_marks_the_break_evens() {
    let figures = breakeven_figures(&report());
    let stems: Vec<&str> = figures.iter().map(|figure| figure.stem.as_str()).collect();
    assert_eq!(stems, ["breakeven-batch-1", "breakeven-batch-64"]);
    let marks = |i: usize| figures[i].plot.file().matches("class=\"mark\"").count();
    assert_eq!((marks(0), marks(1)), (2, 0), "one for each that was found");
    let plot = |figure: &Figure| match &figure.plot {
        Picture::Plot(plot) => plot.clone(),
        other => panic!("{other:?}"),
    };
    let plots: Vec<Plot> = figures.iter().map(plot).collect();
    let names: Vec<&str> =
        plots.iter().flat_map(|plot| &plot.series).map(|series| series.name.as_str()).collect();
    assert_eq!(names, ["784x64: 21 %", "784x1024: 2 %", "784x16: <2 %", "784x2: never"]);
    let looks: Vec<usize> = plots[0].series.iter().map(|series| series.look).collect();
    assert_eq!(looks, plots[0].marks.iter().map(|mark| mark.look).collect::<Vec<_>>());
}

#[test]
fn the_page_is_whole_and_safe() {
    let mut report = report();
    report.command = "</style><script>alert('x')</script>".into();
    report.notes.push("<b>".into());
    let page = breakeven_html(&report);
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert_eq!(page.matches("<svg").count(), 2);
    for raw in ["<script", "<b>", "http:", "https:", "NaN"] {
        assert!(!page.contains(raw), "{raw} in the page");
    }
    for part in ["20.8-21.5 %", "AMD EPYC 9B14", "Verified:", "sparse limit"] {
        assert!(page.contains(part), "no {part}");
    }
}

#[test]
fn nothing_measured_is_no_panic() {
    let empty = BreakevenReport { results: vec![], ..report() };
    for format in [Format::Table, Format::Json, Format::Csv, Format::Markdown] {
        assert!(render(&empty, format).ends_with('\n'));
    }
    assert!(breakeven_html(&empty).ends_with("</html>\n"));
}
