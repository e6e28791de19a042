//! The chain on disk: one JSON object per line, only ever appended.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Format of the log, raised when old logs can no longer be read.
const FORMAT: u32 = 1;
const FILE_NAME: &str = "chain.jsonl";

/// The chain log could not be opened, read or written.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The file or its folder cannot be used.
    #[error("{path}: {cause}; check that the folder exists and may be written")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: std::io::Error,
    },
    /// Another devnet has it open.
    #[error("{path} is in use by another devnet; stop that one or choose another folder")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A line that is not the last does not parse, or does not fit on the chain.
    #[error("{path}, line {line}: {cause}; the log is damaged: move it away to start afresh")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        cause: String,
    },
    /// The log is of a chain that was started with other settings.
    #[error(
        "{path} was started with {found}, not with {asked}; use the same settings or another folder"
    )]
    OtherChain {
        /// The file.
        path: PathBuf,
        /// Settings in the log.
        found: String,
        /// Settings asked for.
        asked: String,
    },
    /// A write failed before and the file could not be mended.
    #[error("{path} could not be written before; restart the devnet")]
    Broken {
        /// The file.
        path: PathBuf,
    },
}

/// The first line: what the chain was started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Origin {
    pub(crate) format: u32,
    pub(crate) seed: u64,
    pub(crate) start_height: u32,
}

impl Origin {
    pub(crate) fn new(seed: u64, start_height: u32) -> Self {
        Self {
            format: FORMAT,
            seed,
            start_height,
        }
    }
}

/// Every further line: one change to the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Change {
    /// A block with transactions (serialised, base16). `id` is checked when the log is read.
    Block { id: String, txs: Vec<String> },
    /// A number of empty blocks.
    Empty { blocks: u32 },
    /// A number of blocks taken back.
    Rollback { blocks: u32 },
}

/// An open log, locked against other devnets.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    broken: bool,
}

impl Journal {
    /// Opens or starts the log in a folder and returns the changes it holds. A torn last line, left by a crash in
    /// the middle of a write, is cut off.
    pub(crate) fn open(
        folder: &Path,
        origin: &Origin,
    ) -> Result<(Self, Vec<Change>), JournalError> {
        let path = folder.join(FILE_NAME);
        let io = |cause| JournalError::Io {
            path: path.clone(),
            cause,
        };
        std::fs::create_dir_all(folder).map_err(io)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse { path }),
            Err(TryLockError::Error(cause)) => return Err(io(cause)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let whole = bytes
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let mut journal = Self {
            path,
            file,
            length: whole as u64,
            broken: false,
        };
        journal.cut().map_err(|cause| journal.io(cause))?;
        let mut lines = bytes
            .get(..whole)
            .unwrap_or(&[])
            .split(|b| *b == b'\n')
            .enumerate();
        if whole == 0 {
            journal.write(origin)?;
        } else if let Some((_, first)) = lines.next() {
            let found: Origin =
                serde_json::from_slice(first).map_err(|e| journal.damaged(1, e.to_string()))?;
            if found != *origin {
                return Err(JournalError::OtherChain {
                    found: format!("{found:?}"),
                    asked: format!("{origin:?}"),
                    path: journal.path,
                });
            }
        }
        let changes = lines
            .filter(|(_, line)| !line.is_empty())
            .map(|(at, line)| {
                serde_json::from_slice(line).map_err(|e| journal.damaged(at + 1, e.to_string()))
            })
            .collect::<Result<Vec<Change>, _>>()?;
        Ok((journal, changes))
    }

    /// Appends one change. When this fails the change must not be made.
    pub(crate) fn append(&mut self, change: &Change) -> Result<(), JournalError> {
        self.write(change)
    }

    /// The error for a change that does not fit; `line` counts from 1.
    pub(crate) fn damaged(&self, line: usize, cause: String) -> JournalError {
        JournalError::Damaged {
            path: self.path.clone(),
            line,
            cause,
        }
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken {
                path: self.path.clone(),
            });
        }
        let mut bytes = serde_json::to_vec(line).map_err(|e| self.io(std::io::Error::other(e)))?;
        bytes.push(b'\n');
        match self.file.write_all(&bytes) {
            Ok(()) => {
                self.length += bytes.len() as u64;
                Ok(())
            }
            Err(cause) => {
                // What was half written would become a damaged line in the middle.
                self.broken = self.cut().is_err();
                Err(self.io(cause))
            }
        }
    }

    fn cut(&mut self) -> std::io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length)).map(|_| ())
    }

    fn io(&self, cause: std::io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.clone(),
            cause,
        }
    }
}
