//! Which weights go, and when.
//!
//! Weights go; biases stay, and so does the last layer unless told otherwise: it is small, and each of its weights counts.
//! Sparsity is always that of the layers that are pruned, not of the whole network.

mod compact;
mod error;
mod levels;
mod mask;
mod structure;

pub use compact::{compact, picking_inputs};
pub use error::PruneError;
pub use levels::{Event, LevelOptions, Schedule, prune_to_levels};
pub use mask::masks;
pub use structure::{Structure, UnknownStructure};

use crate::dataset::Dataset;
use crate::model::{Layer, Model};
use crate::train::Trainer;
use std::{vec, vec::Vec};

/// What makes a weight one that goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Criterion {
    /// Being among the smallest in absolute value.
    #[default]
    Magnitude,
    /// Being among those that contribute least: magnitude times the root mean square of the input (Sun et al., "A simple and
    /// effective pruning approach for large language models", 2023). A weight of a pixel that is never set learns nothing, and so
    /// keeps a magnitude that says nothing. Of the first layer in training; elsewhere, and without data, the same as magnitude.
    Contribution,
    /// Chance: the control that a criterion must beat.
    Random,
}

/// Among which weights a weight is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// Those of its layer: every layer gets the same sparsity.
    #[default]
    PerLayer,
    /// Those of all pruned layers: the sparsity is that of all together.
    Global,
}

/// Which weights go. The default prunes each layer but the last by magnitude.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PruneOptions {
    /// What makes a weight go.
    pub criterion: Criterion,
    /// Among which weights.
    pub scope: Scope,
    /// Which weights go together.
    pub structure: Structure,
    /// Whether the last layer is pruned too.
    pub last: bool,
    /// Decides for [`Criterion::Random`].
    pub seed: u64,
}

impl PruneOptions {
    /// How many of `depth` layers are pruned: the first ones.
    ///
    /// # Errors
    /// [`PruneError::OnlyLast`] if that would be none, [`PruneError::Classes`] if it would be the neurons of the last.
    pub fn pruned_layers(&self, depth: usize) -> Result<usize, PruneError> {
        if self.last && self.structure == Structure::Neuron {
            return Err(PruneError::Classes);
        }
        match depth.saturating_sub(usize::from(!self.last)) {
            0 => Err(PruneError::OnlyLast),
            layers => Ok(layers),
        }
    }
}

/// Prunes a model at once, without training: of the weights of the pruned layers, as many become zero as [`Structure`] says.
///
/// # Errors
/// [`PruneError::Sparsity`] unless `sparsity` is in [0, 1), [`PruneError::OnlyLast`] if there is nothing to prune,
/// [`PruneError::Classes`] or [`PruneError::Structure`] if the structure is not for this.
pub fn prune(model: &Model, sparsity: f64, options: &PruneOptions) -> Result<Model, PruneError> {
    let layers = model.layers();
    let pruned = options.pruned_layers(layers.len())?;
    let weights: Vec<(&[f32], usize)> =
        layers[..pruned].iter().map(|layer| (layer.weight(), layer.fan_in())).collect();
    let mut masks = masks(&weights, sparsity, options)?.into_iter();
    let layer = |layer: &Layer| match masks.next() {
        Some(keep) => {
            let kept = |(&weight, keep)| if keep { weight } else { 0.0 };
            let weight = layer.weight().iter().zip(keep).map(kept).collect();
            Layer::new(layer.fan_in(), weight, layer.bias().to_vec(), layer.activation())
        }
        None => Ok(layer.clone()),
    };
    Ok(Model::new(layers.iter().map(layer).collect::<Result<_, _>>()?)?)
}

/// Prunes the network in training: what goes is zero from now on.
///
/// # Errors
/// As [`prune`].
pub fn prune_in_training(
    trainer: &mut Trainer<'_>,
    sparsity: f64,
    options: &PruneOptions,
) -> Result<(), PruneError> {
    let pruned = options.pruned_layers(trainer.network().depth())?;
    let mut weights: Vec<Vec<f32>> = (0..pruned).map(|layer| trainer.network().weight(layer)).collect();
    if options.criterion == Criterion::Contribution {
        let strengths = strengths(trainer.data());
        weights[0]
            .iter_mut()
            .zip(strengths.iter().cycle())
            .for_each(|(weight, strength)| *weight *= strength);
    }
    let layers: Vec<(&[f32], usize)> =
        weights.iter().map(Vec::as_slice).zip(trainer.network().sizes()).collect();
    let masks = masks(&layers, sparsity, options)?;
    masks.iter().enumerate().for_each(|(layer, keep)| trainer.set_mask(layer, keep));
    Ok(())
}

/// The root mean square of each input, of 4,096 examples or fewer at equal distances: of some thousands it is as good as of all.
fn strengths(data: &Dataset) -> Vec<f32> {
    const EXAMPLES: usize = 4_096;
    let apart = data.len().div_ceil(EXAMPLES).max(1);
    let mut squares = vec![0u64; data.features()];
    for example in (0..data.len()).step_by(apart) {
        let pixels = data.pixels(example).iter();
        squares.iter_mut().zip(pixels).for_each(|(sum, pixel)| *sum += u64::from(*pixel).pow(2));
    }
    let examples = data.len().div_ceil(apart) as f64;
    squares.iter().map(|sum| ((*sum as f64 / examples).sqrt() / 255.0) as f32).collect()
}
