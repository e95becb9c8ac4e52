//! `prunella advise`.

use super::args::{DataArgs, MachineArgs, OutputArgs, SeedArgs, check_batches, number};
use super::command_line;
use super::error::Failure;
use super::input::{dataset_info, examples};
use super::interrupt::Interrupt;
use super::machine::Machine;
use super::output::Output;
use super::progress::Progress;
use super::rows::waiting_note;
use crate::measure;
use crate::report::{AdviseReport, AdviseRow, NoiseFloor, Schema};
use crate::study::advise::{Advice, AdviseError, Goal, Named, Settings, Step, advise};
use crate::study::pareto::{Recipe, TrainingError};
use clap::Args;
use indicatif::ProgressBar;
use std::format;
use std::prelude::rust_2024::*;

/// The network that is taken, in the directory of the results.
const MODEL: &str = "advised.safetensors";

/// Nanoseconds allowed where nothing is asked for.
const DEFAULT_TARGET_US: f64 = 30.0;

const EXAMPLES: &str = "\
Examples:
  prunella advise --data data/mnist --target-us 30 --batch 1 --out advice
  prunella bench advice/advised.safetensors --batch 1 --data data/mnist     the same time, measured again
  prunella advise --data data/mnist --min-accuracy 0.97                     the fastest that is this accurate
  prunella advise --data data/mnist --target-us 5 --min-accuracy 0.98       both, or exit code 3

Networks have one hidden layer of up to 1,024 neurons: dense, or pruned (single weights, n:32, blocks, neurons, inputs). A time
counts as kept if the 90th percentile, times what the luck of a place in memory is worth in these rounds, is within it; an
accuracy, if it is within the 95 % interval of that on the tenth of the training set that is held back to decide.
Times are of one thread and of this machine alone, and for any input: no zeros of the input are skipped.

With --out: advised.safetensors (the network), runner-up-1.safetensors, ..., results.json, results.csv.";

/// Arguments of `prunella advise`.
#[derive(Args)]
#[command(after_help = EXAMPLES, next_help_heading = "Goal")]
pub(super) struct Advise {
    /// The most microseconds that a call may take; the most accurate network within it is looked for [default: 30, unless
    /// --min-accuracy is given]
    #[arg(long, value_name = "US", value_parser = microseconds, allow_negative_numbers = true)]
    target_us: Option<f64>,
    /// The least share of examples that must be right; without --target-us, the fastest network is looked for
    #[arg(long, value_name = "SHARE", value_parser = least_share, allow_negative_numbers = true)]
    min_accuracy: Option<f64>,
    /// Examples per call
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = super::args::at_least_one, allow_negative_numbers = true)]
    batch: usize,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    seed: SeedArgs,
    #[command(flatten)]
    output: OutputArgs,
}

fn microseconds(text: &str) -> Result<f64, String> {
    let valid = number(text).filter(|us: &f64| *us > 0.0 && us.is_finite());
    valid.ok_or_else(|| "give microseconds above 0, such as 30 or 0.5".into())
}

fn least_share(text: &str) -> Result<f64, String> {
    let valid = number(text).filter(|share| *share > 0.0 && *share < 1.0);
    valid.ok_or_else(|| "an accuracy is above 0 and below 1: 0.97 is 97 % of the examples".into())
}

/// Searches, saves, and reports.
pub(super) fn run(args: &Advise) -> Result<(), Failure> {
    let machine = Machine::new(&args.machine)?;
    let progress = Progress::new(args.output.quiet);
    let seed = args.seed.seed;
    check_batches(&[args.batch], &[1024])?;
    let output = Output::new(&args.output)?;
    let data = examples(&args.data, seed, progress)?;
    check_batches(&[args.batch], &[1024, data.train.features()])?;
    let target_us = match (args.target_us, args.min_accuracy) {
        (None, None) => Some(DEFAULT_TARGET_US),
        (target, _) => target,
    };
    let goal =
        Goal { target_ns: target_us.map(|us| 1e3 * us), min_accuracy: args.min_accuracy, batch: args.batch };
    let settings = Settings {
        isa: machine.isa,
        threads: machine.pool.threads(),
        recipe: Recipe::of_all_classes(seed),
        plan: measure::Plan { budget_ns: 5_000_000_000, seed, ..measure::Plan::default() },
    };
    let interrupt = Interrupt::watch().map_err(|error| Failure::at("Ctrl-C", error))?;
    let mut bar = (ProgressBar::hidden(), "");
    let found = advise(&data, &goal, &settings, &|| !interrupt.is_pressed(), &mut |step| {
        show(&mut bar, step, progress)
    });
    bar.0.finish_and_clear();
    let advice = found.map_err(|error| match error {
        AdviseError::Unmet(_) => Failure::unmet(error),
        AdviseError::Training(TrainingError::Interrupted) => {
            Failure::interrupted("Interrupted: there is no advice yet.")
        }
        _ => Failure::from(error),
    })?;
    let place = args.output.out.as_ref().map(|directory| directory.join(MODEL).display().to_string());
    let (choice, runners_up) = advice.ranking.split_first().expect("advice names a network");
    let report = AdviseReport {
        schema: Schema::Advise,
        command: command_line(),
        seed,
        environment: machine.environment(),
        dataset: dataset_info(&data),
        goal,
        model: place,
        choice: row(choice),
        runners_up: runners_up.iter().map(row).collect(),
        noise_floor: NoiseFloor { lo: 1.0 / advice.margin.noise, hi: advice.margin.noise },
        validation: advice.margin.examples,
        screened: advice.screened,
        tried: advice.tried,
        notes: waiting_note(advice.waiting_share).into_iter().collect(),
    };
    let files = if output.wants_files() { models(&advice) } else { Vec::new() };
    output.write(&report, files)
}

/// One bar for each stage.
fn show(bar: &mut (ProgressBar, &'static str), step: Step, progress: Progress) {
    /// Of a share.
    const PARTS: usize = 1_000;
    let (name, done, total) = match step {
        Step::Screening(share) => ("timing random networks", (share * PARTS as f64) as usize, PARTS),
        Step::Trying(done, total) => ("training for a moment", done, total),
        Step::Training(done, total) => ("training in earnest", done, total),
        Step::Measuring(share) => ("verifying and measuring", (share * PARTS as f64) as usize, PARTS),
    };
    if bar.1 != name {
        bar.0.finish_and_clear();
        *bar = (progress.bar(name, total), name);
    }
    bar.0.set_position(done as u64);
}

fn row(named: &Named) -> AdviseRow {
    AdviseRow {
        structure: named.candidate.kind.to_string(),
        hidden: named.candidate.hidden,
        sparsity: named.candidate.sparsity,
        layers: named.model.sizes(),
        nnz: named.model.nnz(),
        median_ns: named.measured.median_ns,
        p90_ns: named.measured.p90_ns,
        bound_ns: named.bound_ns,
        validation_accuracy: named.measured.accuracy,
        accuracy_bound: named.accuracy_bound,
        test_accuracy: named.test_accuracy,
        plan: named.plan.clone(),
        max_abs_diff: named.max_abs_diff,
    }
}

fn models(advice: &Advice) -> Vec<(String, Vec<u8>)> {
    let name = |place: usize| match place {
        0 => MODEL.into(),
        place => format!("runner-up-{place}.safetensors"),
    };
    advice.ranking.iter().enumerate().map(|(place, named)| (name(place), named.model.to_bytes())).collect()
}
