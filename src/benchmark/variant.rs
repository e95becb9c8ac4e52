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
    /// The network before pruning, its first layer skipping the inputs that are zero. That is not pruning.
    DenseSparseInput,
    /// [`Csr`](Self::Csr), its first layer skipping the inputs that are zero. For batches below 16: the first layer works on one
    /// example and one weight at a time, and takes 5 to 12 times as long as that of `csr` in a batch of 16 (784x256 and 784x1024,
    /// MNIST).
    CsrSparseInput,
}

impl VariantName {
    /// Every variant.
    pub const ALL: [VariantName; 6] = [
        VariantName::Dense,
        VariantName::Masked,
        VariantName::Csr,
        VariantName::Auto,
        VariantName::DenseSparseInput,
        VariantName::CsrSparseInput,
    ];

    /// The name used on the command line and in results.
    pub fn name(self) -> &'static str {
        match self {
            VariantName::Dense => "dense",
            VariantName::Masked => "masked",
            VariantName::Csr => "csr",
            VariantName::Auto => "auto",
            VariantName::DenseSparseInput => "dense-sparse-input",
            VariantName::CsrSparseInput => "csr-sparse-input",
        }
    }

    /// Whether zeros of the input are skipped: variants that do are for inputs of which most are zero.
    pub fn skips_inputs(self) -> bool {
        matches!(self, VariantName::DenseSparseInput | VariantName::CsrSparseInput)
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
        f.write_str("no such variant; use dense, masked, csr, auto, dense-sparse-input or csr-sparse-input")
    }
}

impl core::error::Error for UnknownVariant {}

impl FromStr for VariantName {
    type Err = UnknownVariant;
    fn from_str(name: &str) -> Result<Self, UnknownVariant> {
        VariantName::ALL.into_iter().find(|v| v.name() == name).ok_or(UnknownVariant)
    }
}
