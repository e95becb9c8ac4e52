//! Which instruction set runs: detected, listed, forced by name.

use core::fmt;

/// An instruction set that this machine has.
///
/// A value is the proof: only detection makes one, so whoever holds an `Isa` may call its kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Isa(Name);

/// Every instruction set prunella knows, on any machine. `Avx2` means AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Portable,
    Neon,
    Avx2,
    Avx512,
}

impl Name {
    /// Slowest first: the best available one is the last.
    const ALL: [Name; 4] = [Name::Portable, Name::Neon, Name::Avx2, Name::Avx512];

    fn text(self) -> &'static str {
        match self {
            Name::Portable => "portable",
            Name::Neon => "neon",
            Name::Avx2 => "avx2",
            Name::Avx512 => "avx512",
        }
    }
}

/// Asks the machine at run time where `std` can, else the compiler's target features.
/// The features are those of the `#[target_feature]` entry points in `arch`.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! detected {
    ($is_detected:ident, $($feature:tt),+) => {{
        #[cfg(feature = "std")]
        let has = $(std::arch::$is_detected!($feature))&&+;
        #[cfg(not(feature = "std"))]
        let has = $(cfg!(target_feature = $feature))&&+;
        has
    }};
}

fn machine_has(name: Name) -> bool {
    match name {
        Name::Portable => true,
        #[cfg(target_arch = "x86_64")]
        Name::Avx2 => detected!(is_x86_feature_detected, "avx2", "fma", "popcnt"),
        #[cfg(target_arch = "x86_64")]
        Name::Avx512 => {
            detected!(is_x86_feature_detected, "avx512f", "avx512dq", "avx512vl", "avx2", "fma", "popcnt")
        }
        #[cfg(target_arch = "aarch64")]
        Name::Neon => detected!(is_aarch64_feature_detected, "neon"),
        #[allow(unreachable_patterns, reason = "which names are left over depends on the architecture")]
        _ => false,
    }
}

impl Isa {
    /// The fastest instruction set of this machine.
    pub fn best() -> Isa {
        Isa::available().last().unwrap_or(Isa(Name::Portable))
    }

    /// The instruction sets of this machine, slowest first; `portable` is always among them.
    pub fn available() -> impl Iterator<Item = Isa> {
        // Miri interprets no vendor intrinsics.
        Name::ALL.into_iter().filter(|&n| n == Name::Portable || !cfg!(miri) && machine_has(n)).map(Isa)
    }

    /// Forces an instruction set by its name: `portable`, `avx2`, `avx512` or `neon`.
    ///
    /// # Errors
    /// The name is unknown, or this machine (or build) has no such instruction set.
    pub fn from_name(name: &str) -> Result<Isa, IsaError> {
        let known = Name::ALL.into_iter().find(|n| n.text() == name).ok_or(IsaError::Unknown)?;
        Isa::available().find(|isa| isa.0 == known).ok_or(IsaError::Unsupported(known.text()))
    }

    /// `portable`, `avx2`, `avx512` or `neon`.
    pub fn name(self) -> &'static str {
        self.0.text()
    }

    /// Whether a product is fused with its addition: the sets that fuse agree with each other bit for bit.
    pub fn fuses(self) -> bool {
        self.0 != Name::Portable || cfg!(any(target_feature = "fma", target_arch = "aarch64"))
    }

    pub(crate) fn id(self) -> Name {
        self.0
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why an instruction set cannot be forced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsaError {
    /// No instruction set has this name.
    Unknown,
    /// The name is known, but this machine or build lacks it.
    Unsupported(&'static str),
}

impl fmt::Display for IsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IsaError::Unknown => {
                f.write_str("unknown instruction set; known are portable, neon, avx2, avx512")?
            }
            IsaError::Unsupported(name) => write!(f, "this machine or build has no {name}")?,
        }
        f.write_str("; available here:")?;
        Isa::available().try_for_each(|isa| write!(f, " {isa}"))
    }
}

impl core::error::Error for IsaError {}
