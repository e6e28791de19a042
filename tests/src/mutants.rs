//! Mutants of the scripts (`cargo xtask mutate`): a recorded case is judged once more with a mutant in its script's place.
//! A mutant with which a test would fail is killed.

use crate::case::{Case, Reduction, registers};
use crate::record::Asserted;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use lets_contracts::{Artifact, ScriptHash};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A contract's parameters, each with its value.
type Values = Vec<(String, [u8; 32])>;

/// A recorded case, and where one contract stands in it.
pub struct Place {
    case: Case,
    asserted: Asserted,
    /// The inputs under the contract whose verdict the test asserts.
    inputs: Vec<usize>,
    /// The contract's reductions, as they were.
    reductions: Vec<Reduction>,
    /// The scripts of all boxes, with their values if they are the contract.
    trees: BTreeMap<Vec<u8>, Option<Values>>,
}

impl Place {
    /// `None` if the test asserts nothing about this contract.
    pub fn of(case: Case, asserted: Asserted, contract: &Artifact) -> Option<Self> {
        let all = case.inputs.iter().map(|(b, _)| &b.ergo_tree);
        let all = all.chain(case.data_inputs.iter().map(|b| &b.ergo_tree));
        let all = all.chain(case.outputs.iter().map(|b| &b.ergo_tree));
        let trees: BTreeMap<_, _> = all
            .map(bytes)
            .map(|tree| (tree.clone(), values(contract, &tree)))
            .collect();
        let asserts = |i: &usize| match asserted {
            Asserted::RefusedAt(at) => at == *i,
            _ => true,
        };
        let runs =
            |i: &usize| !case.is_rent(*i) && trees[&bytes(&case.inputs[*i].0.ergo_tree)].is_some();
        let inputs: Vec<usize> = (0..case.inputs.len())
            .filter(asserts)
            .filter(runs)
            .collect();
        if inputs.is_empty() {
            return None;
        }
        let reductions = inputs.iter().map(|i| case.reduce(*i)).collect();
        Some(Self {
            case,
            asserted,
            inputs,
            reductions,
            trees,
        })
    }

    /// The test fails with the mutant in the contract's place.
    pub fn kills(&self, mutant: &Artifact) -> bool {
        // ergo-lib panics over some ill-typed scripts: that is no acceptance.
        catch_unwind(AssertUnwindSafe(|| self.fails(&self.with(mutant)))).unwrap_or(false)
    }

    fn fails(&self, mutated: &Case) -> bool {
        match self.asserted {
            Asserted::RefusedAt(input) => mutated.passes(input),
            Asserted::Unproven => mutated.sign().is_ok(),
            Asserted::Accepted => {
                let mut reductions = self.inputs.iter().zip(&self.reductions);
                reductions.any(|(i, was)| mutated.reduce(*i) != *was) && mutated.sign().is_err()
            }
        }
    }

    /// The case with the mutant wherever the contract stands, or where its hash or the id of a box under it stands.
    fn with(&self, mutant: &Artifact) -> Case {
        let mut new: BTreeMap<&[u8], Vec<u8>> = BTreeMap::new();
        for (tree, values) in &self.trees {
            let filled = values.as_ref().map(|values| fill(mutant, values));
            new.insert(tree, filled.unwrap_or_else(|| tree.clone()));
        }
        // Scripts name each other by hash, note in account in pot: three rounds reach the last.
        for _ in 0..3 {
            let hashes = changed_hashes(&new);
            for tree in new.values_mut() {
                for (from, to) in &hashes {
                    replace(tree, from, to);
                }
            }
        }
        let hashes = changed_hashes(&new);
        let swap = |candidate: &ErgoBoxCandidate| {
            let mut candidate = candidate.clone();
            let old = bytes(&candidate.ergo_tree);
            let tree = &new[old.as_slice()];
            if *tree != old {
                candidate.ergo_tree = ErgoTree::sigma_parse_bytes(tree).unwrap();
            }
            let all = registers(&candidate).into_iter().map(|constant| {
                let mut bytes = constant.sigma_serialize_bytes().unwrap();
                let replaced = hashes
                    .iter()
                    .fold(false, |any, (a, b)| replace(&mut bytes, a, b) || any);
                match replaced {
                    true => Constant::sigma_parse_bytes(&bytes).unwrap(),
                    false => constant,
                }
            });
            candidate.additional_registers =
                NonMandatoryRegisters::try_from(all.collect::<Vec<_>>()).unwrap();
            candidate
        };
        let again = |b: &ErgoBox| {
            ErgoBox::from_box_candidate(&swap(&b.clone().into()), b.transaction_id, b.index)
                .unwrap()
        };
        let mut mutated = self.case.clone();
        mutated.inputs.iter_mut().for_each(|(b, _)| *b = again(b));
        mutated.data_inputs.iter_mut().for_each(|b| *b = again(b));
        mutated.outputs.iter_mut().for_each(|b| *b = swap(b));
        // A token that is minted bears the id of the first box, which has changed with its script.
        let minted = |case: &Case| TokenId::from(case.inputs[0].0.box_id());
        let (from, to) = (minted(&self.case), minted(&mutated));
        for output in 0..mutated.outputs.len() {
            let mut tokens = mutated.outputs[output].tokens.iter().flatten();
            if tokens.any(|t| t.token_id == from) {
                mutated.set_tokens(output, |all| {
                    all.iter_mut()
                        .filter(|(id, _)| *id == from)
                        .for_each(|(id, _)| *id = to)
                });
            }
        }
        mutated
    }
}

fn bytes(tree: &ErgoTree) -> Vec<u8> {
    tree.sigma_serialize_bytes().unwrap()
}

/// The values that this LETS has put in, if these bytes are the contract.
fn values(contract: &Artifact, bytes: &[u8]) -> Option<Values> {
    let value = |offset: usize| bytes.get(offset..)?.get(..32)?.try_into().ok();
    let values: Values = contract
        .parameters
        .iter()
        .map(|p| Some((p.name.clone(), value(p.offsets[0])?)))
        .collect::<Option<_>>()?;
    (fill(contract, &values) == bytes).then_some(values)
}

fn fill(artifact: &Artifact, values: &Values) -> Vec<u8> {
    let named: Vec<_> = values.iter().map(|(name, v)| (name.as_str(), v)).collect();
    artifact.fill(&named).unwrap()
}

/// The hashes of the scripts that are others now, as they were and as they are.
fn changed_hashes(trees: &BTreeMap<&[u8], Vec<u8>>) -> Vec<([u8; 32], [u8; 32])> {
    let changed = trees.iter().filter(|(old, new)| *old != new);
    changed
        .map(|(old, new)| (*ScriptHash::of(old).bytes(), *ScriptHash::of(new).bytes()))
        .collect()
}

fn replace(bytes: &mut [u8], from: &[u8; 32], to: &[u8; 32]) -> bool {
    let mut any = false;
    for at in 0..bytes.len().saturating_sub(31) {
        if bytes[at..at + 32] == *from {
            bytes[at..at + 32].copy_from_slice(to);
            any = true;
        }
    }
    any
}
