//! Pixels and labels: refused, or a set that can be narrowed and divided without losing or inventing an example.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prunella::dataset::Dataset;
use prunella::rng::Rng;

/// Features, labels, classes to choose, share of a split, seed. Pixels count upwards.
type Input = (u8, Vec<u8>, Vec<u8>, f64, u64);

fuzz_target!(|input: Input| {
    let (features, labels, names, fraction, seed) = input;
    let features = usize::from(features);
    let pixels: Vec<u8> = (0..labels.len() * features).map(|i| i as u8).collect();
    let Ok(all) = Dataset::new(features, pixels, labels) else { return };
    let mut rng = Rng::new(seed);
    let (some, others) = all.stratified_split(fraction, &mut rng);
    assert_eq!(some.len() + others.len(), all.len());
    let balanced = all.balanced(&mut rng);
    assert_eq!(balanced.class_counts().iter().max(), balanced.class_counts().iter().min());
    let (images, _) = all.to_idx().unwrap();
    assert_eq!(images.dims(), [all.len(), features]);
    if let Ok(chosen) = all.with_classes(&names) {
        assert_eq!(chosen.class_names(), names);
        assert!(chosen.class_counts().iter().all(|count| *count > 0));
    }
});
