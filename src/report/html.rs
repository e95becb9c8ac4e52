//! One self-contained page: no script, no font, no picture and no style from elsewhere.

use super::best;
use super::conclusion::{answer, choices, noise, quoted_level, verification, worth};
use super::data::RunReport;
use super::figures::{Figure, figures};
use super::grid::Grid;
use super::markup::escape;
use super::number::{
    NONE, format_count, format_ns, format_percent, format_speedup, interval, of_limit, short_percent,
    three_digits,
};
use super::pivot::{Pivot, Verdict, is_dense};
use super::result::{NoiseFloor, ResultRow};
use super::run::{blocks, difference, done, limits, machine, network};
use super::{breakdown, plot, single};
use crate::measure::Environment;
use std::{format, string::String, string::ToString, vec, vec::Vec};

const STYLE: &str = include_str!("page.css");

/// The page of one run. It expects [`json`](super::json) of the same report beside it, as `results.json`.
pub fn html(report: &RunReport) -> String {
    let pivot = Pivot::new(report);
    let place = environment(&report.environment, Some(report.seed), &report.command);
    let parts = [
        headline(report, &pivot),
        figures_html(&figures(report)),
        section("Results", &results(report, &pivot)),
        section("How it was measured", &method(report, &pivot)),
        section("Where it was measured", &place),
    ];
    document(&format!("{}: what pruning is worth", network(&report.network)), &parts.concat())
}

/// A whole page.
pub(crate) fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>\n{STYLE}{}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}\
         <footer>Made by prunella. Ratios travel between machines; times do not.</footer>\n\
         </main>\n</body>\n</html>\n",
        plot::STYLE,
        title = escape(title),
    )
}

fn headline(report: &RunReport, pivot: &Pivot) -> String {
    let answer = answer(pivot);
    let mut html = paragraph("done", &done(report));
    html += &paragraph("answer", if answer.is_empty() { "Nothing pruned was measured." } else { &answer });
    html += &cards(pivot);
    html += &worth(pivot).iter().map(|sentence| paragraph("worth", sentence)).collect::<String>();
    if !report.results.is_empty() {
        html += &paragraph("checked", &verification(&report.results));
    }
    html
}

/// The quoted level in a few large numbers.
fn cards(pivot: &Pivot) -> String {
    let Some(level) = quoted_level(pivot) else { return String::new() };
    let card = |value: String, what: String, details: &[String]| {
        let details: String = details.iter().map(|text| format!("<span>{}</span>", escape(text))).collect();
        format!("<div><dt>{}</dt><dd><b>{}</b>{details}</dd></div>\n", escape(&what), escape(&value))
    };
    let mut html = String::new();
    if let (Some(pruned), Some(dense)) = (pivot.accuracy(level), pivot.dense_accuracy()) {
        let before = format!("before pruning {}", format_percent(dense));
        html += &card(format_percent(pruned), format!("accuracy at {}", pivot.name(level)), &[before]);
    }
    for &batch in &pivot.batches {
        let Some(row) = pivot.row(batch, level, pivot.headline) else { continue };
        let range = format!("95 % interval {}", interval(row.speedup_lo, row.speedup_hi));
        let NoiseFloor { lo, hi } = pivot.noise_floor(batch);
        let noise = match pivot.verdict(row) {
            _ if is_dense(row) => "run dense: no difference".to_string(),
            Verdict::Same => format!("not clear of the noise, {}", interval(*lo, *hi)),
            _ => format!("clear of the noise, {}", interval(*lo, *hi)),
        };
        let dense = pivot
            .dense(batch)
            .map_or(String::new(), |dense| format!(" against {}", format_ns(dense.median_ns)));
        let times = format!("{}{dense}", format_ns(row.median_ns));
        let what = format!("speedup at batch {batch}");
        html += &card(format_speedup(row.speedup), what, &[range, noise, times]);
    }
    format!("<dl class=\"cards\">\n{html}</dl>\n")
}

pub(crate) fn figures_html(figures: &[Figure]) -> String {
    let all: String = figures.iter().map(figure_html).collect();
    if all.is_empty() { all } else { section("Plots", &format!("<div class=\"figures\">\n{all}</div>\n")) }
}

/// A picture and its caption.
pub(crate) fn figure_html(figure: &Figure) -> String {
    let caption = escape(&figure.caption);
    format!("<figure>\n{}<figcaption>{caption}.</figcaption>\n</figure>\n", figure.plot.inline())
}

fn results(report: &RunReport, pivot: &Pivot) -> String {
    let block = |(title, grid): (String, Grid)| format!("<h3>{}</h3>\n{}", escape(&title), grid.html(&title));
    let parts = breakdown::tables(report);
    let explanation =
        if parts.is_empty() { String::new() } else { paragraph("choice", breakdown::EXPLANATION) };
    let tables = blocks(pivot).into_iter().chain(best::blocks(pivot)).chain(parts);
    let blocks: String = tables.map(block).collect();
    let every = every_number(report);
    let choices: String = choices(pivot).iter().map(|sentence| paragraph("choice", sentence)).collect();
    format!(
        "{blocks}{explanation}{choices}<details>\n<summary>Every number: {} rows</summary>\n{}</details>\n\
         <p>The same data, with every timed call, is in <a href=\"results.json\">results.json</a> beside this page.</p>\n",
        format_count(report.results.len()),
        every.html("Every number"),
    )
}

fn every_number(report: &RunReport) -> Grid {
    let mut grid = Grid::new([
        "batch",
        "sparsity",
        "variant",
        "weights left",
        "accuracy",
        "median",
        "95 % interval",
        "p90",
        "p99",
        "speedup",
        "95 % interval",
        "GFLOP/s as if dense",
        "of peak",
        "of limit",
        "max diff",
        "agreement",
        "kernels",
    ]);
    report.results.iter().for_each(|row| grid.push(full_row(row)));
    grid.without_unknown_columns()
}

fn full_row(row: &ResultRow) -> Vec<String> {
    let optional = |share: Option<f64>| share.map_or(NONE.to_string(), format_percent);
    let kernels: Vec<&str> = row.layers.iter().map(|layer| layer.kernel.as_str()).collect();
    vec![
        row.batch.to_string(),
        format!("{} {}", short_percent(row.sparsity), row.structure),
        row.variant.clone(),
        format_count(row.nnz),
        optional(row.test_accuracy),
        format_ns(row.median_ns),
        format!("{} - {}", format_ns(row.median_ns_lo), format_ns(row.median_ns_hi)),
        format_ns(row.p90_ns),
        format_ns(row.p99_ns),
        format_speedup(row.speedup),
        interval(row.speedup_lo, row.speedup_hi),
        three_digits(row.gflops),
        optional(row.fraction_of_peak),
        of_limit(&row.limit),
        difference(row.max_abs_diff),
        format_percent(row.agreement),
        kernels.join(", "),
    ]
}

fn method(report: &RunReport, pivot: &Pivot) -> String {
    let rules = [
        "Nothing is timed before its output is checked against an oracle that computes in double precision.",
        "All variants run interleaved, in rounds of shuffled order. A speedup is the median of the ratios within a \
         round, with a 95 % bootstrap interval.",
        "A time is that of one call on the whole batch, rows in and logits out, on one input after another.",
        "dense is the network before pruning; masked is the pruned network in the same kernels, zeros multiplied \
         like any number, the control; csr stores and multiplies only what is left; auto takes the faster of the two \
         for each layer, chosen on rounds other than the timed ones.",
    ];
    let mut items: Vec<String> = rules.map(String::from).to_vec();
    if !report.results.is_empty() {
        items.push(noise(pivot));
    }
    items.extend(limits(&report.results));
    items.extend(report.notes.iter().cloned());
    if let Some(peak) = &report.peak {
        let peak = three_digits(peak.fma_gflops);
        items.push(format!("The machine's arithmetic peak, measured in the same rounds, is {peak} GFLOP/s."));
    }
    if !pivot.variants.is_empty() {
        items.push(format!("The speedups quoted are those of {}.", pivot.headline));
    }
    notes_html(&items)
}

pub(crate) fn notes_html(notes: &[String]) -> String {
    let items: String = notes.iter().map(|note| format!("<li>{}</li>\n", escape(note))).collect();
    format!("<ul>\n{items}</ul>\n")
}

pub(crate) fn environment(environment: &Environment, seed: Option<u64>, command: &str) -> String {
    let mut facts = single::environment(environment);
    facts.extend(seed.map(|seed| ("seed", seed.to_string())));
    facts.push(("command", command.to_string()));
    let fact =
        |(name, value): (&str, String)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(&value));
    let facts: String = facts.into_iter().map(fact).collect();
    let summary = paragraph("machine", &machine(environment, seed));
    format!("{summary}<dl class=\"facts\">\n{facts}</dl>\n")
}

pub(crate) fn section(title: &str, body: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n{body}</section>\n")
}

pub(crate) fn paragraph(class: &str, text: &str) -> String {
    format!("<p class=\"{class}\">{}</p>\n", unbroken(&escape(text)))
}

/// Keeps a line from ending inside an interval or before a percent sign.
fn unbroken(text: &str) -> String {
    let mut before = ' ';
    let mut joined = String::with_capacity(text.len());
    for c in text.replace(" %", "\u{a0}%").chars() {
        joined.push(if c == '-' && before.is_ascii_digit() { '\u{2011}' } else { c });
        before = c;
    }
    joined
}
