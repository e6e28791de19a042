//! What ergo-lib makes of one script.

use super::Reduction;
use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::ergotree_interpreter::eval::reduce_to_crypto;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::wallet::signing::make_context;
use ergo_lib::wallet::tx_context::TransactionContext;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// ergo-lib's reduction of one input, whatever the others do. The boxes may have their scripts as bytes.
pub(crate) fn reduce_in(
    context: &TransactionContext<UnsignedTransaction>,
    state: &ErgoStateContext,
    input: usize,
) -> Reduction {
    let evaluation = make_context(state, context, input).map_err(|e| e.to_string())?;
    let script = script(&evaluation.self_box.ergo_tree)?;
    reduce_to_crypto(&script, &evaluation)
        .map(|r| r.sigma_prop)
        .map_err(|e| e.to_string())
}

/// The script, parsed once for each thread.
fn script(tree: &ErgoTree) -> Result<Rc<Expr>, String> {
    thread_local! {
        static PARSED: RefCell<HashMap<Vec<u8>, Rc<Expr>>> = RefCell::default();
    }
    let bytes = tree.sigma_serialize_bytes().map_err(|e| e.to_string())?;
    if let Some(known) = PARSED.with_borrow(|all| all.get(&bytes).cloned()) {
        return Ok(known);
    }
    let tree = ErgoTree::sigma_parse_bytes(&bytes).map_err(|e| e.to_string())?;
    let expr = Rc::new(tree.proposition().map_err(|e| e.to_string())?);
    PARSED.with_borrow_mut(|all| all.insert(bytes, expr.clone()));
    Ok(expr)
}
