//! What a ledger holds in memory of what it wrote: rows that are looked up again and again. Bounded, and good only as long as
//! nobody else has written.

use std::collections::HashMap;
use std::sync::Arc;

use ergo_lib::ergotree_ir::chain::ergo_box::BoxId;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{AccountBox, AccountNumber};

use crate::batch::owner_bytes;
use crate::follow::Tip;
use crate::stored::Known;

/// How many boxes are held at most, of some three kilobytes each.
const BOXES: usize = 16_384;
/// How many accounts' rows are held at most, of some sixty bytes each.
const ACCOUNTS: usize = 1 << 18;

/// How many accounts' keys are held at most, of some three hundred bytes each.
const OWNERS: usize = 1 << 16;

/// Of an unspent box its row and what it is.
pub(crate) type Row = (i64, Arc<Known>);

#[derive(Debug, Default)]
pub(crate) struct Held {
    /// The last block when it was right; `None` while a batch is under way, and after one that was given up.
    tip: Option<Tip>,
    accounts: HashMap<AccountNumber, i64>,
    /// The key of an account, and its bytes: writing a point takes an inversion.
    owners: HashMap<AccountNumber, (SigmaProp, Vec<u8>)>,
    /// The boxes put in lately, and those before them: what is old is dropped by halves.
    young: HashMap<BoxId, Row>,
    old: HashMap<BoxId, Row>,
}

impl Held {
    /// A batch begins on this block: what was held as of another is forgotten.
    pub(crate) fn begin(&mut self, tip: Option<Tip>) {
        if tip.is_none() || self.tip != tip {
            *self = Self::default();
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

    /// The bytes of the account's key.
    pub(crate) fn owner(&mut self, account: &AccountBox) -> Option<Vec<u8>> {
        let owner = account.owner();
        if let Some((known, bytes)) = self.owners.get(&account.number())
            && known == owner
        {
            return Some(bytes.clone());
        }
        let bytes = owner_bytes(owner)?;
        if self.owners.len() >= OWNERS {
            self.owners.clear();
        }
        self.owners
            .insert(account.number(), (owner.clone(), bytes.clone()));
        Some(bytes)
    }

    pub(crate) fn unspent(&self, id: &BoxId) -> Option<&Row> {
        self.young.get(id).or_else(|| self.old.get(id))
    }

    pub(crate) fn put(&mut self, id: BoxId, row: Row) {
        if self.young.len() >= BOXES / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, row);
    }

    pub(crate) fn spend(&mut self, id: &BoxId) {
        self.young.remove(id);
        self.old.remove(id);
    }
}
