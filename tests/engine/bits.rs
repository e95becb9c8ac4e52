//! Same input, same bits: whatever the storage, the class, the batch size, the alignment or the instruction set.

use prunella::engine::{BatchClass, Engine, Plan, Variant};
use prunella::model::Model;
use prunella_kernels::{Isa, Kernels};

use crate::networks::{Random, any_plan, bits, compile, isas, network, rows, run};

/// Each layer has an edge of its own: no width is a whole number of lines.
fn pruned() -> Model {
    network(&[70, 130, 65, 10], &[0.5, 0.9, 0.0], 1)
}

/// The engines of a class that must agree: zeros stored, zeros skipped, and layers mixed at random.
fn engines(model: &Model, isa: Isa, class: BatchClass) -> Vec<Engine> {
    let mut random = Random(7);
    let plans = (0..4).map(|_| Variant::Planned(any_plan(model, class, &mut random)));
    let skipping = [Plan::dense(model, class), Plan::csr(model, class, isa)]
        .map(|plan| Variant::Planned(plan.skipping_inputs()));
    [Variant::Dense, Variant::Csr]
        .into_iter()
        .chain(skipping)
        .chain(plans)
        .map(|variant| compile(model, isa, class, variant))
        .collect()
}

/// Each row computed alone by the dense kernel for one example.
fn one_by_one(model: &Model, isa: Isa, rows: &[f32]) -> Vec<f32> {
    let engine = compile(model, isa, BatchClass::One, Variant::Dense);
    rows.chunks(model.fan_in()).flat_map(|row| run(&engine, row)).collect()
}

/// As every batch is compared with rows computed alone, no row depends on its neighbours either.
#[test]
fn every_form_class_and_batch_size_gives_the_same_bits() {
    let model = pruned();
    let (fan_in, fan_out) = (model.fan_in(), model.fan_out());
    let rows = rows(1_100 * fan_in, 2);
    for isa in isas() {
        let want = one_by_one(&model, isa, &rows);
        for class in BatchClass::ALL {
            for engine in engines(&model, isa, class) {
                let mut scratch = engine.scratch();
                for batch in (1..=40).chain([64, 100, 1024]) {
                    // Not always the same rows in the same places.
                    let first = batch * 13 % 70;
                    let input = &rows[first * fan_in..][..batch * fan_in];
                    let mut output = vec![f32::NAN; batch * fan_out];
                    engine.run(input, &mut output, &mut scratch).unwrap();
                    let want = &want[first * fan_out..][..batch * fan_out];
                    assert!(
                        bits(&output) == bits(want),
                        "{} on {isa}, {batch} rows from {first}",
                        engine.plan()
                    );
                }
            }
        }
    }
}

#[test]
fn neither_input_nor_output_need_be_aligned() {
    let model = pruned();
    let (fan_in, fan_out) = (model.fan_in(), model.fan_out());
    let (batch, from) = (37, rows(37 * fan_in, 3));
    for isa in isas() {
        let want = one_by_one(&model, isa, &from);
        for engine in BatchClass::ALL.into_iter().flat_map(|class| engines(&model, isa, class)) {
            for offset in 1..16 {
                let input = [vec![f32::NAN; offset], from.clone(), vec![f32::NAN; 16]].concat();
                // Where the output is another distance from a line than the input.
                let start = 16 - offset;
                let mut output = vec![-7.0; start + batch * fan_out + 16];
                let (before, rest) = output.split_at_mut(start);
                let (output, after) = rest.split_at_mut(batch * fan_out);
                engine.run(&input[offset..][..batch * fan_in], output, &mut engine.scratch()).unwrap();
                assert!(bits(output) == bits(&want), "{} on {isa}, offset {offset}", engine.plan());
                let around = before.iter().chain(&*after);
                assert!(around.copied().all(|v| v == -7.0), "{} wrote beside its output", engine.plan());
            }
        }
    }
}

/// What is no number stays in its row, and what a run leaves in the scratch does not reach the next one.
#[test]
fn a_row_that_is_no_number_spoils_no_other() {
    let model = pruned();
    let (fan_in, fan_out) = (model.fan_in(), model.fan_out());
    let good = rows(40 * fan_in, 4);
    for isa in isas() {
        let want = one_by_one(&model, isa, &good);
        for engine in BatchClass::ALL.into_iter().flat_map(|class| engines(&model, isa, class)) {
            let mut scratch = engine.scratch();
            let mut output = vec![f32::NAN; 40 * fan_out];
            for (bad, value) in [(0, f32::NAN), (17, f32::INFINITY), (39, f32::NEG_INFINITY)] {
                let mut input = good.clone();
                input[bad * fan_in..][..fan_in].fill(value);
                engine.run(&input, &mut output, &mut scratch).unwrap();
                for row in (0..40).filter(|&row| row != bad) {
                    let (got, want) =
                        (&output[row * fan_out..][..fan_out], &want[row * fan_out..][..fan_out]);
                    assert!(bits(got) == bits(want), "{} on {isa}, row {row} beside {value}", engine.plan());
                }
            }
            engine.run(&good, &mut output, &mut scratch).unwrap();
            assert!(bits(&output) == bits(&want), "{} on {isa}, after the bad rows", engine.plan());
        }
    }
}

#[test]
fn the_instruction_sets_that_fuse_agree() {
    let model = pruned();
    let rows = rows(100 * model.fan_in(), 5);
    let fusing: Vec<Isa> = isas().into_iter().filter(|isa| isa.fuses()).collect();
    for pair in fusing.windows(2) {
        let (one, other) = (one_by_one(&model, pair[0], &rows), one_by_one(&model, pair[1], &rows));
        assert!(bits(&one) == bits(&other), "{} against {}", pair[0], pair[1]);
    }
}

fn kernel_names(engine: &Engine) -> Vec<String> {
    engine.layers().map(|layer| layer.kernel).collect()
}

/// The name of the kernel comes from what was compiled, not from what was asked for.
#[test]
fn what_is_forced_is_what_runs() {
    let model = pruned();
    for isa in isas() {
        for class in BatchClass::ALL {
            let dense = kernel_names(&compile(&model, isa, class, Variant::Dense));
            let csr = kernel_names(&compile(&model, isa, class, Variant::Csr));
            for name in dense.iter().chain(&csr) {
                assert!(name.starts_with("f32-") && name.ends_with(&format!("-{isa}")), "{name} on {isa}");
            }
            let (product, sparse) =
                if class == BatchClass::One { ("-gemv-", "-spmv-") } else { ("-gemm-", "-spmm-") };
            assert!(dense.iter().all(|name| name.contains(product)), "{dense:?}");
            assert!(csr[..2].iter().all(|name| name.contains(sparse)), "{csr:?}");
            assert!(csr[2].contains(product), "no weight of the last layer is zero: {csr:?}");
        }
    }
}

/// Rows of a tile x the examples in its two registers: not the width of a panel, which is the same on every set.
#[test]
fn a_kernel_is_named_by_its_tile() {
    let model = pruned();
    for isa in isas() {
        let lanes = match isa.name() {
            "portable" | "neon" => 8,
            "avx2" => 16,
            _ => 32,
        };
        let sparse_rows = if isa.name() == "avx512" { 8 } else { 4 };
        let rows = Kernels::new(isa).tile_rows();
        let spmm = format!("f32-spmm-{sparse_rows}x{lanes}-{isa}");
        let gemm = format!("f32-gemm-{rows}x{lanes}-{isa}");
        assert_eq!(
            kernel_names(&compile(&model, isa, BatchClass::Many, Variant::Csr)),
            [spmm.clone(), spmm, gemm]
        );
    }
}

#[test]
fn a_layer_says_what_it_is() {
    let model = pruned();
    for class in BatchClass::ALL {
        let (dense, csr) = (Variant::Dense, Variant::Csr);
        let [dense, csr] = [dense, csr].map(|variant| compile(&model, Isa::best(), class, variant));
        for ((layer, dense), csr) in model.layers().iter().zip(dense.layers()).zip(csr.layers()) {
            for info in [&dense, &csr] {
                let shape = (info.fan_in, info.fan_out, info.nnz);
                assert_eq!(shape, (layer.fan_in(), layer.fan_out(), layer.nnz()));
            }
            assert!(dense.bytes >= 4 * (layer.weight().len() + layer.fan_out()), "{dense:?}");
            assert!(csr.bytes >= 4 * (layer.nnz() + layer.fan_out()), "{csr:?}");
        }
        let bytes = |engine: &Engine| engine.layers().map(|info| info.bytes).collect::<Vec<_>>();
        assert!(bytes(&csr)[1] < bytes(&dense)[1] / 2, "nine in ten weights are zero");
    }
}
