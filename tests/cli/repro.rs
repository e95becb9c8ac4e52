//! `prunella repro`: what it writes, and that no interruption, shard or merge changes a bit of it.

use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::process::Stdio;

use serde_json::Value;

#[cfg(unix)]
use super::fixture::{command, outcome, send};
use super::fixture::{run_in, with_data};

/// Five jobs, of which each takes some milliseconds.
const SMALL: &str = "repro low-capacity --data data --only capacity,pruning --seeds 1 --quick --quiet";

/// All of a report but what says how it came about.
fn results(directory: &Path) -> Value {
    let bytes = fs::read(directory.join("results.json")).unwrap();
    let mut report: Value = serde_json::from_slice(&bytes).unwrap();
    for field in ["command", "environment", "notes"] {
        assert!(report.as_object_mut().unwrap().remove(field).is_some());
    }
    report
}

#[test]
fn it_reports_claims_and_rows_and_writes_a_table_per_section() {
    let directory = with_data();
    let report = run_in(directory.path(), &format!("{SMALL} --format json --out out")).json();
    assert_eq!(report["schema"], "prunella.low-capacity/1");
    let settings = serde_json::json!({ "parts": ["capacity", "pruning"], "seeds": 1, "quick": true });
    assert_eq!(report["settings"], settings);
    for claim in report["claims"].as_array().unwrap() {
        for field in ["id", "claim", "published", "measured", "verdict", "why"] {
            assert!(claim[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {claim}");
        }
        assert_eq!(claim["interval"].as_array().unwrap().len(), 2, "{claim}");
    }
    let capacity = &report["capacity"][0];
    assert_eq!(
        (&capacity["pair"], &capacity["hidden"], &capacity["seed"]),
        (&"0-1".into(), &2.into(), &0.into())
    );
    assert!(capacity["best_f1"].is_number());
    let last = report["pruning"].as_array().unwrap().last().unwrap();
    for (field, value) in
        [("pair", "4-9"), ("reading", "hundredth"), ("structure", "unstructured"), ("recipe", "published")]
    {
        assert_eq!(last[field], value);
    }
    assert!(["level", "f1", "auc", "nnz"].iter().all(|field| last[field].is_number()), "{last}");
    for table in ["rates", "robustness", "pareto", "interpretability"] {
        assert!(report[table].is_array(), "{table}");
    }
    let out = directory.path().join("out");
    let lines = |name: &str| fs::read_to_string(out.join(name)).unwrap().lines().count();
    assert_eq!(lines("capacity.csv"), 1 + report["capacity"].as_array().unwrap().len());
    assert_eq!(lines("pruning.csv"), 1 + report["pruning"].as_array().unwrap().len());
    assert_eq!(lines("results.csv"), 1 + report["claims"].as_array().unwrap().len());
    assert!(!out.join("rates.csv").exists(), "nothing was found for it");

    let table = run_in(directory.path(), &format!("{SMALL} --out out")).succeeded();
    let claims = table.find("\nClaims\n").unwrap();
    assert!(claims < table.find("Best training F1").unwrap(), "claims first");
}

#[test]
fn shards_merge_into_what_one_run_gives() {
    let directory = with_data();
    let run = |line: &str| run_in(directory.path(), line);
    run(&format!("{SMALL} --out whole")).succeeded();
    for shard in ["1/3", "2/3", "3/3"] {
        // Two of them in one directory.
        let to = if shard == "2/3" { "b" } else { "a" };
        assert_eq!(run(&format!("{SMALL} --shard {shard} --out {to}")).succeeded(), "");
    }
    assert!(!directory.path().join("a/results.json").exists());
    run("repro merge a b --out merged --quiet").succeeded();
    assert_eq!(results(&directory.path().join("merged")), results(&directory.path().join("whole")));
    // The whole one says the same of every job.
    run("repro merge a whole b --out merged --quiet").succeeded();

    run("repro merge a --out none").failed(1, &["are missing: networks/", "finish their shards first"]);
    run("repro merge data --out none").failed(1, &["data: there is no journal*.jsonl"]);
    run(&format!("{SMALL} --seeds 2 --shard 1/3 --out other").replace("--seeds 1 ", "")).succeeded();
    let words = ["of another study than", "its --seeds is 2, there it is 1"];
    run("repro merge a b other --out none").failed(1, &words);
    let wrong = directory.path().join("wrong");
    fs::create_dir(&wrong).unwrap();
    let journal = fs::read_to_string(directory.path().join("whole/journal.jsonl")).unwrap();
    fs::write(wrong.join("journal.jsonl"), journal.replacen("\"best_f1\":", "\"best_f1\":1", 1)).unwrap();
    run("repro merge a b wrong --out none")
        .failed(1, &["wrong/journal.jsonl", "differs from that of an earlier"]);
    assert!(!directory.path().join("none").exists());
}

#[test]
fn a_study_goes_on_where_its_journal_ends() {
    let directory = with_data();
    let run = || run_in(directory.path(), &format!("{SMALL} --out out"));
    run().succeeded();
    let out = directory.path().join("out");
    let (whole, journal) = (results(&out), fs::read(out.join("journal.jsonl")).unwrap());
    let ends: Vec<usize> = (0..journal.len()).filter(|i| journal[*i] == b'\n').map(|i| i + 1).collect();
    // Half a header, a job and all but the end of the next, all but the last byte; the journal's own test has every byte.
    for cut in [ends[0] / 2, ends[2] - 1, journal.len() - 1] {
        fs::write(out.join("journal.jsonl"), &journal[..cut]).unwrap();
        fs::remove_file(out.join("results.json")).unwrap();
        run().succeeded();
        assert_eq!(results(&out), whole, "cut at {cut}");
        let mut lines: Vec<_> =
            fs::read_to_string(out.join("journal.jsonl")).unwrap().lines().map(String::from).collect();
        lines[1..].sort();
        let mut before: Vec<_> =
            String::from_utf8(journal.clone()).unwrap().lines().map(String::from).collect();
        before[1..].sort();
        assert_eq!(lines, before, "cut at {cut}: each job once");
    }
}

#[test]
fn a_journal_of_another_study_or_a_damaged_one_is_refused() {
    let directory = with_data();
    let run = |line: &str| run_in(directory.path(), line);
    run(&format!("{SMALL} --out out")).succeeded();
    let other = SMALL.replace("--only capacity,pruning", "--only rates").replace("--quick ", "");
    run(&format!("{other} --out out")).failed(
        1,
        &[
            "out/journal.jsonl: is of another study",
            "its --only is capacity,pruning, here it is rates",
            "its --quick is given, here it is not given",
            "choose another --out",
        ],
    );
    run("data synth --out data --train 310 --test 100").succeeded();
    run(&format!("{SMALL} --out out"))
        .failed(1, &["its training set is 300 examples", "here it is 310 examples"]);
    run("data synth --out data --train 300 --test 100").succeeded();
    let journal = directory.path().join("out/journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replacen("\"key\"", "\"kex\"", 1)).unwrap();
    run(&format!("{SMALL} --out out")).failed(1, &["journal.jsonl, line 2: is damaged"]);
    fs::write(&journal, "{}\n").unwrap();
    run(&format!("{SMALL} --out out")).failed(1, &["is no journal of schema prunella.journal/1"]);
}

#[test]
fn wrong_arguments_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let run = |line: &str| run_in(directory.path(), line);
    for shard in ["0/2", "3/2", "1", "a/b", "1/0"] {
        run(&format!("repro low-capacity --shard {shard} --out out"))
            .failed(2, &["which of how many, such as 1/4"]);
    }
    run("repro low-capacity --shard 1/2").failed(2, &["--shard: add --out DIR"]);
    run("repro low-capacity --only everything").failed(2, &["--only"]);
    run("repro low-capacity --seeds 0").failed(2, &["1 or more"]);
    run("repro low-capacity --data nowhere --out out").failed(1, &["nowhere: there is no such directory"]);
    assert!(!directory.path().join("out").exists());
}

/// Interrupts a study by `signal` when it has done two jobs more; its code and what it said. `None` if it was over before: how long
/// a job takes is for the machine to say.
#[cfg(unix)]
fn interrupted(directory: &Path, line: &str, signal: &str) -> Option<(Option<i32>, String)> {
    let journal = directory.join("out/journal.jsonl");
    let lines = || fs::read(&journal).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count());
    // The first line of a new one is of no job.
    let enough = lines().max(1) + 2;
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let mut command = command(&arguments);
    command.current_dir(directory).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    while lines() < enough && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    if child.try_wait().unwrap().is_none() {
        assert!(send(signal, &child));
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (!output.status.success()).then_some((output.status.code(), said))
}

#[cfg(unix)]
#[test]
fn neither_ctrl_c_nor_kill_loses_a_job_or_changes_a_bit() {
    // 24 jobs; more where all of them are done before the interruption comes.
    let interrupted = [4, 20, 100].into_iter().find_map(|seeds| {
        let directory = with_data();
        let line = format!("repro low-capacity --data data --only rates --seeds {seeds} --quiet");
        let (code, said) = interrupted(directory.path(), &format!("{line} --threads 1 --out out"), "-INT")?;
        assert_eq!(code, Some(130), "{said}");
        assert!(
            said.starts_with("Interrupted when ")
                && said.contains("jobs were done: the same command goes on from there."),
            "{said}"
        );
        let killed = interrupted(directory.path(), &format!("{line} --threads 2 --out out"), "-KILL")?;
        assert_eq!(killed, (None, String::new()));
        Some((directory, line))
    });
    let (directory, line) = interrupted.expect("signals interrupt it");
    let with_threads = |threads: usize, to: &str| format!("{line} --threads {threads} --out {to}");
    run_in(directory.path(), &with_threads(1, "whole")).succeeded();
    let line = with_threads(2, "out").replace(" --quiet", "");
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let mut command = command(&arguments);
    command.current_dir(&directory);
    let rest = outcome(command);
    assert!(rest.stderr.contains(" jobs were done already."), "{}", rest.stderr);
    rest.succeeded();
    assert_eq!(results(&directory.path().join("out")), results(&directory.path().join("whole")));
}
