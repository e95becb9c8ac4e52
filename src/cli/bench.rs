//! `prunella bench`.

use super::args::{
    MachineArgs, OutputArgs, ScopeArgs, SeedArgs, TimingArgs, ascending, at_least_one, check_size, sparsity,
};
use super::command_line;
use super::error::Failure;
use super::input::{dataset_info, features_differ, logits, model, network_info};
use super::machine::Machine;
use super::output::{Output, page};
use super::progress::Progress;
use super::rows::{
    measured, noise_floor, noise_floors, peak, result_rows, settings, skipping_note, speedup_best,
    waiting_note,
};
use crate::benchmark::{Case, Settings, VariantName, random_rows};
use crate::dataset::Split;
use crate::engine::{BatchClass, Plan};
use crate::metrics::accuracy;
use crate::model::{Activation, Layer, Model, ModelError};
use crate::prune::{Structure, prune};
use crate::report::{RunReport, Schema};
use crate::rng::{Rng, Stream};
use crate::train::{Init, Mlp};
use clap::Args;
use std::path::{Path, PathBuf};
use std::prelude::rust_2024::*;
use std::{format, vec};

const EXAMPLES: &str = "\
Examples:
  prunella bench results/sparsity-0.9.safetensors results/sparsity-0.95.safetensors --data data/mnist
  prunella bench --layers 784,1024,1024,10 --sparsity 0.9,0.95,0.99 --batch 1,1024 --threads 1
  prunella bench --layers 784,1024,1024,10 --sparsity 0.9 --batch 64 --plan many/csr:272,csr,dense
  prunella bench --layers 784,256,10 --sparsity 0.9 --batch 64 --threads 1 --breakdown

MODEL files must have one shape. One that is not pruned (in each layer, fewer than one weight in 64 is zero) is the
dense baseline; if there is none, the baseline is the first with its zeros replaced by seeded He-normal values.
--layers draws He-normal weights and prunes them by magnitude, all layers but the last. Inputs: the test set of --data,
else 1,024 rows uniform in (0, 1]. The JSON and CSV forms have the plan of every variant.

With --threads 1, `of limit` is the least time that the machine allows, as a share of the time taken: what takes longer of
the multiply-adds at the peak (FMA), and reading the packed weights once from where they fit (L1, L2, L3, RAM), both
measured in the same rounds.";

/// Arguments of `prunella bench`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Bench {
    /// Networks to measure (safetensors)
    #[arg(value_name = "MODEL", required_unless_present = "layers",
        conflicts_with_all = ["layers", "sparsity", "activation", "ScopeArgs"])]
    models: Vec<PathBuf>,
    /// Widths of a network of random weights, input to output, such as 784,1024,1024,10
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = at_least_one, allow_negative_numbers = true)]
    layers: Vec<usize>,
    /// Of --layers: shares of the weights to remove, each in [0, 1)
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0.5,0.8,0.9,0.95,0.98,0.99",
        value_parser = sparsity, allow_negative_numbers = true)]
    sparsity: Vec<f64>,
    /// Of --layers: activation of the hidden layers: relu, gaussian, sigmoid, tanh or identity
    #[arg(long, value_name = "NAME", default_value_t = Activation::Relu)]
    activation: Activation,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    timing: TimingArgs,
    /// What `auto` is to use instead of choosing, such as many/csr:272,csr,dense (a plan for batches of 16 or more)
    #[arg(long, value_name = "PLAN")]
    plan: Option<Plan>,
    /// Also split the time of each layer: input layout, weights, arithmetic, epilogue (on one thread)
    #[arg(long)]
    breakdown: bool,
    /// Directory of IDX files whose test set is the input [default: random inputs]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    seed: SeedArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What is measured.
struct Lineup {
    dense: Model,
    /// Accuracies are known for networks of files, on data that has the classes.
    dense_accuracy: Option<f64>,
    pruned: Vec<Pruned>,
    notes: Vec<String>,
}

struct Pruned {
    sparsity: f64,
    model: Model,
    accuracy: Option<f64>,
}

/// Verifies and measures.
pub(super) fn bench(args: &Bench) -> Result<(), Failure> {
    let machine = Machine::new(&args.machine)?;
    let progress = Progress::new(args.output.quiet);
    let drawn = if args.layers.is_empty() { None } else { Some(check_layers(args, &machine)?) };
    let output = Output::new(&args.output)?;
    let split = args.data.as_deref().map(Split::load).transpose()?;
    let mut lineup = match drawn {
        Some(sparsities) => drawn_networks(args, &sparsities)?,
        None => networks_of_files(args, split.as_ref(), &machine)?,
    };
    let sizes = lineup.dense.sizes();
    let settings = settings(&args.timing, &machine, args.seed.seed, &sizes)?;
    check_plan(args.plan.as_ref(), &settings, sizes.len() - 1)?;
    let settings = Settings { plan: args.plan.clone(), breakdown: args.breakdown, ..settings };
    let rows = match &split {
        Some(split) if split.test.features() == sizes[0] => split.test.rows(),
        Some(split) => {
            let place = args.models.first().map_or(Path::new("--layers"), PathBuf::as_path);
            return Err(features_differ(place, &lineup.dense, split.test.features()));
        }
        None => random_rows(sizes[0], args.seed.seed),
    };
    let cases: Vec<Case<'_>> =
        lineup.pruned.iter().map(|p| Case { sparsity: p.sparsity, model: &p.model }).collect();
    let outcome = measured(&lineup.dense, &cases, &rows, &settings, progress)?;
    let accuracy = |sparsity: f64| lineup.pruned.iter().find(|p| p.sparsity == sparsity)?.accuracy;
    lineup.notes.extend(waiting_note(outcome.waiting_share));
    lineup.notes.extend(skipping_note(&outcome, &settings.variants));
    let mut results = result_rows(&outcome, args.scope.structure, &machine, accuracy);
    results.iter_mut().filter(|row| row.variant.starts_with("dense")).for_each(|row| {
        row.test_accuracy = lineup.dense_accuracy;
    });
    let report = RunReport {
        schema: Schema::Bench,
        command: command_line(),
        seed: args.seed.seed,
        environment: machine.environment(),
        dataset: split.as_ref().map(dataset_info),
        network: network_info(&lineup.dense),
        training: None,
        noise_floor: noise_floor(&outcome),
        noise_floors: noise_floors(&outcome),
        peak: Some(peak(&outcome)),
        input_density: Some(outcome.input_density),
        speedup_best: speedup_best(&outcome, args.scope.structure),
        results,
        notes: lineup.notes,
    };
    let page = if output.wants_files() { page(&report) } else { vec![] };
    output.write(&report, page)
}

/// The sparsities of `--layers`, and whether its shape is one.
fn check_layers(args: &Bench, machine: &Machine) -> Result<Vec<f64>, Failure> {
    if args.layers.len() < 2 {
        return Err(Failure::usage("--layers: give two widths or more, input to output, such as 784,256,10"));
    }
    check_size(&args.layers)?;
    if args.scope.structure == Structure::Neuron {
        return Err(Failure::usage(
            "--structure neuron: leaves smaller dense networks; give --layers of their widths instead",
        ));
    }
    args.scope.options().pruned_layers(args.layers.len() - 1).map_err(|_| {
        Failure::usage("--layers: with one layer of weights there is nothing to prune; add --prune-last")
    })?;
    settings(&args.timing, machine, args.seed.seed, &args.layers)?;
    ascending("--sparsity", &args.sparsity)
}

/// A plan that no variant or no batch size would use, or of another number of layers, is a mistake.
fn check_plan(plan: Option<&Plan>, settings: &Settings, layers: usize) -> Result<(), Failure> {
    let Some(plan) = plan else { return Ok(()) };
    if !settings.variants.contains(&VariantName::Auto) {
        return Err(Failure::usage(format!("--plan {plan}: is for the variant auto; add it to --variants")));
    }
    if plan.forms.len() != layers {
        let forms = plan.forms.len();
        return Err(Failure::usage(format!(
            "--plan {plan}: names {forms} forms; the network has {layers} layers"
        )));
    }
    match settings.batches.iter().find(|batch| BatchClass::of(**batch) != plan.class) {
        Some(batch) => Err(Failure::usage(format!(
            "--plan {plan}: is not for batch {batch}; give --batch sizes that it is for"
        ))),
        None => Ok(()),
    }
}

fn drawn_networks(args: &Bench, sparsities: &[f64]) -> Result<Lineup, Failure> {
    let mut rng = Rng::stream(args.seed.seed, Stream::BenchWeights);
    let dense =
        Mlp::new(&args.layers, args.activation, Activation::Identity, Init::He, &mut rng)?.to_model()?;
    let options = args.scope.options();
    let pruned =
        |&sparsity: &f64| Ok(Pruned { sparsity, model: prune(&dense, sparsity, &options)?, accuracy: None });
    let pruned = sparsities.iter().map(pruned).collect::<Result<_, Failure>>()?;
    let notes = vec!["The weights are random (He-normal), pruned by magnitude.".into()];
    Ok(Lineup { dense, dense_accuracy: None, pruned, notes })
}

fn networks_of_files(args: &Bench, split: Option<&Split>, machine: &Machine) -> Result<Lineup, Failure> {
    let mut networks: Vec<(&Path, Pruned)> = Vec::new();
    for path in &args.models {
        let model = model(path)?;
        if let Some((first, other)) = networks.first()
            && other.model.sizes() != model.sizes()
        {
            let (is, first_is) = (model.sizes(), other.model.sizes());
            let problem = format!("is {is:?} wide, but {} is {first_is:?}", first.display());
            return Err(Failure::at(path.display(), format!("{problem}; measure them one by one")));
        }
        let accuracy = accuracy_on(split, &model, machine)?;
        let sparsity = sparsity_of(&model);
        if let Some((other, _)) = networks.iter().find(|(_, other)| other.sparsity == sparsity) {
            let problem = format!("is pruned as far as {}", other.display());
            return Err(Failure::at(path.display(), format!("{problem}; measure them one by one")));
        }
        networks.push((path, Pruned { sparsity, model, accuracy }));
    }
    let mut pruned: Vec<Pruned> = networks.into_iter().map(|(_, network)| network).collect();
    let mut notes = Vec::new();
    let (dense, dense_accuracy) = match pruned.iter().position(|network| network.sparsity == 0.0) {
        Some(at) => {
            let dense = pruned.remove(at);
            (dense.model, dense.accuracy)
        }
        None => {
            notes.push(
                "The dense baseline is the first model with its zeros replaced by random weights.".into(),
            );
            (filled(&pruned[0].model, args.seed.seed)?, None)
        }
    };
    pruned.sort_by(|a, b| a.sparsity.total_cmp(&b.sparsity));
    Ok(Lineup { dense, dense_accuracy, pruned, notes })
}

/// The share of zeros in the layers that were pruned.
fn sparsity_of(model: &Model) -> f64 {
    let pruned = model.layers().iter().filter(|layer| layer.is_pruned());
    let (nnz, weights) =
        pruned.fold((0, 0), |(nnz, weights), layer| (nnz + layer.nnz(), weights + layer.weight().len()));
    // To five decimals: whole weights cannot meet 0.95 exactly.
    if weights == 0 { 0.0 } else { ((1.0 - nnz as f64 / weights as f64) * 1e5).round() / 1e5 }
}

/// The network with He-normal values for its zeros: as fast as it was before it was pruned.
fn filled(model: &Model, seed: u64) -> Result<Model, ModelError> {
    let mut rng = Rng::stream(seed, Stream::BenchWeights);
    let layer = |layer: &Layer| {
        let std = (2.0 / layer.fan_in() as f32).sqrt();
        let weights = layer.weight().iter().map(|w| if *w == 0.0 { std * rng.normal() } else { *w });
        Layer::new(layer.fan_in(), weights.collect(), layer.bias().to_vec(), layer.activation())
    };
    Model::new(model.layers().iter().map(layer).collect::<Result<_, _>>()?)
}

/// On the test set, if it goes with the model.
fn accuracy_on(split: Option<&Split>, model: &Model, machine: &Machine) -> Result<Option<f64>, Failure> {
    let fits =
        |split: &&Split| (model.fan_in(), model.fan_out()) == (split.test.features(), split.test.classes());
    let Some(split) = split.filter(fits) else { return Ok(None) };
    let logits = logits(model, &split.test.rows(), machine)?;
    Ok(Some(accuracy(&logits, split.test.labels(), model.fan_out())))
}
