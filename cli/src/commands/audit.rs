//! `lets audit`: the LETS recomputed from a node alone, with everything that its committee ever did. Anybody can run it, with no
//! key.

mod opening;

use ergo_lib::chain::transaction::TxId;
use ergo_node_client::NodeError;
use lets_protocol::{
    AccountNumber, BadDebt, Currency, Deed, Done, Genesis, Lets, Mark, Paid, Present, Replay,
    Standing, Terms, Told, payments_in, write_off_reason,
};
use serde::Serialize;

use crate::commands::terms::changes;
use crate::commands::verify::{self, Findings};
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys;
use crate::names;
use crate::output::{Report, table};
use crate::session::{History, Past, Session, View};

use opening::Openings;

/// One thing that was done, as a reader sees it.
#[derive(Debug, Serialize)]
struct DeedJson {
    height: u32,
    /// `founded`, `admitted`, `terms_set`, ... or `written_off`.
    deed: &'static str,
    account: Option<AccountNumber>,
    what: String,
    transaction: TxId,
}

#[derive(Debug, Serialize)]
struct AccountJson {
    number: AccountNumber,
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

/// How often everything is read anew because a block came meanwhile.
const MOST_READINGS: usize = 10;

pub(super) async fn run(env: &Env<'_>) -> Result<Report, CliError> {
    let (group, session) = env.open().await?;
    let spinner = env.out.spinner("judging every transaction again");
    let genesis = Genesis {
        transactions: group.manifest.founding.transactions,
        memberships: group.manifest.supply.memberships,
        units: group.manifest.supply.units,
    };
    let Reading {
        mut findings,
        present,
        whole,
        history,
    } = match read(&group, &session, &genesis).await {
        Err(e) => past_ledger(&group, &session, e).await?,
        read => read?,
    };
    let chain = session.client().state_context().await?;
    let mut replay = Replay::new(&group.lets, genesis, chain);
    let mut written = Vec::new();
    let mut openings = Openings::default();
    let note = |told: &Told| {
        written.extend(write_offs(&group.lets, told));
        openings.see(&group.lets, told);
    };
    session
        .replay(&group.lets, &history, &mut replay, note)
        .await?;
    let (replayed, applications) = match whole {
        true => {
            let replayed = replay.finish(present.ids.iter().copied());
            (replayed, session.applications(&group.lets).await?)
        }
        false => (replay.end(), Vec::new()),
    };
    drop(spinner);

    let currency = &group.manifest.currency;
    for fault in &replayed.faults {
        findings.problem(fault.explain(currency));
    }
    findings.checks.push(format!(
        "history: {} transactions judged again, in them {} scripts of this LETS",
        replayed.transactions, replayed.scripts
    ));
    let odd = replayed.oddities.iter().map(ToString::to_string);
    findings.warnings.extend(odd);
    let height = session.height().await?;
    let expired = applications
        .iter()
        .filter(|a| a.it.expiry() < height)
        .count();
    if expired > 0 {
        findings.warnings.push(format!(
            "{expired} applications have expired: whoever made them can take his ERG back"
        ));
    }

    let deeds = replayed.deeds.into_iter();
    let mut deeds: Vec<DeedJson> = deeds.map(|done| deed_json(&done, currency)).collect();
    let community = |past: &Past<Paid>| {
        let mut accounts = present.accounts.iter();
        accounts.any(|a| Some(a.number) == past.it.payer && a.community)
    };
    let written: Vec<WrittenOff> = written
        .into_iter()
        .filter(community)
        .filter_map(|past| written_off_by(past, currency))
        .collect();
    let figures = (present.pots.len() == 1).then(|| figures(&group, &present, &written));
    deeds.extend(written.into_iter().map(|w| w.deed));
    deeds.extend(openings.deeds(&group.manifest.currency, &mut findings));
    deeds.sort_by_key(|d| d.height);
    let accounts = present.accounts.iter();
    let accounts: Vec<AccountJson> = accounts.map(|a| account_json(a, currency)).collect();
    drop(present);
    match figures {
        Some(figures) if findings.problems().is_empty() => {
            let manifest = &group.manifest;
            let audited = Audited {
                lets: &manifest.name,
                fingerprint: &manifest.fingerprint,
                findings,
                accounts,
                deeds,
                figures,
            };
            Report::shown(env.out, audited, |it| {
                let text = text(&it.findings, &it.accounts, &it.deeds);
                let figures = it.figures.text(currency.code());
                format!("{text}\n\n{figures}\n\n{:?} is sound.", it.lets)
            })
        }
        figures => {
            let mut text = text(&findings, &accounts, &deeds);
            if let Some(figures) = figures {
                text.push_str("\n\n");
                text.push_str(&figures.text(currency.code()));
            }
            verify::fail(env, &text, findings)
        }
    }
}

/// What is to be judged.
struct Reading {
    findings: Findings,
    present: Present,
    /// Whether the present is all that the chain has now.
    whole: bool,
    history: History,
}

/// The present, and the history that led to it, as of one block.
async fn read(group: &Group, session: &Session, genesis: &Genesis) -> Result<Reading, CliError> {
    let mut readings = 0;
    loop {
        let before = session.seen_height().await?;
        let seen = session.present(&group.lets, View::Chain).await;
        let present = seen.map(|seen| seen.present);
        let (findings, present) =
            verify::inspect(session, &group.manifest, &group.lets, present).await?;
        let founded = group.manifest.founding.height;
        let history = session.history_of(&group.lets, genesis, founded).await?;
        readings += 1;
        if session.seen_height().await? == before || readings == MOST_READINGS {
            return Ok(Reading {
                findings,
                present,
                whole: true,
                history,
            });
        }
    }
}

/// Without the index, a ledger cannot go past a transaction that cannot be read, so what there is now is not known. The history
/// is judged all the same, for whoever audits wants to know of everything that is wrong.
async fn past_ledger(
    group: &Group,
    session: &Session,
    error: CliError,
) -> Result<Reading, CliError> {
    let unread = match &error {
        CliError::Node(e) => match e.as_ref() {
            NodeError::Malformed { what, why, .. } => Some(format!(
                "the ledger ends before {what}, of which the node does not say the truth, or what this program cannot read: {why}"
            )),
            _ => None,
        },
        _ => None,
    };
    let index = session.client().indexed_height().await;
    match (unread, index) {
        (Some(problem), Err(NodeError::NotIndexed { .. })) => {
            let mut findings = Findings::default();
            findings.problem(problem);
            let founded = group.manifest.founding.height;
            Ok(Reading {
                findings,
                present: Present::default(),
                whole: false,
                history: History::Blocks {
                    from: founded.0.max(1),
                    to: session.height().await?.0,
                },
            })
        }
        _ => Err(error),
    }
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

fn account_json(account: &Standing, currency: &Currency) -> AccountJson {
    AccountJson {
        number: account.number,
        line: currency.show(account.terms.line),
        cap: currency.show(account.terms.cap),
        units: account.units,
        balance: currency.show_balance(account.balance()),
        community: account.community,
    }
}

/// Everything but figures and verdict.
fn text(findings: &Findings, accounts: &[AccountJson], deeds: &[DeedJson]) -> String {
    let rows = accounts.iter().map(|a| {
        vec![
            names::short(&a.number),
            a.line.clone(),
            a.cap.clone(),
            a.units.to_string(),
            a.balance.clone(),
            match a.community {
                true => "the community's".to_owned(),
                false => String::new(),
            },
        ]
    });
    let done = deeds.iter().map(|d| {
        let transaction = String::from(d.transaction);
        vec![
            d.height.to_string(),
            d.what.clone(),
            transaction.chars().take(16).collect(),
        ]
    });
    let parts = [
        findings.lines(),
        table(
            &["account", "line", "cap", "units", "balance", ""],
            rows,
            &[1, 2, 3, 4],
        ),
        table(&["height", "what was done", "transaction"], done, &[0]),
    ];
    parts.join("\n\n")
}

fn deed_json(done: &Done, currency: &Currency) -> DeedJson {
    DeedJson {
        height: done.height.0,
        deed: done.deed.name(),
        account: done.deed.account(),
        what: told(&done.deed, currency),
        transaction: done.transaction,
    }
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
        Deed::Joined { terms, balance, .. } => format!(
            "{name} joined with a line of {} and {}",
            currency.show(terms.line),
            currency.show_balance(*balance)
        ),
        Deed::Adjusted {
            before,
            after,
            balance,
            ..
        } => {
            let unmarked = |terms: &Terms| Terms {
                spend_on: Vec::new(),
                ..terms.clone()
            };
            let mut what = changes(&unmarked(before), &unmarked(after), currency);
            if Mark::of(before).is_some() && Mark::of(after).is_none() {
                what.push("no longer called or frozen".to_owned());
            }
            format!(
                "{name} changed collateral and line: {} (balance {})",
                what.join(", "),
                currency.show_balance(*balance)
            )
        }
        Deed::Called { mark, .. } => match mark {
            Mark::Called(from) => format!("the debt of {name} was called, from height {from}"),
            Mark::Frozen => format!("{name} was frozen: the oracle was dead"),
        },
        Deed::Liquidated { units, taken, .. } => format!(
            "{} of the debt of {name} was paid for {taken} of its collateral",
            currency.show(*units)
        ),
        Deed::Bought { units, erg, .. } => {
            format!("{name} bought {} for {erg}", currency.show(*units))
        }
        Deed::Redeemed { units, erg, .. } => {
            format!("{name} gave {} back for {erg}", currency.show(*units))
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

/// The payments of a transaction that say that they write a debt off.
fn write_offs(lets: &Lets, told: &Told) -> Vec<Past<Paid>> {
    let tx = &told.transaction;
    payments_in(lets, tx, &told.inputs, tx.outputs.as_slice())
        .into_iter()
        .filter(|paid| write_off_reason(&paid.memo).is_some())
        .map(|it| Past {
            transaction: tx.id(),
            height: told.height.0,
            it,
        })
        .collect()
}

/// `None` if the payment wrote nothing off.
fn written_off_by(past: Past<Paid>, currency: &Currency) -> Option<WrittenOff> {
    let reason = write_off_reason(&past.it.memo)?;
    let debtor = past.it.payee.as_ref();
    Some(WrittenOff {
        units: past.it.amount.units(),
        deed: DeedJson {
            height: past.height,
            deed: "written_off",
            account: debtor.copied(),
            what: format!(
                "{} of the debt of {} written off: {reason}",
                currency.show(past.it.amount),
                debtor.map(names::short).unwrap_or_default()
            ),
            transaction: past.transaction,
        },
    })
}

fn figures(group: &Group, present: &Present, written: &[WrittenOff]) -> Figures {
    let currency = &group.manifest.currency;
    let accounts = present.accounts.iter();
    let debts = accounts.fold(BadDebt::default(), |sum, a| {
        sum.with(a.balance(), a.terms.line, a.community)
    });
    let share = debts.share();
    let written = written.iter().map(|w| w.units).sum();
    let show = |units| currency.show(lets_protocol::Amount::clamped(units));
    Figures {
        members: present.accounts.len(),
        notes: present.notes,
        units_in_notes: show(present.units_in_notes),
        sum: currency.show_balance(present.sum()),
        lines: currency.show(debts.lines),
        debts: currency.show(debts.debts),
        written_off: show(written),
        bad_debt_percent: format!("{}.{:02}", share / 100, share % 100),
    }
}
