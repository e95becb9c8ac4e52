//! How near a time is to the least that this machine allows.
//!
//! A call has multiply-adds to do and weights to read, and takes no less than the longer of: its arithmetic at the rate of a
//! kernel that does nothing but multiply-adds in registers; or reading as many bytes as its packed weights, once, where they
//! fit. Both are measured, in the rounds that measure the call. Each weight a kernel stores counts (zeros that a dense kernel
//! multiplies too, zeros that were pruned away not); inputs, outputs and activations do not: of a call that must also turn
//! its input into panels, or compute an exponential for each output, less than all of the limit can be reached.

use std::vec;
use std::vec::Vec;

use prunella_kernels::{Isa, Kernels, Line};

use crate::engine::{Engine, Form, LayerInfo};
use crate::measure::{Caches, Level, Samples, Subject};

/// What a call cannot go below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// The multiply-adds of one core.
    Fma,
    /// Reading the weights from the nearest memory that is as large as they are.
    Read(Level),
}

impl Limit {
    /// The name used in results: `fma`, `l1`, `l2`, `l3` or `memory`.
    pub fn name(self) -> &'static str {
        match self {
            Limit::Fma => "fma",
            Limit::Read(level) => level.name(),
        }
    }
}

/// A time against its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfLimit {
    /// The limit that binds.
    pub limit: Limit,
    /// The least time a call can take, in nanoseconds.
    pub limit_ns: f64,
    /// That time as a share of the call's, the median over the rounds: 1 is the limit itself.
    pub share: f64,
}

/// What a call has to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Work {
    flops: f64,
    weight_bytes: usize,
}

impl Work {
    /// That of all layers of `engine` for `batch` examples.
    pub(crate) fn of(engine: &Engine, batch: usize) -> Work {
        let layers = engine.layers().zip(&engine.plan().forms);
        layers.fold(Work { flops: 0.0, weight_bytes: 0 }, |work, (layer, form)| Work {
            flops: work.flops + 2.0 * (multiplied(&layer, *form) * batch) as f64,
            weight_bytes: work.weight_bytes + layer.bytes,
        })
    }
}

/// The weights that a kernel multiplies for each example.
fn multiplied(layer: &LayerInfo, form: Form) -> usize {
    if matches!(form, Form::Dense) { layer.fan_in * layer.fan_out } else { layer.nnz }
}

/// Steps of the kernel at the peak: some tens of microseconds.
const PEAK_STEPS: usize = 8_192;

/// Lines that the reading kernel takes at a time.
const READ_LINES: usize = 8;

/// Kernels at the machine's limits, which take their turns in the rounds of what they are compared with: one of pure
/// arithmetic, and one that reads for each size of packed weights.
pub(crate) struct Probes {
    kernels: Kernels,
    caches: Caches,
    peak_flops: f64,
    /// Lines to read, one number for each size; all are read from the start of `buffer`.
    lines: Vec<usize>,
    buffer: Vec<Line>,
}

impl Probes {
    /// Those for calls that have these things to do.
    pub(crate) fn new(isa: Isa, works: &[Work]) -> Probes {
        let kernels = Kernels::new(isa);
        let mut lines: Vec<usize> = works.iter().map(lines_to_read).collect();
        lines.sort_unstable();
        lines.dedup();
        let largest = lines.last().copied().unwrap_or(0);
        // Not zeros, whose pages the system may keep as one.
        let buffer = vec![Line([1.0; Line::LEN]); largest];
        let peak_flops = kernels.fma_peak(PEAK_STEPS) as f64;
        Probes { kernels, caches: Caches::detect(), peak_flops, lines, buffer }
    }

    /// The subjects of the rounds: the arithmetic, then a reading of each size.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Subject<'_>> {
        let Probes { kernels, lines, buffer, .. } = self;
        let peak = Subject::new("peak", move |_| _ = kernels.fma_peak(PEAK_STEPS));
        let read = move |&lines: &usize| Subject::new("read", move |_| _ = kernels.read(&buffer[..lines]));
        [peak].into_iter().chain(lines.iter().map(read))
    }

    /// What they measured, where the first of them was the subject `first` of these samples.
    pub(crate) fn measured<'a>(&'a self, samples: &'a Samples, first: usize) -> Limits<'a> {
        Limits { probes: self, samples, first }
    }
}

fn lines_to_read(work: &Work) -> usize {
    work.weight_bytes.div_ceil(size_of::<Line>()).next_multiple_of(READ_LINES)
}

/// The limits of the machine as they were during some rounds.
#[derive(Clone, Copy)]
pub(crate) struct Limits<'a> {
    probes: &'a Probes,
    samples: &'a Samples,
    first: usize,
}

impl Limits<'_> {
    /// Billions of operations a second of one thread at its peak.
    pub(crate) fn peak_gflops(self) -> f64 {
        self.probes.peak_flops / self.samples.summary(self.first).median_ns
    }

    /// Nanoseconds to read as many bytes as the weights have.
    pub(crate) fn read_ns(self, work: &Work) -> f64 {
        let (probe, calls) = self.reading(work);
        calls * self.samples.summary(probe).median_ns
    }

    /// The time of `subject`, a call that has `work` to do, against its limit.
    pub(crate) fn of(self, subject: usize, work: &Work) -> OfLimit {
        let level = self.probes.caches.level_of(work.weight_bytes as u64);
        let fma = (Limit::Fma, self.first, work.flops / self.probes.peak_flops);
        let (probe, calls) = self.reading(work);
        let read = (Limit::Read(level), probe, calls);
        let ns = |(_, probe, calls): (Limit, usize, f64)| calls * self.samples.summary(probe).median_ns;
        let binding = if ns(read) > ns(fma) { read } else { fma };
        let (limit, probe, calls) = binding;
        let share = calls * self.samples.ratio(probe, subject).mid;
        OfLimit { limit, limit_ns: ns(binding), share }
    }

    /// The probe that reads as much as the weights of `work`, and how many of its calls, or which part of one, that is.
    fn reading(self, work: &Work) -> (usize, f64) {
        let lines = lines_to_read(work);
        let at = self.probes.lines.iter().position(|&known| known == lines).expect("a probe of every size");
        (self.first + 1 + at, work.weight_bytes as f64 / (lines * size_of::<Line>()) as f64)
    }
}

#[cfg(test)]
mod tests;
