//! Transactions and boxes as the chain keeps them: with their scripts as bytes, and with what look-ups need.
//!
//! A parsed contract is many times larger than its bytes, and ergo-lib serializes it anew whenever it needs these, which takes
//! longer than all else that a node does. So a script is parsed only when its box is spent.

use std::sync::Arc;

use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergo_chain_types::{Digest32, blake2b256_hash};
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::ergotree_ir::ergo_tree::{ErgoTree, ErgoTreeError};
use ergo_lib::ergotree_ir::serialization::{
    SigmaParsingError, SigmaSerializable, SigmaSerializationError,
};
use ergo_lib::wallet::miner_fee::MINERS_FEE_BASE16_BYTES;

use crate::judge::{MAX_TX_SIZE, Refusal};

/// Hash of a script's bytes: what boxes are filed under.
pub(crate) type ScriptKey = Digest32;

/// A box that exists, or existed, on this chain or in its pool.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BoxData {
    pub(crate) id: BoxId,
    ergo_box: ErgoBox,
    pub(crate) script: ScriptKey,
    pub(crate) value: u64,
    pub(crate) tokens: Vec<(TokenId, u64)>,
}

impl BoxData {
    /// Of a box with its script as bytes.
    fn new(ergo_box: ErgoBox) -> Result<Self, SigmaSerializationError> {
        Ok(Self {
            id: ergo_box.box_id(),
            script: script_key(&ergo_box.ergo_tree)?,
            value: *ergo_box.value.as_u64(),
            tokens: ergo_box
                .tokens
                .iter()
                .flatten()
                .map(|token| (token.token_id, *token.amount.as_u64()))
                .collect(),
            ergo_box,
        })
    }

    /// Of a box that no transaction made.
    pub(crate) fn genesis(mut ergo_box: ErgoBox) -> Result<Self, SigmaSerializationError> {
        ergo_box.ergo_tree = unparsed(&ergo_box.ergo_tree)?;
        Self::new(ergo_box)
    }

    /// The box, its script as bytes: to be shown, or read by scripts.
    pub(crate) fn ergo_box(&self) -> &ErgoBox {
        &self.ergo_box
    }

    /// The box with its script parsed: to be spent.
    pub(crate) fn parse(&self) -> Result<ErgoBox, SigmaParsingError> {
        let bytes = self.ergo_box.ergo_tree.sigma_serialize_bytes()?;
        let mut parsed = self.ergo_box.clone();
        parsed.ergo_tree = ErgoTree::sigma_parse_bytes(&bytes)?;
        Ok(parsed)
    }
}

/// A transaction whose bytes were found to parse to itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PreparedTx {
    pub(crate) id: TxId,
    /// Its outputs have their scripts as bytes.
    pub(crate) tx: Transaction,
    pub(crate) bytes: Vec<u8>,
    pub(crate) inputs: Vec<BoxId>,
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
        let kept = with_scripts_as_bytes(tx).map_err(broken)?;
        let bytes = kept
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
        Self::of(kept, bytes).map_err(|e| broken(e.to_string()))
    }

    /// Reads one that was kept.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Result<Self, String> {
        let tx = Transaction::sigma_parse_bytes(&bytes).map_err(|e| e.to_string())?;
        let kept = with_scripts_as_bytes(&tx)?;
        match kept.sigma_serialize_bytes() {
            Ok(again) if again == bytes => Self::of(kept, bytes).map_err(|e| e.to_string()),
            Ok(_) => Err(format!("{} does not serialise to itself", tx.id())),
            Err(e) => Err(e.to_string()),
        }
    }

    fn of(tx: Transaction, bytes: Vec<u8>) -> Result<Self, SigmaSerializationError> {
        let outputs = tx.outputs.iter().cloned();
        let outputs: Vec<_> = outputs
            .map(|output| BoxData::new(output).map(Arc::new))
            .collect::<Result<_, _>>()?;
        let miner = miner_script_key();
        let fee = outputs
            .iter()
            .filter(|output| output.script == miner)
            .fold(0u64, |sum, output| sum.saturating_add(output.value));
        Ok(Self {
            id: tx.id(),
            bytes,
            inputs: tx.inputs.iter().map(|input| input.box_id).collect(),
            data_inputs: tx
                .data_inputs
                .iter()
                .flatten()
                .map(|input| input.box_id)
                .collect(),
            outputs,
            fee,
            tx,
        })
    }

    /// Whether `self` pays strictly more per byte than `other`.
    pub(crate) fn outbids(&self, other: &Self) -> bool {
        u128::from(self.fee) * other.bytes.len() as u128
            > u128::from(other.fee) * self.bytes.len() as u128
    }
}

/// The transaction with its outputs' scripts as bytes.
fn with_scripts_as_bytes(tx: &Transaction) -> Result<Transaction, String> {
    let output = |output: &ErgoBoxCandidate| {
        Ok(ErgoBoxCandidate {
            value: output.value,
            ergo_tree: unparsed(&output.ergo_tree)?,
            tokens: output.tokens.clone(),
            additional_registers: output.additional_registers.clone(),
            creation_height: output.creation_height,
        })
    };
    let outputs: Result<Vec<_>, SigmaSerializationError> =
        tx.output_candidates.iter().map(output).collect();
    let data_inputs = tx.data_inputs.iter().flatten().cloned().collect();
    Transaction::new_from_vec(
        tx.inputs.iter().cloned().collect(),
        data_inputs,
        outputs.map_err(|e| e.to_string())?,
    )
    .map_err(|e| e.to_string())
}

/// The script as bytes: in ergo-lib the form of a script that cannot be parsed, whose error nobody asks for.
fn unparsed(tree: &ErgoTree) -> Result<ErgoTree, SigmaSerializationError> {
    Ok(ErgoTree::Unparsed {
        tree_bytes: tree.sigma_serialize_bytes()?,
        error: ErgoTreeError::IoError("kept as bytes".to_owned()),
    })
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
