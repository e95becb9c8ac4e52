//! What a command reads: examples and models.

use super::args::DataArgs;
use super::error::Failure;
use super::machine::Machine;
use super::progress::Progress;
use crate::dataset::{Source, Split};
use crate::engine::{BatchClass, Engine, Options, Variant};
use crate::model::Model;
use crate::report::{self, DatasetInfo, NetworkInfo};
use std::path::Path;
use std::prelude::rust_2024::*;
use std::{env, format, fs, vec};

/// Names the directory of data where `--data` does not.
const DATA_VARIABLE: &str = "PRUNELLA_DATA_DIR";

/// How many digits are drawn where no data is given.
const DRAWN: (usize, usize) = (20_000, 4_000);

/// The examples that the arguments or the environment name, else drawn digits, with a remark that says so.
pub(super) fn examples(args: &DataArgs, seed: u64, progress: Progress) -> Result<Split, Failure> {
    let split = match (&args.data, env::var_os(DATA_VARIABLE).filter(|dir| !dir.is_empty())) {
        (Some(dir), _) => Split::load(dir)?,
        (None, Some(dir)) => {
            Split::load(Path::new(&dir)).map_err(|error| Failure::at(DATA_VARIABLE, error))?
        }
        (None, None) => {
            progress
                .remark("No --data given: using digits drawn in memory; data/get-mnist.sh fetches MNIST.");
            Split::synth(DRAWN.0, DRAWN.1, seed)
        }
    };
    if args.classes.is_empty() { Ok(split) } else { Ok(split.with_classes(&args.classes)?) }
}

pub(super) fn dataset_info(split: &Split) -> DatasetInfo {
    let source = match split.source {
        Source::Embedded => report::Source::Embedded,
        Source::Directory(_) => report::Source::Directory,
    };
    DatasetInfo {
        name: split.name.clone(),
        source,
        train: split.train.len(),
        test: split.test.len(),
        features: split.test.features(),
        classes: split.test.classes(),
    }
}

/// The model of a file.
pub(super) fn model(path: &Path) -> Result<Model, Failure> {
    const REMEDY: &str = "give a model file, as `prunella train --model` writes";
    let bytes = bytes(path, REMEDY)?;
    Model::from_bytes(&bytes).map_err(|error| Failure::at(path.display(), format!("{error}; {REMEDY}")))
}

/// The content of a file.
pub(super) fn bytes(path: &Path, remedy: &str) -> Result<Vec<u8>, Failure> {
    let place = path.display();
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            return Err(Failure::at(place, format!("is not a regular file; {remedy}")));
        }
        Ok(_) => {}
        Err(error) => return Err(Failure::at(place, format!("cannot be read: {error}; {remedy}"))),
    }
    fs::read(path).map_err(|error| Failure::at(place, format!("cannot be read: {error}; {remedy}")))
}

pub(super) fn network_info(model: &Model) -> NetworkInfo {
    let mut names: Vec<&str> = model.layers().iter().map(|layer| layer.activation().name()).collect();
    names.truncate((names.len() - 1).max(1));
    names.dedup();
    NetworkInfo { layers: model.sizes(), activation: names.join(",") }
}

/// Whether the model of the file `path` takes these examples and has an output for each of their classes.
pub(super) fn check_fit(path: &Path, model: &Model, split: &Split) -> Result<(), Failure> {
    let (features, classes) = (split.test.features(), split.test.classes());
    if model.fan_in() != features {
        return Err(features_differ(path, model, features));
    }
    if model.fan_out() != classes {
        let problem = format!("gives {} outputs, but the data has {classes} classes", model.fan_out());
        return Err(Failure::at(path.display(), format!("{problem}; choose other --data or --classes")));
    }
    Ok(())
}

pub(super) fn features_differ(path: &Path, model: &Model, features: usize) -> Failure {
    let problem = format!("takes {} values, but an example has {features}", model.fan_in());
    Failure::at(path.display(), format!("{problem}; choose other --data"))
}

/// What `model` gives for `rows`, row-major: `[examples, fan_out]`.
pub(super) fn logits(model: &Model, rows: &[f32], machine: &Machine) -> Result<Vec<f32>, Failure> {
    let options = Options { isa: machine.isa, class: BatchClass::Many, variant: Variant::Dense };
    let engine = Engine::compile(model, &options)?.with_pool(machine.pool.clone());
    let mut logits = vec![0.0; rows.len() / model.fan_in() * model.fan_out()];
    engine.run(rows, &mut logits, &mut engine.scratch())?;
    Ok(logits)
}

/// A sparsity as a percentage, for progress bars.
pub(super) fn percent(sparsity: f64) -> String {
    format!("{} %", (sparsity * 1e5).round() / 1e3)
}
