//! A founding in progress: all five transactions, written to disk before the first is sent.
//!
//! Their ids are fixed by then, so sending them again mints nothing twice: a transaction that is on the chain or in the
//! pool already is passed over, any other is signed and sent as it stands.

use std::path::{Path, PathBuf};

use ergo_lib::chain::transaction::TxId;
use ergo_lib::chain::transaction::unsigned::UnsignedTransaction;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::wallet::tx_context::TransactionContext;
use ergo_node_client::SubmitError;
use lets_protocol::{BuildError, FoundingStep, NanoErg, Proposal, runnable};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::CliError;
use crate::home;
use crate::import::Import;
use crate::manifest::{FOUNDING_STEPS, Manifest};

const VERSION: u32 = 1;

/// What is wrong with the state of a founding.
#[derive(Debug, Error)]
pub enum FoundingFileError {
    /// One is in progress.
    #[error("the founding of {name:?} is in progress ({})", path.display())]
    InProgress {
        /// The file.
        path: PathBuf,
        /// The LETS to be.
        name: String,
    },
    /// None is in progress.
    #[error("no founding is in progress: there is no {}", .0.display())]
    None(PathBuf),
    /// The file cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The node refuses a step.
    #[error("step {step} of the founding of {name:?} cannot go on: {cause}")]
    Stuck {
        /// The LETS to be.
        name: String,
        /// Which step, from 1.
        step: usize,
        /// The node's reason.
        cause: Box<SubmitError>,
    },
    /// It cannot be dropped, because some of it is on the chain.
    #[error(
        "step {step} of the founding of {name:?} is on the chain or in the pool: it can only be resumed"
    )]
    Begun {
        /// The LETS to be.
        name: String,
        /// Which step, from 1.
        step: usize,
    },
}

impl FoundingFileError {
    /// The error's name in `--json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InProgress { .. } => "founding_in_progress",
            Self::None(_) => "no_founding",
            Self::Unreadable { .. } => "bad_founding_file",
            Self::Stuck { .. } => "founding_stuck",
            Self::Begun { .. } => "founding_begun",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::InProgress { .. } => {
                "`lets found --resume` ends it; `lets found --discard` drops it if nothing was sent"
            }
            Self::None(_) => "`lets found --name NAME --currency CODE ...` begins one",
            Self::Unreadable { .. } => {
                "take the file from a backup; do not found anew before its tokens are looked for"
            }
            Self::Stuck { step: 1, .. } => {
                "if the ERG for it was spent otherwise: `lets found --discard`, then found anew"
            }
            Self::Stuck { .. } => "`lets found --resume` in a minute, or with another node",
            Self::Begun { .. } => "`lets found --resume`",
        }
        .to_owned()
    }
}

/// One of the five transactions with the boxes that it spends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// Its kind, as results name it.
    pub kind: String,
    /// Its id.
    pub id: TxId,
    /// Its fee in nanoErg.
    pub fee: NanoErg,
    inputs: Vec<ErgoBox>,
    transaction: UnsignedTransaction,
}

impl Step {
    fn of(proposal: &Proposal) -> Self {
        Self {
            kind: proposal.kind().name().to_owned(),
            id: proposal.tx_id(),
            fee: proposal.fee(),
            inputs: proposal.inputs().to_vec(),
            transaction: proposal.unsigned().clone(),
        }
    }

    /// The transaction as signers take it.
    ///
    /// # Errors
    /// [`BuildError::Transaction`] if the boxes do not fit it.
    pub fn context(&self) -> Result<TransactionContext<UnsignedTransaction>, BuildError> {
        TransactionContext::new(self.transaction.clone(), runnable(&self.inputs), Vec::new())
            .map_err(|e| BuildError::Transaction(e.to_string()))
    }
}

/// The file `founding.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FoundingFile {
    version: u32,
    /// The name of the key that pays and signs.
    pub key: String,
    /// The manifest that the founding ends in, as text.
    pub manifest: String,
    /// Where the manifest is to be written.
    pub manifest_path: PathBuf,
    /// The LETS to be.
    pub name: String,
    /// The five transactions.
    pub steps: [Step; FOUNDING_STEPS],
    /// The ledger that is imported afterwards, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<Import>,
}

impl FoundingFile {
    /// A founding as planned.
    ///
    /// # Errors
    /// [`CliError`] if the manifest cannot be written as text.
    pub fn new(
        steps: &[(FoundingStep, Proposal); FOUNDING_STEPS],
        manifest: &Manifest,
        manifest_path: &Path,
        key: &str,
        import: Option<Import>,
    ) -> Result<Self, CliError> {
        Ok(Self {
            version: VERSION,
            key: key.to_owned(),
            manifest: manifest.to_text()?,
            manifest_path: manifest_path.to_owned(),
            name: manifest.name.clone(),
            steps: std::array::from_fn(|i| Step::of(&steps[i].1)),
            import,
        })
    }

    /// Reads the file; `None` if no founding is in progress.
    ///
    /// # Errors
    /// [`FoundingFileError::Unreadable`]: also when a transaction in it does not have the id that it is filed under, or
    /// when the manifest in it names other transactions.
    pub fn load(path: &Path) -> Result<Option<Self>, CliError> {
        let Some(text) = home::read(path)? else {
            return Ok(None);
        };
        let fault = |why: String| FoundingFileError::Unreadable {
            path: path.to_owned(),
            why,
        };
        let file: Self = serde_json::from_str(&text).map_err(|e| fault(e.to_string()))?;
        if file.version != VERSION {
            return Err(fault(format!("its version is {}, not {VERSION}", file.version)).into());
        }
        let (manifest, _) = Manifest::parse(&file.manifest, path)?;
        for (step, planned) in file.steps.iter().zip(manifest.founding.transactions) {
            if step.transaction.id() != step.id || step.id != planned {
                return Err(
                    fault(format!("transaction {} was altered", String::from(step.id))).into(),
                );
            }
        }
        Ok(Some(file))
    }

    /// Writes the file, which must not exist yet.
    ///
    /// # Errors
    /// [`CliError::Exists`], [`CliError::File`], [`CliError::Json`].
    pub fn save_new(&self, path: &Path) -> Result<(), CliError> {
        home::write_new(path, &serde_json::to_string(self)?)
    }
}
