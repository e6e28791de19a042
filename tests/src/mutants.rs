//! Mutants of the scripts (`cargo xtask mutate`): a recorded case is judged once more with a mutant in its script's place.
//! A mutant with which a test would fail is killed.

use crate::case::{Reduction, passes};
use crate::record::{Asserted, of_line};
use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::ergotree_interpreter::eval::reduce_to_crypto;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaBoolean;
use ergo_lib::wallet::Wallet;
use ergo_lib::wallet::secret_key::SecretKey;
use ergo_lib::wallet::signing::make_context;
use ergo_lib::wallet::tx_context::TransactionContext;
use lets_contracts::Artifact;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// A contract's parameters, each with its value.
type Values = Vec<(String, [u8; 32])>;

/// A script to be put in a contract's place; and the same for each LETS in which it was tried.
pub struct Script<'a> {
    artifact: &'a Artifact,
    filled: Mutex<BTreeMap<Values, Option<Arc<Expr>>>>,
}

impl<'a> Script<'a> {
    /// The script of an artifact.
    pub fn new(artifact: &'a Artifact) -> Self {
        Self {
            artifact,
            filled: Mutex::default(),
        }
    }

    fn of(&self, values: &Values) -> Option<Arc<Expr>> {
        let make = || {
            let tree = ErgoTree::sigma_parse_bytes(&fill(self.artifact, values)).ok()?;
            tree.proposition().ok().map(Arc::new)
        };
        let mut filled = self.filled.lock().unwrap_or_else(|e| e.into_inner());
        let known = filled.entry(values.clone());
        known.or_insert_with(make).clone()
    }
}

/// A recorded case, and where one contract stands in it. Its boxes hold their scripts as bytes: parsed they would fill the
/// memory.
pub struct Place {
    asserted: Asserted,
    /// The inputs under the contract whose verdict the test asserts, with the contract's values there.
    inputs: Vec<(usize, Values)>,
    /// What the scripts whose verdict the test asserts reduce to, by input.
    reductions: BTreeMap<usize, Reduction>,
    signers: Vec<SecretKey>,
    context: TransactionContext<UnsignedTransaction>,
    state: ErgoStateContext,
}

impl Place {
    /// Reads a recorded case. `None` if the test asserts nothing about this contract.
    pub fn of(line: &str, contract: &Artifact) -> Option<Self> {
        // Most cases hold no box of it, and to read them all takes longer than to judge.
        if !line.contains(beginning(contract)) {
            return None;
        }
        let (case, asserted) = of_line(line);
        let counts = |i: &usize| match asserted {
            Asserted::RefusedAt(at) => at == *i,
            _ => !case.is_rent(*i),
        };
        let all: Vec<usize> = (0..case.inputs.len()).filter(counts).collect();
        let tree = |i: usize| bytes(&case.inputs[i].0.ergo_tree);
        let inputs = all
            .iter()
            .filter_map(|i| Some((*i, values(contract, &tree(*i))?)));
        let inputs: Vec<(usize, Values)> = inputs.collect();
        if inputs.is_empty() {
            return None;
        }
        let reductions = all.iter().map(|i| (*i, case.reduce(*i))).collect();
        let (tx, boxes, data_boxes) = (case.tx(), case.boxes(), case.data_inputs.clone());
        Some(Self {
            asserted,
            inputs,
            reductions,
            context: TransactionContext::new(tx, boxes, data_boxes).unwrap(),
            state: case.state(),
            signers: case.signers,
        })
    }

    /// The test fails with the mutant in the contract's place.
    pub fn kills(&self, mutant: &Script) -> bool {
        // ergo-lib panics over some ill-typed scripts: that is no acceptance.
        catch_unwind(AssertUnwindSafe(|| self.fails(mutant))).unwrap_or(false)
    }

    fn fails(&self, mutant: &Script) -> bool {
        let mut now = self.reductions.clone();
        let inputs = self.inputs.iter();
        now.extend(inputs.map(|(i, values)| (*i, self.reduce(mutant, *i, values))));
        if now == self.reductions {
            return false;
        }
        match self.asserted {
            Asserted::RefusedAt(_) => now.values().all(passes),
            Asserted::Unproven => now.values().all(|r| self.proves(r)),
            Asserted::Accepted => !now.values().all(|r| self.proves(r)),
        }
    }

    /// The case's keys prove what the script reduces to.
    fn proves(&self, reduction: &Reduction) -> bool {
        let wallet = Wallet::from_secrets(self.signers.clone());
        let proves = |prop: &SigmaBoolean| wallet.sign_message(prop.clone(), b"any").is_ok();
        reduction.as_ref().is_ok_and(proves)
    }

    /// What an input under the contract reduces to if another script runs there. All boxes keep the contract's bytes, and
    /// with them hashes, ids and sizes: the mutant finds its like wherever the contract does, and as much room.
    fn reduce(&self, script: &Script, input: usize, values: &Values) -> Reduction {
        let expr = script.of(values).ok_or("it cannot be parsed")?;
        let context = make_context(&self.state, &self.context, input).map_err(|e| e.to_string())?;
        reduce_to_crypto(&expr, &context)
            .map(|r| r.sigma_prop)
            .map_err(|e| e.to_string())
    }
}

fn bytes(tree: &ErgoTree) -> Vec<u8> {
    tree.sigma_serialize_bytes().unwrap()
}

/// The contract's digits before the first value that a LETS puts in.
fn beginning(contract: &Artifact) -> &str {
    let places = contract.parameters.iter().flat_map(|p| &p.offsets);
    let length = places.min().map_or(contract.ergo_tree.len(), |at| 2 * at);
    &contract.ergo_tree[..length]
}

/// The values that this LETS has put in, if these bytes are the contract.
fn values(contract: &Artifact, bytes: &[u8]) -> Option<Values> {
    let values = contract.values(bytes)?.into_iter();
    Some(
        values
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn fill(artifact: &Artifact, values: &Values) -> Vec<u8> {
    let named: Vec<_> = values.iter().map(|(name, v)| (name.as_str(), v)).collect();
    artifact.fill(&named).unwrap()
}
