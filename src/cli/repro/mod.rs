//! `prunella repro`: published studies, done again.

mod low_capacity;

use super::error::Failure;
use clap::Subcommand;
use std::format;

/// The studies, one line each.
#[derive(Subcommand)]
pub(super) enum Repro {
    /// Low-capacity networks (arXiv 2507.16278): how small, how far pruned, and what it is worth
    LowCapacity(low_capacity::LowCapacity),
}

/// Does a study again.
pub(super) fn repro(verb: &Repro) -> Result<(), Failure> {
    match verb {
        Repro::LowCapacity(args) => low_capacity::run(args),
    }
}
