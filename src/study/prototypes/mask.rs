//! Which structural losses a network is trained with.

use core::fmt;

/// A subset of the structural losses, as the study writes it: three bits, overlap, coverage, separation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mask {
    /// Two neurons should not answer to the same points.
    pub overlap: bool,
    /// Each point should have a prototype near it.
    pub coverage: bool,
    /// Two prototypes should not be at the same place.
    pub separation: bool,
}

impl Mask {
    /// Every subset, by its bits: 000 to 111.
    pub const ALL: [Mask; 8] = [
        Mask::STD,
        Mask::SEP,
        Mask::COV,
        Mask::COV_SEP,
        Mask::OVL,
        Mask::new(true, false, true),
        Mask::OVL_COV,
        Mask::new(true, true, true),
    ];
    /// 000: the fit alone.
    pub const STD: Mask = Mask::new(false, false, false);
    /// 001: separation alone.
    pub const SEP: Mask = Mask::new(false, false, true);
    /// 010: coverage alone.
    pub const COV: Mask = Mask::new(false, true, false);
    /// 011: coverage and separation.
    pub const COV_SEP: Mask = Mask::new(false, true, true);
    /// 100: overlap alone.
    pub const OVL: Mask = Mask::new(true, false, false);
    /// 110: overlap and coverage.
    pub const OVL_COV: Mask = Mask::new(true, true, false);

    const fn new(overlap: bool, coverage: bool, separation: bool) -> Mask {
        Mask { overlap, coverage, separation }
    }

    /// The three bits, such as `010`.
    pub fn bits(self) -> &'static str {
        ["000", "001", "010", "011", "100", "101", "110", "111"][self.number()]
    }

    /// The study's name, such as `Cov+Sep`.
    pub fn name(self) -> &'static str {
        ["Std", "Sep", "Cov", "Cov+Sep", "Ovl", "Ovl+Sep", "Ovl+Cov", "Full"][self.number()]
    }

    fn number(self) -> usize {
        usize::from(self.overlap) * 4 + usize::from(self.coverage) * 2 + usize::from(self.separation)
    }
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.bits())
    }
}

#[cfg(feature = "cli")]
impl serde::Serialize for Mask {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.bits())
    }
}
