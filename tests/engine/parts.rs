//! The parts of a layer's run, one after the other, are the run.

use prunella::engine::{BatchClass, Variant};

use super::networks::{Random, any_plan, bits, compile, isas, network, rows, run};

#[test]
fn laying_in_running_and_laying_out_give_the_bits_of_a_run() {
    let model = network(&[20, 33], &[0.7], 3);
    let mut random = Random(4);
    for isa in isas() {
        for class in BatchClass::ALL {
            for batch in [0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 96, 100] {
                let mut plan = any_plan(&model, class, &mut random);
                while plan.to_string().contains("sparse-input") {
                    plan = any_plan(&model, class, &mut random);
                }
                let engine = compile(&model, isa, class, Variant::Planned(plan.clone()));
                let input = rows(batch * 20, 5);
                let (mut x, mut y) = (engine.laid_inputs(batch), engine.laid_outputs(batch));
                engine.lay_in(&input, &mut x);
                engine.run_laid(None, &x, &mut y);
                let mut output = vec![f32::NAN; batch * 33];
                engine.lay_out(&y, &mut output);
                assert_eq!(bits(&output), bits(&run(&engine, &input)), "{isa}, {plan}, batch {batch}");
            }
        }
    }
}

#[test]
fn laid_rows_come_back_as_they_were() {
    for variant in [Variant::Dense, Variant::Csr] {
        let engine = compile(&network(&[5, 3], &[0.5], 1), isas()[0], BatchClass::Few, variant);
        let input = rows(37 * 5, 2);
        let mut laid = engine.laid_inputs(37);
        engine.lay_in(&input, &mut laid);
        let mut output = vec![0.0; input.len()];
        engine.lay_out(&laid, &mut output);
        assert_eq!(input, output);
    }
}

#[test]
#[should_panic(expected = "one batch")]
fn inputs_and_outputs_are_of_one_batch() {
    let engine = compile(&network(&[5, 3], &[0.0], 1), isas()[0], BatchClass::One, Variant::Dense);
    engine.run_laid(None, &engine.laid_inputs(1), &mut engine.laid_outputs(2));
}

#[test]
#[should_panic(expected = "a network of one layer")]
fn only_one_layer_has_parts() {
    let engine = compile(&network(&[5, 3, 2], &[0.0, 0.0], 1), isas()[0], BatchClass::One, Variant::Dense);
    engine.laid_inputs(1);
}
