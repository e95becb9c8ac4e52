use super::Structure;
use crate::model::ModelError;
use crate::train::TrainError;
use core::fmt;
use std::vec::Vec;

/// Why a network cannot be pruned.
#[derive(Debug, Clone, PartialEq)]
pub enum PruneError {
    /// The share of weights to go is not in [0, 1).
    Sparsity(f64),
    /// The levels do not ascend, or there are none.
    Levels(Vec<f64>),
    /// The only layer is the last one, which stays dense.
    OnlyLast,
    /// The neurons of the last layer are the classes.
    Classes,
    /// A run of the structure has fewer than two weights, or a block none.
    Structure(Structure),
    /// Fine-tuning failed.
    Train(TrainError),
    /// The pruned weights are no model.
    Model(ModelError),
}

impl fmt::Display for PruneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PruneError::Sparsity(sparsity) => {
                write!(f, "the sparsity {sparsity} is not in [0, 1): 0.9 removes 90 % of the weights")
            }
            PruneError::Levels(levels) => {
                write!(f, "the sparsities {levels:?} do not ascend; give each once, the lowest first")
            }
            PruneError::OnlyLast => {
                f.write_str("the only layer is the last one, which stays dense: there is nothing to prune; have the last pruned too")
            }
            PruneError::Classes => {
                f.write_str("the neurons of the last layer are the classes and stay; prune the other layers alone")
            }
            PruneError::Structure(structure) => {
                write!(f, "the structure {structure} is too small: a run n:M has 2 weights or more, a block RxC 1 or more each way")
            }
            PruneError::Train(error) => write!(f, "fine-tuning: {error}"),
            PruneError::Model(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PruneError {}

impl From<TrainError> for PruneError {
    fn from(error: TrainError) -> PruneError {
        PruneError::Train(error)
    }
}

impl From<ModelError> for PruneError {
    fn from(error: ModelError) -> PruneError {
        PruneError::Model(error)
    }
}
