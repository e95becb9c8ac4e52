use alloc::format;
use alloc::string::String;
use core::fmt;

/// Why something is not a network. Tensors are named as in a file, `layers.0.weight`, or plainly `weight` where the
/// layer has no number yet.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ModelError {
    /// A network without layers.
    NoLayers,
    /// A layer that takes or gives nothing.
    ZeroSize {
        /// The layer's weight.
        tensor: String,
        /// Values it would take.
        fan_in: usize,
        /// Values it would give.
        fan_out: usize,
    },
    /// A weight that has not `fan_out * fan_in` values.
    Length {
        /// The layer's weight.
        tensor: String,
        /// How many values it has.
        len: usize,
        /// Values the layer takes.
        fan_in: usize,
        /// Values the layer gives.
        fan_out: usize,
    },
    /// A NaN or an infinity.
    NotFinite {
        /// The weight or bias that holds it.
        tensor: String,
        /// Where in the tensor, counted row-major from 0.
        index: usize,
        /// The number itself.
        value: f32,
    },
    /// A layer that does not take what the one before it gives.
    Chain {
        /// The later of the two layers, counted from 0.
        layer: usize,
        /// How many values it takes.
        fan_in: usize,
        /// How many values the layer before it gives.
        expected: usize,
    },
    /// The bytes are not a `safetensors` file.
    Format {
        /// Where in the file.
        offset: usize,
        /// What is wrong there, and what would be right.
        problem: String,
    },
    /// The file is sound, but a tensor in it is not what a network needs.
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// The file is sound, but a metadata entry in it is not one this version reads.
    Metadata {
        /// The entry's name.
        key: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        expected: String,
    },
}

impl ModelError {
    pub(super) fn format(offset: usize, problem: impl Into<String>) -> ModelError {
        ModelError::Format { offset, problem: problem.into() }
    }

    pub(super) fn tensor(name: &str, problem: impl Into<String>) -> ModelError {
        ModelError::Tensor { name: String::from(name), problem: problem.into() }
    }

    /// The same error, once the number of the layer is known.
    pub(super) fn in_layer(mut self, number: usize) -> ModelError {
        if let ModelError::ZeroSize { tensor, .. }
        | ModelError::Length { tensor, .. }
        | ModelError::NotFinite { tensor, .. } = &mut self
        {
            *tensor = format!("layers.{number}.{tensor}");
        }
        self
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModelError::NoLayers => f.write_str("a network needs at least one layer"),
            ModelError::ZeroSize { tensor, fan_in, fan_out } => {
                write!(
                    f,
                    "{tensor} is [{fan_out}, {fan_in}]; a layer needs at least one input and one output"
                )
            }
            ModelError::Length { tensor, len, fan_in, fan_out } => {
                write!(
                    f,
                    "{tensor} has {len} values; [fan_out {fan_out}, fan_in {fan_in}] needs their product"
                )
            }
            ModelError::NotFinite { tensor, index, value } => {
                write!(f, "{tensor}[{index}] is {value}; every weight and bias must be finite")
            }
            ModelError::Chain { layer, fan_in, expected } => write!(
                f,
                "layers.{layer}.weight takes {fan_in} values, but layer {} gives {expected}; they must be equal",
                layer - 1
            ),
            ModelError::Format { offset, problem } => {
                write!(f, "not a safetensors file: byte {offset}: {problem}")
            }
            ModelError::Tensor { name, problem } => write!(f, "tensor `{}`: {problem}", name.escape_debug()),
            ModelError::Metadata { key, value, expected } => {
                write!(f, "metadata `{key}` is `{}`; expected {expected}", value.escape_debug())
            }
        }
    }
}

impl core::error::Error for ModelError {}
