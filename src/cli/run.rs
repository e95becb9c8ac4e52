//! `prunella run`.

use super::args::{
    DataArgs, MachineArgs, NetworkArgs, OutputArgs, ScheduleArgs, ScopeArgs, SeedArgs, TimingArgs,
    TrainingArgs, ascending, at_least_one, sparsity,
};
use super::command_line;
use super::error::Failure;
use super::input::{dataset_info, examples, logits, network_info, percent};
use super::machine::Machine;
use super::output::{NamedFile, Output, model_name, page};
use super::progress::Progress;
use super::rows::{
    measured, noise_floor, noise_floors, peak, result_rows, settings, skipping_note, speedup_best,
    waiting_note,
};
use super::training::{Keeping, Training};
use crate::benchmark::Case;
use crate::dataset::Split;
use crate::metrics::accuracy;
use crate::model::Model;
use crate::prune::{Event, LevelOptions, Structure, prune_to_levels};
use crate::report::{RunReport, Schema};
use crate::train::Mlp;
use clap::Args;
use indicatif::ProgressBar;
use std::format;
use std::prelude::rust_2024::*;

const EXAMPLES: &str = "\
Examples:
  prunella run                                     drawn digits, defaults: under a minute
  prunella run --data data/mnist --out results     MNIST; JSON, CSV, HTML and models into results/
  prunella run --hidden 512,256 --activation gaussian --sparsity 0.9,0.99 --batch 1,256
  prunella run --threads 1 --isa avx2 --format md  one thread, AVX2, tables in Markdown

With --threads 1 the tables have the share of the machine's limit: see `prunella bench --help`.
With --out: results.json, results.csv, report.html, its plots (.svg), dense.safetensors, sparsity-0.9.safetensors, ...";

/// Arguments of `prunella run`.
#[derive(Args)]
#[command(after_help = EXAMPLES, next_help_heading = "Pruning")]
pub(super) struct Run {
    /// Shares of the weights to remove, each in [0, 1), of the layers that are pruned
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0.5,0.8,0.9,0.95,0.98,0.99",
        value_parser = sparsity, allow_negative_numbers = true)]
    sparsity: Vec<f64>,
    /// Passes over the training set to fine-tune each sparsity
    #[arg(long, value_name = "N", default_value_t = LevelOptions::default().fine_tune.epochs,
        value_parser = at_least_one, allow_negative_numbers = true)]
    fine_tune_epochs: usize,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    schedule: ScheduleArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    training: TrainingArgs,
    #[command(flatten)]
    timing: TimingArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    seed: SeedArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// A pruned network, and its accuracy on the test set.
struct Level {
    sparsity: f64,
    model: Model,
    accuracy: f64,
}

/// Trains, prunes, verifies, measures, reports.
pub(super) fn run(args: &Run) -> Result<(), Failure> {
    let machine = Machine::new(&args.machine)?;
    let progress = Progress::new(args.output.quiet);
    let seed = args.seed.seed;
    let sparsities = ascending("--sparsity", &args.sparsity)?;
    // What is wrong whatever the data is refused before they are read.
    settings(&args.timing, &machine, seed, &args.network.sizes(1, 1)?)?;
    if args.scope.structure == Structure::Neuron {
        return Err(Failure::usage(
            "--structure neuron: leaves smaller networks, which have no place beside one dense network; `prunella prune` makes \
             one, `prunella advise` compares them",
        ));
    }
    let output = Output::new(&args.output)?;
    let split = examples(&args.data, seed, progress)?;
    let sizes = args.network.sizes(split.train.features(), split.train.classes())?;
    let settings = settings(&args.timing, &machine, seed, &sizes)?;

    let training = Training {
        shape: &args.network,
        recipe: &args.training,
        seed,
        train: &split.train,
        test: &split.test,
        validation: None,
        keeping: Keeping::default(),
    };
    let (mut network, training) = training.run(&machine, progress)?;
    let dense = network.to_model()?;
    let levels = pruned(args, &mut network, &split, &sparsities, (&machine, progress))?;
    let cases: Vec<Case<'_>> =
        levels.iter().map(|level| Case { sparsity: level.sparsity, model: &level.model }).collect();
    let outcome = measured(&dense, &cases, &split.test.rows(), &settings, progress)?;

    let accuracy = |sparsity: f64| {
        let level = levels.iter().find(|level| level.sparsity == sparsity);
        level.map(|level| level.accuracy)
    };
    let mut results = result_rows(&outcome, args.scope.structure, &machine, accuracy);
    // A level of sparsity 0 is a network of its own: fine-tuned, unlike the dense one.
    results.iter_mut().filter(|row| row.variant.starts_with("dense")).for_each(|row| {
        row.test_accuracy = Some(training.test_accuracy);
    });
    let report = RunReport {
        schema: Schema::Run,
        command: command_line(),
        seed,
        environment: machine.environment(),
        dataset: Some(dataset_info(&split)),
        network: network_info(&dense),
        training: Some(training),
        noise_floor: noise_floor(&outcome),
        noise_floors: noise_floors(&outcome),
        peak: Some(peak(&outcome)),
        input_density: Some(outcome.input_density),
        speedup_best: speedup_best(&outcome, args.scope.structure),
        results,
        notes: [waiting_note(outcome.waiting_share), skipping_note(&outcome, &settings.variants)]
            .into_iter()
            .flatten()
            .collect(),
    };
    let files = if output.wants_files() { files(&report, &dense, &levels) } else { Vec::new() };
    output.write(&report, files)
}

/// The network at each sparsity, fine-tuned and scored.
fn pruned(
    args: &Run,
    network: &mut Mlp,
    split: &Split,
    sparsities: &[f64],
    (machine, progress): (&Machine, Progress),
) -> Result<Vec<Level>, Failure> {
    let fine_tune = args.training.steps.fine_tuning(args.fine_tune_epochs, args.seed.seed);
    let options = args.schedule.level_options(args.scope.options(), fine_tune);
    let mut models = Vec::new();
    let mut bar = ProgressBar::hidden();
    let compute = machine.compute();
    prune_to_levels(network, &split.train, sparsities, &options, compute, &mut |event| match event {
        Event::Step { level, progress: now, .. } => {
            if now.step == 1 {
                bar = progress.bar(format!("pruning to {}", percent(level)), now.steps);
            }
            bar.set_position(now.step as u64);
        }
        Event::Level { level, model } => {
            bar.finish_and_clear();
            models.push((level, model));
        }
    })?;
    let rows = split.test.rows();
    let score = |(sparsity, model): (f64, Model)| {
        let logits = logits(&model, &rows, machine)?;
        let accuracy = accuracy(&logits, split.test.labels(), model.fan_out());
        Ok(Level { sparsity, model, accuracy })
    };
    models.into_iter().map(score).collect()
}

fn files(report: &RunReport, dense: &Model, levels: &[Level]) -> Vec<NamedFile> {
    let mut files = page(report);
    files.push(("dense.safetensors".into(), dense.to_bytes()));
    files.extend(levels.iter().map(|level| (model_name(level.sparsity), level.model.to_bytes())));
    files
}
