//! A training set and the test set that goes with it.

use super::{Compressed, DataError, Dataset, consecutive_classes};
use crate::files::{self, FileError};
use crate::idx::{Idx, Values};
use crate::synth;
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::{format, io, vec, vec::Vec};

/// Where examples come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Drawn in memory by [`synth`](crate::synth).
    Embedded,
    /// Read from the IDX files of this directory.
    Directory(PathBuf),
}

/// What a network learns from, and what it is judged by. Both have the same features and classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What the data is called in a report.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// To learn from.
    pub train: Dataset,
    /// To be judged by.
    pub test: Dataset,
}

impl Split {
    /// Reads the four files of MNIST and its kin from the directory `dir`: `train-images-idx3-ubyte`,
    /// `train-labels-idx1-ubyte` and the same with `t10k`, raw or `.gz`, also spelt `.idx3-ubyte`. The name is
    /// the directory's. The classes are 0 up to the largest training label.
    ///
    /// # Errors
    /// If the directory or a file is missing or damaged, images and labels or both sets do not go together, a set
    /// is empty, or a label is out of range. The message names file, place and remedy.
    pub fn load(dir: &Path) -> Result<Split, DataError> {
        if !dir.is_dir() {
            let problem = if dir.exists() { "is not a directory" } else { "there is no such directory" };
            let remedy = "give the directory of the IDX files, or fetch MNIST with data/get-mnist.sh";
            return Err(DataError::new(dir.display(), problem, remedy));
        }
        let train = read_set(dir, "train", None)?;
        let test = read_set(dir, "t10k", Some(&train))?;
        // Canonical, so that `.` has a name too.
        let full = dir.canonicalize().unwrap_or_else(|_| dir.into());
        let name = full.file_name().unwrap_or(full.as_os_str()).to_string_lossy().into_owned();
        Ok(Split { name, source: Source::Directory(dir.into()), train, test })
    }

    /// The files that [`Split::load`] reads: images and labels of the training set, then of the test set.
    ///
    /// # Errors
    /// If one is missing.
    pub fn files(dir: &Path) -> Result<[PathBuf; 4], DataError> {
        let images = |set| find(dir, set, "images", 3);
        let labels = |set| find(dir, set, "labels", 1);
        Ok([images("train")?, labels("train")?, images("t10k")?, labels("t10k")?])
    }

    /// Drawn digits, see [`synth`]: `train` and `test` of them, all different, from `seed`.
    pub fn synth(train: usize, test: usize, seed: u64) -> Split {
        // The two sets number their digits from far apart, so that neither size changes the other set.
        Split {
            name: "drawn digits".into(),
            source: Source::Embedded,
            train: draw_set(0, train, seed),
            test: draw_set(10_000_000_000, test, seed),
        }
    }

    /// Both sets with only the classes named `names`, which become class 0, 1, ... in that order.
    ///
    /// # Errors
    /// If `names` has fewer than two, one twice, or one without an example in both sets.
    pub fn with_classes(&self, names: &[u8]) -> Result<Split, DataError> {
        let (name, source) = (self.name.clone(), self.source.clone());
        Ok(Split {
            name,
            source,
            train: self.train.with_classes(names)?,
            test: self.test.with_classes(names)?,
        })
    }

    /// Writes the four files, gzip-compressed, into the directory `dir`, which is created if need be. Labels are
    /// the classes 0, 1, ...
    ///
    /// # Errors
    /// If the directory or a file cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), FileError> {
        files::create_directory(dir)?;
        for (set, data) in [("train", &self.train), ("t10k", &self.test)] {
            let (images, labels) = data
                .to_idx()
                .map_err(|error| FileError::new(dir, io::Error::new(io::ErrorKind::InvalidInput, error)))?;
            images.write(&dir.join(format!("{set}-images-idx3-ubyte.gz")))?;
            labels.write(&dir.join(format!("{set}-labels-idx1-ubyte.gz")))?;
        }
        Ok(())
    }
}

fn draw_set(first: u64, len: usize, seed: u64) -> Dataset {
    let features = synth::SIDE * synth::SIDE;
    let mut pixels = vec![0; len * features];
    let images = (first..).zip(pixels.chunks_exact_mut(features));
    let labels = images.map(|(index, image)| synth::draw(seed, index, image)).collect();
    let image_shape = Some((synth::SIDE, synth::SIDE));
    Dataset {
        pixels,
        labels,
        features,
        class_names: (0..10).collect(),
        image_shape,
        compressed: Compressed::default(),
    }
}

/// The set `set` of the directory `dir`. A test set must go with its training set `train`.
fn read_set(dir: &Path, set: &str, train: Option<&Dataset>) -> Result<Dataset, DataError> {
    let images_path = find(dir, set, "images", 3)?;
    let labels_path = find(dir, set, "labels", 1)?;
    let (shape, pixels) = read_bytes(&images_path)?;
    let (labels_shape, labels) = read_bytes(&labels_path)?;
    let fail = |path: &Path, problem, remedy| Err(DataError::new(path.display(), problem, remedy));

    if shape.len() < 2 || shape.contains(&0) {
        let problem = format!("the shape {shape:?} holds no images");
        return fail(&images_path, problem, "it must be [images, rows, columns], none of them 0");
    }
    if labels_shape.len() != 1 {
        let problem = format!("the shape {labels_shape:?} is not that of labels");
        return fail(&labels_path, problem, "it must be [labels]");
    }
    if shape[0] != labels.len() {
        let problem =
            format!("{} images, but {} labels in {}", shape[0], labels.len(), labels_path.display());
        return fail(&images_path, problem, "both files must come from one set");
    }
    let features = pixels.len() / labels.len();
    if let Some(train) = train.filter(|train| train.features != features) {
        let problem = format!("{features} pixels an image, but {} in the training set", train.features);
        return fail(&images_path, problem, "both sets must have images of one size");
    }
    let class_names = match train {
        None => consecutive_classes(&labels, &labels_path.display().to_string())?,
        Some(train) => {
            check_known(&labels, train, &labels_path)?;
            train.class_names.clone()
        }
    };
    let image_shape = if let [_, rows, cols] = shape[..] { Some((rows, cols)) } else { None };
    Ok(Dataset { pixels, labels, features, class_names, image_shape, compressed: Compressed::default() })
}

/// Every label of a test set must be one that the training set teaches.
fn check_known(labels: &[u8], train: &Dataset, path: &Path) -> Result<(), DataError> {
    let Some(record) = labels.iter().position(|label| usize::from(*label) >= train.classes()) else {
        return Ok(());
    };
    let place = format!("{}, record {record}", path.display());
    let problem = format!("label {} is out of range: the training set does not have it", labels[record]);
    Err(DataError::new(place, problem, format!("labels must be 0 to {}", train.classes() - 1)))
}

/// The one file of `dir` that holds the images or labels (`content`) of the set, uncompressed if both are there.
fn find(dir: &Path, set: &str, content: &str, rank: u8) -> Result<PathBuf, DataError> {
    let raw = ["-", "."].map(|joint| format!("{set}-{content}{joint}idx{rank}-ubyte"));
    let names: Vec<String> = raw.iter().flat_map(|name| [name.clone(), format!("{name}.gz")]).collect();
    let found = names.iter().map(|name| dir.join(name)).find(|path| path.exists());
    found.ok_or_else(|| {
        let problem = format!("there is none of {}", names.join(", "));
        DataError::new(dir.display(), problem, "put one there, or fetch MNIST with data/get-mnist.sh")
    })
}

/// Shape and elements of a file of unsigned bytes.
fn read_bytes(path: &Path) -> Result<(Vec<usize>, Vec<u8>), DataError> {
    match Idx::open(path)?.into_parts() {
        (dims, Values::U8(bytes)) => Ok((dims, bytes)),
        _ => {
            let problem = "the elements are not unsigned bytes";
            Err(DataError::new(format!("{}, byte 2", path.display()), problem, "the element type must be 08"))
        }
    }
}
