//! What decides the results of the study, besides the data.

use std::vec::Vec;

/// A part of the study, as it can be asked for alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "cli",
    derive(serde::Serialize, serde::Deserialize, clap::ValueEnum),
    serde(rename_all = "kebab-case")
)]
pub enum Part {
    /// The grid of learning rates.
    Rates,
    /// Best F1 by pair and width.
    Capacity,
    /// One-shot pruning, both readings of its level; neurons that are never active; the hidden geometry before and after.
    Pruning,
    /// Noise, and a patch that hides something.
    Robustness,
    /// What it takes to keep F1 at a true 95 %.
    Recipes,
    /// Accuracy against measured time, by structure.
    Pareto,
    /// Agreement of saliency and of hidden geometry, dense against pruned.
    Interpretability,
}

impl Part {
    /// In the order of the report.
    pub const ALL: [Part; 7] = [
        Part::Rates,
        Part::Capacity,
        Part::Pruning,
        Part::Robustness,
        Part::Recipes,
        Part::Pareto,
        Part::Interpretability,
    ];
}

/// What decides the results, besides the data and the build.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct Settings {
    /// The parts wanted, in the order of [`Part::ALL`].
    pub parts: Vec<Part>,
    /// How many seeds everything has; `None` for the study's own three, and ten where a verdict depends on small differences.
    pub seeds: Option<usize>,
    /// A version of about a minute: fewer seeds, sizes and steps, which each part decides for itself.
    pub quick: bool,
}

impl Settings {
    /// The seeds of a part that has `default` of them unless told otherwise (2 in the quick version): 0, 42 and 78, the study's, then
    /// 1, 2, 3 ...
    pub fn seeds(&self, default: usize) -> Vec<u64> {
        const PUBLISHED: [u64; 3] = [0, 42, 78];
        let default = if self.quick { 2 } else { default };
        let others = (1..).filter(|seed| !PUBLISHED.contains(seed));
        PUBLISHED.into_iter().chain(others).take(self.seeds.unwrap_or(default)).collect()
    }

    /// The seeds where small differences decide.
    pub fn many_seeds(&self) -> Vec<u64> {
        self.seeds(10)
    }

    /// Whether `part` is wanted.
    pub fn wants(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { parts: Part::ALL.into(), seeds: None, quick: false }
    }
}
