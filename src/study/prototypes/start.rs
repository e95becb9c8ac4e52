//! What a run starts from: points, targets, and weights, the same for every mask of a seed and size.

use super::settings::{Definition, Init, Input, Target};
use crate::rng::{Rng, Stream};
use std::{vec, vec::Vec};

/// The points of a network, what it is to learn, and its weights before training.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// Points, and neurons.
    pub n: usize,
    /// Coordinates.
    pub d: usize,
    /// The points `[n, d]`.
    pub x: Vec<f32>,
    /// The targets `[n]`.
    pub y: Vec<f32>,
    /// w `[n, d]`, b `[n, d]`, a `[n]`, c `[1]`, one after the other.
    pub parameters: Vec<f32>,
}

impl Start {
    /// Draws everything from `seed`.
    ///
    /// # Panics
    /// If the points are digits, which are not drawn: see [`Start::with_points`].
    pub fn new(definition: &Definition, n: usize, seed: u64) -> Start {
        let mut rng = generator(n, seed);
        let x = (0..n).flat_map(|_| point(definition, &mut rng)).collect();
        Start::learning(definition, x, &mut rng)
    }

    /// Draws what is not given: `points` is `[n, d]`.
    pub fn with_points(definition: &Definition, points: Vec<f32>, seed: u64) -> Start {
        let mut rng = generator(points.len() / definition.d, seed);
        Start::learning(definition, points, &mut rng)
    }

    fn learning(definition: &Definition, x: Vec<f32>, rng: &mut Rng) -> Start {
        let d = definition.d;
        let y = x.chunks(d).map(|point| target(definition.target, point, rng)).collect();
        let n = x.len() / d;
        Start { n, d, x, y, parameters: parameters(definition.init, n, d, rng) }
    }
}

fn generator(n: usize, seed: u64) -> Rng {
    // Another size has other points, not more of the same.
    Rng::new(Rng::stream(seed, Stream::Prototypes).bits() ^ n as u64)
}

/// One point. Only `+ - * / sqrt` and the generator's normal are used: the same on every platform.
fn point(definition: &Definition, rng: &mut Rng) -> Vec<f32> {
    let d = definition.d;
    match definition.input {
        Input::Uniform => (0..d).map(|_| rng.uniform()).collect(),
        Input::Clustered => {
            let centre = [0.2, 0.5, 0.8][rng.below(3)];
            (0..d).map(|_| centre + 0.03 * rng.normal()).collect()
        }
        Input::Beta => (0..d).map(|_| arcsine(rng)).collect(),
        // Half the sum of the squares of two normals is exponential with mean 1.
        Input::Exponential => {
            let mut square = || rng.normal().powi(2);
            (0..d).map(|_| (square() + square()) / 8.0).collect()
        }
        Input::Digits => panic!("digits are read, not drawn"),
    }
}

/// Beta(1/2, 1/2): the squared cosine of a uniform angle, which a uniform point of the disc has.
fn arcsine(rng: &mut Rng) -> f32 {
    loop {
        let (x, y) = (rng.uniform_f64(), rng.uniform_f64());
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return (x * x / square) as f32;
        }
    }
}

fn target(target: Target, point: &[f32], rng: &mut Rng) -> f32 {
    let mean = point.iter().sum::<f32>() / point.len() as f32;
    match target {
        Target::Identity => mean,
        Target::Sine => (2.0 * core::f64::consts::PI * f64::from(mean)).sin() as f32,
        Target::Random => rng.uniform(),
    }
}

fn parameters(init: Init, n: usize, d: usize, rng: &mut Rng) -> Vec<f32> {
    let (mut w, mut b) = (vec![0.0; n * d], vec![0.0; n * d]);
    for (w, b) in w.iter_mut().zip(&mut b) {
        (*w, *b) = match init {
            Init::Placed(size) => {
                let prototype = rng.uniform();
                let w = if rng.below(2) == 0 { size } else { -size };
                (w, -w * prototype)
            }
            Init::Uniform => (2.0 * rng.uniform() - 1.0, 2.0 * rng.uniform() - 1.0),
            Init::Normal => (rng.normal(), rng.normal()),
        };
    }
    let scale = 1.0 / (n as f32).sqrt();
    w.extend(b);
    w.extend((0..n).map(|_| scale * rng.normal()));
    w.push(0.0);
    w
}
