//! The file of many payments at once, `payments.csv`: a header `payee,amount` or `payee,amount,memo`, and one payment a
//! row. Every row is judged by itself, so that all faults can be mended at once. Resolving names is done elsewhere.

use std::io;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use lets_protocol::{Amount, AmountError, Currency, Memo, MemoTextError};
use thiserror::Error;

use crate::csv_file;

/// The largest file in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The most payments in a file.
pub const MAX_ROWS: usize = 10_000;
/// The longest payee in characters: an account number's.
pub const MAX_PAYEE: usize = 64;
/// The longest amount in characters.
const MAX_AMOUNT: usize = 32;
const COLUMNS: [&str; 3] = ["payee", "amount", "memo"];

/// Why a file cannot be read as payments at all.
#[derive(Debug, Error)]
pub enum PaymentFileError {
    /// It cannot be opened or read.
    #[error("cannot read {}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Too large.
    #[error("a file of payments has at most {MAX_BYTES} bytes, and this one has more: divide it")]
    TooLarge,
    /// Too many rows.
    #[error("a file of payments has at most {MAX_ROWS} rows, and this one has more: divide it")]
    TooManyRows,
    /// The first row does not name the columns.
    #[error("the first row must be payee,amount or payee,amount,memo, and is {found:?}")]
    Header {
        /// What it is, at most 60 characters of it.
        found: String,
    },
    /// There is a header and nothing else.
    #[error("the file has no payments")]
    Empty,
    /// The rows cannot be told apart.
    #[error("the file is no CSV: {0}")]
    Csv(#[from] csv::Error),
}

impl PaymentFileError {
    /// The error's name in `--json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::TooLarge | Self::TooManyRows => "payment_file_too_large",
            Self::Header { .. } => "payment_file_header",
            Self::Empty => "payment_file_empty",
            Self::Csv(_) => "payment_file",
        }
    }
}

/// One payment as the file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line in the file, from 1, on which it begins.
    pub line: u64,
    /// A name from the address book or an account number, not resolved; never empty.
    pub payee: String,
    /// How much; more than zero.
    pub amount: Amount,
    /// What for, if the file says it.
    pub memo: Option<String>,
}

/// A row that cannot be paid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {fault}")]
pub struct RowError {
    /// The line in the file, from 1, on which it begins.
    pub line: u64,
    /// What is wrong.
    #[source]
    pub fault: RowFault,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RowFault {
    /// More or fewer fields than the header.
    #[error(
        "{found} fields, where the header has {expected}: write text with commas in quotes, and close them"
    )]
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
    /// Nobody to pay.
    #[error("the payee is empty")]
    NoPayee,
    /// Neither a name nor a number.
    #[error(
        "the payee has {characters} characters, and neither names nor account numbers have more than {MAX_PAYEE}"
    )]
    LongPayee {
        /// How many there are.
        characters: usize,
    },
    /// No amount of the currency, or nothing.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The text breaks the rule for memos.
    #[error(transparent)]
    Memo(#[from] MemoTextError),
}

/// Reads a file of payments; amounts are of `currency`.
///
/// # Errors
/// [`PaymentFileError`] when no row can be read; a bad row is an error in its own place.
pub fn load(
    path: &Path,
    currency: &Currency,
) -> Result<Vec<Result<Row, RowError>>, PaymentFileError> {
    let bytes = csv_file::load(path, MAX_BYTES).map_err(|cause| PaymentFileError::File {
        path: path.to_owned(),
        cause,
    })?;
    parse(&bytes, currency)
}

/// Reads the bytes of a file of payments; amounts are of `currency`. Blank lines are passed over, and blanks around a
/// field are no part of it.
///
/// # Errors
/// As [`load`].
pub fn parse(
    bytes: &[u8],
    currency: &Currency,
) -> Result<Vec<Result<Row, RowError>>, PaymentFileError> {
    if bytes.len() > MAX_BYTES {
        return Err(PaymentFileError::TooLarge);
    }
    let mut columns = None;
    let mut rows = Vec::new();
    for (line, record) in csv_file::records(bytes)? {
        let Some(columns) = columns else {
            columns = Some(header(&record)?);
            continue;
        };
        if rows.len() == MAX_ROWS {
            return Err(PaymentFileError::TooManyRows);
        }
        rows.push(row(&record, line, columns, currency).map_err(|fault| RowError { line, fault }));
    }
    if columns.is_none() {
        let found = String::new();
        return Err(PaymentFileError::Header { found });
    }
    if rows.is_empty() {
        return Err(PaymentFileError::Empty);
    }
    Ok(rows)
}

/// How many columns there are.
fn header(record: &ByteRecord) -> Result<usize, PaymentFileError> {
    let names = COLUMNS.iter().map(|name| name.as_bytes());
    let named = record
        .iter()
        .zip(names)
        .all(|(found, name)| found.trim_ascii() == name);
    if named && (2..=COLUMNS.len()).contains(&record.len()) {
        return Ok(record.len());
    }
    let fields: Vec<_> = record
        .iter()
        .take(COLUMNS.len() + 1)
        .map(String::from_utf8_lossy)
        .collect();
    Err(PaymentFileError::Header {
        found: fields.join(",").chars().take(60).collect(),
    })
}

fn row(
    record: &ByteRecord,
    line: u64,
    columns: usize,
    currency: &Currency,
) -> Result<Row, RowFault> {
    if record.len() != columns {
        return Err(RowFault::Fields {
            found: record.len(),
            expected: columns,
        });
    }
    let text = |at: usize| {
        std::str::from_utf8(record.get(at).unwrap_or_default())
            .map(str::trim)
            .map_err(|_| RowFault::NotUtf8 {
                column: COLUMNS[at],
            })
    };
    let (payee, figures, memo) = (text(0)?, text(1)?, text(2)?);
    if payee.is_empty() {
        return Err(RowFault::NoPayee);
    }
    let characters = payee.chars().count();
    if characters > MAX_PAYEE {
        return Err(RowFault::LongPayee { characters });
    }
    if let Some((cut, _)) = figures.char_indices().nth(MAX_AMOUNT) {
        return Err(AmountError::NotANumber(format!("{}…", &figures[..cut])).into());
    }
    let amount = currency.parse_positive(figures)?;
    Memo::check_text(memo)?;
    Ok(Row {
        line,
        payee: payee.to_owned(),
        amount,
        memo: (!memo.is_empty()).then(|| memo.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write as _;

    fn euro() -> Currency {
        Currency::new("EUR", 2).unwrap()
    }

    fn read(text: impl AsRef<[u8]>) -> Vec<Result<Row, RowError>> {
        parse(text.as_ref(), &euro()).unwrap()
    }

    fn row(line: u64, payee: &str, units: i64, memo: Option<&str>) -> Result<Row, RowError> {
        Ok(Row {
            line,
            payee: payee.to_owned(),
            amount: Amount::new(units).unwrap(),
            memo: memo.map(str::to_owned),
        })
    }

    fn bad(line: u64, fault: impl Into<RowFault>) -> Result<Row, RowError> {
        Err(RowError {
            line,
            fault: fault.into(),
        })
    }

    #[test]
    fn rows_with_and_without_memo_read() {
        assert_eq!(
            read(
                "payee,amount,memo\nbob,2.00,milk\ncarol,3,\ndave,0.01,\"a, \"\"b\"\"\nc\"\neve,1,"
            ),
            [
                row(2, "bob", 200, Some("milk")),
                row(3, "carol", 300, None),
                row(4, "dave", 1, Some("a, \"b\"\nc")),
                row(6, "eve", 100, None),
            ]
        );
        assert_eq!(read("payee,amount\nbob,2.00"), [row(2, "bob", 200, None)]);
    }

    #[test]
    fn file_as_a_spreadsheet_writes_it_read() {
        let text = "\u{feff}payee , amount,memo\r\n bob\t, 2.00 , for milk \r\n\r\n  \r\n\u{a0}Ана,3,\u{a0}\r\n";
        assert_eq!(
            read(text),
            [
                row(2, "bob", 200, Some("for milk")),
                row(5, "Ана", 300, None),
            ]
        );
        assert_eq!(
            read("payee,amount\rbob,1\r\rcarol,x\r"),
            [
                row(2, "bob", 100, None),
                bad(4, AmountError::NotANumber("x".to_owned())),
            ]
        );
    }

    #[test]
    fn bad_rows_each_named_in_their_place() {
        let own = str::to_owned;
        let long = "x".repeat(257);
        let digits = "1".repeat(50);
        let number = "5".repeat(65);
        let text = format!(
            "payee,amount,memo\n,1,\nbob,1.5.0,\nbob,0,\nbob,\"1,50\",\nbob,-1,\nbob,0.001,\nbob,1\n\
             bob,1,a,b\nbob,1,{long}\nbob,1,a\u{1b}[2J\nbob,1,\u{202e}a\nbob,,\nbob,{digits},\n{number},1,\n,,\nbob,1,ok\n"
        );
        let fields = |found| RowFault::Fields { found, expected: 3 };
        let control = |found, at| MemoTextError::Control { found, at };
        let precise = AmountError::TooPrecise {
            text: own("0.001"),
            decimals: 2,
            code: own("EUR"),
        };
        assert_eq!(
            read(text),
            [
                bad(2, RowFault::NoPayee),
                bad(3, AmountError::NotANumber(own("1.5.0"))),
                bad(4, AmountError::Zero),
                bad(5, AmountError::Comma(own("1,50"))),
                bad(6, AmountError::Negative(own("-1"))),
                bad(7, precise),
                bad(8, fields(2)),
                bad(9, fields(4)),
                bad(10, MemoTextError::TooLong { bytes: 257 }),
                bad(11, control('\u{1b}', 1)),
                bad(12, control('\u{202e}', 0)),
                bad(13, AmountError::NotANumber(own(""))),
                bad(14, AmountError::NotANumber(format!("{}…", "1".repeat(32)))),
                bad(15, RowFault::LongPayee { characters: 65 }),
                bad(16, RowFault::NoPayee),
                row(17, "bob", 100, Some("ok")),
            ]
        );
    }

    #[test]
    fn decimal_comma_without_quotes_is_a_field_too_many() {
        let rows = read("payee,amount\nbob,1,50");
        let fields = RowFault::Fields {
            found: 3,
            expected: 2,
        };
        assert_eq!(rows, [bad(2, fields)]);
        assert_eq!(
            rows[0].as_ref().unwrap_err().to_string(),
            "line 2: 3 fields, where the header has 2: write text with commas in quotes, and close them"
        );
    }

    #[test]
    fn row_in_another_encoding_refused_and_others_read() {
        let rows = read(b"payee,amount,memo\nJos\xe9,1,\nbob,1,caf\xe9\ncarol,1,\n");
        assert_eq!(
            rows,
            [
                bad(2, RowFault::NotUtf8 { column: "payee" }),
                bad(3, RowFault::NotUtf8 { column: "memo" }),
                row(4, "carol", 100, None),
            ]
        );
    }

    #[test]
    fn two_hundred_rows_with_three_bad_all_reported() {
        let mut text = "payee,amount,memo\n".to_owned();
        for n in 1..=200 {
            let amount = if [7, 100, 200].contains(&n) {
                "?"
            } else {
                "1.25"
            };
            writeln!(text, "member{n},{amount},week {n}").unwrap();
        }
        let rows = read(text);
        assert_eq!(rows.len(), 200);
        let lines: Vec<u64> = rows
            .iter()
            .filter_map(|r| r.as_ref().err().map(|e| e.line))
            .collect();
        assert_eq!(lines, [8, 101, 201]);
        let paid: i64 = rows.iter().flatten().map(|r| r.amount.units()).sum();
        assert_eq!(paid, 197 * 125);
    }

    #[test]
    fn file_without_header_or_payments_refused() {
        for (text, shown) in [
            ("", ""),
            ("\n\n", ""),
            ("bob,1.00\n", "bob,1.00"),
            ("payee\nbob\n", "payee"),
            ("amount,payee\n", "amount,payee"),
            ("Payee,Amount\n", "Payee,Amount"),
            ("payee;amount;memo\n", "payee;amount;memo"),
            ("payee,amount,memo,x\n", "payee,amount,memo,x"),
        ] {
            let error = parse(text.as_bytes(), &euro()).unwrap_err();
            assert!(
                matches!(&error, PaymentFileError::Header { found } if found == shown),
                "{error:?}"
            );
        }
        for text in ["payee,amount", "payee,amount,memo\r\n\r\n"] {
            let error = parse(text.as_bytes(), &euro()).unwrap_err();
            assert!(matches!(error, PaymentFileError::Empty), "{error:?}");
        }
    }

    #[test]
    fn file_with_too_much_refused_and_with_the_most_read() {
        let most = "payee,amount\n".to_owned() + &"bob,1\n".repeat(MAX_ROWS);
        assert_eq!(read(&most).len(), MAX_ROWS);
        assert!(matches!(
            parse((most + "bob,1\n").as_bytes(), &euro()),
            Err(PaymentFileError::TooManyRows)
        ));
        assert!(matches!(
            parse(&vec![b'x'; MAX_BYTES + 1], &euro()),
            Err(PaymentFileError::TooLarge)
        ));
    }

    #[test]
    fn load_reads_files_up_to_the_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("payments.csv");
        let missing = load(&path, &euro()).unwrap_err();
        assert!(matches!(missing, PaymentFileError::File { .. }));
        std::fs::write(&path, "payee,amount\nbob,1\n").unwrap();
        assert_eq!(load(&path, &euro()).unwrap(), [row(2, "bob", 100, None)]);
        std::fs::write(&path, vec![b'\n'; MAX_BYTES + 1]).unwrap();
        let large = load(&path, &euro()).unwrap_err();
        assert!(matches!(large, PaymentFileError::TooLarge));
    }

    proptest! {
        #[test]
        fn rows_written_by_a_csv_writer_are_read_back(
            rows in prop::collection::vec(("[a-z]{1,12}", 1..1_000_000_i64, "[ -~äЖ語\n]{0,40}"), 1..20)
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(COLUMNS).unwrap();
            for (payee, units, memo) in &rows {
                let amount = euro().show(Amount::new(*units).unwrap());
                writer.write_record([payee, &amount, memo]).unwrap();
            }
            let found: Vec<Row> = read(writer.into_inner().unwrap()).into_iter().map(Result::unwrap).collect();
            prop_assert_eq!(found.len(), rows.len());
            let mut line = 2;
            for (row, (payee, units, memo)) in found.iter().zip(&rows) {
                prop_assert_eq!(&row.payee, payee);
                prop_assert_eq!(row.amount.units(), *units);
                prop_assert_eq!(row.memo.as_deref().unwrap_or_default(), memo.trim());
                prop_assert_eq!(row.line, line);
                line += 1 + memo.matches('\n').count() as u64;
            }
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), headed: bool) {
            let head: &[u8] = if headed { b"payee,amount,memo\n" } else { b"" };
            let _ = parse(&[head, &bytes].concat(), &euro());
        }

        #[test]
        fn edited_file_never_panics_and_counts_lines(
            at in any::<prop::sample::Index>(), with in "[\r\n,\"\\PC]{0,4}"
        ) {
            let mut text = "payee,amount,memo\nbob,2.00,\"milk, eggs\"\r\ncarol,3,\n".to_owned();
            let place = at.index(text.len());
            text.replace_range(place..=place, &with);
            if let Ok(rows) = parse(text.as_bytes(), &euro()) {
                let lines: Vec<u64> = rows.iter().map(|r| r.as_ref().map_or_else(|e| e.line, |r| r.line)).collect();
                prop_assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", lines);
            }
        }
    }
}
