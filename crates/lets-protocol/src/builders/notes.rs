//! Notes come to their end: claimed, taken back, or absorbed.

use super::community::Community;
use super::pay::{Spender, claimed};
use super::trade::{Change, Plan, Trade, TradeError};
use crate::boxes::Lets;
use crate::boxes::account::AccountBox;
use crate::boxes::note::NoteBox;
use crate::proposal::{TxKind, TxParams};
use crate::rules::{self, Flow, RuleViolation};

/// The most notes that one transaction takes in: what it costs the network stays below what nodes take.
pub const MAX_NOTES_TAKEN: usize = 300;

/// Takes in the notes of `payee.claims`. The payee signs; a bearer note's key signs too. The notes' own ERG pays the fee, what
/// remains of it stays in the account.
///
/// # Errors
/// [`TradeError`] naming the note's rule in the way.
pub fn claim(lets: &Lets, payee: Spender<'_>, params: TxParams) -> Result<Trade, TradeError> {
    claimed(payee.account, payee.claims)?;
    take(lets, TxKind::Claim, payee, params)
}

/// Takes back expired notes that `payer` made: those of `payer.claims`. The payer signs.
///
/// # Errors
/// [`TradeError`] naming the note's rule in the way.
pub fn refund(lets: &Lets, payer: Spender<'_>, params: TxParams) -> Result<Trade, TradeError> {
    for note in payer.claims {
        rules::check_refund(payer.account, note, params.height)?;
    }
    take(lets, TxKind::Refund, payer, params)
}

/// The community's account takes in notes that nobody has claimed or taken back a year after their expiry. The committee
/// signs.
///
/// # Errors
/// [`TradeError`] naming the note's rule in the way.
pub fn absorb(
    lets: &Lets,
    community: Community<'_>,
    notes: &[NoteBox],
    params: TxParams,
) -> Result<Trade, TradeError> {
    for note in notes {
        rules::check_absorb(lets, community.account, note, params.height)?;
    }
    take(lets, TxKind::Absorb, community.spender(notes), params)
}

fn take(
    lets: &Lets,
    kind: TxKind,
    spender: Spender<'_>,
    params: TxParams,
) -> Result<Trade, TradeError> {
    if spender.claims.is_empty() {
        return Err(RuleViolation::ZeroAmount.into());
    }
    let gained = spender
        .claims
        .iter()
        .fold(0, |sum: i64, n| sum.saturating_add(n.amount().units()));
    Plan {
        lets,
        kind,
        leader: spender.account,
        followed: spender.followed,
        change: Change::default(),
        taken: spender.claims.iter().collect(),
        others: Vec::new(),
        notes: Vec::new(),
        flow: Flow { gained, paid: 0 },
        memos: Vec::new(),
    }
    .finish(params, spender.funding)
}

/// Can the account claim the note by its owner's signature alone? A note may name a payee and still ask for a key that he does
/// not have, or carry classes that are not his: its payer gets it back in the end, so it is no payment to him.
pub fn can_claim(account: &AccountBox, note: &NoteBox) -> bool {
    !note.is_bearer() && rules::check_claim(account, note).is_ok()
}

/// Which of these notes the account can claim by its owner's signature alone, in one transaction that pays out `paid` units
/// besides: those that expire first, as many as its cap and the size of a transaction allow.
pub fn claimable(account: &AccountBox, notes: &[NoteBox], paid: i64) -> Vec<NoteBox> {
    let mut fit: Vec<&NoteBox> = notes.iter().filter(|n| can_claim(account, n)).collect();
    fit.sort_by_key(|n| (n.expiry(), n.ergo_box().box_id()));
    fit.dedup_by_key(|n| n.ergo_box().box_id());
    // A transaction that lowers the balance may do so above the cap too.
    let room = account.terms().cap.units() - account.balance().units();
    let mut room = room.saturating_add(paid).max(paid);
    let mut chosen = Vec::new();
    for note in fit {
        if chosen.len() < MAX_NOTES_TAKEN && note.amount().units() <= room {
            room -= note.amount().units();
            chosen.push(note.clone());
        }
    }
    chosen
}
