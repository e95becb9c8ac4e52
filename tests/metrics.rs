//! Each metric against the definition it is named after, spelt out without cleverness.
#![cfg(feature = "std")]

use proptest::prelude::*;
use prunella::metrics::{Confusion, accuracy, argmax, auc, macro_auc, predictions};

/// Few distinct values, so that ties are common; both zeros and both infinities among them.
fn score() -> impl Strategy<Value = f32> {
    prop_oneof![
        (-3i8..=3).prop_map(|n| f32::from(n) / 2.0),
        Just(-0.0),
        Just(f32::INFINITY),
        Just(f32::NEG_INFINITY)
    ]
}

fn labelled_scores() -> impl Strategy<Value = (usize, Vec<u8>, Vec<f32>)> {
    (2usize..6, 1usize..40).prop_flat_map(|(classes, examples)| {
        let labels = prop::collection::vec(0..classes as u8, examples);
        let scores = prop::collection::vec(score(), examples * classes);
        (Just(classes), labels, scores)
    })
}

/// All pairs of a positive and a negative.
fn auc_by_pairs(scores: &[f32], is_positive: &[bool]) -> Option<f64> {
    let (mut won, mut pairs) = (0.0, 0.0);
    for i in (0..scores.len()).filter(|i| is_positive[*i]) {
        for j in (0..scores.len()).filter(|j| !is_positive[*j]) {
            pairs += 1.0;
            won +=
                if scores[i] > scores[j] { 1.0 } else { f64::from(u8::from(scores[i] == scores[j])) / 2.0 };
        }
    }
    (pairs > 0.0).then(|| won / pairs)
}

proptest! {
    #[test]
    fn argmax_is_the_first_that_none_exceeds(values in prop::collection::vec(score(), 1..20)) {
        let best = argmax(&values);
        prop_assert!(values.iter().all(|v| *v <= values[best]));
        prop_assert!(values[..best].iter().all(|v| *v < values[best]));
    }

    #[test]
    fn auc_is_the_share_of_pairs_in_order((_, labels, scores) in labelled_scores()) {
        let scores = &scores[..labels.len()];
        let is_positive: Vec<bool> = labels.iter().map(|l| *l == 1).collect();
        match (auc(scores, &is_positive), auc_by_pairs(scores, &is_positive)) {
            (Some(fast), Some(slow)) => prop_assert!((fast - slow).abs() < 1e-12, "{fast} {slow}"),
            (fast, slow) => prop_assert_eq!(fast, slow),
        }
    }

    #[test]
    fn macro_auc_is_the_mean_over_classes((classes, labels, scores) in labelled_scores()) {
        let areas: Vec<f64> = (0..classes).filter_map(|class| {
            let own: Vec<f32> = scores.chunks(classes).map(|row| row[class]).collect();
            auc_by_pairs(&own, &labels.iter().map(|l| usize::from(*l) == class).collect::<Vec<_>>())
        }).collect();
        match macro_auc(&scores, &labels, classes) {
            Some(mean) => prop_assert!((mean - areas.iter().sum::<f64>() / areas.len() as f64).abs() < 1e-12),
            None => prop_assert!(areas.is_empty()),
        }
    }

    #[test]
    fn f1_is_the_harmonic_mean_of_precision_and_recall((classes, labels, scores) in labelled_scores()) {
        let predicted = predictions(&scores, classes);
        let confusion = Confusion::new(&predicted, &labels, classes);
        let count = |wanted: &dyn Fn(usize, usize) -> bool| {
            labels.iter().zip(&predicted).filter(|&(l, p)| wanted(usize::from(*l), *p)).count() as f64
        };
        let mut sum = 0.0;
        for class in 0..classes {
            let hits = count(&|l, p| l == class && p == class);
            let (precision, recall) = (hits / count(&|_, p| p == class), hits / count(&|l, _| l == class));
            let f1 = if hits > 0.0 { 2.0 / (1.0 / precision + 1.0 / recall) } else { 0.0 };
            prop_assert!((confusion.f1(class) - f1).abs() < 1e-12);
            sum += f1;
            for other in 0..classes {
                prop_assert_eq!(confusion.count(class, other) as f64, count(&|l, p| l == class && p == other));
            }
        }
        prop_assert!((confusion.macro_f1() - sum / classes as f64).abs() < 1e-12);
        let right = count(&|l, p| l == p) / labels.len() as f64;
        prop_assert_eq!(accuracy(&scores, &labels, classes), right);
    }
}

#[test]
fn a_nan_is_never_the_largest_and_has_no_rank() {
    assert_eq!(argmax(&[f32::NAN, -1.0, f32::NAN, 2.0]), 3);
    assert_eq!(argmax(&[f32::NAN, f32::NEG_INFINITY]), 1);
    assert_eq!(argmax(&[f32::NAN, f32::NAN]), 0);
    assert_eq!(argmax(&[]), 0);
    assert_eq!(auc(&[1.0, f32::NAN], &[true, false]), None);
    assert_eq!(macro_auc(&[1.0, 0.0, f32::NAN, 1.0], &[0, 1], 2), None);
}

#[test]
fn nothing_to_rank_has_no_area() {
    assert_eq!(auc(&[], &[]), None);
    assert_eq!(auc(&[1.0, 2.0], &[true, true]), None);
    assert_eq!(macro_auc(&[1.0, 2.0], &[0], 2), None);
    assert!(accuracy(&[], &[], 3).is_nan());
}

/// Worked out by hand.
#[test]
fn a_small_example_has_the_values_it_must_have() {
    let labels = [0, 0, 1, 1, 2];
    let confusion = Confusion::new(&[0, 1, 1, 1, 0], &labels, 3);
    assert_eq!(confusion.accuracy(), 0.6);
    assert_eq!([0, 1, 2].map(|class| confusion.f1(class)), [0.5, 0.8, 0.0]);
    assert_eq!((confusion.count(0, 1), confusion.count(1, 0), confusion.classes()), (1, 0, 3));
    assert_eq!(auc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]), Some(0.75));
}
