//! `prunella data check` and `prunella data synth`.

use super::args::{OutputArgs, SeedArgs, at_least_one};
use super::command_line;
use super::error::Failure;
use super::output::{Directory, Output};
use super::progress::Progress;
use crate::dataset::{Dataset, Split};
use crate::idx;
use crate::report::{DataReport, FileInfo, Schema, SetInfo};
use clap::{Args, Subcommand};
use core::fmt::Write;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::prelude::rust_2024::*;
use std::{format, fs};

/// Digits that fit into memory comfortably: 784 bytes each.
const DIGITS_MAX: usize = 1_000_000;

const CHECK_EXAMPLES: &str = "\
Examples:
  prunella data check data/mnist
  prunella data check data/mnist --format json

Known by their content: MNIST. Known by their compressed files as published: Fashion-MNIST.";

const SYNTH_EXAMPLES: &str = "\
Examples:
  prunella data synth --out data/drawn
  prunella data synth --out data/drawn --train 60000 --test 10000 --seed 7";

/// The sub-verbs of `prunella data`.
#[derive(Subcommand)]
pub(super) enum Data {
    /// Check the four IDX files of a directory: shapes, class counts, SHA-256
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Check),
    /// Draw digits, 28 x 28, and write them as IDX files (gzip)
    #[command(after_help = SYNTH_EXAMPLES)]
    Synth(Synth),
}

/// Arguments of `prunella data check`.
#[derive(Args)]
pub(super) struct Check {
    /// The directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
}

/// Arguments of `prunella data synth`.
#[derive(Args)]
pub(super) struct Synth {
    /// The directory to write, created if need be
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Digits of the training set
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = digits, allow_negative_numbers = true)]
    train: usize,
    /// Digits of the test set
    #[arg(long, value_name = "N", default_value_t = 4_000, value_parser = digits, allow_negative_numbers = true)]
    test: usize,
    #[command(flatten)]
    seed: SeedArgs,
    /// Nothing on stderr but errors
    #[arg(long, short)]
    quiet: bool,
}

fn digits(text: &str) -> Result<usize, String> {
    let count = at_least_one(text).ok().filter(|n| (10..=DIGITS_MAX).contains(n));
    count.ok_or_else(|| format!("give a whole number from 10, one of each digit, to {DIGITS_MAX}"))
}

/// Checks or draws.
pub(super) fn data(verb: &Data) -> Result<(), Failure> {
    match verb {
        Data::Check(args) => check(args),
        Data::Synth(args) => {
            let directory = Directory::create(&args.out)?;
            let split = Split::synth(args.train, args.test, args.seed.seed);
            directory.fill(|stage| split.write(stage))?;
            let (out, train, test) = (args.out.display(), args.train, args.test);
            let line = format!("Wrote {train} training and {test} test digits to {out}.");
            Progress::new(args.quiet).remark(line);
            Ok(())
        }
    }
}

fn check(args: &Check) -> Result<(), Failure> {
    let output = Output::new(&args.output)?;
    let split = Split::load(&args.directory)?;
    let files = Split::files(&args.directory)?.into_iter().map(|path| file_info(&path));
    let files: Vec<FileInfo> = files.collect::<Result<_, Failure>>()?;
    let known = |file: &FileInfo| file.known_as.clone();
    let first = files.first().and_then(known);
    let known_as = first.filter(|name| files.iter().all(|file| known(file).as_ref() == Some(name)));
    let report = DataReport {
        schema: Schema::Data,
        command: command_line(),
        directory: args.directory.display().to_string(),
        known_as,
        sets: [("train", &split.train), ("test", &split.test)].map(set_info).into(),
        files,
    };
    output.write(&report, Vec::new())
}

fn set_info((set, data): (&str, &Dataset)) -> SetInfo {
    let shape = match data.image_shape() {
        Some((rows, columns)) => [rows, columns].into(),
        None => [data.features()].into(),
    };
    SetInfo { set: set.into(), examples: data.len(), shape, class_counts: data.class_counts() }
}

fn file_info(path: &Path) -> Result<FileInfo, Failure> {
    let content = idx::read_content(path)?;
    let sha256 = hash(&content);
    let raw = fs::read(path).map_err(|error| Failure::at(path.display(), error))?;
    let known_as = known(&sha256).or_else(|| known(&hash(&raw)));
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(FileInfo { file, bytes: content.len() as u64, sha256, known_as: known_as.map(String::from) })
}

fn hash(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("a String takes everything");
    }
    text
}

/// The data set to which a file of this SHA-256 belongs.
fn known(sha256: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(_, hashes)| hashes.contains(&sha256)).map(|(name, _)| *name)
}

/// MNIST by its content. Fashion-MNIST by its files as published, compressed: in the order of MNIST's.
const KNOWN: [(&str, [&str; 4]); 2] = [
    (
        "MNIST",
        [
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ],
    ),
    (
        "Fashion-MNIST",
        [
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ],
    ),
];
