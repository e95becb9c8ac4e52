//! Wrong outputs are found: each check is given what it must refuse.

use std::string::ToString;

use super::*;
use crate::engine::{BatchClass, Engine, Options, Variant};
use crate::measure::{Plan, measure};
use crate::model::Activation;
use prunella_kernels::Isa;

const BATCH: usize = 3;
const ROWS: [f32; 14] = [0.5, -0.25, 1.0, 0.75, -0.5, 0.125, 0.3, 0.7, -0.9, 0.1, 0.2, -0.6, 0.8, -0.4];

/// Two inputs, two outputs; `nudged` moves one bias.
fn model(nudged: f32) -> Model {
    let weight = vec![0.3, -0.7, 0.0, 1.1];
    let layer = Layer::new(2, weight, vec![0.1, nudged], Activation::Identity).unwrap();
    Model::new(vec![layer]).unwrap()
}

fn contestant(model: &Model, variant: VariantName) -> Contestant {
    let storage = if variant == VariantName::Csr { Variant::Csr } else { Variant::Dense };
    let options = Options { isa: Isa::best(), class: BatchClass::of(BATCH), variant: storage };
    Contestant::new(0, variant, Engine::compile(model, &options).unwrap(), BATCH)
}

fn oracle() -> Oracle {
    Oracle::new(&model(0.2), &ROWS, &Pool::single())
}

fn checked(contestant: &mut Contestant) -> Checked {
    oracle().check(contestant, &ROWS, BATCH).unwrap()
}

#[test]
fn another_network_is_not_what_the_oracle_computed() {
    let mut wrong = contestant(&model(0.2001), VariantName::Csr);
    let Err(error) = oracle().check(&mut wrong, &ROWS, BATCH) else { panic!("it should be refused") };
    assert_eq!((error.variant, error.batch), (VariantName::Csr, BATCH));
    assert!(matches!(error.fault, Fault::Oracle(Mismatch::Value { index: 1, .. })), "{error}");
}

#[test]
fn no_number_is_not_what_the_oracle_computed() {
    let mut rows = ROWS;
    rows[13] = f32::NAN;
    let mut right = contestant(&model(0.2), VariantName::Dense);
    let outcome = oracle().check(&mut right, &rows, BATCH);
    let Err(Wrong { fault: Fault::Oracle(Mismatch::Value { got, .. }), .. }) = outcome else {
        panic!("the last row, in a batch that is not full, should be refused")
    };
    assert!(got.is_nan());
}

#[test]
fn agreement_counts_the_classes_of_all_examples() {
    let mut oracle = oracle();
    let right = oracle.check(&mut contestant(&model(0.2), VariantName::Dense), &ROWS, BATCH).unwrap();
    assert_eq!(right.agreement, 1.0);
    // The same values within bounds that excuse a change of class, for the second of seven examples.
    let want = &mut oracle.logits[2..4];
    want.iter_mut().for_each(|e| e.bound = 10.0);
    want.reverse();
    let near = oracle.check(&mut contestant(&model(0.2), VariantName::Dense), &ROWS, BATCH).unwrap();
    assert_eq!(near.agreement, 6.0 / 7.0);
}

#[test]
fn variants_that_differ_in_a_bit_are_told_apart() {
    let one_bit = f32::from_bits(0.2f32.to_bits() + 1);
    let mut same = [contestant(&model(0.2), VariantName::Masked), contestant(&model(0.2), VariantName::Csr)];
    let found = same.each_mut().map(checked);
    assert_eq!(same_bits(&same, &found, BATCH), Ok(()));

    let mut other =
        [contestant(&model(0.2), VariantName::Masked), contestant(&model(one_bit), VariantName::Csr)];
    let found = other.each_mut().map(checked);
    let wrong = Wrong { variant: VariantName::Csr, batch: BATCH, fault: Fault::Bits(VariantName::Masked) };
    assert_eq!(same_bits(&other, &found, BATCH), Err(wrong));

    other[1].case = 1;
    assert_eq!(same_bits(&other, &found, BATCH), Ok(()), "networks need not agree, variants of one must");
}

#[test]
fn an_output_that_changed_while_timed_is_found() {
    let rotation = Rotation::new(&ROWS, 2, BATCH);
    let mut contestant = contestant(&model(0.2), VariantName::Csr);
    let found = checked(&mut contestant);
    let changed = Err(Wrong { variant: VariantName::Csr, batch: BATCH, fault: Fault::Changed });
    assert_eq!(found.still_right(&contestant, &rotation), changed, "nothing was timed yet");

    // The seven examples rotate in batches of three: the rounds end in the middle of them.
    for rounds in 1..9 {
        let timing = Plan { rounds, target_sample_ns: 1, ..Plan::default() };
        measure(&mut [contestant.subject(&rotation)], &timing, &mut |_, _| {});
        assert_eq!(found.still_right(&contestant, &rotation), Ok(()));
    }
    contestant.output[4] = -contestant.output[4];
    assert_eq!(found.still_right(&contestant, &rotation), changed);

    drop(contestant.subject(&rotation));
    assert_eq!(found.still_right(&contestant, &rotation), changed, "a turn starts with a poisoned output");
}

#[test]
fn a_wrong_variant_is_named_with_what_to_do() {
    let wrong = |fault| Wrong { variant: VariantName::Auto, batch: 64, fault }.to_string();
    let message = wrong(Fault::Bits(VariantName::Csr));
    assert_eq!(
        message,
        "auto at batch 64 computes wrong outputs, so there is no result: they are not the bits that csr computes; \
         please report this with the command and the output of `prunella info`"
    );
    assert!(wrong(Fault::Changed).contains("after the timed rounds they are not what they were before"));
}
