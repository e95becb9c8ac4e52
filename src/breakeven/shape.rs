//! The shape of a layer, as text.

use std::fmt;
use std::str::FromStr;

/// Inputs and outputs of a layer; as text `784x64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape {
    /// Number of inputs, at least 1.
    pub fan_in: usize,
    /// Number of outputs, at least 1.
    pub fan_out: usize,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.fan_in, self.fan_out)
    }
}

/// The text is no shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeError;

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a shape is inputs x outputs, each 1 or more, such as 784x64")
    }
}

impl core::error::Error for ShapeError {}

impl FromStr for Shape {
    type Err = ShapeError;

    fn from_str(text: &str) -> Result<Shape, ShapeError> {
        let number = |part: &str| part.parse().ok().filter(|n| *n > 0).ok_or(ShapeError);
        let (fan_in, fan_out) = text.split_once('x').ok_or(ShapeError)?;
        Ok(Shape { fan_in: number(fan_in)?, fan_out: number(fan_out)? })
    }
}
