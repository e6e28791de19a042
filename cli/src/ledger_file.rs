//! A paper ledger as a file, `ledger.csv`: a header with `name`, `balance`, `line`, and optionally `cap` and `key`, in any
//! order, and one member a row. It is taken whole or refused whole, with every fault in it.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::ProveDlog;
use lets_protocol::{Amount, AmountError, Balance, Bounds, Currency};
use thiserror::Error;

use crate::csv_file;
use crate::import::Member;
use crate::keys;
use crate::names::{self, AddressBook, NameError};

/// The largest file in bytes.
const MAX_BYTES: usize = 1 << 20;
/// The most members in a file.
pub(crate) const MAX_ROWS: usize = 1_000;
const COLUMNS: [&str; 5] = ["name", "balance", "line", "cap", "key"];
/// The first so many columns must be there.
const NEEDED: usize = 3;

/// Why a ledger cannot be imported.
#[derive(Debug, Error)]
pub enum LedgerFileError {
    /// It cannot be opened or read.
    #[error("cannot read {}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Too large.
    #[error("a ledger has at most {MAX_ROWS} rows and {MAX_BYTES} bytes, and this one has more")]
    TooLarge,
    /// The first row does not name the columns.
    #[error(
        "the first row must name the columns name, balance and line, besides them cap and key or not, each once; it is {found:?}"
    )]
    Header {
        /// What it is, at most 60 characters of it.
        found: String,
    },
    /// There is a header and nothing else.
    #[error("the ledger has no members")]
    Empty,
    /// The rows cannot be told apart.
    #[error("the file is no CSV: {0}")]
    Csv(#[from] csv::Error),
    /// Rows, or all of them together, are not what can be imported.
    #[error("the ledger cannot be imported, and nothing was sent:\n{}", told(.0))]
    Faults(Vec<LedgerFault>),
}

fn told(faults: &[LedgerFault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl LedgerFileError {
    /// The error's name in `--json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::TooLarge => "ledger_too_large",
            Self::Header { .. } => "ledger_header",
            Self::Empty => "ledger_empty",
            Self::Csv(_) | Self::Faults(_) => "bad_ledger",
        }
    }
}

/// One thing that is wrong with a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerFault {
    /// The line in the file, from 1; `None` if it is about all rows together.
    pub line: Option<u64>,
    /// What it is.
    pub what: Fault,
}

impl fmt::Display for LedgerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => self.what.fmt(f),
        }
    }
}

/// What is wrong with a row, or with all of them together. Amounts are in the currency's figures.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// More or fewer fields than the header.
    #[error("{found} fields, where the header has {expected}: write text with commas in quotes")]
    Fields {
        /// How many there are.
        found: usize,
        /// How many the header has.
        expected: usize,
    },
    /// It is written in another encoding.
    #[error("the {column} is not UTF-8: save the file as UTF-8")]
    NotUtf8 {
        /// The column.
        column: &'static str,
    },
    /// A name that cannot be, or that the address book has given away.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two rows have it.
    #[error("the {column} stands in line {first} already")]
    Twice {
        /// `name` or `key`.
        column: &'static str,
        /// Where it stands first.
        first: u64,
    },
    /// A field that is no amount.
    #[error("the {column}: {cause}")]
    Amount {
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        cause: AmountError,
    },
    /// Neither a public key nor an address.
    #[error("{0:?} is neither a public key (66 hexadecimal digits) nor a P2PK address")]
    Key(String),
    /// More than the charter's bound.
    #[error("the {column} of {found} is more than {most}: raise {option}")]
    Bound {
        /// `line` or `cap`.
        column: &'static str,
        /// What it is.
        found: String,
        /// The charter's bound.
        most: String,
        /// The option that raises it.
        option: &'static str,
    },
    /// More debt than the line.
    #[error("the balance {balance} is below the line: it permits a debt of {line}")]
    BelowLine {
        /// The balance.
        balance: String,
        /// The line.
        line: String,
    },
    /// More credit than the cap.
    #[error("the balance {balance} is above the cap of {cap}")]
    AboveCap {
        /// The balance.
        balance: String,
        /// The cap.
        cap: String,
    },
    /// The debts are not the credits.
    #[error("the balances add up to {sum}, and must add up to 0")]
    Sum {
        /// Their sum.
        sum: String,
    },
    /// More members than may be admitted at once.
    #[error(
        "{rows} members are more than the {most} that may be admitted in a period: raise --admissions-per-period"
    )]
    Admissions {
        /// How many there are.
        rows: usize,
        /// The rate.
        most: i64,
    },
    /// Longer lines than may be granted at once.
    #[error(
        "lines of {lines} together are more than the {most} that may be issued in a period: raise --units-per-period"
    )]
    Issue {
        /// All lines together.
        lines: String,
        /// The rate.
        most: String,
    },
}

/// What a ledger must fit.
pub(crate) struct Frame<'a> {
    pub(crate) currency: &'a Currency,
    pub(crate) bounds: &'a Bounds,
    pub(crate) book: &'a AddressBook,
}

/// Reads a ledger and checks all of it.
pub(crate) fn load(path: &Path, frame: &Frame<'_>) -> Result<Vec<Member>, LedgerFileError> {
    let bytes = csv_file::load(path, MAX_BYTES).map_err(|cause| LedgerFileError::File {
        path: path.to_owned(),
        cause,
    })?;
    parse(&bytes, frame)
}

fn parse(bytes: &[u8], frame: &Frame<'_>) -> Result<Vec<Member>, LedgerFileError> {
    if bytes.len() > MAX_BYTES {
        return Err(LedgerFileError::TooLarge);
    }
    let mut records = csv_file::records(bytes)?.into_iter();
    let columns = header(records.next().map(|(_, record)| record))?;
    if records.len() > MAX_ROWS {
        return Err(LedgerFileError::TooLarge);
    }
    let mut faults = Vec::new();
    let mut members = Vec::new();
    let mut seen = HashMap::new();
    let rows = records.len();
    for (line, record) in records {
        let mut own = Vec::new();
        if let Some(member) = row(&record, &columns, frame, &mut own) {
            let key = member.key.clone().map(|key| ("key", key));
            for mark in std::iter::once(("name", member.name.clone())).chain(key) {
                let column = mark.0;
                let first = *seen.entry(mark).or_insert(line);
                if first != line {
                    own.push(Fault::Twice { column, first });
                }
            }
            members.push(member);
        }
        let line = Some(line);
        faults.extend(own.into_iter().map(|what| LedgerFault { line, what }));
    }
    if rows == 0 {
        return Err(LedgerFileError::Empty);
    }
    let mut whole = Vec::new();
    check_whole(rows, &members, frame, &mut whole);
    let line = None;
    faults.extend(whole.into_iter().map(|what| LedgerFault { line, what }));
    match faults.is_empty() {
        true => Ok(members),
        false => Err(LedgerFileError::Faults(faults)),
    }
}

/// Which column stands where, by the places in [`COLUMNS`].
fn header(record: Option<ByteRecord>) -> Result<Vec<usize>, LedgerFileError> {
    let record = record.unwrap_or_default();
    let place = |field: &[u8]| {
        let field = field.trim_ascii();
        COLUMNS.iter().position(|name| name.as_bytes() == field)
    };
    let columns: Option<Vec<usize>> = record.iter().map(place).collect();
    let fits = |columns: &Vec<usize>| {
        let count = |place| columns.iter().filter(|c| **c == place).count();
        (0..NEEDED).all(|p| count(p) == 1) && (NEEDED..COLUMNS.len()).all(|p| count(p) < 2)
    };
    columns.filter(fits).ok_or_else(|| {
        let fields: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
        LedgerFileError::Header {
            found: fields.join(",").chars().take(60).collect(),
        }
    })
}

/// One row; `None` if it cannot even be read. Whatever is wrong with it goes into `faults`.
fn row(
    record: &ByteRecord,
    columns: &[usize],
    frame: &Frame<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Member> {
    if record.len() != columns.len() {
        faults.push(Fault::Fields {
            found: record.len(),
            expected: columns.len(),
        });
        return None;
    }
    let mut fields = [""; COLUMNS.len()];
    for (&column, bytes) in columns.iter().zip(record) {
        match std::str::from_utf8(bytes) {
            Ok(text) => fields[column] = text.trim(),
            Err(_) => faults.push(Fault::NotUtf8 {
                column: COLUMNS[column],
            }),
        }
    }
    if !faults.is_empty() {
        return None;
    }
    let [name, balance, line, cap, key] = fields;
    let bounds = frame.bounds;
    if let Err(e) = names::check(name) {
        faults.push(e.into());
    } else if let Some(number) = frame.book.get(name) {
        let name = name.to_owned();
        faults.push(NameError::Taken { name, number }.into());
    }
    let mut amount = |column, read: Result<_, AmountError>| {
        read.map_err(|cause| faults.push(Fault::Amount { column, cause }))
            .ok()
    };
    let or_default = |text: &str, default| match text {
        "" => Ok(default),
        text => frame.currency.parse(text),
    };
    let balance = amount(
        "balance",
        signed(frame.currency, balance).map(Balance::units),
    )
    .map(Balance::new);
    let line = amount(
        "line",
        or_default(line, bounds.default_line).map(Amount::units),
    )
    .map(Amount::clamped);
    let cap = amount(
        "cap",
        or_default(cap, bounds.default_cap).map(Amount::units),
    )
    .map(Amount::clamped);
    let key = match key {
        "" => Some(None),
        text => match keys::parse_public_key(text) {
            Ok(key) => Some(Some(hex_of(&key))),
            Err(_) => {
                faults.push(Fault::Key(text.to_owned()));
                None
            }
        },
    };
    let member = Member {
        name: name.to_owned(),
        balance: balance?,
        line: line?,
        cap: cap?,
        key: key?,
    };
    check_row(&member, frame, faults);
    Some(member)
}

fn hex_of(key: &ProveDlog) -> String {
    String::from((*key.h).clone())
}

/// A balance with or without its sign.
fn signed(currency: &Currency, text: &str) -> Result<Balance, AmountError> {
    let (sign, figures) = match text.strip_prefix('-') {
        Some(figures) => (-1, figures),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    Ok(Balance::new(sign * currency.parse(figures)?.units()))
}

fn check_row(member: &Member, frame: &Frame<'_>, faults: &mut Vec<Fault>) {
    let (currency, bounds) = (frame.currency, frame.bounds);
    for (column, found, most, option) in [
        ("line", member.line, bounds.max_line, "--max-line"),
        ("cap", member.cap, bounds.max_cap, "--max-cap"),
    ] {
        if found > most {
            faults.push(Fault::Bound {
                column,
                found: currency.show(found),
                most: currency.show(most),
                option,
            });
        }
    }
    let balance = currency.show_balance(member.balance);
    if member.balance.debt() > member.line.units() {
        faults.push(Fault::BelowLine {
            balance,
            line: currency.show(member.line),
        });
    } else if member.balance.units() > member.cap.units() {
        faults.push(Fault::AboveCap {
            balance,
            cap: currency.show(member.cap),
        });
    }
}

/// What is wrong with all rows together; the sums only if every row could be read.
fn check_whole(rows: usize, members: &[Member], frame: &Frame<'_>, faults: &mut Vec<Fault>) {
    let (currency, bounds) = (frame.currency, frame.bounds);
    if i64::try_from(rows).is_ok_and(|rows| rows > bounds.admissions) {
        faults.push(Fault::Admissions {
            rows,
            most: bounds.admissions,
        });
    }
    if members.len() < rows {
        return;
    }
    // At most 1,000 amounts of at most 10^12: they fit.
    let sum: i64 = members.iter().map(|m| m.balance.units()).sum();
    if sum != 0 {
        faults.push(Fault::Sum {
            sum: currency.show_balance(Balance::new(sum)),
        });
    }
    let lines: i64 = members.iter().map(|m| m.line.units()).sum();
    if lines > bounds.issue.units() {
        faults.push(Fault::Issue {
            // Without its sign: all lines together may be more than one amount can be.
            lines: currency
                .show_balance(Balance::new(lines))
                .trim_start_matches('+')
                .to_owned(),
            most: currency.show(bounds.issue),
        });
    }
}

#[cfg(test)]
mod tests;
