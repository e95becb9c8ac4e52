//! `prunella repro low-capacity`.

use super::journal::{Done, Header, Journal};
use super::work::Work;
use crate::cli::args::{DataArgs, MachineArgs, OutputArgs, at_least_one};
use crate::cli::command_line;
use crate::cli::error::Failure;
use crate::cli::input::{dataset_info, examples};
use crate::cli::interrupt::Interrupt;
use crate::cli::machine::Machine;
use crate::cli::output::{NamedFile, Output, pictures};
use crate::cli::progress::Progress;
use crate::dataset::Split;
use crate::measure::Environment;
use crate::report::{
    DatasetInfo, LowCapacityReport, Schema, Source, low_capacity_figures, low_capacity_html,
    low_capacity_tables,
};
use crate::study::low_capacity::published::TWO_READINGS;
use crate::study::low_capacity::{Findings, Job, Part, Record, Settings, claims, comparisons, jobs};
use crate::study::pareto::Shelf;
use clap::Args;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};
use std::format;
use std::path::PathBuf;
use std::prelude::rust_2024::*;

/// The seed of the digits that are drawn where no data are given.
const DRAWN_SEED: u64 = 1;

const EXAMPLES: &str = "\
Examples:
  prunella repro low-capacity --data data/mnist --out low-capacity
  prunella repro low-capacity --data data/mnist --only rates,capacity --out published
  prunella repro low-capacity --quick
  prunella repro low-capacity --data data/mnist --shard 1/4 --out shards/1

The study is a list of jobs. With --out, each that is done is kept in journal.jsonl there at once: an interrupted study, run again
with the same arguments, goes on from there and has the same bits as one that was not. With --shard I/N only every Nth job is
done, beginning with the Ith, and only its journal written; `prunella repro merge` joins them. What measures time (pareto) is
done alone, after everything else; times are not the same twice.

With --out: results.json, results.csv, a table (.csv) per section, report.html and its pictures (.svg).";

/// Arguments of `prunella repro low-capacity`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct LowCapacity {
    /// Directory of IDX files, as of MNIST [env: PRUNELLA_DATA_DIR] [default: digits drawn in memory]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only these parts: rates, capacity, pruning, robustness, recipes, pareto, interpretability
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',', hide_possible_values = true)]
    only: Vec<Part>,
    /// Seeds of everything [default: the study's three, or ten where small differences decide]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    seeds: Option<usize>,
    /// A version of about a minute: fewer seeds and sizes
    #[arg(long)]
    quick: bool,
    /// Only every Nth job from the Ith on, as 1/4: write its journal into --out, for `prunella repro merge`
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// A share of the jobs.
#[derive(Debug, Clone, Copy)]
struct Shard {
    /// From 1 to `of`.
    number: usize,
    of: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Shard { number, of }),
            _ => Err("give which of how many, such as 1/4 to 4/4".into()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// What a journal says of a study, so that a report can be made without the data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) settings: Settings,
    pub(super) dataset: DatasetInfo,
}

/// Does all jobs, and reports.
pub(super) fn run(args: &LowCapacity) -> Result<(), Failure> {
    let machine = Machine::new(&args.machine)?;
    let progress = Progress::new(args.output.quiet);
    let settings = settings(args);
    let directory = args.output.out.as_deref();
    if args.shard.is_some() && directory.is_none() {
        return Err(Failure::usage(
            "--shard: add --out DIR, the directory of the journal to be merged later",
        ));
    }
    let data = DataArgs { data: args.data.clone(), classes: Vec::new() };
    let data = examples(&data, DRAWN_SEED, progress)?;
    let output = Output::new(&args.output)?;
    let setup = Setup { settings, dataset: dataset_info(&data) };
    let all = jobs(&setup.settings);
    let (keeping, mut done) = match directory {
        Some(directory) => {
            let header = header(&setup, &data, &machine);
            let (journal, done) = Journal::open(&directory.join(journal_name(args.shard)), &header)?;
            (Some((journal, Interrupt::watch()?)), done)
        }
        None => (None, Done::new()),
    };
    let is_mine = |index: usize| args.shard.is_none_or(|shard| index % shard.of == shard.number - 1);
    let mine: Vec<&Job> =
        all.iter().enumerate().filter(|(index, _)| is_mine(*index)).map(|(_, job)| job).collect();
    let shelf =
        directory.map(|directory| directory.join(journal_name(args.shard)).with_extension("networks"));
    let shelf = shelf.map_or_else(Shelf::default, |place| Shelf::at(&place));
    Work { data: &data, machine: &machine, progress, shelf, keeping }.perform(&mine, &mut done)?;
    if let Some(shard) = args.shard {
        let jobs = mine.len();
        progress.remark(format!(
            "Shard {shard}: {jobs} of {} jobs are done. `prunella repro merge` joins the shards.",
            all.len()
        ));
        return Ok(());
    }
    report(setup, &all, done, (machine.environment(), Vec::new()), output)
}

fn settings(args: &LowCapacity) -> Settings {
    let is_wanted = |part: &Part| args.only.is_empty() || args.only.contains(part);
    let parts = Part::ALL.into_iter().filter(is_wanted).collect();
    Settings { parts, seeds: args.seeds, quick: args.quick }
}

/// The journal of a study, or of one shard of it: several may lie in one directory.
fn journal_name(shard: Option<Shard>) -> String {
    match shard {
        Some(Shard { number, of }) => format!("journal-{number}-of-{of}.jsonl"),
        None => "journal.jsonl".into(),
    }
}

/// What decides the records.
fn header(setup: &Setup, data: &Split, machine: &Machine) -> Header<Setup> {
    let Settings { parts, seeds, quick } = &setup.settings;
    let Environment { cpu, isa, threads, version, commit, .. } = machine.environment();
    let name = |part: &Part| format!("{part:?}").to_lowercase();
    let identity = [
        ("study", "low-capacity".to_string()),
        ("version", format!("{version} ({commit})")),
        ("training set", data.train.fingerprint()),
        ("test set", data.test.fingerprint()),
        ("arithmetic", if machine.isa.fuses() { "fused" } else { "not fused" }.into()),
        ("--only", parts.iter().map(name).collect::<Vec<_>>().join(",")),
        ("--seeds", seeds.map_or("as published".into(), |seeds| seeds.to_string())),
        ("--quick", if *quick { "given" } else { "not given" }.into()),
    ];
    let identity = identity.map(|(name, value)| (name.to_string(), value)).into();
    Header::new(identity, setup.clone(), format!("{cpu}, {isa}, {threads} threads"))
}

/// Writes the report of all jobs.
pub(super) fn report(
    setup: Setup,
    jobs: &[Job],
    mut done: Done<Record>,
    (environment, mut notes): (Environment, Vec<String>),
    output: Output,
) -> Result<(), Failure> {
    let findings: Findings = jobs.iter().flat_map(|job| done.remove(job.key()).unwrap_or_default()).collect();
    let Setup { settings, dataset } = setup;
    if dataset.source == Source::Embedded {
        let drawn = "These are digits drawn in memory, not MNIST: the numbers published are not about them.";
        notes.insert(0, drawn.into());
    }
    if !findings.pruning.is_empty() {
        notes.push(TWO_READINGS.into());
    }
    if settings.quick {
        notes.push("A quick version: with so few seeds intervals are too narrow to decide anything.".into());
    }
    let report = LowCapacityReport {
        schema: Schema::LowCapacity,
        command: command_line(),
        environment,
        dataset,
        settings,
        claims: claims(&findings),
        comparisons: comparisons(&findings),
        findings,
        notes,
    };
    let files = if output.wants_files() { files(&report) } else { Vec::new() };
    output.write(&report, files)
}

fn files(report: &LowCapacityReport) -> Vec<NamedFile> {
    let table = |(name, grid): (&str, crate::report::Grid)| (format!("{name}.csv"), grid.csv().into_bytes());
    let mut files: Vec<NamedFile> = low_capacity_tables(report).into_iter().map(table).collect();
    files.extend(pictures(&low_capacity_figures(report)));
    files.push(("report.html".into(), low_capacity_html(report).into_bytes()));
    files
}
