//! `lets notes`: payments on their way, to a member and from him.

use lets_protocol::{AccountBox, Blocks, Height, NoteBox, can_claim};
use serde::Serialize;

use crate::args::NotesArgs;
use crate::ask::PassphraseFiles;
use crate::commands::claim::{in_the_way, read_memo};
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys;
use crate::output::{Report, table};
use crate::session::{Seen, View};

#[derive(Serialize)]
struct NotesJson {
    lets: String,
    currency: String,
    height: u32,
    notes: Vec<NoteJson>,
}

#[derive(Serialize)]
struct NoteJson {
    note: String,
    transaction: String,
    /// `in` or `out`.
    way: &'static str,
    from: String,
    to: String,
    amount: String,
    /// `unconfirmed`, `claimable`, `held_back` (cap or class), `waiting`, `expired` or `absorbable`.
    state: &'static str,
    expires: u32,
    why: Option<String>,
    memo: Option<String>,
}

pub(super) async fn run(env: &Env<'_>, args: NotesArgs) -> Result<Report, CliError> {
    let (group, session) = env.open().await?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let height = session.height().await?;
    let chosen: Vec<&AccountBox> = match &args.who {
        Some(who) => vec![&group.resolve(who, &accounts)?.it],
        None => accounts
            .iter()
            .map(|a| &a.it)
            .filter(|a| group.own_key(a).is_some())
            .collect(),
    };
    let unlocked = match args.memos {
        true => {
            let own: Vec<_> = chosen.iter().filter_map(|a| group.own_key(a)).collect();
            keys::unlock(&own, &PassphraseFiles::new(&args.passphrase.files))?.keys
        }
        false => Vec::new(),
    };
    let mut notes = session.notes(&group.lets, View::Pool).await?;
    notes.sort_by_key(|n| (n.it.expiry(), n.it.ergo_box().box_id()));
    let mut listed = Vec::new();
    for note in &notes {
        for account in &chosen {
            let way = match (
                note.it.payee() == Some(account.number()),
                note.it.payer() == account.number(),
            ) {
                (true, _) => "in",
                (_, true) => "out",
                _ => continue,
            };
            listed.push(of(&group, account, note, way, height, &unlocked));
        }
    }
    let currency = &group.manifest.currency;
    let rows: Vec<Vec<String>> = listed.iter().map(|n| row(n, height)).collect();
    let text = match rows.is_empty() {
        true => "no notes".to_owned(),
        false => table(
            &[
                "note",
                "from",
                "to",
                "amount",
                "state",
                "expires in",
                "memo",
            ],
            rows,
            &[3],
        ),
    };
    let data = NotesJson {
        lets: group.manifest.name.clone(),
        currency: currency.code().to_owned(),
        height: height.0,
        notes: listed,
    };
    Report::new(&data, text)
}

fn of(
    group: &Group,
    account: &AccountBox,
    note: &Seen<NoteBox>,
    way: &'static str,
    height: Height,
    keys: &[lets_wallet::UnlockedKeys],
) -> NoteJson {
    let (it, currency) = (&note.it, &group.manifest.currency);
    let held = match way {
        "in" => in_the_way(account, it),
        _ => None,
    };
    let state = match (way, &held) {
        _ if !note.confirmed => "unconfirmed",
        ("in", None) if !can_claim(account, it) => "held_back",
        ("in", None) => "claimable",
        ("in", Some(_)) => "held_back",
        _ if height >= it.expiry().plus(NoteBox::MAX_LIFE) => "absorbable",
        _ if height >= it.expiry() => "expired",
        _ => "waiting",
    };
    NoteJson {
        note: it.ergo_box().box_id().to_string(),
        transaction: String::from(it.ergo_box().transaction_id),
        way,
        from: group.name_by_number(&it.payer()),
        to: match it.payee() {
            Some(payee) => group.name_by_number(&payee),
            None => "its bearer".to_owned(),
        },
        amount: currency.show(it.amount()),
        state,
        expires: it.expiry().0,
        why: held.map(|v| v.explain(currency)),
        memo: read_memo(group, it, keys),
    }
}

fn row(note: &NoteJson, height: Height) -> Vec<String> {
    let left = note.expires.saturating_sub(height.0) / Blocks::PER_DAY;
    vec![
        note.note.chars().take(crate::names::MIN_PREFIX).collect(),
        note.from.clone(),
        note.to.clone(),
        note.amount.clone(),
        note.state.replace('_', " "),
        match note.expires <= height.0 {
            true => "over".to_owned(),
            false => format!("{left} days"),
        },
        note.memo.clone().or(note.why.clone()).unwrap_or_default(),
    ]
}
