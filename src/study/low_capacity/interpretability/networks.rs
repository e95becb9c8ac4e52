//! The networks that are compared.

use super::{Probe, Reference};
use crate::model::Model;
use crate::study::low_capacity::pruning::one_shot;
use crate::study::low_capacity::recipes::{Cell, Recipe, Training};
use crate::study::low_capacity::{Context, InterpretabilityRow, Reading, STEPS, StudyError, Task, initial};
use crate::train::Mlp;
use std::string::ToString;
use std::vec::Vec;

/// The seed of other initial weights.
const OTHER: u64 = 1 << 40;

/// The pruning levels, in percent, of the networks trained as published; and of those trained to convergence.
const LEVELS: [f64; 5] = [50.0, 80.0, 90.0, 95.0, 99.0];
/// Those of the recipe.
const RECIPE_LEVELS: [f64; 2] = [95.0, 99.0];
/// That of the controls.
const CONTROL: f64 = 95.0;

/// The rows of one task, width and seed, in two families, each compared with its dense network:
///
/// | network | what it is |
/// |---|---|
/// | `dense` | trained as published |
/// | `magnitude` | and pruned as published: by a hundredth of 95 %, by 50 to 99 % |
/// | `random` | and pruned by chance |
/// | `reinitialised` | other initial weights, not trained |
/// | `converged` | trained by mini-batches |
/// | `converged-recipe` | and pruned by [`Recipe::THOROUGH`], with the same updates |
/// | `converged-random` | and pruned by chance, and fine-tuned |
/// | `converged-again` | the same training from other initial weights |
pub(super) fn rows(
    task: &Task,
    hidden: usize,
    seed: u64,
    context: &Context<'_>,
) -> Result<Vec<InterpretabilityRow>, StudyError> {
    let mut rows = Vec::new();
    for networks in [published, converged] {
        let mut dense: Option<Reference<'_>> = None;
        for (name, level, model) in networks(task, hidden, seed, context)? {
            context.go_on()?;
            let network = Reference::new(Probe::new(&model)?, &task.validation);
            let mut found = network.alone();
            found.extend(dense.as_ref().map_or(Vec::new(), |dense| dense.beside(&network)));
            rows.extend(found.into_iter().map(|(measure, value)| InterpretabilityRow {
                pair: task.pair,
                hidden,
                seed,
                level,
                network: name.to_string(),
                measure: measure.to_string(),
                value,
            }));
            dense.get_or_insert(network);
        }
    }
    Ok(rows)
}

/// Networks, by name and level: the dense one first.
type Networks = Vec<(&'static str, f64, Model)>;

fn published(task: &Task, hidden: usize, seed: u64, context: &Context<'_>) -> Result<Networks, StudyError> {
    let cell = Cell::new(task, hidden, seed, *context);
    let course = cell.trained(Training::FullBatch, STEPS)?;
    let dense = course.network.to_model()?;
    let mut all = Vec::from([("dense", 0.0, dense.clone())]);
    let hundredth = 100.0 * Reading::Hundredth.share(CONTROL);
    all.push(("magnitude", hundredth, one_shot(&dense, CONTROL, Reading::Hundredth)?));
    for level in LEVELS {
        all.push(("magnitude", level, one_shot(&dense, level, Reading::Percent)?));
    }
    let random = cell.pruned_at_random(Recipe::PUBLISHED, &course, Reading::Percent.share(CONTROL))?;
    all.push(("random", CONTROL, random.to_model()?));
    let other = initial(task.train.features(), hidden, seed.wrapping_add(OTHER))?;
    all.push(("reinitialised", 0.0, other.to_model()?));
    Ok(all)
}

fn converged(task: &Task, hidden: usize, seed: u64, context: &Context<'_>) -> Result<Networks, StudyError> {
    let recipe = Recipe::THOROUGH;
    let dense = |seed: u64| -> Result<_, StudyError> {
        let cell = Cell::new(task, hidden, seed, *context);
        let course = cell.trained(recipe.training, recipe.passes)?;
        let network: Mlp = cell.rival(recipe.training, recipe.repair.passes(), &course)?;
        Ok((cell, course, network.to_model()?))
    };
    let (cell, course, model) = dense(seed)?;
    let mut all = Vec::from([("converged", 0.0, model)]);
    for level in RECIPE_LEVELS {
        let pruned = cell.pruned(recipe, &course, Reading::Percent.share(level))?;
        all.push(("converged-recipe", level, pruned.to_model()?));
    }
    let random = cell.pruned_at_random(recipe, &course, Reading::Percent.share(CONTROL))?;
    all.push(("converged-random", CONTROL, random.to_model()?));
    all.push(("converged-again", 0.0, dense(seed.wrapping_add(OTHER))?.2));
    Ok(all)
}
