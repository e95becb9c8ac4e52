//! Which recipe is enough, by pair, width and level.

use super::Recipe;
use crate::study::low_capacity::{Pair, PruningRow, Reading, Spread};
use std::string::String;
use std::vec::Vec;

/// How much of its mean F1, in percent, a pruned network may lose against a dense one given the same updates.
pub const TOLERANCE: f64 = 0.5;

/// What a recipe does at a level, over all seeds. Changes are those of F1 against the dense network given the same updates, seed by
/// seed, in percent of the dense network's F1.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct RecipeSummary {
    /// The digits.
    pub pair: Pair,
    /// Hidden units.
    pub hidden: usize,
    /// The share of all weights that is removed, in percent.
    pub level: f64,
    /// Its name.
    pub recipe: String,
    /// Passes over the training images in all.
    pub passes: usize,
    /// See [`Recipe::mechanisms`].
    pub mechanisms: usize,
    /// How many seeds there are.
    pub seeds: usize,
    /// The mean change on the validation examples, which a recipe is chosen by.
    pub validation_change: f64,
    /// Its 95 % interval.
    pub validation_interval: [f64; 2],
    /// The mean change on the test images, which no choice has seen.
    pub test_change: f64,
    /// Its 95 % interval.
    pub test_interval: [f64; 2],
    /// The dense network's mean F1 on the test images.
    pub dense_test_f1: f64,
}

impl RecipeSummary {
    /// Whether the whole interval of the change on the validation examples lies above -[`TOLERANCE`].
    pub fn is_enough(&self) -> bool {
        self.validation_interval[0] > -TOLERANCE
    }

    /// Whether the mean F1 on the test images is within [`TOLERANCE`] of the dense network's.
    pub fn keeps(&self) -> bool {
        self.test_change >= -TOLERANCE
    }

    fn order(&self) -> (usize, usize) {
        (self.passes, self.mechanisms)
    }
}

/// The smallest recipe that is enough for a pair, a width and a level: that of the fewest passes, then of the fewest mechanisms, then
/// the one that loses least on the validation examples.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Smallest {
    /// Whether there is one; if not, `recipe` is the one that loses least on the validation examples.
    pub is_enough: bool,
    /// What it does.
    pub recipe: RecipeSummary,
}

/// What each recipe does: one row for each pair, width, recipe and level, in the order of `rows`. Rows of other parts of the study
/// are passed over.
pub fn table(rows: &[PruningRow]) -> Vec<RecipeSummary> {
    let is_unstructured =
        |row: &&PruningRow| row.structure == "unstructured" && row.reading == Reading::Percent;
    let recipes = Recipe::all();
    let mut table: Vec<RecipeSummary> = Vec::new();
    for recipe in recipes {
        let name = recipe.name();
        let own: Vec<&PruningRow> =
            rows.iter().filter(is_unstructured).filter(|row| row.recipe == name).collect();
        for row in own.iter().filter(|row| row.level > 0.0) {
            let is_same =
                |of: &RecipeSummary| (of.pair, of.hidden, of.level) == (row.pair, row.hidden, row.level);
            if !table.iter().rev().take_while(|of| of.recipe == name).any(is_same) {
                table.extend(summary(recipe, row, &own));
            }
        }
    }
    table
}

/// Of the rows `own` of `recipe`, those with the pair, width and level of `like`.
fn summary(recipe: Recipe, like: &PruningRow, own: &[&PruningRow]) -> Option<RecipeSummary> {
    let at = |level: f64| {
        own.iter().filter(move |row| (row.pair, row.hidden, row.level) == (like.pair, like.hidden, level))
    };
    // Of each seed, the dense network and the pruned one.
    let pairs: Vec<(&PruningRow, &PruningRow)> = at(like.level)
        .filter_map(|row| Some((*at(0.0).find(|dense| dense.seed == row.seed)?, *row)))
        .collect();
    let changes = |f1: fn(&PruningRow) -> f64| {
        let change = |(dense, row): &(&PruningRow, &PruningRow)| 100.0 * (f1(row) / f1(dense) - 1.0);
        Spread::of(&pairs.iter().map(change).collect::<Vec<_>>())
    };
    let (validation, test) = (changes(|row| row.f1)?, changes(|row| row.test_f1)?);
    Some(RecipeSummary {
        pair: like.pair,
        hidden: like.hidden,
        level: like.level,
        recipe: recipe.name(),
        passes: recipe.cost(),
        mechanisms: recipe.mechanisms(),
        seeds: validation.seeds,
        validation_change: validation.mean,
        validation_interval: validation.interval,
        test_change: test.mean,
        test_interval: test.interval,
        dense_test_f1: pairs.iter().map(|(dense, _)| dense.test_f1).sum::<f64>() / pairs.len() as f64,
    })
}

/// For each pair and width of `table` the smallest recipe that is enough at `level`.
pub fn smallest(table: &[RecipeSummary], level: f64) -> Vec<Smallest> {
    let mut all: Vec<Smallest> = Vec::new();
    for row in table.iter().filter(|row| row.level == level) {
        if all.iter().any(|of| (of.recipe.pair, of.recipe.hidden) == (row.pair, row.hidden)) {
            continue;
        }
        let tried =
            || table.iter().filter(|of| (of.pair, of.hidden, of.level) == (row.pair, row.hidden, level));
        // The one that loses least comes first.
        let loss =
            |a: &&RecipeSummary, b: &&RecipeSummary| b.validation_change.total_cmp(&a.validation_change);
        let enough =
            tried().filter(|of| of.is_enough()).min_by(|a, b| a.order().cmp(&b.order()).then(loss(a, b)));
        let Some(recipe) = enough.or_else(|| tried().min_by(loss)) else { continue };
        all.push(Smallest { is_enough: enough.is_some(), recipe: recipe.clone() });
    }
    all.sort_by_key(|of| (of.recipe.hidden, Pair::ALL.iter().position(|pair| *pair == of.recipe.pair)));
    all
}

/// The smallest recipe that is enough at `level` for all pairs and widths of `table` at once: its rows, none if there is no such
/// recipe.
pub fn smallest_for_all(table: &[RecipeSummary], level: f64) -> Vec<RecipeSummary> {
    let cells = smallest(table, level).len();
    let rows = |recipe: &Recipe| -> Vec<RecipeSummary> {
        let name = recipe.name();
        table.iter().filter(|row| row.level == level && row.recipe == name).cloned().collect()
    };
    let is_enough = |recipe: &Recipe| {
        let rows = rows(recipe);
        // Tried for some of them alone, it is not one for all.
        !rows.is_empty() && rows.len() == cells && rows.iter().all(RecipeSummary::is_enough)
    };
    let least = Recipe::all().into_iter().filter(is_enough).min_by_key(|recipe| recipe.order());
    least.map_or(Vec::new(), |recipe| rows(&recipe))
}
