//! One script's verdict on one transaction of the past, found again on this machine.

use super::fault::Why;
use super::{Told, contract_of, why};
use crate::boxes::Lets;
use crate::units::{Blocks, Height};
use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::{Transaction, verify_tx_input_proof};
use ergo_lib::ergotree_interpreter::eval::reduce_to_crypto;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ProofBytes;
use ergo_lib::ergotree_interpreter::sigma_protocol::verifier::verify_signature;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaBoolean;
use ergo_lib::wallet::signing::make_context;
use ergo_lib::wallet::tx_context::TransactionContext;
use lets_contracts::Contract;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The context variable that makes a spend one of storage rent.
const RENT_VARIABLE: u8 = 127;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The script ran, and its proof is right.
    Passed,
    /// It was spent as storage rent: no script ran.
    Rent,
    /// The script says no, or fails.
    Refused,
    /// The script asks for a proof, and there is another or none.
    Unproven,
}

/// Runs the scripts of transactions, each for itself: on any thread, in any order.
#[derive(Debug)]
pub struct Judge {
    lets: Lets,
    chain: ErgoStateContext,
    /// The LETS's scripts, ready to run: ergo-lib would copy one for each box.
    scripts: Vec<(&'static str, Expr)>,
}

/// What the scripts say of one transaction.
#[derive(Debug)]
pub struct Judged {
    /// What keeps the scripts from being asked.
    pub(super) untrue: Option<String>,
    pub(super) scripts: Vec<Script>,
}

/// What the script of a box of the LETS says of the transaction that spends it.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) box_id: BoxId,
    pub(super) kind: &'static str,
    pub(super) verdict: Verdict,
    /// Why it refuses, if it does.
    pub(super) why: Option<Why>,
}

impl Judge {
    pub(super) fn new(lets: &Lets, chain: ErgoStateContext) -> Self {
        let ready = |contract: &Contract| {
            let script = contract.parsed().proposition().ok()?;
            Some((contract.name(), script))
        };
        let all = lets.contracts().all();
        Self {
            lets: lets.clone(),
            chain,
            scripts: all.into_iter().filter_map(ready).collect(),
        }
    }

    /// Asks the script of every box of the LETS that the transaction spends.
    pub fn judge(&self, told: &Told) -> Judged {
        let mut judged = Judged {
            untrue: None,
            scripts: Vec::new(),
        };
        // Else the replay says so.
        if told.fits_all() {
            match self.scripts(told) {
                Ok(scripts) => judged.scripts = scripts,
                Err(why) => judged.untrue = Some(why),
            }
        }
        judged
    }

    fn scripts(&self, told: &Told) -> Result<Vec<Script>, String> {
        let guarded = told.inputs.iter().enumerate();
        let guarded: Vec<(usize, &ErgoBox, &Contract)> = guarded
            .filter_map(|(at, b)| Some((at, b, contract_of(&self.lets, b)?)))
            .collect();
        if guarded.is_empty() {
            return Ok(Vec::new());
        }
        let message = told
            .transaction
            .bytes_to_sign()
            .map_err(|e| e.to_string())?;
        let seen = match told.unknown.is_empty() {
            true => told.transaction.clone(),
            false => told.seen().map_err(|e| e.to_string())?,
        };
        let read = told.read.iter().map(|b| b.ergo_box.clone()).collect();
        // Scripts see each other as bytes, which ergo-lib would make of a parsed one each time anew.
        let context =
            TransactionContext::new(seen, told.inputs.clone(), read).map_err(|e| e.to_string())?;
        let state = at(&self.chain, told.height);
        let script = |(index, spent, contract): (usize, &ErgoBox, &Contract)| {
            // The interpreter may panic over what a dishonest node hands to it.
            let judged = catch_unwind(AssertUnwindSafe(|| {
                match is_rent(&context, told, contract, &state, &message, index) {
                    Some(true) => Some(Verdict::Rent),
                    _ => self.run(&context, contract, &state, &message, index),
                }
            }));
            let verdict = judged.ok().flatten().unwrap_or(Verdict::Refused);
            let kind = contract.name();
            Script {
                box_id: spent.box_id(),
                kind,
                verdict,
                why: match verdict {
                    Verdict::Refused => why::why(&self.lets, told, index, kind),
                    _ => None,
                },
            }
        };
        Ok(guarded.into_iter().map(script).collect())
    }

    /// `None` if the script cannot be given its context, or fails.
    fn run(
        &self,
        context: &TransactionContext<Transaction>,
        contract: &Contract,
        state: &ErgoStateContext,
        message: &[u8],
        index: usize,
    ) -> Option<Verdict> {
        let mut scripts = self.scripts.iter();
        let (_, script) = scripts.find(|(name, _)| *name == contract.name())?;
        let evaluation = make_context(state, context, index).ok()?;
        let asked = reduce_to_crypto(script, &evaluation).ok()?.sigma_prop;
        if asked == SigmaBoolean::TrivialProp(false) {
            return Some(Verdict::Refused);
        }
        let proof = &context.spending_tx.inputs.get(index)?.spending_proof.proof;
        Some(match verify_signature(asked, message, proof.as_ref()) {
            Ok(true) => Verdict::Passed,
            _ => Verdict::Unproven,
        })
    }
}

/// The chain as a block at `height` sees it, made of a chain as another block sees it: of all that, our scripts read the
/// height alone.
fn at(chain: &ErgoStateContext, height: Height) -> ErgoStateContext {
    let mut state = chain.clone();
    state.pre_header.height = height.0;
    state
}

/// Whether the input spends its box as storage rent, so that no script runs: ergo-lib knows the rules of that.
fn is_rent(
    context: &TransactionContext<Transaction>,
    told: &Told,
    contract: &Contract,
    state: &ErgoStateContext,
    message: &[u8],
    index: usize,
) -> Option<bool> {
    let tx = &context.spending_tx;
    let input = tx.inputs.get(index)?;
    let spent = told.inputs.get(index)?;
    let age = state
        .pre_header
        .height
        .saturating_sub(spent.creation_height);
    let proof = &input.spending_proof;
    let perhaps = matches!(proof.proof, ProofBytes::Empty)
        && proof.extension.values.contains_key(&RENT_VARIABLE)
        && age >= Blocks::STORAGE_PERIOD.0;
    if !perhaps {
        return Some(false);
    }
    let mut inputs = told.inputs.clone();
    inputs.get_mut(index)?.ergo_tree = contract.parsed().clone();
    let read = told.read.iter().map(|b| b.ergo_box.clone()).collect();
    let context = TransactionContext::new(tx.clone(), inputs, read).ok()?;
    let mut evaluation = make_context(state, &context, index).ok()?;
    let verified = verify_tx_input_proof(&context, &mut evaluation, state, index, message);
    Some(verified.is_ok_and(|verified| verified.result))
}
