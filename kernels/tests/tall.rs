//! What training many networks at once adds, against the kernels that do the same at once or one by one: bit for bit, on every
//! instruction set.
#![cfg(feature = "train")]

#[allow(dead_code, reason = "each file of tests uses a part")]
mod isa;
#[allow(dead_code, reason = "each file of tests uses a part")]
mod operands;

use isa::each_isa;
use operands::{bits, bytes, matrix, shade};
use prunella_kernels::{
    Activation, Adam, AdamState, ByteColumns, ChainStart, ColumnStep, Gradient, Kernels, Line, Momentum,
    Rows, RowsMut, Sgd,
};

const COLUMNS: &[usize] = if cfg!(miri) { &[17] } else { &[1, 10, 16, 33, 64, 80, 112, 130] };

fn poison(rows: usize, cols: usize) -> Vec<Line> {
    vec![Line([f32::NAN; 16]); rows * Line::count(cols)]
}

/// The transpose of `[rows, cols]`.
fn transposed(kernels: Kernels, lines: &[Line], rows: usize, cols: usize) -> Vec<Line> {
    let mut to = matrix(0, cols, rows);
    kernels.transpose(Rows::new(lines, rows, cols), &mut RowsMut::new(&mut to, cols, rows));
    to
}

#[test]
fn products_that_go_on_give_the_bits_of_one() {
    // Under Miri what remains of a tile, and of a block, but not many of them.
    let shapes: &[_] = if cfg!(miri) {
        &[(1, 2, 1), (9, 33, 32)]
    } else {
        &[(1, 2, 1), (5, 40, 16), (13, 64, 48), (30, 33, 32)]
    };
    for &n in COLUMNS {
        for &(m, k, cut) in shapes {
            let (a, b, bias) = (matrix(1, m, k), matrix(2, k, n), matrix(3, 1, n));
            each_isa(|kernels| {
                let what = format!("{kernels:?} {m} x {k} x {n}");
                let at = transposed(kernels, &a, m, k);
                let (a_rows, at) = (Rows::new(&a, m, k), Rows::new(&at, k, m));
                let b_rows = Rows::new(&b, k, n);
                for bias in [None, Some(&bias[..])] {
                    let (start, mut want) = (bias.map_or(ChainStart::Zero, ChainStart::Bias), poison(m, n));
                    let mut to = RowsMut::new(&mut want, m, n);
                    kernels.gemm_tn(at, b_rows, bias, Activation::Identity, &mut to);
                    let mut got = poison(m, n);
                    kernels.gemm_nn_from(start, a_rows, b_rows, &mut RowsMut::new(&mut got, m, n));
                    assert!(bits(&got) == bits(&want), "{what}: a b");
                    let mut got = poison(m, n);
                    kernels.gemm_tn_from(start, at, b_rows, &mut RowsMut::new(&mut got, m, n));
                    assert!(bits(&got) == bits(&want), "{what}: a^T b");
                    // Two parts of k.
                    let (top, bottom) = b.split_at(cut * Line::count(n));
                    let parts = [(0..cut, Rows::new(top, cut, n)), (cut..k, Rows::new(bottom, k - cut, n))];
                    let (mut nn, mut tn) = (poison(m, n), poison(m, n));
                    for ((inputs, b), start) in parts.into_iter().zip([start, ChainStart::Kept]) {
                        let rows: Vec<Line> = at_rows(at, inputs.clone());
                        let part = Rows::new(&rows, inputs.len(), m);
                        kernels.gemm_tn_from(start, part, b, &mut RowsMut::new(&mut tn, m, n));
                        let part = transposed(kernels, &rows, inputs.len(), m);
                        let part = Rows::new(&part, m, inputs.len());
                        kernels.gemm_nn_from(start, part, b, &mut RowsMut::new(&mut nn, m, n));
                    }
                    assert!(bits(&nn) == bits(&want) && bits(&tn) == bits(&want), "{what}: in two parts");
                }
            });
        }
    }
}

/// Some rows of a matrix, copied.
fn at_rows(from: Rows<'_>, rows: core::ops::Range<usize>) -> Vec<Line> {
    let mut lines = vec![Line::ZERO; rows.len() * Line::count(from.cols())];
    let mut to = RowsMut::new(&mut lines, rows.len(), from.cols());
    rows.enumerate().for_each(|(index, row)| to.row_mut(index).copy_from_slice(from.row(row)));
    lines
}

/// The same examples as numbers.
fn shades(bytes: &[u8], rows: usize, cols: usize) -> Vec<Line> {
    let mut lines = matrix(0, rows, cols);
    let mut view = RowsMut::new(&mut lines, rows, cols);
    for (row, bytes) in bytes.chunks(cols).enumerate() {
        view.row_mut(row).iter_mut().zip(bytes).for_each(|(x, byte)| *x = shade(*byte));
    }
    lines
}

fn each_shape(mut f: impl FnMut(usize, usize, usize)) {
    let inputs: &[usize] = if cfg!(miri) { &[9] } else { &[1, 2, 3, 4, 63, 64, 75, 300] };
    for inputs in inputs {
        for outputs in COLUMNS {
            let batches: &[usize] = if cfg!(miri) { &[3] } else { &[1, 2, 5, 130] };
            batches.iter().for_each(|batch| f(*batch, *inputs, *outputs));
        }
    }
}

#[test]
fn products_by_columns_give_the_bits_of_dense_ones() {
    each_shape(|batch, inputs, outputs| {
        let pixels = bytes(batch, inputs);
        let mut x = ByteColumns::new(inputs, shade);
        // What it held is gone.
        x.fill(&[&vec![7; inputs][..]; 9]);
        x.fill(&pixels.chunks(inputs).collect::<Vec<_>>());
        assert_eq!((x.rows(), x.cols()), (batch, inputs));
        let (weight, bias) = (matrix(1, inputs, outputs), matrix(2, 1, outputs));
        let weight = Rows::new(&weight, inputs, outputs);
        let dense = shades(&pixels, batch, inputs);
        each_isa(|kernels| {
            let dense = transposed(kernels, &dense, batch, inputs);
            for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
                let [mut got, mut want] = [(); 2].map(|()| poison(batch, outputs));
                let mut y = RowsMut::new(&mut got, batch, outputs);
                kernels.tall_product(&x, weight, &bias, activation, &mut y);
                let mut y = RowsMut::new(&mut want, batch, outputs);
                let dense = Rows::new(&dense, inputs, batch);
                kernels.gemm_tn(dense, weight, Some(&bias), activation, &mut y);
                let what = format!("{kernels:?} {batch} x {inputs} x {outputs} {activation}");
                assert!(bits(&got) == bits(&want), "{what}: other bits");
            }
        });
    });
}

#[test]
fn gradients_by_columns_go_on_and_give_the_bits_of_dense_ones() {
    each_shape(|batch, inputs, outputs| {
        let pixels = bytes(batch, inputs);
        let (dense, dz) = (shades(&pixels, batch, inputs), matrix(7, batch, outputs));
        let lines = Line::count(outputs);
        each_isa(|kernels| {
            let (mut want, mut got) = (poison(inputs, outputs), vec![Line::ZERO; inputs * lines]);
            let whole = (Rows::new(&dense, batch, inputs), Rows::new(&dz, batch, outputs));
            let mut to = RowsMut::new(&mut want, inputs, outputs);
            kernels.gemm_tn(whole.0, whole.1, None, Activation::Identity, &mut to);
            let mut x = ByteColumns::new(inputs, shade);
            let (cut, edge) = (batch / 3, (inputs / 2).next_multiple_of(4).min(inputs));
            for rows in [0..cut, cut..batch] {
                x.fill(&pixels[rows.start * inputs..rows.end * inputs].chunks(inputs).collect::<Vec<_>>());
                let dz = Rows::new(&dz[rows.start * lines..], rows.len(), outputs);
                let (low, high) = got.split_at_mut(edge * lines);
                kernels.add_columns_gradient(&x, edge..inputs, dz, high);
                kernels.add_columns_gradient(&x, 0..edge, dz, low);
            }
            assert!(bits(&got) == bits(&want), "{kernels:?} {batch} x {inputs} x {outputs}: other bits");
        });
    });
}

#[test]
#[should_panic(expected = "columns are taken by fours")]
fn a_gradient_of_half_a_list_is_refused() {
    let mut x = ByteColumns::new(8, shade);
    x.fill(&[&[1u8; 8][..]; 2]);
    let (dz, mut g) = ([Line::ZERO; 2], [Line::ZERO; 6]);
    let kernels = Kernels::new(prunella_kernels::Isa::best());
    kernels.add_columns_gradient(&x, 2..8, Rows::new(&dz, 2, 1), &mut g);
}

#[test]
#[should_panic(expected = "every row has 8 bytes")]
fn a_row_of_another_length_is_refused() {
    ByteColumns::new(8, shade).fill(&[&[1; 8][..], &[1; 7]]);
}

#[test]
fn cross_entropies_of_many_have_the_bits_of_each() {
    let batch = 37;
    let labels: Vec<u8> = (0..batch).map(|i| (i % 3 % 2) as u8).collect();
    for &networks in COLUMNS {
        let mut z = matrix(5, batch, networks);
        Line::floats_mut(&mut z).iter_mut().for_each(|z| *z *= 90.0);
        each_isa(|kernels| {
            let mut got = poison(batch, networks);
            let mut dz = RowsMut::new(&mut got, batch, networks);
            kernels.binary_cross_entropies(Rows::new(&z, batch, networks), &labels, 0.3, &mut dz);
            for network in 0..networks {
                let column = |lines: &[Line]| {
                    let rows = Rows::new(lines, batch, networks);
                    (0..batch).map(|row| rows.row(row)[network]).collect::<Vec<f32>>()
                };
                let mut one = vec![Line::ZERO; batch];
                one.iter_mut().zip(column(&z)).for_each(|(line, z)| line.0[0] = z);
                let (mut dz, mut losses) = (RowsMut::new(&mut one, batch, 1), vec![0.0; batch]);
                kernels.binary_cross_entropy(&mut dz, &labels, 0.3, &mut losses);
                let want: Vec<u32> = one.iter().map(|line| line.0[0].to_bits()).collect();
                let got: Vec<u32> = column(&got).iter().map(|dz| dz.to_bits()).collect();
                assert_eq!(got, want, "{kernels:?} {network} of {networks}");
            }
        });
    }
}

const ROWS: usize = 6;

/// One column of a matrix, end to end in lines.
fn column_of(lines: &[Line], column: usize, n: usize) -> Vec<Line> {
    let mut own = [Line::ZERO];
    (0..ROWS).for_each(|row| own[0].0[row] = Rows::new(lines, ROWS, n).row(row)[column]);
    own.into()
}

fn step_alone(
    kernels: Kernels,
    (which, rate): (usize, f32),
    mask: Option<&[Line]>,
    column: usize,
    n: usize,
) -> [Vec<u32>; 3] {
    let squares = |lines: Vec<Line>| lines.into_iter().map(|Line(v)| Line(v.map(|v| v * v))).collect();
    let second: Vec<Line> = squares(matrix(4, ROWS, n));
    let [mut w, g, mut m, mut v] = [&matrix(1, ROWS, n), &matrix(2, ROWS, n), &matrix(3, ROWS, n), &second]
        .map(|lines| column_of(lines, column, n));
    let mask = mask.map(|mask| column_of(mask, column, n));
    let (g, mask) = (Gradient::Lines(&g), mask.as_deref());
    match which {
        0 => kernels.sgd(Sgd { rate }, &mut w, g, mask),
        1 => kernels.momentum(Momentum { rate, momentum: 0.9 }, &mut w, &mut m, g, mask),
        _ => {
            let step = Adam { rate, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, t: 3 };
            kernels.adam(step, &mut w, AdamState { m: &mut m, v: &mut v }, g, mask);
        }
    }
    [w, m, v].map(|lines| bits(&lines))
}

/// A step by columns against a step of each column alone, which is a tensor of its own.
#[test]
fn columns_step_at_their_own_rates() {
    for &n in COLUMNS {
        let (w, g, first) = (matrix(1, ROWS, n), matrix(2, ROWS, n), matrix(3, ROWS, n));
        let second: Vec<Line> =
            matrix(4, ROWS, n).into_iter().map(|Line(v)| Line(v.map(|v| v * v))).collect();
        let mask: Vec<Line> = matrix(5, ROWS, n)
            .into_iter()
            .map(|Line(v)| Line(v.map(|v| f32::from(u8::from(v > 0.0)))))
            .collect();
        let mut rates = vec![Line::ZERO; Line::count(n)];
        Line::floats_mut(&mut rates)
            .iter_mut()
            .enumerate()
            .for_each(|(i, rate)| *rate = 0.01 * (1 + i) as f32);
        each_isa(|kernels| {
            for mask in [None, Some(&mask[..])] {
                for which in 0..3 {
                    let [mut w, mut m, mut v] = [&w, &first, &second].map(Clone::clone);
                    let step = match which {
                        0 => ColumnStep::Sgd,
                        1 => ColumnStep::Momentum { momentum: 0.9, velocity: &mut m },
                        _ => {
                            let state = AdamState { m: &mut m, v: &mut v };
                            ColumnStep::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, t: 3, state }
                        }
                    };
                    kernels.step_columns(step, &rates, &mut w, &g, mask);
                    for column in 0..n {
                        let want =
                            step_alone(kernels, (which, Line::floats(&rates)[column]), mask, column, n);
                        let got = [&w, &m, &v].map(|lines| bits(&column_of(lines, column, n)));
                        assert!(got == want, "{kernels:?} {column} of {n}, optimizer {which}");
                    }
                }
            }
        });
    }
}
