//! Where the time of each layer goes, as a table of times made up for it.

use prunella::report::*;

use super::fixture::{row, run};

/// Of a layer that takes `layer_ns`.
fn parts(layer_ns: f64) -> BreakdownRow {
    let limit = LimitInfo { limit: Some("fma".into()), limit_ns: Some(0.4 * layer_ns), of_limit: Some(0.94) };
    BreakdownRow {
        input_layout_ns: 0.25 * layer_ns,
        weights_ns: 0.125 * layer_ns,
        arithmetic_ns: 0.4 * layer_ns,
        epilogue_ns: -0.002 * layer_ns,
        output_layout_ns: 0.25 * layer_ns,
        remainder_ns: 0.102 * layer_ns,
        layer_ns,
        limit,
    }
}

#[test]
fn a_layer_is_a_line() {
    let mut report = run();
    report.results = vec![row(64, 0.0, "dense", 9e3, 1.0), row(64, 0.9, "csr", 9e3, 1.0)];
    for row in &mut report.results {
        row.layers[0].breakdown = Some(parts(41_234.0));
        row.layers[1].breakdown = Some(parts(876.5));
    }
    let block = "\
Batch 64: where the time of each layer goes, us
sparsity  variant    layer  input  weights  arithmetic  epilogue  output  remainder  in all  of limit
     0 %  dense    784x256  10.31     5.15       16.49     -0.08   10.31       4.21   41.23  94 % FMA
     0 %  dense     256x10   0.22     0.11        0.35      0.00    0.22       0.09    0.88  94 % FMA
    90 %  csr      784x256  10.31     5.15       16.49     -0.08   10.31       4.21   41.23  94 % FMA
    90 %  csr       256x10   0.22     0.11        0.35      0.00    0.22       0.09    0.88  94 % FMA

";
    let table = render(&report, Format::Table);
    assert!(table.contains(block), "{table}");
}
