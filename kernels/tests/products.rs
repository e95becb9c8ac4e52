//! Every product on every instruction set, at every edge, against the f64 oracle.
#![cfg(feature = "oracle")]

#[allow(dead_code, reason = "each file of tests uses a part")]
mod isa;
#[allow(dead_code, reason = "each file of tests uses a part")]
mod suite;

use isa::each_isa;
use prunella_kernels::reference::{self, check};
use prunella_kernels::{Activation, Csr, Kernels, Line, Rows, RowsMut};
use suite::{Case, Pattern, Random, pairwise, transposed, transposed_lines, written};

// Around 1, 4, 8, 16 (lanes), 4, 6, 12 (rows of a tile), 16, 32 (columns of a window), 32, 64, 96 (blocks of columns, groups of
// windows). Under Miri a case takes seconds: for each
// axis, one that fills nothing, one that fills exactly, one that leaves a rest.
const FAN_OUT: &[usize] = if cfg!(miri) {
    &[1, 4, 17]
} else {
    &[
        1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 24, 31, 32, 33, 47, 49, 63, 64, 65, 79, 95, 96,
        97, 130, 200,
    ]
};
const FAN_IN: &[usize] =
    if cfg!(miri) { &[1, 9] } else { &[1, 2, 3, 15, 16, 17, 31, 32, 33, 255, 256, 257, 784] };
const BATCH: &[usize] = if cfg!(miri) {
    &[1, 15, 16, 33]
} else {
    &[
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
        28, 29, 30, 31, 32, 33, 64, 65, 130,
    ]
};
const PATTERN: &[Pattern] = if cfg!(miri) {
    &[Pattern::Sparsity(0.5), Pattern::Sparsity(1.0), Pattern::EmptyRows, Pattern::FullRow]
} else {
    &[
        Pattern::Sparsity(0.0),
        Pattern::Sparsity(0.5),
        Pattern::Sparsity(0.9),
        Pattern::Sparsity(0.99),
        Pattern::Sparsity(1.0),
        Pattern::EmptyRows,
        Pattern::FullRow,
        Pattern::FullColumn,
    ]
};
const BLOCK_COLUMNS: &[usize] = if cfg!(miri) { &[7, 1 << 16] } else { &[1, 7, 64, 1 << 16] };

/// Checks what every kernel makes of `case`.
fn verify(kernels: Kernels, case: &Case, what: &str) {
    let want = case.expected();
    for (name, got) in case.outputs(kernels).into_iter().chain([("gemm_tn", case.gemm_tn(kernels))]) {
        if let Err(e) = check(&got, &want) {
            let [o, i, b] = [case.fan_out, case.fan_in, case.batch];
            panic!("{name} on {}, {o} x {i}, batch {b}, {}, {what}: {e}", kernels.isa(), case.activation);
        }
    }
}

#[test]
fn layers_at_every_edge() {
    let axes =
        [FAN_IN.len(), FAN_OUT.len(), BATCH.len(), Activation::ALL.len(), PATTERN.len(), BLOCK_COLUMNS.len()];
    let cases = pairwise(&axes);
    // All of them take Miri six minutes.
    let every = if cfg!(miri) { 4 } else { 1 };
    each_isa(|kernels| {
        for (seed, at) in cases.iter().enumerate().step_by(every) {
            let (shape, pattern) = ([FAN_IN[at[0]], FAN_OUT[at[1]], BATCH[at[2]]], PATTERN[at[4]]);
            let mut case = Case::drawn(shape, pattern, &mut Random(seed as u64), Random::signed);
            case.activation = Activation::ALL[at[3]];
            case.block_columns = BLOCK_COLUMNS[at[5]];
            verify(kernels, &case, &format!("{pattern:?}, blocks of {}", case.block_columns));
        }
    });
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn more_inputs_than_an_id_can_count() {
    // The most that ids of panels' blocks, and of all, can count, and more, with one chain and with several.
    for shape in
        [[1 << 13, 33, 2], [1 << 16, 33, 2], [(1 << 16) + 3, 33, 2], [1 << 15, 5, 2], [(1 << 15) + 3, 5, 2]]
    {
        for pattern in [Pattern::Sparsity(0.99), Pattern::FullColumn, Pattern::FullRow] {
            let mut case = Case::drawn(shape, pattern, &mut Random(1), Random::signed);
            // Something in the last column for sure.
            let last = case.weight.len() - 1;
            case.weight[last] = 1.0;
            each_isa(|kernels| verify(kernels, &case, &format!("{} inputs", shape[0])));
        }
    }
}

/// What the canonical order leaves open: a weight that is infinite or no number meets no input that is zero, and an input that is
/// no number is none.
#[test]
fn only_inputs_that_are_zero_are_skipped() {
    let fan_in = if cfg!(miri) { 9 } else { 37 };
    let shape = [fan_in, if cfg!(miri) { 5 } else { 20 }, 17];
    let mut case = Case::drawn(shape, Pattern::Sparsity(0.0), &mut Random(6), Random::signed);
    let rows = |column: usize, x: f32, case: &mut Case| {
        case.rows.chunks_exact_mut(fan_in).for_each(|row| row[column] = x);
    };
    rows(1, 0.0, &mut case);
    rows(fan_in - 1, -0.0, &mut case);
    let want = case.expected();
    let mut unbounded = case.clone();
    for row in unbounded.weight.chunks_exact_mut(fan_in) {
        (row[1], row[fan_in - 1]) = (f32::INFINITY, f32::NAN);
    }
    let mut unknown = case.clone();
    rows(3, f32::NAN, &mut unknown);
    each_isa(|kernels| {
        for (name, got) in unbounded.outputs(kernels).iter().filter(|(name, _)| name.contains("sparse input"))
        {
            check(got, &want).unwrap_or_else(|e| panic!("{name} on {}: {e}", kernels.isa()));
        }
        for (name, got) in unknown.outputs(kernels) {
            assert!(got.iter().all(|y| y.is_nan()), "{name} on {}", kernels.isa());
        }
    });
}

#[test]
fn no_rows_are_a_batch() {
    for fan_out in [1, 17, 130] {
        let case = Case::drawn([3, fan_out, 0], Pattern::Sparsity(0.5), &mut Random(2), Random::signed);
        each_isa(|kernels| verify(kernels, &case, "no rows"));
    }
}

#[test]
fn no_terms_leave_the_bias() {
    let bias = transposed_lines(&[1.5; 70], 1);
    each_isa(|kernels| {
        let (a, b) = (Rows::new(&[], 0, 40), Rows::new(&[], 0, 70));
        for (bias, value) in [(Some(&bias[..]), 1.5), (None, 0.0)] {
            let c = written(40, 70, |mut c| kernels.gemm_tn(a, b, bias, Activation::Identity, &mut c));
            assert_eq!(c, vec![value; 40 * 70], "{}", kernels.isa());
        }
    });
}

#[test]
fn gemm_tn_without_bias() {
    let shapes: &[_] = if cfg!(miri) { &[[3, 17, 5]] } else { &[[1, 1, 1], [3, 17, 13], [33, 70, 30]] };
    for &shape in shapes {
        let mut case = Case::drawn(shape, Pattern::Sparsity(0.3), &mut Random(3), Random::signed);
        case.bias.fill(0.0);
        let (x, w) = (transposed_lines(&case.rows, case.fan_in), transposed_lines(&case.weight, case.fan_in));
        let (x, w) = (Rows::new(&x, case.fan_in, case.batch), Rows::new(&w, case.fan_in, case.fan_out));
        each_isa(|kernels| {
            let got = written(case.batch, case.fan_out, |mut c| {
                kernels.gemm_tn(x, w, None, case.activation, &mut c)
            });
            check(&got, &case.expected()).unwrap_or_else(|e| panic!("{shape:?} on {}: {e}", kernels.isa()));
        });
    }
}

#[test]
#[cfg_attr(miri, ignore = "safe code")]
fn the_two_oracles_agree() {
    let case = Case::drawn([50, 20, 4], Pattern::Sparsity(0.8), &mut Random(4), Random::signed);
    let csr = Csr::from_dense(&case.weight, case.fan_in);
    let rows = reference::exact(&case.rows);
    assert_eq!(reference::csr_layer(csr.view(), &case.bias, case.activation, &rows), case.expected());
}

#[test]
fn transposes_and_panels() {
    let sizes: &[usize] =
        if cfg!(miri) { &[0, 1, 5, 17] } else { &[0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 65, 300] };
    for (&rows, &cols) in sizes.iter().flat_map(|r| sizes.iter().map(move |c| (r, c))) {
        let mut random = Random(5);
        // The user's rows are aligned to their type alone.
        let unaligned: Vec<f32> = (0..=rows * cols).map(|_| random.signed()).collect();
        let values = &unaligned[1..];
        let lines = if rows * cols == 0 { vec![] } else { transposed_lines(&transposed(values, cols), rows) };
        each_isa(|kernels| {
            let what = format!("[{rows}, {cols}] on {}", kernels.isa());
            let turned = written(cols, rows, |mut to| {
                kernels.transpose(Rows::new(&lines, rows, cols), &mut to);
                zero_padding(&mut to, &what);
            });
            assert_eq!(turned, transposed(values, cols), "transpose {what}");
            let panel = written(cols, rows, |mut panel| {
                kernels.rows_to_panel(values, &mut panel);
                zero_padding(&mut panel, &what);
                let mut back = vec![f32::NAN; rows * cols + 2];
                kernels.panel_to_rows(panel.as_rows(), &mut back[1..=rows * cols]);
                assert_eq!(&back[1..=rows * cols], values, "panel_to_rows {what}");
                assert!(
                    back[0].is_nan() && back[rows * cols + 1].is_nan(),
                    "panel_to_rows wrote outside {what}"
                );
            });
            assert_eq!(panel, turned, "rows_to_panel {what}");
        });
    }
}

fn zero_padding(matrix: &mut RowsMut<'_>, what: &str) {
    let (cols, per_row) = (matrix.cols(), Line::count(matrix.cols()) * Line::LEN);
    if cols > 0 {
        let rows = Line::floats(matrix.lines_mut()).chunks_exact(per_row);
        assert!(rows.flat_map(|row| &row[cols..]).all(|v| v.to_bits() == 0), "padding of {what}");
    }
}
