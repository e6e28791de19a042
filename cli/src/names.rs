//! The address book: names for account numbers, on this machine only.

use std::collections::BTreeMap;
use std::path::Path;

use lets_protocol::AccountNumber;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::CliError;
use crate::home;

/// The longest name, in characters.
pub const MAX_NAME: usize = 32;
/// The fewest digits of an account number that may stand for the whole.
pub const MIN_PREFIX: usize = 8;

/// What is wrong with a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// A name that cannot be.
    #[error(
        "{0:?} is no name: use 1 to {MAX_NAME} letters, digits, `-`, `_` or `.`, beginning with a letter or digit"
    )]
    Bad(String),
    /// Nobody is called so.
    #[error("nobody is called {name:?} here; known are: {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") })]
    Unknown {
        /// The name.
        name: String,
        /// The names that are known.
        known: Vec<String>,
    },
    /// The first digits fit more than one account.
    #[error("{prefix} fits {count} accounts: give more digits")]
    Ambiguous {
        /// The digits.
        prefix: String,
        /// How many accounts.
        count: usize,
    },
    /// The name is given to another account.
    #[error("{name:?} is account {number} already")]
    Taken {
        /// The name.
        name: String,
        /// Whose it is.
        number: AccountNumber,
    },
    /// The file of names cannot be read.
    #[error("the address book {path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
}

impl NameError {
    /// The error's name in `--json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bad(_) => "bad_name",
            Self::Unknown { .. } => "unknown_name",
            Self::Ambiguous { .. } => "ambiguous_name",
            Self::Taken { .. } => "name_taken",
            Self::Unreadable { .. } => "bad_address_book",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Bad(_) => "choose another name",
            Self::Unknown { .. } | Self::Ambiguous { .. } => {
                "`lets members` lists all accounts; `lets name add NAME NUMBER` names one"
            }
            Self::Taken { .. } => "choose another name, or `lets name remove NAME` first",
            Self::Unreadable { .. } => {
                "mend the file, or move it away and name accounts anew with `lets name add`"
            }
        }
        .to_owned()
    }
}

/// Checks a name for a key or an account: it becomes a file's name and stands in tables.
///
/// # Errors
/// [`NameError::Bad`].
pub fn check(name: &str) -> Result<(), NameError> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let begins = name.chars().next().is_some_and(char::is_alphanumeric);
    if begins && name.chars().count() <= MAX_NAME && name.chars().all(fits) {
        Ok(())
    } else {
        Err(NameError::Bad(name.to_owned()))
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    names: BTreeMap<String, AccountNumber>,
}

/// Names and the accounts they stand for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct AddressBook {
    names: BTreeMap<String, AccountNumber>,
}

impl AddressBook {
    /// Reads the file; an empty book if there is none.
    ///
    /// # Errors
    /// [`NameError::Unreadable`], [`CliError::File`].
    pub fn load(path: &Path) -> Result<Self, CliError> {
        let Some(text) = home::read(path)? else {
            return Ok(Self::default());
        };
        let document: Document = toml::from_str(&text).map_err(|e| NameError::Unreadable {
            path: path.display().to_string(),
            why: e.message().to_owned(),
        })?;
        Ok(Self {
            names: document.names,
        })
    }

    /// Writes the file in place of the old one.
    ///
    /// # Errors
    /// [`CliError::File`].
    pub fn save(&self, path: &Path) -> Result<(), CliError> {
        let document = Document {
            names: self.names.clone(),
        };
        let body = toml::to_string(&document).map_err(|e| NameError::Unreadable {
            path: path.display().to_string(),
            why: e.to_string(),
        })?;
        home::replace(
            path,
            &format!("# Names for account numbers, on this machine only.\n\n{body}"),
        )
    }

    /// Gives an account a name. The same again is no fault.
    ///
    /// # Errors
    /// [`NameError::Bad`], [`NameError::Taken`].
    pub fn add(&mut self, name: &str, number: AccountNumber) -> Result<(), NameError> {
        check(name)?;
        match self.names.get(name) {
            Some(taken) if *taken != number => Err(NameError::Taken {
                name: name.to_owned(),
                number: *taken,
            }),
            _ => {
                self.names.insert(name.to_owned(), number);
                Ok(())
            }
        }
    }

    /// Forgets a name.
    ///
    /// # Errors
    /// [`NameError::Unknown`].
    pub fn remove(&mut self, name: &str) -> Result<AccountNumber, NameError> {
        self.names.remove(name).ok_or_else(|| self.unknown(name))
    }

    /// All names in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, AccountNumber)> {
        self.names
            .iter()
            .map(|(name, number)| (name.as_str(), *number))
    }

    /// The account of this name.
    pub fn get(&self, name: &str) -> Option<AccountNumber> {
        self.names.get(name).copied()
    }

    /// The first name of an account.
    pub fn name_of(&self, number: &AccountNumber) -> Option<&str> {
        self.iter().find(|(_, n)| n == number).map(|(name, _)| name)
    }

    /// The refusal of a name that is not in the book.
    pub fn unknown(&self, name: &str) -> NameError {
        NameError::Unknown {
            name: name.to_owned(),
            known: self.names.keys().cloned().collect(),
        }
    }
}

/// The first digits of a number, for tables: unique among a few hundred accounts.
pub fn short(number: &AccountNumber) -> String {
    number.to_string().chars().take(MIN_PREFIX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(byte: u8) -> AccountNumber {
        hex::encode([byte; 32]).parse().unwrap()
    }

    #[test]
    fn name_check_good_and_bad() {
        for good in [
            "a",
            "alice",
            "Ana-María",
            "bob.2",
            "9lives",
            &"x".repeat(32),
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            ".",
            "../x",
            "a/b",
            "-x",
            "a b",
            "a\u{7}",
            &"x".repeat(33),
            "a\\b",
        ] {
            assert_eq!(check(bad), Err(NameError::Bad(bad.to_owned())), "{bad:?}");
        }
    }

    #[test]
    fn address_book_survives_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.toml");
        let mut book = AddressBook::load(&path).unwrap();
        book.add("alice", number(1)).unwrap();
        book.add("bob", number(2)).unwrap();
        book.save(&path).unwrap();
        assert_eq!(AddressBook::load(&path).unwrap(), book);
        assert_eq!(book.name_of(&number(2)), Some("bob"));
    }

    #[test]
    fn address_book_taken_name_refused() {
        let mut book = AddressBook::default();
        book.add("alice", number(1)).unwrap();
        book.add("alice", number(1)).unwrap();
        assert!(matches!(
            book.add("alice", number(2)),
            Err(NameError::Taken { .. })
        ));
        assert_eq!(book.get("alice"), Some(number(1)));
        assert!(matches!(book.remove("bob"), Err(NameError::Unknown { .. })));
    }
}
