//! Saliency maps: how much each pixel moves the probability that a network gives.

use super::StudyError;
use crate::model::{Activation, Layer, Model};
use std::string::String;
use std::{format, vec, vec::Vec};

/// What is meant by moving it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// `|p(x + eps e_i) - p(x)|`: the pixel made brighter by that much.
    Perturbation(f64),
    /// `|dp / dx_i|`.
    Gradient,
}

impl Method {
    /// Those of the study, and the gradient that they approximate.
    pub const ALL: [Method; 3] = [Method::Perturbation(0.1), Method::Perturbation(0.01), Method::Gradient];

    /// As the results file says it.
    pub fn name(self) -> String {
        match self {
            Method::Perturbation(eps) => format!("perturbation-{eps}"),
            Method::Gradient => "gradient".into(),
        }
    }
}

/// A network of one ReLU layer whose one output is a logit, to be asked about its inputs.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    hidden: &'a Layer,
    output: &'a Layer,
}

impl<'a> Inquiry<'a> {
    /// About `model`.
    ///
    /// # Errors
    /// If it is another kind of network.
    pub fn new(model: &'a Model) -> Result<Inquiry<'a>, StudyError> {
        match model.layers() {
            [hidden, output]
                if hidden.activation() == Activation::Relu
                    && output.activation() == Activation::Identity
                    && output.fan_out() == 1 =>
            {
                Ok(Inquiry { hidden, output })
            }
            _ => {
                let problem = format!("saliency is of networks n-h-1 with ReLU, not {:?}", model.sizes());
                Err(StudyError::Other(problem))
            }
        }
    }

    /// The saliency of each pixel of `image`: `[pixels]`.
    ///
    /// # Panics
    /// If the image has another size than the network takes.
    pub fn map(&self, image: &[f32], method: Method) -> Vec<f64> {
        assert_eq!(image.len(), self.hidden.fan_in(), "one value for each input");
        let z = self.before_activation(image);
        let outgoing = || self.output.weight().iter().map(|weight| f64::from(*weight));
        let logit: f64 = f64::from(self.output.bias()[0])
            + outgoing().zip(&z).map(|(weight, z)| weight * z.max(0.0)).sum::<f64>();
        // How the logit moves, pixel by pixel; unit by unit, so that a unit's weights are read in their order.
        let mut moved = vec![0.0; image.len()];
        let rows = self.hidden.weight().chunks_exact(image.len());
        for ((weights, outgoing), z) in rows.zip(outgoing()).zip(z) {
            let weights = weights.iter().map(|weight| f64::from(*weight));
            match method {
                Method::Perturbation(eps) => {
                    let change = |weight: f64| outgoing * ((z + eps * weight).max(0.0) - z.max(0.0));
                    moved.iter_mut().zip(weights).for_each(|(moved, weight)| *moved += change(weight));
                }
                Method::Gradient if z > 0.0 => {
                    moved.iter_mut().zip(weights).for_each(|(moved, weight)| *moved += outgoing * weight);
                }
                Method::Gradient => {}
            }
        }
        let p = sigmoid(logit);
        let effect = |moved: f64| match method {
            Method::Perturbation(_) => (sigmoid(logit + moved) - p).abs(),
            Method::Gradient => (p * (1.0 - p) * moved).abs(),
        };
        moved.into_iter().map(effect).collect()
    }

    /// The mean map over `rows`, `[images, pixels]`.
    pub fn mean_map(&self, rows: &[f32], method: Method) -> Vec<f64> {
        let pixels = self.hidden.fan_in();
        let images = rows.len() / pixels;
        let mut sum = vec![0.0; pixels];
        for image in rows.chunks_exact(pixels) {
            sum.iter_mut().zip(self.map(image, method)).for_each(|(sum, value)| *sum += value);
        }
        sum.into_iter().map(|sum| sum / images as f64).collect()
    }

    /// `[hidden]`.
    fn before_activation(&self, image: &[f32]) -> Vec<f64> {
        let dot = |weights: &[f32]| -> f64 {
            weights.iter().zip(image).map(|(weight, value)| f64::from(*weight) * f64::from(*value)).sum()
        };
        let rows = self.hidden.weight().chunks_exact(image.len()).zip(self.hidden.bias());
        rows.map(|(weights, bias)| dot(weights) + f64::from(*bias)).collect()
    }
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}
