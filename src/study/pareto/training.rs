//! One recipe for all, and as many updates.

use super::{Candidate, Kind, Shelf, Task};
use crate::files::FileError;
use crate::metrics::Confusion;
use crate::model::{Activation, Model};
use crate::prune::{LevelOptions, PruneError, Schedule, Structure, compact, prune_to_levels};
use crate::rng::{Rng, Stream};
use crate::study::jobs;
use crate::train::{Compute, Init, Loss, Mlp, Options, TrainError, Trainer, evaluate};
use core::fmt;
use core::num::NonZeroUsize;
use prunella_kernels::{Kernels, Pool};
use std::string::String;
use std::{format, vec::Vec};

/// How every network of a task is trained: He-normal weights, ReLU, Adam at 0.002 falling to 0 along half a cosine, batches of
/// 128; then again from half that rate, while weights go gradually over the first half of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Passes over the training set before any weight goes.
    pub epochs: usize,
    /// Passes while weights go, and after.
    pub fine_tune_epochs: usize,
    /// Decides weights and orders.
    pub seed: u64,
}

impl Recipe {
    /// For two classes, of which there are few examples, so that they take 20 passes: with more, nothing gets better.
    pub fn of_pairs(seed: u64) -> Recipe {
        Recipe { epochs: 10, fine_tune_epochs: 10, seed }
    }

    /// For all classes.
    pub fn of_all_classes(seed: u64) -> Recipe {
        Recipe { epochs: 4, fine_tune_epochs: 4, seed }
    }

    fn options(&self, task: &Task) -> Options {
        let loss = if task.outputs == 1 { Loss::BinaryCrossEntropy } else { Loss::SoftmaxCrossEntropy };
        Options { epochs: self.epochs, loss, seed: self.seed, ..Options::default() }
    }

    fn fine_tuning(&self, task: &Task) -> Options {
        let options = self.options(task);
        let optimizer = options.optimizer.with_rate(options.optimizer.rate() / 2.0);
        // Another order of the examples than before.
        Options { epochs: self.fine_tune_epochs, optimizer, ..options }
    }

    /// Tells a network from all others of the same data.
    fn name(&self, task: &Task, what: &dyn fmt::Display) -> String {
        let Recipe { epochs, fine_tune_epochs, seed } = self;
        format!("{} {what} {epochs}-{fine_tune_epochs} epochs seed {seed}", task.name)
    }
}

/// A network that was trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// What it was to be.
    pub candidate: Candidate,
    /// It, [compact](crate::prune::compact()) if whole neurons went.
    pub model: Model,
    /// The share of test examples that it gets right.
    pub accuracy: f64,
    /// For two classes, the F1 score of class 1 on the test examples.
    pub f1: Option<f64>,
}

/// Why there are no networks.
#[derive(Debug)]
pub enum TrainingError {
    /// One cannot be trained or pruned.
    Prune(PruneError),
    /// One cannot be laid aside.
    File(FileError),
    /// Whoever was asked did not want to go on; what was trained is on the shelf.
    Interrupted,
}

impl fmt::Display for TrainingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainingError::Prune(error) => error.fmt(f),
            TrainingError::File(error) => error.fmt(f),
            TrainingError::Interrupted => f.write_str("interrupted"),
        }
    }
}

impl core::error::Error for TrainingError {}

impl From<PruneError> for TrainingError {
    fn from(error: PruneError) -> TrainingError {
        TrainingError::Prune(error)
    }
}

impl From<TrainError> for TrainingError {
    fn from(error: TrainError) -> TrainingError {
        TrainingError::Prune(error.into())
    }
}

impl From<FileError> for TrainingError {
    fn from(error: FileError) -> TrainingError {
        TrainingError::File(error)
    }
}

/// Trains `candidates`, several at a time on `threads` threads; the same bits for any number of them. Those on the `shelf` are
/// taken from there, the others put there. `goes_on` is asked before each network, `progress` told how many are done, of how many.
///
/// # Errors
/// See [`TrainingError`].
pub fn train(
    task: &Task,
    candidates: &[Candidate],
    recipe: &Recipe,
    (kernels, threads): (Kernels, NonZeroUsize),
    (shelf, goes_on): (&Shelf, &(dyn Fn() -> bool + Sync)),
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Network>, TrainingError> {
    let shelf = &shelf.of(&task.train);
    let mut widths: Vec<usize> = candidates.iter().map(|candidate| candidate.hidden).collect();
    widths.sort_unstable();
    widths.dedup();
    let (mut done, total) = (0, widths.len() + candidates.len());
    let mut count = || {
        done += 1;
        progress(done, total);
    };
    // Wider networks take longer.
    let bases = jobs::run(
        &widths,
        threads,
        |width| *width as f64,
        goes_on,
        |&width| base(task, width, recipe, kernels, shelf),
        &mut |_, _| count(),
    );
    let bases = bases.into_iter().map(finished).collect::<Result<Vec<Mlp>, TrainingError>>()?;
    let base_of = |hidden: usize| &bases[widths.partition_point(|width| *width < hidden)];
    let networks = jobs::run(
        candidates,
        threads,
        |candidate| candidate.hidden as f64,
        goes_on,
        |candidate| fine_tuned(task, base_of(candidate.hidden), candidate, recipe, (kernels, shelf)),
        &mut |_, _| count(),
    );
    networks.into_iter().map(finished).collect()
}

fn finished<T>(result: Option<Result<T, TrainingError>>) -> Result<T, TrainingError> {
    result.unwrap_or(Err(TrainingError::Interrupted))
}

/// A dense network, trained for the first time.
fn base(
    task: &Task,
    hidden: usize,
    recipe: &Recipe,
    kernels: Kernels,
    shelf: &Shelf,
) -> Result<Mlp, TrainingError> {
    let name = recipe.name(task, &format!("base {hidden}"));
    if let Some(model) = shelf.get(&name) {
        return Ok(Mlp::from_model(&model)?);
    }
    let sizes = [task.train.features(), hidden, task.outputs];
    let mut rng = Rng::stream(recipe.seed, Stream::Weights);
    let mut network = Mlp::new(&sizes, Activation::Relu, Activation::Identity, Init::He, &mut rng)?;
    let pool = Pool::single();
    let compute = Compute { kernels, pool: &pool };
    let mut trainer = Trainer::new(&mut network, &task.train, &recipe.options(task), compute)?;
    while trainer.step()?.is_some() {}
    shelf.put(&name, &network.to_model()?)?;
    Ok(network)
}

/// A candidate, from the dense network of its width.
fn fine_tuned(
    task: &Task,
    base: &Mlp,
    candidate: &Candidate,
    recipe: &Recipe,
    (kernels, shelf): (Kernels, &Shelf),
) -> Result<Network, TrainingError> {
    let pool = Pool::single();
    let compute = Compute { kernels, pool: &pool };
    let name = recipe.name(task, candidate);
    let model = match shelf.get(&name) {
        Some(model) => model,
        None => {
            let mut network = base.clone();
            let fine_tune = recipe.fine_tuning(task);
            let prune = candidate.prune(recipe.seed);
            let options = LevelOptions { prune, schedule: Schedule::Gradual, fine_tune };
            let level = [candidate.sparsity];
            prune_to_levels(&mut network, &task.train, &level, &options, compute, &mut |_| {})?;
            let model = network.to_model()?;
            let whole_neurons = candidate.kind == Kind::Pruned(Structure::Neuron);
            let model = if whole_neurons { compact(&model).map_err(PruneError::Model)? } else { model };
            shelf.put(&name, &model)?;
            model
        }
    };
    let (test, loss) = (&task.test, recipe.options(task).loss);
    let found = evaluate(&Mlp::from_model(&model)?, test, loss, compute)?;
    let confusion = Confusion::new(&found.predicted, test.labels(), test.classes());
    let f1 = (test.classes() == 2).then(|| confusion.f1(1));
    Ok(Network { candidate: *candidate, model, accuracy: found.accuracy, f1 })
}
