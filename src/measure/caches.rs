//! The data caches of a core, and which of them holds so many bytes.

use std::fs;
use std::path::Path;
use std::prelude::rust_2024::*;

/// A level of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The cache nearest to the core.
    L1,
    /// The next.
    L2,
    /// The next, often shared by several cores.
    L3,
    /// What is behind all caches.
    Memory,
}

impl Level {
    /// The name used in results.
    pub fn name(self) -> &'static str {
        match self {
            Level::L1 => "l1",
            Level::L2 => "l2",
            Level::L3 => "l3",
            Level::Memory => "memory",
        }
    }
}

/// Sizes of the data caches of one processor, in bytes; `None` for one of which the system does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caches {
    /// First level, data.
    pub l1d_bytes: Option<u64>,
    /// Second level.
    pub l2_bytes: Option<u64>,
    /// Third level.
    pub l3_bytes: Option<u64>,
}

impl Caches {
    /// What is assumed where the system tells of no cache at all: the sizes of a middling core.
    pub const ASSUMED: Caches =
        Caches { l1d_bytes: Some(32 << 10), l2_bytes: Some(1 << 20), l3_bytes: Some(16 << 20) };

    /// Those of the first processor, as far as the system (Linux) tells.
    pub fn detect() -> Caches {
        Caches::read(Path::new("/sys/devices/system/cpu/cpu0/cache"))
    }

    /// The nearest level that is as large as `bytes`. Of [`Caches::ASSUMED`] where no size is known; else a cache of which
    /// nothing is known is taken for one that is not there.
    pub fn level_of(&self, bytes: u64) -> Level {
        let known = if *self == Caches::default() { &Caches::ASSUMED } else { self };
        let sizes = [(Level::L1, known.l1d_bytes), (Level::L2, known.l2_bytes), (Level::L3, known.l3_bytes)];
        let fits = |size: Option<u64>| size.is_some_and(|size| bytes <= size);
        sizes.into_iter().find(|(_, size)| fits(*size)).map_or(Level::Memory, |(level, _)| level)
    }

    /// Reads a `cpu*/cache` directory of sysfs: one `index*` directory a cache, in no promised order.
    fn read(directory: &Path) -> Caches {
        let mut caches = Caches::default();
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let read = |name| fs::read_to_string(entry.path().join(name)).unwrap_or_default();
            let size = parse_size(read("size").trim());
            match (read("level").trim(), read("type").trim()) {
                ("1", "Data" | "Unified") => caches.l1d_bytes = size,
                ("2", "Data" | "Unified") => caches.l2_bytes = size,
                ("3", "Data" | "Unified") => caches.l3_bytes = size,
                _ => {}
            }
        }
        caches
    }
}

/// `48K` -> 49152: a whole number, in bytes or with the binary suffix K, M or G.
fn parse_size(text: &str) -> Option<u64> {
    let (digits, unit): (_, u64) = match text.char_indices().next_back()? {
        (end, 'K') => (&text[..end], 1 << 10),
        (end, 'M') => (&text[..end], 1 << 20),
        (end, 'G') => (&text[..end], 1 << 30),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn cache_sizes_carry_their_unit() {
        assert_eq!(parse_size("48K"), Some(48 << 10));
        assert_eq!(parse_size("32M"), Some(32 << 20));
        assert_eq!(parse_size("1G"), Some(1 << 30));
        assert_eq!(parse_size("512"), Some(512));
        for wrong in ["", "K", "4.5M", "-1K", "48k", "99999999999G", "4é"] {
            assert_eq!(parse_size(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn caches_are_told_apart_by_level_and_type() {
        let root = tempfile::tempdir().unwrap();
        let caches = [("3", "Unified", "32768K"), ("1", "Instruction", "32K"), ("1", "Data", "48K")];
        for (index, (level, kind, size)) in caches.into_iter().enumerate() {
            let directory = root.path().join(format!("index{index}"));
            fs::create_dir(&directory).unwrap();
            for (name, text) in [("level", level), ("type", kind), ("size", size)] {
                fs::write(directory.join(name), format!("{text}\n")).unwrap();
            }
        }
        let expected = Caches { l1d_bytes: Some(48 << 10), l2_bytes: None, l3_bytes: Some(32 << 20) };
        assert_eq!(Caches::read(root.path()), expected);
        assert_eq!(Caches::read(&root.path().join("nowhere")), Caches::default());
    }

    #[test]
    fn the_nearest_level_that_is_large_enough_holds_the_bytes() {
        let caches = Caches { l1d_bytes: Some(48 << 10), l2_bytes: Some(1 << 20), l3_bytes: Some(32 << 20) };
        for (bytes, level) in [
            (0, Level::L1),
            (48 << 10, Level::L1),
            ((48 << 10) + 1, Level::L2),
            (1 << 20, Level::L2),
            (5 << 20, Level::L3),
            ((32 << 20) + 1, Level::Memory),
            (u64::MAX, Level::Memory),
        ] {
            assert_eq!(caches.level_of(bytes), level, "{bytes}");
        }
        let without_l3 = Caches { l3_bytes: None, ..caches };
        assert_eq!(without_l3.level_of(5 << 20), Level::Memory, "a cache nobody told of is not there");
        assert_eq!(
            Caches::default().level_of(5 << 20),
            Level::L3,
            "where nothing is told, sizes are assumed"
        );
    }
}
