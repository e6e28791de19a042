//! The tables, and how a file is opened.
//!
//! Times and places are one number: a transaction is `height << 16 | rank` (its rank among the block's transactions that the
//! ledger records), a box is `transaction << 16 | place` (its place among the outputs). So rows are in the chain's order by their
//! keys, nothing depends on when they were written, and a reorganisation removes all that is above a number.
//!
//! What happened is only ever added at a table's end: that a box was spent is a row of `spends`, that a note was taken in one of
//! `endings`. What changes in the middle is `contents` alone, which has what can be spent now, or was spent so lately that this
//! may be taken back: a page is written whole, and a box lies anywhere among all that ever were.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use crate::error::LedgerError;

/// Version of the tables. A file of an older one is built anew; one of a newer is left alone.
pub(crate) const FORMAT: i64 = 4;
/// Marks a SQLite file as ours: "LETS".
const APPLICATION: i64 = 0x4c45_5453;
/// Threads that sort for an index beside the one that writes it.
const SORTERS: i64 = 2;
/// How long to wait for another process.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long between two tries where SQLite does not wait by itself.
const PAUSE: Duration = Duration::from_millis(10);

const TABLES: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE blocks (height INTEGER PRIMARY KEY, id BLOB NOT NULL);
CREATE TABLE transactions (tx INTEGER PRIMARY KEY, id BLOB NOT NULL, time INTEGER NOT NULL);
CREATE TABLE accounts (account INTEGER PRIMARY KEY, number BLOB NOT NULL UNIQUE, named INTEGER NOT NULL,
    opened INTEGER, closed INTEGER, opener BLOB);
CREATE TABLE boxes (box INTEGER PRIMARY KEY, id BLOB NOT NULL, kind INTEGER NOT NULL, account INTEGER,
    created INTEGER NOT NULL);
CREATE TABLE spends (tx INTEGER NOT NULL, box INTEGER NOT NULL, PRIMARY KEY (tx, box)) WITHOUT ROWID;
CREATE TABLE contents (box INTEGER PRIMARY KEY, id BLOB NOT NULL, kind INTEGER NOT NULL, account INTEGER, spent INTEGER,
    owner BLOB, line INTEGER, cap INTEGER, community INTEGER, bytes BLOB NOT NULL);
CREATE INDEX spent_lately ON contents (spent) WHERE spent IS NOT NULL;
CREATE TABLE entries (tx INTEGER NOT NULL, account INTEGER NOT NULL, kind INTEGER NOT NULL, counterparty INTEGER,
    change INTEGER NOT NULL, balance INTEGER NOT NULL, units INTEGER NOT NULL, PRIMARY KEY (tx, account)) WITHOUT ROWID;
CREATE TABLE payments (tx INTEGER NOT NULL, output INTEGER NOT NULL, payer INTEGER, payee INTEGER, amount INTEGER NOT NULL,
    by_note INTEGER NOT NULL, memo BLOB NOT NULL, PRIMARY KEY (tx, output)) WITHOUT ROWID;
CREATE TABLE endings (ended INTEGER NOT NULL, tx INTEGER NOT NULL, output INTEGER NOT NULL, taker INTEGER,
    PRIMARY KEY (ended, tx, output)) WITHOUT ROWID;
CREATE TABLE deeds (tx INTEGER NOT NULL, of_pot INTEGER NOT NULL, deed TEXT NOT NULL, account INTEGER,
    PRIMARY KEY (tx, of_pot)) WITHOUT ROWID;
CREATE TABLE tokens (id BLOB PRIMARY KEY, amount INTEGER NOT NULL, tx INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE scripts (script BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE wallet (id BLOB PRIMARY KEY, script BLOB NOT NULL, bytes BLOB NOT NULL, made INTEGER NOT NULL, spent INTEGER);
CREATE TABLE wallet_transactions (id BLOB PRIMARY KEY, height INTEGER NOT NULL) WITHOUT ROWID;
";

/// Indices by which what can be spent now is found. A batch needs them where not all of it is held in memory (`Held`): until
/// then every block would write their pages again.
const FINDERS: [(&str, &str); 2] = [
    ("unspent_ids", "contents (id) WHERE spent IS NULL"),
    ("unspent", "contents (kind, account) WHERE spent IS NULL"),
];

/// Indices that reading needs, and whose places in the file have nothing to do with the order in which blocks come: made once
/// the first blocks are in, since a page of them would be written again for every block. Of ids they have the first bytes.
const INDICES: [(&str, &str); 6] = [
    ("transaction_ids", "transactions (substr(id, 1, 8))"),
    ("box_ids", "boxes (substr(id, 1, 8))"),
    ("spends_of", "spends (box)"),
    ("endings_of", "endings (tx, output)"),
    (
        "owners",
        "contents (owner) WHERE owner IS NOT NULL AND spent IS NULL",
    ),
    ("entries_of", "entries (account, tx)"),
];

/// Every table, parents last.
pub(crate) const NAMES: [&str; 14] = [
    "meta",
    "blocks",
    "entries",
    "endings",
    "payments",
    "deeds",
    "tokens",
    "contents",
    "spends",
    "boxes",
    "accounts",
    "transactions",
    "wallet",
    "wallet_transactions",
];

/// Opens the ledger of `subject`, or makes it if `create`; `None` if it is not there.
pub(crate) fn open(
    path: &Path,
    subject: &str,
    create: bool,
) -> Result<Option<Connection>, LedgerError> {
    let fault = |cause| LedgerError::of(path, cause);
    if !create && !path.exists() {
        return Ok(None);
    }
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(fault)?;
    connection.busy_timeout(PATIENCE).map_err(fault)?;
    // Before anything is written: the file may not be ours to change.
    match mark(&mut connection).map_err(fault)? {
        (APPLICATION, FORMAT) => prepare(&mut connection).map_err(fault)?,
        (APPLICATION, found) if found > FORMAT => {
            return Err(LedgerError::Newer {
                path: path.to_owned(),
                found,
            });
        }
        (APPLICATION, found) => {
            return Err(LedgerError::Format {
                path: path.to_owned(),
                found,
            });
        }
        (0, 0) => prepare(&mut connection)
            .and_then(|()| make(&mut connection, subject))
            .map_err(fault)?,
        _ => {
            return Err(LedgerError::Damaged {
                path: path.to_owned(),
                why: "it is another program's database".to_owned(),
            });
        }
    }
    let found: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE name = 'subject'", [], |r| {
            r.get(0)
        })
        .optional()
        .map_err(fault)?;
    match found.as_deref() == Some(subject) {
        true => Ok(Some(connection)),
        false => Err(LedgerError::Foreign {
            path: path.to_owned(),
        }),
    }
}

/// Whose file it is, and of which format; both as of one moment, for another process may be making it.
fn mark(connection: &mut Connection) -> Result<(i64, i64), rusqlite::Error> {
    let moment = connection.transaction()?;
    let number = |sql| moment.query_row(sql, [], |row| row.get(0));
    Ok((
        number("PRAGMA application_id")?,
        number("PRAGMA user_version")?,
    ))
}

/// SQLite keeps changes in a log from now on. While another process has a new file begin its log, it does not wait by itself.
fn keep_log(connection: &Connection) -> Result<(), rusqlite::Error> {
    let until = Instant::now() + PATIENCE;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(e)
                if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < until =>
            {
                std::thread::sleep(PAUSE)
            }
            done => return done,
        }
    }
}

fn prepare(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    connection.set_prepared_statement_cache_capacity(64);
    keep_log(connection)?;
    // A power cut may lose the last batch, which is read from the chain again, and never harms what was before.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Many batches change the same pages: they go from the log into the file together, once there are so many.
    connection.pragma_update(None, "wal_autocheckpoint", 32_768)?;
    sized(connection)
}

/// What a connection may keep in memory.
fn sized(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "cache_size", -32_000)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

/// Two processes may come here at once: the second finds the tables made.
fn make(connection: &mut Connection, subject: &str) -> Result<(), rusqlite::Error> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let made: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if made == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.execute("INSERT INTO meta VALUES ('subject', ?1)", [subject])?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()
}

/// Whether the indices are there that are made late.
pub(crate) fn is_indexed(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let (last, _) = INDICES[INDICES.len() - 1];
    connection
        .prepare_cached("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?1")?
        .exists([last])
}

/// Makes them, all or none. What is sorted for them goes into a file where it is more than a cache of this size: of a large ledger
/// it is hundreds of megabytes.
pub(crate) fn index(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "temp_store", "FILE")?;
    connection.pragma_update(None, "cache_size", -8_000)?;
    connection.pragma_update(None, "threads", SORTERS)?;
    let made = index_at_once(connection);
    sized(connection)?;
    made
}

/// Makes the indices without which a batch does not find what it spends, if they are not there.
pub(crate) fn find(connection: &Connection) -> Result<(), rusqlite::Error> {
    make_all(connection, &FINDERS)
}

fn make_all(connection: &Connection, indices: &[(&str, &str)]) -> Result<(), rusqlite::Error> {
    indices.iter().try_for_each(|(name, of)| {
        connection.execute_batch(&format!("CREATE INDEX IF NOT EXISTS {name} ON {of}"))
    })
}

fn index_at_once(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    make_all(&transaction, &FINDERS)?;
    make_all(&transaction, &INDICES)?;
    transaction.commit()
}

/// Drops them: many blocks are to come.
pub(crate) fn unindex(connection: &Connection) -> Result<(), rusqlite::Error> {
    for (name, _) in FINDERS.iter().chain(&INDICES) {
        connection.execute_batch(&format!("DROP INDEX IF EXISTS {name}"))?;
    }
    Ok(())
}
