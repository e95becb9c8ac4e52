//! What a network attends to, and how it sees the digits, in numbers.

use super::super::figures::Figure;
use super::super::grid::Grid;
use super::super::number::{NONE, short_percent, significant};
use super::super::plot::{Cell, HeatMap, Scale};
use super::super::study::{Block, Section};
use super::LowCapacityReport;
use super::spreads::{distinct, spread, with_interval};
use crate::study::low_capacity::{InterpretabilityRow, Pair, Spread};
use std::{format, string::String, string::ToString, vec::Vec};

/// Measures of agreement with the dense network, from about 0 to 1, and what a narrow column calls them.
const AGREEMENT: [(&str, &str); 5] = [
    ("perturbation-spearman", "maps"),
    ("perturbation-top-overlap", "top"),
    ("gradient-spearman", "grad."),
    ("gradient-top-overlap", "top"),
    ("cka", "CKA"),
];

const MEASURES: &str = "Agreement with the dense network, over the whole validation set: maps, the rank correlation of saliency maps by \
    perturbation, image by image; top, the share of the most salient pixels in common; the same for gradients; CKA, the similarity of \
    the hidden activations. Networks: magnitude and random, pruned as published and by chance; reinitialised, other weights not trained; \
    converged-recipe and converged-random, trained to convergence and pruned by the recipe that takes most, against a dense network \
    trained alike; converged-again, that one from other initial weights.";

/// A network, by its name and how far it was pruned, in percent.
type Network<'a> = (&'a str, f64);

/// The numbers, over pairs and seeds.
struct Numbers<'a>(Vec<&'a InterpretabilityRow>);

impl Numbers<'_> {
    fn of(&self, network: Network, measure: &str) -> Option<Spread> {
        let is_it = |row: &&&InterpretabilityRow| {
            (row.network.as_str(), row.level) == network && row.measure == measure
        };
        spread(self.0.iter().filter(is_it).map(|row| row.value))
    }

    fn networks(&self) -> Vec<Network<'_>> {
        distinct(self.0.iter().map(|row| (row.network.as_str(), row.level)))
    }
}

/// Rows about the pictures stand beside them.
fn is_own(row: &&InterpretabilityRow) -> bool {
    !row.network.starts_with("published-")
}

/// Agreement, faithfulness, geometry.
pub(super) fn interpretability(report: &LowCapacityReport) -> Option<Section> {
    let rows: Vec<&InterpretabilityRow> = report.findings.interpretability.iter().filter(is_own).collect();
    rows.first()?;
    let numbers = Numbers(rows);
    let rows = &numbers.0;
    let mut blocks = Vec::from([Block::Text(MEASURES.to_string())]);
    blocks.push(Block::Figures(Vec::from([heat(&numbers)])));
    let measures = distinct(rows.iter().map(|row| row.measure.as_str()));
    let mut grid = Grid::new(core::iter::once("network").chain(measures.iter().copied()));
    for network in numbers.networks() {
        let cell = |measure: &&str| {
            numbers.of(network, measure).map_or(NONE.to_string(), |of| with_interval(of.mean, of.interval))
        };
        grid.push(core::iter::once(name(network)).chain(measures.iter().map(cell)).collect());
    }
    let pairs: Vec<String> = distinct(rows.iter().map(|row| row.pair)).iter().map(Pair::to_string).collect();
    let seeds = distinct(rows.iter().map(|row| row.seed)).len();
    let title =
        format!("Every measure: mean over {} and {seeds} seeds, with 95 % intervals", pairs.join(", "));
    blocks.push(Block::Folded(title, grid));
    let answer = answer(&numbers).unwrap_or_default();
    Some(Section { id: "interpretability", title: "Is it still the same network inside?", answer, blocks })
}

/// `magnitude, 95 %`.
fn name((network, level): Network) -> String {
    if level == 0.0 { network.to_string() } else { format!("{network}, {}", short_percent(level / 100.0)) }
}

fn heat(numbers: &Numbers) -> Figure {
    let cell = |network: Network, measure: &str| {
        let spread = numbers.of(network, measure);
        Cell {
            value: spread.map_or(f64::NAN, |spread| spread.mean),
            text: spread.map_or(NONE.to_string(), |spread| format!("{:.2}", spread.mean)),
            hover: spread.map_or(String::new(), |of| {
                format!("{}, {measure}: {}", name(network), with_interval(of.mean, of.interval))
            }),
        }
    };
    let row = |network: Network| {
        (name(network), AGREEMENT.iter().map(|(measure, _)| cell(network, measure)).collect::<Vec<Cell>>())
    };
    let is_compared = |(_, cells): &(String, Vec<Cell>)| cells.iter().any(|cell| cell.value.is_finite());
    let map = HeatMap {
        title: "Agreement with the dense network".into(),
        unit: "agreement with the dense network, mean".into(),
        scale: Scale::Linear,
        columns: ("measure".into(), AGREEMENT.iter().map(|(_, short)| short.to_string()).collect()),
        rows: numbers.networks().into_iter().map(row).filter(is_compared).collect(),
    };
    Figure {
        stem: "agreement".into(),
        caption: "Agreement of saliency maps (perturbation, gradient) and of hidden activations with the dense network, mean over pairs \
                  and seeds"
            .into(),
        plot: map.into(),
    }
}

fn answer(numbers: &Numbers) -> Option<String> {
    let at = |network| Some(significant(numbers.of(network, "perturbation-spearman")?.mean, 2));
    Some(format!(
        "Saliency maps of the network at a true 95 % keep a rank correlation of {} with those of the dense one; pruned at random {}.",
        at(("magnitude", 95.0))?,
        at(("random", 95.0))?
    ))
}
