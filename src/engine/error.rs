//! What can be wrong with a model to compile or a call to run.

use core::fmt;

use prunella_kernels::PackError;

/// Why a model cannot be compiled.
#[derive(Clone, Debug, PartialEq)]
pub enum CompileError {
    /// A plan must name a form for each layer.
    PlanLength {
        /// Forms in the plan.
        forms: usize,
        /// Layers of the model.
        layers: usize,
    },
    /// Only the first layer can skip inputs that are zero.
    SparseInput {
        /// The layer that was to, from 0.
        layer: usize,
    },
    /// The examples that a plan is to be timed on must be whole rows, at least one.
    Input {
        /// Number of values.
        len: usize,
        /// Values of a row.
        fan_in: usize,
    },
    /// Windows are for one example alone.
    Form {
        /// The layer, from 0.
        layer: usize,
    },
    /// A layer's weights cannot be packed.
    Pack {
        /// The layer, from 0.
        layer: usize,
        /// Why.
        error: PackError,
    },
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::PlanLength { forms, layers } => {
                write!(
                    f,
                    "the plan has {forms} forms, but the model {layers} layers; name one form for each layer"
                )
            }
            CompileError::SparseInput { layer } => {
                write!(
                    f,
                    "layer {layer}: only the first layer can skip inputs; give this one the form dense or csr"
                )
            }
            CompileError::Input { len, fan_in } => {
                write!(
                    f,
                    "a plan is timed on whole rows of {fan_in} values, at least one, not on {len} values"
                )
            }
            CompileError::Form { layer } => {
                write!(f, "layer {layer}: the form window is for one example; use dense or csr")
            }
            CompileError::Pack { layer, error } => write!(f, "layer {layer}: {error}"),
        }
    }
}

impl core::error::Error for CompileError {}

#[cfg(feature = "std")]
impl CompileError {
    /// The same error for a layer that was compiled alone.
    pub(crate) fn at_layer(self, layer: usize) -> CompileError {
        match self {
            CompileError::Pack { error, .. } => CompileError::Pack { layer, error },
            other => other,
        }
    }
}

/// Why a run was refused; nothing was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunError {
    /// The input must be whole rows of `fan_in` values.
    Input {
        /// Its length.
        len: usize,
        /// Values of a row.
        fan_in: usize,
    },
    /// The output must have a row of `fan_out` values for each row of the input.
    Output {
        /// Its length.
        len: usize,
        /// The length it should have.
        needed: usize,
    },
    /// The scratch is too small: another engine's.
    Scratch,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Input { len, fan_in } => {
                write!(f, "an input of {len} values is not whole rows of {fan_in}")
            }
            RunError::Output { len, needed } => {
                write!(f, "the output has {len} values; this input needs {needed}")
            }
            RunError::Scratch => {
                f.write_str("the scratch is too small; make it with this engine's scratch()")
            }
        }
    }
}

impl core::error::Error for RunError {}
