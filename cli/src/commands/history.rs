//! `lets history`, `lets statement`: what happened to an account, from the ledger.

use ergo_lib::chain::transaction::TxId;
use lets_ledger::{Entry, EntryKind, Ledger, PaymentRow, Pick, TxRange};
use lets_protocol::{AccountNumber, Amount, Balance, Paid, write_off_reason};
use lets_wallet::UnlockedKeys;
use serde::Serialize;

use crate::args::{HistoryArgs, StatementArgs, Whose};
use crate::ask::PassphraseFiles;
use crate::commands::claim::memo_of;
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys;
use crate::names::{self, MIN_PREFIX};
use crate::output::{Report, table};

/// One line of a history: a payment, a note taken in, or something else that happened.
#[derive(Debug, Clone, Serialize)]
pub(super) struct LineJson {
    pub(super) height: u32,
    /// By UTC.
    pub(super) time: String,
    pub(super) kind: &'static str,
    pub(super) payer: Option<String>,
    pub(super) payee: Option<String>,
    /// What was paid or taken in; of a settlement, what it changed.
    pub(super) amount: Option<String>,
    /// The balance after the whole transaction.
    pub(super) balance: String,
    pub(super) memo: Option<String>,
    pub(super) confirmations: u32,
    pub(super) transaction: String,
}

/// The history of one account.
#[derive(Serialize)]
struct AccountJson {
    name: String,
    number: AccountNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    opening: Option<String>,
    lines: Vec<LineJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closing: Option<String>,
}

#[derive(Serialize)]
struct HistoryJson {
    lets: String,
    currency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    month: Option<String>,
    accounts: Vec<AccountJson>,
}

/// Makes lines of entries.
pub(super) struct Teller<'a> {
    pub(super) group: &'a Group,
    pub(super) keys: &'a [UnlockedKeys],
    pub(super) tip: u32,
}

pub(super) async fn run(env: &Env<'_>, args: HistoryArgs) -> Result<Report, CliError> {
    let (group, session) = env.open_books().await?;
    let unlocked = unlock(&group, &args.whose)?;
    let Some(ledger) = session.ledger().await? else {
        return Err(CliError::Nothing("there is no ledger".to_owned()));
    };
    let tip = ledger.tip()?.map_or(0, |tip| tip.height);
    let teller = Teller {
        group: &group,
        keys: &unlocked,
        tip,
    };
    let range = TxRange {
        from: match &args.from {
            Some(when) => when_begins(&ledger, when)?.unwrap_or(u32::MAX),
            None => 0,
        },
        to: match &args.to {
            Some(when) => when_ends(&ledger, when)?,
            None => tip,
        },
    };
    let mut accounts = Vec::new();
    for number in meant(&group, &ledger, args.whose.who.as_deref())? {
        accounts.push(AccountJson {
            name: group.name_by_number(&number),
            number,
            opening: None,
            lines: teller.history(&ledger, &number, range)?,
            closing: None,
        });
    }
    let data = HistoryJson {
        lets: group.manifest.name.clone(),
        currency: group.manifest.currency.code().to_owned(),
        month: None,
        accounts,
    };
    let text: Vec<String> = data
        .accounts
        .iter()
        .map(|a| match a.lines.is_empty() {
            true => format!("{}: nothing", a.name),
            false => format!(
                "{} ({})\n{}",
                a.name,
                names::short(&a.number),
                lines(&a.lines)
            ),
        })
        .collect();
    Report::new(&data, text.join("\n\n"))
}

pub(super) async fn statement(env: &Env<'_>, args: StatementArgs) -> Result<Report, CliError> {
    let (group, session) = env.open_books().await?;
    let unlocked = unlock(&group, &args.whose)?;
    let Some(ledger) = session.ledger().await? else {
        return Err(CliError::Nothing("there is no ledger".to_owned()));
    };
    let tip = ledger.tip()?.map_or(0, |tip| tip.height);
    let teller = Teller {
        group: &group,
        keys: &unlocked,
        tip,
    };
    let (begin, end) = month(&args.month)?;
    let range = TxRange {
        from: ledger.height_from(begin)?.unwrap_or(tip + 1),
        to: ledger
            .height_from(end)?
            .map_or(tip, |height| height.saturating_sub(1)),
    };
    let currency = &group.manifest.currency;
    let mut accounts = Vec::new();
    for number in meant(&group, &ledger, args.whose.who.as_deref())? {
        let at = |height: u32| -> Result<String, CliError> {
            let balance = ledger.balance_at(&number, height)?.unwrap_or_default();
            Ok(currency.show_balance(Balance::new(balance)))
        };
        accounts.push(AccountJson {
            name: group.name_by_number(&number),
            number,
            opening: Some(at(range.from.saturating_sub(1))?),
            lines: teller.history(&ledger, &number, range)?,
            closing: Some(at(range.to)?),
        });
    }
    let data = HistoryJson {
        lets: group.manifest.name.clone(),
        currency: currency.code().to_owned(),
        month: Some(args.month.clone()),
        accounts,
    };
    let text = match args.csv {
        true => csv(&data.accounts)?,
        false => printed(&data, &args.month),
    };
    Report::new(&data, text)
}

fn unlock(group: &Group, whose: &Whose) -> Result<Vec<UnlockedKeys>, CliError> {
    match whose.memos {
        true => {
            let own: Vec<_> = group.own.iter().collect();
            Ok(keys::unlock(&own, &PassphraseFiles::new(&whose.passphrase.files))?.keys)
        }
        false => Ok(Vec::new()),
    }
}

/// The accounts that a person means, open or closed: by the address book, by a key on this machine, or by a number.
pub(super) fn meant(
    group: &Group,
    ledger: &Ledger,
    who: Option<&str>,
) -> Result<Vec<AccountNumber>, CliError> {
    let owned = |keys: &[&keys::Key]| -> Result<Vec<AccountNumber>, CliError> {
        let owners: Vec<_> = keys.iter().map(|key| key.owner()).collect();
        let accounts = ledger.accounts(Pick::Owners(&owners))?;
        let own = accounts.iter().filter(|a| group.own_key(a).is_some());
        Ok(own.map(|a| a.number()).collect())
    };
    let Some(who) = who else {
        let all: Vec<&keys::Key> = group.own.iter().collect();
        let found = owned(&all)?;
        return match found.is_empty() {
            true => Err(CliError::NoAccount {
                key: all
                    .iter()
                    .map(|k| k.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
                lets: group.manifest.name.clone(),
            }),
            false => Ok(found),
        };
    };
    if let Some(number) = group.book.get(who) {
        return Ok(vec![number]);
    }
    if let Some(key) = group.own.iter().find(|key| key.name == who) {
        return owned(&[key]);
    }
    let digits = who.to_ascii_lowercase();
    if digits.len() < MIN_PREFIX || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(group.unknown(who));
    }
    let found = ledger.numbers(&digits)?;
    match found.as_slice() {
        [] => Err(group.unknown(who)),
        [_] => Ok(found),
        several => Err(names::NameError::Ambiguous {
            prefix: who.to_owned(),
            count: several.len(),
        }
        .into()),
    }
}

impl Teller<'_> {
    pub(super) fn history(
        &self,
        ledger: &Ledger,
        number: &AccountNumber,
        range: TxRange,
    ) -> Result<Vec<LineJson>, CliError> {
        let entries = ledger.entries(number, range)?;
        Ok(entries.iter().flat_map(|e| self.lines(number, e)).collect())
    }

    fn lines(&self, number: &AccountNumber, entry: &Entry) -> Vec<LineJson> {
        let taken_as = match entry.kind {
            EntryKind::Refunded | EntryKind::Absorbed => entry.kind,
            _ => EntryKind::Claimed,
        };
        let taken = entry.taken.iter().map(|row| (taken_as, row));
        let paid = entry.payments.iter().map(|row| {
            let kind = match (row.paid.payer == Some(*number), row.paid.by_note) {
                _ if row.paid.payer.is_none() => EntryKind::Settled,
                (true, true) => EntryKind::PaidByNote,
                (true, false) if entry.kind == EntryKind::TookOver => EntryKind::TookOver,
                (true, false) => EntryKind::Paid,
                (false, _) if write_off_reason(&row.paid.memo).is_some() => EntryKind::WrittenOff,
                (false, _) => EntryKind::Received,
            };
            (kind, row)
        });
        let lines: Vec<LineJson> = taken
            .chain(paid)
            .map(|(kind, row)| self.payment(entry, kind, row))
            .collect();
        match lines.is_empty() {
            false => lines,
            true => {
                let amount = (entry.change != 0).then(|| {
                    let currency = &self.group.manifest.currency;
                    currency.show_balance(Balance::new(entry.change))
                });
                vec![LineJson {
                    payer: None,
                    payee: None,
                    amount,
                    memo: None,
                    ..self.line(
                        entry.transaction,
                        entry.height,
                        entry.time,
                        entry.kind,
                        entry.balance,
                    )
                }]
            }
        }
    }

    fn line(
        &self,
        transaction: TxId,
        height: u32,
        time: u64,
        kind: EntryKind,
        balance: i64,
    ) -> LineJson {
        LineJson {
            height,
            time: utc(time),
            kind: kind.name(),
            payer: None,
            payee: None,
            amount: None,
            balance: self
                .group
                .manifest
                .currency
                .show_balance(Balance::new(balance)),
            memo: None,
            confirmations: (self.tip + 1).saturating_sub(height),
            transaction: String::from(transaction),
        }
    }

    fn payment(&self, entry: &Entry, kind: EntryKind, row: &PaymentRow) -> LineJson {
        let name = |party: Option<AccountNumber>| party.map(|p| self.group.name_by_number(&p));
        LineJson {
            payer: name(row.paid.payer),
            payee: name(row.paid.payee),
            amount: Some(self.amount(row.paid.amount)),
            memo: self.memo(&row.paid),
            ..self.line(
                entry.transaction,
                entry.height,
                entry.time,
                kind,
                entry.balance,
            )
        }
    }

    pub(super) fn amount(&self, amount: Amount) -> String {
        self.group.manifest.currency.show(amount)
    }

    fn memo(&self, paid: &Paid) -> Option<String> {
        match write_off_reason(&paid.memo) {
            Some(reason) => Some(reason.to_owned()),
            None => memo_of(self.group, paid, self.keys),
        }
    }
}

fn lines(lines: &[LineJson]) -> String {
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|l| {
            vec![
                l.time.clone(),
                l.height.to_string(),
                l.kind.replace('_', " "),
                l.payer.clone().unwrap_or_default(),
                l.payee.clone().unwrap_or_default(),
                l.amount.clone().unwrap_or_default(),
                l.balance.clone(),
                l.confirmations.to_string(),
                l.memo.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table(
        &[
            "time (UTC)",
            "height",
            "what",
            "from",
            "to",
            "amount",
            "balance",
            "blocks",
            "memo",
        ],
        rows,
        &[1, 5, 6, 7],
    )
}

fn printed(data: &HistoryJson, month: &str) -> String {
    let of = |a: &AccountJson| {
        let (opening, closing) = (a.opening.as_deref(), a.closing.as_deref());
        let body = match a.lines.is_empty() {
            true => "nothing happened".to_owned(),
            false => lines(&a.lines),
        };
        format!(
            "{} ({}): statement of {month}\nopening balance  {} {code}\n\n{body}\n\nclosing balance  {} {code}",
            a.name,
            names::short(&a.number),
            opening.unwrap_or_default(),
            closing.unwrap_or_default(),
            code = data.currency
        )
    };
    data.accounts
        .iter()
        .map(of)
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn csv(accounts: &[AccountJson]) -> Result<String, CliError> {
    let fault = |e: csv::Error| CliError::Nothing(format!("the CSV cannot be written: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record([
            "account",
            "time",
            "height",
            "kind",
            "payer",
            "payee",
            "amount",
            "balance",
            "memo",
            "transaction",
        ])
        .map_err(fault)?;
    for a in accounts {
        let mut row = |cells: [&str; 9]| {
            let cells = std::iter::once(a.name.as_str()).chain(cells).map(harmless);
            writer.write_record(cells).map_err(fault)
        };
        let balance = |of: &Option<String>| of.clone().unwrap_or_default();
        row(["", "", "opening", "", "", "", &balance(&a.opening), "", ""])?;
        for l in &a.lines {
            row([
                &l.time,
                &l.height.to_string(),
                l.kind,
                l.payer.as_deref().unwrap_or_default(),
                l.payee.as_deref().unwrap_or_default(),
                l.amount.as_deref().unwrap_or_default(),
                &l.balance,
                l.memo.as_deref().unwrap_or_default(),
                &l.transaction,
            ])?;
        }
        row(["", "", "closing", "", "", "", &balance(&a.closing), "", ""])?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| fault(e.into_error().into()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A cell that no spreadsheet takes for a formula: others write memos and names.
fn harmless(cell: &str) -> String {
    let number = cell
        .get(1..)
        .is_some_and(|rest| rest.parse::<f64>().is_ok());
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !number {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

/// A block's time, to the second.
pub(super) fn utc(milliseconds: u64) -> String {
    let time = i64::try_from(milliseconds / 1_000)
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok());
    time.map_or_else(String::new, |t| t.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn day(text: &str) -> Result<jiff::civil::Date, CliError> {
    text.parse().map_err(|_| {
        CliError::Arguments(format!(
            "{text:?} is no height and no day: write it like 2026-11-05"
        ))
    })
}

/// Midnight UTC in milliseconds since 1970.
fn midnight(day: jiff::civil::Date) -> Result<i64, CliError> {
    let zoned = day.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
    zoned
        .map(|z| z.timestamp().as_millisecond())
        .map_err(|e| CliError::Arguments(format!("{day} is no day of the calendar: {e}")))
}

fn when_begins(ledger: &Ledger, when: &str) -> Result<Option<u32>, CliError> {
    match when.parse() {
        Ok(height) => Ok(Some(height)),
        Err(_) => Ok(ledger.height_from(midnight(day(when)?)?)?),
    }
}

fn when_ends(ledger: &Ledger, when: &str) -> Result<u32, CliError> {
    if let Ok(height) = when.parse() {
        return Ok(height);
    }
    let next = day(when)?.tomorrow();
    let next = next.map_err(|e| CliError::Arguments(format!("{when} is too late a day: {e}")))?;
    let after = ledger.height_from(midnight(next)?)?;
    Ok(after.map_or(u32::MAX, |height| height.saturating_sub(1)))
}

/// The first millisecond of a month, and that of the next one.
fn month(text: &str) -> Result<(i64, i64), CliError> {
    let fault = || CliError::Arguments(format!("{text:?} is no month: write it like 2026-11"));
    let first: jiff::civil::Date = format!("{text}-01").parse().map_err(|_| fault())?;
    let next = first.last_of_month().tomorrow().map_err(|_| fault())?;
    Ok((midnight(first)?, midnight(next)?))
}
