//! The page of the prototype study.

use super::super::figures::Figure;
use super::super::html::environment;
use super::super::number::{plural, trimmed};
use super::super::study::{Block, Page, Section};
use super::answer::what_holds;
use super::sections::{digits, error, motion, places, sensitivity, settling, specialization, tau};
use crate::measure::Environment;
use crate::study::prototypes::{Results, Settings};
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// Every picture of the page.
pub fn prototypes_figures(results: &Results) -> Vec<Figure> {
    page(results, Vec::new()).figures()
}

/// The page. It expects `results.json` beside it. `command` is the command line that made it.
pub fn prototypes_html(results: &Results, place: &Environment, command: &str) -> String {
    let place = environment(place, Some(results.settings.first_seed), command);
    let place = Section {
        id: "place",
        title: "Where it was measured",
        answer: String::new(),
        blocks: vec![Block::Raw(place)],
    };
    page(results, vec![definitions(&results.settings), place]).html()
}

fn page(results: &Results, end: Vec<Section>) -> Page<'_> {
    let parts = [
        error(results),
        places(results),
        specialization(results),
        tau(results),
        settling(results),
        digits(results),
        motion(results),
        sensitivity(results),
    ];
    let runs = plural(results.runs.len(), "nominal run", "nominal runs");
    let lead = format!(
        "A reconstruction of arXiv 2605.25939 (Alba, Lopez-Rubio, 2026): networks of as many Gaussian neurons as there are points, \
         trained with every subset of three structural losses. {runs}."
    );
    Page {
        title: "Prototypes in minimal Gaussian networks: what holds".to_string(),
        lead: core::iter::once(lead).chain(what_holds(results)).collect(),
        claims: &results.claims,
        sections: parts.into_iter().flatten().chain(end).collect(),
    }
}

fn definitions(settings: &Settings) -> Section {
    let nominal = &settings.nominal;
    let number = |value: f32| if value < 1e-3 { format!("{value:e}") } else { trimmed(f64::from(value)) };
    let notes = [
        "A network of N neurons learns N points: h = exp(-(w x + b)^2), output sum of a h + c; the prototype of a neuron is \
         p = -b / w."
            .to_string(),
        format!(
            "The loss is the mean squared error and, for each bit of the mask, {} times a structural loss. Overlap: the mean over \
             pairs of neurons of the mean product of their activations. Coverage: the mean over points of the softened squared \
             distance of the nearest prototype (softness {}). Separation: the mean over pairs of exp(-(p - q)^2 / tau), tau = {}.",
            number(nominal.lambda),
            number(nominal.tau_c),
            number(nominal.tau_s)
        ),
        format!("Adam at {} on all points, {} steps.", number(nominal.rate), nominal.steps),
        format!(
            "Nominal runs have {} from {} on, the other parts {}. All masks of a seed and N share points and initial weights.",
            plural(settings.seeds, "seed", "seeds"),
            settings.first_seed,
            plural(settings.other_seeds, "seed", "seeds"),
        ),
        "Intervals are 95 % intervals over seeds. A verdict other than undecided needs one that excludes its threshold.".to_string(),
        "The published text names none of these formulas and numbers: they are ours, and the sensitivity table says what depends \
         on them."
            .to_string(),
    ];
    Section {
        id: "definitions",
        title: "How it was done",
        answer: String::new(),
        blocks: vec![
            Block::Notes(notes.into()),
            Block::Raw(
                "<p>All numbers are in <a href=\"results.json\">results.json</a> beside this page.</p>\n"
                    .to_string(),
            ),
        ],
    }
}
