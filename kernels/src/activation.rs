//! The functions a layer may end with.

use core::fmt;
use core::str::FromStr;

/// What a layer does to `z` (its product plus bias) to make `h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `h = z`.
    Identity,
    /// `h = max(z, 0)`.
    #[default]
    Relu,
    /// `h = exp(-z^2)`.
    Gaussian,
    /// `h = 1 / (1 + exp(-z))`.
    Sigmoid,
    /// `h = tanh(z)`.
    Tanh,
}

impl Activation {
    /// Every activation, in the order of the enum.
    pub const ALL: [Activation; 5] =
        [Activation::Identity, Activation::Relu, Activation::Gaussian, Activation::Sigmoid, Activation::Tanh];

    /// The name used on the command line and in model files.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Identity => "identity",
            Activation::Relu => "relu",
            Activation::Gaussian => "gaussian",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text is no activation's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownActivation;

impl fmt::Display for UnknownActivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such activation; use identity, relu, gaussian, sigmoid or tanh")
    }
}

impl core::error::Error for UnknownActivation {}

impl FromStr for Activation {
    type Err = UnknownActivation;
    fn from_str(name: &str) -> Result<Self, UnknownActivation> {
        Activation::ALL.into_iter().find(|a| a.name() == name).ok_or(UnknownActivation)
    }
}
