//! What it takes to keep F1 when 95 % of the weights really go.
//!
//! The study prunes a network that has hardly converged, each layer by itself, at once, and leaves it at that. Each of these can be
//! changed: see [`Recipe`]. Every pruned network is compared with a dense one given the same updates, by the same examples in the
//! same order. A recipe is chosen by the validation examples and judged by the test images.

mod cell;
mod claims;
mod recipe;
mod table;

pub use cell::{Cell, Course};
pub use claims::{LEVELS, claims};
pub use recipe::{BATCH, Choice, Recipe, Repair, Training};
pub use table::{RecipeSummary, Smallest, TOLERANCE, smallest, smallest_for_all, table};

use super::{Job, Pair, Record, Settings, Task};
use std::{format, vec::Vec};

/// Seeds, unless told otherwise.
const SEEDS: usize = 5;

/// Hidden units.
const WIDTHS: [usize; 2] = [24, 64];

/// One job for each pair, width and seed; the quick version has two seeds of the easiest and of the hardest pair, at the lesser
/// width.
pub(super) fn jobs(settings: &Settings) -> Vec<Job> {
    let (pairs, widths, seeds) = match settings.quick {
        true => (&[Pair::ALL[0], Pair::ALL[4]][..], &WIDTHS[..1], 2),
        false => (&Pair::ALL[..], &WIDTHS[..], SEEDS),
    };
    let seeds = settings.seeds(seeds);
    let cells = pairs.iter().flat_map(|pair| widths.iter().map(move |hidden| (*pair, *hidden)));
    let cells = cells.flat_map(|(pair, hidden)| seeds.iter().map(move |seed| (pair, hidden, *seed)));
    let job = |(pair, hidden, seed): (Pair, usize, u64)| {
        let key = format!("recipes/{pair}/h={hidden}/seed={seed}");
        Job::new(key, SECONDS + hidden as f64 * SECONDS_PER_UNIT, move |context| {
            let task = Task::new(context.data, pair, seed)?;
            let rows = Cell::new(&task, hidden, seed, *context).rows(&Recipe::all())?;
            Ok(rows.into_iter().map(Record::Pruning).collect())
        })
    };
    cells.map(job).collect()
}

/// What a job takes, about.
const SECONDS: f64 = 2.1;
/// And for each hidden unit.
const SECONDS_PER_UNIT: f64 = 0.045;
