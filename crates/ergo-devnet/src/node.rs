//! The node without its HTTP: one writer at a time changes the chain and the pool, any number of readers look.
//!
//! Whoever changes anything holds `writer`; judging happens under it with `state` locked for reading only, so
//! readers never wait for a script. `state` is locked for writing just to put a finished change in.

mod peer;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ergo_lib::chain::ergo_state_context::ErgoStateContext;
use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergotree_ir::chain::address::{AddressEncoder, NetworkPrefix};
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;

use crate::config::{BlockTime, DevnetConfig, MAX_HEIGHT};
use crate::faucet::Faucet;
use crate::header::HeaderRule;
use crate::journal::{Change, Journal, JournalError, Origin};
use crate::judge::{MAX_BLOCK_SIZE, Refusal, judge};
use crate::ledger::{Ledger, LedgerError};
use crate::mempool::{Pool, Resolved};
use crate::outcome::{
    FundError, GenesisError, MineError, Mined, OpenError, RolledBack, SubmitError, UnjudgedError,
};
use crate::prepared::{BoxData, PreparedTx};
use crate::shown::Shown;

/// Chain and pool, and the context that transactions for the next block are judged by.
pub(crate) struct State {
    pub(crate) ledger: Ledger,
    pub(crate) pool: Pool,
    pub(crate) context: Arc<ErgoStateContext>,
}

impl State {
    /// An unspent box, or one made in the pool (spent there or not).
    pub(crate) fn box_with_pool(&self, id: &BoxId) -> Option<&Arc<BoxData>> {
        self.ledger.unspent(id).or_else(|| self.pool.made(id))
    }
}

/// The node without its HTTP.
pub(crate) struct Node {
    pub(crate) network: NetworkPrefix,
    pub(crate) encoder: AddressEncoder,
    pub(crate) shown: Shown,
    pub(crate) block_time: BlockTime,
    pub(crate) index: bool,
    rule: HeaderRule,
    faucet: Faucet,
    genesis: Arc<BoxData>,
    state: RwLock<State>,
    writer: Mutex<Option<Journal>>,
}

/// The right to change the chain, and the log of it.
type Writer<'a> = MutexGuard<'a, Option<Journal>>;

/// What a block will hold, and what leaves the pool without.
#[derive(Default)]
struct Assembly {
    include: Vec<Arc<PreparedTx>>,
    drop: Vec<(TxId, Refusal)>,
}

impl Node {
    /// Starts a chain, or continues the one in the data folder. Blocks, so not for an async thread.
    pub(crate) fn open(config: &DevnetConfig) -> Result<Self, OpenError> {
        let rule = HeaderRule::new(config.seed).map_err(GenesisError::from)?;
        let faucet = Faucet::new(config.seed)?;
        let genesis = Arc::new(faucet.genesis_box()?);
        let mut ledger = Ledger::new(rule.origin(), config.start_height, genesis.clone());
        let journal = match &config.data_dir {
            None => None,
            Some(folder) => {
                let origin = Origin::new(config.seed, config.start_height);
                let (journal, changes) = Journal::open(folder, &origin)?;
                for (at, change) in changes.into_iter().enumerate() {
                    replay(&mut ledger, change).map_err(|e| journal.damaged(at + 2, e))?;
                }
                Some(journal)
            }
        };
        let context = Arc::new(rule.context(ledger.last_ten()));
        Ok(Self {
            network: config.network,
            encoder: AddressEncoder::new(config.network),
            shown: Shown::new(config.network),
            block_time: config.block_time,
            index: config.index,
            rule,
            faucet,
            genesis,
            state: RwLock::new(State {
                ledger,
                pool: Pool::default(),
                context,
            }),
            writer: Mutex::new(journal),
        })
    }

    pub(crate) fn genesis(&self) -> &Arc<BoxData> {
        &self.genesis
    }

    /// A look at chain and pool, which cannot change meanwhile: keep it short.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        // Nothing that can panic runs under the write lock, so a poisoned state is a sound one.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> Writer<'_> {
        // Judging may panic inside the interpreter; the log is not touched meanwhile.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges a transaction for the next block as `/transactions/check` does: neither fee nor double spends in
    /// the pool are looked at.
    pub(crate) fn check(&self, tx: &Transaction) -> Result<TxId, Refusal> {
        let prepared = PreparedTx::new(tx)?;
        let (resolved, context) = {
            let state = self.read();
            let resolved = state.pool.resolve(&state.ledger, &prepared)?;
            (resolved, state.context.clone())
        };
        judge_resolved(&prepared, &resolved, &context)?;
        Ok(prepared.id)
    }

    /// Takes a transaction into the pool, and with [`BlockTime::Instant`] into a block.
    pub(crate) fn submit(&self, tx: &Transaction) -> Result<TxId, SubmitError> {
        let prepared = Arc::new(PreparedTx::new(tx)?);
        let id = prepared.id;
        let mut writer = self.writer();
        self.accept(&writer, prepared)?;
        if self.block_time == BlockTime::Instant {
            self.mine_with(&mut writer, 1)?;
        }
        Ok(id)
    }

    /// Mines blocks: the first ones hold what is in the pool, all further ones are empty.
    pub(crate) fn mine(&self, blocks: u32) -> Result<Mined, MineError> {
        self.mine_with(&mut self.writer(), blocks)
    }

    /// Mines one block with just these transactions, which nobody judges. The pool stays as it is.
    pub(crate) fn mine_unjudged(&self, txs: &[Transaction]) -> Result<Mined, UnjudgedError> {
        let prepared: Result<Vec<_>, Refusal> = txs
            .iter()
            .map(|tx| PreparedTx::new(tx).map(Arc::new))
            .collect();
        let prepared = prepared?;
        let mut writer = self.writer();
        self.check_height(1)?;
        self.read()
            .ledger
            .check_spends(&prepared)
            .map_err(MineError::from)?;
        if prepared.is_empty() {
            self.mine_empty(&mut writer, 1)?;
        } else {
            self.put_block(&mut writer, &prepared)?;
        }
        let state = self.read();
        Ok(Mined {
            height: state.ledger.height(),
            header_id: state.ledger.tip(),
            included: prepared.iter().map(|tx| tx.id).collect(),
            dropped: Vec::new(),
        })
    }

    /// Pays from the faucet and mines one block with that payment (and what it depends on, if a rollback put
    /// earlier payments back into the pool). Other transactions stay in the pool.
    pub(crate) fn fund(&self, to: &ErgoTree, value: u64) -> Result<ErgoBox, FundError> {
        let mut writer = self.writer();
        let (reserve, context) = {
            let state = self.read();
            (self.reserve(&state), state.context.clone())
        };
        let tx = self.faucet.pay(to, value, &reserve, &context)?;
        self.mine_alone(&mut writer, tx)
    }

    /// Lets an oracle pool say a rate, a new one if none is named, and mines one block with that.
    pub(crate) fn publish(&self, nft: Option<TokenId>, rate: i64) -> Result<ErgoBox, FundError> {
        let mut writer = self.writer();
        let (reserve, pool, context) = {
            let state = self.read();
            let pool = nft.map(|nft| self.pool_box(&state, nft)).transpose()?;
            (self.reserve(&state), pool, state.context.clone())
        };
        let tx = self
            .faucet
            .publish(rate, pool.as_deref(), &reserve, &context)?;
        self.mine_alone(&mut writer, tx)
    }

    /// The unspent box of a pool that this faucet made.
    fn pool_box(&self, state: &State, nft: TokenId) -> Result<Arc<BoxData>, FundError> {
        let published = state.ledger.boxes_of_script(&self.faucet.oracle_script);
        let mut unspent = published
            .iter()
            .filter_map(|at| state.ledger.box_at(*at))
            .filter(|record| record.spent.is_none());
        let pool = unspent.find(|r| r.data.tokens.iter().any(|(id, _)| *id == nft));
        Ok(pool.ok_or(FundError::NoPool)?.data.clone())
    }

    /// Mines one block with a transaction of the faucet's; returns its first output.
    fn mine_alone(&self, writer: &mut Writer<'_>, tx: Transaction) -> Result<ErgoBox, FundError> {
        let prepared = Arc::new(PreparedTx::new(&tx)?);
        let paid = tx.outputs.first().clone();
        self.check_height(1)?;
        self.accept(writer, prepared.clone())?;
        let only = self.read().pool.with_ancestors(&prepared.id);
        self.mine_block(writer, Some(&only))?;
        Ok(paid)
    }

    /// Takes blocks back. Their transactions return to the pool, before those that were in it, as far as they are
    /// valid at the lower height.
    pub(crate) fn rollback(&self, blocks: u32) -> Result<RolledBack, MineError> {
        let mut writer = self.writer();
        let returned = self.take_back(&mut writer, blocks)?;
        let dropped = self.readmit(&writer, returned);
        let state = self.read();
        Ok(RolledBack {
            height: state.ledger.height(),
            header_id: state.ledger.tip(),
            pooled: state.pool.iter().map(|entry| entry.tx.id).collect(),
            dropped,
        })
    }

    /// Takes blocks back and empties the pool. Returns the transactions of both, the blocks' first.
    fn take_back(
        &self,
        writer: &mut Writer<'_>,
        blocks: u32,
    ) -> Result<Vec<Arc<PreparedTx>>, MineError> {
        let mined = self.read().ledger.mined();
        if blocks > mined {
            return Err(LedgerError::RollbackTooDeep {
                asked: blocks,
                mined,
            }
            .into());
        }
        log(writer, &Change::Rollback { blocks })?;
        let mut state = self.write();
        let pooled: Vec<_> = state.pool.iter().map(|entry| entry.tx.clone()).collect();
        let mut returned = state.ledger.rollback(blocks)?;
        returned.extend(pooled);
        state.pool = Pool::default();
        state.context = Arc::new(self.rule.context(state.ledger.last_ten()));
        Ok(returned)
    }

    /// Puts transactions into the pool as far as they are valid now; returns why the others are not.
    fn readmit(&self, writer: &Writer<'_>, txs: Vec<Arc<PreparedTx>>) -> Vec<Refusal> {
        let mut dropped = Vec::new();
        for prepared in txs {
            dropped.extend(self.accept(writer, prepared).err());
        }
        dropped
    }

    /// Finds, judges and admits, then puts into the pool.
    fn accept(&self, _writer: &Writer<'_>, prepared: Arc<PreparedTx>) -> Result<(), Refusal> {
        let (leaving, tip) = {
            let state = self.read();
            let resolved = state.pool.resolve(&state.ledger, &prepared)?;
            judge_resolved(&prepared, &resolved, &state.context)?;
            (state.pool.admission(&prepared)?, state.ledger.tip())
        };
        let mut state = self.write();
        state.pool.remove(&leaving);
        state.pool.insert(prepared, tip);
        Ok(())
    }

    fn check_height(&self, blocks: u32) -> Result<(), MineError> {
        let height = self.read().ledger.height();
        if blocks > MAX_HEIGHT.saturating_sub(height) {
            return Err(MineError::TooHigh { blocks, height });
        }
        Ok(())
    }

    fn mine_with(&self, writer: &mut Writer<'_>, blocks: u32) -> Result<Mined, MineError> {
        self.check_height(blocks)?;
        let mut included = Vec::new();
        let mut dropped = Vec::new();
        let mut left = blocks;
        while left > 0 {
            if self.read().pool.is_empty() {
                self.mine_empty(writer, left)?;
                break;
            }
            let block = self.mine_block(writer, None)?;
            included.extend(block.include.iter().map(|tx| tx.id));
            dropped.extend(block.drop.into_iter().map(|(_, refusal)| refusal));
            left -= 1;
        }
        let state = self.read();
        Ok(Mined {
            height: state.ledger.height(),
            header_id: state.ledger.tip(),
            included,
            dropped,
        })
    }

    fn mine_empty(&self, writer: &mut Writer<'_>, blocks: u32) -> Result<(), MineError> {
        log(writer, &Change::Empty { blocks })?;
        let mut state = self.write();
        state.ledger.apply_empty(blocks);
        state.context = Arc::new(self.rule.context(state.ledger.last_ten()));
        Ok(())
    }

    /// Mines one block from the pool, or from those transactions in it that are in `only`.
    fn mine_block(
        &self,
        writer: &mut Writer<'_>,
        only: Option<&HashSet<TxId>>,
    ) -> Result<Assembly, MineError> {
        let block = assemble(&self.read(), only);
        if block.include.is_empty() {
            self.mine_empty(writer, 1)?;
        } else {
            self.put_block(writer, &block.include)?;
        }
        let mut state = self.write();
        let gone = block.include.iter().map(|tx| &tx.id);
        state
            .pool
            .remove(gone.chain(block.drop.iter().map(|(id, _)| id)));
        Ok(block)
    }

    /// Puts a block with these transactions on the chain, the log first.
    fn put_block(&self, writer: &mut Writer<'_>, txs: &[Arc<PreparedTx>]) -> Result<(), MineError> {
        let change = Change::Block {
            id: self.read().ledger.next_id(txs).0.into(),
            txs: txs.iter().map(|tx| hex::encode(&tx.bytes)).collect(),
        };
        log(writer, &change)?;
        let mut state = self.write();
        state.ledger.apply_block(txs)?;
        state.context = Arc::new(self.rule.context(state.ledger.last_ten()));
        Ok(())
    }

    /// The largest box the faucet can pay from, in the chain or in the pool.
    fn reserve(&self, state: &State) -> Arc<BoxData> {
        let own = state.ledger.boxes_of_script(&self.faucet.script);
        let confirmed = own.iter().filter_map(|i| {
            let record = state.ledger.box_at(*i)?;
            record.spent.is_none().then_some(&record.data)
        });
        let pooled = state
            .pool
            .iter()
            .flat_map(|entry| &entry.tx.outputs)
            .filter(|data| data.script == self.faucet.script);
        confirmed
            .chain(pooled)
            .filter(|data| !state.pool.spends(&data.id))
            .max_by_key(|data| data.value)
            .unwrap_or(&self.genesis)
            .clone()
    }
}

fn log(writer: &mut Writer<'_>, change: &Change) -> Result<(), JournalError> {
    match writer.as_mut() {
        Some(journal) => journal.append(change),
        None => Ok(()),
    }
}

fn judge_resolved(
    prepared: &PreparedTx,
    resolved: &Resolved,
    context: &ErgoStateContext,
) -> Result<(), Refusal> {
    let inputs: Result<Vec<ErgoBox>, _> = resolved.inputs.iter().map(|b| b.parse()).collect();
    let inputs = inputs.map_err(|e| Refusal::NotCanonical {
        id: prepared.id,
        cause: e.to_string(),
    })?;
    let data_inputs = resolved.data_inputs.iter().map(|b| b.ergo_box().clone());
    judge(prepared.tx.clone(), inputs, data_inputs.collect(), context)
}

/// Chooses what the next block holds, in the pool's order. A transaction stays in the pool when the block is full
/// or when it depends on one that stays; it is dropped when a box is gone or when it is no longer valid.
fn assemble(state: &State, only: Option<&HashSet<TxId>>) -> Assembly {
    let State {
        ledger,
        pool,
        context,
    } = state;
    let tip = ledger.tip();
    let mut block = Assembly::default();
    let mut size = 0;
    let mut made = HashSet::new();
    let mut spent = HashSet::new();
    let mut kept = HashSet::new();
    for entry in pool.iter() {
        let tx = &entry.tx;
        let mut named = tx.inputs.iter().chain(&tx.data_inputs);
        let stays = only.is_some_and(|only| !only.contains(&tx.id))
            || size + tx.bytes.len() > MAX_BLOCK_SIZE
            || named.any(|id| kept.contains(id));
        if stays {
            kept.extend(tx.outputs.iter().map(|data| data.id));
            continue;
        }
        // A data input may be spent in this very block: it is read as of the block's beginning.
        let exists = |id: &BoxId| made.contains(id) || ledger.unspent(id).is_some();
        let gone = |ids: &[BoxId], spendable: bool| -> Vec<usize> {
            let missing = |id: &BoxId| !exists(id) || (spendable && spent.contains(id));
            (0..ids.len()).filter(|at| missing(&ids[*at])).collect()
        };
        let (no_input, no_data) = (gone(&tx.inputs, true), gone(&tx.data_inputs, false));
        let verdict = if !no_input.is_empty() {
            Err(Refusal::MissingInputs {
                id: tx.id,
                inputs: tx.inputs.len(),
                missing: no_input,
            })
        } else if !no_data.is_empty() {
            Err(Refusal::MissingDataInputs {
                id: tx.id,
                data_inputs: tx.data_inputs.len(),
                missing: no_data,
            })
        } else if entry.judged_on == tip {
            Ok(())
        } else {
            pool.resolve(ledger, tx)
                .and_then(|resolved| judge_resolved(tx, &resolved, context))
        };
        match verdict {
            Ok(()) => {
                size += tx.bytes.len();
                made.extend(tx.outputs.iter().map(|data| data.id));
                spent.extend(tx.inputs.iter().copied());
                block.include.push(tx.clone());
            }
            Err(refusal) => block.drop.push((tx.id, refusal)),
        }
    }
    block
}

/// Applies one line of the log. Scripts were judged when the line was written and are not judged again.
fn replay(ledger: &mut Ledger, change: Change) -> Result<(), String> {
    match change {
        Change::Empty { blocks } if blocks <= MAX_HEIGHT.saturating_sub(ledger.height()) => {
            ledger.apply_empty(blocks);
        }
        Change::Empty { blocks } => return Err(format!("{blocks} blocks are too many")),
        Change::Rollback { blocks } => {
            ledger.rollback(blocks).map_err(|e| e.to_string())?;
        }
        Change::Block { id, txs } => {
            let txs = txs
                .iter()
                .map(|text| {
                    let bytes = hex::decode(text).map_err(|e| e.to_string())?;
                    PreparedTx::from_bytes(bytes).map(Arc::new)
                })
                .collect::<Result<Vec<_>, String>>()?;
            let next = String::from(ledger.next_id(&txs).0);
            if next != id {
                return Err(format!("block {id} should be {next}"));
            }
            ledger.apply_block(&txs).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
