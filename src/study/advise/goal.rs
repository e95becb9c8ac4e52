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
