//! Following the chain: blocks go in, in order; a reorganisation takes the last ones back.

use std::path::Path;

use ergo_lib::chain::transaction::Transaction;
use ergo_lib::ergo_chain_types::BlockId;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use lets_protocol::Lets;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::Ledger;
use crate::batch::Batch;
use crate::error::LedgerError;
use crate::schema;
use crate::stored::{Kind, unpack};

/// Blocks of two days: so deep a reorganisation can be taken back. A deeper one makes the ledger be built anew.
pub const KEPT_BLOCKS: u32 = 1_440;

/// A block's place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its height.
    pub height: u32,
    /// Its header's id.
    pub id: BlockId,
    /// The id of the block before it.
    pub parent: BlockId,
    /// Its time in milliseconds since 1970.
    pub timestamp: u64,
}

/// The last block that a ledger holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Its height.
    pub height: u32,
    /// Its header's id.
    pub id: BlockId,
}

impl Ledger {
    /// Begins to take blocks in. Other processes wait, or go on after this one.
    ///
    /// # Errors
    /// [`LedgerError`]; [`LedgerError::Busy`] if another process does not end.
    pub fn batch(&mut self) -> Result<Batch<'_>, LedgerError> {
        self.batch_towards(0)
    }

    /// The same on the way to the block at height `goal`, which is on the chain now: what lies [`KEPT_BLOCKS`] below it is never
    /// taken back, and nothing is kept for that.
    ///
    /// # Errors
    /// As [`Ledger::batch`].
    pub fn batch_towards(&mut self, goal: u32) -> Result<Batch<'_>, LedgerError> {
        let (connection, held) = (&mut self.connection, &mut self.held);
        Batch::begin(connection, &self.path, self.lets.as_ref(), held, goal)
    }

    /// Makes the indices that reading needs, if they are not there: once the first blocks are in.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn index(&mut self) -> Result<(), LedgerError> {
        let index = |connection: &mut Connection| match schema::is_indexed(connection)? {
            true => Ok(()),
            false => schema::index(connection),
        };
        index(&mut self.connection).map_err(|cause| LedgerError::of(&self.path, cause))
    }

    /// Takes blocks in, whole and in order.
    ///
    /// # Errors
    /// [`LedgerError::NotNext`] if one does not follow the one before; nothing is changed then.
    pub fn apply<'t>(
        &mut self,
        blocks: impl IntoIterator<Item = (Head, &'t [Transaction])>,
    ) -> Result<(), LedgerError> {
        let mut batch = self.batch()?;
        for (head, transactions) in blocks {
            batch.block(&head)?;
            for transaction in transactions {
                batch.read_transaction(transaction)?;
            }
        }
        batch.commit()
    }

    /// The last block, or `None` if there is none yet.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn tip(&self) -> Result<Option<Tip>, LedgerError> {
        tip(&self.connection).map_err(|cause| self.fault(cause))
    }

    /// The blocks that the ledger can go back to, the last first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn kept_blocks(&self) -> Result<Vec<Tip>, LedgerError> {
        self.rows(
            "SELECT height, id FROM blocks ORDER BY height DESC",
            [],
            |row| {
                Ok(Tip {
                    height: row.get(0)?,
                    id: BlockId(bytes32(row.get(1)?).into()),
                })
            },
        )
    }

    /// Takes back every block above `height`, so that the block there is the last.
    ///
    /// # Errors
    /// [`LedgerError::TooDeep`] if the ledger holds no such block any more.
    pub fn cut_back(&mut self, height: u32) -> Result<(), LedgerError> {
        let path = self.path.as_path();
        let fault = |cause| LedgerError::of(path, cause);
        let db = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fault)?;
        let kept: Option<u32> = db
            .query_row("SELECT min(height) FROM blocks", [], |row| row.get(0))
            .map_err(fault)?;
        let there: bool = db
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM blocks WHERE height = ?1)",
                [height],
                |row| row.get(0),
            )
            .map_err(fault)?;
        if !there {
            return Err(LedgerError::TooDeep {
                kept_from: kept.unwrap_or_default(),
            });
        }
        take_back(&db, height).map_err(fault)?;
        db.commit().map_err(fault)
    }

    /// Forgets everything but by what marks to keep boxes, to be built anew.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn clear(&mut self) -> Result<(), LedgerError> {
        let marks = marks(&self.connection).map_err(|cause| self.fault(cause))?;
        self.begin_anew(&marks)
    }

    /// Forgets everything, to be built anew; from then on the boxes with these scripts are kept too, and the oracle's.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn reset(&mut self, scripts: &[ErgoTree]) -> Result<(), LedgerError> {
        let marks = self.marks_for(scripts)?;
        self.begin_anew(&marks)
    }

    fn begin_anew(&mut self, marks: &[Vec<u8>]) -> Result<(), LedgerError> {
        let path = self.path.as_path();
        let fault = |cause| LedgerError::of(path, cause);
        let db = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fault)?;
        let clear = || -> Result<(), rusqlite::Error> {
            schema::unindex(&db)?;
            for table in schema::NAMES.into_iter().filter(|name| *name != "meta") {
                db.execute(&format!("DELETE FROM {table}"), [])?;
            }
            db.execute("DELETE FROM scripts", [])?;
            for mark in marks {
                db.execute("INSERT OR IGNORE INTO scripts VALUES (?1)", [mark])?;
            }
            Ok(())
        };
        clear().map_err(fault)?;
        db.commit().map_err(fault)
    }

    /// The marks by which boxes have been kept from the first block on that are none of the LETS's, in hexadecimal: scripts of a
    /// wallet, and the oracle's NFT.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn followed_marks(&self) -> Result<Vec<String>, LedgerError> {
        let followed = marks(&self.connection).map_err(|cause| self.fault(cause))?;
        Ok(followed.iter().map(hex::encode).collect())
    }

    /// Whether the boxes with all of these scripts have been kept from the first block on, and the oracle's if the LETS has one.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn follows(&self, wanted: &[ErgoTree]) -> Result<bool, LedgerError> {
        let followed = marks(&self.connection).map_err(|cause| self.fault(cause))?;
        let wanted = self.marks_for(wanted)?;
        Ok(wanted.iter().all(|mark| followed.contains(mark)))
    }

    /// Unspent boxes with the oracle's NFT; `None` if they were not kept from the first block on.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn oracle_boxes(&self) -> Result<Option<Vec<ErgoBox>>, LedgerError> {
        let Some((lets, nft)) = self.lets.as_ref().and_then(|l| Some((l, l.oracle()?))) else {
            return Ok(None);
        };
        if !self.follows(&[])? {
            return Ok(None);
        }
        // The script is the pool's own, and stays bytes.
        let unpacked = |bytes: &Vec<u8>| unpack(lets, Kind::Stray, bytes);
        let stored = self.kept_for(nft.bytes())?;
        let boxes: Result<Vec<ErgoBox>, String> = stored.iter().map(unpacked).collect();
        boxes.map(Some).map_err(|why| self.damaged(why))
    }

    fn marks_for(&self, scripts: &[ErgoTree]) -> Result<Vec<Vec<u8>>, LedgerError> {
        let mut marks = tree_bytes(&self.path, scripts)?;
        let oracle = self.lets.as_ref().and_then(Lets::oracle);
        marks.extend(oracle.map(|nft| nft.bytes().to_vec()));
        Ok(marks)
    }
}

/// 32 bytes of a column; one of another length is no id of anything.
pub(crate) fn bytes32(bytes: Vec<u8>) -> [u8; 32] {
    bytes.try_into().unwrap_or_default()
}

pub(crate) fn tip(db: &Connection) -> Result<Option<Tip>, rusqlite::Error> {
    db.query_row(
        "SELECT height, id FROM blocks ORDER BY height DESC LIMIT 1",
        [],
        |row| {
            Ok(Tip {
                height: row.get(0)?,
                id: BlockId(bytes32(row.get(1)?).into()),
            })
        },
    )
    .optional()
}

pub(crate) fn marks(db: &Connection) -> Result<Vec<Vec<u8>>, rusqlite::Error> {
    let mut statement = db.prepare("SELECT script FROM scripts ORDER BY script")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn tree_bytes(path: &Path, trees: &[ErgoTree]) -> Result<Vec<Vec<u8>>, LedgerError> {
    let bytes = |tree: &ErgoTree| tree.sigma_serialize_bytes();
    let all: Result<Vec<_>, _> = trees.iter().map(bytes).collect();
    all.map_err(|e| LedgerError::Damaged {
        path: path.to_owned(),
        why: format!("a script does not serialise: {e}"),
    })
}

fn take_back(db: &Connection, height: u32) -> Result<(), rusqlite::Error> {
    let above = (i64::from(height) + 1) << 16;
    for sql in [
        "DELETE FROM entries WHERE tx >= ?1",
        "DELETE FROM payments WHERE tx >= ?1",
        "DELETE FROM endings WHERE ended >= ?1",
        "DELETE FROM deeds WHERE tx >= ?1",
        "DELETE FROM tokens WHERE tx >= ?1",
        "DELETE FROM contents WHERE box >= ?1 << 16",
        "DELETE FROM boxes WHERE box >= ?1 << 16",
        // What was spent so lately still has its content.
        "UPDATE contents SET spent = NULL WHERE spent >= ?1",
        "DELETE FROM spends WHERE tx >= ?1",
        "UPDATE accounts SET opened = NULL, opener = NULL WHERE opened >= ?1",
        "UPDATE accounts SET closed = NULL WHERE closed >= ?1",
        "DELETE FROM accounts WHERE named >= ?1",
        "DELETE FROM transactions WHERE tx >= ?1",
    ] {
        db.execute(sql, [above])?;
    }
    for sql in [
        "DELETE FROM wallet WHERE made > ?1",
        "UPDATE wallet SET spent = NULL WHERE spent > ?1",
        "DELETE FROM wallet_transactions WHERE height > ?1",
        "DELETE FROM blocks WHERE height > ?1",
    ] {
        db.execute(sql, [height])?;
    }
    Ok(())
}
