//! The one writer: stdout carries the result, stderr everything else. `--json` makes the result one envelope.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the one module that may write to the terminal"
)]

use std::io::{IsTerminal, Write};
use std::time::Duration;

use comfy_table::{CellAlignment, ColumnConstraint, Table, Width, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::CliError;

/// Version of the JSON envelope; it grows when a field changes its meaning or disappears, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// What a command has to say: for people and for programs.
#[derive(Debug)]
pub struct Report {
    data: Box<RawValue>,
    text: String,
}

impl Report {
    /// A result as data (for `--json`) and as text.
    ///
    /// # Errors
    /// [`CliError::Json`] if the data cannot be written as JSON.
    pub fn new(data: &impl Serialize, text: impl Into<String>) -> Result<Self, CliError> {
        Ok(Self {
            data: serde_json::value::to_raw_value(data)?,
            text: text.into(),
        })
    }

    /// The same where either may be very long: of data and text only what this output shows is made.
    ///
    /// # Errors
    /// As [`Report::new`].
    pub fn shown<D: Serialize>(
        out: &Output,
        data: D,
        text: impl FnOnce(D) -> String,
    ) -> Result<Self, CliError> {
        match out.json {
            true => Self::new(&data, String::new()),
            false => Self::new(&(), text(data)),
        }
    }
}

#[derive(Serialize)]
struct Success<'a> {
    schema_version: u32,
    success: bool,
    data: &'a RawValue,
}

#[derive(Serialize)]
struct Failure<'a> {
    schema_version: u32,
    success: bool,
    error: ErrorJson<'a>,
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    kind: &'a str,
    message: String,
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleJson>,
}

/// A rule that stands in the way, as programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleJson {
    /// The rule's name, the same in every version.
    pub rule: &'static str,
    /// The limit in the currency's figures, where it is an amount.
    pub limit: Option<String>,
    /// The most that would pass in the currency's figures, where it is an amount.
    pub most: Option<String>,
}

/// Where a command writes.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// A writer for people, or (`json`) for programs.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the result is one JSON envelope.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person looks at the result: pictures made of text are for him alone.
    pub fn is_terminal(&self) -> bool {
        !self.json && std::io::stdout().is_terminal()
    }

    /// Text as it is, to stdout: help and version.
    pub fn plain(&self, text: &str) {
        write_line(std::io::stdout(), text.trim_end());
    }

    /// The result, to stdout.
    pub fn report(&self, report: &Report) {
        if self.json {
            envelope(&Success {
                schema_version: SCHEMA_VERSION,
                success: true,
                data: &report.data,
            });
        } else {
            self.plain(&report.text);
        }
    }

    /// What went wrong and the next command: to stderr, or with `--json` as an envelope to stdout.
    pub fn error(&self, error: &CliError) {
        if self.json {
            envelope(&Failure {
                schema_version: SCHEMA_VERSION,
                success: false,
                error: ErrorJson {
                    kind: error.kind(),
                    message: error.to_string(),
                    hint: error.hint(),
                    rule: error.rule(),
                },
            });
            return;
        }
        let mut text = match error {
            // The argument parser has its own words, which begin with "error:" and end with a hint.
            CliError::Usage { message } => message.trim_end().to_owned(),
            error => format!("error: {error}"),
        };
        if let Some(hint) = error.hint() {
            text.push_str(&format!("\nhint: {hint}"));
        }
        write_line(std::io::stderr(), &text);
    }

    /// A remark to stderr, which is not part of the result.
    pub fn note(&self, text: &str) {
        write_line(std::io::stderr(), text.trim_end());
    }

    /// Something that turns on stderr until it is dropped; nothing when stderr is no terminal.
    pub fn spinner(&self, text: &str) -> Spinner {
        if !std::io::stderr().is_terminal() {
            return Spinner(None);
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_message(text.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Spinner(Some(bar))
    }
}

/// See [`Output::spinner`].
#[derive(Debug)]
pub struct Spinner(Option<ProgressBar>);

impl Spinner {
    /// Says something else.
    pub fn say(&self, text: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(text.to_owned());
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn envelope(value: &impl Serialize) {
    // Only strings, numbers and already written JSON go in, so this does not fail; an empty line would be no envelope.
    if let Ok(text) = serde_json::to_string(value) {
        write_line(std::io::stdout(), &text);
    }
}

fn write_line(mut to: impl Write, text: &str) {
    // A reader that has gone away (`lets members | head -1`) is no fault.
    let _ = writeln!(to, "{text}").and_then(|()| to.flush());
}

/// As many rows are laid out at once: that takes many times the room of their text.
const ROWS_AT_ONCE: usize = 1_000;

/// Rows under a header, columns by two spaces; the columns named in `right` (from 0) are right-aligned. The rows are gone through
/// twice, for the widths come before the first line: of very many none need be there for longer.
pub fn table<R>(header: &[&str], rows: R, right: &[usize]) -> String
where
    R: IntoIterator<Item = Vec<String>, IntoIter: Clone>,
{
    let rows = rows.into_iter();
    let mut widths = vec![0; header.len()];
    some_at_once(rows.clone(), |some| {
        let mut table = Table::new();
        table.set_header(header.to_vec());
        table.add_rows(some);
        let found = table.column_max_content_widths();
        for (width, found) in widths.iter_mut().zip(found) {
            *width = found.max(*width);
        }
    });
    let mut text = String::new();
    some_at_once(rows, |some| {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if text.is_empty() {
            table.set_header(header.to_vec());
        }
        table.add_rows(some);
        for (index, width) in widths.iter().enumerate() {
            if let Some(column) = table.column_mut(index) {
                column.set_padding((0, 2));
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(
                    width.saturating_add(2),
                )));
                if right.contains(&index) {
                    column.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        for line in table.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    });
    text.truncate(text.trim_end_matches('\n').len());
    text
}

/// Gives the rows by a thousand; also when there is none, once.
fn some_at_once(
    mut rows: impl Iterator<Item = Vec<String>>,
    mut take: impl FnMut(Vec<Vec<String>>),
) {
    loop {
        let some: Vec<_> = rows.by_ref().take(ROWS_AT_ONCE).collect();
        let last = some.len() < ROWS_AT_ONCE;
        take(some);
        if last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_very_many_rows_is_one_table() {
        let row = |n: usize| vec![format!("name {n}"), n.pow(2).to_string()];
        let many = table(&["name", "square"], (0..=ROWS_AT_ONCE).map(row), &[1]);
        let lines: Vec<&str> = many.lines().collect();
        assert_eq!(lines[0], "name        square");
        assert_eq!(lines[1], "name 0           0");
        assert_eq!(lines[1_001], "name 1000  1000000");
        assert_eq!(lines.len(), ROWS_AT_ONCE + 2);
        let exact = table(&["name", "square"], (0..ROWS_AT_ONCE).map(row), &[1]);
        assert_eq!(exact.lines().count(), ROWS_AT_ONCE + 1);
        assert_eq!(table(&["name", "square"], Vec::new(), &[1]), "name  square");
    }
}
