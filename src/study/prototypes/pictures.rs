//! Single networks, for figures: where prototypes end, and how they come there.

use super::mask::Mask;
use super::measure::{measure, prototypes};
use super::reference::Network;
use super::results::{Path, Positions};
use super::runs::Machine;
use super::settings::Settings;
use super::start::Start;
use super::train::train;
use std::{vec, vec::Vec};

/// Snapshots between the first step and the last.
const SNAPSHOTS: usize = 12;

/// The size nearest to `wanted`.
fn size(settings: &Settings, wanted: usize) -> usize {
    settings.sizes.iter().copied().min_by_key(|n| n.abs_diff(wanted)).unwrap_or(wanted)
}

/// Where the prototypes of some masks end at the size nearest to `wanted`, of the first seed.
pub(super) fn positions(
    machine: Machine,
    settings: &Settings,
    wanted: usize,
    masks: [Mask; 3],
) -> Vec<Positions> {
    let definition = &settings.nominal;
    let start = Start::new(definition, size(settings, wanted), settings.first_seed);
    let trained =
        train(machine.kernels, definition, &masks.map(|mask| (mask, &start)), &[], &mut |_, _, _| {});
    let position = |(mask, parameters): (Mask, Vec<f32>)| {
        let n = start.n;
        let end = Start { parameters, ..start.clone() };
        let h = Network::new(&end).activations();
        let activation = |j: usize| ((0..n).map(|i| h[i * n + j]).sum::<f64>() / n as f64) as f32;
        let p = prototypes(definition, n, 1, &end.parameters);
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
        Positions {
            mask,
            n,
            points: ascending(&start.x),
            prototypes: order.iter().map(|&j| p[j]).collect(),
            activations: order.iter().map(|&j| activation(j)).collect(),
            error: measure(definition, &end, &end.parameters).error,
        }
    };
    masks.into_iter().zip(trained.into_iter().map(|network| network.parameters)).map(position).collect()
}

/// How the prototypes of every mask move, at the size nearest to 20, of the first seed.
pub(super) fn paths(machine: Machine, settings: &Settings) -> Vec<Path> {
    let definition = &settings.nominal;
    let start = Start::new(definition, size(settings, 20), settings.first_seed);
    // Most happens early.
    let when = |k: usize| definition.steps * k * k / (SNAPSHOTS * SNAPSHOTS);
    let mut steps: Vec<usize> = (0..SNAPSHOTS).map(when).collect();
    steps.dedup();
    let masks = Mask::ALL.map(|mask| (mask, &start));
    let at = |parameters: &[f32]| prototypes(definition, start.n, 1, parameters);
    let mut seen = vec![Vec::new(); masks.len()];
    let trained = train(machine.kernels, definition, &masks, &steps, &mut |_, lane, parameters| {
        seen[lane].push(at(&parameters));
    });
    steps.push(definition.steps);
    for (path, network) in seen.iter_mut().zip(&trained) {
        path.push(at(&network.parameters));
    }
    let path = |(mask, prototypes): (Mask, Vec<Vec<f32>>)| Path {
        mask,
        n: start.n,
        points: ascending(&start.x),
        steps: steps.clone(),
        prototypes,
    };
    Mask::ALL.into_iter().zip(seen).map(path).collect()
}

fn ascending(values: &[f32]) -> Vec<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted
}
