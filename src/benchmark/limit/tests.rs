//! Which limit binds, and by how much: on samples made up for it.

use std::string::String;

use super::*;

const CACHES: Caches = Caches { l1d_bytes: Some(1 << 10), l2_bytes: Some(8 << 10), l3_bytes: Some(64 << 10) };

/// A peak of 1,000 operations in `peak_ns`, readings of 512 and 10,240 bytes in 10 and 200 ns, and a call of 400 ns.
fn limit(peak_ns: f64, work: Work) -> OfLimit {
    let probes = Probes {
        kernels: Kernels::new(Isa::best()),
        caches: CACHES,
        peak_flops: 1_000.0,
        lines: vec![8, 160],
        buffer: vec![],
    };
    let ns = [400.0, peak_ns, 10.0, 200.0].map(|ns| vec![ns; 3]).to_vec();
    let samples = Samples::new(ns.iter().map(|_| String::new()).collect(), ns, 1);
    probes.measured(&samples, 1).of(0, &work)
}

#[test]
fn the_longer_of_arithmetic_and_reading_binds() {
    let work = Work { flops: 3_000.0, weight_bytes: 10_240 };
    let arithmetic = OfLimit { limit: Limit::Fma, limit_ns: 300.0, share: 0.75 };
    assert_eq!(limit(100.0, work), arithmetic);
    let read = OfLimit { limit: Limit::Read(Level::L3), limit_ns: 200.0, share: 0.5 };
    assert_eq!(limit(50.0, work), read);
}

#[test]
fn a_part_of_a_reading_counts_as_its_share_and_is_named_by_where_it_fits() {
    // 448 of 512 bytes in 8.75 ns.
    let read = limit(1.0, Work { flops: 100.0, weight_bytes: 448 });
    assert_eq!((read.limit, read.limit_ns), (Limit::Read(Level::L1), 8.75));
    assert!((read.share - 8.75 / 400.0).abs() < 1e-12, "{read:?}");
    let nothing = limit(1.0, Work { flops: 0.0, weight_bytes: 512 });
    assert_eq!((nothing.limit_ns, nothing.limit.name()), (10.0, "l1"));
}

#[test]
fn each_size_is_read_once_and_in_whole_steps() {
    let works = [100, 512, 513, 4_000, 500].map(|weight_bytes| Work { flops: 0.0, weight_bytes });
    let probes = Probes::new(Isa::best(), &works);
    assert_eq!(probes.lines, [8, 16, 64]);
    assert_eq!(probes.subjects().count(), 1 + 3);
    assert_eq!(Probes::new(Isa::best(), &[]).subjects().count(), 1, "the peak alone");
}

#[test]
fn a_kernel_works_on_what_it_stores() {
    use crate::engine::{Options, Variant};
    use crate::model::{Activation, Layer, Model};
    let weight = (0..40 * 30).map(|i| if i % 10 == 0 { 1.0 } else { 0.0 }).collect();
    let layer = Layer::new(40, weight, vec![0.0; 30], Activation::Relu).unwrap();
    let model = Model::new(vec![layer]).unwrap();
    for (variant, multiplied) in [(Variant::Dense, 1_200), (Variant::Csr, 120)] {
        let engine = Engine::compile(&model, &Options { variant, ..Options::default() }).unwrap();
        let work = Work::of(&engine, 7);
        assert_eq!(work.flops, f64::from(2 * multiplied * 7));
        assert_eq!(work.weight_bytes, engine.layers().next().unwrap().bytes);
    }
}
