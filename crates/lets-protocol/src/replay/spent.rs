//! Which boxes of a LETS were spent, and by what, in some sixteen bytes a box and thirty-six a transaction: a long history has millions
//! of them.

use crate::units::Height;
use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// A box by a hash of its id that nobody can foresee, so that nobody can make two boxes of one hash.
#[derive(Debug, Default)]
pub(super) struct Spent {
    hasher: RandomState,
    /// By which of the transactions.
    boxes: HashMap<u64, u32>,
    transactions: Vec<(TxId, Height)>,
}

impl Spent {
    /// The next transaction, in the block at this height.
    pub(super) fn by(&mut self, id: TxId, height: Height) -> u32 {
        let number = u32::try_from(self.transactions.len()).unwrap_or(u32::MAX);
        self.transactions.push((id, height));
        number
    }

    /// The box was spent by this transaction, if it was not before.
    pub(super) fn put(&mut self, id: BoxId, by: u32) {
        self.boxes.entry(self.hasher.hash_one(id)).or_insert(by);
    }

    /// The transaction that spent it first, and the height of its block.
    pub(super) fn first(&self, id: &BoxId) -> Option<(TxId, Height)> {
        let by = self.boxes.get(&self.hasher.hash_one(id))?;
        self.transactions.get(usize::try_from(*by).ok()?).copied()
    }
}
