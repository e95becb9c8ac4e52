//! The bytes of a model file: refused, or a network that can be written, read again, compiled and run.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prunella::engine::{BatchClass, Engine, Form, Options, Plan, Variant};
use prunella::model::Model;
use prunella_kernels::Isa;

/// Larger networks are not run: a thousand small ones find more.
const MAX_WEIGHTS: usize = 1 << 12;

fuzz_target!(|bytes: &[u8]| {
    let Ok(model) = Model::from_bytes(bytes) else { return };
    let written = model.to_bytes();
    let again = Model::from_bytes(&written).expect("what is written can be read");
    assert_eq!(again, model);
    // Equality takes -0 for 0; the bytes do not.
    assert_eq!(again.to_bytes(), written);
    if model.weights() > MAX_WEIGHTS {
        return;
    }
    for isa in Isa::available() {
        // One run for each layout and class: a full panel, and a narrower one.
        for (class, batch) in [(BatchClass::One, 1), (BatchClass::Few, 3), (BatchClass::Many, 37)] {
            compare(&model, isa, class, batch);
        }
    }
});

/// Dense and sparse must agree to the bit, unless something overflowed: a NaN comes of an infinity times a zero weight.
fn compare(model: &Model, isa: Isa, class: BatchClass, batch: usize) {
    let dense = run(model, Options { isa, class, variant: Variant::Dense }, batch);
    if dense.iter().any(|h| h.is_nan()) {
        return;
    }
    let bits = |logits: &[f32]| logits.iter().map(|h| h.to_bits()).collect::<Vec<_>>();
    for block_columns in [1, 5, usize::MAX] {
        let forms = vec![Form::Csr { block_columns }; model.layers().len()];
        let variant = Variant::Planned(Plan { class, forms });
        let sparse = run(model, Options { isa, class, variant }, batch);
        assert_eq!(bits(&sparse), bits(&dense), "{isa}, {class:?}, blocks of {block_columns}");
    }
}

fn run(model: &Model, options: Options, batch: usize) -> Vec<f32> {
    let engine = Engine::compile(model, &options).expect("a model can be compiled");
    let input: Vec<f32> = (0..batch * engine.fan_in()).map(|i| (i % 7) as f32 / 4.0 - 0.5).collect();
    let mut output = vec![f32::NAN; batch * engine.fan_out()];
    engine.run(&input, &mut output, &mut engine.scratch()).expect("the lengths fit");
    output
}
