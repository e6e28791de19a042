//! The confirmed chain: blocks, boxes, and the index over them. Applying a block and rolling it back are inverse.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use ergo_lib::ergo_chain_types::{BlockId, Digest32};
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use thiserror::Error;

use crate::header::{
    HeaderFields, claimed_height, empty_block_id, full_block_id, transactions_root,
};
use crate::prepared::{BoxData, PreparedTx, ScriptKey};

/// A block does not fit on the chain. Only a damaged chain log can bring this about.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// A transaction spends a box that is not unspent at its place in the block.
    #[error("transaction {tx} spends box {box_id}, which is not unspent there")]
    NotUnspent {
        /// The transaction.
        tx: TxId,
        /// The box.
        box_id: BoxId,
    },
    /// More blocks are taken back than were mined.
    #[error("{asked} blocks cannot be taken back: only {mined} were mined since the chain's start")]
    RollbackTooDeep {
        /// Blocks to take back.
        asked: u32,
        /// Blocks above the start height.
        mined: u32,
    },
}

/// Where and by what a box was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spent {
    /// Global index of the transaction.
    pub(crate) tx: u32,
    /// Position of the input.
    pub(crate) input: u16,
}

/// A box on the chain; its place in the list is its global index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoxRecord {
    pub(crate) data: Arc<BoxData>,
    /// Height of the block that made it; 0 for the genesis box.
    pub(crate) height: u32,
    pub(crate) spent: Option<Spent>,
}

/// A transaction on the chain; its place in the list is its global index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TxRecord {
    pub(crate) tx: Arc<PreparedTx>,
    pub(crate) height: u32,
    /// Position in the block.
    pub(crate) index: u32,
}

/// A block with transactions. Empty blocks are not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    id: BlockId,
    first_tx: u32,
    tx_count: u32,
    transactions_root: Digest32,
}

/// Global indices of what touches one script, ascending.
#[derive(Debug, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(Clone))]
struct Postings {
    boxes: Vec<u32>,
    txs: Vec<u32>,
}

/// The confirmed chain.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(Clone))]
pub(crate) struct Ledger {
    origin: BlockId,
    start_height: u32,
    height: u32,
    blocks: BTreeMap<u32, Block>,
    txs: Vec<TxRecord>,
    tx_by_id: HashMap<TxId, u32>,
    boxes: Vec<BoxRecord>,
    box_by_id: HashMap<BoxId, u32>,
    by_script: HashMap<ScriptKey, Postings>,
    by_token: HashMap<TokenId, Vec<u32>>,
    /// Global index of the transaction that minted a token.
    minted: HashMap<TokenId, u32>,
}

impl Ledger {
    /// A chain of empty blocks up to `start_height`, whose whole supply is in one box.
    pub(crate) fn new(origin: BlockId, start_height: u32, genesis: Arc<BoxData>) -> Self {
        let mut ledger = Self {
            origin,
            start_height,
            height: start_height,
            blocks: BTreeMap::new(),
            txs: Vec::new(),
            tx_by_id: HashMap::new(),
            boxes: Vec::new(),
            box_by_id: HashMap::new(),
            by_script: HashMap::new(),
            by_token: HashMap::new(),
            minted: HashMap::new(),
        };
        ledger.add_box(genesis, 0);
        ledger
    }

    pub(crate) fn height(&self) -> u32 {
        self.height
    }

    /// Blocks above the start height, which a rollback can take.
    pub(crate) fn mined(&self) -> u32 {
        self.height - self.start_height
    }

    pub(crate) fn tip(&self) -> BlockId {
        self.id_at(self.height)
    }

    /// Id of the block at a height up to the tip; the zero id below height 1.
    pub(crate) fn id_at(&self, height: u32) -> BlockId {
        match self.blocks.range(..=height).next_back() {
            _ if height == 0 => BlockId(Digest32::zero()),
            Some((at, block)) if *at == height => block.id,
            Some((_, block)) => empty_block_id(&block.id, height),
            None => empty_block_id(&self.origin, height),
        }
    }

    /// The header at a height, if the chain has one.
    pub(crate) fn header_at(&self, height: u32) -> Option<HeaderFields> {
        if height == 0 || height > self.height {
            return None;
        }
        let last = self.blocks.range(..=height).next_back();
        let own = last.filter(|(at, _)| **at == height);
        Some(HeaderFields {
            height,
            id: self.id_at(height),
            parent_id: self.id_at(height - 1),
            anchor: last.map_or(self.origin, |(_, block)| block.id),
            transactions_root: own.map_or_else(
                || transactions_root(&[]),
                |(_, block)| block.transactions_root,
            ),
        })
    }

    /// The header with an id, if it is on the chain.
    pub(crate) fn header_by_id(&self, id: &BlockId) -> Option<HeaderFields> {
        self.header_at(claimed_height(id))
            .filter(|header| header.id == *id)
    }

    /// The last ten headers, the newest first.
    pub(crate) fn last_ten(&self) -> [HeaderFields; 10] {
        std::array::from_fn(|back| {
            let height = self.height.saturating_sub(back as u32);
            // A chain starts at height 10 or more, so there are ten.
            self.header_at(height).unwrap_or(HeaderFields {
                height,
                id: self.origin,
                parent_id: self.origin,
                anchor: self.origin,
                transactions_root: Digest32::zero(),
            })
        })
    }

    /// The transactions of the block at a height, in order.
    pub(crate) fn block_txs(&self, height: u32) -> &[TxRecord] {
        self.blocks.get(&height).map_or(&[], |block| {
            let first = block.first_tx as usize;
            self.txs
                .get(first..first + block.tx_count as usize)
                .unwrap_or(&[])
        })
    }

    /// The transactions of the last block that has any, in order.
    pub(crate) fn last_full_block_txs(&self) -> &[TxRecord] {
        self.blocks
            .last_key_value()
            .map_or(&[], |(height, _)| self.block_txs(*height))
    }

    pub(crate) fn unspent(&self, id: &BoxId) -> Option<&Arc<BoxData>> {
        self.box_index(id)
            .and_then(|index| self.boxes.get(index as usize))
            .filter(|record| record.spent.is_none())
            .map(|record| &record.data)
    }

    pub(crate) fn box_index(&self, id: &BoxId) -> Option<u32> {
        self.box_by_id.get(id).copied()
    }

    pub(crate) fn box_at(&self, index: u32) -> Option<&BoxRecord> {
        self.boxes.get(index as usize)
    }

    pub(crate) fn tx_index(&self, id: &TxId) -> Option<u32> {
        self.tx_by_id.get(id).copied()
    }

    pub(crate) fn tx_at(&self, index: u32) -> Option<&TxRecord> {
        self.txs.get(index as usize)
    }

    pub(crate) fn boxes_of_script(&self, key: &ScriptKey) -> &[u32] {
        self.by_script.get(key).map_or(&[], |p| &p.boxes)
    }

    pub(crate) fn txs_of_script(&self, key: &ScriptKey) -> &[u32] {
        self.by_script.get(key).map_or(&[], |p| &p.txs)
    }

    pub(crate) fn by_token(&self, id: &TokenId) -> &[u32] {
        self.by_token.get(id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn minting_tx(&self, id: &TokenId) -> Option<&TxRecord> {
        self.minted.get(id).and_then(|index| self.tx_at(*index))
    }

    /// Number of unspent boxes.
    pub(crate) fn utxo_count(&self) -> usize {
        self.boxes.iter().filter(|r| r.spent.is_none()).count()
    }

    /// Sum of all unspent boxes, in nanoErg: it never changes.
    #[cfg(test)]
    pub(crate) fn total_value(&self) -> u64 {
        let unspent = self.boxes.iter().filter(|r| r.spent.is_none());
        unspent.map(|r| r.data.value).sum()
    }

    /// Sum of each token over all unspent boxes.
    #[cfg(test)]
    pub(crate) fn token_totals(&self) -> HashMap<TokenId, u64> {
        let mut totals = HashMap::new();
        for record in self.boxes.iter().filter(|r| r.spent.is_none()) {
            for (id, amount) in &record.data.tokens {
                *totals.entry(*id).or_default() += amount;
            }
        }
        totals
    }

    /// Adds empty blocks. The caller has checked that the height stays in range.
    pub(crate) fn apply_empty(&mut self, blocks: u32) {
        self.height += blocks;
    }

    /// Id that the next block gets with these transactions.
    pub(crate) fn next_id(&self, txs: &[Arc<PreparedTx>]) -> BlockId {
        let ids: Vec<TxId> = txs.iter().map(|tx| tx.id).collect();
        full_block_id(&self.tip(), self.height + 1, &ids)
    }

    /// Adds one block with at least one transaction, or leaves everything as it was. Proofs and scripts have been
    /// judged before; what is checked here is that every input is unspent.
    pub(crate) fn apply_block(&mut self, txs: &[Arc<PreparedTx>]) -> Result<(), LedgerError> {
        self.check_spends(txs)?;
        let id = self.next_id(txs);
        let ids: Vec<TxId> = txs.iter().map(|tx| tx.id).collect();
        self.height += 1;
        self.blocks.insert(
            self.height,
            Block {
                id,
                first_tx: self.txs.len() as u32,
                tx_count: txs.len() as u32,
                transactions_root: transactions_root(&ids),
            },
        );
        for (index, tx) in txs.iter().enumerate() {
            self.add_tx(tx, index as u32);
        }
        Ok(())
    }

    /// Whether every input is unspent at its place in the block that would hold these transactions.
    pub(crate) fn check_spends(&self, txs: &[Arc<PreparedTx>]) -> Result<(), LedgerError> {
        let mut made = HashSet::new();
        let mut spent = HashSet::new();
        for tx in txs {
            for input in &tx.inputs {
                let exists = made.contains(input) || self.unspent(input).is_some();
                if !exists || !spent.insert(*input) {
                    return Err(LedgerError::NotUnspent {
                        tx: tx.id,
                        box_id: *input,
                    });
                }
            }
            made.extend(tx.outputs.iter().map(|output| output.id));
        }
        Ok(())
    }

    fn add_tx(&mut self, tx: &Arc<PreparedTx>, index: u32) {
        let number = self.txs.len() as u32;
        for (position, input) in tx.inputs.iter().enumerate() {
            if let Some(record) = self.record_mut(input) {
                record.spent = Some(Spent {
                    tx: number,
                    input: position as u16,
                });
                let script = record.data.script;
                self.file_tx(script, number);
            }
        }
        for output in &tx.outputs {
            self.add_box(output.clone(), self.height);
            self.file_tx(output.script, number);
        }
        if let Some(token) = minted_by(tx) {
            self.minted.insert(token, number);
        }
        self.tx_by_id.insert(tx.id, number);
        self.txs.push(TxRecord {
            tx: tx.clone(),
            height: self.height,
            index,
        });
    }

    fn add_box(&mut self, data: Arc<BoxData>, height: u32) {
        let number = self.boxes.len() as u32;
        self.box_by_id.insert(data.id, number);
        let postings = self.by_script.entry(data.script).or_default();
        postings.boxes.push(number);
        for (token, _) in &data.tokens {
            let list = self.by_token.entry(*token).or_default();
            if list.last() != Some(&number) {
                list.push(number);
            }
        }
        self.boxes.push(BoxRecord {
            data,
            height,
            spent: None,
        });
    }

    fn file_tx(&mut self, script: ScriptKey, number: u32) {
        let postings = self.by_script.entry(script).or_default();
        if postings.txs.last() != Some(&number) {
            postings.txs.push(number);
        }
    }

    fn record_mut(&mut self, id: &BoxId) -> Option<&mut BoxRecord> {
        let index = self.box_by_id.get(id)?;
        self.boxes.get_mut(*index as usize)
    }

    /// Takes blocks back and returns their transactions in the chain's order.
    pub(crate) fn rollback(&mut self, blocks: u32) -> Result<Vec<Arc<PreparedTx>>, LedgerError> {
        if blocks > self.mined() {
            return Err(LedgerError::RollbackTooDeep {
                asked: blocks,
                mined: self.mined(),
            });
        }
        let target = self.height - blocks;
        let mut returned = Vec::new();
        while let Some((height, block)) = self.blocks.pop_last() {
            if height <= target {
                self.blocks.insert(height, block);
                break;
            }
            for _ in 0..block.tx_count {
                returned.extend(self.remove_last_tx());
            }
        }
        self.height = target;
        returned.reverse();
        Ok(returned)
    }

    fn remove_last_tx(&mut self) -> Option<Arc<PreparedTx>> {
        let TxRecord { tx, .. } = self.txs.pop()?;
        let number = self.txs.len() as u32;
        self.tx_by_id.remove(&tx.id);
        if let Some(token) = minted_by(&tx) {
            self.minted.remove(&token);
        }
        for output in tx.outputs.iter().rev() {
            self.boxes.pop();
            let index = self.boxes.len() as u32;
            self.box_by_id.remove(&output.id);
            for (token, _) in &output.tokens {
                pop_from(&mut self.by_token, token, index);
            }
            self.unfile(output.script, Some(index), number);
        }
        for input in &tx.inputs {
            if let Some(record) = self.record_mut(input) {
                record.spent = None;
                let script = record.data.script;
                self.unfile(script, None, number);
            }
        }
        Some(tx)
    }

    fn unfile(&mut self, script: ScriptKey, box_index: Option<u32>, tx_index: u32) {
        if let Some(postings) = self.by_script.get_mut(&script) {
            postings.boxes.pop_if(|last| Some(*last) == box_index);
            postings.txs.pop_if(|last| *last == tx_index);
            if postings.boxes.is_empty() && postings.txs.is_empty() {
                self.by_script.remove(&script);
            }
        }
    }
}

/// The token a transaction mints, if it does: its id is that of the first input's box, so no other can mint it.
fn minted_by(tx: &PreparedTx) -> Option<TokenId> {
    let id = TokenId::from(*tx.inputs.first()?);
    let mut tokens = tx.outputs.iter().flat_map(|output| &output.tokens);
    tokens.any(|(token, _)| *token == id).then_some(id)
}

/// Takes `value` off the end of a list, and the list away when it is empty.
fn pop_from<K: Eq + Hash>(map: &mut HashMap<K, Vec<u32>>, key: &K, value: u32) {
    if let Some(list) = map.get_mut(key) {
        list.pop_if(|last| *last == value);
        if list.is_empty() {
            map.remove(key);
        }
    }
}

#[cfg(test)]
mod tests;
