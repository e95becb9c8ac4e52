//! Bad data, bad models and places that cannot be written: exit code 1, a message that names the file and what would be
//! right, nothing written.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use prunella::model::Model;
use tempfile::TempDir;

use super::fixture::{command, model, outcome, run_in, tree, with_data};

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte.gz";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte.gz";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte.gz";

/// Every verb that reads data refuses it, naming the file (or directory) and the remedy; and leaves nothing.
fn data_refused(directory: &TempDir, words: &[&str]) {
    fs::write(directory.path().join("net.safetensors"), model(0).to_bytes()).unwrap();
    let before = tree(directory.path());
    for line in [
        "data check data",
        "run --data data --out out",
        "train --data data --out out --model out.safetensors",
        "eval net.safetensors --data data --out out",
        "prune net.safetensors --sparsity 0.5 --data data --epochs 1 --model out.safetensors",
        "bench net.safetensors --data data --out out",
    ] {
        run_in(directory.path(), line).failed(1, words);
        assert_eq!(tree(directory.path()), before, "{line}");
    }
}

fn path(directory: &TempDir, name: &str) -> PathBuf {
    directory.path().join("data").join(name)
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Rewrites the content of a file, and refuses the result.
fn changed(name: &str, change: impl FnOnce(&mut Vec<u8>), words: &[&str]) {
    let directory = with_data();
    let file = path(&directory, name);
    let mut bytes = unpacked(&file);
    change(&mut bytes);
    let mut packed = GzEncoder::new(fs::File::create(&file).unwrap(), flate2::Compression::fast());
    packed.write_all(&bytes).unwrap();
    packed.finish().unwrap();
    let words: Vec<&str> = words.iter().copied().chain([name]).collect();
    data_refused(&directory, &words);
}

#[test]
fn a_missing_directory_or_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    data_refused(&directory, &["data: there is no such directory", "data/get-mnist.sh"]);
    fs::write(directory.path().join("data"), "a file").unwrap();
    data_refused(&directory, &["data: is not a directory"]);

    let directory = with_data();
    fs::remove_file(path(&directory, TEST_LABELS)).unwrap();
    data_refused(&directory, &["data: there is none of", TEST_LABELS, "put one there"]);
}

#[test]
fn damaged_files_are_told_apart() {
    changed(TRAIN_IMAGES, |bytes| bytes[0] = 7, &["byte 0"]);
    changed(TRAIN_IMAGES, |bytes| bytes[2] = 0x0a, &["byte 2"]);
    changed(TRAIN_IMAGES, |bytes| bytes.truncate(1000), &["1000"]);
    changed(TRAIN_IMAGES, |bytes| bytes.truncate(9), &["byte"]);
    changed(TRAIN_LABELS, |bytes| bytes.push(1), &["byte"]);
    // Dimensions whose product overflows.
    changed(TRAIN_IMAGES, |bytes| bytes[4..16].fill(0xff), &["byte"]);
    changed(TRAIN_IMAGES, |bytes| bytes[4..8].fill(0), &["byte 16"]);
}

#[test]
fn sets_that_do_not_go_together_are_refused() {
    let shorten = |bytes: &mut Vec<u8>| {
        bytes[4..8].copy_from_slice(&299u32.to_be_bytes());
        bytes.pop();
    };
    changed(TRAIN_LABELS, shorten, &["300 images, but 299 labels", "both files must come from one set"]);
    changed(TRAIN_LABELS, |bytes| bytes[20] = 200, &["record 12", "label 200 is out of range"]);
    changed(TEST_LABELS, |bytes| bytes[11] = 10, &["record 3", "label 10 is out of range", "0 to 9"]);
}

#[test]
fn an_empty_set_is_refused() {
    let directory = with_data();
    for (name, header) in [
        ("t10k-images-idx3-ubyte", &[0u8, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28][..]),
        ("t10k-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 0]),
    ] {
        fs::write(path(&directory, name), header).unwrap();
    }
    data_refused(&directory, &["t10k-images-idx3-ubyte", "holds no images"]);
}

#[test]
fn corrupt_gzip_is_refused() {
    let directory = with_data();
    let file = path(&directory, TRAIN_IMAGES);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xff);
    fs::write(&file, &bytes).unwrap();
    data_refused(&directory, &[TRAIN_IMAGES]);
    fs::write(&file, &bytes[..middle]).unwrap();
    data_refused(&directory, &[TRAIN_IMAGES]);
}

#[test]
fn classes_must_be_in_the_data() {
    let directory = with_data();
    for (classes, problem) in [
        ("4", "nothing to tell apart"),
        ("4,4", "class 4 is named twice"),
        ("4,12", "class 12 has no example"),
    ] {
        let line = format!("train --data data --classes {classes} --model out.safetensors");
        run_in(directory.path(), &line).failed(1, &[problem, "choose two or more of"]);
    }
    assert!(!directory.path().join("out.safetensors").exists());
}

/// Every verb that reads a model refuses this one.
fn model_refused(bytes: &[u8], words: &[&str]) {
    let directory = with_data();
    fs::write(directory.path().join("net.safetensors"), bytes).unwrap();
    let before = tree(directory.path());
    for line in [
        "eval net.safetensors --data data --out out",
        "prune net.safetensors --sparsity 0.5 --model out.safetensors",
        "bench net.safetensors --out out",
    ] {
        let words: Vec<&str> = words.iter().copied().chain(["net.safetensors: "]).collect();
        run_in(directory.path(), line).failed(1, &words);
        assert_eq!(tree(directory.path()), before, "{line}");
    }
}

#[test]
fn a_damaged_model_is_refused() {
    let sound = model(0).to_bytes();
    model_refused(b"", &["not a safetensors file"]);
    model_refused(&sound[..5], &["not a safetensors file"]);
    model_refused(
        &sound[..sound.len() - 4],
        &["layers.1.bias", "its data ends at 12760", "prunella train --model"],
    );
    model_refused(&[&sound[..], &[0]].concat(), &["not a safetensors file"]);
    let mut not_finite = sound.clone();
    let end = not_finite.len();
    not_finite[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    model_refused(&not_finite, &["NaN", "must be finite"]);
}

#[test]
fn a_model_of_wrong_shapes_is_refused() {
    let mut bytes = model(0).to_bytes();
    let (right, wrong) = (b"[4, 784]", b"[784, 4]");
    let at = bytes.windows(right.len()).position(|window| window == right).unwrap();
    bytes[at..at + right.len()].copy_from_slice(wrong);
    model_refused(&bytes, &["layers.0.bias", "its shape is [4]"]);
}

#[test]
fn a_model_without_a_hidden_layer_has_nothing_to_prune() {
    let directory = tempfile::tempdir().unwrap();
    let layer = model(0).layers()[1].clone();
    fs::write(directory.path().join("net.safetensors"), Model::new(vec![layer]).unwrap().to_bytes()).unwrap();
    let before = tree(directory.path());
    let line = "prune net.safetensors --sparsity 0.5 --model out.safetensors";
    run_in(directory.path(), line).failed(1, &["net.safetensors: has one layer", "add --prune-last"]);
    assert_eq!(tree(directory.path()), before);
    run_in(directory.path(), &format!("{line} --prune-last")).succeeded();
}

#[test]
fn a_model_that_is_missing_or_no_file_is_refused() {
    let directory = with_data();
    run_in(directory.path(), "eval none.safetensors --data data")
        .failed(1, &["none.safetensors: cannot be read", "prunella train --model"]);
    run_in(directory.path(), "bench data").failed(1, &["data: is not a regular file"]);
}

#[test]
fn a_model_that_does_not_fit_the_data_or_another_is_refused() {
    let directory = with_data();
    fs::write(directory.path().join("net.safetensors"), model(0).to_bytes()).unwrap();
    fs::write(directory.path().join("same.safetensors"), model(0).to_bytes()).unwrap();
    run_in(directory.path(), "eval net.safetensors --data data --classes 1,2")
        .failed(1, &["net.safetensors: gives 10 outputs, but the data has 2 classes"]);
    run_in(directory.path(), "bench net.safetensors same.safetensors")
        .failed(1, &["same.safetensors: is pruned as far as net.safetensors"]);
    fs::write(directory.path().join("pruned.safetensors"), model(5).to_bytes()).unwrap();
    run_in(directory.path(), "bench pruned.safetensors net.safetensors same.safetensors")
        .failed(1, &["same.safetensors: is pruned as far as net.safetensors"]);
    run_in(directory.path(), "train --data data --hidden 5 --epochs 1 --model other.safetensors").succeeded();
    run_in(directory.path(), "bench net.safetensors other.safetensors")
        .failed(1, &["other.safetensors: is [784, 5, 10] wide, but net.safetensors is [784, 4, 10]"]);
    run_in(directory.path(), "bench --layers 20,10,5 --data data")
        .failed(1, &["--layers: takes 20 values, but an example has 784"]);
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_work() {
    let directory = with_data();
    fs::write(directory.path().join("net.safetensors"), model(0).to_bytes()).unwrap();
    fs::write(directory.path().join("file"), "in the way").unwrap();
    let before = tree(directory.path());
    for line in [
        "run --data data --out file/out",
        "run --data data --out file",
        "bench --layers 20,10,5 --out file/out",
        "data synth --out file/out",
        "train --data data --model file/out.safetensors",
        "train --data data --model none/out.safetensors",
        "train --data data --model data",
        "prune net.safetensors --sparsity 0.5 --model file/out.safetensors",
    ] {
        let outcome = run_in(directory.path(), line);
        outcome.failed(1, &["cannot be written: "]);
        assert_eq!(tree(directory.path()), before, "{line}");
    }
    run_in(directory.path(), "run --data data --out file/out")
        .failed(1, &["file/out", "choose another place"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let Ok(device) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("skipped: there is no /dev/full");
        return;
    };
    let mut full = command(&["info"]);
    full.stdout(device);
    outcome(full).failed(1, &["standard output: cannot be written", "No space left"]);
    let directory = with_data();
    run_in(directory.path(), "train --data data --epochs 1 --model /dev/full")
        .failed(1, &["/dev/full: cannot be written", "give the name of a regular file"]);
}
