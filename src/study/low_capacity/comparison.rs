//! Published numbers beside measured ones.

use super::Pair;

/// What a [`Comparison`] is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize), serde(rename_all = "lowercase"))]
pub enum Section {
    /// F1 by learning rate: `at` is the rate.
    Rates,
    /// Best training F1 by pair and width; `at` is 0.
    Capacity,
    /// F1 under Gaussian noise: `at` is its standard deviation.
    Noise,
    /// F1 with a patch of 0: `at` is its width.
    Occlusion,
    /// Hidden units that are never active: `at` is the pruning level in percent.
    Neurons,
}

/// A published number, a mean over three seeds read off text and figures, beside what was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Comparison {
    /// What of.
    pub section: Section,
    /// The digits.
    pub pair: Pair,
    /// Hidden units.
    pub hidden: usize,
    /// Where: see [`Section`].
    pub at: f64,
    /// The number published.
    pub published: f64,
    /// The mean over seeds.
    pub mean: f64,
    /// The 95 % interval of the mean (bootstrap over seeds).
    pub interval: [f64; 2],
    /// The standard deviation over seeds.
    pub sd: f64,
    /// The smallest and the largest of the seeds.
    pub range: [f64; 2],
    /// How many seeds there are.
    pub seeds: usize,
    /// Whether `published` lies in `range`, give or take [`READING`].
    pub is_covered: bool,
}

/// How exactly a number can be read off a figure.
pub const READING: f64 = 0.005;
