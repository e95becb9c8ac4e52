//! Instruction sets: their names, and that what is detected is what is compiled.

use prunella_kernels::{Isa, IsaError, Kernels};

#[test]
fn names_round_trip() {
    for isa in Isa::available() {
        assert_eq!(Isa::from_name(isa.name()), Ok(isa));
        assert_eq!(isa.to_string(), isa.name());
        assert_eq!(Kernels::new(isa).isa(), isa);
    }
}

#[test]
fn the_list_rises_from_portable_to_the_best() {
    let names: Vec<&str> = Isa::available().map(Isa::name).collect();
    assert_eq!(names[0], "portable");
    assert_eq!(names.last(), Some(&Isa::best().name()));
    let all = ["portable", "neon", "avx2", "avx512"];
    let ranks: Vec<_> = names.iter().map(|name| all.iter().position(|n| n == name).unwrap()).collect();
    assert!(ranks.is_sorted_by(|a, b| a < b), "{names:?}");
    let lanes: Vec<usize> = Isa::available().map(|isa| Kernels::new(isa).register_lanes()).collect();
    assert!(lanes.is_sorted(), "{lanes:?}");
}

#[test]
fn every_set_but_portable_fuses() {
    for isa in Isa::available() {
        let portable = cfg!(any(target_feature = "fma", target_arch = "aarch64"));
        assert_eq!(isa.fuses(), portable || isa.name() != "portable");
    }
}

#[test]
fn an_unknown_name_is_an_error_that_lists_the_known() {
    for name in ["", "AVX2", "avx", "sse2", "portable ", "avx512f"] {
        assert_eq!(Isa::from_name(name), Err(IsaError::Unknown), "{name:?}");
    }
    let text = IsaError::Unknown.to_string();
    assert!(text.contains("portable, neon, avx2, avx512"), "{text}");
    assert!(
        Isa::available().all(|isa| text.split("available here:").nth(1).unwrap().contains(isa.name())),
        "{text}"
    );
}

#[test]
fn a_set_of_another_machine_is_unsupported() {
    let foreign = if cfg!(target_arch = "aarch64") { "avx2" } else { "neon" };
    let error = Isa::from_name(foreign).unwrap_err();
    assert_eq!(error, IsaError::Unsupported(foreign));
    assert!(error.to_string().starts_with(&format!("this machine or build has no {foreign}; ")), "{error}");
}

/// The quoted words of the text between `from` and the next `to`.
fn quoted<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    let after = text.split_once(from).unwrap_or_else(|| panic!("no {from:?}")).1;
    after.split_once(to).unwrap().0.split('"').skip(1).step_by(2).flat_map(|list| list.split(',')).collect()
}

/// Calling an entry point whose features were not all detected is undefined: the two lists, in two files, are one.
#[test]
fn what_is_detected_is_what_is_compiled() {
    // On one line, as if none were too long for it.
    let isa = include_str!("../src/isa.rs").split_whitespace().collect::<Vec<_>>().join(" ");
    let isa = isa.replace("=> { detected!(", "=> detected!(");
    let sets = [
        ("Avx2", include_str!("../src/arch/avx2.rs")),
        ("Avx512", include_str!("../src/arch/avx512.rs")),
        ("Neon", include_str!("../src/arch/neon.rs")),
    ];
    for (name, arch) in sets {
        let detected = quoted(&isa, &format!("Name::{name} => detected!("), ")");
        let compiled = quoted(arch, &format!("entry_points!({name}, "), ")");
        assert!(!detected.is_empty());
        assert_eq!(detected, compiled, "{name}");
    }
    let portable = include_str!("../src/arch/portable.rs");
    assert!(portable.contains("entry_points!(Portable);"), "portable asks for no feature");
}
