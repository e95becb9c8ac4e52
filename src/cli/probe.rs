//! What the machine can do at most: arithmetic on registers, and reading memory.

use super::machine::Machine;
use super::progress::Progress;
use crate::measure::{Environment, Plan, Subject, measure};
use crate::report::{Bandwidth, IsaPeak};
use prunella_kernels::{Isa, Kernels, Line};
use std::prelude::rust_2024::*;
use std::time::Instant;
use std::vec;

/// All take turns in so many rounds, and the best of each counts: a disturbance only ever lengthens a sample.
const ROUNDS: usize = 20;
/// How long one sample lasts at least.
const SAMPLE_NS: u64 = 5_000_000;
/// Largest buffer for the level behind the caches.
const DRAM_BYTES_MAX: u64 = 256 << 20;
/// Where the system does not tell the size of the last cache.
const DRAM_BYTES_DEFAULT: u64 = 128 << 20;

/// Does some work and returns how much.
type Work<'a> = Box<dyn Fn() -> f64 + 'a>;

/// The FMA peak of each instruction set.
pub(super) fn fma_peaks(progress: Progress) -> Vec<IsaPeak> {
    let isas: Vec<Isa> = Isa::available().collect();
    let work = |isa: &Isa| -> Work<'_> {
        let kernels = Kernels::new(*isa);
        Box::new(move || kernels.fma_peak(100_000) as f64)
    };
    let rates = best_rates(&isas.iter().map(work).collect::<Vec<_>>(), "measuring arithmetic", progress);
    isas.iter().zip(rates).map(|(isa, fma_gflops)| IsaPeak { isa: isa.name().into(), fma_gflops }).collect()
}

/// What the kernels of `machine` could do at most, all threads at once, in GFLOP/s: a few milliseconds.
pub(super) fn fma_peak(machine: &Machine) -> f64 {
    let kernels = machine.compute().kernels;
    let mut flops = vec![0; machine.threads()];
    let rates = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        machine.pool.for_each(&mut flops, |_, flops| *flops = kernels.fma_peak(100_000));
        flops.iter().sum::<u64>() as f64 / start.elapsed().as_nanos() as f64
    });
    rates.fold(0.0, f64::max)
}

/// The read bandwidth of each level whose size is known: a buffer of half its size stays in it, one of eight times the last
/// cache in none.
pub(super) fn bandwidth(environment: &Environment, isa: Isa, progress: Progress) -> Vec<Bandwidth> {
    let e = environment;
    let caches = [("L1", e.cache_l1d_bytes), ("L2", e.cache_l2_bytes), ("L3", e.cache_l3_bytes)];
    let last = e.cache_l3_bytes.or(e.cache_l2_bytes);
    let dram = last.map_or(DRAM_BYTES_DEFAULT, |bytes| bytes.saturating_mul(8).min(DRAM_BYTES_MAX));
    let mut levels: Vec<(&str, u64)> =
        caches.iter().filter_map(|(level, bytes)| Some((*level, (*bytes)? / 2))).collect();
    levels.push(("DRAM", dram));
    let kernels = Kernels::new(isa);
    let work = |(_, bytes): &(&str, u64)| -> Work<'_> {
        let lines = vec![Line([1.0; Line::LEN]); *bytes as usize / size_of::<Line>()];
        Box::new(move || kernels.read(&lines) as f64)
    };
    let rates = best_rates(&levels.iter().map(work).collect::<Vec<_>>(), "measuring memory", progress);
    let pairs = levels.into_iter().zip(rates);
    pairs.map(|((level, bytes), gb_per_s)| Bandwidth { level: level.into(), bytes, gb_per_s }).collect()
}

/// The highest rate of each work, per nanosecond.
fn best_rates(works: &[Work<'_>], what: &str, progress: Progress) -> Vec<f64> {
    let bar = progress.bar(what, ROUNDS);
    let amounts: Vec<f64> = works.iter().map(|work| work()).collect();
    // The kernels hide their results from the compiler themselves.
    let mut subjects: Vec<Subject<'_>> =
        works.iter().map(|work| Subject::new(what, |_| _ = work())).collect();
    let plan = Plan { rounds: ROUNDS, target_sample_ns: SAMPLE_NS, ..Plan::default() };
    let samples = measure(&mut subjects, &plan, &mut |done, _| bar.set_position(done as u64));
    bar.finish_and_clear();
    let least_ns = |i| samples.summary(i).samples_ns.into_iter().fold(f64::INFINITY, f64::min);
    amounts.into_iter().enumerate().map(|(i, amount)| amount / least_ns(i)).collect()
}
