//! The boxes of a LETS that can still be spent, in little room: what whoever walks its blocks needs to know of inputs.

use std::collections::HashMap;

use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use lets_protocol::{Height, Lets};

use crate::stored::{Kind, Known, pack, script_bytes, unpack, unscripted};

/// A box put away.
#[derive(Debug)]
struct Kept {
    kind: Kind,
    made: Height,
    bytes: Vec<u8>,
}

/// Boxes of one LETS by their ids. They come back with their scripts as bytes. What is taken can be looked at until the next block: data inputs may name it.
#[derive(Debug)]
pub struct Shelf<'a> {
    lets: &'a Lets,
    boxes: HashMap<BoxId, Kept>,
    taken: HashMap<BoxId, Kept>,
    height: Height,
}

impl<'a> Shelf<'a> {
    /// An empty one.
    pub fn new(lets: &'a Lets) -> Self {
        Self {
            lets,
            boxes: HashMap::new(),
            taken: HashMap::new(),
            height: Height(0),
        }
    }

    /// The next block begins.
    pub fn block(&mut self, height: Height) {
        self.taken.clear();
        self.height = height;
    }

    /// Whether one of these is on it.
    pub fn has_any(&self, ids: &[BoxId]) -> bool {
        ids.iter().any(|id| self.boxes.contains_key(id))
    }

    /// Puts a box away if it is the LETS's, or holds a token of it, or is the oracle's, which open pots read.
    ///
    /// # Errors
    /// Why the box cannot be written down; none that was read can be such a one.
    pub fn put(&mut self, ergo_box: &ErgoBox) -> Result<(), String> {
        let first = ergo_box.tokens.iter().flatten().next();
        let oracle = self.lets.oracle().map(TokenId::from);
        let kind = match Known::looked_at(self.lets, ergo_box) {
            Some(known) => Some(known.kind()),
            None if oracle.is_some() && first.map(|t| t.token_id) == oracle => Some(Kind::Stray),
            None => None,
        };
        match kind {
            Some(kind) => self.keep_as(kind, ergo_box, self.height),
            None => Ok(()),
        }
    }

    /// Puts any box away, which a block at this height made.
    ///
    /// # Errors
    /// As [`Shelf::put`].
    pub fn keep(&mut self, ergo_box: &ErgoBox, made: Height) -> Result<(), String> {
        self.keep_as(Kind::Stray, ergo_box, made)
    }

    fn keep_as(&mut self, kind: Kind, ergo_box: &ErgoBox, made: Height) -> Result<(), String> {
        let kept = Kept {
            kind,
            made,
            bytes: pack(
                self.lets,
                kind,
                &script_bytes(ergo_box)?,
                &unscripted(ergo_box)?,
            )?,
        };
        self.boxes.insert(ergo_box.box_id(), kept);
        Ok(())
    }

    /// Takes a box off.
    ///
    /// # Errors
    /// Why what was put away cannot be read again.
    pub fn take(&mut self, id: &BoxId) -> Result<Option<ErgoBox>, String> {
        let Some(kept) = self.boxes.remove(id) else {
            return Ok(None);
        };
        let ergo_box = unpack(self.lets, kept.kind, &kept.bytes)?;
        self.taken.insert(*id, kept);
        Ok(Some(ergo_box))
    }

    /// A box that was there when the block began or was made in it, and the height of the block that made it.
    ///
    /// # Errors
    /// As [`Shelf::take`].
    pub fn look(&self, id: &BoxId) -> Result<Option<(ErgoBox, Height)>, String> {
        let kept = self.boxes.get(id).or_else(|| self.taken.get(id));
        kept.map(|kept| Ok((unpack(self.lets, kept.kind, &kept.bytes)?, kept.made)))
            .transpose()
    }
}
