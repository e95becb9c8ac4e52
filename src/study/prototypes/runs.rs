//! Many runs: packed sixteen at a time, dealt out to threads, and summed up.

use super::mask::Mask;
use super::measure::measure;
use super::results::{Cell, Run, Spread};
use super::settings::{Definition, Part};
use super::start::Start;
use super::train::{PACK, train};
use crate::measure::stats::{MedianBootstrap, mean_interval};
use crate::study::jobs;
use core::num::NonZeroUsize;
use core::ops::Range;
use prunella_kernels::Kernels;
use std::{vec, vec::Vec};

/// What computes.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// The kernels of an instruction set.
    pub kernels: Kernels,
    /// Threads, each with runs of its own.
    pub threads: NonZeroUsize,
}

/// Of a part: the packs done and how many there are.
pub type Progress<'a> = dyn FnMut(Part, usize, usize) + 'a;

/// The points `[n, d]` of a seed, n of them.
type Points = fn(&Digits, u64, usize) -> Vec<f32>;

/// Networks trained together, and the number of their group.
type Pack<'a> = (usize, &'a Group, Vec<(Mask, u64)>);

/// Runs of one definition and size: every mask with every seed.
pub(super) struct Group {
    pub(super) definition: Definition,
    pub(super) n: usize,
    pub(super) masks: Vec<Mask>,
    pub(super) seeds: Range<u64>,
    /// Where they are not drawn.
    pub(super) points: Option<Points>,
}

/// Images to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct Digits {
    /// Where they came from, such as `mnist`.
    pub source: std::string::String,
    /// Rows, and columns.
    pub side: usize,
    /// `[images][side * side]`, in [0, 1].
    pub images: Vec<Vec<f32>>,
}

/// Neighbours share which of coverage and separation they have, so that a pack computes only what most of its networks need: the
/// order of a Gray code.
const ORDER: [&str; 8] = ["000", "100", "101", "001", "011", "111", "110", "010"];

impl Group {
    pub(super) fn new(definition: &Definition, n: usize, masks: &[Mask], seeds: Range<u64>) -> Group {
        Group { definition: definition.clone(), n, masks: masks.to_vec(), seeds, points: None }
    }

    /// Every network, in the order they are packed.
    fn networks(&self) -> Vec<(Mask, u64)> {
        let mut masks = self.masks.clone();
        masks.sort_by_key(|mask| ORDER.iter().position(|bits| *bits == mask.bits()));
        masks.iter().flat_map(|&mask| self.seeds.clone().map(move |seed| (mask, seed))).collect()
    }

    pub(super) fn start(&self, digits: &Digits, seed: u64) -> Start {
        match self.points {
            Some(points) => Start::with_points(&self.definition, points(digits, seed, self.n), seed),
            None => Start::new(&self.definition, self.n, seed),
        }
    }

    fn packs(&self) -> Vec<(&Group, Vec<(Mask, u64)>)> {
        self.networks().chunks(PACK).map(|pack| (self, pack.to_vec())).collect()
    }
}

/// Does all runs of the groups; those of a group are by mask, as it has them, and seed.
pub(super) fn run(
    machine: Machine,
    groups: &[Group],
    digits: &Digits,
    on_done: &mut dyn FnMut(usize, usize),
) -> Vec<Vec<Run>> {
    let packs: Vec<Pack<'_>> = groups
        .iter()
        .enumerate()
        .flat_map(|(g, group)| group.packs().into_iter().map(move |(group, pack)| (g, group, pack)))
        .collect();
    let cost =
        |(_, group, _): &Pack<'_>| (group.n * group.n * group.definition.d * group.definition.steps) as f64;
    let work = |(_, group, pack): &Pack<'_>| {
        let starts: Vec<Start> = pack.iter().map(|(_, seed)| group.start(digits, *seed)).collect();
        let networks: Vec<(Mask, &Start)> = pack.iter().map(|(mask, _)| *mask).zip(&starts).collect();
        let trained = train(machine.kernels, &group.definition, &networks, &[], &mut |_, _, _| {});
        let measured = pack.iter().zip(&starts).zip(trained).map(|((&(mask, seed), start), trained)| {
            let measures = measure(&group.definition, start, &trained.parameters);
            Run::new(&group.definition, (mask, group.n, seed), &measures, trained.fit.into())
        });
        measured.collect::<Vec<Run>>()
    };
    let (mut done, all) = (0, packs.len());
    on_done(0, all);
    let results = jobs::run(&packs, machine.threads, cost, || true, work, &mut |_, _| {
        done += 1;
        on_done(done, all);
    });
    let mut runs = vec![Vec::new(); groups.len()];
    for ((group, ..), pack) in packs.iter().zip(results) {
        runs[*group].extend(pack.into_iter().flatten());
    }
    for (runs, group) in runs.iter_mut().zip(groups) {
        let place = |run: &Run| group.masks.iter().position(|mask| *mask == run.mask);
        runs.sort_by_key(|run| (place(run), run.seed));
    }
    runs
}

impl Spread {
    /// Of the values of independent seeds.
    pub(super) fn of(values: &[f64]) -> Spread {
        let n = values.len() as f64;
        let mean = mean_interval(values, BOOTSTRAP_SEED);
        let median = MedianBootstrap::new(values.len(), BOOTSTRAP_SEED).interval(values);
        let squares: f64 = values.iter().map(|value| (value - mean.mid).powi(2)).sum();
        Spread {
            mean: mean.mid,
            lo: mean.lo,
            hi: mean.hi,
            sem: (squares / (n - 1.0) / n).sqrt(),
            median: median.mid,
            median_lo: median.lo,
            median_hi: median.hi,
        }
    }
}

/// Resamples are the same for all samples of a size.
pub(super) const BOOTSTRAP_SEED: u64 = 1;

impl Cell {
    /// Of the runs of one mask and size.
    pub(super) fn of(runs: &[&Run]) -> Cell {
        let spread = |of: fn(&Run) -> f64| Spread::of(&runs.iter().map(|run| of(run)).collect::<Vec<f64>>());
        let all_outside = runs.iter().filter(|run| run.outside == 1.0).count();
        Cell {
            mask: runs[0].mask,
            n: runs[0].n,
            seeds: runs.len(),
            error: spread(|run| run.error),
            specialization: spread(|run| run.specialization),
            specialization_by_activation: spread(|run| run.specialization_by_activation),
            outside: spread(|run| run.outside),
            all_outside: all_outside as f64 / runs.len() as f64,
            fit: spread(|run| run.fit),
        }
    }
}

/// The runs of each mask, as the masks are in `runs`, summed up.
pub(super) fn cells(runs: &[Run], threads: NonZeroUsize) -> Vec<Cell> {
    let chunks: Vec<Vec<&Run>> =
        runs.chunk_by(|a, b| (a.mask, a.n) == (b.mask, b.n)).map(|runs| runs.iter().collect()).collect();
    let cells = jobs::run(&chunks, threads, |_| 1.0, || true, |runs| Cell::of(runs), &mut |_, _| {});
    cells.into_iter().flatten().collect()
}
