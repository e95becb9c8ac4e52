//! Measures of agreement and of geometry that the studies use: plain functions of plain numbers.

mod cka;
mod information;
mod neighbours;
mod rank;

pub use cka::linear_cka;
pub use information::{mutual_information, quantile_bins};
pub use neighbours::{silhouette, trustworthiness};
pub use rank::{correlation, ranks, spearman, top_overlap};

/// Points of one space: `[len, width]`, row-major.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    values: &'a [f32],
    width: usize,
}

impl<'a> Points<'a> {
    /// The points whose coordinates are `values`, `width` of them for each.
    ///
    /// # Panics
    /// If `width` is 0 or does not divide the number of values.
    pub fn new(values: &'a [f32], width: usize) -> Points<'a> {
        assert!(width > 0 && values.len().is_multiple_of(width), "points are [len, width]");
        Points { values, width }
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many coordinates each has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Coordinate `axis` of all points.
    fn axis(&self, axis: usize) -> impl Iterator<Item = f64> {
        self.values.iter().skip(axis).step_by(self.width).map(|value| f64::from(*value))
    }
}
