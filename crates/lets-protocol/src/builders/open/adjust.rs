//! A member of a LETS-1 changes his collateral and his line.

use super::{AtPot, OpenError, check_own_key};
use crate::amount::Amount;
use crate::boxes::account::{AccountBox, Terms};
use crate::boxes::open_pot::OpenPotBox;
use crate::boxes::policy::Kind;
use crate::proposal::{Funding, Proposal, TxKind};
use crate::rules::open;
use crate::units::NanoErg;

/// Gives `account` the line `line` against `collateral` (the ERG that it locks above the policy's floor). More ERG comes
/// out of `funding`, what is freed goes there, and it pays the fee. A mark goes if the oracle is live and all is covered,
/// or nothing is issued any more. The owner signs.
///
/// # Errors
/// [`OpenError`] naming the rule in the way, and what would pass.
pub fn adjust(
    at: AtPot<'_>,
    account: &AccountBox,
    line: Amount,
    collateral: NanoErg,
    funding: &Funding,
) -> Result<(Proposal, OpenPotBox, AccountBox), OpenError> {
    let (policy, terms) = (at.pot.policy(), account.terms());
    open::check_kind(at.pot, Kind::Lets1, "collateral")?;
    check_own_key(account)?;
    open::check_credit(policy, line)?;
    let floor = policy.floor.plus(collateral);
    if floor < terms.floor.min(account.value()) {
        open::check_lock(account, at.params.height)?;
    }
    let issued = Amount::clamped(line.units().max(account.balance().debt()));
    let priced = || {
        let quote = at.live()?;
        open::check_cover(policy, &quote, issued, collateral).map(|()| quote)
    };
    // Without more credit on less collateral no price is needed, and a mark stays.
    let stronger = line <= terms.line && floor >= terms.floor;
    let (quote, spend_on) = match issued == Amount::ZERO {
        true => (None, Vec::new()),
        false => match priced() {
            Ok(quote) => (Some(quote), Vec::new()),
            Err(_) if stronger => (None, terms.spend_on.clone()),
            Err(violation) => return Err(violation.into()),
        },
    };
    let units = issued.units() + account.balance().units();
    let out = units - account.units();
    at.check_left(0, out)?;
    let mut pot_after = at.pot.successor();
    pot_after.units -= out;
    pot_after.seen = quote.map_or(pot_after.seen, |q| q.seen);
    let mut after = account.successor();
    after.units = units;
    after.value = floor.plus(account.spare_erg());
    after.terms = Terms {
        issued,
        line,
        floor,
        spend_on,
        ..terms.clone()
    }
    .to_longs();
    at.step(
        TxKind::Adjust,
        quote.is_some(),
        account,
        pot_after,
        after,
        funding,
    )
}
