//! Comma-separated files as people's spreadsheets write them: byte order mark, blank lines, any line ends.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The file's bytes. Of a file that is longer than `most`, one byte more than that, which shows it.
///
/// # Errors
/// It cannot be opened or read.
pub(crate) fn load(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(most as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The records, each with the line (from 1) on which it begins. Blank lines are passed over.
///
/// # Errors
/// The records cannot be told apart.
pub(crate) fn records(bytes: &[u8]) -> Result<Vec<(u64, ByteRecord)>, csv::Error> {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut lines = Lines::new(bytes);
    let mut records = Vec::new();
    for record in reader.byte_records() {
        let record = record?;
        let line = lines.of(&record);
        if record.len() != 1 || !record[0].trim_ascii().is_empty() {
            records.push((line, record));
        }
    }
    Ok(records)
}

/// Counts lines up to a record: the reader's own count does not see the blank lines that it passes over.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
        }
    }

    /// The line on which the record begins; records must be asked for in their order.
    fn of(&mut self, record: &ByteRecord) -> u64 {
        let start = record
            .position()
            .and_then(|p| usize::try_from(p.byte()).ok())
            .unwrap_or(self.at);
        while let Some(&byte) = self.bytes.get(self.at) {
            let ends =
                byte == b'\n' || (byte == b'\r' && self.bytes.get(self.at + 1) != Some(&b'\n'));
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(ends);
            self.at += 1;
        }
        self.line
    }
}
