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

    /// Columns aligned by spaces. Words that would make it wider than a terminal go on in the next line of their column.
    pub fn text(&self) -> String {
        let columns = self.columns();
        let mut text = String::new();
        for row in core::iter::once(&self.header).chain(&self.rows) {
            let cells = row.iter().zip(&columns).map(|(cell, column)| broken(cell, column.width));
            let cells: Vec<Vec<String>> = cells.collect();
            for i in 0..cells.iter().map(Vec::len).max().unwrap_or(1) {
                let part = |(cell, column): (&Vec<String>, &Column)| {
                    let (part, width) = (cell.get(i).map_or("", String::as_str), column.width);
                    if column.left { format!("{part:<width$}") } else { format!("{part:>width$}") }
                };
                let line: Vec<String> = cells.iter().zip(&columns).map(part).collect();
                text.push_str(line.join("  ").trim_end());
                text.push('\n');
            }
        }
        text
    }

    /// The columns of [`Grid::text`]: as wide as what they hold; if that is too wide for a terminal, the widest columns of words
    /// narrower, down to their longest word.
    fn columns(&self) -> Vec<Column> {
        let cells = |column: usize| {
            core::iter::once(&self.header).chain(&self.rows).map(move |row| row[column].as_str())
        };
        let longest =
            |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
        let column = |column: usize| {
            let (width, left) = (longest(&mut cells(column)), self.is_left(column));
            let least =
                if left { longest(&mut cells(column).flat_map(str::split_whitespace)) } else { width };
            Column { width, least, left }
        };
        let mut columns: Vec<Column> = (0..self.header.len()).map(column).collect();
        while columns.iter().map(|column| column.width + 2).sum::<usize>() > COLUMNS + 2 {
            let narrowed = columns.iter_mut().filter(|column| column.width > column.least);
            let Some(widest) = narrowed.max_by_key(|column| column.width) else { break };
            widest.width -= 1;
        }
        columns
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

/// A column of text: its width in characters, the least it could have, and whether it stands at the left.
struct Column {
    width: usize,
    least: usize,
    left: bool,
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
    broken(sentence, COLUMNS).join("\n") + "\n"
}

/// `sentence` broken at spaces into lines of at most `columns`, where its words allow.
fn broken(sentence: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in sentence.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > columns {
            lines.push(String::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else { break };
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines
}
