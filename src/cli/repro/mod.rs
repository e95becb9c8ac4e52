//! `prunella repro`: published studies, done again.

mod journal;
mod low_capacity;
mod merge;
mod prototypes;
mod work;

use super::error::Failure;
use clap::Subcommand;
use std::format;

/// The studies, one line each.
#[derive(Subcommand)]
pub(super) enum Repro {
    /// Low-capacity networks (arXiv 2507.16278): how small, how far pruned, and what it is worth
    LowCapacity(low_capacity::LowCapacity),
    /// Prototypes in Gaussian networks (arXiv 2605.25939): can the data be read back from the weights?
    Prototypes(prototypes::Prototypes),
    /// Join the shards of a study, and report
    Merge(merge::Merge),
}

/// Does a study again.
pub(super) fn repro(verb: &Repro) -> Result<(), Failure> {
    match verb {
        Repro::LowCapacity(args) => low_capacity::run(args),
        Repro::Prototypes(args) => prototypes::run(args),
        Repro::Merge(args) => merge::run(args),
    }
}
