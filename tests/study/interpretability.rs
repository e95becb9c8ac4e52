//! Saliency against whole forward passes, its measures against a pencil, and what units know of the class.

use prunella::dataset::{Dataset, SCALE};
use prunella::model::{Activation, Layer, Model};
use prunella::rng::Rng;
use prunella::study::Verdict;
use prunella::study::low_capacity::interpretability::{Hidden, Maps, Probe, claims};
use prunella::study::low_capacity::saliency::Method;
use prunella::study::low_capacity::{Findings, InterpretabilityRow, Pair};

const FEATURES: usize = 20;

fn model(hidden: usize, first: Vec<f32>, bias: Vec<f32>, last: Vec<f32>, offset: f32) -> Model {
    let features = first.len() / hidden;
    Model::new(vec![
        Layer::new(features, first, bias, Activation::Relu).unwrap(),
        Layer::new(hidden, last, vec![offset], Activation::Identity).unwrap(),
    ])
    .unwrap()
}

/// Random weights, of which about a `share` are zero; the biases lie about `bias`.
fn random(seed: u64, share: f32, bias: f32) -> Model {
    let mut rng = Rng::new(seed);
    let mut draw = |n: usize| -> Vec<f32> {
        (0..n).map(|_| if rng.uniform() < share { 0.0 } else { rng.normal() }).collect()
    };
    let first = draw(7 * FEATURES);
    let biases = draw(7).iter().map(|value| value + bias).collect();
    model(7, first, biases, draw(7), 0.3)
}

/// Images of random pixels, a third of them dark.
fn images(count: usize) -> Dataset {
    let mut rng = Rng::new(5);
    let pixels =
        (0..count * FEATURES).map(|_| if rng.below(3) == 0 { 0 } else { rng.below(256) as u8 }).collect();
    let labels = (0..count).map(|index| (index % 2) as u8).collect();
    Dataset::new(FEATURES, pixels, labels).unwrap()
}

/// The probability of class 1, by plain loops.
fn probability(model: &Model, x: &[f64]) -> f64 {
    let [first, last] = model.layers() else { panic!("two layers") };
    let unit = |(unit, row): (usize, &[f32])| {
        let z: f64 = row.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum();
        f64::from(last.weight()[unit]) * (z + f64::from(first.bias()[unit])).max(0.0)
    };
    let logit: f64 = first.weight().chunks_exact(x.len()).enumerate().map(unit).sum();
    1.0 / (1.0 + (-logit - f64::from(last.bias()[0])).exp())
}

fn scaled(pixels: &[u8]) -> Vec<f64> {
    pixels.iter().map(|pixel| f64::from(f32::from(*pixel) * SCALE)).collect()
}

#[test]
fn saliency_is_that_of_whole_forward_passes() {
    let images = images(30);
    for seed in 0..6 {
        let model = random(seed, if seed < 3 { 0.0 } else { 0.6 }, 0.0);
        let probe = Probe::new(&model).unwrap();
        for image in 0..images.len() {
            let x = scaled(images.pixels(image));
            let view = probe.view(images.pixels(image));
            let maps = Method::ALL.map(|method| view.map(method));
            for pixel in 0..FEATURES {
                let at = |by: f64| {
                    let mut x = x.clone();
                    x[pixel] += by;
                    probability(&model, &x)
                };
                for (method, map) in Method::ALL.iter().zip(&maps) {
                    let what = format!("seed {seed}, image {image}, pixel {pixel}, {method:?}");
                    match method {
                        Method::Perturbation(eps) => {
                            let expected = (at(*eps) - at(0.0)).abs();
                            assert!((map[pixel] - expected).abs() < 1e-12, "{what}");
                        }
                        Method::Gradient => {
                            // Unless a unit switches on or off within so little.
                            let slope = |by: f64| ((at(by) - at(-by)) / (2.0 * by)).abs();
                            let (near, nearer) = (slope(1e-4), slope(1e-5));
                            if (near - nearer).abs() < 1e-6 {
                                assert!((map[pixel] - nearer).abs() < 1e-5, "{what}");
                            }
                        }
                    }
                }
            }
        }
        for method in Method::ALL {
            let maps: Vec<_> =
                (0..images.len()).map(|image| probe.view(images.pixels(image)).map(method)).collect();
            for (pixel, mean) in probe.mean_map(&images, method).into_iter().enumerate() {
                let expected = maps.iter().map(|map| map[pixel]).sum::<f64>() / images.len() as f64;
                assert!((mean - expected).abs() < 1e-15, "{method:?}, pixel {pixel}");
            }
        }
    }
}

#[test]
fn a_sure_network_still_has_a_saliency() {
    // The probability is 1 - 2e-22: its change would be lost beside 1.
    let model = model(1, vec![1.0, -1.0], vec![50.0], vec![1.0], 0.0);
    let map = Probe::new(&model).unwrap().view(&[0, 0]).map(Method::Perturbation(0.1));
    let expected = |by: f64| ((-50.0 - by).exp() - (-50.0f64).exp()).abs();
    for (found, expected) in map.iter().zip([expected(0.1), expected(-0.1)]) {
        assert!((found / expected - 1.0).abs() < 1e-6, "{found:e}, not {expected:e}");
    }
}

#[test]
fn other_networks_are_refused() {
    let layer = |fan_in, fan_out, activation| {
        Layer::new(fan_in, vec![0.5; fan_in * fan_out], vec![0.0; fan_out], activation).unwrap()
    };
    let bad = [
        vec![layer(4, 1, Activation::Identity)],
        vec![layer(4, 3, Activation::Relu), layer(3, 2, Activation::Identity)],
        vec![layer(4, 3, Activation::Identity), layer(3, 1, Activation::Identity)],
        vec![layer(4, 3, Activation::Relu), layer(3, 1, Activation::Relu)],
        vec![layer(4, 3, Activation::Relu), layer(3, 3, Activation::Relu), layer(3, 1, Activation::Identity)],
    ];
    for layers in bad {
        let sizes = format!("{:?}", Model::new(layers.clone()).unwrap().sizes());
        let error = Probe::new(&Model::new(layers).unwrap()).unwrap_err().to_string();
        assert!(error.contains(&sizes) && error.contains("one hidden layer"), "{error}");
    }
}

#[test]
fn maps_agree_with_themselves_and_less_with_others() {
    let images = images(40);
    // With units that are active: where none is, no pixel matters, and a map agrees with none.
    let probe = |seed| Probe::new(&random(seed, 0.0, 6.0)).unwrap();
    for method in [Method::Perturbation(0.1), Method::Gradient] {
        let own = Maps::new(&probe(1), &images, method);
        let same = own.agreement(&own);
        assert!((same.spearman - 1.0).abs() < 1e-9 && (same.mean_spearman - 1.0).abs() < 1e-9);
        let other = own.agreement(&Maps::new(&probe(2), &images, method));
        assert!(other.spearman < 0.9 && other.mean_spearman < 0.9, "{other:?}");
        // A network without weights has a map that is the same everywhere.
        let blind = Probe::new(&model(1, vec![0.0; FEATURES], vec![1.0], vec![1.0], 0.0)).unwrap();
        let none = own.agreement(&Maps::new(&blind, &images, method));
        assert_eq!((none.spearman, none.mean_spearman), (0.0, 0.0));
    }
}

#[test]
fn faithfulness_is_the_area_under_the_curve() {
    // The logit is 3 a + b - 2 for two lit pixels of 1 and a dark one of great weight: a is deleted first.
    let probe = Probe::new(&model(1, vec![1.0, 3.0, 9.0], vec![0.0], vec![1.0], -2.0)).unwrap();
    let image = Dataset::new(3, vec![255, 255, 0, 255, 255, 0], vec![0, 1]).unwrap();
    let maps = Maps::new(&probe, &image, Method::Gradient);
    let p = |logit: f64| 1.0 / (1.0 + (-logit).exp());
    let found = maps.faithfulness(&probe, &image);
    let deletion = (p(2.0) / 2.0 + p(-1.0) + p(-2.0) / 2.0) / 2.0;
    let insertion = (p(-2.0) / 2.0 + p(1.0) + p(2.0) / 2.0) / 2.0;
    assert!((found.deletion - deletion).abs() < 1e-6, "{found:?}, not {deletion}");
    assert!((found.insertion - insertion).abs() < 1e-6, "{found:?}, not {insertion}");
    // A network that sees class 0 is asked for that.
    let opposite = Probe::new(&model(1, vec![1.0, 3.0, 9.0], vec![0.0], vec![-1.0], 2.0)).unwrap();
    let judged = maps.faithfulness(&opposite, &image);
    assert!((judged.deletion - deletion).abs() < 1e-6, "{judged:?}");
}

#[test]
fn a_unit_that_is_active_for_one_class_knows_it() {
    let labels: Vec<u8> = (0..64).map(|index| index % 2).collect();
    // Unit 0 is active for class 1, unit 1 always, but less for class 1; unit 2 has nothing to do with it.
    let of = |(index, label): (usize, &u8)| {
        let class = f32::from(*label);
        [class, 1.0 + index as f32 / 64.0 - 5.0 * class * 0.1 + 2.0 * (1.0 - class), (index / 2 % 2) as f32]
    };
    let hidden = Hidden::new(labels.iter().enumerate().flat_map(of).collect(), 3);
    let found = hidden.information(&labels);
    assert_eq!((found.active_max, found.active_mean), (1.0, 1.0 / 3.0));
    assert_eq!((found.binned_max, found.binned_mean), (1.0, 2.0 / 3.0));
    assert!((hidden.cka(&hidden) - 1.0).abs() < 1e-9);
    assert!(hidden.silhouette(&labels).unwrap() > 0.3);
    assert_eq!(hidden.cka(&Hidden::new(vec![1.0; 64], 1)), 0.0);
}

fn found(level: f64, network: &str, measure: &str, values: [f64; 4]) -> Vec<InterpretabilityRow> {
    let row = |(seed, value)| InterpretabilityRow {
        pair: Pair::ALL[4],
        hidden: 24,
        seed,
        level,
        network: network.into(),
        measure: measure.into(),
        value,
    };
    (0..).zip(values).map(row).collect()
}

#[test]
fn verdicts_follow_from_intervals() {
    let measure = "perturbation-spearman";
    let verdict = |values| {
        let mut interpretability = found(95.0, "magnitude", measure, values);
        // Rows of other levels, networks and measures have no say.
        interpretability.extend(found(50.0, "magnitude", measure, [0.0; 4]));
        interpretability.extend(found(95.0, "random", measure, [0.0; 4]));
        interpretability.extend(found(95.0, "magnitude", "cka", [0.0; 4]));
        let all = claims(&Findings { interpretability, ..Findings::default() });
        all.iter().find(|claim| claim.id == "saliency-agreement").unwrap().verdict
    };
    assert_eq!(verdict([0.95, 0.96, 0.97, 0.95]), Verdict::Holds);
    assert_eq!(verdict([0.3, 0.4, 0.3, 0.2]), Verdict::DoesNotHold);
    assert_eq!(verdict([0.8, 0.99, 0.85, 0.95]), Verdict::Undecided);
    // On either side of 0.9.
    assert_eq!(verdict([0.91, 0.92, 0.91, 0.92]), Verdict::Holds);
    assert_eq!(verdict([0.89, 0.88, 0.89, 0.88]), Verdict::DoesNotHold);
    assert_eq!(claims(&Findings::default()), []);
}
