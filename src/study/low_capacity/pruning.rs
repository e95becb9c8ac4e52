//! Pruning as published: one shot, by layer, all layers, no training afterwards.

use super::score::{Examples, hidden};
use super::{Context, LEVELS, NeuronsRow, Pair, PruningRow, Reading, Record, StudyError, Trained};
use crate::model::{Layer, Model};
use std::vec::Vec;

/// The level before and after which the study looks at hidden units.
pub const LEVEL: f64 = 95.0;

/// Both readings of a level.
pub(super) const READINGS: [Reading; 2] = [Reading::Percent, Reading::Hundredth];

/// In each layer, the weights with `|w| <= t` become zero, where t is the k-th smallest `|w|` and k is the share that `reading`
/// makes of `level`, rounded down as the conversion of the published code does. Biases stay.
///
/// # Errors
/// None, for a sound model stays one.
pub fn one_shot(model: &Model, level: f64, reading: Reading) -> Result<Model, StudyError> {
    let layer = |layer: &Layer| {
        let mut sizes: Vec<f32> = layer.weight().iter().map(|weight| weight.abs()).collect();
        let k = reading.count(level, sizes.len());
        if k == 0 {
            return Ok(layer.clone());
        }
        let threshold = *sizes.select_nth_unstable_by(k - 1, f32::total_cmp).1;
        let kept = |weight: &f32| if weight.abs() <= threshold { 0.0 } else { *weight };
        let weight = layer.weight().iter().map(kept).collect();
        Layer::new(layer.fan_in(), weight, layer.bias().to_vec(), layer.activation())
    };
    Ok(Model::new(model.layers().iter().map(layer).collect::<Result<_, _>>()?)?)
}

/// A network at all levels, in both readings, before them the dense one; and its dead units before and after [`LEVEL`].
///
/// # Errors
/// If the examples are not the network's.
pub(super) fn records(
    trained: &Trained,
    (pair, seed): (Pair, u64),
    (validation, test): (&Examples, &Examples),
    context: &Context<'_>,
) -> Result<Vec<Record>, StudyError> {
    let dense = [(0.0, Reading::Percent)];
    let all = READINGS.into_iter().flat_map(|reading| LEVELS.map(|level| (level, reading)));
    let mut records = Vec::new();
    for (level, reading) in dense.into_iter().chain(all) {
        let model = one_shot(&trained.model, level, reading)?;
        let score = validation.score(&model, context)?;
        let hidden_units = trained.hidden;
        records.push(Record::Pruning(PruningRow {
            pair,
            hidden: hidden_units,
            seed,
            level,
            reading,
            structure: "unstructured".into(),
            recipe: "published".into(),
            f1: score.f1,
            auc: score.auc,
            test_f1: test.score(&model, context)?.f1,
            nnz: model.nnz(),
        }));
        if level == 0.0 || level == LEVEL {
            let activations = hidden(&model, &validation.rows, context)?;
            let dead = dead(&activations, hidden_units);
            records.push(Record::Neurons(NeuronsRow {
                pair,
                hidden: hidden_units,
                seed,
                level,
                reading,
                dead,
            }));
        }
    }
    Ok(records)
}

/// How many of `units` are 0 in all rows of `activations`, `[examples, units]`.
fn dead(activations: &[f32], units: usize) -> usize {
    let is_dead = |unit: &usize| activations.iter().skip(*unit).step_by(units).all(|value| *value == 0.0);
    (0..units).filter(is_dead).count()
}
