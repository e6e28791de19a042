//! What reading the books takes.

use std::path::PathBuf;

use clap::Args;

use super::Passphrase;

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Build the ledger anew from the chain
    #[arg(long)]
    pub(crate) rebuild: bool,
}

/// Whose entries, and whether their memos are to be read.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// A name, or an account number (8 digits or more) [default: the accounts of your keys]
    pub(crate) who: Option<String>,
    /// Read the memos, which takes your passphrase
    #[arg(long)]
    pub(crate) memos: bool,
    #[command(flatten)]
    pub(crate) passphrase: Passphrase,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// From this height or day (2026-11-05, UTC) on
    #[arg(long, value_name = "WHEN")]
    pub(crate) from: Option<String>,
    /// Up to this height or day, itself included
    #[arg(long, value_name = "WHEN")]
    pub(crate) to: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct StatementArgs {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// The month, like 2026-11 (UTC)
    #[arg(long, value_name = "MONTH")]
    pub(crate) month: String,
    /// As CSV, for a spreadsheet
    #[arg(long)]
    pub(crate) csv: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// Write charts of members, volume and balances to this SVG file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// A name, or an account number (8 digits or more) [default: the accounts of your keys]
    pub(crate) who: Option<String>,
    /// Begin with the blocks from this height on [default: the next block]
    #[arg(long, value_name = "HEIGHT")]
    pub(crate) from: Option<u32>,
    /// End after this height [default: go on until interrupted]
    #[arg(long, value_name = "HEIGHT")]
    pub(crate) to: Option<u32>,
    /// Run this command for each event, with the event as a line of JSON on its standard input
    #[arg(long, value_name = "CMD")]
    pub(crate) exec: Option<String>,
}
