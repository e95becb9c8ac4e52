//! The sections of the page.

use super::super::figures::Figure;
use super::super::grid::Grid;
use super::super::markup::escape;
use super::super::number::{format_tick, plural, short_percent, significant, three_digits};
use super::super::plot::{self, HeatMap, Image, Images, Scale, Tone};
use super::super::study::{Block, Section, verdict_html};
use super::figures::{
    ERROR, MEDIAN_ERROR, SPECIALIZATION, against_size, heat, mask_name, paths, positions, reconstructions,
    tau_sweep,
};
use super::tables::{median, short};
use crate::study::prototypes::{Cell, DigitsRow, Mask, Results, SensitivityRow, SettlingRow, Spread, TauRow};
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// A mean with its interval: `0.0123 (0.0119 to 0.0127)`.
fn mean(spread: &Spread) -> String {
    let Spread { mean, lo, hi, .. } = *spread;
    format!("{} ({} to {})", short(mean), short(lo), short(hi))
}

fn largest_size(results: &Results) -> Option<usize> {
    results.cells.iter().map(|cell| cell.n).max()
}

fn cell(results: &Results, mask: Mask, n: usize) -> Option<&Cell> {
    results.cells.iter().find(|cell| cell.mask == mask && cell.n == n)
}

/// A share in whole percent, or with a decimal near its ends.
fn percent(share: f64) -> String {
    let decimals = if (0.1..=0.9).contains(&share) { 100.0 } else { 1000.0 };
    short_percent((share * decimals).round() / decimals)
}

/// E against N.
pub(super) fn error(results: &Results) -> Option<Section> {
    let n = largest_size(results)?;
    let sizes = results.settings.sizes.iter().filter(|&&n| cell(results, Mask::COV, n).is_some());
    let sizes: Vec<usize> = sizes.copied().collect();
    let times_lowest = |of: fn(&Spread) -> f64| {
        let is_lowest = |n: &&usize| {
            let of_size = results.cells.iter().filter(|cell| cell.n == **n);
            let best = of_size.min_by(|a, b| of(&a.error).total_cmp(&of(&b.error)));
            best.is_some_and(|cell| cell.mask == Mask::COV)
        };
        sizes.iter().filter(is_lowest).count()
    };
    let lowest = times_lowest(|error| error.mean);
    let lowest_by_median = times_lowest(|error| error.median);
    let of = |mask| cell(results, mask, n).map(|cell| significant(cell.error.mean, 2));
    let answer = format!(
        "Coverage alone has the lowest mean error at {lowest} of {}, and the lowest median at {lowest_by_median}. At N = {n} its mean \
         is {}, against {} without a structural loss and {} with overlap alone.",
        plural(sizes.len(), "size", "sizes"),
        of(Mask::COV)?,
        of(Mask::STD)?,
        of(Mask::OVL)?,
    );
    let mut blocks = vec![Block::Text(
        "E: each prototype is matched with a point of its own so that the sum of the distances is least; E is their mean."
            .to_string(),
    )];
    blocks.push(Block::Figures(against_size(results, &ERROR)));
    let text = "A few runs with prototypes far out carry much of a mean; the median tells where most are. Intervals are in the table \
                below.";
    blocks.push(Block::Text(text.to_string()));
    blocks.push(Block::Figures(vec![heat(results, &ERROR), heat(results, &MEDIAN_ERROR)]));
    let title = "Every mean and the median of E, with their 95 % intervals over seeds".to_string();
    blocks.push(Block::Folded(title, every_cell(&results.cells)));
    Some(Section { id: "error", title: "Are the points read back?", answer, blocks })
}

fn every_cell(cells: &[Cell]) -> Grid {
    let mut grid = Grid::new([
        "mask",
        "N",
        "seeds",
        "E",
        "median E",
        "specialisation",
        "by activation",
        "outside",
        "all outside",
        "fit",
    ]);
    for cell in cells {
        grid.push(vec![
            mask_name(cell.mask),
            cell.n.to_string(),
            cell.seeds.to_string(),
            mean(&cell.error),
            median(&cell.error),
            mean(&cell.specialization),
            mean(&cell.specialization_by_activation),
            mean(&cell.outside),
            percent(cell.all_outside),
            mean(&cell.fit),
        ]);
    }
    grid
}

/// Where the prototypes end.
pub(super) fn places(results: &Results) -> Option<Section> {
    let n = results.positions.first()?.n;
    let outside = |mask| cell(results, mask, n).map(|cell| percent(cell.outside.mean));
    let answer = match (
        outside(Mask::OVL),
        outside(Mask::STD),
        outside(Mask::COV),
        cell(results, Mask::OVL, n),
    ) {
        (Some(overlap), Some(plain), Some(coverage), Some(cell)) => format!(
            "Overlap drives prototypes out: at N = {n}, {overlap} of them end outside the points' range, {plain} without a \
             structural loss, {coverage} with coverage; all {n} in {} of the runs.",
            percent(cell.all_outside)
        ),
        _ => String::new(),
    };
    let blocks = vec![Block::Figures(positions(&results.positions))];
    Some(Section { id: "places", title: "Where do the prototypes go?", answer, blocks })
}

/// How many prototypes are of use.
pub(super) fn specialization(results: &Results) -> Option<Section> {
    let n = largest_size(results)?;
    let of = |mask| cell(results, mask, n).map(|cell| format!("{:.2}", cell.specialization.mean));
    let answer = format!(
        "At N = {n} the ratio is {} with coverage, {} without a structural loss, and {} with overlap.",
        of(Mask::COV)?,
        of(Mask::STD)?,
        of(Mask::OVL)?
    );
    let mut blocks = vec![
        Block::Text(
            "Specialisation: how many prototypes are the nearest one of some point, as a share of N."
                .to_string(),
        ),
        Block::Figures(against_size(results, &SPECIALIZATION)),
        Block::Figures(vec![heat(results, &SPECIALIZATION)]),
    ];
    blocks.extend(reconstructions(&results.reconstructions).map(Block::Wide));
    Some(Section { id: "specialization", title: "Does each neuron take a point of its own?", answer, blocks })
}

/// Separation alone.
pub(super) fn tau(results: &Results) -> Option<Section> {
    let swept = || results.tau_sweep.iter().filter(|row| row.tau_s.is_some());
    let (first, last) = (swept().next()?, swept().next_back()?);
    let outside = |row: &TauRow| {
        let Spread { mean, lo, hi, .. } = row.cell.outside;
        format!("{} ({} to {})", percent(mean), percent(lo), percent(hi))
    };
    let answer = format!(
        "Separation alone leaves {} of the prototypes outside at its shortest reach and {} at its longest.",
        percent(first.cell.outside.mean),
        percent(last.cell.outside.mean)
    );
    let mut grid = Grid::new(["tau", "outside", "E", "specialisation"]);
    for row in &results.tau_sweep {
        let reach = row.tau_s.map_or("none (000)".to_string(), format_tick);
        let specialization = format!("{:.2}", row.cell.specialization.mean);
        grid.push(vec![reach, outside(row), significant(row.cell.error.mean, 2), specialization]);
    }
    let title = "Means over seeds, with 95 % intervals".to_string();
    let blocks = vec![Block::Beside(tau_sweep(&results.tau_sweep)?, title, grid)];
    Some(Section { id: "tau", title: "What does separation alone do?", answer, blocks })
}

/// Which claim depends on which choice.
pub(super) fn sensitivity(results: &Results) -> Option<Section> {
    let claims: Vec<&str> =
        results.sensitivity.first()?.verdicts.iter().map(|(id, ..)| id.as_str()).collect();
    let nominal = &results.sensitivity.first()?.verdicts;
    let changes = |i: usize| {
        let differs = |row: &&SensitivityRow| {
            row.verdicts.get(i).is_some_and(|(_, verdict, _)| *verdict != nominal[i].1)
        };
        results.sensitivity.iter().filter(differs).count()
    };
    let others = results.sensitivity.len() - 1;
    let change = |(i, claim): (usize, &&str)| match changes(i) {
        0 => format!("that on {claim} in none"),
        count => format!("that on {claim} in {count}"),
    };
    let changes: Vec<String> = claims.iter().enumerate().map(change).collect();
    let answer = format!(
        "Of {} the verdict differs from the nominal one: {}.",
        plural(others, "other definition", "other definitions"),
        changes.join(", ")
    );
    let header = ["varied", "to"].into_iter().chain(claims);
    let row = |row: &SensitivityRow| {
        let verdict = |(_, verdict, number): &(String, _, String)| {
            format!("<td class=\"word\" title=\"{}\">{}</td>", escape(number), verdict_html(*verdict))
        };
        let name = |text: &str| format!("<td class=\"word\">{}</td>", escape(text));
        let verdicts: String = row.verdicts.iter().map(verdict).collect();
        format!("<tr>{}{}{verdicts}</tr>\n", name(&row.setting), name(&row.value))
    };
    let rows: String = results.sensitivity.iter().map(row).collect();
    let table = html_table("Which claims hold under which definition", header, &rows);
    let hint = "The published text leaves these choices open. Each row changes one of them; point at a verdict for its number.";
    let blocks = vec![Block::Text(hint.to_string()), Block::Raw(table)];
    Some(Section { id: "sensitivity", title: "Which claim depends on which choice?", answer, blocks })
}

fn html_table<'a>(label: &str, header: impl Iterator<Item = &'a str>, rows: &str) -> String {
    let header: String = header.map(|name| format!("<th class=\"word\">{}</th>", escape(name))).collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table>\n<thead><tr>{header}</tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>\n",
        escape(label)
    )
}

/// Other inputs, more dimensions.
pub(super) fn settling(results: &Results) -> Option<Section> {
    results.settling.first()?;
    let row = |row: &SettlingRow| {
        let cells = [input_name(row), row.n.to_string(), mean(&row.expulsion), mean(&row.attractor)];
        let cells = cells.map(|cell| format!("<td class=\"word\">{}</td>", escape(&cell)));
        let verdicts = [row.expels, row.attracts]
            .map(|verdict| format!("<td class=\"word\">{}</td>", verdict_html(verdict)));
        let [input, n, expulsion, attractor] = cells;
        let [expels, attracts] = verdicts;
        format!("<tr>{input}{n}{expulsion}{expels}{attractor}{attracts}</tr>\n")
    };
    let rows: String = results.settling.iter().map(row).collect();
    let header = ["input", "N", "overlap less plain", "expels", "with coverage less overlap", "brings back"];
    let blocks = vec![
        Block::Figures(vec![outside(&results.settling)]),
        Block::Text(
            "Differences of the share of prototypes outside the convex hull of the points, paired by seed: 100 less 000, and 110 \
             less 100, with 95 % intervals."
                .to_string(),
        ),
        Block::Raw(html_table("Expulsion by input", header.into_iter(), &rows)),
    ];
    let answer = results.answer.clone().unwrap_or_default();
    Some(Section { id: "settling", title: "Is expulsion general?", answer, blocks })
}

fn input_name(row: &SettlingRow) -> String {
    format!("{} {}-D", row.input.name(), row.d)
}

fn outside(rows: &[SettlingRow]) -> Figure {
    let masks: Vec<Mask> =
        rows.iter().flat_map(|row| &row.cells).map(|cell| cell.mask).fold(vec![], |mut seen, mask| {
            if !seen.contains(&mask) {
                seen.push(mask);
            }
            seen
        });
    let share = |value: f64, what: String| plot::Cell {
        value,
        text: if value.is_finite() { format!("{:.0} %", 100.0 * value) } else { "-".into() },
        hover: format!("{what}: {} outside", percent(value)),
    };
    let row = |row: &SettlingRow| {
        let of = |mask: &Mask| {
            let cell = row.cells.iter().find(|cell| cell.mask == *mask);
            share(
                cell.map_or(f64::NAN, |cell| cell.outside.mean),
                format!("{}, {}", input_name(row), mask_name(*mask)),
            )
        };
        let before = share(row.outside_before, format!("{}, before training", input_name(row)));
        (input_name(row), core::iter::once(before).chain(masks.iter().map(of)).collect())
    };
    let columns = core::iter::once("before".to_string())
        .chain(masks.iter().map(|mask| mask.bits().to_string()))
        .collect();
    let map = HeatMap {
        title: "Prototypes outside the hull, by input and mask".into(),
        unit: "mean share of prototypes outside the hull".into(),
        scale: Scale::Share,
        columns: ("mask: overlap, coverage, separation".into(), columns),
        rows: rows.iter().map(row).collect(),
    };
    Figure {
        stem: "outside-by-input".into(),
        caption:
            "The mean share of prototypes outside the convex hull of the points, before training and after it"
                .into(),
        plot: map.into(),
    }
}

/// Images of one figure in a row, at most.
const IMAGES: usize = 10;

/// Digits read back.
pub(super) fn digits(results: &Results) -> Option<Section> {
    let first = results.digits.first()?;
    let mut groups: Vec<(&str, usize)> =
        results.digits.iter().map(|row| (row.source.as_str(), row.n)).collect();
    groups.dedup();
    let figures = groups.iter().filter_map(|group| {
        let rows: Vec<&DigitsRow> =
            results.digits.iter().filter(|row| (row.source.as_str(), row.n) == *group).collect();
        digit_figure(&rows)
    });
    let mut grid = Grid::new(["mask", "E before", "E", "specialisation", "fit"]);
    for row in &results.digits {
        grid.push(vec![
            mask_name(row.mask),
            three_digits(row.error_before),
            mean(&row.cell.error),
            mean(&row.cell.specialization),
            mean(&row.cell.fit),
        ]);
    }
    let best = results.digits.iter().filter(|row| (&row.source, row.n) == (&first.source, first.n));
    let error = |row: &DigitsRow| row.cell.error.mean / row.error_before;
    let best = best.min_by(|a, b| error(a).total_cmp(&error(b)))?;
    let answer = format!(
        "With {} the prototypes come nearest to the images: E falls from {} to {} (N = {}).",
        mask_name(best.mask),
        three_digits(best.error_before),
        three_digits(best.cell.error.mean),
        best.n
    );
    let mut blocks: Vec<Block> = figures.map(Block::Wide).collect();
    let seeds = plural(first.cell.seeds, "seed", "seeds");
    blocks.push(Block::Table(format!("Means over {seeds}, with 95 % intervals (N = {})", first.n), grid));
    Some(Section { id: "digits", title: "Can digits be read back from the weights?", answer, blocks })
}

fn digit_figure(rows: &[&DigitsRow]) -> Option<Figure> {
    let first = rows.first()?;
    let images = |pixels: &[Vec<f32>], side: usize, what: &str| {
        let image = |(i, pixels): (usize, &Vec<f32>)| Image {
            pixels: pixels.clone(),
            side,
            tone: Tone::Grey,
            caption: String::new(),
            hover: format!("{what} {}", i + 1),
        };
        pixels.iter().take(IMAGES).enumerate().map(image).collect::<Vec<Image>>()
    };
    let mut all = vec![("the images".to_string(), images(&first.images, first.side, "image"))];
    for row in rows {
        let name =
            format!("prototypes of {}, E = {}", mask_name(row.mask), three_digits(row.cell.error.mean));
        all.push((name, images(&row.prototypes, row.side, "prototype of image")));
    }
    let title =
        format!("Images ({}), and below each the prototype matched with it, N = {}", first.source, first.n);
    Some(Figure {
        stem: format!("digits-{}-{}", first.source.replace(' ', "-"), first.n),
        caption: title.clone(),
        plot: Images { title, rows: all }.into(),
    })
}

/// Prototypes while they learn.
pub(super) fn motion(results: &Results) -> Option<Section> {
    let blocks = vec![Block::Wide(paths(&results.paths)?)];
    Some(Section { id: "motion", title: "How do the prototypes move?", answer: String::new(), blocks })
}
