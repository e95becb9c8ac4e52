//! Wrong usage: exit code 2, a message that says what would be right, nothing written.

use std::fs;
use std::path::Path;

use super::fixture::{command, model, outcome, run_in, tree};

/// Runs `line` in a directory with one model file; it must be refused as wrong usage.
fn refused(line: &str, words: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("net.safetensors"), model(5).to_bytes()).unwrap();
    let before = tree(directory.path());
    run_in(directory.path(), line).failed(2, words);
    assert_eq!(tree(directory.path()), before, "{line}");
}

#[test]
fn a_sparsity_is_in_0_to_1() {
    for sparsity in ["1", "1.5", "-0.1", "NaN", "inf", "most", "0.5,1", "0.5,,0.9"] {
        for verb in ["run", "bench --layers 20,10,5", "prune net.safetensors --model out.safetensors"] {
            refused(&format!("{verb} --out out --sparsity {sparsity}"), &["--sparsity"]);
        }
    }
    refused("run --sparsity 1.5", &["'1.5'", "[0, 1)", "0.9 removes 90 %"]);
}

#[test]
fn a_shape_is_inputs_x_outputs() {
    for shapes in ["0x10", "10x0", "784", "1x", "x1", "1x2x3", "784,64", "784x64,", "784xlots"] {
        let words = ["--shapes", "inputs x outputs, each 1 or more, such as 784x64"];
        refused(&format!("breakeven --out out --shapes {shapes}"), &words);
    }
    refused("breakeven --out out --shapes 1000000x1000000", &["too many weights", "narrower"]);
    refused("breakeven --out out --shapes 10x20,10x20", &["--shapes", "10x20 is given twice"]);
    refused("breakeven --out out --shapes 10x20 --batch 65537", &["--batch 65537", "the most is 65536"]);
    for sparsity in ["0", "0.01", "1", "1.5", "-0.1", "NaN", "most", "0.5,1"] {
        let line = format!("breakeven --shapes 10x20 --out out --sparsity {sparsity}");
        refused(&line, &["--sparsity", "[0.02, 1)"]);
    }
    for batch in ["0", "-1", "many", "1.5"] {
        let line = format!("breakeven --shapes 10x20 --out out --batch {batch}");
        refused(&line, &["--batch", "whole number, 1 or more"]);
    }
    refused("breakeven --activation swish", &["--activation", "use identity, relu"]);
}

#[test]
fn a_value_of_a_list_is_given_once() {
    refused("run --out out --sparsity 0.5,0.9,0.5", &["--sparsity", "0.5 is given twice"]);
    refused("run --out out --variants csr,auto,csr", &["--variants", "csr is given twice"]);
    refused("bench --layers 20,10,5 --variants csr,csr", &["--variants", "csr is given twice"]);
    refused("run --out out --batch 64,64", &["--batch", "64 is given twice"]);
    refused("bench --layers 20,10,5 --out out --sparsity 0.9,0.90", &["0.9 is given twice"]);
    refused("breakeven --shapes 10x20 --out out --batch 1,1", &["--batch", "1 is given twice"]);
    refused("breakeven --shapes 10x20 --out out --sparsity 0.9,0.9", &["--sparsity", "0.9 is given twice"]);
}

#[test]
fn a_count_is_1_or_more() {
    for argument in
        ["--threads", "--hidden", "--epochs", "--batch-size", "--fine-tune-epochs", "--batch", "--rounds"]
    {
        for value in ["0", "-1", "1.5", "x", "99999999999999999999999"] {
            refused(&format!("run --out out {argument} {value}"), &["error"]);
        }
        for value in ["0", "-1"] {
            refused(&format!("run --out out {argument} {value}"), &[argument, "whole number"]);
        }
    }
    refused("run --out out --seed -1", &["--seed", "whole number from 0"]);
    refused("bench --layers -1", &["--layers", "whole number"]);
    refused("data synth --out out --train -5", &["--train", "from 10"]);
    refused("train --lr 0", &["--lr", "above 0"]);
    refused("train --lr nan", &["--lr", "above 0"]);
    refused("train --validation 1", &["--validation", "below 1"]);
    refused("train --patience 2", &["--validation"]);
    refused("train --validation 0.1 --patience 0", &["--patience", "1 or more"]);
    refused("train --validation 0.00001", &["--validation 0.00001", "nearer to 0.1"]);
    refused("train --schedule step", &["--schedule", "one-cycle"]);
    refused("data synth --out out --train 0", &["--train", "from 10"]);
    refused("data synth --out out --test 999999999999", &["--test", "to 1000000"]);
}

#[test]
fn a_size_that_no_memory_holds_is_refused_at_once() {
    refused("bench --layers 1000000,1000000 --prune-last --out out", &["too many weights", "narrower"]);
    refused("bench --layers 18446744073709551615,18446744073709551615 --prune-last", &["too many weights"]);
    refused("train --hidden 1000000000 --model out.safetensors", &["too many weights"]);
    refused("run --hidden 256 --batch 1000000000 --out out", &["--batch 1000000000", "too large"]);
    refused("bench --layers 784,100,10 --batch 1000000000 --out out", &["--batch 1000000000", "too large"]);
    refused("run --batch 65537 --out out", &["--batch 65537", "too large", "the most is 65536"]);
    refused("run --threads 1000000", &["--threads", "from 1 to"]);
}

#[test]
fn a_name_must_be_known() {
    refused("run --isa sse9", &["--isa", "unknown instruction set", "available here: portable"]);
    refused("run --activation swish", &["--activation", "use identity, relu, gaussian, sigmoid or tanh"]);
    refused(
        "run --variants dense,sparse",
        &["--variants", "use dense, masked, csr, auto, dense-sparse-input or csr-sparse-input"],
    );
    refused("run --optimizer lion", &["--optimizer", "sgd"]);
    refused("run --format xml", &["--format", "json"]);
    refused("bench net.safetensors --plan fast", &["--plan", "is not part of a plan"]);
    refused("walk", &["unrecognized subcommand"]);
}

#[test]
fn an_isa_that_this_machine_lacks_is_refused() {
    let missing = if cfg!(target_arch = "x86_64") { "neon" } else { "avx2" };
    refused(&format!("info --isa {missing}"), &["this machine or build has no", "available here: portable"]);
}

#[test]
fn the_environment_is_checked_as_an_argument_is() {
    let directory = tempfile::tempdir().unwrap();
    for verb in ["run", "bench --layers 20,10,5", "info", "train"] {
        let args: Vec<&str> = verb.split(' ').chain(["--out", "out"]).collect();
        let mut command = command(&args);
        command.current_dir(&directory).env("PRUNELLA_ISA", "sse9");
        outcome(command)
            .failed(2, &["PRUNELLA_ISA=sse9", "unknown instruction set", "available here: portable"]);
        assert_eq!(tree(directory.path()), Vec::<&Path>::new());
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    refused("bench", &["required", "MODEL"]);
    refused("bench net.safetensors --layers 20,10,5", &["cannot be used with"]);
    refused("bench net.safetensors --sparsity 0.9", &["cannot be used with"]);
    refused("bench net.safetensors --prune-last", &["cannot be used with"]);
    refused("bench --layers 20", &["--layers", "two widths or more"]);
    refused("bench --layers 20,10", &["--layers", "nothing to prune", "--prune-last"]);
    refused("bench --layers 20,10,5 --batch 64 --plan many/csr", &["--plan many/csr", "1 forms", "2 layers"]);
    refused("bench --layers 20,10,5 --batch 64,1 --plan many/csr,csr", &["--plan", "not for batch 1"]);
    refused(
        "bench --layers 20,10,5 --batch 64 --plan many/csr,csr --variants csr",
        &["--plan many/csr,csr", "add it to --variants"],
    );
    refused("prune net.safetensors --sparsity 0.5", &["required", "--model"]);
    let prune = "prune net.safetensors --sparsity 0.5 --model out.safetensors";
    refused(&format!("{prune} --classes 1,2"), &["--classes", "add --data or --epochs"]);
    for step in ["--lr 0.1", "--batch-size 8", "--optimizer sgd", "--one-shot"] {
        refused(&format!("{prune} {step}"), &["required", "--epochs"]);
    }
    refused("eval", &["required", "MODEL"]);
}
