//! The journal of payments made from this home: what is about to be sent is written down first, so that after a crash, or
//! an answer that never came, it is known what may have been paid, and nothing is paid twice. With memos in clear: on this
//! machine only.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use lets_protocol::AccountNumber;
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::home;
use crate::sealed_memo::random;

/// Format of the file. A file without a line that says it has this one.
const FORMAT: u32 = 1;
/// With so many blocks on it, its own included, a payment is on the chain for good: no reorganisation is taken to go deeper than
/// ten.
pub const DEEP: u32 = 11;

/// One payment of an order, as it was meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The payee's account; none for a paper note.
    pub to: Option<AccountNumber>,
    /// The payee's name here at that time.
    pub name: String,
    /// The amount in the currency's figures.
    pub amount: String,
    /// What it was for.
    pub memo: Option<String>,
    /// The invoice that it pays, by its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<String>,
    /// The payment that it gives back: transaction, colon, output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<String>,
}

/// What was consented to: all of it happens in one transaction, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    /// The LETS, by its unit's token.
    pub lets: String,
    /// The payer's account.
    pub from: AccountNumber,
    /// The currency.
    pub currency: String,
    /// The payments.
    pub items: Vec<Item>,
    /// The payment file that they come from, by the hash of its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The way that was asked for: `direct` or `note`; none is whichever fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<String>,
    /// How long its notes live, in blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life: Option<u32>,
}

/// What happened to a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It was consented to.
    Ordered {
        /// What.
        order: Ordered,
    },
    /// It was signed, and is handed to a node after this line.
    Signed {
        /// The transaction.
        transaction: String,
        /// The payer's account box that it spends.
        spends: String,
        /// The transaction's bytes in hexadecimal, to send the very same again.
        bytes: String,
    },
    /// A node took it.
    Sent {
        /// The transaction.
        transaction: String,
    },
    /// It was seen in a block.
    Included {
        /// The transaction.
        transaction: String,
        /// The block's height.
        height: u32,
    },
    /// It was seen under [`DEEP`] blocks.
    Confirmed {
        /// The transaction.
        transaction: String,
        /// The block's height.
        height: u32,
    },
    /// It was given up: nothing of it can be included any more.
    Failed {
        /// Why.
        why: String,
    },
}

/// A line by which a later format says which it is.
#[derive(Deserialize)]
struct Header {
    format: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Line {
    payment: String,
    time: u64,
    #[serde(flatten)]
    event: Event,
}

/// How far a payment has come, as this machine knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Consented to, and never handed to a node.
    Ordered,
    /// Perhaps handed to a node.
    Signed,
    /// A node took it.
    Sent,
    /// Seen in a block, which a reorganisation can still take back.
    Included,
    /// Seen deep in the chain.
    Confirmed,
    /// Given up.
    Failed,
}

/// A signed transaction of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The transaction.
    pub transaction: String,
    /// The payer's account box that it spends.
    pub spends: String,
    /// Its bytes in hexadecimal.
    pub bytes: String,
}

/// A payment with all that happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its own number, which it keeps however often it is built anew.
    pub id: String,
    /// Seconds since 1970-01-01 UTC, by this machine's clock.
    pub time: u64,
    /// What was consented to.
    pub order: Ordered,
    /// Every transaction that was signed for it, the last one last.
    pub signed: Vec<Signed>,
    /// How far it has come.
    pub status: Status,
    /// The height of its block.
    pub height: Option<u32>,
    /// Why it was given up.
    pub why: Option<String>,
}

impl Payment {
    /// May it be on the chain, or come there?
    pub fn counts(&self) -> bool {
        matches!(
            self.status,
            Status::Signed | Status::Sent | Status::Included | Status::Confirmed
        )
    }

    /// Was it handed to a node, perhaps, and is not known to be on the chain for good?
    pub fn is_open(&self) -> bool {
        self.counts() && self.status != Status::Confirmed
    }

    /// Is this what is known of it already?
    pub fn shows(&self, event: &Event) -> bool {
        match event {
            Event::Sent { .. } => self.status == Status::Sent,
            Event::Included { height, .. } => {
                self.status == Status::Included && self.height == Some(*height)
            }
            _ => false,
        }
    }

    /// The transaction that it came down to.
    pub fn transaction(&self) -> Option<&str> {
        self.signed.last().map(|s| s.transaction.as_str())
    }
}

/// The journal's file.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal in this file.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Writes down an order; returns the payment's number.
    ///
    /// # Errors
    /// [`CliError::File`], [`CliError::Json`], [`CliError::Randomness`].
    pub fn begin(&self, order: Ordered) -> Result<String, CliError> {
        let payment = hex::encode(random::<16>()?);
        self.add(&payment, Event::Ordered { order })?;
        Ok(payment)
    }

    /// Writes down what happened to a payment.
    ///
    /// # Errors
    /// [`CliError::File`], [`CliError::Json`].
    pub fn add(&self, payment: &str, event: Event) -> Result<(), CliError> {
        let line = Line {
            payment: payment.to_owned(),
            time: now(),
            event,
        };
        home::append_line(&self.path, &serde_json::to_string(&line)?)
    }

    /// All payments, oldest first, and how many lines could not be read (a line cut off by a crash, say).
    ///
    /// # Errors
    /// [`CliError::File`]; [`CliError::JournalFormat`] if a later program has written it.
    pub fn load(&self) -> Result<(Vec<Payment>, usize), CliError> {
        let text = home::read(&self.path)?.unwrap_or_default();
        let mut payments: Vec<Payment> = Vec::new();
        let mut lost = 0;
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            match serde_json::from_str::<Line>(line) {
                Ok(line) => lost += usize::from(!apply(&mut payments, line)),
                Err(_) => match serde_json::from_str::<Header>(line) {
                    Ok(Header { format }) if format > FORMAT => {
                        return Err(CliError::JournalFormat {
                            path: self.path.clone(),
                            found: format,
                        });
                    }
                    _ => lost += 1,
                },
            }
        }
        Ok((payments, lost))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// False for an event of a payment whose order is lost.
fn apply(payments: &mut Vec<Payment>, line: Line) -> bool {
    if let Event::Ordered { order } = line.event {
        payments.push(Payment {
            id: line.payment,
            time: line.time,
            order,
            signed: Vec::new(),
            status: Status::Ordered,
            height: None,
            why: None,
        });
        return true;
    }
    let Some(payment) = payments.iter_mut().find(|p| p.id == line.payment) else {
        return false;
    };
    match line.event {
        Event::Ordered { .. } => {}
        Event::Signed {
            transaction,
            spends,
            bytes,
        } => {
            payment.status = Status::Signed;
            payment.signed.push(Signed {
                transaction,
                spends,
                bytes,
            });
        }
        Event::Sent { .. } => payment.status = Status::Sent,
        Event::Included { height, .. } => {
            payment.status = Status::Included;
            payment.height = Some(height);
        }
        Event::Confirmed { height, .. } => {
            payment.status = Status::Confirmed;
            payment.height = Some(height);
        }
        Event::Failed { why } => {
            payment.status = Status::Failed;
            payment.why = Some(why);
        }
    }
    true
}

/// Now, in seconds since 1970-01-01 UTC; 0 if the clock stands before that.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Ordered {
        Ordered {
            lets: "unit".to_owned(),
            from: hex::encode([1; 32]).parse().unwrap(),
            currency: "EUR".to_owned(),
            items: vec![Item {
                to: None,
                name: "bob".to_owned(),
                amount: "2.00".to_owned(),
                memo: Some("milk".to_owned()),
                invoice: None,
                returns: None,
            }],
            file: None,
            way: None,
            life: None,
        }
    }

    /// A power cut can end the file at any byte that was not flushed: what was whole is read, and what comes after it too.
    #[test]
    fn journal_cut_off_at_any_byte_keeps_the_lines_before_and_after() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("payments.jsonl"));
        let payment = journal.begin(order()).unwrap();
        let transaction = || "a".to_owned();
        let events = [
            Event::Signed {
                transaction: transaction(),
                spends: "box".to_owned(),
                bytes: "00".to_owned(),
            },
            Event::Sent {
                transaction: transaction(),
            },
            Event::Included {
                transaction: transaction(),
                height: 7,
            },
            Event::Confirmed {
                transaction: transaction(),
                height: 7,
            },
        ];
        for event in events {
            journal.add(&payment, event).unwrap();
        }
        let whole = std::fs::read_to_string(journal.path()).unwrap();
        let status = [
            Status::Ordered,
            Status::Signed,
            Status::Sent,
            Status::Included,
            Status::Confirmed,
        ];
        for end in 0..=whole.len() {
            let cut = &whole[..end];
            std::fs::write(journal.path(), cut).unwrap();
            journal.begin(order()).unwrap();
            let (payments, lost) = journal.load().unwrap();
            // A line is whole without the character that ends it.
            let lines = cut
                .lines()
                .filter(|l| whole.lines().any(|w| w == *l))
                .count();
            assert_eq!(lost, cut.lines().count() - lines, "{end}");
            let first = payments.iter().find(|p| p.id == payment);
            let expected = lines.checked_sub(1).map(|last| status[last]);
            assert_eq!(first.map(|p| p.status), expected, "{end}");
            assert_eq!(payments.last().unwrap().status, Status::Ordered);
        }
    }

    #[test]
    fn journal_of_a_later_format_refused() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("payments.jsonl"));
        home::append_line(journal.path(), "{\"format\":2}").unwrap();
        assert!(matches!(
            journal.load(),
            Err(CliError::JournalFormat { found: 2, .. })
        ));
    }

    #[test]
    fn journal_events_fold_into_payments_and_damage_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join("payments.jsonl"));
        assert_eq!(journal.load().unwrap(), (Vec::new(), 0));
        let (first, second) = (
            journal.begin(order()).unwrap(),
            journal.begin(order()).unwrap(),
        );
        assert_ne!(first, second);
        let signed = |n: &str| Event::Signed {
            transaction: n.to_owned(),
            spends: "box".to_owned(),
            bytes: "00".to_owned(),
        };
        journal.add(&first, signed("a")).unwrap();
        journal.add(&first, signed("b")).unwrap();
        let included = Event::Included {
            transaction: "b".to_owned(),
            height: 7,
        };
        journal.add(&first, included).unwrap();
        home::append_line(journal.path(), "{\"payment\":\"cut o").unwrap();
        let failed = Event::Failed {
            why: "no".to_owned(),
        };
        journal.add(&second, failed).unwrap();
        journal.add("nobody's", signed("c")).unwrap();
        let (payments, lost) = journal.load().unwrap();
        assert_eq!(lost, 2);
        assert_eq!(payments.len(), 2);
        assert_eq!(payments[0].transaction(), Some("b"));
        assert_eq!(payments[0].height, Some(7));
        assert!(payments[0].counts() && !payments[1].counts());
        assert_eq!(payments[1].why.as_deref(), Some("no"));
        assert_eq!(payments[0].order, order());
    }
}
