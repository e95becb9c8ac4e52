//! Whether a pruned network still attends to the same pixels and sees the digits in the same places: in numbers, over the whole
//! validation set, beside networks that are pruned at random, not trained, or trained from other initial weights.

mod claims;
mod geometry;
mod networks;
mod probe;
mod saliency;

pub use claims::claims;
pub use geometry::{BINS, Hidden, Information};
pub use probe::{Probe, View};
pub use saliency::{Agreement, Faithfulness, Maps, TOP};

use super::saliency::Method;
use super::{Job, Pair, Record, Settings, Task};
use crate::dataset::Dataset;
use std::{format, vec, vec::Vec};

/// Seeds, unless told otherwise.
const SEEDS: usize = 5;

/// Hidden units: those of the study's pictures.
const WIDTH: usize = 24;

/// What a job takes, in seconds, about.
const SECONDS: f64 = 4.0;

/// One job for each pair and seed; the quick version has two seeds of the hardest pair.
pub(super) fn jobs(settings: &Settings) -> Vec<Job> {
    let (pairs, seeds) = if settings.quick { (&Pair::ALL[4..], 2) } else { (&Pair::ALL[..], SEEDS) };
    let seeds = settings.seeds(seeds);
    let cells = pairs.iter().flat_map(|pair| seeds.iter().map(move |seed| (*pair, *seed)));
    let job = |(pair, seed): (Pair, u64)| {
        Job::new(format!("interpretability/{pair}/h={WIDTH}/seed={seed}"), SECONDS, move |context| {
            let task = Task::new(context.data, pair, seed)?;
            let rows = networks::rows(&task, WIDTH, seed, context)?;
            Ok(rows.into_iter().map(Record::Interpretability).collect())
        })
    };
    cells.map(job).collect()
}

/// A network that others are compared with.
struct Reference<'a> {
    images: &'a Dataset,
    probe: Probe,
    maps: [Maps; 2],
    hidden: Hidden,
}

/// The ways of saliency, and what their measures begin with.
const METHODS: [(Method, &str); 2] =
    [(Method::Perturbation(0.1), "perturbation"), (Method::Gradient, "gradient")];

impl<'a> Reference<'a> {
    fn new(probe: Probe, images: &'a Dataset) -> Reference<'a> {
        let maps = METHODS.map(|(method, _)| Maps::new(&probe, images, method));
        let hidden = Hidden::new(probe::activations(&probe, images), probe.hidden());
        Reference { images, probe, maps, hidden }
    }

    /// What can be said of the network alone.
    fn alone(&self) -> Vec<(&'static str, f64)> {
        let own = self.maps[0].faithfulness(&self.probe, self.images);
        let labels = self.images.labels();
        let known = self.hidden.information(labels);
        let mut found = vec![
            ("deletion", own.deletion),
            ("insertion", own.insertion),
            ("information-active-mean", known.active_mean),
            ("information-active-max", known.active_max),
            ("information-binned-mean", known.binned_mean),
            ("information-binned-max", known.binned_max),
        ];
        found.extend(self.hidden.silhouette(labels).map(|value| ("silhouette", value)));
        found
    }

    /// What `other` has in common with it.
    fn beside(&self, other: &Reference<'_>) -> Vec<(&'static str, f64)> {
        let [perturbation, gradient] = [0, 1].map(|method| self.maps[method].agreement(&other.maps[method]));
        // The other's maps, judged by this network: as its own, if they agree.
        let judged = other.maps[0].faithfulness(&self.probe, self.images);
        vec![
            ("perturbation-spearman", perturbation.spearman),
            ("perturbation-top-overlap", perturbation.top_overlap),
            ("perturbation-mean-spearman", perturbation.mean_spearman),
            ("gradient-spearman", gradient.spearman),
            ("gradient-top-overlap", gradient.top_overlap),
            ("gradient-mean-spearman", gradient.mean_spearman),
            ("deletion-of-dense", judged.deletion),
            ("insertion-of-dense", judged.insertion),
            ("cka", self.hidden.cka(&other.hidden)),
        ]
    }
}
