//! `prunella train`.

use super::args::{DataArgs, MachineArgs, NetworkArgs, OutputArgs, SeedArgs, TrainingArgs};
use super::command_line;
use super::error::Failure;
use super::input::{dataset_info, examples, network_info};
use super::machine::Machine;
use super::output::{Output, write_model};
use super::progress::Progress;
use crate::dataset::Split;
use crate::files;
use crate::model::Activation;
use crate::report::{EpochRow, Schema, TrainReport, TrainingInfo};
use crate::rng::{Rng, Stream};
use crate::train::{Init, Mlp, Options, Trainer, evaluate};
use clap::Args;
use std::path::PathBuf;
use std::prelude::rust_2024::*;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  prunella train --model dense.safetensors
  prunella train --data data/mnist --hidden 256,128 --epochs 20 --model dense.safetensors
  prunella train --data data/mnist --classes 4,9 --hidden 16 --optimizer sgd --lr 0.05 --format json";

/// Arguments of `prunella train`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Train {
    /// Write the trained network to this file (safetensors)
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    training: TrainingArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    seed: SeedArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Trains a network, saves it if told to, and reports its accuracy.
pub(super) fn train(args: &Train) -> Result<(), Failure> {
    let machine = Machine::new(&args.machine)?;
    let progress = Progress::new(args.output.quiet);
    let seed = args.seed.seed;
    // What is too large is so whatever the data.
    args.network.sizes(1, 1)?;
    let output = Output::new(&args.output)?;
    args.model.as_deref().map(files::check_writable).transpose()?;
    let split = examples(&args.data, seed, progress)?;
    let (network, training) = trained(&args.network, &args.training, &split, seed, (&machine, progress))?;
    let model = network.to_model()?;
    if let Some(path) = &args.model {
        write_model(path, &model)?;
    }
    let report = TrainReport {
        schema: Schema::Train,
        command: command_line(),
        seed,
        environment: machine.environment(),
        dataset: Some(dataset_info(&split)),
        network: network_info(&model),
        training,
    };
    output.write(&report, Vec::new())
}

/// A network trained on the training set, and how that went.
pub(super) fn trained(
    shape: &NetworkArgs,
    recipe: &TrainingArgs,
    split: &Split,
    seed: u64,
    (machine, progress): (&Machine, Progress),
) -> Result<(Mlp, TrainingInfo), Failure> {
    let sizes = shape.sizes(split.train.features(), split.train.classes())?;
    let mut rng = Rng::stream(seed, Stream::Weights);
    let mut network = Mlp::new(&sizes, shape.activation, Activation::Identity, Init::He, &mut rng)?;
    let options = recipe.options(seed);
    let history = epochs(&mut network, split, &options, machine, progress)?;
    let seconds: f64 = history.iter().map(|row| row.seconds).sum();
    let training = TrainingInfo {
        epochs: options.epochs,
        seconds,
        samples_per_second: (options.epochs * split.train.len()) as f64 / seconds,
        test_accuracy: history.last().map_or(f64::NAN, |row| row.test_accuracy),
        optimizer: recipe.steps.optimizer.name().into(),
        batch_size: options.batch_size,
        learning_rate: options.optimizer.rate(),
        history,
    };
    Ok((network, training))
}

/// Trains, and scores the network after each epoch; the time of the scoring is not counted.
fn epochs(
    network: &mut Mlp,
    split: &Split,
    options: &Options,
    machine: &Machine,
    progress: Progress,
) -> Result<Vec<EpochRow>, Failure> {
    let mut trainer = Trainer::new(network, &split.train, options, machine.compute())?;
    let bar = progress.bar("training", trainer.steps());
    let mut history = Vec::new();
    let (mut loss, mut before) = (0.0, Duration::ZERO);
    while let Some(now) = trainer.step()? {
        loss += now.loss * now.examples as f64 / split.train.len() as f64;
        bar.set_position(now.step as u64);
        if now.step.is_multiple_of(trainer.steps_per_epoch()) {
            let score = evaluate(trainer.network(), &split.test, options.loss, machine.compute())?;
            let seconds = (now.elapsed - before).as_secs_f64();
            history.push(EpochRow { epoch: now.epoch, loss, test_accuracy: score.accuracy, seconds });
            (loss, before) = (0.0, now.elapsed);
        }
    }
    bar.finish_and_clear();
    Ok(history)
}
