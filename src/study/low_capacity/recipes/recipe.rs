//! What a recipe is, and what it costs.

use crate::study::low_capacity::{RATE, STEPS};
use crate::train::{Loss, Optimizer, Options, Schedule};
use std::{format, string::String, vec::Vec};

/// Examples in each step of [`Training::MiniBatch`].
pub const BATCH: usize = 64;

/// How a network learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Training {
    /// As published: plain gradient descent at a rate of 0.03, all examples in each step; so a pass over them is one step.
    FullBatch,
    /// To convergence in few passes: Adam, [`BATCH`] examples in each step, the rate falling from 0.01 along half a cosine.
    MiniBatch,
}

impl Training {
    /// The settings of `passes` passes over `examples` examples, whose order `seed` decides.
    pub fn options(self, passes: usize, examples: usize, seed: u64) -> Options {
        let (batch_size, optimizer, schedule) = match self {
            Training::FullBatch => (examples, Optimizer::Sgd { rate: RATE as f32 }, Schedule::Constant),
            Training::MiniBatch => (BATCH, Optimizer::adam(1e-2), Schedule::Cosine),
        };
        Options { epochs: passes, batch_size, optimizer, schedule, loss: Loss::BinaryCrossEntropy, seed }
    }

    /// Updates of the weights in a pass over `examples` examples.
    pub fn updates(self, examples: usize) -> usize {
        match self {
            Training::FullBatch => 1,
            Training::MiniBatch => examples.div_ceil(BATCH),
        }
    }
}

/// Which weights go. The level is always that of all weights of the network, whatever the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// As published: the smallest of each layer, the last one too. That has one weight for each hidden unit, so at 95 % only 2 of 24
    /// units have a say, or 4 of 64.
    EveryLayer,
    /// The smallest of all layers together: one threshold.
    Together,
    /// The smallest of the first layer; the last one, a 785th of all weights, stays whole.
    FirstLayer,
    /// As [`Choice::FirstLayer`], but the smallest in `|w|` times the root mean square of the weight's pixel over the training
    /// images (Sun et al., "A Simple and Effective Pruning Approach for Large Language Models", 2024). A weight of a pixel that is
    /// never lit keeps its initial value, which is larger than many that were learnt: by magnitude alone it stays.
    ByInput,
}

/// What happens to the weights that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// As published: nothing.
    None,
    /// They are trained for so many passes more, after the others went at once.
    FineTune(usize),
    /// The same, but the others go in rounds over the first half of these passes: see
    /// [`Schedule::Gradual`](crate::prune::Schedule::Gradual).
    Gradual(usize),
    /// They are set back to what they were early in training, after a tenth of its steps, and trained from there for so many passes
    /// (Frankle et al., "Linear Mode Connectivity and the Lottery Ticket Hypothesis", 2020).
    Rewind(usize),
}

impl Repair {
    /// Passes from where the first weight goes.
    pub fn passes(self) -> usize {
        match self {
            Repair::None => 0,
            Repair::FineTune(passes) | Repair::Gradual(passes) | Repair::Rewind(passes) => passes,
        }
    }
}

/// How to get a pruned network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// How it learns, before weights go and afterwards.
    pub training: Training,
    /// Passes over the training images before a weight goes.
    pub passes: usize,
    /// Which weights go.
    pub choice: Choice,
    /// What happens to the others.
    pub repair: Repair,
}

/// Levels of the recipes with repair, which needs a training for each.
const DECISIVE: [f64; 2] = [95.0, 99.0];
/// Levels of the others, and of the recipe that takes most.
const ALL: [f64; 5] = [50.0, 80.0, 90.0, 95.0, 99.0];

impl Recipe {
    /// As published.
    pub const PUBLISHED: Recipe = Recipe {
        training: Training::FullBatch,
        passes: STEPS,
        choice: Choice::EveryLayer,
        repair: Repair::None,
    };

    /// Takes most: more passes than any other with mini-batches, all mechanisms.
    pub const THOROUGH: Recipe = Recipe::adam(5, Choice::ByInput, Repair::Gradual(15));

    const fn adam(passes: usize, choice: Choice, repair: Repair) -> Recipe {
        Recipe { training: Training::MiniBatch, passes, choice, repair }
    }

    /// Those that are tried: from the published one, one factor changed at a time; then the converged one with more and more of
    /// them; then both together in less and less training.
    pub fn all() -> Vec<Recipe> {
        use Choice::{ByInput, EveryLayer, FirstLayer, Together};
        use Repair::{FineTune, Gradual, None, Rewind};
        let choices = [EveryLayer, Together, FirstLayer, ByInput];
        let mut all = Vec::new();
        all.extend(choices.map(|choice| Recipe { choice, ..Recipe::PUBLISHED }));
        all.extend([FineTune(20), Gradual(20)].map(|repair| Recipe { repair, ..Recipe::PUBLISHED }));
        all.extend(choices.map(|choice| Recipe::adam(20, choice, None)));
        all.extend([EveryLayer, Together].map(|choice| Recipe::adam(5, choice, FineTune(5))));
        all.extend([EveryLayer, Together].map(|choice| Recipe::adam(5, choice, Gradual(5))));
        all.extend([FirstLayer, ByInput].map(|choice| Recipe::adam(5, choice, Rewind(5))));
        for (before, after) in [(1, 1), (2, 2), (5, 5), (5, 15)] {
            for choice in [FirstLayer, ByInput] {
                let repairs = [FineTune(after), Gradual(after)];
                all.extend(repairs.map(|repair| Recipe::adam(before, choice, repair)));
            }
        }
        all.push(Recipe::adam(5, ByInput, Rewind(15)));
        all
    }

    /// Its name, such as `adam-5 by-input gradual-15`; the published one is `gd-100 every-layer`.
    pub fn name(self) -> String {
        let training = match self.training {
            Training::FullBatch => "gd",
            Training::MiniBatch => "adam",
        };
        let choice = match self.choice {
            Choice::EveryLayer => "every-layer",
            Choice::Together => "together",
            Choice::FirstLayer => "first-layer",
            Choice::ByInput => "by-input",
        };
        let repair = match self.repair {
            Repair::None => String::new(),
            Repair::FineTune(passes) => format!(" fine-tune-{passes}"),
            Repair::Gradual(passes) => format!(" gradual-{passes}"),
            Repair::Rewind(passes) => format!(" rewind-{passes}"),
        };
        format!("{training}-{} {choice}{repair}", self.passes)
    }

    /// The levels it is tried at, in percent.
    pub fn levels(self) -> &'static [f64] {
        if self.repair == Repair::None || self == Recipe::THOROUGH { &ALL } else { &DECISIVE }
    }

    /// Passes over the training images in all: the number of weight updates times the examples in each, as a multiple of the
    /// training set. Which is what training costs.
    pub fn cost(self) -> usize {
        self.passes + self.repair.passes()
    }

    /// What it does that simply cutting off the smallest weights of each layer does not: another choice, repair, and repair that is
    /// more than further training.
    pub fn mechanisms(self) -> usize {
        let choice = match self.choice {
            Choice::EveryLayer => 0,
            Choice::Together | Choice::FirstLayer => 1,
            Choice::ByInput => 2,
        };
        let repair = match self.repair {
            Repair::None => 0,
            Repair::FineTune(_) => 1,
            Repair::Gradual(_) | Repair::Rewind(_) => 2,
        };
        choice + repair
    }

    /// What is smaller comes first: fewer passes, then fewer mechanisms.
    pub fn order(self) -> (usize, usize) {
        (self.cost(), self.mechanisms())
    }
}
