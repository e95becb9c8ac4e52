//! `prunella train`.

use super::args::{
    DataArgs, MachineArgs, NetworkArgs, OutputArgs, SeedArgs, TrainingArgs, at_least_one, share,
};
use super::command_line;
use super::error::Failure;
use super::input::{dataset_info, examples, network_info};
use super::interrupt::Interrupt;
use super::machine::Machine;
use super::output::{Output, pictures, write_model};
use super::progress::Progress;
use super::training::{Keeping, Training};
use crate::dataset::{Dataset, Split};
use crate::files;
use crate::report::{Schema, TrainReport, learning};
use crate::rng::{Rng, Stream};
use clap::Args;
use std::format;
use std::path::PathBuf;
use std::prelude::rust_2024::*;

const EXAMPLES: &str = "\
Examples:
  prunella train --model dense.safetensors
  prunella train --data data/mnist --hidden 256,128 --epochs 20 --model dense.safetensors
  prunella train --data data/mnist --classes 4,9 --hidden 16 --optimizer sgd --lr 0.05 --format json
  prunella train --data data/mnist --schedule one-cycle --lr 0.01 --epochs 4 --out learning
  prunella train --data data/mnist --epochs 100 --validation 0.1 --patience 5 --model best.safetensors
  prunella train --data data/mnist --epochs 100 --checkpoint training.safetensors
  prunella train --data data/mnist --epochs 100 --checkpoint training.safetensors --resume training.safetensors

Ctrl-C ends a training after the step under way, with exit code 130 and, with --checkpoint, saved; pressed again, it ends at once.

The limit beside samples/s is what the multiply-adds allow at the machine's FMA peak, which is measured after the training.
With --out: results.json, results.csv, and the learning curve as plots (learning-loss.svg, learning-accuracy.svg).";

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
    stopping: StoppingArgs,
    #[command(flatten)]
    checkpoints: CheckpointArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    seed: SeedArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// When training ends before its last epoch.
#[derive(Args)]
#[command(next_help_heading = "Training")]
struct StoppingArgs {
    /// Hold back this share of the training set: training ends when its loss on that no longer falls, and the network whose loss
    /// was lowest is kept
    #[arg(long, value_name = "SHARE", value_parser = share, allow_negative_numbers = true)]
    validation: Option<f64>,
    /// How many epochs in a row without a lower loss end it; with --validation
    #[arg(long, value_name = "N", default_value_t = 3, requires = "validation", value_parser = at_least_one,
        allow_negative_numbers = true)]
    patience: usize,
}

/// How a training outlives an interruption.
#[derive(Args)]
#[command(next_help_heading = "Checkpoints")]
struct CheckpointArgs {
    /// Write all that is needed to go on to this file (safetensors), after each epoch and when interrupted by Ctrl-C
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Go on from this checkpoint, with the settings and the data it was made with; the network becomes, bit for bit, what it would
    /// be without the interruption
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
}

impl StoppingArgs {
    /// What is learnt from, and what is held back, if anything.
    fn divided(&self, split: &Split, seed: u64) -> Result<Option<(Dataset, Dataset)>, Failure> {
        let Some(share) = self.validation else { return Ok(None) };
        let mut rng = Rng::stream(seed, Stream::Validation);
        let (validation, train) = split.train.stratified_split(share, &mut rng);
        if train.is_empty() || validation.is_empty() {
            let problem = "leaves no example to learn from, or none to be judged by";
            return Err(Failure::usage(format!(
                "--validation {share}: {problem}; choose a share nearer to 0.1"
            )));
        }
        Ok(Some((train, validation)))
    }
}

/// Trains a network, saves it if told to, and reports its accuracy.
pub(super) fn train(args: &Train) -> Result<(), Failure> {
    let machine = Machine::new(&args.machine)?;
    let progress = Progress::new(args.output.quiet);
    let seed = args.seed.seed;
    // What is too large is so whatever the data.
    args.network.sizes(1, 1)?;
    let output = Output::new(&args.output)?;
    let CheckpointArgs { checkpoint, resume } = &args.checkpoints;
    if args.model.is_some() && args.model == *checkpoint {
        return Err(Failure::usage("--model and --checkpoint name the same file; give each its own"));
    }
    [&args.model, checkpoint].into_iter().flatten().try_for_each(|path| files::check_writable(path))?;
    let split = examples(&args.data, seed, progress)?;
    let divided = args.stopping.divided(&split, seed)?;
    let interrupt = Interrupt::watch().map_err(|error| Failure::at("Ctrl-C", error))?;
    let training = Training {
        shape: &args.network,
        recipe: &args.training,
        seed,
        train: divided.as_ref().map_or(&split.train, |(train, _)| train),
        test: &split.test,
        validation: divided.as_ref().map(|(_, validation)| (validation, args.stopping.patience)),
        keeping: Keeping { from: resume.as_deref(), to: checkpoint.as_deref(), interrupt: Some(&interrupt) },
    };
    let (network, training) = training.run(&machine, progress)?;
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
    let files = pictures(&learning(&report.training));
    output.write(&report, files)
}
