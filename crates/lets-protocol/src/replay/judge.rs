//! One script's verdict on one transaction of the past, found again on this machine.

use crate::units::{Blocks, Height};
use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::ergo_transaction::TxValidationError;
use ergo_lib::chain::transaction::{Transaction, verify_tx_input_proof};
use ergo_lib::ergotree_interpreter::eval::reduce_to_crypto;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ProofBytes;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaBoolean;
use ergo_lib::wallet::signing::make_context;
use ergo_lib::wallet::tx_context::TransactionContext;
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

/// The chain as a block at `height` sees it, made of a chain as another block sees it: of all that, our scripts read the
/// height alone.
pub(super) fn at(chain: &ErgoStateContext, height: Height) -> ErgoStateContext {
    let mut state = chain.clone();
    state.pre_header.height = height.0;
    state
}

/// What the script of the input at `index` makes of the transaction.
pub(super) fn judge(
    context: &TransactionContext<Transaction>,
    state: &ErgoStateContext,
    message: &[u8],
    index: usize,
) -> Verdict {
    // The interpreter may panic over what a dishonest node hands to it.
    let judged = catch_unwind(AssertUnwindSafe(|| run(context, state, message, index)));
    judged.ok().flatten().unwrap_or(Verdict::Refused)
}

/// `None` if the script cannot be given its context.
fn run(
    context: &TransactionContext<Transaction>,
    state: &ErgoStateContext,
    message: &[u8],
    index: usize,
) -> Option<Verdict> {
    let mut evaluation = make_context(state, context, index).ok()?;
    match verify_tx_input_proof(context, &mut evaluation, state, index, message) {
        Ok(verified) if verified.result => {
            let rent = is_rent(context, state, index).unwrap_or_default();
            return Some(if rent { Verdict::Rent } else { Verdict::Passed });
        }
        Ok(_) | Err(TxValidationError::VerifierError(..)) => {}
        Err(_) => return None,
    }
    let tree = evaluation.self_box.ergo_tree.proposition().ok()?;
    let reduced = reduce_to_crypto(&tree, &evaluation).ok()?.sigma_prop;
    Some(match reduced {
        SigmaBoolean::TrivialProp(false) => Verdict::Refused,
        _ => Verdict::Unproven,
    })
}

fn is_rent(
    context: &TransactionContext<Transaction>,
    state: &ErgoStateContext,
    index: usize,
) -> Option<bool> {
    let input = context.spending_tx.inputs.get(index)?;
    let spent = context.get_input_box(&input.box_id)?;
    let age = state
        .pre_header
        .height
        .saturating_sub(spent.creation_height);
    let proof = &input.spending_proof;
    Some(
        matches!(proof.proof, ProofBytes::Empty)
            && proof.extension.values.contains_key(&RENT_VARIABLE)
            && age >= Blocks::STORAGE_PERIOD.0,
    )
}
