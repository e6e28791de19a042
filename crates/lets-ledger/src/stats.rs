//! Figures of the whole LETS, month by month and now.

use lets_protocol::AccountNumber;

use crate::Ledger;
use crate::error::LedgerError;
use crate::read::account_number;

/// One month of trade, by UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// Like `2026-11`.
    pub name: String,
    /// Accounts open at its end.
    pub members: i64,
    /// Payments made in it, directly and by notes.
    pub payments: i64,
    /// What they came to, in units.
    pub volume: i64,
    /// The sum of all positive balances at its end, in units: the credit in circulation.
    pub circulation: i64,
}

/// One open account in figures, all in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountFigures {
    /// The account.
    pub number: AccountNumber,
    /// Its balance.
    pub balance: i64,
    /// Its permitted line.
    pub line: i64,
    /// Its cap.
    pub cap: i64,
    /// Whether it is the community's own.
    pub community: bool,
}

impl Ledger {
    /// Every month from the founding to the last transaction, those without trade included.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn months(&self) -> Result<Vec<Month>, LedgerError> {
        // The recursion names also the months in which nothing happened.
        let mut months = self.rows(
            "WITH RECURSIVE all_months(name) AS (
                SELECT strftime('%Y-%m', (SELECT time FROM transactions ORDER BY tx LIMIT 1) / 1000, 'unixepoch')
                UNION ALL SELECT strftime('%Y-%m', name || '-01', '+1 month') FROM all_months
                WHERE name < strftime('%Y-%m', (SELECT time FROM transactions ORDER BY tx DESC LIMIT 1) / 1000, 'unixepoch'))
            SELECT name, unixepoch(name || '-01', '+1 month') * 1000 FROM all_months WHERE name IS NOT NULL",
            [],
            |row| {
                let month = Month {
                    name: row.get(0)?,
                    members: 0,
                    payments: 0,
                    volume: 0,
                    circulation: 0,
                };
                Ok((month, row.get::<_, i64>(1)?))
            },
        )?;
        let mut from = 0;
        let mut ends = Vec::new();
        for (month, end) in &mut months {
            let to = self.first_from(*end)?.unwrap_or(i64::MAX);
            let made = self.row(
                "SELECT count(*), coalesce(sum(amount), 0) FROM payments WHERE tx >= ?1 AND tx < ?2",
                [from, to],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            (month.payments, month.volume) = made.unwrap_or_default();
            month.members = self
                .row(
                    "SELECT count(*) FROM accounts WHERE opened < ?1 AND (closed IS NULL OR closed >= ?1)",
                    [to],
                    |row| row.get(0),
                )?
                .unwrap_or_default();
            ends.push(to);
            from = to;
        }
        let mut months: Vec<Month> = months.into_iter().map(|(month, _)| month).collect();
        for (month, sum) in months.iter_mut().zip(self.circulation(&ends)?) {
            month.circulation = sum;
        }
        Ok(months)
    }

    /// The sum of all positive balances before each of these transactions, which are in order. One walk over all entries.
    fn circulation(&self, ends: &[i64]) -> Result<Vec<i64>, LedgerError> {
        let mut sums = Vec::with_capacity(ends.len());
        let mut sum = 0i64;
        let mut walk = || -> Result<(), rusqlite::Error> {
            let mut statement = self
                .connection
                .prepare("SELECT tx, balance, change FROM entries ORDER BY tx")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (tx, balance, change): (i64, i64, i64) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                while ends.get(sums.len()).is_some_and(|end| *end <= tx) {
                    sums.push(sum);
                }
                sum += balance.max(0) - (balance - change).max(0);
            }
            sums.resize(ends.len(), sum);
            Ok(())
        };
        walk().map_err(|cause| self.fault(cause))?;
        Ok(sums)
    }

    /// Every open account's balance, line and cap.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn figures(&self) -> Result<Vec<AccountFigures>, LedgerError> {
        self.rows(
            "SELECT a.number, (SELECT balance FROM entries e WHERE e.account = a.account ORDER BY tx DESC LIMIT 1), c.line, c.cap, c.community
                FROM contents c JOIN accounts a USING (account) WHERE c.spent IS NULL AND c.kind = 3 ORDER BY a.account",
            [],
            |row| {
                Ok(AccountFigures {
                    number: account_number(row.get(0)?),
                    balance: row.get(1)?,
                    line: row.get(2)?,
                    cap: row.get(3)?,
                    community: row.get(4)?,
                })
            },
        )
    }

    /// How many notes are on their way, and their units together.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn outstanding(&self) -> Result<(i64, i64), LedgerError> {
        let found = self.row(
            "SELECT count(*), coalesce(sum(p.amount), 0) FROM contents c
                JOIN payments p ON p.tx = c.box >> 16 AND p.output = c.box & 65535
                WHERE c.spent IS NULL AND c.kind = 4",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(found.unwrap_or_default())
    }

    /// All that was ever written off, in units: what the community's account paid of its members' debts.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn written_off(&self) -> Result<i64, LedgerError> {
        let found = self.row(
            "SELECT coalesce(sum(change), 0) FROM entries WHERE kind = 9",
            [],
            |row| row.get(0),
        )?;
        Ok(found.unwrap_or_default())
    }
}
