//! Small multiples: plots of the same kind, side by side, over the same axes.

use super::LOOKS;
use super::frame::Size;
use super::lines::Plot;
use super::svg::{Draw, LINE, marker, text};
use std::{format, string::String, vec::Vec};

/// Panels in a row of a picture that stands alone; on a page, as many as there is room for.
const COLUMNS: usize = 4;

/// Small multiples. The name of a panel is that of its y axis.
#[derive(Clone, Debug)]
pub struct Panels {
    title: String,
    /// What the looks mean.
    legend: Vec<(String, usize)>,
    plots: Vec<Plot>,
}

impl Panels {
    /// `plots` as panels that share their axes, and a last one that says what the looks mean.
    pub fn new(title: impl Into<String>, legend: &[(&str, usize)], mut plots: Vec<Plot>) -> Self {
        let points = || plots.iter().flat_map(|plot| &plot.series).flat_map(|series| &series.points);
        let x: Vec<f64> = plots.iter().flat_map(|plot| plot.x_span.clone()).collect();
        let x: Vec<f64> = points().map(|point| point.x).chain(x).collect();
        let y: Vec<f64> = plots.iter().flat_map(|plot| plot.span.clone()).collect();
        let y: Vec<f64> = points().flat_map(|point| [point.y, point.lo, point.hi]).chain(y).collect();
        for plot in &mut plots {
            plot.size = Size::Panel;
            plot.x_span.clone_from(&x);
            plot.span.clone_from(&y);
        }
        let legend = legend.iter().map(|(name, look)| ((*name).into(), *look)).collect();
        Self { title: title.into(), legend, plots }
    }

    /// Every panel, the legend last.
    fn parts(&self) -> Vec<&dyn Draw> {
        let legend: Option<&dyn Draw> = (!self.legend.is_empty()).then_some(self);
        self.plots.iter().map(|plot| plot as &dyn Draw).chain(legend).collect()
    }

    /// The panels as elements of an HTML page that contains [`STYLE`](super::STYLE), as many in a row as there is room for.
    pub(super) fn element(&self) -> String {
        let panels: String = self.parts().iter().map(|part| part.element()).collect();
        format!("<div class=\"panels\">\n{panels}</div>\n")
    }

    /// The panels as one file.
    pub(super) fn document(&self) -> String {
        Sheet(self).document()
    }
}

/// The legend is a panel among the others.
impl Draw for Panels {
    fn title(&self) -> &str {
        &self.title
    }

    fn size(&self) -> (f64, f64) {
        Size::Panel.of_picture()
    }

    fn draw(&self, svg: &mut String) {
        for (i, (name, look)) in self.legend.iter().enumerate() {
            let y = 30.0 + 1.4 * LINE * i as f64;
            let look = look % LOOKS;
            *svg += &format!("<g class=\"look{look}\"><path class=\"line\" d=\"M20 {y:.1}h24\"/>");
            *svg += &format!("{}</g>{}", marker(look, 32.0, y), text("name", 52.0, y + 4.5, name));
        }
    }
}

/// All panels on one sheet.
struct Sheet<'a>(&'a Panels);

impl Draw for Sheet<'_> {
    fn title(&self) -> &str {
        &self.0.title
    }

    fn size(&self) -> (f64, f64) {
        let (count, (width, height)) = (self.0.parts().len(), Size::Panel.of_picture());
        (width * count.clamp(1, COLUMNS) as f64, height * count.div_ceil(COLUMNS).max(1) as f64)
    }

    fn draw(&self, svg: &mut String) {
        let (width, height) = Size::Panel.of_picture();
        for (i, part) in self.0.parts().iter().enumerate() {
            let (x, y) = (width * (i % COLUMNS) as f64, height * (i / COLUMNS) as f64);
            *svg += &part.svg(&format!(" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\""), "");
        }
    }
}
