//! Boxes that hold their scripts as bytes: a parsed script of ours costs more to copy and to compare than to run.

use super::{Case, Reduction};
use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::ergotree_interpreter::eval::reduce_to_crypto;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::wallet::signing::make_context;
use ergo_lib::wallet::tx_context::TransactionContext;
use lets_contracts::unparsed;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// The transaction with its boxes, their scripts as bytes: for [`reduce_light`].
pub(crate) fn light_context(
    case: &Case,
    tx: UnsignedTransaction,
) -> TransactionContext<UnsignedTransaction> {
    let light = |b: &ErgoBox| {
        let candidate = ErgoBoxCandidate {
            value: b.value,
            ergo_tree: unparsed(script_bytes(&b.ergo_tree)),
            tokens: b.tokens.clone(),
            additional_registers: b.additional_registers.clone(),
            creation_height: b.creation_height,
        };
        ErgoBox::from_box_candidate(&candidate, b.transaction_id, b.index).unwrap()
    };
    let boxes = case.inputs.iter().map(|(b, _)| light(b)).collect();
    let data = case.data_inputs.iter().map(light).collect();
    TransactionContext::new(tx, boxes, data).unwrap()
}

/// As [`super::reduce_in`], where all boxes hold their scripts as bytes: to copy parsed ones takes longer than to run them.
pub(crate) fn reduce_light(
    context: &TransactionContext<UnsignedTransaction>,
    state: &ErgoStateContext,
    input: usize,
) -> Reduction {
    let evaluation = make_context(state, context, input).map_err(|e| e.to_string())?;
    let script = script(&script_bytes(&evaluation.self_box.ergo_tree))?;
    reduce_to_crypto(&script, &evaluation)
        .map(|r| r.sigma_prop)
        .map_err(|e| e.to_string())
}

/// The output with its script as bytes. ergo-lib copies and serializes the outputs of a transaction some twenty times to
/// sign and validate it, and a parsed script of ours costs more each time than all else; no rule of the chain, and nothing
/// that a script can read of an output, looks into the parsed form.
pub(super) fn unparsed_output(output: &ErgoBoxCandidate) -> ErgoBoxCandidate {
    ErgoBoxCandidate {
        value: output.value,
        ergo_tree: unparsed(script_bytes(&output.ergo_tree)),
        tokens: output.tokens.clone(),
        additional_registers: output.additional_registers.clone(),
        creation_height: output.creation_height,
    }
}

/// The script of these bytes, parsed once for each thread.
fn script(bytes: &[u8]) -> Result<Rc<Expr>, String> {
    thread_local! {
        static PARSED: RefCell<HashMap<Vec<u8>, Rc<Expr>>> = RefCell::default();
    }
    if let Some(known) = PARSED.with_borrow(|all| all.get(bytes).cloned()) {
        return Ok(known);
    }
    let tree = ErgoTree::sigma_parse_bytes(bytes).map_err(|e| e.to_string())?;
    let expr = Rc::new(tree.proposition().map_err(|e| e.to_string())?);
    PARSED.with_borrow_mut(|all| all.insert(bytes.to_vec(), expr.clone()));
    Ok(expr)
}

/// A script's bytes. Few scripts stand in a test's boxes, and to compare with one that is known takes a fraction of what
/// ergo-lib takes to serialize it.
fn script_bytes(tree: &ErgoTree) -> Vec<u8> {
    const MOST: usize = 32;
    thread_local! {
        static KNOWN: RefCell<VecDeque<(ErgoTree, Vec<u8>)>> = const { RefCell::new(VecDeque::new()) };
    }
    if let ErgoTree::Unparsed { tree_bytes, .. } = tree {
        return tree_bytes.clone();
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some((_, bytes)) = known.iter().find(|(other, _)| other == tree) {
            return bytes.clone();
        }
        let bytes = tree.sigma_serialize_bytes().unwrap();
        known.truncate(MOST - 1);
        known.push_front((tree.clone(), bytes.clone()));
        bytes
    })
}
