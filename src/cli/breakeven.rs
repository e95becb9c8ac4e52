//! `prunella breakeven`.

use super::args::{
    MachineArgs, OutputArgs, SeedArgs, ascending, at_least_one, check_batches, check_size, given_twice,
};
use super::command_line;
use super::error::Failure;
use super::machine::Machine;
use super::output::{NamedFile, Output, pictures};
use super::progress::Progress;
use super::rows::{limit_info, waiting_note};
use crate::breakeven::{BreakEven, Curve, Point, RESOLUTION, SPARSITY_MIN, Settings, Shape, Side, breakeven};
use crate::measure;
use crate::model::Activation;
use crate::report::{
    BreakEvenRow, BreakEvenVerdict, BreakevenReport, BreakevenSettings, CurveRow, PointRow, Schema, SideRow,
    breakeven_figures, breakeven_html,
};
use clap::Args;
use indicatif::ProgressBar;
use std::format;
use std::prelude::rust_2024::*;

/// Rounds of a comparison.
const ROUNDS: usize = 60;

/// For the rounds of one comparison, of which a curve has about a dozen.
const BUDGET_NS: u64 = 250_000_000;

/// Points that a curve has, more or less: for the progress bar.
const POINTS: usize = 13;

const EXAMPLES: &str = "\
Examples:
  prunella breakeven --threads 1
  prunella breakeven --shapes 784x64,4096x4096 --batch 1,64 --out breakeven
  prunella breakeven --shapes 1024x1024 --sparsity 0.3,0.6,0.9 --activation gaussian --format md

Each layer has random weights, pruned to exactly the sparsity, anywhere. Rows go in and rows come out. On both sides the
fastest form is taken, chosen beforehand; outputs are checked before anything is timed. A shape and batch size takes
some 5 s, more where a call takes milliseconds: 4096x4096 at batch 1024 takes half a minute. Sparsities from 2 % on
are tried, for a layer with fewer zeros does not count as pruned. With --threads 1 the table has the share of the machine's
limit: see `prunella bench --help`.

With --out: results.json, results.csv, report.html, and its plots (.svg): speedup against sparsity, break-even marked.";

/// Arguments of `prunella breakeven`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Breakeven {
    /// Layers, each inputs x outputs
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "784x64,784x1024,1024x1024",
        allow_negative_numbers = true
    )]
    shapes: Vec<Shape>,
    /// Batch sizes: examples per timed call
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,16,64,1024",
        value_parser = at_least_one, allow_negative_numbers = true)]
    batch: Vec<usize>,
    /// Sparsities to show the speedup at, each in [0.02, 1)
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0.5,0.8,0.9,0.95,0.99",
        value_parser = sparsity, allow_negative_numbers = true)]
    sparsity: Vec<f64>,
    /// Activation of the layers: relu, gaussian, sigmoid, tanh or identity
    #[arg(long, value_name = "NAME", default_value_t = Activation::Relu)]
    activation: Activation,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    seed: SeedArgs,
    #[command(flatten)]
    output: OutputArgs,
}

fn sparsity(text: &str) -> Result<f64, String> {
    let valid = text.parse().ok().filter(|share| (SPARSITY_MIN..1.0).contains(share));
    valid.ok_or_else(|| format!("a sparsity is in [{SPARSITY_MIN}, 1): 0.9 removes 90 % of the weights"))
}

/// Compares, and reports where sparse begins to win.
pub(super) fn run(args: &Breakeven) -> Result<(), Failure> {
    let machine = Machine::new(&args.machine)?;
    let settings = settings(args, &machine)?;
    let output = Output::new(&args.output)?;
    let progress = Progress::new(args.output.quiet);
    let mut bar = ProgressBar::hidden();
    let curves = breakeven(&settings, &mut |step| {
        if step.points == 0 {
            bar.finish_and_clear();
            bar = progress.bar(format!("{} at batch {}", step.shape, step.batch), step.curves * POINTS);
        }
        bar.set_position((step.curve * POINTS + step.points.min(POINTS - 1)) as u64);
    })?;
    bar.finish_and_clear();
    let report = BreakevenReport {
        schema: Schema::Breakeven,
        command: command_line(),
        seed: settings.seed,
        environment: machine.environment(),
        settings: BreakevenSettings {
            shapes: settings.shapes.iter().map(Shape::to_string).collect(),
            batches: settings.batches.clone(),
            sparsities: settings.sparsities.clone(),
            activation: settings.activation.name().into(),
            resolution: RESOLUTION,
        },
        notes: notes(&curves, machine.threads()),
        results: curves.iter().map(curve_row).collect(),
    };
    let files = if output.wants_files() { files(&report) } else { Vec::new() };
    output.write(&report, files)
}

/// What the arguments ask for, checked.
fn settings(args: &Breakeven, machine: &Machine) -> Result<Settings, Failure> {
    if let Some(i) = (1..args.shapes.len()).find(|&i| args.shapes[..i].contains(&args.shapes[i])) {
        return Err(given_twice("--shapes", args.shapes[i]));
    }
    let mut batches = Vec::new();
    for shape in &args.shapes {
        let sizes = [shape.fan_in, shape.fan_out];
        check_size(&sizes)?;
        batches = check_batches(&args.batch, &sizes)?;
    }
    Ok(Settings {
        isa: machine.isa,
        shapes: args.shapes.clone(),
        batches,
        sparsities: ascending("--sparsity", &args.sparsity)?,
        activation: args.activation,
        pool: machine.pool.clone(),
        seed: args.seed.seed,
        timing: measure::Plan {
            rounds: ROUNDS,
            budget_ns: BUDGET_NS,
            seed: args.seed.seed,
            ..measure::Plan::default()
        },
    })
}

fn notes(curves: &[Curve], threads: usize) -> Vec<String> {
    let points = curves.iter().flat_map(|curve| &curve.points);
    let fewest = |curve: &Curve| curve.points.iter().map(|point| point.rounds).min().unwrap_or(ROUNDS);
    let cut = curves.iter().map(|curve| (curve, fewest(curve))).filter(|(_, rounds)| *rounds < ROUNDS);
    let cut: Vec<String> = cut
        .map(|(curve, rounds)| format!("{} at batch {} in {rounds} or more", curve.shape, curve.batch))
        .collect();
    let mut notes = Vec::new();
    if !cut.is_empty() {
        let all =
            format!("Comparisons take {ROUNDS} rounds, but to stay within their time: {}.", cut.join(", "));
        notes.push(format!("{all} Fewer rounds make wider intervals."));
    }
    if threads > 1 {
        notes.push("The share of the limit is known for one thread: add --threads 1.".into());
    }
    let waits: Vec<f64> = points.filter_map(|point| point.waiting_share).collect();
    notes.extend(waiting_note((!waits.is_empty()).then(|| waits.iter().sum::<f64>() / waits.len() as f64)));
    notes
}

fn files(report: &BreakevenReport) -> Vec<NamedFile> {
    let mut files = pictures(&breakeven_figures(report));
    files.push(("report.html".into(), breakeven_html(report).into_bytes()));
    files
}

fn curve_row(curve: &Curve) -> CurveRow {
    let (verdict, lo, hi) = match curve.break_even {
        BreakEven::Between { lo, hi } => (BreakEvenVerdict::Between, lo, hi),
        BreakEven::Below(hi) => (BreakEvenVerdict::Below, 0.0, hi),
        BreakEven::Above(lo) => (BreakEvenVerdict::Above, lo, 1.0),
    };
    CurveRow {
        fan_in: curve.shape.fan_in,
        fan_out: curve.shape.fan_out,
        batch: curve.batch,
        break_even: BreakEvenRow { verdict, lo, hi },
        points: curve.points.iter().map(point_row).collect(),
    }
}

fn point_row(point: &Point) -> PointRow {
    PointRow {
        sparsity: point.sparsity,
        nnz: point.nnz,
        dense: side_row(&point.dense),
        sparse: side_row(&point.sparse),
        speedup: point.speedup.mid,
        speedup_lo: point.speedup.lo,
        speedup_hi: point.speedup.hi,
        rounds: point.rounds,
        max_abs_diff: point.max_abs_diff,
    }
}

fn side_row(side: &Side) -> SideRow {
    SideRow { median_ns: side.median_ns, plan: side.plan.to_string(), limit: limit_info(side.limit) }
}
