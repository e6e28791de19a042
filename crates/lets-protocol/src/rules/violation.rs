//! What a broken rule says of itself: its name, its limit, and the most that would pass.

use super::RecoveryBar;
use crate::amount::{Amount, Balance, Currency};
use crate::boxes::AccountNumber;
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
    /// Two direct payments into one account: a transaction spends its box once.
    PayeeTwice {
        /// The payee.
        payee: AccountNumber,
    },
    /// A write-off of more than is owed.
    WriteOff {
        /// The debt.
        debt: Amount,
        /// What was asked.
        asked: Amount,
    },
    /// `contracts/charter.es` "N6", "N7": a bound outside what founding fixed for ever.
    HardBound {
        /// Which bound.
        bound: &'static str,
        /// What was asked.
        asked: i64,
        /// The least that it may ever be.
        least: i64,
        /// The most that it may ever be.
        most: i64,
    },
    /// An announcement of what is so already: it could never be enacted.
    NoChange,
    /// `contracts/charter.es` "N4": an announcement whose delay would begin in the past, or too late.
    AnnounceHeight {
        /// What was asked.
        asked: Height,
        /// The first height that passes.
        first: Height,
        /// The last.
        last: Height,
    },
    /// No change of the charter is announced.
    NothingAnnounced,
    /// `contracts/charter.es` "E1": the delay has not passed.
    DelayNotOver {
        /// From the block of this height on it can be enacted.
        from: Height,
        /// The height now.
        height: Height,
    },
    /// The same note twice in one transaction.
    NoteTwice {
        /// Its box id.
        note: String,
    },
    /// The owner's counter of credit used stands where nothing can be added to it.
    Counter {
        /// The counter.
        used: i64,
    },
    /// The account's box is four years old: its script might not run, so no note trusts it as the leader.
    TooOld {
        /// When it was made.
        created: Height,
    },
    /// A settlement names an account that is not among its boxes.
    NoParty {
        /// The account.
        account: AccountNumber,
    },
    /// The account's key is not in the account: it follows a box or a contract.
    KeyFollows {
        /// The account.
        account: AccountNumber,
    },
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
        /// "admissions", "units issued" or "recoveries started".
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
    /// `contracts/pot.es`: what stands in the way of a recovery, or a recovery in the way of an expulsion.
    Recovery {
        /// The account.
        account: AccountNumber,
        /// What stands in the way.
        bar: RecoveryBar,
    },
    /// `contracts/pot.es`: exit or expulsion with a balance that is not 0.
    ExitBalance {
        /// The balance.
        balance: Balance,
    },
    /// `contracts/account.es` "S8", `contracts/pot.es` "G3": an account box too large for its rent.
    AccountSize {
        /// Its size in bytes.
        size: usize,
        /// The size from which on it is too large.
        limit: usize,
    },
    /// `contracts/note.es` "M2": the note is for another account.
    NotPayee {
        /// Whom it is for.
        payee: AccountNumber,
    },
    /// `contracts/note.es` "M3": the note was paid with credit that may not reach this account's class.
    NoteClass {
        /// The classes that may claim it.
        allowed: Vec<i64>,
        /// The account's class.
        class: i64,
    },
    /// `contracts/note.es` "N1": the note came from another account.
    NotPayer {
        /// Whose it was.
        payer: AccountNumber,
    },
    /// `contracts/note.es` "N2": only the community's account absorbs notes, and this account does not follow the charter.
    NotCommunity {
        /// The account.
        account: AccountNumber,
    },
    /// `contracts/note.es`: the note has not expired (or not long enough ago to be absorbed).
    NotExpired {
        /// Its last height.
        last: Height,
        /// The height now.
        height: Height,
    },
    /// A note that would live too short or too long.
    NoteLife {
        /// What was asked.
        life: Blocks,
        /// The shortest life.
        least: Blocks,
        /// The longest life.
        most: Blocks,
    },
    /// An account that a contract controls: it can be paid directly, and can neither make nor claim notes.
    Controlled {
        /// The account.
        account: AccountNumber,
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
            Self::PayeeTwice { .. } => "payee_twice",
            Self::WriteOff { .. } => "write_off",
            Self::HardBound { .. } => "hard_bound",
            Self::NoChange => "no_change",
            Self::AnnounceHeight { .. } => "announce_height",
            Self::NothingAnnounced => "nothing_announced",
            Self::DelayNotOver { .. } => "delay_not_over",
            Self::NoteTwice { .. } => "note_twice",
            Self::Counter { .. } => "counter",
            Self::TooOld { .. } => "too_old",
            Self::NoParty { .. } => "no_party",
            Self::KeyFollows { .. } => "key_follows",
            Self::ZeroAmount => "zero_amount",
            Self::TermsBound { .. } => "terms_bound",
            Self::Rate { .. } => "rate",
            Self::ApplicationExpired { .. } => "application_expired",
            Self::ApplicationValue { .. } => "application_value",
            Self::Recovery { .. } => "recovery",
            Self::ExitBalance { .. } => "exit_balance",
            Self::AccountSize { .. } => "account_size",
            Self::NotPayee { .. } => "not_payee",
            Self::NoteClass { .. } => "note_class",
            Self::NotPayer { .. } => "not_payer",
            Self::NotCommunity { .. } => "not_community",
            Self::NotExpired { .. } => "not_expired",
            Self::NoteLife { .. } => "note_life",
            Self::Controlled { .. } => "controlled",
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
            Self::WriteOff { debt, .. } => Some(*debt),
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
            Self::PayeeClass { allowed, most, .. } if matches!(allowed.as_slice(), [..=0]) => {
                format!(
                    "the debt was called, or the account frozen: it draws no credit, and the most that can be paid is {}",
                    show(most)
                )
            }
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
            Self::PayeeTwice { payee } => format!(
                "account {payee} is paid directly twice in one transaction: add the two up, or pay one by a note"
            ),
            Self::WriteOff { debt, asked } => format!(
                "{} cannot be written off: the debt is {}",
                show(asked),
                show(debt)
            ),
            Self::HardBound {
                bound,
                asked,
                least,
                most,
            } => format!(
                "{bound} of {asked} is outside {least} to {most}, which was fixed for ever when the LETS was founded"
            ),
            Self::NoChange => "the charter is so already: there is nothing to announce".to_owned(),
            Self::AnnounceHeight { asked, first, last } => {
                format!("an announcement counts from height {first} to {last}, not from {asked}")
            }
            Self::NothingAnnounced => "no change of the charter is announced".to_owned(),
            Self::DelayNotOver { from, height } => format!(
                "the change can be enacted by the block of height {from}, and the height is {height}"
            ),
            Self::NoteTwice { note } => format!("note {note} is named twice"),
            Self::Counter { used } => format!(
                "the account's counter of credit used stands at {used}: nothing can be added to it, so no credit can be drawn"
            ),
            Self::TooOld { created } => format!(
                "the account's box was made at height {created}, four years ago: it must be renewed before it can take in notes"
            ),
            Self::NoParty { account } => format!("account {account} is no party to the settlement"),
            Self::KeyFollows { account } => format!(
                "the key of account {account} follows a box or a contract: it cannot be set in the account"
            ),
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
            Self::Recovery { account, bar } => format!("account {account}: {bar}"),
            Self::ExitBalance { balance } => {
                format!(
                    "the balance is {}: an account can be closed at 0 only",
                    balance_of(balance)
                )
            }
            Self::AccountSize { size, limit } => {
                format!(
                    "the account box would have {size} bytes, and it must stay below {limit}: its keys or settings are too long"
                )
            }
            Self::NotPayee { payee } => format!("the note is for account {payee}"),
            Self::NoteClass { allowed, class } => format!(
                "the note was paid with credit that may be spent on classes {allowed:?} only, and the account's class is {class}"
            ),
            Self::NotPayer { payer } => format!("the note came from account {payer}"),
            Self::NotCommunity { account } => format!(
                "account {account} does not follow the charter: only the community's account absorbs notes"
            ),
            Self::NotExpired { last, height } => {
                format!("it can be done after height {last}, and the height is {height}")
            }
            Self::NoteLife { life, least, most } => {
                format!("a note lives {least} at least and {most} at most, not {life}")
            }
            Self::Controlled { account } => format!(
                "account {account} is controlled by a contract: it can be paid directly only, and neither makes nor claims notes"
            ),
            Self::TooYoung { created, from } => {
                format!(
                    "the box was made at height {created} and can be refreshed from height {from} on"
                )
            }
        }
    }
}
