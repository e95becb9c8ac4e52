//! Trained networks laid aside, so that what was interrupted need not be trained again.

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
    /// In `directory`, which must be there. What lies there must have been trained on the same data: the names tell all else that
    /// decides a network.
    pub fn at(directory: &Path) -> Shelf {
        Shelf { directory: Some(directory.into()) }
    }

    /// The network of this name; a file that is no model counts as none.
    pub(super) fn get(&self, name: &str) -> Option<Model> {
        let bytes = fs::read(self.path(name)?).ok()?;
        Model::from_bytes(&bytes).ok()
    }

    pub(super) fn put(&self, name: &str, model: &Model) -> Result<(), FileError> {
        let Some(path) = self.path(name) else { return Ok(()) };
        files::write_atomic(&path, |out| out.write_all(&model.to_bytes()))
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        let plain: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' })
            .collect();
        self.directory.as_ref().map(|directory| directory.join(format!("{plain}.safetensors")))
    }
}
