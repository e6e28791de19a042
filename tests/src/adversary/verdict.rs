//! Whether a chain would take the transaction: ergo-lib's full validation of the signed transaction, and the official
//! interpreter, which runs in nodes, of what ergo-lib takes and of what it refuses.

use super::oracle::Deed;
use super::view::leaves;
use crate::case::{Case, RENT_VARIABLE, Reduction, made_by, passes, reduce_in, registers, size};
use crate::judge;
use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::ergo_transaction::{ErgoTransaction, TxValidationError};
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergotree_interpreter::sigma_protocol::private_input::PrivateInput;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::{ProofBytes, TestProver};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, NonMandatoryRegisterId};
use ergo_lib::ergotree_ir::mir::constant::TryExtractInto;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaBoolean;
use ergo_lib::ergotree_ir::types::stype::SType;
use ergo_lib::wallet::signing::{make_context, sign_tx_input};
use ergo_lib::wallet::tx_context::TransactionContext;
use lets_protocol::Blocks;

/// One of so many transactions that want a proof is given an empty one for it and validated all the same.
const BARE: u8 = 8;

/// Who judges. The official interpreter takes several times as long as ergo-lib.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judges {
    /// ergo-lib; and the official interpreter where ergo-lib is known not to see what nodes see.
    ErgoLib,
    /// Both, of all that comes to a script: they must agree.
    Both,
}

/// What becomes of a transaction.
#[derive(Debug)]
pub enum Fate {
    /// The chain's own rules refuse it: unbalanced, dust, a box twice, an output older than its inputs.
    Malformed,
    /// A script refuses it, or a proof is missing.
    Refused,
    /// The interpreters disagree, and not about a register of another type, which is known.
    Disputed(String),
    /// A node would take it.
    Accepted(Box<Deed>),
}

/// Tries to have the transaction taken.
pub fn try_out(case: &Case, judges: Judges) -> Fate {
    let ids: Vec<_> = case.inputs.iter().map(|(b, _)| b.box_id()).collect();
    if (1..ids.len()).any(|i| ids[..i].contains(&ids[i])) {
        return Fate::Malformed;
    }
    let Ok(tx) = case.try_tx() else {
        return Fate::Malformed;
    };
    let state = case.state();
    let bare = ids[0].as_ref()[0] % BARE == 0;
    let light = case.context(tx.clone());
    let mut props = Vec::with_capacity(ids.len());
    for input in 0..ids.len() {
        let prop = (!case.is_rent(input)).then(|| reduce_in(&light, &state, input));
        if prop.as_ref().is_some_and(|p| !passes(p)) {
            if judges == Judges::Both
                && is_taken_by_the_other(case, &light.spending_tx, &state, input)
            {
                return Fate::Disputed(format!("input {input}: ergo-lib alone refuses: {prop:?}"));
            }
            if !bare {
                return Fate::Refused;
            }
        }
        props.push(prop);
    }
    let context = case.runnable(tx);
    let tx = &context.spending_tx;
    let typed = is_typed(case);
    let contested = |props: &[Option<Reduction>]| {
        if typed && judges == Judges::ErgoLib {
            return None;
        }
        let dispute = disputed(case, tx, &state, props)?;
        Some(if typed {
            Fate::Disputed(dispute)
        } else {
            Fate::Refused
        })
    };
    let mut proofs = proofs(case, &context, &state);
    if proofs.len() < ids.len() && !bare {
        // Some input has no proof that these keys could make. The other is not asked: it looks at the balance first.
        return Fate::Refused;
    }
    proofs.resize(ids.len(), ProofBytes::Empty);
    let Ok(signed) = Transaction::from_unsigned_tx(tx.clone(), proofs) else {
        return Fate::Malformed;
    };
    if signed.validate_stateless().is_err() {
        return Fate::Malformed;
    }
    let whole = case.runnable(signed);
    match whole.validate(&state) {
        Ok(()) => {}
        Err(TxValidationError::ReducedToFalse(..) | TxValidationError::VerifierError(..)) => {
            return Fate::Refused;
        }
        Err(_) => return Fate::Malformed,
    }
    let signed = &whole.spending_tx;
    let rents: Vec<_> = (0..ids.len()).map(|i| rent(case, signed, i)).collect();
    if rents.contains(&Some(false)) {
        // Where ergo-lib goes on to the script, a node refuses at once.
        return Fate::Refused;
    }
    let rent: Vec<bool> = rents.iter().map(|r| *r == Some(true)).collect();
    for input in 0..ids.len() {
        if rent[input] {
            props[input] = None;
        } else if props[input].is_none() {
            // It names a successor, and is spent by its script for all that.
            props[input] = Some(reduce_in(&light, &state, input));
        }
    }
    if let Some(fate) = contested(&props) {
        return fate;
    }
    Fate::Accepted(Box::new(Deed {
        inputs: case.boxes(),
        data: case.data_inputs.clone(),
        outputs: made(case, signed.id()),
        signed: proven(case, &props),
        height: i64::from(case.height),
        rent,
    }))
}

/// The boxes that it makes.
fn made(case: &Case, id: TxId) -> Vec<ErgoBox> {
    let outputs = (0_u16..).zip(&case.outputs);
    outputs
        .map(|(place, output)| made_by(output, id, place))
        .collect()
}

/// The inputs' proofs, as far as the keys suffice one after the other.
fn proofs(
    case: &Case,
    context: &TransactionContext<UnsignedTransaction>,
    state: &ErgoStateContext,
) -> Vec<ProofBytes> {
    let mut secrets = case.signers.clone();
    secrets.sort_by_key(|k| k.to_bytes());
    secrets.dedup();
    let prover = TestProver {
        secrets: secrets.into_iter().map(PrivateInput::from).collect(),
    };
    let message = context.spending_tx.bytes_to_sign().unwrap();
    let mut evaluation = make_context(state, context, 0).unwrap();
    let signed = (0..case.inputs.len()).map_while(|input| {
        sign_tx_input(
            &prover,
            context,
            state,
            &mut evaluation,
            None,
            input,
            &message,
        )
        .ok()
    });
    signed.map(|i| i.spending_proof.proof).collect()
}

/// The protocol's rule of storage rent: `None` if the input is no rent spend and its script decides; else whether it keeps
/// to the rule.
fn rent(case: &Case, tx: &Transaction, input: usize) -> Option<bool> {
    let (spent, extension) = &case.inputs[input];
    let old = spent.creation_height + Blocks::STORAGE_PERIOD.0 <= case.height;
    let place = extension.values.get(&RENT_VARIABLE)?;
    let place: i16 = place.clone().try_extract_into().ok()?;
    let next: &ErgoBox = tx.outputs.get(usize::try_from(place).ok()?)?;
    let proof = &tx.inputs.get(input)?.spending_proof.proof;
    if !old || !matches!(proof, ProofBytes::Empty) {
        return None;
    }
    let rent = size(spent) as u64 * 1_250_000;
    let value = *spent.value.as_u64();
    Some(
        value <= rent
            || (next.creation_height == case.height
                && *next.value.as_u64() >= value - rent
                && next.script_bytes().ok() == spent.script_bytes().ok()
                && next.tokens == spent.tokens
                && next.additional_registers == spent.additional_registers),
    )
}

/// Whether the official interpreter takes this input, whose script ergo-lib lets refuse it. A storage-rent spend beside it,
/// whose script need not pass, would hide that.
fn is_taken_by_the_other(
    case: &Case,
    tx: &UnsignedTransaction,
    state: &ErgoStateContext,
    input: usize,
) -> bool {
    let reduced = judge::judge_whole(tx, &case.boxes(), &case.data_inputs, state);
    reduced.is_some_and(|r| r.props[input] != SigmaBoolean::TrivialProp(false))
}

/// What the official interpreter has against it. `props` are ergo-lib's reductions of the scripts that run.
fn disputed(
    case: &Case,
    tx: &UnsignedTransaction,
    state: &ErgoStateContext,
    props: &[Option<Reduction>],
) -> Option<String> {
    let verdict = judge::judge(tx, &case.boxes(), &case.data_inputs, state);
    let ran = (0..props.len()).filter_map(|i| Some((i, props[i].as_ref()?)));
    for (input, ours) in ran {
        if let Err(reason) = &verdict.inputs[input] {
            return Some(format!("input {input}: {reason}"));
        }
        let theirs = verdict.reduced.as_ref().map(|r| &r.props[input]);
        if theirs.is_some_and(|theirs| ours.as_ref() != Ok(theirs)) {
            return Some(format!(
                "input {input} reduces to {theirs:?}, not to {ours:?}"
            ));
        }
    }
    None
}

/// Whether every register of the outputs is of a type that a script of ours reads at its place. (ergo-lib does not see a
/// register of another type where the official interpreter fails.)
fn is_typed(case: &Case) -> bool {
    case.outputs.iter().all(|output| {
        let all = registers(output);
        let expected = |id: usize, tpe: &SType| match (id, tpe) {
            (_, SType::SColl(_)) => true,
            (id, SType::SSigmaProp) => {
                id == NonMandatoryRegisterId::R4 as usize
                    || id == NonMandatoryRegisterId::R8 as usize
            }
            _ => false,
        };
        all.iter()
            .enumerate()
            .all(|(n, constant)| expected(n + 4, &constant.tpe))
    })
}

/// The keys whose proofs are in it.
fn proven(case: &Case, props: &[Option<Reduction>]) -> Vec<SigmaBoolean> {
    let mut asked = Vec::new();
    for prop in props.iter().flatten().flatten() {
        leaves(prop, &mut asked);
    }
    let signers = case.signers.iter();
    let held: Vec<_> = signers
        .map(|k| SigmaBoolean::from(crate::world::public(k)))
        .collect();
    asked.retain(|leaf| held.contains(leaf));
    asked
}
