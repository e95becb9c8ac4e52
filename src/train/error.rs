use crate::model::ModelError;
use core::fmt;
use std::{format, string::String};

/// Why a network cannot be made or trained.
#[derive(Debug, Clone, PartialEq)]
pub enum TrainError {
    /// The sizes are no network: `problem` says what is wrong and what would be right.
    Sizes(String),
    /// A setting is out of its range.
    Setting {
        /// Which one.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it must be.
        required: &'static str,
    },
    /// Network, data and loss do not go together: says what is wrong and what would be right.
    Mismatch(String),
    /// The loss is infinite or NaN; the weights are still those of before the step.
    NotFinite {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The step within all epochs, counted from 1.
        step: usize,
        /// The learning rate of that step.
        rate: f32,
    },
    /// A checkpoint cannot be gone on from: says why, and what would be right.
    Checkpoint(String),
    /// A weight or bias is infinite or NaN.
    Model(ModelError),
}

impl TrainError {
    pub(crate) fn setting(
        name: &'static str,
        value: impl fmt::Display,
        required: &'static str,
    ) -> TrainError {
        TrainError::Setting { name, value: format!("{value}"), required }
    }
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainError::Sizes(problem) | TrainError::Mismatch(problem) | TrainError::Checkpoint(problem) => {
                f.write_str(problem)
            }
            TrainError::Setting { name, value, required } => {
                write!(f, "{name} is {value}; it must be {required}")
            }
            TrainError::NotFinite { epoch, step, rate } => write!(
                f,
                // Debug is as short as can be: 1e20, where Display writes all digits.
                "the loss is no longer finite in epoch {epoch}, step {step}, at a learning rate of {rate:?}; try a tenth of it"
            ),
            TrainError::Model(error) => {
                write!(f, "{error}; training has diverged, try a lower learning rate")
            }
        }
    }
}

impl core::error::Error for TrainError {}
