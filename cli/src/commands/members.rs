//! `lets members`: the ledger that everybody can read.

use lets_protocol::{AccountNumber, Balance, Fault, Standing, Wrong};
use serde::Serialize;

use crate::commands::Env;
use crate::commands::bounds::Announced;
use crate::error::CliError;
use crate::names;
use crate::output::{Report, table};
use crate::session::View;

/// One row of the ledger.
#[derive(Serialize)]
struct MemberJson {
    name: String,
    number: AccountNumber,
    credit_line: String,
    cap: String,
    balance: String,
    /// How much of the line (in debt) or of the cap (in credit) the balance takes, in percent.
    share: Option<i64>,
    confirmed: bool,
}

#[derive(Serialize)]
struct LedgerJson {
    lets: String,
    currency: String,
    accounts: Vec<MemberJson>,
    /// Credit on its way in payment notes.
    in_notes: String,
    sum: String,
    /// The height from which announced rules can be in force.
    other_rules_from: Option<u32>,
    /// What they change.
    other_rules: Vec<String>,
}

pub(super) async fn run(env: &Env<'_>) -> Result<Report, CliError> {
    let (group, session) = env.open_reading().await?;
    let seen = session
        .settled(&group.lets, &group.manifest, View::Pool)
        .await?;
    let books = &seen.present;
    if books.pots.len() != 1 {
        // Without the pot the list proves nothing: asked for alone, its refusal tells why there is none.
        session.pot(&group.lets, View::Pool).await?;
    }
    // What cannot be read has been told of.
    let told = |fault: &&Fault| matches!(fault.wrong, Wrong::Unreadable(_));
    for fault in books.faults.iter().filter(|fault| !told(fault)) {
        let fault = fault.explain(&group.manifest.currency);
        env.out.note(&format!("warning: {fault}"));
    }
    let currency = &group.manifest.currency;
    let charter = session.charter(&group.lets, View::Pool).await?;
    let announced = Announced::of(&charter, currency);
    let mut accounts: Vec<MemberJson> = books
        .accounts
        .iter()
        .map(|a| MemberJson {
            name: group.name_of_standing(a),
            number: a.number,
            credit_line: currency.show(a.terms.line),
            cap: currency.show(a.terms.cap),
            balance: currency.show_balance(a.balance()),
            share: share(a),
            confirmed: seen.confirmed(&a.box_id),
        })
        .collect();
    accounts.sort_by(|a, b| (&a.name, a.number).cmp(&(&b.name, b.number)));
    let data = LedgerJson {
        lets: group.manifest.name.clone(),
        currency: currency.code().to_owned(),
        accounts,
        in_notes: currency.show_balance(Balance::new(books.units_in_notes)),
        sum: currency.show_balance(books.sum()),
        other_rules_from: announced.as_ref().map(|a| a.from.0),
        other_rules: announced
            .as_ref()
            .map_or_else(Vec::new, |a| a.changes.clone()),
    };
    let in_notes = books.units_in_notes != 0;
    drop(seen);
    Report::shown(env.out, data, |data| {
        text(data, in_notes, announced.as_ref())
    })
}

fn text(data: LedgerJson, in_notes: bool, announced: Option<&Announced>) -> String {
    let mut rows: Vec<Vec<String>> = data
        .accounts
        .into_iter()
        .map(|m| {
            vec![
                m.name,
                names::short(&m.number),
                m.credit_line,
                m.cap,
                m.balance,
                m.share.map_or("-".to_owned(), |s| format!("{s}%")),
                match m.confirmed {
                    true => String::new(),
                    false => "waiting for a block".to_owned(),
                },
            ]
        })
        .collect();
    let total = |label: &str, value: &str| {
        let mut row = vec![String::new(); 7];
        row[0] = label.to_owned();
        row[4] = value.to_owned();
        row
    };
    if in_notes {
        rows.push(total("on the way", &data.in_notes));
    }
    rows.push(total("sum", &data.sum));
    let header = [
        "name",
        "account",
        "line",
        "cap",
        &data.currency,
        "share",
        "",
    ];
    let mut text = format!("{}\n\n{}", data.lets, table(&header, rows, &[2, 3, 4, 5]));
    if let Some(announced) = announced {
        text.push_str(&format!("\n\n{}", announced.text()));
    }
    text
}

fn share(account: &Standing) -> Option<i64> {
    let balance = account.balance().units();
    let limit = match balance {
        n if n < 0 => account.terms.line.units(),
        _ => account.terms.cap.units(),
    };
    match (balance, limit) {
        (0, _) => Some(0),
        (_, 0) => None,
        // i128: both are at most 10^12, but a percentage of them need not fit in the way.
        (balance, limit) => {
            i64::try_from(i128::from(balance.unsigned_abs()) * 100 / i128::from(limit)).ok()
        }
    }
}
