//! From values to places: scales and their ticks.

use super::super::number::{TimeUnit, format_tick, short_percent, trimmed};
use std::{format, string::String, vec::Vec};

/// How values are spread along an axis, and how its ticks are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scale {
    /// Counts, as epochs: evenly spaced whole numbers.
    Count,
    /// Plain numbers, evenly spaced.
    Linear,
    /// Shares, evenly spaced, written in percent.
    Share,
    /// Ratios, logarithmic: twice as fast is as far from 1 as half as fast.
    Ratio,
    /// Sparsities by the logarithm of what is left, -log10(1 - s): 90 % to 99 % is as wide as 0 % to 90 %. The
    /// ticks are the values themselves.
    Sparsity,
    /// Positive numbers, logarithmic.
    Log,
    /// Sizes, as widths of layers, logarithmic. The ticks are the values themselves.
    Size,
    /// Times in nanoseconds, logarithmic, written in ns, us or ms.
    Time,
    /// Places in a plane without directions or units: nothing is written.
    Plane,
}

/// The densest network that still has a place on [`Scale::Sparsity`].
const MAX_SPARSITY: f64 = 0.999_99;

/// A scale fitted to values.
pub(super) struct Axis {
    scale: Scale,
    lo: f64,
    hi: f64,
    /// The values that are marked, ascending.
    pub(super) ticks: Vec<f64>,
}

impl Axis {
    /// An axis on which every value of `values` that is a number has a place.
    pub(super) fn fit(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.filter(|value| scale.place(*value).is_some()).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let (first, last) = (values.first().copied().unwrap_or(0.9), values.last().copied().unwrap_or(1.0));
        let (lo, hi) = (scale.place(first).unwrap_or(0.0), scale.place(last).unwrap_or(1.0));
        // One value, or equal ones, stand in the middle of an axis made up around them.
        let degenerate = hi - lo <= 1e-9 * lo.abs().max(hi.abs());
        let pad = if degenerate { (lo.abs() * 0.05).max(0.05) } else { (hi - lo) * 0.05 };
        let mut axis = Self { scale, lo: lo - pad, hi: hi + pad, ticks: Vec::new() };
        axis.ticks = match scale {
            Scale::Sparsity | Scale::Size => values,
            Scale::Ratio | Scale::Log | Scale::Time => axis.ratio_ticks(),
            Scale::Count => even_ticks(axis.lo, axis.hi, 1.0),
            Scale::Plane => Vec::new(),
            Scale::Linear | Scale::Share => even_ticks(axis.lo, axis.hi, 0.0),
        };
        axis
    }

    /// Where `value` stands, 0 at the low end and 1 at the high end; `None` if it has no place.
    pub(super) fn position(&self, value: f64) -> Option<f64> {
        Some((self.scale.place(value)? - self.lo) / (self.hi - self.lo))
    }

    /// 1, 2, 5, 10, ...; whole powers of ten if that is many, evenly spaced values if it is few.
    fn ratio_ticks(&self) -> Vec<f64> {
        let within = |value: &f64| (self.lo..=self.hi).contains(&value.log10());
        let powers = || (self.lo.floor() as i32..=self.hi.ceil() as i32).map(|power| 10f64.powi(power));
        let fine: Vec<f64> = powers().flat_map(|ten| [ten, 2.0 * ten, 5.0 * ten]).filter(within).collect();
        match fine.len() {
            0..3 => even_ticks(10f64.powf(self.lo), 10f64.powf(self.hi), 0.0),
            3..12 => fine,
            _ => powers().filter(within).collect(),
        }
    }
}

impl Scale {
    /// The value on a line; `None` if it has no place there.
    pub(super) fn place(self, value: f64) -> Option<f64> {
        match self {
            _ if !value.is_finite() => None,
            Self::Count | Self::Linear | Self::Share | Self::Plane => Some(value),
            Self::Ratio | Self::Log | Self::Size | Self::Time => (value > 0.0).then(|| value.log10()),
            Self::Sparsity => Some(-(1.0 - value.clamp(0.0, MAX_SPARSITY)).log10()),
        }
    }

    /// Whether a tick's text matters more than those of others: a power of ten among 2s and 5s.
    pub(super) fn is_major(self, value: f64) -> bool {
        let power = value.log10();
        matches!(self, Self::Ratio | Self::Log | Self::Time) && (power - power.round()).abs() < 1e-9
    }

    /// A tick's text.
    pub(super) fn label(self, value: f64) -> String {
        match self {
            Self::Count | Self::Linear | Self::Size | Self::Plane => trimmed(value),
            Self::Log => format_tick(value),
            Self::Time => TimeUnit::tick(value),
            Self::Share | Self::Sparsity => short_percent(value),
            Self::Ratio => format!("{}x", trimmed(value)),
        }
    }
}

/// Three to eight round values between `lo` and `hi`, at least `min_step` apart.
fn even_ticks(lo: f64, hi: f64, min_step: f64) -> Vec<f64> {
    let rough = (hi - lo) / 7.0;
    let ten = 10f64.powf(rough.log10().floor());
    let nice = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * ten);
    let step = nice.into_iter().find(|step| *step >= rough).unwrap_or(10.0 * ten).max(min_step);
    let (first, last) = ((lo / step).ceil(), (hi / step).floor());
    // An axis far from zero and very short has no round values that a f64 can tell apart.
    let count = if (last - first).is_finite() { (last - first).clamp(-1.0, 20.0) as i32 } else { -1 };
    (0..=count).map(|i| (first + f64::from(i)) * step).collect()
}
