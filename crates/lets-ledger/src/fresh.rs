//! Boxes that a batch makes. Most of them it spends again: only their last state is written, when it ends.

use std::collections::HashMap;
use std::sync::Arc;

use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;

use crate::stored::Known;

/// A box of the LETS, and all that its rows will say.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) key: i64,
    pub(crate) known: Arc<Known>,
    /// What is to be stored of it, but for the script of a stray.
    pub(crate) unscripted: Vec<u8>,
    pub(crate) account: Option<i64>,
    /// The transaction that spent it.
    pub(crate) spent: Option<i64>,
}

/// In the order of their keys.
#[derive(Debug, Default)]
pub(crate) struct Nursery {
    all: Vec<Fresh>,
    unspent: HashMap<BoxId, usize>,
}

impl Nursery {
    pub(crate) fn put(&mut self, fresh: Fresh) {
        self.unspent.insert(fresh.known.id(), self.all.len());
        self.all.push(fresh);
    }

    /// An unspent one.
    pub(crate) fn get(&self, id: &BoxId) -> Option<&Fresh> {
        self.all.get(*self.unspent.get(id)?)
    }

    /// Marks it as spent by this transaction; false if it is none of these.
    pub(crate) fn spend(&mut self, id: &BoxId, by: i64) -> bool {
        let found = self.unspent.remove(id).and_then(|at| self.all.get_mut(at));
        found.map(|fresh| fresh.spent = Some(by)).is_some()
    }

    pub(crate) fn take(&mut self) -> Vec<Fresh> {
        self.unspent.clear();
        std::mem::take(&mut self.all)
    }
}
