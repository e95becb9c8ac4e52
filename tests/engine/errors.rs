//! Bad calls: refused before anything is computed, with a message that says what would be right.

use prunella::engine::{BatchClass, CompileError, Engine, Form, Options, Plan, RunError, Scratch, Variant};
use prunella_kernels::Isa;

use crate::networks::{compile, isas, network};

/// A refused run: its error, after a look at the output.
fn refused(engine: &Engine, input: usize, output: usize, scratch: &mut Scratch) -> RunError {
    let mut output = vec![-7.0; output];
    let error = engine.run(&vec![1.0; input], &mut output, scratch).expect_err("the run should be refused");
    assert!(output.iter().all(|&v| v == -7.0), "nothing is computed when a run is refused");
    error
}

#[test]
fn no_rows_in_no_rows_out() {
    let model = network(&[3, 5, 2], &[0.5, 0.0], 1);
    for isa in isas() {
        for class in BatchClass::ALL {
            let engine = compile(&model, isa, class, Variant::Csr);
            assert_eq!(engine.run(&[], &mut [], &mut engine.scratch()), Ok(()));
        }
    }
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let model = network(&[3, 5, 2], &[0.5, 0.0], 1);
    for class in BatchClass::ALL {
        let engine = compile(&model, Isa::best(), class, Variant::Csr);
        let mut scratch = engine.scratch();
        for len in [1, 2, 4, 5, 100] {
            assert_eq!(refused(&engine, len, 4, &mut scratch), RunError::Input { len, fan_in: 3 });
        }
        for len in [0, 1, 3, 5, 6] {
            assert_eq!(refused(&engine, 6, len, &mut scratch), RunError::Output { len, needed: 4 });
        }
        assert_eq!(refused(&engine, 0, 2, &mut scratch), RunError::Output { len: 2, needed: 0 });
    }
}

#[test]
fn another_engines_scratch_is_refused_where_it_is_too_small() {
    let (narrow, wide) = (network(&[3, 5, 2], &[0.5, 0.0], 1), network(&[3, 50, 2], &[0.5, 0.0], 1));
    for class in BatchClass::ALL {
        let [narrow, wide] = [&narrow, &wide].map(|model| compile(model, Isa::best(), class, Variant::Dense));
        assert_eq!(refused(&wide, 6, 4, &mut narrow.scratch()), RunError::Scratch);
        assert_eq!(narrow.run(&[1.0; 6], &mut [0.0; 4], &mut wide.scratch()), Ok(()));
    }
    let of = |class| compile(&narrow, Isa::best(), class, Variant::Dense);
    let [one, few, many] = BatchClass::ALL.map(of);
    assert_eq!(refused(&few, 6, 4, &mut one.scratch()), RunError::Scratch);
    assert_eq!(refused(&many, 6, 4, &mut one.scratch()), RunError::Scratch);
    assert_eq!(refused(&many, 6, 4, &mut few.scratch()), RunError::Scratch);
}

#[test]
fn a_run_says_what_would_be_right() {
    let message = |error: RunError| error.to_string();
    assert_eq!(message(RunError::Input { len: 5, fan_in: 3 }), "an input of 5 values is not whole rows of 3");
    assert_eq!(
        message(RunError::Output { len: 5, needed: 4 }),
        "the output has 5 values; this input needs 4"
    );
    assert_eq!(message(RunError::Scratch), "the scratch is too small; make it with this engine's scratch()");
}

fn compile_error(class: BatchClass, forms: Vec<Form>) -> CompileError {
    let model = network(&[3, 5, 2], &[0.5, 0.0], 1);
    let variant = Variant::Planned(Plan { class, forms });
    Engine::compile(&model, &Options { variant, ..Options::default() }).expect_err("no such plan")
}

#[test]
fn a_plan_must_fit_the_model() {
    for class in BatchClass::ALL {
        for forms in [0, 1, 3] {
            let error = compile_error(class, vec![Form::Dense; forms]);
            assert_eq!(error, CompileError::PlanLength { forms, layers: 2 });
        }
    }
    assert_eq!(
        compile_error(BatchClass::One, vec![Form::Dense; 3]).to_string(),
        "the plan has 3 forms, but the model 2 layers; name one form for each layer"
    );
}

#[test]
fn windows_are_for_one_example() {
    for class in [BatchClass::Few, BatchClass::Many] {
        let error = compile_error(class, vec![Form::Dense, Form::Window]);
        assert_eq!(error, CompileError::Form { layer: 1 });
        assert_eq!(error.to_string(), "layer 1: the form window is for one example; use dense or csr");
    }
}

#[test]
fn only_the_first_layer_can_skip_inputs() {
    for class in BatchClass::ALL {
        for form in [Form::DenseSparseInput, Form::CsrSparseInput] {
            let error = compile_error(class, vec![form, form]);
            assert_eq!(error, CompileError::SparseInput { layer: 1 });
            let message =
                "layer 1: only the first layer can skip inputs; give this one the form dense or csr";
            assert_eq!(error.to_string(), message);
        }
    }
}

#[test]
fn a_scratch_that_cannot_search_rows_is_refused_by_an_engine_that_does() {
    let (narrow, wide) = (network(&[3, 50, 2], &[0.5, 0.0], 1), network(&[4, 50, 2], &[0.5, 0.0], 1));
    for class in BatchClass::ALL {
        let skipping = |model| {
            compile(model, Isa::best(), class, Variant::Planned(Plan::dense(model, class).skipping_inputs()))
        };
        let not = compile(&wide, Isa::best(), class, Variant::Dense);
        let (narrow, wide) = (skipping(&narrow), skipping(&wide));
        for scratch in [&mut not.scratch(), &mut narrow.scratch()] {
            assert_eq!(refused(&wide, 8, 4, scratch), RunError::Scratch);
        }
        assert_eq!(narrow.run(&[1.0; 6], &mut [0.0; 4], &mut wide.scratch()), Ok(()));
    }
}

#[test]
fn blocks_have_columns() {
    for class in BatchClass::ALL {
        let error = compile_error(class, vec![Form::Dense, Form::Csr { block_columns: 0 }]);
        assert_eq!(error.to_string(), "layer 1: a block of columns needs at least one column");
    }
}
