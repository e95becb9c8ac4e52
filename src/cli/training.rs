//! A training, from the arguments to what a report says of it.

use super::args::{NetworkArgs, TrainingArgs};
use super::error::Failure;
use super::input::bytes;
use super::interrupt::Interrupt;
use super::machine::Machine;
use super::probe::fma_peak;
use super::progress::Progress;
use crate::dataset::Dataset;
use crate::files;
use crate::model::Activation;
use crate::report::{EpochRow, TrainingInfo, ValidationInfo, format_count, format_percent};
use crate::rng::{Rng, Stream};
use crate::train::{self, Course, Curve, Epoch, Init, Judges, Mlp, Options, Underway};
use core::time::Duration;
use std::format;
use std::path::Path;
use std::prelude::rust_2024::*;
use std::time::Instant;

/// How often the line beside the progress bar changes.
const EVERY: Duration = Duration::from_millis(100);

/// What is to be trained, on what, and how.
pub(super) struct Training<'a> {
    pub(super) shape: &'a NetworkArgs,
    pub(super) recipe: &'a TrainingArgs,
    pub(super) seed: u64,
    pub(super) train: &'a Dataset,
    pub(super) test: &'a Dataset,
    /// What decides when to end, and its patience.
    pub(super) validation: Option<(&'a Dataset, usize)>,
    pub(super) keeping: Keeping<'a>,
}

/// How a training outlives an interruption. By default it does not.
#[derive(Clone, Copy, Default)]
pub(super) struct Keeping<'a> {
    /// The checkpoint to go on from.
    pub(super) from: Option<&'a Path>,
    /// The checkpoint to write, after each epoch and when interrupted.
    pub(super) to: Option<&'a Path>,
    /// What may interrupt it.
    pub(super) interrupt: Option<&'a Interrupt>,
}

impl Training<'_> {
    /// The network, and how it went.
    pub(super) fn run(&self, machine: &Machine, progress: Progress) -> Result<(Mlp, TrainingInfo), Failure> {
        let sizes = self.shape.sizes(self.train.features(), self.train.classes())?;
        let mut rng = Rng::stream(self.seed, Stream::Weights);
        let mut network = Mlp::new(&sizes, self.shape.activation, Activation::Identity, Init::He, &mut rng)?;
        let options = self.recipe.options(self.seed);
        let judges = Judges { test: self.test, validation: self.validation };
        let mut course = Course::new(&mut network, self.train, judges, &options, machine.compute())?;
        if let Some(path) = self.keeping.from {
            let checkpoint = bytes(path, "give a file that `prunella train --checkpoint` wrote")?;
            course.restore(&checkpoint).map_err(|error| Failure::at(path.display(), error))?;
        }
        follow(&mut course, self.keeping, progress)?;
        let (density, flops) = (course.trainer().density(), course.trainer().flops_per_example());
        let curve = course.finish();
        let limit = 1e9 * fma_peak(machine) / flops;
        Ok((network, self.info(&options, &curve, (density, limit))))
    }

    fn info(&self, options: &Options, curve: &Curve, (density, limit): (Option<f64>, f64)) -> TrainingInfo {
        let seconds: f64 = curve.epochs.iter().map(|epoch| epoch.seconds).sum();
        let samples_per_second = (curve.epochs.len() * self.train.len()) as f64 / seconds;
        let kept = curve.kept.unwrap_or(curve.epochs.len());
        let row = |(index, epoch): (usize, &Epoch)| EpochRow {
            epoch: index + 1,
            loss: epoch.loss,
            test_accuracy: epoch.test_accuracy,
            validation_loss: epoch.validation.map(|score| score.loss),
            validation_accuracy: epoch.validation.map(|score| score.accuracy),
            seconds: epoch.seconds,
        };
        TrainingInfo {
            epochs: options.epochs,
            seconds,
            samples_per_second,
            limit_samples_per_second: limit,
            of_limit: samples_per_second / limit,
            input_density: density,
            test_accuracy: curve.epochs.get(kept - 1).map_or(f64::NAN, |epoch| epoch.test_accuracy),
            optimizer: self.recipe.steps.optimizer.name().into(),
            batch_size: options.batch_size,
            learning_rate: options.optimizer.rate(),
            schedule: self.recipe.schedule.name().into(),
            validation: self.validation.map(|(data, patience)| ValidationInfo {
                examples: data.len(),
                patience,
                kept_epoch: curve.kept,
            }),
            history: curve.epochs.iter().enumerate().map(row).collect(),
        }
    }
}

/// Goes through all steps unless interrupted, and shows where it is.
fn follow(course: &mut Course<'_>, keeping: Keeping<'_>, progress: Progress) -> Result<(), Failure> {
    let bar = progress.bar("training", course.trainer().steps());
    let mut shown = Instant::now();
    while let Some(now) = course.step()? {
        bar.set_position(now.step as u64);
        if shown.elapsed() >= EVERY && course.underway().examples > 0 {
            bar.set_message(status(&now, course.underway(), course.history().last()));
            shown = Instant::now();
        }
        let is_pressed = keeping.interrupt.is_some_and(Interrupt::is_pressed);
        if let Some(path) = keeping.to.filter(|_| is_pressed || course.underway().examples == 0) {
            files::write_atomic(path, |out| out.write_all(&course.checkpoint()))?;
        }
        if is_pressed {
            bar.finish_and_clear();
            return Err(interrupted(&now, keeping.to));
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// What whoever interrupted should know.
fn interrupted(now: &train::Progress, saved: Option<&Path>) -> Failure {
    let (step, steps) = (format_count(now.step), format_count(now.steps));
    let way_on = match saved {
        Some(path) => format!("the same command with --resume {} goes on from there", path.display()),
        None => "nothing was saved; with --checkpoint FILE it could have gone on from there".into(),
    };
    Failure::interrupted(format!(
        "Interrupted in epoch {} of {}, after step {step} of {steps}: {way_on}.",
        now.epoch, now.epochs
    ))
}

/// Where training is: `epoch 3/10, loss 0.0512, 97.91 %, 812,000/s`; the accuracy is that after the last epoch.
fn status(now: &train::Progress, underway: Underway, last: Option<&Epoch>) -> String {
    let accuracy = last.map_or(String::new(), |epoch| format!(", {}", format_percent(epoch.test_accuracy)));
    let loss = underway.loss / underway.examples as f64;
    let thousands = (underway.examples as f64 / underway.seconds / 1e3).round() as usize;
    let rate = format_count(1000 * thousands);
    format!("epoch {}/{}, loss {loss:.4}{accuracy}, {rate}/s", now.epoch, now.epochs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_beside_the_bar_has_loss_accuracy_and_rate() {
        let elapsed = Duration::from_secs(1);
        let now =
            train::Progress { epoch: 3, epochs: 10, step: 25, steps: 100, loss: 9.0, examples: 8, elapsed };
        let underway = Underway { loss: 4.0, examples: 80, seconds: 1e-4 };
        assert_eq!(status(&now, underway, None), "epoch 3/10, loss 0.0500, 800,000/s");
        let last = Epoch { loss: 0.1, test_accuracy: 0.9791, validation: None, seconds: 1.0 };
        assert_eq!(status(&now, underway, Some(&last)), "epoch 3/10, loss 0.0500, 97.91 %, 800,000/s");
    }
}
