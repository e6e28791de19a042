//! Block ids and headers without storing them: both are functions of the last block that held a transaction.
//!
//! An id is a hash whose last four bytes are the block's height (big endian), so a header is found by its id
//! without a table, and a million empty blocks cost nothing. Ids are unique and parent-linked, but they are not
//! the hash of the serialised header, there is no proof of work, and the state root is no AVL+ digest.

use ergo_lib::chain::ergo_state_context::{ErgoStateContext, Headers};
use ergo_lib::ergo_chain_types::{
    ADDigest, BlockId, Digest, Digest32, Header, PreHeader, blake2b256_hash,
};
use ergo_lib::ergo_merkle_tree::{MerkleNode, MerkleTree};
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use serde_json::{Value, json};

use crate::judge;

/// Milliseconds between two blocks on the chain's own clock: Ergo's target of two minutes.
pub(crate) const BLOCK_INTERVAL_MS: u64 = 120_000;
/// The chain's clock at height 0: 2025-01-01T00:00:00Z in milliseconds since the Unix epoch.
pub(crate) const EPOCH_MS: u64 = 1_735_689_600_000;
/// Version of every block: 6.0 rules, as on mainnet.
pub(crate) const BLOCK_VERSION: u8 = 4;
/// Compact form of difficulty 1.
const N_BITS: u64 = 0x0101_0000;
/// The curve's generator: key of the (imaginary) miner, and the `w` that nodes show for Autolykos 2.
const GENERATOR: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
/// Serialised size of a header without its two numbers of variable length, timestamp and height.
const FIXED_SIZE: u32 = 211;

/// What distinguishes one header from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeaderFields {
    pub(crate) height: u32,
    pub(crate) id: BlockId,
    pub(crate) parent_id: BlockId,
    /// Id of the last block up to this height that held a transaction.
    pub(crate) anchor: BlockId,
    pub(crate) transactions_root: Digest32,
}

/// The rule that makes ids and headers for one seed.
#[derive(Debug)]
pub(crate) struct HeaderRule {
    origin: BlockId,
    template: Header,
}

impl HeaderRule {
    /// The template is read from the very JSON that clients read, so both judge by equal headers.
    pub(crate) fn new(seed: u64) -> Result<Self, serde_json::Error> {
        let zero = BlockId(Digest32::zero());
        let fields = HeaderFields {
            height: 0,
            id: zero,
            parent_id: zero,
            anchor: zero,
            transactions_root: transactions_root(&[]),
        };
        Ok(Self {
            origin: make_id(0, &[b"origin", &seed.to_be_bytes()]),
            template: serde_json::from_value(header_json(&fields))?,
        })
    }

    /// Stands for "the last block with a transaction" before there is one.
    pub(crate) fn origin(&self) -> BlockId {
        self.origin
    }

    pub(crate) fn header(&self, fields: &HeaderFields) -> Header {
        Header {
            id: fields.id,
            parent_id: fields.parent_id,
            state_root: state_root(&fields.anchor),
            transaction_root: fields.transactions_root,
            timestamp: timestamp(fields.height),
            height: fields.height,
            ..self.template.clone()
        }
    }

    /// What a client builds from `/blocks/lastHeaders/10` to judge transactions of the next block.
    /// `newest_first` are the last ten headers.
    pub(crate) fn context(&self, newest_first: [HeaderFields; 10]) -> ErgoStateContext {
        let tip = newest_first[0];
        let headers: Headers = newest_first.map(|fields| self.header(&fields));
        let pre_header = PreHeader {
            version: BLOCK_VERSION,
            parent_id: tip.id,
            timestamp: timestamp(tip.height.saturating_add(1)),
            n_bits: N_BITS,
            height: tip.height.saturating_add(1),
            miner_pk: self.template.autolykos_solution.miner_pk.clone(),
            votes: self.template.votes.clone(),
        };
        ErgoStateContext::new(pre_header, headers, judge::parameters())
    }
}

/// The chain's clock at a height, in milliseconds since the Unix epoch.
pub(crate) fn timestamp(height: u32) -> u64 {
    EPOCH_MS + u64::from(height) * BLOCK_INTERVAL_MS
}

/// Id of an empty block: a function of the last block that held a transaction, and the height.
pub(crate) fn empty_block_id(anchor: &BlockId, height: u32) -> BlockId {
    make_id(height, &[b"empty", &anchor.0.0])
}

/// Id of a block with transactions. Proofs do not enter, as they do not enter transaction ids.
pub(crate) fn full_block_id(parent: &BlockId, height: u32, txs: &[TxId]) -> BlockId {
    let ids: Vec<u8> = txs.iter().flat_map(|id| id.0.0).collect();
    make_id(height, &[b"block", &parent.0.0, &ids])
}

/// The height that an id claims; only [`crate::ledger::Ledger`] can tell whether the id is on the chain.
pub(crate) fn claimed_height(id: &BlockId) -> u32 {
    let bytes = &id.0.0;
    u32::from_be_bytes([bytes[28], bytes[29], bytes[30], bytes[31]])
}

/// Merkle root over the transaction ids (the proofs, which a real block commits to as well, are left out so that
/// equal runs give equal headers).
pub(crate) fn transactions_root(txs: &[TxId]) -> Digest32 {
    let leaves: Vec<MerkleNode> = txs
        .iter()
        .map(|id| MerkleNode::from_bytes(id.0.0.to_vec()))
        .collect();
    if leaves.is_empty() {
        blake2b256_hash(&[])
    } else {
        MerkleTree::new(leaves).root_hash()
    }
}

/// A header as `/blocks/lastHeaders` shows it (schema `BlockHeader`).
pub(crate) fn header_json(fields: &HeaderFields) -> Value {
    let ad_proofs_root = blake2b256_hash(&[]);
    let extension_root = blake2b256_hash(&[]);
    let section = |kind: u8, root: &Digest32| {
        let mut bytes = vec![kind];
        bytes.extend(fields.id.0.0);
        bytes.extend(root.0);
        String::from(blake2b256_hash(&bytes))
    };
    json!({
        "extensionId": section(108, &extension_root),
        "difficulty": "1",
        "votes": "000000",
        "timestamp": timestamp(fields.height),
        "size": FIXED_SIZE + vlq_size(timestamp(fields.height)) + vlq_size(fields.height.into()),
        "unparsedBytes": "",
        "stateRoot": String::from(state_root(&fields.anchor)),
        "height": fields.height,
        "nBits": N_BITS,
        "version": BLOCK_VERSION,
        "id": String::from(fields.id.0),
        "adProofsRoot": String::from(ad_proofs_root),
        "transactionsRoot": String::from(fields.transactions_root),
        "extensionHash": String::from(extension_root),
        "powSolutions": { "pk": GENERATOR, "w": GENERATOR, "n": "0000000000000000", "d": 0 },
        "adProofsId": section(104, &ad_proofs_root),
        "transactionsId": section(102, &fields.transactions_root),
        "parentId": String::from(fields.parent_id.0),
    })
}

/// Bytes of a number at seven bits each.
fn vlq_size(number: u64) -> u32 {
    (64 - number.leading_zeros()).div_ceil(7).max(1)
}

fn state_root(anchor: &BlockId) -> ADDigest {
    let mut bytes = [0u8; 33];
    bytes[..32].copy_from_slice(&digest(&[b"state", &anchor.0.0]).0);
    Digest(bytes)
}

fn make_id(height: u32, parts: &[&[u8]]) -> BlockId {
    let height = height.to_be_bytes();
    let mut all = vec![&height[..]];
    all.extend_from_slice(parts);
    let mut id = digest(&all);
    id.0[28..].copy_from_slice(&height);
    BlockId(id)
}

fn digest(parts: &[&[u8]]) -> Digest32 {
    let mut bytes = b"ergo-devnet/".to_vec();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    blake2b256_hash(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(height: u32) -> HeaderFields {
        let origin = HeaderRule::new(5).unwrap().origin();
        HeaderFields {
            height,
            id: empty_block_id(&origin, height),
            parent_id: empty_block_id(&origin, height - 1),
            anchor: origin,
            transactions_root: transactions_root(&[TxId::zero()]),
        }
    }

    #[test]
    fn header_shown_parses_to_the_header_judged_by() {
        let rule = HeaderRule::new(5).unwrap();
        for height in [1, 1_000, 1 << 30] {
            let shown: Header = serde_json::from_value(header_json(&fields(height))).unwrap();
            assert_eq!(shown, rule.header(&fields(height)));
        }
    }

    #[test]
    fn header_size_shown_is_that_of_its_bytes() {
        let rule = HeaderRule::new(5).unwrap();
        let solution = 33 + 8;
        for height in [1, 127, 128, 1_000, 1_051_200, 1 << 30] {
            let header = rule.header(&fields(height));
            let size = header.serialize_without_pow().unwrap().len() + solution;
            assert_eq!(header_json(&fields(height))["size"], size);
        }
    }

    #[test]
    fn ids_depend_on_seed_parent_content_and_height() {
        let seeds = [HeaderRule::new(1).unwrap(), HeaderRule::new(2).unwrap()];
        let [a, b] = seeds.map(|rule| rule.origin());
        let tx = TxId::zero();
        let ids = [
            empty_block_id(&a, 7),
            empty_block_id(&a, 8),
            empty_block_id(&b, 7),
            full_block_id(&a, 7, &[]),
            full_block_id(&a, 7, &[tx]),
            full_block_id(&a, 7, &[tx, tx]),
            full_block_id(&b, 7, &[tx]),
        ];
        for (i, id) in ids.iter().enumerate() {
            assert_eq!(claimed_height(id), if i == 1 { 8 } else { 7 });
            assert!(!ids[..i].contains(id), "{i}");
        }
    }
}
