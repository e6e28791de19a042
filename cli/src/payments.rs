//! The record of payments made from this home, with their memos: on this machine only, nothing of it is on the chain.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use lets_protocol::AccountNumber;
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::home;

/// One payment as it was handed to the node. Whether it got into a block is on the chain, not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRecord {
    /// Seconds since 1970-01-01 UTC, by this machine's clock.
    pub time: u64,
    /// The transaction.
    pub transaction: String,
    /// The payer's account.
    pub from: AccountNumber,
    /// The payee's account.
    pub to: AccountNumber,
    /// The payee's name here at that time.
    pub name: String,
    /// The amount in the currency's figures.
    pub amount: String,
    /// The currency.
    pub currency: String,
    /// What it was for.
    pub memo: Option<String>,
}

/// Now, in seconds since 1970-01-01 UTC; 0 if the clock stands before that.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Adds a payment to the record.
///
/// # Errors
/// [`CliError::File`], [`CliError::Json`].
pub fn append(path: &Path, payment: &PaymentRecord) -> Result<(), CliError> {
    home::append_line(path, &serde_json::to_string(payment)?)
}

/// All payments on record, oldest first, and how many lines could not be read (a line cut off by a crash, say).
///
/// # Errors
/// [`CliError::File`].
pub fn load(path: &Path) -> Result<(Vec<PaymentRecord>, usize), CliError> {
    let text = home::read(path)?.unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    let read: Vec<PaymentRecord> = lines
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let lost = lines.len() - read.len();
    Ok((read, lost))
}
