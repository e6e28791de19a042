//! Reading the books.

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergo_chain_types::Digest32;
use ergo_lib::ergotree_ir::chain::ergo_box::{BoxId, ErgoBox};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::ergo_tree::ErgoTree;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_contracts::is_same_script;
use lets_protocol::{AccountBox, AccountNumber, Amount, Lets, NoteBox, Paid};
use rusqlite::{OptionalExtension, Params, Row, params};

use crate::Ledger;
use crate::batch::owner_bytes;
use crate::error::LedgerError;
use crate::follow::bytes32;
use crate::happened::EntryKind;
use crate::rows::{DeedRow, Entry, OldBox, PaymentRow, Pick, Placed, Spot, TxRange};
use crate::stored::{Kind, unpack};

const OF_KIND: &str =
    "SELECT kind, bytes, id FROM contents WHERE spent IS NULL AND kind = ?1 ORDER BY box";
const PAYMENT: &str = "SELECT t.id, p.output, a.number, b.number, p.amount, p.memo, p.by_note, x.created, p.tx >> 16, c.number
    FROM payments p JOIN transactions t USING (tx) JOIN boxes x ON x.box = (p.tx << 16) | p.output
    LEFT JOIN endings e ON e.tx = p.tx AND e.output = p.output
    LEFT JOIN accounts a ON a.account = p.payer LEFT JOIN accounts b ON b.account = p.payee
    LEFT JOIN accounts c ON c.account = e.taker";

impl Ledger {
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<Vec<T>, LedgerError> {
        let all = || -> Result<Vec<T>, rusqlite::Error> {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_map(values, read)?.collect()
        };
        all().map_err(|cause| self.fault(cause))
    }

    pub(crate) fn row<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<Option<T>, LedgerError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, read).optional())
            .map_err(|cause| self.fault(cause))
    }

    pub(crate) fn damaged(&self, why: impl Into<String>) -> LedgerError {
        LedgerError::Damaged {
            path: self.path.clone(),
            why: why.into(),
        }
    }

    fn boxes(
        &self,
        lets: &Lets,
        sql: &str,
        values: impl Params,
    ) -> Result<Vec<ErgoBox>, LedgerError> {
        let all = self.with_ids(lets, sql, values)?.into_iter();
        let read = all.filter(|(id, found)| *id == found.box_id());
        Ok(read.map(|(_, found)| found).collect())
    }

    /// Boxes by their ids. One whose own id is another stands in for a box that cannot be read.
    fn with_ids(
        &self,
        lets: &Lets,
        sql: &str,
        values: impl Params,
    ) -> Result<Vec<(BoxId, ErgoBox)>, LedgerError> {
        let stored = self.rows(sql, values, |row| {
            let id = BoxId::from(Digest32::from(bytes32(row.get(2)?)));
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, id))
        })?;
        stored
            .into_iter()
            .map(|(kind, bytes, id)| {
                let kind = Kind::from_code(kind).ok_or_else(|| self.damaged("a box of no kind"))?;
                let found = unpack(lets, kind, &bytes);
                Ok((id, found.map_err(|why| self.damaged(why))?))
            })
            .collect()
    }

    /// Unspent boxes with tokens of the LETS that cannot be read, by their ids; with each what stands in for it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn unread(&self) -> Result<Vec<(BoxId, ErgoBox)>, LedgerError> {
        let Some(lets) = &self.lets else {
            return Ok(Vec::new());
        };
        let mut found = self.with_ids(lets, OF_KIND, [Kind::Stray.code()])?;
        found.retain(|(id, found)| *id != found.box_id());
        Ok(found)
    }

    fn of_kinds(&self, lets: &Lets, kinds: &[Kind]) -> Result<Vec<ErgoBox>, LedgerError> {
        let mut all = Vec::new();
        for kind in kinds {
            all.extend(self.boxes(lets, OF_KIND, [kind.code()])?);
        }
        Ok(all)
    }

    /// Unspent boxes of the LETS that hold a token, in the chain's order by kind.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn boxes_with(&self, token: &TokenId) -> Result<Vec<ErgoBox>, LedgerError> {
        let Some(lets) = &self.lets else {
            return Ok(Vec::new());
        };
        let ids = lets.ids();
        let (charter, pot): (TokenId, TokenId) = (ids.charter_nft.into(), ids.pot_nft.into());
        let (membership, unit): (TokenId, TokenId) = (ids.membership.into(), ids.unit.into());
        let mut found = match *token {
            id if id == charter => self.of_kinds(lets, &[Kind::Charter, Kind::Stray])?,
            id if id == pot => self.of_kinds(lets, &[Kind::Pot, Kind::Stray])?,
            id if id == membership => {
                self.of_kinds(lets, &[Kind::Account, Kind::Pot, Kind::Stray])?
            }
            id if id == unit => {
                self.of_kinds(lets, &[Kind::Account, Kind::Pot, Kind::Note, Kind::Stray])?
            }
            number => {
                let mut found = self.boxes(
                    lets,
                    "SELECT kind, bytes, id FROM contents WHERE spent IS NULL AND kind = ?1 AND account = (SELECT account FROM accounts WHERE number = ?2)",
                    params![Kind::Account.code(), AccountNumber::from(number).bytes()],
                )?;
                found.extend(self.of_kinds(lets, &[Kind::Stray])?);
                found
            }
        };
        found.retain(|b| b.tokens.iter().flatten().any(|t| t.token_id == *token));
        Ok(found)
    }

    /// Unspent boxes with a script: one of the LETS's, or of a wallet that the ledger follows.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn boxes_at(&self, tree: &ErgoTree) -> Result<Vec<ErgoBox>, LedgerError> {
        let script = tree
            .sigma_serialize_bytes()
            .map_err(|e| self.damaged(e.to_string()))?;
        if let Some(lets) = &self.lets
            && let Some(kind) = Kind::guarded_by(lets, &script)
        {
            // A box with this script that is none of its kind is a stray.
            let mut all = self.of_kinds(lets, &[kind, Kind::Stray])?;
            all.retain(|b| is_same_script(&b.ergo_tree, tree));
            return Ok(all);
        }
        self.kept_for(&script)?
            .iter()
            .map(|bytes| ErgoBox::sigma_parse_bytes(bytes).map_err(|e| self.damaged(e.to_string())))
            .collect()
    }

    /// What is stored of the unspent boxes that are none of the LETS's and are kept for this mark.
    pub(crate) fn kept_for(&self, mark: &[u8]) -> Result<Vec<Vec<u8>>, LedgerError> {
        self.rows(
            "SELECT bytes FROM wallet WHERE script = ?1 AND spent IS NULL ORDER BY made, id",
            [mark],
            |row| row.get(0),
        )
    }

    /// Accounts as of the last block, in the order of their numbers.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn accounts(&self, pick: Pick<'_>) -> Result<Vec<AccountBox>, LedgerError> {
        let Some(lets) = &self.lets else {
            return Ok(Vec::new());
        };
        // The joins say which table comes first: SQLite would begin with all accounts.
        const BY_NUMBER: &str = "SELECT c.kind, c.bytes, c.id FROM accounts a
            CROSS JOIN contents c ON c.account = a.account AND c.kind = 3 AND c.spent IS NULL";
        // The plus keeps SQLite from walking through all accounts by their kind.
        const BY_OWNER: &str =
            "SELECT kind, bytes, id FROM contents WHERE owner = ?1 AND +kind = 3 AND spent IS NULL";
        let mut found = Vec::new();
        match pick {
            Pick::All => found = self.of_kinds(lets, &[Kind::Account])?,
            Pick::Owners(owners) => {
                for owner in owners.iter().filter_map(owner_bytes) {
                    found.extend(self.boxes(lets, BY_OWNER, [owner])?);
                }
            }
            Pick::Numbers(numbers) => {
                for number in numbers {
                    let sql = format!("{BY_NUMBER} WHERE a.number = ?1");
                    found.extend(self.boxes(lets, &sql, [number.bytes()])?);
                }
            }
            Pick::Prefix(digits) => {
                if let Some((from, to)) = prefixed(digits) {
                    let sql = format!("{BY_NUMBER} WHERE a.number BETWEEN ?1 AND ?2");
                    found.extend(self.boxes(lets, &sql, [from, to])?);
                }
            }
        }
        let mut accounts = found
            .iter()
            .map(|b| Ok(AccountBox::parse(lets, b)?))
            .collect::<Result<Vec<_>, LedgerError>>()?;
        accounts.sort_by_key(AccountBox::number);
        accounts.dedup_by_key(|a| a.number());
        if let Pick::Prefix(digits) = pick {
            accounts.retain(|a| a.number().to_string().starts_with(digits));
        }
        Ok(accounts)
    }

    /// Notes to these accounts that nobody has taken in, as of the last block.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn notes_to(&self, payees: &[AccountNumber]) -> Result<Vec<NoteBox>, LedgerError> {
        let Some(lets) = &self.lets else {
            return Ok(Vec::new());
        };
        let mut notes = Vec::new();
        for payee in payees {
            let found = self.boxes(
                lets,
                "SELECT kind, bytes, id FROM contents WHERE spent IS NULL AND kind = 4 AND account = (SELECT account FROM accounts WHERE number = ?1)",
                [payee.bytes()],
            )?;
            for note in &found {
                notes.push(NoteBox::parse(lets, note)?);
            }
        }
        Ok(notes)
    }

    /// Where a box of the LETS stands; `None` if the ledger does not know it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn spot(&self, id: &BoxId) -> Result<Option<Spot>, LedgerError> {
        let Some(lets) = &self.lets else {
            return Ok(None);
        };
        let found = self.row(
            "SELECT b.box, b.kind, t.id, s.id, c.bytes FROM boxes b JOIN transactions t ON t.tx = b.box >> 16
                LEFT JOIN spends p ON p.box = b.box LEFT JOIN transactions s ON s.tx = p.tx
                LEFT JOIN contents c ON c.box = b.box
                WHERE b.box = coalesce((SELECT box FROM contents WHERE id = ?1 AND spent IS NULL),
                    (SELECT box FROM boxes WHERE substr(id, 1, 8) = substr(?1, 1, 8) AND id = ?1))",
            [id.as_ref()],
            |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, i64>(1)?,
                    tx_id(row, 2)?,
                    row.get::<_, Option<Vec<u8>>>(3)?,
                    row.get::<_, Option<Vec<u8>>>(4)?,
                ))
            },
        )?;
        let Some((key, kind, made_by, spent_by, bytes)) = found else {
            return Ok(None);
        };
        let kind = Kind::from_code(kind).ok_or_else(|| self.damaged("a box of no kind"))?;
        let content = bytes
            .map(|bytes| unpack(lets, kind, &bytes).map_err(|why| self.damaged(why)))
            .transpose()?
            .filter(|content| content.box_id() == *id);
        Ok(Some(Spot {
            made_by,
            height: u32::try_from(key >> 32).unwrap_or_default(),
            place: u16::try_from(key & 0xffff).unwrap_or_default(),
            spent_by: spent_by.map(|id| TxId(bytes32(id).into())),
            content,
        }))
    }

    /// Where a transaction of the LETS, or of a wallet that is followed, stands.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn placed(&self, id: &TxId) -> Result<Option<Placed>, LedgerError> {
        let found = self.row(
            "SELECT tx >> 16, time FROM transactions WHERE substr(id, 1, 8) = substr(?1, 1, 8) AND id = ?1",
            [id.0.0],
            |row| {
                Ok(Placed {
                    height: row.get(0)?,
                    time: Some(row.get(1)?),
                })
            },
        )?;
        if found.is_some() {
            return Ok(found);
        }
        self.row(
            "SELECT height FROM wallet_transactions WHERE id = ?1",
            [id.0.0],
            |row| {
                Ok(Placed {
                    height: row.get(0)?,
                    time: None,
                })
            },
        )
    }

    /// The transactions that made a box with this token, in the chain's order: the charter's, the pot's, or one account's.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn transactions_with(&self, token: &TokenId) -> Result<Vec<TxId>, LedgerError> {
        let Some(lets) = &self.lets else {
            return Ok(Vec::new());
        };
        let ids = lets.ids();
        let (charter, pot): (TokenId, TokenId) = (ids.charter_nft.into(), ids.pot_nft.into());
        let deeds = |of_pot: bool| {
            self.rows(
                "SELECT t.id FROM deeds d JOIN transactions t USING (tx) WHERE d.of_pot = ?1 ORDER BY tx",
                [of_pot],
                |row| tx_id(row, 0),
            )
        };
        match *token {
            id if id == charter => deeds(false),
            id if id == pot => deeds(true),
            number => self.rows(
                "SELECT t.id FROM entries e JOIN transactions t USING (tx) JOIN accounts a USING (account)
                    WHERE a.number = ?1 AND e.kind NOT IN (18, 19, 20) ORDER BY tx",
                [AccountNumber::from(number).bytes()],
                |row| tx_id(row, 0),
            ),
        }
    }

    /// How many of one of the LETS's four tokens were minted.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn minted(&self, token: &TokenId) -> Result<Option<i64>, LedgerError> {
        let id: Vec<u8> = (*token).into();
        self.row("SELECT amount FROM tokens WHERE id = ?1", [id], |row| {
            row.get(0)
        })
    }

    /// Every account that ever was, open or closed, whose number begins with these hexadecimal digits, in the order of their
    /// numbers.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn numbers(&self, digits: &str) -> Result<Vec<AccountNumber>, LedgerError> {
        let Some((from, to)) = prefixed(digits) else {
            return Ok(Vec::new());
        };
        let mut found = self.rows(
            "SELECT number FROM accounts WHERE opened IS NOT NULL AND number BETWEEN ?1 AND ?2 ORDER BY number",
            [from, to],
            |row| Ok(account_number(row.get(0)?)),
        )?;
        found.retain(|number| number.to_string().starts_with(digits));
        Ok(found)
    }

    /// An account's entries, oldest first, with their payments.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn entries(
        &self,
        number: &AccountNumber,
        range: TxRange,
    ) -> Result<Vec<Entry>, LedgerError> {
        let (from, to) = range.keys();
        let rows = self.rows(
            "SELECT e.tx, t.id, t.time, e.kind, o.number, e.change, e.balance, e.units
                FROM entries e JOIN transactions t USING (tx) LEFT JOIN accounts o ON o.account = e.counterparty
                WHERE e.account = (SELECT account FROM accounts WHERE number = ?1) AND e.tx >= ?2 AND e.tx < ?3 ORDER BY e.tx",
            params![number.bytes(), from, to],
            |row| {
                let key: i64 = row.get(0)?;
                Ok((
                    key,
                    row.get::<_, i64>(3)?,
                    Entry {
                        transaction: tx_id(row, 1)?,
                        height: u32::try_from(key >> 16).unwrap_or_default(),
                        time: row.get(2)?,
                        kind: EntryKind::Settings,
                        counterparty: row.get::<_, Option<Vec<u8>>>(4)?.map(account_number),
                        change: row.get(5)?,
                        balance: row.get(6)?,
                        units: row.get(7)?,
                        payments: Vec::new(),
                        taken: Vec::new(),
                    },
                ))
            },
        )?;
        let mut entries = Vec::with_capacity(rows.len());
        for (key, kind, mut entry) in rows {
            let known = EntryKind::from_code(kind);
            entry.kind = known.ok_or_else(|| self.damaged("an entry of no kind"))?;
            let sql = format!("{PAYMENT} WHERE p.tx = ?1 ORDER BY p.output");
            entry.payments = self.rows(&sql, [key], payment_row)?;
            entry.payments.retain(|p| {
                p.paid.payer == Some(*number) || (p.paid.payee == Some(*number) && !p.paid.by_note)
            });
            let sql = format!("{PAYMENT} WHERE e.ended = ?1 ORDER BY p.tx, p.output");
            entry.taken = self.rows(&sql, [key], payment_row)?;
            entry.taken.retain(|p| p.taker == Some(*number));
            entries.push(entry);
        }
        Ok(entries)
    }

    /// An account's balance at the end of a block, in units; `None` before it was opened.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn balance_at(
        &self,
        number: &AccountNumber,
        height: u32,
    ) -> Result<Option<i64>, LedgerError> {
        let (_, above) = TxRange {
            from: 0,
            to: height,
        }
        .keys();
        self.row(
            "SELECT balance FROM entries WHERE account = (SELECT account FROM accounts WHERE number = ?1) AND tx < ?2
                ORDER BY tx DESC LIMIT 1",
            params![number.bytes(), above],
            |row| row.get(0),
        )
    }

    /// Payments made in these blocks, oldest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn payments(&self, range: TxRange) -> Result<Vec<PaymentRow>, LedgerError> {
        let sql = format!("{PAYMENT} WHERE p.tx >= ?1 AND p.tx < ?2 ORDER BY p.tx, p.output");
        let (from, to) = range.keys();
        self.rows(&sql, [from, to], payment_row)
    }

    /// What was done with pot and charter in these blocks.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn deeds(&self, range: TxRange) -> Result<Vec<DeedRow>, LedgerError> {
        let (from, to) = range.keys();
        self.rows(
            "SELECT t.id, d.tx >> 16, d.deed, a.number FROM deeds d JOIN transactions t USING (tx)
                LEFT JOIN accounts a USING (account) WHERE d.tx >= ?1 AND d.tx < ?2 ORDER BY d.tx, d.of_pot DESC",
            [from, to],
            |row| {
                Ok(DeedRow {
                    transaction: tx_id(row, 0)?,
                    height: row.get(1)?,
                    deed: row.get(2)?,
                    account: row.get::<_, Option<Vec<u8>>>(3)?.map(account_number),
                })
            },
        )
    }

    /// The first height with a transaction at or after a time (milliseconds since 1970), if there is one.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn height_from(&self, time: i64) -> Result<Option<u32>, LedgerError> {
        let first = self.first_from(time)?;
        Ok(first.and_then(|tx| u32::try_from(tx >> 16).ok()))
    }

    /// The first transaction at or after a time. Blocks' times grow with their heights, so it is found by halving.
    pub(crate) fn first_from(&self, time: i64) -> Result<Option<i64>, LedgerError> {
        let at = |from: i64| {
            self.row(
                "SELECT tx, time FROM transactions WHERE tx >= ?1 ORDER BY tx LIMIT 1",
                [from],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
            )
        };
        let last = self.row("SELECT max(tx) FROM transactions", [], |row| row.get(0))?;
        // Whatever is below the one is too early, and nothing from the other on is.
        let (mut low, mut high) = (0, last.flatten().map_or(0, |last: i64| last + 1));
        while low < high {
            let middle = low + (high - low) / 2;
            match at(middle)? {
                Some((tx, found)) if found < time => low = tx + 1,
                _ => high = middle,
            }
        }
        Ok(at(low)?.map(|(tx, _)| tx))
    }

    /// Gives `each` all unspent boxes that hold a token of the LETS, in the order in which they were made, their scripts kept as
    /// bytes: for what only reads them.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn unspent(&self, mut each: impl FnMut(ErgoBox)) -> Result<(), LedgerError> {
        let Some(lets) = &self.lets else {
            return Ok(());
        };
        let read = |row: &Row<'_>| {
            let kind = Kind::from_code(row.get(0)?).ok_or("a box of no kind".to_owned());
            let bytes = row.get_ref(1)?.as_blob()?;
            let found = kind.and_then(|kind| unpack(lets, kind, bytes));
            let id = BoxId::from(Digest32::from(bytes32(row.get(2)?)));
            let read = found.map(|found| Some(found).filter(|found| found.box_id() == id));
            Ok(read.map(|read| read.map(&mut each).unwrap_or_default()))
        };
        let all = self.rows(
            "SELECT kind, bytes, id FROM contents WHERE spent IS NULL AND kind <> 5 ORDER BY box",
            [],
            read,
        )?;
        let good: Result<(), String> = all.into_iter().collect();
        good.map_err(|why| self.damaged(why))?;
        // Pages that will hardly be asked for again.
        let shrunk = self.connection.execute_batch("PRAGMA shrink_memory");
        shrunk.map_err(|cause| self.fault(cause))
    }

    /// The accounts that were opened for these keys, also if they have others since; in the order of the keys.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn opened_for(
        &self,
        owners: &[SigmaProp],
    ) -> Result<Vec<Option<AccountNumber>>, LedgerError> {
        let sql = "SELECT number FROM accounts WHERE opener = ?1 ORDER BY opened LIMIT 1";
        let number = |owner| {
            self.row(sql, [owner_bytes(owner)], |row| {
                Ok(account_number(row.get(0)?))
            })
        };
        owners.iter().map(number).collect()
    }

    /// Charter, pot and accounts whose boxes were created before a height, oldest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn created_before(&self, height: u32) -> Result<Vec<OldBox>, LedgerError> {
        let rows = self.rows(
            "SELECT c.kind, a.number, b.created FROM contents c JOIN boxes b USING (box)
                LEFT JOIN accounts a ON a.account = c.account
                WHERE c.spent IS NULL AND c.kind IN (1, 2, 3) AND b.created < ?1 ORDER BY b.created, b.box",
            [height],
            |row| {
                let number = row.get::<_, Option<Vec<u8>>>(1)?.map(account_number);
                Ok((row.get(0)?, number, row.get(2)?))
            },
        )?;
        let old = rows.into_iter().filter_map(|(kind, account, created)| {
            Some(OldBox {
                kind: Kind::from_code(kind)?.name(),
                account,
                created,
            })
        });
        Ok(old.collect())
    }
}

pub(crate) fn tx_id(row: &Row<'_>, column: usize) -> Result<TxId, rusqlite::Error> {
    Ok(TxId(bytes32(row.get(column)?).into()))
}

pub(crate) fn account_number(bytes: Vec<u8>) -> AccountNumber {
    let digest = Digest32::from(bytes32(bytes));
    AccountNumber::from(TokenId::from(digest))
}

/// The least and the most that an id can be whose hexadecimal form begins with these digits, of which an odd last one is left
/// out.
fn prefixed(digits: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let from = hex::decode(digits.get(..digits.len() & !1)?).ok()?;
    let mut to = from.clone();
    to.resize(33, 0xff);
    Some((from, to))
}

fn payment_row(row: &Row<'_>) -> Result<PaymentRow, rusqlite::Error> {
    let party = |column| -> Result<Option<AccountNumber>, rusqlite::Error> {
        Ok(row.get::<_, Option<Vec<u8>>>(column)?.map(account_number))
    };
    Ok(PaymentRow {
        paid: Paid {
            transaction: tx_id(row, 0)?,
            output: row.get(1)?,
            payer: party(2)?,
            payee: party(3)?,
            amount: Amount::clamped(row.get(4)?),
            memo: row.get(5)?,
            by_note: row.get(6)?,
            created: lets_protocol::Height(row.get(7)?),
        },
        height: row.get(8)?,
        taker: party(9)?,
    })
}
