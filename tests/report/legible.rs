//! Whether what is written in a picture can be read: inside of it, and clear of what else is written.

/// About how wide a character of 13 pixels is.
const CHARACTER: f64 = 6.6;

fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    let start = element.find(&format!(" {name}=\"")).unwrap_or_else(|| panic!("no {name} in {element}"));
    element[start + name.len() + 3..].split('"').next().unwrap()
}

fn number(element: &str, name: &str) -> f64 {
    attribute(element, name).parse().unwrap()
}

/// Left, right, top and bottom of a text, and what it says.
fn place(element: &str) -> ([f64; 4], &str) {
    let (x, y) = (number(element, "x"), number(element, "y"));
    let content = element.split('>').nth(1).unwrap().split('<').next().unwrap();
    let entities = content.matches('&').count();
    let written = content.chars().count() - entities * 4;
    let width = written as f64 * CHARACTER;
    let class = attribute(element, "class");
    let left = match class {
        _ if class.contains("middle") => x - width / 2.0,
        _ if class.contains("end") => x - width,
        _ => x,
    };
    ([left, left + width, y - 9.5, y + 2.5], content)
}

/// Fails if a text of `svg` leaves its picture or runs into another.
#[track_caller]
pub(crate) fn assert_legible(stem: &str, svg: &str) {
    for picture in svg.split("<svg").skip(1) {
        let frame: Vec<f64> = attribute(picture, "viewBox").split(' ').map(|n| n.parse().unwrap()).collect();
        let mut seen: Vec<([f64; 4], &str)> = Vec::new();
        for element in picture.split("<text").skip(1) {
            let (place, content) = place(element);
            if content.is_empty() {
                continue;
            }
            let [left, right, top, bottom] = place;
            let is_inside =
                left >= -1.0 && right <= frame[2] + 1.0 && top >= -1.0 && bottom <= frame[3] + 1.0;
            assert!(is_inside, "{stem}: {content:?} at {place:?} leaves {frame:?}");
            for (other, said) in &seen {
                let apart = left >= other[1] || right <= other[0] || top >= other[3] || bottom <= other[2];
                assert!(apart, "{stem}: {content:?} at {place:?} runs into {said:?} at {other:?}");
            }
            seen.push((place, content));
        }
    }
}
