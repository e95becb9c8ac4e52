//! The page of the low-capacity study, in the order of the paper.

use super::super::figures::Figure;
use super::super::html::environment;
use super::super::number::plural;
use super::super::run::dataset;
use super::super::study::{Block, Page, Section};
use super::LowCapacityReport;
use super::answer::answer;
use super::contest::Contests;
use super::interpretability::interpretability;
use super::pareto::pareto;
use super::pictures::{embedding, saliency};
use super::pruning::pruning;
use super::published::{capacity, neurons, rates, robustness};
use super::recipes::recipes;
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// Every picture of the page.
pub fn low_capacity_figures(report: &LowCapacityReport) -> Vec<Figure> {
    page(report, Vec::new()).figures()
}

/// The page. It expects [`json`](crate::report::json) of the same report beside it, as `results.json`.
pub fn low_capacity_html(report: &LowCapacityReport) -> String {
    let mut notes = report.notes.clone();
    notes.push(
        "Intervals are 95 % intervals of a mean over seeds (bootstrap). With the study's three seeds they are the range, and with five \
         still too narrow: they hold the mean about 84 times in 100. Published numbers are means over three seeds, read off text and \
         figures."
            .to_string(),
    );
    let link = "<p>All numbers are in <a href=\"results.json\">results.json</a> beside this page.</p>\n";
    let method = vec![Block::Notes(notes), Block::Raw(link.to_string())];
    let place = vec![Block::Raw(environment(&report.environment, None, &report.command))];
    let section = |id, title, blocks| Section { id, title, answer: String::new(), blocks };
    let end =
        vec![section("method", "How to read it", method), section("place", "Where it was measured", place)];
    page(report, end).html()
}

fn page(report: &LowCapacityReport, end: Vec<Section>) -> Page<'_> {
    let contests = Contests::of(&report.findings.pareto);
    let parts = [
        rates(report),
        capacity(report),
        pruning(report),
        neurons(report),
        embedding(report),
        robustness(report),
        saliency(report),
        recipes(report),
        pareto(&contests),
        interpretability(report),
    ];
    let networks = plural(report.findings.pruning.len(), "pruned network", "pruned networks");
    let lead = format!(
        "arXiv 2507.16278 (Y. Kumar, 2025) done again, tested, and what its reviewers asked for. Trained on {}. {networks}.",
        dataset(&report.dataset)
    );
    Page {
        title: "Low-capacity networks: what holds".to_string(),
        lead: core::iter::once(lead).chain(answer(report, &contests)).collect(),
        claims: &report.claims,
        sections: parts.into_iter().flatten().chain(end).collect(),
    }
}
