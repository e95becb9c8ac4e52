//! Small images as `data:` addresses.

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use std::io::Write;
use std::{format, string::String, vec::Vec};

/// How the values of an image become colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tone {
    /// 0 is black, 1 is white; what lies outside is cut off.
    Grey,
    /// 0 is see-through, so that the page is behind it in any theme; this value, and more, is full blue; its negative, full orange.
    Signed(f32),
}

/// `values`, row-major, `columns` in a row, as a PNG in a `data:` address (PNG specification, third edition).
pub(super) fn data_address(values: &[f32], columns: usize, tone: Tone) -> String {
    let rows = values.len().checked_div(columns).unwrap_or(0);
    let (colour_type, pixel): (u8, fn(f32, f32) -> Vec<u8>) = match tone {
        Tone::Grey => (0, |value, _| [grey(value)].into()),
        Tone::Signed(_) => (6, signed),
    };
    let full = if let Tone::Signed(full) = tone { full } else { 1.0 };
    let mut raw = Vec::new();
    for row in values.chunks_exact(columns.max(1)) {
        // Every row begins with its filter: none.
        raw.push(0);
        raw.extend(row.iter().flat_map(|value| pixel(*value, full)));
    }
    let mut header = Vec::new();
    header.extend([columns, rows].iter().flat_map(|length| (*length as u32).to_be_bytes()));
    header.extend([8, colour_type, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"IDAT", &compressed(&raw));
    chunk(&mut png, b"IEND", &[]);
    format!("data:image/png;base64,{}", base64(&png))
}

fn grey(value: f32) -> u8 {
    // A cast of what is not a number gives 0.
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

fn signed(value: f32, full: f32) -> Vec<u8> {
    let [red, green, blue] = if value < 0.0 { [230, 110, 0] } else { [30, 120, 200] };
    [red, green, blue, grey(value.abs() / full)].into()
}

fn compressed(raw: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(raw).and_then(|()| encoder.finish());
    written.expect("memory takes everything")
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(content);
    png.extend((content.len() as u32).to_be_bytes());
    png.extend(kind);
    png.extend(content);
    png.extend(crc.sum().to_be_bytes());
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
