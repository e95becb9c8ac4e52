//! PyTorch, in a process of its own (`python/training.py`).

use std::cell::RefCell;
use std::error::Error;
use std::fs;
use std::path::Path;

use prunella::dataset::{Dataset, Split};
use prunella::model::Model;
use serde_json::{Value, json};

use super::{Case, Learner};
use crate::python::{Process, floats_to};

pub struct Worker {
    process: RefCell<Process>,
    pub versions: String,
}

pub struct Torch<'a> {
    worker: &'a Worker,
    learner: Value,
}

impl Worker {
    /// Starts it on the images that [`write_images`] wrote.
    pub fn start(venvs: &Path, folder: &Path) -> Result<Worker, Box<dyn Error>> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/training.py");
        let mut process = Process::start(&venvs.join("torch/bin/python"), &script)?;
        let answer = process.ask(json!({ "do": "hello", "folder": folder }))?;
        let versions = answer["versions"].as_str().unwrap_or_default().into();
        Ok(Worker { process: RefCell::new(process), versions })
    }

    /// A network with the weights that [`write_weights`] wrote last, and what it was given.
    pub fn learner(
        &self,
        case: &Case,
        seed: u64,
        is_compiled: bool,
    ) -> Result<(Torch<'_>, String), Box<dyn Error>> {
        let about = json!({
            "title": case.title(), "sizes": [784, case.hidden, 10], "batch": case.batch,
            "optimizer": case.optimizer.name(), "rate": case.optimizer.rate(), "seed": seed,
        });
        let answer = self.ask(json!({ "do": "load", "case": about, "is_compiled": is_compiled }))?;
        let given = answer["given"].as_str().unwrap_or_default().into();
        Ok((Torch { worker: self, learner: answer["learner"].clone() }, given))
    }

    pub fn forget(&self) -> Result<(), Box<dyn Error>> {
        self.ask(json!({ "do": "forget" })).map(drop)
    }

    fn ask(&self, command: Value) -> Result<Value, Box<dyn Error>> {
        Ok(self.process.borrow_mut().ask(command)?)
    }
}

impl Torch<'_> {
    fn number(&self, what: &str, name: &str) -> Result<f64, Box<dyn Error>> {
        let answer = self.worker.ask(json!({ "do": what, "learner": self.learner }))?;
        answer[name].as_f64().ok_or_else(|| format!("no {name} in {answer}").into())
    }
}

impl Learner for Torch<'_> {
    fn epoch(&mut self) -> Result<f64, Box<dyn Error>> {
        self.number("epoch", "ns")
    }

    fn accuracy(&mut self) -> Result<f64, Box<dyn Error>> {
        self.number("accuracy", "accuracy")
    }
}

/// Writes the images of both sets and their labels, a byte each.
pub fn write_images(data: &Split, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let write = |name: &str, data: &Dataset| {
        let pixels: Vec<u8> = (0..data.len()).flat_map(|example| data.pixels(example)).copied().collect();
        fs::write(folder.join(format!("{name}.u8")), pixels)?;
        fs::write(folder.join(format!("{name}-labels.u8")), data.labels())
    };
    write("train", &data.train)?;
    write("test", &data.test)
}

/// Writes weights and biases as plain little-endian floats.
pub fn write_weights(model: &Model, folder: &Path) -> std::io::Result<()> {
    for (i, layer) in model.layers().iter().enumerate() {
        floats_to(&folder.join(format!("weight{i}.f32")), layer.weight())?;
        floats_to(&folder.join(format!("bias{i}.f32")), layer.bias())?;
    }
    Ok(())
}
