//! All parts, one after the other.

use super::claims::{FAR, claims};
use super::generality::generality;
use super::mask::Mask;
use super::pictures::{paths, positions};
use super::results::{Results, Run, TauRow};
use super::runs::{Digits, Group, Machine, Progress, cells, run};
use super::settings::{Definition, Part, Settings};
use super::{sensitivity, settling};
use std::{vec, vec::Vec};

/// The reaches of the sweep.
const TAUS: [f32; 10] = [1e-5, 5e-5, 2e-4, 5e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3];

/// Does the parts that `settings` name. Same settings, same results, for any number of threads.
pub fn study(machine: Machine, settings: &Settings, digits: &Digits, progress: &mut Progress<'_>) -> Results {
    let mut results = empty(settings);
    for &part in &settings.parts {
        let mut on_done = |done, all| progress(part, done, all);
        match part {
            Part::Nominal => nominal(machine, &mut results, &mut on_done),
            Part::TauSweep => tau_sweep(machine, &mut results, &mut on_done),
            Part::Sensitivity => sensitivity_table(machine, &mut results, &mut on_done),
            Part::Settling => settle(machine, &mut results, digits, &mut on_done),
        }
    }
    results
}

fn empty(settings: &Settings) -> Results {
    Results {
        settings: settings.clone(),
        claims: Vec::new(),
        cells: Vec::new(),
        tau_sweep: Vec::new(),
        sensitivity: Vec::new(),
        settling: Vec::new(),
        answer: None,
        digits: Vec::new(),
        positions: Vec::new(),
        reconstructions: Vec::new(),
        paths: Vec::new(),
        runs: Vec::new(),
    }
}

type OnDone<'a> = dyn FnMut(usize, usize) + 'a;

fn no_digits() -> Digits {
    Digits { source: std::string::String::new(), side: 0, images: Vec::new() }
}

fn nominal(machine: Machine, results: &mut Results, on_done: &mut OnDone<'_>) {
    let settings = &results.settings;
    let seeds = settings.first_seed..settings.first_seed + settings.seeds as u64;
    let group = |n: &usize| Group::new(&settings.nominal, *n, &Mask::ALL, seeds.clone());
    let mut groups: Vec<Group> = settings.sizes.iter().map(group).collect();
    let largest = settings.sizes.last().copied().unwrap_or(1);
    let far = Definition { tau_s: FAR, ..settings.nominal.clone() };
    groups.push(Group::new(&far, largest, &[Mask::SEP], seeds.clone()));
    let mut runs = run(machine, &groups, &no_digits(), on_done);
    let far = runs.pop().unwrap_or_default();
    results.runs = runs.concat();
    results.claims.extend(claims(&results.runs, &far));
    results.cells = cells(&results.runs, machine.threads);
    let full = Mask::ALL[7];
    results.positions = positions(machine, settings, largest, [Mask::STD, Mask::COV, Mask::OVL]);
    results.reconstructions = positions(machine, settings, 5, [Mask::STD, Mask::COV, full]);
    results.paths = paths(machine, settings);
}

fn tau_sweep(machine: Machine, results: &mut Results, on_done: &mut OnDone<'_>) {
    let settings = &results.settings;
    let seeds = settings.first_seed..settings.first_seed + settings.other_seeds as u64;
    let largest = settings.sizes.last().copied().unwrap_or(1);
    let with = |tau_s: &f32| {
        let definition = Definition { tau_s: *tau_s, ..settings.nominal.clone() };
        Group::new(&definition, largest, &[Mask::SEP], seeds.clone())
    };
    let mut groups = vec![Group::new(&settings.nominal, largest, &[Mask::STD], seeds.clone())];
    groups.extend(TAUS.iter().map(with));
    let runs: Vec<Run> = run(machine, &groups, &no_digits(), on_done).concat();
    let per_group = seeds.count();
    let taus = [None].into_iter().chain(TAUS.map(Some));
    let row = |(tau, runs): (Option<f32>, &[Run])| TauRow {
        tau_s: tau.map(f64::from),
        cell: super::Cell::of(&runs.iter().collect::<Vec<&Run>>()),
    };
    results.tau_sweep = taus.zip(runs.chunks(per_group)).map(row).collect();
}

fn sensitivity_table(machine: Machine, results: &mut Results, on_done: &mut OnDone<'_>) {
    let settings = &results.settings;
    let variants = sensitivity::variants(&settings.nominal);
    let groups: Vec<Vec<Group>> =
        variants.iter().map(|variant| sensitivity::groups(settings, variant)).collect();
    let per_variant = groups.first().map_or(1, Vec::len);
    let all: Vec<Group> = groups.into_iter().flatten().collect();
    let runs = run(machine, &all, &no_digits(), on_done);
    let rows = variants.iter().zip(runs.chunks(per_variant));
    let pairs: Vec<(&sensitivity::Variant, &[Vec<Run>])> = rows.collect();
    let row = |(variant, runs): &(&sensitivity::Variant, &[Vec<Run>])| {
        sensitivity::row(variant, settings.other_seeds, runs)
    };
    let rows = crate::study::jobs::run(&pairs, machine.threads, |_| 1.0, || true, row, &mut |_, _| {});
    results.sensitivity = rows.into_iter().flatten().collect();
}

fn settle(machine: Machine, results: &mut Results, digits: &Digits, on_done: &mut OnDone<'_>) {
    let settings = &results.settings;
    let groups = settling::groups(settings);
    let runs = run(machine, &groups, digits, on_done);
    let rows = groups.iter().zip(&runs).map(|(group, runs)| settling::row(group, digits, runs));
    results.settling = rows.collect();
    let (claim, answer) = generality(&results.settling);
    results.claims.push(claim);
    results.answer = Some(answer);
    let groups = settling::digits_groups(settings, digits);
    results.digits = settling::digits_rows(machine, &groups, digits, on_done);
}
