//! The experiments as published: learning rates, capacity, dead neurons, noise and occlusion.

use super::super::figures::Figure;
use super::super::grid::Grid;
use super::super::number::{NONE, format_tick, plural};
use super::super::plot::{Cell, HeatMap, Join, Panels, Plot, Point, Scale, Series};
use super::super::study::{Block, Section};
use super::LowCapacityReport;
use super::spreads::{distinct, interval_point, published_point, spread, with_interval};
use crate::study::low_capacity::{
    CapacityRow, Comparison, Corruption, Pair, RateRow, Reading, RobustnessRow, Section as Of, published,
};
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// Published numbers of one kind beside measured ones.
fn compared(report: &LowCapacityReport, of: Of) -> Vec<&Comparison> {
    report.comparisons.iter().filter(|row| row.section == of).collect()
}

/// How many published numbers lie within the spread over seeds: `23 of 25`.
fn covered(rows: &[&Comparison]) -> String {
    format!("{} of {}", rows.iter().filter(|row| row.is_covered).count(), rows.len())
}

/// Beside a figure: few columns.
fn table(rows: &[&Comparison], at: &str, name: impl Fn(&Comparison) -> String) -> Grid {
    let mut grid = Grid::new([at, "published", "measured"]);
    for row in rows {
        let star = if row.is_covered { "" } else { "*" };
        let published = format!("{:.3}{star}", row.published);
        grid.push(vec![name(row), published, with_interval(row.mean, row.interval)]);
    }
    grid
}

/// What the star in a table means.
const STAR: &str = "Published, and measured (95 % interval); * outside the range of our seeds";

/// Every comparison with all there is to say of it.
fn every(rows: &[&Comparison]) -> Grid {
    let mut grid =
        Grid::new(["pair, h", "at", "published", "mean", "95 % interval", "s.d.", "range", "seeds"]);
    for row in rows {
        let ends = |[lo, hi]: [f64; 2]| format!("{lo:.3}-{hi:.3}");
        grid.push(vec![
            format!("{}, {}", row.pair, row.hidden),
            format_tick(row.at),
            format!("{:.3}", row.published),
            format!("{:.3}", row.mean),
            ends(row.interval),
            format!("{:.3}", row.sd),
            ends(row.range),
            row.seeds.to_string(),
        ]);
    }
    grid
}

/// The learning-rate grid.
pub(super) fn rates(report: &LowCapacityReport) -> Option<Section> {
    let rows = &report.findings.rates;
    let pair = rows.first()?.pair;
    let mut widths = distinct(rows.iter().map(|row| row.hidden));
    widths.sort_unstable();
    let mut rates = distinct(rows.iter().map(|row| row.rate));
    rates.sort_by(f64::total_cmp);
    let at = |hidden: usize, rate: f64| {
        let own = rows.iter().filter(|row| (row.hidden, row.rate) == (hidden, rate));
        spread(own.map(|row: &RateRow| row.best_f1))
    };
    let mean = |hidden: usize, rate: f64| at(hidden, rate).map_or(f64::NAN, |spread| spread.mean);
    let best =
        |&hidden: &usize| rates.iter().copied().max_by(|a, b| mean(hidden, *a).total_cmp(&mean(hidden, *b)));
    let largest = *rates.last()?;
    let wins = widths.iter().filter(|hidden| best(hidden) == Some(largest)).count();
    let cell = |hidden: usize, rate: f64| {
        let spread = at(hidden, rate);
        Cell {
            value: spread.map_or(f64::NAN, |spread| spread.mean),
            text: spread.map_or(NONE.to_string(), |spread| format!("{:.2}", spread.mean)),
            hover: spread.map_or(String::new(), |of| {
                format!("h = {hidden} at {}: {}", format_tick(rate), with_interval(of.mean, of.interval))
            }),
        }
    };
    let title = format!("Best training F1 on {pair} by hidden units and learning rate");
    let map = HeatMap {
        title: title.clone(),
        unit: format!("{pair}: best training F1, mean over seeds"),
        scale: Scale::Linear,
        columns: ("learning rate".into(), rates.iter().map(|rate| format_tick(*rate)).collect()),
        rows: widths
            .iter()
            .map(|&hidden| (format!("h = {hidden}"), rates.iter().map(|&rate| cell(hidden, rate)).collect()))
            .collect(),
    };
    let map = Figure { stem: "rates".into(), caption: title, plot: map.into() };
    let known = compared(report, Of::Rates);
    let answer = format!(
        "{} is the best of the {} rates at {wins} of {}.",
        format_tick(largest),
        rates.len(),
        plural(widths.len(), "width", "widths")
    );
    let heading = format!("h = {}. {STAR}", published::RATE_WIDTH);
    let blocks = vec![Block::Beside(map, heading, table(&known, "rate", |row| format_tick(row.at)))];
    Some(Section { id: "rates", title: "Which learning rate is best?", answer, blocks })
}

/// The looks of the pairs: the wide line of look 1 is for lines that others lie on.
const PAIR_LOOKS: [usize; 5] = [0, 3, 4, 5, 6];

pub(super) fn pair_look(pair: Pair) -> usize {
    Pair::ALL.iter().position(|of| *of == pair).map_or(2, |i| PAIR_LOOKS[i])
}

/// Best F1 against width.
pub(super) fn capacity(report: &LowCapacityReport) -> Option<Section> {
    let rows = &report.findings.capacity;
    rows.first()?;
    let pairs = distinct(rows.iter().map(|row| row.pair));
    let known = compared(report, Of::Capacity);
    let plot = Plot {
        series: pairs
            .iter()
            .map(|&pair| capacity_line(rows, pair, pair_look(pair), &pair.to_string()))
            .collect(),
        ..Plot::new(
            "Best training F1 against hidden units",
            ("hidden units", Scale::Size),
            ("best training F1", Scale::Linear),
        )
    };
    let all = Figure {
        stem: "capacity".into(),
        caption:
            "Best training F1 over the epochs, mean and standard deviation over seeds, as the study plots it"
                .into(),
        plot: plot.into(),
    };
    let panel = |&pair: &Pair| {
        let of_pair = known.iter().filter(|row| row.pair == pair);
        let points = of_pair
            .map(|row| published_point(row.hidden as f64, row.published, &format!("h = {}", row.hidden)));
        let dashed = Series { join: Join::Dashes, ..Series::line("", 1, points.collect()) };
        Plot {
            series: vec![dashed, capacity_line(rows, pair, 0, "")],
            ..Plot::new(pair.to_string(), ("hidden units", Scale::Size), (&pair.to_string(), Scale::Linear))
        }
    };
    let legend = [("measured", 0), ("published", 1)];
    let title = "Best training F1 against hidden units, published and measured, by pair".to_string();
    let panels = Panels::new(title.as_str(), &legend, pairs.iter().map(panel).collect());
    let panels = Figure { stem: "capacity-published".into(), caption: title, plot: panels.into() };
    let answer = if known.is_empty() {
        String::new()
    } else {
        format!("{} published numbers lie within the range of our seeds.", covered(&known))
    };
    let heading = "Published / measured mean; * outside the range of our seeds".to_string();
    let blocks = vec![
        Block::Figures(vec![all]),
        Block::Table(heading, capacity_table(&known, &pairs)),
        Block::Wide(panels),
        Block::Folded("Published against measured, with intervals".to_string(), every(&known)),
    ];
    Some(Section { id: "capacity", title: "How small can the network be?", answer, blocks })
}

fn capacity_line(rows: &[CapacityRow], pair: Pair, look: usize, name: &str) -> Series {
    let own = || rows.iter().filter(|row| row.pair == pair);
    let mut widths = distinct(own().map(|row| row.hidden));
    widths.sort_unstable();
    let point = |&hidden: &usize| {
        let spread = spread(own().filter(|row| row.hidden == hidden).map(|row| row.best_f1))?;
        let point = interval_point(hidden as f64, &spread, &format!("{pair}, h = {hidden}"));
        Some(Point { lo: spread.mean - spread.sd, hi: (spread.mean + spread.sd).min(1.0), ..point })
    };
    Series::line(name, look, widths.iter().filter_map(point).collect())
}

fn capacity_table(known: &[&Comparison], pairs: &[Pair]) -> Grid {
    let mut grid = Grid::new(core::iter::once("h".to_string()).chain(pairs.iter().map(Pair::to_string)));
    for hidden in distinct(known.iter().map(|row| row.hidden)) {
        let cell = |&pair: &Pair| {
            let row = known.iter().find(|row| (row.pair, row.hidden) == (pair, hidden));
            row.map_or(NONE.to_string(), |row| {
                format!("{:.3} / {:.3}{}", row.published, row.mean, if row.is_covered { "" } else { "*" })
            })
        };
        grid.push(core::iter::once(hidden.to_string()).chain(pairs.iter().map(cell)).collect());
    }
    grid
}

/// Hidden units that are never active.
pub(super) fn neurons(report: &LowCapacityReport) -> Option<Section> {
    let rows = &report.findings.neurons;
    rows.first()?;
    let kind = |row: &crate::study::low_capacity::NeuronsRow| (row.level, row.reading);
    let kinds = distinct(rows.iter().map(kind));
    let name = |&(level, reading): &(f64, Reading)| stage(level, reading);
    let mut grid = Grid::new(["pair, h".to_string()].into_iter().chain(kinds.iter().map(name)));
    for (pair, hidden) in distinct(rows.iter().map(|row| (row.pair, row.hidden))) {
        let own = || rows.iter().filter(move |row| (row.pair, row.hidden) == (pair, hidden));
        let cell = |of: &(f64, Reading)| {
            let dead = spread(own().filter(|row| kind(row) == *of).map(|row| row.dead as f64));
            dead.map_or(NONE.to_string(), |dead| {
                format!("{:.2} ({:.0}-{:.0})", dead.mean, dead.range[0], dead.range[1])
            })
        };
        grid.push(core::iter::once(format!("{pair}, {hidden}")).chain(kinds.iter().map(cell)).collect());
    }
    let mean = |of: &(f64, Reading)| {
        let dead = rows.iter().filter(|row| kind(row) == *of).map(|row| row.dead as f64);
        Some(format!("{:.2} ({})", spread(dead)?.mean, name(of)))
    };
    let means: Vec<String> = kinds.iter().filter_map(mean).collect();
    let answer = format!(
        "Dead units per network, on average: {}. Published: none before, none after.",
        means.join(", ")
    );
    let title = "Units that are 0 on every validation example: mean over seeds (fewest - most)".to_string();
    Some(Section {
        id: "neurons",
        title: "Do neurons die?",
        answer,
        blocks: vec![Block::Folded(title, grid)],
    })
}

/// How a network was pruned, in a word or two: `dense`, `95 %`, `0.95 %`.
pub(super) fn stage(level: f64, reading: Reading) -> String {
    if level == 0.0 { "dense".to_string() } else { super::super::number::short_percent(reading.share(level)) }
}

/// Noise and occlusion.
pub(super) fn robustness(report: &LowCapacityReport) -> Option<Section> {
    report.findings.robustness.first()?;
    let (noise, patch) = (compared(report, Of::Noise), compared(report, Of::Occlusion));
    let said = |rows: &[&Comparison], what: &str| {
        (!rows.is_empty()).then(|| {
            format!("{what}, {} published numbers lie within the range of our seeds.", covered(rows))
        })
    };
    let answers = [said(&noise, "Under noise"), said(&patch, "With a patch of 0")];
    let answer = answers.into_iter().flatten().collect::<Vec<String>>().join(" ");
    let name = |row: &Comparison| format!("{}, {}", row.hidden, row.at);
    let figure = noise_figure(&report.findings.robustness, &noise);
    let mut blocks = vec![Block::Beside(figure, STAR.to_string(), table(&noise, "h, sigma", name))];
    if !patch.is_empty() {
        blocks.push(Block::Table(format!("A patch of 0. {STAR}"), table(&patch, "h, width", name)));
    }
    Some(Section { id: "robustness", title: "How much noise does it bear?", answer, blocks })
}

fn noise_figure(rows: &[RobustnessRow], published: &[&Comparison]) -> Figure {
    let is_clean = |row: &&RobustnessRow| row.corruption == Corruption::None;
    let is_noisy = |row: &&RobustnessRow| row.corruption == Corruption::Noise;
    let mut strengths = distinct(rows.iter().filter(is_noisy).map(|row| row.strength));
    strengths.sort_by(f64::total_cmp);
    let mut series = Vec::new();
    for (hidden, look) in
        distinct(rows.iter().map(|row| row.hidden)).into_iter().zip([0, 3, 4, 5, 6].into_iter().cycle())
    {
        let own = || rows.iter().filter(move |row| row.hidden == hidden);
        let name = format!("h = {hidden}");
        let clean = spread(own().filter(is_clean).map(|row| row.f1));
        let clean = clean.map(|of| interval_point(0.0, &of, &format!("{name}, no noise")));
        let point = |&sigma: &f64| {
            let noisy = own().filter(is_noisy).filter(|row| row.strength == sigma);
            Some(interval_point(sigma, &spread(noisy.map(|row| row.f1))?, &format!("{name}, {sigma}")))
        };
        let points = clean.into_iter().chain(strengths.iter().filter_map(point)).collect();
        series.push(Series::line(name.as_str(), look, points));
        let known = published.iter().filter(|row| row.hidden == hidden);
        let points: Vec<Point> = known.map(|row| published_point(row.at, row.published, &name)).collect();
        if !points.is_empty() {
            series.push(Series {
                join: Join::Dashes,
                ..Series::line(format!("{hidden}, published"), look, points)
            });
        }
    }
    let pair = rows.first().map_or(String::new(), |row| row.pair.to_string());
    let plot = Plot {
        series,
        ..Plot::new(
            format!("F1 on {pair} against noise"),
            ("standard deviation of the noise", Scale::Linear),
            (&format!("{pair}: F1 on validation images"), Scale::Linear),
        )
    };
    Figure {
        stem: "noise".into(),
        caption: "F1 under Gaussian noise, mean over seeds with 95 % intervals; dashed, as published".into(),
        plot: plot.into(),
    }
}
