//! What the machine can do at most: arithmetic on registers, and reading memory.

use super::progress::Progress;
use crate::measure::Environment;
use crate::report::{Bandwidth, IsaPeak};
use prunella_kernels::{Isa, Kernels, Line};
use std::prelude::rust_2024::*;
use std::time::{Duration, Instant};
use std::vec;

/// How long one repetition lasts at least.
const REPETITION: Duration = Duration::from_millis(20);
/// The best of so many repetitions counts: a disturbance only ever lengthens one.
const REPETITIONS: usize = 10;
/// Largest buffer for the level behind the caches.
const DRAM_BYTES_MAX: u64 = 256 << 20;
/// Where the system does not tell the size of the last cache.
const DRAM_BYTES_DEFAULT: u64 = 128 << 20;

/// The FMA peak of each instruction set.
pub(super) fn fma_peaks(progress: Progress) -> Vec<IsaPeak> {
    let isas: Vec<Isa> = Isa::available().collect();
    let bar = progress.bar("measuring arithmetic", isas.len());
    let peaks = isas.into_iter().map(|isa| {
        let kernels = Kernels::new(isa);
        let fma_gflops = best_rate(|| kernels.fma_peak(100_000) as f64);
        bar.inc(1);
        IsaPeak { isa: isa.name().into(), fma_gflops }
    });
    let peaks = peaks.collect();
    bar.finish_and_clear();
    peaks
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
    let bar = progress.bar("measuring memory", levels.len());
    let kernels = Kernels::new(isa);
    let measured = levels.into_iter().map(|(level, bytes)| {
        let lines = vec![Line([1.0; Line::LEN]); bytes as usize / size_of::<Line>()];
        let gb_per_s = best_rate(|| kernels.read(&lines) as f64);
        bar.inc(1);
        Bandwidth { level: level.into(), bytes, gb_per_s }
    });
    let measured = measured.collect();
    bar.finish_and_clear();
    measured
}

/// The highest rate of `work`, which returns how much it did, per nanosecond.
fn best_rate(work: impl Fn() -> f64) -> f64 {
    let repetition = |_| {
        let (start, mut done) = (Instant::now(), 0.0);
        while start.elapsed() < REPETITION {
            done += work();
        }
        done / start.elapsed().as_nanos() as f64
    };
    (0..REPETITIONS).map(repetition).fold(0.0, f64::max)
}
