//! The results as tables and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use prunella::measure::{Environment, Interval, Samples};
use serde_json::{Value, json};

use crate::cell::{Cell, Kind};
use crate::contestant::{Contestant, Weights};
use crate::ours;

/// Of the Rust peers, as they were built.
const LOCK: &str = include_str!("../Cargo.lock");
const CRATES: [&str; 7] =
    ["candle-core", "faer", "gemm", "matrixmultiply", "nalgebra-sparse", "rten", "sprs"];

/// A contestant as it was timed.
struct Entry {
    name: &'static str,
    ours: bool,
    given: String,
    weights: Weights,
}

/// A peer that was timed once.
pub struct Slow {
    pub name: &'static str,
    pub weights: Weights,
    pub ns: f64,
}

/// What the rounds of a cell gave.
pub struct Measured {
    cell: Cell,
    sparsities: Vec<f64>,
    entries: Vec<Entry>,
    slow: Vec<Slow>,
    samples: Samples,
}

/// A peer at one sparsity.
struct Against {
    entry: usize,
    /// Its time over ours.
    ratio: Interval,
}

impl Weights {
    fn count_at(self, at: usize) -> bool {
        self == Weights::Any || self == Weights::Of(at)
    }
}

impl Measured {
    pub fn new(
        cell: &Cell,
        sparsities: Vec<f64>,
        contestants: Vec<Contestant>,
        slow: Vec<Slow>,
        samples: Samples,
    ) -> Measured {
        let entry = |c: Contestant| Entry { name: c.name, ours: c.ours, given: c.given, weights: c.weights };
        let entries = contestants.into_iter().map(entry).collect();
        Measured { cell: cell.clone(), sparsities, entries, slow, samples }
    }

    fn us(&self, entry: usize) -> f64 {
        self.samples.summary(entry).median_ns / 1e3
    }

    fn find(&self, name: &str, ours: bool, at: usize) -> Option<usize> {
        self.entries.iter().position(|e| e.name == name && e.ours == ours && e.weights.count_at(at))
    }

    /// The entry that stands for prunella.
    fn headline(&self, at: usize) -> usize {
        let mut names = ours::headline(self.cell.kind, self.sparsities[at]).iter();
        names.find_map(|name| self.find(name, true, at)).expect("prunella takes part in every cell")
    }

    /// The peers at a sparsity, fastest first.
    fn peers(&self, at: usize) -> Vec<Against> {
        let ours = self.headline(at);
        let peers = (0..self.entries.len())
            .filter(|&i| !self.entries[i].ours && self.entries[i].weights.count_at(at));
        let mut peers: Vec<Against> =
            peers.map(|entry| Against { entry, ratio: self.samples.ratio(entry, ours) }).collect();
        peers.sort_by(|a, b| self.us(a.entry).total_cmp(&self.us(b.entry)));
        peers
    }

    /// Names in their order, each once.
    fn names(&self, ours: bool) -> Vec<&'static str> {
        let mut names = Vec::new();
        let timed = self.entries.iter().filter(|e| e.ours == ours).map(|e| e.name);
        let slow = self.slow.iter().filter(|_| !ours).map(|slow| slow.name);
        for name in timed.chain(slow) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn peer_cell(&self, name: &str, at: usize) -> String {
        if let Some(entry) = self.find(name, false, at) {
            let ratio = self.samples.ratio(entry, self.headline(at));
            return format!("{} us, {}", number(self.us(entry)), times(ratio));
        }
        let slow = self.slow.iter().find(|slow| slow.name == name && slow.weights.count_at(at));
        slow.map_or(String::new(), |slow| {
            format!(
                "{} us, {:.0}x (one call)",
                number(slow.ns / 1e3),
                slow.ns / 1e3 / self.us(self.headline(at))
            )
        })
    }

    /// Our entries' times, and each peer's time and ratio.
    fn table(&self, out: &mut String) {
        let percents: Vec<String> = self.sparsities.iter().copied().map(percent).collect();
        let _ = writeln!(out, "\n### {}\n\n| | {} |", self.cell.title(), percents.join(" | "));
        let _ = writeln!(out, "|---|{}", "--:|".repeat(percents.len()));
        let columns = 0..self.sparsities.len();
        for name in self.names(true) {
            let time = |at| {
                self.find(name, true, at).map_or(String::new(), |i| format!("{} us", number(self.us(i))))
            };
            let times: Vec<String> = columns.clone().map(time).collect();
            let _ = writeln!(out, "| **prunella {name}** | {} |", times.join(" | "));
        }
        for name in self.names(false) {
            let cells: Vec<String> = columns.clone().map(|at| self.peer_cell(name, at)).collect();
            let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
        }
    }

    fn json(&self) -> Value {
        let interval = |i: Interval| json!({ "mid": i.mid, "lo": i.lo, "hi": i.hi });
        let of = |weights| match weights {
            Weights::Any => Value::Null,
            Weights::Of(at) => json!(self.sparsities[at]),
        };
        let entries = self.entries.iter().enumerate().map(|(i, e)| {
            let s = self.samples.summary(i);
            json!({ "name": e.name, "ours": e.ours, "given": e.given, "sparsity": of(e.weights),
                    "median_ns": s.median_ns, "median_ns_lo": s.median_ns_lo, "median_ns_hi": s.median_ns_hi })
        });
        let ratios = (0..self.sparsities.len()).flat_map(|at| {
            self.peers(at).into_iter().map(move |against| {
                json!({ "sparsity": self.sparsities[at], "ours": self.entries[self.headline(at)].name,
                        "peer": self.entries[against.entry].name, "peer_over_ours": interval(against.ratio) })
            })
        });
        let slow =
            self.slow.iter().map(|s| json!({ "name": s.name, "sparsity": of(s.weights), "once_ns": s.ns }));
        json!({ "work": self.cell.name(), "batch": self.cell.batch,
                "entries": entries.collect::<Vec<_>>(), "ratios": ratios.collect::<Vec<_>>(),
                "slow": slow.collect::<Vec<_>>() })
    }
}

/// All cells.
pub struct Report {
    environment: Environment,
    data: String,
    pub versions: Vec<String>,
    pub missing: Vec<String>,
    pub cells: Vec<Measured>,
}

impl Report {
    pub fn new(environment: Environment, data: &str) -> Report {
        let version = |name: &&str| {
            let entry = LOCK.split("[[package]]").find(|e| e.contains(&format!("name = \"{name}\"\n")))?;
            Some(format!("{name} {}", entry.split('"').nth(3)?))
        };
        let versions = CRATES.iter().filter_map(version).collect();
        Report { environment, data: data.into(), versions, missing: Vec::new(), cells: Vec::new() }
    }

    pub fn markdown(&self) -> String {
        let mut out = String::new();
        let Environment { cpu, isa, version, commit, .. } = &self.environment;
        let _ = writeln!(out, "{cpu}, {isa}, 1 thread; prunella {version} ({commit}), inputs: {}", self.data);
        let _ = writeln!(out, "Peers: {}", self.versions.join(", "));
        for missing in &self.missing {
            let _ = writeln!(out, "\n**NOT MEASURED: {missing}**");
        }
        for (kind, title) in [
            (Kind::Network, "Whole networks, rows in, logits out"),
            (Kind::Overhead, "What a call costs: the identity of 16 values"),
            (Kind::Layer, "Single layers against Rust crates"),
        ] {
            let cells: Vec<&Measured> = self.cells.iter().filter(|m| m.cell.kind == kind).collect();
            if !cells.is_empty() {
                let _ = writeln!(out, "\n## {title}");
                if kind != Kind::Overhead {
                    summary(&cells, &mut out);
                }
                cells.iter().for_each(|cell| cell.table(&mut out));
            }
        }
        self.losses(&mut out);
        self.given(&mut out);
        out
    }

    fn losses(&self, out: &mut String) {
        let (mut compared, mut lost) = (0, Vec::new());
        for cell in &self.cells {
            for at in 0..cell.sparsities.len() {
                for against in cell.peers(at) {
                    compared += 1;
                    if against.ratio.mid < 1.0 {
                        let (title, sparsity) = (cell.cell.title(), percent(cell.sparsities[at]));
                        let name = cell.entries[against.entry].name;
                        lost.push(format!("- {title}, {sparsity}: {name} {}", times(against.ratio)));
                    }
                }
            }
        }
        let _ = writeln!(out, "\n## Losses: {} of {compared} comparisons\n\n{}", lost.len(), lost.join("\n"));
    }

    /// What each contestant ran, by how many cells and sparsities.
    fn given(&self, out: &mut String) {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for entry in self.cells.iter().flat_map(|cell| &cell.entries).filter(|entry| !entry.ours) {
            *counts.entry((entry.name, entry.given.as_str())).or_default() += 1;
        }
        let _ =
            writeln!(out, "\n## What was fastest for each peer\n\n| peer | given | times |\n|---|---|--:|");
        for ((name, given), count) in counts {
            let _ = writeln!(out, "| {name} | {given} | {count} |");
        }
    }

    pub fn json(&self) -> Value {
        let e = &self.environment;
        json!({ "cpu": e.cpu, "isa": e.isa, "version": e.version, "commit": e.commit, "inputs": self.data,
                "peers": self.versions, "missing": self.missing,
                "cells": self.cells.iter().map(Measured::json).collect::<Vec<_>>() })
    }
}

/// A row for each cell: our time, and how it stands against the fastest peer.
fn summary(cells: &[&Measured], out: &mut String) {
    let percents: Vec<String> = cells[0].sparsities.iter().copied().map(percent).collect();
    let _ = writeln!(
        out,
        "\nTime of prunella, and how many times as long the fastest peer takes (95 % interval):\n\n| | {} |",
        percents.join(" | ")
    );
    let _ = writeln!(out, "|---|{}", "---|".repeat(percents.len()));
    for cell in cells {
        let fastest = |at| {
            let us = number(cell.us(cell.headline(at)));
            let peer = cell.peers(at).into_iter().next();
            peer.map_or(format!("{us} us"), |against| {
                format!("{us} us; {} {}", times(against.ratio), cell.entries[against.entry].name)
            })
        };
        let columns: Vec<String> = (0..cell.sparsities.len()).map(fastest).collect();
        let _ = writeln!(out, "| {} | {} |", cell.cell.title(), columns.join(" | "));
    }
}

/// `2.31x (2.29-2.33)`; a loss is marked.
fn times(ratio: Interval) -> String {
    let text = format!("{:.2}x ({:.2}-{:.2})", ratio.mid, ratio.lo, ratio.hi);
    if ratio.mid < 1.0 { format!("**LOSS {text}**") } else { text }
}

/// Three digits.
fn number(value: f64) -> String {
    match value {
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 100.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

fn percent(sparsity: f64) -> String {
    format!("{} %", (sparsity * 1e4).round() / 1e2)
}
