//! Published numbers beside measured ones.

use super::corruption::{PATCH, SIGMAS};
use super::{Corruption, Findings, HARDEST, Pair, RATES, RobustnessRow, Spread, published};
use std::vec::Vec;

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

/// Every published number of which something was measured.
pub fn comparisons(findings: &Findings) -> Vec<Comparison> {
    let mut all = Vec::new();
    let mut add = |section, (pair, hidden, at): (Pair, usize, f64), published: f64, values: Vec<f64>| {
        let Some(Spread { seeds, mean, interval, sd, range }) = Spread::of(&values) else { return };
        let is_covered = published >= range[0] - READING && published <= range[1] + READING;
        all.push(Comparison {
            section,
            pair,
            hidden,
            at,
            published,
            mean,
            interval,
            sd,
            range,
            seeds,
            is_covered,
        });
    };
    for (rate, published) in RATES.into_iter().zip(published::RATE_F1) {
        let hidden = published::RATE_WIDTH;
        let rows = findings.rates.iter().filter(|row| row.hidden == hidden && row.rate == rate);
        add(Section::Rates, (HARDEST, hidden, rate), published, rows.map(|row| row.best_f1).collect());
    }
    for (hidden, of_pairs) in published::CAPACITY {
        for (pair, published) in Pair::ALL.into_iter().zip(of_pairs) {
            let rows = findings.capacity.iter().filter(|row| (row.pair, row.hidden) == (pair, hidden));
            add(Section::Capacity, (pair, hidden, 0.0), published, rows.map(|row| row.best_f1).collect());
        }
    }
    let corrupted = |corruption: Corruption, hidden: usize, strength: f64| {
        let is_it = |row: &&RobustnessRow| {
            (row.pair, row.hidden, row.corruption, row.strength) == (HARDEST, hidden, corruption, strength)
        };
        findings.robustness.iter().filter(is_it).map(|row| row.f1).collect()
    };
    for (hidden, of_sigmas) in published::NOISE {
        for (sigma, published) in SIGMAS.into_iter().zip(of_sigmas) {
            let values = corrupted(Corruption::Noise, hidden, sigma);
            add(Section::Noise, (HARDEST, hidden, sigma), published, values);
        }
    }
    for (hidden, published) in published::OCCLUSION {
        let values = corrupted(Corruption::Occlusion, hidden, PATCH as f64);
        add(Section::Occlusion, (HARDEST, hidden, PATCH as f64), published, values);
    }
    all
}
