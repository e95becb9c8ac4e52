//! What the published text leaves open, every piece of it a setting.

use std::{vec, vec::Vec};

/// What the network learns to give for a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Target {
    /// y = x; in more dimensions the mean of the coordinates.
    Identity,
    /// y = sin 2 pi x, of the same mean.
    Sine,
    /// Uniform in [0, 1), drawn for each point.
    Random,
}

/// Where the points come from; in more dimensions each coordinate does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Input {
    /// Uniform in [0, 1), as the study has it.
    Uniform,
    /// Normal around one of three centres (0.2, 0.5, 0.8 in each coordinate), standard deviation 0.03.
    Clustered,
    /// Beta(1/2, 1/2): dense at both ends of [0, 1].
    Beta,
    /// Exponential with mean 1/4: dense at 0, with a tail.
    Exponential,
    /// Images of digits, pixels in [0, 1].
    Digits,
}

impl Input {
    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Input::Uniform => "uniform",
            Input::Clustered => "clustered",
            Input::Beta => "beta",
            Input::Exponential => "exponential",
            Input::Digits => "digits",
        }
    }
}

/// The weights before training. The output weights are always normal with variance 1/N, the output bias 0.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Init {
    /// Prototypes uniform in [0, 1), weights of this size with random signs.
    Placed(f32),
    /// Weights and biases uniform in (-1, 1), as PyTorch has them for one input: their ratios are far out.
    Uniform,
    /// Weights and biases standard normal: the prototypes are Cauchy.
    Normal,
}

/// How two neurons overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum OverlapForm {
    /// The mean over the points of the product of their activations.
    Product,
    /// The cosine between their activations over the points.
    Cosine,
}

/// How far a point is from being covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum CoverageForm {
    /// The softened squared distance of the nearest prototype: `-tau_c log sum_j exp(-|x - p_j|^2 / tau_c)`.
    SoftMinimum,
    /// 1 - the largest activation.
    LargestActivation,
}

/// One definition of the experiment.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Definition {
    /// Where the points come from.
    pub input: Input,
    /// Coordinates of a point.
    pub d: usize,
    /// What is learnt.
    pub target: Target,
    /// The weights before training.
    pub init: Init,
    /// How overlap is measured.
    pub overlap: OverlapForm,
    /// How coverage is measured.
    pub coverage: CoverageForm,
    /// The weight of each structural loss that the mask switches on.
    pub lambda: f32,
    /// The softness of coverage, a squared distance.
    pub tau_c: f32,
    /// The reach of separation, a squared distance.
    pub tau_s: f32,
    /// The learning rate of Adam.
    pub rate: f32,
    /// Steps on all points.
    pub steps: usize,
}

impl Default for Definition {
    /// The nominal one.
    fn default() -> Definition {
        Definition {
            input: Input::Uniform,
            d: 1,
            target: Target::Identity,
            init: Init::Placed(1.0),
            overlap: OverlapForm::Product,
            coverage: CoverageForm::SoftMinimum,
            lambda: 0.03,
            tau_c: 3e-3,
            tau_s: 2e-4,
            rate: 1e-2,
            steps: 2000,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Settings {
    /// The definition that everything departs from.
    pub nominal: Definition,
    /// The numbers of points, and of neurons, ascending.
    pub sizes: Vec<usize>,
    /// Seeds of the nominal runs, counted from the first.
    pub seeds: usize,
    /// Seeds of the other parts.
    pub other_seeds: usize,
    /// The first seed.
    pub first_seed: u64,
    /// The parts to do.
    pub parts: Vec<Part>,
}

/// A part of the study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, clap::ValueEnum), serde(rename_all = "kebab-case"))]
pub enum Part {
    /// Every mask and size under the nominal definition.
    Nominal,
    /// Separation alone over tau_s.
    TauSweep,
    /// Which claims hold under which definition.
    Sensitivity,
    /// Other inputs, more dimensions, digits.
    Settling,
}

impl Part {
    /// All of them, in the order they are done.
    pub const ALL: [Part; 4] = [Part::Nominal, Part::TauSweep, Part::Sensitivity, Part::Settling];
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            nominal: Definition::default(),
            sizes: vec![3, 5, 10, 20, 50, 100],
            seeds: 200,
            other_seeds: 48,
            first_seed: 0,
            parts: Part::ALL.to_vec(),
        }
    }
}
