//! The books as text: the same for the same chain, however the ledger came to them.

use std::io::Write;

use rusqlite::types::ValueRef;

use crate::Ledger;
use crate::error::LedgerError;

/// What the books are, each in the chain's order. Left out is what depends on when the ledger was brought forward: blocks and
/// contents that it keeps to go back, and wallets.
const BOOKS: [(&str, &str); 9] = [
    ("tokens", "SELECT * FROM tokens ORDER BY tx, id"),
    ("transactions", "SELECT * FROM transactions ORDER BY tx"),
    ("accounts", "SELECT * FROM accounts ORDER BY account"),
    ("boxes", "SELECT * FROM boxes ORDER BY box"),
    (
        "contents",
        "SELECT * FROM contents WHERE spent IS NULL ORDER BY box",
    ),
    ("spends", "SELECT * FROM spends ORDER BY tx, box"),
    (
        "endings",
        "SELECT * FROM endings ORDER BY ended, tx, output",
    ),
    ("payments", "SELECT * FROM payments ORDER BY tx, output"),
    ("entries", "SELECT * FROM entries ORDER BY tx, account"),
];
const DEEDS: (&str, &str) = ("deeds", "SELECT * FROM deeds ORDER BY tx, of_pot");

impl Ledger {
    /// Writes every row of the books, one a line, in the chain's order. Two ledgers of one chain write the same bytes.
    ///
    /// # Errors
    /// [`LedgerError`]; that `to` takes no more is [`LedgerError::Full`] of the ledger's own path only if the disk is.
    pub fn dump(&self, to: &mut impl Write) -> Result<(), LedgerError> {
        for (name, sql) in BOOKS.into_iter().chain([DEEDS]) {
            let lines = self.rows(sql, [], |row| {
                let mut line = name.to_owned();
                for column in 0..row.as_ref().column_count() {
                    line.push('|');
                    line.push_str(&shown(row.get_ref(column)?));
                }
                Ok(line)
            })?;
            for line in lines {
                writeln!(to, "{line}").map_err(|e| LedgerError::Damaged {
                    path: self.path.clone(),
                    why: format!("the books cannot be written: {e}"),
                })?;
            }
        }
        Ok(())
    }
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Real(n) => n.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => hex::encode(bytes),
    }
}
