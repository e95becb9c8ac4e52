//! The Rust peers, in this process.

pub mod chain;
mod dense;
mod runtimes;
mod sparse;

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use prunella::measure::{Subject, choose};
use prunella::model::Model;

use crate::cell::{Inputs, Kind};
use crate::contestant::{Contestant, Place, Weights, Work};
use chain::{Chain, Offers};

/// Time to find out which of a peer's ways is its fastest.
const CHOICE: Duration = Duration::from_millis(20);

/// Libraries of products: what each offers for a matrix, and whether that is a sparse one.
const PRODUCTS: [(&str, bool, Offers); 5] = [
    ("gemm", false, dense::gemm),
    ("matrixmultiply", false, dense::matrixmultiply),
    ("faer", false, dense::faer),
    ("sprs", true, sparse::sprs),
    ("nalgebra-sparse", true, sparse::nalgebra),
];

/// A way to do the work, and what to call it.
type Way = (String, Box<dyn Work>);

/// The peers for one sparsity of a cell; `onnx` is the network's file.
pub fn contestants(
    kind: Kind,
    models: &[(f64, Model)],
    at: usize,
    inputs: &Inputs,
    onnx: &Path,
) -> Result<Vec<Contestant>, Box<dyn Error>> {
    let model = &models[at].1;
    let mut found: Vec<(&'static str, Vec<Way>)> = Vec::new();
    for (name, sparse, offers) in PRODUCTS {
        if sparse == (at > 0) {
            found.push((name, Chain::ways(kind, model, inputs, offers)));
        }
    }
    if at == 0 {
        found.push(("candle", runtimes::candle(kind, model, inputs)?));
    }
    if at == 0 && kind != Kind::Layer {
        found.push(("rten", runtimes::rten(onnx, inputs)?));
    }
    let weights = if at == 0 { Weights::Any } else { Weights::Of(at) };
    let contestant = |(name, ways)| {
        let (given, work) = fastest(ways);
        Contestant { name, ours: false, given, weights, place: Place::Here(work) }
    };
    Ok(found.into_iter().map(contestant).collect())
}

/// The fastest way, on timings that are then thrown away.
fn fastest(mut ways: Vec<Way>) -> Way {
    let calls = ways.iter_mut().map(|(_, work)| Box::new(|| work.run(0)) as Box<dyn FnMut() + '_>);
    let chosen = quickest(calls.collect());
    ways.swap_remove(chosen)
}

/// The index of the call that takes the least time; where a single one of each takes long enough to tell, by that.
fn quickest(mut calls: Vec<Box<dyn FnMut() + '_>>) -> usize {
    if calls.len() == 1 {
        return 0;
    }
    let once = calls.iter_mut().map(|call| {
        let start = Instant::now();
        call();
        start.elapsed()
    });
    let once: Vec<Duration> = once.collect();
    let least = (0..once.len()).min_by_key(|&i| once[i]).expect("something to choose from");
    if once[least] > CHOICE {
        return least;
    }
    let subjects = calls.iter_mut().map(|call| Subject::new("", move |_| call()));
    choose(&mut subjects.collect::<Vec<_>>(), CHOICE.as_nanos() as u64)
}
