//! From IDX files to examples: pixels and the classes they belong to.

mod split;

pub use crate::idx::DataError;
pub use split::{Source, Split};

use crate::idx::{Idx, Values};
use crate::rng::Rng;
use flate2::Crc;
use prunella_kernels::SparseBytes;
use std::sync::OnceLock;
use std::{format, string::String, vec, vec::Vec};

/// What a pixel is multiplied by, so that inputs lie in `[0, 1]`.
pub const SCALE: f32 = 1.0 / 255.0;

/// The share of pixels, zeros beside others counted, up to which a layer is faster without the zeros. Multiplications cost it
/// about twice as much (Zen 5, 784-256, batch 128: 164 us at 0.22, where all take 400).
const DENSITY_MAX: f64 = 0.5;

/// Examples of one kind: `len` rows of `features` pixels, each with its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// `[len, features]`, row-major.
    pixels: Vec<u8>,
    /// `[len]`, each below `class_names.len()`.
    labels: Vec<u8>,
    features: usize,
    /// `[classes]`: the label that the data uses for each class.
    class_names: Vec<u8>,
    image_shape: Option<(usize, usize)>,
    compressed: Compressed,
}

/// The pixels without their zeros, made when first asked for.
#[derive(Debug, Clone, Default)]
struct Compressed(OnceLock<Option<SparseBytes>>);

/// It adds nothing to what a data set is.
impl PartialEq for Compressed {
    fn eq(&self, _: &Compressed) -> bool {
        true
    }
}

impl Eq for Compressed {}

impl Dataset {
    /// The examples with these `pixels`, `[labels.len(), features]` row-major, and `labels`. The classes are 0 up
    /// to the largest label.
    ///
    /// # Errors
    /// If there is no example or no feature, the lengths disagree, or a class below the largest has no example.
    pub fn new(features: usize, pixels: Vec<u8>, labels: Vec<u8>) -> Result<Dataset, DataError> {
        let place = "dataset";
        if labels.is_empty() || features == 0 {
            let problem = format!("empty: {} examples of {features} features", labels.len());
            return Err(DataError::new(place, problem, "give at least one example with one feature"));
        }
        if labels.len().checked_mul(features) != Some(pixels.len()) {
            let (len, found) = (labels.len(), pixels.len());
            let problem = format!("{len} labels and {features} features do not go with {found} pixels");
            return Err(DataError::new(place, problem, "give labels x features pixels"));
        }
        let class_names = consecutive_classes(&labels, place)?;
        Ok(Dataset {
            pixels,
            labels,
            features,
            class_names,
            image_shape: None,
            compressed: Compressed::default(),
        })
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// How many pixels an example has.
    pub fn features(&self) -> usize {
        self.features
    }

    /// How many classes there are; a class may have no example here.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// `[classes]`: what each class was labelled in the file.
    pub fn class_names(&self) -> &[u8] {
        &self.class_names
    }

    /// `[len]`: the class of each example, below `classes`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// `[features]`: the pixels of example `example`, 0 to 255.
    ///
    /// # Panics
    /// If there are not so many examples.
    pub fn pixels(&self, example: usize) -> &[u8] {
        &self.pixels[example * self.features..][..self.features]
    }

    /// Rows and columns, where the features are known to be an image.
    pub fn image_shape(&self) -> Option<(usize, usize)> {
        self.image_shape
    }

    /// Writes the examples numbered `examples`, scaled to `[0, 1]`, into `out`: `[examples.len(), features]`.
    ///
    /// # Panics
    /// If `out` has another length, or an example is not there.
    pub fn fill_rows(&self, examples: &[usize], out: &mut [f32]) {
        assert_eq!(out.len(), examples.len() * self.features, "out must hold examples x features values");
        for (example, row) in examples.iter().zip(out.chunks_exact_mut(self.features)) {
            for (value, pixel) in row.iter_mut().zip(self.pixels(*example)) {
                *value = f32::from(*pixel) * SCALE;
            }
        }
    }

    /// The pixels without their zeros, scaled as by [`Dataset::fill_rows`], if so many are zero that computing without them is
    /// faster.
    pub(crate) fn compressed(&self) -> Option<&SparseBytes> {
        let compress = || {
            let few = self.features <= SparseBytes::MAX_COLS && u32::try_from(self.pixels.len()).is_ok();
            let all =
                few.then(|| SparseBytes::new(&self.pixels, self.features, |pixel| f32::from(pixel) * SCALE));
            all.filter(|all| all.density() <= DENSITY_MAX)
        };
        self.compressed.0.get_or_init(compress).as_ref()
    }

    /// All examples scaled to `[0, 1]`: `[len, features]`.
    pub fn rows(&self) -> Vec<f32> {
        self.pixels.iter().map(|pixel| f32::from(*pixel) * SCALE).collect()
    }

    /// `[classes]`: how many examples each class has.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes()];
        self.labels.iter().for_each(|label| counts[usize::from(*label)] += 1);
        counts
    }

    /// The examples numbered `examples`, in that order.
    ///
    /// # Panics
    /// If an example is not there.
    pub fn select(&self, examples: &[usize]) -> Dataset {
        let pixels = examples.iter().flat_map(|example| self.pixels(*example)).copied().collect();
        let labels = examples.iter().map(|example| self.labels[*example]).collect();
        Dataset {
            pixels,
            labels,
            class_names: self.class_names.clone(),
            compressed: Compressed::default(),
            ..*self
        }
    }

    /// The examples of the classes named `names`, which become class 0, 1, ... in that order.
    ///
    /// # Errors
    /// If `names` has fewer than two, one twice, or one without an example here.
    pub fn with_classes(&self, names: &[u8]) -> Result<Dataset, DataError> {
        let fail = |problem: String| {
            let remedy = format!("choose two or more of {:?}, each once", self.class_names);
            Err(DataError::new(format!("classes {names:?}"), problem, remedy))
        };
        if names.len() < 2 {
            return fail("nothing to tell apart".into());
        }
        let mut class_of = [None; 256];
        for (class, name) in (0..=u8::MAX).zip(names) {
            if class_of[usize::from(*name)].replace(class).is_some() {
                return fail(format!("class {name} is named twice"));
            }
        }
        let new_class = |example: &usize| class_of[usize::from(self.name_of(*example))];
        let examples: Vec<usize> = (0..self.len()).filter(|example| new_class(example).is_some()).collect();
        let mut chosen = self.select(&examples);
        chosen.labels = examples.iter().filter_map(new_class).collect();
        chosen.class_names = names.into();
        match chosen.class_counts().iter().position(|count| *count == 0) {
            Some(class) => fail(format!("class {} has no example", names[class])),
            None => Ok(chosen),
        }
    }

    /// As many examples of each class as the rarest class here has, chosen at random, in their old order.
    pub fn balanced(&self, rng: &mut Rng) -> Dataset {
        let rarest = self.class_counts().into_iter().filter(|count| *count > 0).min().unwrap_or(0);
        self.select(&self.choose_per_class(|count| rarest.min(count), rng).0)
    }

    /// Two sets without a common example: `fraction` of each class, chosen at random and rounded to whole
    /// examples, and the rest. Both keep the old order; `fraction` is clamped to `[0, 1]`.
    pub fn stratified_split(&self, fraction: f64, rng: &mut Rng) -> (Dataset, Dataset) {
        let share = |count: usize| (count as f64 * fraction.clamp(0.0, 1.0)).round() as usize;
        let (chosen, rest) = self.choose_per_class(share, rng);
        (self.select(&chosen), self.select(&rest))
    }

    /// The images, `[len, rows, cols]` or `[len, features]`, and the class of each, `[len]`.
    ///
    /// # Errors
    /// If the format cannot hold so many examples.
    pub fn to_idx(&self) -> Result<(Idx, Idx), DataError> {
        let dims = match self.image_shape {
            Some((rows, cols)) => vec![self.len(), rows, cols],
            None => vec![self.len(), self.features],
        };
        let images = Idx::new(dims, Values::U8(self.pixels.clone()))?;
        Ok((images, Idx::new(vec![self.len()], Values::U8(self.labels.clone()))?))
    }

    /// Tells one data set from another.
    pub(crate) fn fingerprint(&self) -> String {
        let mut crc = Crc::new();
        crc.update(&self.pixels);
        crc.update(&self.labels);
        format!("{} examples of {} features, CRC-32 {:08x}", self.len(), self.features, crc.sum())
    }

    fn name_of(&self, example: usize) -> u8 {
        self.class_names[usize::from(self.labels[example])]
    }

    /// The numbers of `chosen(count)` random examples of each class, and those of all others; both ascending.
    fn choose_per_class(&self, chosen: impl Fn(usize) -> usize, rng: &mut Rng) -> (Vec<usize>, Vec<usize>) {
        let mut members = vec![Vec::new(); self.classes()];
        self.labels.iter().enumerate().for_each(|(i, label)| members[usize::from(*label)].push(i));
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for mut class in members {
            rng.shuffle(&mut class);
            let (some, others) = class.split_at(chosen(class.len()));
            inside.extend_from_slice(some);
            outside.extend_from_slice(others);
        }
        inside.sort_unstable();
        outside.sort_unstable();
        (inside, outside)
    }
}

/// The names of the classes 0 up to the largest of `labels`. A gap means that a label is damaged: it would leave
/// a class that nothing can be learnt about.
fn consecutive_classes(labels: &[u8], place: &str) -> Result<Vec<u8>, DataError> {
    let mut found = [false; 256];
    labels.iter().for_each(|label| found[usize::from(*label)] = true);
    let largest = labels.iter().copied().max().unwrap_or(0);
    let gap = (0..largest).find(|label| !found[usize::from(*label)]);
    let Some(gap) = gap else { return Ok((0..=largest).collect()) };
    let record = labels.iter().position(|label| *label > gap).unwrap_or(0);
    let problem = format!("label {} is out of range: no example is labelled {gap}", labels[record]);
    let remedy = "labels must be consecutive from 0, each with an example";
    Err(DataError::new(format!("{place}, record {record}"), problem, remedy))
}
