//! The experiments that would settle the principle: points that are not uniform, more dimensions, and digits.

use super::mask::Mask;
use super::measure::{matching, measure, prototypes};
use super::results::{Cell, DigitsRow, Run, SettlingRow, Spread};
use super::runs::{Digits, Group, Machine, run};
use super::settings::{Definition, Init, Input, Settings};
use super::start::Start;
use super::train::train;
use crate::rng::{Rng, Stream};
use crate::study::Verdict;
use core::ops::Range;
use std::{vec, vec::Vec};

/// The masks whose prototypes are looked for.
const MASKS: [Mask; 5] = [Mask::STD, Mask::COV, Mask::OVL, Mask::OVL_COV, Mask::ALL[7]];

/// The kinds of points, the nominal one first.
const INPUTS: [(Input, usize); 8] = [
    (Input::Uniform, 1),
    (Input::Clustered, 1),
    (Input::Beta, 1),
    (Input::Exponential, 1),
    (Input::Uniform, 2),
    (Input::Clustered, 2),
    (Input::Uniform, 3),
    (Input::Exponential, 3),
];

/// Images, and neurons.
const IMAGES: usize = 16;

/// The runs on each kind of points.
pub(super) fn groups(settings: &Settings) -> Vec<Group> {
    let n = settings.sizes.last().copied().unwrap_or(1);
    let group = |&(input, d): &(Input, usize)| {
        let definition = Definition { input, d, ..settings.nominal.clone() };
        Group::new(&definition, n, &MASKS, seeds(settings))
    };
    INPUTS.iter().map(group).collect()
}

fn seeds(settings: &Settings) -> Range<u64> {
    settings.first_seed..settings.first_seed + settings.other_seeds as u64
}

/// What a group's runs say.
pub(super) fn row(group: &Group, digits: &Digits, runs: &[Run]) -> SettlingRow {
    let of = |mask: Mask| runs.iter().filter(move |run| run.mask == mask);
    let cells: Vec<Cell> = MASKS.iter().map(|&mask| Cell::of(&of(mask).collect::<Vec<&Run>>())).collect();
    let less = |a: Mask, b: Mask| {
        let differences: Vec<f64> = of(a).zip(of(b)).map(|(a, b)| a.outside - b.outside).collect();
        Spread::of(&differences)
    };
    let before = group.seeds.clone().map(|seed| {
        let start = group.start(digits, seed);
        measure(&group.definition, &start, &start.parameters).outside
    });
    let (expulsion, attractor) = (less(Mask::OVL, Mask::STD), less(Mask::OVL_COV, Mask::OVL));
    SettlingRow {
        input: group.definition.input,
        d: group.definition.d,
        n: group.n,
        outside_before: before.sum::<f64>() / group.seeds.clone().count() as f64,
        expels: side(expulsion.lo > 0.0, expulsion.hi < 0.0),
        attracts: side(attractor.hi < 0.0, attractor.lo > 0.0),
        cells,
        expulsion,
        attractor,
    }
}

fn side(holds: bool, fails: bool) -> Verdict {
    match (holds, fails) {
        (true, _) => Verdict::Holds,
        (_, true) => Verdict::DoesNotHold,
        _ => Verdict::Undecided,
    }
}

/// Digits with and without coverage, and under overlap.
pub(super) fn digits_groups(settings: &Settings, digits: &Digits) -> Vec<Group> {
    let d = digits.side * digits.side;
    let n = IMAGES.min(digits.images.len());
    if n == 0 || d == 0 {
        return Vec::new();
    }
    let definition = Definition {
        input: Input::Digits,
        d,
        // A random image is as far from a digit as sqrt(d / 3): the activations there are to be near exp(-1).
        init: Init::Placed((3.0 / d as f32).sqrt()),
        // About the largest variance of the images along any direction: much softer, and all prototypes go to the mean image; much
        // harder, and those that are nearest to none never move (drawn digits; 0.005 to 0.03 were tried).
        tau_c: 0.01 * d as f32,
        rate: settings.nominal.rate / 20.0,
        steps: 2 * settings.nominal.steps,
        ..settings.nominal.clone()
    };
    let masks = [Mask::STD, Mask::COV, Mask::OVL, Mask::OVL_COV];
    let seeds = settings.first_seed..settings.first_seed + settings.other_seeds.min(8) as u64;
    vec![Group { points: Some(chosen), ..Group::new(&definition, n, &masks, seeds) }]
}

/// Images of a seed, no one twice.
fn chosen(digits: &Digits, seed: u64, n: usize) -> Vec<f32> {
    let mut order: Vec<usize> = (0..digits.images.len()).collect();
    Rng::stream(seed, Stream::Prototypes).shuffle(&mut order);
    order[..n].iter().flat_map(|&image| digits.images[image].iter().copied()).collect()
}

/// Trains on the digits, and keeps the pictures of the first seed.
pub(super) fn digits_rows(
    machine: Machine,
    groups: &[Group],
    digits: &Digits,
    on_done: &mut dyn FnMut(usize, usize),
) -> Vec<DigitsRow> {
    let Some(group) = groups.first() else { return Vec::new() };
    let runs = run(machine, groups, digits, on_done).concat();
    let start = group.start(digits, group.seeds.start);
    let networks: Vec<(Mask, &Start)> = group.masks.iter().map(|&mask| (mask, &start)).collect();
    let trained = train(machine.kernels, &group.definition, &networks, &[], &mut |_, _, _| {});
    let before = group.seeds.clone().map(|seed| {
        let start = group.start(digits, seed);
        measure(&group.definition, &start, &start.parameters).error
    });
    let error_before = before.sum::<f64>() / group.seeds.clone().count() as f64;
    let row = |(&mask, parameters): (&Mask, &[f32])| {
        let of_mask: Vec<&Run> = runs.iter().filter(|run| run.mask == mask).collect();
        DigitsRow {
            source: digits.source.clone(),
            mask,
            n: group.n,
            side: digits.side,
            cell: Cell::of(&of_mask),
            error_before,
            images: start.x.chunks(start.d).map(<[f32]>::to_vec).collect(),
            prototypes: beside(&group.definition, &start, parameters),
        }
    };
    group.masks.iter().zip(trained.iter().map(|network| &network.parameters[..])).map(row).collect()
}

/// The prototype matched with each point.
fn beside(definition: &Definition, start: &Start, parameters: &[f32]) -> Vec<Vec<f32>> {
    let (n, d) = (start.n, start.d);
    let p = prototypes(definition, n, d, parameters);
    let double = |values: &[f32]| values.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
    let mut images = vec![Vec::new(); n];
    for (j, i) in matching(d, &double(&start.x), &double(&p)).into_iter().enumerate() {
        images[i] = p[j * d..][..d].to_vec();
    }
    images
}
