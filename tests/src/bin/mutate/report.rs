//! What became of each mutant, and the committed list of those that are no other contract.

use crate::generator::{self, Compiled, Named};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::ExitCode;
use std::sync::mpsc::Receiver;

/// An entry of `tests/mutants/equivalent.toml`: mutants that no transaction tells from the contract, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    contract: String,
    reason: String,
    mutants: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    equivalent: Vec<Entry>,
}

/// The listed mutants of these contracts, or of all.
pub(crate) fn equivalent(contracts: &[String]) -> BTreeSet<Named> {
    let path = generator::folder().join("equivalent.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let list: List = toml::from_str(&text).unwrap_or_else(|e| panic!("equivalent.toml: {e}"));
    let mut all = BTreeSet::new();
    for Entry {
        contract,
        reason,
        mutants,
    } in list.equivalent
    {
        assert!(
            !reason.trim().is_empty(),
            "equivalent.toml: {contract}: {mutants:?} have no reason"
        );
        if contracts.is_empty() || contracts.contains(&contract) {
            for name in mutants {
                let named = Named {
                    contract: contract.clone(),
                    name,
                };
                let shown = named.to_string();
                assert!(all.insert(named), "equivalent.toml: {shown} stands twice");
            }
        }
    }
    all
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// The compiler refuses it.
    NoScript,
    /// The same bytes as the contract or as an earlier mutant.
    Repeated,
    Killed,
    Equivalent,
    Survived,
}

pub(crate) struct Report {
    fates: Vec<(Named, Fate, Option<String>)>,
    stale: Vec<String>,
}

impl Report {
    /// `tried` in any order; mutants of `all` that were not tried have no fate.
    pub(crate) fn of(
        all: &[Named],
        equivalent: &BTreeSet<Named>,
        originals: &BTreeMap<String, String>,
        tried: Vec<(Compiled, bool)>,
    ) -> Self {
        let mut stale = Vec::new();
        for named in equivalent.iter().filter(|n| !all.contains(n)) {
            stale.push(format!("{named}: there is no such mutant"));
        }
        let mut tried: BTreeMap<Named, (Option<String>, bool)> = tried
            .into_iter()
            .map(|(c, killed)| (c.named, (c.artifact.map(|a| a.ergo_tree), killed)))
            .collect();
        let mut met: BTreeSet<(String, String)> = originals.clone().into_iter().collect();
        let mut fates = Vec::new();
        for named in all {
            let Some((tree, killed)) = tried.remove(named) else {
                continue;
            };
            let listed = equivalent.contains(named);
            let fate = match &tree {
                None => Fate::NoScript,
                Some(tree) if !met.insert((named.contract.clone(), tree.clone())) => Fate::Repeated,
                Some(_) if killed => Fate::Killed,
                Some(_) if listed => Fate::Equivalent,
                Some(_) => Fate::Survived,
            };
            if listed && fate != Fate::Equivalent {
                stale.push(format!("{named}: {fate:?}"));
            }
            fates.push((named.clone(), fate, tree));
        }
        Self { fates, stale }
    }

    /// Whether a mutant survived.
    pub(crate) fn any_survived(&self) -> bool {
        self.fates
            .iter()
            .any(|(_, fate, _)| *fate == Fate::Survived)
    }

    /// Survivors that are the same script as one of these are none.
    pub(crate) fn excuse(&mut self, listed: Receiver<Compiled>) {
        let trees: BTreeSet<_> = listed
            .into_iter()
            .filter_map(|c| c.artifact)
            .map(|a| a.ergo_tree)
            .collect();
        for (_, fate, tree) in &mut self.fates {
            if *fate == Fate::Survived && tree.as_ref().is_some_and(|t| trees.contains(t)) {
                *fate = Fate::Equivalent;
            }
        }
    }

    /// Prints the figures, the survivors and what is stale.
    pub(crate) fn print(&self) -> ExitCode {
        let mut out = std::io::stdout().lock();
        let mut line = |text: String| drop(writeln!(out, "{text}"));
        let mut figures: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
        for (named, fate, _) in &self.fates {
            figures.entry(&named.contract).or_default()[*fate as usize] += 1;
            figures.entry("together").or_default()[*fate as usize] += 1;
        }
        line("| contract | mutants | killed | equivalent | survived | do not compile | same bytes as another |".to_owned());
        line("|---|---:|---:|---:|---:|---:|---:|".to_owned());
        for (contract, [no_script, repeated, killed, equivalent, survived]) in figures {
            let all = no_script + repeated + killed + equivalent + survived;
            line(format!(
                "| {contract} | {all} | {killed} | {equivalent} | {survived} | {no_script} | {repeated} |"
            ));
        }
        for (named, fate, _) in &self.fates {
            if *fate == Fate::Survived {
                line(format!("survived: {named}"));
            }
        }
        for entry in &self.stale {
            line(format!("stale in tests/mutants/equivalent.toml: {entry}"));
        }
        match self.any_survived() || !self.stale.is_empty() {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        }
    }
}
