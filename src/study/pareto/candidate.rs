//! Which networks compete.

use crate::dataset::{DataError, Dataset, Split};
use crate::prune::{Criterion, PruneOptions, Structure};
use crate::study::low_capacity::{self, Pair};
use core::fmt;
use std::string::{String, ToString};
use std::{format, vec::Vec};

/// What is to be told apart, and which networks try.
#[derive(Debug, Clone)]
pub struct Task {
    /// `4-9`, or `0-9` for all classes.
    pub name: String,
    /// To learn from.
    pub train: Dataset,
    /// To be judged by.
    pub test: Dataset,
    /// Widths of the hidden layer of dense networks, ascending.
    pub dense: Vec<usize>,
    /// Those of them that are pruned, too.
    pub pruned: Vec<usize>,
    /// Outputs of the networks: one for each class, or a single one for two classes.
    pub outputs: usize,
}

/// How far each is pruned: what 16, 8, 4, 2 and 1 of 32 leave out.
const SPARSITIES: [f64; 5] = [0.5, 0.75, 0.875, 0.9375, 0.96875];

/// The structures of pruning.
const STRUCTURES: [Structure; 6] = [
    Structure::Unstructured,
    Structure::Nm { m: 32 },
    Structure::Block { outputs: 16, inputs: 1 },
    Structure::Block { outputs: 4, inputs: 1 },
    Structure::Neuron,
    Structure::Input,
];

impl Task {
    /// The digits of a pair, balanced, as the study of low-capacity networks has them; judged by the test images.
    ///
    /// # Errors
    /// If a digit of the pair is not in the data.
    pub fn pair(data: &Split, pair: Pair, seed: u64) -> Result<Task, DataError> {
        let low_capacity::Task { train, test, .. } = low_capacity::Task::new(data, pair, seed)?;
        let (dense, pruned) = (Task::widths(), [64, 256].into());
        Ok(Task { name: pair.to_string(), train, test, dense, pruned, outputs: 1 })
    }

    /// All classes of `data`.
    pub fn all_classes(data: &Split) -> Task {
        let outputs = data.train.classes();
        let (dense, pruned) = (Task::widths(), [64, 256, 1024].into());
        let (train, test) = (data.train.clone(), data.test.clone());
        Task { name: format!("0-{}", outputs - 1), train, test, dense, pruned, outputs }
    }

    fn widths() -> Vec<usize> {
        (1..=10).map(|power| 1 << power).collect()
    }

    /// The networks that compete: all dense ones by width, then the pruned ones by width, kind and sparsity.
    pub fn candidates(&self) -> Vec<Candidate> {
        let dense = self.dense.iter().map(|&hidden| Candidate { hidden, kind: Kind::Dense, sparsity: 0.0 });
        let kinds = STRUCTURES.into_iter().map(Kind::Pruned).chain([Kind::Random]);
        let pruned = self.pruned.iter().flat_map(|&hidden| {
            let of_kind =
                move |kind| SPARSITIES.into_iter().map(move |sparsity| Candidate { hidden, kind, sparsity });
            kinds.clone().flat_map(of_kind)
        });
        dense.chain(pruned).collect()
    }
}

/// What sets a network apart from a dense one of its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing.
    Dense,
    /// The least units of a structure went.
    Pruned(Structure),
    /// Single weights went, by chance: the control.
    Random,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Dense => f.pad("dense"),
            Kind::Pruned(structure) => structure.fmt(f),
            Kind::Random => f.pad("random"),
        }
    }
}

/// A network to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Neurons of the hidden layer, before pruning.
    pub hidden: usize,
    /// What is done to it.
    pub kind: Kind,
    /// The share of units that go.
    pub sparsity: f64,
}

impl Candidate {
    /// How it is pruned; a dense one to a sparsity of 0.
    pub fn prune(&self, seed: u64) -> PruneOptions {
        let (structure, criterion) = match self.kind {
            Kind::Dense => (Structure::Unstructured, Criterion::Magnitude),
            Kind::Pruned(structure) => (structure, Criterion::Contribution),
            Kind::Random => (Structure::Unstructured, Criterion::Random),
        };
        PruneOptions { structure, criterion, seed, ..PruneOptions::default() }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Candidate { hidden, kind, sparsity } = self;
        match kind {
            Kind::Dense => write!(f, "dense {hidden}"),
            _ => write!(f, "{hidden}, {kind} at {} %", (sparsity * 1e5).round() / 1e3),
        }
    }
}
