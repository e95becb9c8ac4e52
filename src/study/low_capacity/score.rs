//! How good a network is on examples, corrupted or not.

use super::{Context, StudyError};
use crate::dataset::Dataset;
use crate::engine::{BatchClass, Engine, Options, Variant};
use crate::metrics::{Confusion, auc};
use crate::model::Model;
use std::{vec, vec::Vec};

/// Examples of two classes, as numbers.
#[derive(Debug, Clone)]
pub struct Examples {
    /// `[len, features]`, row-major, each in [0, 1].
    pub rows: Vec<f32>,
    /// `[len]`: 0 or 1.
    pub labels: Vec<u8>,
}

/// How good a network is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The F1 score of class 1 at threshold 0.5.
    pub f1: f64,
    /// The area under the ROC curve; none if only one class is there.
    pub auc: Option<f64>,
}

impl Examples {
    /// All of `data`, scaled to [0, 1].
    pub fn new(data: &Dataset) -> Examples {
        Examples { rows: data.rows(), labels: data.labels().into() }
    }

    /// What `model`, whose output is a logit, makes of them.
    ///
    /// # Errors
    /// If it takes other rows.
    pub fn score(&self, model: &Model, context: &Context<'_>) -> Result<Score, StudyError> {
        let logits = outputs(model, &self.rows, context)?;
        let is_positive: Vec<bool> = self.labels.iter().map(|label| *label == 1).collect();
        Ok(Score { f1: f1(&logits, &self.labels), auc: auc(&logits, &is_positive) })
    }
}

/// What `model` gives for `rows`: `[rows, fan_out]`, row-major.
///
/// # Errors
/// If it takes other rows.
pub fn outputs(model: &Model, rows: &[f32], context: &Context<'_>) -> Result<Vec<f32>, StudyError> {
    let isa = context.compute.kernels.isa();
    let options = Options { isa, class: BatchClass::Many, variant: Variant::Dense };
    let engine = Engine::compile(model, &options)?;
    let mut outputs = vec![0.0; rows.len() / model.fan_in() * model.fan_out()];
    engine.run(rows, &mut outputs, &mut engine.scratch())?;
    Ok(outputs)
}

/// The F1 score of class 1 where `logits`, one for each label, are above 0: a probability above 0.5.
pub fn f1(logits: &[f32], labels: &[u8]) -> f64 {
    let predicted: Vec<usize> = logits.iter().map(|logit| usize::from(*logit > 0.0)).collect();
    Confusion::new(&predicted, labels, 2).f1(1)
}

/// What the hidden units of `model` give for `rows`: `[rows, hidden]`, row-major.
///
/// # Errors
/// If it takes other rows.
pub fn hidden(model: &Model, rows: &[f32], context: &Context<'_>) -> Result<Vec<f32>, StudyError> {
    let first = Model::new(vec![model.layers()[0].clone()])?;
    outputs(&first, rows, context)
}
