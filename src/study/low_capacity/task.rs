//! The binary tasks: two digits to be told apart.

use crate::dataset::{DataError, Dataset, Split};
use crate::rng::{Rng, Stream};
use core::fmt;
use core::str::FromStr;
use std::format;
use std::string::{String, ToString};

/// Two digits; the higher one is class 1. Written `4-9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "String", try_from = "String")
)]
pub struct Pair {
    /// Class 0.
    pub low: u8,
    /// Class 1.
    pub high: u8,
}

impl Pair {
    /// The study's, easy to hard.
    pub const ALL: [Pair; 5] =
        [Pair::new(0, 1), Pair::new(1, 7), Pair::new(5, 6), Pair::new(3, 8), Pair::new(4, 9)];

    const fn new(low: u8, high: u8) -> Pair {
        Pair { low, high }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.low, self.high)
    }
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Pair, String> {
        let digit = |text: &str| text.parse().ok().filter(|digit| *digit < 10);
        let digits = text.split_once('-').and_then(|(low, high)| Some((digit(low)?, digit(high)?)));
        match digits {
            Some((low, high)) if low < high => Ok(Pair::new(low, high)),
            _ => Err(format!("`{text}` is no pair of digits: give the lower, a hyphen, the higher, as 4-9")),
        }
    }
}

impl From<Pair> for String {
    fn from(pair: Pair) -> String {
        pair.to_string()
    }
}

impl TryFrom<String> for Pair {
    type Error = String;

    fn try_from(text: String) -> Result<Pair, String> {
        text.parse()
    }
}

/// The examples of a pair, as the study's protocol (its section 3.1) makes them for one seed.
#[derive(Debug, Clone)]
pub struct Task {
    /// The digits.
    pub pair: Pair,
    /// 80 % of the balanced training images: to learn from.
    pub train: Dataset,
    /// The other 20 %: what the study reports on.
    pub validation: Dataset,
    /// The test images of both digits, as they are: neither balanced nor seen by any choice.
    pub test: Dataset,
}

impl Task {
    /// Of `data`, the digits of `pair`: as many of each among the training images, chosen by `seed`, of which 80 % of each class
    /// are to be learnt from.
    ///
    /// # Errors
    /// If a digit of the pair is not in the data.
    pub fn new(data: &Split, pair: Pair, seed: u64) -> Result<Task, DataError> {
        let two = data.with_classes(&[pair.low, pair.high])?;
        let balanced = two.train.balanced(&mut Rng::stream(seed, Stream::Balance));
        let (train, validation) = balanced.stratified_split(0.8, &mut Rng::stream(seed, Stream::Holdout));
        Ok(Task { pair, train, validation, test: two.test })
    }
}
