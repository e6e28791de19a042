//! Transactions and boxes as the chain keeps them: serialised, with what look-ups need beside the bytes.
//!
//! Parsed contracts are many times larger than their bytes, so nothing parsed is kept; a box is parsed again when
//! it is judged, or shown for the first time.

use std::sync::Arc;

use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergo_chain_types::{Digest32, blake2b256_hash};
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::serialization::{
    SigmaParsingError, SigmaSerializable, SigmaSerializationError,
};
use ergo_lib::wallet::miner_fee::MINERS_FEE_BASE16_BYTES;
use serde_json::Value;

use crate::judge::{MAX_TX_SIZE, Refusal};

/// Hash of a script's bytes: what boxes are filed under.
pub(crate) type ScriptKey = Digest32;

/// A box that exists, or existed, on this chain or in its pool.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BoxData {
    pub(crate) id: BoxId,
    bytes: Vec<u8>,
    pub(crate) script: ScriptKey,
    pub(crate) value: u64,
    pub(crate) tokens: Vec<(TokenId, u64)>,
}

impl BoxData {
    pub(crate) fn new(ergo_box: &ErgoBox) -> Result<Self, SigmaSerializationError> {
        Ok(Self {
            id: ergo_box.box_id(),
            bytes: ergo_box.sigma_serialize_bytes()?,
            script: script_key(&ergo_box.ergo_tree)?,
            value: *ergo_box.value.as_u64(),
            tokens: ergo_box
                .tokens
                .iter()
                .flatten()
                .map(|token| (token.token_id, *token.amount.as_u64()))
                .collect(),
        })
    }

    pub(crate) fn parse(&self) -> Result<ErgoBox, SigmaParsingError> {
        ErgoBox::sigma_parse_bytes(&self.bytes)
    }
}

/// A transaction whose bytes were found to parse to itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PreparedTx {
    pub(crate) id: TxId,
    pub(crate) bytes: Vec<u8>,
    pub(crate) inputs: Vec<BoxId>,
    /// Each input's proof and context variables (schema `SpendingProof`).
    pub(crate) proofs: Vec<Value>,
    pub(crate) data_inputs: Vec<BoxId>,
    pub(crate) outputs: Vec<Arc<BoxData>>,
    /// Sum of the outputs that pay the miner, in nanoErg.
    pub(crate) fee: u64,
}

impl PreparedTx {
    /// Refuses what is too large, and what changes when it is serialised and parsed: JSON can carry amounts,
    /// scripts and registers that have no serialised form, and ergo-lib's JSON parser lets them pass.
    pub(crate) fn new(tx: &Transaction) -> Result<Self, Refusal> {
        let id = tx.id();
        let broken = |cause: String| Refusal::NotCanonical { id, cause };
        let bytes = tx
            .sigma_serialize_bytes()
            .map_err(|e| broken(e.to_string()))?;
        if bytes.len() > MAX_TX_SIZE {
            return Err(Refusal::TooLarge {
                id,
                size: bytes.len(),
            });
        }
        let parsed = Transaction::sigma_parse_bytes(&bytes).map_err(|e| broken(e.to_string()))?;
        if parsed.id() != id {
            return Err(broken(format!("its bytes are those of {}", parsed.id())));
        }
        let proofs = tx
            .inputs
            .iter()
            .map(|input| serde_json::to_value(&input.spending_proof))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| broken(e.to_string()))?;
        let outputs = tx
            .outputs
            .iter()
            .map(|output| BoxData::new(output).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| broken(e.to_string()))?;
        let miner = miner_script_key();
        let fee = outputs
            .iter()
            .filter(|output| output.script == miner)
            .fold(0u64, |sum, output| sum.saturating_add(output.value));
        Ok(Self {
            id,
            bytes,
            inputs: tx.inputs.iter().map(|input| input.box_id).collect(),
            proofs,
            data_inputs: tx
                .data_inputs
                .iter()
                .flatten()
                .map(|input| input.box_id)
                .collect(),
            outputs,
            fee,
        })
    }

    pub(crate) fn parse(&self) -> Result<Transaction, SigmaParsingError> {
        Transaction::sigma_parse_bytes(&self.bytes)
    }

    /// Whether `self` pays strictly more per byte than `other`.
    pub(crate) fn outbids(&self, other: &Self) -> bool {
        u128::from(self.fee) * other.bytes.len() as u128
            > u128::from(other.fee) * self.bytes.len() as u128
    }
}

/// Key of a script given as an ErgoTree.
pub(crate) fn script_key(tree: &ErgoTree) -> Result<ScriptKey, SigmaSerializationError> {
    Ok(script_bytes_key(&tree.sigma_serialize_bytes()?))
}

/// Key of a script given as its serialised bytes.
pub(crate) fn script_bytes_key(bytes: &[u8]) -> ScriptKey {
    blake2b256_hash(bytes)
}

/// Key of the script that miner fees are paid to.
pub(crate) fn miner_script_key() -> ScriptKey {
    static KEY: std::sync::OnceLock<ScriptKey> = std::sync::OnceLock::new();
    // The constant is hexadecimal; were it not, no output would count as a fee, and every test would fail.
    *KEY.get_or_init(|| script_bytes_key(&hex::decode(MINERS_FEE_BASE16_BYTES).unwrap_or_default()))
}
