//! What a reader of a report relies on: the words of the table, the fields of the JSON, a page that is safe to open.

#![cfg(feature = "cli")]

#[path = "report/breakdown.rs"]
mod breakdown;
#[path = "report/breakeven.rs"]
mod breakeven;
#[path = "report/claims.rs"]
mod claims;
#[path = "report/fixture.rs"]
mod fixture;
#[path = "report/legible.rs"]
mod legible;
#[path = "report/low_capacity.rs"]
mod low_capacity;
#[path = "report/number.rs"]
mod number;
#[path = "report/prototypes.rs"]
mod prototypes;

use fixture::{results, row, run};
use prunella::report::*;
use serde_json::Value;

/// The report of a bench: no data, no training, no accuracies.
fn bench(results: Vec<ResultRow>) -> RunReport {
    let untrained = |row| ResultRow { test_accuracy: None, ..row };
    let results = results.into_iter().map(untrained).collect();
    RunReport { schema: Schema::Bench, dataset: None, training: None, results, ..run() }
}

/// A dense row and one pruned row of `variant` with this speedup and interval.
fn pair(variant: &str, speedup: f64, lo: f64, hi: f64) -> Vec<ResultRow> {
    let pruned = row(8, 0.9, variant, 1_000.0, speedup);
    let pruned = ResultRow { speedup_lo: lo, speedup_hi: hi, ..pruned };
    vec![row(8, 0.0, "dense", 1_000.0, 1.0), pruned]
}

/// A table's sentences, as if the terminal had no edge.
fn prose(report: &RunReport) -> String {
    render(report, Format::Table).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[track_caller]
fn assert_has(value: &Value, wanted: &[&str]) {
    let found = keys(value);
    wanted.iter().for_each(|key| assert!(found.contains(key), "no {key} among {found:?}"));
}

#[test]
fn the_table_of_a_run() {
    let table = render(&run(), Format::Table);
    assert_eq!(table, include_str!("report/run.txt"), "the table is now:\n{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn a_speedup_that_touches_one_or_the_noise_floor_is_no_difference() {
    for (lo, hi) in [(0.98, 1.03), (1.002, 1.03), (0.97, 0.996)] {
        let text = prose(&bench(pair("auto", 1.0, lo, hi)));
        assert!(text.contains("no measurable difference"), "{text}");
        assert!(!text.contains("is faster") && !text.contains("is slower"), "{text}");
    }
    let text = prose(&bench(pair("auto", 1.5, 1.4, 1.6)));
    assert!(text.contains("At 90 % sparsity the network is faster: 1.50x (1.40-1.60) at batch 8."), "{text}");
    let text = prose(&bench(pair("auto", 0.5, 0.4, 0.6)));
    assert!(text.contains("At 90 % sparsity the network is slower: 0.50x (0.40-0.60) at batch 8."), "{text}");
}

#[test]
fn a_noisy_batch_weakens_no_verdict_but_its_own() {
    let mut report = run();
    let worth = "At batch 64 and 1024, pruning pays at every sparsity measured.";
    assert!(prose(&report).contains(worth));
    report.noise_floors[0].floor = NoiseFloor { lo: 0.2, hi: 5.0 };
    report.noise_floor = NoiseFloor { lo: 0.2, hi: 5.0 };
    let text = prose(&report);
    assert!(
        text.contains("is faster: 9.41x (9.22-9.60) at batch 64 and 8.73x (8.56-8.90) at batch 1024"),
        "{text}"
    );
    assert!(text.contains("no measurable difference in speed: 4.30x (4.21-4.39) at batch 1."), "{text}");
    assert!(text.contains("At batch 1, pruning pays from 98 % sparsity on"), "{text}");
    assert!(text.contains(worth), "{text}");
    assert!(
        text.contains(
            "against a copy of itself): 0.20-5.00x at batch 1, 0.99-1.01x at batch 64 and 0.98-1.02x"
        ),
        "{text}"
    );
    let page = html(&report);
    assert!(page.contains("not clear of the noise, 0.20-5.00"), "the card of batch 1");
    assert!(page.contains("<span>clear of the noise, 0.99-1.01"), "the card of batch 64");
}

#[test]
fn what_runs_dense_is_not_called_faster() {
    let mut rows = pair("auto", 1.5, 1.4, 1.6);
    rows[1].plan = "few/dense,dense".into();
    let report = bench(rows);
    let text = prose(&report);
    assert!(html(&report).contains("run dense: no difference"));
    assert!(
        text.contains("no measurable difference in speed: 1.50x (1.40-1.60, run dense) at batch 8"),
        "{text}"
    );
    assert!(
        text.contains("auto at batch 8: dense at 90 %.") && text.contains("and a layer runs sparse"),
        "{text}"
    );
    assert!(!prose(&bench(pair("auto", 1.5, 1.4, 1.6))).contains("and a layer runs sparse"));
}

#[test]
fn the_choice_of_auto_is_told_where_it_is_not_that_of_csr() {
    let mut report = run();
    let plan = |report: &mut RunReport, batch: usize, plans: [&str; 6]| {
        let auto = report.results.iter_mut().filter(|row| row.variant == "auto" && row.batch == batch);
        auto.zip(plans).for_each(|(row, plan)| row.plan = plan.into());
    };
    let text = prose(&report);
    assert!(text.contains("auto at batch 1: dense at 50 %; csr from 80 % on."), "{text}");
    assert_eq!(text.matches("auto at batch").count(), 1, "blocks are no difference: {text}");
    let (dense, csr, other) = ("many/dense,dense", "many/csr:224,dense", "many/csr:224,csr");
    plan(&mut report, 64, [dense, dense, other, other, csr, dense]);
    plan(&mut report, 1024, [dense; 6]);
    let text = prose(&report);
    let irregular =
        "auto at batch 64: dense up to 80 %; csr,csr from 90 % to 95 %; csr at 98 %; dense at 99 %.";
    assert!(text.contains(irregular), "{text}");
    assert!(text.contains("auto at batch 1024: dense at every sparsity."), "{text}");
    assert!(html(&report).contains("<p class=\"choice\">auto at batch 64: dense up to 80"));
}

#[test]
fn auto_speaks_for_pruning_even_where_another_variant_was_luckier() {
    let mut rows = pair("auto", 2.0, 1.9, 2.1);
    rows.extend(pair("csr", 2.2, 2.1, 2.3).pop());
    assert!(prose(&bench(rows)).contains("is faster: 2.00x"));
    assert!(prose(&bench(pair("csr", 2.2, 2.1, 2.3))).contains("is faster: 2.20x"));
    assert!(prose(&bench(pair("blocked", 3.0, 2.9, 3.1))).contains("is faster: 3.00x"));
}

#[test]
fn without_accuracies_both_ends_are_quoted() {
    let text = prose(&bench(results()));
    assert!(text.contains("not trained here, on random inputs"), "{text}");
    assert!(
        text.contains("At 50 % sparsity the network") && text.contains("At 99 % sparsity the network"),
        "{text}"
    );
    assert!(!text.contains("accuracy"), "{text}");
    assert!(!html(&bench(results())).contains("<th>accuracy"));
    assert!(html(&run()).contains("<th>accuracy"));
}

#[test]
fn the_sparsest_level_within_half_a_point_is_quoted() {
    let mut report = run();
    assert!(prose(&report).contains("At 95 % sparsity the network loses 0.39 points of accuracy"));
    let mut with_accuracy = |accuracy| {
        let pruned = report.results.iter_mut().filter(|row| row.variant != "dense");
        pruned.for_each(|row| row.test_accuracy = Some(accuracy));
        prose(&report)
    };
    assert!(with_accuracy(0.9).contains("At 50 % sparsity the network loses 8.27 points of accuracy"));
    // Exactly half a point, though not in binary.
    assert!(with_accuracy(0.9777).contains("At 99 % sparsity the network loses 0.50 points of accuracy"));
    assert!(with_accuracy(0.9776).contains("At 50 % sparsity the network loses 0.51 points of accuracy"));
    assert!(
        with_accuracy(0.9854)
            .contains("At 99 % sparsity the network gains 0.27 points of accuracy (98.27 % to 98.54 %)")
    );
    assert!(with_accuracy(0.9827).contains("At 99 % sparsity the network keeps its accuracy (98.27 %)"));
}

#[test]
fn outputs_that_differ_are_not_called_verified() {
    assert!(prose(&run()).contains(" Verified: "));
    let bad_rows = |row: ResultRow| {
        [
            ResultRow { max_abs_diff: 2e-4, ..row.clone() },
            ResultRow { max_abs_diff: f64::NAN, ..row.clone() },
            ResultRow { max_abs_diff: -f64::NAN, ..row.clone() },
            ResultRow { agreement: 0.9998, ..row.clone() },
            ResultRow { agreement: f64::NAN, ..row },
        ]
    };
    for bad in bad_rows(row(1, 0.9, "csr", 1_000.0, 2.0)) {
        let mut report = run();
        report.results.push(bad);
        assert!(prose(&report).contains("NOT VERIFIED"), "{}", prose(&report));
        assert!(html(&report).contains("NOT VERIFIED"));
    }
}

/// What skipping zeros of the input gains stands in tables of its own, and reaches neither the sentences nor the plots.
#[test]
fn skipping_inputs_says_nothing_of_pruning() {
    let plain = run();
    let mut report = run();
    let skipping = [
        row(64, 0.0, "dense-sparse-input", 148_200.0, 40.0),
        row(64, 0.9, "csr-sparse-input", 148_200.0, 80.0),
    ];
    // The outputs of all variants are verified: the difference is one that changes no sentence.
    report.results.extend(skipping.map(|row| ResultRow { max_abs_diff: 1e-7, ..row }));
    report.speedup_best.push(BestRow {
        batch: 64,
        sparsity: 0.9,
        structure: "unstructured".into(),
        speedup: 2.0,
        speedup_lo: 1.9,
        speedup_hi: 2.1,
        dense: "dense-sparse-input".into(),
        pruned: "csr-sparse-input".into(),
    });
    let table = render(&report, Format::Table);
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    let block = "\
Batch 64, inputs that are zero, 81.00 %, skipped: best pruned over best dense
sparsity  dense us  csr us  speedup_best (95 % interval)  best dense          best pruned
     0 %      3.71
    90 %              1.85             2.00x (1.90-2.10)  dense-sparse-input  csr-sparse-input

";
    assert!(table.contains(block), "{table}");
    assert_eq!(table.replace(block, ""), render(&plain, Format::Table));
    assert!(html(&report).contains("2.00x (1.90-2.10)"));
    let pictures =
        |report: &RunReport| figures(report).into_iter().map(|f| f.plot.inline()).collect::<Vec<_>>();
    assert_eq!(pictures(&report), pictures(&plain));
    let value: Value = serde_json::from_str(&render(&report, Format::Json)).unwrap();
    assert_eq!((&value["speedup_best"][0]["speedup"], &value["input_density"]), (&2.0.into(), &0.19.into()));
}

#[test]
fn any_set_of_results_can_be_shown() {
    let dense_only = || vec![row(1, 0.0, "dense", 1_000.0, 1.0)];
    let mut structures = pair("csr", 2.0, 1.9, 2.1);
    structures.push(ResultRow { structure: "2:4".into(), ..structures[1].clone() });
    let broken = ResultRow { median_ns: f64::NAN, speedup: f64::INFINITY, ..row(0, 1.0, "auto", 0.0, 0.0) };
    let pruned_only = pair("masked", 1.0, 1.0, 1.0).pop();
    for rows in [vec![], dense_only(), pruned_only.into_iter().collect(), structures, vec![broken]] {
        let report = bench(rows);
        for format in [Format::Table, Format::Json, Format::Csv, Format::Markdown] {
            assert!(render(&report, format).ends_with('\n'));
        }
        assert!(html(&report).ends_with("</html>\n"));
        for figure in figures(&report) {
            assert!(!figure.plot.file().contains("NaN"), "{}", figure.stem);
        }
    }
    assert!(prose(&bench(vec![])).contains("Nothing was measured."));
}

#[test]
fn the_json_has_the_published_fields() {
    let value: Value = serde_json::from_str(&render(&run(), Format::Json)).expect("valid JSON");
    let top = [
        "schema",
        "command",
        "seed",
        "environment",
        "dataset",
        "network",
        "training",
        "noise_floor",
        "results",
    ];
    assert_has(&value, &top);
    assert_eq!(value["schema"], "prunella.run/1");
    let environment =
        ["cpu", "isa", "isa_available", "threads", "version", "commit", "rustc", "target_features"];
    assert_has(&value["environment"], &environment);
    assert_has(&value["environment"], &["cpu_family", "cpu_model", "cpu_stepping", "cache_l1d_bytes"]);
    assert_has(&value["dataset"], &["name", "source", "train", "test", "features", "classes"]);
    assert_eq!(value["dataset"]["source"], "directory");
    assert_has(&value["network"], &["layers", "activation"]);
    assert_has(&value["training"], &["epochs", "seconds", "samples_per_second", "test_accuracy"]);
    assert_has(&value["noise_floor"], &["lo", "hi"]);
    assert_eq!(value["noise_floors"][1], serde_json::json!({ "batch": 64, "lo": 0.991, "hi": 1.009 }));
    let row = [
        "sparsity",
        "structure",
        "nnz",
        "test_accuracy",
        "batch",
        "variant",
        "median_ns",
        "p90_ns",
        "median_ns_lo",
        "median_ns_hi",
        "p99_ns",
        "samples_ns",
        "speedup",
        "speedup_lo",
        "speedup_hi",
        "max_abs_diff",
        "agreement",
        "layers",
        "limit",
        "limit_ns",
        "of_limit",
    ];
    let last = value["results"].as_array().and_then(|rows| rows.last()).expect("results");
    assert_has(last, &row);
    assert_has(&last["layers"][0], &["fan_in", "fan_out", "nnz", "kernel", "bytes", "breakdown"]);
}

#[test]
fn what_is_missing_is_null() {
    let value: Value = serde_json::from_str(&render(&bench(results()), Format::Json)).expect("valid JSON");
    assert_eq!(value["schema"], "prunella.bench/1");
    assert!(value["dataset"].is_null() && value["training"].is_null());
    assert!(value["results"][0]["test_accuracy"].is_null());
}

#[test]
fn the_other_reports_name_their_schema() {
    let schema = |json: String| {
        let value: Value = serde_json::from_str(&json).expect("valid JSON");
        value["schema"].as_str().expect("a schema").to_string()
    };
    let RunReport { command, environment, dataset, network, .. } = run();
    let training = fixture::training();
    let (schema_of, seed) = (Schema::Train, 1);
    let train = TrainReport { schema: schema_of, command, seed, environment, dataset, network, training };
    assert_eq!(schema(render(&train, Format::Json)), "prunella.train/1");
    assert!(render(&train, Format::Table).contains("98.27 %"));
    assert!(render(&train, Format::Json).contains("\"learning_rate\": 0.001,"));

    let TrainReport { command, environment, dataset, network, .. } = train;
    let eval = EvalReport {
        schema: Schema::Eval,
        command,
        environment,
        dataset,
        network,
        accuracy: 0.98,
        f1_macro: 0.979,
        auc: None,
        labels: vec![4, 9],
        f1: vec![0.97, 0.988],
        confusion: vec![vec![970, 10], vec![20, 980]],
    };
    assert_eq!(schema(render(&eval, Format::Json)), "prunella.eval/1");
    assert_eq!(
        render(&eval, Format::Csv),
        "class,f1,predicted_4,predicted_9\n4,0.97,970,10\n9,0.988,20,980\n"
    );

    let peaks = vec![IsaPeak { isa: "avx2".into(), fma_gflops: 85.23 }];
    let bandwidth = vec![Bandwidth { level: "L1".into(), bytes: 16_384, gb_per_s: 240.0 }];
    let info = InfoReport { schema: Schema::Info, environment: fixture::environment(), peaks, bandwidth };
    assert_eq!(schema(render(&info, Format::Json)), "prunella.info/1");
    let table = render(&info, Format::Table);
    assert!(table.contains("AMD EPYC 9B14") && table.contains("85.2") && table.contains("16 KiB"), "{table}");
}

/// Reads RFC 4180, quotes and all.
fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (vec![], vec![], String::new(), false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => cell.extend(rest.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    rows
}

#[test]
fn the_csv_reads_back() {
    let mut report = run();
    let odd = "a \"quoted\", two-\nline name";
    report.results[1].variant = odd.into();
    let rows = parse_csv(&render(&report, Format::Csv));
    assert_eq!(rows.len(), 1 + report.results.len());
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    let column = |name: &str| rows[0].iter().position(|header| header == name).expect("a column");
    assert_eq!(rows[2][column("variant")], odd);
    for (cells, result) in rows[1..].iter().zip(&report.results) {
        let number = |name: &str| cells[column(name)].parse::<f64>().expect("a number");
        assert_eq!(number("median_ns"), result.median_ns);
        assert_eq!(number("speedup_hi"), result.speedup_hi);
        assert_eq!(number("test_accuracy"), result.test_accuracy.expect("an accuracy"));
    }
}

#[test]
fn markdown_cells_stay_in_their_cells() {
    let mut report = run();
    report.results.iter_mut().for_each(|row| row.variant = row.variant.replace("csr", "c|s\nr<b>"));
    let text = render(&report, Format::Markdown);
    let table: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    let bars = |line: &&str| line.replace("\\|", "").matches('|').count();
    assert_eq!(table.len(), 3 * 9);
    assert!(table.iter().all(|line| bars(line) == 10), "{text}");
    assert!(!text.contains("<b>"));
}

#[test]
fn the_page_is_self_contained_and_safe() {
    let attack = "</title><script>alert('x')</script>\" onload=\"x&";
    let mut report = run();
    report.command = attack.into();
    report.network.activation = attack.into();
    report.environment.cpu = attack.into();
    report.dataset.as_mut().expect("a data set").name = attack.into();
    report.results.iter_mut().for_each(|row| {
        row.structure = attack.into();
        row.layers[0].kernel = attack.into();
        row.variant = row.variant.replace("csr", attack);
    });
    let page = html(&report);
    assert!(!page.contains("<script") && !page.contains("\" onload"), "unescaped input");
    assert_eq!(page.matches("</title>").count() - page.matches("<g><title>").count(), 1);
    for outside in ["http:", "https:", "//", "url(", "@import", "src="] {
        assert!(!page.contains(outside), "{outside} in the page");
    }
}

#[test]
fn the_page_has_every_part() {
    let page = html(&run());
    assert_eq!(page.matches("<svg").count(), 1 + 3 + 2, "accuracy, a speedup per batch, the training");
    assert_eq!(page.matches("role=\"img\" aria-label=").count(), 6);
    for part in
        ["loses 0.39", "Verified:", "results.json", "AMD EPYC 9B14", "f32-spmm-8x32-avx512", "Noise floor"]
    {
        assert!(page.contains(part), "no {part}");
    }
    assert_eq!(html(&bench(results())).matches("<svg").count(), 3);
}
