//! From JSON to `ergo-lib`'s types, item by item, so that an error names the item.

use std::collections::HashMap;

use ergo_lib::chain::transaction::{DataInput, Input, Transaction, TxId};
use ergo_lib::ergo_chain_types::{Base16DecodedBytes, Header};
use ergo_lib::ergotree_ir::chain::ergo_box::box_value::BoxValue;
use ergo_lib::ergotree_ir::chain::ergo_box::{
    BoxId, BoxTokens, ErgoBox, NonMandatoryRegisterId, NonMandatoryRegisters, RegisterValue,
};
use ergo_lib::ergotree_ir::chain::token::{Token, TokenAmount, TokenId};
use ergo_lib::ergotree_ir::ergo_tree::{ErgoTree, ErgoTreeError};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::wallet::miner_fee::MINERS_FEE_BASE16_BYTES;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::NodeError;
use crate::layout::{Budget, is_constant, is_script_of_keys};
use crate::transport::{Answer, shortened};
use crate::unread::{RawBox, UnreadBox};

/// A box as nodes write it. ergo-lib's own form would parse script and registers whatever they are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BoxJson {
    box_id: Option<BoxId>,
    value: u64,
    ergo_tree: Base16DecodedBytes,
    assets: Vec<AssetJson>,
    additional_registers: HashMap<NonMandatoryRegisterId, Base16DecodedBytes>,
    creation_height: u32,
    transaction_id: TxId,
    index: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssetJson {
    token_id: TokenId,
    amount: u64,
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

/// The script of a key, or of several, or of the miners' fee, parsed; any other as bytes.
pub(crate) fn script(tree_bytes: Vec<u8>, budget: &Budget) -> ErgoTree {
    let is_fee = Base16DecodedBytes::try_from(MINERS_FEE_BASE16_BYTES)
        .is_ok_and(|Base16DecodedBytes(fee)| fee == tree_bytes);
    if (is_fee || is_script_of_keys(&tree_bytes, budget))
        && let Ok(tree) = ErgoTree::sigma_parse_bytes(&tree_bytes)
    {
        return tree;
    }
    ErgoTree::Unparsed {
        tree_bytes,
        error: ErgoTreeError::IoError("not parsed: another's script".to_owned()),
    }
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

    /// A box that is asked for by itself.
    pub(crate) fn ergo_box(&self, value: Value) -> Result<ErgoBox, NodeError> {
        self.any_box(value)?
            .map_err(|unread| self.unreadable(unread))
    }

    pub(crate) fn unreadable(&self, unread: UnreadBox) -> NodeError {
        NodeError::Unreadable {
            at: self.at.clone(),
            unread: Box::new(unread),
        }
    }

    /// A box, or what can be told of it if it cannot be read. Its id is computed from its contents and compared.
    pub(crate) fn any_box(&self, value: Value) -> Result<Result<ErgoBox, UnreadBox>, NodeError> {
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
            let output = output.map_err(|unread| self.malformed(&what, unread.to_string()))?;
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

    pub(crate) fn script(&self, tree_bytes: Vec<u8>) -> ErgoTree {
        script(tree_bytes, &self.budget)
    }

    fn read_box(&self, what: &str, json: BoxJson) -> Result<Result<ErgoBox, UnreadBox>, NodeError> {
        let fault = |why: String| self.malformed(what, why);
        let given = json.box_id;
        let raw = raw(json).map_err(fault)?;
        let why = match (self.parsed(&raw), given) {
            (Ok(found), None) => return Ok(Ok(found)),
            (Ok(found), Some(id)) if found.box_id() == id => return Ok(Ok(found)),
            (Ok(found), Some(_)) => format!("its contents have the id {}", found.box_id()),
            (Err(why), _) => why,
        };
        // What the chain has is one box that is not read; what the node made up is an answer that is of no use.
        match given.and_then(|id| raw.unread(id)) {
            Some(unread) => Ok(Err(unread)),
            None => Err(fault(why)),
        }
    }

    fn parsed(&self, raw: &RawBox) -> Result<ErgoBox, String> {
        let share = Budget::share();
        let mut registers = Vec::with_capacity(raw.registers.len());
        for (number, bytes) in (4u8..).zip(&raw.registers) {
            if !is_constant(bytes, &share) {
                return Err(format!("register R{number} is not one to be read"));
            }
            registers.push(RegisterValue::sigma_parse_bytes(bytes));
        }
        if !self.budget.covers(&share) {
            return Err("the answer is too large to be read".to_owned());
        }
        let mut tokens = Vec::with_capacity(raw.tokens.len());
        for (token_id, amount) in &raw.tokens {
            let amount = TokenAmount::try_from(*amount).map_err(|e| e.to_string())?;
            tokens.push(Token {
                token_id: *token_id,
                amount,
            });
        }
        let tokens = match tokens.is_empty() {
            true => None,
            false => Some(BoxTokens::from_vec(tokens).map_err(|e| e.to_string())?),
        };
        ErgoBox::new(
            BoxValue::new(raw.value).map_err(|e| e.to_string())?,
            self.script(raw.script.clone()),
            tokens,
            NonMandatoryRegisters::try_from(registers).map_err(|e| e.to_string())?,
            raw.creation_height,
            raw.transaction_id,
            raw.index,
        )
        .map_err(|e| e.to_string())
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

fn raw(mut json: BoxJson) -> Result<RawBox, String> {
    let count = json.additional_registers.len();
    let registers = NonMandatoryRegisterId::REG_IDS.iter().take(count);
    let registers = registers.map(|id| {
        let found = json.additional_registers.remove(id);
        let Base16DecodedBytes(bytes) = found.ok_or_else(|| format!("register {id} is missing"))?;
        Ok(bytes)
    });
    let registers = registers.collect::<Result<_, String>>()?;
    Ok(RawBox {
        value: json.value,
        script: json.ergo_tree.0,
        tokens: json
            .assets
            .iter()
            .map(|asset| (asset.token_id, asset.amount))
            .collect(),
        registers,
        creation_height: json.creation_height,
        transaction_id: json.transaction_id,
        index: json.index,
    })
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
