//! The loss of a network and its gradient, in f64 and without cleverness.

use prunella::dataset::Dataset;
use prunella::model::{Activation, Layer, Model};
use prunella::train::Loss;

/// Weights and biases, layer by layer.
pub(crate) fn parameters(model: &Model) -> Vec<f64> {
    let of_layer = |layer: &Layer| [layer.weight(), layer.bias()].concat();
    model.layers().iter().flat_map(of_layer).map(f64::from).collect()
}

/// The mean loss over `data` of a network with the shape of `model` and these parameters: plain loops in f64.
pub(crate) fn loss(model: &Model, parameters: &[f64], data: &Dataset, loss: Loss) -> f64 {
    let rows = data.rows();
    let mut total = 0.0;
    for (x, &label) in rows.chunks(data.features()).zip(data.labels()) {
        let mut h: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
        let mut rest = parameters;
        for layer in model.layers() {
            let (weight, after) = rest.split_at(layer.weight().len());
            let (bias, after) = after.split_at(layer.fan_out());
            let z = |(row, bias): (&[f64], &f64)| bias + row.iter().zip(&h).map(|(w, h)| w * h).sum::<f64>();
            let zs: Vec<f64> = weight.chunks(layer.fan_in()).zip(bias).map(z).collect();
            h = zs.into_iter().map(|z| activate(layer.activation(), z)).collect();
            rest = after;
        }
        total += example_loss(loss, &h, usize::from(label));
    }
    total / data.len() as f64
}

/// The gradient of [`loss()`] by central differences.
pub(crate) fn gradient(model: &Model, parameters: &[f64], data: &Dataset, loss: Loss) -> Vec<f64> {
    let h = 1e-5;
    let mut moved = parameters.to_vec();
    let slope = |index: usize| {
        let mut loss_at = |delta| {
            moved[index] = parameters[index] + delta;
            self::loss(model, &moved, data, loss)
        };
        let difference = loss_at(h) - loss_at(-h);
        moved[index] = parameters[index];
        difference / (2.0 * h)
    };
    (0..parameters.len()).map(slope).collect()
}

fn activate(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Identity => z,
        Activation::Relu => z.max(0.0),
        Activation::Gaussian => (-z * z).exp(),
        Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
        Activation::Tanh => z.tanh(),
    }
}

fn example_loss(loss: Loss, outputs: &[f64], label: usize) -> f64 {
    match loss {
        Loss::SoftmaxCrossEntropy => outputs.iter().map(|z| z.exp()).sum::<f64>().ln() - outputs[label],
        Loss::BinaryCrossEntropy => (1.0 + (outputs[0] * if label == 1 { -1.0 } else { 1.0 }).exp()).ln(),
        Loss::MeanSquaredError => {
            let target =
                |o: usize| if outputs.len() == 1 { label as f64 } else { f64::from(u8::from(o == label)) };
            let squares = outputs.iter().enumerate().map(|(o, h)| (h - target(o)).powi(2));
            squares.sum::<f64>() / outputs.len() as f64
        }
    }
}
