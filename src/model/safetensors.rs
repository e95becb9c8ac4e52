//! The container: a length, a JSON header, and the tensors' bytes.
//!
//! The `safetensors` crate needs `serde_json` and more; an embedded program should carry none of it.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::ModelError;
use super::json::Reader;

const LENGTH_BYTES: usize = 8;
/// The format's own limit.
const MAX_HEADER_BYTES: usize = 100_000_000;
const DATA_ALIGN: usize = 8;

/// A tensor's entry in the header, its range checked against the file and its shape.
pub(crate) struct Tensor<'a> {
    pub(crate) shape: Vec<usize>,
    /// `f32`s, little-endian.
    pub(crate) data: &'a [u8],
}

/// A file whose header is sound: the tensors fill the data exactly, without overlap or gap.
pub(crate) struct Container<'a> {
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) tensors: BTreeMap<String, Tensor<'a>>,
}

struct Entry {
    shape: Vec<usize>,
    range: Range<usize>,
}

impl<'a> Container<'a> {
    pub(crate) fn read(file: &'a [u8]) -> Result<Container<'a>, ModelError> {
        let (header, data) = split(file)?;
        let (metadata, entries) = read_header(header)?;
        check_coverage(&entries, data.len())?;
        let with_data = |(name, Entry { shape, range })| (name, Tensor { shape, data: &data[range] });
        Ok(Container { metadata, tensors: entries.into_iter().map(with_data).collect() })
    }
}

/// The header's text and the data after it.
fn split(file: &[u8]) -> Result<(&str, &[u8]), ModelError> {
    let Some((length, rest)) = file.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(ModelError::format(
            file.len(),
            "the file ends within its first 8 bytes, the header's length",
        ));
    };
    let length = u64::from_le_bytes(*length);
    let header_bytes = usize::try_from(length).unwrap_or(usize::MAX);
    if header_bytes > MAX_HEADER_BYTES {
        let problem = format!("a header of {length} bytes; at most {MAX_HEADER_BYTES} are allowed");
        return Err(ModelError::format(0, problem));
    }
    let Some((header, data)) = rest.split_at_checked(header_bytes) else {
        let problem =
            format!("the header needs {length} bytes, but the file ends after {} of them", rest.len());
        return Err(ModelError::format(file.len(), problem));
    };
    let header = core::str::from_utf8(header)
        .map_err(|e| ModelError::format(LENGTH_BYTES + e.valid_up_to(), "the header is not UTF-8"))?;
    if !header.starts_with('{') {
        return Err(ModelError::format(LENGTH_BYTES, "the header must begin with `{`"));
    }
    Ok((header, data))
}

type Header = (BTreeMap<String, String>, BTreeMap<String, Entry>);

fn read_header(text: &str) -> Result<Header, ModelError> {
    let mut metadata = None;
    let mut entries = BTreeMap::new();
    let mut reader = Reader::new(text, LENGTH_BYTES);
    reader.object(|reader, name| {
        let offset = reader.offset();
        let is_new = if name == "__metadata__" {
            metadata.replace(read_metadata(reader)?).is_none()
        } else {
            let entry = read_entry(reader, &name)?;
            entries.insert(name.clone(), entry).is_none()
        };
        if is_new { Ok(()) } else { Err(repeated(offset, &name)) }
    })?;
    reader.end()?;
    Ok((metadata.unwrap_or_default(), entries))
}

fn read_metadata(reader: &mut Reader<'_>) -> Result<BTreeMap<String, String>, ModelError> {
    let mut metadata = BTreeMap::new();
    reader.object(|reader, key| {
        let offset = reader.offset();
        let value = reader.string()?;
        match metadata.insert(key.clone(), value) {
            None => Ok(()),
            Some(_) => Err(repeated(offset, &key)),
        }
    })?;
    Ok(metadata)
}

fn repeated(offset: usize, key: &str) -> ModelError {
    ModelError::format(offset, format!("{key:?} is there twice; once is right"))
}

fn read_entry(reader: &mut Reader<'_>, name: &str) -> Result<Entry, ModelError> {
    let (mut dtype, mut shape, mut offsets) = (None, None, None);
    reader.object(|reader, key| {
        let offset = reader.offset();
        let is_new = match key.as_str() {
            "dtype" => dtype.replace(reader.string()?).is_none(),
            "shape" => shape.replace(read_numbers(reader)?).is_none(),
            "data_offsets" => offsets.replace(read_numbers(reader)?).is_none(),
            _ => return Err(ModelError::tensor(name, format!("{key:?} is no property of a tensor"))),
        };
        if is_new { Ok(()) } else { Err(repeated(offset, &key)) }
    })?;
    let (Some(dtype), Some(shape), Some(offsets)) = (dtype, shape, offsets) else {
        return Err(ModelError::tensor(name, "`dtype`, `shape` and `data_offsets` must all be there"));
    };
    if dtype != "F32" {
        return Err(ModelError::tensor(name, format!("the dtype is {dtype:?}; only F32 is read")));
    }
    let [begin, end] = offsets[..] else {
        return Err(ModelError::tensor(name, "`data_offsets` must be two numbers, begin and end"));
    };
    let bytes = shape.iter().try_fold(size_of::<f32>(), |product, &n| product.checked_mul(n));
    if bytes.is_none() || end.checked_sub(begin) != bytes {
        let problem = format!("data_offsets [{begin}, {end}] do not hold the F32 of shape {shape:?}");
        return Err(ModelError::tensor(name, problem));
    }
    Ok(Entry { shape, range: begin..end })
}

fn read_numbers(reader: &mut Reader<'_>) -> Result<Vec<usize>, ModelError> {
    let mut numbers = Vec::new();
    reader.list(|reader| {
        numbers.push(reader.number()?);
        Ok(())
    })?;
    Ok(numbers)
}

/// Each tensor begins where the one before it ends, and the last ends with the file.
fn check_coverage(entries: &BTreeMap<String, Entry>, data_bytes: usize) -> Result<(), ModelError> {
    let mut in_order: Vec<_> = entries.iter().map(|(name, entry)| (&entry.range, name)).collect();
    in_order.sort_unstable_by_key(|(range, _)| (range.start, range.end));
    let mut covered = 0;
    for (range, name) in in_order {
        if range.start != covered {
            let problem =
                format!("its data begins at {}, but the tensors before it end at {covered}", range.start);
            return Err(ModelError::tensor(name, problem));
        }
        if range.end > data_bytes {
            let problem =
                format!("its data ends at {}, but the file holds {data_bytes} bytes of data", range.end);
            return Err(ModelError::tensor(name, problem));
        }
        covered = range.end;
    }
    if covered != data_bytes {
        let problem = format!("the file holds {data_bytes} bytes of data, but its tensors only {covered}");
        return Err(ModelError::format(0, problem));
    }
    Ok(())
}

/// Builds a file. Names and metadata must need no JSON escapes.
pub(crate) struct Writer {
    header: String,
    data: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(metadata: &[(&str, &str)]) -> Writer {
        let pairs: Vec<_> = metadata.iter().map(|(key, value)| format!("\"{key}\":\"{value}\"")).collect();
        Writer { header: format!("{{\"__metadata__\":{{{}}}", pairs.join(",")), data: Vec::new() }
    }

    pub(crate) fn tensor(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let begin = self.data.len();
        self.data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let end = self.data.len();
        self.header.push_str(&format!(
            ",\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{begin},{end}]}}"
        ));
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.header.push('}');
        // The length itself is 8 bytes, so a padded header leaves the data aligned.
        let padded = self.header.len().next_multiple_of(DATA_ALIGN);
        self.header.extend(core::iter::repeat_n(' ', padded - self.header.len()));
        let mut file = Vec::with_capacity(LENGTH_BYTES + padded + self.data.len());
        file.extend((padded as u64).to_le_bytes());
        file.extend(self.header.as_bytes());
        file.extend(self.data);
        file
    }
}
