//! From a trained network through ever higher sparsities, each fine-tuned from the one before.

use super::{PruneError, PruneOptions, prune_in_training};
use crate::dataset::Dataset;
use crate::model::Model;
use crate::train::{Compute, Mlp, Options, Progress, Trainer};

/// Prunings on the way to a level. More change nothing that can be measured on MNIST.
const ROUNDS: usize = 10;

/// When weights go on the way from one level to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Schedule {
    /// All before the first step.
    OneShot,
    /// In rounds over the first half of the fine-tuning, along the cubic curve of Zhu and Gupta, "To prune, or not to prune"
    /// (2017), equation 1: most of them early, while many weights are of no use. The second half repairs.
    #[default]
    Gradual,
}

impl Schedule {
    /// The sparsity to prune to before step `step` of `steps`, counted from 0, on the way from one sparsity to the next; `None`
    /// where no weight goes.
    pub fn sparsity_before(self, (step, steps): (usize, usize), from: f64, to: f64) -> Option<f64> {
        let rounds = match self {
            Schedule::OneShot => 1,
            Schedule::Gradual => ROUNDS.min(steps / 2).max(1),
        };
        let apart = (steps / 2 / rounds).max(1);
        let round = step / apart + 1;
        let is_due = step.is_multiple_of(apart) && round <= rounds;
        is_due.then(|| to + (from - to) * (1.0 - round as f64 / rounds as f64).powi(3))
    }
}

/// How to reach each level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelOptions {
    /// Which weights go.
    pub prune: PruneOptions,
    /// When they go.
    pub schedule: Schedule,
    /// How the others are trained meanwhile and afterwards: the same anew for each level, but for the order of the examples.
    pub fine_tune: Options,
}

impl Default for LevelOptions {
    fn default() -> LevelOptions {
        let fine_tune = Options { epochs: 3, ..Options::default() };
        LevelOptions { prune: PruneOptions::default(), schedule: Schedule::default(), fine_tune }
    }
}

/// What happens on the way.
#[derive(Debug)]
pub enum Event<'a> {
    /// A step of fine-tuning towards a level.
    Step {
        /// The sparsity to reach.
        level: f64,
        /// The sparsity so far.
        sparsity: f64,
        /// Where the level's fine-tuning is.
        progress: &'a Progress,
    },
    /// A level is reached.
    Level {
        /// Its sparsity.
        level: f64,
        /// The network at that sparsity, fine-tuned.
        model: Model,
    },
}

/// Prunes `network`, trained already, to each of the sparsities `levels` in turn, and fine-tunes it there.
///
/// # Errors
/// [`PruneError::Sparsity`] or [`PruneError::Levels`] unless the levels ascend within [0, 1); [`PruneError::OnlyLast`] if there is
/// nothing to prune; [`PruneError::Train`] if fine-tuning fails.
pub fn prune_to_levels(
    network: &mut Mlp,
    data: &Dataset,
    levels: &[f64],
    options: &LevelOptions,
    compute: Compute<'_>,
    on_event: &mut dyn FnMut(Event<'_>),
) -> Result<(), PruneError> {
    options.prune.pruned_layers(network.depth())?;
    if let Some(&level) = levels.iter().find(|level| !(0.0..1.0).contains(*level)) {
        return Err(PruneError::Sparsity(level));
    }
    if levels.is_empty() || levels.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(PruneError::Levels(levels.into()));
    }
    let mut sparsity = 0.0;
    for (index, &level) in levels.iter().enumerate() {
        let seed = options.fine_tune.seed.wrapping_add(index as u64 + 1);
        let fine_tune = Options { seed, ..options.fine_tune };
        let mut trainer = Trainer::new(network, data, &fine_tune, compute)?;
        let from = sparsity;
        for step in 0.. {
            let due = options.schedule.sparsity_before((step, trainer.steps()), from, level);
            if let Some(due) = due {
                sparsity = due;
                prune_in_training(&mut trainer, sparsity, &options.prune)?;
            }
            let Some(progress) = trainer.step()? else { break };
            on_event(Event::Step { level, sparsity, progress: &progress });
        }
        on_event(Event::Level { level, model: network.to_model()? });
    }
    Ok(())
}
