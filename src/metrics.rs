//! How good predictions are.
//!
//! Labels are classes, `0..classes`; scores are `[examples, classes]`, row-major (logits or probabilities: only
//! their order within a row, or within a class, counts).

use std::{vec, vec::Vec};

/// The index of the largest value: of equal ones the first, NaN never, 0 if there is no number at all.
pub fn argmax(values: &[f32]) -> usize {
    let mut best = None;
    for (index, &value) in values.iter().enumerate() {
        if !value.is_nan() && best.is_none_or(|(_, largest)| value > largest) {
            best = Some((index, value));
        }
    }
    best.map_or(0, |(index, _)| index)
}

/// The class with the largest score of each example: `[examples]`.
///
/// # Panics
/// If `classes` is 0 or does not divide the number of scores.
pub fn predictions(scores: &[f32], classes: usize) -> Vec<usize> {
    assert!(classes > 0 && scores.len().is_multiple_of(classes), "scores are [examples, classes]");
    scores.chunks_exact(classes).map(argmax).collect()
}

/// The share of examples whose largest score is that of their label; NaN without examples.
///
/// # Panics
/// If `scores` is not `[labels.len(), classes]`.
pub fn accuracy(scores: &[f32], labels: &[u8], classes: usize) -> f64 {
    Confusion::new(&predictions(scores, classes), labels, classes).accuracy()
}

/// How often each class was taken for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// `[classes, classes]`: true class by predicted class.
    counts: Vec<usize>,
}

impl Confusion {
    /// Counts what `predicted` says of the examples with these `labels`.
    ///
    /// # Panics
    /// If the lengths differ, or a prediction or label is not below `classes`.
    pub fn new(predicted: &[usize], labels: &[u8], classes: usize) -> Confusion {
        assert_eq!(predicted.len(), labels.len(), "one prediction for each label");
        let mut counts = vec![0; classes * classes];
        for (&predicted, &label) in predicted.iter().zip(labels) {
            let label = usize::from(label);
            assert!(predicted.max(label) < classes, "class {} of {classes}", predicted.max(label));
            counts[label * classes + predicted] += 1;
        }
        Confusion { classes, counts }
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many examples of class `label` were taken for `predicted`.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn count(&self, label: usize, predicted: usize) -> usize {
        assert!(label.max(predicted) < self.classes);
        self.counts[label * self.classes + predicted]
    }

    /// The share of examples predicted right; NaN without examples.
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..self.classes).map(|class| self.count(class, class)).sum();
        right as f64 / self.counts.iter().sum::<usize>() as f64
    }

    /// The F1 score of `class`: the harmonic mean of precision and recall, `2 tp / (2 tp + fp + fn)`; 0 for a class that
    /// was neither there nor predicted. For two classes, that of class 1 is the binary F1 score.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn f1(&self, class: usize) -> f64 {
        let there: usize = (0..self.classes).map(|other| self.count(class, other)).sum();
        let predicted: usize = (0..self.classes).map(|other| self.count(other, class)).sum();
        let right = self.count(class, class);
        // there + predicted = 2 tp + fn + fp.
        if there + predicted == 0 { 0.0 } else { 2.0 * right as f64 / (there + predicted) as f64 }
    }

    /// The mean of the F1 scores of all classes; NaN without classes.
    pub fn macro_f1(&self) -> f64 {
        (0..self.classes).map(|class| self.f1(class)).sum::<f64>() / self.classes as f64
    }
}

/// The area under the ROC curve: the chance that a positive example scores higher than a negative one, where
/// equal scores count half. `None` when there are no positives or no negatives, or a score is NaN.
///
/// # Panics
/// If the lengths differ.
pub fn auc(scores: &[f32], is_positive: &[bool]) -> Option<f64> {
    assert_eq!(scores.len(), is_positive.len(), "one score for each example");
    let positives = is_positive.iter().filter(|positive| **positive).count();
    let negatives = scores.len() - positives;
    if positives == 0 || negatives == 0 || scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let mut examples: Vec<(f32, bool)> = scores.iter().copied().zip(is_positive.iter().copied()).collect();
    examples.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    // Twice the number of pairs won, in integers: a pair won counts 2, a tie 1. `==` ties -0 with +0, which are neighbours.
    let (mut twice_won, mut below) = (0u128, 0);
    for equal in examples.chunk_by(|a, b| a.0 == b.0) {
        let won = equal.iter().filter(|(_, positive)| *positive).count();
        let lost = equal.len() - won;
        twice_won += won as u128 * (2 * below + lost) as u128;
        below += lost;
    }
    Some(twice_won as f64 / (2 * positives as u128 * negatives as u128) as f64)
}

/// The mean, over the classes, of the area under the ROC curve of that class's score against all other classes.
/// Classes that all or no examples have are left out; `None` if that leaves none, or a score is NaN.
///
/// # Panics
/// If `scores` is not `[labels.len(), classes]`.
pub fn macro_auc(scores: &[f32], labels: &[u8], classes: usize) -> Option<f64> {
    assert_eq!(labels.len().checked_mul(classes), Some(scores.len()), "scores are [examples, classes]");
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let of_class = |class: usize| {
        let own: Vec<f32> = scores.iter().skip(class).step_by(classes).copied().collect();
        let is_positive: Vec<bool> = labels.iter().map(|label| usize::from(*label) == class).collect();
        auc(&own, &is_positive)
    };
    let areas: Vec<f64> = (0..classes).filter_map(of_class).collect();
    (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
}
