//! Answers to look-ups, taken out of the state as shared pointers, and their JSON in the reference node's shape
//! (`ApiCodecs`, and the component schemas of its OpenAPI). Parsing and rendering happen after the lock is let go.

use std::sync::Arc;

use ergo_lib::chain::transaction::DataInput;
use ergo_lib::ergo_chain_types::BlockId;
use ergo_lib::ergotree_ir::chain::address::AddressError;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox, NonMandatoryRegisterId};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::mir::constant::TryExtractInto;
use ergo_lib::ergotree_ir::serialization::SigmaParsingError;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::header::timestamp;
use crate::ledger::{BoxRecord, TxRecord};
use crate::node::State;
use crate::prepared::{BoxData, PreparedTx, ScriptKey};
use crate::shown::Shown;

/// Something that was stored cannot be shown: a fault of this crate.
#[derive(Debug, Error)]
pub(crate) enum ViewError {
    #[error("a stored box or transaction does not parse: {0}")]
    Parse(#[from] SigmaParsingError),
    #[error("a stored box or transaction has no JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a stored script has no address: {0}")]
    Address(Box<AddressError>),
}

/// A box with what the index knows of it.
pub(crate) struct IndexedBox {
    data: Arc<BoxData>,
    global_index: u32,
    inclusion_height: u32,
    spent: Option<SpentBy>,
}

struct SpentBy {
    tx: Arc<PreparedTx>,
    height: u32,
    input: u16,
}

impl IndexedBox {
    pub(crate) fn at(state: &State, index: u32) -> Option<Self> {
        let BoxRecord {
            data,
            height,
            spent,
        } = state.ledger.box_at(index)?;
        let spent = spent.and_then(|spent| {
            let by = state.ledger.tx_at(spent.tx)?;
            Some(SpentBy {
                tx: by.tx.clone(),
                height: by.height,
                input: spent.input,
            })
        });
        Some(Self {
            data: data.clone(),
            global_index: index,
            inclusion_height: *height,
            spent,
        })
    }

    fn by_id(state: &State, id: &BoxId) -> Option<Self> {
        state
            .ledger
            .box_index(id)
            .and_then(|index| Self::at(state, index))
    }

    /// A box of the pool: the reference node shows it with height and index 0.
    pub(crate) fn unconfirmed(data: Arc<BoxData>) -> Self {
        Self {
            data,
            global_index: 0,
            inclusion_height: 0,
            spent: None,
        }
    }

    /// Schema `IndexedErgoBox`.
    pub(crate) fn json(&self, shown: &Shown) -> Result<Value, ViewError> {
        let spent = self.spent.as_ref();
        let input = spent.and_then(|by| by.tx.tx.inputs.get(by.input as usize));
        let proof = serde_json::to_value(input.map(|input| &input.spending_proof))?;
        let mut object = shown.object(&self.data)?;
        object.insert("globalIndex".into(), self.global_index.into());
        object.insert("inclusionHeight".into(), self.inclusion_height.into());
        object.insert("address".into(), shown.address(&self.data)?.into());
        object.insert(
            "spentTransactionId".into(),
            spent.map(|by| by.tx.id.to_string()).into(),
        );
        object.insert("spendingHeight".into(), spent.map(|by| by.height).into());
        object.insert("spendingProof".into(), proof);
        Ok(object.into())
    }
}

/// A confirmed transaction with its boxes.
pub(crate) struct IndexedTx {
    record: TxRecord,
    block_id: BlockId,
    tip: u32,
    global_index: u32,
    inputs: Vec<IndexedBox>,
    outputs: Vec<IndexedBox>,
}

impl IndexedTx {
    pub(crate) fn at(state: &State, index: u32) -> Option<Self> {
        let record = state.ledger.tx_at(index)?.clone();
        let boxes = |id: &BoxId| IndexedBox::by_id(state, id);
        Some(Self {
            block_id: state.ledger.id_at(record.height),
            tip: state.ledger.height(),
            global_index: index,
            inputs: record.tx.inputs.iter().filter_map(boxes).collect(),
            outputs: record
                .tx
                .outputs
                .iter()
                .filter_map(|data| boxes(&data.id))
                .collect(),
            record,
        })
    }

    /// Schema `IndexedErgoTransaction`.
    pub(crate) fn json(&self, shown: &Shown) -> Result<Value, ViewError> {
        let all = |boxes: &[IndexedBox]| -> Result<Vec<Value>, ViewError> {
            boxes.iter().map(|indexed| indexed.json(shown)).collect()
        };
        let tx = &self.record.tx;
        Ok(json!({
            "id": tx.id,
            "blockId": String::from(self.block_id.0),
            "inclusionHeight": self.record.height,
            "timestamp": timestamp(self.record.height),
            "index": self.record.index,
            "globalIndex": self.global_index,
            "numConfirmations": self.tip - self.record.height,
            "inputs": all(&self.inputs)?,
            "dataInputs": data_inputs(tx)?,
            "outputs": all(&self.outputs)?,
            "size": tx.bytes.len(),
        }))
    }
}

/// A transaction of the pool with the boxes it spends.
pub(crate) struct PoolTx {
    tx: Arc<PreparedTx>,
    inputs: Vec<Arc<BoxData>>,
}

impl PoolTx {
    pub(crate) fn new(state: &State, tx: &Arc<PreparedTx>) -> Self {
        let boxes = tx.inputs.iter();
        Self {
            inputs: boxes
                .filter_map(|id| state.box_with_pool(id))
                .cloned()
                .collect(),
            tx: tx.clone(),
        }
    }

    /// Whether it spends or makes a box of a script.
    pub(crate) fn touches(&self, script: &ScriptKey) -> bool {
        let mut boxes = self.inputs.iter().chain(&self.tx.outputs);
        boxes.any(|data| data.script == *script)
    }

    /// Schema `ErgoTransactionWithInputBoxes`: a transaction whose inputs also show the boxes.
    pub(crate) fn json(&self, shown: &Shown) -> Result<Value, ViewError> {
        let mut json = tx_json(&self.tx, shown)?;
        if let Some(Value::Array(inputs)) = json.get_mut("inputs") {
            for (input, data) in inputs.iter_mut().zip(&self.inputs) {
                if let Value::Object(input) = input {
                    input.extend(shown.object(data)?);
                }
            }
        }
        Ok(json)
    }
}

/// Schema `ErgoTransactionOutput`.
pub(crate) fn box_object(ergo_box: &ErgoBox) -> Result<Map<String, Value>, ViewError> {
    match serde_json::to_value(ergo_box)? {
        Value::Object(object) => Ok(object),
        other => Ok(Map::from_iter([("box".to_owned(), other)])),
    }
}

/// Schema `ErgoTransaction`, with its size.
pub(crate) fn tx_json(tx: &PreparedTx, shown: &Shown) -> Result<Value, ViewError> {
    let outputs = tx.outputs.iter().map(|data| shown.object(data));
    Ok(json!({
        "id": tx.id,
        "inputs": serde_json::to_value(&tx.tx.inputs)?,
        "dataInputs": data_inputs(tx)?,
        "outputs": outputs.collect::<Result<Vec<_>, _>>()?,
        "size": tx.bytes.len(),
    }))
}

/// Array of schema `ErgoTransactionDataInput`.
fn data_inputs(tx: &PreparedTx) -> Result<Value, ViewError> {
    let all: Vec<DataInput> = tx.data_inputs.iter().map(|id| (*id).into()).collect();
    Ok(serde_json::to_value(all)?)
}

/// What EIP-4 says about a token, from the box that its mint put it in.
pub(crate) struct TokenInfo {
    id: TokenId,
    minted_by: Arc<PreparedTx>,
}

impl TokenInfo {
    pub(crate) fn find(state: &State, id: &TokenId) -> Option<Self> {
        state.ledger.minting_tx(id).map(|record| Self {
            id: *id,
            minted_by: record.tx.clone(),
        })
    }

    fn boxes(&self) -> impl Iterator<Item = (&Arc<BoxData>, u64)> {
        self.minted_by.outputs.iter().flat_map(|data| {
            let own = data.tokens.iter().filter(|(token, _)| *token == self.id);
            own.map(move |(_, amount)| (data, *amount))
        })
    }

    /// Name, description and decimals (registers R4 to R6); empty and 0 where a register is absent or no text.
    pub(crate) fn labels(&self) -> Result<(String, String, i32), ViewError> {
        let Some((first, _)) = self.boxes().next() else {
            return Ok(Default::default());
        };
        let ergo_box = first.ergo_box();
        let text = |register| -> Option<String> {
            let constant = ergo_box
                .additional_registers
                .get_constant(register)
                .ok()??;
            let bytes: Vec<u8> = constant.v.try_extract_into().ok()?;
            String::from_utf8(bytes).ok()
        };
        let decimals = text(NonMandatoryRegisterId::R6).and_then(|t| t.parse().ok());
        Ok((
            text(NonMandatoryRegisterId::R4).unwrap_or_default(),
            text(NonMandatoryRegisterId::R5).unwrap_or_default(),
            decimals.unwrap_or_default(),
        ))
    }

    /// Schema `IndexedToken`.
    pub(crate) fn json(&self) -> Result<Value, ViewError> {
        let (name, description, decimals) = self.labels()?;
        Ok(json!({
            "id": String::from(self.id),
            "boxId": self.boxes().next().map(|(data, _)| data.id),
            "emissionAmount": self.boxes().map(|(_, amount)| amount).sum::<u64>(),
            "name": name,
            "description": description,
            "decimals": decimals,
        }))
    }
}
