//! What training makes small.

use super::TrainError;
use crate::dataset::Dataset;
use crate::metrics::argmax;
use crate::model::Activation;
use crate::train::Mlp;
use prunella_kernels::{Kernels, Line, Rows, RowsMut};
use std::format;

/// The loss: how wrong a network's outputs are, averaged over the examples of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Loss {
    /// Cross-entropy of the softmax of the outputs: one output per class, without activation.
    #[default]
    SoftmaxCrossEntropy,
    /// Cross-entropy of the sigmoid of the output: two classes, one output, without activation.
    BinaryCrossEntropy,
    /// Mean over the outputs of the squared error: one output per class, aimed at 1 for the example's own class and at 0 for the
    /// others; or for two classes one output, aimed at the class.
    MeanSquaredError,
}

impl Loss {
    /// The class that the outputs of one example, `[outputs]`, stand for under this loss.
    pub fn class_of(self, outputs: &[f32]) -> usize {
        match (self, outputs) {
            (Loss::BinaryCrossEntropy, [logit]) => usize::from(*logit > 0.0),
            (Loss::MeanSquaredError, [value]) => usize::from(*value > 0.5),
            _ => argmax(outputs),
        }
    }

    /// The mean loss over examples of the classes `labels`, `[examples]`, for which a network gave `outputs`,
    /// `[examples, outputs]` row-major; NaN without examples.
    ///
    /// # Panics
    /// If a softmax has no output for a class.
    pub fn mean(self, outputs: &[f32], labels: &[u8]) -> f64 {
        let rows = outputs.chunks_exact((outputs.len() / labels.len().max(1)).max(1));
        let losses = rows.zip(labels).map(|(row, label)| self.of(row, usize::from(*label)));
        losses.sum::<f64>() / labels.len() as f64
    }

    /// The loss of one example.
    fn of(self, outputs: &[f32], class: usize) -> f64 {
        let value = |output: &f32| f64::from(*output);
        match self {
            Loss::SoftmaxCrossEntropy => {
                let largest = outputs.iter().map(value).fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = outputs.iter().map(|output| (value(output) - largest).exp()).sum();
                sum.ln() - (value(&outputs[class]) - largest)
            }
            Loss::BinaryCrossEntropy => {
                // How sure it is of the wrong class.
                let wrong = if class == 1 { -value(&outputs[0]) } else { value(&outputs[0]) };
                wrong.max(0.0) + (-wrong.abs()).exp().ln_1p()
            }
            Loss::MeanSquaredError => {
                let target = |index| match outputs.len() {
                    1 => class as f64,
                    _ => f64::from(u8::from(index == class)),
                };
                let squares =
                    outputs.iter().enumerate().map(|(i, output)| (value(output) - target(i)).powi(2));
                squares.sum::<f64>() / outputs.len() as f64
            }
        }
    }

    /// Whether `network` can learn `data` by this loss.
    pub(super) fn check(self, network: &Mlp, data: &Dataset) -> Result<(), TrainError> {
        let (inputs, outputs, output) = (network.fan_in(), network.fan_out(), network.output());
        if inputs != data.features() {
            let features = data.features();
            let problem =
                format!("the network takes {inputs} values, but an example has {features} features");
            return Err(TrainError::Mismatch(problem));
        }
        let classes = data.classes();
        let fits = match self {
            Loss::SoftmaxCrossEntropy => outputs == classes,
            Loss::BinaryCrossEntropy => (outputs, classes) == (1, 2),
            Loss::MeanSquaredError => outputs == classes || (outputs, classes) == (1, 2),
        };
        if !fits {
            let wanted = if self == Loss::BinaryCrossEntropy {
                "1 output and 2 classes"
            } else {
                "an output per class"
            };
            let problem =
                format!("{outputs} outputs do not go with {classes} classes: this loss wants {wanted}");
            return Err(TrainError::Mismatch(problem));
        }
        if self != Loss::MeanSquaredError && output != Activation::Identity {
            let problem = "a cross-entropy wants identity, for it applies softmax or sigmoid itself";
            return Err(TrainError::Mismatch(format!("the output's activation is {output}; {problem}")));
        }
        Ok(())
    }

    /// Turns `outputs`, `[batch, outputs]`, into the gradient of `scale` times the sum of the losses, which go to `losses`,
    /// `[batch]`. `scratch` has room for `[batch, outputs]`.
    pub(super) fn gradient(
        self,
        kernels: Kernels,
        outputs: &mut RowsMut<'_>,
        labels: &[u8],
        (scale, losses): (f32, &mut [f32]),
        scratch: &mut [Line],
    ) {
        match self {
            Loss::SoftmaxCrossEntropy => kernels.softmax_cross_entropy(outputs, labels, scale, losses),
            Loss::BinaryCrossEntropy => kernels.binary_cross_entropy(outputs, labels, scale, losses),
            Loss::MeanSquaredError => {
                let (batch, width) = (outputs.rows(), outputs.cols());
                let mut targets = RowsMut::new(scratch, batch, width);
                for (row, &label) in labels.iter().enumerate() {
                    let target = targets.row_mut(row);
                    target.fill(0.0);
                    match target {
                        [target] => *target = f32::from(label),
                        _ => target[usize::from(label)] = 1.0,
                    }
                }
                kernels.mean_squared_error(outputs, Rows::new(scratch, batch, width), scale, losses);
            }
        }
    }
}
