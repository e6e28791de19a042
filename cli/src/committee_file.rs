//! A proposal that a committee signs together: what is to be done, on which boxes, and the parts signed so far.
//!
//! There is no transaction in it. Whoever signs lays it out for himself, from the action and from boxes that his own node
//! gives him by their ids, with the same pure builders that anybody has; so there is nothing in the file that could be other
//! than it looks. Its transaction's id is in it only to be compared.

use std::path::Path;

use lets_protocol::{Amount, Terms};
use lets_wallet::RoundFile;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::CliError;
use crate::home;

const FORMAT: &str = "lets-committee-proposal";
const VERSION: u32 = 1;

/// What a proposal does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Opens an account for an application.
    Admit {
        /// The application's box.
        application: String,
        /// The account's terms.
        terms: Terms,
    },
    /// Sets an account's terms.
    SetTerms {
        /// The account's number.
        account: String,
        /// The terms to be.
        terms: Terms,
    },
    /// Lets the community's account take over a debt.
    WriteOff {
        /// The debtor's number.
        account: String,
        /// How much.
        amount: Amount,
        /// Why.
        reason: String,
    },
    /// Announces a change of the charter.
    Announce {
        /// Bounds as `NAME=VALUE`.
        bounds: Vec<String>,
        /// The committee to be; none stays as it is.
        committee: Option<NewCommittee>,
        /// The height from which the delay counts.
        from: u32,
    },
    /// Withdraws an announced change.
    Cancel,
    /// Closes an account at balance 0.
    Expel {
        /// The account's number.
        account: String,
    },
    /// Puts an heir's key beside the owner's of an account whose key is lost.
    StartRecovery {
        /// The account's number.
        account: String,
        /// The heir's public key.
        heir: String,
        /// The height from which the delay counts.
        start: u32,
    },
}

/// A committee to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCommittee {
    /// How many must sign.
    pub threshold: usize,
    /// Whose public keys.
    pub members: Vec<String>,
}

/// A proposal as it goes from hand to hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitteeFile {
    format: String,
    version: u32,
    /// The LETS, by its unit's token.
    pub lets: String,
    /// What is to be done.
    pub action: Action,
    /// The public key whose wallet pays the fee.
    pub payer: String,
    /// Ids of that wallet's boxes that the transaction may spend.
    pub wallet: Vec<String>,
    /// Ids of the boxes that it spends and reads, in order.
    pub boxes: Vec<String>,
    /// The height at which the transaction's boxes are made.
    pub height: u32,
    /// The fee in nanoErg.
    pub fee: u64,
    /// The transaction's id, which every signer finds for himself.
    pub transaction: String,
    /// The parts signed so far.
    pub round: RoundFile,
}

/// A file that is no proposal.
#[derive(Debug, Error)]
pub enum CommitteeFileError {
    /// It cannot be read as one.
    #[error("{path} is no committee's proposal: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// It is of another LETS.
    #[error("the proposal is for another LETS: its units are {found}")]
    OtherLets {
        /// Its unit.
        found: String,
    },
    /// What it does makes another transaction here than where it was written.
    #[error(
        "the proposal's transaction is {found} here and {said} in the file: it was changed, or written by another version of the program"
    )]
    OtherTransaction {
        /// Here.
        found: String,
        /// In the file.
        said: String,
    },
    /// A box that it needs has moved on.
    #[error("the proposal is out of date: {what} has moved on since it was written")]
    Stale {
        /// Which box.
        what: String,
    },
}

impl CommitteeFileError {
    /// The error's name in `--json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "bad_proposal",
            Self::OtherLets { .. } => "proposal_of_another_lets",
            Self::OtherTransaction { .. } => "other_proposal",
            Self::Stale { .. } => "stale_proposal",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::OtherTransaction { .. } => {
                "ask whoever proposed it for the file again"
            }
            Self::OtherLets { .. } => "name its LETS with --lets FILE",
            Self::Stale { .. } => {
                "`lets committee remake FILE` lays it out anew; all sign once more"
            }
        }
    }
}

impl CommitteeFile {
    /// A proposal that nobody has signed.
    pub fn new(
        lets: String,
        action: Action,
        payer: String,
        (wallet, boxes): (Vec<String>, Vec<String>),
        (height, fee): (u32, u64),
        (transaction, round): (String, RoundFile),
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            lets,
            action,
            payer,
            wallet,
            boxes,
            height,
            fee,
            transaction,
            round,
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`CommitteeFileError::Unreadable`], [`CliError::File`].
    pub fn load(path: &Path) -> Result<Self, CliError> {
        let fault = |why: String| {
            CliError::from(CommitteeFileError::Unreadable {
                path: path.display().to_string(),
                why: home::foreign(&why),
            })
        };
        let text =
            home::read_foreign(path)?.ok_or_else(|| fault("there is no such file".to_owned()))?;
        let file: Self = serde_json::from_str(&text).map_err(|e| fault(e.to_string()))?;
        if file.format != FORMAT || file.version != VERSION {
            return Err(fault(format!("{} version {}", file.format, file.version)));
        }
        Ok(file)
    }

    /// The file's text.
    ///
    /// # Errors
    /// [`CliError::Json`].
    pub fn text(&self) -> Result<String, CliError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}
