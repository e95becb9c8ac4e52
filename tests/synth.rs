//! Drawn digits: the same everywhere, no two alike, and like MNIST in how much ink they have.
#![cfg(feature = "std")]

use prunella::dataset::{Dataset, Source, Split};
use prunella::kernels::{Isa, Kernels, Pool};
use prunella::model::Activation;
use prunella::rng::Rng;
use prunella::synth::{SIDE, draw};
use prunella::train::{Compute, Init, Mlp, Options, Trainer, evaluate};

fn digit(seed: u64, index: u64) -> Vec<u8> {
    let mut image = vec![0xaa; SIDE * SIDE];
    assert_eq!(u64::from(draw(seed, index, &mut image)), index % 10);
    image
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn the_pixels_of_a_seed_are_pinned() {
    let images: Vec<u8> = (0..100).flat_map(|index| digit(1, index)).collect();
    assert_eq!(hash(&images), 9_118_640_108_080_924_089);
    assert_eq!(hash(&digit(2, 10_000_000_007)), 5_851_774_904_269_769_066);
}

#[test]
fn a_split_has_the_digits_asked_for() {
    let split = Split::synth(40, 20, 3);
    assert_eq!(split.source, Source::Embedded);
    assert_eq!((split.train.len(), split.test.len()), (40, 20));
    assert_eq!((split.train.image_shape(), split.train.features()), (Some((SIDE, SIDE)), SIDE * SIDE));
    assert_eq!((split.train.class_counts(), split.test.class_counts()), (vec![4; 10], vec![2; 10]));
    assert_eq!(split.train.pixels(7), digit(3, 7));
    // Even a set too small for all classes knows that there are ten.
    assert_eq!(Split::synth(3, 0, 3).train.classes(), 10);
    // More of them are the same ones and others.
    assert_eq!(Split::synth(50, 20, 3).train.select(&(0..40).collect::<Vec<_>>()), split.train);
}

#[test]
fn no_two_digits_are_alike() {
    let Split { train, test, .. } = Split::synth(1000, 1000, 1);
    let other = Split::synth(1000, 0, 2).train;
    let images = |set: &Dataset| (0..set.len()).map(|i| hash(set.pixels(i))).collect::<Vec<_>>();
    let mut all = [images(&train), images(&test), images(&other)].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 3000);
}

#[test]
fn there_is_as_much_ink_as_in_mnist() {
    let set = Split::synth(2000, 0, 1).train;
    let share = |is: fn(&u8) -> bool| {
        let count: usize = (0..set.len()).map(|i| set.pixels(i).iter().filter(|p| is(p)).count()).sum();
        count as f64 / (set.len() * set.features()) as f64
    };
    // MNIST: 0.190 of the pixels are not black, 0.083 are nearly white.
    let (inked, white) = (share(|pixel| *pixel > 0), share(|pixel| *pixel > 235));
    assert!((0.18..0.21).contains(&inked), "{inked} of the pixels are not black");
    assert!((0.08..0.13).contains(&white), "{white} of the pixels are white");
    assert!((0..set.len()).all(|i| set.pixels(i).iter().any(|pixel| *pixel > 200)), "an empty image");
}

/// The share of `test` that a network of these widths gets right, trained on `train`.
fn accuracy(sizes: &[usize], train: &Dataset, test: &Dataset) -> f64 {
    let mut network =
        Mlp::new(sizes, Activation::Relu, Activation::Identity, Init::He, &mut Rng::new(1)).unwrap();
    let pool = Pool::single();
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let options = Options { epochs: 10, ..Options::default() };
    let mut trainer = Trainer::new(&mut network, train, &options, compute).unwrap();
    while trainer.step().unwrap().is_some() {}
    evaluate(&network, test, options.loss, compute).unwrap().accuracy
}

#[test]
fn the_classes_differ_but_not_linearly() {
    let Split { train, test, .. } = Split::synth(4000, 1000, 1);
    let linear = accuracy(&[784, 10], &train, &test);
    let hidden = accuracy(&[784, 64, 10], &train, &test);
    assert!(linear > 0.7 && hidden > linear + 0.03, "{linear} without a hidden layer, {hidden} with one");
}
