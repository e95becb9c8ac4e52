//! The description of the machine and the build that every result carries.

use std::prelude::rust_2024::*;
use std::{format, fs};

use super::caches::Caches;

/// Where a result was measured, and what code measured it.
///
/// Read from the operating system, not from the CPU: nothing here that only x86 has. What the
/// system does not tell (everything but Linux tells little) is `None` or `"unknown"`.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "cli", derive(serde::Serialize))]
pub struct Environment {
    /// Brand string of the first processor; on ARM, implementer and part number.
    pub cpu: String,
    /// x86 family, as `/proc/cpuinfo` displays it. With model and stepping it names the core, which the
    /// brand string of a virtual machine does not.
    pub cpu_family: Option<u32>,
    /// x86 model.
    pub cpu_model: Option<u32>,
    /// x86 stepping.
    pub cpu_stepping: Option<u32>,
    /// Logical processors this process may run on (its affinity and quota, not the whole machine).
    pub cpu_cores: usize,
    /// First-level data cache of one core, bytes.
    pub cache_l1d_bytes: Option<u64>,
    /// Second-level cache as the first processor sees it, bytes.
    pub cache_l2_bytes: Option<u64>,
    /// Third-level cache as the first processor sees it, bytes; often shared with other tenants.
    pub cache_l3_bytes: Option<u64>,
    /// Operating system the binary was built for.
    pub os: String,
    /// Architecture the binary was built for.
    pub arch: String,
    /// The ISA whose kernels were run.
    pub isa: String,
    /// Every ISA this build and this machine could have run.
    pub isa_available: Vec<String>,
    /// Threads used.
    pub threads: usize,
    /// Version of the crate.
    pub version: String,
    /// Short hash of the commit built, `-dirty` if the sources differed from it, `unknown` outside git.
    pub commit: String,
    /// `rustc -V`.
    pub rustc: String,
    /// Target features the compiler was allowed everywhere, comma-separated. Kernels chosen at run time
    /// may use more: see `isa`.
    pub target_features: String,
    /// Optimisation level of the build.
    pub opt_level: String,
    /// Cargo's profile family: `release` or `debug`.
    pub profile: String,
}

impl Environment {
    /// Describes this machine and this build; `isa`, `isa_available` and `threads` are the caller's to tell.
    pub fn detect(isa: &str, isa_available: &[&str], threads: usize) -> Self {
        let cpuinfo = CpuInfo::parse(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default());
        let caches = Caches::detect();
        Self {
            cpu: cpuinfo.name,
            cpu_family: cpuinfo.family,
            cpu_model: cpuinfo.model,
            cpu_stepping: cpuinfo.stepping,
            cpu_cores: std::thread::available_parallelism().map_or(1, usize::from),
            cache_l1d_bytes: caches.l1d_bytes,
            cache_l2_bytes: caches.l2_bytes,
            cache_l3_bytes: caches.l3_bytes,
            os: std::env::consts::OS.into(),
            arch: std::env::consts::ARCH.into(),
            isa: isa.into(),
            isa_available: isa_available.iter().map(|&isa| isa.into()).collect(),
            threads,
            version: env!("CARGO_PKG_VERSION").into(),
            commit: env!("PRUNELLA_COMMIT").into(),
            rustc: env!("PRUNELLA_RUSTC").into(),
            target_features: env!("PRUNELLA_TARGET_FEATURES").into(),
            opt_level: env!("PRUNELLA_OPT_LEVEL").into(),
            profile: env!("PRUNELLA_PROFILE").into(),
        }
    }
}

/// The first processor of a `/proc/cpuinfo`.
#[derive(Debug, PartialEq)]
struct CpuInfo {
    name: String,
    family: Option<u32>,
    model: Option<u32>,
    stepping: Option<u32>,
}

impl CpuInfo {
    fn parse(text: &str) -> Self {
        let field = |key: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(':'));
            lines
                .map(|(name, value)| (name.trim(), value.trim()))
                .find(|&(name, _)| name == key)
                .map(|pair| pair.1)
        };
        let number = |key| field(key).and_then(|value| value.parse().ok());
        let arm = || Some(format!("implementer {}, part {}", field("CPU implementer")?, field("CPU part")?));
        Self {
            name: field("model name").map(String::from).or_else(arm).unwrap_or_else(|| "unknown".into()),
            family: number("cpu family"),
            model: number("model"),
            stepping: number("stepping"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x86_is_named_by_its_first_processor() {
        let text = "processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\nstepping\t: 1\n\n\
                    processor\t: 1\ncpu family\t: 6\nmodel\t\t: 7\nmodel name\t: other\nstepping\t: 9\n";
        let expected =
            CpuInfo { name: "AMD EPYC".into(), family: Some(26), model: Some(2), stepping: Some(1) };
        assert_eq!(CpuInfo::parse(text), expected);
    }

    #[test]
    fn arm_is_named_by_implementer_and_part() {
        let text = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
        let cpu = CpuInfo::parse(text);
        assert_eq!(cpu.name, "implementer 0x41, part 0xd0c");
        assert_eq!((cpu.family, cpu.model, cpu.stepping), (None, None, None));
    }

    #[test]
    fn what_is_not_told_is_unknown() {
        for text in ["", "model name", "model : two\nstepping : -1\ncpu family : 99999999999"] {
            let expected = CpuInfo { name: "unknown".into(), family: None, model: None, stepping: None };
            assert_eq!(CpuInfo::parse(text), expected, "{text:?}");
        }
    }
}
