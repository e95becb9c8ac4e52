//! The kernels of training against plain f64, and the gradients against finite differences, on every instruction set.
//!
//! `U` is half a unit in the last place of 1. A bound of n U on a quantity allows n roundings of its largest term.
#![cfg(feature = "train")]

#[allow(dead_code, reason = "each file of tests uses a part")]
mod isa;
#[allow(dead_code, reason = "each file of tests uses a part")]
mod operands;

use isa::{each_isa, each_isa_together};
use operands::value;
use prunella_kernels::{Activation, Adam, AdamState, Gradient, Kernels, Line, Momentum, Rows, RowsMut, Sgd};
use std::cell::RefCell;

const U: f64 = 0.5 * f32::EPSILON as f64;
const LENGTHS: [usize; 6] = [0, 1, 15, 16, 17, 33];
const CLASSES: &[usize] = if cfg!(miri) { &[1, 17] } else { &[1, 2, 3, 10, 16, 17, 100] };
const BATCHES: &[usize] = if cfg!(miri) { &[0, 2] } else { &[0, 1, 5, 64] };

/// `[rows, cols]` of values of that magnitude, with `padding` behind each row.
fn matrix(seed: usize, rows: usize, cols: usize, magnitude: f32, padding: f32) -> Vec<Line> {
    let mut lines = vec![Line([padding; 16]); rows * Line::count(cols)];
    for r in 0..rows {
        for c in 0..cols {
            row_mut(&mut lines, cols, r)[c] = magnitude * value(seed, r * cols + c);
        }
    }
    lines
}

/// Row `r` with its padding.
fn row(lines: &[Line], cols: usize, r: usize) -> &[f32] {
    &Line::floats(lines)[r * Line::count(cols) * Line::LEN..][..Line::count(cols) * Line::LEN]
}

fn row_mut(lines: &mut [Line], cols: usize, r: usize) -> &mut [f32] {
    &mut Line::floats_mut(lines)[r * Line::count(cols) * Line::LEN..][..Line::count(cols) * Line::LEN]
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

#[track_caller]
fn assert_close(got: f32, want: f64, tolerance: f64) {
    let error = (f64::from(got) - want).abs();
    assert!(error <= tolerance, "{got:e} is {error:e} from {want:e}, more than {tolerance:e}");
}

/// The slope of `f` along `x[i]`, by central differences in f64: its own error is near 1e-9 for slopes near 1.
fn slope(f: impl Fn(&[f64]) -> f64, x: &[f64], i: usize) -> f64 {
    let step = 1e-5;
    let at = |offset: f64| {
        let mut moved = x.to_vec();
        moved[i] += offset;
        f(&moved)
    };
    (at(step) - at(-step)) / (2.0 * step)
}

/// Collects what each set computes, and compares those that fuse bit for bit; with [`each_isa_together`].
#[derive(Default)]
struct Agreement {
    bits: RefCell<Vec<u32>>,
    first: RefCell<Option<Vec<u32>>>,
}

impl Agreement {
    fn note(&self, values: &[f32]) {
        self.bits.borrow_mut().extend(values.iter().map(|v| v.to_bits()));
    }

    /// To be called when a set has done everything.
    fn close(&self, kernels: Kernels) {
        let bits = self.bits.take();
        if kernels.isa().fuses() {
            let mut first = self.first.borrow_mut();
            assert!(*first.get_or_insert_with(|| bits.clone()) == bits, "{kernels:?} gives other bits");
        }
    }
}

fn softmax_loss(z: &[f64], label: usize) -> f64 {
    let max = z.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    z.iter().map(|z| (z - max).exp()).sum::<f64>().ln() + max - z[label]
}

fn binary_loss(z: f64, label: u8) -> f64 {
    let t = if label == 1 { -z } else { z };
    t.max(0.0) + (-t.abs()).exp().ln_1p()
}

#[test]
fn softmax_cross_entropy_matches_f64() {
    let agreement = Agreement::default();
    each_isa_together(|kernels| {
        for (&classes, &batch) in CLASSES.iter().flat_map(|c| BATCHES.iter().map(move |b| (c, b))) {
            for magnitude in [1.0, 20.0, 1000.0] {
                let z = matrix(classes, batch, classes, magnitude, 7.0);
                let labels: Vec<u8> = (0..batch).map(|r| (r * 7 % classes) as u8).collect();
                let (mut dz, mut loss, scale) = (z.clone(), vec![f32::NAN; batch], 0.125);
                let mut logits = RowsMut::new(&mut dz, batch, classes);
                kernels.softmax_cross_entropy(&mut logits, &labels, scale, &mut loss);
                for r in 0..batch {
                    let (label, z) = (usize::from(labels[r]), doubles(&row(&z, classes, r)[..classes]));
                    let exact = softmax_loss(&z, label);
                    // The chains and folds of the sum; each exponential, moved by the rounding of its z - max; the last
                    // roundings of loss and gradient.
                    let roundings = 16.0 + (classes / 16) as f64;
                    assert_close(loss[r], exact, U * (roundings + 2.0 * exact));
                    let dz = row(&dz, classes, r);
                    for c in 0..classes {
                        let minus_ln_p = softmax_loss(&z, c);
                        let p = (-minus_ln_p).exp();
                        let want = p - f64::from(u8::from(c == label));
                        let tolerance =
                            U * (p * (roundings + minus_ln_p) + want.abs()) + f64::from(f32::MIN_POSITIVE);
                        assert_close(dz[c], 0.125 * want, 0.125 * tolerance);
                    }
                    assert!(dz[classes..].iter().all(|&d| d == 0.0), "the padding of a gradient is zero");
                }
                agreement.note(Line::floats(&dz));
                agreement.note(&loss);
            }
        }
        agreement.close(kernels);
    });
}

#[test]
fn softmax_cross_entropy_gradient_is_the_slope_of_the_loss() {
    each_isa(|kernels| {
        for &classes in CLASSES {
            let z = matrix(3, 1, classes, 3.0, 0.0);
            let label = classes / 2;
            let mut dz = z.clone();
            let mut logits = RowsMut::new(&mut dz, 1, classes);
            kernels.softmax_cross_entropy(&mut logits, &[label as u8], 2.0, &mut [0.0]);
            let z = doubles(&row(&z, classes, 0)[..classes]);
            for c in 0..classes {
                let slope = slope(|z| softmax_loss(z, label), &z, c);
                assert_close(row(&dz, classes, 0)[c], 2.0 * slope, 2e-6);
            }
        }
    });
}

#[test]
fn softmax_cross_entropy_shows_what_is_not_finite() {
    each_isa(|kernels| {
        for bad in [f32::NAN, f32::INFINITY] {
            for position in [0, 1, 2, 16, 19] {
                let mut z = matrix(5, 2, 20, 1.0, 0.0);
                row_mut(&mut z, 20, 0)[position] = bad;
                let mut loss = [0.0; 2];
                let mut logits = RowsMut::new(&mut z, 2, 20);
                kernels.softmax_cross_entropy(&mut logits, &[1, 1], 1.0, &mut loss);
                assert!(
                    loss[0].is_nan() && row(&z, 20, 0)[..20].iter().all(|d| d.is_nan()),
                    "{kernels:?} {bad}"
                );
                assert!(
                    loss[1].is_finite() && row(&z, 20, 1).iter().all(|d| d.is_finite()),
                    "{kernels:?} {bad}"
                );
                assert!(row(&z, 20, 0)[20..].iter().all(|&d| d == 0.0), "the padding of a gradient is zero");
            }
        }
    });
}

#[test]
#[should_panic(expected = "the label of example Some(1) is not below 3")]
fn a_label_that_is_no_class_panics() {
    let mut z = matrix(0, 2, 3, 1.0, 0.0);
    let kernels = Kernels::new(prunella_kernels::Isa::best());
    kernels.softmax_cross_entropy(&mut RowsMut::new(&mut z, 2, 3), &[2, 3], 1.0, &mut [0.0; 2]);
}

#[test]
fn binary_cross_entropy_matches_f64() {
    let agreement = Agreement::default();
    each_isa_together(|kernels| {
        for &batch in BATCHES {
            for magnitude in [1.0, 30.0, 200.0] {
                let z = matrix(batch, batch, 1, magnitude, 7.0);
                let labels: Vec<u8> = (0..batch).map(|r| (r % 2) as u8).collect();
                let (mut dz, mut loss) = (z.clone(), vec![f32::NAN; batch]);
                kernels.binary_cross_entropy(&mut RowsMut::new(&mut dz, batch, 1), &labels, 0.25, &mut loss);
                for r in 0..batch {
                    let (z, label) = (f64::from(row(&z, 1, r)[0]), labels[r]);
                    let exact = binary_loss(z, label);
                    let least = f64::from(f32::MIN_POSITIVE);
                    assert_close(loss[r], exact, 4.0 * U * exact + 1.01 * least);
                    let difference = slope(|z| binary_loss(z[0], label), &[z], 0);
                    assert_close(row(&dz, 1, r)[0], 0.25 * difference, 1e-7);
                    // Accurate relative to itself, in the tails too.
                    let t = if label == 1 { -z } else { z };
                    let exact = -(f64::from(label) * 2.0 - 1.0) / (1.0 + (-t).exp());
                    assert_close(row(&dz, 1, r)[0], 0.25 * exact, 8.0 * U * exact.abs() + least);
                    assert!(
                        row(&dz, 1, r)[1..].iter().all(|&d| d == 0.0),
                        "the padding of a gradient is zero"
                    );
                }
                agreement.note(Line::floats(&dz));
                agreement.note(&loss);
            }
        }
        let mut nan = [Line([f32::NAN; 16])];
        let mut loss = [0.0];
        kernels.binary_cross_entropy(&mut RowsMut::new(&mut nan, 1, 1), &[1], 1.0, &mut loss);
        assert!(nan[0].0[0].is_nan() && loss[0].is_nan() && nan[0].0[1..] == [0.0; 15], "{kernels:?}");
        agreement.close(kernels);
    });
}

#[test]
fn mean_squared_error_matches_f64() {
    let agreement = Agreement::default();
    each_isa_together(|kernels| {
        for (&outputs, &batch) in CLASSES.iter().flat_map(|c| BATCHES.iter().map(move |b| (c, b))) {
            let (h, targets) = (matrix(1, batch, outputs, 2.0, 0.5), matrix(2, batch, outputs, 2.0, -3.0));
            let (mut dh, mut loss) = (h.clone(), vec![f32::NAN; batch]);
            let mut operand = RowsMut::new(&mut dh, batch, outputs);
            kernels.mean_squared_error(&mut operand, Rows::new(&targets, batch, outputs), 0.5, &mut loss);
            for r in 0..batch {
                let (h, target) = (doubles(row(&h, outputs, r)), doubles(row(&targets, outputs, r)));
                let mean = |h: &[f64]| {
                    let squares = h.iter().zip(&target).map(|(h, t)| (h - t) * (h - t));
                    squares.take(outputs).sum::<f64>() / outputs as f64
                };
                assert_close(loss[r], mean(&h), U * mean(&h) * (12 + outputs / 16) as f64);
                let dh = row(&dh, outputs, r);
                for c in 0..outputs {
                    assert_close(dh[c], 0.5 * slope(mean, &h, c), 8.0 * U * f64::from(dh[c].abs()) + 1e-8);
                }
                assert!(dh[outputs..].iter().all(|&d| d == 0.0), "the padding of a gradient is zero");
            }
            agreement.note(Line::floats(&dh));
            agreement.note(&loss);
        }
        let mut nan = [Line([f32::NAN; 16])];
        let mut loss = [0.0];
        kernels.mean_squared_error(
            &mut RowsMut::new(&mut nan, 1, 1),
            Rows::new(&[Line::ZERO], 1, 1),
            1.0,
            &mut loss,
        );
        assert!(nan[0].0[0].is_nan() && loss[0].is_nan() && nan[0].0[1..] == [0.0; 15], "{kernels:?}");
        agreement.close(kernels);
    });
}

#[test]
fn sums_of_rows_match_f64() {
    let agreement = Agreement::default();
    each_isa_together(|kernels| {
        for (&cols, &rows) in LENGTHS.iter().flat_map(|c| BATCHES.iter().map(move |b| (c, b))) {
            let a = matrix(9, rows, cols, 1.0, 0.0);
            let lines = Line::count(cols);
            let mut sums = vec![Line([f32::NAN; 16]); lines + 1];
            kernels.sum_rows(Rows::new(&a, rows, cols), &mut sums);
            let got = Line::floats(&sums);
            for c in 0..cols {
                let column: Vec<f64> = (0..rows).map(|r| f64::from(row(&a, cols, r)[c])).collect();
                let tolerance = U * rows as f64 * column.iter().map(|v| v.abs()).sum::<f64>();
                assert_close(got[c], column.iter().sum(), tolerance);
            }
            assert!(got[cols..lines * 16].iter().all(|&s| s == 0.0), "the padding of a gradient is zero");
            assert!(got[lines * 16..].iter().all(|s| s.is_nan()), "only whole lines of the sums are written");
            agreement.note(&got[..cols]);
        }
        agreement.close(kernels);
    });
}

#[test]
fn activations_run_backward() {
    let agreement = Agreement::default();
    let act = |activation: Activation, z: f64| match activation {
        Activation::Identity => z,
        Activation::Relu => z.max(0.0),
        Activation::Gaussian => (-z * z).exp(),
        Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
        Activation::Tanh => z.tanh(),
    };
    each_isa(|kernels| {
        for (activation, len) in Activation::ALL.into_iter().flat_map(|a| LENGTHS.map(|l| (a, l))) {
            let (z, dh) = (matrix(4, 1, len, 4.0, 0.0), matrix(6, 1, len, 2.0, 0.0));
            let mut h = z.clone();
            kernels.activate(activation, &mut h);
            let mut dz = dh.clone();
            // Only the Gaussian may read z.
            let z_or_h = if activation == Activation::Gaussian { &z } else { &h };
            kernels.activation_backward(activation, z_or_h, &h, &mut dz);
            let (z, dh, got) = (row(&z, len, 0), row(&dh, len, 0), row(&dz, len, 0));
            for i in 0..len {
                let exact = f64::from(dh[i]) * slope(|z| act(activation, z[0]), &[f64::from(z[i])], 0);
                // h is off by up to 4 U, and 1 - h^2 or h (1 - h) by as much of 1; then three roundings.
                assert_close(got[i], exact, f64::from(dh[i].abs()) * (12.0 * U + 1e-9));
            }
            assert!(got[len..].iter().all(|&d| d == 0.0), "the padding of a gradient is zero");
            agreement.note(got);
        }
        agreement.close(kernels);
    });
}

#[test]
fn backward_shows_a_nan() {
    each_isa(|kernels| {
        let (nan, one) = ([Line([f32::NAN; 16])], [Line([1.0; 16])]);
        for activation in Activation::ALL {
            let mut dh = nan;
            kernels.activation_backward(activation, &one, &one, &mut dh);
            assert!(dh[0].0.iter().all(|d| d.is_nan()), "{kernels:?} {activation}: dh");
            let mut dh = one;
            kernels.activation_backward(activation, &nan, &nan, &mut dh);
            let passes = activation == Activation::Identity;
            assert!(dh[0].0.iter().all(|d| d.is_nan() != passes), "{kernels:?} {activation}: h");
        }
    });
}

/// The mask of these tests: every third weight is pruned.
fn mask(len: usize) -> Vec<Line> {
    let mut mask = vec![Line([1.0; 16]); Line::count(len)];
    Line::floats_mut(&mut mask).iter_mut().step_by(3).for_each(|m| *m = 0.0);
    mask
}

/// Runs five steps of an optimizer, masked and not, and compares with `exact`, which updates one weight in f64 from its
/// gradient, its two state values and the number of the step.
fn check_optimizer(
    step: impl Fn(Kernels, u64, &mut [Line], [&mut [Line]; 2], &[Line], Option<&[Line]>),
    exact: impl Fn(u64, f64, &mut [f64; 3]),
) {
    let agreement = Agreement::default();
    each_isa_together(|kernels| {
        for (len, masked) in LENGTHS.into_iter().flat_map(|l| [(l, false), (l, true)]) {
            let mask = mask(len);
            let mut w = matrix(1, 1, len, 1.0, 0.0);
            let mut wants: Vec<[f64; 3]> = doubles(Line::floats(&w)).iter().map(|&w| [w, 0.0, 0.0]).collect();
            let (mut s, mut t) = (vec![Line::ZERO; w.len()], vec![Line::ZERO; w.len()]);
            for number in 1..=5 {
                let g = matrix(10 + number as usize, 1, len, 1.0, 0.0);
                step(kernels, number, &mut w, [&mut s, &mut t], &g, masked.then_some(&mask[..]));
                for (i, want) in wants.iter_mut().enumerate() {
                    exact(number, f64::from(Line::floats(&g)[i]), want);
                    if masked && Line::floats(&mask)[i] == 0.0 {
                        want[0] = 0.0;
                        assert_eq!(Line::floats(&w)[i].to_bits(), 0, "a pruned weight is +0");
                    }
                    // Weights and updates are below 2: a few roundings of each per step.
                    assert_close(Line::floats(&w)[i], want[0], 8.0 * U * number as f64);
                }
            }
            assert!(Line::floats(&w)[len..].iter().all(|&w| w == 0.0), "padding stays zero");
            agreement.note(Line::floats(&w));
        }
        // A pruned weight hides even a NaN, and any other shows it.
        let (mut w, mut s, mut t) = (vec![Line([-1.0; 16])], vec![Line::ZERO], vec![Line::ZERO]);
        step(kernels, 1, &mut w, [&mut s, &mut t], &[Line([f32::NAN; 16])], Some(&mask(16)));
        for (i, w) in w[0].0.iter().enumerate() {
            assert!(if i % 3 == 0 { w.to_bits() == 0 } else { w.is_nan() }, "{kernels:?} {i} {w}");
        }
        agreement.close(kernels);
    });
}

#[test]
fn sgd_matches_f64() {
    check_optimizer(
        |kernels, _, w, _, g, mask| kernels.sgd(Sgd { rate: 0.25 }, w, Gradient::Lines(g), mask),
        |_, g, [w, _, _]| *w -= 0.25 * g,
    );
}

#[test]
fn momentum_matches_f64() {
    check_optimizer(
        |kernels, _, w, [v, _], g, mask| {
            kernels.momentum(Momentum { rate: 0.125, momentum: 0.75 }, w, v, Gradient::Lines(g), mask)
        },
        |_, g, [w, v, _]| {
            *v = 0.75 * *v + g;
            *w -= 0.125 * *v;
        },
    );
}

#[test]
fn adam_matches_f64() {
    let (beta1, beta2, epsilon, rate) = (0.9f32, 0.999f32, 1e-3f32, 0.05f32);
    check_optimizer(
        |kernels, t, w, [m, v], g, mask| {
            kernels.adam(
                Adam { rate, beta1, beta2, epsilon, t },
                w,
                AdamState { m, v },
                Gradient::Lines(g),
                mask,
            )
        },
        |t, g, [w, m, v]| {
            let [rate, beta1, beta2, epsilon] = [rate, beta1, beta2, epsilon].map(f64::from);
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            let (m, v) = (*m / (1.0 - beta1.powf(t as f64)), *v / (1.0 - beta2.powf(t as f64)));
            *w -= rate * m / (v.sqrt() + epsilon);
        },
    );
}
