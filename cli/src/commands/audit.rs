//! `lets audit`: the LETS recomputed from a node alone, with everything that its committee ever did; `lets stats`: its public
//! figures. Anybody can run both, with no key.

mod opening;

use lets_protocol::{BadDebt, Books, Currency, Deed, Lets, rules, write_off_reason};
use serde::Serialize;

use crate::commands::terms::changes;
use crate::commands::verify::{self, Findings};
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys;
use crate::names;
use crate::output::{Report, table};
use crate::session::{Judged, Past, Session, View};

/// One thing that was done, as a reader sees it.
#[derive(Debug, Serialize)]
struct DeedJson {
    height: u32,
    /// `founded`, `admitted`, `terms_set`, ... or `written_off`.
    deed: &'static str,
    account: Option<String>,
    what: String,
    transaction: String,
}

#[derive(Debug, Serialize)]
struct AccountJson {
    number: String,
    line: String,
    cap: String,
    units: i64,
    balance: String,
    community: bool,
}

/// The LETS's public figures.
#[derive(Debug, Serialize)]
struct Figures {
    members: usize,
    notes: usize,
    units_in_notes: String,
    sum: String,
    lines: String,
    debts: String,
    written_off: String,
    /// Of all debts, what the community's own account owes, in percent.
    bad_debt_percent: String,
}

pub(super) async fn run(env: &Env<'_>) -> Result<Report, CliError> {
    let (group, session) = env.open().await?;
    let mut findings = verify::audit(env, &session, &group.manifest, &group.lets).await?;
    let books = session
        .books(&group.lets, &group.manifest, View::Chain)
        .await?
        .books;
    let history = history(&group, &session, &books, &mut findings).await?;
    let written = written_off(&group, &session, &books).await?;
    let figures = figures(&group, &books, &written);
    let mut deeds = history;
    deeds.extend(written.into_iter().map(|w| w.deed));
    deeds.extend(opening::deeds(&group, &session, &deeds, &mut findings).await?);
    deeds.sort_by_key(|d| d.height);
    if !findings.problems().is_empty() {
        env.out.note(&findings.lines());
        return Err(CliError::Verify {
            problems: findings.problems().to_vec(),
        });
    }
    report(&group, &books, findings, deeds, figures)
}

pub(super) async fn stats(env: &Env<'_>) -> Result<Report, CliError> {
    let (group, session) = env.open().await?;
    let books = session
        .books(&group.lets, &group.manifest, View::Chain)
        .await?
        .books;
    let written = written_off(&group, &session, &books).await?;
    let figures = figures(&group, &books, &written);
    let text = figures.text(group.manifest.currency.code());
    Report::new(&figures, text)
}

impl Figures {
    fn text(&self, code: &str) -> String {
        format!(
            "members       {}\nnotes         {} with {} {code} on their way\nsum           {} {code}\nlines         {} {code} permitted together\ndebts         {} {code}\nwritten off   {} {code}\nbad debt      {} % of all debts is the community's own",
            self.members,
            self.notes,
            self.units_in_notes,
            self.sum,
            self.lines,
            self.debts,
            self.written_off,
            self.bad_debt_percent
        )
    }
}

fn report(
    group: &Group,
    books: &Books,
    findings: Findings,
    deeds: Vec<DeedJson>,
    figures: Figures,
) -> Result<Report, CliError> {
    #[derive(Serialize)]
    struct Audited<'a> {
        lets: &'a str,
        fingerprint: &'a str,
        #[serde(flatten)]
        findings: Findings,
        accounts: Vec<AccountJson>,
        deeds: Vec<DeedJson>,
        figures: Figures,
    }
    let manifest = &group.manifest;
    let currency = &manifest.currency;
    let accounts: Vec<AccountJson> = books
        .accounts
        .iter()
        .map(|a| AccountJson {
            number: a.number().to_string(),
            line: currency.show(a.terms().line),
            cap: currency.show(a.terms().cap),
            units: a.units(),
            balance: currency.show_balance(a.balance()),
            community: rules::check_community(&group.lets, a).is_ok(),
        })
        .collect();
    let rows: Vec<Vec<String>> = books
        .accounts
        .iter()
        .zip(&accounts)
        .map(|(a, json)| {
            vec![
                names::short(&a.number()),
                json.line.clone(),
                json.cap.clone(),
                json.units.to_string(),
                json.balance.clone(),
                match json.community {
                    true => "the community's".to_owned(),
                    false => String::new(),
                },
            ]
        })
        .collect();
    let done: Vec<Vec<String>> = deeds
        .iter()
        .map(|d| {
            vec![
                d.height.to_string(),
                d.what.clone(),
                d.transaction.chars().take(16).collect(),
            ]
        })
        .collect();
    let text = format!(
        "{}\n\n{}\n\n{}\n\n{}\n\n{:?} is sound.",
        findings.lines(),
        table(
            &["account", "line", "cap", "units", "balance", ""],
            &rows,
            &[1, 2, 3, 4]
        ),
        table(&["height", "what was done", "transaction"], &done, &[0]),
        figures.text(currency.code()),
        manifest.name
    );
    Report::new(
        &Audited {
            lets: &manifest.name,
            fingerprint: &manifest.fingerprint,
            findings,
            accounts,
            deeds,
            figures,
        },
        text,
    )
}

/// What was done with pot and charter; what their scripts should not have let pass is a problem. The history must end in the
/// books of now.
async fn history(
    group: &Group,
    session: &Session,
    books: &Books,
    findings: &mut Findings,
) -> Result<Vec<DeedJson>, CliError> {
    let lets: &Lets = &group.lets;
    let mut past: Vec<Past<Judged>> = session.pot_history(lets).await?;
    let pot = past.len();
    past.extend(session.charter_history(lets).await?);
    let mut deeds = Vec::new();
    let mut open = Vec::new();
    for (at, past) in past.into_iter().enumerate() {
        let id = String::from(past.transaction);
        let deed = match past.it {
            Ok(deed) => deed,
            Err(e) => {
                findings.problem(format!("transaction {id} at height {}: {e}", past.height));
                continue;
            }
        };
        match (&deed, deed.account()) {
            (Deed::Admitted { .. }, Some(account)) => open.push(account),
            (Deed::Exited { .. } | Deed::Expelled { .. }, Some(account)) => {
                open.retain(|a| *a != account);
            }
            _ => {}
        }
        // The founding made both: once is enough.
        if at >= pot && deed == Deed::Founded {
            continue;
        }
        deeds.push(DeedJson {
            height: past.height,
            deed: deed.name(),
            account: deed.account().map(|a| a.to_string()),
            what: told(&deed, &group.manifest.currency),
            transaction: id,
        });
    }
    open.sort();
    let mut now: Vec<_> = books.accounts.iter().map(|a| a.number()).collect();
    now.sort();
    findings.check(
        open == now,
        format!(
            "history: every one of {} accounts was admitted by the pot and not closed since",
            now.len()
        ),
        || {
            let strays = now.iter().filter(|n| !open.contains(n)).map(names::short);
            let lost = open.iter().filter(|n| !now.contains(n)).map(names::short);
            format!(
                "history: accounts that the pot never admitted: {:?}; admitted and gone: {:?}",
                strays.collect::<Vec<_>>(),
                lost.collect::<Vec<_>>()
            )
        },
    );
    Ok(deeds)
}

/// A deed in words.
fn told(deed: &Deed, currency: &Currency) -> String {
    let name = deed
        .account()
        .as_ref()
        .map(names::short)
        .unwrap_or_default();
    match deed {
        Deed::Founded => "the LETS was founded".to_owned(),
        Deed::Admitted { terms, .. } => format!(
            "{name} admitted with a line of {} and a cap of {}",
            currency.show(terms.line),
            currency.show(terms.cap)
        ),
        Deed::TermsSet {
            before,
            after,
            balance,
            ..
        } => {
            let changes = changes(before, after, currency);
            match changes.is_empty() {
                true => format!("{name}: terms set to what they were"),
                false => format!(
                    "{name}: {} (balance {})",
                    changes.join(", "),
                    currency.show_balance(*balance)
                ),
            }
        }
        Deed::Exited { .. } => format!("{name} left"),
        Deed::Expelled { .. } => format!("{name} was expelled at balance 0"),
        Deed::RecoveryStarted { from, .. } => format!(
            "recovery of {name} started, from height {from}: the owner can refuse it by any payment"
        ),
        Deed::RecoveryCompleted { .. } => format!("{name} was handed to the heir"),
        Deed::Refreshed => "a box was renewed".to_owned(),
        Deed::Announced { change } => {
            let committee = match keys::committee_size(&change.committee) {
                Some((k, n)) => format!("a committee of {k} of {n}"),
                None => "a committee of an unusual kind".to_owned(),
            };
            format!(
                "other rules announced, from height {}: {committee}, longest line {}, highest cap {}",
                change.announced,
                currency.show(change.bounds.max_line),
                currency.show(change.bounds.max_cap)
            )
        }
        Deed::Cancelled => "the announced rules were withdrawn".to_owned(),
        Deed::Enacted => "the announced rules took effect".to_owned(),
    }
}

struct WrittenOff {
    units: i64,
    deed: DeedJson,
}

/// Debts that the community's account has taken over, with their reasons.
async fn written_off(
    group: &Group,
    session: &Session,
    books: &Books,
) -> Result<Vec<WrittenOff>, CliError> {
    let currency = &group.manifest.currency;
    let mut written = Vec::new();
    for account in &books.accounts {
        if rules::check_community(&group.lets, account).is_err() {
            continue;
        }
        for past in session.paid_by(&group.lets, account.number()).await? {
            let Some(reason) = write_off_reason(&past.it.memo) else {
                continue;
            };
            let debtor = past.it.payee.as_ref();
            written.push(WrittenOff {
                units: past.it.amount.units(),
                deed: DeedJson {
                    height: past.height,
                    deed: "written_off",
                    account: debtor.map(ToString::to_string),
                    what: format!(
                        "{} of the debt of {} written off: {reason}",
                        currency.show(past.it.amount),
                        debtor.map(names::short).unwrap_or_default()
                    ),
                    transaction: String::from(past.transaction),
                },
            });
        }
    }
    Ok(written)
}

fn figures(group: &Group, books: &Books, written: &[WrittenOff]) -> Figures {
    let currency = &group.manifest.currency;
    let debts = BadDebt::of(&group.lets, &books.accounts);
    let share = debts.share();
    let written = written.iter().map(|w| w.units).sum();
    let show = |units| currency.show(lets_protocol::Amount::clamped(units));
    Figures {
        members: books.accounts.len(),
        notes: books.notes.len(),
        units_in_notes: show(books.units_in_notes()),
        sum: currency.show_balance(books.sum()),
        lines: currency.show(debts.lines),
        debts: currency.show(debts.debts),
        written_off: show(written),
        bad_debt_percent: format!("{}.{:02}", share / 100, share % 100),
    }
}
