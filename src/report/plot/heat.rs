//! Heat maps: numbers in a table, coloured.

use super::super::markup::escape;
use super::axis::Scale;
use super::svg::{Draw, text, width};
use std::{format, string::String, vec::Vec};

/// How many colours there are, from low to high.
const SHADES: usize = 9;
const WIDTH: f64 = 460.0;
const TOP: f64 = 28.0;
const ROW: f64 = 27.0;
/// Below the cells: the names of the columns, and what they are.
const FOOT: f64 = 46.0;

/// One cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What its colour shows.
    pub value: f64,
    /// What is written in it.
    pub text: String,
    /// What it says when pointed at.
    pub hover: String,
}

/// A table of numbers, each written in a cell whose colour shows how large it is.
#[derive(Clone, Debug)]
pub struct HeatMap {
    /// What it shows, for readers who do not see it.
    pub title: String,
    /// What the values are.
    pub unit: String,
    /// How the colours are spread over them.
    pub scale: Scale,
    /// What the columns are, and their names.
    pub columns: (String, Vec<String>),
    /// The rows: a name, and a cell for each column.
    pub rows: Vec<(String, Vec<Cell>)>,
}

impl HeatMap {
    /// The least and the largest value, as they are spread.
    fn range(&self) -> (f64, f64) {
        let cells = self.rows.iter().flat_map(|(_, cells)| cells);
        let places = cells.filter_map(|cell| self.scale.place(cell.value));
        places.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), place| (lo.min(place), hi.max(place)))
    }
}

impl Draw for HeatMap {
    fn title(&self) -> &str {
        &self.title
    }

    fn size(&self) -> (f64, f64) {
        (WIDTH, TOP + ROW * self.rows.len() as f64 + FOOT)
    }

    fn draw(&self, svg: &mut String) {
        let widest = self.rows.iter().map(|(name, _)| width(name)).fold(0.0, f64::max);
        let left = (widest + 16.0).min(WIDTH / 2.0);
        let cell_width = (WIDTH - 8.0 - left) / self.columns.1.len().max(1) as f64;
        let (lo, hi) = self.range();
        *svg += &text("title", 8.0, 18.0, &self.unit);
        for (i, (name, cells)) in self.rows.iter().enumerate() {
            let y = TOP + ROW * i as f64;
            *svg += &text("tick end", left - 7.0, y + 18.0, name);
            for (k, cell) in cells.iter().enumerate() {
                let x = left + cell_width * k as f64;
                let shade = self.scale.place(cell.value).map(|place| shade(place, lo, hi));
                let shade = shade.map_or("none".into(), |shade| format!("{shade}"));
                *svg += &format!(
                    "<g class=\"heat heat-{shade}\"><title>{}</title><rect class=\"cell\" x=\"{x:.1}\" y=\"{y:.1}\" \
                     width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"/>{}</g>",
                    escape(&cell.hover),
                    cell_width - 2.0,
                    ROW - 2.0,
                    text("value middle", x + cell_width / 2.0 - 1.0, y + 17.5, &cell.text)
                );
            }
        }
        let foot = TOP + ROW * self.rows.len() as f64;
        for (k, name) in self.columns.1.iter().enumerate() {
            let x = left + cell_width * (k as f64 + 0.5) - 1.0;
            *svg += &text("tick middle", x, foot + 15.0, name);
        }
        *svg += &text("title middle", (left + WIDTH - 8.0) / 2.0, foot + 36.0, &self.columns.0);
    }
}

/// The colour of a value; one alone is in the middle.
fn shade(place: f64, lo: f64, hi: f64) -> usize {
    let share = if hi > lo { (place - lo) / (hi - lo) } else { 0.5 };
    ((share * SHADES as f64) as usize).min(SHADES - 1)
}
