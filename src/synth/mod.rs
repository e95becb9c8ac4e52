//! Drawn digits, for when no data is given: 28 x 28 grey pixels, white ink on black, in the manner of MNIST.
//!
//! A digit is a few pen strokes, written in one of several styles, with each control point off by a little, then
//! turned, slanted, stretched and shifted as a whole. Only `+ - * / sqrt` are used: the same seed and index give
//! the same pixels on every platform.

mod glyphs;

use crate::rng::{Rng, Stream};
use glyphs::{Control, STYLES};

/// Rows and columns of a digit.
pub const SIDE: usize = 28;

/// How far control points are off, at most, in pixels.
const JITTER: f32 = 2.2;
/// Width of the grey edge of a stroke, in pixels.
const EDGE: f32 = 1.0;
/// Straight pieces that stand for one arc of a spline.
const PIECES: u8 = 4;

/// Draws digit number `index` of `seed` into `image`, `[SIDE, SIDE]`, and returns its class, `index % 10`.
///
/// # Panics
/// If `image` has another length.
pub fn draw(seed: u64, index: u64, image: &mut [u8]) -> u8 {
    assert_eq!(image.len(), SIDE * SIDE, "a digit has {SIDE} x {SIDE} pixels");
    let class = (index % 10) as u8;
    let mut rng = Rng::stream(seed, Stream::Digit(index));
    let styles = STYLES[usize::from(class)];
    let style = styles[rng.below(styles.len())];
    let pose = Pose::random(&mut rng);
    let mut paper = Paper::new(0.65 + 1.1 * rng.uniform() * rng.uniform() + 0.4 * rng.uniform());
    for stroke in style {
        paper.spline(stroke, |control| pose.place(control, &mut rng));
    }
    paper.develop(&mut rng, image);
    class
}

/// Uniform between `-most` and `most`.
fn either_way(rng: &mut Rng, most: f32) -> f32 {
    most * (2.0 * rng.uniform() - 1.0)
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    x: f32,
    y: f32,
}

impl Point {
    /// The point `t` of the way to `end`.
    fn toward(self, end: Point, t: f32) -> Point {
        Point { x: self.x + t * (end.x - self.x), y: self.y + t * (end.y - self.y) }
    }
}

/// How the whole digit lies on the paper: a linear map of the glyph's box and the place of its centre.
struct Pose {
    /// Columns: where one pixel to the right and one pixel down go.
    right: Point,
    down: Point,
    centre: Point,
}

impl Pose {
    fn random(rng: &mut Rng) -> Pose {
        // With t = tan(angle / 2), cosine and sine are rational in t; |angle| is at most 20 degrees.
        let t = either_way(rng, 0.17);
        let (cos, sin) = ((1.0 - t * t) / (1.0 + t * t), 2.0 * t / (1.0 + t * t));
        let slant = either_way(rng, 0.4);
        let (width, height) = (0.85 + either_way(rng, 0.25), 0.93 + either_way(rng, 0.13));
        let middle = (SIDE - 1) as f32 / 2.0;
        Pose {
            right: Point { x: width * cos, y: width * sin },
            down: Point { x: height * (-sin - slant * cos), y: height * (cos - slant * sin) },
            centre: Point { x: middle + either_way(rng, 2.0), y: middle + either_way(rng, 1.5) },
        }
    }

    /// Where a control point falls, off by a little.
    fn place(&self, (x, y): Control, rng: &mut Rng) -> Point {
        let x = f32::from(x) - 10.0 + either_way(rng, JITTER);
        let y = f32::from(y) - 10.0 + either_way(rng, JITTER);
        Point {
            x: self.centre.x + x * self.right.x + y * self.down.x,
            y: self.centre.y + x * self.right.y + y * self.down.y,
        }
    }
}

/// What has been written, as the squared distance of each pixel from the nearest stroke.
struct Paper {
    distance_squared: [f32; SIDE * SIDE],
    /// Half the width of the pen, in pixels.
    radius: f32,
}

impl Paper {
    fn new(radius: f32) -> Paper {
        Paper { distance_squared: [f32::INFINITY; SIDE * SIDE], radius }
    }

    /// The distance from a stroke at which no ink is left.
    fn reach(&self) -> f32 {
        self.radius + EDGE / 2.0
    }

    /// Writes a quadratic B-spline: arcs that meet halfway between the control points.
    fn spline(&mut self, stroke: &[Control], mut place: impl FnMut(Control) -> Point) {
        let mut points = stroke.iter().map(|control| place(*control));
        let (Some(mut start), Some(mut control)) = (points.next(), points.next()) else { return };
        for next in points {
            let end = control.toward(next, 0.5);
            self.arc(start, control, end);
            (start, control) = (end, next);
        }
        self.line(start, control);
    }

    /// Writes the parabola from `start` to `end` that `control` pulls, in straight pieces.
    fn arc(&mut self, start: Point, control: Point, end: Point) {
        let mut from = start;
        for piece in 1..=PIECES {
            let t = f32::from(piece) / f32::from(PIECES);
            let to = start.toward(control, t).toward(control.toward(end, t), t);
            self.line(from, to);
            from = to;
        }
    }

    /// Writes a straight line; only pixels within its reach are looked at.
    fn line(&mut self, from: Point, to: Point) {
        let reach = self.reach();
        // Casts to an unsigned type saturate: what lies outside is cut off at the border.
        let span =
            |a: f32, b: f32| (a.min(b) - reach + 1.0) as usize..((a.max(b) + reach + 1.0) as usize).min(SIDE);
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let per_length_squared = 1.0 / (dx * dx + dy * dy).max(1e-6);
        for row in span(from.y, to.y) {
            let y = row as f32 - from.y;
            for col in span(from.x, to.x) {
                let x = col as f32 - from.x;
                let along = ((x * dx + y * dy) * per_length_squared).clamp(0.0, 1.0);
                let (off_x, off_y) = (x - along * dx, y - along * dy);
                let nearest = &mut self.distance_squared[row * SIDE + col];
                *nearest = nearest.min(off_x * off_x + off_y * off_y);
            }
        }
    }

    /// Turns distance into ink, uneven by a little.
    fn develop(&self, rng: &mut Rng, image: &mut [u8]) {
        let reach = self.reach();
        for (pixel, distance_squared) in image.iter_mut().zip(self.distance_squared) {
            *pixel = 0;
            if distance_squared < reach * reach {
                let ink = ((reach - distance_squared.sqrt()) / EDGE).min(1.0);
                *pixel = (ink * (255.0 - 12.0 * rng.uniform())) as u8;
            }
        }
    }
}
