//! The results themselves. The field names are a public schema: fields may be added, never renamed.

use super::result::{BatchNoiseFloor, BestRow, NoiseFloor, Peak, ResultRow};
use super::training::TrainingInfo;
use crate::measure::Environment;
use crate::model::Layer;
use serde::{Deserialize, Serialize};
use std::{string::String, vec::Vec};

/// The name and version of a report's JSON form.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub enum Schema {
    /// Trained, pruned, verified and measured.
    #[serde(rename = "prunella.run/1")]
    Run,
    /// Measured without training.
    #[serde(rename = "prunella.bench/1")]
    Bench,
    /// Trained only.
    #[serde(rename = "prunella.train/1")]
    Train,
    /// A model scored on a test set.
    #[serde(rename = "prunella.eval/1")]
    Eval,
    /// The machine alone.
    #[serde(rename = "prunella.info/1")]
    Info,
    /// A model pruned into another.
    #[serde(rename = "prunella.prune/1")]
    Prune,
    /// The files of a data set.
    #[serde(rename = "prunella.data/1")]
    Data,
    /// From which sparsity on sparse is faster.
    #[serde(rename = "prunella.breakeven/1")]
    Breakeven,
    /// The network for a goal.
    #[serde(rename = "prunella.advise/1")]
    Advise,
    /// The study of low-capacity networks, done again.
    #[serde(rename = "prunella.low-capacity/1")]
    LowCapacity,
    /// The study of prototypes, done again.
    #[serde(rename = "prunella.prototypes/1")]
    Prototypes,
}

/// What `prunella run` and `prunella bench` found for one network.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// [`Schema::Run`] or [`Schema::Bench`].
    pub schema: Schema,
    /// The command line that made this.
    pub command: String,
    /// The seed of everything random.
    pub seed: u64,
    /// The machine, the compiler and the build.
    pub environment: Environment,
    /// The examples; `None` when the inputs were random numbers.
    pub dataset: Option<DatasetInfo>,
    /// The network's shape.
    pub network: NetworkInfo,
    /// How the dense network was trained; `None` when it was not trained here.
    pub training: Option<TrainingInfo>,
    /// The spread that means nothing: the widest of `noise_floors`.
    pub noise_floor: NoiseFloor,
    /// One per batch size.
    pub noise_floors: Vec<BatchNoiseFloor>,
    /// The machine's peak, if it was measured.
    pub peak: Option<Peak>,
    /// The share of the inputs that are not zero, 0 to 1, if it is known.
    pub input_density: Option<f64>,
    /// One row per batch size and sparsity: both networks at their best, where zeros of the input were skipped.
    pub speedup_best: Vec<BestRow>,
    /// One row per batch size, sparsity and variant.
    pub results: Vec<ResultRow>,
    /// What else a reader must know, in sentences.
    pub notes: Vec<String>,
}

/// What `prunella eval` found: how well one model classifies one test set.
#[derive(Clone, Debug, Serialize)]
pub struct EvalReport {
    /// [`Schema::Eval`].
    pub schema: Schema,
    /// The command line that made this.
    pub command: String,
    /// The machine, the compiler and the build.
    pub environment: Environment,
    /// The examples.
    pub dataset: Option<DatasetInfo>,
    /// The network's shape.
    pub network: NetworkInfo,
    /// The share of examples classified correctly, 0 to 1.
    pub accuracy: f64,
    /// The mean of `f1`.
    pub f1_macro: f64,
    /// The area under the ROC curve, where it is defined.
    pub auc: Option<f64>,
    /// The label of each class, in the order of the network's outputs.
    pub labels: Vec<u32>,
    /// The F1 score of each class, in the order of `labels`.
    pub f1: Vec<f64>,
    /// `confusion[actual][predicted]`: counts of examples, in the order of `labels`.
    pub confusion: Vec<Vec<u64>>,
}

/// What `prunella info` found.
#[derive(Clone, Debug, Serialize)]
pub struct InfoReport {
    /// [`Schema::Info`].
    pub schema: Schema,
    /// The machine, the compiler and the build.
    pub environment: Environment,
    /// The arithmetic peak of each ISA; empty unless measured.
    pub peaks: Vec<IsaPeak>,
    /// The read bandwidth of each level of memory; empty unless measured.
    pub bandwidth: Vec<Bandwidth>,
}

/// What `prunella prune` did.
#[derive(Clone, Debug, Serialize)]
pub struct PruneReport {
    /// [`Schema::Prune`].
    pub schema: Schema,
    /// The command line that made this.
    pub command: String,
    /// The seed of everything random.
    pub seed: u64,
    /// The machine, the compiler and the build.
    pub environment: Environment,
    /// The examples, if there were any.
    pub dataset: Option<DatasetInfo>,
    /// The network's shape.
    pub network: NetworkInfo,
    /// The share of weights removed from the layers that were pruned, 0 to 1.
    pub sparsity: f64,
    /// Weights left in all layers.
    pub nnz: usize,
    /// Passes over the training set; 0 for none.
    pub fine_tuning_epochs: usize,
    /// Accuracy on the test set before pruning, 0 to 1.
    pub accuracy_before: Option<f64>,
    /// Accuracy on the test set of what was written, 0 to 1.
    pub test_accuracy: Option<f64>,
    /// What is left of each layer.
    pub layers: Vec<PrunedLayer>,
}

/// What `prunella data check` found.
#[derive(Clone, Debug, Serialize)]
pub struct DataReport {
    /// [`Schema::Data`].
    pub schema: Schema,
    /// The command line that made this.
    pub command: String,
    /// The directory of the files.
    pub directory: String,
    /// The published data set that this is, bit for bit.
    pub known_as: Option<String>,
    /// Training set and test set.
    pub sets: Vec<SetInfo>,
    /// The files.
    pub files: Vec<FileInfo>,
}

/// Where the examples came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Drawn by prunella itself.
    Embedded,
    /// Read from a directory of IDX files.
    Directory,
}

/// The examples.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DatasetInfo {
    /// What the set is called.
    pub name: String,
    /// Where it came from.
    pub source: Source,
    /// How many examples were trained on.
    pub train: usize,
    /// How many examples were held back for testing.
    pub test: usize,
    /// Numbers per example.
    pub features: usize,
    /// Number of classes.
    pub classes: usize,
}

/// The shape of a network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NetworkInfo {
    /// Widths, from the input to the output.
    pub layers: Vec<usize>,
    /// The activation between layers.
    pub activation: String,
}

/// What pruning left of a layer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PrunedLayer {
    /// Inputs.
    pub fan_in: usize,
    /// Outputs.
    pub fan_out: usize,
    /// Weights left.
    pub nnz: usize,
}

impl PrunedLayer {
    /// That of a layer.
    pub fn new(layer: &Layer) -> Self {
        Self { fan_in: layer.fan_in(), fan_out: layer.fan_out(), nnz: layer.nnz() }
    }
}

/// A training set or test set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetInfo {
    /// `train` or `test`.
    pub set: String,
    /// How many examples there are.
    pub examples: usize,
    /// Rows and columns of an image, or the number of features.
    pub shape: Vec<usize>,
    /// How many examples each class has.
    pub class_counts: Vec<usize>,
}

/// A file of a data set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FileInfo {
    /// Its name.
    pub file: String,
    /// Size of its content, decompressed.
    pub bytes: u64,
    /// SHA-256 of its content, decompressed.
    pub sha256: String,
    /// The published data set it belongs to, if it is known.
    pub known_as: Option<String>,
}

/// The arithmetic peak of one ISA.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IsaPeak {
    /// `portable`, `avx2`, `avx512` or `neon`.
    pub isa: String,
    /// Billions of floating-point operations a second on one thread; a fused multiply-add is two.
    pub fma_gflops: f64,
}

/// How fast one level of memory is read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bandwidth {
    /// `L1`, `L2`, `L3` or `DRAM`.
    pub level: String,
    /// Size of the buffer that was read.
    pub bytes: u64,
    /// Billions of bytes a second on one thread.
    pub gb_per_s: f64,
}
