//! The twins of `contracts/open_pot.es`.

mod first_pot;
mod violation;

pub use first_pot::{FirstPotFault, check_first_pot};
pub use violation::OpenViolation;

use crate::amount::Amount;
use crate::boxes::account::{AccountBox, Terms};
use crate::boxes::open_pot::{OpenPotBox, Seen};
use crate::boxes::oracle::OracleBox;
use crate::boxes::policy::{Kind, Mark, Policy};
use crate::units::{Blocks, Height, NanoErg};

/// A rate that counts in the next block, and what the pot then has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// nanoErg per quantity, within the policy's range.
    pub rate: i64,
    /// What the oracle says, if that is outside the range: such a rate prices redemptions and nothing else.
    pub beyond: Option<i64>,
    /// The pot's register R4 afterwards.
    pub seen: Seen,
}

/// The height that the script sees at the earliest.
fn next(height: Height) -> i64 {
    height.as_i64() + 1
}

/// The oracle's rate, if it is known: O1, O2.
///
/// # Errors
/// [`OpenViolation::OracleAge`], [`OpenViolation::OracleSilent`].
pub fn check_known(
    pot: &OpenPotBox,
    oracle: &OracleBox,
    height: Height,
) -> Result<Quote, OpenViolation> {
    let limits = pot.policy().oracle;
    let created = oracle.created();
    if created.as_i64() + i64::from(limits.oldest.0) <= next(height) {
        return Err(OpenViolation::OracleAge {
            created,
            oldest: limits.oldest,
            height,
        });
    }
    if is_unsafe(pot, height) {
        let seen = pot.seen().created;
        return Err(OpenViolation::OracleSilent { seen, height });
    }
    let rate = oracle
        .rate()
        .clamp(limits.least, limits.highest.max(limits.least));
    Ok(Quote {
        rate,
        beyond: Some(oracle.rate()).filter(|r| *r != rate),
        seen: Seen {
            created: created.as_i64(),
            rate,
        },
    })
}

/// A box of the pool that the pot has not seen may have become storage rent.
fn is_unsafe(pot: &OpenPotBox, height: Height) -> bool {
    let end = pot.seen().created.saturating_add(i64::from(Seen::SAFE.0));
    next(height) >= end
}

/// The oracle's rate, if it is pressing: known, and not below the least. Above the highest it counts as the highest.
///
/// # Errors
/// As [`check_known`], [`OpenViolation::OracleRange`].
pub fn check_pressing(
    pot: &OpenPotBox,
    oracle: &OracleBox,
    height: Height,
) -> Result<Quote, OpenViolation> {
    let quote = check_known(pot, oracle, height)?;
    match quote.beyond {
        Some(rate) if rate < quote.rate => Err(beyond(pot, rate)),
        _ => Ok(quote),
    }
}

fn beyond(pot: &OpenPotBox, rate: i64) -> OpenViolation {
    OpenViolation::OracleRange {
        rate,
        least: pot.policy().oracle.least,
        highest: pot.policy().oracle.highest,
    }
}

/// The oracle's rate, if it is live: O1 to O3.
///
/// # Errors
/// As [`check_known`], [`OpenViolation::OracleRange`].
pub fn check_live(
    pot: &OpenPotBox,
    oracle: &OracleBox,
    height: Height,
) -> Result<Quote, OpenViolation> {
    let quote = check_known(pot, oracle, height)?;
    match quote.beyond {
        None => Ok(quote),
        Some(rate) => Err(beyond(pot, rate)),
    }
}

/// Is the oracle dead? O4. `None` is one whose box is not to be found.
///
/// # Errors
/// [`OpenViolation::OracleAlive`] with the height from which it is.
pub fn check_dead(
    pot: &OpenPotBox,
    oracle: Option<&OracleBox>,
    height: Height,
) -> Result<(), OpenViolation> {
    let dead = pot.policy().oracle.dead;
    let old = oracle.map(|o| o.created().plus(dead));
    if is_unsafe(pot, height) || old.is_some_and(|end| end.as_i64() < next(height)) {
        return Ok(());
    }
    let silent = pot.seen().created.saturating_add(i64::from(Seen::SAFE.0));
    let silent = Height(u32::try_from(silent).unwrap_or(u32::MAX));
    Err(OpenViolation::OracleAlive {
        from: old.map_or(silent, |end| end.plus(Blocks(1)).min(silent)),
    })
}

/// May the account be frozen? C4: the oracle is dead, or pressing and the line above the margin's worth.
///
/// # Errors
/// [`OpenViolation::OracleAlive`], or [`OpenViolation::Secured`] with the line in the debt's place.
pub fn check_freeze(
    pot: &OpenPotBox,
    oracle: Option<&OracleBox>,
    account: &AccountBox,
    height: Height,
) -> Result<Option<Quote>, OpenViolation> {
    let alive = match check_dead(pot, oracle, height) {
        Ok(()) => return Ok(None),
        Err(alive) => alive,
    };
    let pressing = oracle.and_then(|o| check_pressing(pot, o, height).ok());
    let quote = pressing.ok_or(alive)?;
    let (line, most) = (
        account.terms().line,
        margin_debt(pot.policy(), &quote, account),
    );
    match line > most {
        true => Ok(Some(quote)),
        false => Err(OpenViolation::Secured { debt: line, most }),
    }
}

/// Is this a pot of that kind?
///
/// # Errors
/// [`OpenViolation::Kind`].
pub fn check_kind(pot: &OpenPotBox, kind: Kind, action: &'static str) -> Result<(), OpenViolation> {
    match pot.policy().kind {
        found if found == kind => Ok(()),
        found => Err(OpenViolation::Kind {
            action,
            kind,
            found,
        }),
    }
}

/// Units that so much ERG covers.
fn covered(policy: &Policy, quote: &Quote, percent: i64, backing: NanoErg) -> i64 {
    let backing = i64::try_from(backing.0).unwrap_or(i64::MAX);
    backing / policy.price(quote.rate, percent)
}

/// nanoErg that so many units must have at the cover.
pub fn cover_of(policy: &Policy, quote: &Quote, units: Amount) -> NanoErg {
    let price = i128::from(policy.price(quote.rate, policy.cover));
    NanoErg(u64::try_from(price * i128::from(units.units())).unwrap_or(u64::MAX))
}

/// So many units against so much ERG: J13, J16, W9, B5.
///
/// # Errors
/// [`OpenViolation::Cover`] with what is covered and what would be needed.
pub fn check_cover(
    policy: &Policy,
    quote: &Quote,
    units: Amount,
    backing: NanoErg,
) -> Result<(), OpenViolation> {
    let most = covered(policy, quote, policy.cover, backing);
    match units.units() <= most {
        true => Ok(()),
        false => Err(OpenViolation::Cover {
            asked: units,
            most: Amount::clamped(most),
            backing,
            needed: cover_of(policy, quote, units),
        }),
    }
}

/// No more than the policy gives, or just that where it is fixed: J13, J14, J16, W4, B3.
///
/// # Errors
/// [`OpenViolation::Credit`].
pub fn check_credit(policy: &Policy, units: Amount) -> Result<(), OpenViolation> {
    match units == policy.credit || (units < policy.credit && policy.kind.has_rate()) {
        true => Ok(()),
        false => Err(OpenViolation::Credit {
            kind: policy.kind,
            asked: units,
            most: policy.credit,
        }),
    }
}

/// Has the account's lock ended by the next block? W6, X5.
///
/// # Errors
/// [`OpenViolation::Locked`] with the first height at which it has.
pub fn check_lock(account: &AccountBox, height: Height) -> Result<(), OpenViolation> {
    let end = account.terms().class;
    match next(height) > end {
        true => Ok(()),
        false => Err(OpenViolation::Locked {
            until: end.saturating_add(1),
            height,
        }),
    }
}

/// The account's ERG between the policy's floor and its own: what is above that its owner takes out when he likes. C3, C4, D4.
pub fn collateral(policy: &Policy, account: &AccountBox) -> NanoErg {
    let held = account.value().min(account.terms().floor);
    held.minus(policy.floor).unwrap_or_default()
}

/// The most debt that the account's collateral carries at the margin.
pub fn margin_debt(policy: &Policy, quote: &Quote, account: &AccountBox) -> Amount {
    Amount::clamped(covered(
        policy,
        quote,
        policy.margin,
        collateral(policy, account),
    ))
}

/// Is the account's debt above the margin? C3, D4.
///
/// # Errors
/// [`OpenViolation::Secured`].
pub fn check_under(
    policy: &Policy,
    quote: &Quote,
    account: &AccountBox,
) -> Result<(), OpenViolation> {
    let (debt, most) = (
        account.balance().debt(),
        margin_debt(policy, quote, account),
    );
    match debt > most.units() {
        true => Ok(()),
        false => Err(OpenViolation::Secured {
            debt: Amount::clamped(debt),
            most,
        }),
    }
}

/// The highest rate at which the account's collateral carries its debt at the margin; `None` if it owes nothing.
pub fn margin_rate(policy: &Policy, account: &AccountBox) -> Option<i64> {
    let debt = i128::from(account.balance().debt());
    // The price may be so much a unit, and prices are rounded down.
    let price = i128::from(collateral(policy, account).0).checked_div(debt)?;
    let hundredths = 100 * i128::from(policy.units_per_quantity);
    let margin = i128::from(policy.margin.max(1));
    let past = ((price + 1) * hundredths + margin - 1) / margin;
    Some(i64::try_from(past - 1).unwrap_or(i64::MAX))
}

/// The most units of the account's debt for which its collateral pays in full, of at most `most`; none if
/// that is less than may be liquidated.
pub fn worth_paying(policy: &Policy, quote: &Quote, account: &AccountBox, most: Amount) -> Amount {
    let debt = Amount::clamped(account.balance().debt());
    let above = account.value().minus(policy.floor).unwrap_or_default();
    let above = i64::try_from(above.0).unwrap_or(i64::MAX);
    let paid = Amount::clamped(above / taken_each(policy, quote, account));
    let units = debt.min(paid).min(most);
    match units < debt && units < policy.smallest_liquidation {
        true => Amount::ZERO,
        false => units,
    }
}

/// The first number of an account's terms that no step of an open pot with this policy can have made: J8, J11, J15, W4, W5, W7.
pub fn foreign_term(policy: &Policy, terms: &Terms) -> Option<&'static str> {
    let made = policy.terms(Amount::ZERO, terms.floor, Height(0));
    let collateral = policy.kind == Kind::Lets1;
    let granted = match policy.kind {
        Kind::Lets1 => terms.line <= policy.credit && terms.issued >= terms.line,
        Kind::Lets2 => terms.line == policy.credit && terms.issued == policy.credit,
        Kind::Lets3 | Kind::Lets4 => terms.line == Amount::ZERO && terms.issued == Amount::ZERO,
    };
    let loan = |t: &Terms| (t.largest_draw, t.draw_limit, t.longest_debt, t.draw_rate);
    let marks: &[i64] = terms.spend_on.as_slice();
    [
        ("cap", terms.cap == made.cap),
        ("loan rules", loan(terms) == loan(&made)),
        ("credit line", granted),
        (
            "ERG floor",
            terms.floor == policy.floor || (collateral && terms.floor > policy.floor),
        ),
        ("lock", terms.class == 0 || collateral),
        (
            "mark",
            marks.is_empty() || (collateral && matches!(marks, [mark] if *mark <= 0)),
        ),
    ]
    .into_iter()
    .find_map(|(what, good)| (!good).then_some(what))
}

/// May the account be called, or frozen? C3, C4: not if it already is, but a call whose time to liquidate is over may be made
/// anew.
///
/// # Errors
/// [`OpenViolation::Marked`].
pub fn check_unmarked(
    policy: &Policy,
    account: &AccountBox,
    mark: Mark,
    height: Height,
) -> Result<(), OpenViolation> {
    let lapsed = |called: Height| next(height) > window(policy, called).1;
    match (Mark::of(account.terms()), mark) {
        (None, _) | (Some(Mark::Frozen), Mark::Called(_)) => Ok(()),
        (Some(Mark::Called(called)), Mark::Called(_)) if lapsed(called) => Ok(()),
        (Some(since), _) => Err(OpenViolation::Marked { since }),
    }
}

/// The first and the last height at which a debt called then may be liquidated.
fn window(policy: &Policy, called: Height) -> (i64, i64) {
    let over = called.as_i64() + i64::from(policy.grace.0);
    (over + 1, over + i64::from(policy.window.0))
}

/// May so many units of the account's debt be paid for its collateral? D1, D2, D4 to D6.
///
/// # Errors
/// [`OpenViolation::NotCalled`], [`OpenViolation::Grace`], [`OpenViolation::Lapsed`], [`OpenViolation::Secured`],
/// [`OpenViolation::Debt`], [`OpenViolation::Smallest`].
pub fn check_liquidation(
    policy: &Policy,
    quote: &Quote,
    account: &AccountBox,
    units: Amount,
    height: Height,
) -> Result<(), OpenViolation> {
    let Some(Mark::Called(called)) = Mark::of(account.terms()) else {
        return Err(OpenViolation::NotCalled);
    };
    let (from, until) = window(policy, called);
    if next(height) < from {
        return Err(OpenViolation::Grace { from, height });
    }
    if next(height) > until {
        return Err(OpenViolation::Lapsed { until, height });
    }
    check_under(policy, quote, account)?;
    let debt = Amount::clamped(account.balance().debt());
    if units > debt {
        return Err(OpenViolation::Debt { asked: units, debt });
    }
    let smallest = policy.smallest_liquidation;
    if units < debt && units < smallest || units == Amount::ZERO {
        return Err(OpenViolation::Smallest {
            asked: units,
            smallest: smallest.min(debt),
        });
    }
    Ok(())
}

/// The nanoErg that one unit of the account's debt takes: the price and the discount, and not more than the unit's part of
/// the collateral unless that is less than the price; at least 1. D7.
fn taken_each(policy: &Policy, quote: &Quote, account: &AccountBox) -> i64 {
    let price = |percent| policy.price(quote.rate, percent);
    let above = account.value().minus(policy.floor).unwrap_or_default();
    let above = i64::try_from(above.0).unwrap_or(i64::MAX);
    let part = above / account.balance().debt().max(1);
    price(100_i64.saturating_add(policy.discount)).min(part.max(price(100)))
}

/// The ERG that whoever pays so many units of the account's debt may take: D7, D8.
pub fn taken(policy: &Policy, quote: &Quote, account: &AccountBox, units: Amount) -> NanoErg {
    let each = i128::from(taken_each(policy, quote, account));
    let most = u64::try_from(each * i128::from(units.units())).unwrap_or(u64::MAX);
    let above = account.value().minus(policy.floor).unwrap_or_default();
    NanoErg(most.min(above.0))
}

/// The ERG that the pot gives for so many units: M2, M3; M4 with a dead oracle, which is `None`.
pub fn redeemed(pot: &OpenPotBox, quote: Option<&Quote>, units: Amount) -> NanoErg {
    let share = pot.share();
    let each = match quote {
        Some(quote) => share.min(pot.policy().price(quote.rate, 100)),
        None => share.min(pot.policy().price(pot.seen().rate, pot.policy().cover)),
    };
    let erg = i128::from(each) * i128::from(units.units());
    NanoErg(u64::try_from(erg).unwrap_or_default())
}
