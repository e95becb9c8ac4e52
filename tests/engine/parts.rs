//! The parts of a run, one after the other, are the run.

use prunella::engine::{BatchClass, Variant};

use super::networks::{Random, any_plan, bits, compile, isas, network, rows, run};

const SIZES: [usize; 4] = [20, 33, 1, 7];

#[test]
fn laying_in_every_layer_and_laying_out_give_the_bits_of_a_run() {
    let model = network(&SIZES, &[0.7, 0.0, 0.5], 3);
    let mut random = Random(4);
    for isa in isas() {
        for class in BatchClass::ALL {
            for batch in [0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 70] {
                let plan = any_plan(&model, class, &mut random);
                let engine = compile(&model, isa, class, Variant::Planned(plan.clone()));
                let input = rows(batch * SIZES[0], 5);
                let mut scratch = engine.scratch();
                let mut x = engine.laid(batch, SIZES[0]);
                engine.lay_in(&input, &mut x);
                for (layer, &fan_out) in SIZES[1..].iter().enumerate() {
                    let mut y = engine.laid(batch, fan_out);
                    engine.run_layer((layer, None), &x, &mut y, &mut scratch);
                    x = y;
                }
                let mut output = vec![f32::NAN; batch * SIZES[3]];
                engine.lay_out(&x, &mut output);
                assert_eq!(bits(&output), bits(&run(&engine, &input)), "{isa}, {plan}, batch {batch}");
            }
        }
    }
}

#[test]
fn laid_rows_come_back_as_they_were() {
    let engine = compile(&network(&[5, 3], &[0.0], 1), isas()[0], BatchClass::Few, Variant::Dense);
    let input = rows(37 * 5, 2);
    let mut laid = engine.laid(37, 5);
    engine.lay_in(&input, &mut laid);
    let mut output = vec![0.0; input.len()];
    engine.lay_out(&laid, &mut output);
    assert_eq!(input, output);
}

#[test]
#[should_panic(expected = "the layer's shape")]
fn a_layer_takes_only_what_fits_it() {
    let engine = compile(&network(&[5, 3], &[0.0], 1), isas()[0], BatchClass::One, Variant::Dense);
    engine.run_layer((0, None), &engine.laid(1, 4), &mut engine.laid(1, 3), &mut engine.scratch());
}
