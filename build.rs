//! Records what the crate was built from and by, for the environment block of every result.
//!
//! Sets `PRUNELLA_COMMIT`, `PRUNELLA_RUSTC`, `PRUNELLA_TARGET_FEATURES`, `PRUNELLA_OPT_LEVEL` and
//! `PRUNELLA_PROFILE`. What cannot be found out is `unknown`; the build never fails for it.

use std::path::Path;
use std::process::Command;

/// What the binary is made of. `-dirty` speaks of these alone, and they are the files watched, so the
/// mark cannot go stale: an edit to a README neither sets it nor rebuilds the crate.
const SOURCES: [&str; 6] =
    ["build.rs", "Cargo.toml", "Cargo.lock", "src", "kernels/Cargo.toml", "kernels/src"];

fn main() {
    SOURCES.into_iter().for_each(watch);
    let rustc = std::env::var("RUSTC").ok().and_then(|rustc| output(&rustc, &["-V"]));
    set("COMMIT", commit());
    set("RUSTC", rustc);
    // Cargo leaves the variable out for a target that has none.
    set("TARGET_FEATURES", Some(std::env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default()));
    set("OPT_LEVEL", std::env::var("OPT_LEVEL").ok());
    set("PROFILE", std::env::var("PROFILE").ok());
}

/// Short hash of the commit checked out, with `-dirty` if a source differs from it.
fn commit() -> Option<String> {
    // Without a `.git` (a file in a worktree) of its own, the crate was unpacked somewhere; the repository
    // git would find above it is somebody else's.
    if !Path::new(".git").exists() {
        return None;
    }
    watch_head();
    let hash = output("git", &["rev-parse", "--short=12", "HEAD"])?;
    let mut status = vec!["--no-optional-locks", "status", "--porcelain", "--"];
    status.extend(SOURCES);
    let dirty = !output("git", &status)?.is_empty();
    Some(if dirty { hash + "-dirty" } else { hash })
}

/// Watches what changes when another commit is checked out: HEAD, and the branch it names. The branch may
/// be packed, and loose again after the next commit; the reflog notices that too.
fn watch_head() {
    let branch = output("git", &["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "logs/HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        // In a worktree these lie in different directories; git knows which.
        if let Some(path) = output("git", &["rev-parse", "--git-path", name]) {
            watch(&path);
        }
    }
}

/// Cargo takes a watched file that is missing for a changed one, at every build; so only what exists.
fn watch(path: &str) {
    if Path::new(path).exists() {
        println!("cargo::rerun-if-changed={path}");
    }
}

fn set(name: &str, value: Option<String>) {
    println!("cargo::rustc-env=PRUNELLA_{name}={}", value.as_deref().unwrap_or("unknown"));
}

/// What a command prints, trimmed; `None` if it is not installed or fails.
fn output(command: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(command).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
