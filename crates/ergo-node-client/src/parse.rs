//! From JSON to `ergo-lib`'s types, item by item, so that an error names the item.

use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergo_chain_types::Header;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::NodeError;
use crate::transport::{Answer, shortened};

impl Answer {
    /// Any type with a plain JSON form.
    pub(crate) fn item<T: DeserializeOwned>(
        &self,
        what: &str,
        value: Value,
    ) -> Result<T, NodeError> {
        serde_json::from_value(value).map_err(|e| self.malformed(what, e.to_string()))
    }

    /// A box. `ergo-lib` computes the id from the bytes and compares; without an id it would only compute.
    pub(crate) fn ergo_box(&self, value: Value) -> Result<ErgoBox, NodeError> {
        let what = named("box", &value, "boxId");
        if !value.get("boxId").is_some_and(Value::is_string) {
            return Err(self.malformed(what, "the field `boxId` is missing"));
        }
        self.item(&what, value)
    }

    /// A transaction. `ergo-lib` computes the id from inputs and outputs and compares.
    pub(crate) fn transaction(&self, value: Value) -> Result<Transaction, NodeError> {
        let what = named("transaction", &value, "id");
        self.item(&what, value)
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
