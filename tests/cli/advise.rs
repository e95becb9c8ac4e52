//! `prunella advise`: an answer that is saved, or exit code 3 and the nearest.

use super::fixture::{run_in, with_data};
use prunella::model::Model;

#[test]
fn an_answer_is_saved_with_its_runners_up_and_can_be_measured_again() {
    let directory = with_data();
    // 30 years: what fits does not depend on the machine.
    let line = "advise --data data --target-us 1e15 --out out --format json --quiet --threads 2";
    let report = run_in(directory.path(), line).json();
    assert_eq!(report["schema"], "prunella.advise/1");
    assert_eq!(report["goal"]["target_ns"], 1e18);
    assert_eq!(
        (&report["goal"]["batch"], &report["goal"]["min_accuracy"]),
        (&1.into(), &serde_json::Value::Null)
    );
    assert_eq!((&report["validation"], &report["screened"]), (&30.into(), &106.into()));
    let choice = &report["choice"];
    let number = |field: &str| choice[field].as_f64().unwrap();
    assert!(number("median_ns") <= number("bound_ns") && number("bound_ns") <= 1e18);
    let noise = report["noise_floor"]["hi"].as_f64().unwrap();
    assert!(noise >= 1.0 && (number("p90_ns") * noise / number("bound_ns") - 1.0).abs() < 1e-12);
    // Of 30 examples: the lower end of Wilson's interval.
    let (z, n, accuracy) = (1.645f64, 30.0, number("validation_accuracy"));
    let spread = z * (accuracy * (1.0 - accuracy) / n + z * z / (4.0 * n * n)).sqrt();
    let least = (accuracy + z * z / (2.0 * n) - spread) / (1.0 + z * z / n);
    assert!((number("accuracy_bound") - least).abs() < 1e-9, "{choice}");
    let bytes = std::fs::read(directory.path().join("out/advised.safetensors")).unwrap();
    let model = Model::from_bytes(&bytes).unwrap();
    assert_eq!(serde_json::json!(model.sizes()), choice["layers"]);
    assert_eq!(choice["nnz"], model.nnz());
    let runners_up = report["runners_up"].as_array().unwrap();
    assert_eq!(runners_up.len(), 4);
    let accuracies: Vec<f64> = core::iter::once(choice)
        .chain(runners_up)
        .map(|row| row["validation_accuracy"].as_f64().unwrap())
        .collect();
    assert!(accuracies.is_sorted_by(|a, b| a >= b), "{accuracies:?}");
    assert!(directory.path().join("out/runner-up-4.safetensors").exists());

    let scored = run_in(directory.path(), "eval out/advised.safetensors --data data --format json").json();
    assert_eq!(scored["accuracy"], choice["test_accuracy"]);
    run_in(directory.path(), "bench out/advised.safetensors --batch 1 --rounds 2 --quiet").succeeded();
}

#[test]
fn a_goal_that_nothing_keeps_ends_with_code_3_and_the_nearest() {
    let directory = with_data();
    // A picosecond for a million calls: no clock says so.
    let outcome = run_in(directory.path(), "advise --data data --target-us 1e-12 --out out --quiet");
    outcome.failed(
        3,
        &["no network is within 0.000000000001 us at batch 1", "the nearest (", "allow more time"],
    );
    assert!(!directory.path().join("out").exists());
    let wrong = run_in(directory.path(), "advise --data data --target-us 0");
    wrong.failed(2, &["microseconds above 0"]);
    run_in(directory.path(), "advise --min-accuracy 97").failed(2, &["0.97 is 97 %"]);
}
