//! Hidden activations in the plane, and saliency maps.

use super::super::figures::Figure;
use super::super::grid::Grid;
use super::super::number::three_digits;
use super::super::plot::{Image, Images, Join, Plot, Point, Scale, Series, Size, Tone};
use super::super::study::{Block, Section};
use super::LowCapacityReport;
use super::published::stage;
use super::spreads::{distinct, spread, with_interval};
use crate::study::low_capacity::{EmbeddingRow, InterpretabilityRow, SaliencyRow};
use std::{format, string::String, string::ToString, vec::Vec};

/// t-SNE before and after pruning.
pub(super) fn embedding(report: &LowCapacityReport) -> Option<Section> {
    let rows = &report.findings.embedding;
    let EmbeddingRow { pair, hidden, perplexity, points, .. } = rows.first()?;
    let text = format!(
        "t-SNE of the {hidden} hidden activations on {} validation examples of {pair}, perplexity {perplexity}. Each picture is laid \
         out by itself: only which points are neighbours means something, neither place nor direction. Numbers on the geometry itself \
         are in the last section.",
        points.len()
    );
    let blocks = [Block::Text(text), Block::Figures(rows.iter().map(layout).collect())];
    let title = "Do the classes stay apart?";
    Some(Section { id: "embedding", title, answer: String::new(), blocks: blocks.into() })
}

fn layout(row: &EmbeddingRow) -> Figure {
    let class = |class: u8, digit: u8, look: usize| {
        let own = row.points.iter().zip(&row.labels).filter(|(_, label)| **label == class);
        let point = |(place, _): (&[f32; 2], &u8)| Point {
            hover: String::new(),
            ..Point::plain(f64::from(place[0]), f64::from(place[1]))
        };
        Series { join: Join::Apart, ..Series::line(digit.to_string(), look, own.map(point).collect()) }
    };
    let name = stage(row.level, row.reading);
    let name = if row.level == 0.0 { name } else { format!("{name} of the weights removed") };
    let plot = Plot {
        size: Size::Square,
        series: [class(0, row.pair.low, 0), class(1, row.pair.high, 1)].into(),
        ..Plot::new(format!("t-SNE of hidden activations, {name}"), ("", Scale::Plane), (&name, Scale::Plane))
    };
    Figure {
        stem: format!("tsne-{}-{}", row.level, row.reading.name()),
        caption: format!("{name}; Kullback-Leibler divergence {}", three_digits(row.divergence)),
        plot: plot.into(),
    }
}

/// Saliency maps before and after pruning.
pub(super) fn saliency(report: &LowCapacityReport) -> Option<Section> {
    let rows = &report.findings.saliency;
    let first = rows.first()?;
    let methods = distinct(rows.iter().map(|row| row.method.as_str()));
    let figure = |method: &&str| {
        let own: Vec<&SaliencyRow> = rows.iter().filter(|row| row.method == *method).collect();
        maps(&own, method)
    };
    let text = format!(
        "{}, h = {}: how far each pixel moves the output, up or down. Each map has its own scale: its largest value has the full \
         colour. perturbation-0.1 raises each pixel by 0.1.",
        first.pair, first.hidden
    );
    let mut blocks: Vec<Block> = [Block::Text(text)].into();
    blocks.push(Block::Figures(methods.iter().map(figure).collect()));
    let agreement = agreement(&report.findings.interpretability);
    let answer = agreement.as_ref().map_or(String::new(), |(answer, _)| answer.clone());
    blocks.extend(agreement.map(|(_, grid)| {
        Block::Table(
            "The mean map after pruning against that before, mean over seeds (95 % interval)".to_string(),
            grid,
        )
    }));
    Some(Section { id: "saliency", title: "Does it look at the same pixels?", answer, blocks })
}

fn maps(rows: &[&SaliencyRow], method: &str) -> Figure {
    let image = |pixels: &[f32], tone: Tone, caption: String| Image {
        pixels: pixels.into(),
        side: pixels.len().isqrt(),
        tone,
        hover: caption.clone(),
        caption,
    };
    let map = |row: &&SaliencyRow| {
        let full = row.map.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
        let name = row.digit.map_or("mean".to_string(), |digit| format!("{digit}"));
        image(&row.map, Tone::Signed(full), name)
    };
    let kinds = distinct(rows.iter().map(|row| (row.level, row.reading)));
    let originals = rows.iter().filter(|row| (row.level, row.reading) == kinds[0] && !row.image.is_empty());
    let originals = originals
        .map(|row| image(&row.image, Tone::Grey, row.digit.map_or(String::new(), |d| d.to_string())));
    let mut all = Vec::from([("images".to_string(), originals.collect::<Vec<Image>>())]);
    for kind in kinds {
        let own = rows.iter().filter(|row| (row.level, row.reading) == kind);
        let name = stage(kind.0, kind.1);
        let name = if kind.0 == 0.0 { name } else { format!("{name} removed") };
        all.push((format!("{method}, {name}"), own.map(map).collect()));
    }
    let title = format!("Saliency by {method}, before and after pruning");
    Figure {
        stem: format!("saliency-{method}"),
        caption: title.clone(),
        plot: Images { title, rows: all }.into(),
    }
}

/// What the study's pictures were taken for, in numbers.
fn agreement(rows: &[InterpretabilityRow]) -> Option<(String, Grid)> {
    let of = |network: &str, measure: &str| {
        spread(
            rows.iter().filter(|row| row.network == network && row.measure == measure).map(|row| row.value),
        )
    };
    let mut grid = Grid::new(["reading of 95 %", "rank correlation", "relative change", "seeds"]);
    let mut sentence = Vec::new();
    for (network, name) in [("published-percent", "percent"), ("published-hundredth", "a hundredth")] {
        let Some(order) = of(network, "mean-map-spearman") else { continue };
        let change = of(network, "mean-map-change");
        grid.push(
            [
                name.to_string(),
                with_interval(order.mean, order.interval),
                change.map_or(String::new(), |of| with_interval(of.mean, of.interval)),
                order.seeds.to_string(),
            ]
            .into(),
        );
        sentence.push(format!("{:.3} when 95 is read as {name}", order.mean));
    }
    let answer =
        format!("The mean map keeps its order with a rank correlation of {}.", sentence.join(" and "));
    (!sentence.is_empty()).then_some((answer, grid))
}
