//! What a broken rule of the open pot says of itself.

use crate::amount::{Amount, Balance, Currency};
use crate::boxes::policy::{Kind, Mark};
use crate::units::{Blocks, Height, NanoErg};

/// A rule of `contracts/open_pot.es` that a transaction would break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenViolation {
    /// The action belongs to another kind of LETS.
    Kind {
        /// What was asked.
        action: &'static str,
        /// The kind that has it.
        kind: Kind,
        /// The kind of this pot.
        found: Kind,
    },
    /// O1: the oracle's box is too old for a price.
    OracleAge {
        /// When it was made.
        created: Height,
        /// The oldest age.
        oldest: Blocks,
        /// The height.
        height: Height,
    },
    /// O2: the pot has seen none of its oracle's boxes for so long that the pool may be in other hands.
    OracleSilent {
        /// When the last that it saw was made.
        seen: i64,
        /// The height.
        height: Height,
    },
    /// O3: the rate is outside the policy's range.
    OracleRange {
        /// The rate, nanoErg per quantity.
        rate: i64,
        /// The least.
        least: i64,
        /// The highest.
        highest: i64,
    },
    /// O4: the oracle is not dead.
    OracleAlive {
        /// It is from this height on, if it publishes nothing.
        from: Height,
    },
    /// A price is needed, and no oracle's box is at hand.
    NoOracle,
    /// J13, J14, J16, W4, B3: not what the policy gives.
    Credit {
        /// The kind of LETS.
        kind: Kind,
        /// What was asked.
        asked: Amount,
        /// The most.
        most: Amount,
    },
    /// J13, J16, W9, B5: too little ERG behind it.
    Cover {
        /// What was asked.
        asked: Amount,
        /// The most that this ERG covers.
        most: Amount,
        /// The ERG.
        backing: NanoErg,
        /// What it would take.
        needed: NanoErg,
    },
    /// B3: the balance would pass the cap.
    Cap {
        /// The cap.
        cap: Amount,
        /// The balance now.
        balance: Balance,
        /// What was asked.
        asked: Amount,
    },
    /// M1: more than the balance.
    NotHeld {
        /// What was asked.
        asked: Amount,
        /// The balance.
        balance: Balance,
    },
    /// W6, X5: the lock has not ended.
    Locked {
        /// The first height at which it has.
        until: i64,
        /// The height.
        height: Height,
    },
    /// X2: closed with a balance.
    CloseBalance {
        /// The balance.
        balance: Balance,
    },
    /// C3, D4: the debt is within the margin.
    Secured {
        /// The debt.
        debt: Amount,
        /// The most that the account's ERG carries at the margin.
        most: Amount,
    },
    /// C3, C4: it is marked already.
    Marked {
        /// How.
        since: Mark,
    },
    /// D1: it has not been called.
    NotCalled,
    /// D2: the grace has not passed.
    Grace {
        /// The first height at which it has.
        from: i64,
        /// The height.
        height: Height,
    },
    /// D2: the time to liquidate is over.
    Lapsed {
        /// The last height at which it was not.
        until: i64,
        /// The height.
        height: Height,
    },
    /// D5: more than the debt.
    Debt {
        /// What was asked.
        asked: Amount,
        /// The debt.
        debt: Amount,
    },
    /// D6: too few units.
    Smallest {
        /// What was asked.
        asked: Amount,
        /// The fewest.
        smallest: Amount,
    },
}

impl OpenViolation {
    /// The rule's name, as results and tests have it: the same in every version.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Kind { .. } => "kind",
            Self::OracleAge { .. } => "oracle_age",
            Self::OracleSilent { .. } => "oracle_silent",
            Self::OracleRange { .. } => "oracle_range",
            Self::OracleAlive { .. } => "dead_oracle",
            Self::NoOracle => "oracle",
            Self::Credit { .. } => "credit",
            Self::Cover { .. } => "cover",
            Self::Cap { .. } => "cap",
            Self::NotHeld { .. } => "units_held",
            Self::Locked { .. } => "lock",
            Self::CloseBalance { .. } => "exit_balance",
            Self::Secured { .. } => "margin",
            Self::Marked { .. } => "marked_once",
            Self::NotCalled => "margin_call",
            Self::Grace { .. } => "grace",
            Self::Lapsed { .. } => "margin_call",
            Self::Debt { .. } => "debt",
            Self::Smallest { .. } => "smallest_liquidation",
        }
    }

    /// The most that would pass, where the rule is one about an amount.
    pub fn most(&self) -> Option<Amount> {
        match self {
            Self::Credit { most, .. } | Self::Cover { most, .. } | Self::Secured { most, .. } => {
                Some(*most)
            }
            Self::Cap { cap, balance, .. } => {
                Some(Amount::clamped(cap.units().saturating_sub(balance.units())))
            }
            Self::NotHeld { balance, .. } => Some(Amount::clamped(balance.credit())),
            Self::Debt { debt, .. } => Some(*debt),
            _ => None,
        }
    }

    /// The whole story in one sentence, in the currency's figures.
    pub fn explain(&self, currency: &Currency) -> String {
        let show = |amount: &Amount| currency.show(*amount);
        match self {
            Self::Kind {
                action,
                kind,
                found,
            } => format!("{action} belongs to {kind}, and this is a {found}"),
            Self::OracleAge {
                created,
                oldest,
                height,
            } => format!(
                "the oracle published last at height {created}, and at {height} that is longer ago than {oldest}"
            ),
            Self::OracleSilent { seen, height } => format!(
                "this LETS saw its oracle last at height {seen}, and at {height} that is so long ago that anybody may have taken the pool's box as storage rent: its rate counts no more"
            ),
            Self::OracleRange {
                rate,
                least,
                highest,
            } => format!("the oracle's rate of {rate} is outside {least} to {highest}"),
            Self::OracleAlive { from } => {
                format!("the oracle counts as dead from height {from} on, if it publishes nothing")
            }
            Self::NoOracle => {
                "a price is needed, and the oracle's box is not to be found".to_owned()
            }
            Self::Credit { kind, asked, most } => match kind.has_rate() {
                true => format!(
                    "{} is more than the {} that this LETS gives",
                    show(asked),
                    show(most)
                ),
                false => format!("this LETS gives {}, not {}", show(most), show(asked)),
            },
            Self::Cover {
                asked,
                most,
                backing,
                needed,
            } => format!(
                "{backing} covers {} at today's rate, not {}: that takes {needed}",
                show(most),
                show(asked)
            ),
            Self::Cap {
                cap,
                balance,
                asked,
            } => format!(
                "{} more would pass the cap of {}: the balance is {}",
                show(asked),
                show(cap),
                currency.show_balance(*balance)
            ),
            Self::NotHeld { asked, balance } => format!(
                "{} is more than the balance of {}",
                show(asked),
                currency.show_balance(*balance)
            ),
            Self::Locked { until, height } => {
                format!("the collateral is locked until height {until}, and the height is {height}")
            }
            Self::CloseBalance { balance } => format!(
                "the balance is {}: an account can be closed at 0 only",
                currency.show_balance(*balance)
            ),
            Self::Secured { debt, most } => format!(
                "the debt of {} is within the margin: the collateral carries {}",
                show(debt),
                show(most)
            ),
            Self::Marked {
                since: Mark::Called(height),
            } => format!("the debt was called at height {height}"),
            Self::Marked {
                since: Mark::Frozen,
            } => "the account is frozen already".to_owned(),
            Self::NotCalled => {
                "the debt has not been called: call it, and wait for the grace".to_owned()
            }
            Self::Grace { from, height } => format!(
                "the member has time until height {from} to add collateral or pay, and the height is {height}"
            ),
            Self::Lapsed { until, height } => format!(
                "the call has lapsed: it was good until height {until}, and the height is {height}; call the debt anew"
            ),
            Self::Debt { asked, debt } => {
                format!("the debt is {}, not {}", show(debt), show(asked))
            }
            Self::Smallest { asked, smallest } => format!(
                "{} is less than the {} that must be paid at least",
                show(asked),
                show(smallest)
            ),
        }
    }
}
