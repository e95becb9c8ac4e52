//! Which weights go together.

use core::fmt;
use core::str::FromStr;
use std::{vec, vec::Vec};

/// Which weights go together. The sparsity is the share of the units that go: of single weights, blocks, neurons or inputs.
///
/// | structure | unit | how many of a layer's n units go |
/// |---|---|---|
/// | `unstructured` | a weight | `round(sparsity * n)` |
/// | `n:32` | a weight, among 32 in a row | `round(sparsity * 32)` of each 32, at most 31 |
/// | `block:16x1` | 16 outputs of 1 input | `round(sparsity * n)`, at most n - 1 |
/// | `neuron` | all weights of an output | the same |
/// | `input` | all weights of an input | the same |
///
/// Where 32 or 16 do not divide a layer, the last run or block is shorter, and counts as one. Sizes other than these can be named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Structure {
    /// Each weight by itself.
    #[default]
    Unstructured,
    /// As many as the sparsity says of each `m` consecutive weights of a row: 2:4 is `m` = 4 at sparsity 0.5.
    Nm {
        /// Weights of a run, 2 or more.
        m: usize,
    },
    /// A rectangle of the weight matrix `[fan_out, fan_in]`.
    Block {
        /// Its rows, 1 or more.
        outputs: usize,
        /// Its columns, 1 or more.
        inputs: usize,
    },
    /// All weights that lead to an output. The bias stays: what is left is a constant, which [`compact`](super::compact()) folds
    /// away. Not for the last layer, whose outputs are the classes.
    Neuron,
    /// All weights that lead from an input: in the first layer, a pixel.
    Input,
}

impl Structure {
    /// Whether its sizes make sense.
    pub(super) fn is_sound(self) -> bool {
        match self {
            Structure::Nm { m } => m >= 2,
            Structure::Block { outputs, inputs } => outputs >= 1 && inputs >= 1,
            Structure::Unstructured | Structure::Neuron | Structure::Input => true,
        }
    }

    /// The unit of each weight of a layer `[fan_out, fan_in]`, counted from 0 without gaps.
    pub(super) fn units(self, weights: usize, fan_in: usize) -> Vec<usize> {
        let (rows, cols) = match self {
            Structure::Unstructured | Structure::Nm { .. } => return (0..weights).collect(),
            Structure::Block { outputs, inputs } => (outputs, inputs),
            Structure::Neuron => (1, fan_in.max(1)),
            Structure::Input => (weights.max(1), 1),
        };
        let across = fan_in.div_ceil(cols);
        (0..weights).map(|at| at / fan_in / rows * across + at % fan_in / cols).collect()
    }

    /// The runs that a choice is made in, as lengths: by default all units are one.
    pub(super) fn runs(self, units: usize, fan_in: usize) -> Vec<usize> {
        let Structure::Nm { m } = self else { return vec![units] };
        let rows = units.checked_div(fan_in).unwrap_or(0);
        let row = (0..fan_in).step_by(m).map(|first| m.min(fan_in - first));
        (0..rows).flat_map(|_| row.clone()).collect()
    }
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Structure::Unstructured => f.pad("unstructured"),
            Structure::Nm { m } => f.pad(&std::format!("n:{m}")),
            Structure::Block { outputs, inputs } => f.pad(&std::format!("block:{outputs}x{inputs}")),
            Structure::Neuron => f.pad("neuron"),
            Structure::Input => f.pad("input"),
        }
    }
}

/// The text is no structure's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownStructure;

impl fmt::Display for UnknownStructure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no such structure; use unstructured, n:32 (or another length of 2 or more; the sparsity decides n: 2:4 is n:4 at \
             0.5), block:16x1 (outputs x inputs, each 1 or more), neuron or input",
        )
    }
}

impl core::error::Error for UnknownStructure {}

impl FromStr for Structure {
    type Err = UnknownStructure;

    fn from_str(name: &str) -> Result<Structure, UnknownStructure> {
        let size = |text: &str| text.parse::<usize>().map_err(|_| UnknownStructure);
        let structure = match name.split_once(':') {
            Some(("n", m)) => Structure::Nm { m: size(m)? },
            Some(("block", sizes)) => {
                let (outputs, inputs) = sizes.split_once('x').ok_or(UnknownStructure)?;
                Structure::Block { outputs: size(outputs)?, inputs: size(inputs)? }
            }
            Some(_) => return Err(UnknownStructure),
            None => {
                let plain = [Structure::Unstructured, Structure::Neuron, Structure::Input];
                let named = plain.into_iter().find(|structure| std::format!("{structure}") == name);
                named.ok_or(UnknownStructure)?
            }
        };
        if structure.is_sound() { Ok(structure) } else { Err(UnknownStructure) }
    }
}
