//! Writing files that are whole or absent.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::{error, format, process};

/// A file or directory that could not be written: which, why, and what to try.
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    cause: io::Error,
}

impl FileError {
    /// The error of writing `path`.
    pub fn new(path: &Path, cause: io::Error) -> FileError {
        FileError { path: path.into(), cause }
    }

    /// The error of writing a file of the directory `staged`, from where it would have been moved to `target`: it names the file's
    /// place there.
    pub fn moved(self, staged: &Path, target: &Path) -> FileError {
        match self.path.strip_prefix(staged) {
            Ok(name) => FileError { path: target.join(name), ..self },
            Err(_) => self,
        }
    }

    fn remedy(&self) -> &'static str {
        match self.cause.kind() {
            ErrorKind::NotFound => "create the directory first, or choose another place",
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "choose a place where you may write, or change its permissions"
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, or choose another disk",
            ErrorKind::IsADirectory | ErrorKind::InvalidInput => "give the name of a regular file",
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                "a part of the path is a file: choose another place"
            }
            _ => "choose another place",
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: cannot be written: {}; {}", self.path.display(), self.cause, self.remedy())
    }
}

impl error::Error for FileError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// Creates the directory `path` and its parents, if they are not there yet.
///
/// # Errors
/// If a part of the path is a file, or may not be created.
pub fn create_directory(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(|cause| FileError::new(path, cause))
}

/// Writes the file `path` through `write`: afterwards it holds everything written, or what it held before.
///
/// The bytes go to a new file in the same directory, which takes the name `path` once it is safely on disk.
/// A symbolic link is replaced, not followed.
///
/// # Errors
/// If `path` is a directory or a device, cannot be created or written, or `write` fails. Nothing is left behind.
pub fn write_atomic(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), FileError> {
    let fail = |cause| FileError::new(path, cause);
    let temporary = temporary_beside(path).map_err(fail)?;
    let written = write_and_sync(&temporary, write).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|cause| {
        // The first failure is the one worth reporting; the file may not even have been created.
        let _ = fs::remove_file(&temporary);
        fail(cause)
    })
}

/// Whether [`write_atomic`] could begin to write `path`: to be asked before the work that fills it.
///
/// # Errors
/// As [`write_atomic`]. Nothing is left behind.
pub fn check_writable(path: &Path) -> Result<(), FileError> {
    let fail = |cause| FileError::new(path, cause);
    let trial = temporary_beside(path).map_err(fail)?;
    File::create_new(&trial).and_then(|_| fs::remove_file(&trial)).map_err(fail)
}

fn write_and_sync(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create_new(path)?);
    write(&mut out)?;
    // Without the sync a crash could leave the new name on an empty file.
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

/// A name beside `path`, which must be a regular file or nothing yet, that no other process, and no other thread of this one,
/// chooses.
fn temporary_beside(path: &Path) -> io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Renaming onto a device (`/dev/null`) would replace it for everyone.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it has no file name"));
    };
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}-{}.tmp", process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    Ok(path.with_file_name(temporary))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn entries(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn a_whole_file_replaces_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.bin");
        for content in [&b"first"[..], b"second, longer"] {
            write_atomic(&path, |out| out.write_all(content)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        assert_eq!(entries(directory.path()), 1);
    }

    #[test]
    fn a_failure_halfway_leaves_the_old_file_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.bin");
        let fail = |out: &mut dyn Write| {
            out.write_all(&[1; 100_000])?;
            Err(io::Error::from(ErrorKind::StorageFull))
        };
        let error = write_atomic(&path, fail).unwrap_err().to_string();
        assert!(error.contains("a.bin: cannot be written") && error.contains("free some space"), "{error}");
        assert_eq!(entries(directory.path()), 0);

        write_atomic(&path, |out| out.write_all(b"old")).unwrap();
        write_atomic(&path, fail).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(entries(directory.path()), 1);
    }

    #[test]
    fn a_place_that_cannot_hold_a_file_is_named_with_a_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let say = |path: &Path| {
            let error = write_atomic(path, |_| Ok(())).unwrap_err().to_string();
            assert_eq!(check_writable(path).unwrap_err().to_string(), error);
            error
        };
        let missing = say(&directory.path().join("missing/a.bin"));
        assert!(missing.contains("missing/a.bin") && missing.contains("create the directory"), "{missing}");
        let occupied = say(directory.path());
        assert!(occupied.contains("give the name of a regular file"), "{occupied}");
        let nameless = say(Path::new(".."));
        assert!(nameless.contains("give the name of a regular file"), "{nameless}");
        check_writable(&directory.path().join("a.bin")).unwrap();
        assert_eq!(entries(directory.path()), 0);
    }

    #[test]
    fn a_staged_file_is_named_where_it_would_have_been() {
        let cause = || io::Error::from(ErrorKind::StorageFull);
        let say = |path: &str| {
            FileError::new(Path::new(path), cause())
                .moved(Path::new("out/.tmp"), Path::new("out"))
                .to_string()
        };
        assert!(say("out/.tmp/a.csv").starts_with("out/a.csv: cannot be written"));
        assert!(say("elsewhere/a.csv").starts_with("elsewhere/a.csv: cannot be written"));
    }

    #[test]
    fn a_directory_is_created_with_its_parents_but_not_over_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let nested = directory.path().join("a/b");
        create_directory(&nested).unwrap();
        create_directory(&nested).unwrap();
        assert!(nested.is_dir());
        write_atomic(&directory.path().join("file"), |_| Ok(())).unwrap();
        let error = create_directory(&directory.path().join("file/b")).unwrap_err().to_string();
        assert!(error.contains("a part of the path is a file"), "{error}");
    }
}
