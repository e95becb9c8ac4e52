//! What the study shows as pictures, of one small network before and after pruning: saliency maps, and hidden activations in the
//! plane.

use super::interpretability::Probe;
use super::pruning::{LEVEL, READINGS, one_shot};
use super::saliency::Method;
use super::score::{Examples, hidden};
use super::{
    Context, EmbeddingRow, HARDEST, InterpretabilityRow, Job, RATE, Reading, Record, SaliencyRow, Settings,
    StudyError, Task, train,
};
use crate::dataset::Dataset;
use crate::model::Model;
use crate::rng::{Rng, Stream};
use crate::study::statistics::{Points, spearman, trustworthiness};
use crate::study::tsne;
use std::{format, vec::Vec};

/// Hidden units of that network.
const WIDTH: usize = 24;

/// Validation examples that are laid out in the plane.
const POINTS: usize = 1000;

/// Neighbours that each of them should have in the picture, too.
const NEIGHBOURS: usize = 10;

/// The seed whose pictures are shown; of the others only how much maps agree.
const SHOWN: u64 = 0;

/// One job for each seed.
pub(super) fn jobs(settings: &Settings) -> Vec<Job> {
    let (seeds, quick) = (settings.many_seeds(), settings.quick);
    let job = |seed: u64| {
        let cost = if seed == SHOWN { 4.0 } else { 0.5 };
        Job::new(format!("figures/{HARDEST}/seed={seed}"), cost, move |context| run(seed, quick, context))
    };
    seeds.into_iter().map(job).collect()
}

/// A network, and how it was pruned.
struct Stage {
    level: f64,
    reading: Reading,
    model: Model,
}

impl Stage {
    /// What was measured of it.
    fn number(&self, seed: u64, measure: &str, value: f64) -> Record {
        Record::Interpretability(InterpretabilityRow {
            pair: HARDEST,
            hidden: WIDTH,
            seed,
            level: self.level,
            network: format!("published-{}", self.reading.name()),
            measure: measure.into(),
            value,
        })
    }
}

fn run(seed: u64, quick: bool, context: &Context<'_>) -> Result<Vec<Record>, StudyError> {
    let task = Task::new(context.data, HARDEST, seed)?;
    let trained = train(&task, &[WIDTH], RATE, seed, context)?;
    let dense = trained[0].model.clone();
    let mut stages = Vec::new();
    for reading in READINGS {
        stages.push(Stage { level: LEVEL, reading, model: one_shot(&dense, LEVEL, reading)? });
    }
    stages.insert(0, Stage { level: 0.0, reading: Reading::Percent, model: dense });
    let mut records = agreement(&stages, &task.validation, seed)?;
    if seed == SHOWN {
        let validation = Examples::new(&task.validation);
        for stage in &stages {
            context.go_on()?;
            records.extend(maps(stage, (&task.validation, &validation), seed)?);
            let steps = if quick { 400 } else { tsne::Options::default().steps };
            records.extend(embedding(stage, &validation, (seed, steps), context)?);
        }
    }
    Ok(records)
}

/// How much the mean maps after pruning are those before.
fn agreement(stages: &[Stage], validation: &Dataset, seed: u64) -> Result<Vec<Record>, StudyError> {
    let mean = |stage: &Stage| -> Result<Vec<f32>, StudyError> {
        let map = Probe::new(&stage.model)?.mean_map(validation, Method::ALL[0]);
        Ok(map.into_iter().map(|value| value as f32).collect())
    };
    let before = mean(&stages[0])?;
    let mut records = Vec::new();
    for stage in &stages[1..] {
        let after = mean(stage)?;
        let total: f64 = before.iter().map(|value| f64::from(*value)).sum();
        let moved: f64 = before.iter().zip(&after).map(|(a, b)| f64::from((a - b).abs())).sum();
        let order = spearman(&before, &after).map(|value| ("mean-map-spearman", value));
        let change = (total > 0.0).then(|| ("mean-map-change", moved / total));
        let row = |(measure, value): (&str, f64)| stage.number(seed, measure, value);
        records.extend(order.into_iter().chain(change).map(row));
    }
    Ok(records)
}

/// The maps of the first image of each digit, and the mean map.
fn maps(
    stage: &Stage,
    (images, validation): (&Dataset, &Examples),
    seed: u64,
) -> Result<Vec<Record>, StudyError> {
    let probe = Probe::new(&stage.model)?;
    let pixels = stage.model.fan_in();
    let narrow = |map: Vec<f64>| map.into_iter().map(|value| value as f32).collect();
    let row = |method: Method, digit: Option<u8>, image: &[f32], map: Vec<f64>| {
        Record::Saliency(SaliencyRow {
            pair: HARDEST,
            hidden: WIDTH,
            seed,
            level: stage.level,
            reading: stage.reading,
            method: method.name(),
            digit,
            image: image.into(),
            map: narrow(map),
        })
    };
    let mut records = Vec::new();
    for method in Method::ALL {
        for (class, digit) in [(0, HARDEST.low), (1, HARDEST.high)] {
            let first = validation.labels.iter().position(|label| *label == class);
            records.extend(first.map(|index| {
                let image = &validation.rows[index * pixels..][..pixels];
                row(method, Some(digit), image, probe.view(images.pixels(index)).map(method))
            }));
        }
        records.push(row(method, None, &[], probe.mean_map(images, method)));
    }
    Ok(records)
}

/// Hidden activations in the plane, and how far the neighbours that the picture shows are some.
fn embedding(
    stage: &Stage,
    validation: &Examples,
    (seed, steps): (u64, usize),
    context: &Context<'_>,
) -> Result<Vec<Record>, StudyError> {
    let pixels = stage.model.fan_in();
    let mut order: Vec<usize> = (0..validation.labels.len()).collect();
    Rng::stream(seed, Stream::Choice).shuffle(&mut order);
    order.truncate(POINTS);
    let rows: Vec<f32> =
        order.iter().flat_map(|index| &validation.rows[index * pixels..][..pixels]).copied().collect();
    let activations = hidden(&stage.model, &rows, context)?;
    let options = tsne::Options { seed, steps, ..tsne::Options::default() };
    let tsne::Layout { points, divergence } = tsne::layout(&activations, WIDTH, &options);
    let trust = trustworthiness(
        Points::new(&activations, WIDTH),
        Points::new(points.as_flattened(), 2),
        NEIGHBOURS.min(order.len().saturating_sub(1) / 2),
    );
    let trust = trust.map(|value| stage.number(seed, "tsne-trustworthiness", value));
    let embedding = Record::Embedding(EmbeddingRow {
        pair: HARDEST,
        hidden: WIDTH,
        seed,
        level: stage.level,
        reading: stage.reading,
        perplexity: options.perplexity,
        divergence,
        labels: order.iter().map(|index| validation.labels[*index]).collect(),
        points,
    });
    Ok(trust.into_iter().chain([embedding]).collect())
}
