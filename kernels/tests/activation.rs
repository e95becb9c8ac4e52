//! Every activation against f64, over every f32 or a stride of them, on every instruction set.

#[allow(dead_code, reason = "each file of tests uses a part")]
mod isa;

use isa::{each_isa, each_isa_together};
use prunella_kernels::{Activation, Kernels, Line};
use std::cell::OnceCell;

/// How many values go through a kernel at a time.
const CHUNK: usize = if cfg!(miri) { 64 } else { 1 << 14 };

fn exact(activation: Activation, z: f32) -> f64 {
    let z = f64::from(z);
    match activation {
        Activation::Identity => z,
        Activation::Relu => {
            if z > 0.0 {
                z
            } else {
                0.0
            }
        }
        Activation::Gaussian => (-z * z).exp(),
        Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
        Activation::Tanh => z.tanh(),
    }
}

/// What `exp.rs` promises, in units in the last place. Where nothing fuses, z^2 is rounded before the exponential sees it.
fn bound(kernels: Kernels, activation: Activation, z: f32) -> f64 {
    match activation {
        Activation::Identity | Activation::Relu => 0.0,
        Activation::Gaussian if !kernels.isa().fuses() => 1.5 + f64::from(z * z),
        Activation::Gaussian => 1.1,
        Activation::Sigmoid => 2.5,
        Activation::Tanh => 1.6,
    }
}

/// `|got - exact|` in units in the last place of an f32 near `exact`; a result below 2^-126 may be 0.
fn ulps(got: f32, exact: f64) -> f64 {
    let least = f64::from(f32::MIN_POSITIVE);
    if f64::from(got) == exact || got == 0.0 && exact.abs() < 1.01 * least {
        return 0.0;
    }
    let exponent = exact.abs().max(least).to_bits() >> 52;
    (f64::from(got) - exact).abs() / f64::from_bits((exponent - 23) << 52)
}

/// Applies the kernel in place to values of any number.
fn activate(kernels: Kernels, activation: Activation, z: &[f32]) -> Vec<f32> {
    let mut lines = vec![Line::ZERO; Line::count(z.len())];
    Line::floats_mut(&mut lines)[..z.len()].copy_from_slice(z);
    kernels.activate(activation, &mut lines);
    Line::floats(&lines)[..z.len()].to_vec()
}

/// Every `stride`-th f32, NaNs and infinities among them, in chunks.
fn every(stride: usize, mut check: impl FnMut(&[f32])) {
    let mut chunk = Vec::with_capacity(CHUNK);
    for bits in (0..=u32::MAX).step_by(stride) {
        chunk.push(f32::from_bits(bits));
        if chunk.len() == CHUNK {
            check(&chunk);
            chunk.clear();
        }
    }
    check(&chunk);
}

/// Checks the error of every `stride`-th f32 and prints the largest.
fn sweep(activations: &[Activation], stride: usize) {
    each_isa(|kernels| {
        for &activation in activations {
            let mut worst = (0.0, 0.0);
            every(stride, |zs| {
                for (&z, h) in zs.iter().zip(activate(kernels, activation, zs)) {
                    if z.is_nan() {
                        assert!(h.is_nan(), "{kernels:?} {activation} of NaN {:x} is {h:e}", z.to_bits());
                    } else {
                        let error = ulps(h, exact(activation, z));
                        let bound = bound(kernels, activation, z);
                        assert!(
                            error <= bound,
                            "{kernels:?} {activation}({z:e}) = {h:e} is off by {error} ulp"
                        );
                        worst = if error > worst.0 { (error, z) } else { worst };
                    }
                }
            });
            eprintln!("{kernels:?} {activation}: at most {:.3} ulp, at {:e}", worst.0, worst.1);
        }
    });
}

/// A prime stride: the sweep visits all low bits.
#[test]
fn activations_are_accurate() {
    sweep(&Activation::ALL, if cfg!(miri) { 16_777_213 } else { 4_099 });
}

#[test]
#[ignore = "minutes: every f32 there is"]
fn activations_are_accurate_everywhere() {
    sweep(&[Activation::Gaussian, Activation::Sigmoid, Activation::Tanh], 1);
}

#[test]
fn sets_that_fuse_agree_bit_for_bit() {
    let first = OnceCell::new();
    each_isa_together(|kernels| {
        if !kernels.isa().fuses() {
            return;
        }
        let mut bits = Vec::new();
        for activation in Activation::ALL {
            every(65_521, |zs| {
                // Which NaN comes of a NaN is each set's own affair.
                bits.extend(
                    activate(kernels, activation, zs)
                        .iter()
                        .map(|h| if h.is_nan() { 0 } else { h.to_bits() }),
                );
            });
        }
        assert!(first.get_or_init(|| bits.clone()) == &bits, "{kernels:?} differs");
    });
}

#[test]
fn limits_are_exact() {
    use Activation::{Gaussian, Relu, Sigmoid, Tanh};
    let inf = f32::INFINITY;
    let cases = [
        (Gaussian, [(0.0, 1.0), (-0.0, 1.0), (inf, 0.0), (-inf, 0.0), (1e30, 0.0), (9.5, 0.0), (-9.5, 0.0)]),
        (
            Sigmoid,
            [(0.0, 0.5), (-0.0, 0.5), (inf, 1.0), (-inf, 0.0), (1e30, 1.0), (-1e30, 0.0), (-88.0, 0.0)],
        ),
        (
            Tanh,
            [
                (0.0, 0.0),
                (-0.0, -0.0),
                (inf, 1.0),
                (-inf, -1.0),
                (1e30, 1.0),
                (1e-40, 1e-40),
                (-1e-30, -1e-30),
            ],
        ),
        (Relu, [(0.0, 0.0), (-0.0, 0.0), (inf, inf), (-inf, 0.0), (3.0, 3.0), (-3.0, 0.0), (1e-40, 1e-40)]),
    ];
    each_isa(|kernels| {
        for (activation, pairs) in cases {
            for (z, h) in pairs {
                let got = activate(kernels, activation, &[z])[0];
                assert_eq!(
                    got.to_bits(),
                    f32::to_bits(h),
                    "{kernels:?} {activation}({z:e}) = {got:e}, not {h:e}"
                );
            }
        }
    });
}

#[test]
fn symmetric_to_the_bit() {
    each_isa(|kernels| {
        every(if cfg!(miri) { 16_777_213 } else { 65_521 }, |zs| {
            let minus: Vec<f32> = zs.iter().map(|z| -z).collect();
            for (activation, sign) in [(Activation::Gaussian, 1.0), (Activation::Tanh, -1.0)] {
                let (a, b) = (activate(kernels, activation, zs), activate(kernels, activation, &minus));
                for ((a, b), z) in a.iter().zip(&b).zip(zs) {
                    assert!(
                        z.is_nan() || a.to_bits() == (sign * b).to_bits(),
                        "{kernels:?} {activation}({z:e})"
                    );
                }
            }
        });
    });
}

#[test]
fn only_the_given_lines_change() {
    each_isa(|kernels| {
        for activation in Activation::ALL {
            for lines in 0..4 {
                let mut buffer = [Line([-0.5; 16]); 4];
                kernels.activate(activation, &mut buffer[..lines]);
                assert_eq!(buffer[lines..], [Line([-0.5; 16]); 4][lines..], "{kernels:?} {activation}");
                let h = exact(activation, -0.5) as f32;
                assert!(
                    Line::floats(&buffer[..lines]).iter().all(|got| (got - h).abs() < 1e-6),
                    "{activation}"
                );
            }
        }
    });
}
