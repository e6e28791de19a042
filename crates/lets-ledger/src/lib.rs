//! The books of a LETS over years: a SQLite file that follows the chain.
//!
//! Blocks go in, in order, plain as nodes serve them: the ledger keeps the unspent boxes of the LETS, so a transaction's inputs
//! are enough to know what it did, and no index is needed. Out come the books: every account's entries with its balances,
//! payments with the lives of their notes, what was done with pot and charter. Every row names its transaction.
//!
//! The books follow from the blocks alone: taken back over reorganisations and gone on, or built from nothing, they are the same
//! ([`Ledger::dump`]). This crate opens no connection and holds no key; memos stay sealed.

mod batch;
mod block_tx;
mod dump;
mod error;
mod follow;
mod fresh;
mod happened;
mod held;
mod read;
mod rows;
mod schema;
mod shelf;
mod stats;
mod stored;

use std::path::{Path, PathBuf};

use lets_protocol::Lets;
use rusqlite::Connection;

pub use batch::{Batch, stranger};
pub use block_tx::{BlockTx, Made};
pub use error::LedgerError;
pub use follow::{Head, KEPT_BLOCKS, Tip};
pub use happened::EntryKind;
pub use rows::{DeedRow, Entry, OldBox, PaymentRow, Pick, Placed, Spot, TxRange};
pub use shelf::Shelf;
pub use stats::{AccountFigures, Month};

/// The books of one LETS, or, without one, only the boxes of a wallet.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
    path: PathBuf,
    lets: Option<Lets>,
    held: held::Held,
}

impl Ledger {
    /// Opens the ledger at `path`, or begins one. `subject` names what it is about (the LETS's fingerprint): a file about
    /// something else is refused.
    ///
    /// # Errors
    /// [`LedgerError`] naming the file and what is wrong with it.
    pub fn open(path: &Path, subject: &str, lets: Option<Lets>) -> Result<Self, LedgerError> {
        Self::opened(path, subject, lets, true)?.ok_or_else(|| LedgerError::Damaged {
            path: path.to_owned(),
            why: "it vanished".to_owned(),
        })
    }

    /// Opens the ledger at `path` if there is one.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn existing(
        path: &Path,
        subject: &str,
        lets: Option<Lets>,
    ) -> Result<Option<Self>, LedgerError> {
        Self::opened(path, subject, lets, false)
    }

    fn opened(
        path: &Path,
        subject: &str,
        lets: Option<Lets>,
        create: bool,
    ) -> Result<Option<Self>, LedgerError> {
        Ok(schema::open(path, subject, create)?.map(|connection| Self {
            connection,
            path: path.to_owned(),
            lets,
            held: held::Held::default(),
        }))
    }

    /// The LETS that it is about; `None` if it follows a wallet alone.
    pub fn lets(&self) -> Option<&Lets> {
        self.lets.as_ref()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn fault(&self, cause: rusqlite::Error) -> LedgerError {
        LedgerError::of(&self.path, cause)
    }
}
