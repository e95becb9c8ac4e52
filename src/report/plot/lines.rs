//! Plots of series over two axes.

use super::super::markup::escape;
use super::LOOKS;
use super::axis::Scale;
use super::frame::{Frame, Side, Size};
use super::labels::spread;
use super::series::{Join, Series};
use super::svg::{Draw, LINE, text, width};
use std::{format, string::String, vec::Vec};

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

/// A plot of lines, or of points.
#[derive(Clone, Debug)]
pub struct Plot {
    /// What the plot shows, for readers who do not see it.
    pub title: String,
    /// The x axis: what it is, and how it is spread.
    pub x: (String, Scale),
    /// The y axis.
    pub y: (String, Scale),
    /// How large it is.
    pub size: Size,
    /// A value to compare with, and its name.
    pub reference: Option<(f64, String)>,
    /// What cannot be told from the reference: lower and upper end.
    pub noise: Option<(f64, f64)>,
    /// Further values for which the x axis has room, as those of a plot beside this one.
    pub x_span: Vec<f64>,
    /// The same for the y axis.
    pub span: Vec<f64>,
    /// What is marked along the x axis.
    pub marks: Vec<Mark>,
    /// The lines.
    pub series: Vec<Series>,
}

impl Plot {
    /// A plot with nothing in it yet.
    pub fn new(title: impl Into<String>, x: (&str, Scale), y: (&str, Scale)) -> Self {
        Self {
            title: title.into(),
            x: (x.0.into(), x.1),
            y: (y.0.into(), y.1),
            size: Size::Normal,
            reference: None,
            noise: None,
            x_span: Vec::new(),
            span: Vec::new(),
            marks: Vec::new(),
            series: Vec::new(),
        }
    }

    fn frame(&self) -> Frame<'_> {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let values = points().flat_map(|point| [point.y, point.lo, point.hi]);
        let reference = self.reference.iter().map(|(value, _)| *value);
        let noise = self.noise.into_iter().flat_map(|(lo, hi)| [lo, hi]);
        let x = points().flat_map(|point| {
            let (lo, hi) = point.across.unwrap_or((point.x, point.x));
            [point.x, lo, hi]
        });
        let x = x.chain(self.x_span.iter().copied());
        let y = values.chain(reference).chain(noise).chain(self.span.iter().copied());
        let names = self.series.iter().map(|series| &series.name);
        let names = names.chain(self.reference.iter().map(|(_, name)| name));
        let widest = names.map(|name| width(name)).fold(0.0, f64::max);
        let margin = match self.size {
            Size::Panel => 10.0,
            _ => (widest + 32.0).min(self.size().0 / 3.0),
        };
        let x = Side { name: &self.x.0, scale: self.x.1, values: x };
        Frame::fit(self.size, margin, x, Side { name: &self.y.0, scale: self.y.1, values: y })
    }

    fn draw_noise(&self, frame: &Frame, svg: &mut String) {
        let Some((Some(bottom), Some(top))) = self.noise.map(|(lo, hi)| (frame.y(lo), frame.y(hi))) else {
            return;
        };
        let (left, right) = (frame.left, frame.right);
        *svg += &format!("<path class=\"noise\" d=\"M{left} {top:.1}H{right:.1}V{bottom:.1}H{left}Z\"/>\n");
    }

    fn draw_reference(&self, frame: &Frame, svg: &mut String) {
        if let Some(y) = self.reference.as_ref().and_then(|(value, _)| frame.y(*value)) {
            *svg += &format!("<path class=\"reference\" d=\"M{} {y:.1}H{:.1}\"/>\n", frame.left, frame.right);
        }
    }

    /// A range with its middle; what lies outside the plot is cut off, and a range narrower than a line is as wide as one.
    fn draw_mark(&self, frame: &Frame, mark: &Mark, svg: &mut String) {
        let (Some(lo), Some(hi)) = (frame.x(mark.lo), frame.x(mark.hi)) else { return };
        let (left, right) = (lo.clamp(frame.left, frame.right), hi.clamp(frame.left, frame.right));
        let (middle, foot) = ((left + right) / 2.0, frame.bottom);
        let top = self.reference.as_ref().and_then(|(value, _)| frame.y(*value)).unwrap_or(frame.top);
        *svg += &format!(
            "<g class=\"look{}\"><title>{}</title><path class=\"band\" d=\"M{left:.1} {top:.1}H{right:.1}V{foot}H{left:.1}Z\"/>\
             <path class=\"mark\" d=\"M{middle:.1} {top:.1}V{foot}\"/></g>\n",
            mark.look % LOOKS,
            escape(&mark.hover)
        );
    }

    /// Names the lines where they end, which needs no legend and no eye for colour. Points that are not joined end nowhere: their
    /// names stand at the top.
    fn draw_names(&self, frame: &Frame, svg: &mut String) {
        let end = |series: &Series| match series.join {
            Join::Apart => (!series.points.is_empty()).then_some(frame.top),
            _ => series.placed(frame).last().map(|point| point.y),
        };
        let named = self.series.iter().filter(|series| !series.name.is_empty());
        let lines = named.filter_map(|series| Some((end(series)?, Some(series), &series.name)));
        let reference =
            self.reference.iter().filter_map(|(value, name)| Some((frame.y(*value)?, None, name)));
        let names: Vec<_> = lines.chain(reference).collect();
        let wanted: Vec<f64> = names.iter().map(|(y, ..)| *y).collect();
        for ((_, series, name), y) in names.iter().zip(spread(&wanted, LINE, frame.top, frame.bottom)) {
            let x = frame.right + 12.0;
            *svg += &series.map_or(String::new(), |series| series.key(x, y));
            *svg += &text(if series.is_some() { "name" } else { "tick" }, x + 9.0, y + 4.5, name);
        }
    }
}

impl Draw for Plot {
    fn title(&self) -> &str {
        &self.title
    }

    fn size(&self) -> (f64, f64) {
        self.size.of_picture()
    }

    fn draw(&self, svg: &mut String) {
        let frame = self.frame();
        frame.draw(svg);
        self.draw_reference(&frame, svg);
        // Bands below, then lines, then markers, so that no series hides another's values.
        self.draw_noise(&frame, svg);
        self.marks.iter().for_each(|mark| self.draw_mark(&frame, mark, svg));
        self.series.iter().for_each(|series| series.draw_band(&frame, svg));
        self.series.iter().for_each(|series| series.draw_line(&frame, svg));
        self.series.iter().for_each(|series| series.draw_points(&frame, svg));
        if self.size != Size::Panel {
            self.draw_names(&frame, svg);
        }
    }
}
