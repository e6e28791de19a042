//! The boxes of a LETS at one moment, sorted; what is none of them is named.

use crate::amount::Balance;
use crate::boxes::account::{AccountBox, Link, Terms};
use crate::boxes::charter::CharterBox;
use crate::boxes::common_pot::CommonPot;
use crate::boxes::{AccountNumber, Lets};
use crate::replay::{Culprit, Fault, Kind, Wrong, piece_in, read};
use crate::rules::check_community;
use crate::units::{Height, NanoErg};
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use std::collections::HashSet;

/// All unspent boxes that hold a token of one LETS.
#[derive(Debug, Clone, Default)]
pub struct Present {
    /// The boxes that are charters: one, if nothing is wrong.
    pub charters: Vec<CharterBox>,
    /// The boxes that are pots: one, if nothing is wrong.
    pub pots: Vec<CommonPot>,
    /// The accounts, in the order of their numbers.
    pub accounts: Vec<Standing>,
    /// How many notes are on their way.
    pub notes: usize,
    /// Units in them.
    pub units_in_notes: i64,
    /// Boxes that are none of these, and accounts that stand in two boxes.
    pub faults: Vec<Fault>,
    /// All of the boxes.
    pub ids: HashSet<BoxId>,
}

/// An account as one of all: what of its box anything is reckoned from. The box itself is let go, for there may be a hundred
/// thousand of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The account's number.
    pub number: AccountNumber,
    /// The key that owns it; none if it follows another box.
    pub owner: Option<SigmaProp>,
    /// The box.
    pub box_id: BoxId,
    /// Units that it holds.
    pub units: i64,
    /// What the pot set for it.
    pub terms: Terms,
    /// Whether a recovery is pending.
    pub recovery: bool,
    /// Whether it is the community's own.
    pub community: bool,
    /// ERG in the box.
    pub value: NanoErg,
    /// When the box was made.
    pub created: Height,
    /// The box's size.
    pub bytes: usize,
}

/// The books do not add up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BooksError {
    /// I1: units in pot, accounts and notes are not the genesis supply.
    #[error("pot, accounts and notes hold {found} units together, and {genesis} were minted")]
    Units {
        /// Minted at founding.
        genesis: i64,
        /// Found.
        found: i64,
    },
    /// I3: membership tokens in the pot and in accounts are not all that were minted.
    #[error("pot and accounts hold {found} membership tokens together, and {genesis} were minted")]
    Memberships {
        /// Minted at founding.
        genesis: i64,
        /// Found.
        found: i64,
    },
}

impl Standing {
    fn of(lets: &Lets, account: &AccountBox) -> Self {
        let bytes = account.ergo_box().sigma_serialize_bytes();
        Self {
            number: account.number(),
            owner: (*account.link() == Link::None).then(|| account.owner().clone()),
            box_id: account.ergo_box().box_id(),
            units: account.units(),
            terms: account.terms().clone(),
            recovery: account.heir().is_some(),
            community: check_community(lets, account).is_ok(),
            value: account.value(),
            created: account.created(),
            bytes: bytes.map_or(0, |bytes| bytes.len()),
        }
    }

    /// What the owner owns (positive) or owes (negative).
    pub fn balance(&self) -> Balance {
        Balance::new(self.units - self.terms.issued.units())
    }
}

impl Present {
    /// Sorts boxes, each once. Those without a token of the LETS are passed over: anybody can make them.
    pub fn of(lets: &Lets, boxes: impl IntoIterator<Item = ErgoBox>) -> Self {
        let mut present = Self::default();
        for ergo_box in boxes {
            present.add(lets, &ergo_box);
        }
        present.sorted()
    }

    /// The same when the last box has been added.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.accounts.sort_by_key(|a| a.number);
        let twice: Vec<Fault> = self
            .accounts
            .windows(2)
            .filter(|pair| pair[0].number == pair[1].number)
            .map(|pair| Fault {
                culprit: Culprit::Box(pair[1].box_id),
                wrong: Wrong::Twice(pair[1].number),
            })
            .collect();
        self.faults.extend(twice);
        self
    }

    /// Adds a box to those before it, if it is another one.
    pub fn add(&mut self, lets: &Lets, ergo_box: &ErgoBox) {
        let id = ergo_box.box_id();
        let Some(piece) = piece_in(lets, ergo_box).filter(|_| self.ids.insert(id)) else {
            return;
        };
        let wrong = match read(lets, ergo_box) {
            Some(Ok(Kind::Charter(charter))) => return self.charters.push(*charter),
            Some(Ok(Kind::Pot(pot))) => return self.pots.push(pot),
            Some(Ok(Kind::Account(account))) => {
                return self.accounts.push(Standing::of(lets, &account));
            }
            Some(Ok(Kind::Note(note))) => {
                self.notes += 1;
                self.units_in_notes = self.units_in_notes.saturating_add(note.amount().units());
                return;
            }
            Some(Err(e)) => Wrong::Malformed(e),
            None => Wrong::Stray(piece),
        };
        self.faults.push(Fault {
            culprit: Culprit::Box(id),
            wrong,
        });
    }

    /// Names a box with a token of the LETS that cannot be read.
    pub fn add_unread(&mut self, box_id: BoxId, why: String) {
        if self.ids.insert(box_id) {
            self.faults.push(Fault {
                culprit: Culprit::Box(box_id),
                wrong: Wrong::Unreadable(why),
            });
        }
    }

    /// The sum of all balances and of the notes on their way: what [`CommonPot::sum_due`] says, if nothing is wrong.
    pub fn sum(&self) -> Balance {
        let accounts: i64 = self.accounts.iter().map(|a| a.balance().units()).sum();
        Balance::new(accounts + self.units_in_notes)
    }

    /// Compares with what was minted at founding; `None` if there is not one pot.
    ///
    /// # Errors
    /// [`BooksError`] naming the token whose pieces do not add up.
    pub fn check(&self, units: i64, memberships: i64) -> Option<Result<(), BooksError>> {
        let [pot] = self.pots.as_slice() else {
            return None;
        };
        let held: i64 = self.accounts.iter().map(|a| a.units).sum();
        let held = held + self.units_in_notes;
        Some(check_sums(
            pot,
            held,
            self.accounts.len(),
            (units, memberships),
        ))
    }
}

/// `held`: units in accounts and notes.
fn check_sums(
    pot: &CommonPot,
    held: i64,
    members: usize,
    (units, memberships): (i64, i64),
) -> Result<(), BooksError> {
    let found = pot.units() + held;
    if found != units {
        return Err(BooksError::Units {
            genesis: units,
            found,
        });
    }
    let members = i64::try_from(members).unwrap_or(i64::MAX);
    let found = pot.memberships().saturating_add(members);
    if found != memberships {
        return Err(BooksError::Memberships {
            genesis: memberships,
            found,
        });
    }
    Ok(())
}
