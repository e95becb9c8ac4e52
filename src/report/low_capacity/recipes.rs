//! What it takes to keep F1.

use super::super::figures::Figure;
use super::super::grid::Grid;
use super::super::number::{NONE, plural, short_percent};
use super::super::plot::{Cell, HeatMap, Scale};
use super::super::study::{Block, Section};
use super::LowCapacityReport;
use super::spreads::distinct;
use crate::study::low_capacity::Pair;
use crate::study::low_capacity::recipes::{
    LEVELS, RecipeSummary, Smallest, TOLERANCE, smallest, smallest_for_all, table,
};
use std::{format, string::String, string::ToString, vec::Vec};

/// Losses beyond this many percent all have the darkest colour: what is near to nothing shall be told apart.
const WORST: f64 = 5.0;

const NAMES: &str = "A recipe's name says how the network was trained (gd-100: as published, 100 full-batch steps; adam-5: mini-batches, 5 \
    passes), which weights go (every-layer: the smallest of each layer, as published; together: of all layers; first-layer: of the \
    first alone; by-input: those that matter least to what comes in), and what follows (nothing; so many passes of fine-tuning; \
    gradual, as the weights go; or after a rewind). Enough: the \
    whole interval on the validation examples, by which recipes were chosen, is above -0.5 %. Kept: the mean on the test images is.";

/// The recipe tables.
pub(super) fn recipes(report: &LowCapacityReport) -> Option<Section> {
    let table = table_of(report);
    table.first()?;
    let mut blocks: Vec<Block> = [Block::Text(NAMES.to_string())].into();
    let answers: Vec<String> = LEVELS.iter().filter_map(|&level| answer(&table, level)).collect();
    for level in LEVELS {
        let chosen = smallest(&table, level);
        if !chosen.is_empty() {
            let title = format!(
                "{level} % removed: the smallest recipe that is enough, change of F1 in percent (95 % interval)"
            );
            blocks.push(Block::Table(title, smallest_table(&chosen)));
        }
        let one = smallest_for_all(&table, level);
        if let Some(RecipeSummary { recipe, .. }) = one.first() {
            let title = format!("{level} % removed: the smallest that is enough for all, {recipe}");
            let one: Vec<Smallest> =
                one.iter().map(|row| Smallest { is_enough: true, recipe: row.clone() }).collect();
            blocks.push(Block::Table(title, smallest_table(&one)));
        }
    }
    let widths = distinct(table.iter().map(|row| row.hidden));
    let cells = LEVELS.iter().flat_map(|&level| widths.iter().map(move |&hidden| (level, hidden)));
    let maps: Vec<Figure> = cells.filter_map(|(level, hidden)| heat(&table, level, hidden)).collect();
    blocks.push(Block::Figures(maps));
    blocks.push(Block::Folded(format!("Every recipe: {} rows", table.len()), every(&table)));
    Some(Section { id: "recipes", title: "What does it take to keep F1?", answer: answers.join(" "), blocks })
}

/// `-0.12 (-0.30 to 0.05)`.
fn change(mean: f64, [lo, hi]: [f64; 2]) -> String {
    format!("{mean:+.2} ({lo:+.2} to {hi:+.2})")
}

/// What the recipes that were tried do.
pub(super) fn table_of(report: &LowCapacityReport) -> Vec<RecipeSummary> {
    table(&report.findings.pruning)
}

/// What it takes at `level`, in a sentence.
pub(super) fn answer(table: &[RecipeSummary], level: f64) -> Option<String> {
    let chosen = smallest(table, level);
    let all = plural(chosen.len(), "pair and width", "pairs and widths");
    let each = chosen.iter().filter(|of| of.recipe.keeps()).count();
    let goal =
        format!("mean F1 on the test images within {TOLERANCE} % of a dense network's with the same updates");
    let one = smallest_for_all(table, level);
    let kept = one.iter().filter(|row| row.keeps()).count();
    let text = match one.first() {
        Some(RecipeSummary { recipe, passes, .. }) => format!(
            "At a true {level} % one recipe is enough for all, {recipe}, {passes} passes over the training images: it keeps the {goal} for \
             {kept} of {all}; the smallest recipe of each alone does for {each}."
        ),
        None => format!(
            "At a true {level} % no recipe tried is enough for all; the best of each alone keeps the {goal} for {each} of {all}."
        ),
    };
    (!chosen.is_empty()).then_some(text)
}

/// The smallest recipes at all levels, and the one for all.
pub(super) fn terminal_table(table: &[RecipeSummary]) -> Grid {
    let mut grid = Grid::new(["removed", "pair, h", "recipe", "passes", "test F1 (95 % interval)", "kept"]);
    for level in LEVELS {
        let removed = short_percent(level / 100.0);
        let chosen = smallest(table, level);
        for Smallest { recipe, is_enough } in &chosen {
            let kept = if recipe.keeps() { "yes" } else { "no" };
            let kept = if *is_enough { kept.to_string() } else { format!("{kept}, best tried") };
            let cell = format!("{}, {}", recipe.pair, recipe.hidden);
            let change = change(recipe.test_change, recipe.test_interval);
            grid.push(
                [removed.clone(), cell, recipe.recipe.clone(), recipe.passes.to_string(), change, kept]
                    .into(),
            );
        }
        let one = smallest_for_all(table, level);
        let worst = one.iter().min_by(|a, b| a.test_change.total_cmp(&b.test_change));
        if let Some(worst) = worst {
            let kept = format!("{} of {}", one.iter().filter(|row| row.keeps()).count(), one.len());
            let change = change(worst.test_change, worst.test_interval);
            grid.push(
                [
                    removed,
                    "all: the worst".into(),
                    worst.recipe.clone(),
                    worst.passes.to_string(),
                    change,
                    kept,
                ]
                .into(),
            );
        } else if !chosen.is_empty() {
            grid.push([removed, "all".into(), "none of those tried".into()].into());
        }
    }
    grid
}

fn smallest_table(chosen: &[Smallest]) -> Grid {
    let mut grid = Grid::new(["pair, h", "recipe", "passes", "validation", "test", "enough, kept"]);
    for Smallest { is_enough, recipe } in chosen {
        let yes = |is: bool| if is { "yes" } else { "no" };
        grid.push(
            [
                format!("{}, {}", recipe.pair, recipe.hidden),
                recipe.recipe.clone(),
                recipe.passes.to_string(),
                change(recipe.validation_change, recipe.validation_interval),
                change(recipe.test_change, recipe.test_interval),
                format!("{}, {}", yes(*is_enough), yes(recipe.keeps())),
            ]
            .into(),
        );
    }
    grid
}

fn every(table: &[RecipeSummary]) -> Grid {
    let mut grid =
        Grid::new(["recipe", "pair, h", "level", "passes", "seeds", "validation", "test", "dense F1"]);
    for row in table {
        grid.push(
            [
                row.recipe.clone(),
                format!("{}, {}", row.pair, row.hidden),
                short_percent(row.level / 100.0),
                row.passes.to_string(),
                row.seeds.to_string(),
                change(row.validation_change, row.validation_interval),
                change(row.test_change, row.test_interval),
                format!("{:.4}", row.dense_test_f1),
            ]
            .into(),
        );
    }
    grid
}

/// Recipe by pair, in the order of what they cost.
fn heat(table: &[RecipeSummary], level: f64, hidden: usize) -> Option<Figure> {
    let rows: Vec<&RecipeSummary> =
        table.iter().filter(|row| (row.level, row.hidden) == (level, hidden)).collect();
    rows.first()?;
    let mut recipes = distinct(rows.iter().map(|row| (row.passes, row.mechanisms, row.recipe.as_str())));
    recipes.sort_unstable();
    let pairs: Vec<Pair> =
        Pair::ALL.into_iter().filter(|pair| rows.iter().any(|row| row.pair == *pair)).collect();
    let cell = |recipe: &str, pair: &Pair| {
        let row = rows.iter().find(|row| (row.recipe.as_str(), row.pair) == (recipe, *pair));
        Cell {
            value: row.map_or(f64::NAN, |row| (-row.test_change).clamp(0.0, WORST)),
            text: row.map_or(NONE.to_string(), |row| short(row.test_change)),
            hover: row.map_or(String::new(), |row| {
                format!(
                    "{recipe}, {pair}: {} % over {} seeds",
                    change(row.test_change, row.test_interval),
                    row.seeds
                )
            }),
        }
    };
    let map = HeatMap {
        title: format!("Change of F1 by recipe and pair, h = {hidden}, {level} % removed"),
        unit: format!("h = {hidden}, {level} % removed: change of test F1, %"),
        scale: Scale::Linear,
        columns: ("pair".into(), pairs.iter().map(Pair::to_string).collect()),
        rows: recipes
            .iter()
            .map(|(.., recipe)| (recipe.to_string(), pairs.iter().map(|pair| cell(recipe, pair)).collect()))
            .collect(),
    };
    Some(Figure {
        stem: format!("recipes-{level}-{hidden}"),
        caption: format!(
            "Mean change of F1 on the test images, in percent of that of a dense network given the same updates, h = {hidden}, {level} % \
             of the weights removed; fewest passes first"
        ),
        plot: map.into(),
    })
}

fn short(change: f64) -> String {
    if change.abs() < 9.95 { format!("{change:+.1}") } else { format!("{change:+.0}") }
}
