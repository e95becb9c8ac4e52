//! The checker must be able to say no.
// The oracle is safe code: Miri has nothing to look for.
#![cfg(all(feature = "oracle", not(miri)))]

use prunella_kernels::Activation;
use prunella_kernels::reference::{Expected, Layer, Mismatch, activate, check, dense_layer, exact, forward};

const FAN_IN: usize = 784;
const FAN_OUT: usize = 10;

/// The values of a layer of plausible size, as f32, and what the oracle says of them.
fn right() -> (Vec<f32>, Vec<Expected>) {
    let wave = |i: usize, period: f32| (i as f32 * period).sin();
    let weight: Vec<f32> = (0..FAN_IN * FAN_OUT).map(|i| wave(i, 0.7) * 0.05).collect();
    let bias: Vec<f32> = (0..FAN_OUT).map(|i| wave(i, 1.3)).collect();
    let rows: Vec<f32> = (0..FAN_IN * 3).map(|i| wave(i, 0.9).abs()).collect();
    let layer = Layer { fan_in: FAN_IN, weight: &weight, bias: &bias, activation: Activation::Identity };
    let want = dense_layer(layer, &exact(&rows));
    (want.iter().map(|w| w.value as f32).collect(), want)
}

fn wrong_at(got: &[f32], want: &[Expected]) -> usize {
    match check(got, want) {
        Err(Mismatch::Value { index, .. }) => index,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn accepts_the_right_output_and_says_how_far_off_it_is() {
    let (mut got, want) = right();
    assert!(check(&got, &want).unwrap() < 1e-6);
    let off = want[4].bound * 0.9;
    got[4] = (want[4].value + off) as f32;
    let largest = check(&got, &want).unwrap();
    assert!((largest - off).abs() < 1e-6 * want[4].value.abs(), "{largest} is not about {off}");
}

#[test]
fn refuses_zeros_nan_and_infinity() {
    let (mut got, want) = right();
    assert_eq!(wrong_at(&vec![0.0; got.len()], &want), 0);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        got[7] = bad;
        assert_eq!(wrong_at(&got, &want), 7);
    }
}

#[test]
fn refuses_one_wrong_element_and_a_swapped_pair() {
    let (right, want) = right();
    for i in 0..right.len() {
        let mut got = right.clone();
        // Three times what rounding explains, in either direction.
        for sign in [-3.0, 3.0] {
            got[i] = (want[i].value + sign * want[i].bound) as f32;
            assert_eq!(wrong_at(&got, &want), i);
        }
    }
    let mut got = right;
    got.swap(3, 4);
    assert_eq!(wrong_at(&got, &want), 3);
}

#[test]
fn refuses_an_output_of_another_length() {
    let (got, want) = right();
    let (short, len) = (&got[..got.len() - 1], got.len());
    assert_eq!(check(short, &want), Err(Mismatch::Length { got: len - 1, want: len }));
    assert_eq!(check(&got, &want[1..]), Err(Mismatch::Length { got: len, want: len - 1 }));
}

#[test]
fn refuses_what_no_bound_can_vouch_for() {
    let endless = Expected { value: 1.0, bound: f64::INFINITY };
    assert_eq!(wrong_at(&[1.0], &[endless]), 0);
    let nothing = Expected { value: f64::NAN, bound: f64::NAN };
    assert_eq!(wrong_at(&[f32::NAN], &[nothing]), 0);
}

#[test]
fn says_where_and_how_far() {
    let e = check(&[1.0, 2.5], &[Expected { value: 1.0, bound: 0.0 }, Expected { value: 2.0, bound: 0.125 }]);
    let text = e.unwrap_err().to_string();
    assert_eq!(text, "value 1 is 2.5, not 2: off by 5.000e-1, where rounding explains 1.250e-1");
}

/// The bound of a product is tight enough to miss no term: leaving one out is 1/784 of the sum, the bound 784 roundings of it.
#[test]
fn one_term_is_more_than_rounding() {
    let weight = vec![0.5; FAN_IN];
    let layer = Layer { fan_in: FAN_IN, weight: &weight, bias: &[0.25], activation: Activation::Identity };
    let want = dense_layer(layer, &exact(&vec![1.0; FAN_IN]));
    assert_eq!(want[0].value, 392.25);
    assert_eq!(wrong_at(&[392.25 - 0.5], &want), 0);
    assert_eq!(wrong_at(&[392.0], &want), 0);
}

/// By hand: 2 x 3 + 1 = 7; tanh 7; then -1 x that + 0.5.
#[test]
fn a_network_carries_its_bounds() {
    let first = Layer { fan_in: 1, weight: &[2.0], bias: &[1.0], activation: Activation::Tanh };
    let second = Layer { fan_in: 1, weight: &[-1.0], bias: &[0.5], activation: Activation::Identity };
    let one = forward([first], &[3.0])[0];
    let two = forward([first, second], &[3.0])[0];
    assert_eq!(one.value, 7f64.tanh());
    assert_eq!(two.value, 0.5 - 7f64.tanh());
    assert!(two.bound > one.bound && two.bound < 3.0 * one.bound, "{one:?} {two:?}");
}

#[test]
fn activations_by_hand() {
    let near = |a, z, h: f64| assert!((activate(a, z) - h).abs() < 1e-15, "{a}({z})");
    near(Activation::Identity, -3.0, -3.0);
    near(Activation::Relu, -3.0, 0.0);
    near(Activation::Relu, 3.0, 3.0);
    near(Activation::Gaussian, -0.5, 0.778_800_783_071_404_9);
    near(Activation::Sigmoid, 0.5, 0.622_459_331_201_854_6);
    near(Activation::Tanh, 0.5, 0.462_117_157_260_009_76);
    assert!(activate(Activation::Relu, f64::NAN).is_nan());
}
