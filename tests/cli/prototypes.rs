//! `prunella repro prototypes`: what it prints, the files it leaves, and that a failure leaves none.

use std::fs;

use serde_json::Value;

use super::fixture::{run_in, tree};

const SMALL: &str = "repro prototypes --quick --only nominal --seeds 2 --quiet";

#[test]
fn it_reports_claims_with_verdicts_and_every_run() {
    let directory = tempfile::tempdir().unwrap();
    let report = run_in(directory.path(), &format!("{SMALL} --format json --out out")).json();
    assert_eq!(report["schema"], "prunella.prototypes/1");
    let settings = &report["settings"];
    assert_eq!((&settings["seeds"], &settings["parts"]), (&2.into(), &serde_json::json!(["nominal"])));
    let claims = report["claims"].as_array().unwrap();
    let ids: Vec<&str> = claims.iter().filter_map(|claim| claim["id"].as_str()).collect();
    assert_eq!(ids, ["F1", "F1m", "F2", "F3", "F4", "P"]);
    for claim in claims {
        for field in ["claim", "published", "measured", "verdict", "why"] {
            assert!(claim[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {claim}");
        }
        assert_eq!(claim["interval"].as_array().unwrap().len(), 2, "{claim}");
    }
    // 8 masks, 4 sizes, 2 seeds.
    let runs = report["runs"].as_array().unwrap();
    assert_eq!((runs.len(), &runs[0]["mask"], &runs[0]["n"]), (64, &"000".into(), &3.into()));
    let numbers = ["error", "specialization", "outside", "fit"];
    assert!(runs.iter().all(|run| numbers.iter().all(|field| run[field].is_number())), "{}", runs[0]);
    assert!(
        ["tau_sweep", "sensitivity", "settling"].iter().all(|part| report[part] == serde_json::json!([]))
    );

    let out = directory.path().join("out");
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read("results.json")).unwrap(), report);
    assert_eq!(read("results.csv").lines().count(), 1 + runs.len());
    assert_eq!(read("claims.csv").lines().count(), 1 + claims.len());
    for picture in ["error-by-mask.svg", "median-error-by-mask.svg", "paths.svg", "reconstructions.svg"] {
        assert!(read(picture).starts_with("<svg"), "{picture}");
    }
    let page = read("report.html");
    assert!(page.contains("What holds: at N = 20") && page.contains("id=\"claim-F1m\""));
    assert!(!out.join("settling.csv").exists() && !page.contains("id=\"settling\""), "not asked for");
    let names = tree(&out);
    let is_whole = |name: &std::path::PathBuf| {
        name.extension().is_some_and(|e| ["csv", "html", "json", "svg"].iter().any(|known| e == *known))
    };
    assert!(names.iter().all(is_whole), "half-written: {names:?}");
}

#[test]
fn the_answer_comes_before_the_tables_and_threads_change_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let text = |options: &str| run_in(directory.path(), &format!("{SMALL} {options}")).succeeded();
    let one = text("--threads 1");
    let places =
        ["What holds: ", "What was claimed", "Median E by mask", "F1m "].map(|what| one.find(what).unwrap());
    assert!(places[0] < places[1] && places[1] < places[2], "{one}");
    let tables = |text: &str| text[text.find("What was claimed").unwrap()..].to_string();
    assert_eq!(tables(&one), tables(&text("--threads 3")));
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let run = |line: &str| run_in(directory.path(), &format!("repro prototypes --out out {line}"));
    run("--only everything").failed(2, &["--only", "everything"]);
    run("--seeds 0").failed(2, &["1 or more"]);
    run("--only settling --data nowhere").failed(1, &["nowhere: there is no such directory"]);
    assert_eq!(tree(directory.path()), Vec::<std::path::PathBuf>::new());
    // A file where the directory should be.
    fs::write(directory.path().join("out"), "mine").unwrap();
    run("--quick --only nominal --seeds 1").failed(1, &["out"]);
    assert_eq!(fs::read_to_string(directory.path().join("out")).unwrap(), "mine");
}
