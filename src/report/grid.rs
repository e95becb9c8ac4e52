//! Tables of text, and what surrounds them.

use super::markup::escape;
use super::number::NONE;
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// The widest line of prose in a terminal.
const COLUMNS: usize = 100;

/// A table: a header and rows of as many cells.
#[derive(Clone, Debug)]
pub struct Grid {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    pub(crate) fn new<S: Into<String>>(header: impl IntoIterator<Item = S>) -> Self {
        Self { header: header.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row. Cells that are missing stay empty; there is no column for cells too many.
    pub(crate) fn push(&mut self, mut row: Vec<String>) {
        row.resize(self.header.len(), String::new());
        self.rows.push(row);
    }

    /// Leaves out the columns in which no row has a value.
    pub(crate) fn without_unknown_columns(self) -> Self {
        let known =
            |column: &usize| self.rows.iter().any(|row| row[*column] != NONE && !row[*column].is_empty());
        let kept: Vec<usize> = (0..self.header.len()).filter(known).collect();
        let keep = |row: &Vec<String>| kept.iter().map(|&column| row[column].clone()).collect();
        Self { header: keep(&self.header), rows: self.rows.iter().map(keep).collect() }
    }

    /// Numbers, and headers over numbers, stand at the right of their column; words at the left.
    fn is_left(&self, column: usize) -> bool {
        let is_word = |cell: &String| cell.starts_with(|c: char| c.is_alphabetic());
        self.rows.iter().any(|row| is_word(&row[column]))
    }

    /// Columns aligned by spaces.
    pub fn text(&self) -> String {
        let lines = || core::iter::once(&self.header).chain(&self.rows);
        let width = |column: usize| lines().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let columns: Vec<(usize, bool)> =
            (0..self.header.len()).map(|c| (width(c), self.is_left(c))).collect();
        let mut text = String::new();
        for row in lines() {
            let cells: Vec<String> = row
                .iter()
                .zip(&columns)
                .map(
                    |(cell, &(width, left))| {
                        if left { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
                    },
                )
                .collect();
            text.push_str(cells.join("  ").trim_end());
            text.push('\n');
        }
        text
    }

    /// Comma-separated values after RFC 4180, except that lines end as text files do, in `\n`.
    pub fn csv(&self) -> String {
        let quoted = |cell: &String| {
            let plain = !cell.contains([',', '"', '\n', '\r']);
            if plain { cell.clone() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
        };
        let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\n";
        core::iter::once(&self.header).chain(&self.rows).map(line).collect()
    }

    /// A Markdown table, as GitHub reads it.
    pub fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let safe = |row: &Vec<String>| line(row.iter().map(|cell| markdown_text(cell)).collect());
        let rule = (0..self.header.len()).map(|c| if self.is_left(c) { ":--" } else { "--:" }.to_string());
        let mut text = safe(&self.header);
        text.push_str(&line(rule.collect()));
        self.rows.iter().for_each(|row| text.push_str(&safe(row)));
        text
    }

    /// An HTML table in a container that scrolls sideways by itself, so that the page does not.
    pub(crate) fn html(&self, label: &str) -> String {
        let class = |column: usize| if self.is_left(column) { " class=\"word\"" } else { "" };
        let row = |cells: &[String], tag: &str| {
            let cell = |(i, cell): (usize, &String)| format!("<{tag}{}>{}</{tag}>", class(i), escape(cell));
            format!("<tr>{}</tr>\n", cells.iter().enumerate().map(cell).collect::<String>())
        };
        let body: String = self.rows.iter().map(|cells| row(cells, "td")).collect();
        format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table>\n<thead>{}</thead>\n\
             <tbody>\n{body}</tbody></table></div>\n",
            escape(label),
            row(&self.header, "th"),
        )
    }
}

/// Text that Markdown takes for neither HTML nor the end of a cell or a line.
fn markdown_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// What a person reads: sentences, tables under their titles, and sentences about them.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// What was done, where.
    pub lead: Vec<String>,
    /// Titles and tables.
    pub tables: Vec<(String, Grid)>,
    /// What follows from the tables.
    pub notes: Vec<String>,
}

impl Summary {
    /// For a terminal.
    pub fn text(&self) -> String {
        let prose = |lines: &[String]| lines.iter().map(|line| wrapped(line)).collect::<String>();
        let mut parts = vec![prose(&self.lead)];
        parts.extend(self.tables.iter().map(|(title, grid)| format!("{title}\n{}", grid.text())));
        parts.push(prose(&self.notes));
        parts.retain(|part| !part.is_empty());
        parts.join("\n")
    }

    /// For a README.
    pub fn markdown(&self) -> String {
        let prose = |line: &String| format!("{}\n", markdown_text(line));
        let mut parts: Vec<String> = self.lead.iter().map(prose).collect();
        for (title, grid) in &self.tables {
            parts.push(format!("**{}**\n\n{}", markdown_text(title), grid.markdown()));
        }
        parts.extend(self.notes.iter().map(prose));
        parts.join("\n")
    }
}

/// `sentence` broken at spaces into lines of at most [`COLUMNS`], where its words allow.
fn wrapped(sentence: &str) -> String {
    let mut text = String::new();
    let mut used = 0;
    for word in sentence.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > COLUMNS {
            text.push('\n');
            used = 0;
        } else if used > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += length;
    }
    text.push('\n');
    text
}
