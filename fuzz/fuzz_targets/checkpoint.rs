//! The bytes of a checkpoint: refused without changing anything, or a training that can be laid aside again and gone on with.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prunella::dataset::Dataset;
use prunella::kernels::{Isa, Kernels, Pool};
use prunella::model::Activation;
use prunella::rng::Rng;
use prunella::train::{Compute, Course, Init, Judges, Mlp, Optimizer, Options};

const FEATURES: usize = 3;

/// Two classes, the same each time.
fn examples(len: usize, first: u8) -> Dataset {
    let pixels = (0..len * FEATURES).map(|i| first.wrapping_add((i as u8).wrapping_mul(37))).collect();
    Dataset::new(FEATURES, pixels, (0..len).map(|i| i as u8 % 2).collect()).unwrap()
}

fuzz_target!(|bytes: &[u8]| {
    let [train, test, validation] = [(10, 1), (4, 2), (6, 3)].map(|(len, first)| examples(len, first));
    let optimizer = Optimizer::Momentum { rate: 0.1, momentum: 0.5 };
    let options = Options { epochs: 3, batch_size: 4, optimizer, ..Options::default() };
    let pool = Pool::single();
    // Not the fastest set: a checkpoint says whether sums were fused, and the seeds were not.
    let compute = Compute { kernels: Kernels::new(Isa::from_name("portable").unwrap()), pool: &pool };
    let judges = Judges { test: &test, validation: Some((&validation, 2)) };
    let mut rng = Rng::new(1);
    let mut network =
        Mlp::new(&[FEATURES, 4, 2], Activation::Tanh, Activation::Identity, Init::He, &mut rng).unwrap();
    let mut course = Course::new(&mut network, &train, judges, &options, compute).unwrap();
    let before = course.checkpoint();
    if course.restore(bytes).is_err() {
        assert!(course.checkpoint() == before, "what is refused changes nothing");
        return;
    }
    let again = course.checkpoint();
    course.restore(&again).expect("what is written can be read");
    assert!(course.checkpoint() == again);
    // Weights near the largest number overflow: that is said, and ends it.
    while let Ok(Some(_)) = course.step() {}
    course.finish();
});
