//! Training as published.

use super::score::f1;
use super::{Context, StudyError, Task};
use crate::model::{Activation, Model};
use crate::rng::{Rng, Stream};
use crate::train::{Init, Loss, Member, Mlp, Optimizer, Options, Schedule, State, Sweep, evaluate_many};
use std::{format, vec, vec::Vec};

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

/// Trains a network of each of `widths` by full-batch gradient descent on the task's training examples, side by side.
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
    let (rate, loss) = (rate as f32, Loss::BinaryCrossEntropy);
    let options = Options {
        batch_size: task.train.len(),
        optimizer: Optimizer::Sgd { rate },
        schedule: Schedule::Constant,
        loss,
        seed,
        ..Options::default()
    };
    let member = |hidden: &usize| {
        Ok(Member { network: initial(task.train.features(), *hidden, seed)?, rate, steps: STEPS })
    };
    let members = widths.iter().map(member).collect::<Result<_, StudyError>>()?;
    let mut sweep = Sweep::new(members, &task.train, &options, context.compute)?;
    let mut curves = vec![Vec::with_capacity(STEPS); widths.len()];
    while let Some(now) = sweep.step() {
        context.go_on()?;
        // A step shows what the one before has made of the network.
        for (member, curve) in curves.iter_mut().enumerate().filter(|_| now.step > 1) {
            curve.extend(sweep.outputs(member).map(|logits| f1(&logits, task.train.labels())));
        }
    }
    if let Some(member) = (0..widths.len()).find(|member| sweep.state(*member) != State::Done) {
        let problem = format!("{}, h = {}, seed {seed}: training diverged", task.pair, widths[member]);
        return Err(StudyError::Other(problem));
    }
    let networks = sweep.finish();
    let last = evaluate_many(&networks, &task.train, loss, context.compute)?;
    let all = widths.iter().zip(networks).zip(curves.into_iter().zip(last));
    all.map(|((&hidden, network), (mut training_f1, last))| {
        training_f1.push(f1(&last.outputs, task.train.labels()));
        Ok(Trained { hidden, model: network.to_model()?, training_f1 })
    })
    .collect()
}
