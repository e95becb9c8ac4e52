//! The `prunella` command.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    prunella::cli::main()
}
