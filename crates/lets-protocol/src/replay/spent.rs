//! Which boxes of a LETS were spent, and when, in a dozen bytes each: a long history has millions of them.

use crate::units::Height;
use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

/// A box by a hash of its id that nobody can foresee, so that nobody can make two boxes of one hash.
#[derive(Debug, Default)]
pub(super) struct Spent {
    hasher: RandomState,
    /// At which height. A tree grows in small steps, and the bytes of a hash and a height leave no gap between them.
    boxes: BTreeMap<[u8; 8], u32>,
}

impl Spent {
    fn key(&self, id: &BoxId) -> [u8; 8] {
        self.hasher.hash_one(id).to_ne_bytes()
    }

    /// The box was spent in the block at this height, if it was not before.
    pub(super) fn put(&mut self, id: &BoxId, at: Height) {
        self.boxes.entry(self.key(id)).or_insert(at.0);
    }

    /// The height of the block in which it was spent first.
    pub(super) fn at(&self, id: &BoxId) -> Option<Height> {
        self.boxes.get(&self.key(id)).copied().map(Height)
    }
}
