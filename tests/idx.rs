//! IDX files: what is written is read back, and whatever is wrong is named.
#![cfg(feature = "std")]

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use prunella::idx::{Idx, Values, read_content};
use std::fs;
use std::io::{self, Read, Write};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A header of `dims` for the element type `code`, followed by `payload`.
fn file(code: u8, dims: &[u32], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, dims.len() as u8];
    dims.iter().for_each(|dim| bytes.extend(dim.to_be_bytes()));
    bytes.extend_from_slice(payload);
    bytes
}

/// The message for `bytes`, which must be the same (but for what gzip adds) raw and compressed.
fn message(bytes: &[u8]) -> String {
    let raw = Idx::read(bytes, "a.idx").unwrap_err().to_string();
    let compressed = Idx::read(&gzip(bytes)[..], "a.idx").unwrap_err().to_string();
    assert_eq!(raw, compressed);
    raw
}

/// The message must hold every one of `parts`.
fn assert_says(message: &str, parts: &[&str]) {
    parts.iter().for_each(|part| assert!(message.contains(part), "{part:?} is not in {message:?}"));
}

fn values(kind: u8, seeds: &[u64]) -> Values {
    match kind {
        0 => Values::U8(seeds.iter().map(|s| *s as u8).collect()),
        1 => Values::I8(seeds.iter().map(|s| *s as i8).collect()),
        2 => Values::I16(seeds.iter().map(|s| *s as i16).collect()),
        3 => Values::I32(seeds.iter().map(|s| *s as i32).collect()),
        4 => Values::F32(seeds.iter().map(|s| f32::from_bits(*s as u32)).collect()),
        _ => Values::F64(seeds.iter().map(|s| f64::from_bits(*s)).collect()),
    }
}

/// Any array of up to five dimensions; floats of any bits, NaN too.
fn any_idx() -> impl Strategy<Value = Idx> {
    (0u8..6, prop::collection::vec(0usize..5, 0..6)).prop_flat_map(|(kind, dims)| {
        let len = dims.iter().product::<usize>();
        prop::collection::vec(any::<u64>(), len)
            .prop_map(move |seeds| Idx::new(dims.clone(), values(kind, &seeds)).unwrap())
    })
}

/// NaN differs from itself; its bits do not.
fn bits(values: &Values) -> Vec<u64> {
    match values {
        Values::F32(v) => v.iter().map(|x| x.to_bits().into()).collect(),
        Values::F64(v) => v.iter().map(|x| x.to_bits()).collect(),
        _ => Vec::new(),
    }
}

fn assert_same(read: &Idx, written: &Idx) {
    assert_eq!(read.dims(), written.dims());
    assert_eq!(bits(read.values()), bits(written.values()));
    if bits(read.values()).is_empty() {
        assert_eq!(read, written);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read_back(idx in any_idx()) {
        let directory = tempfile::tempdir().unwrap();
        let raw = directory.path().join("a");
        let compressed = directory.path().join("a.gz");
        idx.write(&raw).unwrap();
        idx.write(&compressed).unwrap();
        assert_same(&Idx::open(&raw).unwrap(), &idx);
        assert_same(&Idx::open(&compressed).unwrap(), &idx);
        prop_assert_eq!(&fs::read(&compressed).unwrap()[..2], &[0x1f, 0x8b]);
        prop_assert_eq!(read_content(&compressed).unwrap(), fs::read(&raw).unwrap());
        prop_assert_eq!(read_content(&raw).unwrap(), fs::read(&raw).unwrap());
        // The content decides, not the name.
        fs::rename(&compressed, &raw).unwrap();
        assert_same(&Idx::open(&raw).unwrap(), &idx);
    }

    #[test]
    fn any_bytes_are_an_array_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..64), plausible: bool) {
        if plausible && bytes.len() > 4 {
            bytes[..2].fill(0);
            bytes[2] = 0x08 + bytes[2] % 8;
            bytes[3] %= 4;
        }
        for input in [bytes.clone(), gzip(&bytes), [&[0x1f, 0x8b], &bytes[..]].concat()] {
            if let Ok(idx) = Idx::read(&input[..], "any") {
                prop_assert_eq!(idx.values().len(), idx.dims().iter().product::<usize>());
            }
        }
    }

    #[test]
    fn every_truncation_and_every_extra_byte_is_noticed(idx in any_idx(), cut in any::<prop::sample::Index>()) {
        let directory = tempfile::tempdir().unwrap();
        for name in ["a", "a.gz"] {
            let path = directory.path().join(name);
            idx.write(&path).unwrap();
            let mut bytes = fs::read(&path).unwrap();
            prop_assert!(Idx::read(&bytes[..cut.index(bytes.len())], name).is_err());
            bytes.push(0);
            prop_assert!(Idx::read(&bytes[..], name).is_err());
        }
    }

    #[test]
    fn every_flipped_bit_of_a_gzip_payload_is_noticed(bit in 10 * 8usize..) {
        let mut bytes = gzip(&file(0x08, &[40], &[7; 40]));
        let bit = 80 + bit % (8 * bytes.len() - 80);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let says = Idx::read(&bytes[..], "a.gz").map(|idx| idx.values().clone());
        prop_assert!(says.is_err() || says == Ok(Values::U8(vec![7; 40])));
    }
}

#[test]
fn a_file_has_the_bytes_of_the_format() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    let expect = |values, code, payload: &[u8]| {
        Idx::new(vec![1, 2], values).unwrap().write(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), file(code, &[1, 2], payload));
    };
    expect(Values::U8(vec![1, 255]), 0x08, &[1, 255]);
    expect(Values::I8(vec![1, -1]), 0x09, &[1, 255]);
    expect(Values::I16(vec![1, -2]), 0x0b, &[0, 1, 255, 254]);
    expect(Values::I32(vec![1, -2]), 0x0c, &[0, 0, 0, 1, 255, 255, 255, 254]);
    expect(Values::F32(vec![1.0, -2.0]), 0x0d, &[0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0]);
    let doubles = [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0];
    expect(Values::F64(vec![1.0, -2.0]), 0x0e, &doubles);
}

#[test]
fn a_gzip_of_several_members_is_one_file() {
    let whole = file(0x08, &[4], &[1, 2, 3, 4]);
    let members = [gzip(&whole[..5]), gzip(&whole[5..])].concat();
    assert_eq!(Idx::read(&members[..], "a").unwrap().values(), &Values::U8(vec![1, 2, 3, 4]));
}

#[test]
fn a_wrong_header_is_named_with_its_byte() {
    assert_says(&message(b""), &["a.idx, byte 0", "truncated: 4 bytes of magic number", "replace it"]);
    assert_says(&message(b"\x89PNG\r\n"), &["a.idx, byte 0", "[89, 50, 4e, 47]", "must begin 00 00"]);
    assert_says(
        &message(&file(0x0a, &[1], &[1])),
        &["a.idx, byte 2", "0x0a is unknown", "IDX has 08, 09, 0b"],
    );
    assert_says(
        &message(&[0, 0, 8, 3, 0, 0, 0, 1]),
        &["byte 8", "12 bytes of dimensions", "from byte 4, 4 there"],
    );
}

#[test]
fn a_wrong_length_is_named_with_both_lengths() {
    let short = message(&file(0x0c, &[2, 2], &[0; 15]));
    assert_says(&short, &["a.idx, byte 27", "truncated: 16 bytes of elements", "from byte 12, 15 there"]);
    let long = message(&file(0x08, &[2, 2], &[0; 5]));
    assert_says(&long, &["a.idx, byte 16", "over-long: the header promises 16 bytes", "fresh copy"]);
    let overflow = message(&file(0x08, &[u32::MAX; 3], &[0; 5]));
    assert_says(&overflow, &["a.idx, byte 4", "4294967295", "more bytes than can be addressed"]);
}

#[test]
fn a_corrupt_gzip_is_called_so() {
    let whole = gzip(&file(0x08, &[100], &[3; 100]));
    let says = |bytes: &[u8]| Idx::read(bytes, "a.gz").unwrap_err().to_string();
    for cut in 2..whole.len() {
        assert_says(&says(&whole[..cut]), &["a.gz, byte", "corrupt gzip", "replace it"]);
    }
    assert_says(&says(&[&whole[..], b"trailing"].concat()), &["corrupt gzip, after 108 bytes of content"]);
    let mut wrong_sum = whole.clone();
    wrong_sum[whole.len() - 8] ^= 1;
    assert_says(&says(&wrong_sum), &["corrupt gzip"]);
}

#[test]
fn memory_is_not_taken_on_the_word_of_a_header() {
    // 2^60 bytes are beyond any address space: reserving them would abort this test.
    let promise = file(0x08, &[1 << 20, 1 << 20, 1 << 20], &[1, 2, 3, 4]);
    assert_says(&message(&promise), &["truncated: 1152921504606846976 bytes of elements", "4 there"]);
}

/// Endless zeros, counting how many are taken.
struct Zeros<'a>(&'a mut u64);

impl Read for Zeros<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(0);
        *self.0 += buffer.len() as u64;
        Ok(buffer.len())
    }
}

#[test]
fn no_more_is_read_than_the_header_promises() {
    let mut taken = 0;
    let endless = &file(0x08, &[1000], &[])[..];
    let says = Idx::read(endless.chain(Zeros(&mut taken)), "endless").unwrap_err().to_string();
    assert_says(&says, &["over-long"]);
    assert!(taken < 100_000, "{taken} bytes read for an array of 1000");

    // The same for a gzip that expands a thousandfold.
    let bomb = gzip(&file(0x08, &[1000], &vec![0; 50_000_000]));
    assert_says(&Idx::read(&bomb[..], "bomb").unwrap_err().to_string(), &["byte 1008", "over-long"]);
}

#[test]
fn an_array_must_fit_its_shape_and_the_format() {
    let says = |dims: Vec<usize>| Idx::new(dims, Values::U8(vec![0; 6])).unwrap_err().to_string();
    assert_says(&says(vec![2, 2]), &["[2, 2] does not hold 6 values"]);
    assert_says(&says(vec![]), &["[] does not hold 6 values"]);
    assert_says(&says(vec![1; 256]), &["256 dimensions", "pass at most 255"]);
    assert!(Idx::new(vec![1 << 20; 4], Values::U8(Vec::new())).is_err());
    #[cfg(target_pointer_width = "64")]
    assert_says(&says(vec![1 << 32]), &["4294967296", "each below 2^32"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let says = Idx::open("no/such/file".as_ref()).unwrap_err().to_string();
    assert_says(&says, &["no/such/file: cannot be opened", "check the name"]);
    assert_says(&read_content("no/such/file".as_ref()).unwrap_err().to_string(), &["no/such/file"]);
    assert_says(&Idx::open(".".as_ref()).unwrap_err().to_string(), &["is not a regular file"]);
}
