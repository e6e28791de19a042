//! Blocks on their way into a ledger, transaction by transaction.

use std::path::Path;

use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergotree_ir::chain::ergo_box::box_value::BoxValue;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox, NonMandatoryRegisters};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::{ErgoTree, ErgoTreeHeader};
use ergo_lib::ergotree_ir::mir::expr::Expr;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{
    AccountBox, AccountNumber, Deed, Lets, NoteBox, Paid, charter_deed, payments_in, pot_deed,
    rules,
};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::error::LedgerError;
use crate::follow::{Head, KEPT_BLOCKS, Tip, scripts, tip};
use crate::happened::{Touched, happened};
use crate::stored::{Kind, Known, pack, unpack_unparsed};

/// Blocks on their way into a ledger: they are there when [`Batch::commit`] has returned, or not at all.
#[derive(Debug)]
pub struct Batch<'a> {
    db: rusqlite::Transaction<'a>,
    path: &'a Path,
    lets: Option<&'a Lets>,
    scripts: Vec<Vec<u8>>,
    tip: Option<Tip>,
    time: u64,
    rank: i64,
    stranger: ErgoBox,
}

/// What a transaction spends of the LETS.
struct Spent {
    key: i64,
    kind: Kind,
    ergo_box: ErgoBox,
}

impl<'a> Batch<'a> {
    pub(crate) fn begin(
        connection: &'a mut Connection,
        path: &'a Path,
        lets: Option<&'a Lets>,
    ) -> Result<Self, LedgerError> {
        let fault = |cause| LedgerError::of(path, cause);
        let db = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fault)?;
        let tip = tip(&db).map_err(fault)?;
        let scripts = scripts(&db).map_err(fault)?;
        Ok(Self {
            db,
            path,
            lets,
            scripts,
            tip,
            time: 0,
            rank: 0,
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
    /// wallet is then not known: its boxes are forgotten.
    ///
    /// # Errors
    /// [`LedgerError::NotNext`] if it is not above the last one.
    pub fn skip_to(&mut self, head: &Head) -> Result<(), LedgerError> {
        if self.tip.is_some_and(|tip| head.height == tip.height + 1) {
            return self.block(head);
        }
        self.place(head, self.tip.is_none_or(|tip| head.height > tip.height))?;
        self.scripts.clear();
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
        self.execute(
            "INSERT INTO blocks VALUES (?1, ?2)",
            params![head.height, head.id.0.0],
        )?;
        self.tip = Some(Tip {
            height: head.height,
            id: head.id,
        });
        (self.time, self.rank) = (head.timestamp, 0);
        Ok(())
    }

    /// Whether one of these boxes is one that the ledger follows: a transaction that spends none, and whose outputs are nothing
    /// to the LETS, need not be given to it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn spends(&self, inputs: &[BoxId]) -> Result<bool, LedgerError> {
        let spends = || -> Result<bool, rusqlite::Error> {
            let mut ours = self.db.prepare_cached(
                "SELECT 1 FROM boxes WHERE id = ?1 UNION ALL SELECT 1 FROM wallet WHERE id = ?1",
            )?;
            for id in inputs {
                if ours.exists([id.as_ref()])? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        spends().map_err(|cause| self.fault(cause))
    }

    /// The block's next transaction.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn transaction(&mut self, tx: &Transaction) -> Result<(), LedgerError> {
        self.wallet(tx)?;
        let Some(lets) = self.lets else { return Ok(()) };
        let spent = self.spent(lets, tx)?;
        let made: Vec<Option<Known>> = tx.outputs.iter().map(|b| Known::of(lets, b)).collect();
        let first = tx.inputs.first().box_id;
        let mints = self.mints(lets, first);
        if spent.iter().all(Option::is_none) && made.iter().all(Option::is_none) && mints.is_none()
        {
            return Ok(());
        }
        let key = (i64::from(self.tip.map_or(0, |tip| tip.height)) << 16) | self.rank;
        self.rank += 1;
        self.execute(
            "INSERT INTO transactions VALUES (?1, ?2, ?3)",
            params![key, tx.id().0.0, self.time],
        )?;
        if let Some(token) = mints {
            self.minted(key, token, tx)?;
        }
        let inputs: Vec<ErgoBox> = spent
            .iter()
            .map(|s| s.as_ref().map_or(&self.stranger, |s| &s.ergo_box).clone())
            .collect();
        let outputs: Vec<ErgoBox> = tx.outputs.iter().cloned().collect();
        let deed = self.deeds(key, lets, tx, &spent, &made, (&inputs, &outputs))?;
        let paid = payments_in(lets, tx, &inputs, &outputs);
        for payment in &paid {
            self.payment(key, payment)?;
        }
        let taken = self.endings(key, lets, &spent, &inputs)?;
        self.entries(key, lets, &inputs, &made, (&deed, &paid, &taken))?;
        for spent in spent.iter().flatten() {
            self.execute(
                "UPDATE boxes SET spent = ?1 WHERE box = ?2",
                params![key, spent.key],
            )?;
        }
        for (place, (ergo_box, known)) in (0i64..).zip(tx.outputs.iter().zip(&made)) {
            if let Some(known) = known {
                self.keep((key << 16) | place, lets, ergo_box, known)?;
            }
        }
        Ok(())
    }

    /// Takes everything in and drops what is no longer needed to go back.
    ///
    /// # Errors
    /// [`LedgerError`]; the ledger is then as it was before the batch.
    pub fn commit(self) -> Result<(), LedgerError> {
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
                "DELETE FROM contents WHERE box IN (SELECT c.box FROM contents c JOIN boxes b USING (box) WHERE b.spent < ?1)",
                [i64::from(from) << 16],
            )?;
            db.execute("DELETE FROM wallet WHERE spent < ?1", [from])?;
            Ok(())
        };
        prune(&self.db)
            .and_then(|()| self.db.commit())
            .map_err(|cause| LedgerError::of(path, cause))
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, LedgerError> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(|cause| self.fault(cause))
    }

    /// What the transaction did to the wallet's boxes.
    fn wallet(&mut self, tx: &Transaction) -> Result<(), LedgerError> {
        if self.scripts.is_empty() {
            return Ok(());
        }
        let height = self.tip.map_or(0, |tip| tip.height);
        let mut touched = 0;
        for input in tx.inputs.iter() {
            touched += self.execute(
                "UPDATE wallet SET spent = ?1 WHERE id = ?2",
                params![height, input.box_id.as_ref()],
            )?;
        }
        for output in tx.outputs.iter() {
            let bytes = |e: ergo_lib::ergotree_ir::serialization::SigmaSerializationError| {
                self.damaged(e.to_string())
            };
            let script = output.ergo_tree.sigma_serialize_bytes().map_err(bytes)?;
            if self.scripts.contains(&script) {
                touched += 1;
                let content = output.sigma_serialize_bytes().map_err(bytes)?;
                self.execute(
                    "INSERT INTO wallet VALUES (?1, ?2, ?3, ?4, NULL)",
                    params![output.box_id().as_ref(), script, content, height],
                )?;
            }
        }
        if touched > 0 {
            self.execute(
                "INSERT INTO wallet_transactions VALUES (?1, ?2)",
                params![tx.id().0.0, height],
            )?;
        }
        Ok(())
    }

    /// The boxes of the LETS among the inputs.
    fn spent(&self, lets: &Lets, tx: &Transaction) -> Result<Vec<Option<Spent>>, LedgerError> {
        let mut spent = Vec::new();
        for input in tx.inputs.iter() {
            let found: Option<(i64, i64, Option<Vec<u8>>)> = self
                .db
                .prepare_cached(
                    "SELECT b.box, b.kind, c.bytes FROM boxes b LEFT JOIN contents c USING (box) WHERE b.id = ?1",
                )
                .and_then(|mut statement| {
                    statement
                        .query_row([input.box_id.as_ref()], |r| {
                            Ok((r.get(0)?, r.get(1)?, r.get(2)?))
                        })
                        .optional()
                })
                .map_err(|cause| self.fault(cause))?;
            let Some((key, kind, bytes)) = found else {
                spent.push(None);
                continue;
            };
            let kind = Kind::from_code(kind);
            let (Some(kind), Some(bytes)) = (kind, bytes) else {
                return Err(self.damaged(format!("box {} has no content", input.box_id)));
            };
            spent.push(Some(Spent {
                key,
                kind,
                ergo_box: unpack_unparsed(lets, kind, &bytes).map_err(|why| self.damaged(why))?,
            }));
        }
        Ok(spent)
    }

    /// The token of the LETS that a transaction with this first input mints.
    fn mints(&self, lets: &Lets, first: BoxId) -> Option<TokenId> {
        let minted = TokenId::from(first);
        lets.tokens().into_iter().find(|id| *id == minted)
    }

    fn minted(&self, key: i64, token: TokenId, tx: &Transaction) -> Result<(), LedgerError> {
        let amount: i64 = tx
            .outputs
            .iter()
            .flat_map(|b| b.tokens.iter().flatten())
            .filter(|t| t.token_id == token)
            .fold(0, |sum: i64, t| {
                sum.saturating_add_unsigned(*t.amount.as_u64())
            });
        let id: Vec<u8> = token.into();
        self.execute(
            "INSERT INTO tokens VALUES (?1, ?2, ?3)",
            params![id, amount, key],
        )?;
        Ok(())
    }

    /// What the transaction did with pot and charter; returns what it did with the pot.
    fn deeds(
        &self,
        key: i64,
        lets: &Lets,
        tx: &Transaction,
        spent: &[Option<Spent>],
        made: &[Option<Known>],
        (inputs, outputs): (&[ErgoBox], &[ErgoBox]),
    ) -> Result<Option<Deed>, LedgerError> {
        let touches = |kind: Kind| {
            spent.iter().flatten().any(|s| s.kind == kind)
                || made.iter().flatten().any(|k| k.kind() == kind)
        };
        let mut of_pot = None;
        if touches(Kind::Pot) {
            let by_committee = match tx.data_inputs.iter().flatten().next() {
                Some(data) => self.is_charter(&data.box_id)?,
                None => false,
            };
            let judged = pot_deed(lets, inputs, outputs, by_committee);
            self.deed(key, true, judged.as_ref().ok())?;
            of_pot = judged.ok();
        }
        if touches(Kind::Charter) {
            let judged = charter_deed(lets, inputs, outputs);
            self.deed(key, false, judged.as_ref().ok())?;
        }
        Ok(of_pot)
    }

    fn is_charter(&self, id: &BoxId) -> Result<bool, LedgerError> {
        self.db
            .prepare_cached("SELECT 1 FROM boxes WHERE id = ?1 AND kind = ?2")
            .and_then(|mut s| s.exists(params![id.as_ref(), Kind::Charter.code()]))
            .map_err(|cause| self.fault(cause))
    }

    fn deed(&self, key: i64, of_pot: bool, deed: Option<&Deed>) -> Result<(), LedgerError> {
        let account = match deed.and_then(Deed::account) {
            Some(number) => Some(self.account(key, &number)?),
            None => None,
        };
        // What no script should have let pass is a matter of the audit.
        let name = deed.map_or("unlawful", Deed::name);
        self.execute(
            "INSERT INTO deeds VALUES (?1, ?2, ?3, ?4)",
            params![key, of_pot, name, account],
        )?;
        Ok(())
    }

    /// The row of an account, made if this is the first that is heard of it.
    fn account(&self, key: i64, number: &AccountNumber) -> Result<i64, LedgerError> {
        self.execute(
            "INSERT OR IGNORE INTO accounts (number, named) VALUES (?1, ?2)",
            params![number.bytes(), key],
        )?;
        self.db
            .prepare_cached("SELECT account FROM accounts WHERE number = ?1")
            .and_then(|mut s| s.query_row([number.bytes()], |row| row.get(0)))
            .map_err(|cause| self.fault(cause))
    }

    fn party(&self, key: i64, number: Option<&AccountNumber>) -> Result<Option<i64>, LedgerError> {
        number.map(|number| self.account(key, number)).transpose()
    }

    fn payment(&self, key: i64, paid: &Paid) -> Result<(), LedgerError> {
        let payer = self.party(key, paid.payer.as_ref())?;
        let payee = self.party(key, paid.payee.as_ref())?;
        self.execute(
            "INSERT INTO payments (tx, output, payer, payee, amount, by_note, memo) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![key, paid.output, payer, payee, paid.amount.units(), paid.by_note, paid.memo],
        )?;
        Ok(())
    }

    /// The notes that the transaction takes in; it is written down where they ended.
    fn endings(
        &self,
        key: i64,
        lets: &Lets,
        spent: &[Option<Spent>],
        inputs: &[ErgoBox],
    ) -> Result<Vec<NoteBox>, LedgerError> {
        let mut taken = Vec::new();
        let notes = spent.iter().flatten().filter(|s| s.kind == Kind::Note);
        for note in notes {
            let leader = inputs.first().map(|b| AccountBox::parse(lets, b));
            let taker = leader.and_then(Result::ok).map(|a| a.number());
            let taker = self.party(key, taker.as_ref())?;
            self.execute(
                "UPDATE payments SET ended = ?1, taker = ?2 WHERE tx = ?3 AND output = ?4",
                params![key, taker, note.key >> 16, note.key & 0xffff],
            )?;
            taken.push(NoteBox::parse(lets, &note.ergo_box)?);
        }
        Ok(taken)
    }

    /// One row for each account that the transaction touches.
    fn entries(
        &self,
        key: i64,
        lets: &Lets,
        inputs: &[ErgoBox],
        made: &[Option<Known>],
        (deed, paid, taken): (&Option<Deed>, &[Paid], &[NoteBox]),
    ) -> Result<(), LedgerError> {
        let before: Vec<(usize, AccountBox)> = inputs
            .iter()
            .enumerate()
            .filter(|(_, b)| lets.contracts().account.is(&b.ergo_tree))
            .filter_map(|(at, b)| Some((at, AccountBox::parse(lets, b).ok()?)))
            .collect();
        let mut after: Vec<&AccountBox> = made
            .iter()
            .flatten()
            .filter_map(|known| match known {
                Known::Account(account) => Some(account.as_ref()),
                _ => None,
            })
            .collect();
        for (at, old) in &before {
            let new = after
                .iter()
                .position(|a| a.number() == old.number())
                .map(|at| after.remove(at));
            let touched = Touched {
                before: Some(old),
                after: new,
                leads: *at == 0,
                deed: deed.as_ref(),
                paid,
                taken,
            };
            self.entry(key, old.number(), &touched)?;
        }
        for new in after {
            let touched = Touched {
                before: None,
                after: Some(new),
                leads: false,
                deed: deed.as_ref(),
                paid,
                taken,
            };
            self.entry(key, new.number(), &touched)?;
        }
        Ok(())
    }

    fn entry(
        &self,
        key: i64,
        number: AccountNumber,
        touched: &Touched<'_>,
    ) -> Result<(), LedgerError> {
        let account = self.account(key, &number)?;
        let (kind, counterparty) = happened(touched);
        let counterparty = self.party(key, counterparty.as_ref())?;
        let balance = |a: Option<&AccountBox>| a.map_or(0, |a| a.balance().units());
        let (old, new) = (balance(touched.before), balance(touched.after));
        let units = touched.after.map_or(0, AccountBox::units);
        self.execute(
            "INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                account,
                key,
                kind.code(),
                counterparty,
                new - old,
                new,
                units
            ],
        )?;
        match (touched.before, touched.after) {
            (None, new) => {
                let opener = new.and_then(|a| owner_bytes(a.owner()));
                self.execute(
                    "UPDATE accounts SET opened = ?1, opener = ?2 WHERE account = ?3",
                    params![key, opener, account],
                )?;
            }
            (_, None) => {
                self.execute(
                    "UPDATE accounts SET closed = ?1 WHERE account = ?2",
                    params![key, account],
                )?;
            }
            _ => {}
        }
        Ok(())
    }

    fn keep(
        &self,
        key: i64,
        lets: &Lets,
        ergo_box: &ErgoBox,
        known: &Known,
    ) -> Result<(), LedgerError> {
        let kind = known.kind();
        let (mut account, mut owner, mut figures) = (None, None, None);
        match known {
            Known::Account(it) => {
                account = Some(self.account(key >> 16, &it.number())?);
                owner = owner_bytes(it.owner());
                let community = rules::check_community(lets, it).is_ok();
                figures = Some((it.terms().line.units(), it.terms().cap.units(), community));
            }
            Known::Note(note) => account = self.party(key >> 16, note.payee().as_ref())?,
            _ => {}
        }
        self.execute(
            "INSERT INTO boxes VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
            params![
                key,
                ergo_box.box_id().as_ref(),
                kind.code(),
                account,
                ergo_box.creation_height
            ],
        )?;
        let bytes = pack(lets, kind, ergo_box).map_err(|why| self.damaged(why))?;
        self.execute(
            "INSERT INTO contents VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                key,
                owner,
                figures.map(|(line, ..)| line),
                figures.map(|(_, cap, _)| cap),
                figures.map(|(.., community)| community),
                bytes
            ],
        )?;
        Ok(())
    }
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
