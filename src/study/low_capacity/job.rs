//! The study as a list of jobs, each of which can be done alone, anywhere, in any order.

use super::{Part, Record, Settings, figures, interpretability, networks, recipes};
use crate::dataset::{DataError, Split};
use crate::engine::{CompileError, RunError};
use crate::model::ModelError;
use crate::prune::PruneError;
use crate::study::pareto::{self, Shelf};
use crate::train::{Compute, TrainError};
use core::{error, fmt};
use std::boxed::Box;
use std::string::{String, ToString};
use std::vec::Vec;

/// A piece of the study: its records depend on nothing but its key, the settings, the data and the build. (Those of timed jobs
/// depend on the machine and its mood, too.)
pub struct Job {
    key: String,
    cost: f64,
    is_timed: bool,
    work: Box<Work>,
}

type Work = dyn Fn(&Context<'_>) -> Result<Vec<Record>, StudyError> + Send + Sync;

impl Job {
    /// A job known by `key`, unique in the study, such as `recipes/4-9/seed=42`; what stands before the first slash names the part.
    /// `cost` is about how long it takes, in seconds: the costliest are begun first, so that none is left over at the end.
    pub fn new(
        key: impl Into<String>,
        cost: f64,
        work: impl Fn(&Context<'_>) -> Result<Vec<Record>, StudyError> + Send + Sync + 'static,
    ) -> Job {
        Job { key: key.into(), cost, is_timed: false, work: Box::new(work) }
    }

    /// The same job as one that measures time: it runs when no other does, on all threads, and its records are never the same
    /// twice.
    pub fn timed(self) -> Job {
        Job { is_timed: true, ..self }
    }

    /// What it is known by.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// About how long it takes, in seconds.
    pub fn cost(&self) -> f64 {
        self.cost
    }

    /// Whether it measures time.
    pub fn is_timed(&self) -> bool {
        self.is_timed
    }

    /// Does it.
    ///
    /// # Errors
    /// If the data do not have what it needs, training fails, or it was interrupted.
    pub fn run(&self, context: &Context<'_>) -> Result<Vec<Record>, StudyError> {
        (self.work)(context)
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

/// What a job works with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// All digits.
    pub data: &'a Split,
    /// One thread for a job among others, all threads for one that measures time.
    pub compute: Compute<'a>,
    /// Where networks that took long to train are laid aside.
    pub shelf: &'a Shelf,
    /// Whether the study is to end before it is done.
    pub is_interrupted: &'a (dyn Fn() -> bool + Sync),
}

impl Context<'_> {
    /// To be asked now and then by a job that takes many seconds: `context.go_on()?`.
    ///
    /// # Errors
    /// [`StudyError::Interrupted`] if the user wants it to end.
    pub fn go_on(&self) -> Result<(), StudyError> {
        if (self.is_interrupted)() { Err(StudyError::Interrupted) } else { Ok(()) }
    }
}

/// All jobs of the parts that `settings` want, in the order of the report. Their records, in that order, are the results.
pub fn jobs(settings: &Settings) -> Vec<Job> {
    // One line each: the parts, and the function that lists their jobs, which is called if one of them is wanted.
    type List = fn(&Settings) -> Vec<Job>;
    let all: [(&[Part], List); 6] = [
        (&[Part::Rates], networks::rate_jobs),
        (&[Part::Capacity, Part::Pruning, Part::Robustness], networks::jobs),
        (&[Part::Pruning], figures::jobs),
        (&[Part::Recipes], recipes::jobs),
        (&[Part::Pareto], pareto::jobs),
        (&[Part::Interpretability], interpretability::jobs),
    ];
    let wanted = all.iter().filter(|(parts, _)| parts.iter().any(|part| settings.wants(*part)));
    wanted.flat_map(|(_, jobs)| jobs(settings)).collect()
}

/// Why a job has no records.
#[derive(Debug)]
pub enum StudyError {
    /// The data do not have what the study needs.
    Data(DataError),
    /// Training failed.
    Train(TrainError),
    /// Pruning failed.
    Prune(PruneError),
    /// The user wanted it to end.
    Interrupted,
    /// Something else: a whole sentence.
    Other(String),
}

impl fmt::Display for StudyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StudyError::Data(error) => error.fmt(f),
            StudyError::Train(error) => error.fmt(f),
            StudyError::Prune(error) => error.fmt(f),
            StudyError::Interrupted => f.write_str("interrupted"),
            StudyError::Other(message) => f.write_str(message),
        }
    }
}

impl error::Error for StudyError {}

impl From<DataError> for StudyError {
    fn from(error: DataError) -> StudyError {
        StudyError::Data(error)
    }
}

impl From<TrainError> for StudyError {
    fn from(error: TrainError) -> StudyError {
        StudyError::Train(error)
    }
}

impl From<PruneError> for StudyError {
    fn from(error: PruneError) -> StudyError {
        StudyError::Prune(error)
    }
}

impl From<ModelError> for StudyError {
    fn from(error: ModelError) -> StudyError {
        StudyError::Other(error.to_string())
    }
}

impl From<CompileError> for StudyError {
    fn from(error: CompileError) -> StudyError {
        StudyError::Other(error.to_string())
    }
}

impl From<RunError> for StudyError {
    fn from(error: RunError) -> StudyError {
        StudyError::Other(error.to_string())
    }
}
