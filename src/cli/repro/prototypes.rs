//! `prunella repro prototypes`.

use crate::cli::args::{DataArgs, MachineArgs, OutputArgs, at_least_one};
use crate::cli::command_line;
use crate::cli::error::Failure;
use crate::cli::input::examples;
use crate::cli::machine::Machine;
use crate::cli::output::{NamedFile, Output, pictures};
use crate::cli::progress::Progress;
use crate::dataset::{SCALE, Split};
use crate::report::{PrototypesReport, Schema, prototypes_figures, prototypes_html, prototypes_tables};
use crate::study::prototypes::{self, Digits, Part, Settings, study};
use clap::Args;
use indicatif::ProgressBar;
use prunella_kernels::Kernels;
use std::path::PathBuf;
use std::prelude::rust_2024::*;
use std::{format, vec};

/// The seed of the digits that are drawn where no data are given.
const DRAWN_SEED: u64 = 1;

/// Images to choose the digits from.
const POOL: usize = 1000;

const EXAMPLES: &str = "\
Examples:
  prunella repro prototypes --out prototypes
  prunella repro prototypes --data data/mnist --out prototypes
  prunella repro prototypes --only nominal --seeds 1000
  prunella repro prototypes --quick

One hidden layer of N Gaussian neurons learns N points; the prototype of a neuron is -b / w. Every subset of three structural losses
(overlap, coverage, separation) is tried, a mask of three bits. The published text names neither formulas nor settings: those used
are ours, and the part `sensitivity` says which claims depend on them. The part `settling` asks what no one has: whether
overlap expels the prototypes from other points than uniform ones on a line, too.

With --out: results.json, results.csv (every nominal run), a table (.csv) per part, report.html, and its plots (.svg).";

/// Arguments of `prunella repro prototypes`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Prototypes {
    /// Only these parts: nominal, tau-sweep, sensitivity, settling
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',', hide_possible_values = true)]
    only: Vec<Part>,
    /// Seeds of the nominal runs, each 8 masks at 6 sizes; the other parts have at most 32 [default: 200]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    seeds: Option<usize>,
    /// A version of some seconds: 10 seeds, N up to 20
    #[arg(long)]
    quick: bool,
    /// Directory of IDX files, as of MNIST, for the digits of `settling` [env: PRUNELLA_DATA_DIR] [default: digits drawn in memory]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Does the parts asked for, and reports.
pub(super) fn run(args: &Prototypes) -> Result<(), Failure> {
    let machine = Machine::new(&args.machine)?;
    let settings = settings(args);
    let progress = Progress::new(args.output.quiet);
    let digits = match settings.parts.contains(&Part::Settling) {
        true => digits(args, progress)?,
        false => Digits { source: String::new(), side: 0, images: Vec::new() },
    };
    let output = Output::new(&args.output)?;
    let compute = prototypes::Machine { kernels: Kernels::new(machine.isa), threads: machine.pool.threads() };
    let mut bar = ProgressBar::hidden();
    let results = study(compute, &settings, &digits, &mut |part, done, all| {
        if done == 0 {
            bar.finish_and_clear();
            bar = progress.bar(title(part), all);
        }
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let report = PrototypesReport {
        schema: Schema::Prototypes,
        command: command_line(),
        environment: machine.environment(),
        results,
    };
    let files = if output.wants_files() { files(&report) } else { Vec::new() };
    output.write(&report, files)
}

fn title(part: Part) -> &'static str {
    match part {
        Part::Nominal => "nominal runs",
        Part::TauSweep => "tau sweep",
        Part::Sensitivity => "sensitivity",
        Part::Settling => "settling experiments",
    }
}

fn settings(args: &Prototypes) -> Settings {
    let is_wanted = |part: &Part| args.only.is_empty() || args.only.contains(part);
    let parts = Part::ALL.into_iter().filter(is_wanted).collect();
    let mut settings = Settings { parts, ..Settings::default() };
    if args.quick {
        settings = Settings { sizes: vec![3, 5, 10, 20], seeds: 10, other_seeds: 10, ..settings };
    }
    if let Some(seeds) = args.seeds {
        settings.other_seeds = settings.other_seeds.min(seeds);
        settings.seeds = seeds;
    }
    settings
}

/// The images that digits are chosen from.
fn digits(args: &Prototypes, progress: Progress) -> Result<Digits, Failure> {
    let data = DataArgs { data: args.data.clone(), classes: Vec::new() };
    let Split { name, train, .. } = examples(&data, DRAWN_SEED, progress)?;
    let side = train.features().isqrt();
    if side * side != train.features() {
        let problem = format!("images of {} pixels are not square", train.features());
        return Err(Failure::at(name, format!("{problem}; choose other --data")));
    }
    let image = |i: usize| train.pixels(i).iter().map(|&pixel| SCALE * f32::from(pixel)).collect();
    Ok(Digits { source: name, side, images: (0..train.len().min(POOL)).map(image).collect() })
}

fn files(report: &PrototypesReport) -> Vec<NamedFile> {
    let PrototypesReport { command, environment, results, .. } = report;
    let mut files = pictures(&prototypes_figures(results));
    files.push(("report.html".into(), prototypes_html(results, environment, command).into_bytes()));
    let tables = prototypes_tables(results).into_iter();
    files.extend(tables.map(|(name, grid)| (format!("{name}.csv"), grid.csv().into_bytes())));
    files
}
