use super::axis::Axis;
use super::labels::spread;
use super::*;
use std::string::{String, ToString};
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
    // Without what is written, which may have an exponent.
    let drawing = &svg[svg.find("/>").expect("a background")..];
    let tags = drawing.split('<').map(|rest| rest.split('>').next().unwrap_or_default());
    let drawing = tags.collect::<Vec<&str>>().join("<");
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

fn heat(values: &[f64], scale: Scale) -> HeatMap {
    let cell = |value: &f64| Cell { value: *value, text: "<1>".into(), hover: "<2>".into() };
    HeatMap {
        title: "t".into(),
        unit: "u".into(),
        scale,
        columns: ("c".into(), values.iter().map(|_| "x".into()).collect()),
        rows: vec![("r".into(), values.iter().map(cell).collect())],
    }
}

/// The colours of the cells, in order.
fn shades(map: &HeatMap) -> Vec<String> {
    let svg = map.element();
    let class = |rest: &str| rest.split('"').next().unwrap().to_string();
    svg.split("class=\"heat heat-").skip(1).map(class).collect()
}

#[test]
fn colours_follow_the_scale() {
    assert_eq!(shades(&heat(&[0.0, 0.5, 1.0], Scale::Linear)), ["0", "4", "8"]);
    assert_eq!(shades(&heat(&[1e-4, 1e-2, 1.0], Scale::Log)), ["0", "4", "8"]);
    assert_eq!(shades(&heat(&[f64::NAN, 0.0, 7.0], Scale::Log)), ["none", "none", "4"], "one value alone");
    assert_eq!(shades(&heat(&[], Scale::Log)), [""; 0]);
}

#[test]
fn every_kind_of_picture_is_drawable_and_escaped() {
    let image = |pixels: &[f32], side: usize| Image {
        pixels: pixels.into(),
        side,
        tone: Tone::Signed(0.0),
        caption: "<3>".into(),
        hover: "<4>".into(),
    };
    let images = |rows| Images { title: "<5>".into(), rows };
    assert_drawable(&images(vec![]));
    assert_drawable(&images(vec![("r".into(), vec![])]));
    let odd = [image(&[f32::NAN, 1.0, -1.0, f32::INFINITY], 2), image(&[1.0, 2.0, 3.0], 2), image(&[], 0)];
    let odd = images(vec![("<6>".into(), odd.into())]);
    for picture in [Picture::from(odd), heat(&[1.0], Scale::Linear).into()] {
        for form in [picture.inline(), picture.file()] {
            assert!((1..=6).all(|i| !form.contains(&std::format!("<{i}>"))), "{form}");
            assert!(form.contains("<svg") && form.trim_end().ends_with("</svg>"));
        }
    }
}

/// The bytes behind base64.
fn decoded(address: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let text = address.strip_prefix("data:image/png;base64,").expect("a PNG");
    let ends = text.len() - text.trim_end_matches('=').len();
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let bits = group.iter().fold(0u32, |bits, c| bits << 6 | u32::from(digit(*c)));
        bytes.extend(&bits.to_be_bytes()[1..]);
    }
    bytes.truncate(bytes.len() - ends);
    bytes
}

/// The chunks of a PNG, each of which must have the right sum.
fn chunks(png: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n").expect("a signature");
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        let mut sum = flate2::Crc::new();
        sum.update(&rest[4..8 + length]);
        assert_eq!(rest[8 + length..12 + length], sum.sum().to_be_bytes());
        chunks.push((rest[4..8].into(), rest[8..8 + length].into()));
        rest = &rest[12 + length..];
    }
    chunks
}

#[test]
fn images_are_png_files_of_their_pixels() {
    use std::io::Read;
    let raw = |values: &[f32], columns, tone| {
        let chunks = chunks(&decoded(&png::data_address(values, columns, tone)));
        let kinds: Vec<&[u8]> = chunks.iter().map(|(kind, _)| kind.as_slice()).collect();
        assert_eq!(kinds, [b"IHDR", b"IDAT", b"IEND"]);
        let mut raw = Vec::new();
        flate2::read::ZlibDecoder::new(&chunks[1].1[..]).read_to_end(&mut raw).unwrap();
        (chunks[0].1.clone(), raw)
    };
    let (header, grey) = raw(&[0.0, 1.0, 0.5, -3.0, 9.0, f32::NAN], 3, Tone::Grey);
    assert_eq!(header, [0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0]);
    assert_eq!(grey, [0, 0, 255, 128, 0, 0, 255, 0]);
    let (header, signed) = raw(&[0.0, 2.0, -1.0], 3, Tone::Signed(2.0));
    assert_eq!(header[8..10], [8, 6]);
    assert_eq!(signed, [0, 30, 120, 200, 0, 30, 120, 200, 255, 230, 110, 0, 128], "how much is how opaque");
}

#[test]
fn panels_share_their_axes() {
    let plots =
        [0.0, 10.0].map(|y| plot((Scale::Linear, Scale::Linear), vec![point(y, y, y - 1.0, y + 1.0)]));
    let apart: Vec<String> =
        plots.iter().map(|plot| Plot { size: Size::Panel, ..plot.clone() }.element()).collect();
    let panels = Panels::new("t", &[("a", 0)], plots.into());
    let (inline, file) = (panels.element(), panels.document());
    assert_eq!(inline.matches("<svg").count(), 3, "two panels and a legend");
    assert_eq!(file.matches("<svg").count(), 4, "the same on a sheet");
    let ticks = |svg: &str| {
        let ticks =
            svg.split("class=\"tick").skip(1).map(|rest| rest.split(['>', '<']).nth(1).unwrap().to_string());
        ticks.collect::<Vec<String>>()
    };
    let shared: Vec<Vec<String>> = inline.split("<svg").skip(1).map(ticks).collect();
    assert_eq!(shared[0], shared[1]);
    assert_ne!(ticks(&apart[0]), ticks(&apart[1]), "which they would not by themselves");
}

#[test]
fn steps_go_on_until_the_next_and_to_the_end() {
    let points = vec![Point::plain(1.0, 0.2), Point::plain(2.0, 0.8)];
    let series = Series { join: Join::Steps, ..Series::line("", 0, points) };
    let plot = Plot { series: vec![series], ..Plot::new("t", ("x", Scale::Linear), ("y", Scale::Linear)) };
    let svg = plot.element();
    let line = svg.split("class=\"line look0\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    let places: Vec<&str> = line.split(['M', 'L']).skip(1).collect();
    let at = |i: usize| places[i].split_once(' ').unwrap();
    assert_eq!(places.len(), 4);
    assert_eq!((at(1).0, at(1).1), (at(2).0, at(0).1), "on to the next, then up");
    assert_eq!(at(3).1, at(2).1);
    assert_eq!(at(3).0, "428.0", "the right end of the axis");
}

#[test]
fn powers_of_ten_are_written_before_others() {
    let points = [1e2, 1e3, 4e4].map(|x| Point::plain(x, 1.0)).into();
    let series = vec![Series::line("a long name, which leaves little room", 0, points)];
    let plot = Plot { series, ..Plot::new("t", ("x", Scale::Time), ("y", Scale::Linear)) };
    let svg = plot.element();
    for label in [">100 ns<", ">1 us<", ">10 us<"] {
        assert!(svg.contains(label), "{label} in {svg}");
    }
}
