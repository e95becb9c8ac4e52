//! The canonical order: the same data gives the same bits, whichever kernel and fused instruction set computes it.
#![cfg(feature = "oracle")]

#[allow(dead_code, reason = "each file of tests uses a part")]
mod isa;
#[allow(dead_code, reason = "each file of tests uses a part")]
mod suite;

use isa::each_isa;
use prunella_kernels::{Activation, Isa, Kernels, Lanes, Line, Rows, RowsMut};
use std::ops::Range;
use suite::{Case, Pattern, Random, transposed, transposed_lines, written};

// Under Miri, which looks at memory and not at bits, one small shape and one way to draw will do.
const SHAPES: &[[usize; 3]] = if cfg!(miri) {
    &[[3, 5, 2]]
} else {
    &[
        [1, 1, 1],
        [2, 3, 5],
        [9, 5, 3],
        [7, 17, 17],
        [65, 130, 33],
        [100, 13, 12],
        [65, 16, 5],
        [300, 20, 3],
        [785, 10, 18],
        [257, 66, 31],
        [784, 32, 16],
    ]
};

/// Draws that make a difference in order, in fusing, or in skipping a zero visible.
const DRAWS: &[fn(&mut Random) -> f32] = &[
    // Sums that round at every step.
    Random::signed,
    // Magnitudes from 1e-15 to 1e15: nearly everything is absorbed.
    |random| random.signed() * 10f32.powi((random.bits() % 31) as i32 - 15),
    // Zeros of both signs, and products that underflow to zeros of both signs.
    |random| random.pick(&[0.0, -0.0, 1e-30, -1e-30, 1.0, -1.0, -0.0]),
    // Only zeros, and products that underflow: no sum is anything but a zero.
    |random| random.pick(&[0.0, -0.0, 1e-38, -1e-38]) * random.pick(&[1.0, 1e-7]),
    // Subnormal numbers, and sums around the smallest normal one.
    |random| random.signed() * random.pick(&[1e-19, 1e-20, 1e-38, 1e-44]),
];

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Every case, with its name.
fn each_case(check: impl Fn(&str, &Case)) {
    let sparsities: &[f64] = if cfg!(miri) { &[0.5] } else { &[0.0, 0.5, 0.95] };
    let draws = if cfg!(miri) { &DRAWS[..1] } else { DRAWS };
    for (d, draw) in draws.iter().enumerate() {
        for (s, &shape) in SHAPES.iter().enumerate() {
            for &sparsity in sparsities {
                let mut random = Random((d * SHAPES.len() + s) as u64);
                let mut case = Case::drawn(shape, Pattern::Sparsity(sparsity), &mut random, draw);
                for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
                    case.activation = activation;
                    case.block_columns = random.pick(&[1, 3, 16, 1 << 16]);
                    let blocks = case.block_columns;
                    check(
                        &format!("draw {d}, {shape:?}, {sparsity}, {activation}, blocks of {blocks}"),
                        &case,
                    );
                }
            }
        }
    }
}

#[test]
fn every_kernel_gives_the_same_bits() {
    each_isa(|kernels| {
        each_case(|what, case| {
            let outputs = case.outputs(kernels);
            let (first, want) = &outputs[0];
            for (name, got) in &outputs[1..] {
                assert_eq!(bits(got), bits(want), "{name} against {first} on {}, {what}", kernels.isa());
            }
        });
    });
}

/// Rows of a batch meet the weights in blocks of some 700 of these inputs, one input all of them at once; and where an output has
/// several chains, they stay whole.
#[test]
#[cfg_attr(miri, ignore = "large")]
fn blocks_of_inputs_go_on_with_the_sums() {
    for (fan_out, activation) in [
        (66, Activation::Identity),
        (66, Activation::Relu),
        (66, Activation::Gaussian),
        (20, Activation::Relu),
    ] {
        let shape = [2051, fan_out, 13];
        let mut case = Case::drawn(shape, Pattern::Sparsity(0.0), &mut Random(1), Random::signed);
        case.activation = activation;
        all_the_same(&case);
    }
}

/// One input meets blocks of 64 outputs four, two and one at a time, and one at a time where there are more than 1 MiB of weights.
#[test]
#[cfg_attr(miri, ignore = "large")]
fn blocks_of_outputs_stand_side_by_side() {
    for shape in [[37, 470, 1], [38, 128, 1], [701, 450, 1]] {
        for activation in [Activation::Identity, Activation::Relu, Activation::Gaussian] {
            let mut case = Case::drawn(shape, Pattern::Sparsity(0.0), &mut Random(2), Random::signed);
            case.activation = activation;
            all_the_same(&case);
        }
    }
}

/// What every kernel makes of `case` has the same bits.
fn all_the_same(case: &Case) {
    each_isa(|kernels| {
        let outputs = case.outputs(kernels);
        let (first, want) = &outputs[0];
        for (name, got) in &outputs[1..] {
            let shape = [case.fan_in, case.fan_out, case.batch];
            let what = format!("{name} against {first} on {}, {shape:?}, {}", kernels.isa(), case.activation);
            assert_eq!(bits(got), bits(want), "{what}");
        }
    });
}

#[test]
fn every_instruction_set_that_fuses_gives_the_same_bits() {
    let fused: Vec<Kernels> = Isa::available().filter(|isa| isa.fuses()).map(Kernels::new).collect();
    let Some((first, others)) = fused.split_first() else { return };
    each_case(|what, case| {
        let want = case.outputs(*first);
        for other in others {
            for ((name, got), (_, want)) in case.outputs(*other).iter().zip(&want) {
                assert_eq!(bits(got), bits(want), "{name} on {} and {}, {what}", other.isa(), first.isa());
            }
        }
    });
}

/// Inputs of each chain of an output: what the canonical order says, in words of its own.
fn chain_inputs(case: &Case) -> usize {
    let chains = if case.fan_out <= 16 {
        4
    } else if case.fan_out <= 32 {
        2
    } else {
        1
    };
    (2..).map(|lines| lines * 16).find(|inputs| inputs * chains >= case.fan_in).unwrap()
}

/// `[batch, fan_out]` in scalar f32, with chains of so many inputs.
fn in_chains(case: &Case, fuses: bool, inputs: usize) -> Vec<f32> {
    let step = |z: f32, (w, x): (&f32, &f32)| if fuses { w.mul_add(*x, z) } else { w * x + z };
    let output = |(row, bias): (&[f32], f32), x: &[f32]| {
        let (first, next) = (&row[..inputs.min(row.len())], row.chunks(inputs).zip(x.chunks(inputs)).skip(1));
        let sum = first.iter().zip(x).fold(bias, step);
        // A zero is positive: with or without the zero weights.
        next.fold(sum, |sum, (w, x)| sum + w.iter().zip(x).fold(0.0, step)) + 0.0
    };
    let rows = case.rows.chunks_exact(case.fan_in);
    let weights = || case.weight.chunks_exact(case.fan_in).zip(case.bias.iter().copied());
    rows.flat_map(|x| weights().map(move |w| output(w, x))).collect()
}

#[test]
fn the_order_is_k_ascending_from_the_bias_and_few_outputs_have_several_chains() {
    each_isa(|kernels| {
        each_case(|what, case| {
            if case.activation != Activation::Identity {
                return;
            }
            let want = in_chains(case, kernels.isa().fuses(), chain_inputs(case));
            let (name, got) = &case.outputs(kernels)[0];
            assert_eq!(bits(got), bits(&want), "{name} on {}, {what}", kernels.isa());
            let want = in_chains(case, kernels.isa().fuses(), usize::MAX);
            assert_eq!(bits(&case.gemm_tn(kernels)), bits(&want), "gemm_tn on {}, {what}", kernels.isa());
        });
    });
}

#[test]
fn no_zero_is_negative() {
    each_isa(|kernels| {
        each_case(|what, case| {
            for (name, got) in case.outputs(kernels) {
                let negative = got.iter().any(|v| v.to_bits() == (-0.0f32).to_bits());
                // An activation may underflow to a negative zero; a sum may not.
                assert!(
                    !negative || case.activation == Activation::Tanh,
                    "{name} on {}, {what}",
                    kernels.isa()
                );
            }
        });
    });
}

/// What stands beside an example in the batch, even a NaN, does not reach it.
#[test]
fn an_example_does_not_know_its_batch() {
    let shape @ [fan_in, fan_out, batch] = if cfg!(miri) { [5, 9, 17] } else { [65, 37, 33] };
    let mut case = Case::drawn(shape, Pattern::Sparsity(0.6), &mut Random(11), Random::signed);
    case.block_columns = 16;
    let positions: Vec<usize> = if cfg!(miri) { vec![0, 16] } else { (0..batch).collect() };
    each_isa(|kernels| {
        for &at in &positions {
            let row = &case.rows[at * fan_in..][..fan_in];
            let alone = Case { batch: 1, rows: row.to_vec(), ..case.clone() };
            let mut crowd = Case { rows: vec![f32::NAN; fan_in * batch], ..case.clone() };
            crowd.rows[at * fan_in..][..fan_in].copy_from_slice(row);
            for ((name, got), (_, want)) in crowd.outputs(kernels).iter().zip(alone.outputs(kernels)) {
                let got = &got[at * fan_out..][..fan_out];
                assert_eq!(bits(got), bits(&want), "{name} on {}, position {at}", kernels.isa());
            }
        }
    });
}

/// Threads share a product by the columns of its left operand, which are the rows of the result.
#[test]
fn a_split_product_is_the_whole_product() {
    let [k, m, n] = if cfg!(miri) { [3, 33, 5] } else { [37, 70, 45] };
    let mut random = Random(12);
    let mut matrix = |cols: usize| (0..k * cols).map(|_| random.signed()).collect::<Vec<_>>();
    let (a, b) =
        (transposed_lines(&transposed(&matrix(m), m), k), transposed_lines(&transposed(&matrix(n), n), k));
    let (a, b) = (Rows::new(&a, k, m), Rows::new(&b, k, n));
    each_isa(|kernels| {
        let product = |a: Rows<'_>, b: Rows<'_>, mut c: RowsMut<'_>| {
            kernels.gemm_tn(a, b, None, Activation::Relu, &mut c);
        };
        let whole = written(m, n, |c| product(a, b, c));
        for at in (0..=m).step_by(Line::LEN) {
            let rows =
                |rows: Range<usize>| written(rows.len(), n, |c| product(a.columns(rows.clone()), b, c));
            assert_eq!(
                bits(&[rows(0..at), rows(at..m)].concat()),
                bits(&whole),
                "rows split at {at} on {}",
                kernels.isa()
            );
        }
        for at in (0..n).step_by(Line::LEN) {
            let right = written(m, n - at, |c| product(a, b.columns(at..n), c));
            let want: Vec<f32> = whole.chunks_exact(n).flat_map(|row| &row[at..]).copied().collect();
            assert_eq!(bits(&right), bits(&want), "columns from {at} on {}", kernels.isa());
        }
    });
}

/// The same numbers in other memory: a pack of its own, and rows that start elsewhere.
#[test]
fn memory_does_not_matter() {
    let case = Case::drawn([33, 20, 1], Pattern::Sparsity(0.5), &mut Random(13), Random::signed);
    each_isa(|kernels| {
        let (dense, sparse) = (case.packed(kernels, Lanes::Outputs), case.spmv());
        let [windows, _] = case.windows(kernels);
        let run = |x: &[f32]| {
            let dense = written(1, 20, |mut y| kernels.gemv(&dense, x, case.activation, y.lines_mut()));
            let sparse = written(1, 20, |mut y| kernels.spmv(&sparse, x, case.activation, y.lines_mut()));
            let windows =
                written(1, 20, |mut y| kernels.spmv_windows(&windows, x, case.activation, y.lines_mut()));
            assert_eq!((bits(&dense), bits(&dense)), (bits(&sparse), bits(&windows)));
            bits(&dense)
        };
        let want = run(&case.rows);
        for offset in 0..16 {
            let mut elsewhere = vec![f32::NAN; offset];
            elsewhere.extend(&case.rows);
            elsewhere.extend([f32::NAN; 32]);
            assert_eq!(
                run(&elsewhere[offset..][..case.rows.len()]),
                want,
                "offset {offset} on {}",
                kernels.isa()
            );
        }
    });
}

/// The blocks of a sparse product go on from what they left in the output, never from what was there before.
#[test]
fn running_twice_into_one_buffer_changes_nothing() {
    // Chains, and blocks of one chain.
    for fan_out in [10, 40] {
        let mut case =
            Case::drawn([40, fan_out, 20], Pattern::Sparsity(0.5), &mut Random(14), Random::signed);
        (case.block_columns, case.activation) = (16, Activation::Tanh);
        let x = transposed_lines(&case.rows, case.fan_in);
        let x = Rows::new(&x, case.fan_in, case.batch);
        each_isa(|kernels| {
            let sparse = case.spmm(kernels);
            let mut once = vec![];
            let twice = written(case.fan_out, case.batch, |mut y| {
                kernels.spmm(&sparse, x, case.activation, &mut y);
                once.extend((0..case.fan_out).flat_map(|r| bits(y.as_rows().row(r))));
                kernels.spmm(&sparse, x, case.activation, &mut y);
            });
            assert_eq!(bits(&twice), once, "{}", kernels.isa());
        });
    }
}
