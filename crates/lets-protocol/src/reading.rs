//! What a transaction did: the payments in it, read off its boxes and never off what anybody says about it.

use crate::amount::Amount;
use crate::boxes::account::{AccountBox, AccountState, Link};
use crate::boxes::note::NoteBox;
use crate::boxes::{AccountNumber, Lets};
use crate::proposal::MEMO_VARIABLE;
use crate::units::Height;
use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::mir::constant::TryExtractInto;

/// One payment in a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The transaction that made it.
    pub transaction: TxId,
    /// Which of its outputs it is: the payee's account or the note.
    pub output: u16,
    /// Whose units they were; `None` where several accounts paid and it cannot be said who paid whom.
    pub payer: Option<AccountNumber>,
    /// Whose they are, or whose to claim; `None` for a note to its bearer.
    pub payee: Option<AccountNumber>,
    /// How much: for a note what is in it, for an account what it gained.
    pub amount: Amount,
    /// What the payer wrote, sealed; empty is nothing.
    pub memo: Vec<u8>,
    /// By a note.
    pub by_note: bool,
    /// When its box was made.
    pub created: Height,
}

impl Paid {
    /// The payment that made this note.
    pub fn of_note(note: &NoteBox) -> Self {
        Self {
            transaction: note.ergo_box().transaction_id,
            output: note.ergo_box().index,
            payer: Some(note.payer()),
            payee: note.payee(),
            amount: note.amount(),
            memo: note.memo().to_vec(),
            by_note: true,
            created: Height(note.ergo_box().creation_height),
        }
    }
}

/// The payments that a transaction made, of which `inputs` and `outputs` are the boxes in order: those into accounts and
/// those into notes. Notes that it took in were payments of the transactions that made them.
pub fn payments_in(
    lets: &Lets,
    tx: &Transaction,
    inputs: &[ErgoBox],
    outputs: &[ErgoBox],
) -> Vec<Paid> {
    let variables = &tx.inputs.first().spending_proof.extension;
    payments_of(lets, tx.id(), variables, inputs, outputs)
}

/// The same of a transaction that is not at hand: its id, and the context variables of its first input.
pub fn payments_of(
    lets: &Lets,
    transaction: TxId,
    variables: &ContextExtension,
    inputs: &[ErgoBox],
    outputs: &[ErgoBox],
) -> Vec<Paid> {
    let account = |b: &ErgoBox| AccountBox::parse(lets, b).ok();
    let before: Vec<Option<AccountBox>> = inputs.iter().map(account).collect();
    let ours = lets.tokens();
    let mut held = inputs
        .iter()
        .take(1)
        .flat_map(|b| b.tokens.iter().flatten());
    let foreign = !held.any(|token| ours.contains(&token.token_id));
    let before = states(&before);
    let Some(leader) = leader(&before, foreign) else {
        return Vec::new();
    };
    let after: Vec<Option<AccountBox>> = outputs.iter().map(account).collect();
    let notes = outputs
        .iter()
        .filter_map(|b| NoteBox::parse(lets, b).ok())
        .map(|note| Paid::of_note(&note));
    payments_between(
        transaction,
        variables,
        leader,
        &before,
        &states(&after),
        notes,
    )
}

/// The place of the account that pays if the transaction is a payment: the first, or the second behind the box of the contract
/// that controls it. `before`: at each place the account there, if there is one; `foreign`: the first box holds nothing of the
/// LETS. `None`: it is the pot's doing, or none of this LETS.
pub fn leader(before: &[Option<&AccountState>], foreign: bool) -> Option<usize> {
    match before {
        [Some(_), ..] => Some(0),
        [None, Some(second), ..] if foreign && matches!(second.link(), Link::Contract(_)) => {
            Some(1)
        }
        _ => None,
    }
}

fn states(accounts: &[Option<AccountBox>]) -> Vec<Option<&AccountState>> {
    accounts
        .iter()
        .map(|account| account.as_ref().map(AccountBox::state))
        .collect()
}

/// The same of boxes that have been looked at: at each place the account there, if there is one, before and after; and the
/// payments that made the transaction's notes. `variables` are the context variables of its first input, `place` is that of the
/// [`leader`].
pub fn payments_between(
    transaction: TxId,
    variables: &ContextExtension,
    place: usize,
    before: &[Option<&AccountState>],
    after: &[Option<&AccountState>],
    notes: impl Iterator<Item = Paid>,
) -> Vec<Paid> {
    let Some(leader) = before.get(place).copied().flatten() else {
        return Vec::new();
    };
    let mut gains = Vec::new();
    let mut payers = 0;
    for (index, (before, after)) in before.iter().zip(after).enumerate() {
        let (Some(before), Some(after)) = (before, after) else {
            continue;
        };
        if before.number() != after.number() {
            continue;
        }
        // Whoever signed has other counters: he pays, also if he gets more than he pays.
        let signed = before.settings() != after.settings();
        payers += usize::from(index == place || signed);
        let gain = after.units() - before.units();
        if index > place && gain > 0 {
            gains.push((index, *after, gain));
        }
    }
    let memos = match gains.is_empty() {
        true => Vec::new(),
        false => memos(variables),
    };
    let mut paid: Vec<Paid> = gains
        .into_iter()
        .filter_map(|(index, payee, gain)| {
            Some(Paid {
                transaction,
                output: u16::try_from(index).ok()?,
                payer: (payers == 1).then_some(leader.number()),
                payee: Some(payee.number()),
                amount: Amount::new(gain).ok()?,
                memo: memos.get(index - place - 1).cloned().unwrap_or_default(),
                by_note: false,
                created: payee.created(),
            })
        })
        .collect();
    paid.extend(notes.filter(|n| n.payer == Some(leader.number())));
    paid
}

/// The sealed memos of direct payments, for the outputs after the payer's.
fn memos(variables: &ContextExtension) -> Vec<Vec<u8>> {
    variables
        .values
        .get(&MEMO_VARIABLE)
        .and_then(|value| value.clone().try_extract_into::<Vec<Vec<u8>>>().ok())
        .unwrap_or_default()
}
