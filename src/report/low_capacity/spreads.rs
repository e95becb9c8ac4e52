//! Numbers over seeds: how they are written, and the points they become.

use super::super::number::trimmed;
use super::super::plot::Point;
use crate::study::low_capacity::Spread;
use std::{format, string::String, vec::Vec};

/// Of numbers that there is one of for each seed.
pub(super) fn spread(values: impl Iterator<Item = f64>) -> Option<Spread> {
    Spread::of(&values.filter(|value| value.is_finite()).collect::<Vec<f64>>())
}

/// The values of a field, each once, in the order in which they come.
pub(super) fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.fold(Vec::new(), |mut seen, value| {
        if !seen.contains(&value) {
            seen.push(value);
        }
        seen
    })
}

/// `0.951 (0.948-0.955)`: the mean, and its 95 % interval.
pub(super) fn with_interval(mean: f64, [lo, hi]: [f64; 2]) -> String {
    format!("{mean:.3} ({lo:.3}-{hi:.3})")
}

/// The mean with its 95 % interval, that says so when pointed at.
pub(super) fn interval_point(x: f64, spread: &Spread, of: &str) -> Point {
    let [lo, hi] = spread.interval;
    let hover = format!("{of}: {} over {} seeds", with_interval(spread.mean, spread.interval), spread.seeds);
    Point { lo, hi, hover, ..Point::plain(x, spread.mean) }
}

/// A published number.
pub(super) fn published_point(x: f64, y: f64, of: &str) -> Point {
    Point { hover: format!("{of}, published: {}", trimmed(y)), ..Point::plain(x, y) }
}
