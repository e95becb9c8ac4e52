//! Which claims depend on which choice that was not published.

use super::claims::{FAR, claims};
use super::mask::Mask;
use super::results::{Run, SensitivityRow};
use super::runs::Group;
use super::settings::{CoverageForm, Definition, Init, OverlapForm, Settings, Target};
use std::{format, string::String, vec, vec::Vec};

/// A definition that differs from the nominal one in one setting.
pub(super) struct Variant {
    setting: &'static str,
    value: String,
    pub(super) definition: Definition,
}

/// One for each choice, the nominal definition first.
pub(super) fn variants(nominal: &Definition) -> Vec<Variant> {
    let mut variants =
        vec![Variant { setting: "nominal", value: String::new(), definition: nominal.clone() }];
    let mut vary = |setting, value: String, change: &dyn Fn(&mut Definition)| {
        let mut definition = nominal.clone();
        change(&mut definition);
        variants.push(Variant { setting, value, definition });
    };
    vary("target", "sin 2 pi x".into(), &|d| d.target = Target::Sine);
    vary("target", "random".into(), &|d| d.target = Target::Random);
    vary("initialisation", "w, b in U(-1, 1)".into(), &|d| d.init = Init::Uniform);
    vary("initialisation", "w, b normal".into(), &|d| d.init = Init::Normal);
    vary("initialisation", "p in U(0, 1), |w| = 10".into(), &|d| d.init = Init::Placed(10.0));
    vary("overlap", "cosine".into(), &|d| d.overlap = OverlapForm::Cosine);
    vary("coverage", "1 - max h".into(), &|d| d.coverage = CoverageForm::LargestActivation);
    for lambda in [0.003, 0.3] {
        vary("lambda", format!("{lambda}"), &|d| d.lambda = lambda);
    }
    for tau in [3e-4, 3e-2] {
        vary("tau_c", format!("{tau:e}"), &|d| d.tau_c = tau);
    }
    for tau in [2e-5, 2e-2] {
        vary("tau_s", format!("{tau:e}"), &|d| d.tau_s = tau);
    }
    vary("learning rate", "0.001".into(), &|d| d.rate = 1e-3);
    for steps in [500, 4000] {
        vary("steps", format!("{steps}"), &|d| d.steps = steps);
    }
    for guard in [1e-6, 1e-2] {
        vary("guard of |w|", format!("{guard:e}"), &|d| d.guard = guard);
    }
    variants
}

/// The runs of a variant: every mask at every size, and separation alone with a large reach at the largest.
pub(super) fn groups(settings: &Settings, variant: &Variant) -> Vec<Group> {
    let seeds = settings.first_seed..settings.first_seed + settings.other_seeds as u64;
    let group = |n: &usize| Group::new(&variant.definition, *n, &Mask::ALL, seeds.clone());
    let mut groups: Vec<Group> = settings.sizes.iter().map(group).collect();
    let far = Definition { tau_s: FAR, ..variant.definition.clone() };
    groups.extend(settings.sizes.last().map(|n| Group::new(&far, *n, &[Mask::SEP], seeds.clone())));
    groups
}

/// What follows from the runs of its groups.
pub(super) fn row(variant: &Variant, seeds: usize, runs: &[Vec<Run>]) -> SensitivityRow {
    let (far, rest) = runs.split_last().map_or((&[][..], &[][..]), |(far, rest)| (&far[..], rest));
    let verdicts = claims(&rest.concat(), far).into_iter().filter(|claim| claim.id.starts_with('F'));
    SensitivityRow {
        setting: variant.setting.into(),
        value: variant.value.clone(),
        definition: variant.definition.clone(),
        seeds,
        verdicts: verdicts.map(|claim| (claim.id, claim.verdict, claim.measured)).collect(),
    }
}
