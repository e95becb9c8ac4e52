//! Data sets: loading, choosing and splitting, and the message for every way to be wrong.
#![cfg(feature = "std")]

use prunella::dataset::{Dataset, SCALE, Source, Split};
use prunella::idx::{Idx, Values};
use prunella::rng::Rng;
use std::fs;
use std::path::Path;

const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

fn write(dir: &Path, name: &str, dims: &[usize], bytes: Vec<u8>) {
    Idx::new(dims.into(), Values::U8(bytes)).unwrap().write(&dir.join(name)).unwrap();
}

/// Six training and three test images of 2 x 2, of three classes.
fn small() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), FILES[0], &[6, 2, 2], (0..24).map(|i| 10 * i).collect());
    write(dir.path(), FILES[1], &[6], vec![0, 1, 2, 0, 1, 0]);
    write(dir.path(), FILES[2], &[3, 2, 2], (100..112).collect());
    write(dir.path(), FILES[3], &[3], vec![2, 1, 0]);
    dir
}

/// What `Split::load` says about `small()` after `damage`.
fn message(damage: impl FnOnce(&Path)) -> String {
    let dir = small();
    damage(dir.path());
    Split::load(dir.path()).unwrap_err().to_string()
}

fn assert_says(message: &str, parts: &[&str]) {
    parts.iter().for_each(|part| assert!(message.contains(part), "{part:?} is not in {message:?}"));
}

#[test]
fn a_directory_of_four_files_is_a_split() {
    let dir = small();
    let split = Split::load(dir.path()).unwrap();
    assert_eq!(split.source, Source::Directory(dir.path().into()));
    assert_eq!(Some(split.name.as_ref()), dir.path().file_name());
    let (train, test) = (&split.train, &split.test);
    assert_eq!((train.len(), train.features(), train.classes()), (6, 4, 3));
    assert_eq!((test.len(), test.features(), test.classes()), (3, 4, 3));
    assert_eq!((train.image_shape(), train.class_names()), (Some((2, 2)), &[0, 1, 2][..]));
    assert_eq!((train.labels(), train.pixels(5)), (&[0, 1, 2, 0, 1, 0][..], &[200, 210, 220, 230][..]));
    assert_eq!(train.class_counts(), [3, 2, 1]);
}

#[test]
fn all_spellings_are_found_the_uncompressed_first() {
    let dir = small();
    let original = Split::load(dir.path()).unwrap();
    for (from, to) in [("-idx", ".idx"), (".idx", ".idx")] {
        for file in FILES {
            let old = dir.path().join(file.replace("-idx", from));
            fs::rename(old, dir.path().join(file.replace("-idx", to))).unwrap();
        }
        assert_eq!(Split::load(dir.path()).unwrap(), original);
    }
    // `write` compresses; the raw files still win until they are gone.
    let shuffled = Split { train: original.train.select(&[2, 1, 0]), ..original.clone() };
    shuffled.write(dir.path()).unwrap();
    assert_eq!(
        Split::load(dir.path()).unwrap().train.labels(),
        [2, 1, 0],
        "-idx3-ubyte.gz before .idx3-ubyte"
    );
    write(dir.path(), FILES[0], &[6, 2, 2], vec![0; 24]);
    write(dir.path(), FILES[1], &[6], vec![0, 1, 2, 0, 1, 0]);
    assert_eq!(Split::load(dir.path()).unwrap().train.len(), 6);
}

#[test]
fn what_a_split_writes_it_loads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/digits");
    let split = Split::synth(30, 10, 5);
    split.write(&path).unwrap();
    let loaded = Split::load(&path).unwrap();
    assert_eq!((loaded.train, loaded.test), (split.train, split.test));
    assert_eq!(loaded.name, "digits");
}

#[test]
fn what_is_missing_is_named_with_the_names_looked_for() {
    let nowhere = Split::load("no/such/directory".as_ref()).unwrap_err().to_string();
    assert_says(&nowhere, &["no/such/directory: there is no such directory", "data/get-mnist.sh"]);
    let dir = small();
    let not_one = Split::load(&dir.path().join(FILES[0])).unwrap_err().to_string();
    assert_says(&not_one, &["is not a directory", "give the directory"]);
    for file in FILES {
        let says = message(|dir| fs::remove_file(dir.join(file)).unwrap());
        let dotted = file.replace("-idx", ".idx");
        assert_says(&says, &[&format!("none of {file}, {file}.gz, {dotted}, {dotted}.gz"), "put one there"]);
    }
}

#[test]
fn a_damaged_file_is_named_with_its_byte() {
    for file in FILES {
        let says = message(|dir| fs::write(dir.join(file), b"not an IDX file").unwrap());
        assert_says(&says, &[file, "byte 0", "magic number"]);
        let says = message(|dir| {
            let bytes = fs::read(dir.join(file)).unwrap();
            fs::write(dir.join(file), &bytes[..bytes.len() - 1]).unwrap();
        });
        assert_says(&says, &[file, "truncated"]);
    }
    let says = message(|dir| {
        Idx::new(vec![3], Values::I8(vec![2, 1, 0])).unwrap().write(&dir.join(FILES[3])).unwrap();
    });
    assert_says(&says, &[FILES[3], "byte 2", "not unsigned bytes", "must be 08"]);
    let says = message(|dir| {
        fs::remove_file(dir.join(FILES[3])).unwrap();
        fs::create_dir(dir.join(FILES[3])).unwrap();
    });
    assert_says(&says, &[FILES[3], "is not a regular file"]);
}

#[test]
fn a_shape_that_holds_no_images_is_refused() {
    let images = |dims: &[usize]| message(|dir| write(dir, FILES[0], dims, vec![0; dims.iter().product()]));
    assert_says(&images(&[0, 2, 2]), &[FILES[0], "[0, 2, 2] holds no images", "none of them 0"]);
    assert_says(&images(&[6, 0, 2]), &[FILES[0], "[6, 0, 2] holds no images"]);
    assert_says(&images(&[6]), &[FILES[0], "[6] holds no images", "must be [images, rows, columns]"]);
    let labels = message(|dir| write(dir, FILES[1], &[6, 1], vec![0; 6]));
    assert_says(&labels, &[FILES[1], "[6, 1] is not that of labels", "must be [labels]"]);
    let empty = message(|dir| {
        write(dir, FILES[2], &[0, 2, 2], vec![]);
        write(dir, FILES[3], &[0], vec![]);
    });
    assert_says(&empty, &[FILES[2], "holds no images"]);
}

#[test]
fn files_that_do_not_go_together_are_refused() {
    let counts = message(|dir| write(dir, FILES[1], &[5], vec![0, 1, 2, 0, 1]));
    assert_says(&counts, &[FILES[0], "6 images, but 5 labels", FILES[1], "from one set"]);
    let sizes = message(|dir| write(dir, FILES[2], &[3, 2, 3], vec![0; 18]));
    assert_says(&sizes, &[FILES[2], "6 pixels an image, but 4 in the training set", "one size"]);
}

#[test]
fn a_label_out_of_range_is_named_with_its_record() {
    let train = message(|dir| write(dir, FILES[1], &[6], vec![0, 1, 2, 0, 77, 0]));
    assert_says(&train, &[FILES[1], "record 4", "label 77 is out of range: no example is labelled 3"]);
    let test = message(|dir| write(dir, FILES[3], &[3], vec![2, 3, 0]));
    assert_says(&test, &[FILES[3], "record 1", "label 3 is out of range", "labels must be 0 to 2"]);
}

#[test]
fn images_without_rows_and_columns_are_plain_features() {
    let dir = small();
    write(dir.path(), FILES[0], &[6, 4], vec![1; 24]);
    let split = Split::load(dir.path()).unwrap();
    assert_eq!((split.train.features(), split.train.image_shape()), (4, None));
    let (images, labels) = split.train.to_idx().unwrap();
    assert_eq!((images.dims(), labels.dims()), (&[6, 4][..], &[6][..]));
}

#[test]
fn a_dataset_checks_what_it_is_made_of() {
    let says = |features, pixels: usize, labels: &[u8]| {
        Dataset::new(features, vec![0; pixels], labels.into()).unwrap_err().to_string()
    };
    assert_says(&says(4, 0, &[]), &["empty: 0 examples"]);
    assert_says(&says(0, 0, &[0]), &["0 features"]);
    assert_says(&says(4, 7, &[0, 1]), &["2 labels and 4 features do not go with 7 pixels"]);
    assert_says(&says(usize::MAX, 7, &[0, 1]), &["do not go with"]);
    assert_says(&says(1, 2, &[0, 2]), &["record 1", "label 2 is out of range"]);
    let all = Dataset::new(1, vec![0; 256], (0..=255).collect()).unwrap();
    assert_eq!((all.classes(), all.class_names()[255]), (256, 255));
}

#[test]
fn rows_are_scaled_to_the_unit_interval() {
    let set = Dataset::new(2, vec![0, 255, 51, 1, 128, 254], vec![0, 1, 0]).unwrap();
    let rows = set.rows();
    assert_eq!(rows, [0.0, 1.0, 51.0 * SCALE, SCALE, 128.0 * SCALE, 254.0 * SCALE]);
    assert!(rows.iter().all(|value| (0.0..=1.0).contains(value)));
    let mut some = [f32::NAN; 6];
    set.fill_rows(&[2, 0, 2], &mut some);
    assert_eq!(some, [rows[4], rows[5], rows[0], rows[1], rows[4], rows[5]]);
}

/// 90 examples of class 0, 60 of class 1, 30 of class 2; the only pixel is the number of the example.
fn uneven() -> Dataset {
    let labels = (0..180).map(|i| [0, 0, 0, 1, 1, 2][i % 6]).collect();
    Dataset::new(1, (0..180).collect(), labels).unwrap()
}

/// The numbers of the examples, each of which must still have its label.
fn numbers(set: &Dataset) -> Vec<u8> {
    let all = uneven();
    let number = |i| set.pixels(i)[0];
    (0..set.len()).for_each(|i| assert_eq!(set.labels()[i], all.labels()[usize::from(number(i))]));
    (0..set.len()).map(number).collect()
}

#[test]
fn a_stratified_split_keeps_proportions_and_loses_nothing() {
    let all = uneven();
    let (most, rest) = all.stratified_split(0.8, &mut Rng::new(1));
    assert_eq!((most.class_counts(), rest.class_counts()), (vec![72, 48, 24], vec![18, 12, 6]));
    let mut together = [numbers(&most), numbers(&rest)].concat();
    together.sort_unstable();
    assert!(together.into_iter().eq(0..180));

    assert_eq!(all.stratified_split(0.8, &mut Rng::new(1)).0, most);
    assert_ne!(all.stratified_split(0.8, &mut Rng::new(2)).0, most);
    for (fraction, len) in [(0.0, 0), (1.0, 180), (-3.0, 0), (7.0, 180), (f64::NAN, 0)] {
        assert_eq!(all.stratified_split(fraction, &mut Rng::new(1)).0.len(), len);
    }
}

#[test]
fn a_balanced_set_has_as_many_of_each_class() {
    let all = uneven();
    let balanced = all.balanced(&mut Rng::new(1));
    assert_eq!(balanced.class_counts(), [30, 30, 30]);
    assert!(numbers(&balanced).is_sorted_by(|a, b| a < b), "each example once, in the old order");
    assert_ne!(all.balanced(&mut Rng::new(2)), balanced);
    // A class without examples cannot be the measure of the others.
    let without = all.select(&(0..180).filter(|i| all.labels()[*i] != 1).collect::<Vec<_>>());
    assert_eq!(without.balanced(&mut Rng::new(1)).class_counts(), [30, 0, 30]);
}

#[test]
fn chosen_classes_are_numbered_in_the_order_given() {
    let dir = small();
    let split = Split::load(dir.path()).unwrap();
    let chosen = split.with_classes(&[2, 0]).unwrap();
    assert_eq!(chosen.train.labels(), [1, 0, 1, 1]);
    assert_eq!(chosen.test.labels(), [0, 1]);
    assert_eq!((chosen.train.class_names(), chosen.train.classes()), (&[2, 0][..], 2));
    assert_eq!(chosen.train.pixels(1), split.train.pixels(2));
    // Names stay those of the file, however often classes are chosen.
    let again = chosen.train.with_classes(&[0, 2]).unwrap();
    assert_eq!((again.labels(), again.class_names()), (&[0, 1, 0, 0][..], &[0, 2][..]));
}

#[test]
fn classes_that_cannot_be_chosen_are_named() {
    let all = uneven();
    let says = |names: &[u8]| all.with_classes(names).unwrap_err().to_string();
    assert_says(&says(&[1, 7]), &["classes [1, 7]", "class 7 has no example", "two or more of [0, 1, 2]"]);
    assert_says(&says(&[1, 1]), &["class 1 is named twice"]);
    assert_says(&says(&[1]), &["nothing to tell apart"]);
    assert_says(&says(&[]), &["nothing to tell apart"]);
    assert_says(&says(&[9; 300]), &["named twice"]);
    let without = all.select(&[0, 1, 5]);
    assert_says(&without.with_classes(&[0, 1]).unwrap_err().to_string(), &["class 1 has no example"]);
}
