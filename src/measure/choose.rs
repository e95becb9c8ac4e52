//! A quick choice between candidates, for those who must pick before anything is measured.

use std::prelude::rust_2024::*;
use std::time::Instant;
use std::vec;

use super::rounds::{Pace, Subject};
use crate::rng::Rng;

/// Rounds that a budget is divided into.
const ROUNDS: u64 = 8;

/// The index of the fastest candidate, by the least time per call in interleaved rounds; of equals, the first.
///
/// It stops at the end of the round that uses up `budget_ns`, but not before the second. Least times and not
/// medians: in so few rounds, a disturbance could still be in the median, but only ever lengthens a sample.
///
/// This is a choice, not a measurement. The winner of a contest looks faster than it is; whoever reports its
/// time must [`measure`](super::measure()) it again.
///
/// # Panics
/// If there are no candidates.
pub fn choose(candidates: &mut [Subject<'_>], budget_ns: u64) -> usize {
    assert!(!candidates.is_empty(), "at least one candidate to choose from");
    let sample_ns = budget_ns / (ROUNDS * candidates.len() as u64);
    let mut paces: Vec<Pace> = candidates.iter().map(|_| Pace::new(sample_ns)).collect();
    let mut first = vec![0; candidates.len()];
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    let mut rng = Rng::new(0);
    let start = Instant::now();
    for round in 1.. {
        rng.shuffle(&mut order);
        for &candidate in &order {
            let pace = &mut paces[candidate];
            let calls = pace.calls;
            pace.note(candidates[candidate].visit(first[candidate], calls, &mut rng));
            first[candidate] += calls + 1;
        }
        if round >= 2 && start.elapsed().as_nanos() >= u128::from(budget_ns) {
            break;
        }
    }
    fastest(&paces)
}

fn fastest(paces: &[Pace]) -> usize {
    let fastest = (0..paces.len()).min_by(|&a, &b| paces[a].fastest_ns.total_cmp(&paces[b].fastest_ns));
    fastest.expect("a pace of every candidate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_is_chosen() {
        let paces = [30.0, 20.0, 20.0, 25.0].map(|ns| {
            let mut pace = Pace::new(0);
            pace.note(ns);
            pace
        });
        assert_eq!(fastest(&paces), 1);
        assert_eq!(fastest(&paces[2..]), 0);
    }
}
