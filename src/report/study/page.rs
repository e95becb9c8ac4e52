//! A study as a page: its claims with verdicts first, then sections that answer before they explain.

use super::super::figures::Figure;
use super::super::grid::Grid;
use super::super::html::{document, figure_html, notes_html, paragraph};
use super::super::markup::escape;
use super::super::number::plural;
use super::claims::{claims_html, verdict_html};
use crate::study::{Claim, Verdict};
use std::{format, string::String, vec::Vec};

/// Everything on the page of a study.
pub(crate) struct Page<'a> {
    /// What the page is about.
    pub(crate) title: String,
    /// What was done, where.
    pub(crate) lead: Vec<String>,
    /// What the study says, tested.
    pub(crate) claims: &'a [Claim],
    /// In the order of the study.
    pub(crate) sections: Vec<Section>,
}

/// A question and its answer.
pub(crate) struct Section {
    /// The last part of its address: `capacity`.
    pub(crate) id: &'static str,
    /// Its heading.
    pub(crate) title: &'static str,
    /// The answer in plain words; empty if there is none to give.
    pub(crate) answer: String,
    /// What the answer rests on.
    pub(crate) blocks: Vec<Block>,
}

/// A part of a section.
pub(crate) enum Block {
    /// A paragraph.
    Text(String),
    /// Pictures side by side where there is room.
    Figures(Vec<Figure>),
    /// A picture with many parts, as wide as the page.
    Wide(Figure),
    /// A table under its title.
    Table(String, Grid),
    /// A picture, and the numbers beside it under a title.
    Beside(Figure, String, Grid),
    /// A table under its title that is long or for the curious: closed until it is wanted.
    Folded(String, Grid),
    /// Sentences, listed.
    Notes(Vec<String>),
    /// HTML.
    Raw(String),
}

impl Page<'_> {
    /// Every picture, in the order of the page.
    pub(crate) fn figures(&self) -> Vec<Figure> {
        let figures = |block: &Block| match block {
            Block::Figures(figures) => figures.clone(),
            Block::Wide(figure) | Block::Beside(figure, ..) => [figure.clone()].into(),
            _ => Vec::new(),
        };
        self.sections.iter().flat_map(|section| &section.blocks).flat_map(figures).collect()
    }

    /// The page.
    pub(crate) fn html(&self) -> String {
        let mut body: String = self.lead.iter().map(|line| paragraph("done", line)).collect();
        if !self.claims.is_empty() {
            body += &tally(self.claims);
        }
        body += &self.contents();
        if !self.claims.is_empty() {
            body += &section("claims", "What was claimed, and what holds", "", &claims_html(self.claims));
        }
        for part in &self.sections {
            let blocks: String = part.blocks.iter().map(Block::html).collect();
            body += &section(part.id, part.title, &part.answer, &blocks);
        }
        document(&self.title, &body)
    }

    fn contents(&self) -> String {
        let claims = (!self.claims.is_empty()).then_some(("claims", "Claims"));
        let sections = self.sections.iter().map(|section| (section.id, section.title));
        let link = |(id, title)| format!("<li><a href=\"#{id}\">{}</a></li>\n", escape(title));
        let links: String = claims.into_iter().chain(sections).map(link).collect();
        format!("<nav class=\"contents\" aria-label=\"Contents\"><ul>\n{links}</ul></nav>\n")
    }
}

impl Block {
    fn html(&self) -> String {
        match self {
            Block::Text(text) => paragraph("text", text),
            Block::Figures(figures) => {
                let figures: String = figures.iter().map(figure_html).collect();
                format!("<div class=\"figures\">\n{figures}</div>\n")
            }
            Block::Wide(figure) => figure_html(figure),
            Block::Table(title, grid) => table(title, grid),
            Block::Beside(figure, title, grid) => {
                format!(
                    "<div class=\"figures beside\">\n{}<div>{}</div></div>\n",
                    figure_html(figure),
                    table(title, grid)
                )
            }
            Block::Folded(title, grid) => {
                format!("<details>\n<summary>{}</summary>\n{}</details>\n", escape(title), grid.html(title))
            }
            Block::Notes(notes) => notes_html(notes),
            Block::Raw(html) => html.clone(),
        }
    }
}

fn table(title: &str, grid: &Grid) -> String {
    format!("<h3>{}</h3>\n{}", escape(title), grid.html(title))
}

fn section(id: &str, title: &str, answer: &str, body: &str) -> String {
    let answer = if answer.is_empty() { String::new() } else { paragraph("answer", answer) };
    format!("<section id=\"{id}\">\n<h2>{}</h2>\n{answer}{body}</section>\n", escape(title))
}

/// How many claims have each verdict.
fn tally(claims: &[Claim]) -> String {
    let all = [Verdict::Holds, Verdict::HoldsInPart, Verdict::DoesNotHold, Verdict::Undecided];
    let card = |verdict: &Verdict| {
        let count = claims.iter().filter(|claim| claim.verdict == *verdict).count();
        format!("<div><dt>{}</dt><dd><b>{count}</b></dd></div>\n", verdict_html(*verdict))
    };
    let cards: String = all.iter().map(card).collect();
    let count = plural(claims.len(), "claim", "claims");
    format!("<p class=\"answer\">Of {count} tested:</p>\n<dl class=\"cards tally\">\n{cards}</dl>\n")
}
