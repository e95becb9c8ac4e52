//! The measured part of a report: rows of results, and what they are read against.

use serde::{Deserialize, Serialize};
use std::{string::String, vec::Vec};

/// The 95 % interval of the speedup of a network over an independently packed copy of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NoiseFloor {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

/// The noise floor at one batch size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BatchNoiseFloor {
    /// Examples per call.
    pub batch: usize,
    /// The interval, in the JSON form beside `batch`.
    #[serde(flatten)]
    pub floor: NoiseFloor,
}

/// The machine's peak, from a kernel that took its turn in the same rounds as the results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Peak {
    /// Billions of floating-point operations a second; a fused multiply-add is two.
    pub fma_gflops: f64,
}

/// One variant of the network, timed at one batch size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResultRow {
    /// The share of weights pruned away, 0 to 1; 0 for the dense network.
    pub sparsity: f64,
    /// Which weights may go together: `unstructured`, for one.
    pub structure: String,
    /// Weights left.
    pub nnz: usize,
    /// Accuracy on the test set, 0 to 1; `None` when the network was not trained.
    pub test_accuracy: Option<f64>,
    /// Examples per call.
    pub batch: usize,
    /// `dense`, `masked`, `csr`, `auto`, or one that skips zeros of the input: `dense-sparse-input`, `csr-sparse-input`.
    pub variant: String,
    /// Median of the samples: the time of one call on the whole batch. Where calls are short, a sample is the mean of calls
    /// back to back.
    pub median_ns: f64,
    /// Lower end of the median's 95 % interval.
    pub median_ns_lo: f64,
    /// Upper end of the median's 95 % interval.
    pub median_ns_hi: f64,
    /// What 90 % of the samples are below.
    pub p90_ns: f64,
    /// What 99 % of the samples are below.
    pub p99_ns: f64,
    /// Every sample, in the order of the rounds.
    pub samples_ns: Vec<f64>,
    /// How many times as fast as the dense network at the same batch size; if the variant skips zeros of the input, that is a part
    /// of it.
    pub speedup: f64,
    /// Lower end of the speedup's 95 % interval.
    pub speedup_lo: f64,
    /// Upper end of the speedup's 95 % interval.
    pub speedup_hi: f64,
    /// Largest difference from the f64 oracle, relative to the largest |logit| of the batch.
    pub max_abs_diff: f64,
    /// The share of test examples whose predicted class is the oracle's.
    pub agreement: f64,
    /// Billions of operations a second, counted as if the network were dense.
    pub gflops: f64,
    /// `gflops` over the peak, where the peak was measured.
    pub fraction_of_peak: Option<f64>,
    /// The form of each layer, as `many/csr:272,csr,dense`; `prunella bench --plan` replays it.
    pub plan: String,
    /// How each layer was computed.
    pub layers: Vec<LayerRow>,
    /// `median_ns` against what the machine allows.
    #[serde(flatten)]
    pub limit: LimitInfo,
}

/// A time against the least that the machine allows, as it was measured in the same rounds. All `None` where that is not
/// known, as for more than one thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LimitInfo {
    /// What binds: the multiply-adds (`fma`), or reading the packed weights once from the nearest memory that is as large
    /// (`l1`, `l2`, `l3`, `memory`).
    pub limit: Option<String>,
    /// The least time.
    pub limit_ns: Option<f64>,
    /// The least time as a share of the time taken: the median over the rounds.
    pub of_limit: Option<f64>,
}

/// The second headline: the network before pruning and the pruned one, each in its fastest variant, those that skip zeros of the
/// input included.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BestRow {
    /// Examples per call.
    pub batch: usize,
    /// The share of weights pruned away, 0 to 1.
    pub sparsity: f64,
    /// Which weights may go together.
    pub structure: String,
    /// How many times as fast the pruned network is.
    pub speedup: f64,
    /// Lower end of its 95 % interval.
    pub speedup_lo: f64,
    /// Upper end of its 95 % interval.
    pub speedup_hi: f64,
    /// The fastest variant before pruning.
    pub dense: String,
    /// The fastest variant after it; `dense-sparse-input` where pruning brings nothing beyond skipping zeros of the input.
    pub pruned: String,
}

/// How one layer was computed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LayerRow {
    /// Inputs.
    pub fan_in: usize,
    /// Outputs.
    pub fan_out: usize,
    /// Weights left.
    pub nnz: usize,
    /// The kernel, as `f32-spmm-8x32-avx512`.
    pub kernel: String,
    /// Bytes of the packed weights and bias.
    pub bytes: usize,
    /// Where its time goes, if that was asked for.
    pub breakdown: Option<BreakdownRow>,
}

/// Where the time of a layer goes when it runs by itself on one thread, rows in and rows out: medians of the same rounds.
/// `layer_ns` is the sum of the layouts, the arithmetic, the epilogue and the remainder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BreakdownRow {
    /// Rows to panels; a network does it for its first layer only.
    pub input_layout_ns: f64,
    /// Reading the packed weights once: the least that memory leaves of `arithmetic_ns`, not a part besides it.
    pub weights_ns: f64,
    /// The kernel without the activation.
    pub arithmetic_ns: f64,
    /// What the activation adds.
    pub epilogue_ns: f64,
    /// Panels to rows; a network does it for its last layer only.
    pub output_layout_ns: f64,
    /// What the parts do not explain.
    pub remainder_ns: f64,
    /// The whole layer.
    pub layer_ns: f64,
    /// `arithmetic_ns` against what the machine allows.
    #[serde(flatten)]
    pub limit: LimitInfo,
}
