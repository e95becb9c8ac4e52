//! `prunella prune`.

use super::args::{
    DataArgs, MachineArgs, OutputArgs, ScheduleArgs, ScopeArgs, SeedArgs, StepArgs, at_least_one, sparsity,
};
use super::command_line;
use super::error::Failure;
use super::input::{check_fit, dataset_info, examples, logits, model, network_info, percent};
use super::machine::Machine;
use super::output::{Output, write_model};
use super::progress::Progress;
use crate::dataset::Split;
use crate::files;
use crate::metrics::accuracy;
use crate::model::Model;
use crate::prune::{Event, PruneError, Structure, compact, prune as prune_once, prune_to_levels};
use crate::report::{PruneReport, PrunedLayer, Schema};
use crate::train::Mlp;
use clap::Args;
use std::format;
use std::path::PathBuf;
use std::prelude::rust_2024::*;

const EXAMPLES: &str = "\
Examples:
  prunella prune dense.safetensors --sparsity 0.9 --model pruned.safetensors
  prunella prune dense.safetensors --sparsity 0.95 --epochs 5 --data data/mnist --model pruned.safetensors
  prunella prune dense.safetensors --sparsity 0.75 --structure neuron --model smaller.safetensors

Pruned neurons leave a smaller dense network. Without --epochs nothing is fine-tuned, and no data is needed; with --data the accuracy is reported.";

/// Arguments of `prunella prune`.
#[derive(Args)]
#[command(after_help = EXAMPLES,
    mut_group("StepArgs", |group| group.requires("epochs")),
    mut_group("ScheduleArgs", |group| group.requires("epochs")))]
pub(super) struct Prune {
    /// The network to prune (safetensors)
    #[arg(value_name = "MODEL")]
    from: PathBuf,
    /// Share of the weights to remove, in [0, 1), of the layers that are pruned
    #[arg(long, value_name = "SHARE", value_parser = sparsity, allow_negative_numbers = true)]
    sparsity: f64,
    /// Write the pruned network to this file (safetensors)
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Fine-tune, with so many passes over the training set [default: no fine-tuning]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    epochs: Option<usize>,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    schedule: ScheduleArgs,
    #[command(flatten)]
    steps: StepArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    seed: SeedArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Prunes a model file into another.
pub(super) fn prune(args: &Prune) -> Result<(), Failure> {
    let machine = Machine::new(&args.machine)?;
    let progress = Progress::new(args.output.quiet);
    let seed = args.seed.seed;
    let output = Output::new(&args.output)?;
    files::check_writable(&args.model)?;
    let from = model(&args.from)?;
    args.scope.options().pruned_layers(from.layers().len()).map_err(|error| match error {
        PruneError::OnlyLast => {
            let problem = "has one layer of weights, and the last layer stays dense; add --prune-last";
            Failure::at(args.from.display(), problem)
        }
        error => Failure::usage(format!("--prune-last: {error}")),
    })?;
    let wants_data = args.epochs.is_some() || args.data.data.is_some();
    let split = wants_data.then(|| examples(&args.data, seed, progress)).transpose()?;
    if split.is_none() && !args.data.classes.is_empty() {
        return Err(Failure::usage("--classes: nothing is done with data; add --data or --epochs"));
    }
    if let Some(split) = &split {
        check_fit(&args.from, &from, split)?;
    }
    let pruned = match (args.epochs, &split) {
        (Some(epochs), Some(split)) => fine_tuned(args, &from, split, epochs, (&machine, progress))?,
        _ => prune_once(&from, args.sparsity, &args.scope.options())?,
    };
    let pruned = if args.scope.structure == Structure::Neuron { compact(&pruned)? } else { pruned };
    let score = |model: &Model, split: &Split| -> Result<f64, Failure> {
        let logits = logits(model, &split.test.rows(), &machine)?;
        Ok(accuracy(&logits, split.test.labels(), model.fan_out()))
    };
    let score_of = |model| split.as_ref().map(|split| score(model, split)).transpose();
    let report = PruneReport {
        schema: Schema::Prune,
        command: command_line(),
        seed,
        environment: machine.environment(),
        dataset: split.as_ref().map(dataset_info),
        network: network_info(&pruned),
        sparsity: args.sparsity,
        nnz: pruned.nnz(),
        fine_tuning_epochs: args.epochs.unwrap_or(0),
        accuracy_before: score_of(&from)?,
        test_accuracy: score_of(&pruned)?,
        layers: pruned.layers().iter().map(PrunedLayer::new).collect(),
    };
    write_model(&args.model, &pruned)?;
    output.write(&report, Vec::new())
}

fn fine_tuned(
    args: &Prune,
    from: &Model,
    split: &Split,
    epochs: usize,
    (machine, progress): (&Machine, Progress),
) -> Result<Model, Failure> {
    let fine_tune = args.steps.fine_tuning(epochs, args.seed.seed);
    let options = args.schedule.level_options(args.scope.options(), fine_tune);
    let mut network = Mlp::from_model(from)?;
    let bar = progress.bar(format!("pruning to {}", percent(args.sparsity)), 0);
    let level = [args.sparsity];
    prune_to_levels(&mut network, &split.train, &level, &options, machine.compute(), &mut |event| {
        if let Event::Step { progress: now, .. } = event {
            bar.set_length(now.steps as u64);
            bar.set_position(now.step as u64);
        }
    })?;
    bar.finish_and_clear();
    Ok(network.to_model()?)
}
