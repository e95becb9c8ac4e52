//! Rows of small images, such as digits and maps over their pixels.

use super::super::markup::escape;
use super::png::{Tone, data_address};
use super::svg::{Draw, LINE, text};
use std::{format, string::String, vec::Vec};

const WIDTH: f64 = 460.0;
const EDGE: f64 = 8.0;
const GAP: f64 = 5.0;
/// An image is at most as large as this.
const LARGEST: f64 = 108.0;

/// A square image.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its values, row-major.
    pub pixels: Vec<f32>,
    /// Pixels in a row.
    pub side: usize,
    /// What its values look like.
    pub tone: Tone,
    /// Written below it; short.
    pub caption: String,
    /// What it says when pointed at.
    pub hover: String,
}

/// Rows of images, those of one column below each other.
#[derive(Clone, Debug)]
pub struct Images {
    /// What they show, for readers who do not see them.
    pub title: String,
    /// The rows: what they are, and the images.
    pub rows: Vec<(String, Vec<Image>)>,
}

impl Images {
    /// The side of an image, drawn.
    fn side(&self) -> f64 {
        let columns = self.rows.iter().map(|(_, images)| images.len()).max().unwrap_or(0).max(1) as f64;
        ((WIDTH - 2.0 * EDGE - GAP * (columns - 1.0)) / columns).min(LARGEST)
    }
}

/// From the top of one row to that of the next.
fn height(images: &[Image], side: f64) -> f64 {
    let has_captions = images.iter().any(|image| !image.caption.is_empty());
    LINE + 5.0 + side + if has_captions { LINE } else { 0.0 } + 8.0
}

impl Draw for Images {
    fn title(&self) -> &str {
        &self.title
    }

    fn size(&self) -> (f64, f64) {
        let side = self.side();
        (WIDTH, self.rows.iter().map(|(_, images)| height(images, side)).sum::<f64>().ceil())
    }

    fn draw(&self, svg: &mut String) {
        let side = self.side();
        let mut top = 0.0;
        for (name, images) in &self.rows {
            *svg += &text("title", EDGE, top + 14.0, name);
            for (i, image) in images.iter().enumerate() {
                let (x, y) = (EDGE + (side + GAP) * i as f64, top + LINE + 5.0);
                let address = data_address(&image.pixels, image.side, image.tone);
                *svg += &format!(
                    "<g><title>{}</title><rect class=\"frame\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{side:.1}\" \
                     height=\"{side:.1}\"/><image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{side:.1}\" height=\"{side:.1}\" \
                     href=\"{address}\"/></g>\n",
                    escape(&image.hover)
                );
                if !image.caption.is_empty() {
                    *svg += &text("tick middle", x + side / 2.0, y + side + 14.0, &image.caption);
                }
            }
            top += height(images, side);
        }
    }
}
