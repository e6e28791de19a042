//! An Ergo test chain inside the process, with the reference node's REST API on 127.0.0.1.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use ergo_devnet::{Devnet, DevnetConfig};
//!
//! let devnet = Devnet::start(DevnetConfig::default()).await?;
//! let url = devnet.url(); // give this to whatever speaks to a node
//! # let _ = url;
//! # Ok(()) }
//! ```
//!
//! It truly judges: every transaction passes ergo-lib's `TransactionContext::validate` with mainnet's parameters,
//! against the context that a client gets from `/blocks/lastHeaders/10`, at the height of the next block, before
//! it enters the pool, and again before it enters a block if the tip has changed since.
//!
//! Where it differs from a real node:
//! - There is no proof of work, no peer, no fork choice ([`Devnet::rollback`] plays a reorganisation).
//! - Block ids are functions of the chain's content and the height, not hashes of headers; state roots are no
//!   AVL+ digests; the Merkle root of a block's transactions leaves their proofs out; extensions are empty.
//! - Miner fees stay where they were paid: no block collects them and no block pays a reward.
//! - Scripts have no cost, because ergo-lib computes none: a transaction over a node's cost limit passes here.
//! - A replacement in the pool must outbid each transaction it replaces; a node compares with their average.
//! - Views do not lag: what a POST answered is visible at once.

mod api;
mod config;
mod faucet;
mod header;
mod journal;
mod judge;
mod ledger;
mod mempool;
mod node;
mod outcome;
mod prepared;
mod server;
mod shown;
mod view;

#[cfg(test)]
#[path = "../tests/it/common/keys.rs"]
mod keys;

pub use config::{BlockTime, DevnetConfig, MAX_HEIGHT, MIN_START_HEIGHT};
pub use faucet::SUPPLY;
pub use journal::JournalError;
pub use judge::{MAX_TX_SIZE, MIN_FEE, Refusal};
pub use ledger::LedgerError;
pub use outcome::{
    FundError, GenesisError, MineError, Mined, OpenError, RolledBack, SubmitError, UnjudgedError,
};
pub use server::{Devnet, DevnetError};
