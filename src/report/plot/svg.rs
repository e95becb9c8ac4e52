//! The parts that every picture is written with.

use super::super::markup::escape;
use super::{LOOKS, STYLE};
use std::{format, string::String};

/// The width of a character, on the generous side.
pub(super) const CHARACTER: f64 = 8.0;
/// The height of a line of text.
pub(super) const LINE: f64 = 15.0;

/// A picture: what it shows, how large it is, and how it is drawn.
pub(super) trait Draw {
    /// For readers who do not see it.
    fn title(&self) -> &str;

    /// Width and height, in units that are about one CSS pixel on a desktop.
    fn size(&self) -> (f64, f64);

    /// Appends its elements.
    fn draw(&self, svg: &mut String);

    /// The picture as an element of an HTML page that contains [`STYLE`].
    fn element(&self) -> String {
        self.svg("", "")
    }

    /// The picture as a file of its own.
    fn document(&self) -> String {
        // A picture without a size of its own would grow as wide as the page it is put on.
        let (width, height) = self.size();
        let root = format!(" xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\"");
        self.svg(&root, &format!("<style>\n{STYLE}</style>\n"))
    }

    /// The element, with these attributes of its root and this style.
    fn svg(&self, root: &str, style: &str) -> String {
        let (width, height) = self.size();
        let mut svg = format!(
            "<svg{root} class=\"plot\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n{style}\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n",
            escape(self.title())
        );
        self.draw(&mut svg);
        svg.push_str("</svg>\n");
        svg
    }
}

pub(super) fn text(class: &str, x: f64, y: f64, content: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", escape(content))
}

pub(super) fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let step = |(i, (x, y)): (usize, (f64, f64))| format!("{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
    points.enumerate().map(step).collect()
}

/// About how wide `text` is.
pub(super) fn width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

/// The marker of a look: its shape tells series apart where colour does not.
pub(super) fn marker(look: usize, x: f64, y: f64) -> String {
    let polygon = |class: &str, corners: &[(f64, f64)]| {
        let corners = corners.iter().map(|(dx, dy)| (x + dx, y + dy));
        format!("<path class=\"{class}\" d=\"{}Z\"/>", path(corners))
    };
    match look % LOOKS {
        0 => format!("<circle class=\"marker hollow\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>"),
        1 => polygon("marker", &[(-3.2, -3.2), (3.2, -3.2), (3.2, 3.2), (-3.2, 3.2)]),
        2 => polygon("marker", &[(0.0, -4.5), (4.2, 3.2), (-4.2, 3.2)]),
        3 => polygon("marker", &[(0.0, -4.8), (4.8, 0.0), (0.0, 4.8), (-4.8, 0.0)]),
        4 => polygon("marker", &[(0.0, 4.5), (4.2, -3.2), (-4.2, -3.2)]),
        5 => format!("<circle class=\"marker\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>"),
        _ => polygon("marker hollow", &[(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)]),
    }
}
