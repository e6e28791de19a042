//! Tables that only grow: many rows go in by one statement, for half of what a statement for each would cost.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// So many rows go in by one statement.
const TOGETHER: usize = 32;

/// Rows of `N` columns on their way into one table. Nobody may look for them there before the batch ends.
#[derive(Debug)]
pub(super) struct Rows<const N: usize> {
    one: String,
    many: String,
    values: Vec<Value>,
}

impl<const N: usize> Rows<N> {
    fn of(table: &str) -> Self {
        let row = format!("({})", ["?"; N].join(", "));
        let insert = |rows| {
            let rows = vec![row.as_str(); rows].join(", ");
            format!("INSERT INTO {table} VALUES {rows}")
        };
        Self {
            one: insert(1),
            many: insert(TOGETHER),
            values: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, db: &Connection, row: [Value; N]) -> Result<(), rusqlite::Error> {
        self.values.extend(row);
        if self.values.len() == N * TOGETHER {
            let mut statement = db.prepare_cached(&self.many)?;
            statement.execute(params_from_iter(self.values.drain(..)))?;
        }
        Ok(())
    }

    fn finish(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        for row in self.values.chunks_exact(N) {
            let mut statement = db.prepare_cached(&self.one)?;
            statement.execute(params_from_iter(row))?;
        }
        self.values.clear();
        Ok(())
    }
}

/// All of these tables.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) transactions: Rows<3>,
    pub(super) boxes: Rows<5>,
    pub(super) spends: Rows<2>,
    pub(super) entries: Rows<7>,
    pub(super) payments: Rows<7>,
    pub(super) endings: Rows<4>,
    pub(super) contents: Rows<10>,
}

impl Tables {
    pub(super) fn new() -> Self {
        Self {
            transactions: Rows::of("transactions"),
            boxes: Rows::of("boxes"),
            spends: Rows::of("spends"),
            entries: Rows::of("entries"),
            payments: Rows::of("payments"),
            endings: Rows::of("endings"),
            contents: Rows::of("contents"),
        }
    }

    /// Writes what is left.
    pub(super) fn finish(&mut self, db: &Connection) -> Result<(), rusqlite::Error> {
        self.transactions.finish(db)?;
        self.boxes.finish(db)?;
        self.spends.finish(db)?;
        self.entries.finish(db)?;
        self.payments.finish(db)?;
        self.endings.finish(db)?;
        self.contents.finish(db)
    }
}
