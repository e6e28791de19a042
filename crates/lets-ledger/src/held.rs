//! What a ledger holds in memory of what it wrote: rows that are looked up again and again. Bounded, and good only as long as
//! nobody else has written.

use std::collections::HashMap;

use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use lets_protocol::AccountNumber;

use crate::follow::Tip;
use crate::fresh::Ours;

/// How many unspent boxes are held at most, of some four hundred bytes each.
const BOXES: usize = 1 << 18;
/// How many accounts' rows are held at most, of some sixty bytes each.
const ACCOUNTS: usize = 1 << 18;

#[derive(Debug, Default)]
pub(crate) struct Held {
    /// The last block when it was right; `None` while a batch is under way, and after one that was given up.
    tip: Option<Tip>,
    accounts: HashMap<AccountNumber, i64>,
    /// The boxes put in lately, and those before them: what is old is dropped by halves. As long as all are here they are young.
    young: HashMap<BoxId, Ours>,
    old: HashMap<BoxId, Ours>,
    /// All unspent boxes are here: it began with none, and none was dropped.
    whole: bool,
}

impl Held {
    /// A batch begins on this block: what was held as of another is forgotten.
    pub(crate) fn begin(&mut self, tip: Option<Tip>) {
        if tip.is_none() || self.tip != tip {
            *self = Self {
                whole: tip.is_none(),
                ..Self::default()
            };
        }
        self.tip = None;
    }

    /// The batch ends with this block.
    pub(crate) fn end(&mut self, tip: Option<Tip>) {
        self.tip = tip;
    }

    pub(crate) fn account(&self, number: &AccountNumber) -> Option<i64> {
        self.accounts.get(number).copied()
    }

    pub(crate) fn put_account(&mut self, number: AccountNumber, row: i64) {
        if self.accounts.len() >= ACCOUNTS {
            self.accounts.clear();
        }
        self.accounts.insert(number, row);
    }

    /// Whether a box that is not here is none of the unspent ones at all.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    pub(crate) fn unspent(&self, id: &BoxId) -> Option<&Ours> {
        self.young.get(id).or_else(|| self.old.get(id))
    }

    pub(crate) fn put(&mut self, id: BoxId, ours: Ours) {
        if self.whole && self.young.len() >= BOXES {
            self.whole = false;
            self.young = HashMap::new();
        } else if !self.whole && self.young.len() >= BOXES / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, ours);
    }

    /// Takes one out: it is being spent.
    pub(crate) fn take(&mut self, id: &BoxId) -> Option<Ours> {
        self.young.remove(id).or_else(|| self.old.remove(id))
    }
}

#[cfg(test)]
mod tests {
    use ergo_lib::ergo_chain_types::Digest32;

    use super::*;
    use crate::stored::Kind;

    fn id(number: usize) -> BoxId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        BoxId::from(Digest32::from(bytes))
    }

    fn put(held: &mut Held, numbers: std::ops::Range<usize>) {
        for number in numbers {
            let ours = Ours {
                key: 0,
                kind: Kind::Stray,
                account: None,
                bytes: Box::default(),
            };
            held.put(id(number), ours);
        }
    }

    #[test]
    fn memory_is_whole_until_it_is_full_and_bounded_then() {
        let mut held = Held::default();
        held.begin(None);
        put(&mut held, 0..BOXES);
        assert!(held.is_whole() && held.unspent(&id(0)).is_some());
        // A box that is spent makes room.
        held.take(&id(0));
        put(&mut held, BOXES..BOXES + 1);
        assert!(held.is_whole() && held.unspent(&id(1)).is_some());
        put(&mut held, BOXES + 1..BOXES + 2);
        assert!(!held.is_whole() && held.unspent(&id(1)).is_none());
        assert!(held.unspent(&id(BOXES + 1)).is_some());
        put(&mut held, BOXES + 2..3 * BOXES);
        assert!(held.young.len() + held.old.len() <= BOXES);
        assert!(held.unspent(&id(3 * BOXES - BOXES / 2)).is_some());
    }
}
