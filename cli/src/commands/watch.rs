//! `lets watch`: payments, claims and what the committee does, told as blocks bring them.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use lets_ledger::{Ledger, TxRange};
use lets_protocol::AccountNumber;
use serde::Serialize;

use crate::args::WatchArgs;
use crate::commands::history::{LineJson, Teller, meant};
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::session::Followed;

/// Pause between two looks: a block takes about two minutes.
const PAUSE: Duration = Duration::from_secs(2);

/// Something that happened. Each is told once, in the chain's order; after a reorganisation what is still true is told again.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    /// Something happened to an account: `kind` as in `lets history`.
    Account {
        account: String,
        #[serde(flatten)]
        line: LineJson,
    },
    /// A note was made that the account can claim.
    Note {
        account: String,
        payer: Option<String>,
        amount: String,
        height: u32,
        transaction: String,
    },
    /// The committee, or anybody, did something with pot or charter.
    Deed {
        deed: String,
        account: Option<String>,
        height: u32,
        transaction: String,
    },
    /// The chain was reorganised: so many blocks are no longer true.
    Reorganised { blocks: u32, height: u32 },
}

pub(super) async fn run(env: &Env<'_>, args: WatchArgs) -> Result<(), CliError> {
    let (group, session) = env.open().await?;
    let plan = env.plan(Some((&group.manifest, &group.lets)))?;
    let (kept, _) = plan.begin(session.client(), false).await?;
    let mut next = args.from;
    loop {
        let (ledger, followed) = kept.follow(session.client()).await?;
        let tip = ledger.tip()?.map_or(0, |tip| tip.height);
        let from = *next.get_or_insert(tip + 1);
        let from = from.min(fork(tip, followed).unwrap_or(from));
        let last = args.to.map_or(tip, |to| to.min(tip));
        let mut events = Vec::new();
        if followed.taken_back > 0 {
            events.push(Event::Reorganised {
                blocks: followed.taken_back,
                height: from,
            });
        }
        if from <= last {
            let range = TxRange { from, to: last };
            events.extend(in_range(&group, &ledger, args.who.as_deref(), range, tip)?);
            next = Some(last + 1);
        }
        drop(ledger);
        for event in &events {
            tell(env, event, args.exec.as_deref())?;
        }
        if args.to.is_some_and(|to| last >= to) {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The first height that is not as it was.
fn fork(tip: u32, followed: Followed) -> Option<u32> {
    (followed.taken_back > 0).then(|| (tip + 1).saturating_sub(followed.blocks))
}

fn in_range(
    group: &Group,
    ledger: &Ledger,
    who: Option<&str>,
    range: TxRange,
    tip: u32,
) -> Result<Vec<Event>, CliError> {
    // Anew each time: an account may have been opened meanwhile.
    let accounts = match meant(group, ledger, who) {
        Err(CliError::NoAccount { .. }) => Vec::new(),
        other => other?,
    };
    let name = |number: &AccountNumber| group.name_by_number(number);
    let teller = Teller {
        group,
        keys: &[],
        tip,
    };
    let mut events = Vec::new();
    for number in &accounts {
        let lines = teller.history(ledger, number, range)?;
        events.extend(lines.into_iter().map(|line| {
            let account = name(number);
            (line.height, Event::Account { account, line })
        }));
    }
    for row in ledger
        .payments(range)?
        .into_iter()
        .filter(|r| r.paid.by_note)
    {
        let Some(payee) = row.paid.payee.filter(|payee| accounts.contains(payee)) else {
            continue;
        };
        let note = Event::Note {
            account: name(&payee),
            payer: row.paid.payer.as_ref().map(name),
            amount: teller.amount(row.paid.amount),
            height: row.height,
            transaction: String::from(row.paid.transaction),
        };
        events.push((row.height, note));
    }
    let mut deeds = ledger.deeds(range)?;
    // The founding makes pot and charter: one deed, told once.
    deeds.dedup_by(|next, last| next.transaction == last.transaction && next.deed == last.deed);
    for row in deeds {
        let deed = Event::Deed {
            deed: row.deed,
            account: row.account.as_ref().map(name),
            height: row.height,
            transaction: String::from(row.transaction),
        };
        events.push((row.height, deed));
    }
    events.sort_by_key(|(height, _)| *height);
    Ok(events.into_iter().map(|(_, event)| event).collect())
}

fn tell(env: &Env<'_>, event: &Event, hook: Option<&str>) -> Result<(), CliError> {
    let json = serde_json::to_string(event)?;
    match env.out.is_json() {
        true => env.out.plain(&json),
        false => env.out.plain(&words(event)),
    }
    match hook {
        Some(hook) => run_hook(env, hook, &json),
        None => Ok(()),
    }
}

fn words(event: &Event) -> String {
    match event {
        Event::Account { account, line } => {
            let way = match (&line.payer, &line.payee) {
                (Some(payer), Some(payee)) => format!(" from {payer} to {payee}"),
                (Some(payer), None) => format!(" from {payer}"),
                _ => String::new(),
            };
            let amount = line.amount.as_deref().map(|a| format!(" {a}"));
            format!(
                "{} {account}: {}{}{way}, balance {}",
                line.height,
                line.kind.replace('_', " "),
                amount.unwrap_or_default(),
                line.balance
            )
        }
        Event::Note {
            account,
            payer,
            amount,
            height,
            ..
        } => format!(
            "{height} {account}: a note of {amount} from {}: `lets claim` takes it in",
            payer.as_deref().unwrap_or("somebody")
        ),
        Event::Deed {
            deed,
            account,
            height,
            ..
        } => format!(
            "{height} {} {}",
            deed.replace('_', " "),
            account.as_deref().unwrap_or_default()
        ),
        Event::Reorganised { blocks, height } => {
            format!("{height} the chain has changed: {blocks} blocks are no longer true")
        }
    }
}

/// A hook that fails is told of and stops nothing.
fn run_hook(env: &Env<'_>, hook: &str, json: &str) -> Result<(), CliError> {
    let fault = |cause| CliError::Hook {
        command: hook.to_owned(),
        cause,
    };
    let mut command = match cfg!(windows) {
        true => Command::new("cmd"),
        false => Command::new("sh"),
    };
    let flag = if cfg!(windows) { "/C" } else { "-c" };
    let mut child = command
        .args([flag, hook])
        .stdin(Stdio::piped())
        // What the hook prints is no event.
        .stdout(Stdio::null())
        .spawn()
        .map_err(fault)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A hook that does not read is no fault.
        let _ = writeln!(stdin, "{json}");
    }
    let status = child.wait().map_err(fault)?;
    if !status.success() {
        env.out.note(&format!("note: the hook ended with {status}"));
    }
    Ok(())
}
