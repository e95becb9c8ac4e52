//! What is wrong with the data.

use core::fmt::{self, Display};
use std::error;
use std::string::{String, ToString};

/// Data that cannot be used: where, what is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    place: String,
    problem: String,
    remedy: String,
}

impl DataError {
    /// An error at `place`: a file, with the byte or the record where it is known.
    pub fn new(place: impl Display, problem: impl Display, remedy: impl Display) -> DataError {
        DataError { place: place.to_string(), problem: problem.to_string(), remedy: remedy.to_string() }
    }
}

impl Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.problem, self.remedy)
    }
}

impl error::Error for DataError {}
