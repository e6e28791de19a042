//! Mutants of the scripts (`tests/mutants.mjs`): each case is judged once more with every mutant in its script's place.
//! A mutant with which a test would fail is killed. Does nothing without the environment variable `LETS_MUTANTS`.

use crate::case::{Case, RENT_VARIABLE};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use lets_contracts::{Artifact, ScriptHash};
use std::collections::BTreeMap;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

struct Mutant {
    name: String,
    original: Artifact,
    artifact: Artifact,
    killed: AtomicBool,
}

fn mutants() -> &'static [Mutant] {
    static MUTANTS: OnceLock<Vec<Mutant>> = OnceLock::new();
    MUTANTS.get_or_init(|| {
        let Ok(path) = std::env::var("LETS_MUTANTS") else {
            return Vec::new();
        };
        let list: Vec<serde_json::Value> =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mutant = |entry: serde_json::Value| {
            let contract = entry["contract"].as_str().unwrap().to_owned();
            let original = match contract.as_str() {
                "account" => Artifact::account(),
                "note" => Artifact::note(),
                "pot" => Artifact::pot(),
                "charter" => Artifact::charter(),
                "application" => Artifact::application(),
                other => panic!("no contract {other}"),
            };
            Mutant {
                name: format!("{contract} {}", entry["rule"].as_str().unwrap()),
                original: original.unwrap(),
                artifact: serde_json::from_value(entry["artifact"].clone()).unwrap(),
                killed: AtomicBool::new(false),
            }
        };
        list.into_iter().map(mutant).collect()
    })
}

/// Kills every mutant with which the test would fail on this case: `fails` says so of the case with the mutant in it, and
/// an input where the mutant stands. With `at` only that input counts.
pub fn hunt(case: &Case, at: Option<usize>, fails: impl Fn(&Case, usize) -> bool) {
    let alive = mutants()
        .iter()
        .filter(|m| !m.killed.load(Ordering::Relaxed));
    for mutant in alive {
        let runs = |i: &usize| {
            let (ergo_box, extension) = &case.inputs[*i];
            !extension.values.contains_key(&RENT_VARIABLE)
                && mutant.of(&bytes(&ergo_box.ergo_tree)).is_some()
        };
        let places: Vec<usize> = (0..case.inputs.len())
            .filter(|i| at.is_none_or(|at| at == *i))
            .filter(runs)
            .collect();
        if places.is_empty() {
            continue;
        }
        let mutated = mutant.put_into(case);
        // ergo-lib panics over some ill-typed scripts: that is no acceptance.
        let fails =
            |i: &usize| catch_unwind(AssertUnwindSafe(|| fails(&mutated, *i))).unwrap_or(false);
        if places.iter().any(fails) && !mutant.killed.swap(true, Ordering::Relaxed) {
            let path = std::env::var("LETS_MUTANTS_KILLED").unwrap();
            let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
            writeln!(file, "{}", mutant.name).unwrap();
        }
    }
}

fn bytes(tree: &ErgoTree) -> Vec<u8> {
    tree.sigma_serialize_bytes().unwrap()
}

impl Mutant {
    /// The script with this LETS's values, if these bytes are the contract; no script of another contract.
    fn of(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let params = &self.original.parameters;
        let value = |i: usize| -> Option<[u8; 32]> {
            bytes
                .get(params[i].offsets[0]..)?
                .get(..32)?
                .try_into()
                .ok()
        };
        let values: Vec<[u8; 32]> = (0..params.len()).map(value).collect::<Option<_>>()?;
        let named: Vec<_> = params
            .iter()
            .map(|p| p.name.as_str())
            .zip(&values)
            .collect();
        if self.original.fill(&named).ok()? != bytes {
            return None;
        }
        // A mutant may have lost a parameter with its conjunct.
        let kept: Vec<_> = named
            .into_iter()
            .filter(|(name, _)| self.artifact.parameters.iter().any(|p| p.name == *name))
            .collect();
        Some(self.artifact.fill(&kept).unwrap())
    }

    /// The case with the mutant wherever the contract stands, or where its hash or the id of a box under it stands.
    fn put_into(&self, case: &Case) -> Case {
        let trees = case.inputs.iter().map(|(b, _)| &b.ergo_tree);
        let trees = trees.chain(case.data_inputs.iter().map(|b| &b.ergo_tree));
        let trees = trees.chain(case.outputs.iter().map(|b| &b.ergo_tree));
        let old: Vec<Vec<u8>> = trees.map(bytes).collect();
        let mut new: BTreeMap<Vec<u8>, Vec<u8>> = old
            .iter()
            .map(|t| (t.clone(), self.of(t).unwrap_or_else(|| t.clone())))
            .collect();
        // Scripts name each other by hash, note in account in pot: three rounds reach the last.
        for _ in 0..3 {
            let hashes = changed_hashes(&new);
            for tree in new.values_mut() {
                hashes.iter().for_each(|(a, b)| replace(tree, a, b));
            }
        }
        let hashes = changed_hashes(&new);
        let swap = |candidate: &ErgoBoxCandidate| {
            let mut candidate = candidate.clone();
            candidate.ergo_tree =
                ErgoTree::sigma_parse_bytes(&new[&bytes(&candidate.ergo_tree)]).unwrap();
            let registers = crate::case::registers(&candidate)
                .into_iter()
                .map(|constant| {
                    let mut bytes = constant.sigma_serialize_bytes().unwrap();
                    hashes.iter().for_each(|(a, b)| replace(&mut bytes, a, b));
                    Constant::sigma_parse_bytes(&bytes).unwrap()
                });
            candidate.additional_registers =
                NonMandatoryRegisters::try_from(registers.collect::<Vec<_>>()).unwrap();
            candidate
        };
        let again = |b: &ErgoBox| {
            ErgoBox::from_box_candidate(&swap(&b.clone().into()), b.transaction_id, b.index)
                .unwrap()
        };
        let mut mutated = case.clone();
        mutated.inputs.iter_mut().for_each(|(b, _)| *b = again(b));
        mutated.data_inputs.iter_mut().for_each(|b| *b = again(b));
        mutated.outputs.iter_mut().for_each(|b| *b = swap(b));
        // A token that is minted bears the id of the first box, which has changed with its script.
        let minted = |case: &Case| TokenId::from(case.inputs[0].0.box_id());
        let (from, to) = (minted(case), minted(&mutated));
        for output in 0..mutated.outputs.len() {
            mutated.set_tokens(output, |all| {
                all.iter_mut()
                    .filter(|(id, _)| *id == from)
                    .for_each(|(id, _)| *id = to)
            });
        }
        mutated
    }
}

/// The hashes of the scripts that are others now, as they were and as they are.
fn changed_hashes(trees: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<([u8; 32], [u8; 32])> {
    let changed = trees.iter().filter(|(old, new)| old != new);
    changed
        .map(|(old, new)| (*ScriptHash::of(old).bytes(), *ScriptHash::of(new).bytes()))
        .collect()
}

fn replace(bytes: &mut [u8], from: &[u8; 32], to: &[u8; 32]) {
    for at in 0..bytes.len().saturating_sub(31) {
        if bytes[at..at + 32] == *from {
            bytes[at..at + 32].copy_from_slice(to);
        }
    }
}
