//! The reports of the verbs that do one thing: eval, prune, info, data.

use super::Report;
use super::data::{DataReport, EvalReport, InfoReport, PruneReport};
use super::grid::{Grid, Summary};
use super::number::{exact, format_count, format_percent, plural, short_percent, three_digits};
use super::run::{dataset, machine, network};
use crate::measure::Environment;
use std::{format, string::String, string::ToString, vec, vec::Vec};

impl Report for EvalReport {
    fn summary(&self) -> Summary {
        let data = self.dataset.as_ref().map_or(String::new(), |info| format!(" on {}", dataset(info)));
        let mut scores = Grid::new(["class", "F1"]);
        for (label, f1) in self.labels.iter().zip(&self.f1) {
            scores.push(vec![label.to_string(), format!("{f1:.4}")]);
        }
        let predicted = self.labels.iter().map(|label| format!("as {label}"));
        let mut confusion = Grid::new(core::iter::once("class".to_string()).chain(predicted));
        for (label, counts) in self.labels.iter().zip(&self.confusion) {
            confusion
                .push(core::iter::once(label.to_string()).chain(counts.iter().map(u64::to_string)).collect());
        }
        let auc = self.auc.map_or(String::new(), |auc| format!(", AUC {auc:.4}"));
        Summary {
            lead: vec![format!("{}{data}", network(&self.network)), machine(&self.environment, None)],
            tables: vec![
                ("F1 of each class".to_string(), scores),
                ("Confusion: examples of a class, by the class predicted".to_string(), confusion),
            ],
            notes: vec![format!(
                "Accuracy {}, macro F1 {:.4}{auc}.",
                format_percent(self.accuracy),
                self.f1_macro
            )],
        }
    }

    fn records(&self) -> Grid {
        let predicted = self.labels.iter().map(|label| format!("predicted_{label}"));
        let mut grid = Grid::new(["class", "f1"].map(String::from).into_iter().chain(predicted));
        for ((label, f1), counts) in self.labels.iter().zip(&self.f1).zip(&self.confusion) {
            let mut row = vec![label.to_string(), exact(*f1)];
            row.extend(counts.iter().map(u64::to_string));
            grid.push(row);
        }
        grid
    }
}

impl Report for InfoReport {
    fn summary(&self) -> Summary {
        let mut facts = Grid::new(["property", "value"]);
        for (name, value) in environment(&self.environment) {
            facts.push(vec![name.to_string(), value]);
        }
        let mut tables = vec![("Environment".to_string(), facts)];
        if !self.peaks.is_empty() {
            let mut grid = Grid::new(["isa", "FMA peak GFLOP/s"]);
            self.peaks
                .iter()
                .for_each(|peak| grid.push(vec![peak.isa.clone(), three_digits(peak.fma_gflops)]));
            tables.push(("Arithmetic, one thread".to_string(), grid));
        }
        if !self.bandwidth.is_empty() {
            let mut grid = Grid::new(["level", "buffer", "read GB/s"]);
            for row in &self.bandwidth {
                grid.push(vec![row.level.clone(), format_bytes(row.bytes), three_digits(row.gb_per_s)]);
            }
            tables.push(("Memory, one thread".to_string(), grid));
        }
        Summary { lead: Vec::new(), tables, notes: Vec::new() }
    }

    fn records(&self) -> Grid {
        let mut grid = Grid::new(["name", "value"]);
        for (name, value) in environment(&self.environment) {
            grid.push(vec![name.to_string(), value]);
        }
        for peak in &self.peaks {
            grid.push(vec![format!("fma_gflops_{}", peak.isa), exact(peak.fma_gflops)]);
        }
        for row in &self.bandwidth {
            grid.push(vec![format!("read_gb_per_s_{}", row.level), exact(row.gb_per_s)]);
        }
        grid
    }
}

impl Report for PruneReport {
    fn summary(&self) -> Summary {
        let data = self.dataset.as_ref().map_or(String::new(), |info| format!(" on {}", dataset(info)));
        let tuned = match self.fine_tuning_epochs {
            0 => "without fine-tuning".to_string(),
            epochs => format!("fine-tuned for {}{data}", plural(epochs, "epoch", "epochs")),
        };
        let mut grid = Grid::new(["layer", "fan in", "fan out", "weights left", "sparsity"]);
        for (index, layer) in self.layers.iter().enumerate() {
            let weights = layer.fan_in * layer.fan_out;
            grid.push(vec![
                index.to_string(),
                layer.fan_in.to_string(),
                layer.fan_out.to_string(),
                format!("{} of {}", format_count(layer.nnz), format_count(weights)),
                short_percent(1.0 - layer.nnz as f64 / weights as f64),
            ]);
        }
        let change = match (self.accuracy_before, self.test_accuracy) {
            (Some(before), Some(after)) => {
                vec![format!("Test accuracy {}, before {}.", format_percent(after), format_percent(before))]
            }
            _ => Vec::new(),
        };
        let done = format!("{}, pruned to {}, {tuned}", network(&self.network), short_percent(self.sparsity));
        Summary {
            lead: vec![done, machine(&self.environment, Some(self.seed))],
            tables: vec![("Layers".to_string(), grid)],
            notes: change,
        }
    }

    fn records(&self) -> Grid {
        let mut grid = Grid::new(["layer", "fan_in", "fan_out", "nnz"]);
        for (index, layer) in self.layers.iter().enumerate() {
            let numbers = [index, layer.fan_in, layer.fan_out, layer.nnz];
            grid.push(numbers.iter().map(ToString::to_string).collect());
        }
        grid
    }
}

impl Report for DataReport {
    fn summary(&self) -> Summary {
        let mut sets = Grid::new(["set", "examples", "shape", "examples per class"]);
        for set in &self.sets {
            let shape: Vec<String> = set.shape.iter().map(ToString::to_string).collect();
            let counts: Vec<String> = set.class_counts.iter().map(ToString::to_string).collect();
            sets.push(vec![set.set.clone(), format_count(set.examples), shape.join(" x "), counts.join(" ")]);
        }
        let mut files = Grid::new(["file", "bytes", "belongs to"]);
        let mut hashes = Grid::new(["file", "SHA-256"]);
        for file in &self.files {
            let known_as = file.known_as.clone().unwrap_or("not known".to_string());
            files.push(vec![file.file.clone(), file.bytes.to_string(), known_as]);
            hashes.push(vec![file.file.clone(), file.sha256.clone()]);
        }
        let verdict = match &self.known_as {
            Some(name) => format!("Sound, and bit for bit {name} as published."),
            None => "Sound; not a published set that prunella knows.".to_string(),
        };
        Summary {
            lead: vec![self.directory.clone()],
            tables: vec![
                ("Sets".to_string(), sets),
                ("Files, decompressed".to_string(), files),
                ("SHA-256 of the decompressed content".to_string(), hashes),
            ],
            notes: vec![verdict],
        }
    }

    fn records(&self) -> Grid {
        let mut grid = Grid::new(["file", "bytes", "sha256", "known_as"]);
        for file in &self.files {
            let known_as = file.known_as.clone().unwrap_or_default();
            grid.push(vec![file.file.clone(), file.bytes.to_string(), file.sha256.clone(), known_as]);
        }
        grid
    }
}

/// Everything known of the machine and the build, by name.
pub(crate) fn environment(environment: &Environment) -> Vec<(&'static str, String)> {
    let e = environment;
    let number = |value: Option<u32>| value.map_or("unknown".to_string(), |value| value.to_string());
    let bytes = |value: Option<u64>| value.map_or("unknown".to_string(), format_bytes);
    let ids = [e.cpu_family, e.cpu_model, e.cpu_stepping].map(number);
    let caches = [e.cache_l1d_bytes, e.cache_l2_bytes, e.cache_l3_bytes].map(bytes);
    vec![
        ("CPU", e.cpu.clone()),
        ("family / model / stepping", ids.join(" / ")),
        ("cores", format_count(e.cpu_cores)),
        ("L1d / L2 / L3", caches.join(" / ")),
        ("system", format!("{} {}", e.os, e.arch)),
        ("ISA used", e.isa.clone()),
        ("ISAs available", e.isa_available.join(" ")),
        ("threads", format_count(e.threads)),
        ("prunella", format!("{} ({}), {} build", e.version, e.commit, e.profile)),
        ("compiler", e.rustc.clone()),
        ("compiled for", e.target_features.clone()),
    ]
}

/// A size in the largest binary unit that divides it.
fn format_bytes(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.iter().find(|(size, _)| bytes >= *size && bytes.is_multiple_of(*size)) {
        Some((size, unit)) => format!("{} {unit}", bytes / size),
        None => format!("{bytes} B"),
    }
}
