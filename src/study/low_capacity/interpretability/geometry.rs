//! How a network sees the digits: where its hidden layer puts them, and what each unit knows.

use crate::study::statistics::{Points, linear_cka, mutual_information, quantile_bins, silhouette};
use std::vec::Vec;

/// Bins of an activation.
pub const BINS: usize = 8;

/// What the hidden units of a network give for some images.
#[derive(Debug, Clone)]
pub struct Hidden {
    units: usize,
    /// `[images, units]`.
    values: Vec<f32>,
}

/// What the units of a layer know of the class, in bits; the class of a balanced pair has one bit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Information {
    /// Of whether a unit is active: the mean over the units.
    pub active_mean: f64,
    /// And of the one that knows most.
    pub active_max: f64,
    /// Of the value of a unit, in [`BINS`] bins of about equally many images; zeros are in one: the mean over the units. In
    /// 2,400 images 0.002 bits of it are luck: see [`mutual_information`].
    pub binned_mean: f64,
    /// And of the one that knows most.
    pub binned_max: f64,
}

impl Hidden {
    /// The activations `values`, `[images, units]`.
    pub fn new(values: Vec<f32>, units: usize) -> Hidden {
        Hidden { units, values }
    }

    fn points(&self) -> Points<'_> {
        Points::new(&self.values, self.units)
    }

    /// How alike two layers are: [`linear_cka`]; 0 if one of them gives the same for all images.
    pub fn cka(&self, other: &Hidden) -> f64 {
        linear_cka(self.points(), other.points()).unwrap_or(0.0)
    }

    /// How far apart the classes are: [`silhouette`].
    pub fn silhouette(&self, labels: &[u8]) -> Option<f64> {
        silhouette(self.points(), labels)
    }

    /// What the units know of the classes `labels`.
    pub fn information(&self, labels: &[u8]) -> Information {
        let labels: Vec<usize> = labels.iter().map(|label| usize::from(*label)).collect();
        let unit = |unit: usize| -> Vec<f32> {
            self.values.iter().skip(unit).step_by(self.units).copied().collect()
        };
        let active =
            |unit: Vec<f32>| -> Vec<usize> { unit.iter().map(|value| usize::from(*value > 0.0)).collect() };
        let of = |bins: &dyn Fn(Vec<f32>) -> Vec<usize>| {
            let bits = (0..self.units).map(|index| mutual_information(&bins(unit(index)), &labels));
            bits.fold((0.0, 0.0), |(sum, most): (f64, f64), bits| (sum + bits, most.max(bits)))
        };
        let (active, binned) = (of(&active), of(&|unit| quantile_bins(&unit, BINS)));
        let units = self.units as f64;
        Information {
            active_mean: active.0 / units,
            active_max: active.1,
            binned_mean: binned.0 / units,
            binned_max: binned.1,
        }
    }
}
