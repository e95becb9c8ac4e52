//! A training laid aside in a file, to go on with the same bits.
//!
//! The file is a `safetensors` file. Matrices are `[fan_in, fan_out]`, as in training:
//!
//! | part | what it is |
//! |---|---|
//! | `layers.N.weight`, `.bias`, `.mask` | the network; a mask only if there is one |
//! | `layers.N.weight.first`, `.second`, `layers.N.bias.first`, `.second` | what the optimizer remembers, as far as it does |
//! | `best.N.weight`, `.bias`, `.mask` | the network that early stopping would keep, if it has seen one |
//! | metadata `format`, `version` | `prunella-checkpoint`, `1` |
//! | metadata `step`, `underway`, `history`, `best` | where training is, and its learning curve so far |
//! | all other metadata | settings and data: those of the training that goes on must be the same |
//!
//! The order of the examples is not in it: seed and epoch decide that.

use super::course::{Course, Epoch, Score, Underway};
use super::network::{Dense, Mlp};
use super::optimizer::Moments;
use super::{EarlyStopping, Options, TrainError};
use crate::model::safetensors::{Container, Tensor, Writer};
use core::str::FromStr;
use prunella_kernels::{Line, Rows, RowsMut};
use std::collections::BTreeMap;
use std::{format, string::String, string::ToString, vec, vec::Vec};

const FORMAT: &str = "prunella-checkpoint";
const VERSION: &str = "1";

impl Course<'_> {
    /// All that decides how training goes on, as a file to be given to [`Course::restore`].
    pub fn checkpoint(&self) -> Vec<u8> {
        let best = self.stopping.as_ref().and_then(|stopping| stopping.best.as_ref());
        let since = self.stopping.as_ref().map_or(0, |stopping| stopping.since);
        let Underway { loss, examples: _, seconds } = self.underway;
        // Debug writes as many digits as tell a number from its neighbours.
        let state = [
            ("step", self.trainer.step.to_string()),
            ("underway", format!("{loss:?} {seconds:?}")),
            ("history", self.history.iter().map(words).collect::<Vec<_>>().join(";")),
            ("best", best.map_or(String::new(), |(loss, _)| format!("{loss:?}"))),
            ("since", since.to_string()),
        ];
        let head = [("format", FORMAT), ("version", VERSION)].into_iter();
        let rest = self.settings().iter().chain(&state).map(|(key, value)| (*key, value.as_str()));
        let mut writer = Writer::new(&head.chain(rest).collect::<Vec<_>>());
        write_network(&mut writer, "layers", self.trainer.network);
        for (number, (layer, moments)) in
            self.trainer.network.layers.iter().zip(&self.trainer.moments).enumerate()
        {
            for ((part, rows), Moments { first, second }) in parts(layer).into_iter().zip(moments) {
                for (name, lines) in [("first", first), ("second", second)] {
                    if !lines.is_empty() {
                        let name = format!("layers.{number}.{part}.{name}");
                        write(&mut writer, &name, [rows, layer.fan_out], lines);
                    }
                }
            }
        }
        if let Some((_, network)) = best {
            write_network(&mut writer, "best", network);
        }
        writer.finish()
    }

    /// Goes on from where [`Course::checkpoint`] made the file `checkpoint`: from here every bit is that of a training that was
    /// never interrupted, on any number of threads.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] if it is no checkpoint, is damaged, or was made with other settings or data; nothing has changed
    /// then.
    pub fn restore(&mut self, checkpoint: &[u8]) -> Result<(), TrainError> {
        let Container { metadata, tensors } = Container::read(checkpoint).map_err(damaged)?;
        let entries = Entries(metadata);
        entries.check_format()?;
        entries.check_settings(self.settings())?;
        let (trainer, mut tensors) = (&self.trainer, Tensors(tensors));
        let network = tensors.network("layers", trainer.network)?;
        let mut moments = Vec::new();
        for (number, (layer, old)) in network.layers.iter().zip(&trainer.moments).enumerate() {
            let mut of_part = |((part, rows), old): ((&str, usize), &Moments)| {
                let mut read = |name: &str, old: &[Line]| match old.is_empty() {
                    true => Ok(Vec::new()),
                    false => tensors.take(&format!("layers.{number}.{part}.{name}"), [rows, layer.fan_out]),
                };
                Ok(Moments { first: read("first", &old.first)?, second: read("second", &old.second)? })
            };
            let [weight, bias] = parts(layer);
            moments.push([of_part((weight, &old[0]))?, of_part((bias, &old[1]))?]);
        }
        let stopping = match self.judges.validation {
            None => None,
            Some((_, patience)) => {
                let best = match entries.text("best")? {
                    "" => None,
                    loss => Some((number("best", loss)?, tensors.network("best", trainer.network)?)),
                };
                Some(EarlyStopping { patience, best, since: entries.number("since")? })
            }
        };
        tensors.check_empty()?;

        let step: usize = entries.number("step")?;
        let history = entries.history(self.judges.validation.is_some())?;
        let per_epoch = trainer.steps_per_epoch();
        if step > trainer.steps() || history.len() != step / per_epoch {
            return Err(damaged(format!("step {step} does not go with {} epochs", history.len())));
        }
        let [loss, seconds] = numbers("underway", entries.text("underway")?)?;
        let examples = step % per_epoch * trainer.options.batch_size;
        self.underway = Underway { loss, examples, seconds };
        (self.history, self.stopping) = (history, stopping);
        self.trainer.resume(network, moments, step);
        Ok(())
    }

    /// What decides the bits besides the state: two trainings in which all of this is equal are one.
    fn settings(&self) -> &[(&'static str, String)] {
        self.settings.get_or_init(|| {
            let Options { epochs, batch_size, optimizer, schedule, loss, seed } = self.trainer.options;
            let network: Vec<String> = self.trainer.network.layers.iter().map(shape).collect();
            let none = || "none".to_string();
            let validation = self.judges.validation;
            let fuses = self.trainer.compute.kernels.isa().fuses();
            vec![
                ("network", network.join(" ")),
                ("number of epochs", epochs.to_string()),
                ("batch size", batch_size.to_string()),
                ("optimizer", format!("{optimizer:?}")),
                ("schedule", format!("{schedule:?}")),
                ("loss", format!("{loss:?}")),
                ("seed", seed.to_string()),
                ("training set", self.trainer.data.fingerprint()),
                ("test set", self.judges.test.fingerprint()),
                ("validation set", validation.map_or_else(none, |(data, _)| data.fingerprint())),
                ("patience", validation.map_or_else(none, |(_, patience)| patience.to_string())),
                ("arithmetic", if fuses { "fused" } else { "not fused" }.to_string()),
            ]
        })
    }
}

/// `784x256 relu`.
fn shape(layer: &Dense) -> String {
    format!("{}x{} {}", layer.fan_in, layer.fan_out, layer.activation)
}

/// The tensors of a layer, and how many rows each has.
fn parts(layer: &Dense) -> [(&'static str, usize); 2] {
    [("weight", layer.fan_in), ("bias", 1)]
}

/// An epoch of the history.
fn words(epoch: &Epoch) -> String {
    let Epoch { loss, test_accuracy, validation, seconds } = epoch;
    let validation =
        validation.map_or(String::new(), |Score { loss, accuracy }| format!(" {loss:?} {accuracy:?}"));
    format!("{loss:?} {test_accuracy:?} {seconds:?}{validation}")
}

fn write_network(writer: &mut Writer, prefix: &str, network: &Mlp) {
    for (number, layer) in network.layers.iter().enumerate() {
        let matrix = [layer.fan_in, layer.fan_out];
        write(writer, &format!("{prefix}.{number}.weight"), matrix, &layer.weight);
        write(writer, &format!("{prefix}.{number}.bias"), [1, layer.fan_out], &layer.bias);
        if let Some(mask) = &layer.mask {
            write(writer, &format!("{prefix}.{number}.mask"), matrix, mask);
        }
    }
}

/// Writes what `lines` hold without the padding.
fn write(writer: &mut Writer, name: &str, [rows, cols]: [usize; 2], lines: &[Line]) {
    let matrix = Rows::new(lines, rows, cols);
    let values: Vec<f32> = (0..rows).flat_map(|row| matrix.row(row)).copied().collect();
    writer.tensor(name, &[rows, cols], &values);
}

fn damaged(problem: impl core::fmt::Display) -> TrainError {
    TrainError::Checkpoint(format!("the checkpoint is damaged: {problem}; start anew"))
}

fn number<T: FromStr>(key: &str, text: &str) -> Result<T, TrainError> {
    text.parse().map_err(|_| damaged(format!("metadata `{key}` is `{}`, no number", text.escape_debug())))
}

/// As many numbers as are wanted, separated by spaces.
fn numbers<const N: usize>(key: &str, text: &str) -> Result<[f64; N], TrainError> {
    let all = text.split(' ').map(|text| number(key, text)).collect::<Result<Vec<f64>, _>>()?;
    all.try_into().map_err(|all: Vec<f64>| {
        damaged(format!("metadata `{key}` has {} numbers in a row, not {N}", all.len()))
    })
}

/// The metadata of a checkpoint.
struct Entries(BTreeMap<String, String>);

impl Entries {
    fn text(&self, key: &str) -> Result<&str, TrainError> {
        self.0.get(key).map(String::as_str).ok_or_else(|| damaged(format!("metadata `{key}` is missing")))
    }

    fn number<T: FromStr>(&self, key: &str) -> Result<T, TrainError> {
        number(key, self.text(key)?)
    }

    fn check_format(&self) -> Result<(), TrainError> {
        let is = |key, value| self.0.get(key).is_some_and(|found| found == value);
        if !is("format", FORMAT) {
            let problem =
                "the file is sound, but no checkpoint; a model cannot be trained on as if it had not ended";
            return Err(TrainError::Checkpoint(problem.to_string()));
        }
        if !is("version", VERSION) {
            let problem =
                format!("the checkpoint is not of version {VERSION}, the only one known; start anew");
            return Err(TrainError::Checkpoint(problem));
        }
        Ok(())
    }

    /// Whether the checkpoint was made with `settings`; the error tells all that differ.
    fn check_settings(&self, settings: &[(&'static str, String)]) -> Result<(), TrainError> {
        let mut differing = Vec::new();
        for (key, here) in settings {
            let there = self.text(key)?;
            if there != here {
                differing.push(format!("its {key} is {}, here it is {here}", there.escape_debug()));
            }
        }
        if differing.is_empty() {
            return Ok(());
        }
        let all = differing.join("; ");
        Err(TrainError::Checkpoint(format!(
            "the checkpoint is of another training: {all}. Go on with what it was made with, or start anew"
        )))
    }

    fn history(&self, has_validation: bool) -> Result<Vec<Epoch>, TrainError> {
        let text = self.text("history")?;
        let epoch = |text: &str| {
            let (seen, validation) = if has_validation {
                let [loss, test_accuracy, seconds, of_validation, accuracy] = numbers("history", text)?;
                ([loss, test_accuracy, seconds], Some(Score { loss: of_validation, accuracy }))
            } else {
                (numbers("history", text)?, None)
            };
            let [loss, test_accuracy, seconds] = seen;
            Ok(Epoch { loss, test_accuracy, validation, seconds })
        };
        // Of nothing, `split` makes one nothing.
        text.split(';').filter(|text| !text.is_empty()).map(epoch).collect()
    }
}

/// The tensors of a checkpoint that were not yet read.
struct Tensors<'a>(BTreeMap<String, Tensor<'a>>);

impl Tensors<'_> {
    fn take(&mut self, name: &str, shape: [usize; 2]) -> Result<Vec<Line>, TrainError> {
        self.take_if_there(name, shape)?.ok_or_else(|| damaged(format!("tensor `{name}` is missing")))
    }

    fn take_if_there(&mut self, name: &str, shape: [usize; 2]) -> Result<Option<Vec<Line>>, TrainError> {
        let Some(tensor) = self.0.remove(name) else { return Ok(None) };
        let [rows, cols] = shape;
        if tensor.shape != shape {
            return Err(damaged(format!("the shape of `{name}` is {:?}, not {shape:?}", tensor.shape)));
        }
        let mut lines = vec![Line::ZERO; rows * Line::count(cols)];
        let mut to = RowsMut::new(&mut lines, rows, cols);
        let mut values = tensor.data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
        for row in 0..rows {
            for (to, value) in to.row_mut(row).iter_mut().zip(&mut values) {
                if !value.is_finite() {
                    return Err(damaged(format!("`{name}` holds {value}")));
                }
                *to = value;
            }
        }
        Ok(Some(lines))
    }

    /// A network of the shape of `like`.
    fn network(&mut self, prefix: &str, like: &Mlp) -> Result<Mlp, TrainError> {
        let layer = |(number, like): (usize, &Dense)| {
            let &Dense { fan_in, fan_out, activation, .. } = like;
            let weight = self.take(&format!("{prefix}.{number}.weight"), [fan_in, fan_out])?;
            let bias = self.take(&format!("{prefix}.{number}.bias"), [1, fan_out])?;
            let mask = self.take_if_there(&format!("{prefix}.{number}.mask"), [fan_in, fan_out])?;
            let is_mask = |lines: &Vec<Line>| Line::floats(lines).iter().all(|v| *v == 0.0 || *v == 1.0);
            if mask.as_ref().is_some_and(|mask| !is_mask(mask)) {
                return Err(damaged(format!("`{prefix}.{number}.mask` holds more than zeros and ones")));
            }
            Ok(Dense { fan_in, fan_out, activation, weight, bias, mask })
        };
        Ok(Mlp { layers: like.layers.iter().enumerate().map(layer).collect::<Result<_, _>>()? })
    }

    fn check_empty(&self) -> Result<(), TrainError> {
        match self.0.keys().next() {
            Some(name) => Err(damaged(format!("tensor `{}` is not expected", name.escape_debug()))),
            None => Ok(()),
        }
    }
}
