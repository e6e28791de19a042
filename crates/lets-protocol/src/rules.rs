//! The off-chain twins of the scripts' rules: each refuses before the script would, and says by how much.

mod change;
mod notes;
pub mod open;
mod recovery;
mod violation;

pub use change::{check_announce, check_enact};
pub use notes::{
    check_absorb, check_claim, check_community, check_fresh, check_leads, check_life, check_once,
    check_refund, check_write_off,
};
pub use recovery::{
    RecoveryBar, START_AHEAD, check_complete, check_expel, check_heir_size, check_start,
};
pub use violation::RuleViolation;

use crate::amount::{Amount, Balance};
use crate::boxes::account::{AccountBox, Settings, Terms};
use crate::boxes::charter::CharterBox;
use crate::boxes::pot::{Counters, PotBox};
use crate::units::{Blocks, Height, NanoErg};

/// A leaky bucket: `used` after the stamp moves as far as `height` allows, and that stamp.
///
/// While some of the bucket remains used, the stamp stops where the last whole unit leaked, so that nothing is lost to
/// rounding.
fn leak(used: i64, stamp: i64, rate: i64, per: i64, height: Height) -> (i64, i64) {
    let passed = (height.as_i64() - stamp).max(0);
    let leaked = i128::from(rate) * i128::from(passed) / i128::from(per);
    if leaked >= i128::from(used) {
        return (0, stamp + passed);
    }
    let needed = match rate {
        0 => 0,
        rate => (leaked * i128::from(per) + i128::from(rate) - 1) / i128::from(rate),
    };
    // Both are at most what they were before: they fit.
    (
        used - i64::try_from(leaked).unwrap_or(0),
        stamp + i64::try_from(needed).unwrap_or(0),
    )
}

/// Units of the draw limit are counted per so many blocks.
const DRAW_RATE_BLOCKS: i64 = 1_000;

/// Units that a transaction brings to an account and takes from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    /// Units that come in: notes claimed or taken back.
    pub gained: i64,
    /// Units that go out: to other accounts and into notes.
    pub paid: i64,
}

impl Flow {
    /// Units that go out, and none that come in.
    pub fn out(amount: Amount) -> Self {
        Self {
            gained: 0,
            paid: amount.units(),
        }
    }

    /// Units that come in, and none that go out.
    pub fn into(amount: Amount) -> Self {
        Self {
            gained: amount.units(),
            paid: 0,
        }
    }

    /// What is left of it in the account.
    pub fn net(self) -> i64 {
        self.gained.saturating_sub(self.paid)
    }
}

struct Draw {
    before: Balance,
    after: Balance,
    drawn: i64,
    gained: i64,
}

impl Draw {
    fn of(account: &AccountBox, flow: Flow) -> Self {
        let before = account.balance();
        let after = Balance::new(before.units().saturating_add(flow.net()));
        Self {
            before,
            after,
            drawn: after.debt() - before.debt(),
            gained: flow.gained,
        }
    }

    /// The most that can be paid if so much credit may be drawn.
    fn most(&self, drawable: i64) -> Amount {
        let own = self.before.credit().saturating_add(self.gained);
        Amount::clamped(own.saturating_add(drawable.max(0)))
    }
}

/// How the owner's counters must stand after a spend that draws `drawn` credit.
fn counters_after(
    account: &AccountBox,
    drawn: i64,
    height: Height,
) -> Result<Settings, RuleViolation> {
    let (terms, own) = (account.terms(), account.settings());
    let in_debt = account.balance().units() < 0;
    let (mut used, mut stamp) = leak(
        own.used,
        own.stamp,
        terms.draw_rate.units(),
        DRAW_RATE_BLOCKS,
        height,
    );
    if !in_debt {
        // A debt that begins now must not look older than it is.
        let now = height.as_i64().max(own.stamp);
        let leaked = terms.draw_rate.units().saturating_mul(now - own.stamp) / DRAW_RATE_BLOCKS;
        (used, stamp) = ((own.used - leaked).max(0), now);
    }
    // The script reckons exactly too: past the largest number nothing can be drawn.
    let counted = used.checked_add(drawn.max(0));
    Ok(Settings {
        stamp,
        used: counted.ok_or(RuleViolation::Counter { used })?,
        debt_since: if in_debt { own.debt_since } else { stamp },
        // His signature refuses the recovery that was pending; what he refuses for good stays refused.
        recovery: own.recovery.filter(|n| *n < 0),
        ..*own
    })
}

/// The owner's settings and counters after a spend of this flow that he leads, whether or not a rule allows it.
///
/// # Errors
/// [`RuleViolation::Counter`].
pub(crate) fn settings_leading(
    account: &AccountBox,
    flow: Flow,
    height: Height,
) -> Result<Settings, RuleViolation> {
    counters_after(account, Draw::of(account, flow).drawn, height)
}

/// The owner's settings and counters after a spend of this flow that he signs beside another leader, whether or not a rule
/// allows it.
///
/// # Errors
/// [`RuleViolation::Counter`].
pub(crate) fn settings_beside(
    account: &AccountBox,
    flow: Flow,
    height: Height,
) -> Result<Settings, RuleViolation> {
    Ok(visibly_signed(
        account,
        settings_leading(account, flow, height)?,
    ))
}

/// Beside another leader the script asks for a signature where settings or units show it. Where they do not, one unit more
/// of credit used does; it leaks away like any other.
pub(crate) fn visibly_signed(account: &AccountBox, mut after: Settings) -> Settings {
    if after == *account.settings() {
        after.used = after.used.saturating_add(1);
    }
    after
}

/// May the owner, by his signature, let these units come and go, in a transaction with other accounts of these classes?
/// `leads`: his account is the first input. Returns the counters of the successor. Twin of the signed path of
/// `contracts/account.es`.
///
/// # Errors
/// The first [`RuleViolation`], with the most that would pass it.
pub fn check_spend(
    account: &AccountBox,
    flow: Flow,
    leads: bool,
    height: Height,
    classes: &[i64],
) -> Result<Settings, RuleViolation> {
    let terms = account.terms();
    let draw = Draw::of(account, flow);
    let asked = Amount::clamped(flow.paid);
    let held = account.units().saturating_add(flow.gained);
    let room = (terms.line.units() - draw.before.debt()).max(0);
    if draw.drawn > 0 && draw.drawn > room {
        return Err(RuleViolation::CreditLine {
            line: terms.line,
            balance: draw.before,
            asked,
            most: draw.most(room).min(Amount::clamped(held)),
        });
    }
    if flow.paid > held {
        return Err(RuleViolation::UnitsHeld {
            held: Amount::clamped(held),
            asked,
        });
    }
    if flow.net() > 0 {
        check_cap(account, Amount::clamped(flow.net()))?;
    }
    let after = counters_after(account, draw.drawn, height)?;
    if draw.drawn > 0 {
        check_loan_rules(terms, &draw, &after, height)?;
    }
    let limit = classes_after(account, flow);
    // A mark: neither an account nor a note is of that class.
    let nobodys = limit.iter().find(|c| **c < 1 && flow.paid > 0);
    let other = classes.iter().find(|c| !may_reach(limit, **c));
    if (leads || flow.net() < 0)
        && let Some(&class) = nobodys.or(other)
    {
        return Err(RuleViolation::PayeeClass {
            allowed: terms.spend_on.clone(),
            class,
            most: Amount::clamped(draw.before.units().saturating_add(flow.gained)),
        });
    }
    Ok(after)
}

/// The classes that the account's units are limited to in such a transaction: they bind while it is in debt after it.
pub fn classes_after(account: &AccountBox, flow: Flow) -> &[i64] {
    match Draw::of(account, flow).after.units() < 0 {
        true => &account.terms().spend_on,
        false => &[],
    }
}

/// Whether units limited to these classes (none is no limit) may reach an account of this one.
fn may_reach(classes: &[i64], class: i64) -> bool {
    classes.is_empty() || classes.contains(&class)
}

fn check_loan_rules(
    terms: &Terms,
    draw: &Draw,
    after: &Settings,
    height: Height,
) -> Result<(), RuleViolation> {
    let drawn = Amount::clamped(draw.drawn);
    if terms.largest_draw > Amount::ZERO && drawn > terms.largest_draw {
        return Err(RuleViolation::LargestDraw {
            largest: terms.largest_draw,
            drawn,
            most: draw.most(terms.largest_draw.units()),
        });
    }
    if terms.draw_limit > Amount::ZERO && after.used > terms.draw_limit.units() {
        let used = after.used - draw.drawn;
        return Err(RuleViolation::DrawLimit {
            limit: terms.draw_limit,
            used: Amount::clamped(used),
            drawn,
            most: draw.most(terms.draw_limit.units() - used),
        });
    }
    // The script sees the height of the block that includes the transaction: the next one at the earliest.
    let next = height.as_i64() + 1;
    if terms.longest_debt > Blocks(0) && next - after.debt_since > i64::from(terms.longest_debt.0) {
        return Err(RuleViolation::LongestDebt {
            longest: terms.longest_debt,
            since: Height(u32::try_from(after.debt_since).unwrap_or(0)),
            most: draw.most(0),
        });
    }
    Ok(())
}

/// May the account gain so much? Twin of the cap in `contracts/account.es`.
///
/// # Errors
/// [`RuleViolation::Cap`] with the most that it can gain.
pub fn check_cap(account: &AccountBox, gain: Amount) -> Result<(), RuleViolation> {
    let cap = account.terms().cap;
    let balance = account.balance();
    if balance.units().saturating_add(gain.units()) > cap.units() {
        return Err(RuleViolation::Cap {
            payee: account.number(),
            cap,
            balance,
            asked: gain,
            most: Amount::clamped(cap.units().saturating_sub(balance.units())),
        });
    }
    Ok(())
}

/// May anybody pay the account so much directly, without its owner's signature? Twin of the unsigned path of
/// `contracts/account.es`.
///
/// # Errors
/// [`RuleViolation::Cap`] or [`RuleViolation::SmallestDirect`].
pub fn check_direct_gain(account: &AccountBox, gain: Amount) -> Result<(), RuleViolation> {
    check_cap(account, gain)?;
    let smallest = account.settings().smallest_direct;
    let settles = account.balance().units().saturating_add(gain.units()) == 0;
    if gain.units() < smallest && !settles {
        return Err(RuleViolation::SmallestDirect {
            smallest: Amount::clamped(smallest),
            asked: gain,
        });
    }
    Ok(())
}

/// Are the terms inside the charter's bounds? Twin of the terms' check in `contracts/pot.es`.
///
/// # Errors
/// [`RuleViolation::TermsBound`] naming the first that is not.
pub fn check_terms(charter: &CharterBox, terms: &Terms) -> Result<(), RuleViolation> {
    let bounds = charter.bounds();
    let fault = |field, asked, bound| {
        Err(RuleViolation::TermsBound {
            field,
            asked,
            bound,
        })
    };
    if terms.line > bounds.max_line {
        return fault("credit line", terms.line.units(), bounds.max_line.units());
    }
    if terms.cap > bounds.max_cap {
        return fault("cap", terms.cap.units(), bounds.max_cap.units());
    }
    if terms.floor != bounds.account_floor {
        let erg = |n: NanoErg| i64::try_from(n.0).unwrap_or(i64::MAX);
        return fault("ERG floor", erg(terms.floor), erg(bounds.account_floor));
    }
    if terms.draw_rate.units() > Terms::NO_LIMIT_RATE {
        return fault("draw rate", terms.draw_rate.units(), Terms::NO_LIMIT_RATE);
    }
    if terms.spend_on.len() > Terms::MAX_CLASSES {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        return fault(
            "number of classes",
            count(terms.spend_on.len()),
            count(Terms::MAX_CLASSES),
        );
    }
    if !(0..=Amount::MAX.units()).contains(&terms.class) {
        return fault("class", terms.class, Amount::MAX.units());
    }
    let spend_on = terms.spend_on.iter();
    if let Some(&class) = spend_on.clone().find(|c| **c > Amount::MAX.units()) {
        return fault("class to spend on", class, Amount::MAX.units());
    }
    // No note carries one below: `contracts/account.es` C6.
    if let Some(&class) = spend_on.clone().find(|c| **c < 1) {
        return fault("class to spend on", class, 1);
    }
    Ok(())
}

/// What an action of the committee adds to the pot's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Members admitted.
    pub admitted: i64,
    /// Units issued; below 0 they are taken back, which no counter counts.
    pub issued: i64,
    /// Recoveries started.
    pub started: i64,
}

impl Counted {
    /// One admission, with so many units.
    pub fn admission(issued: i64) -> Self {
        Self {
            admitted: 1,
            ..Self::units(issued)
        }
    }

    /// So many units.
    pub fn units(issued: i64) -> Self {
        Self {
            issued,
            ..Self::default()
        }
    }

    /// One start of a recovery.
    pub fn recovery() -> Self {
        Self {
            started: 1,
            ..Self::default()
        }
    }
}

/// May the pot admit so many members, issue so many units and start so many recoveries now? Returns its counters after.
/// Twin of the rates in `contracts/pot.es`.
///
/// # Errors
/// [`RuleViolation::Rate`] with the height from which it would pass.
pub fn check_rates(
    charter: &CharterBox,
    pot: &PotBox,
    adds: Counted,
    height: Height,
) -> Result<Counters, RuleViolation> {
    let (bounds, now) = (charter.bounds(), pot.counters());
    let period = i64::from(bounds.period.0);
    let latest = height.as_i64().max(now.stamp);
    let check = |what, stamp: i64, used: i64, limit: i64, asked: i64| {
        let passed = (stamp - now.stamp).min(period);
        let left = (used - limit.saturating_mul(passed) / period).max(0);
        if asked > 0 && left.saturating_add(asked) > limit {
            let wait = (limit > 0 && asked <= limit).then(|| {
                let excess = i128::from(left + asked - limit);
                let blocks =
                    (excess * i128::from(period) + i128::from(limit) - 1) / i128::from(limit);
                height.plus(Blocks(u32::try_from(blocks).unwrap_or(u32::MAX)))
            });
            return Err(RuleViolation::Rate {
                what,
                limit,
                used: left,
                asked,
                from: wait,
            });
        }
        Ok(left + asked.max(0))
    };
    let counters = |stamp| {
        Ok(Counters {
            stamp,
            admissions: check(
                "admissions",
                stamp,
                now.admissions,
                bounds.admissions,
                adds.admitted,
            )?,
            issued: check(
                "units issued",
                stamp,
                now.issued,
                bounds.issue.units(),
                adds.issued,
            )?,
            recoveries: check(
                "recoveries started",
                stamp,
                now.recoveries,
                bounds.recovery_starts,
                adds.started,
            )?,
        })
    };
    // Admissions and recoveries are few and leak slowly: a stamp at each action would lose the fraction of one that has
    // leaked since. So the stamp stays where the slowest of them leaked last, as long as the limits let it.
    let aligned = |used, rate| leak(used, now.stamp, rate, period, height).1.min(latest);
    let members = aligned(now.admissions, bounds.admissions);
    let both = members.min(aligned(now.recoveries, bounds.recovery_starts));
    counters(both)
        .or_else(|_: RuleViolation| counters(members))
        .or_else(|_| counters(latest))
}

/// An account box stays below so many bytes when its owner spends it (`contracts/account.es`, S8).
pub const SPENT_ACCOUNT_BYTES: usize = 1_600;
/// An account box stays below so many bytes when the committee makes it (`contracts/pot.es`, G3).
pub const SET_ACCOUNT_BYTES: usize = 2_000;
/// An account box stays below so many bytes when somebody joins (`contracts/open_pot.es`, J2).
pub const JOINED_BYTES: usize = 1_500;

/// Is an account box of `size` bytes small enough? `limit` is [`SPENT_ACCOUNT_BYTES`] or [`SET_ACCOUNT_BYTES`].
///
/// # Errors
/// [`RuleViolation::AccountSize`].
pub fn check_account_size(size: usize, limit: usize) -> Result<(), RuleViolation> {
    if size < limit {
        Ok(())
    } else {
        Err(RuleViolation::AccountSize { size, limit })
    }
}

/// May a box of this age be refreshed by anybody?
///
/// # Errors
/// [`RuleViolation::TooYoung`] with the height from which it may.
pub fn check_refresh(created: Height, height: Height) -> Result<(), RuleViolation> {
    let from = created.plus(Blocks::REFRESH_AGE);
    if height < from {
        Err(RuleViolation::TooYoung { created, from })
    } else {
        Ok(())
    }
}

/// The most that the account can pay now, all rules taken together, if `gained` units come in by the same transaction, to
/// a member of this class (`None`: whatever his class).
pub fn most_payable(
    account: &AccountBox,
    gained: Amount,
    height: Height,
    class: Option<i64>,
) -> Amount {
    let gained = gained.units();
    // Each rule that refuses an amount refuses every larger one, but for the cap, which refuses what is too little: a
    // payer can always claim less. Search for the border.
    let classes = class.as_slice();
    let passes = |paid| match check_spend(account, Flow { gained, paid }, true, height, classes) {
        Ok(_) | Err(RuleViolation::Cap { .. }) => true,
        Err(_) => false,
    };
    let (mut pass, mut fail) = (0, account.units().saturating_add(gained).saturating_add(1));
    while fail - pass > 1 {
        let middle = pass + (fail - pass) / 2;
        match passes(middle) {
            true => pass = middle,
            false => fail = middle,
        }
    }
    Amount::clamped(pass)
}
