//! What a study says, beside what was measured.

use std::string::String;

/// What becomes of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Verdict {
    /// The interval lies where the claim says.
    Holds,
    /// Some of what it says.
    HoldsInPart,
    /// The interval lies elsewhere.
    DoesNotHold,
    /// The interval has the threshold inside: more seeds may tell.
    Undecided,
}

impl Verdict {
    /// As a sentence says it.
    pub fn text(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::HoldsInPart => "holds in part",
            Verdict::DoesNotHold => "does not hold",
            Verdict::Undecided => "undecided",
        }
    }
}

/// A claim of a study, tested.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Claim {
    /// Its short name, such as `F1`.
    pub id: String,
    /// What the study says, in our words.
    pub claim: String,
    /// The numbers it gives for that.
    pub published: String,
    /// The number that decides, and what it is of; in words.
    pub measured: String,
    /// The 95 % interval of that number over seeds, where it has one.
    pub interval: Option<[f64; 2]>,
    /// What follows.
    pub verdict: Verdict,
    /// Why that follows, and what it depends on.
    pub why: String,
}
