//! The gradient of prototype networks against finite differences of their loss in f64, on every instruction set.
#![cfg(feature = "train")]

#[allow(dead_code, reason = "each file of tests uses a part")]
mod isa;
#[allow(dead_code, reason = "each file of tests uses a part")]
mod operands;

use isa::{each_isa, each_isa_together};
use operands::uniform;
use prunella_kernels::{Coverage, Kernels, Line, Overlap, PrototypeLosses, PrototypeNetworks};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

const SIZES: &[(usize, usize)] =
    if cfg!(miri) { &[(3, 2)] } else { &[(1, 1), (2, 1), (3, 1), (6, 1), (17, 1), (1, 3), (5, 2), (4, 3)] };
const GUARD: f32 = 0.3;

fn lines(seed: usize, len: usize, of: impl Fn(f32) -> f32) -> Vec<Line> {
    (0..len).map(|i| Line(std::array::from_fn(|lane| of(uniform(seed, i * 16 + lane))))).collect()
}

/// Sixteen networks of a size, all different; some weights are below the guard.
struct Case {
    n: usize,
    d: usize,
    x: Vec<Line>,
    y: Vec<Line>,
    parameters: Vec<Line>,
    lambda: [Line; 3],
}

impl Case {
    fn new(n: usize, d: usize) -> Case {
        let lambda = lines(4, 3, |u| u + 0.5);
        Case {
            n,
            d,
            x: lines(1, n * d, |u| u),
            y: lines(2, n, |u| u),
            parameters: lines(3, PrototypeNetworks::parameters(n, d), |u| 4.0 * u - 2.0),
            lambda: [lambda[0], lambda[1], lambda[2]],
        }
    }

    fn gradient(&self, kernels: Kernels, losses: &PrototypeLosses) -> (Vec<Line>, Line) {
        let Case { n, d, x, y, parameters, lambda } = self;
        let networks = PrototypeNetworks { n: *n, d: *d, x, y, parameters, lambda, guard: GUARD };
        // What was there before must not matter.
        let mut gradient = vec![Line([f32::NAN; 16]); parameters.len()];
        let mut scratch = vec![Line([f32::NAN; 16]); PrototypeNetworks::scratch(*n, *d)];
        let fit = kernels.prototype_gradient(&networks, losses, &mut gradient, &mut scratch);
        (gradient, fit)
    }
}

fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Fit and total loss of the network of one lane, from the formulas.
fn loss(case: &Case, lane: usize, losses: &PrototypeLosses, parameters: &[f64]) -> (f64, f64) {
    let (n, d) = (case.n, case.d);
    let lambda = |term: usize| f64::from(case.lambda[term].0[lane]);
    let (w, b, a) = (&parameters[..n * d], &parameters[n * d..2 * n * d], &parameters[2 * n * d..]);
    // x is [d, n].
    let x: Vec<Vec<f64>> =
        (0..n).map(|i| (0..d).map(|k| f64::from(case.x[k * n + i].0[lane])).collect()).collect();
    let h = |i: usize, j: usize| {
        (-(0..d).map(|k| (w[j * d + k] * x[i][k] + b[j * d + k]).powi(2)).sum::<f64>()).exp()
    };
    let h: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| h(i, j)).collect()).collect();
    let guard = f64::from(GUARD);
    let p = |k: usize| -b[k] / if w[k].abs() < guard { guard.copysign(w[k]) } else { w[k] };
    let p: Vec<Vec<f64>> = (0..n).map(|j| (0..d).map(|k| p(j * d + k)).collect()).collect();
    let error = |i: usize| (0..n).map(|j| a[j] * h[i][j]).sum::<f64>() + a[n] - f64::from(case.y[i].0[lane]);
    let fit = (0..n).map(|i| error(i).powi(2)).sum::<f64>() / n as f64;
    let pairs: Vec<(usize, usize)> = (0..n * n).map(|at| (at / n, at % n)).filter(|(j, k)| j != k).collect();
    let mean_of_pairs = |of: &dyn Fn(usize, usize) -> f64| {
        pairs.iter().map(|&(j, k)| of(j, k)).sum::<f64>() / pairs.len().max(1) as f64
    };
    let dot = |j: usize, k: usize| (0..n).map(|i| h[i][j] * h[i][k]).sum::<f64>();
    let mut total = fit;
    total += match losses.overlap {
        None => 0.0,
        Some(Overlap::Product) => lambda(0) * mean_of_pairs(&|j, k| dot(j, k) / n as f64),
        Some(Overlap::Cosine) => {
            lambda(0) * mean_of_pairs(&|j, k| dot(j, k) / (dot(j, j) * dot(k, k)).sqrt())
        }
    };
    let coverage = |i: usize| match losses.coverage {
        None => 0.0,
        Some(Coverage::SoftMinimum { tau }) => {
            let tau = f64::from(tau);
            -tau * p.iter().map(|p| (-square(&x[i], p) / tau).exp()).sum::<f64>().ln()
        }
        Some(Coverage::LargestActivation) => 1.0 - h[i].iter().copied().fold(0.0, f64::max),
    };
    total += lambda(1) * (0..n).map(coverage).sum::<f64>() / n as f64;
    if let Some(tau) = losses.separation {
        total += lambda(2) * mean_of_pairs(&|j, k| (-square(&p[j], &p[k]) / f64::from(tau)).exp());
    }
    (fit, total)
}

fn each_choice(mut check: impl FnMut(PrototypeLosses)) {
    for overlap in [None, Some(Overlap::Product), Some(Overlap::Cosine)] {
        for coverage in [None, Some(Coverage::SoftMinimum { tau: 0.25 }), Some(Coverage::LargestActivation)] {
            for separation in [None, Some(0.5)] {
                check(PrototypeLosses { overlap, coverage, separation });
            }
        }
    }
}

#[test]
fn the_gradient_is_the_slope_of_the_loss() {
    // Miri looks at the memory of the kernel, of which there is the same whatever is compared.
    let (lanes, every): (&[usize], _) = if cfg!(miri) { (&[15], 5) } else { (&[0, 5, 15], 1) };
    each_isa(|kernels| {
        for &(n, d) in SIZES {
            let case = Case::new(n, d);
            each_choice(|losses| {
                let (gradient, fit) = case.gradient(kernels, &losses);
                for &lane in lanes {
                    let at: Vec<f64> = case.parameters.iter().map(|line| line.0[lane].into()).collect();
                    let exact = loss(&case, lane, &losses, &at).0;
                    assert!((f64::from(fit.0[lane]) - exact).abs() < 1e-5 * (1.0 + exact), "{kernels:?}");
                    for (k, got) in gradient.iter().enumerate().step_by(every) {
                        let moved = |by: f64| {
                            let mut moved = at.clone();
                            moved[k] += by;
                            loss(&case, lane, &losses, &moved).1
                        };
                        let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                        let got = f64::from(got.0[lane]);
                        // Some tens of roundings of terms near 1, which 1 / |w| and 1 / tau multiply by at most 14.
                        let error = (got - slope).abs();
                        assert!(
                            error < 5e-5 * (1.0 + slope.abs()),
                            "{kernels:?} {n} x {d} {losses:?}, lane {lane}, parameter {k}: {got}, not {slope}"
                        );
                    }
                }
            });
        }
    });
}

#[test]
fn sets_that_fuse_agree() {
    let first: RefCell<Option<Vec<u32>>> = RefCell::default();
    each_isa_together(|kernels| {
        let mut bits = Vec::new();
        for &(n, d) in SIZES {
            each_choice(|losses| {
                let (gradient, fit) = Case::new(n, d).gradient(kernels, &losses);
                bits.extend(Line::floats(&gradient).iter().chain(&fit.0).map(|v| v.to_bits()));
            });
        }
        if kernels.isa().fuses() {
            let mut first = first.borrow_mut();
            assert!(*first.get_or_insert_with(|| bits.clone()) == bits, "{kernels:?} gives other bits");
        }
    });
}

#[test]
fn a_neuron_that_answers_to_nothing_has_no_slope() {
    each_isa(|kernels| {
        let mut case = Case::new(3, 1);
        // exp(-100^2) is 0.
        case.parameters[0] = Line([1.0; 16]);
        case.parameters[3] = Line([100.0; 16]);
        let losses = PrototypeLosses { overlap: Some(Overlap::Cosine), ..PrototypeLosses::default() };
        let (gradient, _) = case.gradient(kernels, &losses);
        for k in [0, 3, 6] {
            assert!(gradient[k].0.iter().all(|&g| g == 0.0), "{kernels:?}: {:?}", gradient[k]);
        }
        assert!(Line::floats(&gradient).iter().all(|g| g.is_finite()), "{kernels:?}");
    });
}

#[test]
fn operands_are_as_long_as_they_say() {
    let refuses = |why: &str, change: &dyn Fn(&mut Case)| {
        let mut case = Case::new(3, 2);
        change(&mut case);
        let call = || each_isa(|kernels| drop(case.gradient(kernels, &PrototypeLosses::default())));
        let panic = catch_unwind(AssertUnwindSafe(call)).expect_err(why);
        let message =
            panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        assert!(message.is_some_and(|m| m.contains(why)), "{message:?} does not say {why:?}");
    };
    if cfg!(panic = "abort") {
        return;
    }
    refuses("x is [d, n]", &|case| case.x.truncate(2));
    refuses("x is [d, n]", &|case| case.y.truncate(2));
    refuses("w, b, a, c", &|case| case.parameters.truncate(2));
    refuses("there is a point", &|case| case.n = 0);
    refuses("it has a coordinate", &|case| case.d = 0);
}
