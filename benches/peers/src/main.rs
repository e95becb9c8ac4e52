//! The same work done by everything a user could pick instead of prunella, interleaved with it in one run.
//!
//! `benches/peers/run` makes the Python environments, builds this, pins it to a core and runs it; README.md has the method.

mod cell;
mod contestant;
mod crates;
mod onnx;
mod ours;
mod python;
mod report;
mod training;

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::{Parser, ValueEnum};
use prunella::dataset::Split;
use prunella::kernels::Isa;
use prunella::measure::{Environment, Plan, measure};

use cell::{Cell, Kind, Oracle};
use contestant::{Contestant, Weights};
use python::Workers;
use report::{Measured, Report, Slow};

/// Test examples drawn where there is no data.
const DRAWN: usize = 4_000;
/// Training examples drawn there.
const DRAWN_TO_LEARN: usize = 20_000;
/// Long enough that a peer whose threads fell asleep since its last turn gets into its stride: with 0.2 ms instead, DeepSparse
/// took 63 us for 784-64-10 at batch 64 and 90 %, not 42 us.
const SAMPLE_NS: u64 = 1_000_000;
/// A call this long, and so many times as long as ours, is timed once and not in rounds: it would take most of the time.
const SLOW_NS: f64 = 50e6;
const SLOW_RATIO: f64 = 5.0;

/// Compares prunella with everything else, in one run.
#[derive(Parser)]
struct Args {
    /// Directory of MNIST's IDX files; without it digits are drawn.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Fewer cells and fewer rounds.
    #[arg(long)]
    quick: bool,
    /// Only cells whose title begins with this, as `784-64-10`, `784x64 at batch 1` or `training`.
    #[arg(long, value_name = "TITLE")]
    only: Option<String>,
    /// How to print the results.
    #[arg(long, value_enum, default_value = "md")]
    format: Format,
    /// Also write `peers.md` and `peers.json`, `training.md` and `training.json` into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where the Python environments are.
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/venv"))]
    venvs: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Md,
    Json,
}

fn main() -> ExitCode {
    let args = Args::parse();
    // rten's own thread, so that its calls need not change to it.
    match rten::thread_pool().run(|| run(&args).map_err(|error| error.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    if available_parallelism()?.get() > 1 {
        eprintln!("!!! NOT PINNED: more than one core is allowed; times are less comparable");
    }
    let only = args.only.as_deref();
    let cases = if args.quick { Vec::new() } else { training::Case::all(only) };
    let data = match &args.data {
        Some(dir) => Split::load(dir)?,
        None => Split::synth(if cases.is_empty() { 10 } else { DRAWN_TO_LEARN }, DRAWN, 1),
    };
    let cells = Cell::all(args.quick).into_iter();
    let cells: Vec<Cell> =
        cells.filter(|cell| only.is_none_or(|only| cell.title().starts_with(only))).collect();
    if cells.is_empty() && cases.is_empty() {
        return Err("no cell has such a title".into());
    }
    let folder = std::env::temp_dir().join(format!("prunella-peers-{}", std::process::id()));
    let mut found = Vec::new();
    if !cells.is_empty() {
        let report = compared(&cells, &data, args, &folder)?;
        found.push(("peers", report.markdown(), report.json()));
    }
    if !cases.is_empty() {
        let report = training::run(&cases, &data, &args.venvs, &folder);
        let _ = fs::remove_dir_all(&folder);
        let report = report?;
        shout(&report.missing);
        found.push(("training", report.markdown(), report.json()));
    }
    for (name, markdown, json) in found {
        match args.format {
            Format::Md => print!("{markdown}"),
            Format::Json => println!("{json:#}"),
        }
        if let Some(dir) = &args.out {
            fs::create_dir_all(dir)?;
            fs::write(dir.join(format!("{name}.md")), markdown)?;
            fs::write(dir.join(format!("{name}.json")), format!("{json:#}\n"))?;
        }
    }
    Ok(())
}

/// Everything that runs networks and layers, cell by cell.
fn compared(cells: &[Cell], data: &Split, args: &Args, folder: &Path) -> Result<Report, Box<dyn Error>> {
    let mut workers = Workers::start(&args.venvs);
    shout(&workers.missing);
    let isa = Isa::best().name();
    let mut report = Report::new(Environment::detect(isa, &[isa], 1), &data.name);
    for (i, cell) in cells.iter().enumerate() {
        eprintln!("[{}/{}] {}", i + 1, cells.len(), cell.title());
        let measured = measured(cell, data, &mut workers, folder, args.quick);
        // Inputs and weights go, whatever came of it.
        let _ = fs::remove_dir_all(folder);
        report.cells.push(measured?);
    }
    report.versions.extend(workers.versions);
    report.missing = workers.missing;
    shout(&report.missing);
    Ok(report)
}

fn shout(missing: &[String]) {
    for what in missing {
        eprintln!("!!! NOT MEASURED: {what}");
    }
}

/// Loads, verifies and times everything for one cell.
fn measured(
    cell: &Cell,
    data: &Split,
    workers: &mut Workers,
    folder: &Path,
    quick: bool,
) -> Result<Measured, Box<dyn Error>> {
    workers.forget();
    let (models, inputs) = (cell.models()?, cell.inputs(data));
    let mut contestants = Vec::new();
    for (at, (sparsity, model)) in models.iter().enumerate() {
        let oracle = Oracle::new(model, &inputs);
        let mut found = ours::contestants(cell.kind, &models, at, &inputs)?;
        let folder = folder.join(at.to_string());
        python::write_files(model, &inputs, &folder)?;
        found.extend(crates::contestants(cell.kind, &models, at, &inputs, &folder.join("network.onnx"))?);
        if cell.kind != Kind::Layer {
            found.extend(workers.contestants(&cell.title(), at, &inputs, &folder));
        }
        for mut contestant in found {
            let checked = contestant.outputs(&inputs).and_then(|outputs| oracle.check(&outputs));
            let Err(problem) = checked else {
                contestants.push(contestant);
                continue;
            };
            let problem =
                format!("{} on {}, {:.0} %: {problem}", contestant.name, cell.title(), 100.0 * sparsity);
            if contestant.ours {
                return Err(problem.into());
            }
            workers.missing.push(problem);
        }
    }
    let slow = take_slow(&mut contestants);
    let (rounds, budget_ns) = if quick { (40, 3_000_000_000) } else { (100, 8_000_000_000) };
    let plan = Plan { rounds, budget_ns, target_sample_ns: SAMPLE_NS, ..Plan::default() };
    let mut subjects: Vec<_> = contestants.iter_mut().map(Contestant::subject).collect();
    let samples = measure(&mut subjects, &plan, &mut |_, _| {});
    drop(subjects);
    let sparsities = models.iter().map(|(sparsity, _)| *sparsity).collect();
    Ok(Measured::new(cell, sparsities, contestants, slow, samples))
}

/// Takes out what is hopelessly slower than ours at its sparsity.
fn take_slow(contestants: &mut Vec<Contestant>) -> Vec<Slow> {
    let mut ours: HashMap<usize, f64> = HashMap::new();
    let at = |contestant: &Contestant| match contestant.weights {
        Weights::Any => 0,
        Weights::Of(at) => at,
    };
    let mut slow = Vec::new();
    contestants.retain_mut(|contestant| {
        let (ns, at) = (contestant.once_ns(), at(contestant));
        if contestant.ours {
            ours.insert(at, ns);
        }
        let hopeless = ns > SLOW_NS && ours.get(&at).is_some_and(|ours| ns > SLOW_RATIO * ours);
        if hopeless {
            slow.push(Slow { name: contestant.name, weights: contestant.weights, ns });
        }
        !hopeless
    });
    slow
}
