//! How numbers are written for people: three digits where three are known, units always said.

use super::result::LimitInfo;
use std::{format, string::String, string::ToString};

/// What is written where there is no number.
pub(crate) const NONE: &str = "-";

/// A unit of time, chosen once for the numbers that share a column.
#[derive(Clone, Copy)]
pub(crate) struct TimeUnit {
    pub(crate) name: &'static str,
    ns: f64,
}

impl TimeUnit {
    /// The unit in which `ns` has at most three digits before the point.
    pub(crate) fn of(ns: f64) -> Self {
        let units = [("ns", 1.0), ("us", 1e3), ("ms", 1e6)].map(|(name, ns)| Self { name, ns });
        // 999.5 rounds to four digits, so it already belongs to the next unit.
        units.into_iter().find(|unit| ns < 999.5 * unit.ns).unwrap_or(units[2])
    }

    pub(crate) fn number(self, ns: f64) -> String {
        three_digits(ns / self.ns)
    }

    /// A round time, as it stands on an axis: `500 ns`, `1 us`.
    pub(crate) fn tick(ns: f64) -> String {
        let unit = Self::of(ns);
        format!("{} {}", trimmed(ns / unit.ns), unit.name)
    }

    /// With one decimal more than `longest` has: for columns whose numbers are added up.
    pub(crate) fn fixed(self, ns: f64, longest: f64) -> String {
        let decimals = self.number(longest).split_once('.').map_or(0, |(_, decimals)| decimals.len()) + 1;
        let text = format!("{:.decimals$}", ns / self.ns);
        if text.bytes().all(|b| b"-0.".contains(&b)) { text.replace('-', "") } else { text }
    }
}

/// A time with three significant digits, in ns, us or ms.
///
/// ```
/// assert_eq!(prunella::report::format_ns(41_234.0), "41.2 us");
/// ```
pub fn format_ns(ns: f64) -> String {
    let unit = TimeUnit::of(ns);
    format!("{} {}", unit.number(ns), unit.name)
}

/// A share (0 to 1) as a percentage with two decimals: `98.21 %`.
pub fn format_percent(share: f64) -> String {
    if share.is_finite() { format!("{:.2} %", share * 100.0) } else { NONE.to_string() }
}

/// A ratio of times: `5.31x`.
pub fn format_speedup(ratio: f64) -> String {
    if ratio.is_finite() { format!("{ratio:.2}x") } else { NONE.to_string() }
}

/// A count with its thousands apart: `60,000`.
pub fn format_count(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `one` when there is one, else `many`, after the count: `1 thread`, `2 threads`.
pub(crate) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", format_count(count), if count == 1 { one } else { many })
}

/// A share as a percentage with no more decimals than it has: `95 %`, `99.5 %`.
pub(crate) fn short_percent(share: f64) -> String {
    format!("{} %", trimmed(share * 100.0))
}

/// The ends of an interval of ratios: `5.22-5.40`.
pub(crate) fn interval(lo: f64, hi: f64) -> String {
    if lo.is_finite() && hi.is_finite() { format!("{lo:.2}-{hi:.2}") } else { NONE.to_string() }
}

/// At most three decimals, and no zeros behind them.
pub(crate) fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    (if text == "-0" { "0" } else { text }).to_string()
}

/// A round number, as it stands on an axis that may span many powers of ten: `0.02`, `5e-4`, `1e6`.
pub(crate) fn format_tick(value: f64) -> String {
    if (1e-3..1e5).contains(&value.abs()) || value == 0.0 { trimmed(value) } else { format!("{value:e}") }
}

/// Three significant digits; digits before the point are all kept.
pub(crate) fn three_digits(value: f64) -> String {
    significant(value, 3)
}

/// So many significant digits; digits before the point are all kept.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return NONE.to_string();
    }
    // The exponent after rounding: 9.996 is 1.00e1.
    let behind = digits.saturating_sub(1);
    let rounded = format!("{value:.behind$e}");
    let exponent: i32 = rounded.rsplit('e').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let decimals = usize::try_from(behind as i32 - exponent.clamp(-6, behind as i32)).unwrap_or(0);
    format!("{value:.decimals$}")
}

/// The largest value, where a value that is no number outranks every other: what is unknown is the worst.
pub(crate) fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NEG_INFINITY, |worst, value| if value > worst || value.is_nan() { value } else { worst })
}

/// A time against its limit: `94 % FMA`, `71 % L2`, `38 % RAM`.
pub(crate) fn of_limit(info: &LimitInfo) -> String {
    let (Some(share), Some(limit)) = (info.of_limit.filter(|share| share.is_finite()), &info.limit) else {
        return NONE.to_string();
    };
    let name = if limit == "memory" { "RAM".to_string() } else { limit.to_uppercase() };
    format!("{:.0} % {name}", share * 100.0)
}

/// A value as it is, for other programs; empty if it is not a number.
pub(crate) fn exact(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { String::new() }
}
