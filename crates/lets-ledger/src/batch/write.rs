//! What a batch writes down of a transaction.

use std::sync::Arc;

use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use lets_protocol::{
    AccountBox, AccountNumber, Deed, Lets, NoteBox, Paid, charter_deed, pot_deed, rules,
};
use rusqlite::params;

use super::{Batch, Spent, Story};
use crate::block_tx::BlockTx;
use crate::error::LedgerError;
use crate::fresh::Fresh;
use crate::happened::{Touched, happened};
use crate::stored::{Kind, Known, pack};

impl Batch<'_> {
    /// What the transaction did with pot and charter; returns what it did with the pot.
    pub(super) fn deeds(
        &mut self,
        key: i64,
        lets: &Lets,
        tx: &BlockTx,
        spent: &[Option<Spent>],
        made: &[Option<Arc<Known>>],
    ) -> Result<Option<Deed>, LedgerError> {
        let touches = |kind: Kind| {
            spent.iter().flatten().any(|s| s.known.kind() == kind)
                || made.iter().flatten().any(|k| k.kind() == kind)
        };
        let (pot, charter) = (touches(Kind::Pot), touches(Kind::Charter));
        if !pot && !charter {
            return Ok(None);
        }
        let inputs: Vec<ErgoBox> = spent
            .iter()
            .map(|s| s.as_ref().map_or(&self.stranger, |s| s.known.ergo_box()))
            .cloned()
            .collect();
        let outputs: Vec<ErgoBox> = tx.outputs.iter().map(|o| o.ergo_box.clone()).collect();
        let mut of_pot = None;
        if pot {
            let by_committee = match tx.data_inputs.first() {
                Some(id) => self.is_charter(id)?,
                None => false,
            };
            let judged = pot_deed(lets, &inputs, &outputs, by_committee);
            self.deed(key, true, judged.as_ref().ok())?;
            of_pot = judged.ok();
        }
        if charter {
            let judged = charter_deed(lets, &inputs, &outputs);
            self.deed(key, false, judged.as_ref().ok())?;
        }
        Ok(of_pot)
    }

    fn is_charter(&self, id: &BoxId) -> Result<bool, LedgerError> {
        if self.charters.contains(id) {
            return Ok(true);
        }
        let fresh = self.fresh.get(id).map(|f| &f.known);
        if let Some(known) = fresh.or_else(|| self.held.unspent(id).map(|(_, known)| known)) {
            return Ok(known.kind() == Kind::Charter);
        }
        self.db
            .prepare_cached("SELECT 1 FROM boxes WHERE id = ?1 AND spent IS NULL AND kind = ?2")
            .and_then(|mut s| s.exists(params![id.as_ref(), Kind::Charter.code()]))
            .map_err(|cause| self.fault(cause))
    }

    fn deed(&mut self, key: i64, of_pot: bool, deed: Option<&Deed>) -> Result<(), LedgerError> {
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
    fn account(&mut self, key: i64, number: &AccountNumber) -> Result<i64, LedgerError> {
        if let Some(row) = self.held.account(number) {
            return Ok(row);
        }
        self.execute(
            "INSERT OR IGNORE INTO accounts (number, named) VALUES (?1, ?2)",
            params![number.bytes(), key],
        )?;
        let row = self
            .db
            .prepare_cached("SELECT account FROM accounts WHERE number = ?1")
            .and_then(|mut s| s.query_row([number.bytes()], |row| row.get(0)))
            .map_err(|cause| self.fault(cause))?;
        self.held.put_account(*number, row);
        Ok(row)
    }

    fn party(
        &mut self,
        key: i64,
        number: Option<&AccountNumber>,
    ) -> Result<Option<i64>, LedgerError> {
        number.map(|number| self.account(key, number)).transpose()
    }

    pub(super) fn payment(&mut self, key: i64, paid: &Paid) -> Result<(), LedgerError> {
        let payer = self.party(key, paid.payer.as_ref())?;
        let payee = self.party(key, paid.payee.as_ref())?;
        self.execute(
            "INSERT INTO payments (tx, output, payer, payee, amount, by_note, memo) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![key, paid.output, payer, payee, paid.amount.units(), paid.by_note, paid.memo],
        )?;
        Ok(())
    }

    /// The notes that the transaction takes in; it is written down where they ended.
    pub(super) fn endings(
        &mut self,
        key: i64,
        spent: &[Option<Spent>],
    ) -> Result<Vec<NoteBox>, LedgerError> {
        let mut taken = Vec::new();
        let leader = spent.first().and_then(Option::as_ref);
        let leader = leader
            .and_then(|s| s.known.account())
            .map(AccountBox::number);
        for spent in spent.iter().flatten() {
            let Some(note) = spent.known.note() else {
                continue;
            };
            let taker = self.party(key, leader.as_ref())?;
            self.execute(
                "UPDATE payments SET ended = ?1, taker = ?2 WHERE tx = ?3 AND output = ?4",
                params![key, taker, spent.key >> 16, spent.key & 0xffff],
            )?;
            taken.push(note.clone());
        }
        Ok(taken)
    }

    /// One row for each account that the transaction touches.
    pub(super) fn entries(&mut self, key: i64, story: &Story<'_>) -> Result<(), LedgerError> {
        let mut after: Vec<&AccountBox> = story.after.iter().copied().flatten().collect();
        let touched = |before, after, leads| Touched {
            before,
            after,
            leads,
            deed: story.deed,
            paid: story.paid,
            taken: story.taken,
        };
        for (at, old) in story.before.iter().enumerate() {
            let Some(old) = old else { continue };
            let new = after
                .iter()
                .position(|a| a.number() == old.number())
                .map(|at| after.remove(at));
            let token = old.number().token_id();
            let holds = |b: &&ErgoBox| b.tokens.iter().flatten().any(|t| t.token_id == token);
            if new.is_none() && story.unread.iter().any(holds) {
                // It is there, and what it holds now is not known: the books keep what they had.
                continue;
            }
            self.entry(key, old.number(), &touched(Some(old), new, at == 0))?;
        }
        for new in after {
            self.entry(key, new.number(), &touched(None, Some(new), false))?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
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
                key,
                account,
                kind.code(),
                counterparty,
                new - old,
                new,
                units
            ],
        )?;
        match (touched.before, touched.after) {
            (None, new) => {
                let opener = new.and_then(|a| self.held.owner(a));
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

    /// Marks a box as spent by this transaction.
    pub(super) fn spend(&mut self, key: i64, spent: &Spent) -> Result<(), LedgerError> {
        let id = spent.known.id();
        if spent.known.kind() == Kind::Charter {
            self.charters.push(id);
        }
        if self.fresh.spend(&id, key) {
            return Ok(());
        }
        self.held.spend(&id);
        self.execute(
            "UPDATE boxes SET spent = ?1 WHERE box = ?2",
            params![key, spent.key],
        )?;
        if self.is_settled(key) {
            self.execute("DELETE FROM contents WHERE box = ?1", [spent.key])?;
        }
        Ok(())
    }

    /// Whether the transaction can never be taken back.
    fn is_settled(&self, key: i64) -> bool {
        key >> 16 <= i64::from(self.settled)
    }

    pub(super) fn make(
        &mut self,
        key: i64,
        known: &Arc<Known>,
        unscripted: &[u8],
    ) -> Result<(), LedgerError> {
        let account = match known.as_ref() {
            Known::Account(it) => Some(self.account(key >> 16, &it.number())?),
            Known::Note(note) => self.party(key >> 16, note.payee().as_ref())?,
            Known::Other(..) | Known::Unread(..) => None,
        };
        self.fresh.put(Fresh {
            key,
            known: known.clone(),
            unscripted: unscripted.to_vec(),
            account,
            spent: None,
        });
        Ok(())
    }

    pub(super) fn write(&mut self, fresh: &Fresh) -> Result<(), LedgerError> {
        let Some(lets) = self.lets else { return Ok(()) };
        let (kind, ergo_box) = (fresh.known.kind(), fresh.known.ergo_box());
        self.execute(
            "INSERT INTO boxes VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                fresh.key,
                fresh.known.id().as_ref(),
                kind.code(),
                fresh.account,
                ergo_box.creation_height,
                fresh.spent
            ],
        )?;
        if fresh.spent.is_some_and(|key| self.is_settled(key)) {
            return Ok(());
        }
        let account = fresh.known.account();
        let owner = account.and_then(|it| self.held.owner(it));
        let figures = account.map(|it| {
            let community = rules::check_community(lets, it).is_ok();
            (it.terms().line.units(), it.terms().cap.units(), community)
        });
        let bytes =
            pack(lets, kind, ergo_box, &fresh.unscripted).map_err(|why| self.damaged(why))?;
        self.execute(
            "INSERT INTO contents VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                fresh.key,
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
