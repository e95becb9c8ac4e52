//! `prunella eval`.

use super::args::{DataArgs, MachineArgs, OutputArgs, SeedArgs};
use super::command_line;
use super::error::Failure;
use super::input::{check_fit, dataset_info, examples, logits, model, network_info};
use super::machine::Machine;
use super::output::Output;
use super::progress::Progress;
use crate::metrics::{Confusion, macro_auc, predictions};
use crate::report::{EvalReport, Schema};
use clap::Args;
use std::path::PathBuf;
use std::prelude::rust_2024::*;

const EXAMPLES: &str = "\
Examples:
  prunella eval dense.safetensors --data data/mnist
  prunella eval results/sparsity-0.95.safetensors --data data/mnist --format json

Without data, the digits drawn from --seed are used: those that `train` and `run` draw from the same seed.";

/// Arguments of `prunella eval`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Eval {
    /// The network to score (safetensors)
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    seed: SeedArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Scores a model on the test set: accuracy, F1, AUC, confusion.
pub(super) fn eval(args: &Eval) -> Result<(), Failure> {
    let machine = Machine::new(&args.machine)?;
    let output = Output::new(&args.output)?;
    let model = model(&args.model)?;
    let split = examples(&args.data, args.seed.seed, Progress::new(args.output.quiet))?;
    check_fit(&args.model, &model, &split)?;

    let (test, classes) = (&split.test, split.test.classes());
    let logits = logits(&model, &test.rows(), &machine)?;
    let confusion = Confusion::new(&predictions(&logits, classes), test.labels(), classes);
    let counts = |actual| (0..classes).map(|predicted| confusion.count(actual, predicted) as u64).collect();
    let report = EvalReport {
        schema: Schema::Eval,
        command: command_line(),
        environment: machine.environment(),
        dataset: Some(dataset_info(&split)),
        network: network_info(&model),
        accuracy: confusion.accuracy(),
        f1_macro: confusion.macro_f1(),
        auc: macro_auc(&logits, test.labels(), classes),
        labels: test.class_names().iter().map(|name| u32::from(*name)).collect(),
        f1: (0..classes).map(|class| confusion.f1(class)).collect(),
        confusion: (0..classes).map(counts).collect(),
    };
    output.write(&report, Vec::new())
}
