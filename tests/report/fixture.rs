//! A run as it comes out on a real machine: numbers of a plausible size, and every kind of verdict.

use prunella::measure::Environment;
use prunella::report::*;

const LEVELS: [(f64, f64); 6] =
    [(0.5, 0.9823), (0.8, 0.9819), (0.9, 0.9811), (0.95, 0.9788), (0.98, 0.9701), (0.99, 0.9522)];

/// For each batch size: the time of `dense`, and for each level the speedups of `masked`, `csr` and `auto`.
const BATCHES: [(usize, f64, [[f64; 3]; 6]); 3] = [
    (
        1,
        12_340.0,
        [
            [1.001, 0.71, 0.999],
            [0.999, 1.32, 1.31],
            [1.0, 2.45, 2.44],
            [1.002, 4.31, 4.30],
            [0.998, 7.9, 7.88],
            [1.0, 10.4, 10.4],
        ],
    ),
    (
        64,
        148_200.0,
        [
            [0.997, 1.21, 1.22],
            [1.0, 2.75, 2.75],
            [1.001, 5.31, 5.33],
            [0.999, 9.42, 9.41],
            [1.0, 17.8, 17.9],
            [1.001, 24.2, 24.1],
        ],
    ),
    (
        1024,
        2_310_000.0,
        [
            [1.0, 1.12, 1.13],
            [1.001, 2.6, 2.61],
            [0.998, 4.98, 5.0],
            [1.0, 8.71, 8.73],
            [1.002, 15.9, 16.0],
            [1.0, 21.3, 21.4],
        ],
    ),
];

pub(crate) fn environment() -> Environment {
    Environment {
        cpu: "AMD EPYC 9B14".into(),
        cpu_family: Some(25),
        cpu_model: Some(17),
        cpu_stepping: Some(1),
        cpu_cores: 2,
        cache_l1d_bytes: Some(32 << 10),
        cache_l2_bytes: Some(1 << 20),
        cache_l3_bytes: None,
        os: "linux".into(),
        arch: "x86_64".into(),
        isa: "avx512".into(),
        isa_available: vec!["portable".into(), "avx2".into(), "avx512".into()],
        threads: 1,
        version: "0.1.0".into(),
        commit: "d4001c6".into(),
        rustc: "rustc 1.89.0".into(),
        target_features: "fxsr,sse,sse2".into(),
        opt_level: "3".into(),
        profile: "release".into(),
    }
}

pub(crate) fn row(batch: usize, sparsity: f64, variant: &str, dense_ns: f64, speedup: f64) -> ResultRow {
    let median_ns = dense_ns / speedup;
    let (fan_in, fan_out) = (784, 256);
    let nnz = ((fan_in * fan_out) as f64 * (1.0 - sparsity)).round() as usize;
    let kernel = if variant == "csr" { "f32-spmm-8x32-avx512" } else { "f32-gemm-6x64-avx512" };
    let gflops = 2.0 * (batch * 203_264) as f64 / median_ns;
    ResultRow {
        sparsity,
        structure: "unstructured".into(),
        nnz: nnz + 2_560,
        test_accuracy: None,
        batch,
        variant: variant.into(),
        median_ns,
        median_ns_lo: median_ns * 0.99,
        median_ns_hi: median_ns * 1.01,
        p90_ns: median_ns * 1.05,
        p99_ns: median_ns * 1.2,
        samples_ns: vec![median_ns, median_ns * 1.01],
        speedup,
        speedup_lo: speedup * 0.98,
        speedup_hi: speedup * 1.02,
        max_abs_diff: 3.2e-7 * speedup,
        agreement: 1.0,
        gflops,
        fraction_of_peak: Some(gflops / 115.0),
        plan: plan(batch, sparsity, variant).into(),
        layers: vec![
            LayerRow { fan_in, fan_out, nnz, kernel: kernel.into(), bytes: 4 * nnz, breakdown: None },
            LayerRow {
                fan_in: 256,
                fan_out: 10,
                nnz: 2_560,
                kernel: "f32-gemm-6x64-avx512".into(),
                bytes: 10_280,
                breakdown: None,
            },
        ],
        limit: limit(batch, median_ns),
    }
}

/// At batch 1 weights are read, else multiplied.
fn limit(batch: usize, median_ns: f64) -> LimitInfo {
    let (limit, share) = if batch == 1 { ("l2", 0.71) } else { ("fma", 0.94) };
    LimitInfo { limit: Some(limit.into()), limit_ns: Some(median_ns * share), of_limit: Some(share) }
}

/// As on a real machine: one example at a time, `auto` prefers dense where little is pruned, and elsewhere it may
/// block otherwise than `csr`.
fn plan(batch: usize, sparsity: f64, variant: &str) -> &'static str {
    match (variant, batch) {
        ("auto", 1) if sparsity < 0.6 => "one/dense,dense",
        ("auto" | "csr", 1) => "one/csr,dense",
        ("csr", _) => "many/csr:224,dense",
        ("auto", _) => "many/csr,dense",
        ("dense" | "masked", 1) => "one/dense,dense",
        ("dense" | "masked", _) => "many/dense,dense",
        _ => "many/blocked,dense",
    }
}

pub(crate) fn results() -> Vec<ResultRow> {
    let mut rows = Vec::new();
    for (batch, dense_ns, speedups) in BATCHES {
        let dense = row(batch, 0.0, "dense", dense_ns, 1.0);
        rows.push(ResultRow { test_accuracy: Some(0.9827), speedup_lo: 1.0, speedup_hi: 1.0, ..dense });
        for ((sparsity, accuracy), speedups) in LEVELS.into_iter().zip(speedups) {
            for (variant, speedup) in ["masked", "csr", "auto"].into_iter().zip(speedups) {
                let pruned = row(batch, sparsity, variant, dense_ns, speedup);
                rows.push(ResultRow { test_accuracy: Some(accuracy), ..pruned });
            }
        }
    }
    rows
}

pub(crate) fn training() -> TrainingInfo {
    let history = [(0.2810, 0.9603), (0.1132, 0.9715), (0.0734, 0.9781), (0.0521, 0.9802), (0.0398, 0.9827)];
    let epoch = |(i, (loss, test_accuracy))| EpochRow {
        epoch: i + 1,
        loss,
        test_accuracy,
        validation_loss: None,
        validation_accuracy: None,
        seconds: 1.31,
    };
    TrainingInfo {
        epochs: 5,
        seconds: 6.55,
        samples_per_second: 45_801.5,
        limit_samples_per_second: 91_603.0,
        of_limit: 0.5,
        input_density: Some(0.19),
        test_accuracy: 0.9827,
        optimizer: "adam".into(),
        batch_size: 64,
        learning_rate: 0.001,
        schedule: "one-cycle".into(),
        validation: None,
        history: history.into_iter().enumerate().map(epoch).collect(),
    }
}

pub(crate) fn dataset() -> DatasetInfo {
    let (name, source) = ("mnist".into(), Source::Directory);
    DatasetInfo { name, source, train: 60_000, test: 10_000, features: 784, classes: 10 }
}

pub(crate) fn network() -> NetworkInfo {
    NetworkInfo { layers: vec![784, 256, 10], activation: "relu".into() }
}

fn noise_floors() -> Vec<BatchNoiseFloor> {
    let at = |(batch, lo, hi)| BatchNoiseFloor { batch, floor: NoiseFloor { lo, hi } };
    [(1, 0.993, 1.006), (64, 0.991, 1.009), (1024, 0.983, 1.017)].into_iter().map(at).collect()
}

pub(crate) fn run() -> RunReport {
    RunReport {
        schema: Schema::Run,
        command: "prunella run --data data/mnist --out out".into(),
        seed: 1,
        environment: environment(),
        dataset: Some(dataset()),
        network: network(),
        training: Some(training()),
        noise_floor: NoiseFloor { lo: 0.983, hi: 1.017 },
        noise_floors: noise_floors(),
        peak: Some(Peak { fma_gflops: 115.0 }),
        input_density: Some(0.19),
        speedup_best: vec![],
        results: results(),
        notes: vec![],
    }
}
