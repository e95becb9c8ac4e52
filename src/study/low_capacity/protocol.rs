//! Training as published.

use super::score::f1;
use super::{Context, StudyError, Task};
use crate::model::{Activation, Model};
use crate::rng::{Rng, Stream};
use crate::train::{Init, Loss, Mlp, Optimizer, Options, Schedule, Trainer, evaluate};
use std::vec::Vec;

/// The hidden widths of the study.
pub const WIDTHS: [usize; 11] = [2, 4, 6, 8, 10, 12, 16, 24, 32, 48, 64];

/// Its grid of learning rates.
pub const RATES: [f64; 6] = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2];

/// The learning rate of everything but the grid.
pub const RATE: f64 = 3e-2;

/// Steps of full-batch gradient descent, which the study calls epochs.
pub const STEPS: usize = 100;

/// Standard deviation of the initial weights; biases start at 0.
pub const INITIAL_STD: f32 = 0.1;

/// Its pruning levels, in percent.
pub const LEVELS: [f64; 10] = [10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 80.0, 90.0, 95.0, 99.0];

/// A network trained as published: 784-`hidden`-1, of which the output is a logit.
#[derive(Debug, Clone)]
pub struct Trained {
    /// Hidden units.
    pub hidden: usize,
    /// The network after the last step.
    pub model: Model,
    /// `[STEPS]`: F1 on the training examples after each step.
    pub training_f1: Vec<f64>,
}

impl Trained {
    /// After how many steps F1 on the training examples was best, and how good it was: the study's measure of capacity.
    pub fn best(&self) -> (usize, f64) {
        let mut best = (0, f64::NEG_INFINITY);
        for (step, f1) in (1..).zip(&self.training_f1) {
            if *f1 > best.1 {
                best = (step, *f1);
            }
        }
        best
    }

    /// F1 on the training examples after the last step.
    pub fn last(&self) -> f64 {
        self.training_f1.last().copied().unwrap_or(0.0)
    }
}

/// A network as it is before training.
///
/// # Errors
/// If it does not fit into memory.
pub fn initial(features: usize, hidden: usize, seed: u64) -> Result<Mlp, StudyError> {
    let mut rng = Rng::stream(seed, Stream::Weights);
    let init = Init::Normal { std: INITIAL_STD };
    Ok(Mlp::new(&[features, hidden, 1], Activation::Relu, Activation::Identity, init, &mut rng)?)
}

/// Trains a network of each of `widths` by full-batch gradient descent on the task's training examples.
///
/// # Errors
/// If training fails or is interrupted.
pub fn train(
    task: &Task,
    widths: &[usize],
    rate: f64,
    seed: u64,
    context: &Context<'_>,
) -> Result<Vec<Trained>, StudyError> {
    let options = Options {
        epochs: STEPS,
        batch_size: task.train.len(),
        optimizer: Optimizer::Sgd { rate: rate as f32 },
        schedule: Schedule::Constant,
        loss: Loss::BinaryCrossEntropy,
        seed,
    };
    let train = |&hidden: &usize| {
        let mut network = initial(task.train.features(), hidden, seed)?;
        let mut training_f1 = Vec::with_capacity(STEPS);
        let mut trainer = Trainer::new(&mut network, &task.train, &options, context.compute)?;
        while trainer.step()?.is_some() {
            context.go_on()?;
            let now = evaluate(trainer.network(), &task.train, options.loss, context.compute)?;
            training_f1.push(f1(&now.outputs, task.train.labels()));
        }
        Ok(Trained { hidden, model: network.to_model()?, training_f1 })
    };
    widths.iter().map(train).collect()
}
