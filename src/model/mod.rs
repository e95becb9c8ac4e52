//! What a network is: layers of weight, bias and activation.
//!
//! A [`Model`] is plain data, checked once when it is made: shapes chain, every number is finite. It neither
//! trains nor runs; [`crate::engine`] compiles one to run it. [`Model::from_bytes`] and [`Model::to_bytes`]
//! read and write it as a `safetensors` file:
//!
//! | part | what it is |
//! |---|---|
//! | `layers.N.weight` | F32, `[fan_out, fan_in]`, row-major, `N` from 0 without gaps |
//! | `layers.N.bias` | F32, `[fan_out]` |
//! | metadata `format`, `version` | `prunella`, `1` |
//! | metadata `activation` | of the hidden layers: one name for all, or one per layer, separated by commas; without it, `relu` |
//! | metadata `output` | activation of the last layer; without it, `identity` |

mod error;
mod file;
mod json;
pub(crate) mod safetensors;

use alloc::string::String;
use alloc::vec::Vec;

pub use error::ModelError;
pub use prunella_kernels::Activation;

/// One layer: `h = activation(weight * x + bias)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    fan_in: usize,
    weight: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
}

impl Layer {
    /// A layer from `weight`, `[fan_out, fan_in]` row-major, and `bias`, `[fan_out]`; `fan_out` is the length of
    /// `bias`.
    ///
    /// # Errors
    /// [`ModelError::ZeroSize`] when `fan_in` or `fan_out` is zero, [`ModelError::Length`] when `weight` has not
    /// `fan_out * fan_in` values, [`ModelError::NotFinite`] for the first NaN or infinity.
    pub fn new(
        fan_in: usize,
        weight: Vec<f32>,
        bias: Vec<f32>,
        activation: Activation,
    ) -> Result<Layer, ModelError> {
        let fan_out = bias.len();
        if fan_in == 0 || fan_out == 0 {
            return Err(ModelError::ZeroSize { tensor: String::from("weight"), fan_in, fan_out });
        }
        if fan_out.checked_mul(fan_in) != Some(weight.len()) {
            let len = weight.len();
            return Err(ModelError::Length { tensor: String::from("weight"), len, fan_in, fan_out });
        }
        check_finite("weight", &weight)?;
        check_finite("bias", &bias)?;
        Ok(Layer { fan_in, weight, bias, activation })
    }

    /// How many values the layer takes.
    pub fn fan_in(&self) -> usize {
        self.fan_in
    }

    /// How many values the layer gives.
    pub fn fan_out(&self) -> usize {
        self.bias.len()
    }

    /// The weights, `[fan_out, fan_in]`, row-major.
    pub fn weight(&self) -> &[f32] {
        &self.weight
    }

    /// The biases, `[fan_out]`.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// What the layer ends with.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// How many weights are not zero; biases do not count.
    pub fn nnz(&self) -> usize {
        self.weight.iter().filter(|&&w| w != 0.0).count()
    }

    /// Whether the layer was pruned: at least one weight in 64 is zero. Fewer zeros are an accident of training or rounding, and
    /// too few for a sparse form, which stores an index with each weight, to win anything.
    pub fn is_pruned(&self) -> bool {
        const ONE_IN: usize = 64;
        self.weight.len() - self.nnz() >= self.weight.len().div_ceil(ONE_IN)
    }
}

fn check_finite(tensor: &str, values: &[f32]) -> Result<(), ModelError> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => {
            Err(ModelError::NotFinite { tensor: String::from(tensor), index, value: values[index] })
        }
        None => Ok(()),
    }
}

/// A network: at least one layer, each taking what the one before it gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    layers: Vec<Layer>,
}

impl Model {
    /// A network of `layers`, first to last.
    ///
    /// # Errors
    /// [`ModelError::NoLayers`] when there are none, [`ModelError::Chain`] when a layer does not take as many values as
    /// the one before it gives.
    pub fn new(layers: Vec<Layer>) -> Result<Model, ModelError> {
        if layers.is_empty() {
            return Err(ModelError::NoLayers);
        }
        for (before, pair) in layers.windows(2).enumerate() {
            let (fan_out, fan_in) = (pair[0].fan_out(), pair[1].fan_in());
            if fan_out != fan_in {
                return Err(ModelError::Chain { layer: before + 1, fan_in, expected: fan_out });
            }
        }
        Ok(Model { layers })
    }

    /// Reads a `safetensors` file; the [module](self) says which tensors and metadata it holds. Files of other tools
    /// load when their tensors have these names and shapes.
    ///
    /// # Errors
    /// [`ModelError`] naming the byte, tensor or metadata entry that is wrong, and what would be right.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model, ModelError> {
        file::read(bytes)
    }

    /// The network as a `safetensors` file; [`Model::from_bytes`] gives back the same bits.
    pub fn to_bytes(&self) -> Vec<u8> {
        file::write(&self.layers)
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// How many values the network takes per example.
    pub fn fan_in(&self) -> usize {
        self.layers[0].fan_in()
    }

    /// How many values the network gives per example.
    pub fn fan_out(&self) -> usize {
        self.layers[self.layers.len() - 1].fan_out()
    }

    /// The widths from input to output, such as `[784, 256, 10]`.
    pub fn sizes(&self) -> Vec<usize> {
        core::iter::once(self.fan_in()).chain(self.layers.iter().map(Layer::fan_out)).collect()
    }

    /// How many weights are not zero, in all layers; biases do not count.
    pub fn nnz(&self) -> usize {
        self.layers.iter().map(Layer::nnz).sum()
    }

    /// How many weights there are, zeros included; biases do not count.
    pub fn weights(&self) -> usize {
        self.layers.iter().map(|layer| layer.weight.len()).sum()
    }

    /// The share of weights that are zero, in `[0, 1]`.
    pub fn sparsity(&self) -> f64 {
        1.0 - self.nnz() as f64 / self.weights() as f64
    }
}
