//! The off-chain twins of the scripts' rules: each refuses before the script would, and says by how much.

use crate::amount::{Amount, Balance, Currency};
use crate::boxes::AccountNumber;
use crate::boxes::account::{AccountBox, Settings, Terms};
use crate::boxes::charter::CharterBox;
use crate::boxes::pot::{Counters, PotBox};
use crate::units::{Blocks, Height, NanoErg};

/// A rule of the scripts that a transaction would break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleViolation {
    /// `contracts/account.es`, "line": the payment would take the payer below his permitted credit line.
    CreditLine {
        /// The permitted line.
        line: Amount,
        /// The payer's balance now.
        balance: Balance,
        /// What was asked.
        asked: Amount,
        /// The most that would pass this rule.
        most: Amount,
    },
    /// "line", with less units in the account than the permitted line: the pot has to hand out more first.
    UnitsHeld {
        /// Units in the account.
        held: Amount,
        /// What was asked.
        asked: Amount,
    },
    /// "cap": the payment would take the payee above his cap.
    Cap {
        /// The payee.
        payee: AccountNumber,
        /// The payee's cap.
        cap: Amount,
        /// The payee's balance now.
        balance: Balance,
        /// What was asked.
        asked: Amount,
        /// The most that would pass this rule.
        most: Amount,
    },
    /// "largest draw": too much credit drawn in one transaction.
    LargestDraw {
        /// The most credit per transaction.
        largest: Amount,
        /// Credit that would be drawn.
        drawn: Amount,
        /// The most that can be paid under this rule.
        most: Amount,
    },
    /// "draw limit": too much credit drawn over the period.
    DrawLimit {
        /// The limit.
        limit: Amount,
        /// How much of it is used.
        used: Amount,
        /// Credit that would be drawn.
        drawn: Amount,
        /// The most that can be paid under this rule now.
        most: Amount,
    },
    /// "longest debt": in debt for too long to draw more.
    LongestDebt {
        /// The longest time.
        longest: Blocks,
        /// In debt since this height.
        since: Height,
        /// The most that can be paid under this rule: the payer's own credit.
        most: Amount,
    },
    /// "classes": credit may not be spent on this payee's class.
    PayeeClass {
        /// The classes that it may be spent on.
        allowed: Vec<i64>,
        /// The payee's class.
        class: i64,
        /// The most that can be paid to him: the payer's own credit.
        most: Amount,
    },
    /// "smallest direct": less than the payee accepts without his signature.
    SmallestDirect {
        /// The payee's setting.
        smallest: Amount,
        /// What was asked.
        asked: Amount,
    },
    /// Payer and payee are one account.
    SelfPayment,
    /// An amount of zero.
    ZeroAmount,
    /// `contracts/pot.es`: a line, cap or floor outside the charter's bounds.
    TermsBound {
        /// Which of the terms.
        field: &'static str,
        /// What was asked.
        asked: i64,
        /// The most (or, for the floor, the only) value.
        bound: i64,
    },
    /// `contracts/pot.es`: more members or units than the charter's rates allow now.
    Rate {
        /// "admissions" or "units issued".
        what: &'static str,
        /// The limit per period.
        limit: i64,
        /// Counted against it now.
        used: i64,
        /// What was asked.
        asked: i64,
        /// From this height on it would pass, if nothing else is done meanwhile.
        from: Option<Height>,
    },
    /// `contracts/pot.es`, `contracts/application.es`: the application has expired.
    ApplicationExpired {
        /// Its last height.
        expiry: Height,
        /// The height now.
        height: Height,
    },
    /// `contracts/pot.es`: an application with too little ERG for the account's floor and the fee.
    ApplicationValue {
        /// What it holds.
        value: NanoErg,
        /// What it must hold.
        needed: NanoErg,
    },
    /// `contracts/pot.es`: exit with a balance that is not 0.
    ExitBalance {
        /// The balance.
        balance: Balance,
    },
    /// A refresh of a box younger than three years.
    TooYoung {
        /// When the box was made.
        created: Height,
        /// From when on it can be refreshed.
        from: Height,
    },
}

impl RuleViolation {
    /// The rule's name, the same in every version.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::CreditLine { .. } => "credit_line",
            Self::UnitsHeld { .. } => "units_held",
            Self::Cap { .. } => "cap",
            Self::LargestDraw { .. } => "largest_draw",
            Self::DrawLimit { .. } => "draw_limit",
            Self::LongestDebt { .. } => "longest_debt",
            Self::PayeeClass { .. } => "payee_class",
            Self::SmallestDirect { .. } => "smallest_direct",
            Self::SelfPayment => "self_payment",
            Self::ZeroAmount => "zero_amount",
            Self::TermsBound { .. } => "terms_bound",
            Self::Rate { .. } => "rate",
            Self::ApplicationExpired { .. } => "application_expired",
            Self::ApplicationValue { .. } => "application_value",
            Self::ExitBalance { .. } => "exit_balance",
            Self::TooYoung { .. } => "too_young",
        }
    }

    /// The most that would pass this rule, where that is an amount.
    pub fn most(&self) -> Option<Amount> {
        match self {
            Self::CreditLine { most, .. }
            | Self::Cap { most, .. }
            | Self::LargestDraw { most, .. }
            | Self::DrawLimit { most, .. }
            | Self::LongestDebt { most, .. }
            | Self::PayeeClass { most, .. } => Some(*most),
            Self::UnitsHeld { held, .. } => Some(*held),
            _ => None,
        }
    }

    /// The limit that stands in the way, where that is an amount.
    pub fn limit(&self) -> Option<Amount> {
        match self {
            Self::CreditLine { line, .. } => Some(*line),
            Self::Cap { cap, .. } => Some(*cap),
            Self::LargestDraw { largest, .. } => Some(*largest),
            Self::DrawLimit { limit, .. } => Some(*limit),
            Self::SmallestDirect { smallest, .. } => Some(*smallest),
            _ => None,
        }
    }

    /// The whole story in one sentence, in the currency's figures.
    pub fn explain(&self, currency: &Currency) -> String {
        let show = |amount: &Amount| currency.show(*amount);
        let balance_of = |balance: &Balance| currency.show_balance(*balance);
        match self {
            Self::CreditLine {
                line,
                balance,
                asked,
                most,
            } => format!(
                "the payment of {} would pass the credit line of {}: the balance is {}, so the most that can be paid is {}",
                show(asked),
                show(line),
                balance_of(balance),
                show(most)
            ),
            Self::UnitsHeld { held, asked } => format!(
                "the payment of {} is more than the {} units that the account holds: the committee must set its terms anew",
                show(asked),
                show(held)
            ),
            Self::Cap {
                cap,
                balance,
                asked,
                most,
                ..
            } => format!(
                "the payment of {} would pass the payee's cap of {}: his balance is {}, so the most that he can be paid is {}",
                show(asked),
                show(cap),
                balance_of(balance),
                show(most)
            ),
            Self::LargestDraw {
                largest,
                drawn,
                most,
            } => format!(
                "the payment would draw {} of credit, and one transaction may draw {}: the most that can be paid is {}",
                show(drawn),
                show(largest),
                show(most)
            ),
            Self::DrawLimit {
                limit,
                used,
                drawn,
                most,
            } => format!(
                "the payment would draw {} of credit, and of the draw limit of {} already {} is used: the most that can be paid now is {}",
                show(drawn),
                show(limit),
                show(used),
                show(most)
            ),
            Self::LongestDebt {
                longest,
                since,
                most,
            } => format!(
                "in debt since height {since}, longer than {longest}: no more credit can be drawn until the balance has been 0; the most that can be paid is {}",
                show(most)
            ),
            Self::PayeeClass {
                allowed,
                class,
                most,
            } => format!(
                "credit may be spent on classes {allowed:?} only, and the payee's class is {class}: the most that can be paid to him is the payer's own credit, {}",
                show(most)
            ),
            Self::SmallestDirect { smallest, asked } => format!(
                "the payment of {} is less than the {} that the payee accepts directly",
                show(asked),
                show(smallest)
            ),
            Self::SelfPayment => "payer and payee are the same account".to_owned(),
            Self::ZeroAmount => "the amount is zero: there is nothing to pay".to_owned(),
            Self::TermsBound {
                field,
                asked,
                bound,
            } => {
                format!("{field} of {asked} is outside the charter's bound of {bound}")
            }
            Self::Rate {
                what,
                limit,
                used,
                asked,
                from,
            } => {
                let when = match from {
                    Some(height) => format!("it would pass from height {height} on"),
                    None => "it is more than the charter ever allows at once".to_owned(),
                };
                format!(
                    "{asked} {what} more would pass the charter's rate of {limit} per period, of which {used} are used: {when}"
                )
            }
            Self::ApplicationExpired { expiry, height } => {
                format!(
                    "the application expired at height {expiry}, and the height is {height}: the applicant can take it back and apply again"
                )
            }
            Self::ApplicationValue { value, needed } => {
                format!(
                    "the application holds {value}, and the account with its fee needs {needed}"
                )
            }
            Self::ExitBalance { balance } => {
                format!(
                    "the balance is {}: an account can be closed at 0 only",
                    balance_of(balance)
                )
            }
            Self::TooYoung { created, from } => {
                format!(
                    "the box was made at height {created} and can be refreshed from height {from} on"
                )
            }
        }
    }
}

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

struct Draw {
    before: Balance,
    drawn: i64,
    own_credit: i64,
}

impl Draw {
    fn of(account: &AccountBox, units_after: i64) -> Self {
        let before = account.balance();
        let after = Balance::new(units_after - account.terms().issued.units());
        Self {
            before,
            drawn: after.debt() - before.debt(),
            own_credit: before.credit(),
        }
    }

    fn most(&self, drawable: i64) -> Amount {
        Amount::clamped(self.own_credit.saturating_add(drawable.max(0)))
    }
}

/// How the owner's counters must stand after a spend that draws `drawn` credit.
fn counters_after(account: &AccountBox, drawn: i64, height: Height) -> Settings {
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
    Settings {
        stamp,
        used: used + drawn.max(0),
        debt_since: if in_debt { own.debt_since } else { stamp },
        ..*own
    }
}

/// May the owner, by his signature, take the account to `units_after`, paying members of these classes? Returns the
/// counters of the successor. Twin of the signed path of `contracts/account.es`.
///
/// # Errors
/// The first [`RuleViolation`], with the most that would pass it.
pub fn check_spend(
    account: &AccountBox,
    units_after: i64,
    height: Height,
    payee_classes: &[i64],
) -> Result<Settings, RuleViolation> {
    let terms = account.terms();
    let draw = Draw::of(account, units_after);
    let asked = Amount::clamped(account.units() - units_after);
    let room = (terms.line.units() - draw.before.debt()).max(0);
    if draw.drawn > 0 && draw.drawn > room {
        return Err(RuleViolation::CreditLine {
            line: terms.line,
            balance: draw.before,
            asked,
            most: draw.most(room).min(Amount::clamped(account.units())),
        });
    }
    if units_after < 0 {
        return Err(RuleViolation::UnitsHeld {
            held: Amount::clamped(account.units()),
            asked,
        });
    }
    if units_after > account.units() {
        check_cap(account, Amount::clamped(units_after - account.units()))?;
    }
    let after = counters_after(account, draw.drawn, height);
    if draw.drawn > 0 {
        check_loan_rules(terms, &draw, &after, height, payee_classes)?;
    }
    Ok(after)
}

fn check_loan_rules(
    terms: &Terms,
    draw: &Draw,
    after: &Settings,
    height: Height,
    payee_classes: &[i64],
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
    if !terms.spend_on.is_empty()
        && let Some(&class) = payee_classes.iter().find(|c| !terms.spend_on.contains(c))
    {
        return Err(RuleViolation::PayeeClass {
            allowed: terms.spend_on.clone(),
            class,
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
    if let Some(&class) = std::iter::once(&terms.class)
        .chain(&terms.spend_on)
        .find(|c| !(0..=Amount::MAX.units()).contains(*c))
    {
        return fault("class", class, Amount::MAX.units());
    }
    Ok(())
}

/// May the pot admit so many members and issue so many units now? Returns its counters after. Twin of the rates in
/// `contracts/pot.es`.
///
/// # Errors
/// [`RuleViolation::Rate`] with the height from which it would pass.
pub fn check_rates(
    charter: &CharterBox,
    pot: &PotBox,
    admitted: i64,
    issued: i64,
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
                admitted,
            )?,
            issued: check(
                "units issued",
                stamp,
                now.issued,
                bounds.issue.units(),
                issued,
            )?,
        })
    };
    // Admissions are few and leak slowly: a stamp at each action would lose the fraction of one that has leaked since.
    let (_, aligned) = leak(now.admissions, now.stamp, bounds.admissions, period, height);
    counters(aligned.min(latest)).or_else(|_: RuleViolation| counters(latest))
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

/// The most that the account can pay a member of this class now, all rules taken together.
pub fn most_payable(account: &AccountBox, height: Height, payee_class: i64) -> Amount {
    let (mut pass, mut fail) = (0, account.units() + 1);
    // Each rule that refuses an amount refuses every larger one: search for the border.
    while fail - pass > 1 {
        let middle = pass + (fail - pass) / 2;
        match check_spend(account, account.units() - middle, height, &[payee_class]) {
            Ok(_) => pass = middle,
            Err(_) => fail = middle,
        }
    }
    Amount::clamped(pass)
}
