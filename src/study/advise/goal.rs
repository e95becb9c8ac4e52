//! What is wanted, and who keeps it.

use crate::study::pareto::Candidate;
use core::fmt;
use std::string::String;
use std::{format, vec::Vec};

/// What a network is wanted for.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Goal {
    /// Nanoseconds that a call may take at most. Without it, the fastest is wanted.
    pub target_ns: Option<f64>,
    /// The share of examples that must be right at least.
    pub min_accuracy: Option<f64>,
    /// Examples per call.
    pub batch: usize,
}

/// What was found out about a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Nanoseconds per call: the median.
    pub median_ns: f64,
    /// Nine samples in ten are below.
    pub p90_ns: f64,
    /// The share of validation examples that it gets right.
    pub accuracy: f64,
}

/// How far measurements are to be trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margin {
    /// What the place in memory and noise are worth in these rounds: 1 or more.
    pub noise: f64,
    /// How many examples the accuracy was found on.
    pub examples: usize,
}

impl Margin {
    /// What a median will not be above when it is measured again: nine samples in ten were below even without what luck is worth.
    pub fn bound_ns(&self, measured: &Measured) -> f64 {
        measured.p90_ns * self.noise
    }

    /// What the accuracy on further examples will not be below, at 95 %: the lower end of Wilson's interval, "Probable inference,
    /// the law of succession, and statistical inference" (1927), one-sided.
    pub fn accuracy_bound(&self, accuracy: f64) -> f64 {
        const Z: f64 = 1.645;
        let n = self.examples as f64;
        let middle = accuracy + Z * Z / (2.0 * n);
        let spread = Z * (accuracy * (1.0 - accuracy) / n + Z * Z / (4.0 * n * n)).sqrt();
        (middle - spread) / (1.0 + Z * Z / n)
    }
}

impl Goal {
    /// Those of `measured` that keep the goal with the margin, the best first: the most accurate within the time, or without one
    /// the fastest. Of equals, the faster and then the first.
    pub fn ranking(&self, measured: &[Measured], margin: &Margin) -> Vec<usize> {
        let mut kept: Vec<usize> =
            (0..measured.len()).filter(|&i| self.is_kept(&measured[i], margin)).collect();
        kept.sort_by(|&a, &b| {
            let (a, b) = (&measured[a], &measured[b]);
            let faster = margin.bound_ns(a).total_cmp(&margin.bound_ns(b));
            match self.target_ns {
                Some(_) => b.accuracy.total_cmp(&a.accuracy).then(faster),
                None => faster,
            }
        });
        kept
    }

    fn is_kept(&self, measured: &Measured, margin: &Margin) -> bool {
        let in_time = self.target_ns.is_none_or(|target| margin.bound_ns(measured) <= target);
        let accuracy = margin.accuracy_bound(measured.accuracy);
        in_time && self.min_accuracy.is_none_or(|least| accuracy >= least)
    }

    /// Which of `measured` comes nearest to a goal that none keeps: the fastest where it is about time alone, the most accurate
    /// where about accuracy alone, else the most accurate of those in time, if there are such.
    pub fn nearest(&self, measured: &[Measured], margin: &Margin) -> Option<usize> {
        let in_time = |m: &Measured| self.target_ns.is_none_or(|target| margin.bound_ns(m) <= target);
        let any_in_time = measured.iter().any(in_time);
        let places = (0..measured.len()).filter(|&i| !any_in_time || in_time(&measured[i]));
        match any_in_time {
            true => places.max_by(|&a, &b| measured[a].accuracy.total_cmp(&measured[b].accuracy)),
            false => places
                .min_by(|&a, &b| margin.bound_ns(&measured[a]).total_cmp(&margin.bound_ns(&measured[b]))),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Goal { target_ns, min_accuracy, batch } = self;
        let least = min_accuracy.map(|least| format!("at least {:.2} % right", 100.0 * least));
        let within = target_ns.map(|target| format!("within {} us", target / 1e3));
        let all: Vec<String> = [within, least].into_iter().flatten().collect();
        write!(f, "{} at batch {batch}", all.join(" and "))
    }
}

/// That nothing keeps a goal, and what comes nearest.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmet {
    /// What was wanted.
    pub goal: Goal,
    /// The network that comes nearest.
    pub candidate: Candidate,
    /// Its time, with the margin.
    pub bound_ns: f64,
    /// Its accuracy on the validation examples, if it was trained.
    pub accuracy: Option<f64>,
    /// The same with the margin.
    pub accuracy_bound: Option<f64>,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unmet { goal, candidate, bound_ns, accuracy, accuracy_bound } = self;
        write!(f, "no network is {goal}; the nearest ({candidate}) takes up to {:.3} us", bound_ns / 1e3)?;
        if let (Some(accuracy), Some(bound)) = (accuracy, accuracy_bound) {
            write!(
                f,
                " and gets {:.2} % of the validation examples right (so at least {:.2} % of others, at 95 %)",
                100.0 * accuracy,
                100.0 * bound
            )?;
        }
        f.write_str("; allow more time or a lower accuracy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::pareto::Kind;

    const MARGIN: Margin = Margin { noise: 1.1, examples: 6_000 };

    /// Microseconds: median and 90th percentile.
    fn measured(accuracy: f64, median_us: f64, p90_us: f64) -> Measured {
        Measured { median_ns: 1e3 * median_us, p90_ns: 1e3 * p90_us, accuracy }
    }

    fn goal(target_us: Option<f64>, min_accuracy: Option<f64>) -> Goal {
        Goal { target_ns: target_us.map(|us| 1e3 * us), min_accuracy, batch: 1 }
    }

    #[test]
    fn the_most_accurate_wins_whose_time_is_kept_with_the_margin() {
        let all = [
            measured(0.99, 29.0, 29.5),  // 29.5 * 1.1 is more than 30
            measured(0.98, 25.0, 27.0),  // 29.7
            measured(0.98, 20.0, 21.0),  // as accurate, and faster
            measured(0.995, 20.0, 40.0), // its median alone would do
            measured(0.90, 1.0, 1.0),
        ];
        assert_eq!(goal(Some(30.0), None).ranking(&all, &MARGIN), [2, 1, 4]);
        assert_eq!(goal(Some(33.0), None).ranking(&all, &MARGIN), [0, 2, 1, 4]);
        assert!(goal(Some(1.0), None).ranking(&all, &MARGIN).is_empty());
    }

    #[test]
    fn the_fastest_wins_whose_accuracy_is_kept_with_the_margin() {
        // Of 6,000 examples, 97.3 % say at least 96.9 %, and 97.5 % at least 97.1 %.
        let all = [measured(0.973, 5.0, 5.0), measured(0.975, 7.0, 8.0), measured(0.99, 7.5, 7.6)];
        assert_eq!(goal(None, Some(0.97)).ranking(&all, &MARGIN), [2, 1]);
        assert_eq!(goal(Some(8.5), Some(0.97)).ranking(&all, &MARGIN), [2]);
        assert_eq!(goal(Some(10.0), Some(0.97)).ranking(&all, &MARGIN), [2, 1]);
        assert!(goal(None, Some(0.99)).ranking(&all, &MARGIN).is_empty());
    }

    #[test]
    fn the_margin_of_an_accuracy_is_that_of_wilson() {
        // Computed apart, from the formula in the paper.
        let margin = Margin { noise: 1.0, examples: 100 };
        assert!((margin.accuracy_bound(0.9) - 0.839_638).abs() < 1e-6, "{}", margin.accuracy_bound(0.9));
        assert!(margin.accuracy_bound(1.0) < 1.0 && margin.accuracy_bound(0.0) >= 0.0);
    }

    #[test]
    fn the_nearest_is_in_time_if_any_is() {
        let all = [measured(0.99, 50.0, 50.0), measured(0.95, 20.0, 20.0), measured(0.96, 21.0, 21.0)];
        assert_eq!(goal(Some(30.0), Some(0.98)).nearest(&all, &MARGIN), Some(2));
        assert_eq!(goal(Some(10.0), Some(0.98)).nearest(&all, &MARGIN), Some(1), "the fastest");
        assert_eq!(goal(None, Some(0.999)).nearest(&all, &MARGIN), Some(0), "the most accurate");
        assert_eq!(goal(None, Some(0.999)).nearest(&[], &MARGIN), None);
    }

    #[test]
    fn an_unmet_goal_is_told_in_words() {
        let candidate = Candidate { hidden: 64, kind: Kind::Dense, sparsity: 0.0 };
        let unmet = Unmet {
            goal: goal(Some(2.0), Some(0.98)),
            candidate,
            bound_ns: 1_900.0,
            accuracy: Some(0.97),
            accuracy_bound: Some(0.966),
        };
        assert_eq!(
            std::format!("{unmet}"),
            "no network is within 2 us and at least 98.00 % right at batch 1; the nearest (dense 64) takes up to 1.900 us and \
             gets 97.00 % of the validation examples right (so at least 96.60 % of others, at 95 %); allow more time or a lower \
             accuracy"
        );
    }
}
