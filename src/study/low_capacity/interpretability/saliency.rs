//! Which pixels a network attends to, and whether two attend to the same.

use super::probe::{Probe, View, sigmoid};
use crate::dataset::{Dataset, SCALE};
use crate::study::low_capacity::saliency::Method;
use crate::study::statistics::{correlation, ranks, spearman, top_overlap};
use std::{vec, vec::Vec};

/// How many of the most salient pixels are compared: a sixteenth of an image of MNIST, a third of its lit ones.
pub const TOP: usize = 49;

/// The saliency maps of a network over a set of images.
#[derive(Debug, Clone)]
pub struct Maps {
    features: usize,
    /// `[images, features]`: the rank of each pixel in its image's map.
    ranks: Vec<f32>,
    /// `[features]`: the mean of all maps.
    mean: Vec<f32>,
}

/// How far the maps of two networks agree, averaged over the images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// The rank correlation of the maps of an image; a map that is the same everywhere agrees with none, which counts as 0.
    pub spearman: f64,
    /// The share of the [`TOP`] pixels that both have.
    pub top_overlap: f64,
    /// The rank correlation of the mean maps.
    pub mean_spearman: f64,
}

/// How well maps tell what a network goes by: the probability of the class that it sees in the whole image, averaged while lit
/// pixels are deleted or inserted one by one, the most salient first (Petsiuk et al., "RISE", 2018). Dark pixels are passed over:
/// to delete them changes nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faithfulness {
    /// From the whole image to a dark one: the lower the better.
    pub deletion: f64,
    /// From a dark image to the whole: the higher the better.
    pub insertion: f64,
}

impl Maps {
    /// The maps of all `images`.
    pub fn new(probe: &Probe, images: &Dataset, method: Method) -> Maps {
        let features = images.features();
        let mut all = Vec::with_capacity(images.len() * features);
        let mut sums = vec![0.0; features];
        for image in 0..images.len() {
            let map = probe.view(images.pixels(image)).map(method);
            let map: Vec<f32> = map.into_iter().map(|value| value as f32).collect();
            sums.iter_mut().zip(&map).for_each(|(sum, value)| *sum += f64::from(*value));
            all.extend(ranks(&map));
        }
        let mean = sums.iter().map(|sum| (sum / images.len() as f64) as f32).collect();
        Maps { features, ranks: all, mean }
    }

    fn each(&self) -> impl Iterator<Item = &[f32]> {
        self.ranks.chunks_exact(self.features)
    }

    /// How far these maps and the `other` ones, of the same images, agree.
    ///
    /// # Panics
    /// If they are of images of another size.
    pub fn agreement(&self, other: &Maps) -> Agreement {
        let images = (self.ranks.len() / self.features) as f64;
        let (mut rank, mut top) = (0.0, 0.0);
        for (a, b) in self.each().zip(other.each()) {
            rank += correlation(a, b).unwrap_or(0.0);
            top += top_overlap(a, b, TOP.min(self.features));
        }
        Agreement {
            spearman: rank / images,
            top_overlap: top / images,
            mean_spearman: spearman(&self.mean, &other.mean).unwrap_or(0.0),
        }
    }

    /// What these maps, of `images`, tell about the network `probe`: their own or another one.
    pub fn faithfulness(&self, probe: &Probe, images: &Dataset) -> Faithfulness {
        let (mut deletion, mut insertion) = (0.0, 0.0);
        for (image, map) in self.each().enumerate() {
            let pixels = images.pixels(image);
            let mut lit: Vec<usize> = (0..pixels.len()).filter(|pixel| pixels[*pixel] > 0).collect();
            lit.sort_by(|a, b| map[*b].total_cmp(&map[*a]));
            let whole = probe.view(pixels);
            let side = if whole.logit() > 0.0 { 1.0 } else { -1.0 };
            let value = |pixel: usize| f64::from(f32::from(pixels[pixel]) * SCALE);
            let dark = probe.view(&vec![0; pixels.len()]);
            deletion += area(whole, side, lit.iter().map(|pixel| (*pixel, -value(*pixel))));
            insertion += area(dark, side, lit.iter().map(|pixel| (*pixel, value(*pixel))));
        }
        let images = images.len() as f64;
        Faithfulness { deletion: deletion / images, insertion: insertion / images }
    }
}

/// The mean probability of the class on `side` of the logit, by the trapezoid rule, while `changes` are made to `view`.
fn area(mut view: View<'_>, side: f64, changes: impl ExactSizeIterator<Item = (usize, f64)>) -> f64 {
    let steps = changes.len();
    let mut before = sigmoid(side * view.logit());
    if steps == 0 {
        return before;
    }
    let mut sum = 0.0;
    for (pixel, by) in changes {
        view.change(pixel, by);
        let now = sigmoid(side * view.logit());
        sum += (before + now) / 2.0;
        before = now;
    }
    sum / steps as f64
}
