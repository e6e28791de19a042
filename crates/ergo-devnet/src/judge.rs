//! The verdict on one transaction: ergo-lib's consensus checks, and those that it leaves to the node.

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::parameters::Parameters;
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::chain::transaction::ergo_transaction::{ErgoTransaction, TxValidationError};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::wallet::tx_context::TransactionContext;
use std::panic::{AssertUnwindSafe, catch_unwind};
use thiserror::Error;

/// Largest transaction the pool takes, in bytes (reference node setting `maxTransactionSize`).
pub const MAX_TX_SIZE: usize = 98_304;
/// Smallest total miner fee the pool takes, in nanoErg (reference node setting `minimalFeeAmount`).
pub const MIN_FEE: u64 = 1_000_000;
/// Largest total size of a block's transactions, in bytes.
pub(crate) const MAX_BLOCK_SIZE: usize = 1_271_009;
const MAX_BLOCK_COST: i32 = 8_001_091;
const STORAGE_FEE_FACTOR: i32 = 1_250_000;
const MIN_VALUE_PER_BYTE: i32 = 360;
const TOKEN_ACCESS_COST: i32 = 100;
const INPUT_COST: i32 = 2_407;
const DATA_INPUT_COST: i32 = 100;
const OUTPUT_COST: i32 = 197;

/// Why a transaction was refused. The messages open with the reference node's own words (`ValidationRules`,
/// `ErgoMemPool`), so that clients can be tested against them.
#[derive(Debug, Error)]
pub enum Refusal {
    /// Larger than [`MAX_TX_SIZE`].
    #[error(
        "Transaction {id} has too large size {size} (the pool takes at most {MAX_TX_SIZE} bytes)"
    )]
    TooLarge {
        /// Transaction id.
        id: TxId,
        /// Its size in bytes.
        size: usize,
    },
    /// A register, script or context variable does not survive serialisation: it would be another transaction.
    #[error("Malformed transaction: {id} does not serialise to itself: {cause}")]
    NotCanonical {
        /// Transaction id.
        id: TxId,
        /// What went wrong.
        cause: String,
    },
    /// One box is spent twice.
    #[error(
        "Malformed transaction: There should be no duplicate inputs. {id}: {distinct} == {inputs}"
    )]
    DuplicateInputs {
        /// Transaction id.
        id: TxId,
        /// Number of distinct inputs.
        distinct: usize,
        /// Number of inputs.
        inputs: usize,
    },
    /// Inputs that are neither unspent nor made by a transaction in the pool.
    #[error(
        "Malformed transaction: Every input of the transaction should be in UTXO. \
         {id}: {} == {inputs}. Missing inputs: {}", inputs - missing.len(), list(missing)
    )]
    MissingInputs {
        /// Transaction id.
        id: TxId,
        /// Number of inputs.
        inputs: usize,
        /// Positions of the missing ones.
        missing: Vec<usize>,
    },
    /// Data inputs that are neither unspent nor made by a transaction in the pool.
    #[error(
        "Malformed transaction: Every data input of the transaction should be in UTXO. \
         {id}: {} == {data_inputs}. Missing data inputs: {}", data_inputs - missing.len(), list(missing)
    )]
    MissingDataInputs {
        /// Transaction id.
        id: TxId,
        /// Number of data inputs.
        data_inputs: usize,
        /// Positions of the missing ones.
        missing: Vec<usize>,
    },
    /// A script said no, or failed, or a proof is wrong.
    #[error(
        "Malformed transaction: Scripts of all transaction inputs should pass verification. {id}: #{input} => {cause}"
    )]
    Script {
        /// Transaction id.
        id: TxId,
        /// Position of the input.
        input: usize,
        /// What the interpreter said.
        cause: String,
    },
    /// Any other rule of the protocol: preservation of ERG and tokens, dust, heights, sizes.
    #[error("Malformed transaction: {rule} {id}: {cause}")]
    Rule {
        /// Transaction id.
        id: TxId,
        /// The rule, in the reference node's words.
        rule: &'static str,
        /// The figures.
        cause: String,
    },
    /// Pays the miner less than [`MIN_FEE`].
    #[error("Min fee not met: {} ergs required, {} ergs given", erg(MIN_FEE), erg(*given))]
    FeeTooLow {
        /// The sum of its fee outputs, in nanoErg.
        given: u64,
    },
    /// The very same transaction is in the pool.
    #[error("Pool can not accept transaction {id}, it is already in the mempool")]
    AlreadyInPool {
        /// Transaction id.
        id: TxId,
    },
    /// Spends what transactions in the pool spend, and does not pay more per byte than each of them.
    #[error("Double spending attempt")]
    DoubleSpend {
        /// The transactions that stay.
        winners: Vec<TxId>,
    },
}

fn list(positions: &[usize]) -> String {
    let all: Vec<String> = positions.iter().map(ToString::to_string).collect();
    all.join(", ")
}

fn erg(nano: u64) -> String {
    let text = format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000);
    let short = text.trim_end_matches('0');
    if short.ends_with('.') {
        format!("{short}0")
    } else {
        short.to_owned()
    }
}

/// Mainnet's parameters as of block version 4.
pub(crate) fn parameters() -> Parameters {
    Parameters::new(
        i32::from(crate::header::BLOCK_VERSION),
        STORAGE_FEE_FACTOR,
        MIN_VALUE_PER_BYTE,
        MAX_BLOCK_SIZE as i32,
        MAX_BLOCK_COST,
        TOKEN_ACCESS_COST,
        INPUT_COST,
        DATA_INPUT_COST,
        OUTPUT_COST,
    )
}

/// Judges a transaction whose boxes have been found. `inputs` and `data_inputs` are in the transaction's order.
/// Everything of the protocol but the cost limit, which ergo-lib does not compute.
pub(crate) fn judge(
    tx: Transaction,
    inputs: Vec<ErgoBox>,
    data_inputs: Vec<ErgoBox>,
    context: &ErgoStateContext,
) -> Result<(), Refusal> {
    let id = tx.id();
    // ergo-lib's `validate` adds outputs without looking for overflow and trusts inputs to be distinct.
    tx.validate_stateless().map_err(|e| refusal(id, e))?;
    let tx_context =
        TransactionContext::new(tx, inputs, data_inputs).map_err(|e| refusal(id, e.into()))?;
    // ergo-lib panics on some scripts, for one if the whole script is a register of another type than it asks for. A node
    // refuses such a spend; nothing of `tx_context` is used again.
    match catch_unwind(AssertUnwindSafe(|| tx_context.validate(context))) {
        Ok(verdict) => verdict.map_err(|e| refusal(id, e)),
        Err(_) => Err(Refusal::Rule {
            id,
            rule: "Scripts of all transaction inputs should pass verification.",
            cause: "a script cannot be evaluated".to_owned(),
        }),
    }
}

fn refusal(id: TxId, error: TxValidationError) -> Refusal {
    use TxValidationError as E;
    let rule = match &error {
        E::DoubleSpend(distinct, inputs) => {
            return Refusal::DuplicateInputs {
                id,
                distinct: *distinct,
                inputs: *inputs,
            };
        }
        E::ReducedToFalse(input, _) => {
            return Refusal::Script {
                id,
                input: *input,
                cause: "the script or its proof is false".to_owned(),
            };
        }
        E::VerifierError(input, cause) => {
            return Refusal::Script {
                id,
                input: *input,
                cause: cause.to_string(),
            };
        }
        E::ErgPreservationError(..) => {
            "Amount of Ergs in inputs should be equal to amount of Erg in outputs."
        }
        E::OutputSumOverflow => "Sum of transaction outputs should not exceed 9223372036854775807.",
        E::InputSumOverflow => "Sum of transaction inputs should not exceed 9223372036854775807.",
        E::TokenPreservationError { .. } => {
            "For every token, its amount in inputs should not exceed its amount in outputs."
        }
        E::TokenAmountError(_) => {
            "A number of tokens within a box should not exceed 255 and sum of assets of one type should not exceed 9223372036854775807."
        }
        E::DustOutput(..) => {
            "Every output of the transaction should contain at least <minValuePerByte * outputSize> nanoErgs."
        }
        E::InvalidHeightError(_) => {
            "Transaction outputs should have creationHeight the does not exceed the block height."
        }
        E::MonotonicHeightError(..) => {
            "Creation height of any output should be not less than creation height of any input."
        }
        E::NegativeHeight => "Transaction outputs should have non-negative creationHeight.",
        E::BoxSizeExceeded(_) => "Box size should not exceed 4096.",
        E::ScriptSizeExceeded(_) => "Box proposition should not exceed 4096.",
        E::TransactionContextError(_) | E::SigmaSerializationError(_) => {
            "Transaction should be well-formed."
        }
    };
    Refusal::Rule {
        id,
        rule,
        cause: error.to_string(),
    }
}
