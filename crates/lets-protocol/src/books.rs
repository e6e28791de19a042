//! The books of a LETS at one moment, and the sums that must come out.

use crate::amount::Balance;
use crate::boxes::account::AccountBox;
use crate::boxes::common_pot::CommonPot;
use crate::boxes::note::NoteBox;

/// Every box that holds units, at one moment.
#[derive(Debug, Clone)]
pub struct Books {
    /// The pot.
    pub pot: CommonPot,
    /// All accounts.
    pub accounts: Vec<AccountBox>,
    /// All notes.
    pub notes: Vec<NoteBox>,
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

impl Books {
    /// The sum of all balances and of the notes on their way: what [`CommonPot::sum_due`] says, if nothing is wrong.
    pub fn sum(&self) -> Balance {
        let accounts: i64 = self.accounts.iter().map(|a| a.balance().units()).sum();
        Balance::new(accounts + self.units_in_notes())
    }

    /// Units on their way.
    pub fn units_in_notes(&self) -> i64 {
        self.notes.iter().map(|n| n.amount().units()).sum()
    }

    /// Compares with what was minted at founding.
    ///
    /// # Errors
    /// [`BooksError`] naming the token whose pieces do not add up.
    pub fn check(&self, units: i64, memberships: i64) -> Result<(), BooksError> {
        let held: i64 = self.accounts.iter().map(AccountBox::units).sum();
        let held = held + self.units_in_notes();
        check_sums(&self.pot, held, self.accounts.len(), (units, memberships))
    }
}

/// `held`: units in accounts and notes.
pub(crate) fn check_sums(
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
