//! What the ledger holds.

use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use lets_protocol::{AccountNumber, Bounds, Terms};
use std::collections::BTreeMap;

/// Somebody with a key, by his place among the people.
pub type Party = usize;

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What he owns, or owes below 0.
    pub balance: i64,
    /// What the committee set for him.
    pub terms: Terms,
    /// Whose key owns it; `None` for the community's account, whose key is the committee's.
    pub owner: Option<Party>,
    /// To whom a pending recovery would hand it, and when it started.
    pub heir: Option<(Party, i64)>,
    /// Whether the owner refuses every recovery.
    pub refuses: bool,
    /// The least that is paid in without his signature.
    pub smallest: i64,
    /// Credit used within the draw limit, as of `stamp`.
    pub used: i64,
    /// Up to when credit used has been reckoned.
    pub stamp: i64,
    /// Since when he has been in debt.
    pub debt_since: i64,
    /// How old the account's box is.
    pub created: u32,
}

impl Account {
    /// Units that the box holds.
    pub fn units(&self) -> i64 {
        self.balance + self.terms.issued.units()
    }

    /// What he owes.
    pub fn debt(&self) -> i64 {
        (-self.balance).max(0)
    }
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Who paid it.
    pub payer: AccountNumber,
    /// Whose it is; `None`: whoever has the paper.
    pub payee: Option<AccountNumber>,
    /// Units.
    pub amount: i64,
    /// After it the payer may take it back.
    pub expiry: u32,
    /// The classes that may claim it; none is all.
    pub classes: Vec<i64>,
    /// How old its box is.
    pub created: u32,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whose.
    pub who: Option<Party>,
    /// Its last height.
    pub expiry: u32,
}

/// The common pot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pot {
    /// Membership tokens left.
    pub memberships: i64,
    /// Units left.
    pub units: i64,
    /// Up to when the counts have been reckoned.
    pub stamp: i64,
    /// Members admitted, units issued, recoveries started.
    pub used: [i64; 3],
    /// How old its box is.
    pub created: u32,
}

/// The charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charter {
    /// How many of the three must sign.
    pub quorum: u8,
    /// What the committee may do.
    pub bounds: Bounds,
    /// What is announced: from when the delay counts, how many must sign then, and the bounds.
    pub announced: Option<(u32, u8, Bounds)>,
    /// How old its box is.
    pub created: u32,
}

/// The whole ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The charter.
    pub charter: Charter,
    /// The pot.
    pub pot: Pot,
    /// Who has asked to be admitted.
    pub requests: BTreeMap<BoxId, Request>,
    /// All members.
    pub accounts: BTreeMap<AccountNumber, Account>,
    /// All notes.
    pub notes: BTreeMap<BoxId, Note>,
}

impl State {
    /// Of all balances and notes; 0 if nothing is wrong.
    pub fn sum(&self) -> i64 {
        let balances: i64 = self.accounts.values().map(|a| a.balance).sum();
        balances + self.notes.values().map(|n| n.amount).sum::<i64>()
    }

    /// The community's account, if there is one.
    pub fn community(&self) -> Option<AccountNumber> {
        let mut all = self.accounts.iter();
        all.find(|(_, a)| a.owner.is_none()).map(|(n, _)| *n)
    }
}
