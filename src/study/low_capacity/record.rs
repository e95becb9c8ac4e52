//! What the jobs find: plain rows, whose field names are those of the results file. A public schema: fields may be added, never
//! renamed.

use super::Pair;
use std::string::String;
use std::vec::Vec;

/// A row of one of the tables.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Record {
    /// A network of the grid of learning rates.
    Rate(RateRow),
    /// A network of the capacity figure.
    Capacity(CapacityRow),
    /// A pruned network.
    Pruning(PruningRow),
    /// Hidden units that are never active.
    Neurons(NeuronsRow),
    /// A network on corrupted images.
    Robustness(RobustnessRow),
    /// A saliency map.
    Saliency(SaliencyRow),
    /// Hidden activations, laid out in the plane.
    Embedding(EmbeddingRow),
    /// A measured network.
    Pareto(ParetoRow),
    /// One number about what a network attends to, or how it sees the digits.
    Interpretability(InterpretabilityRow),
}

/// A network of the grid of learning rates, trained as published.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct RateRow {
    /// The digits.
    pub pair: Pair,
    /// Hidden units.
    pub hidden: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// The learning rate.
    pub rate: f64,
    /// The best F1 on the training examples over the epochs.
    pub best_f1: f64,
    /// F1 on the training examples after the last epoch.
    pub final_f1: f64,
    /// F1 on the validation examples after the last epoch.
    pub validation_f1: f64,
}

/// A network of the capacity figure, trained as published.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct CapacityRow {
    /// The digits.
    pub pair: Pair,
    /// Hidden units.
    pub hidden: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// The best F1 on the training examples over the epochs: what the study plots.
    pub best_f1: f64,
    /// After how many epochs that was.
    pub best_epoch: usize,
    /// F1 on the training examples after the last epoch.
    pub final_f1: f64,
    /// F1 on the validation examples after the last epoch.
    pub validation_f1: f64,
    /// F1 on the test images after the last epoch.
    pub test_f1: f64,
}

/// How the published pruning level is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Reading {
    /// As the text says it: that many percent of the weights go.
    Percent,
    /// As the published code does it: a hundredth of that goes.
    Hundredth,
}

impl Reading {
    /// As the results file says it.
    pub fn name(self) -> &'static str {
        match self {
            Reading::Percent => "percent",
            Reading::Hundredth => "hundredth",
        }
    }

    /// The share of weights that goes at `level`, in percent.
    pub fn share(self, level: f64) -> f64 {
        match self {
            Reading::Percent => level / 100.0,
            Reading::Hundredth => level / 10_000.0,
        }
    }

    /// That share of `weights`, rounded down.
    pub fn count(self, level: f64, weights: usize) -> usize {
        // Whole levels are exact until the division, whose result is then exact if it is whole.
        match self {
            Reading::Percent => (level * weights as f64 / 100.0) as usize,
            Reading::Hundredth => (level * weights as f64 / 10_000.0) as usize,
        }
    }
}

/// A pruned network.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct PruningRow {
    /// The digits.
    pub pair: Pair,
    /// Hidden units.
    pub hidden: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// The pruning level, in percent as published; 0 for the dense network.
    pub level: f64,
    /// How the level is read.
    pub reading: Reading,
    /// What goes: `unstructured`, or another structure.
    pub structure: String,
    /// How the network was trained and pruned: `published`, or another recipe.
    pub recipe: String,
    /// F1 on the validation examples.
    pub f1: f64,
    /// The area under the ROC curve on the validation examples; none if only one class is there.
    pub auc: Option<f64>,
    /// F1 on the test images.
    pub test_f1: f64,
    /// Weights left in all layers.
    pub nnz: usize,
}

/// Hidden units that are 0 on every validation example.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct NeuronsRow {
    /// The digits.
    pub pair: Pair,
    /// Hidden units.
    pub hidden: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// The pruning level, in percent as published; 0 for the dense network.
    pub level: f64,
    /// How the level is read.
    pub reading: Reading,
    /// How many units are 0 on every validation example.
    pub dead: usize,
}

/// How the images of [`RobustnessRow`] were corrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Corruption {
    /// Not at all.
    None,
    /// Gaussian noise of standard deviation `strength`, clipped to [0, 1].
    Noise,
    /// A square of 0, `strength` pixels wide, anywhere in the image.
    Occlusion,
}

impl Corruption {
    /// As the results file says it.
    pub fn name(self) -> &'static str {
        match self {
            Corruption::None => "none",
            Corruption::Noise => "noise",
            Corruption::Occlusion => "occlusion",
        }
    }
}

/// A network, trained as published, on corrupted validation examples.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct RobustnessRow {
    /// The digits.
    pub pair: Pair,
    /// Hidden units.
    pub hidden: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// What was done to the images.
    pub corruption: Corruption,
    /// How much of it.
    pub strength: f64,
    /// F1 on them.
    pub f1: f64,
    /// The area under the ROC curve on them; none if only one class is there.
    pub auc: Option<f64>,
}

/// A saliency map: how much each pixel moves the output.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct SaliencyRow {
    /// The digits.
    pub pair: Pair,
    /// Hidden units.
    pub hidden: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// The pruning level, in percent as published; 0 for the dense network.
    pub level: f64,
    /// How the level is read.
    pub reading: Reading,
    /// `perturbation-0.1`, `perturbation-0.01` or `gradient`.
    pub method: String,
    /// Of which image: the first of that digit in the validation set. None: the mean over all validation examples.
    pub digit: Option<u8>,
    /// The image, 0 to 1, row-major; empty with the mean.
    pub image: Vec<f32>,
    /// `[pixels]`, row-major.
    pub map: Vec<f32>,
}

/// Hidden activations of validation examples, laid out in the plane by t-SNE.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct EmbeddingRow {
    /// The digits.
    pub pair: Pair,
    /// Hidden units.
    pub hidden: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// The pruning level, in percent as published; 0 for the dense network.
    pub level: f64,
    /// How the level is read.
    pub reading: Reading,
    /// The number of neighbours that each point minds.
    pub perplexity: f64,
    /// The Kullback-Leibler divergence that was made small.
    pub divergence: f64,
    /// `[examples]`: the class, 0 or 1.
    pub labels: Vec<u8>,
    /// `[examples]`: where.
    pub points: Vec<[f32; 2]>,
}

/// A network, verified and timed.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct ParetoRow {
    /// What it classifies: `4-9`, or `0-9` for all classes.
    pub task: String,
    /// What was pruned: `unstructured`, `neuron`, `n:32`, ...; `random`, the control; or `dense` for a smaller dense network.
    pub structure: String,
    /// The share of units removed, 0 to 1; 0 for a smaller dense network.
    pub sparsity: f64,
    /// Hidden units before pruning.
    pub hidden: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// Weights left in all layers.
    pub nnz: usize,
    /// The share of test images classified correctly.
    pub accuracy: f64,
    /// How many test images there are.
    pub examples: usize,
    /// For two classes, the F1 score of class 1 on the test images.
    pub f1: Option<f64>,
    /// Examples per call.
    pub batch: usize,
    /// The form that was fastest.
    pub plan: String,
    /// Median time of a call.
    pub median_ns: f64,
    /// Nine samples in ten are below.
    pub p90_ns: f64,
    /// How many times as fast as the widest dense network of the task that was pruned.
    pub speedup: f64,
    /// Lower end of the speedup's 95 % interval.
    pub speedup_lo: f64,
    /// Upper end of the speedup's 95 % interval.
    pub speedup_hi: f64,
    /// What luck is worth in the same rounds: the ratio of two copies of one network, the larger way round.
    pub noise: f64,
    /// Largest difference from the f64 oracle, relative to the largest |output|.
    pub max_abs_diff: f64,
}

/// One number about what a network attends to, or how it sees the digits.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct InterpretabilityRow {
    /// The digits.
    pub pair: Pair,
    /// Hidden units.
    pub hidden: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// The share of weights removed, in percent; 0 for the dense network.
    pub level: f64,
    /// What is compared with the dense network, or looked at: `dense`, `magnitude`, `random`, `reinitialised`, ...
    pub network: String,
    /// What was measured: `saliency-spearman`, `cka`, ...
    pub measure: String,
    /// The number.
    pub value: f64,
}
