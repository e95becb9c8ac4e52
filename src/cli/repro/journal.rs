//! The jobs that are done, in a file: so that a study that was interrupted goes on where it was, and one that was split is joined.
//!
//! JSON lines. The first says what the study is of ([`Header`]); each of the others holds the records of one job ([`Entry`]), and
//! is on disk before the next job counts as done. A last line without its end was being written when the process died: it is
//! dropped, and its job done again.

use crate::cli::error::Failure;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::format;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::prelude::rust_2024::*;

const SCHEMA: &str = "prunella.journal/1";

/// What to do with a journal that cannot be gone on with.
const REMEDY: &str = "go on with what it was made with, or choose another --out";

/// What a study is of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Header<S> {
    schema: String,
    /// Name and value of everything that decides the records: two journals in which all of it is equal are of one study.
    pub(super) identity: Vec<(String, String)>,
    /// What decides which jobs there are.
    pub(super) settings: S,
    /// The machine, for those who read the times of another.
    pub(super) machine: String,
}

impl<S> Header<S> {
    /// That of a new journal.
    pub(super) fn new(identity: Vec<(String, String)>, settings: S, machine: String) -> Header<S> {
        Header { schema: SCHEMA.into(), identity, settings, machine }
    }

    /// In what `self`, which is found, differs from `wanted`: sentences; none if they are of one study.
    pub(super) fn differences(&self, wanted: &Header<S>) -> Vec<String> {
        let of = |header: &Header<S>, name: &str| {
            let found = header.identity.iter().find(|(key, _)| key == name);
            found.map_or("not said".to_string(), |(_, value)| value.clone())
        };
        let names: BTreeSet<&str> =
            wanted.identity.iter().chain(&self.identity).map(|(name, _)| name.as_str()).collect();
        let differ = names.into_iter().map(|name| (name, of(self, name), of(wanted, name)));
        let differ = differ.filter(|(_, there, here)| there != here);
        differ.map(|(name, there, here)| format!("its {name} is {there}, here it is {here}")).collect()
    }
}

/// A job that is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry<R> {
    key: String,
    records: Vec<R>,
}

/// The records of each job that is done, by its key.
pub(super) type Done<R> = BTreeMap<String, Vec<R>>;

/// What a journal holds.
#[derive(Debug)]
pub(super) struct Content<S, R> {
    pub(super) header: Header<S>,
    pub(super) done: Done<R>,
    /// Bytes up to the end of the last whole line.
    whole: u64,
}

/// A journal that is being written.
pub(super) struct Journal {
    path: PathBuf,
    /// Locked, so that no other process goes on with the same study.
    file: File,
}

impl Journal {
    /// Opens the journal `path`, or begins it with `header`; and what it holds so far.
    ///
    /// # Errors
    /// If it cannot be read or written, is damaged before its last line, is of another study, or another process writes it.
    pub(super) fn open<S, R>(path: &Path, header: &Header<S>) -> Result<(Journal, Done<R>), Failure>
    where
        S: Serialize + DeserializeOwned,
        R: DeserializeOwned,
    {
        let fail = |error: std::io::Error| {
            Failure::at(path.display(), format!("cannot be opened: {error}; {REMEDY}"))
        };
        let options = OpenOptions::new().read(true).append(true).create(true).clone();
        let mut file = options.open(path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let problem =
                    "another process is at work on this study; wait for it, or choose another --out";
                return Err(Failure::at(path.display(), problem));
            }
            // A file system without locks: then nobody watches.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail)?;
        let mut journal = Journal { path: path.into(), file };
        // Not even the header was whole.
        if !bytes.contains(&b'\n') {
            journal.shorten(0)?;
            journal.line(header)?;
            return Ok((journal, Done::new()));
        }
        let content: Content<S, R> = parse(path, &bytes)?;
        let differences = content.header.differences(header);
        if !differences.is_empty() {
            let all = differences.join("; ");
            return Err(Failure::at(path.display(), format!("is of another study: {all}; {REMEDY}")));
        }
        journal.shorten(content.whole)?;
        Ok((journal, content.done))
    }

    /// Adds a job that is done.
    ///
    /// # Errors
    /// If it cannot be written, or a record holds what JSON cannot, such as a NaN.
    pub(super) fn add<R>(&mut self, key: &str, records: &[R]) -> Result<(), Failure>
    where
        R: Serialize + DeserializeOwned + PartialEq + Clone,
    {
        let entry = Entry { key: key.into(), records: records.to_vec() };
        // What a later run would read must be what this one goes on with.
        let text = serde_json::to_vec(&entry);
        let again = text.and_then(|text| serde_json::from_slice::<Entry<R>>(&text));
        match again {
            Ok(again) if again == entry => self.line(&entry),
            Ok(_) => Err(Failure::at(key, "its records change when they are written and read")),
            Err(error) => Err(Failure::at(key, format!("its records cannot be kept: {error}"))),
        }
    }

    /// One line, in one piece, safely on disk.
    fn line(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let fail = |error: &dyn core::fmt::Display| {
            Failure::at(
                self.path.display(),
                format!("cannot be written: {error}; free some space, then run it again"),
            )
        };
        let mut line = serde_json::to_vec(value).map_err(|error| fail(&error))?;
        line.push(b'\n');
        self.file.write_all(&line).and_then(|()| self.file.sync_data()).map_err(|error| fail(&error))
    }

    /// Drops what comes after `whole` bytes.
    fn shorten(&mut self, whole: u64) -> Result<(), Failure> {
        let shortened = self.file.set_len(whole).and_then(|()| self.file.seek(SeekFrom::End(0)));
        shortened.map_err(|error| Failure::at(self.path.display(), format!("cannot be written: {error}")))?;
        Ok(())
    }
}

/// What the journal `path` holds, without changing it.
///
/// # Errors
/// If it cannot be read, or is damaged before its last line.
pub(super) fn read<S: DeserializeOwned, R: DeserializeOwned>(path: &Path) -> Result<Content<S, R>, Failure> {
    let bytes = crate::cli::input::bytes(path, "give a directory that `prunella repro --shard` wrote to")?;
    parse(path, &bytes)
}

fn parse<S: DeserializeOwned, R: DeserializeOwned>(
    path: &Path,
    bytes: &[u8],
) -> Result<Content<S, R>, Failure> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let mut lines = bytes[..whole].split_inclusive(|byte| *byte == b'\n').enumerate();
    let damaged = |line: usize, problem: &dyn core::fmt::Display| {
        Failure::at(format!("{}, line {line}", path.display()), format!("is damaged: {problem}; {REMEDY}"))
    };
    let first = lines.next().map_or(&[][..], |(_, line)| line);
    // The schema first: of another, the rest need not even look alike.
    let head: serde_json::Value = serde_json::from_slice(first).map_err(|error| damaged(1, &error))?;
    if head["schema"] != SCHEMA {
        return Err(Failure::at(path.display(), format!("is no journal of schema {SCHEMA}; {REMEDY}")));
    }
    let header: Header<S> = serde_json::from_value(head).map_err(|error| damaged(1, &error))?;
    let mut done = Done::new();
    for (number, line) in lines {
        let Entry { key, records } =
            serde_json::from_slice(line).map_err(|error| damaged(number + 1, &error))?;
        if done.insert(key.clone(), records).is_some() {
            return Err(damaged(number + 1, &format!("job {key} is there twice")));
        }
    }
    Ok(Content { header, done, whole: whole as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::vec;

    fn header(seeds: &str) -> Header<u32> {
        let identity =
            vec![("study".to_string(), "a".to_string()), ("--seeds".to_string(), seeds.to_string())];
        Header::new(identity, 7, "a machine".into())
    }

    /// Three jobs with numbers that are long in decimal.
    fn filled(path: &Path) -> Done<f64> {
        let (mut journal, done) = Journal::open::<u32, f64>(path, &header("3")).unwrap();
        assert!(done.is_empty());
        let all =
            [("a/1", vec![1.0 / 3.0, 1e-300]), ("a/2", vec![]), ("b/1", vec![0.1 + 0.2, -2.5e17 / 3.0])];
        for (key, records) in &all {
            journal.add(key, records).unwrap();
        }
        all.into_iter().map(|(key, records)| (key.to_string(), records)).collect()
    }

    #[test]
    fn what_was_kept_comes_back_bit_for_bit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.jsonl");
        let kept = filled(&path);
        let (_journal, done) = Journal::open::<u32, f64>(&path, &header("3")).unwrap();
        assert_eq!(done, kept);
        let content = read::<u32, f64>(&path).unwrap();
        assert_eq!((content.done, content.header.settings), (kept, 7));
    }

    #[test]
    fn a_journal_cut_at_any_byte_goes_on_with_the_lines_that_are_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.jsonl");
        let kept = filled(&path);
        let bytes = fs::read(&path).unwrap();
        for cut in 0..=bytes.len() {
            fs::write(&path, &bytes[..cut]).unwrap();
            let lines = bytes[..cut].iter().filter(|byte| **byte == b'\n').count();
            let (mut journal, done) = Journal::open::<u32, f64>(&path, &header("3")).unwrap();
            let expected: Done<f64> = kept.clone().into_iter().take(lines.saturating_sub(1)).collect();
            assert_eq!(done, expected, "cut at {cut}");
            for (key, records) in kept.iter().filter(|(key, _)| !done.contains_key(*key)) {
                journal.add(key, records).unwrap();
            }
            assert_eq!(fs::read(&path).unwrap(), bytes, "cut at {cut}");
        }
    }

    #[test]
    fn what_json_cannot_hold_is_refused_before_it_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.jsonl");
        let kept = filled(&path);
        let (mut journal, _) = Journal::open::<u32, f64>(&path, &header("3")).unwrap();
        for wrong in [f64::NAN, f64::INFINITY] {
            assert!(journal.add("c", &[wrong]).unwrap_err().to_string().contains("c: its records"));
        }
        assert_eq!(read::<u32, f64>(&path).unwrap().done, kept);
    }

    #[test]
    fn another_study_a_second_process_and_damage_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.jsonl");
        filled(&path);
        let say = |header: &Header<u32>| Journal::open::<u32, f64>(&path, header).err().unwrap().to_string();
        assert!(
            say(&header("5")).contains("is of another study: its --seeds is 3, here it is 5; go on with")
        );
        let (journal, _) = Journal::open::<u32, f64>(&path, &header("3")).unwrap();
        assert!(say(&header("3")).contains("another process is at work"));
        drop(journal);
        let text = fs::read_to_string(&path).unwrap();
        for (from, to, line) in [("a/2", "a/1", 3), ("[]", "[}", 3), ("\"key\":\"b", "\"kex\":\"b", 4)] {
            fs::write(&path, text.replacen(from, to, 1)).unwrap();
            assert!(
                say(&header("3")).contains(&format!("line {line}: is damaged")),
                "{from}: {}",
                say(&header("3"))
            );
        }
    }
}
