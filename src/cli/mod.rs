//! The command line: the only code that reads arguments, prints, or exits. One file per verb.

mod advise;
mod args;
mod bench;
mod breakeven;
mod data;
mod error;
mod eval;
mod info;
mod input;
mod interrupt;
mod machine;
mod output;
mod probe;
mod progress;
mod prune;
mod repro;
mod rows;
mod run;
mod train;
mod training;

use clap::{Parser, Subcommand};
use error::Failure;
use std::prelude::rust_2024::*;
use std::process::ExitCode;
use std::{eprintln, format};

const EXAMPLES: &str = "\
Examples:
  prunella run                                   train on drawn digits, prune, verify, measure
  prunella run --data data/mnist --out results   the same on MNIST; write JSON, HTML and the models
  prunella bench --layers 784,1024,1024,10       measure without training
  prunella breakeven                             from which sparsity on pruning pays
  prunella advise --data data/mnist              the most accurate network within 30 us
  prunella repro low-capacity --quick            a published study, done again
  prunella info --measure                        what this machine can do

Exit codes: 0 done; 1 bad data or a failure; 2 wrong usage; 3 no network keeps the goal; 130 interrupted.";

/// Trains small networks, prunes them, verifies the result, and measures what the pruning is worth.
#[derive(Parser)]
#[command(name = "prunella", version, after_help = EXAMPLES, next_line_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Train, prune, verify and measure: the whole path, one table at the end
    Run(run::Run),
    /// Train a dense network
    Train(train::Train),
    /// Prune a model once, with or without fine-tuning
    Prune(prune::Prune),
    /// Score a model on a test set
    Eval(eval::Eval),
    /// Verify and measure models, or networks of random weights
    Bench(bench::Bench),
    /// Find the sparsity from which on sparse weights are faster than dense ones
    Breakeven(breakeven::Breakeven),
    /// Do a published study again
    #[command(subcommand)]
    Repro(repro::Repro),
    /// Find the most accurate network within a time, or the fastest above an accuracy
    Advise(advise::Advise),
    /// Describe the machine and the build
    Info(info::Info),
    /// Check a directory of data, or draw one
    #[command(subcommand)]
    Data(data::Data),
}

/// Runs the command of this process's arguments; the result is what it should exit with.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help that nobody reads on (`| head`) is no failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Failure::USAGE));
        }
    };
    match dispatch(&cli.verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            match failure.code() {
                Failure::INTERRUPTED => eprintln!("{failure}"),
                _ => eprintln!("error: {failure}"),
            }
            ExitCode::from(failure.code())
        }
    }
}

fn dispatch(verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Run(args) => run::run(args),
        Verb::Train(args) => train::train(args),
        Verb::Prune(args) => prune::prune(args),
        Verb::Eval(args) => eval::eval(args),
        Verb::Bench(args) => bench::bench(args),
        Verb::Breakeven(args) => breakeven::run(args),
        Verb::Repro(args) => repro::repro(args),
        Verb::Advise(args) => advise::run(args),
        Verb::Info(args) => info::info(args),
        Verb::Data(args) => data::data(args),
    }
}

/// The command as a POSIX shell would take it again, for a report.
fn command_line() -> String {
    let args = std::env::args_os().skip(1).map(|arg| quoted(&arg.to_string_lossy()));
    core::iter::once("prunella".into()).chain(args).collect::<Vec<String>>().join(" ")
}

/// `arg` in quotes, unless all of it is what no shell reads as anything but itself.
fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=+,./:@%".contains(c);
    match !arg.is_empty() && arg.chars().all(plain) {
        true => arg.into(),
        false => format!("'{}'", arg.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_reads_a_quoted_argument_as_it_was() {
        for plain in ["--sparsity=0.5,0.9", "many/csr:224,csr", "/tmp/a_b.c", "-1"] {
            assert_eq!(quoted(plain), plain);
        }
        for (arg, in_quotes) in [
            ("", "''"),
            ("my data", "'my data'"),
            ("$HOME/*", "'$HOME/*'"),
            ("a\tb", "'a\tb'"),
            ("~", "'~'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(quoted(arg), in_quotes);
        }
    }
}
