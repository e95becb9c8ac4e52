//! `train` from beginning to end: its speed, its learning curve, its end.

use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::process::{Child, Stdio};

use prunella::model::Model;
use serde_json::Value;

#[cfg(unix)]
use super::fixture::{command, send, tree};
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
    assert!(history.iter().enumerate().all(|(index, row)| row["epoch"] == index + 1));
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

#[test]
fn a_checkpoint_is_gone_on_from_with_the_same_settings_only() {
    let directory = with_data();
    let train = |line: &str| run_in(directory.path(), &format!("train --data data --hidden 8 {line}"));
    // The name of what trains is no setting, nor are threads.
    train("--epochs 3 --checkpoint saved --model whole --threads 2").succeeded();
    train("--epochs 3 --resume saved --model resumed --threads 1").succeeded();
    let read = |name: &str| fs::read(directory.path().join(name)).unwrap();
    assert_eq!(read("whole"), read("resumed"));
    let checkpoint = read("saved");

    train("--epochs 4 --resume saved --model none")
        .failed(1, &["saved: ", "its number of epochs is 3, here it is 4", "start anew"]);
    train("--epochs 3 --resume saved --lr 0.5")
        .failed(1, &["its optimizer is Adam { rate: 0.002", "rate: 0.5"]);
    train("--epochs 3 --resume whole").failed(1, &["whole: ", "no checkpoint"]);
    train("--epochs 3 --resume absent").failed(1, &["absent: cannot be read", "--checkpoint` wrote"]);
    train("--epochs 3 --resume saved --checkpoint absent/file").failed(1, &["create the directory first"]);
    train("--model same --checkpoint same").failed(2, &["--model and --checkpoint name the same file"]);
    assert_eq!(read("saved"), checkpoint);
    assert!(!directory.path().join("none").exists());
}

/// What the head of a checkpoint says of something.
fn checkpoint_says(path: &Path, what: &str) -> String {
    let bytes = fs::read(path).unwrap();
    let (head, rest) = bytes.split_at(8);
    let head = u64::from_le_bytes(head.try_into().unwrap()) as usize;
    let head: Value = serde_json::from_slice(&rest[..head]).unwrap();
    head["__metadata__"][what].as_str().unwrap().to_string()
}

#[test]
fn what_is_held_back_is_not_learnt_from() {
    let directory = with_data();
    let line = "train --data data --hidden 8 --epochs 1 --validation 0.2 --checkpoint saved";
    run_in(directory.path(), line).succeeded();
    let [learnt, held] =
        ["training set", "validation set"].map(|what| checkpoint_says(&directory.path().join("saved"), what));
    assert!(learnt.starts_with("240 examples of 784") && held.starts_with("60 examples"), "{learnt}, {held}");
}

#[test]
fn the_seed_decides_the_first_weights() {
    let directory = with_data();
    // So small a step changes no weight; a bias begins at 0, which it does change.
    let first = |seed: u64| {
        let line =
            format!("train --data data --hidden 8 --epochs 1 --optimizer sgd --lr 1e-30 --seed {seed}");
        run_in(directory.path(), &format!("{line} --model model")).succeeded();
        let model = Model::from_bytes(&fs::read(directory.path().join("model")).unwrap()).unwrap();
        model.layers().iter().map(|layer| layer.weight().to_vec()).collect::<Vec<_>>()
    };
    let one = first(1);
    assert!(one == first(1) && one != first(2));
}

/// Starts a training in `directory`, and waits until its first checkpoint, `saved`, says that it trains, or until it is over.
#[cfg(unix)]
fn begun(directory: &Path, line: &str, saved: &str) -> Child {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let mut command = command(&arguments);
    command.current_dir(directory).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    while !directory.join(saved).exists() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child
}

/// Interrupts a training when it has saved its first checkpoint, to `saved`, and looks at what it says and saves. False if it was
/// over before the interruption came: how long that takes is for the machine to say.
#[cfg(unix)]
fn is_interrupted(directory: &Path, line: &str, saved: &str) -> bool {
    let mut child = begun(directory, line, saved);
    if child.try_wait().unwrap().is_none() {
        assert!(send("-INT", &child));
    }
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        return false;
    }
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(130), &b""[..]), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let words = format!(": the same command with --resume {saved} goes on from there.");
    assert!(stderr.starts_with("Interrupted in epoch ") && stderr.contains(&words), "{stderr}");
    // It is the step that the message names, not that at the end of the epoch before.
    let (_, step) = stderr.split_once("after step ").unwrap();
    let step = step.split_once(' ').unwrap().0.replace(',', "");
    assert_eq!(checkpoint_says(&directory.join(saved), "step"), step);
    true
}

/// Ends a training in the middle by SIGINT, twice; then the rest, whose network must be that of a whole training.
#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_the_training_goes_on_from_there() {
    // As long a training as it takes to be there in time.
    let interrupted = [1_500, 12_000, 96_000].into_iter().find_map(|epochs| {
        let directory = with_data();
        let line = format!(
            "train --data data --hidden 16 --epochs {epochs} --batch-size 30 --threads 1 --format json"
        );
        let is_interrupted =
            |more: &str, saved: &str| is_interrupted(directory.path(), &format!("{line} {more}"), saved);
        let twice = is_interrupted("--checkpoint first", "first")
            && is_interrupted("--resume first --checkpoint second", "second");
        twice.then_some((directory, line))
    });
    let (directory, line) = interrupted.expect("Ctrl-C interrupts it");
    let rest = run_in(directory.path(), &format!("{line} --resume second --model resumed")).json();
    let whole = run_in(directory.path(), &format!("{line} --model whole")).json();
    let read = |name: &str| fs::read(directory.path().join(name)).unwrap();
    assert_eq!(read("resumed"), read("whole"));
    let curve = |report: &Value| -> Vec<(Value, Value)> {
        let history = report["training"]["history"].as_array().unwrap().iter();
        history.map(|row| (row["loss"].clone(), row["test_accuracy"].clone())).collect()
    };
    assert_eq!(curve(&rest), curve(&whole), "the learning curve has the epochs before the interruption too");
    let is_left = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "tmp");
    assert_eq!(tree(directory.path()).iter().filter(|path| is_left(path)).count(), 0);
}

/// The first Ctrl-C waits for the step under way, saves, and says so; the second does not wait. Steps and the file are so large that
/// one of many comes in between; where none did, because the tester had to wait for a core, it is tried again.
#[cfg(unix)]
#[test]
fn a_second_ctrl_c_ends_at_once() {
    let line = "train --data data --hidden 2000,2000 --optimizer sgd --epochs 100000 --batch-size 300 --threads 1 \
                --checkpoint saved";
    let directory = with_data();
    let ends_at_once = || {
        let mut child = begun(directory.path(), line, "saved");
        while child.try_wait().unwrap().is_none() {
            send("-INT", &child);
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        fs::remove_file(directory.path().join("saved")).unwrap();
        output.stderr.is_empty()
    };
    assert!(
        (0..20).any(|_| ends_at_once()),
        "however often Ctrl-C is pressed, it waits for the step under way"
    );
}
