//! What a batch writes down of a transaction.

use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use lets_protocol::{
    AccountNumber, Deed, Lets, Paid, PlainAccount, PlainBox, PlainNote, charter_deed, pot_deed,
};
use rusqlite::params;

use super::{Batch, Spent, Story};
use crate::block_tx::{BlockTx, Made};
use crate::error::LedgerError;
use crate::fresh::{Fresh, Ours};
use crate::happened::{Touched, happened};
use crate::stored::{Kind, Known, assemble, pack, unpack};

impl Batch<'_> {
    /// What the transaction did with pot and charter; returns what it did with the pot.
    pub(super) fn deeds(
        &mut self,
        key: i64,
        lets: &Lets,
        tx: &BlockTx,
        spent: &[Option<Spent>],
        made: &[Option<Known>],
    ) -> Result<Option<Deed>, LedgerError> {
        let touches = |kind: Kind| {
            spent.iter().flatten().any(|s| s.known.kind() == kind)
                || made.iter().flatten().any(|k| k.kind() == kind)
        };
        let (pot, charter) = (touches(Kind::Pot), touches(Kind::Charter));
        if !pot && !charter {
            return Ok(None);
        }
        // An application decides nothing, nor does what is nothing to the LETS: another box stands for it.
        let input = |spent: &Option<Spent>| match spent {
            Some(it) if it.ours.kind != Kind::Application => {
                unpack(lets, it.ours.kind, &it.ours.bytes)
            }
            _ => Ok(self.stranger.clone()),
        };
        let output = |(known, made): (&Option<Known>, &Made)| match known {
            Some(_) => assemble(&made.script, &made.unscripted),
            None => Ok(self.stranger.clone()),
        };
        let inputs: Result<Vec<ErgoBox>, String> = spent.iter().map(input).collect();
        let outputs: Result<Vec<ErgoBox>, String> =
            made.iter().zip(&tx.outputs).map(output).collect();
        let inputs = inputs.map_err(|why| self.damaged(why))?;
        let outputs = outputs.map_err(|why| self.damaged(why))?;
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
        if let Some(ours) = self.fresh.get(id).or_else(|| self.held.unspent(id)) {
            return Ok(ours.kind == Kind::Charter);
        }
        let stored = self.stored(id)?;
        Ok(stored.is_some_and(|ours| ours.kind == Kind::Charter))
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
        let row = [
            key.into(),
            paid.output.into(),
            payer.into(),
            payee.into(),
            paid.amount.units().into(),
            paid.by_note.into(),
            paid.memo.clone().into(),
        ];
        let added = self.tables.payments.add(&self.db, row);
        added.map_err(|cause| self.fault(cause))
    }

    /// The notes that the transaction takes in; it is written down where they ended.
    pub(super) fn endings(
        &mut self,
        key: i64,
        spent: &[Option<Spent>],
    ) -> Result<Vec<PlainNote>, LedgerError> {
        let mut taken = Vec::new();
        let leader = spent.first().and_then(Option::as_ref);
        let leader = leader
            .and_then(|s| s.known.account())
            .map(|a| a.state().number());
        for spent in spent.iter().flatten() {
            let Some(note) = spent.known.note() else {
                continue;
            };
            let taker = self.party(key, leader.as_ref())?;
            let (made, place) = (spent.ours.key >> 16, spent.ours.key & 0xffff);
            let row = [key.into(), made.into(), place.into(), taker.into()];
            let added = self.tables.endings.add(&self.db, row);
            added.map_err(|cause| self.fault(cause))?;
            taken.push(note.clone());
        }
        Ok(taken)
    }

    /// One row for each account that the transaction touches.
    pub(super) fn entries(&mut self, key: i64, story: &Story<'_>) -> Result<(), LedgerError> {
        let mut after: Vec<&PlainAccount> = story.after.iter().copied().flatten().collect();
        let number = |account: &PlainAccount| account.state().number();
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
                .position(|a| number(a) == number(old))
                .map(|at| after.remove(at));
            let token = number(old).token_id();
            if new.is_none() && story.unread.contains(&token) {
                // It is there, and what it holds now is not known: the books keep what they had.
                continue;
            }
            self.entry(key, number(old), &touched(Some(old), new, at == 0))?;
        }
        for new in after {
            self.entry(key, number(new), &touched(None, Some(new), false))?;
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
        let balance = |a: Option<&PlainAccount>| a.map_or(0, |a| a.state().balance().units());
        let (old, new) = (balance(touched.before), balance(touched.after));
        let units = touched.after.map_or(0, |a| a.state().units());
        let row = [
            key.into(),
            account.into(),
            kind.code().into(),
            counterparty.into(),
            (new - old).into(),
            new.into(),
            units.into(),
        ];
        let added = self.tables.entries.add(&self.db, row);
        added.map_err(|cause| self.fault(cause))?;
        match (touched.before, touched.after) {
            (None, new) => {
                let opener = new.map(PlainAccount::owner);
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

    /// Writes down that this transaction spent a box.
    pub(super) fn spend(&mut self, key: i64, spent: Spent) -> Result<(), LedgerError> {
        let Spent { id, ours, .. } = spent;
        if ours.kind == Kind::Charter {
            self.charters.push(id);
        }
        let row = [key.into(), ours.key.into()];
        let added = self.tables.spends.add(&self.db, row);
        added.map_err(|cause| self.fault(cause))?;
        match (spent.is_written, self.is_settled(key)) {
            (false, true) => {}
            (false, false) => self.fresh.keep(Fresh {
                id,
                ours,
                spent: Some(key),
            }),
            (true, true) => drop(self.gone.insert(ours.key)),
            (true, false) => {
                self.execute(
                    "UPDATE contents SET spent = ?1 WHERE box = ?2",
                    [key, ours.key],
                )?;
            }
        }
        Ok(())
    }

    /// Whether the transaction can never be taken back.
    fn is_settled(&self, key: i64) -> bool {
        key >> 16 <= i64::from(self.settled)
    }

    pub(super) fn make(
        &mut self,
        lets: &Lets,
        key: i64,
        known: &Known,
        made: &Made,
    ) -> Result<(), LedgerError> {
        let account = match known {
            Known::Account(it) => Some(self.account(key >> 16, &it.state().number())?),
            Known::Note(note) => self.party(key >> 16, note.payee().as_ref())?,
            Known::Other(_) => None,
        };
        let (kind, plain) = (known.kind(), PlainBox::read(&made.unscripted));
        let created = plain.map_or(0, |b| b.created().0);
        let row = [
            key.into(),
            made.id.as_ref().to_vec().into(),
            kind.code().into(),
            account.into(),
            created.into(),
        ];
        let added = self.tables.boxes.add(&self.db, row);
        added.map_err(|cause| self.fault(cause))?;
        let bytes = pack(lets, kind, &made.script, &made.unscripted);
        let bytes = bytes.map_err(|why| self.damaged(why))?.into();
        self.fresh.put(
            made.id,
            Ours {
                key,
                kind,
                account,
                bytes,
            },
        );
        Ok(())
    }

    /// Writes down what a box holds.
    pub(super) fn write(&mut self, fresh: &Fresh) -> Result<(), LedgerError> {
        let Some(lets) = self.lets else { return Ok(()) };
        let ours = &fresh.ours;
        let known = Known::stored(lets, ours.kind, &ours.bytes).map_err(|why| self.damaged(why))?;
        let account = known.account();
        let state = account.map(PlainAccount::state);
        let row = [
            ours.key.into(),
            fresh.id.as_ref().to_vec().into(),
            ours.kind.code().into(),
            ours.account.into(),
            fresh.spent.into(),
            account.map(|it| it.owner().to_vec()).into(),
            state.map(|it| it.terms().line.units()).into(),
            state.map(|it| it.terms().cap.units()).into(),
            state.map(|it| it.is_community(lets)).into(),
            ours.bytes.to_vec().into(),
        ];
        let added = self.tables.contents.add(&self.db, row);
        added.map_err(|cause| self.fault(cause))
    }
}
