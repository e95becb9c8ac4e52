//! The figures of the study, redrawn.

use super::super::figures::Figure;
use super::super::number::{format_tick, short_percent, significant, three_digits};
use super::super::plot::{self, HeatMap, Join, Panels, Plot, Point, Scale, Series};
use super::super::study::range;
use super::tables::median;
use crate::study::prototypes::{Cell, Mask, Path, Positions, Results, Spread, TauRow};
use std::{format, string::String, vec, vec::Vec};

/// `010 Cov`.
pub(super) fn mask_name(mask: Mask) -> String {
    format!("{} {}", mask.bits(), mask.name())
}

/// The colour of a mask, the same with overlap as without: plots have one half of the masks.
fn look(mask: Mask) -> usize {
    match (mask.coverage, mask.separation) {
        (false, false) => 2,
        (true, false) => 0,
        (false, true) => 3,
        (true, true) => 4,
    }
}

/// What is plotted against N.
pub(super) struct Quantity {
    pub(super) stem: &'static str,
    pub(super) name: &'static str,
    pub(super) scale: Scale,
    pub(super) of: fn(&Cell) -> &Spread,
    /// Of its spread, for the map; the lines have means.
    pub(super) middle: (&'static str, fn(&Spread) -> f64),
    /// How it is written where there is little room.
    pub(super) short: fn(f64) -> String,
}

const MEAN: (&str, fn(&Spread) -> f64) = ("mean", |spread| spread.mean);

pub(super) const ERROR: Quantity = Quantity {
    stem: "error",
    name: "reconstruction error E",
    scale: Scale::Log,
    of: |cell| &cell.error,
    middle: MEAN,
    short: |value| if value < 1e-3 { format!("{value:.1e}") } else { significant(value, 2) },
};

pub(super) const MEDIAN_ERROR: Quantity =
    Quantity { stem: "median-error", middle: ("median", |spread| spread.median), ..ERROR };

pub(super) const SPECIALIZATION: Quantity = Quantity {
    stem: "specialization",
    name: "specialisation ratio",
    scale: Scale::Linear,
    of: |cell| &cell.specialization,
    middle: MEAN,
    short: |value| format!("{value:.2}"),
};

/// A quantity against N: the masks without overlap, and those with it, on the same axes.
pub(super) fn against_size(results: &Results, quantity: &Quantity) -> Vec<Figure> {
    let span: Vec<f64> = results.cells.iter().map(|cell| (quantity.of)(cell).mean).collect();
    let half = |overlap: bool| {
        let masks = Mask::ALL.into_iter().filter(|mask| mask.overlap == overlap);
        let word = if overlap { "with" } else { "without" };
        let series: Vec<Series> = masks.filter_map(|mask| line(results, quantity, mask)).collect();
        let plot = Plot {
            span: span.clone(),
            series,
            ..Plot::new(
                format!("{} against N, masks {word} overlap", quantity.name),
                ("N: points, and neurons", Scale::Size),
                (&format!("{word} overlap: {}", quantity.name), quantity.scale),
            )
        };
        Figure {
            stem: format!("{}-{word}-overlap", quantity.stem),
            caption: format!(
                "Mean {} over seeds against N, masks {word} overlap; bars and bands: one standard error of the mean",
                quantity.name
            ),
            plot: plot.into(),
        }
    };
    [false, true].map(half).into()
}

fn line(results: &Results, quantity: &Quantity, mask: Mask) -> Option<Series> {
    let cells = results.cells.iter().filter(|cell| cell.mask == mask);
    let point = |cell: &Cell| {
        let Spread { mean, lo, hi, sem, .. } = *(quantity.of)(cell);
        let interval = range([lo, hi]);
        let hover = format!(
            "{} at N = {}: {} (95 % interval {interval})",
            mask_name(mask),
            cell.n,
            three_digits(mean)
        );
        Point { lo: mean - sem, hi: mean + sem, hover, ..Point::plain(cell.n as f64, mean) }
    };
    let points: Vec<Point> = cells.map(point).collect();
    (!points.is_empty()).then(|| Series::line(mask_name(mask), look(mask), points))
}

/// A quantity, mask by N.
pub(super) fn heat(results: &Results, quantity: &Quantity) -> Figure {
    let (word, middle) = quantity.middle;
    let mut sizes: Vec<usize> = results.cells.iter().map(|cell| cell.n).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let cell = |mask: Mask, n: usize| {
        let cell = results.cells.iter().find(|cell| cell.mask == mask && cell.n == n);
        let Some(spread) = cell.map(quantity.of) else {
            return plot::Cell { value: f64::NAN, text: "-".into(), hover: String::new() };
        };
        let (mean, interval) = (three_digits(spread.mean), range([spread.lo, spread.hi]));
        let hover = format!(
            "{} at N = {n}: mean {mean} (95 % interval {interval}), median {}",
            mask_name(mask),
            median(spread)
        );
        let value = middle(spread);
        plot::Cell { value, text: (quantity.short)(value), hover }
    };
    let row =
        |mask: Mask| (mask_name(mask), sizes.iter().map(|&n| cell(mask, n)).collect::<Vec<plot::Cell>>());
    let map = HeatMap {
        title: format!("{word} {}, mask by N", quantity.name),
        unit: format!("{word} {}", quantity.name),
        scale: quantity.scale,
        columns: ("N: points, and neurons".into(), sizes.iter().map(|n| format!("{n}")).collect()),
        rows: Mask::ALL.map(row).into(),
    };
    Figure {
        stem: format!("{}-by-mask", quantity.stem),
        caption: format!(
            "The {word} {} over seeds, by mask (overlap, coverage, separation) and N",
            quantity.name
        ),
        plot: map.into(),
    }
}

/// Where the picture of prototypes ends: what lies beyond stands at its edge.
const EDGES: (f64, f64) = (-1.0, 2.0);

/// Where the prototypes of networks end, over the same axis.
pub(super) fn positions(networks: &[Positions]) -> Vec<Figure> {
    let places = networks.iter().flat_map(|network| network.points.iter().chain(&network.prototypes));
    let span: Vec<f64> = places.map(|place| f64::from(*place).clamp(EDGES.0, EDGES.1)).collect();
    networks.iter().map(|network| positions_of(network, &span)).collect()
}

/// The prototypes of a network one beside the other, by rank, with the points as a line.
fn positions_of(network: &Positions, span: &[f64]) -> Figure {
    let share = |rank: usize| (rank as f64 + 0.5) / network.n as f64;
    let most = network.activations.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let prototype = |(rank, (&place, &activation)): (usize, (&f32, &f32))| {
        let x = f64::from(place).clamp(EDGES.0, EDGES.1);
        let weight = Some(f64::from(activation / most));
        let hover = format!("prototype at {place:.3}, mean activation {activation:.3}");
        Point { weight, hover, ..Point::plain(x, share(rank)) }
    };
    let point = |(rank, &place): (usize, &f32)| Point::plain(f64::from(place), share(rank));
    let prototypes = network.prototypes.iter().zip(&network.activations).enumerate().map(prototype).collect();
    let points = network.points.iter().enumerate().map(point).collect();
    let beyond = network.prototypes.iter().filter(|place| !(-1.0..=2.0).contains(*place)).count();
    let beyond = match beyond {
        0 => String::new(),
        1 => "; 1 lies beyond the edges, and stands at one".into(),
        _ => format!("; {beyond} lie beyond the edges, and stand at them"),
    };
    let name = mask_name(network.mask);
    let plot = Plot {
        x_span: span.to_vec(),
        series: vec![
            Series { join: Join::Thread, ..Series::line("points", 1, points) },
            Series { join: Join::Apart, ..Series::line("prototypes", 0, prototypes) },
        ],
        ..Plot::new(
            format!("Prototypes of {name} after training"),
            ("position", Scale::Linear),
            (&format!("{name}, N = {}: rank", network.n), Scale::Share),
        )
    };
    Figure {
        stem: format!("positions-{}", network.mask.bits()),
        caption: format!(
            "{name}: the prototypes from left to right, larger where the neuron is more active on average; the line is the points. \
             E = {}{beyond}",
            three_digits(network.error)
        ),
        plot: plot.into(),
    }
}

/// Points above, the prototypes that were matched with them below.
pub(super) fn reconstructions(networks: &[Positions]) -> Option<Figure> {
    let panel = |network: &Positions| {
        let prototypes = network.prototypes.iter().map(|place| f64::from(*place).clamp(EDGES.0, EDGES.1));
        let points = network.points.iter().map(|place| f64::from(*place));
        let pairs: Vec<(f64, f64)> = points.zip(prototypes).collect();
        let apart = |look, points| Series { join: Join::Apart, ..Series::line("", look, points) };
        let thread = |&(point, prototype): &(f64, f64)| Series {
            join: Join::Thread,
            ..Series::line("", 2, vec![Point::plain(point, 1.0), Point::plain(prototype, 0.0)])
        };
        let mut series: Vec<Series> = pairs.iter().map(thread).collect();
        series.push(apart(1, pairs.iter().map(|pair| at(pair.0, 1.0, "point")).collect()));
        series.push(apart(0, pairs.iter().map(|pair| at(pair.1, 0.0, "prototype")).collect()));
        let name = format!("{}: E {}", mask_name(network.mask), three_digits(network.error));
        let axes = (("position", Scale::Linear), (name.as_str(), Scale::Plane));
        Plot { series, ..Plot::new(name.as_str(), axes.0, axes.1) }
    };
    let n = networks.first()?.n;
    let title = format!("Points, and the prototypes matched with them, N = {n}");
    let legend = [("points", 1), ("prototypes", 0)];
    let panels = Panels::new(title.as_str(), &legend, networks.iter().map(panel).collect());
    Some(Figure { stem: "reconstructions".into(), caption: title, plot: panels.into() })
}

fn at(x: f64, y: f64, what: &str) -> Point {
    Point { hover: format!("{what} at {x:.3}"), ..Point::plain(x, y) }
}

/// The prototypes of one network of each mask, step by step.
pub(super) fn paths(paths: &[Path]) -> Option<Figure> {
    let place = |value: f32| f64::from(value).clamp(-0.5, 1.5);
    let panel = |path: &Path| {
        let last = path.steps.last().map_or(0.0, |step| *step as f64);
        let thread = |neuron: usize| {
            let step = |(step, places): (&usize, &Vec<f32>)| {
                places.get(neuron).map(|value| Point::plain(*step as f64, place(*value)))
            };
            let points = path.steps.iter().zip(&path.prototypes).filter_map(step).collect();
            Series { join: Join::Thread, ..Series::line("", 0, points) }
        };
        let point = |value: &f32| Point { hover: String::new(), ..Point::plain(last, place(*value)) };
        let mut series: Vec<Series> = (0..path.n).map(thread).collect();
        let points = path.points.iter().map(point).collect();
        series.push(Series { join: Join::Apart, ..Series::line("", 1, points) });
        let name = mask_name(path.mask);
        Plot { series, ..Plot::new(name.as_str(), ("step", Scale::Count), (name.as_str(), Scale::Linear)) }
    };
    let n = paths.first()?.n;
    let legend = [("prototypes", 0), ("points", 1)];
    let title = format!("Where each of {n} prototypes is during training, by mask");
    let panels = Panels::new(title.as_str(), &legend, paths.iter().map(panel).collect());
    let caption = format!(
        "{title}; the dots at the right are the points; what leaves the picture stands at its edge, and comes in at \
         the other where a weight changes its sign"
    );
    Some(Figure { stem: "paths".into(), caption, plot: panels.into() })
}

/// What separation alone does as it reaches farther.
pub(super) fn tau_sweep(rows: &[TauRow]) -> Option<Figure> {
    let without = rows.iter().find(|row| row.tau_s.is_none()).map(|row| row.cell.outside.mean);
    let point = |row: &TauRow| {
        let Spread { mean, lo, hi, .. } = row.cell.outside;
        let hover =
            format!("tau {}: {} outside", format_tick(row.tau_s?), short_percent((mean * 1e3).round() / 1e3));
        Some(Point { lo, hi, hover, ..Point::plain(row.tau_s?, mean) })
    };
    let points: Vec<Point> = rows.iter().filter_map(point).collect();
    let n = rows.first()?.cell.n;
    let plot = Plot {
        reference: without.map(|mean| (mean, "000 Std".into())),
        series: vec![Series::line("001 Sep", 3, points)],
        ..Plot::new(
            "Prototypes outside the points against the reach of separation",
            ("reach of separation, tau", Scale::Log),
            (&format!("N = {n}: prototypes outside"), Scale::Share),
        )
    };
    Some(Figure {
        stem: "tau-sweep".into(),
        caption: "The share of prototypes outside the points' range under separation alone, with 95 % intervals, against its reach; \
                  dashed, without it"
            .into(),
        plot: plot.into(),
    })
}
