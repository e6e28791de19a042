//! Transactions that wait for a block, in an order in which each comes after those it depends on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use ergo_lib::ergo_chain_types::BlockId;
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use ergo_lib::ergotree_ir::chain::tx_id::TxId;

use crate::judge::{MIN_FEE, Refusal};
use crate::ledger::Ledger;
use crate::prepared::{BoxData, PreparedTx};

/// A transaction in the pool.
#[derive(Debug, Clone)]
pub(crate) struct Pooled {
    pub(crate) tx: Arc<PreparedTx>,
    /// Tip on which it was last judged. The verdict depends on nothing else: boxes are fixed by their ids.
    pub(crate) judged_on: BlockId,
}

/// The boxes that a transaction names, in its order.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) inputs: Vec<Arc<BoxData>>,
    pub(crate) data_inputs: Vec<Arc<BoxData>>,
}

/// The pool. Sequence numbers grow, and a transaction always has a larger one than those it depends on.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    next: u64,
    entries: BTreeMap<u64, Pooled>,
    by_id: HashMap<TxId, u64>,
    spent_by: HashMap<BoxId, u64>,
    made: HashMap<BoxId, (u64, Arc<BoxData>)>,
}

impl Pool {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All transactions, each after those it depends on.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Pooled> {
        self.entries.values()
    }

    pub(crate) fn get(&self, id: &TxId) -> Option<&Pooled> {
        self.by_id.get(id).and_then(|seq| self.entries.get(seq))
    }

    /// A box made by a transaction in the pool, spent there or not.
    pub(crate) fn made(&self, id: &BoxId) -> Option<&Arc<BoxData>> {
        self.made.get(id).map(|(_, data)| data)
    }

    pub(crate) fn spends(&self, id: &BoxId) -> bool {
        self.spent_by.contains_key(id)
    }

    /// Finds the boxes that a transaction names among the unspent and those made in the pool, spent there or not:
    /// double spends are another question.
    pub(crate) fn resolve(&self, ledger: &Ledger, tx: &PreparedTx) -> Result<Resolved, Refusal> {
        let find = |id: &BoxId| ledger.unspent(id).or_else(|| self.made(id)).cloned();
        let all = |ids: &[BoxId]| {
            let found: Vec<Option<Arc<BoxData>>> = ids.iter().map(find).collect();
            let missing: Vec<usize> = (0..found.len()).filter(|i| found[*i].is_none()).collect();
            if missing.is_empty() {
                Ok(found.into_iter().flatten().collect())
            } else {
                Err(missing)
            }
        };
        Ok(Resolved {
            inputs: all(&tx.inputs).map_err(|missing| Refusal::MissingInputs {
                id: tx.id,
                inputs: tx.inputs.len(),
                missing,
            })?,
            data_inputs: all(&tx.data_inputs).map_err(|missing| Refusal::MissingDataInputs {
                id: tx.id,
                data_inputs: tx.data_inputs.len(),
                missing,
            })?,
        })
    }

    /// What a valid transaction must still be to enter: new, paying, and outbidding each transaction whose inputs
    /// it spends. Returns the transactions that have to leave for it.
    ///
    /// The reference node compares with the average of the conflicting transactions; this is the stricter rule.
    pub(crate) fn admission(&self, tx: &PreparedTx) -> Result<Vec<TxId>, Refusal> {
        if tx.fee < MIN_FEE {
            return Err(Refusal::FeeTooLow { given: tx.fee });
        }
        if self.by_id.contains_key(&tx.id) {
            return Err(Refusal::AlreadyInPool { id: tx.id });
        }
        let rivals: HashSet<u64> = tx
            .inputs
            .iter()
            .filter_map(|input| self.spent_by.get(input).copied())
            .collect();
        let leaving = self.with_descendants(rivals.clone());
        let stays = |seq: &u64| self.entries.get(seq).is_some_and(|e| !tx.outbids(&e.tx));
        let needs_leaving = tx.inputs.iter().chain(&tx.data_inputs).any(|id| {
            self.made
                .get(id)
                .is_some_and(|(seq, _)| leaving.contains(seq))
        });
        if needs_leaving || rivals.iter().any(stays) {
            return Err(Refusal::DoubleSpend {
                winners: self.ids(&rivals),
            });
        }
        Ok(self.ids(&leaving))
    }

    /// Adds a transaction that was resolved, judged and admitted.
    pub(crate) fn insert(&mut self, tx: Arc<PreparedTx>, judged_on: BlockId) {
        let seq = self.next;
        self.next += 1;
        self.by_id.insert(tx.id, seq);
        self.spent_by.extend(tx.inputs.iter().map(|id| (*id, seq)));
        self.made
            .extend(tx.outputs.iter().map(|data| (data.id, (seq, data.clone()))));
        self.entries.insert(seq, Pooled { tx, judged_on });
    }

    /// Takes transactions out, and nothing else: what depends on them is the caller's to look at.
    pub(crate) fn remove<'a>(&mut self, ids: impl IntoIterator<Item = &'a TxId>) {
        for id in ids {
            let removed = self
                .by_id
                .remove(id)
                .and_then(|seq| self.entries.remove(&seq));
            if let Some(Pooled { tx, .. }) = removed {
                for input in &tx.inputs {
                    self.spent_by.remove(input);
                }
                for output in &tx.outputs {
                    self.made.remove(&output.id);
                }
            }
        }
    }

    /// The transactions that one depends on, directly or not, and itself.
    pub(crate) fn with_ancestors(&self, id: &TxId) -> HashSet<TxId> {
        let mut found = HashSet::new();
        let mut open = vec![*id];
        while let Some(id) = open.pop() {
            if let Some(Pooled { tx, .. }) = self.get(&id)
                && found.insert(id)
            {
                let named = tx.inputs.iter().chain(&tx.data_inputs);
                open.extend(named.filter_map(|input| {
                    let (seq, _) = self.made.get(input)?;
                    self.entries.get(seq).map(|entry| entry.tx.id)
                }));
            }
        }
        found
    }

    fn with_descendants(&self, mut set: HashSet<u64>) -> HashSet<u64> {
        let Some(first) = set.iter().min().copied() else {
            return set;
        };
        for (seq, Pooled { tx, .. }) in self.entries.range(first..) {
            let named = tx.inputs.iter().chain(&tx.data_inputs);
            if named
                .filter_map(|id| self.made.get(id))
                .any(|(maker, _)| set.contains(maker))
            {
                set.insert(*seq);
            }
        }
        set
    }

    /// Ids in the pool's order.
    fn ids(&self, seqs: &HashSet<u64>) -> Vec<TxId> {
        let mut ordered: Vec<u64> = seqs.iter().copied().collect();
        ordered.sort_unstable();
        ordered
            .iter()
            .filter_map(|seq| self.entries.get(seq).map(|entry| entry.tx.id))
            .collect()
    }
}
