//! Doing the jobs of the low-capacity study: in any order, on all threads, each kept as soon as it is done.

use super::journal::{Done, Journal};
use crate::cli::error::Failure;
use crate::cli::interrupt::Interrupt;
use crate::cli::machine::Machine;
use crate::cli::progress::Progress;
use crate::dataset::Split;
use crate::study;
use crate::study::low_capacity::{Context, Job, Record, StudyError};
use crate::study::pareto::Shelf;
use core::sync::atomic::{AtomicBool, Ordering};
use indicatif::ProgressBar;
use prunella_kernels::{Kernels, Pool};
use std::format;
use std::prelude::rust_2024::*;

/// Where and on what the jobs are done.
pub(super) struct Work<'a> {
    pub(super) data: &'a Split,
    pub(super) machine: &'a Machine,
    pub(super) progress: Progress,
    /// Where networks that took long to train are laid aside; empty again when all is done.
    pub(super) shelf: Shelf,
    /// Where what is done is kept, and what may interrupt it.
    pub(super) keeping: Option<(Journal, Interrupt)>,
}

/// What becomes of the jobs that are done.
struct Desk<'a> {
    bar: &'a ProgressBar,
    journal: Option<&'a mut Journal>,
    done: &'a mut Done<Record>,
    failure: Option<Failure>,
    has_failed: &'a AtomicBool,
}

impl Work<'_> {
    /// Does those of `jobs` that are not in `done`, which afterwards has all of them.
    pub(super) fn perform(&mut self, jobs: &[&Job], done: &mut Done<Record>) -> Result<(), Failure> {
        let todo = jobs.iter().copied().filter(|job| !done.contains_key(job.key()));
        let (timed, computing): (Vec<&Job>, Vec<&Job>) = todo.partition(|job| job.is_timed());
        let before = jobs.len() - timed.len() - computing.len();
        if before > 0 {
            self.progress.remark(format!("{before} of {} jobs were done already.", jobs.len()));
        }
        let milliseconds = |jobs: &[&Job]| (1e3 * jobs.iter().map(|job| job.cost()).sum::<f64>()) as usize;
        let bar = self.progress.bar("low-capacity", milliseconds(&timed) + milliseconds(&computing));
        // What is timed has the machine for itself.
        for batch in [&computing, &timed] {
            if let Err(failure) = self.batch(batch, &bar, done) {
                bar.finish_and_clear();
                return Err(failure);
            }
            let are_all_done = batch.iter().all(|job| done.contains_key(job.key()));
            if !are_all_done {
                bar.finish_and_clear();
                return Err(self.interrupted(jobs, done));
            }
        }
        bar.finish_and_clear();
        self.shelf.clear();
        Ok(())
    }

    /// Does `jobs`, all of one kind, unless interrupted.
    fn batch(&mut self, jobs: &[&Job], bar: &ProgressBar, done: &mut Done<Record>) -> Result<(), Failure> {
        let (journal, interrupt) = match &mut self.keeping {
            Some((journal, interrupt)) => (Some(journal), Some(&*interrupt)),
            None => (None, None),
        };
        let is_interrupted = || interrupt.is_some_and(Interrupt::is_pressed);
        let is_timed = jobs.first().is_some_and(|job| job.is_timed());
        let single = Pool::single();
        let kernels = Kernels::new(self.machine.isa);
        let context = Context {
            data: self.data,
            compute: match is_timed {
                true => self.machine.compute(),
                false => crate::train::Compute { kernels, pool: &single },
            },
            shelf: &self.shelf,
            is_interrupted: &is_interrupted,
        };
        let threads = if is_timed { core::num::NonZeroUsize::MIN } else { self.machine.pool.threads() };
        let has_failed = AtomicBool::new(false);
        let mut desk = Desk { bar, journal, done, failure: None, has_failed: &has_failed };
        study::jobs::run(
            jobs,
            threads,
            |job| job.cost(),
            || !is_interrupted() && !has_failed.load(Ordering::Relaxed),
            |job| job.run(&context),
            &mut |index, result| desk.take(jobs[index], result),
        );
        desk.failure.map_or(Ok(()), Err)
    }

    /// What whoever interrupted should know.
    fn interrupted(&self, jobs: &[&Job], done: &Done<Record>) -> Failure {
        let all = jobs.len();
        let whole = jobs.iter().filter(|job| done.contains_key(job.key())).count();
        let way_on = match &self.keeping {
            Some(_) => "the same command goes on from there",
            None => "nothing was saved; with --out DIR it could have gone on from there",
        };
        Failure::interrupted(format!("Interrupted when {whole} of {all} jobs were done: {way_on}."))
    }
}

impl Desk<'_> {
    fn take(&mut self, job: &Job, result: &Result<Vec<Record>, StudyError>) {
        self.bar.inc((1e3 * job.cost()) as u64);
        self.bar.set_message(job.key().to_string());
        let kept = match result {
            Ok(records) => self.keep(job, records),
            Err(StudyError::Interrupted) => return,
            Err(error) => Err(Failure::at(job.key(), error)),
        };
        if let Err(failure) = kept {
            self.has_failed.store(true, Ordering::Relaxed);
            self.failure.get_or_insert(failure);
        }
    }

    fn keep(&mut self, job: &Job, records: &[Record]) -> Result<(), Failure> {
        if let Some(journal) = &mut self.journal {
            journal.add(job.key(), records)?;
        }
        self.done.insert(job.key().into(), records.to_vec());
        Ok(())
    }
}
