//! Small line plots, written as SVG.
//!
//! By hand, because what matters here is what plotting crates do not give: colours that follow the reader's light
//! or dark theme through CSS, text that the browser sets (so no font is needed to measure it), and marks that
//! answer when pointed at.

mod axis;
mod labels;
#[cfg(test)]
mod tests;

pub use axis::Scale;

use super::markup::escape;
use super::number::trimmed;
use axis::Axis;
use labels::spread;
use std::{format, string::String, vec::Vec};

/// The colours and strokes of every plot, for both themes. A page with inline plots needs it once.
pub const STYLE: &str = include_str!("plot.css");

/// How many looks (a colour and a shape of marker) there are.
const LOOKS: usize = 6;

// One unit is about one CSS pixel on a desktop and three quarters of one on a phone, where 13 is still legible.
const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 46.0;
/// The width of a character, on the generous side.
const CHARACTER: f64 = 8.0;
const LINE: f64 = 15.0;

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
    /// What it says when pointed at.
    pub hover: String,
}

/// Points joined by a line.
#[derive(Clone, Debug)]
pub struct Series {
    /// Written at the line's end.
    pub name: String,
    /// Its colour and marker; taken modulo the number of looks.
    pub look: usize,
    /// In the order in which they are joined.
    pub points: Vec<Point>,
}

/// A range of the x axis, marked from the foot of the plot up to its reference.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Where it starts.
    pub lo: f64,
    /// Where it ends.
    pub hi: f64,
    /// Its colour, that of a series.
    pub look: usize,
    /// What it says when pointed at.
    pub hover: String,
}

/// A line plot.
#[derive(Clone, Debug)]
pub struct Plot {
    /// What the plot shows, for readers who do not see it.
    pub title: String,
    /// The x axis: what it is, and how it is spread.
    pub x: (String, Scale),
    /// The y axis.
    pub y: (String, Scale),
    /// A value to compare with, and its name.
    pub reference: Option<(f64, String)>,
    /// What cannot be told from the reference: lower and upper end.
    pub noise: Option<(f64, f64)>,
    /// Further values for which the y axis has room, as those of a plot beside this one.
    pub span: Vec<f64>,
    /// What is marked along the x axis.
    pub marks: Vec<Mark>,
    /// The lines.
    pub series: Vec<Series>,
}

impl Plot {
    /// The plot as an element of an HTML page that contains [`STYLE`].
    pub fn inline(&self) -> String {
        self.svg("", "")
    }

    /// The plot as a file of its own.
    pub fn file(&self) -> String {
        // A picture without a size of its own would grow as wide as the page it is put on.
        let root = format!(" xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\"");
        self.svg(&root, &format!("<style>\n{STYLE}</style>\n"))
    }

    fn svg(&self, root: &str, style: &str) -> String {
        let frame = Frame::of(self);
        let title = escape(&self.title);
        let mut svg = format!(
            "<svg{root} class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\n{style}\
             <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n"
        );
        frame.draw_axes(self, &mut svg);
        // Bands below, then lines, then markers, so that no series hides another's values.
        frame.draw_noise(self, &mut svg);
        self.marks.iter().for_each(|mark| frame.draw_mark(self, mark, &mut svg));
        self.series.iter().for_each(|series| frame.draw_band(series, &mut svg));
        self.series.iter().for_each(|series| frame.draw_line(series, &mut svg));
        self.series.iter().for_each(|series| frame.draw_points(series, &mut svg));
        frame.draw_names(self, &mut svg);
        svg.push_str("</svg>\n");
        svg
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|series| &series.points)
    }
}

/// The axes of one plot, and where they lie.
struct Frame {
    x: Axis,
    y: Axis,
    right: f64,
}

/// A point that has a place: x, y, and the ends of its interval.
struct Placed<'a> {
    x: f64,
    y: f64,
    top: f64,
    bottom: f64,
    hover: &'a str,
}

impl Frame {
    fn of(plot: &Plot) -> Self {
        let values = plot.points().flat_map(|point| [point.y, point.lo, point.hi]);
        let reference = plot.reference.iter().map(|(value, _)| *value);
        let noise = plot.noise.into_iter().flat_map(|(lo, hi)| [lo, hi]);
        let names =
            plot.series.iter().map(|series| &series.name).chain(plot.reference.iter().map(|(_, name)| name));
        let longest = names.map(|name| name.chars().count()).max().unwrap_or(0);
        let margin = (longest as f64 * CHARACTER + 32.0).min(WIDTH / 3.0);
        Self {
            x: Axis::fit(plot.x.1, plot.points().map(|point| point.x)),
            y: Axis::fit(plot.y.1, values.chain(reference).chain(noise).chain(plot.span.iter().copied())),
            right: WIDTH - margin,
        }
    }

    fn x(&self, value: f64) -> Option<f64> {
        Some(LEFT + self.x.position(value)? * (self.right - LEFT))
    }

    fn y(&self, value: f64) -> Option<f64> {
        let bottom = HEIGHT - BOTTOM;
        Some(bottom - self.y.position(value)? * (bottom - TOP))
    }

    fn placed<'a>(&self, series: &'a Series) -> Vec<Placed<'a>> {
        let place = |point: &'a Point| {
            let (x, y) = (self.x(point.x)?, self.y(point.y)?);
            let (top, bottom) = (self.y(point.hi).unwrap_or(y), self.y(point.lo).unwrap_or(y));
            Some(Placed { x, y, top, bottom, hover: &point.hover })
        };
        series.points.iter().filter_map(place).collect()
    }

    fn draw_axes(&self, plot: &Plot, svg: &mut String) {
        let (right, bottom) = (self.right, HEIGHT - BOTTOM);
        for &tick in &self.y.ticks {
            let Some(y) = self.y(tick) else { continue };
            *svg += &format!("<path class=\"rule\" d=\"M{LEFT} {y:.1}H{right:.1}\"/>");
            *svg += &text("tick end", LEFT - 7.0, y + 4.5, &plot.y.1.label(tick));
        }
        *svg += &format!("<path class=\"axis\" d=\"M{LEFT} {bottom}H{right:.1}\"/>\n");
        // From the right, where sparsities are of most interest; a label without room is left out, its tick is not.
        let mut free = f64::INFINITY;
        for &tick in self.x.ticks.iter().rev() {
            let Some(x) = self.x(tick) else { continue };
            *svg += &format!("<path class=\"axis\" d=\"M{x:.1} {bottom}v5\"/>");
            let label = plot.x.1.label(tick);
            let half = label.chars().count() as f64 * CHARACTER / 2.0;
            if x + half <= free {
                *svg += &text("tick middle", x, bottom + 19.0, &label);
                free = x - half - 3.0;
            }
        }
        *svg += &text("title", 8.0, 18.0, &plot.y.0);
        *svg += &text("title middle", (LEFT + right) / 2.0, HEIGHT - 8.0, &plot.x.0);
        if let Some(y) = plot.reference.as_ref().and_then(|(value, _)| self.y(*value)) {
            *svg += &format!("<path class=\"reference\" d=\"M{LEFT} {y:.1}H{right:.1}\"/>\n");
        }
    }

    fn draw_noise(&self, plot: &Plot, svg: &mut String) {
        let Some((Some(bottom), Some(top))) = plot.noise.map(|(lo, hi)| (self.y(lo), self.y(hi))) else {
            return;
        };
        *svg += &format!(
            "<path class=\"noise\" d=\"M{LEFT} {top:.1}H{0:.1}V{bottom:.1}H{LEFT}Z\"/>\n",
            self.right
        );
    }

    /// A range with its middle; what lies outside the plot is cut off, and a range narrower than a line is as wide as one.
    fn draw_mark(&self, plot: &Plot, mark: &Mark, svg: &mut String) {
        let (Some(lo), Some(hi)) = (self.x(mark.lo), self.x(mark.hi)) else { return };
        let (left, right) = (lo.clamp(LEFT, self.right), hi.clamp(LEFT, self.right));
        let (middle, foot) = ((left + right) / 2.0, HEIGHT - BOTTOM);
        let top = plot.reference.as_ref().and_then(|(value, _)| self.y(*value)).unwrap_or(TOP);
        *svg += &format!(
            "<g class=\"look{}\"><title>{}</title><path class=\"band\" d=\"M{left:.1} {top:.1}H{right:.1}V{foot}H{left:.1}Z\"/>\
             <path class=\"mark\" d=\"M{middle:.1} {top:.1}V{foot}\"/></g>\n",
            mark.look % LOOKS,
            escape(&mark.hover)
        );
    }

    fn draw_band(&self, series: &Series, svg: &mut String) {
        let placed = self.placed(series);
        if placed.len() < 2 || placed.iter().all(|point| point.top == point.bottom) {
            return;
        }
        let above = placed.iter().map(|point| (point.x, point.top));
        let below = placed.iter().rev().map(|point| (point.x, point.bottom));
        *svg += &format!(
            "<path class=\"band look{}\" d=\"{}Z\"/>\n",
            series.look % LOOKS,
            path(above.chain(below))
        );
    }

    fn draw_line(&self, series: &Series, svg: &mut String) {
        let line = path(self.placed(series).iter().map(|point| (point.x, point.y)));
        *svg += &format!("<path class=\"line look{}\" d=\"{line}\"/>\n", series.look % LOOKS);
    }

    fn draw_points(&self, series: &Series, svg: &mut String) {
        *svg += &format!("<g class=\"look{}\">\n", series.look % LOOKS);
        for Placed { x, y, top, bottom, hover } in self.placed(series) {
            *svg += &format!("<g><title>{}</title>", escape(hover));
            if top != bottom {
                let (left, right) = (x - 3.0, x + 3.0);
                *svg += &format!(
                    "<path class=\"bar\" d=\"M{x:.1} {top:.1}V{bottom:.1}M{left:.1} {top:.1}H{right:.1}M{left:.1} \
                     {bottom:.1}H{right:.1}\"/>"
                );
            }
            // A target larger than the marker, so that it can be hit.
            *svg += &format!(
                "<circle class=\"target\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"10\"/>{}</g>\n",
                marker(series.look, x, y)
            );
        }
        svg.push_str("</g>\n");
    }

    /// Names the lines where they end, which needs no legend and no eye for colour.
    fn draw_names(&self, plot: &Plot, svg: &mut String) {
        let last = |series| self.placed(series).last().map(|point| point.y);
        let named = plot.series.iter().filter(|series| !series.name.is_empty());
        let lines = named.filter_map(|series| Some((last(series)?, Some(series.look), &series.name)));
        let reference = plot.reference.iter().filter_map(|(value, name)| Some((self.y(*value)?, None, name)));
        let names: Vec<_> = lines.chain(reference).collect();
        let wanted: Vec<f64> = names.iter().map(|(y, ..)| *y).collect();
        for ((_, look, name), y) in names.iter().zip(spread(&wanted, LINE, TOP, HEIGHT - BOTTOM)) {
            let x = self.right + 12.0;
            if let Some(look) = look {
                *svg += &format!("<g class=\"look{}\">{}</g>", look % LOOKS, marker(*look, x, y));
            }
            *svg += &text(if look.is_some() { "name" } else { "tick" }, x + 9.0, y + 4.5, name);
        }
    }
}

fn text(class: &str, x: f64, y: f64, content: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", escape(content))
}

fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let step = |(i, (x, y)): (usize, (f64, f64))| format!("{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
    points.enumerate().map(step).collect()
}

/// The marker of a look: its shape tells series apart where colour does not.
fn marker(look: usize, x: f64, y: f64) -> String {
    let polygon = |corners: &[(f64, f64)]| {
        let corners = corners.iter().map(|(dx, dy)| (x + dx, y + dy));
        format!("<path class=\"marker\" d=\"{}Z\"/>", path(corners))
    };
    match look % LOOKS {
        0 => format!("<circle class=\"marker hollow\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>"),
        1 => polygon(&[(-3.2, -3.2), (3.2, -3.2), (3.2, 3.2), (-3.2, 3.2)]),
        2 => polygon(&[(0.0, -4.5), (4.2, 3.2), (-4.2, 3.2)]),
        3 => polygon(&[(0.0, -4.8), (4.8, 0.0), (0.0, 4.8), (-4.8, 0.0)]),
        4 => polygon(&[(0.0, 4.5), (4.2, -3.2), (-4.2, -3.2)]),
        _ => format!("<circle class=\"marker\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>"),
    }
}

impl Point {
    /// A point without an interval, that says its value when pointed at.
    pub fn plain(x: f64, y: f64) -> Self {
        Self { x, y, lo: y, hi: y, hover: trimmed(y) }
    }
}
