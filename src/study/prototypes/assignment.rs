//! Who gets whom, at the least cost together.
//!
//! Written here, for the crates that have it ask for integer costs, or bring a dozen other crates along.

use std::{vec, vec::Vec};

/// The column of each row of the square `cost` `[n, n]`, each column once, so that the sum is least: the Hungarian method, one
/// shortest augmenting path for each row, with potentials that keep all reduced costs at 0 or above. `n^3` steps. A cost that is not
/// finite counts as the largest number there is.
pub fn assign(n: usize, cost: &[f64]) -> Vec<usize> {
    let cost = |row: usize, column: usize| {
        let cost = cost[row * n + column];
        if cost.is_finite() { cost } else { f64::MAX.sqrt() }
    };
    // Column n is where every path begins.
    let (mut of_row, mut of_column) = (vec![0.0; n], vec![0.0; n + 1]);
    let mut row_of = vec![None; n + 1];
    for row in 0..n {
        row_of[n] = Some(row);
        let mut path =
            Path { column: n, before: vec![n; n], least: vec![f64::INFINITY; n], used: vec![false; n + 1] };
        while let Some(row) = row_of[path.column] {
            path.used[path.column] = true;
            let (mut delta, mut next) = (f64::INFINITY, path.column);
            for column in (0..n).filter(|&column| !path.used[column]) {
                let reduced = cost(row, column) - of_row[row] - of_column[column];
                if reduced < path.least[column] {
                    path.least[column] = reduced;
                    path.before[column] = path.column;
                }
                if path.least[column] < delta {
                    (delta, next) = (path.least[column], column);
                }
            }
            for column in 0..=n {
                match row_of[column] {
                    Some(row) if path.used[column] => {
                        of_row[row] += delta;
                        of_column[column] -= delta;
                    }
                    _ if column < n => path.least[column] -= delta,
                    _ => {}
                }
            }
            path.column = next;
        }
        while path.column != n {
            let before = path.before[path.column];
            row_of[path.column] = row_of[before];
            path.column = before;
        }
    }
    let mut column_of = vec![0; n];
    for (column, row) in row_of[..n].iter().enumerate() {
        if let Some(row) = *row {
            column_of[row] = column;
        }
    }
    column_of
}

/// A shortest path under way.
struct Path {
    /// Where it ends.
    column: usize,
    /// The column before each.
    before: Vec<usize>,
    /// How far each is.
    least: Vec<f64>,
    /// Which are on it.
    used: Vec<bool>,
}
