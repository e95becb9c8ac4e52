//! What whole neurons and inputs that went leave behind: a smaller dense network.

use crate::model::{Activation, Layer, Model, ModelError};
use prunella_kernels::reference::activate;
use std::{vec, vec::Vec};

/// The same network without the hidden neurons that pruning has made useless.
///
/// - A neuron whose incoming weights are all zero is a constant, `activation(bias)`: it is folded into the biases of the next
///   layer.
/// - A neuron whose outgoing weights are all zero goes without a trace.
///
/// A layer that would lose all keeps its first. Where nothing but zeros is folded (ReLU and a bias that is not positive, or
/// outgoing weights of zero), every output has the same bits as before, unless it sums in several chains (a layer of more than 32
/// inputs and at most 32 outputs, see [`crate::kernels`]): without the inputs that went, these begin elsewhere. Else the folded
/// terms are summed in f64 and rounded once. Either may change the last bits.
///
/// # Errors
/// [`ModelError::NotFinite`] if a bias gets too large for an f32.
pub fn compact(model: &Model) -> Result<Model, ModelError> {
    let mut layers: Vec<Loose> = model.layers().iter().map(Loose::new).collect();
    for i in 1..layers.len() {
        let (before, from) = layers.split_at_mut(i);
        let (layer, next) = (&mut before[i - 1], &mut from[0]);
        let keep = without_all(layer.rows().map(|row| row.iter().any(|w| *w != 0.0)).collect());
        next.fold(layer, &keep);
        layer.keep_outputs(&keep);
        next.keep_inputs(&keep);
    }
    for i in (1..layers.len()).rev() {
        let (before, from) = layers.split_at_mut(i);
        let (layer, next) = (&mut before[i - 1], &mut from[0]);
        let keep = without_all(next.used_inputs());
        layer.keep_outputs(&keep);
        next.keep_inputs(&keep);
    }
    Model::new(layers.into_iter().map(Loose::into_layer).collect::<Result<_, _>>()?)
}

/// The same network with a layer in front that picks the inputs which some weight uses, so that the layer after it, without the
/// others, can be dense; `None` if it uses all. The layer that picks has a weight of one in each row: stored sparse, it costs a
/// load and a store for each input picked. On finite inputs every output has the same bits, but for a first layer that sums in
/// several chains, as in [`compact`].
///
/// # Errors
/// None that a model could cause.
pub fn picking_inputs(model: &Model) -> Result<Option<Model>, ModelError> {
    let mut first = Loose::new(&model.layers()[0]);
    let keep = without_all(first.used_inputs());
    let used: Vec<usize> = (0..keep.len()).filter(|&input| keep[input]).collect();
    if used.len() == keep.len() {
        return Ok(None);
    }
    let mut picks = vec![0.0; used.len() * keep.len()];
    picks.chunks_exact_mut(keep.len()).zip(&used).for_each(|(row, &input)| row[input] = 1.0);
    let picking = Layer::new(keep.len(), picks, vec![0.0; used.len()], Activation::Identity)?;
    first.keep_inputs(&keep);
    let rest = model.layers()[1..].iter().cloned();
    let layers = [picking, first.into_layer()?].into_iter().chain(rest);
    Ok(Some(Model::new(layers.collect())?))
}

/// `keep`, but for the first where nothing would stay: a layer of nothing is none.
fn without_all(mut keep: Vec<bool>) -> Vec<bool> {
    if let (false, Some(first)) = (keep.contains(&true), keep.first_mut()) {
        *first = true;
    }
    keep
}

/// A layer that loses rows and columns.
struct Loose {
    fan_in: usize,
    /// `[fan_out, fan_in]`.
    weight: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
}

impl Loose {
    fn new(layer: &Layer) -> Loose {
        let (weight, bias) = (layer.weight().to_vec(), layer.bias().to_vec());
        Loose { fan_in: layer.fan_in(), weight, bias, activation: layer.activation() }
    }

    fn into_layer(self) -> Result<Layer, ModelError> {
        Layer::new(self.fan_in, self.weight, self.bias, self.activation)
    }

    fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.weight.chunks_exact(self.fan_in)
    }

    /// For each input, whether a weight of it is not zero.
    fn used_inputs(&self) -> Vec<bool> {
        let mut used = vec![false; self.fan_in];
        for row in self.rows() {
            used.iter_mut().zip(row).for_each(|(used, weight)| *used |= *weight != 0.0);
        }
        used
    }

    fn keep_outputs(&mut self, keep: &[bool]) {
        let rows = self.weight.chunks_exact(self.fan_in).zip(keep).filter(|(_, keep)| **keep);
        self.weight = rows.flat_map(|(row, _)| row).copied().collect();
        self.bias = kept(&self.bias, keep);
    }

    fn keep_inputs(&mut self, keep: &[bool]) {
        self.weight = self.weight.chunks_exact(self.fan_in).flat_map(|row| kept(row, keep)).collect();
        self.fan_in = keep.iter().filter(|keep| **keep).count();
    }

    /// Adds to the biases what the outputs of `before` that are not kept give, which are constants.
    fn fold(&mut self, before: &Loose, keep: &[bool]) {
        let constants: Vec<f64> =
            before.bias.iter().map(|bias| activate(before.activation, f64::from(*bias))).collect();
        let rows = self.weight.chunks_exact(self.fan_in);
        for (bias, row) in self.bias.iter_mut().zip(rows) {
            let terms = row.iter().zip(&constants).zip(keep).filter(|(_, keep)| !**keep);
            let folded: f64 = terms.map(|((weight, constant), _)| f64::from(*weight) * constant).sum();
            // Not for zero: -0 would lose its sign.
            if folded != 0.0 {
                *bias = (f64::from(*bias) + folded) as f32;
            }
        }
    }
}

fn kept(values: &[f32], keep: &[bool]) -> Vec<f32> {
    values.iter().zip(keep).filter(|(_, keep)| **keep).map(|(value, _)| *value).collect()
}
