//! Small pictures, written as SVG: plots of lines and points, heat maps, images, and panels of plots.
//!
//! By hand, because what matters here is what plotting crates do not give: colours that follow the reader's light
//! or dark theme through CSS, text that the browser sets (so no font is needed to measure it), and marks that
//! answer when pointed at.

mod axis;
mod frame;
mod heat;
mod images;
mod labels;
mod lines;
mod panels;
mod png;
mod series;
mod svg;
#[cfg(test)]
mod tests;

pub use axis::Scale;
pub use frame::Size;
pub use heat::{Cell, HeatMap};
pub use images::{Image, Images};
pub use lines::{Mark, Plot};
pub use panels::Panels;
pub use png::Tone;
pub use series::{Join, Point, Series};

use std::string::String;
use svg::Draw;

/// The colours and strokes of every plot, for both themes. A page with inline plots needs it once.
pub const STYLE: &str = include_str!("plot.css");

/// How many looks (a colour and a shape of marker) there are.
const LOOKS: usize = 7;

/// A picture of any kind.
#[derive(Clone, Debug)]
pub enum Picture {
    /// Lines or points over two axes.
    Plot(Plot),
    /// Numbers in a table, coloured.
    HeatMap(HeatMap),
    /// Rows of small images.
    Images(Images),
    /// Small plots over the same axes.
    Panels(Panels),
}

impl Picture {
    /// The picture as an element of an HTML page that contains [`STYLE`].
    pub fn inline(&self) -> String {
        match self {
            Self::Plot(plot) => plot.element(),
            Self::HeatMap(map) => map.element(),
            Self::Images(images) => images.element(),
            Self::Panels(panels) => panels.element(),
        }
    }

    /// The picture as a file of its own.
    pub fn file(&self) -> String {
        match self {
            Self::Plot(plot) => plot.document(),
            Self::HeatMap(map) => map.document(),
            Self::Images(images) => images.document(),
            Self::Panels(panels) => panels.document(),
        }
    }
}

impl From<Plot> for Picture {
    fn from(plot: Plot) -> Self {
        Self::Plot(plot)
    }
}

impl From<HeatMap> for Picture {
    fn from(map: HeatMap) -> Self {
        Self::HeatMap(map)
    }
}

impl From<Images> for Picture {
    fn from(images: Images) -> Self {
        Self::Images(images)
    }
}

impl From<Panels> for Picture {
    fn from(panels: Panels) -> Self {
        Self::Panels(panels)
    }
}
