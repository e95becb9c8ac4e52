//! `prunella breakeven`: what it prints, writes and refuses.

use std::fs;

use serde_json::Value;

use super::fixture::{run_in, tree};

const TINY: &str = "breakeven --shapes 30x8,12x40 --batch 16,1 --sparsity 0.9,0.5 --threads 1";
const SMALLER: &str = "breakeven --shapes 30x8 --batch 1 --sparsity 0.9 --threads 1";

#[test]
fn it_reports_every_curve_and_draws_one_plot_per_batch_size() {
    let directory = tempfile::tempdir().unwrap();
    let line = format!("{TINY} --format json --out out");
    let report = run_in(directory.path(), &line).json();
    assert_eq!(report["schema"], "prunella.breakeven/1");
    assert_eq!(report["command"], format!("prunella {line}"));
    assert_eq!(report["environment"]["threads"], 1);
    let settings = serde_json::json!({ "shapes": ["30x8", "12x40"], "batches": [1, 16], "sparsities": [0.5, 0.9],
        "activation": "relu", "resolution": 0.01 });
    assert_eq!((&report["settings"], &report["seed"]), (&settings, &1.into()));
    let curves = report["results"].as_array().unwrap();
    let places: Vec<_> = curves.iter().map(|curve| (&curve["fan_in"], &curve["batch"])).collect();
    assert_eq!(
        places,
        [(30, 1), (30, 16), (12, 1), (12, 16)]
            .map(|(a, b)| (Value::from(a), Value::from(b)))
            .iter()
            .map(|(a, b)| (a, b))
            .collect::<Vec<_>>()
    );
    for curve in curves {
        let found = &curve["break_even"];
        assert!(["between", "below", "above"].contains(&found["verdict"].as_str().unwrap()), "{found}");
        assert!(found["lo"].as_f64().unwrap() < found["hi"].as_f64().unwrap(), "{found}");
        for point in curve["points"].as_array().unwrap() {
            for field in ["sparsity", "nnz", "speedup", "speedup_lo", "speedup_hi", "rounds", "max_abs_diff"]
            {
                assert!(point[field].is_number(), "{field} of {point}");
            }
            for side in [&point["dense"], &point["sparse"]] {
                assert!(side["plan"].is_string() && side["median_ns"].is_number(), "{side}");
                let binds = ["fma", "l1", "l2", "l3", "memory"];
                assert!(binds.contains(&side["limit"].as_str().unwrap()), "{side}");
                assert!(side["of_limit"].as_f64().unwrap() > 0.0 && side["limit_ns"].is_number(), "{side}");
            }
        }
    }

    let out = directory.path().join("out");
    let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_string();
    let names: Vec<String> = tree(&out).iter().map(name).collect();
    let expected =
        ["breakeven-batch-1.svg", "breakeven-batch-16.svg", "report.html", "results.csv", "results.json"];
    assert_eq!(names, expected);
    let written: Value = serde_json::from_slice(&fs::read(out.join("results.json")).unwrap()).unwrap();
    assert_eq!(written, report);
    let points: usize = curves.iter().map(|curve| curve["points"].as_array().unwrap().len()).sum();
    let csv = fs::read_to_string(out.join("results.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + points, "a line for each point");
    let columns = csv.lines().next().unwrap().split(',').count();
    assert!(csv.lines().all(|line| line.split(',').count() == columns), "{csv}");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.matches("<svg").count() == 2, "{page}");
    assert!(!page.contains("NaN"));
}

#[test]
fn the_table_names_the_break_even_within_100_columns() {
    let directory = tempfile::tempdir().unwrap();
    let table = run_in(directory.path(), SMALLER).succeeded();
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    for part in ["break-even", "30x8", "dense limit", "Verified:", "sparse limit: the least"] {
        assert!(table.contains(part), "no {part} in {table}");
    }
    let two = run_in(directory.path(), &SMALLER.replace("--threads 1", "--threads 2")).succeeded();
    assert!(!two.contains("dense limit") && two.contains("add --threads 1"), "{two}");
    let markdown = run_in(directory.path(), &format!("{SMALLER} --format md")).succeeded();
    assert!(markdown.contains("| shape | batch | break-even |"), "{markdown}");
    assert!(
        run_in(directory.path(), &format!("{SMALLER} --format csv"))
            .succeeded()
            .starts_with("fan_in,fan_out,batch,")
    );
}
