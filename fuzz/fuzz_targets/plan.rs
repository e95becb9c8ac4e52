//! The text of a plan: refused, or a plan that is printed, read again, and fits a network of as many layers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prunella::engine::{Engine, Options, Plan, Variant};
use prunella::model::{Activation, Layer, Model};

const MAX_LAYERS: usize = 8;

fuzz_target!(|text: &str| {
    let Ok(plan) = text.parse::<Plan>() else { return };
    assert_eq!(plan.to_string().parse(), Ok(plan.clone()));
    if plan.forms.len() > MAX_LAYERS {
        return;
    }
    let layer = Layer::new(2, vec![0.5, 0.0, 0.0, -1.0], vec![1.0, -2.0], Activation::Relu).unwrap();
    let model = Model::new(vec![layer; plan.forms.len()]).unwrap();
    let options = Options { variant: Variant::Planned(plan.clone()), ..Options::default() };
    let engine = Engine::compile(&model, &options).expect("a plan for as many layers compiles");
    assert_eq!(engine.plan(), &plan);
    let mut output = [f32::NAN; 34];
    engine.run(&[1.0; 34], &mut output, &mut engine.scratch()).unwrap();
    assert!(output.iter().all(|h| !h.is_nan()));
});
