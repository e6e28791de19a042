//! Boxes of the chain that this program cannot read: one of them is one item, and never the answer that it stands in.

use std::fmt;

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergo_chain_types::blake2b256_hash;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, RegisterValue};
use ergo_lib::ergotree_ir::chain::token::TokenId;

use crate::layout::{Budget, is_constant};
use crate::outline::put;

/// A box that is what its id says, and that cannot be read: nodes take registers in forms that ergo-lib does not know, and
/// anybody may make such a box. What can be told of it is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnreadBox {
    /// Its id, verified over the bytes that the node gave.
    pub box_id: BoxId,
    /// The transaction that made it.
    pub transaction_id: TxId,
    /// Its place among that transaction's outputs.
    pub index: u16,
    /// Its value in nanoErg.
    pub value: u64,
    /// The bytes of its script.
    pub script: Vec<u8>,
    /// The ids and amounts of its tokens.
    pub tokens: Vec<(TokenId, u64)>,
    /// The height that it names as that of its creation.
    pub creation_height: u32,
    /// Why it cannot be read.
    pub why: String,
}

impl UnreadBox {
    /// Whether it holds any of a token.
    pub fn holds(&self, token: &TokenId) -> bool {
        self.tokens.iter().any(|(id, _)| id == token)
    }
}

impl fmt::Display for UnreadBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "box {} cannot be read: {}", self.box_id, self.why)
    }
}

/// What a list of boxes holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing<T> {
    /// The boxes that can be read, in the node's order.
    pub boxes: Vec<T>,
    /// Those that cannot.
    pub unread: Vec<UnreadBox>,
}

/// A box as a node wrote it, nothing in it parsed.
pub(crate) struct RawBox {
    pub(crate) value: u64,
    pub(crate) script: Vec<u8>,
    pub(crate) tokens: Vec<(TokenId, u64)>,
    /// From R4 on.
    pub(crate) registers: Vec<Vec<u8>>,
    pub(crate) creation_height: u32,
    pub(crate) transaction_id: TxId,
    pub(crate) index: u16,
}

impl RawBox {
    /// The hash of its bytes. `None` if there are more tokens or registers than a box can have.
    fn id(&self) -> Option<BoxId> {
        let mut bytes = Vec::new();
        put(&mut bytes, self.value);
        bytes.extend(&self.script);
        put(&mut bytes, self.creation_height.into());
        bytes.push(self.tokens.len().try_into().ok()?);
        for (id, amount) in &self.tokens {
            bytes.extend(Vec::<u8>::from(*id));
            put(&mut bytes, *amount);
        }
        bytes.push(self.registers.len().try_into().ok()?);
        self.registers.iter().for_each(|r| bytes.extend(r));
        bytes.extend(self.transaction_id.0.0);
        put(&mut bytes, self.index.into());
        Some(BoxId::from(blake2b256_hash(&bytes)))
    }

    /// The box that could not be read, if it is the one that its id says; else the node's answer is not true.
    pub(crate) fn unread(self, box_id: BoxId) -> Option<UnreadBox> {
        (self.id() == Some(box_id)).then(|| UnreadBox {
            why: self.why(),
            box_id,
            transaction_id: self.transaction_id,
            index: self.index,
            value: self.value,
            script: self.script,
            tokens: self.tokens,
            creation_height: self.creation_height,
        })
    }

    fn why(&self) -> String {
        let share = Budget::share();
        let odd = |bytes: &Vec<u8>| {
            !is_constant(bytes, &share)
                || matches!(
                    RegisterValue::sigma_parse_bytes(bytes),
                    RegisterValue::Invalid { .. }
                )
        };
        match self.registers.iter().position(odd) {
            Some(at) => format!("register R{} is not one to be read", at + 4),
            None => "it is written in a way that this program does not know".to_owned(),
        }
    }
}
