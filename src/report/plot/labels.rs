//! Labels that want to stand where their lines end, kept from standing on each other.

use std::{vec, vec::Vec};

/// Places as near as possible to `wanted`, at least `gap` apart, between `top` and `bottom`. If there is no room for
/// all, they run past the top.
pub(super) fn spread(wanted: &[f64], gap: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    let mut placed = vec![0.0; wanted.len()];
    let mut next = top;
    for &i in &order {
        placed[i] = wanted[i].max(next);
        next = placed[i] + gap;
    }
    // What was pushed out at the bottom pushes the others up again.
    let mut limit = bottom;
    for &i in order.iter().rev() {
        placed[i] = placed[i].min(limit);
        limit = placed[i] - gap;
    }
    placed
}
