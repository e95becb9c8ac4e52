//! What the study found, as plain data.

use super::mask::Mask;
use super::measure::Measures;
use super::settings::{Definition, Input, Settings};
use crate::study::{Claim, Verdict};
use std::{string::String, vec::Vec};

/// Everything. A part that was not done is empty.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Results {
    /// What was done.
    pub settings: Settings,
    /// F1 (and F1m, by medians) to F4, the principle, and what other inputs say; those whose parts were done.
    pub claims: Vec<Claim>,
    /// The nominal runs summed up, by size and then mask.
    pub cells: Vec<Cell>,
    /// Separation alone at the largest size, tau_s ascending.
    pub tau_sweep: Vec<TauRow>,
    /// Which claims hold, one row for each definition, the nominal one first.
    pub sensitivity: Vec<SensitivityRow>,
    /// Other inputs and more dimensions, the nominal input first.
    pub settling: Vec<SettlingRow>,
    /// The plain answer: is expulsion general, or an artefact of uniform points on a line?
    pub answer: Option<String>,
    /// Digits read back from the weights.
    pub digits: Vec<DigitsRow>,
    /// Figure 2 of the study: where the prototypes end at the largest size, for masks 000, 010, 100, of the first seed.
    pub positions: Vec<Positions>,
    /// Figure 7: at N = 5 (or the size nearest), for masks 000, 010, 111, of the first seed.
    pub reconstructions: Vec<Positions>,
    /// How prototypes move during training, every mask, at N = 20 (or the size nearest), of the first seed.
    pub paths: Vec<Path>,
    /// Every nominal run, by size, mask and seed.
    pub runs: Vec<Run>,
}

/// One trained network, measured.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Run {
    /// The structural losses.
    pub mask: Mask,
    /// Points, and neurons.
    pub n: usize,
    /// Coordinates.
    pub d: usize,
    /// The seed of its points and initial weights.
    pub seed: u64,
    /// Where the points came from.
    pub input: Input,
    /// E: the mean (Euclidean) distance of a prototype from its point, where each has a point of its own and the sum is least.
    pub error: f64,
    /// Prototypes that are the nearest one of some point, as a share of N.
    pub specialization: f64,
    /// Neurons that are the most active one for some point, as a share of N.
    pub specialization_by_activation: f64,
    /// The share of prototypes outside the convex hull of the points; NaN where the hull has no volume.
    pub outside: f64,
    /// The mean squared error of the outputs.
    pub fit: f64,
}

impl Run {
    pub(super) fn new(
        definition: &Definition,
        (mask, n, seed): (Mask, usize, u64),
        measures: &Measures,
        fit: f64,
    ) -> Run {
        let Measures { error, specialization, specialization_by_activation, outside } = *measures;
        let Definition { d, input, .. } = *definition;
        Run { mask, n, d, seed, input, error, specialization, specialization_by_activation, outside, fit }
    }
}

/// A quantity over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Spread {
    /// The mean over seeds.
    pub mean: f64,
    /// Lower end of the mean's 95 % interval.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// The standard error of the mean.
    pub sem: f64,
    /// The median over seeds.
    pub median: f64,
    /// Lower end of the median's 95 % interval.
    pub median_lo: f64,
    /// Upper end.
    pub median_hi: f64,
}

/// The runs of one mask and size, summed up.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Cell {
    /// The structural losses.
    pub mask: Mask,
    /// Points, and neurons.
    pub n: usize,
    /// How many runs.
    pub seeds: usize,
    /// E.
    pub error: Spread,
    /// By distance.
    pub specialization: Spread,
    /// By activation.
    pub specialization_by_activation: Spread,
    /// The share outside the hull.
    pub outside: Spread,
    /// The share of runs with all prototypes outside.
    pub all_outside: f64,
    /// The mean squared error.
    pub fit: Spread,
}

/// Separation alone, at one reach.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct TauRow {
    /// The reach, a squared distance; `None`: without separation (mask 000).
    pub tau_s: Option<f64>,
    /// What came of it.
    pub cell: Cell,
}

/// One definition, and which claims hold under it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct SensitivityRow {
    /// What is varied: `target`, `initialisation`, ...; `nominal` in the first row.
    pub setting: String,
    /// To what.
    pub value: String,
    /// All of it.
    pub definition: Definition,
    /// Seeds behind it.
    pub seeds: usize,
    /// The claims F1 to F4 (F1m after F1), in order: what is said of each, and the number behind it in words.
    pub verdicts: Vec<(String, Verdict, String)>,
}

/// One kind of points, and what overlap does there.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct SettlingRow {
    /// Where the points came from.
    pub input: Input,
    /// Coordinates of a point.
    pub d: usize,
    /// Points, and neurons.
    pub n: usize,
    /// The share of prototypes outside the hull before training, the mean over seeds.
    pub outside_before: f64,
    /// Masks 000, 010, 100, 110, 111 in this order.
    pub cells: Vec<Cell>,
    /// The share outside under overlap (100) less that under the fit alone (000), paired by seed.
    pub expulsion: Spread,
    /// The share outside under overlap and coverage (110) less that under overlap alone (100), paired by seed.
    pub attractor: Spread,
    /// Whether overlap expels here.
    pub expels: Verdict,
    /// Whether coverage brings them back.
    pub attracts: Verdict,
}

/// Digits, and the prototypes beside them.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct DigitsRow {
    /// Where the images came from, such as `mnist` or `drawn digits`.
    pub source: String,
    /// The structural losses.
    pub mask: Mask,
    /// Images, and neurons.
    pub n: usize,
    /// Rows, and columns, of an image.
    pub side: usize,
    /// What came of it over seeds; the hull has no volume here, and `outside` is NaN.
    pub cell: Cell,
    /// E before training, the mean over seeds.
    pub error_before: f64,
    /// The images of the first seed, `[n][side * side]`, in [0, 1].
    pub images: Vec<Vec<f32>>,
    /// The prototype assigned to each image, `[n][side * side]`; not clipped.
    pub prototypes: Vec<Vec<f32>>,
}

/// One network's points and prototypes.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Positions {
    /// The structural losses.
    pub mask: Mask,
    /// Points, and neurons.
    pub n: usize,
    /// The points, ascending.
    pub points: Vec<f32>,
    /// The prototypes, ascending: the k-th is matched with the k-th point.
    pub prototypes: Vec<f32>,
    /// The mean activation of each prototype's neuron over the points.
    pub activations: Vec<f32>,
    /// E.
    pub error: f64,
}

/// The prototypes of one network while it learns.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Path {
    /// The structural losses.
    pub mask: Mask,
    /// Points, and neurons.
    pub n: usize,
    /// The points, ascending.
    pub points: Vec<f32>,
    /// The steps of the snapshots, from 0 to the last.
    pub steps: Vec<usize>,
    /// `[snapshot][neuron]`: where each neuron's prototype is then.
    pub prototypes: Vec<Vec<f32>>,
}
