//! The ways to run a network, by name.

use std::{fmt, str::FromStr};

/// A way to run a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VariantName {
    /// The network before pruning: the baseline.
    Dense,
    /// The pruned network, zeros stored, in the dense kernels: the control.
    Masked,
    /// The pruned network, pruned layers stored sparse.
    Csr,
    /// The pruned network, each layer in the form that was faster when timed beforehand.
    Auto,
}

impl VariantName {
    /// Every variant.
    pub const ALL: [VariantName; 4] =
        [VariantName::Dense, VariantName::Masked, VariantName::Csr, VariantName::Auto];

    /// The name used on the command line and in results.
    pub fn name(self) -> &'static str {
        match self {
            VariantName::Dense => "dense",
            VariantName::Masked => "masked",
            VariantName::Csr => "csr",
            VariantName::Auto => "auto",
        }
    }
}

impl fmt::Display for VariantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text is no variant's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownVariant;

impl fmt::Display for UnknownVariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such variant; use dense, masked, csr or auto")
    }
}

impl core::error::Error for UnknownVariant {}

impl FromStr for VariantName {
    type Err = UnknownVariant;
    fn from_str(name: &str) -> Result<Self, UnknownVariant> {
        VariantName::ALL.into_iter().find(|v| v.name() == name).ok_or(UnknownVariant)
    }
}
