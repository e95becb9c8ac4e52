//! Plans: as text and back, what they choose without timing, and what timing chooses.

use proptest::prelude::*;
use prunella::engine::{BatchClass, Form, Plan, Variant};
use prunella::model::{Activation, Layer};
use prunella_kernels::Isa;

use crate::networks::{bits, compile, isas, network, rows, run};

fn any_form(class: BatchClass) -> impl Strategy<Value = Form> {
    prop_oneof![
        Just(Form::Dense),
        // Windows are for one example.
        Just(if class == BatchClass::One { Form::Window } else { Form::Dense }),
        Just(if class == BatchClass::One { Form::WideWindow } else { Form::Dense }),
        Just(Form::UNBLOCKED),
        (1..=usize::MAX).prop_map(|block_columns| Form::Csr { block_columns }),
        (1..300usize).prop_map(|block_columns| Form::Csr { block_columns }),
        Just(Form::DenseSparseInput),
        Just(Form::CsrSparseInput),
    ]
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let forms = |class| proptest::collection::vec(any_form(class), 1..8);
    let plan = move |class| forms(class).prop_map(move |forms| Plan { class, forms });
    proptest::sample::select(BatchClass::ALL.to_vec()).prop_flat_map(plan)
}

proptest! {
    #[test]
    fn a_plan_reads_as_it_is_written(plan in any_plan()) {
        prop_assert_eq!(plan.to_string().parse::<Plan>(), Ok(plan));
    }
}

#[test]
fn a_plan_is_written_as_the_documentation_says() {
    let forms = vec![Form::Csr { block_columns: 224 }, Form::UNBLOCKED, Form::Dense];
    let plan = Plan { class: BatchClass::Many, forms };
    assert_eq!(plan.to_string(), "many/csr:224,csr,dense");
    let plan = Plan { class: BatchClass::One, forms: vec![Form::Window, Form::Dense] };
    assert_eq!(plan.to_string(), "one/window,dense");
    assert_eq!("many/csr:65536".parse::<Plan>().unwrap().to_string(), "many/csr");
}

#[test]
fn bad_texts_are_refused_by_the_part_that_is_bad() {
    for (text, part) in [
        ("", ""),
        ("many", "many"),
        ("dense,csr", "dense,csr"),
        ("most/dense", "most"),
        ("Many/dense", "Many"),
        (" many/dense", " many"),
        ("/dense", ""),
        ("many/", ""),
        ("many/dense,", ""),
        ("many/,dense", ""),
        ("many/dense,sparse", "sparse"),
        ("many/dense, csr", " csr"),
        ("many/csr:", "csr:"),
        ("many/csr:0", "csr:0"),
        ("many/csr:-1", "csr:-1"),
        ("many/csr:7 ", "csr:7 "),
        ("many/csr:99999999999999999999", "csr:99999999999999999999"),
        ("many/dense/csr", "dense/csr"),
        ("one/dense,windows", "windows"),
        ("few/window", "window"),
        ("many/dense,window", "window"),
        ("many/csr-sparse-input:7", "csr-sparse-input:7"),
    ] {
        let message = text.parse::<Plan>().expect_err(text).to_string();
        assert!(message.starts_with(&format!("'{part}' is not part of a plan")), "{text}: {message}");
        assert!(message.ends_with("with commas between, as in many/csr:272,csr,dense"), "{message}");
    }
}

#[test]
fn layers_that_were_not_pruned_stay_dense() {
    let model = network(&[300, 40, 30, 10], &[0.2, 0.0, 0.9], 1);
    assert_eq!(model.layers().iter().map(Layer::is_pruned).collect::<Vec<_>>(), [true, false, true]);
    for class in BatchClass::ALL {
        assert_eq!(Plan::dense(&model, class).forms, [Form::Dense; 3]);
        let csr = Plan::csr(&model, class, Isa::best());
        assert_eq!(csr.class, class);
        let dense: Vec<bool> = csr.forms.iter().map(|&form| form == Form::Dense).collect();
        assert_eq!(dense, [false, true, false], "{csr}");
    }
}

#[test]
fn an_accidental_zero_is_no_pruning() {
    let layer = |weights: usize, zeros: usize| {
        let weight = (0..weights).map(|i| if i < zeros { -0.0 } else { 1.0 }).collect();
        Layer::new(weights, weight, vec![0.0], Activation::Relu).unwrap()
    };
    for (weights, least) in [(1, 1), (64, 1), (65, 2), (6400, 100)] {
        assert!(!layer(weights, least - 1).is_pruned(), "{} of {weights}", least - 1);
        assert!(layer(weights, least).is_pruned(), "{least} of {weights}");
    }
}

#[test]
fn only_the_first_layer_skips_its_inputs() {
    let model = network(&[300, 40, 30, 10], &[0.8, 0.9, 0.0], 1);
    for class in BatchClass::ALL {
        let dense = Plan::dense(&model, class).skipping_inputs();
        assert_eq!(dense.forms, [Form::DenseSparseInput, Form::Dense, Form::Dense]);
        let csr = Plan::csr(&model, class, Isa::best());
        let skipping = csr.clone().skipping_inputs();
        assert_eq!(skipping.forms[0], Form::CsrSparseInput);
        assert_eq!(skipping.forms[1..], csr.forms[1..]);
        assert_eq!(skipping.clone().skipping_inputs(), skipping, "once is enough");
    }
}

/// As measured: see `Form::sparse`.
#[test]
fn only_long_rows_of_a_batch_are_cut_into_blocks() {
    let layer = |sparsity| network(&[784, 64], &[sparsity], 1);
    let form = |sparsity, class| Form::sparse(&layer(sparsity).layers()[0], class, Isa::best());
    for class in [BatchClass::Few, BatchClass::Many] {
        assert_eq!(form(0.5, class), Form::BLOCKED);
        assert_eq!(form(0.97, class), Form::WIDE_BLOCKS);
        assert_eq!(form(0.99, class), Form::UNBLOCKED);
        let narrow = network(&[200, 64], &[0.5], 1);
        assert_eq!(
            Form::sparse(&narrow.layers()[0], class, Isa::best()),
            Form::UNBLOCKED,
            "one block is none"
        );
    }
}

/// As measured: see `Kernels::windows_pay`.
#[test]
fn one_example_has_windows_where_they_pay() {
    for isa in isas() {
        for (sparsity, sets) in [(0.5, &["avx2", "avx512"][..]), (0.99, &["avx512"]), (1.0, &[])] {
            let model = network(&[784, 64], &[sparsity], 1);
            let form = Form::sparse(&model.layers()[0], BatchClass::One, isa);
            let want = if sets.contains(&isa.name()) { Form::Window } else { Form::UNBLOCKED };
            assert_eq!(form, want, "{sparsity} on {isa}");
        }
    }
}

/// The plan of an engine, printed and read again, compiles to the same kernels and the same bits.
#[test]
fn a_printed_plan_is_replayed() {
    let model = network(&[300, 40, 30, 10], &[0.8, 0.0, 0.9], 2);
    let input = rows(50 * 300, 3);
    for class in BatchClass::ALL {
        let engine = compile(&model, Isa::best(), class, Variant::Csr);
        let plan: Plan = engine.plan().to_string().parse().unwrap();
        let again = compile(&model, Isa::best(), class, Variant::Planned(plan));
        assert_eq!(engine.layers().collect::<Vec<_>>(), again.layers().collect::<Vec<_>>());
        assert_eq!(bits(&run(&engine, &input)), bits(&run(&again, &input)));
    }
}

#[cfg(feature = "std")]
mod auto {
    use super::*;
    use prunella::engine::{CompileError, auto_plan};

    #[test]
    fn timing_chooses_only_where_there_is_a_choice() {
        let model = network(&[300, 40, 30, 10], &[0.8, 0.0, 1.0], 2);
        for isa in isas() {
            for batch in [1, 2, 15, 16, 33, 200] {
                let input = rows((batch + 7) * 300, 3);
                let plan = auto_plan(&model, isa, batch, &input).unwrap();
                assert_eq!(plan.class, BatchClass::of(batch));
                assert_eq!(plan.forms.len(), 3);
                assert_eq!(plan.forms[1], Form::Dense, "no weight of it is zero");
                let plan: Plan = plan.to_string().parse().unwrap();
                let dense = compile(&model, isa, plan.class, Variant::Dense);
                let auto = compile(&model, isa, plan.class, Variant::Planned(plan));
                assert_eq!(bits(&run(&auto, &input)), bits(&run(&dense, &input)), "{}", auto.plan());
            }
        }
    }

    #[test]
    fn a_choice_needs_whole_rows_to_be_timed_on() {
        let model = network(&[3, 5, 2], &[0.5, 0.0], 1);
        for len in [0, 2, 4] {
            let error = auto_plan(&model, Isa::best(), 1, &vec![1.0; len]).expect_err("no whole rows");
            assert_eq!(error, CompileError::Input { len, fan_in: 3 });
            let message =
                format!("a plan is timed on whole rows of 3 values, at least one, not on {len} values");
            assert_eq!(error.to_string(), message);
        }
    }
}
