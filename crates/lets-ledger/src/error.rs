//! What can be wrong with a ledger's file, or with what it is given.

use std::path::{Path, PathBuf};

use ergo_lib::ergo_chain_types::BlockId;
use lets_protocol::ParseBoxError;
use thiserror::Error;

use crate::schema::FORMAT;

/// A ledger cannot be read, or cannot go on. Whatever it says, the books on disk are as they were before.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The file is no database, or one that was damaged.
    #[error("{} is damaged, or no ledger: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It was written by a newer version of the program: it is neither read nor written.
    #[error("{} has format {found}, of a newer version of this program, which knows formats up to {FORMAT}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// It was written by an older version of the program.
    #[error("{} has format {found}, and this program reads {FORMAT}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// It holds the books of another LETS.
    #[error("{} holds the books of another LETS", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// There is no room for more.
    #[error("there is no room on the disk for {}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Another process writes to it for longer than this one waits.
    #[error("another process keeps {} busy", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened, read or written.
    #[error("cannot use {}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the database reported.
        cause: rusqlite::Error,
    },
    /// A block is not the one after the last: the chain was reorganised, or another process went on meanwhile.
    #[error("block {id} at height {height} does not follow the ledger's last block")]
    NotNext {
        /// The block.
        id: BlockId,
        /// Its height.
        height: u32,
    },
    /// The chain was reorganised deeper than the ledger can go back.
    #[error("the chain has changed below height {kept_from}, where the ledger can go back to")]
    TooDeep {
        /// The lowest height that it can go back to.
        kept_from: u32,
    },
    /// A box that stands for unknown ones cannot be made.
    #[error("cannot make a box: {0}")]
    NoBox(String),
    /// A box that the ledger found good before does not parse any more.
    #[error(transparent)]
    Box(#[from] ParseBoxError),
}

impl LedgerError {
    /// From the database, told apart by its code.
    pub(crate) fn of(path: &Path, cause: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let path = path.to_owned();
        match cause.sqlite_error_code() {
            Some(Code::DatabaseCorrupt | Code::NotADatabase | Code::ConstraintViolation) => {
                Self::Damaged {
                    path,
                    why: cause.to_string(),
                }
            }
            Some(Code::DiskFull) => Self::Full { path },
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy { path },
            _ => Self::File { path, cause },
        }
    }

    /// Whether building the ledger anew from the chain helps.
    pub fn rebuild_helps(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. }
                | Self::Format { .. }
                | Self::Foreign { .. }
                | Self::TooDeep { .. }
                | Self::Box(_)
        )
    }
}
