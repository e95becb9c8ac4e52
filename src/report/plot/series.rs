//! Points, and how they are joined and marked.

use super::super::markup::escape;
use super::super::number::trimmed;
use super::LOOKS;
use super::frame::Frame;
use super::svg::{marker, path};
use std::{format, string::String, vec::Vec};

/// How wide markers are, about.
const MARKER: f64 = 9.0;

/// One measured value.
#[derive(Clone, Debug)]
pub struct Point {
    /// Place along the x axis.
    pub x: f64,
    /// The value.
    pub y: f64,
    /// Lower end of its interval; `y` if it has none.
    pub lo: f64,
    /// Upper end of its interval; `y` if it has none.
    pub hi: f64,
    /// Lower and upper end of the interval of `x`, if it has one.
    pub across: Option<(f64, f64)>,
    /// How large its marker is, 1 at most: the area of a disc. `None` for the marker of its series.
    pub weight: Option<f64>,
    /// What it says when pointed at; nothing if it is empty.
    pub hover: String,
}

impl Point {
    /// A point without an interval, that says its value when pointed at.
    pub fn plain(x: f64, y: f64) -> Self {
        Self { x, y, lo: y, hi: y, across: None, weight: None, hover: trimmed(y) }
    }
}

/// How the points of a series are joined.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Join {
    /// By straight lines.
    #[default]
    Line,
    /// By straight lines that are dashed: what is published, or a control.
    Dashes,
    /// By thin straight lines without markers: many series that look alike.
    Thread,
    /// By steps: each value goes on to the right until the next.
    Steps,
    /// Not at all.
    Apart,
}

/// Points that belong together.
#[derive(Clone, Debug)]
pub struct Series {
    /// Written at the line's end.
    pub name: String,
    /// Its colour and marker; taken modulo the number of looks.
    pub look: usize,
    /// How its points are joined.
    pub join: Join,
    /// In the order in which they are joined.
    pub points: Vec<Point>,
}

impl Series {
    /// Points joined by a line.
    pub fn line(name: impl Into<String>, look: usize, points: Vec<Point>) -> Self {
        Self { name: name.into(), look, join: Join::Line, points }
    }
}

/// A point that has a place: x, y, and the ends of its interval.
pub(super) struct Placed<'a> {
    x: f64,
    pub(super) y: f64,
    top: f64,
    bottom: f64,
    across: Option<(f64, f64)>,
    point: &'a Point,
}

impl Series {
    pub(super) fn placed<'a>(&'a self, frame: &Frame) -> Vec<Placed<'a>> {
        let place = |point: &'a Point| {
            let Point { x, y, lo, hi, .. } = *point;
            let (x, y) = (frame.x(x)?, frame.y(y)?);
            let (top, bottom) = (frame.y(hi).unwrap_or(y), frame.y(lo).unwrap_or(y));
            let across = point.across.and_then(|(lo, hi)| Some((frame.x(lo)?, frame.x(hi)?)));
            Some(Placed { x, y, top, bottom, across, point })
        };
        self.points.iter().filter_map(place).collect()
    }

    /// What its colour, and how its line is stroked, are called.
    fn class(&self) -> String {
        format!("look{}", self.look % LOOKS)
    }

    /// What stands before its name.
    pub(super) fn key(&self, x: f64, y: f64) -> String {
        let key = match self.join {
            Join::Thread => format!("<path class=\"thread\" d=\"M{:.1} {y:.1}h10\"/>", x - 5.0),
            _ => marker(self.look, x, y),
        };
        format!("<g class=\"{}\">{key}</g>", self.class())
    }

    pub(super) fn draw_band(&self, frame: &Frame, svg: &mut String) {
        let placed = self.placed(frame);
        let is_joined = matches!(self.join, Join::Line | Join::Dashes);
        if !is_joined || placed.len() < 2 || placed.iter().all(|point| point.top == point.bottom) {
            return;
        }
        let above = placed.iter().map(|point| (point.x, point.top));
        let below = placed.iter().rev().map(|point| (point.x, point.bottom));
        *svg += &format!("<path class=\"band {}\" d=\"{}Z\"/>\n", self.class(), path(above.chain(below)));
    }

    pub(super) fn draw_line(&self, frame: &Frame, svg: &mut String) {
        let placed = self.placed(frame);
        let mut places: Vec<(f64, f64)> = placed.iter().map(|point| (point.x, point.y)).collect();
        let stroke = match self.join {
            Join::Apart => return,
            Join::Line => "line",
            Join::Dashes => "line dashes",
            Join::Thread => "thread",
            Join::Steps => {
                let corners = places.windows(2).flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]);
                let end = places.last().into_iter().flat_map(|last| [*last, (frame.right, last.1)]);
                places = corners.chain(end).collect();
                "line"
            }
        };
        *svg += &format!("<path class=\"{stroke} {}\" d=\"{}\"/>\n", self.class(), path(places.into_iter()));
    }

    pub(super) fn draw_points(&self, frame: &Frame, svg: &mut String) {
        if self.join == Join::Thread {
            return;
        }
        *svg += &format!("<g class=\"{}\">\n", self.class());
        let placed = self.placed(frame);
        // Thousands of points that say nothing: a stroke of no length with round ends is a dot.
        let (silent, telling): (Vec<_>, Vec<_>) =
            placed.into_iter().partition(|placed| placed.point.hover.is_empty());
        if !silent.is_empty() {
            let dot = |placed: &Placed| format!("M{:.1} {:.1}h0", placed.x, placed.y);
            *svg += &format!("<path class=\"dots\" d=\"{}\"/>\n", silent.iter().map(dot).collect::<String>());
        }
        telling.iter().for_each(|placed| self.draw_point(placed, svg));
        svg.push_str("</g>\n");
    }

    fn draw_point(&self, &Placed { x, y, top, bottom, across, point }: &Placed, svg: &mut String) {
        *svg += &format!("<g><title>{}</title>", escape(&point.hover));
        // An interval narrower than the marker would only blot it.
        if bottom - top > MARKER {
            let (left, right) = (x - 3.0, x + 3.0);
            *svg += &format!(
                "<path class=\"bar\" d=\"M{x:.1} {top:.1}V{bottom:.1}M{left:.1} {top:.1}H{right:.1}M{left:.1} \
                 {bottom:.1}H{right:.1}\"/>"
            );
        }
        if let Some((left, right)) = across.filter(|(left, right)| right - left > MARKER) {
            let (above, below) = (y - 3.0, y + 3.0);
            *svg += &format!(
                "<path class=\"bar\" d=\"M{left:.1} {y:.1}H{right:.1}M{left:.1} {above:.1}V{below:.1}M{right:.1} \
                 {above:.1}V{below:.1}\"/>"
            );
        }
        *svg += &match point.weight.filter(|weight| weight.is_finite()) {
            Some(weight) => {
                let radius = 1.5 + 4.0 * weight.clamp(0.0, 1.0).sqrt();
                format!("<circle class=\"disc\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/></g>\n")
            }
            // A target larger than the marker, so that it can be hit.
            None => format!(
                "<circle class=\"target\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"10\"/>{}</g>\n",
                marker(self.look, x, y)
            ),
        };
    }
}
