//! The records of all jobs, table by table.

use super::{
    CapacityRow, EmbeddingRow, InterpretabilityRow, NeuronsRow, ParetoRow, PruningRow, RateRow, Record,
    RobustnessRow, SaliencyRow,
};
use std::vec::Vec;

/// What the study found: its tables, in the order of the jobs. Those of parts that were not wanted are empty.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Findings {
    /// The grid of learning rates.
    pub rates: Vec<RateRow>,
    /// Best F1 by pair and width.
    pub capacity: Vec<CapacityRow>,
    /// Pruned networks, of all recipes.
    pub pruning: Vec<PruningRow>,
    /// Hidden units that are never active.
    pub neurons: Vec<NeuronsRow>,
    /// Networks on corrupted images.
    pub robustness: Vec<RobustnessRow>,
    /// Accuracy against measured time.
    pub pareto: Vec<ParetoRow>,
    /// Saliency and hidden geometry in numbers.
    pub interpretability: Vec<InterpretabilityRow>,
    /// Saliency maps.
    pub saliency: Vec<SaliencyRow>,
    /// Hidden activations in the plane.
    pub embedding: Vec<EmbeddingRow>,
}

impl FromIterator<Record> for Findings {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Findings {
        let mut all = Findings::default();
        for record in records {
            match record {
                Record::Rate(row) => all.rates.push(row),
                Record::Capacity(row) => all.capacity.push(row),
                Record::Pruning(row) => all.pruning.push(row),
                Record::Neurons(row) => all.neurons.push(row),
                Record::Robustness(row) => all.robustness.push(row),
                Record::Saliency(row) => all.saliency.push(row),
                Record::Embedding(row) => all.embedding.push(row),
                Record::Pareto(row) => all.pareto.push(row),
                Record::Interpretability(row) => all.interpretability.push(row),
            }
        }
        all
    }
}
