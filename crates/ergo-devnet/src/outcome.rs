//! What the chain's operations answer, and how they fail.

use ergo_lib::chain::transaction::TransactionError;
use ergo_lib::ergo_chain_types::BlockId;
use ergo_lib::ergotree_ir::chain::address::AddressEncoderError;
use ergo_lib::ergotree_ir::chain::ergo_box::box_value::BoxValueError;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::ergotree_ir::serialization::{SigmaParsingError, SigmaSerializationError};
use ergo_lib::wallet::WalletError;
use ergo_lib::wallet::tx_context::TransactionContextError;
use thiserror::Error;

use crate::journal::JournalError;
use crate::judge::Refusal;
use crate::ledger::LedgerError;

/// What mining did.
#[derive(Debug)]
pub struct Mined {
    /// Height of the tip afterwards.
    pub height: u32,
    /// Id of the tip afterwards.
    pub header_id: BlockId,
    /// Transactions that went into the blocks, in their order.
    pub included: Vec<TxId>,
    /// Transactions that had become invalid and left the pool.
    pub dropped: Vec<Refusal>,
}

/// What taking blocks back did.
#[derive(Debug)]
pub struct RolledBack {
    /// Height of the tip afterwards.
    pub height: u32,
    /// Id of the tip afterwards.
    pub header_id: BlockId,
    /// Transactions now in the pool, in its order.
    pub pooled: Vec<TxId>,
    /// Transactions that are not valid at the lower height, and those that depend on them.
    pub dropped: Vec<Refusal>,
}

/// The chain cannot begin: its genesis box or header template cannot be made.
#[derive(Debug, Error)]
pub enum GenesisError {
    /// The seed gives no valid key (one seed in 2^128 does not).
    #[error("seed {0} gives no valid faucet key; choose another seed")]
    Key(u64),
    /// The faucet's script cannot be made.
    #[error("the faucet's script cannot be made: {0}")]
    Script(#[from] SigmaParsingError),
    /// The supply is no box value.
    #[error("the genesis box cannot hold the supply: {0}")]
    Value(#[from] BoxValueError),
    /// The genesis box cannot be serialised.
    #[error("the genesis box cannot be serialised: {0}")]
    Box(#[from] SigmaSerializationError),
    /// The header template does not parse.
    #[error("the header template does not parse: {0}")]
    Header(#[from] serde_json::Error),
}

/// The chain could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// It cannot begin.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// Its log cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// A transaction was not taken.
#[derive(Debug, Error)]
pub enum SubmitError {
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It is in the pool, but the block that [`crate::BlockTime::Instant`] promises could not be mined.
    #[error("the transaction is in the pool, but no block could be mined: {0}")]
    Mine(#[from] MineError),
}

/// A block could not be mined, or taken back.
#[derive(Debug, Error)]
pub enum MineError {
    /// The chain would grow past [`crate::MAX_HEIGHT`].
    #[error(
        "{blocks} blocks on height {height} would pass the limit of {}; mine fewer",
        crate::MAX_HEIGHT
    )]
    TooHigh {
        /// Blocks asked for.
        blocks: u32,
        /// Present height.
        height: u32,
    },
    /// The chain log could not be written; nothing was mined.
    #[error("the chain log cannot be written, so nothing was done: {0}")]
    Journal(#[from] JournalError),
    /// The block does not fit on the chain.
    #[error("the block does not fit on the chain: {0}")]
    Ledger(#[from] LedgerError),
}

/// A block of transactions that nobody judges could not be mined.
#[derive(Debug, Error)]
pub enum UnjudgedError {
    /// A transaction that no block can hold: too large, or other than its bytes say.
    #[error(transparent)]
    Form(#[from] Refusal),
    /// The block could not be mined.
    #[error(transparent)]
    Mine(#[from] MineError),
}

/// The faucet could not pay.
#[derive(Debug, Error)]
pub enum FundError {
    /// Not an address of this chain's network.
    #[error(
        "not an address of this chain's network: {0}; use one that the network prefix of /devnet/status fits"
    )]
    Address(#[from] AddressEncoderError),
    /// The address or ErgoTree is no script.
    #[error("the address is no script: {0}")]
    Script(#[from] SigmaParsingError),
    /// The faucet has less than what was asked.
    #[error(
        "the faucet has {available} nanoErg in its largest box, {asked} were asked with the fee; ask for less"
    )]
    Dry {
        /// What was asked, with the fee, in nanoErg.
        asked: u64,
        /// What the faucet can pay from, in nanoErg.
        available: u64,
    },
    /// The NFT is of no oracle pool that this faucet made.
    #[error("no oracle pool of this chain's has that NFT; leave it away to make one")]
    NoPool,
    /// The oracle pool's box cannot be made.
    #[error("the oracle pool's box cannot be made: {0}")]
    PoolBox(String),
    /// The amount is no box value.
    #[error("the amount is no box value: {0}; ask for at least 1000000 nanoErg")]
    Value(#[from] BoxValueError),
    /// The transaction cannot be built.
    #[error("the faucet's transaction cannot be built: {0}")]
    Build(#[from] TransactionError),
    /// The transaction cannot be given to the signer.
    #[error("the faucet's transaction lacks a box: {0}")]
    Context(#[from] TransactionContextError),
    /// The transaction cannot be signed.
    #[error("the faucet's transaction cannot be signed: {0}")]
    Sign(#[from] WalletError),
    /// The chain refused the transaction, for instance because the amount is below the minimum for a box.
    #[error("the chain refused the faucet's transaction: {0}")]
    Refused(#[from] Refusal),
    /// The block could not be mined.
    #[error("the block with the faucet's transaction could not be mined: {0}")]
    Mine(#[from] MineError),
}
