//! Where results go: stdout, and files. Those of a directory are all written to a directory inside it first, and then renamed one by one: each is
//! whole, and what fails while writing leaves the older ones in place.

use super::args::OutputArgs;
use super::error::Failure;
use crate::files::{self, FileError};
use crate::model::Model;
use crate::report::{Figure, Format, Report, RunReport, figures, html, json, render};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::prelude::rust_2024::*;
use std::{format, process, vec};

/// A file to be: its name and its content.
pub(super) type NamedFile = (String, Vec<u8>);

/// The page of a report, and each of its plots alone.
pub(super) fn page(report: &RunReport) -> Vec<NamedFile> {
    let mut files = pictures(&figures(report));
    files.push(("report.html".into(), html(report).into_bytes()));
    files
}

/// Each plot as a file of its own.
pub(super) fn pictures(figures: &[Figure]) -> Vec<NamedFile> {
    let file = |figure: &Figure| (format!("{}.svg", figure.stem), figure.plot.file().into_bytes());
    figures.iter().map(file).collect()
}

/// Where the results of a command will go. Made before the work, so that it is not done in vain.
pub(super) struct Output {
    format: Format,
    directory: Option<Directory>,
}

impl Output {
    /// Creates the directory of `--out`, and tries whether it can be written.
    pub(super) fn new(args: &OutputArgs) -> Result<Output, Failure> {
        let directory = args.out.as_deref().map(Directory::create).transpose()?;
        Ok(Output { format: args.format, directory })
    }

    /// Whether files are wanted.
    pub(super) fn wants_files(&self) -> bool {
        self.directory.is_some()
    }

    /// Prints the report, and writes it as `results.json` and `results.csv` together with `files`.
    pub(super) fn write<R: Report>(self, report: &R, mut files: Vec<NamedFile>) -> Result<(), Failure> {
        let printed = print(&render(report, self.format));
        if let Some(directory) = self.directory {
            files.push(("results.json".into(), json(report).into_bytes()));
            files.push(("results.csv".into(), render(report, Format::Csv).into_bytes()));
            directory.fill(|stage| {
                let write = |(name, content): &NamedFile| {
                    files::write_atomic(&stage.join(name), |out| out.write_all(content))
                };
                files.iter().try_for_each(write)
            })?;
        }
        printed
    }
}

/// Prints a result. That nobody reads on (`| head`) is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::at("standard output", format!("cannot be written: {error}; redirect it elsewhere")))
        }
        _ => Ok(()),
    }
}

/// A directory for results. What was created of it goes away again unless it is filled.
pub(super) struct Directory {
    path: PathBuf,
    /// The directories that were not there before, innermost first.
    created: Vec<PathBuf>,
}

impl Directory {
    /// Creates it, and tries whether it can be written.
    pub(super) fn create(path: &Path) -> Result<Directory, FileError> {
        let created = path.ancestors().take_while(|part| !part.as_os_str().is_empty() && !part.exists());
        let directory = Directory { path: path.into(), created: created.map(Path::to_path_buf).collect() };
        files::create_directory(path)?;
        // Permissions tell less than a try.
        directory.stage()?.remove();
        Ok(directory)
    }

    /// A directory inside for files that are not whole yet.
    fn stage(&self) -> Result<Stage, FileError> {
        let stage = self.path.join(format!(".prunella-{}.tmp", process::id()));
        fs::create_dir(&stage).map_err(|cause| FileError::new(&self.path, cause))?;
        Ok(Stage(stage))
    }

    /// Lets `write` make files in a directory of their own, and moves them here when all are whole.
    pub(super) fn fill(
        mut self,
        write: impl FnOnce(&Path) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let stage = self.stage()?;
        write(&stage.0).map_err(|error| error.moved(&stage.0, &self.path))?;
        let fail = |cause| FileError::new(&self.path, cause);
        let mut moves = Vec::new();
        for entry in fs::read_dir(&stage.0).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let target = self.path.join(entry.file_name());
            if target.is_dir() {
                return Err(FileError::new(&target, ErrorKind::IsADirectory.into()));
            }
            moves.push((entry.path(), target));
        }
        for (from, target) in moves {
            fs::rename(from, &target).map_err(|cause| FileError::new(&target, cause))?;
        }
        self.created = vec![];
        Ok(())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Fails, as it should, where someone else has put something there meanwhile.
        self.created.iter().for_each(|part| drop(fs::remove_dir(part)));
    }
}

/// Goes away, with what is left in it.
struct Stage(PathBuf);

impl Stage {
    fn remove(self) {}
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes a model file.
pub(super) fn write_model(path: &Path, model: &Model) -> Result<(), Failure> {
    Ok(files::write_atomic(path, |out| out.write_all(&model.to_bytes()))?)
}

/// A pruned model's file in the directory of a run.
pub(super) fn model_name(sparsity: f64) -> String {
    format!("sparsity-{sparsity}.safetensors")
}
