//! What a command is about to do, as a person reads it before he consents.

use lets_protocol::{NanoErg, Proposal};
use serde::Serialize;

use crate::error::CliError;
use crate::output::Report;

/// A line of a preview: what, and its value.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    label: String,
    value: String,
}

/// One transaction of a preview.
#[derive(Debug, Clone, Serialize)]
struct Planned {
    kind: &'static str,
    id: String,
    fee_nanoerg: u64,
}

/// Title, lines, and the transactions to be signed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Preview {
    dry_run: bool,
    title: String,
    changes: Vec<Line>,
    transactions: Vec<Planned>,
}

impl Preview {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self {
            dry_run: false,
            title: title.into(),
            changes: Vec::new(),
            transactions: Vec::new(),
        }
    }

    pub(crate) fn line(mut self, label: &str, value: impl Into<String>) -> Self {
        self.add(label, value);
        self
    }

    pub(crate) fn add(&mut self, label: &str, value: impl Into<String>) {
        self.changes.push(Line {
            label: label.to_owned(),
            value: value.into(),
        });
    }

    /// The transactions that it takes, and their fees.
    pub(crate) fn transactions<'a>(
        mut self,
        proposals: impl IntoIterator<Item = &'a Proposal>,
        paid_by: &str,
    ) -> Self {
        self.transactions = proposals
            .into_iter()
            .map(|p| Planned {
                kind: p.kind().name(),
                id: String::from(p.tx_id()),
                fee_nanoerg: p.fee().0,
            })
            .collect();
        let sum = NanoErg(self.transactions.iter().map(|t| t.fee_nanoerg).sum());
        let count = match self.transactions.len() {
            1 => "1 transaction".to_owned(),
            n => format!("{n} transactions"),
        };
        self.line("fee", format!("{sum} for {count}, from {paid_by}"))
    }

    /// As text: the title, and one indented line for each part.
    pub(crate) fn text(&self) -> String {
        let width = self.changes.iter().map(|l| l.label.chars().count()).max();
        let width = width.unwrap_or(0);
        let mut text = self.title.clone();
        for line in &self.changes {
            text.push_str(&format!("\n  {:width$}  {}", line.label, line.value));
        }
        text
    }

    /// The result of a dry run.
    pub(crate) fn dry_run(mut self) -> Result<Report, CliError> {
        self.dry_run = true;
        let text = format!("{}\n(dry run: nothing was signed or sent)", self.text());
        Report::new(&self, text)
    }
}
