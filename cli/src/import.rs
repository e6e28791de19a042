//! An import in progress: what a ledger's members are to become, and the throw-away keys under which their accounts are
//! opened.
//!
//! What of it is done is never written down: it is read off the chain. Each row has a key of its own, which nothing else ever
//! has, so an application, an account or a payment of a row is known by it.

use std::path::PathBuf;

use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{AccountNumber, Amount, Balance, NanoErg};
use lets_wallet::{
    Backup, DeriveError, KeyFile, KeyIndex, LocalSigner, Mnemonic, UnlockedKeys, WordCount,
    WorkFactor,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ask::{self, PassphraseFiles};
use crate::error::CliError;
use crate::home;
use crate::ledger_file::MAX_ROWS;

/// One opening transaction pays so many creditors at most: it stays well below what nodes take.
const PAYEES: usize = 20;
/// Transactions that a member's account can pay for before he brings any ERG of his own.
const FIRST_PAYMENTS: u64 = 10;
/// What the throw-away keys are called where their passphrase is asked for.
const KEY: &str = "import";

/// Why an import cannot be, or an account cannot be handed over.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The committee cannot sign here.
    #[error(
        "{needed} of the committee must sign every admission, and {here} of its keys are on this machine"
    )]
    Committee {
        /// Signatures that the charter will ask for.
        needed: usize,
        /// Keys that were named.
        here: usize,
    },
    /// Too little ERG in the founder's wallet.
    #[error(
        "not enough ERG: the founding and {members} accounts need {needed}, and the wallet of {key:?} has {available}"
    )]
    Erg {
        /// Accounts to be opened.
        members: usize,
        /// All that it takes.
        needed: NanoErg,
        /// What there is.
        available: NanoErg,
        /// The key that pays.
        key: String,
    },
    /// There are no throw-away keys.
    #[error("there is no {}: the throw-away keys of an import into this LETS are not in this home", .0.display())]
    NoKeys(PathBuf),
    /// Another key owns the account.
    #[error(
        "account {account} is not owned by a throw-away key of this home: it was handed over already, or was never imported here"
    )]
    NotThrowAway {
        /// The account.
        account: AccountNumber,
    },
}

impl ImportError {
    /// The error's name in `--json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Committee { .. } => "committee_not_here",
            Self::Erg { .. } => "not_enough_erg",
            Self::NoKeys(_) => "no_import",
            Self::NotThrowAway { .. } => "not_throw_away",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Committee { .. } => {
                "name more of them with --committee-key, or found with a smaller --committee and change it after the import"
            }
            Self::Erg { .. } => {
                "send ERG to the address that `lets key show` prints (on a devnet: `lets devnet fund KEY ERG`)"
            }
            Self::NoKeys(_) => "run it in the home that founded the LETS, or bring the file back from a copy",
            Self::NotThrowAway { .. } => {
                "its owner changes the key himself: `lets account set --new-key NAME`"
            }
        }
        .to_owned()
    }
}

/// A member as the ledger says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The name, for the address book.
    pub name: String,
    /// What he has or owes.
    pub balance: Balance,
    /// His credit line.
    pub line: Amount,
    /// His cap.
    pub cap: Amount,
    /// The public key that shall own the account, in hexadecimal; without one the account keeps its throw-away key.
    pub key: Option<String>,
}

/// What is to be imported, as it stands in the file of the founding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The names of the committee's keys that sign the admissions.
    pub committee: Vec<String>,
    /// The miner fee of each transaction.
    pub fee: NanoErg,
    /// The members, in the ledger's order; member `n` has the throw-away key of index `n + 1`.
    pub members: Vec<Member>,
}

/// One opening transaction: a debtor's place, and creditors' places with what each gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) from: usize,
    pub(crate) to: Vec<(usize, Amount)>,
}

impl Import {
    /// Who pays whom so that all balances are the ledger's: the debtors in their order pay the creditors in theirs.
    pub(crate) fn openings(&self) -> Vec<Opening> {
        let mut creditors = self
            .members
            .iter()
            .enumerate()
            .map(|(at, m)| (at, m.balance.credit()))
            .filter(|(_, credit)| *credit > 0);
        let mut next = creditors.next();
        let mut openings = Vec::new();
        for (from, member) in self.members.iter().enumerate() {
            let mut debt = member.balance.debt();
            let mut to = Vec::new();
            while let Some((at, credit)) = next.filter(|_| debt > 0) {
                let paid = debt.min(credit);
                to.push((at, Amount::clamped(paid)));
                debt -= paid;
                next = match credit - paid {
                    0 => creditors.next(),
                    left => Some((at, left)),
                };
            }
            openings.extend(to.chunks(PAYEES).map(|to| Opening {
                from,
                to: to.to_vec(),
            }));
        }
        openings
    }

    /// The ERG of each member's application: the account's floor, and the fees of his admission, his opening payments, the
    /// hand-over and his first payments.
    pub(crate) fn deposits(&self, floor: NanoErg) -> Vec<NanoErg> {
        let mut transactions = vec![2 + FIRST_PAYMENTS; self.members.len()];
        for opening in self.openings() {
            transactions[opening.from] += 1;
        }
        transactions
            .into_iter()
            .map(|n| NanoErg(floor.0.saturating_add(n.saturating_mul(self.fee.0))))
            .collect()
    }

    /// All debts together.
    pub(crate) fn debts(&self) -> Amount {
        Amount::clamped(self.members.iter().map(|m| m.balance.debt()).sum())
    }
}

/// The throw-away keys of an import: one for each row of a ledger, all from one phrase.
pub(crate) struct ThrowAwayKeys(UnlockedKeys);

impl ThrowAwayKeys {
    /// Makes them, or opens the file that a command which was interrupted has left.
    pub(crate) fn make(path: PathBuf, files: &PassphraseFiles) -> Result<Self, CliError> {
        if path.exists() {
            return Self::open(path, files);
        }
        let backup = Backup::new(Mnemonic::generate(WordCount::default())?);
        let passphrase = ask::new_passphrase(KEY, files)?;
        let file = KeyFile::seal(KEY, &backup, &passphrase, WorkFactor::default())?;
        if let Some(folder) = path.parent() {
            home::create_folder(folder)?;
        }
        file.save_new(&path)?;
        Ok(Self(backup.keys()?))
    }

    /// Opens their file.
    pub(crate) fn open(path: PathBuf, files: &PassphraseFiles) -> Result<Self, CliError> {
        if !path.exists() {
            return Err(ImportError::NoKeys(path).into());
        }
        let file = KeyFile::load(&path)?;
        let passphrase = ask::passphrase(KEY, files)?;
        let unlocked = file.unlock(&passphrase).map_err(|cause| CliError::Unlock {
            key: KEY.to_owned(),
            cause,
        })?;
        Ok(Self(unlocked))
    }

    /// The key of the ledger's member at this place.
    pub(crate) fn owner(&self, place: usize) -> Result<SigmaProp, DeriveError> {
        self.0.sigma_prop(index(place))
    }

    /// A signer with this member's key alone.
    pub(crate) fn signer(&self, place: usize) -> Result<LocalSigner, DeriveError> {
        LocalSigner::with_indices([(&self.0, index(place))])
    }

    /// The place of the key that owns an account, if it is one of these.
    pub(crate) fn place_of(&self, owner: &SigmaProp) -> Result<Option<usize>, DeriveError> {
        for place in 0..MAX_ROWS {
            if self.owner(place)? == *owner {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }
}

/// The first key is the one that the key file shows, and no member's.
fn index(place: usize) -> KeyIndex {
    u32::try_from(place + 1)
        .ok()
        .and_then(|n| KeyIndex::try_from(n).ok())
        .unwrap_or(KeyIndex::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn import(balances: &[i64]) -> Import {
        let member = |(at, units): (usize, &i64)| Member {
            name: format!("m{at}"),
            balance: Balance::new(*units),
            line: Amount::new(1_000).unwrap(),
            cap: Amount::new(1_000).unwrap(),
            key: None,
        };
        Import {
            committee: Vec::new(),
            fee: NanoErg::MIN_FEE,
            members: balances.iter().enumerate().map(member).collect(),
        }
    }

    #[test]
    fn deposits_cover_every_transaction_that_the_account_pays() {
        // One debtor of 41 creditors pays in three transactions.
        let mut balances = vec![-41];
        balances.extend([1; 41]);
        let import = import(&balances);
        assert_eq!(import.openings().len(), 3);
        let deposits = import.deposits(NanoErg(5_000_000));
        assert_eq!(deposits[0], NanoErg(5_000_000 + 15 * 1_000_000));
        assert_eq!(deposits[1], NanoErg(5_000_000 + 12 * 1_000_000));
    }

    proptest! {
        #[test]
        fn openings_bring_every_balance_about(mut balances in prop::collection::vec(-1_000_i64..1_000, 0..60)) {
            balances.push(-balances.iter().sum::<i64>());
            let import = import(&balances);
            let mut reached = vec![0; balances.len()];
            let mut pairs = std::collections::HashSet::new();
            let mut payments = 0;
            for opening in import.openings() {
                prop_assert!((1..=PAYEES).contains(&opening.to.len()));
                for (to, amount) in opening.to {
                    prop_assert!(amount > Amount::ZERO);
                    prop_assert!(pairs.insert((opening.from, to)));
                    reached[opening.from] -= amount.units();
                    reached[to] += amount.units();
                    payments += 1;
                }
            }
            prop_assert!(payments < balances.len());
            prop_assert_eq!(reached, balances);
        }
    }
}
