//! Two axes around a rectangle.

use super::axis::{Axis, Scale};
use super::svg::{LINE, text, width};
use std::{format, string::String, vec::Vec};

/// Between the labels of an axis.
const GAP: f64 = 6.0;

/// How large a plot is, and where its rectangle lies.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Size {
    /// For a plot alone, with names beside its lines.
    #[default]
    Normal,
    /// A square, for places in a plane.
    Square,
    /// For one panel among many, without names.
    Panel,
}

impl Size {
    // One unit is about one CSS pixel on a desktop and three quarters of one on a phone, where 13 is still legible; panels are
    // shown smaller, but two of them abreast on a phone, at nearly their size.
    pub(super) fn of_picture(self) -> (f64, f64) {
        match self {
            Size::Normal => (460.0, 300.0),
            Size::Square => (460.0, 380.0),
            Size::Panel => (210.0, 170.0),
        }
    }

    /// The least left margin, the top and the bottom one.
    fn margins(self) -> (f64, f64, f64) {
        match self {
            Size::Normal => (60.0, 34.0, 46.0),
            Size::Square => (12.0, 34.0, 16.0),
            Size::Panel => (40.0, 28.0, 42.0),
        }
    }
}

/// What stands along an axis: its name, how it is spread, and the values that it has room for.
pub(super) struct Side<'a, V> {
    pub(super) name: &'a str,
    pub(super) scale: Scale,
    pub(super) values: V,
}

/// The axes of one plot, and where they lie.
pub(super) struct Frame<'a> {
    x_name: &'a str,
    y_name: &'a str,
    x_scale: Scale,
    y_scale: Scale,
    x: Axis,
    y: Axis,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl<'a> Frame<'a> {
    /// Axes for the values of `x` and `y`, with `margin` left free at the right.
    pub(super) fn fit(
        size: Size,
        margin: f64,
        x: Side<'a, impl Iterator<Item = f64>>,
        y: Side<'a, impl Iterator<Item = f64>>,
    ) -> Self {
        let ((picture_width, picture_height), (left, top, foot)) = (size.of_picture(), size.margins());
        let axis = Axis::fit(y.scale, y.values);
        let widest = axis.ticks.iter().map(|tick| width(&y.scale.label(*tick))).fold(0.0, f64::max);
        Self {
            x_name: x.name,
            y_name: y.name,
            x_scale: x.scale,
            y_scale: y.scale,
            x: Axis::fit(x.scale, x.values),
            y: axis,
            left: left.max(widest + GAP),
            right: picture_width - margin,
            top,
            bottom: picture_height - foot,
        }
    }

    pub(super) fn x(&self, value: f64) -> Option<f64> {
        Some(self.left + self.x.position(value)? * (self.right - self.left))
    }

    pub(super) fn y(&self, value: f64) -> Option<f64> {
        Some(self.bottom - self.y.position(value)? * (self.bottom - self.top))
    }

    /// Lines across, ticks, and what they are called. A label without room is left out; its tick is not.
    pub(super) fn draw(&self, svg: &mut String) {
        let Self { left, right, bottom, .. } = *self;
        let mut free = f64::INFINITY;
        for &tick in &self.y.ticks {
            let Some(y) = self.y(tick) else { continue };
            *svg += &format!("<path class=\"rule\" d=\"M{left} {y:.1}H{right:.1}\"/>");
            if y + LINE <= free {
                *svg += &text("tick end", left - 7.0, y + 4.5, &self.y_scale.label(tick));
                free = y;
            }
        }
        if self.x_scale != Scale::Plane {
            *svg += &format!("<path class=\"axis\" d=\"M{left} {bottom}H{right:.1}\"/>\n");
        }
        // Powers of ten first, and from the right, where sparsities are of most interest.
        let mut ticks: Vec<f64> = self.x.ticks.iter().rev().copied().collect();
        ticks.sort_by_key(|tick| !self.x_scale.is_major(*tick));
        let mut taken: Vec<(f64, f64)> = Vec::new();
        for tick in ticks {
            let Some(x) = self.x(tick) else { continue };
            *svg += &format!("<path class=\"axis\" d=\"M{x:.1} {bottom}v5\"/>");
            let label = self.x_scale.label(tick);
            let (from, to) = (x - width(&label) / 2.0, x + width(&label) / 2.0);
            if taken.iter().all(|(lo, hi)| to + GAP <= *lo || from >= *hi + GAP) {
                *svg += &text("tick middle", x, bottom + 19.0, &label);
                taken.push((from, to));
            }
        }
        *svg += &text("title", 8.0, 18.0, self.y_name);
        *svg += &text("title middle", (left + right) / 2.0, bottom + 38.0, self.x_name);
    }
}
