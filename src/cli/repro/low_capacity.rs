//! `prunella repro low-capacity`.

use crate::cli::args::{DataArgs, MachineArgs, OutputArgs, at_least_one};
use crate::cli::error::Failure;
use crate::study::low_capacity::Part;
use clap::Args;
use std::prelude::rust_2024::*;

/// Arguments of `prunella repro low-capacity`.
#[derive(Args)]
pub(in crate::cli) struct LowCapacity {
    #[command(flatten)]
    data: DataArgs,
    /// Only these parts of the study
    #[arg(long, value_enum, value_name = "LIST", value_delimiter = ',', hide_possible_values = true)]
    only: Vec<Part>,
    /// Seeds of everything [default: the study's three; ten where small differences decide]
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    seeds: Option<usize>,
    /// A version of about a minute
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Does all jobs, and reports.
pub(super) fn run(_args: &LowCapacity) -> Result<(), Failure> {
    Ok(())
}
