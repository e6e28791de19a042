//! Blocks on their way into a ledger, transaction by transaction.

mod grow;
mod write;

use std::collections::BTreeSet;
use std::path::Path;

use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergotree_ir::chain::ergo_box::box_value::BoxValue;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::{ErgoTree, ErgoTreeHeader};
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{
    AccountState, Deed, Lets, Paid, PlainAccount, PlainBox, PlainNote, leader, payments_between,
};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::block_tx::{BlockTx, Made};
use crate::error::LedgerError;
use crate::follow::{Head, KEPT_BLOCKS, Tip, marks, tip};
use crate::fresh::{Nursery, Ours};
use crate::held::Held;
use crate::schema;
use crate::stored::{Kind, Known, pack, scripted};
use grow::Tables;

/// Blocks on their way into a ledger: they are there when [`Batch::commit`] has returned, or not at all.
#[derive(Debug)]
pub struct Batch<'a> {
    db: rusqlite::Transaction<'a>,
    path: &'a Path,
    lets: Option<&'a Lets>,
    held: &'a mut Held,
    /// By what boxes are kept that are none of the LETS's: scripts of a wallet, and the oracle's NFT.
    marks: Vec<Vec<u8>>,
    tip: Option<Tip>,
    /// Up to this height nothing is ever taken back: what only going back needs is not written.
    settled: u32,
    /// The last block, if it is settled and not written yet.
    below: Option<Tip>,
    time: i64,
    rank: i64,
    tables: Tables,
    fresh: Nursery,
    /// Spent boxes of earlier batches whose contents go when this one ends, in the order of their pages.
    gone: BTreeSet<i64>,
    /// Charters that this block spends: its transactions may still read them.
    charters: Vec<BoxId>,
    transactions: usize,
    stranger: ErgoBox,
}

/// What a transaction spends of the LETS.
struct Spent {
    id: BoxId,
    ours: Ours,
    known: Known,
    /// An earlier batch wrote its content.
    is_written: bool,
}

/// A box that is none of the LETS's, as its row has it.
struct Kept {
    mark: Vec<u8>,
    content: Vec<u8>,
}

/// The accounts before and after a transaction, with what it did.
struct Story<'s> {
    before: &'s [Option<&'s PlainAccount>],
    after: &'s [Option<&'s PlainAccount>],
    deed: Option<&'s Deed>,
    paid: &'s [Paid],
    taken: &'s [PlainNote],
    /// Tokens of boxes that cannot be read.
    unread: &'s [TokenId],
}

impl<'a> Batch<'a> {
    pub(crate) fn begin(
        connection: &'a mut Connection,
        path: &'a Path,
        lets: Option<&'a Lets>,
        held: &'a mut Held,
        goal: u32,
    ) -> Result<Self, LedgerError> {
        let fault = |cause| LedgerError::of(path, cause);
        let db = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fault)?;
        let tip = tip(&db).map_err(fault)?;
        let marks = marks(&db).map_err(fault)?;
        held.begin(tip);
        if !held.is_whole() {
            schema::find(&db).map_err(fault)?;
        }
        Ok(Self {
            db,
            path,
            lets,
            held,
            marks,
            tip,
            settled: goal.saturating_sub(KEPT_BLOCKS),
            below: None,
            time: 0,
            rank: 0,
            tables: Tables::new(),
            fresh: Nursery::default(),
            gone: BTreeSet::new(),
            charters: Vec::new(),
            transactions: 0,
            stranger: stranger(0)?,
        })
    }

    fn fault(&self, cause: rusqlite::Error) -> LedgerError {
        LedgerError::of(self.path, cause)
    }

    fn damaged(&self, why: String) -> LedgerError {
        LedgerError::Damaged {
            path: self.path.to_owned(),
            why,
        }
    }

    /// The last block, those of this batch counted.
    pub fn tip(&self) -> Option<Tip> {
        self.tip
    }

    /// How many transactions of the LETS are in this batch.
    pub fn transactions(&self) -> usize {
        self.transactions
    }

    /// The next block. Its transactions follow, in their order; those that are nothing to the LETS may be left out.
    ///
    /// # Errors
    /// [`LedgerError::NotNext`] if it does not follow the last one.
    pub fn block(&mut self, head: &Head) -> Result<(), LedgerError> {
        let follows = self.tip.is_none_or(|tip| {
            head.parent == tip.id && Some(head.height) == tip.height.checked_add(1)
        });
        self.place(head, follows)
    }

    /// A later block, when it is known from elsewhere that the blocks before it hold nothing of the LETS. What they did to a
    /// wallet or to the oracle is then not known: their boxes are forgotten.
    ///
    /// # Errors
    /// [`LedgerError::NotNext`] if it is not above the last one.
    pub fn skip_to(&mut self, head: &Head) -> Result<(), LedgerError> {
        if self.tip.is_some_and(|tip| head.height == tip.height + 1) {
            return self.block(head);
        }
        self.place(head, self.tip.is_none_or(|tip| head.height > tip.height))?;
        self.marks.clear();
        self.db
            .execute_batch(
                "DELETE FROM scripts; DELETE FROM wallet; DELETE FROM wallet_transactions",
            )
            .map_err(|cause| self.fault(cause))
    }

    fn place(&mut self, head: &Head, follows: bool) -> Result<(), LedgerError> {
        if !follows {
            return Err(LedgerError::NotNext {
                id: head.id,
                height: head.height,
            });
        }
        let tip = Tip {
            height: head.height,
            id: head.id,
        };
        if head.height <= self.settled {
            self.below = Some(tip);
        } else {
            self.base()?;
            self.keep_block(tip)?;
        }
        self.tip = Some(tip);
        let unheard = |e| self.fault(rusqlite::Error::ToSqlConversionFailure(Box::new(e)));
        (self.time, self.rank) = (i64::try_from(head.timestamp).map_err(unheard)?, 0);
        self.charters.clear();
        Ok(())
    }

    fn keep_block(&self, tip: Tip) -> Result<(), LedgerError> {
        self.execute(
            "INSERT INTO blocks VALUES (?1, ?2)",
            params![tip.height, tip.id.0.0],
        )?;
        Ok(())
    }

    /// The last settled block becomes the one below which the ledger cannot go back.
    fn base(&mut self) -> Result<(), LedgerError> {
        if let Some(below) = self.below.take() {
            self.execute("DELETE FROM blocks", [])?;
            self.keep_block(below)?;
        }
        Ok(())
    }

    /// Whether one of these boxes is one that the ledger follows: a transaction that spends none, and whose outputs are nothing
    /// to the LETS, need not be given to it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn spends(&self, inputs: &[BoxId]) -> Result<bool, LedgerError> {
        let held = |id: &BoxId| self.fresh.get(id).is_some() || self.held.unspent(id).is_some();
        if inputs.iter().any(held) {
            return Ok(true);
        }
        for id in inputs {
            if self.stored(id)?.is_some() {
                return Ok(true);
            }
        }
        let spends = || -> Result<bool, rusqlite::Error> {
            if self.marks.is_empty() {
                return Ok(false);
            }
            let mut wallet = self
                .db
                .prepare_cached("SELECT 1 FROM wallet WHERE id = ?1")?;
            for id in inputs {
                if wallet.exists([id.as_ref()])? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        spends().map_err(|cause| self.fault(cause))
    }

    pub(crate) fn read_transaction(&mut self, tx: &Transaction) -> Result<(), LedgerError> {
        let tx = BlockTx::try_from(tx).map_err(|why| self.damaged(why))?;
        self.transaction(&tx)
    }

    /// The block's next transaction.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn transaction(&mut self, tx: &BlockTx) -> Result<(), LedgerError> {
        self.wallet(tx)?;
        let Some(lets) = self.lets else { return Ok(()) };
        let spent = self.spent(lets, tx)?;
        let made: Result<Vec<Option<Known>>, String> = tx
            .outputs
            .iter()
            .map(|made| Known::of(lets, made))
            .collect();
        let made = made.map_err(|why| self.damaged(why))?;
        let mints = tx.inputs.first().and_then(|first| self.mints(lets, *first));
        if spent.iter().all(Option::is_none) && made.iter().all(Option::is_none) && mints.is_none()
        {
            return Ok(());
        }
        self.transactions += 1;
        let key = (i64::from(self.tip.map_or(0, |tip| tip.height)) << 16) | self.rank;
        self.rank += 1;
        let row = [key.into(), tx.id.0.0.to_vec().into(), self.time.into()];
        let added = self.tables.transactions.add(&self.db, row);
        added.map_err(|cause| self.fault(cause))?;
        if let Some(token) = mints {
            self.minted(key, token, tx)?;
        }
        let deed = self.deeds(key, lets, tx, &spent, &made)?;
        let before: Vec<Option<&PlainAccount>> = spent
            .iter()
            .map(|s| s.as_ref().and_then(|s| s.known.account()))
            .collect();
        let after: Vec<Option<&PlainAccount>> = made
            .iter()
            .map(|k| k.as_ref().and_then(|k| k.account()))
            .collect();
        let notes = (0u16..).zip(&made).filter_map(|(place, known)| {
            let note = known.as_ref()?.note()?;
            Some(note.paid(tx.id, place))
        });
        let (old, new) = (states(&before), states(&after));
        let foreign = spent.first().is_some_and(Option::is_none);
        let paid = leader(&old, foreign).map_or_else(Vec::new, |place| {
            payments_between(tx.id, &tx.variables, place, &old, &new, notes)
        });
        for payment in &paid {
            self.payment(key, payment)?;
        }
        let taken = self.endings(key, &spent)?;
        let unread: Vec<TokenId> = tx
            .outputs
            .iter()
            .filter(|made| made.unread)
            .filter_map(|made| PlainBox::read(&made.unscripted))
            .flat_map(|stand_in| stand_in.tokens().to_vec())
            .map(|(token, _)| token)
            .collect();
        self.entries(
            key,
            &Story {
                before: &before,
                after: &after,
                deed: deed.as_ref(),
                paid: &paid,
                taken: &taken,
                unread: &unread,
            },
        )?;
        for spent in spent.into_iter().flatten() {
            self.spend(key, spent)?;
        }
        for (place, (known, made)) in (0i64..).zip(made.iter().zip(&tx.outputs)) {
            if let Some(known) = known {
                self.make(lets, (key << 16) | place, known, made)?;
            }
        }
        Ok(())
    }

    /// Takes everything in and drops what is no longer needed to go back.
    ///
    /// # Errors
    /// [`LedgerError`]; the ledger is then as it was before the batch.
    pub fn commit(mut self) -> Result<(), LedgerError> {
        self.base()?;
        for key in std::mem::take(&mut self.gone) {
            self.execute("DELETE FROM contents WHERE box = ?1", [key])?;
        }
        let fresh = self.fresh.finish();
        for fresh in &fresh {
            self.write(fresh)?;
        }
        let left = self.tables.finish(&self.db);
        left.map_err(|cause| self.fault(cause))?;
        let path = self.path;
        let prune = |db: &Connection| -> Result<(), rusqlite::Error> {
            let Some(tip) = self.tip else { return Ok(()) };
            let kept: Option<u32> =
                db.query_row("SELECT min(height) FROM blocks", [], |row| row.get(0))?;
            let from = tip.height.saturating_sub(KEPT_BLOCKS);
            // Not after every block: once in a while.
            if kept.is_none_or(|kept| kept.saturating_add(KEPT_BLOCKS / 4) > from) {
                return Ok(());
            }
            db.execute("DELETE FROM blocks WHERE height < ?1", [from])?;
            db.execute(
                "DELETE FROM contents WHERE spent < ?1",
                [i64::from(from) << 16],
            )?;
            db.execute("DELETE FROM wallet WHERE spent < ?1", [from])?;
            Ok(())
        };
        prune(&self.db)
            .and_then(|()| self.db.commit())
            .map_err(|cause| LedgerError::of(path, cause))?;
        for fresh in fresh.into_iter().filter(|fresh| fresh.spent.is_none()) {
            self.held.put(fresh.id, fresh.ours);
        }
        self.held.end(self.tip);
        Ok(())
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, LedgerError> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(|cause| self.fault(cause))
    }

    /// What the transaction did to the boxes of the wallet and of the oracle.
    fn wallet(&mut self, tx: &BlockTx) -> Result<(), LedgerError> {
        if self.marks.is_empty() {
            return Ok(());
        }
        let height = self.tip.map_or(0, |tip| tip.height);
        let mut touched = 0;
        for input in tx.inputs.iter() {
            touched += self.execute(
                "UPDATE wallet SET spent = ?1 WHERE id = ?2",
                params![height, input.as_ref()],
            )?;
        }
        // What cannot be read cannot be spent either.
        for made in tx.outputs.iter().filter(|made| !made.unread) {
            if let Some(Kept { mark, content }) = self.kept(made)? {
                touched += 1;
                self.execute(
                    "INSERT INTO wallet VALUES (?1, ?2, ?3, ?4, NULL)",
                    params![made.id.as_ref(), mark, content, height],
                )?;
            }
        }
        if touched > 0 {
            self.execute(
                "INSERT INTO wallet_transactions VALUES (?1, ?2)",
                params![tx.id.0.0, height],
            )?;
        }
        Ok(())
    }

    /// How a box is kept that is none of the LETS's; `None` if it is not. The oracle's is the oracle's even at a key of the wallet.
    fn kept(&self, made: &Made) -> Result<Option<Kept>, LedgerError> {
        let (script, rest) = (&*made.script, &*made.unscripted);
        if let Some((lets, nft)) = self.lets.and_then(|lets| Some((lets, lets.oracle()?))) {
            let (mark, token) = (nft.bytes().to_vec(), TokenId::from(nft));
            let plain = PlainBox::read(rest);
            let holds = plain.is_some_and(|b| b.tokens().iter().any(|(id, _)| *id == token));
            if holds && self.marks.contains(&mark) {
                let content =
                    pack(lets, Kind::Stray, script, rest).map_err(|why| self.damaged(why))?;
                return Ok(Some(Kept { mark, content }));
            }
        }
        if !self.marks.iter().any(|mark| **mark == *script) {
            return Ok(None);
        }
        let content = scripted(script, rest).map_err(|why| self.damaged(why))?;
        let mark = script.to_vec();
        Ok(Some(Kept { mark, content }))
    }

    /// The boxes of the LETS among the inputs, no longer to be found.
    fn spent(&mut self, lets: &Lets, tx: &BlockTx) -> Result<Vec<Option<Spent>>, LedgerError> {
        tx.inputs.iter().map(|id| self.find(lets, id)).collect()
    }

    fn find(&mut self, lets: &Lets, id: &BoxId) -> Result<Option<Spent>, LedgerError> {
        let fresh = self.fresh.take(id);
        let is_written = fresh.is_none();
        let found = match fresh.or_else(|| self.held.take(id)) {
            None => self.stored(id)?,
            found => found,
        };
        let Some(ours) = found else {
            return Ok(None);
        };
        let known = Known::stored(lets, ours.kind, &ours.bytes).map_err(|why| self.damaged(why))?;
        Ok(Some(Spent {
            id: *id,
            ours,
            known,
            is_written,
        }))
    }

    /// An unspent box that earlier batches wrote, if it is not held.
    fn stored(&self, id: &BoxId) -> Result<Option<Ours>, LedgerError> {
        if self.held.is_whole() {
            return Ok(None);
        }
        let found: Option<(i64, i64, Option<i64>, Vec<u8>)> = self
            .db
            .prepare_cached(
                "SELECT box, kind, account, bytes FROM contents WHERE id = ?1 AND spent IS NULL",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([id.as_ref()], |r| {
                        Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
                    })
                    .optional()
            })
            .map_err(|cause| self.fault(cause))?;
        let Some((key, kind, account, bytes)) = found.filter(|found| !self.gone.contains(&found.0))
        else {
            return Ok(None);
        };
        let kind = Kind::from_code(kind);
        let kind = kind.ok_or_else(|| self.damaged(format!("box {id} is of no kind")))?;
        Ok(Some(Ours {
            key,
            kind,
            account,
            bytes: bytes.into(),
        }))
    }

    /// The token of the LETS that a transaction with this first input mints.
    fn mints(&self, lets: &Lets, first: BoxId) -> Option<TokenId> {
        let minted = TokenId::from(first);
        lets.tokens().into_iter().find(|id| *id == minted)
    }

    fn minted(&self, key: i64, token: TokenId, tx: &BlockTx) -> Result<(), LedgerError> {
        let mut amount = 0i64;
        for made in &tx.outputs {
            let read = PlainBox::read(&made.unscripted);
            for (_, of_it) in read
                .iter()
                .flat_map(PlainBox::tokens)
                .filter(|t| t.0 == token)
            {
                amount = amount.saturating_add_unsigned(*of_it);
            }
        }
        let id: Vec<u8> = token.into();
        self.execute(
            "INSERT INTO tokens VALUES (?1, ?2, ?3)",
            params![id, amount, key],
        )?;
        Ok(())
    }
}

fn states<'s>(accounts: &[Option<&'s PlainAccount>]) -> Vec<Option<&'s AccountState>> {
    accounts
        .iter()
        .map(|a| a.map(PlainAccount::state))
        .collect()
}

/// A key as rows name it.
pub(crate) fn owner_bytes(owner: &SigmaProp) -> Option<Vec<u8>> {
    owner.prop_bytes().ok()
}

/// A box that is none of any LETS's, in the place of an input that the ledger does not know. For each `place` it is another one.
///
/// # Errors
/// [`LedgerError::NoBox`], which cannot happen.
pub fn stranger(place: u16) -> Result<ErgoBox, LedgerError> {
    let nothing = Expr::Const(true.into());
    let tree = ErgoTree::new(ErgoTreeHeader::v0(false), &nothing)
        .map_err(|e| LedgerError::NoBox(e.to_string()))?;
    ErgoBox::new(
        BoxValue::SAFE_USER_MIN,
        tree,
        None,
        NonMandatoryRegisters::empty(),
        0,
        TxId::zero(),
        place,
    )
    .map_err(|e| LedgerError::NoBox(e.to_string()))
}
