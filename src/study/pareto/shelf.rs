//! Trained networks laid aside, so that what was interrupted need not be trained again.

use crate::dataset::Dataset;
use crate::files::{self, FileError};
use crate::model::Model;
use std::fs;
use std::path::{Path, PathBuf};
use std::{format, string::String};

/// A directory of model files, or none.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    directory: Option<PathBuf>,
}

impl Shelf {
    /// In `directory`, which is made when the first network is laid there. What lies there must have been trained by the same
    /// build: the names tell all else that decides a network.
    pub fn at(directory: &Path) -> Shelf {
        Shelf { directory: Some(directory.into()) }
    }

    /// Takes all networks away, and the directory.
    pub fn clear(&self) {
        // What cannot be removed does no harm.
        self.directory.iter().for_each(|directory| drop(fs::remove_dir_all(directory)));
    }

    /// The part for networks that learn from `data`.
    pub(super) fn of(&self, data: &Dataset) -> Shelf {
        let part = |directory: &PathBuf| directory.join(plain(&data.fingerprint()));
        Shelf { directory: self.directory.as_ref().map(part) }
    }

    /// The network of this name; a file that is no model counts as none.
    pub(super) fn get(&self, name: &str) -> Option<Model> {
        let bytes = fs::read(self.path(name)?).ok()?;
        Model::from_bytes(&bytes).ok()
    }

    pub(super) fn put(&self, name: &str, model: &Model) -> Result<(), FileError> {
        let (Some(directory), Some(path)) = (&self.directory, self.path(name)) else { return Ok(()) };
        files::create_directory(directory)?;
        files::write_atomic(&path, |out| out.write_all(&model.to_bytes()))
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.directory.as_ref().map(|directory| directory.join(format!("{}.safetensors", plain(name))))
    }
}

/// As a name of a file.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' }).collect()
}
