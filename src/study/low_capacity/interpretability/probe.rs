//! A network of one hidden layer, opened.

use crate::dataset::{Dataset, SCALE};
use crate::model::{Activation, Model};
use crate::study::low_capacity::StudyError;
use crate::study::low_capacity::saliency::Method;
use std::{format, vec, vec::Vec};

/// A network features-hidden-1 of ReLU units, whose output is the logit of class 1. It computes in f64, and one pixel at a time: a
/// pixel that changes moves each unit by one weight, so a forward pass is not needed for it.
#[derive(Debug, Clone)]
pub struct Probe {
    /// `[features]`: for each pixel, the units that it has a weight to, and that weight.
    columns: Vec<Vec<(usize, f64)>>,
    /// `[hidden]`.
    bias: Vec<f64>,
    /// `[hidden]`: the weights of the last layer.
    outward: Vec<f64>,
    offset: f64,
}

/// What a network makes of an image.
#[derive(Debug, Clone)]
pub struct View<'a> {
    probe: &'a Probe,
    /// `[hidden]`: before the activation.
    z: Vec<f64>,
}

impl Probe {
    /// Opens `model`.
    ///
    /// # Errors
    /// If it is not features-hidden-1, its hidden layer of ReLU units and its output a logit.
    pub fn new(model: &Model) -> Result<Probe, StudyError> {
        let ([first, last], Activation::Relu, Activation::Identity, 1) = (
            model.layers(),
            model.layers()[0].activation(),
            model.layers()[model.layers().len() - 1].activation(),
            model.fan_out(),
        ) else {
            let sizes = model.sizes();
            return Err(StudyError::Other(format!(
                "a network of sizes {sizes:?} cannot be looked into: it must have one hidden layer, of ReLU units, and one output, a logit"
            )));
        };
        let column = |pixel: usize| {
            let weights = first.weight().iter().skip(pixel).step_by(first.fan_in()).enumerate();
            weights
                .filter(|(_, weight)| **weight != 0.0)
                .map(|(unit, weight)| (unit, f64::from(*weight)))
                .collect()
        };
        let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
        Ok(Probe {
            columns: (0..first.fan_in()).map(column).collect(),
            bias: wide(first.bias()),
            outward: wide(last.weight()),
            offset: f64::from(last.bias()[0]),
        })
    }

    /// How many hidden units there are.
    pub fn hidden(&self) -> usize {
        self.bias.len()
    }

    /// The mean map over `images`: `[features]`.
    pub fn mean_map(&self, images: &Dataset, method: Method) -> Vec<f64> {
        let mut sums = vec![0.0; images.features()];
        for image in 0..images.len() {
            let map = self.view(images.pixels(image)).map(method);
            sums.iter_mut().zip(map).for_each(|(sum, value)| *sum += value);
        }
        sums.into_iter().map(|sum| sum / images.len() as f64).collect()
    }

    /// Looks at an image: `[features]`, 0 to 255.
    pub fn view(&self, pixels: &[u8]) -> View<'_> {
        let mut view = View { probe: self, z: self.bias.clone() };
        let lit = pixels.iter().enumerate().filter(|(_, value)| **value > 0);
        lit.for_each(|(pixel, value)| view.change(pixel, f64::from(f32::from(*value) * SCALE)));
        view
    }
}

impl View<'_> {
    /// Makes pixel `pixel` brighter by `by`, of 1.
    pub fn change(&mut self, pixel: usize, by: f64) {
        self.probe.columns[pixel].iter().for_each(|(unit, weight)| self.z[*unit] += by * weight);
    }

    /// `[hidden]`: what the units give.
    pub fn activations(&self) -> Vec<f32> {
        self.z.iter().map(|z| z.max(0.0) as f32).collect()
    }

    /// The logit of class 1.
    pub fn logit(&self) -> f64 {
        let terms = self.z.iter().zip(&self.probe.outward);
        self.probe.offset + terms.map(|(z, weight)| weight * z.max(0.0)).sum::<f64>()
    }

    /// `[features]`: how much each pixel moves the probability of class 1.
    pub fn map(&self, method: Method) -> Vec<f64> {
        let logit = self.logit();
        let p = sigmoid(-logit.abs());
        let slope = p * (1.0 - p);
        let of = |column: &Vec<(usize, f64)>| match method {
            Method::Perturbation(eps) => step(logit, self.change_of_logit(column, eps)),
            Method::Gradient => (slope * self.slope_of_logit(column)).abs(),
        };
        self.probe.columns.iter().map(of).collect()
    }

    /// By how much the logit grows when a pixel gets brighter by `eps`.
    fn change_of_logit(&self, column: &[(usize, f64)], eps: f64) -> f64 {
        let change = column.iter().map(|&(unit, weight)| {
            let z = self.z[unit];
            self.probe.outward[unit] * ((z + eps * weight).max(0.0) - z.max(0.0))
        });
        change.sum()
    }

    fn slope_of_logit(&self, column: &[(usize, f64)]) -> f64 {
        let active = column.iter().filter(|(unit, _)| self.z[*unit] > 0.0);
        active.map(|(unit, weight)| self.probe.outward[*unit] * weight).sum()
    }
}

/// The probability that a logit stands for.
pub(super) fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// How far a probability moves when its logit does.
fn step(logit: f64, by: f64) -> f64 {
    if by == 0.0 {
        return 0.0;
    }
    // Looked at from the side where the probability is small, nothing cancels.
    let side = if logit > 0.0 { -1.0 } else { 1.0 };
    (sigmoid(side * (logit + by)) - sigmoid(side * logit)).abs()
}

/// What a network makes of images, `[examples, hidden]`.
pub(super) fn activations(probe: &Probe, images: &Dataset) -> Vec<f32> {
    let mut all = vec![];
    (0..images.len()).for_each(|image| all.extend(probe.view(images.pixels(image)).activations()));
    all
}
