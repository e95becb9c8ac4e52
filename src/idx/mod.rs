//! IDX files, raw and gzip: the format of MNIST and its kin.
//!
//! An IDX file is an array: two zero bytes, the element type, the number of dimensions, each dimension as a
//! big-endian u32, then the elements, big-endian, last dimension fastest. Gzip is recognised by its first bytes.
//! The header is never believed: memory grows with the bytes that are really there.

mod error;

pub use error::DataError;

use crate::files::{self, FileError};
use byteorder::{BigEndian, ByteOrder, WriteBytesExt};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::string::{String, ToString};
use std::{boxed::Box, format, vec::Vec};

/// The elements of an array, of one of the six types that IDX knows.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Type 08.
    U8(Vec<u8>),
    /// Type 09.
    I8(Vec<i8>),
    /// Type 0b.
    I16(Vec<i16>),
    /// Type 0c.
    I32(Vec<i32>),
    /// Type 0d.
    F32(Vec<f32>),
    /// Type 0e.
    F64(Vec<f64>),
}

/// An array of any number of dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Idx {
    dims: Vec<usize>,
    values: Values,
}

impl Values {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        match self {
            Values::U8(v) => v.len(),
            Values::I8(v) => v.len(),
            Values::I16(v) => v.len(),
            Values::I32(v) => v.len(),
            Values::F32(v) => v.len(),
            Values::F64(v) => v.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type as the header writes it.
    fn code(&self) -> u8 {
        match self {
            Values::U8(_) => 0x08,
            Values::I8(_) => 0x09,
            Values::I16(_) => 0x0b,
            Values::I32(_) => 0x0c,
            Values::F32(_) => 0x0d,
            Values::F64(_) => 0x0e,
        }
    }

    /// `bytes` holds whole elements of the type `code`, one of the six.
    fn decode(code: u8, bytes: Vec<u8>) -> Values {
        match code {
            0x08 => Values::U8(bytes),
            0x09 => Values::I8(bytes.into_iter().map(u8::cast_signed).collect()),
            0x0b => Values::I16(bytes.chunks_exact(2).map(BigEndian::read_i16).collect()),
            0x0c => Values::I32(bytes.chunks_exact(4).map(BigEndian::read_i32).collect()),
            0x0d => Values::F32(bytes.chunks_exact(4).map(BigEndian::read_f32).collect()),
            _ => Values::F64(bytes.chunks_exact(8).map(BigEndian::read_f64).collect()),
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Values::U8(v) => out.write_all(v),
            Values::I8(v) => v.iter().try_for_each(|x| out.write_i8(*x)),
            Values::I16(v) => v.iter().try_for_each(|x| out.write_i16::<BigEndian>(*x)),
            Values::I32(v) => v.iter().try_for_each(|x| out.write_i32::<BigEndian>(*x)),
            Values::F32(v) => v.iter().try_for_each(|x| out.write_f32::<BigEndian>(*x)),
            Values::F64(v) => v.iter().try_for_each(|x| out.write_f64::<BigEndian>(*x)),
        }
    }
}

impl Idx {
    /// The array of shape `dims` with the elements `values`, last dimension fastest.
    ///
    /// # Errors
    /// If the product of `dims` is not the number of values, or the format cannot hold the shape.
    pub fn new(dims: Vec<usize>, values: Values) -> Result<Idx, DataError> {
        let fail = |problem, remedy| Err(DataError::new("IDX array", problem, remedy));
        if u8::try_from(dims.len()).is_err() || dims.iter().any(|dim| u32::try_from(*dim).is_err()) {
            let problem = format!("the format does not hold a shape of {} dimensions, {dims:?}", dims.len());
            return fail(problem, "pass at most 255, each below 2^32");
        }
        match product(&dims) {
            Some(len) if len == values.len() => Ok(Idx { dims, values }),
            _ => {
                let problem = format!("shape {dims:?} does not hold {} values", values.len());
                fail(problem, "pass as many values as the shape has")
            }
        }
    }

    /// The shape.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The elements, last dimension fastest.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The shape and the elements.
    pub fn into_parts(self) -> (Vec<usize>, Values) {
        (self.dims, self.values)
    }

    /// Reads the file `path`, raw or gzip.
    ///
    /// # Errors
    /// If it cannot be read, or is not exactly one IDX array: the message names the file and the byte.
    pub fn open(path: &Path) -> Result<Idx, DataError> {
        Idx::read(open(path)?, &path.display().to_string())
    }

    /// Reads an array, raw or gzip, from `reader`, which errors call `name`.
    ///
    /// # Errors
    /// If it cannot be read, or is not exactly one IDX array.
    pub fn read(reader: impl Read, name: &str) -> Result<Idx, DataError> {
        let mut content = Content::read(reader, name)?;
        content.bytes.drain(..content.header.len());
        Ok(Idx { dims: content.header.dims, values: Values::decode(content.header.code, content.bytes) })
    }

    /// Writes the array to the file `path`, gzip-compressed if its name ends in `.gz`.
    ///
    /// # Errors
    /// If the file cannot be written; then nothing is.
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        let compress = path.extension().is_some_and(|extension| extension == "gz");
        files::write_atomic(path, |out| {
            if !compress {
                return self.write_to(out);
            }
            let mut encoder = GzEncoder::new(out, Compression::default());
            self.write_to(&mut encoder)?;
            encoder.finish().map(drop)
        })
    }

    fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        // `new` and `read` admit no shape that these casts would cut.
        out.write_all(&[0, 0, self.values.code(), self.dims.len() as u8])?;
        self.dims.iter().try_for_each(|dim| out.write_u32::<BigEndian>(*dim as u32))?;
        self.values.write(out)
    }
}

/// The decompressed bytes of the IDX file `path`, header included, for hashing: two compressors make different
/// files of the same content.
///
/// # Errors
/// As [`Idx::open`].
pub fn read_content(path: &Path) -> Result<Vec<u8>, DataError> {
    Ok(Content::read(open(path)?, &path.display().to_string())?.bytes)
}

fn open(path: &Path) -> Result<File, DataError> {
    // To open a pipe would wait for whoever writes to it.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(DataError::new(path.display(), "is not a regular file", "put the data into one"));
    }
    File::open(path).map_err(|error| {
        DataError::new(
            path.display(),
            format!("cannot be opened: {error}"),
            "check the name and its permissions",
        )
    })
}

fn product(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim))
}

struct Header {
    code: u8,
    dims: Vec<usize>,
}

impl Header {
    /// In bytes.
    fn len(&self) -> usize {
        4 + 4 * self.dims.len()
    }
}

/// A whole IDX file, decompressed: `header.len()` bytes of header, then as many of elements as it promises.
struct Content {
    header: Header,
    bytes: Vec<u8>,
}

impl Content {
    fn read(reader: impl Read, name: &str) -> Result<Content, DataError> {
        let mut source = Source::new(reader, name)?;
        let mut bytes = Vec::new();
        source.append(&mut bytes, 4, "magic number")?;
        let (code, element_bytes) = element_type(&bytes, name)?;
        let rank = usize::from(bytes[3]);
        source.append(&mut bytes, 4 * rank, "dimensions")?;
        let dims: Vec<usize> = bytes[4..].chunks_exact(4).map(|b| BigEndian::read_u32(b) as usize).collect();
        let Some(payload) = product(&dims).and_then(|len| len.checked_mul(element_bytes)) else {
            let problem = format!("the dimensions {dims:?} describe more bytes than can be addressed");
            return Err(DataError::new(at(name, 4), problem, REPLACE));
        };
        source.append(&mut bytes, payload, "elements")?;
        source.expect_end(bytes.len())?;
        Ok(Content { header: Header { code, dims }, bytes })
    }
}

/// The element type's code and size in bytes; `magic` holds four bytes.
fn element_type(magic: &[u8], name: &str) -> Result<(u8, usize), DataError> {
    if magic[..2] != [0, 0] {
        let problem = format!("the first four bytes are {magic:02x?}, not the magic number of an IDX file");
        return Err(DataError::new(
            at(name, 0),
            problem,
            "it must begin 00 00, element type, number of dimensions",
        ));
    }
    let element_bytes = match magic[2] {
        0x08 | 0x09 => 1,
        0x0b => 2,
        0x0c | 0x0d => 4,
        0x0e => 8,
        unknown => {
            let problem = format!("the element type 0x{unknown:02x} is unknown");
            return Err(DataError::new(at(name, 2), problem, "IDX has 08, 09, 0b, 0c, 0d and 0e"));
        }
    };
    Ok((magic[2], element_bytes))
}

const REPLACE: &str = "the file is damaged: replace it by a fresh copy";

fn at(name: &str, byte: usize) -> String {
    format!("{name}, byte {byte}")
}

/// The decompressed bytes of a file, one after another.
struct Source<'a> {
    reader: Box<dyn Read + 'a>,
    gzip: bool,
    name: &'a str,
}

impl<'a> Source<'a> {
    fn new(reader: impl Read + 'a, name: &'a str) -> Result<Source<'a>, DataError> {
        let mut reader = BufReader::new(reader);
        let mut first = Vec::new();
        let peeked = reader.by_ref().take(2).read_to_end(&mut first);
        let gzip = first == [0x1f, 0x8b];
        let whole = io::Cursor::new(first).chain(reader);
        let reader: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) };
        let source = Source { reader, gzip, name };
        peeked.map_err(|error| source.unreadable(0, &error))?;
        Ok(source)
    }

    /// Appends exactly `len` bytes, the `what` of the file.
    fn append(&mut self, bytes: &mut Vec<u8>, len: usize, what: &str) -> Result<(), DataError> {
        let start = bytes.len();
        let result = self.reader.by_ref().take(len as u64).read_to_end(bytes);
        result.map_err(|error| self.unreadable(bytes.len(), &error))?;
        let found = bytes.len() - start;
        if found == len {
            return Ok(());
        }
        let problem = format!("truncated: {len} bytes of {what} expected from byte {start}, {found} there");
        Err(DataError::new(at(self.name, bytes.len()), problem, REPLACE))
    }

    /// The reader must be at its end, after `len` bytes. For gzip this is where the checksum is verified.
    fn expect_end(&mut self, len: usize) -> Result<(), DataError> {
        let mut extra = Vec::new();
        let result = self.reader.by_ref().take(1).read_to_end(&mut extra);
        result.map_err(|error| self.unreadable(len, &error))?;
        if extra.is_empty() {
            return Ok(());
        }
        let problem = format!("over-long: the header promises {len} bytes in all, and more follow");
        Err(DataError::new(at(self.name, len), problem, REPLACE))
    }

    fn unreadable(&self, byte: usize, error: &io::Error) -> DataError {
        let problem = if self.gzip {
            format!("corrupt gzip, after {byte} bytes of content: {error}")
        } else {
            format!("cannot be read: {error}")
        };
        DataError::new(at(self.name, byte), problem, REPLACE)
    }
}
