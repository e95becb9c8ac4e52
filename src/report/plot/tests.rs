use super::axis::Axis;
use super::labels::spread;
use super::*;
use std::vec;
use std::vec::Vec;

fn plot(scale: (Scale, Scale), points: Vec<Point>) -> Plot {
    Plot {
        marks: vec![Mark { lo: 0.4, hi: 1.5, look: 0, hover: "m".into() }],
        series: vec![Series::line("a", 0, points)],
        ..Plot::new("t", ("x", scale.0), ("y", scale.1))
    }
}

fn point(x: f64, y: f64, lo: f64, hi: f64) -> Point {
    Point { lo, hi, hover: "h".into(), ..Point::plain(x, y) }
}

/// Every number in the drawing lies in the drawing.
fn assert_drawable(plot: &dyn Draw) {
    let svg = plot.element();
    let (width, height) = plot.size();
    let drawing = &svg[svg.find("/>").expect("a background")..];
    for bad in ["NaN", "inf", "e+", "e-"] {
        assert!(!drawing.contains(bad), "{bad} in {drawing}");
    }
    for attribute in [" d=\"", " x=\"", " y=\"", " cx=\"", " cy=\""] {
        for rest in drawing.split(attribute).skip(1) {
            let value = rest.split('"').next().unwrap();
            for number in value.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')) {
                let number: f64 = if number.is_empty() { 0.0 } else { number.parse().unwrap() };
                assert!((-20.0..=width.max(height) + 20.0).contains(&number), "{number} in {value}");
            }
        }
    }
}

#[test]
fn degenerate_data_still_has_places() {
    let scales = [
        Scale::Count,
        Scale::Linear,
        Scale::Share,
        Scale::Ratio,
        Scale::Sparsity,
        Scale::Log,
        Scale::Size,
        Scale::Time,
        Scale::Plane,
    ];
    let hard = [0.0, 1.0, -1.0, 0.98, 1e-300, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    for x in scales {
        for y in scales {
            assert_drawable(&plot((x, y), vec![]));
            for value in hard {
                assert_drawable(&plot((x, y), vec![point(0.9, value, value, value)]));
                assert_drawable(&plot((x, y), vec![point(value, 2.0, value, 3.0)]));
                assert_drawable(&plot(
                    (x, y),
                    vec![point(value, 1.0, 1.0, 1.0), point(value, 1.0, 1.0, 1.0)],
                ));
                assert_drawable(&plot(
                    (x, y),
                    vec![point(0.5, 1.0, 0.9, 1.1), point(0.9, value, value, value)],
                ));
            }
        }
    }
}

#[test]
fn a_single_point_stands_in_the_middle() {
    let axis = Axis::fit(Scale::Share, [0.98].into_iter());
    assert!((axis.position(0.98).unwrap() - 0.5).abs() < 1e-9);
    assert!(axis.ticks.len() >= 2);
}

#[test]
fn ticks_are_round_and_inside() {
    let axis = Axis::fit(Scale::Ratio, [0.6, 21.0].into_iter());
    assert_eq!(axis.ticks, [1.0, 2.0, 5.0, 10.0, 20.0]);
    let axis = Axis::fit(Scale::Ratio, [0.4, 1e3].into_iter());
    assert_eq!(axis.ticks.len(), 11);
    let axis = Axis::fit(Scale::Ratio, [0.4, 1e4].into_iter());
    assert_eq!(axis.ticks, [1.0, 10.0, 1e2, 1e3, 1e4]);
    let axis = Axis::fit(Scale::Count, [1.0, 3.0].into_iter());
    assert_eq!(axis.ticks, [1.0, 2.0, 3.0]);
    let axis = Axis::fit(Scale::Sparsity, [0.99, 0.5, 0.99, 0.9].into_iter());
    assert_eq!(axis.ticks, [0.5, 0.9, 0.99]);
    for tick in &axis.ticks {
        assert!((0.0..=1.0).contains(&axis.position(*tick).unwrap()));
    }
}

#[test]
fn sparsity_is_spread_by_what_is_left() {
    let axis = Axis::fit(Scale::Sparsity, [0.0, 0.9, 0.99].into_iter());
    let place = |value| axis.position(value).unwrap();
    assert!((place(0.9) - place(0.0) - (place(0.99) - place(0.9))).abs() < 1e-9);
    assert!(place(1.0).is_finite());
}

#[test]
fn labels_keep_their_distance_and_stay_inside() {
    for wanted in [&[100.0, 101.0, 99.0][..], &[0.0, 0.0, 300.0, 299.0], &[250.0; 5], &[]] {
        let mut placed = spread(wanted, 15.0, 30.0, 250.0);
        placed.sort_by(f64::total_cmp);
        assert!(placed.windows(2).all(|pair| pair[1] - pair[0] >= 15.0 - 1e-9), "{placed:?}");
        assert!(placed.iter().all(|y| (30.0..=250.0).contains(y)), "{placed:?}");
    }
    assert_eq!(spread(&[100.0, 50.0], 15.0, 30.0, 250.0), [100.0, 50.0], "labels with room do not move");
}

#[test]
fn names_and_hover_text_are_escaped() {
    let mut plot = plot((Scale::Linear, Scale::Linear), vec![point(1.0, 1.0, 1.0, 1.0)]);
    plot.title = "\"><script>".into();
    plot.series[0].name = "<b>".into();
    plot.series[0].points[0].hover = "<i>\u{1}".into();
    let svg = plot.document();
    for raw in ["<script", "<b>", "<i>", "\u{1}"] {
        assert!(!svg.contains(raw), "{raw:?} in {svg}");
    }
}
