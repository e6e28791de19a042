//! A member pays: directly into other accounts, or by notes that their payees claim.

use super::trade::{Change, Draught, Other, Plan, Trade, TradeError};
use crate::amount::Amount;
use crate::boxes::Lets;
use crate::boxes::account::AccountBox;
use crate::boxes::note::NoteBox;
use crate::proposal::{Funding, Proposal, TxKind, TxParams};
use crate::rules::{self, Flow, RuleViolation};
use crate::units::Height;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};

/// Whose account leads a transaction, and what it brings along.
#[derive(Debug, Clone, Copy)]
pub struct Spender<'a> {
    /// The account; its owner signs.
    pub account: &'a AccountBox,
    /// Notes to claim in the same transaction.
    pub claims: &'a [NoteBox],
    /// The box whose key the account follows, if it follows one.
    pub followed: Option<&'a ErgoBox>,
    /// What pays for what the account's own spare ERG does not cover.
    pub funding: Option<&'a Funding>,
}

impl<'a> Spender<'a> {
    /// The account alone, with nothing to claim.
    pub fn new(account: &'a AccountBox) -> Self {
        Self {
            account,
            claims: &[],
            followed: None,
            funding: None,
        }
    }
}

/// Where a payment goes.
#[derive(Debug, Clone)]
pub enum Payee<'a> {
    /// Into this account's box, which the payment spends.
    Direct(&'a AccountBox),
    /// Into a note that this account can claim, or the payer take back after the expiry.
    Note {
        /// The payee.
        to: &'a AccountBox,
        /// The note's last height.
        expiry: Height,
    },
    /// Into a note that any account can claim whose owner proves the claimant besides.
    Bearer {
        /// What a claim must prove.
        claimant: SigmaProp,
        /// The note's last height.
        expiry: Height,
    },
}

/// One payment.
#[derive(Debug, Clone)]
pub struct Payment<'a> {
    /// To whom, and how.
    pub to: Payee<'a>,
    /// How much.
    pub amount: Amount,
    /// What it is for, sealed; empty is nothing. It stands on the chain for everybody to see.
    pub memo: Vec<u8>,
}

/// Makes these payments in one transaction, all or none. The payer signs.
///
/// # Errors
/// [`TradeError`] naming the rule in the way and the most that would pass it.
pub fn pay(
    lets: &Lets,
    payer: Spender<'_>,
    payments: Vec<Payment<'_>>,
    params: TxParams,
) -> Result<Trade, TradeError> {
    pay_as(TxKind::Pay, lets, payer, payments, params)
}

pub(crate) fn pay_as(
    kind: TxKind,
    lets: &Lets,
    payer: Spender<'_>,
    payments: Vec<Payment<'_>>,
    params: TxParams,
) -> Result<Trade, TradeError> {
    let paid = payments
        .iter()
        .fold(0, |sum: i64, p| sum.saturating_add(p.amount.units()));
    let mut others: Vec<Other<'_>> = Vec::new();
    let mut notes = Vec::new();
    let mut memos = Vec::new();
    for payment in payments {
        let note = |payee, claimant, expiry, memo| Draught {
            payee,
            claimant,
            amount: payment.amount,
            expiry,
            memo,
        };
        match payment.to {
            Payee::Direct(account) => {
                check_direct(payer.account, &others, account, payment.amount)?;
                others.push(Other {
                    account,
                    flow: Flow::into(payment.amount),
                    signs: false,
                });
                memos.push(payment.memo);
            }
            Payee::Note { to, expiry } => {
                notes.push(note(Some(to), anybody(), expiry, payment.memo));
            }
            Payee::Bearer { claimant, expiry } => {
                notes.push(note(None, claimant, expiry, payment.memo));
            }
        }
    }
    if memos.iter().all(Vec::is_empty) {
        memos.clear();
    }
    let gained = claimed(payer.account, payer.claims)?;
    Plan {
        lets,
        kind,
        leader: payer.account,
        followed: payer.followed,
        change: Change::default(),
        taken: payer.claims.iter().collect(),
        others,
        notes,
        flow: Flow { gained, paid },
        memos,
    }
    .finish(params, payer.funding)
}

/// The claimant of a note to a named payee: nothing besides his account's own proof.
fn anybody() -> SigmaProp {
    SigmaProp::new(SigmaBoolean::TrivialProp(true))
}

fn check_direct(
    payer: &AccountBox,
    others: &[Other<'_>],
    payee: &AccountBox,
    amount: Amount,
) -> Result<(), RuleViolation> {
    if amount == Amount::ZERO {
        return Err(RuleViolation::ZeroAmount);
    }
    if payee.number() == payer.number() {
        return Err(RuleViolation::SelfPayment);
    }
    if others.iter().any(|o| o.account.number() == payee.number()) {
        return Err(RuleViolation::PayeeTwice {
            payee: payee.number(),
        });
    }
    Ok(())
}

/// Units that the account gains by claiming these notes.
pub(crate) fn claimed(account: &AccountBox, notes: &[NoteBox]) -> Result<i64, RuleViolation> {
    let mut sum: i64 = 0;
    for note in notes {
        rules::check_claim(account, note)?;
        sum = sum.saturating_add(note.amount().units());
    }
    Ok(sum)
}

/// Pays `amount` from `payer` to `payee`, account to account. The payer signs. The fee comes out of the ERG that the
/// payer's account holds above its floor, or else out of `funding`.
///
/// # Errors
/// [`TradeError`] naming the rule in the way and the most that would pass it.
pub fn pay_direct(
    lets: &Lets,
    payer: &AccountBox,
    payee: &AccountBox,
    amount: Amount,
    funding: Option<&Funding>,
    params: TxParams,
) -> Result<(Proposal, AccountBox, AccountBox), TradeError> {
    let spender = Spender {
        funding,
        ..Spender::new(payer)
    };
    let payment = Payment {
        to: Payee::Direct(payee),
        amount,
        memo: Vec::new(),
    };
    let trade = pay(lets, spender, vec![payment], params)?;
    let [payee] = <[AccountBox; 1]>::try_from(trade.others)
        .map_err(|_| crate::BuildError::Transaction("the payee's box is not made".to_owned()))?;
    Ok((trade.proposal, trade.leader, payee))
}
