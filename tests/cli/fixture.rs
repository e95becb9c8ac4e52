//! Running the binary, and small things for it to work on.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use prunella::model::{Activation, Layer, Model};
use serde_json::Value;
use tempfile::TempDir;

/// What a command did.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command that depends on nothing of the tester's environment but the instruction set, by `PRUNELLA_ISA`, as other tests do.
pub(crate) fn command<S: AsRef<OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prunella"));
    command.args(args).env_remove("PRUNELLA_DATA_DIR");
    // Some wish for colours even where nobody looks.
    command.env_remove("CLICOLOR_FORCE").env("NO_COLOR", "1");
    command
}

/// Sends a signal, such as `-INT`; false if there is nobody to get it. The shell has a `kill` of its own, while not every system has
/// it as a program.
#[cfg(unix)]
pub(crate) fn send(signal: &str, to: &std::process::Child) -> bool {
    let kill = format!("kill {signal} {}", to.id());
    Command::new("sh").args(["-c", &kill]).output().unwrap().status.success()
}

pub(crate) fn outcome(mut command: Command) -> Outcome {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// Runs it with the arguments of `line`, split at spaces, in `directory`.
pub(crate) fn run_in(directory: &Path, line: &str) -> Outcome {
    let args: Vec<&str> = line.split_whitespace().collect();
    let mut command = command(&args);
    command.current_dir(directory);
    outcome(command)
}

impl Outcome {
    /// What a successful command printed.
    pub(crate) fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }

    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.succeeded()).unwrap()
    }

    /// It failed with this code, and one message that holds all of `words`.
    pub(crate) fn failed(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert_eq!(self.stdout, "", "no result of a failure");
        assert!(self.stderr.lines().any(|line| line.starts_with("error: ")), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

/// A directory with 300 drawn digits to train on and 100 to test, in `data`.
pub(crate) fn with_data() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    run_in(directory.path(), "data synth --out data --train 300 --test 100").succeeded();
    directory
}

/// A network 784-4-10 of made-up weights; `zeros` of 10 of the first layer's are zero.
pub(crate) fn model(zeros: usize) -> Model {
    let weights = |len: usize, zeros: usize| {
        let value = |i: usize| if i % 10 < zeros { 0.0 } else { (i % 7) as f32 * 0.01 - 0.035 };
        (0..len).map(value).collect::<Vec<f32>>()
    };
    let hidden = Layer::new(784, weights(784 * 4, zeros), vec![0.1; 4], Activation::Relu).unwrap();
    let output = Layer::new(4, weights(40, 0), vec![0.0; 10], Activation::Identity).unwrap();
    Model::new(vec![hidden, output]).unwrap()
}

/// Every file and directory below `directory`, so that a test can say that nothing was written.
pub(crate) fn tree(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}
