//! The networks of the study: trained once, for the capacity figure, pruning and robustness together.

use super::score::Examples;
use super::{
    CapacityRow, Context, Job, Pair, Part, RATE, RATES, RateRow, Record, Settings, StudyError, Task, Trained,
    WIDTHS, corruption, pruning, train,
};
use std::{format, vec::Vec};

/// Seeds of the capacity figure and of the grid of rates: the study's own.
const SEEDS: usize = 3;

/// The pair of the experiments that the study does on one pair: the hardest.
pub const HARDEST: Pair = Pair::ALL[4];

/// The widths of pruning where it has more seeds than the capacity figure.
const PRUNED_WIDTHS: [usize; 2] = [24, 64];

/// What is to be done with the networks of a pair and a seed.
#[derive(Clone)]
struct Plan {
    pair: Pair,
    seed: u64,
    /// Hidden widths, ascending.
    widths: Vec<usize>,
    capacity: bool,
    pruning: bool,
    robustness: bool,
}

/// One job for each pair and seed.
pub(super) fn jobs(settings: &Settings) -> Vec<Job> {
    let figure = settings.seeds(SEEDS);
    let many = settings.many_seeds();
    let plan = |pair, seed| {
        let in_figure = figure.contains(&seed);
        let capacity = in_figure && settings.wants(Part::Capacity);
        let pruning = settings.wants(Part::Pruning);
        let robustness = settings.wants(Part::Robustness) && pair == HARDEST;
        let is_used = |width: &usize| {
            capacity
                || pruning && (in_figure || PRUNED_WIDTHS.contains(width))
                || robustness && corruption::WIDTHS.contains(width)
        };
        let widths: Vec<usize> = WIDTHS.into_iter().filter(is_used).collect();
        (!widths.is_empty()).then_some(Plan { pair, seed, widths, capacity, pruning, robustness })
    };
    let plans = Pair::ALL.into_iter().flat_map(|pair| many.iter().filter_map(move |seed| plan(pair, *seed)));
    let job = |plan: Plan| {
        let key = format!("networks/{}/seed={}", plan.pair, plan.seed);
        Job::new(key, seconds(&plan.widths), move |context| plan.run(context))
    };
    plans.map(job).collect()
}

/// One job for each rate and seed.
pub(super) fn rate_jobs(settings: &Settings) -> Vec<Job> {
    let seeds = settings.seeds(SEEDS);
    let all = RATES.into_iter().flat_map(|rate| seeds.iter().map(move |seed| (rate, *seed)));
    let job = |(rate, seed): (f64, u64)| {
        let key = format!("rates/{HARDEST}/rate={rate}/seed={seed}");
        Job::new(key, seconds(&WIDTHS), move |context| run_rate(rate, seed, context))
    };
    all.map(job).collect()
}

/// About how long it takes to train networks of `widths`.
fn seconds(widths: &[usize]) -> f64 {
    0.006 * widths.iter().sum::<usize>() as f64
}

impl Plan {
    fn run(&self, context: &Context<'_>) -> Result<Vec<Record>, StudyError> {
        let task = Task::new(context.data, self.pair, self.seed)?;
        let networks = train(&task, &self.widths, RATE, self.seed, context)?;
        let (validation, test) = (Examples::new(&task.validation), Examples::new(&task.test));
        let corrupted = match self.robustness {
            true => corruption::corrupted(&task.validation, self.seed)?,
            false => Vec::new(),
        };
        let what = (self.pair, self.seed);
        let mut records = Vec::new();
        for network in &networks {
            context.go_on()?;
            if self.capacity {
                records.push(capacity(network, what, (&validation, &test), context)?);
            }
            if self.pruning {
                records.extend(pruning::records(network, what, (&validation, &test), context)?);
            }
            if corruption::WIDTHS.contains(&network.hidden) {
                records.extend(corruption::records(network, what, &corrupted, context)?);
            }
        }
        Ok(records)
    }
}

fn capacity(
    network: &Trained,
    (pair, seed): (Pair, u64),
    (validation, test): (&Examples, &Examples),
    context: &Context<'_>,
) -> Result<Record, StudyError> {
    let (best_epoch, best_f1) = network.best();
    Ok(Record::Capacity(CapacityRow {
        pair,
        hidden: network.hidden,
        seed,
        best_f1,
        best_epoch,
        final_f1: network.last(),
        validation_f1: validation.score(&network.model, context)?.f1,
        test_f1: test.score(&network.model, context)?.f1,
    }))
}

fn run_rate(rate: f64, seed: u64, context: &Context<'_>) -> Result<Vec<Record>, StudyError> {
    let task = Task::new(context.data, HARDEST, seed)?;
    let validation = Examples::new(&task.validation);
    let record = |network: &Trained| {
        Ok(Record::Rate(RateRow {
            pair: HARDEST,
            hidden: network.hidden,
            seed,
            rate,
            best_f1: network.best().1,
            final_f1: network.last(),
            validation_f1: validation.score(&network.model, context)?.f1,
        }))
    };
    train(&task, &WIDTHS, rate, seed, context)?.iter().map(record).collect()
}
