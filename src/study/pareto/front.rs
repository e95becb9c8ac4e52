//! Who wins at each accuracy.

use super::Point;
use crate::measure::Interval;
use std::string::{String, ToString};
use std::{format, vec, vec::Vec};

/// For each network, its accuracy and its time, whether none is at least as accurate and at least as fast, and better in one of
/// both. Of equals, all are on the front.
pub fn front(networks: &[(f64, f64)]) -> Vec<bool> {
    let beats = |(a, b): (&(f64, f64), &(f64, f64))| a.0 >= b.0 && a.1 <= b.1 && a != b;
    networks.iter().map(|one| !networks.iter().any(|other| beats((other, one)))).collect()
}

/// A network in a contest.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct Contender {
    /// `dense`, or the structure it was pruned to.
    pub structure: String,
    /// Neurons of its hidden layer before pruning.
    pub hidden: usize,
    /// The share of units that went.
    pub sparsity: f64,
    /// The share of test examples that it gets right.
    pub accuracy: f64,
    /// Nanoseconds per call.
    pub median_ns: f64,
}

impl Contender {
    fn new(point: &Point) -> Contender {
        let Point { structure, hidden, sparsity, accuracy, median_ns, .. } = point.clone();
        Contender { structure, hidden, sparsity, accuracy, median_ns }
    }
}

/// The fastest networks that reach an accuracy, at one batch size.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct Winner {
    /// What is told apart.
    pub task: String,
    /// Examples per call.
    pub batch: usize,
    /// The accuracy to be reached: that of a dense network, or of the most accurate pruned one.
    pub accuracy: f64,
    /// The fastest dense network that reaches it; `None` where only pruning does.
    pub dense: Option<Contender>,
    /// The fastest pruned one; `None` where no pruned one does.
    pub pruned: Option<Contender>,
    /// How many times the time of the pruned one goes into that of the dense one: the median of the ratios within a round.
    pub gain: Option<f64>,
    /// Lower end of its 95 % interval.
    pub gain_lo: Option<f64>,
    /// Upper end of it.
    pub gain_hi: Option<f64>,
    /// `dense`, the structure of the pruned one, or `undecided` where the interval meets the noise floor.
    pub winner: String,
}

/// Among `points`, all of one task and batch size, the winner at the accuracy of each dense network that is on the front of the
/// dense ones, and at the highest accuracy of all if a pruned one has it. The control `random` does not compete. `ratio` gives
/// how many times the time of its second point goes into that of its first; `noise` is what luck is worth, 1 or more.
pub fn winners(points: &[Point], noise: f64, ratio: &dyn Fn(usize, usize) -> Interval) -> Vec<Winner> {
    winners_ahead(points, noise, ratio, &|_| 0.0)
}

/// What two standard errors of an accuracy that was found on `examples` examples are: two networks that are equally good may well
/// differ by that. Not 0 where all examples are right: one more would be the first that is wrong.
pub fn luck(accuracy: f64, examples: usize) -> f64 {
    let count = examples.max(1) as f64;
    let wrong = (1.0 - accuracy).max(1.0 / count);
    2.0 * (wrong * (1.0 - wrong) / count).sqrt()
}

/// As [`winners`], at the same accuracies, but a pruned network counts only where it exceeds an accuracy by the `lead` there. Many
/// pruned networks compete with few dense ones, so that the luckiest of them is to be expected to look better than it is.
pub fn winners_ahead(
    points: &[Point],
    noise: f64,
    ratio: &dyn Fn(usize, usize) -> Interval,
    lead: &dyn Fn(f64) -> f64,
) -> Vec<Winner> {
    let is_dense = |&i: &usize| points[i].structure == "dense";
    let is_pruned = |&i: &usize| !is_dense(&i) && points[i].structure != "random";
    let fastest = |accuracy: f64, of: &dyn Fn(&usize) -> bool| {
        let reaching = (0..points.len()).filter(|i| of(i) && points[*i].accuracy >= accuracy);
        reaching.min_by(|a, b| points[*a].median_ns.total_cmp(&points[*b].median_ns))
    };
    let dense: Vec<usize> = (0..points.len()).filter(is_dense).collect();
    let on_front =
        front(&dense.iter().map(|&i| (points[i].accuracy, points[i].median_ns)).collect::<Vec<_>>());
    let mut accuracies: Vec<f64> = dense
        .iter()
        .zip(on_front)
        .filter(|(_, on_front)| *on_front)
        .map(|(&i, _)| points[i].accuracy)
        .collect();
    accuracies.sort_by(f64::total_cmp);
    accuracies.dedup();
    let highest = (0..points.len()).filter(is_pruned).map(|i| points[i].accuracy).max_by(f64::total_cmp);
    accuracies.extend(highest.filter(|highest| accuracies.last().is_none_or(|last| highest > last)));
    let winner = |accuracy| {
        let (dense, pruned) = (fastest(accuracy, &is_dense), fastest(accuracy + lead(accuracy), &is_pruned));
        let gain = dense.zip(pruned).map(|(dense, pruned)| ratio(dense, pruned));
        let name = match (gain, pruned) {
            (Some(gain), Some(pruned)) if gain.lo > noise => points[pruned].structure.clone(),
            (Some(gain), _) if gain.hi < 1.0 / noise => "dense".to_string(),
            (Some(_), _) => "undecided".to_string(),
            (None, Some(pruned)) => points[pruned].structure.clone(),
            (None, None) => "dense".to_string(),
        };
        let contender = |i: usize| Contender::new(&points[i]);
        Winner {
            task: points[0].task.clone(),
            batch: points[0].batch,
            accuracy,
            dense: dense.map(contender),
            pruned: pruned.map(contender),
            gain: gain.map(|gain| gain.mid),
            gain_lo: gain.map(|gain| gain.lo),
            gain_hi: gain.map(|gain| gain.hi),
            winner: name,
        }
    };
    accuracies.into_iter().map(winner).collect()
}

/// The plain answer, a sentence for each task and batch size: at how many accuracies of dense networks pruning is above their
/// curve.
pub fn summary(winners: &[Winner]) -> Vec<String> {
    let mut sentences = vec![];
    for contest in winners.chunk_by(|a, b| (&a.task, a.batch) == (&b.task, b.batch)) {
        let matched: Vec<&Winner> = contest.iter().filter(|winner| winner.dense.is_some()).collect();
        let count = |wanted: &dyn Fn(&str) -> bool| matched.iter().filter(|w| wanted(&w.winner)).count();
        let (dense, undecided) = (count(&|name| name == "dense"), count(&|name| name == "undecided"));
        let pruned = matched.len() - dense - undecided;
        let best = matched.iter().filter_map(|w| w.gain).fold(f64::NAN, f64::max);
        let Winner { task, batch, .. } = contest[0].clone();
        let mut sentence = format!(
            "{task}, batch {batch}: of {} of dense networks, a pruned network is faster at {pruned}, a smaller dense one at \
             {dense}, and neither at {undecided}",
            if matched.len() == 1 {
                "1 accuracy".to_string()
            } else {
                format!("{} accuracies", matched.len())
            }
        );
        if pruned > 0 {
            sentence += &format!(" (pruned at its best: {best:.1} times as fast)");
        }
        if let Some(beyond) = contest.last().filter(|w| w.dense.is_none()).and_then(|w| w.pruned.as_ref()) {
            let Contender { structure, hidden, accuracy, .. } = beyond;
            sentence += &format!(
                "; the most accurate of all, {:.2} %, is pruned ({structure}, from {hidden})",
                100.0 * accuracy
            );
        }
        sentences.push(sentence + ".");
    }
    sentences
}
