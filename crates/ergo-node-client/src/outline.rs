//! A transaction of a block as whoever keeps books needs it, read in one pass.
//!
//! ergo-lib's own transaction writes each of its boxes four times to find the ids, and each time turns the points in its
//! registers back into bytes: nearly all that a block would cost. Here the ids are computed from the bytes that the node gave, and
//! boxes stay bytes. What is written in a way that this does not know (there is hardly any) is read by ergo-lib.

use std::fmt;
use std::sync::Arc;

use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergo_chain_types::Digest32;
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::box_value::BoxValue;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::{TokenAmount, TokenId};
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use ergo_lib::ergotree_ir::serialization::{SigmaSerializable, SigmaSerializationError};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::layout::{Budget, is_constant};
use crate::parse::script;
use crate::sound::Sound;
use crate::unread::{RawBox, UnreadBox};

/// A transaction of a block: what it spends, reads and makes. Its id and those of its outputs are verified; boxes are kept as
/// bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outline {
    /// Its id.
    pub id: TxId,
    /// The boxes that it spends, in order.
    pub inputs: Vec<BoxId>,
    /// The context variables of its first input; none if they cannot be read.
    pub variables: ContextExtension,
    /// The boxes that it reads, in order.
    pub data_inputs: Vec<BoxId>,
    /// The boxes that it makes, in order; of those that cannot be read what can be told.
    pub outputs: Vec<Result<Output, UnreadBox>>,
}

/// A box that a transaction makes, as bytes. ergo-lib would read its registers, and write them so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// Its id.
    pub id: BoxId,
    /// Its script.
    pub script: Arc<[u8]>,
    /// Its bytes as the chain has them, but for its script.
    pub unscripted: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransactionJson<'a> {
    id: &'a str,
    #[serde(borrow)]
    inputs: Vec<InputJson<'a>>,
    data_inputs: Vec<DataInputJson<'a>>,
    outputs: Vec<BoxJson<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InputJson<'a> {
    box_id: &'a str,
    #[serde(borrow)]
    spending_proof: ProofJson<'a>,
}

#[derive(Deserialize)]
struct ProofJson<'a> {
    #[serde(borrow)]
    extension: Variables<'a>,
}

/// Context variables in the node's order, which the transaction's id depends on.
struct Variables<'a>(Vec<(&'a str, &'a str)>);

impl<'de: 'a, 'a> Deserialize<'de> for Variables<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(&'de str, &'de str)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("context variables by their numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(variable) = map.next_entry()? {
                    all.push(variable);
                }
                Ok(all)
            }
        }
        from.deserialize_map(InOrder).map(Self)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataInputJson<'a> {
    box_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BoxJson<'a> {
    box_id: &'a str,
    value: u64,
    ergo_tree: &'a str,
    #[serde(borrow)]
    assets: Vec<AssetJson<'a>>,
    #[serde(borrow)]
    additional_registers: RegistersJson<'a>,
    creation_height: u32,
    index: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE", deny_unknown_fields)]
struct RegistersJson<'a> {
    r4: Option<&'a str>,
    r5: Option<&'a str>,
    r6: Option<&'a str>,
    r7: Option<&'a str>,
    r8: Option<&'a str>,
    r9: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssetJson<'a> {
    token_id: &'a str,
    amount: u64,
}

impl Output {
    /// Its script: that of a key, of several, or of the fee, parsed; any other as bytes.
    pub fn tree(&self) -> ErgoTree {
        script(self.script.to_vec(), &Budget::new())
    }
}

/// The parts of an output as they are hashed.
struct Parts {
    value: u64,
    script: Arc<[u8]>,
    tokens: Vec<(TokenId, u64)>,
    registers: Vec<Vec<u8>>,
    created: u32,
    index: u16,
}

impl Outline {
    /// Reads it from the node's JSON. `None`: this way does not understand it, or an id is not that of the contents.
    pub(crate) fn read(json: &str, sound: &Sound, budget: &Budget) -> Option<Self> {
        let read: TransactionJson<'_> = serde_json::from_str(json).ok()?;
        let id = TxId(bytes32(read.id)?.into());
        let mut inputs = Vec::with_capacity(read.inputs.len());
        for input in &read.inputs {
            inputs.push(BoxId::from(Digest32::from(bytes32(input.box_id)?)));
        }
        let variables = read.inputs.first()?.spending_proof.extension.read();
        let mut signed = head(&read.inputs)?;
        put(&mut signed, read.data_inputs.len().try_into().ok()?);
        let mut data_inputs = Vec::with_capacity(read.data_inputs.len());
        for input in &read.data_inputs {
            let seen = bytes32(input.box_id)?;
            signed.extend(seen);
            data_inputs.push(BoxId::from(Digest32::from(seen)));
        }
        let parts = read.outputs.iter().map(|json| Parts::read(json, sound));
        let parts: Option<Vec<Parts>> = parts.collect();
        let parts = parts?;
        let mut known: Vec<TokenId> = Vec::new();
        for (token, _) in parts.iter().flat_map(|p| &p.tokens) {
            if !known.contains(token) {
                known.push(*token);
            }
        }
        put(&mut signed, known.len().try_into().ok()?);
        for token in &known {
            signed.extend(Vec::<u8>::from(*token));
        }
        put(&mut signed, parts.len().try_into().ok()?);
        for part in &parts {
            part.write(&mut signed, |to, token| {
                let at = known.iter().position(|id| *id == token).unwrap_or_default();
                put(to, u64::try_from(at).unwrap_or_default());
            })?;
        }
        let several = |input: &InputJson<'_>| input.spending_proof.extension.0.len() > 1;
        let several = read.inputs.iter().any(several);
        // In what order the chain has several variables a node need not tell. Then the boxes vouch for the transaction that they
        // come from: its id is in theirs.
        if TxId(hash(&signed)?) != id && !several {
            return None;
        }
        let mut outputs = Vec::with_capacity(parts.len());
        for (at, (part, json)) in parts.into_iter().zip(&read.outputs).enumerate() {
            (usize::from(part.index) == at).then_some(())?;
            let given = BoxId::from(Digest32::from(bytes32(json.box_id)?));
            let made = part.make(id, sound, budget);
            outputs.push(match made.filter(|made| made.id == given) {
                Some(made) => Ok(made),
                None => Err(part.raw(id).unread(given)?),
            });
        }
        Some(Self {
            id,
            inputs,
            variables,
            data_inputs,
            outputs,
        })
    }
}

impl TryFrom<Transaction> for Outline {
    type Error = SigmaSerializationError;

    fn try_from(tx: Transaction) -> Result<Self, Self::Error> {
        let output = |ergo_box: &ErgoBox| {
            let script = ergo_box.ergo_tree.sigma_serialize_bytes()?;
            let mut unscripted = ergo_box.sigma_serialize_bytes()?;
            let mut value = Vec::new();
            put(&mut value, *ergo_box.value.as_u64());
            unscripted.drain(value.len()..value.len() + script.len());
            Ok(Ok(Output {
                id: ergo_box.box_id(),
                script: script.into(),
                unscripted,
            }))
        };
        let outputs: Result<Vec<_>, Self::Error> = tx.outputs.iter().map(output).collect();
        Ok(Self {
            id: tx.id(),
            inputs: tx.inputs.iter().map(|i| i.box_id).collect(),
            variables: tx.inputs.first().spending_proof.extension.clone(),
            data_inputs: tx.data_inputs.iter().flatten().map(|d| d.box_id).collect(),
            outputs: outputs?,
        })
    }
}

impl Parts {
    fn read(json: &BoxJson<'_>, sound: &Sound) -> Option<Self> {
        let mut tokens = Vec::with_capacity(json.assets.len());
        for asset in &json.assets {
            let id = TokenId::from(Digest32::from(bytes32(asset.token_id)?));
            tokens.push((id, asset.amount));
        }
        let named = &json.additional_registers;
        let all = [named.r4, named.r5, named.r6, named.r7, named.r8, named.r9];
        // They stand without a gap.
        let there = all.iter().flatten().count();
        let registers = all.iter().take(there).map(|digits| bytes((*digits)?));
        let registers = registers.collect::<Option<Vec<_>>>()?;
        Some(Self {
            value: json.value,
            script: sound.script(json.ergo_tree)?,
            tokens,
            registers,
            created: json.creation_height,
            index: json.index,
        })
    }

    /// As it stands in its transaction; returns where its script begins there.
    fn write(&self, to: &mut Vec<u8>, token: impl Fn(&mut Vec<u8>, TokenId)) -> Option<usize> {
        put(to, self.value);
        let at = to.len();
        to.extend(&*self.script);
        put(to, self.created.into());
        to.push(self.tokens.len().try_into().ok()?);
        for (id, amount) in &self.tokens {
            token(to, *id);
            put(to, *amount);
        }
        to.push(self.registers.len().try_into().ok()?);
        self.registers.iter().for_each(|bytes| to.extend(bytes));
        Some(at)
    }

    /// As a box of ergo-lib's could be; `None` if it cannot be one.
    fn make(&self, id: TxId, sound: &Sound, budget: &Budget) -> Option<Output> {
        let share = Budget::share();
        let is_sound = |bytes: &Vec<u8>| sound.is_register(bytes, &share);
        self.registers.iter().all(is_sound).then_some(())?;
        budget.covers(&share).then_some(())?;
        BoxValue::new(self.value).ok()?;
        for (_, amount) in &self.tokens {
            TokenAmount::try_from(*amount).ok()?;
        }
        (self.tokens.len() <= ErgoBox::MAX_TOKENS_COUNT).then_some(())?;
        let mut bytes = Vec::with_capacity(self.script.len() + 512);
        let at = self.write(&mut bytes, |to, token| to.extend(Vec::<u8>::from(token)))?;
        bytes.extend(id.0.0);
        put(&mut bytes, self.index.into());
        let hash = hash(&bytes)?;
        let (value, rest) = bytes.split_at(at);
        Some(Output {
            id: BoxId::from(hash),
            unscripted: [value, &rest[self.script.len()..]].concat(),
            script: self.script.clone(),
        })
    }

    /// The box with nothing in it parsed.
    fn raw(self, transaction_id: TxId) -> RawBox {
        RawBox {
            value: self.value,
            script: self.script.to_vec(),
            tokens: self.tokens,
            registers: self.registers,
            creation_height: self.created,
            transaction_id,
            index: self.index,
        }
    }
}

impl Variables<'_> {
    fn read(&self) -> ContextExtension {
        let mut read = ContextExtension::empty();
        for (name, digits) in &self.0 {
            if let Ok(name) = name.parse()
                && let Some(value) = bytes(digits).as_deref().and_then(variable)
            {
                read.values.insert(name, value);
            }
        }
        read
    }
}

/// A context variable; `None` if it cannot be read.
pub(crate) fn variable(bytes: &[u8]) -> Option<Constant> {
    is_constant(bytes, &Budget::share()).then_some(())?;
    Constant::sigma_parse_bytes(bytes).ok()
}

/// Inputs as they are hashed: without proofs, for the id does not depend on them. Their variables in the node's order.
fn head(inputs: &[InputJson<'_>]) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    put(&mut head, inputs.len().try_into().ok()?);
    for input in inputs {
        head.extend(bytes32(input.box_id)?);
        head.push(0);
        let given = &input.spending_proof.extension.0;
        head.push(given.len().try_into().ok()?);
        for (name, digits) in given {
            head.push(name.parse().ok()?);
            head.extend(bytes(digits)?);
        }
    }
    Some(head)
}

pub(crate) fn bytes(digits: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0; digits.len() / 2];
    decode(digits, &mut bytes)?;
    Some(bytes)
}

fn bytes32(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    decode(digits, &mut bytes)?;
    Some(bytes)
}

/// Half of all that a block consists of is digits: they are read many at a time. The length tells that all of them are digits:
/// the library would pass over `0x` before them.
fn decode(digits: &str, to: &mut [u8]) -> Option<()> {
    (digits.len() == 2 * to.len()).then_some(())?;
    const_hex::decode_to_slice(digits, to).ok()
}

/// Ergo's hash, as `ergo_chain_types::blake2b256_hash` has it, with the processor's wider instructions.
fn hash(bytes: &[u8]) -> Option<Digest32> {
    let hash = blake2b_simd::Params::new().hash_length(32).hash(bytes);
    hash.as_bytes()
        .try_into()
        .ok()
        .map(|hash: [u8; 32]| hash.into())
}

/// A number in Ergo's variable length.
pub(crate) fn put(to: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ergo_lib::chain::transaction::{DataInput, Input, UnsignedInput};
    use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ProofBytes;
    use ergo_lib::ergotree_ir::chain::ergo_box::{
        BoxTokens, ErgoBoxCandidate, NonMandatoryRegisters,
    };
    use ergo_lib::ergotree_ir::chain::token::Token;
    use ergo_lib::wallet::miner_fee::MINERS_FEE_ADDRESS;
    use serde_json::Value;

    const KEY: &str = "cd0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    fn constant(digits: &str) -> Constant {
        Constant::sigma_parse_bytes(&hex::decode(digits).unwrap()).unwrap()
    }

    /// Three boxes, with the same tokens in several, registers of many types, a variable and a proof.
    fn transaction() -> Transaction {
        let id = |n: u8| Digest32::from([n; 32]);
        let token = |n: u8, amount: u64| Token {
            token_id: TokenId::from(id(n)),
            amount: amount.try_into().unwrap(),
        };
        let output = |value: u64, tokens: Vec<Token>, registers: &[&str]| ErgoBoxCandidate {
            value: value.try_into().unwrap(),
            ergo_tree: MINERS_FEE_ADDRESS.script().unwrap(),
            tokens: (!tokens.is_empty()).then(|| BoxTokens::from_vec(tokens).unwrap()),
            additional_registers: NonMandatoryRegisters::try_from(
                registers.iter().map(|r| constant(r)).collect::<Vec<_>>(),
            )
            .unwrap(),
            creation_height: 1_234_567,
        };
        let mut extension = ContextExtension::empty();
        extension.values.insert(1, constant("1a0201ff02aabb"));
        let input = |n: u8, extension: ContextExtension| {
            let unsigned = UnsignedInput::new(BoxId::from(id(n)), extension);
            Input::from_unsigned_input(unsigned, ProofBytes::Some(vec![n; 56]))
        };
        let keys = format!("1402{KEY}{KEY}");
        Transaction::new_from_vec(
            vec![input(1, extension), input(2, ContextExtension::empty())],
            vec![DataInput {
                box_id: BoxId::from(id(3)),
            }],
            vec![
                output(
                    u64::from(u32::MAX),
                    vec![token(7, 1), token(8, 300)],
                    &["110402ff010006", &keys, "0e0101"],
                ),
                output(1_000_000, vec![token(9, u64::MAX >> 1), token(7, 128)], &[]),
                output(1_100_000, Vec::new(), &[]),
            ],
        )
        .unwrap()
    }

    fn read(json: &str) -> Option<Outline> {
        Outline::read(json, &Sound::new(), &Budget::new())
    }

    #[test]
    fn digits_are_read_in_either_case_and_nothing_else_is() {
        let long = "0123456789abcdefABCDEF".repeat(20);
        assert_eq!(bytes(&long), hex::decode(&long).ok());
        assert_eq!(bytes(""), Some(Vec::new()));
        for at in 0..long.len() {
            for stranger in ["g", "G", "/", ":", "@", "`", "x", " ", "\0", "\u{e9}"] {
                let mut odd = long.clone();
                odd.replace_range(at..at + stranger.len().min(long.len() - at), stranger);
                assert_eq!(bytes(&odd), None, "{stranger:?} at {at}");
            }
        }
        assert_eq!(bytes(&long[1..]), None);
        for prefixed in ["0x", "0X12", "0x123", &format!("0x{long}")] {
            assert_eq!(bytes(prefixed), None, "{prefixed}");
        }
        let id = "ab".repeat(32);
        assert_eq!(bytes32(&id), Some([0xab; 32]));
        for other in [&id[..62], &format!("{id}ab"), &format!("0x{id}")] {
            assert_eq!(bytes32(other), None);
        }
    }

    #[test]
    fn transaction_is_read_as_ergo_lib_reads_it() {
        let tx = transaction();
        let read = read(&serde_json::to_string(&tx).unwrap()).unwrap();
        let theirs = Outline::try_from(tx).unwrap();
        assert_eq!((read.id, &read.inputs), (theirs.id, &theirs.inputs));
        assert_eq!(read.data_inputs, theirs.data_inputs);
        assert_eq!(read.variables, theirs.variables);
        assert_eq!(read.outputs.len(), theirs.outputs.len());
        assert!(read.outputs.iter().all(Result::is_ok), "unread");
        assert_eq!(read.outputs, theirs.outputs);
    }

    #[test]
    fn transaction_with_anything_changed_is_not_read() {
        let whole = serde_json::to_value(transaction()).unwrap();
        let change: [fn(&mut Value); 9] = [
            |tx| tx["id"] = "00".repeat(32).into(),
            |tx| tx["inputs"][1]["boxId"] = "00".repeat(32).into(),
            |tx| tx["inputs"][0]["spendingProof"]["extension"]["1"] = "0101".into(),
            |tx| tx["dataInputs"][0]["boxId"] = "00".repeat(32).into(),
            |tx| tx["outputs"][0]["value"] = 1_000_001.into(),
            |tx| tx["outputs"][1]["assets"][1]["amount"] = 129.into(),
            |tx| tx["outputs"][0]["additionalRegisters"]["R6"] = "0e0102".into(),
            |tx| tx["outputs"][2]["boxId"] = "00".repeat(32).into(),
            |tx| tx["outputs"][2]["index"] = 1.into(),
        ];
        for (at, change) in change.iter().enumerate() {
            let mut tx = whole.clone();
            change(&mut tx);
            assert_ne!(tx, whole);
            assert_eq!(read(&tx.to_string()), None, "change {at}");
        }
    }
}
