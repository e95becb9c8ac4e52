//! What the machine can do at most, for the others to be compared with. These kernels compute nothing that could be wrong.

use crate::support::{bench_by, group, kernels};
use criterion::{Criterion, Throughput};
use prunella_kernels::Line;

pub(crate) fn fma_peak(c: &mut Criterion) {
    const STEPS: usize = 10_000;
    let kernels = kernels();
    let mut group = group(c, "fma_peak", kernels);
    group.throughput(Throughput::Elements(kernels.fma_peak(STEPS)));
    bench_by(&mut group, "registers", &mut |bencher| bencher.iter(|| kernels.fma_peak(STEPS)));
}

/// Which level of the caches holds a buffer, the machine decides: on most, one size each for L1, L2, L3 and memory.
pub(crate) fn read(c: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(c, "read", kernels);
    for (name, bytes) in
        [("16 KiB", 16 << 10), ("512 KiB", 512 << 10), ("8 MiB", 8 << 20), ("256 MiB", 256 << 20)]
    {
        group.throughput(Throughput::BytesDecimal(bytes as u64));
        let mut lines = Vec::new();
        bench_by(&mut group, name, &mut |bencher| {
            lines.resize(bytes / size_of::<Line>(), Line([1.0; Line::LEN]));
            bencher.iter(|| kernels.read(&lines));
        });
    }
}
