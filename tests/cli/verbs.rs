//! Every verb does what its help says.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use prunella::model::Model;
use serde_json::Value;

use super::fixture::{command, model, outcome, run_in, tree, with_data};

/// Settings under which a whole run takes a fraction of a second.
const TINY: &str =
    "--hidden 8 --epochs 2 --fine-tune-epochs 1 --sparsity 0.9,0.5 --batch 16,1 --rounds 2 --threads 1";

/// Whether the object has all of these fields.
fn assert_fields(object: &Value, fields: &str) {
    for field in fields.split_whitespace() {
        assert!(object.get(field).is_some(), "no `{field}` in {object}");
    }
}

fn assert_environment(report: &Value) {
    let fields = "cpu isa isa_available threads version commit rustc target_features cpu_family cpu_model \
                  cpu_stepping cache_l1d_bytes cache_l2_bytes cache_l3_bytes";
    assert_fields(&report["environment"], fields);
}

/// What the schemas of `run` and `bench` promise.
fn assert_results(report: &Value, schema: &str) {
    assert_eq!(report["schema"], schema);
    assert_fields(report, "command seed environment dataset network training noise_floor results");
    assert_environment(report);
    assert_fields(&report["network"], "layers activation");
    assert_fields(&report["noise_floor"], "lo hi");
    for row in report["results"].as_array().unwrap() {
        // The limit is that of one thread; and what a variant that skips inputs has to do depends on them.
        let skips = row["variant"].as_str().unwrap().ends_with("sparse-input");
        let known = report["environment"]["threads"] == 1 && !skips;
        let binds = ["fma", "l1", "l2", "l3", "memory"];
        assert_eq!(row["limit"].as_str().is_some_and(|limit| binds.contains(&limit)), known, "{row}");
        assert_eq!(row["limit_ns"].is_number() && row["of_limit"].is_number(), known, "{row}");
        let fields = "sparsity structure nnz test_accuracy batch variant median_ns p90_ns median_ns_lo median_ns_hi \
                      p99_ns samples_ns speedup speedup_lo speedup_hi max_abs_diff agreement layers plan";
        assert_fields(row, fields);
        assert_eq!(row["structure"], "unstructured");
        assert!(
            row["max_abs_diff"].as_f64().unwrap() <= 1e-4 && row["agreement"].as_f64().unwrap() >= 0.9999
        );
        let layers = row["layers"].as_array().unwrap();
        layers.iter().for_each(|layer| assert_fields(layer, "fan_in fan_out nnz kernel bytes breakdown"));
        let nnz: u64 = layers.iter().map(|layer| layer["nnz"].as_u64().unwrap()).sum();
        assert_eq!(row["nnz"], nnz);
        if row["variant"] == "dense" {
            assert_eq!(row["sparsity"], 0.0);
        }
    }
}

fn rows_of<'a>(report: &'a Value, variant: &str) -> Vec<&'a Value> {
    report["results"].as_array().unwrap().iter().filter(|row| row["variant"] == variant).collect()
}

#[test]
fn run_does_all_of_it_and_writes_all_of_it() {
    let directory = with_data();
    let line = format!("run {TINY} --data data --format json --out out/new");
    let report = run_in(directory.path(), &line).json();
    assert_results(&report, "prunella.run/1");
    assert_eq!(report["dataset"]["source"], "directory");
    assert_eq!((&report["dataset"]["train"], &report["dataset"]["test"]), (&300.into(), &100.into()));
    assert_eq!(report["network"]["layers"], serde_json::json!([784, 8, 10]));
    assert_fields(&report["training"], "epochs seconds samples_per_second test_accuracy");
    assert_eq!(report["command"], format!("prunella {line}"));
    // 2 batch sizes, ascending: dense, then masked, csr and auto at 2 sparsities, ascending. Most pixels are black: zeros were
    // skipped too, with sparse weights in the small batch only.
    assert_eq!(report["results"].as_array().unwrap().len(), 18);
    assert_eq!(rows_of(&report, "dense-sparse-input").len(), 2);
    assert!(report["input_density"].as_f64().unwrap() < 0.5);
    assert_eq!(report["speedup_best"].as_array().unwrap().len(), 4);
    let csr: Vec<(f64, u64)> = rows_of(&report, "csr")
        .iter()
        .map(|row| (row["sparsity"].as_f64().unwrap(), row["batch"].as_u64().unwrap()))
        .collect();
    assert_eq!(csr, [(0.5, 1), (0.9, 1), (0.5, 16), (0.9, 16)]);
    assert_eq!(rows_of(&report, "csr")[1]["nnz"], 627 + 80, "627 of 6,272 weights, and 80 unpruned");

    let out = directory.path().join("out/new");
    let names: Vec<_> =
        tree(&out).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_string()).collect();
    let expected = [
        "accuracy.svg",
        "dense.safetensors",
        "learning-accuracy.svg",
        "learning-loss.svg",
        "report.html",
        "results.csv",
        "results.json",
        "sparsity-0.5.safetensors",
        "sparsity-0.9.safetensors",
        "speedup-batch-1.svg",
        "speedup-batch-16.svg",
    ];
    assert_eq!(names, expected);
    let written: Value = serde_json::from_slice(&fs::read(out.join("results.json")).unwrap()).unwrap();
    assert_eq!(written, report);
    assert_eq!(fs::read_to_string(out.join("results.csv")).unwrap().lines().count(), 19);
    assert!(fs::read_to_string(out.join("report.html")).unwrap().starts_with("<!DOCTYPE html>"));

    // The models are those that were measured: `eval` finds the accuracy that `run` reported.
    let line = "eval out/new/sparsity-0.9.safetensors --data data --format json";
    let eval = run_in(directory.path(), line).json();
    assert_eq!(eval["accuracy"], rows_of(&report, "csr")[1]["test_accuracy"]);
    let pruned = Model::from_bytes(&fs::read(out.join("sparsity-0.9.safetensors")).unwrap()).unwrap();
    assert_eq!(pruned.layers()[0].nnz(), 6272 - 5645);
    // And `bench` measures them again, under the same names.
    let line = "bench out/new/sparsity-0.9.safetensors out/new/dense.safetensors out/new/sparsity-0.5.safetensors \
                --data data --batch 1 --rounds 2 --format json";
    let bench = run_in(directory.path(), line).json();
    assert_results(&bench, "prunella.bench/1");
    let of = |report: &Value| -> Vec<(Value, Value)> {
        let at_one = report["results"].as_array().unwrap().iter().filter(|row| row["batch"] == 1);
        at_one.map(|row| (row["nnz"].clone(), row["test_accuracy"].clone())).collect()
    };
    assert_eq!(of(&bench), of(&report));
}

#[test]
fn the_same_seed_gives_the_same_networks() {
    let directory = with_data();
    for (threads, out) in [("--threads 1", "one"), ("--threads 2", "two")] {
        let settings = TINY.replace("--threads 1", threads);
        run_in(directory.path(), &format!("run {settings} --data data --out {out}")).succeeded();
    }
    let read = |out: &str| fs::read(directory.path().join(out).join("sparsity-0.9.safetensors")).unwrap();
    assert_eq!(read("one"), read("two"), "for any number of threads");
}

#[test]
fn a_table_is_printed_for_people() {
    let directory = with_data();
    let table = run_in(directory.path(), &format!("run {TINY} --data data")).succeeded();
    assert!(table.contains("Verified: ") && table.contains("speedup"), "{table}");
    let csv = run_in(directory.path(), &format!("run {TINY} --data data --format csv")).succeeded();
    assert!(csv.starts_with("sparsity,structure,nnz,test_accuracy,batch,variant,median_ns,"), "{csv}");
    let markdown = run_in(directory.path(), &format!("run {TINY} --data data --format md")).succeeded();
    assert!(markdown.contains("| --:"), "{markdown}");
}

#[test]
fn without_data_digits_are_drawn_and_one_line_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let line = "train --hidden 4 --epochs 1 --format json";
    let outcome = run_in(directory.path(), line);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("data/get-mnist.sh"), "{}", outcome.stderr);
    let report = outcome.json();
    let dataset = &report["dataset"];
    assert_eq!(
        (&dataset["source"], &dataset["train"], &dataset["test"]),
        (&"embedded".into(), &20_000.into(), &4_000.into())
    );
    assert_eq!(run_in(directory.path(), &format!("{line} --quiet")).stderr, "");
}

#[test]
fn train_reports_and_saves_a_network() {
    let directory = with_data();
    let line = "train --data data --hidden 16,8 --activation tanh --epochs 3 --batch-size 32 --optimizer momentum \
                --model net.safetensors --format json --out results";
    let report = run_in(directory.path(), line).json();
    assert_eq!(report["schema"], "prunella.train/1");
    assert_fields(&report, "command seed environment dataset network training");
    assert_environment(&report);
    assert_eq!(report["network"], serde_json::json!({ "layers": [784, 16, 8, 10], "activation": "tanh" }));
    assert_eq!(report["training"]["history"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&report["training"]["optimizer"], &report["training"]["batch_size"]),
        (&"momentum".into(), &32.into())
    );
    assert!(directory.path().join("results/results.json").is_file());

    let eval = run_in(directory.path(), "eval net.safetensors --data data --format json").json();
    assert_eq!(eval["accuracy"], report["training"]["test_accuracy"]);
}

#[test]
fn two_classes_are_two_outputs() {
    let directory = with_data();
    let line = "train --data data --classes 7,0 --hidden 8 --epochs 20 --model net.safetensors --format json";
    let report = run_in(directory.path(), line).json();
    assert_eq!(report["network"]["layers"], serde_json::json!([784, 8, 2]));
    assert_eq!((&report["dataset"]["test"], &report["dataset"]["classes"]), (&20.into(), &2.into()));
    let eval =
        run_in(directory.path(), "eval net.safetensors --data data --classes 7,0 --format json").json();
    assert_eq!(eval["labels"], serde_json::json!([7, 0]));
    assert!(eval["accuracy"].as_f64().unwrap() > 0.8, "{eval}");
}

#[test]
fn eval_tells_accuracy_f1_auc_and_confusion() {
    let directory = with_data();
    fs::write(directory.path().join("net.safetensors"), model(0).to_bytes()).unwrap();
    let report = run_in(directory.path(), "eval net.safetensors --data data --format json").json();
    assert_eq!(report["schema"], "prunella.eval/1");
    assert_fields(&report, "accuracy f1_macro auc f1 confusion labels environment dataset network");
    let counts = report["confusion"].as_array().unwrap().iter();
    let all: u64 = counts.flat_map(|row| row.as_array().unwrap()).map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(all, 100);
    // The directory may also come from the environment.
    let mut by_environment = command(&["eval", "net.safetensors", "--format", "json"]);
    by_environment.current_dir(&directory).env("PRUNELLA_DATA_DIR", "data");
    assert_eq!(outcome(by_environment).json()["accuracy"], report["accuracy"]);
}

#[test]
fn prune_removes_the_smallest_weights_of_all_layers_but_the_last() {
    let directory = with_data();
    let path = |name| directory.path().join(name);
    let nnz = |name| {
        let model = Model::from_bytes(&fs::read(path(name)).unwrap()).unwrap();
        model.layers().iter().map(|layer| layer.nnz()).collect::<Vec<_>>()
    };
    fs::write(path("net.safetensors"), model(0).to_bytes()).unwrap();
    let line = "prune net.safetensors --sparsity 0.75 --model pruned.safetensors --format json";
    let report = run_in(directory.path(), line).json();
    assert_eq!((&report["schema"], &report["nnz"]), (&"prunella.prune/1".into(), &(784 + 40).into()));
    assert_eq!(nnz("pruned.safetensors"), [784, 40]);
    assert_eq!(report["test_accuracy"], Value::Null);

    run_in(directory.path(), "prune net.safetensors --sparsity 0.75 --model last.safetensors --prune-last")
        .succeeded();
    assert_eq!(nnz("last.safetensors"), [784, 10]);

    let line =
        "prune net.safetensors --sparsity 0.5 --epochs 2 --data data --model tuned.safetensors --format json";
    let report = run_in(directory.path(), line).json();
    let (before, after) =
        (report["accuracy_before"].as_f64().unwrap(), report["test_accuracy"].as_f64().unwrap());
    assert!(after > before, "fine-tuning learns: {before} to {after}");
    assert_eq!(nnz("tuned.safetensors")[0], 784 * 2);
}

#[test]
fn bench_measures_random_weights() {
    let directory = tempfile::tempdir().unwrap();
    let line =
        "bench --layers 40,30,20,10 --sparsity 0.9 --batch 1,32 --rounds 2 --threads 1 --activation gaussian";
    let report = run_in(directory.path(), &format!("{line} --format json --out out")).json();
    assert_results(&report, "prunella.bench/1");
    assert_eq!((&report["dataset"], &report["training"]), (&Value::Null, &Value::Null));
    assert_eq!(report["network"]["activation"], "gaussian");
    assert_eq!(report["results"][1]["layers"][2]["nnz"], 200, "the last layer stays dense");
    assert!(directory.path().join("out/report.html").is_file());

    // A plan that was chosen can be replayed.
    let plan = "many/dense,csr:8,csr";
    let line = format!(
        "bench --layers 40,30,20,10 --sparsity 0.9 --batch 32 --rounds 2 --plan {plan} --format json"
    );
    let report = run_in(directory.path(), &line).json();
    assert_eq!(rows_of(&report, "auto")[0]["plan"], plan);
    let only = "bench --layers 40,30,10 --sparsity 0.9 --batch 4 --rounds 2 --variants csr --format json";
    let report = run_in(directory.path(), only).json();
    assert_eq!(report["results"].as_array().unwrap().len(), 2, "dense, the baseline, and csr");
}

#[test]
fn breakdown_splits_the_time_of_every_layer() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("net.safetensors"), model(9).to_bytes()).unwrap();
    for network in ["--layers 40,30,20,10 --sparsity 0.9", "net.safetensors"] {
        let line = format!("bench {network} --batch 1,7,40 --rounds 2 --breakdown --threads 1");
        let report = run_in(directory.path(), &format!("{line} --format json")).json();
        assert_results(&report, "prunella.bench/1");
        for row in report["results"].as_array().unwrap() {
            let layers = row["layers"].as_array().unwrap();
            let forms = row["plan"].as_str().unwrap().split(['/', ',']).skip(1);
            for ((i, layer), form) in layers.iter().enumerate().zip(forms) {
                let part = |name: &str| layer["breakdown"][name].as_f64().unwrap();
                let parts =
                    ["input_layout_ns", "arithmetic_ns", "epilogue_ns", "output_layout_ns", "remainder_ns"];
                let sum: f64 = parts.iter().map(|name| part(name)).sum();
                let size = parts.iter().map(|name| part(name).abs()).fold(part("layer_ns"), f64::max);
                assert!((sum - part("layer_ns")).abs() <= 1e-12 * size, "{layer}");
                assert!(part("arithmetic_ns") > 0.0 && part("weights_ns") > 0.0 && part("of_limit") > 0.0);
                let in_panels = row["batch"] != 1 && form.starts_with("csr");
                assert_eq!(part("input_layout_ns") != 0.0, in_panels, "only panels have to be made");
                // As a difference of two times, that of another may be 0 too.
                assert!(
                    i + 1 < layers.len() || part("epilogue_ns") == 0.0,
                    "the last layer has no activation"
                );
            }
        }
        let table = run_in(directory.path(), &line).succeeded();
        assert!(table.contains("Batch 7: where the time of each layer goes, "), "{table}");
        let csv = run_in(directory.path(), &format!("{line} --format csv")).succeeded();
        let cells: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
        let column = csv.lines().next().unwrap().split(',').position(|name| name == "arithmetic_ns").unwrap();
        let layers = report["results"][0]["layers"].as_array().unwrap().len();
        assert_eq!(cells[column].split(' ').count(), layers, "{csv}");
    }
    let page = "bench --layers 40,30,10 --sparsity 0.9 --batch 4 --rounds 2 --breakdown --out out";
    run_in(directory.path(), page).succeeded();
    let page = fs::read_to_string(directory.path().join("out/report.html")).unwrap();
    assert!(page.contains("where the time of each layer goes"));
}

#[test]
fn bench_of_a_pruned_model_alone_fills_its_zeros_for_a_baseline() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("net.safetensors"), model(9).to_bytes()).unwrap();
    let line = "bench net.safetensors --batch 1 --rounds 2";
    let report = run_in(directory.path(), &format!("{line} --format json")).json();
    assert_eq!(
        (&report["results"][0]["nnz"], &report["results"][0]["variant"]),
        (&3176.into(), &"dense".into())
    );
    assert_eq!(report["results"][1]["sparsity"], 0.90019, "2,823 of 3,136");
    let table = run_in(directory.path(), line).succeeded();
    assert!(table.contains("zeros replaced by random weights"), "{table}");
}

#[test]
fn info_describes_and_measures_the_machine() {
    let directory = tempfile::tempdir().unwrap();
    let report = run_in(directory.path(), "info --measure --format json --isa portable --threads 1").json();
    assert_eq!(
        (&report["schema"], &report["environment"]["isa"]),
        (&"prunella.info/1".into(), &"portable".into())
    );
    assert_environment(&report);
    let available = report["environment"]["isa_available"].as_array().unwrap();
    assert_eq!(report["peaks"].as_array().unwrap().len(), available.len());
    let levels = report["bandwidth"].as_array().unwrap();
    assert_eq!(levels.last().unwrap()["level"], "DRAM");
    assert!(levels.iter().all(|level| level["gb_per_s"].as_f64().unwrap() > 0.0), "{report}");
    assert!(run_in(directory.path(), "info").succeeded().contains("ISAs available"));
}

#[test]
fn the_environment_chooses_the_isa_and_the_argument_overrules_it() {
    let mut by_environment = command(&["info", "--format", "json"]);
    by_environment.env("PRUNELLA_ISA", "portable");
    assert_eq!(outcome(by_environment).json()["environment"]["isa"], "portable");
    let mut overruled = command(&["info", "--format", "json", "--isa", "portable"]);
    overruled.env("PRUNELLA_ISA", "sse9");
    assert_eq!(outcome(overruled).json()["environment"]["isa"], "portable");
}

#[test]
fn data_synth_is_deterministic_and_data_check_describes_it() {
    let directory = with_data();
    run_in(directory.path(), "data synth --out again --train 300 --test 100 --seed 1").succeeded();
    let check = |name: &str| run_in(directory.path(), &format!("data check {name} --format json")).json();
    let (first, again) = (check("data"), check("again"));
    assert_eq!(first["schema"], "prunella.data/1");
    assert_eq!(first["files"], again["files"]);
    assert_eq!(first["sets"][0]["shape"], serde_json::json!([28, 28]));
    assert_eq!(first["sets"][1]["class_counts"], serde_json::json!([10, 10, 10, 10, 10, 10, 10, 10, 10, 10]));
    assert_eq!(first["known_as"], Value::Null);
    assert!(run_in(directory.path(), "data check data").succeeded().contains("Sound"));
}

/// Real MNIST, where the tester has it.
#[test]
fn data_check_recognises_mnist() {
    let Some(mnist) = std::env::var_os("PRUNELLA_DATA_DIR") else {
        eprintln!("skipped: PRUNELLA_DATA_DIR names no MNIST");
        return;
    };
    let report =
        outcome(command(&["data".as_ref(), "check".as_ref(), mnist.as_os_str(), "--format=json".as_ref()]))
            .json();
    assert_eq!(report["known_as"], "MNIST");
}

#[test]
fn a_reader_who_leaves_early_is_no_failure() {
    let mut command = command(&["info"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn help_has_examples_and_exit_codes() {
    let directory = tempfile::tempdir().unwrap();
    assert!(run_in(directory.path(), "--help").succeeded().contains("Exit codes: 0 done"));
    for verb in ["run", "train", "prune", "eval", "bench", "breakeven", "info", "data check", "data synth"] {
        let help = run_in(directory.path(), &format!("{verb} --help")).succeeded();
        assert!(help.contains("Examples:"), "{help}");
    }
}
