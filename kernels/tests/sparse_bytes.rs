//! The products of a sparse input against the dense ones, bit for bit, on every instruction set.
#![cfg(feature = "train")]

#[allow(dead_code, reason = "each file of tests uses a part")]
mod isa;
#[allow(dead_code, reason = "each file of tests uses a part")]
mod operands;

use isa::each_isa;
use operands::{bits, bytes, matrix, shade};
use prunella_kernels::{
    Activation, Adam, AdamState, Gradient, Kernels, Line, Momentum, Rows, RowsMut, Sgd, SparseBytes,
    SparseColumns,
};

const INPUTS: &[usize] = if cfg!(miri) { &[21] } else { &[1, 2, 3, 63, 64, 65, 127, 300, 784] };
const OUTPUTS: &[usize] = if cfg!(miri) { &[17] } else { &[1, 10, 16, 17, 32, 33, 64, 100, 128, 250] };
const BATCHES: &[usize] = if cfg!(miri) { &[0, 3] } else { &[0, 1, 2, 5, 64, 300] };

/// A layer, its sparse input, and rows of it.
struct Case {
    batch: usize,
    inputs: usize,
    outputs: usize,
    x: SparseBytes,
    examples: Vec<usize>,
    /// `[inputs, batch]`, and `[batch, inputs]`.
    dense: [Vec<Line>; 2],
}

impl Case {
    fn each(mut f: impl FnMut(Case)) {
        for &inputs in INPUTS {
            for &outputs in OUTPUTS {
                BATCHES.iter().for_each(|&batch| f(Case::new(batch, inputs, outputs)));
            }
        }
    }

    fn new(batch: usize, inputs: usize, outputs: usize) -> Case {
        let all = bytes(batch + 3, inputs);
        let examples: Vec<usize> = (0..batch).map(|i| i * 5 % (batch + 3)).collect();
        let mut dense = [matrix(0, inputs, batch), matrix(0, batch, inputs)];
        for (row, example) in examples.iter().enumerate() {
            for input in 0..inputs {
                let value = shade(all[example * inputs + input]);
                RowsMut::new(&mut dense[0], inputs, batch).row_mut(input)[row] = value;
                RowsMut::new(&mut dense[1], batch, inputs).row_mut(row)[input] = value;
            }
        }
        Case { batch, inputs, outputs, x: SparseBytes::new(&all, inputs, shade), examples, dense }
    }
}

#[test]
fn forward_gives_the_bits_of_the_dense_product() {
    Case::each(|case| {
        let Case { batch, inputs, outputs, x, examples, dense: [by_input, _] } = &case;
        let (weight, bias) = (matrix(1, *inputs, *outputs), matrix(2, 1, *outputs));
        let weight = Rows::new(&weight, *inputs, *outputs);
        each_isa(|kernels| {
            for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
                let poison = vec![Line([f32::NAN; 16]); batch * Line::count(*outputs) + 1];
                let (mut got, mut want) = (poison.clone(), poison);
                let mut y = RowsMut::new(&mut got, *batch, *outputs);
                let mut columns = SparseColumns::default();
                columns.fill(x, examples, 0..*inputs);
                kernels.columns_product(&mut columns, weight, &bias, activation, &mut y);
                let mut y = RowsMut::new(&mut want, *batch, *outputs);
                kernels.gemm_tn(
                    Rows::new(by_input, *inputs, *batch),
                    weight,
                    Some(&bias),
                    activation,
                    &mut y,
                );
                let what = format!("{kernels:?} {batch} x {inputs} x {outputs} {activation}");
                assert!(bits(&got) == bits(&want), "{what}: other bits");
            }
        });
    });
}

/// A step of every optimizer, by gradients that `take` gives again and again: weights and state, from the same start.
fn steps(
    kernels: Kernels,
    [inputs, outputs]: [usize; 2],
    mask: Option<&[Line]>,
    mut take: impl FnMut(&mut dyn FnMut(Gradient<'_>)),
) -> Vec<Vec<u32>> {
    let start = |seed| matrix(seed, inputs, outputs);
    let squares = || start(6).into_iter().map(|Line(values)| Line(values.map(|v| v * v))).collect::<Vec<_>>();
    let (mut sgd, mut momentum, mut velocity) = (start(3), start(3), start(4));
    let (mut adam, mut m, mut v) = (start(3), start(5), squares());
    take(&mut |gradient| kernels.sgd(Sgd { rate: 0.1 }, &mut sgd, gradient, mask));
    let step = Momentum { rate: 0.1, momentum: 0.9 };
    take(&mut |gradient| kernels.momentum(step, &mut momentum, &mut velocity, gradient, mask));
    let step = Adam { rate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, t: 3 };
    take(&mut |gradient| kernels.adam(step, &mut adam, AdamState { m: &mut m, v: &mut v }, gradient, mask));
    [sgd, momentum, velocity, adam, m, v].iter().map(|lines| bits(lines)).collect()
}

#[test]
fn fused_steps_give_the_bits_of_gradients_in_full() {
    Case::each(|case| {
        let Case { batch, inputs, outputs, x, examples, dense: [_, by_example] } = &case;
        let dz = matrix(7, *batch, *outputs);
        let dz = Rows::new(&dz, *batch, *outputs);
        let lines = Line::count(*outputs);
        let mut mask = matrix(8, *inputs, *outputs);
        Line::floats_mut(&mut mask).iter_mut().for_each(|m| *m = f32::from(u8::from(*m > 0.0)));
        each_isa(|kernels| {
            let mut gradient = vec![Line([f32::NAN; 16]); inputs * lines];
            let mut whole = RowsMut::new(&mut gradient, *inputs, *outputs);
            let x_rows = Rows::new(by_example, *batch, *inputs);
            kernels.gemm_tn(x_rows, dz, None, Activation::Identity, &mut whole);
            let mut columns = SparseColumns::default();
            let cut = (inputs / 3).next_multiple_of(2).min(*inputs);
            for (part, mask) in
                [(0..*inputs, None), (0..*inputs, Some(&mask)), (0..cut, None), (cut..*inputs, None)]
            {
                columns.fill(x, examples, part.clone());
                assert_eq!((columns.rows(), columns.cols()), (*batch, part.len()));
                let mask = mask.map(|mask| &mask[..]);
                let shape = [part.len(), *outputs];
                let full = &gradient[part.start * lines..part.end * lines];
                let want = steps(kernels, shape, mask, |step| step(Gradient::Lines(full)));
                let got = steps(kernels, shape, mask, |step| step(Gradient::Sparse(&mut columns, dz)));
                let what = format!("{kernels:?} {batch} x {inputs} x {outputs}, inputs {part:?}");
                assert!(got == want, "{what}: other bits, masked {}", mask.is_some());
            }
        });
    });
}

#[test]
fn density_counts_pairs() {
    let x = SparseBytes::new(&[0, 0, 1, 0, 0, 0, 0, 2, 3, 4, 0, 0], 6, shade);
    assert_eq!((x.rows(), x.cols(), x.nnz(), x.density()), (2, 6, 4, 6.0 / 12.0));
}

#[test]
#[should_panic(expected = "pairs of columns are taken whole")]
fn half_a_pair_of_columns_is_refused() {
    let x = SparseBytes::new(&[1; 8], 4, shade);
    SparseColumns::default().fill(&x, &[0, 1], 0..3);
}

#[test]
#[should_panic(expected = "the rows are there")]
fn columns_of_a_row_that_is_not_there_are_refused() {
    let x = SparseBytes::new(&[1; 8], 4, shade);
    SparseColumns::default().fill(&x, &[0, 2], 0..4);
}
