//! `train` from beginning to end: its speed, its learning curve, its end.

use std::fs;

use super::fixture::{run_in, with_data};

#[test]
fn train_tells_its_speed_and_what_the_machine_allows() {
    let directory = with_data();
    let line = "train --data data --hidden 16 --epochs 2 --schedule one-cycle --lr 0.01 --threads 2";
    let report = run_in(directory.path(), &format!("{line} --format json")).json();
    let training = &report["training"];
    let number = |name: &str| training[name].as_f64().unwrap();
    assert_eq!(training["schedule"], "one-cycle");
    assert!(
        (number("samples_per_second") - 600.0 / number("seconds")).abs()
            < 1e-6 * number("samples_per_second")
    );
    let share = number("samples_per_second") / number("limit_samples_per_second");
    assert!(share > 0.0 && (number("of_limit") - share).abs() < 1e-12);
    assert!((0.05..0.5).contains(&number("input_density")), "most pixels of a digit are zero");
    let table = run_in(directory.path(), line).succeeded();
    assert!(table.contains("learning rate 0.01 (one-cycle), 2 epochs"), "{table}");
    assert!(table.contains(" samples/s, ") && table.contains(" % of the limit of "), "{table}");
    assert!(table.contains("zero pixels are skipped"), "{table}");
}

#[test]
fn schedules_differ() {
    let directory = with_data();
    let loss = |schedule: &str| {
        let line = format!("train --data data --hidden 8 --epochs 2 --schedule {schedule} --format json");
        run_in(directory.path(), &line).json()["training"]["history"][1]["loss"].as_f64().unwrap()
    };
    let losses = ["constant", "cosine", "one-cycle"].map(loss);
    assert!(losses[0] != losses[1] && losses[1] != losses[2] && losses[0] != losses[2], "{losses:?}");
}

#[test]
fn a_validation_set_ends_training_early() {
    let directory = with_data();
    let line = "train --data data --hidden 16 --epochs 200 --optimizer sgd --lr 3 --batch-size 16 --validation 0.2 \
                --patience 2 --model best.safetensors --out out";
    let report = run_in(directory.path(), &format!("{line} --format json")).json();
    let training = &report["training"];
    let history = training["history"].as_array().unwrap();
    assert!(history.len() < 200, "{training}");
    let validation = &training["validation"];
    assert_eq!((&validation["examples"], &validation["patience"]), (&60.into(), &2.into()));
    let kept = validation["kept_epoch"].as_u64().unwrap() as usize;
    assert_eq!(kept, history.len() - 2);
    let loss = |row: &serde_json::Value| row["validation_loss"].as_f64().unwrap();
    assert!(history.iter().all(|row| loss(row) >= loss(&history[kept - 1])));
    // The file has the network that was kept.
    assert_eq!(training["test_accuracy"], history[kept - 1]["test_accuracy"]);
    let eval = run_in(directory.path(), "eval best.safetensors --data data --format json").json();
    assert_eq!(eval["accuracy"], training["test_accuracy"]);

    let table = run_in(directory.path(), line).succeeded();
    let words = format!("60 training examples were held back; the network of epoch {kept} was kept");
    assert!(table.contains(&words) && table.contains("validation loss"), "{table}");
    let plot = fs::read_to_string(directory.path().join("out/learning-loss.svg")).unwrap();
    assert!(plot.contains(">training<") && plot.contains(">validation<"), "{plot}");
    assert!(directory.path().join("out/learning-accuracy.svg").is_file());
    let csv = fs::read_to_string(directory.path().join("out/results.csv")).unwrap();
    assert!(
        csv.starts_with("epoch,loss,test_accuracy,validation_loss,validation_accuracy,seconds\n"),
        "{csv}"
    );
}
