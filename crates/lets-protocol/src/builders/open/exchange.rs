//! A member of a LETS-3 buys units with ERG, or gives units back for ERG.

use super::{AtPot, OpenError, check_own_key};
use crate::amount::Amount;
use crate::boxes::account::AccountBox;
use crate::boxes::open_pot::OpenPotBox;
use crate::boxes::policy::Kind;
use crate::proposal::{Funding, Proposal, TxKind};
use crate::rules::RuleViolation;
use crate::rules::open::{self, OpenViolation};
use crate::units::NanoErg;

/// What an exchange makes.
#[derive(Debug, Clone)]
pub struct Exchanged {
    /// The transaction.
    pub proposal: Proposal,
    /// The pot.
    pub pot: OpenPotBox,
    /// The account.
    pub account: AccountBox,
    /// ERG that went into the pot's reserve, or came out of it.
    pub erg: NanoErg,
}

/// Buys `units` at the oracle's rate and the policy's cover: the ERG goes from `funding` into the pot's reserve. The owner
/// signs.
///
/// # Errors
/// [`OpenError`] naming the rule in the way, and what would pass.
pub fn buy(
    at: AtPot<'_>,
    account: &AccountBox,
    units: Amount,
    funding: &Funding,
) -> Result<Exchanged, OpenError> {
    let policy = at.pot.policy();
    check(at, account, units, "buying units")?;
    open::check_credit(policy, units)?;
    let (cap, balance) = (account.terms().cap, account.balance());
    if balance.units().saturating_add(units.units()) > cap.units() {
        return Err(OpenViolation::Cap {
            cap,
            balance,
            asked: units,
        }
        .into());
    }
    let quote = at.live()?;
    let erg = open::cover_of(policy, &quote, units);
    at.check_left(0, units.units())?;
    let mut pot_after = at.pot.successor();
    pot_after.units -= units.units();
    pot_after.value = at.pot.value().plus(erg);
    pot_after.seen = quote.seen;
    let mut after = account.successor();
    after.units += units.units();
    let (proposal, pot, account) =
        at.step(TxKind::Exchange, true, account, pot_after, after, funding)?;
    Ok(Exchanged {
        proposal,
        pot,
        account,
        erg,
    })
}

/// Gives `units` back for their price or their share of the reserve, whatever is less (with a dead oracle
/// the last price at the cover in the place of the price): the ERG goes to `funding`. The owner signs.
///
/// # Errors
/// [`OpenError`] naming the rule in the way, and what would pass.
pub fn redeem(
    at: AtPot<'_>,
    account: &AccountBox,
    units: Amount,
    funding: &Funding,
) -> Result<Exchanged, OpenError> {
    check(at, account, units, "redeeming units")?;
    let balance = account.balance();
    if units.units() > balance.credit() {
        return Err(OpenViolation::NotHeld {
            asked: units,
            balance,
        }
        .into());
    }
    let height = at.params.height;
    let known = at
        .oracle()
        .and_then(|o| open::check_known(at.pot, o, height));
    let quote = match known {
        Ok(quote) => Some(quote),
        Err(unknown) => {
            open::check_dead(at.pot, at.oracle, height).map_err(|_| unknown)?;
            None
        }
    };
    let erg = open::redeemed(at.pot, quote.as_ref(), units);
    let mut pot_after = at.pot.successor();
    pot_after.units += units.units();
    pot_after.value = at.pot.value().minus(erg).unwrap_or_default();
    pot_after.seen = quote.map_or(pot_after.seen, |q| q.seen);
    let mut after = account.successor();
    after.units -= units.units();
    let (proposal, pot, account) =
        at.step(TxKind::Exchange, true, account, pot_after, after, funding)?;
    Ok(Exchanged {
        proposal,
        pot,
        account,
        erg,
    })
}

fn check(
    at: AtPot<'_>,
    account: &AccountBox,
    units: Amount,
    action: &'static str,
) -> Result<(), OpenError> {
    open::check_kind(at.pot, Kind::Lets3, action)?;
    check_own_key(account)?;
    match units == Amount::ZERO {
        true => Err(OpenError::Rule(RuleViolation::ZeroAmount)),
        false => Ok(()),
    }
}
