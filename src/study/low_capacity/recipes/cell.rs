//! One network, trained and pruned by every recipe.

use super::{Choice, Recipe, Repair, Training};
use crate::dataset::{Dataset, SCALE};
use crate::prune::{self, PruneOptions, Schedule, Scope};
use crate::study::low_capacity::score::{Examples, Score};
use crate::study::low_capacity::{Context, PruningRow, Reading, StudyError, Task, initial};
use crate::train::{Mlp, Trainer};
use std::{vec, vec::Vec};

/// The order of the examples in a repair is another than before.
const REPAIR: u64 = 1 << 32;

/// A task, a width and a seed: what all recipes have in common.
pub struct Cell<'a> {
    task: &'a Task,
    hidden: usize,
    seed: u64,
    context: Context<'a>,
    validation: Examples,
    test: Examples,
    /// `[features]`: the root mean square of each pixel over the training images.
    strengths: Vec<f32>,
}

/// A network that has learnt, and what it was after a tenth of the steps.
#[derive(Debug, Clone)]
pub struct Course {
    /// Before learning was over.
    pub early: Mlp,
    /// Afterwards.
    pub network: Mlp,
}

/// What a network makes of the examples that it did not learn from.
#[derive(Debug, Clone, Copy)]
struct Scores {
    validation: Score,
    test: Score,
    nnz: usize,
}

impl<'a> Cell<'a> {
    /// The networks with `hidden` units that learn `task`, drawn from `seed`.
    pub fn new(task: &'a Task, hidden: usize, seed: u64, context: Context<'a>) -> Cell<'a> {
        let [validation, test] = [&task.validation, &task.test].map(Examples::new);
        Cell { task, hidden, seed, context, validation, test, strengths: strengths(&task.train) }
    }

    /// The dense network after `passes` passes.
    ///
    /// # Errors
    /// If training fails.
    pub fn trained(&self, training: Training, passes: usize) -> Result<Course, StudyError> {
        let mut network = initial(self.task.train.features(), self.hidden, self.seed)?;
        let mut early = network.clone();
        self.train(&mut network, (training, passes), self.seed, |trainer, step| {
            if step == trainer.steps().div_ceil(10) {
                early = trainer.network().clone();
            }
            Ok(())
        })?;
        Ok(Course { early, network })
    }

    /// The dense network given as many updates as one that is repaired, by the same examples in the same order.
    ///
    /// # Errors
    /// If training fails.
    pub fn rival(&self, training: Training, passes: usize, from: &Course) -> Result<Mlp, StudyError> {
        let mut network = from.network.clone();
        if passes > 0 {
            self.train(&mut network, (training, passes), self.seed.wrapping_add(REPAIR), |_, _| Ok(()))?;
        }
        Ok(network)
    }

    /// The network at `share` of its weights removed, in [0, 1), by `recipe`, whose training gave `from`.
    ///
    /// # Errors
    /// If training fails, or the share is out of range.
    pub fn pruned(&self, recipe: Recipe, from: &Course, share: f64) -> Result<Mlp, StudyError> {
        let masks = |network: &Mlp, share| self.masks(recipe.choice, network, share);
        let mut network = match recipe.repair {
            Repair::Rewind(_) => from.early.clone(),
            _ => from.network.clone(),
        };
        if !matches!(recipe.repair, Repair::Gradual(_)) {
            let masks = masks(&from.network, share)?;
            masks.iter().enumerate().for_each(|(layer, keep)| network.set_mask(layer, keep));
        }
        self.repair(recipe, &mut network, share, masks)?;
        Ok(network)
    }

    /// As [`Cell::pruned`], but chance decides which weights of the first layer go, all at once: the control.
    ///
    /// # Errors
    /// As [`Cell::pruned`].
    pub fn pruned_at_random(&self, recipe: Recipe, from: &Course, share: f64) -> Result<Mlp, StudyError> {
        let options =
            PruneOptions { criterion: prune::Criterion::Random, seed: self.seed, ..PruneOptions::default() };
        let mut network = from.network.clone();
        let weight = network.weight(0);
        let share = of_first_layer(share, weight.len(), network.weight(1).len());
        network.set_mask(0, &prune::masks(&[(&weight, weight.len())], share, &options)?[0]);
        let recipe = match recipe.repair {
            Repair::Gradual(passes) => Recipe { repair: Repair::FineTune(passes), ..recipe },
            _ => recipe,
        };
        self.repair(recipe, &mut network, share, |_, _| Ok(vec![]))?;
        Ok(network)
    }

    /// Trains what is left, and prunes meanwhile if `recipe` says so.
    fn repair(
        &self,
        recipe: Recipe,
        network: &mut Mlp,
        share: f64,
        masks: impl Fn(&Mlp, f64) -> Result<Vec<Vec<bool>>, StudyError>,
    ) -> Result<(), StudyError> {
        let passes = recipe.repair.passes();
        if passes == 0 {
            return Ok(());
        }
        let is_gradual = matches!(recipe.repair, Repair::Gradual(_));
        self.train(network, (recipe.training, passes), self.seed.wrapping_add(REPAIR), |trainer, step| {
            let due = Schedule::Gradual.sparsity_before((step, trainer.steps()), 0.0, share);
            if let Some(due) = due.filter(|_| is_gradual) {
                let masks = masks(trainer.network(), due)?;
                masks.iter().enumerate().for_each(|(layer, keep)| trainer.set_mask(layer, keep));
            }
            Ok(())
        })
    }

    /// Trains, and calls `before` before each step, with the number of steps done.
    fn train(
        &self,
        network: &mut Mlp,
        (training, passes): (Training, usize),
        seed: u64,
        mut before: impl FnMut(&mut Trainer<'_>, usize) -> Result<(), StudyError>,
    ) -> Result<(), StudyError> {
        self.context.go_on()?;
        let options = training.options(passes, self.task.train.len(), seed);
        let mut trainer = Trainer::new(network, &self.task.train, &options, self.context.compute)?;
        for step in 0..trainer.steps() {
            before(&mut trainer, step)?;
            trainer.step()?;
        }
        Ok(())
    }

    /// Which weights of `network` stay when `share` of all go: of both layers, or of the first alone.
    fn masks(&self, choice: Choice, network: &Mlp, share: f64) -> Result<Vec<Vec<bool>>, StudyError> {
        let (mut first, last) = (network.weight(0), network.weight(1));
        let options = PruneOptions { scope: Scope::Global, ..PruneOptions::default() };
        // Single weights know no rows: a layer may as well be one.
        let of = |layers: &[&[f32]], share| {
            let layers: Vec<(&[f32], usize)> = layers.iter().map(|layer| (*layer, layer.len())).collect();
            Ok(prune::masks(&layers, share, &options)?)
        };
        match choice {
            Choice::Together => of(&[&first, &last], share),
            Choice::EveryLayer => {
                // As many as the published code removes: rounded down, which leaves 2 of 24 where 95 % would leave 1.
                let down = |len: usize| Reading::Percent.count(100.0 * share, len) as f64 / len as f64;
                let layer = |layer: &Vec<f32>| of(&[layer], down(layer.len()));
                Ok([layer(&first)?, layer(&last)?].concat())
            }
            Choice::FirstLayer => of(&[&first], of_first_layer(share, first.len(), last.len())),
            Choice::ByInput => {
                let strengths = self.strengths.iter().cycle();
                first.iter_mut().zip(strengths).for_each(|(weight, strength)| *weight *= strength);
                of(&[&first], of_first_layer(share, first.len(), last.len()))
            }
        }
    }

    /// The rows of all `recipes`: of each the dense network given the same updates, as level 0, then its levels.
    ///
    /// # Errors
    /// If training fails or is interrupted.
    pub fn rows(&self, recipes: &[Recipe]) -> Result<Vec<PruningRow>, StudyError> {
        let mut rows = Vec::new();
        let mut courses: Vec<(Training, usize)> = Vec::new();
        for recipe in recipes {
            let course = (recipe.training, recipe.passes);
            if courses.contains(&course) {
                continue;
            }
            courses.push(course);
            let trained = self.trained(recipe.training, recipe.passes)?;
            // By the passes of their repair.
            let mut rivals: Vec<(usize, Scores)> = Vec::new();
            for &recipe in recipes.iter().filter(|recipe| (recipe.training, recipe.passes) == course) {
                let passes = recipe.repair.passes();
                let rival = match rivals.iter().find(|(of, _)| *of == passes) {
                    Some((_, scores)) => *scores,
                    None => self.scores(&self.rival(recipe.training, passes, &trained)?)?,
                };
                rivals.push((passes, rival));
                rows.push(self.row(recipe, 0.0, rival));
                for &level in recipe.levels() {
                    let network = self.pruned(recipe, &trained, Reading::Percent.share(level))?;
                    rows.push(self.row(recipe, level, self.scores(&network)?));
                }
            }
        }
        Ok(rows)
    }

    fn row(&self, recipe: Recipe, level: f64, scores: Scores) -> PruningRow {
        PruningRow {
            pair: self.task.pair,
            hidden: self.hidden,
            seed: self.seed,
            level,
            reading: Reading::Percent,
            structure: "unstructured".into(),
            recipe: recipe.name(),
            f1: scores.validation.f1,
            auc: scores.validation.auc,
            test_f1: scores.test.f1,
            nnz: scores.nnz,
        }
    }

    fn scores(&self, network: &Mlp) -> Result<Scores, StudyError> {
        let model = network.to_model()?;
        let of = |examples: &Examples| examples.score(&model, &self.context);
        Ok(Scores { validation: of(&self.validation)?, test: of(&self.test)?, nnz: model.nnz() })
    }
}

/// The share of the first layer's weights that is `share` of all.
fn of_first_layer(share: f64, first: usize, last: usize) -> f64 {
    share * (first + last) as f64 / first as f64
}

fn strengths(data: &Dataset) -> Vec<f32> {
    let mut squares = vec![0u64; data.features()];
    for example in 0..data.len() {
        let pixels = data.pixels(example).iter().map(|pixel| u64::from(*pixel));
        squares.iter_mut().zip(pixels).for_each(|(sum, pixel)| *sum += pixel * pixel);
    }
    let strength = |sum: &u64| (*sum as f64 / data.len() as f64).sqrt() as f32 * SCALE;
    squares.iter().map(strength).collect()
}
