//! `lets balance`: what an account has, owes and may still spend.

use lets_protocol::{AccountBox, AccountNumber, Height, rules};
use serde::Serialize;

use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::output::Report;
use crate::session::{Seen, View};

#[derive(Serialize)]
struct BalanceJson {
    name: String,
    number: AccountNumber,
    balance: String,
    credit_line: String,
    cap: String,
    can_spend: String,
    can_receive: String,
    erg: String,
    spare_erg: String,
    /// False while the last change waits for a block and can still fail.
    confirmed: bool,
}

pub(super) async fn run(env: &Env<'_>, who: Option<&str>) -> Result<Report, CliError> {
    let (group, session) = env.open().await?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let height = session.height().await?;
    let chosen: Vec<&Seen<AccountBox>> = match who {
        Some(who) => vec![group.resolve(who, &accounts)?],
        None => accounts
            .iter()
            .filter(|a| group.own_key(&a.it).is_some())
            .collect(),
    };
    if chosen.is_empty() {
        let names: Vec<String> = group.own.iter().map(|key| key.name.clone()).collect();
        return Err(match names.is_empty() {
            true => CliError::NoKey {
                folder: env.home.keys(),
            },
            false => CliError::NoAccount {
                key: names.join(", "),
                lets: group.manifest.name.clone(),
            },
        });
    }
    #[derive(Serialize)]
    struct Balances {
        lets: String,
        currency: String,
        accounts: Vec<BalanceJson>,
    }
    let data = Balances {
        lets: group.manifest.name.clone(),
        currency: group.manifest.currency.code().to_owned(),
        accounts: chosen.iter().map(|a| of(&group, a, height)).collect(),
    };
    let text: Vec<String> = data
        .accounts
        .iter()
        .map(|a| {
            let waiting = match a.confirmed {
                true => "",
                false => " (waiting for a block: it can still change)",
            };
            format!(
                "{} ({})\n  balance      {} {}{waiting}\n  credit line  {}\n  cap          {}\n  can spend    {}\n  can receive  {}\n  ERG          {}, of which {} for fees",
                a.name, crate::names::short(&a.number), a.balance, data.currency, a.credit_line, a.cap, a.can_spend, a.can_receive, a.erg, a.spare_erg
            )
        })
        .collect();
    Report::new(&data, text.join("\n"))
}

fn of(group: &Group, account: &Seen<AccountBox>, height: Height) -> BalanceJson {
    let currency = &group.manifest.currency;
    let it = &account.it;
    let room = it.terms().cap.units() - it.balance().units();
    BalanceJson {
        name: group.name_of(it),
        number: it.number(),
        balance: currency.show_balance(it.balance()),
        credit_line: currency.show(it.terms().line),
        cap: currency.show(it.terms().cap),
        can_spend: currency.show(rules::most_payable(
            it,
            lets_protocol::Amount::ZERO,
            height,
            None,
        )),
        can_receive: currency.show(lets_protocol::Amount::clamped(room)),
        erg: it.value().to_string(),
        spare_erg: it.spare_erg().to_string(),
        confirmed: account.confirmed,
    }
}
