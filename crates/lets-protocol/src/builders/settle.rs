//! Several members pay each other in one transaction: all of it happens, or nothing.

use super::trade::{Change, Other, Plan, Trade, TradeError};
use crate::amount::Amount;
use crate::boxes::account::AccountBox;
use crate::boxes::{AccountNumber, Lets};
use crate::proposal::{Funding, TxKind, TxParams};
use crate::rules::{Flow, RuleViolation};

/// One payment among those that are settled together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Who pays.
    pub from: AccountNumber,
    /// Whom.
    pub to: AccountNumber,
    /// How much.
    pub amount: Amount,
}

/// Lays out one transaction with all these payments between `accounts`, of which the payer of the first leads and pays the
/// fee. Everybody who pays in any leg must sign, also if he gets more in others; who only gets paid need not. Whoever pays
/// must own his account by a key in it: of a key that follows a box, and of a contract, there is no settlement.
///
/// # Errors
/// [`RuleViolation::NoParty`] for a leg whose account is not among `accounts`; otherwise [`TradeError`].
pub fn settle(
    lets: &Lets,
    accounts: &[AccountBox],
    legs: &[Leg],
    funding: Option<&Funding>,
    params: TxParams,
) -> Result<Trade, TradeError> {
    let first = legs.first().ok_or(RuleViolation::ZeroAmount)?;
    for leg in legs {
        if leg.amount == Amount::ZERO {
            return Err(RuleViolation::ZeroAmount.into());
        }
        if leg.from == leg.to {
            return Err(RuleViolation::SelfPayment.into());
        }
    }
    let party = |number: AccountNumber| {
        let found = accounts.iter().find(|a| a.number() == number);
        found.ok_or(RuleViolation::NoParty { account: number })
    };
    let flow_of = |number: AccountNumber| {
        legs.iter().fold(Flow::default(), |flow, leg| Flow {
            gained: flow.gained
                + if leg.to == number {
                    leg.amount.units()
                } else {
                    0
                },
            paid: flow.paid
                + if leg.from == number {
                    leg.amount.units()
                } else {
                    0
                },
        })
    };
    let leader = party(first.from)?;
    let mut others: Vec<Other<'_>> = Vec::new();
    for number in legs.iter().flat_map(|leg| [leg.from, leg.to]) {
        let account = party(number)?;
        let known = others.iter().any(|o| o.account.number() == number);
        if number != leader.number() && !known {
            let flow = flow_of(number);
            others.push(Other {
                account,
                flow,
                signs: flow.paid > 0,
            });
        }
    }
    Plan {
        lets,
        kind: TxKind::Settle,
        leader,
        followed: None,
        change: Change::default(),
        taken: Vec::new(),
        others,
        notes: Vec::new(),
        flow: flow_of(leader.number()),
        memos: Vec::new(),
    }
    .finish(params, funding)
}
