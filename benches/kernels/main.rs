//! Every kernel by itself, verified and then timed by criterion: `cargo bench`, `cargo bench -- spmm`, `cargo bench -- --test`.
//!
//! See `benches/README.md` for what the numbers are and are not. A new kernel is a function here and a line below.

mod activation;
mod dense;
mod limits;
mod sparse;
mod sparse_bytes;
mod support;
mod training;
mod transpose;

use criterion::Criterion;
use std::time::Duration;

const BENCHES: &[fn(&mut Criterion)] = &[
    limits::fma_peak,
    limits::read,
    dense::gemm_rows,
    dense::gemm_batch_lanes,
    dense::gemm_output_lanes,
    dense::gemv,
    dense::gemm_sparse_input,
    dense::gemm_tn,
    sparse::spmm,
    sparse::spmm_blocked,
    sparse::spmv_windows,
    sparse::spmv,
    sparse::spmm_sparse_input,
    transpose::rows_to_panel,
    transpose::panel_to_rows,
    transpose::transpose,
    activation::activate,
    activation::activation_backward,
    sparse_bytes::product,
    sparse_bytes::gradient,
    training::softmax_cross_entropy,
    training::binary_cross_entropy,
    training::mean_squared_error,
    training::sum_rows,
    training::sgd,
    training::momentum,
    training::adam,
];

fn main() {
    let criterion = Criterion::default()
        .without_plots()
        // Short, so that all of them together take minutes.
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(50)
        // Criterion's 100,000 resamples would take as long as the measurement.
        .nresamples(5_000);
    let mut criterion = criterion.configure_from_args();
    BENCHES.iter().for_each(|bench| bench(&mut criterion));
    criterion.final_summary();
}
