//! The part of the study of low-capacity networks that measures time.

use super::{Pareto, Point, Recipe, Task, Timing, TrainingError, time, train};
use crate::study::low_capacity::{Context, Job, Pair, ParetoRow, Record, Settings, StudyError};
use std::string::ToString;
use std::{format, vec, vec::Vec};

/// The hardest pair of digits, the easiest, one between them, and all ten.
const PAIRS: [Pair; 3] = [Pair::ALL[4], Pair::ALL[0], Pair::ALL[3]];

/// A job for each task: its networks are trained, several at a time, and then measured on one thread. Trained ones are laid on the
/// shelf of the context, so that an interruption loses none but those under way.
pub fn jobs(settings: &Settings) -> Vec<Job> {
    let (quick, seed) = (settings.quick, settings.seeds(1)[0]);
    let of_pair = |pair: Pair| {
        let name = format!("pareto/{pair}/seed={seed}");
        Job::new(name, if quick { 10.0 } else { 45.0 }, move |context| {
            records(
                smaller(Task::pair(context.data, pair, seed)?, quick),
                &Recipe::of_pairs(seed),
                seed,
                context,
            )
        })
    };
    let of_all = Job::new(format!("pareto/all/seed={seed}"), 180.0, move |context| {
        records(Task::all_classes(context.data), &Recipe::of_all_classes(seed), seed, context)
    });
    let pairs = if quick { &PAIRS[..1] } else { &PAIRS };
    let all = pairs.iter().map(|&pair| of_pair(pair)).chain(if quick { None } else { Some(of_all) });
    all.map(Job::timed).collect()
}

/// The task as it is, or of a study that takes a minute in all.
fn smaller(task: Task, quick: bool) -> Task {
    if quick { Task { dense: vec![2, 4, 8, 16, 32, 64], pruned: vec![64], ..task } } else { task }
}

/// Trains, measures, and tells.
fn records(task: Task, recipe: &Recipe, seed: u64, context: &Context<'_>) -> Result<Vec<Record>, StudyError> {
    let kernels = context.compute.kernels;
    let machine = (kernels, context.compute.pool.threads());
    let goes_on = || !(context.is_interrupted)();
    let asking = (context.shelf, &goes_on as &(dyn Fn() -> bool + Sync));
    let networks = train(&task, &task.candidates(), recipe, machine, asking, &mut |_, _| {})?;
    context.go_on()?;
    let mut pareto = Pareto::default();
    let timing = Timing::new(kernels.isa(), seed);
    time(&task.name, &networks, &task.test.rows(), &timing, &mut pareto, &mut |_, _| {})
        .map_err(|error| StudyError::Other(error.to_string()))?;
    let noise = |point: &Point| {
        let floors = pareto.noise_floors.iter().find(|noise| noise.batch == point.batch);
        floors.map_or(1.0, |noise| noise.hi)
    };
    let examples = task.test.len();
    Ok(pareto.points.iter().map(|point| Record::Pareto(row(point, seed, (noise(point), examples)))).collect())
}

fn row(point: &Point, seed: u64, (noise, examples): (f64, usize)) -> ParetoRow {
    let Point { task, structure, plan, .. } = point.clone();
    ParetoRow {
        task,
        structure,
        sparsity: point.sparsity,
        hidden: point.hidden,
        seed,
        nnz: point.nnz,
        accuracy: point.accuracy,
        examples,
        f1: point.f1,
        batch: point.batch,
        plan,
        median_ns: point.median_ns,
        p90_ns: point.p90_ns,
        speedup: point.speedup,
        speedup_lo: point.speedup_lo,
        speedup_hi: point.speedup_hi,
        noise,
        max_abs_diff: point.max_abs_diff,
    }
}

impl From<TrainingError> for StudyError {
    fn from(error: TrainingError) -> StudyError {
        match error {
            TrainingError::Interrupted => StudyError::Interrupted,
            TrainingError::Prune(error) => StudyError::Prune(error),
            TrainingError::File(error) => StudyError::Other(error.to_string()),
        }
    }
}
