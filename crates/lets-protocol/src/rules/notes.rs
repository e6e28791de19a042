//! The twins of `contracts/note.es`.

use super::{RuleViolation, may_reach};
use crate::amount::Amount;
use crate::boxes::Lets;
use crate::boxes::account::{AccountBox, Link};
use crate::boxes::note::NoteBox;
use crate::units::{Blocks, Height};

/// May this account claim the note? Twin of the claim in `contracts/note.es`, but for the claimant's proof.
///
/// # Errors
/// [`RuleViolation::NotPayee`], [`RuleViolation::NoteClass`], [`RuleViolation::Controlled`].
pub fn check_claim(account: &AccountBox, note: &NoteBox) -> Result<(), RuleViolation> {
    check_leads(account)?;
    if let Some(payee) = note.payee().filter(|p| *p != account.number()) {
        return Err(RuleViolation::NotPayee { payee });
    }
    let class = account.terms().class;
    if !may_reach(note.spend_on(), class) {
        return Err(RuleViolation::NoteClass {
            allowed: note.spend_on().to_vec(),
            class,
        });
    }
    Ok(())
}

/// May this account, the payer's, take the note back in the next block? Twin of the refund in `contracts/note.es`.
///
/// # Errors
/// [`RuleViolation::NotPayer`], [`RuleViolation::NotExpired`] with the height from which on it may.
pub fn check_refund(
    account: &AccountBox,
    note: &NoteBox,
    height: Height,
) -> Result<(), RuleViolation> {
    check_leads(account)?;
    if note.payer() != account.number() {
        return Err(RuleViolation::NotPayer {
            payer: note.payer(),
        });
    }
    check_over(note.expiry(), height)
}

/// May this account, the community's, absorb the note in the next block? Twin of the last resort in `contracts/note.es`.
///
/// # Errors
/// [`RuleViolation::NotCommunity`], [`RuleViolation::NotExpired`] with the height from which on it may.
pub fn check_absorb(
    lets: &Lets,
    account: &AccountBox,
    note: &NoteBox,
    height: Height,
) -> Result<(), RuleViolation> {
    check_community(lets, account)?;
    check_over(note.expiry().plus(NoteBox::MAX_LIFE), height)
}

fn check_over(last: Height, height: Height) -> Result<(), RuleViolation> {
    // The script sees the height of the block that includes the transaction: the next one at the earliest.
    match height >= last {
        true => Ok(()),
        false => Err(RuleViolation::NotExpired { last, height }),
    }
}

/// A note is led by an account, and an account that a contract controls by the contract's box: the two cannot both stand
/// first.
///
/// # Errors
/// [`RuleViolation::Controlled`].
pub fn check_leads(account: &AccountBox) -> Result<(), RuleViolation> {
    match account.link() {
        Link::Contract(_) => Err(RuleViolation::Controlled {
            account: account.number(),
        }),
        Link::None | Link::FollowsBox(_) => Ok(()),
    }
}

/// Is a note's life from now to `expiry` within its bounds? A script would clamp it: the payer would not get what he asked
/// for.
///
/// # Errors
/// [`RuleViolation::NoteLife`].
pub fn check_life(height: Height, expiry: Height) -> Result<(), RuleViolation> {
    let life = Blocks(expiry.0.saturating_sub(height.0));
    if (NoteBox::MIN_LIFE..=NoteBox::MAX_LIFE).contains(&life) {
        Ok(())
    } else {
        Err(RuleViolation::NoteLife {
            life,
            least: NoteBox::MIN_LIFE,
            most: NoteBox::MAX_LIFE,
        })
    }
}

/// Is the account young enough to lead notes in the next block? Twin of "fresh" in `contracts/note.es`.
///
/// # Errors
/// [`RuleViolation::TooOld`].
pub fn check_fresh(account: &AccountBox, height: Height) -> Result<(), RuleViolation> {
    let created = account.created();
    if created.plus(Blocks::STORAGE_PERIOD).0 > height.0.saturating_add(1) {
        Ok(())
    } else {
        Err(RuleViolation::TooOld { created })
    }
}

/// Is each of these notes there once? A box is spent once.
///
/// # Errors
/// [`RuleViolation::NoteTwice`].
pub fn check_once<'a>(notes: impl IntoIterator<Item = &'a NoteBox>) -> Result<(), RuleViolation> {
    let mut seen = std::collections::HashSet::new();
    for note in notes {
        let id = note.ergo_box().box_id();
        if !seen.insert(id) {
            return Err(RuleViolation::NoteTwice {
                note: id.to_string(),
            });
        }
    }
    Ok(())
}

/// Is this the community's account: does its key follow the charter?
///
/// # Errors
/// [`RuleViolation::NotCommunity`].
pub fn check_community(lets: &Lets, account: &AccountBox) -> Result<(), RuleViolation> {
    match account.state().is_community(lets) {
        true => Ok(()),
        false => Err(RuleViolation::NotCommunity {
            account: account.number(),
        }),
    }
}

/// Is the amount at most the debt that is to be written off? No script asks: a write-off is an ordinary payment.
///
/// # Errors
/// [`RuleViolation::WriteOff`] with the debt.
pub fn check_write_off(debtor: &AccountBox, amount: Amount) -> Result<(), RuleViolation> {
    let debt = Amount::clamped(debtor.balance().debt());
    match amount <= debt {
        true => Ok(()),
        false => Err(RuleViolation::WriteOff {
            debt,
            asked: amount,
        }),
    }
}
