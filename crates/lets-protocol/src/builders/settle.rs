//! Several members pay each other in one transaction: all of it happens, or nothing.

use super::trade::{Change, Other, Plan, Trade, TradeError};
use crate::amount::Amount;
use crate::boxes::account::AccountBox;
use crate::boxes::{AccountNumber, Lets};
use crate::proposal::{Funding, TxKind, TxParams};
use crate::rules::{self, Flow, RuleViolation};
use crate::units::Height;

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
    let parties = parties(accounts, legs)?;
    let ((leader, flow), others) = parties.split_first().ok_or(RuleViolation::ZeroAmount)?;
    let others = others
        .iter()
        .map(|(account, flow)| Other {
            account,
            flow: *flow,
            signs: flow.paid > 0,
        })
        .collect();
    Plan {
        lets,
        kind: TxKind::Settle,
        leader,
        followed: None,
        change: Change::default(),
        taken: Vec::new(),
        others,
        notes: Vec::new(),
        flow: *flow,
        memos: Vec::new(),
    }
    .finish(params, funding)
}

/// A rule that stands in the way of a settlement, and whose account it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyViolation {
    /// The account.
    pub account: AccountNumber,
    /// The rule.
    pub violation: RuleViolation,
}

/// May these payments be settled together? [`settle`] refuses the same; this one says whose account stands in the way.
///
/// # Errors
/// The first [`PartyViolation`], in the order in which the payments name the accounts.
pub fn check_settle(
    accounts: &[AccountBox],
    legs: &[Leg],
    height: Height,
) -> Result<(), PartyViolation> {
    let of = |account: AccountNumber| {
        move |violation: RuleViolation| PartyViolation { account, violation }
    };
    for leg in legs {
        check_leg(leg).map_err(of(leg.from))?;
        for number in [leg.from, leg.to] {
            party(accounts, number).map_err(of(number))?;
        }
    }
    let Ok(parties) = parties(accounts, legs) else {
        return Ok(());
    };
    for (at, (account, flow)) in parties.iter().enumerate() {
        let whose = of(account.number());
        if at == 0 {
            rules::check_leads(account).map_err(whose)?;
        }
        if flow.paid == 0 {
            rules::check_direct_gain(account, Amount::clamped(flow.gained)).map_err(whose)?;
            continue;
        }
        let classes: Vec<i64> = parties
            .iter()
            .filter(|(other, _)| other.number() != account.number())
            .map(|(other, _)| other.terms().class)
            .collect();
        rules::check_spend(account, *flow, at == 0, height, &classes).map_err(whose)?;
    }
    Ok(())
}

fn check_leg(leg: &Leg) -> Result<(), RuleViolation> {
    if leg.amount == Amount::ZERO {
        return Err(RuleViolation::ZeroAmount);
    }
    match leg.from == leg.to {
        true => Err(RuleViolation::SelfPayment),
        false => Ok(()),
    }
}

fn party(accounts: &[AccountBox], number: AccountNumber) -> Result<&AccountBox, RuleViolation> {
    let found = accounts.iter().find(|a| a.number() == number);
    found.ok_or(RuleViolation::NoParty { account: number })
}

/// The accounts in the order in which the payments name them, and what each gets and pays.
fn parties<'a>(
    accounts: &'a [AccountBox],
    legs: &[Leg],
) -> Result<Vec<(&'a AccountBox, Flow)>, RuleViolation> {
    legs.iter().try_for_each(check_leg)?;
    let mut parties: Vec<(&AccountBox, Flow)> = Vec::new();
    for number in legs.iter().flat_map(|leg| [leg.from, leg.to]) {
        if !parties.iter().any(|(known, _)| known.number() == number) {
            parties.push((party(accounts, number)?, flow_of(legs, number)));
        }
    }
    Ok(parties)
}

/// What the payments bring to the account and take from it.
pub(crate) fn flow_of(legs: &[Leg], number: AccountNumber) -> Flow {
    let sum = |one: fn(&Leg) -> AccountNumber| {
        legs.iter()
            .filter(|leg| one(leg) == number)
            .fold(0, |sum: i64, leg| sum.saturating_add(leg.amount.units()))
    };
    Flow {
        gained: sum(|leg| leg.to),
        paid: sum(|leg| leg.from),
    }
}
