//! `prunella repro merge`.

use super::journal::{self, Content, Done};
use super::low_capacity::{Setup, report};
use crate::cli::args::{MachineArgs, OutputArgs};
use crate::cli::error::Failure;
use crate::cli::machine::Machine;
use crate::cli::output::Output;
use crate::study::low_capacity::{Job, Record, jobs};
use clap::Args;
use std::path::{Path, PathBuf};
use std::prelude::rust_2024::*;
use std::{format, fs};

/// Jobs that a message names before it only counts the others.
const NAMED: usize = 5;

const EXAMPLES: &str = "\
Examples:
  prunella repro merge shards/1 shards/2 shards/3 shards/4 --out low-capacity

Every journal*.jsonl of the directories is read. All must be of one study (same settings, data and build), and together have all
of its jobs; one that is there twice must be the same both times.";

/// Arguments of `prunella repro merge`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Merge {
    /// Directories that `prunella repro ... --shard` wrote to
    #[arg(value_name = "DIR", required = true)]
    directories: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Joins the journals, and reports.
pub(super) fn run(args: &Merge) -> Result<(), Failure> {
    let output = Output::new(&args.output)?;
    let mut paths = Vec::new();
    for directory in &args.directories {
        paths.extend(journals(directory)?);
    }
    let mut joined: Option<(PathBuf, Content<Setup, Record>)> = None;
    let mut machines = Vec::new();
    for path in paths {
        let next: Content<Setup, Record> = journal::read(&path)?;
        machines.push(next.header.machine.clone());
        match &mut joined {
            None => joined = Some((path, next)),
            Some((first, all)) => join(all, next, (first, &path))?,
        }
    }
    let Some((_, Content { header, done, .. })) = joined else {
        return Err(Failure::usage("nothing to merge: give the directories of the shards"));
    };
    let all = jobs(&header.settings.settings);
    check_complete(&all, &done)?;
    machines.sort();
    machines.dedup();
    let notes = [format!("Merged from journals of: {}.", machines.join("; "))].into();
    let machine = Machine::new(&MachineArgs { threads: None, isa: None })?;
    report(header.settings, &all, done, (machine.environment(), notes), output)
}

/// The journals of a directory, in the order of their names.
fn journals(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    const REMEDY: &str = "give a directory that `prunella repro low-capacity --out` wrote to";
    let fail = |error| Failure::at(directory.display(), format!("cannot be read: {error}; {REMEDY}"));
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("journal") && name.ends_with(".jsonl") {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(Failure::at(directory.display(), format!("there is no journal*.jsonl; {REMEDY}")));
    }
    Ok(found)
}

/// Adds the jobs of `next` to those of `all`.
fn join(
    all: &mut Content<Setup, Record>,
    next: Content<Setup, Record>,
    (first, path): (&Path, &Path),
) -> Result<(), Failure> {
    let differences = next.header.differences(&all.header);
    if !differences.is_empty() {
        let differences = differences.join("; ").replace(", here it is ", ", there it is ");
        let problem = format!("is of another study than {}: {differences}", first.display());
        return Err(Failure::at(path.display(), format!("{problem}; merge the shards of one study")));
    }
    for (key, records) in next.done {
        match all.done.get(&key) {
            Some(known) if *known != records => {
                let problem = format!("job {key} differs from that of an earlier journal");
                return Err(Failure::at(
                    path.display(),
                    format!("{problem}; leave out the one that is wrong"),
                ));
            }
            Some(_) => {}
            None => drop(all.done.insert(key, records)),
        }
    }
    Ok(())
}

/// Whether every job is there, and no other.
fn check_complete(jobs: &[Job], done: &Done<Record>) -> Result<(), Failure> {
    let missing: Vec<&str> = jobs.iter().map(Job::key).filter(|key| !done.contains_key(*key)).collect();
    if !missing.is_empty() {
        let named = missing.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = if missing.len() > NAMED { ", ..." } else { "" };
        let count = format!("{} of {} jobs are missing", missing.len(), jobs.len());
        return Err(Failure::at("merge", format!("{count}: {named}{more}; finish their shards first")));
    }
    match done.keys().find(|key| !jobs.iter().any(|job| job.key() == *key)) {
        Some(key) => {
            Err(Failure::at("merge", format!("job {key} is not of this study; leave its journal out")))
        }
        None => Ok(()),
    }
}
