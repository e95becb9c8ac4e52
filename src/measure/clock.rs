//! What it costs to read the clock.

use std::hint::black_box;
use std::prelude::rust_2024::*;
use std::time::Instant;

use super::stats::median;

/// What reading the clock adds to a sample, in nanoseconds: the time of one reading, since a sample lies
/// between two of them.
///
/// It is about 20-50 ns where the kernel lets a process read the clock by itself, and near a microsecond
/// where it does not. It is not subtracted: of a sample of the default 0.2 ms, 50 ns are a fortieth
/// of a percent, far below the noise, and the same for every subject; a subtraction would add the noise of
/// its own estimate, and could not be checked. Whoever shortens `Plan::target_sample_ns` should compare it
/// with this. The clock's resolution (1 ns on Linux, 42 ns on Apple silicon, 100 ns on Windows) matters as
/// little, for the same reason.
pub fn clock_overhead_ns() -> f64 {
    const READINGS: u32 = 100;
    let run = |_| {
        let start = Instant::now();
        for _ in 0..READINGS {
            black_box(Instant::now());
        }
        start.elapsed().as_nanos() as f64 / f64::from(READINGS)
    };
    median(&(0..101).map(run).collect::<Vec<_>>())
}
