//! Boxes that a batch makes. Most of them it spends again: what they hold is written only when it ends.

use std::collections::HashMap;

use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;

use crate::stored::Kind;

/// A box of the LETS, with all that must be known to spend it.
#[derive(Debug)]
pub(crate) struct Ours {
    pub(crate) key: i64,
    pub(crate) kind: Kind,
    pub(crate) account: Option<i64>,
    /// As it is stored.
    pub(crate) bytes: Box<[u8]>,
}

/// A box whose content is to be written.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) id: BoxId,
    pub(crate) ours: Ours,
    /// The transaction that spent it, if that may still be taken back.
    pub(crate) spent: Option<i64>,
}

#[derive(Debug, Default)]
pub(crate) struct Nursery {
    unspent: HashMap<BoxId, Ours>,
    spent: Vec<Fresh>,
}

impl Nursery {
    pub(crate) fn put(&mut self, id: BoxId, ours: Ours) {
        self.unspent.insert(id, ours);
    }

    /// An unspent one.
    pub(crate) fn get(&self, id: &BoxId) -> Option<&Ours> {
        self.unspent.get(id)
    }

    /// Takes one out: it is being spent.
    pub(crate) fn take(&mut self, id: &BoxId) -> Option<Ours> {
        self.unspent.remove(id)
    }

    /// A spent one whose content is to be written all the same.
    pub(crate) fn keep(&mut self, spent: Fresh) {
        self.spent.push(spent);
    }

    /// All whose contents are to be written, in the order of their keys.
    pub(crate) fn finish(&mut self) -> Vec<Fresh> {
        let mut all = std::mem::take(&mut self.spent);
        all.extend(self.unspent.drain().map(|(id, ours)| Fresh {
            id,
            ours,
            spent: None,
        }));
        all.sort_unstable_by_key(|fresh| fresh.ours.key);
        all
    }
}
