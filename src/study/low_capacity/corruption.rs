//! Corrupted images: Gaussian noise, and a patch that hides something.

use super::score::Examples;
use super::{Context, Corruption, Pair, Record, RobustnessRow, StudyError, Trained};
use crate::dataset::Dataset;
use crate::rng::{Rng, Stream};
use std::vec::Vec;

/// The pair and the widths of which the study reports it.
pub(super) const WIDTHS: [usize; 3] = [24, 48, 64];

/// Standard deviations of the noise.
pub const SIGMAS: [f64; 5] = [0.1, 0.2, 0.3, 0.4, 0.5];

/// Rows and columns of the patch.
pub const PATCH: usize = 7;

/// Examples, and what was done to them.
pub struct Corrupted {
    /// What was done.
    pub corruption: Corruption,
    /// How much of it.
    pub strength: f64,
    /// The examples afterwards.
    pub examples: Examples,
}

/// `data` as it is, with noise of each of [`SIGMAS`], and with a patch of 0 in each image. Noise of all strengths is the same but
/// for its scale, so that a comparison between them is one of strength alone.
///
/// # Errors
/// If the examples are no images, or smaller than the patch.
pub fn corrupted(data: &Dataset, seed: u64) -> Result<Vec<Corrupted>, StudyError> {
    let clean = Examples::new(data);
    let mut rng = Rng::stream(seed, Stream::Corruption);
    let unit: Vec<f32> = clean.rows.iter().map(|_| rng.normal()).collect();
    let patched = patched(&clean, data.image_shape(), &mut rng)?;
    let with = |corruption, strength, rows| Corrupted {
        corruption,
        strength,
        examples: Examples { rows, labels: clean.labels.clone() },
    };
    let noisy = |sigma: f64| {
        let pixel = |(value, noise): (&f32, &f32)| (value + sigma as f32 * noise).clamp(0.0, 1.0);
        with(Corruption::Noise, sigma, clean.rows.iter().zip(&unit).map(pixel).collect())
    };
    let mut all: Vec<Corrupted> = SIGMAS.map(noisy).into();
    all.push(with(Corruption::Occlusion, PATCH as f64, patched));
    all.insert(0, Corrupted { corruption: Corruption::None, strength: 0.0, examples: clean });
    Ok(all)
}

/// Each image with a patch of 0, which lies in it entirely.
fn patched(clean: &Examples, shape: Option<(usize, usize)>, rng: &mut Rng) -> Result<Vec<f32>, StudyError> {
    let Some((height, width)) = shape.filter(|(height, width)| *height.min(width) >= PATCH) else {
        let wanted = std::format!("a patch of {PATCH} x {PATCH} pixels needs images at least as large");
        return Err(StudyError::Other(std::format!(
            "these examples are none: {wanted}; leave robustness out"
        )));
    };
    let mut rows = clean.rows.clone();
    for image in rows.chunks_exact_mut(height * width) {
        let (top, left) = (rng.below(height - PATCH + 1), rng.below(width - PATCH + 1));
        for row in image.chunks_exact_mut(width).skip(top).take(PATCH) {
            row[left..left + PATCH].fill(0.0);
        }
    }
    Ok(rows)
}

/// A network on all of `corrupted`.
///
/// # Errors
/// If the examples are not the network's.
pub(super) fn records(
    trained: &Trained,
    (pair, seed): (Pair, u64),
    corrupted: &[Corrupted],
    context: &Context<'_>,
) -> Result<Vec<Record>, StudyError> {
    let record = |from: &Corrupted| {
        let score = from.examples.score(&trained.model, context)?;
        Ok(Record::Robustness(RobustnessRow {
            pair,
            hidden: trained.hidden,
            seed,
            corruption: from.corruption,
            strength: from.strength,
            f1: score.f1,
            auc: score.auc,
        }))
    };
    corrupted.iter().map(record).collect()
}
