//! The bytes of an IDX file: refused, or read as exactly the elements they hold, compressed or not.
#![no_main]

use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use prunella::idx::{Idx, Values};
use std::io::Write;

fuzz_target!(|bytes: &[u8]| {
    let read = Idx::read(bytes, "raw");
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    let unzipped = Idx::read(&gzip.finish().unwrap()[..], "raw");
    match (read, unzipped) {
        (Ok(idx), Ok(unzipped)) => {
            assert_eq!(encode(&idx), bytes);
            let len = idx.dims().iter().try_fold(1u128, |product, dim| product.checked_mul(*dim as u128));
            assert_eq!(len, Some(idx.values().len() as u128), "the shape {:?} wrapped around", idx.dims());
            assert_eq!(encode(&unzipped), bytes);
        }
        (Err(error), Err(unzipped)) => assert_eq!(error, unzipped),
        (read, unzipped) => panic!("raw {read:?}, but compressed {unzipped:?}"),
    }
});

/// The format, written down a second time.
fn encode(idx: &Idx) -> Vec<u8> {
    let (code, elements): (u8, Vec<u8>) = match idx.values() {
        Values::U8(v) => (0x08, v.clone()),
        Values::I8(v) => (0x09, v.iter().flat_map(|x| x.to_be_bytes()).collect()),
        Values::I16(v) => (0x0b, v.iter().flat_map(|x| x.to_be_bytes()).collect()),
        Values::I32(v) => (0x0c, v.iter().flat_map(|x| x.to_be_bytes()).collect()),
        Values::F32(v) => (0x0d, v.iter().flat_map(|x| x.to_be_bytes()).collect()),
        Values::F64(v) => (0x0e, v.iter().flat_map(|x| x.to_be_bytes()).collect()),
    };
    let mut bytes = vec![0, 0, code, idx.dims().len() as u8];
    bytes.extend(idx.dims().iter().flat_map(|dim| (*dim as u32).to_be_bytes()));
    bytes.extend(elements);
    bytes
}
