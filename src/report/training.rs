//! A training: its settings, its speed, its learning curve.

use super::Report;
use super::data::{DatasetInfo, NetworkInfo, Schema};
use super::figures::Figure;
use super::grid::{Grid, Summary};
use super::number::{NONE, exact, format_count, format_percent, plural, three_digits};
use super::plot::{Picture, Plot, Point, Scale, Series};
use super::run::{dataset, machine, network};
use crate::measure::Environment;
use serde::{Deserialize, Serialize};
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// What `prunella train` found.
#[derive(Clone, Debug, Serialize)]
pub struct TrainReport {
    /// [`Schema::Train`].
    pub schema: Schema,
    /// The command line that made this.
    pub command: String,
    /// The seed of everything random.
    pub seed: u64,
    /// The machine, the compiler and the build.
    pub environment: Environment,
    /// The examples.
    pub dataset: Option<DatasetInfo>,
    /// The network's shape.
    pub network: NetworkInfo,
    /// How it was trained.
    pub training: TrainingInfo,
}

/// How the dense network was trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrainingInfo {
    /// Passes over the training set.
    pub epochs: usize,
    /// Time spent, in seconds.
    pub seconds: f64,
    /// Training examples per second.
    pub samples_per_second: f64,
    /// Training examples per second that the multiply-adds allow, at the FMA peak of all threads, without those of pixels that are
    /// skipped.
    pub limit_samples_per_second: f64,
    /// The share of the limit that was reached.
    pub of_limit: f64,
    /// The share of the first layer's multiplications that are done, if pixels that are zero are skipped.
    pub input_density: Option<f64>,
    /// Accuracy on the test set after the last epoch, 0 to 1.
    pub test_accuracy: f64,
    /// `sgd`, `momentum` or `adam`.
    pub optimizer: String,
    /// Examples per step.
    pub batch_size: usize,
    /// The learning rate, before the schedule. An `f32`, as it was used, so that it prints as it was typed.
    pub learning_rate: f32,
    /// How the learning rate changes: `constant`, `cosine` or `one-cycle`.
    pub schedule: String,
    /// What ended the training, if that was not the number of epochs alone.
    pub validation: Option<ValidationInfo>,
    /// One row per epoch.
    pub history: Vec<EpochRow>,
}

/// One pass over the training set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EpochRow {
    /// Counted from 1.
    pub epoch: usize,
    /// Mean training loss.
    pub loss: f64,
    /// Accuracy on the test set after this epoch, 0 to 1.
    pub test_accuracy: f64,
    /// Mean loss on the validation set after this epoch, if there is one.
    pub validation_loss: Option<f64>,
    /// Accuracy on the validation set after this epoch, 0 to 1, if there is one.
    pub validation_accuracy: Option<f64>,
    /// Time spent, in seconds.
    pub seconds: f64,
}

/// Examples of the training set that were not learnt from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ValidationInfo {
    /// How many.
    pub examples: usize,
    /// Training ended after so many epochs in a row without a lower loss on them, if not before.
    pub patience: usize,
    /// The epoch after which that loss was lowest: its network was kept. `None` if it was never a number.
    pub kept_epoch: Option<usize>,
}

impl Report for TrainReport {
    fn summary(&self) -> Summary {
        let training = &self.training;
        let data =
            self.dataset.as_ref().map_or(String::new(), |info| format!(", trained on {}", dataset(info)));
        let recipe = format!(
            "{}, batch size {}, learning rate {} ({}), {} in {} s",
            training.optimizer,
            training.batch_size,
            training.learning_rate,
            training.schedule,
            plural(training.history.len(), "epoch", "epochs"),
            three_digits(training.seconds),
        );
        let columns = ["epoch", "loss", "validation loss", "validation accuracy", "test accuracy", "seconds"];
        let mut grid = Grid::new(columns);
        for row in &training.history {
            grid.push(vec![
                row.epoch.to_string(),
                format!("{:.4}", row.loss),
                row.validation_loss.map_or(NONE.to_string(), |loss| format!("{loss:.4}")),
                row.validation_accuracy.map_or(NONE.to_string(), format_percent),
                format_percent(row.test_accuracy),
                three_digits(row.seconds),
            ]);
        }
        let mut notes = vec![speed(training)];
        notes.extend(training.validation.as_ref().map(|validation| stopping(training, validation)));
        notes.push(format!("Test accuracy after training: {}.", format_percent(training.test_accuracy)));
        Summary {
            lead: vec![
                format!("{}{data}", network(&self.network)),
                recipe,
                machine(&self.environment, Some(self.seed)),
            ],
            tables: vec![("Training".to_string(), grid.without_unknown_columns())],
            notes,
        }
    }

    fn records(&self) -> Grid {
        let columns = ["epoch", "loss", "test_accuracy", "validation_loss", "validation_accuracy", "seconds"];
        let mut grid = Grid::new(columns);
        let optional = |value: Option<f64>| value.map_or(String::new(), exact);
        for row in &self.training.history {
            grid.push(vec![
                row.epoch.to_string(),
                exact(row.loss),
                exact(row.test_accuracy),
                optional(row.validation_loss),
                optional(row.validation_accuracy),
                exact(row.seconds),
            ]);
        }
        grid
    }
}

/// How fast it was, beside how fast it could be.
fn speed(training: &TrainingInfo) -> String {
    let zeros = match training.input_density {
        Some(density) => format!(
            "; zero pixels are skipped, which leaves {:.0} % of the first layer's multiplications",
            100.0 * density
        ),
        None => String::new(),
    };
    format!(
        "Speed: {} samples/s, {:.0} % of the limit of {} (the multiply-adds at the FMA peak of all threads{zeros}).",
        rate(training.samples_per_second),
        100.0 * training.of_limit,
        rate(training.limit_samples_per_second),
    )
}

/// A rate to three digits, for it is measured: `1,210,000`.
fn rate(per_second: f64) -> String {
    let rounded = format!("{per_second:.2e}").parse().unwrap_or(per_second);
    format_count(rounded as usize)
}

/// What the validation set had to say.
fn stopping(training: &TrainingInfo, validation: &ValidationInfo) -> String {
    let ended = training.history.len();
    let kept = match validation.kept_epoch {
        Some(epoch) => format!("the network of epoch {epoch} was kept, whose loss on them was lowest"),
        None => "their loss was never a number, so the last network was kept".to_string(),
    };
    let early = match ended < training.epochs {
        true => format!("; training ended after epoch {ended} of {}", training.epochs),
        false => String::new(),
    };
    format!(
        "Validation: {} training examples were held back; {kept}{early}.",
        format_count(validation.examples)
    )
}

/// The plots of the learning curve: accuracy and loss, epoch by epoch.
pub fn learning(training: &TrainingInfo) -> Vec<Figure> {
    if training.history.is_empty() {
        return Vec::new();
    }
    let percent = |value: f64| format_percent(value);
    let plain = |value: f64| format!("{value:.4}");
    let accuracy = [
        line(training, "test", 0, percent, |row| Some(row.test_accuracy)),
        line(training, "validation", 1, percent, |row| row.validation_accuracy),
    ];
    let loss = [
        line(training, "training", 0, plain, |row| Some(row.loss)),
        line(training, "validation", 1, plain, |row| row.validation_loss),
    ];
    vec![
        curve(
            "learning-accuracy",
            "Test accuracy after each epoch",
            ("test accuracy", Scale::Share),
            accuracy,
        ),
        curve("learning-loss", "Training loss of each epoch", ("training loss", Scale::Linear), loss),
    ]
}

/// One value of every epoch that has it.
fn line(
    training: &TrainingInfo,
    name: &str,
    look: usize,
    shown: impl Fn(f64) -> String,
    value: impl Fn(&EpochRow) -> Option<f64>,
) -> Series {
    let point = |row: &EpochRow| {
        let value = value(row)?;
        let hover = format!("epoch {}: {}", row.epoch, shown(value));
        Some(Point { hover, ..Point::plain(row.epoch as f64, value) })
    };
    Series::line(name, look, training.history.iter().filter_map(point).collect())
}

/// A plot of the lines that have points; one alone needs no name.
fn curve(stem: &str, caption: &str, (unit, scale): (&str, Scale), lines: [Series; 2]) -> Figure {
    let mut series: Vec<Series> = lines.into_iter().filter(|line| !line.points.is_empty()).collect();
    if let [alone] = &mut series[..] {
        alone.name.clear();
    }
    Figure {
        stem: stem.to_string(),
        caption: caption.to_string(),
        plot: Picture::from(Plot { series, ..Plot::new(caption, ("epoch", Scale::Count), (unit, scale)) }),
    }
}
