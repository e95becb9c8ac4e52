//! Peers that live in Python: a worker process for each virtual environment, told over pipes what to do.
//!
//! The worker reads the clock itself, so the way to it is in no time. While it works this process blocks on the pipe, and while
//! this one works the worker does: they share one core without sharing it.

use std::cell::RefCell;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use prunella::model::Model;
use serde_json::{Value, json};

use crate::cell::Inputs;
use crate::contestant::{Contestant, Place, Weights};
use crate::onnx;

/// A peer: its name, the environment it lives in, and the networks it has its own way with.
struct Peer {
    name: &'static str,
    environment: &'static str,
    runs: Runs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    /// Zeros are numbers like any other.
    Unpruned,
    /// It is a sparse format.
    Pruned,
    /// It reads the pruned network and does with it what it can.
    Each,
}

const PEERS: [Peer; 6] = [
    Peer { name: "torch", environment: "torch", runs: Runs::Unpruned },
    Peer { name: "torch-csr", environment: "torch", runs: Runs::Pruned },
    Peer { name: "onnxruntime", environment: "onnxruntime", runs: Runs::Each },
    Peer { name: "scipy", environment: "scipy", runs: Runs::Pruned },
    Peer { name: "mkl", environment: "mkl", runs: Runs::Pruned },
    Peer { name: "deepsparse", environment: "deepsparse", runs: Runs::Each },
];

/// One thread each, that sleeps when it has nothing to do.
const ENVIRONMENT: [(&str, &str); 7] = [
    ("OMP_NUM_THREADS", "1"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("MKL_NUM_THREADS", "1"),
    ("MKL_THREADING_LAYER", "SEQUENTIAL"),
    ("OMP_WAIT_POLICY", "PASSIVE"),
    ("NM_BIND_THREADS_TO_CORES", "0"),
    ("NM_DISABLE_ANALYTICS", "1"),
];

pub struct Process {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Process {
    pub fn start(python: &Path, worker: &Path) -> Result<Process, Box<dyn Error>> {
        let mut child = Command::new(python)
            .arg(worker)
            .envs(ENVIRONMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", python.display()))?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let (to, from) = to.zip(from).ok_or("no pipes")?;
        Ok(Process { child, to, from: BufReader::new(from) })
    }

    /// Sends a command and waits for the answer, or says what went wrong there.
    pub fn ask(&mut self, command: Value) -> Result<Value, String> {
        let gone = |error: std::io::Error| format!("its process ended: {error}");
        writeln!(self.to, "{command}").map_err(gone)?;
        let mut line = String::new();
        if self.from.read_line(&mut line).map_err(gone)? == 0 {
            return Err(match self.child.wait() {
                Ok(status) => format!("its process ended: {status}"),
                Err(error) => gone(error),
            });
        }
        let answer: Value = serde_json::from_str(&line).map_err(|error| format!("{error} in '{line}'"))?;
        match answer["error"].as_str() {
            Some(error) => Err(error.into()),
            None => Ok(answer),
        }
    }
}

/// A network loaded in a worker.
pub struct Remote {
    process: Rc<RefCell<Process>>,
    subject: Value,
    outputs: PathBuf,
}

impl Remote {
    /// Nanoseconds of the calls `first..first + calls`, by the worker's clock.
    ///
    /// # Panics
    /// The worker is gone: there is nothing left to compare.
    pub fn time(&mut self, first: usize, calls: usize) -> f64 {
        let command = json!({ "do": "time", "subject": self.subject, "first": first, "calls": calls });
        let answer = self.process.borrow_mut().ask(command).unwrap_or_else(|error| panic!("{error}"));
        answer["ns"].as_f64().unwrap_or_else(|| panic!("no time in {answer}"))
    }

    /// Outputs of all inputs, row-major.
    pub fn outputs(&mut self) -> Result<Vec<f32>, String> {
        let command = json!({ "do": "outputs", "subject": self.subject, "file": self.outputs });
        self.process.borrow_mut().ask(command)?;
        let bytes = fs::read(&self.outputs).map_err(|error| error.to_string())?;
        Ok(bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }
}

/// Every worker that could be started, and what each runs.
pub struct Workers {
    workers: Vec<(&'static str, Rc<RefCell<Process>>)>,
    /// What is missing, and why.
    pub missing: Vec<String>,
    /// Versions by package.
    pub versions: Vec<String>,
}

impl Workers {
    /// Starts one in each environment under `venvs`.
    pub fn start(venvs: &Path) -> Workers {
        let worker = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/worker.py");
        let mut started = Workers { workers: Vec::new(), missing: Vec::new(), versions: Vec::new() };
        let mut environments: Vec<&str> = PEERS.iter().map(|peer| peer.environment).collect();
        environments.dedup();
        for environment in environments {
            let python = venvs.join(environment).join("bin/python");
            let process = Process::start(&python, &worker).and_then(|mut process| {
                let answer = process.ask(json!({ "do": "hello", "environment": environment }))?;
                started.versions.push(answer["versions"].as_str().unwrap_or_default().into());
                Ok(process)
            });
            match process {
                Ok(process) => started.workers.push((environment, Rc::new(RefCell::new(process)))),
                Err(error) => started.missing.push(format!("{environment}: {error}")),
            }
        }
        started
    }

    /// Forgets what was loaded for the last cell.
    pub fn forget(&mut self) {
        for (_, process) in &self.workers {
            // One that is gone has nothing to forget; the next command says so.
            let _ = process.borrow_mut().ask(json!({ "do": "forget" }));
        }
    }

    /// The peers for one sparsity of a cell, whose files are in `folder`; one that cannot load it is missed aloud.
    pub fn contestants(&mut self, title: &str, at: usize, inputs: &Inputs, folder: &Path) -> Vec<Contestant> {
        let mut found = Vec::new();
        for peer in &PEERS {
            let runs = match peer.runs {
                Runs::Unpruned => at == 0,
                Runs::Pruned => at > 0,
                Runs::Each => true,
            };
            let worker = self.workers.iter().find(|(environment, _)| *environment == peer.environment);
            let Some((_, process)) = worker.filter(|_| runs) else { continue };
            let command = json!({ "do": "load", "peer": peer.name, "folder": folder, "batch": inputs.batch });
            let answer = process.borrow_mut().ask(command);
            match answer {
                Ok(answer) => found.push(Contestant {
                    name: peer.name,
                    ours: false,
                    given: answer["given"].as_str().unwrap_or_default().into(),
                    weights: if peer.runs == Runs::Unpruned { Weights::Any } else { Weights::Of(at) },
                    place: Place::Elsewhere(Remote {
                        process: process.clone(),
                        subject: answer["subject"].clone(),
                        outputs: folder.join("outputs.f32"),
                    }),
                }),
                Err(error) => self.missing.push(format!("{} on {title}: {error}", peer.name)),
            }
        }
        found
    }
}

pub fn floats_to(file: &Path, values: &[f32]) -> std::io::Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(file, bytes)
}

/// Writes what the peers read: `network.onnx`, and as plain little-endian floats the weights, the biases and the inputs.
pub fn write_files(model: &Model, inputs: &Inputs, folder: &Path) -> std::io::Result<()> {
    let floats = |name: &str, values: &[f32]| floats_to(&folder.join(name), values);
    fs::create_dir_all(folder)?;
    for (i, layer) in model.layers().iter().enumerate() {
        floats(&format!("weight{i}.f32"), layer.weight())?;
        floats(&format!("bias{i}.f32"), layer.bias())?;
    }
    floats("inputs.f32", &inputs.rows)?;
    fs::write(folder.join("sizes.json"), json!(model.sizes()).to_string())?;
    fs::write(folder.join("network.onnx"), onnx::to_onnx(model, inputs.batch))
}
