//! From JSON to `ergo-lib`'s types, item by item, so that an error names the item.

use std::collections::HashMap;

use ergo_lib::chain::transaction::{DataInput, Input, Transaction, TxId};
use ergo_lib::ergo_chain_types::{Base16DecodedBytes, Header};
use ergo_lib::ergotree_ir::chain::ergo_box::box_value::BoxValue;
use ergo_lib::ergotree_ir::chain::ergo_box::{
    BoxId, BoxTokens, ErgoBox, NonMandatoryRegisterId, NonMandatoryRegisters, RegisterValue,
};
use ergo_lib::ergotree_ir::chain::token::Token;
use ergo_lib::ergotree_ir::ergo_tree::{ErgoTree, ErgoTreeError};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::wallet::miner_fee::MINERS_FEE_BASE16_BYTES;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::NodeError;
use crate::layout::{is_constant, is_script_of_keys};
use crate::transport::{Answer, shortened};

/// A box as nodes write it. ergo-lib's own form would parse script and registers whatever they are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BoxJson {
    box_id: Option<BoxId>,
    value: BoxValue,
    ergo_tree: Base16DecodedBytes,
    assets: Vec<Token>,
    additional_registers: HashMap<NonMandatoryRegisterId, Base16DecodedBytes>,
    creation_height: u32,
    transaction_id: TxId,
    index: u16,
}

/// A transaction but for its outputs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransactionJson {
    id: TxId,
    inputs: Vec<Input>,
    data_inputs: Vec<DataInput>,
    outputs: Vec<BoxJson>,
}

/// Of a transaction's inputs their context variables.
#[derive(Deserialize)]
struct VariablesJson {
    inputs: Vec<InputJson>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InputJson {
    spending_proof: ProofJson,
}

#[derive(Deserialize)]
struct ProofJson {
    extension: HashMap<String, Base16DecodedBytes>,
}

impl Answer {
    /// Any type with a plain JSON form.
    pub(crate) fn item<T: DeserializeOwned>(
        &self,
        what: &str,
        value: Value,
    ) -> Result<T, NodeError> {
        serde_json::from_value(value).map_err(|e| self.malformed(what, e.to_string()))
    }

    /// A box. Its id is computed from its contents and compared.
    pub(crate) fn ergo_box(&self, value: Value) -> Result<ErgoBox, NodeError> {
        let what = named("box", &value, "boxId");
        if !value.get("boxId").is_some_and(Value::is_string) {
            return Err(self.malformed(what, "the field `boxId` is missing"));
        }
        let json = self.item(&what, value)?;
        self.read_box(&what, json)
    }

    /// A transaction. Its id is computed from inputs and outputs and compared, and so are those of its outputs.
    pub(crate) fn transaction(&self, value: Value) -> Result<Transaction, NodeError> {
        let what = named("transaction", &value, "id");
        let variables =
            VariablesJson::deserialize(&value).map_err(|e| self.malformed(&what, e.to_string()))?;
        for (at, input) in variables.inputs.iter().enumerate() {
            for (name, Base16DecodedBytes(bytes)) in &input.spending_proof.extension {
                if !is_constant(bytes, &self.budget) {
                    let why =
                        format!("context variable {name} of input {at} is not one to be read");
                    return Err(self.malformed(what, why));
                }
            }
        }
        let json: TransactionJson = self.item(&what, value)?;
        let outputs = json.outputs.into_iter().map(|output| {
            let output = self.read_box(&what, output)?;
            Ok(output.into())
        });
        let outputs = outputs.collect::<Result<Vec<_>, NodeError>>()?;
        let read = Transaction::new_from_vec(json.inputs, json.data_inputs, outputs)
            .map_err(|e| self.malformed(&what, e.to_string()))?;
        if read.id() == json.id {
            return Ok(read);
        }
        let contents = String::from(read.id());
        Err(self.malformed(what, format!("its contents have the id {contents}")))
    }

    /// The script of a key, or of several, or of the miners' fee, parsed; any other as bytes.
    fn script(&self, tree_bytes: Vec<u8>) -> ErgoTree {
        let is_fee = Base16DecodedBytes::try_from(MINERS_FEE_BASE16_BYTES)
            .is_ok_and(|Base16DecodedBytes(fee)| fee == tree_bytes);
        if (is_fee || is_script_of_keys(&tree_bytes, &self.budget))
            && let Ok(tree) = ErgoTree::sigma_parse_bytes(&tree_bytes)
        {
            return tree;
        }
        ErgoTree::Unparsed {
            tree_bytes,
            error: ErgoTreeError::IoError("not parsed: another's script".to_owned()),
        }
    }

    fn read_box(&self, what: &str, json: BoxJson) -> Result<ErgoBox, NodeError> {
        let fault = |why: String| self.malformed(what, why);
        let mut registers = HashMap::new();
        for (id, Base16DecodedBytes(bytes)) in json.additional_registers {
            if !is_constant(&bytes, &self.budget) {
                return Err(fault(format!("register {id} is not one to be read")));
            }
            registers.insert(id, RegisterValue::sigma_parse_bytes(&bytes));
        }
        let tokens = match json.assets.is_empty() {
            true => None,
            false => Some(BoxTokens::from_vec(json.assets).map_err(|e| fault(e.to_string()))?),
        };
        let found = ErgoBox::new(
            json.value,
            self.script(json.ergo_tree.0),
            tokens,
            NonMandatoryRegisters::try_from(registers).map_err(|e| fault(e.to_string()))?,
            json.creation_height,
            json.transaction_id,
            json.index,
        )
        .map_err(|e| fault(e.to_string()))?;
        match json.box_id {
            Some(id) if id != found.box_id() => Err(fault(format!(
                "its contents have the id {}",
                found.box_id()
            ))),
            _ => Ok(found),
        }
    }

    /// A header as the node serves it. Its id is taken as given.
    pub(crate) fn header(&self, value: Value) -> Result<Header, NodeError> {
        let what = named("header", &value, "id");
        // The header's parser panics on votes that are an array of anything but small numbers; nodes send a string.
        if !value.get("votes").is_some_and(Value::is_string) {
            return Err(self.malformed(what, "the field `votes` is not a string"));
        }
        self.item(&what, value)
    }

    /// A JSON array.
    pub(crate) fn array(&self, what: &str, value: Value) -> Result<Vec<Value>, NodeError> {
        match value {
            Value::Array(items) => Ok(items),
            other => Err(self.malformed(
                what,
                format!("an array was expected, not {}", kind_of(&other)),
            )),
        }
    }

    /// That the item is the one that was asked for.
    pub(crate) fn asked_for<T: PartialEq>(
        &self,
        what: &str,
        asked: &T,
        got: &T,
    ) -> Result<(), NodeError> {
        if asked == got {
            Ok(())
        } else {
            Err(self.malformed(what, "it is not the one that was asked for"))
        }
    }
}

/// "box 12ab…" or, without an id, "a box".
pub(crate) fn named(kind: &str, value: &Value, id_field: &str) -> String {
    match value.get(id_field).and_then(Value::as_str) {
        Some(id) => format!("{kind} {}", shortened(id)),
        None => format!("a {kind} without `{id_field}`"),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
