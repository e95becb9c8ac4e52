//! Many networks that only predict.

use super::layout::{Layout, weights};
use super::stack::Stack;
use super::{kind_of, outputs_of, stacks};
use crate::dataset::Dataset;
use crate::train::{Compute, Evaluation, Loss, Mlp, TrainError, evaluate};
use std::{vec, vec::Vec};

/// [`evaluate`] for many networks: together if they could be trained so, else one after the other.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_many(
    networks: &[Mlp],
    data: &Dataset,
    loss: Loss,
    compute: Compute<'_>,
) -> Result<Vec<Evaluation>, TrainError> {
    let Some(first) = networks.first() else { return Ok(vec![]) };
    networks.iter().try_for_each(|network| loss.check(network, data))?;
    let alone = || networks.iter().map(|network| evaluate(network, data, loss, compute)).collect();
    if data.is_empty() || !networks.iter().all(|network| stacks(network, first)) {
        return alone();
    }
    let layout = Layout::new(networks.iter());
    let mut tall = layout.zeros();
    networks.iter().enumerate().for_each(|(index, network)| layout.put(index, weights(network), &mut tall));
    let none = || [vec![], vec![], vec![], vec![]];
    let mut stack = Stack::new(layout, kind_of(first, loss), (tall, [none(), none()], none()), compute);
    let examples: Vec<usize> = (0..data.len()).collect();
    stack.forward(compute, data, &examples);
    let outputs: Vec<Vec<f32>> =
        (0..networks.len()).map(|network| outputs_of(&stack, data.len(), network)).collect();
    // What is not finite spreads.
    if outputs.iter().flatten().any(|output| !output.is_finite()) {
        return alone();
    }
    Ok(outputs.into_iter().map(|outputs| Evaluation::new(outputs, data, loss)).collect())
}
