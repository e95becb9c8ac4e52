//! `prunella info`.

use super::args::{MachineArgs, OutputArgs};
use super::error::Failure;
use super::machine::Machine;
use super::output::Output;
use super::probe::{bandwidth, fma_peaks};
use super::progress::Progress;
use crate::report::{InfoReport, Schema};
use clap::Args;
use std::prelude::rust_2024::*;

const EXAMPLES: &str = "\
Examples:
  prunella info
  prunella info --measure --format json";

/// Arguments of `prunella info`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Info {
    /// Measure arithmetic (GFLOP/s, each instruction set) and reading memory (GB/s, each level), on one thread
    #[arg(long)]
    measure: bool,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Describes the machine and the build.
pub(super) fn info(args: &Info) -> Result<(), Failure> {
    let machine = Machine::new(&args.machine)?;
    let output = Output::new(&args.output)?;
    let environment = machine.environment();
    let progress = Progress::new(args.output.quiet);
    let (peaks, bandwidth) = match args.measure {
        true => (fma_peaks(progress), bandwidth(&environment, machine.isa, progress)),
        false => (Vec::new(), Vec::new()),
    };
    let report = InfoReport { schema: Schema::Info, environment, peaks, bandwidth };
    output.write(&report, Vec::new())
}
