//! A training followed from epoch to epoch: its learning curve, and its end when more no longer helps.

use super::{Compute, EarlyStopping, Mlp, Options, Progress, TrainError, Trainer, evaluate};
use crate::dataset::Dataset;
use core::cell::OnceCell;
use std::time::Duration;
use std::{string::String, vec::Vec};

/// What a network is judged by after each epoch: examples that it does not learn from.
#[derive(Debug, Clone, Copy)]
pub struct Judges<'a> {
    /// Tells how good the network is, and decides nothing.
    pub test: &'a Dataset,
    /// Ends training after so many epochs in a row, 1 or more, without a lower loss on these examples; the network that had the
    /// lowest is kept.
    pub validation: Option<(&'a Dataset, usize)>,
}

/// What a network makes of examples that it did not learn from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The mean loss.
    pub loss: f64,
    /// The share of examples of which the class was found.
    pub accuracy: f64,
}

/// One pass over the training set: a point of the learning curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// The mean loss of all steps.
    pub loss: f64,
    /// Accuracy on the test set afterwards.
    pub test_accuracy: f64,
    /// The score on the validation set afterwards, if there is one.
    pub validation: Option<Score>,
    /// Time of the steps alone.
    pub seconds: f64,
}

/// The epoch under way, as far as it has come.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Underway {
    /// The sum of the examples' losses.
    pub loss: f64,
    /// How many examples were learnt from.
    pub examples: usize,
    /// Time of the steps.
    pub seconds: f64,
}

/// What came of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Every epoch.
    pub epochs: Vec<Epoch>,
    /// The number, from 1, of the epoch after which the network was best, if a validation set decided that.
    pub kept: Option<usize>,
}

/// Training, step by step, with a look at the network after each epoch. It can be laid aside and taken up again:
/// [`Course::checkpoint`].
pub struct Course<'a> {
    pub(super) trainer: Trainer<'a>,
    pub(super) judges: Judges<'a>,
    pub(super) stopping: Option<EarlyStopping>,
    pub(super) history: Vec<Epoch>,
    pub(super) underway: Underway,
    /// What a checkpoint must have been made with; made when first asked for.
    pub(super) settings: OnceCell<Vec<(&'static str, String)>>,
    /// The trainer's, after the last step.
    elapsed: Duration,
}

impl<'a> Course<'a> {
    /// Makes ready to train `network` on `data`.
    ///
    /// # Errors
    /// As [`Trainer::new`], also for the examples of the judges; and if the patience is 0.
    pub fn new(
        network: &'a mut Mlp,
        data: &'a Dataset,
        judges: Judges<'a>,
        options: &Options,
        compute: Compute<'a>,
    ) -> Result<Course<'a>, TrainError> {
        options.loss.check(network, judges.test)?;
        if let Some((data, patience)) = judges.validation {
            options.loss.check(network, data)?;
            if patience == 0 {
                return Err(TrainError::setting("the patience", patience, "1 or more"));
            }
        }
        Ok(Course {
            trainer: Trainer::new(network, data, options, compute)?,
            judges,
            stopping: judges.validation.map(|(_, patience)| EarlyStopping::new(patience)),
            history: Vec::new(),
            underway: Underway::default(),
            settings: OnceCell::new(),
            elapsed: Duration::ZERO,
        })
    }

    /// The training itself.
    pub fn trainer(&self) -> &Trainer<'a> {
        &self.trainer
    }

    /// The epochs that are over.
    pub fn history(&self) -> &[Epoch] {
        &self.history
    }

    /// The epoch that is not.
    pub fn underway(&self) -> Underway {
        self.underway
    }

    /// Does the next step, and after the last of an epoch looks at the network; `None` when all are done or the validation set has
    /// ended it.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    pub fn step(&mut self) -> Result<Option<Progress>, TrainError> {
        if self.stopping.as_ref().is_some_and(EarlyStopping::is_over) {
            return Ok(None);
        }
        let Some(now) = self.trainer.step()? else { return Ok(None) };
        self.underway.loss += now.loss * now.examples as f64;
        self.underway.examples += now.examples;
        self.underway.seconds += (now.elapsed - self.elapsed).as_secs_f64();
        self.elapsed = now.elapsed;
        if now.step.is_multiple_of(self.trainer.steps_per_epoch()) {
            self.end_epoch()?;
        }
        Ok(Some(now))
    }

    fn end_epoch(&mut self) -> Result<(), TrainError> {
        let (network, compute) = (self.trainer.network(), self.trainer.compute);
        let measure = self.trainer.options.loss;
        let score = |(data, _): (&Dataset, usize)| -> Result<Score, TrainError> {
            let found = evaluate(network, data, measure, compute)?;
            Ok(Score { loss: measure.mean(&found.outputs, data.labels()), accuracy: found.accuracy })
        };
        let validation = self.judges.validation.map(score).transpose()?;
        let test_accuracy = evaluate(network, self.judges.test, measure, compute)?.accuracy;
        if let (Some(stopping), Some(score)) = (&mut self.stopping, validation) {
            stopping.goes_on(score.loss, network);
        }
        let Underway { loss, examples, seconds } = core::mem::take(&mut self.underway);
        self.history.push(Epoch { loss: loss / examples as f64, test_accuracy, validation, seconds });
        Ok(())
    }

    /// Ends the training, here or where it has ended by itself. With a validation set the network becomes what it was when its loss
    /// was lowest.
    pub fn finish(self) -> Curve {
        let best = self.stopping.and_then(EarlyStopping::into_best);
        let kept = best.map(|(least, network)| {
            *self.trainer.network = network;
            let has_it = |epoch: &Epoch| epoch.validation.is_some_and(|score| score.loss == least);
            self.history.iter().position(has_it).map_or(0, |index| index + 1)
        });
        Curve { epochs: self.history, kept }
    }
}
