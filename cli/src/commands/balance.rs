//! `lets balance`: what an account has, owes and may still spend.

use lets_protocol::{AccountBox, AccountNumber, Amount, Height, Mark, NoteBox, claimable, rules};
use serde::Serialize;

use crate::commands::account::show_smallest;
use crate::commands::pay::sum;
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::output::Report;
use crate::session::Seen;

/// The class of no account of an open LETS: there it is 0, or the height at which a lock ends.
const NOBODYS_CLASS: i64 = 1;

#[derive(Serialize)]
struct BalanceJson {
    name: String,
    number: AccountNumber,
    balance: String,
    credit_line: String,
    cap: String,
    /// What waits in notes, in blocks, and can be claimed now.
    claimable: String,
    /// What waits in notes, and the cap or the account's class does not let in now.
    held_back: String,
    /// Notes that wait for a block: they can still fail.
    incoming: String,
    /// The most that can be paid now, all that is claimable claimed in the same transaction.
    can_spend: String,
    can_receive: String,
    /// Which direct payments it accepts.
    direct: String,
    erg: String,
    spare_erg: String,
    /// Why it draws no credit, if its debt was called or the account frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
    /// False while the last change waits for a block and can still fail.
    confirmed: bool,
}

pub(super) async fn run(env: &Env<'_>, who: Option<&str>) -> Result<Report, CliError> {
    let (group, session) = env.open_reading().await?;
    let accounts = group.accounts_meant(&session, who).await?;
    let height = session.height().await?;
    let chosen: Vec<&Seen<AccountBox>> = match who {
        Some(who) => vec![group.resolve(who, &accounts)?],
        None => accounts
            .iter()
            .filter(|a| group.own_key(&a.it).is_some())
            .collect(),
    };
    let numbers: Vec<AccountNumber> = chosen.iter().map(|a| a.it.number()).collect();
    let notes = session.notes_to(&group.lets, &numbers).await?;
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
        accounts: chosen
            .iter()
            .map(|a| of(&group, a, &notes, height))
            .collect(),
    };
    let text: Vec<String> = data
        .accounts
        .iter()
        .map(|a| {
            let waiting = match a.confirmed {
                true => "",
                false => " (waiting for a block: it can still change)",
            };
            let mut lines = vec![
                format!("{} ({})", a.name, crate::names::short(&a.number)),
                format!("  balance      {} {}{waiting}", a.balance, data.currency),
            ];
            let zero = group.manifest.currency.show(Amount::ZERO);
            for (label, value, remark) in [
                (
                    "claimable  ",
                    &a.claimable,
                    "in notes: `lets claim`, or your next payment takes them in",
                ),
                (
                    "held back  ",
                    &a.held_back,
                    "in notes that your cap or class does not let in now: `lets notes`",
                ),
                (
                    "incoming   ",
                    &a.incoming,
                    "in notes that wait for a block: it can still fail",
                ),
            ] {
                if *value != zero {
                    lines.push(format!("  {label}  {value} ({remark})"));
                }
            }
            lines.extend([
                format!("  credit line  {}", a.credit_line),
                format!("  cap          {}", a.cap),
                format!("  can spend    {}", a.can_spend),
                format!("  can receive  {}", a.can_receive),
                format!("  direct       {}", a.direct),
                format!(
                    "  ERG          {}, of which {} for fees",
                    a.erg, a.spare_erg
                ),
            ]);
            lines.extend(a.mark.iter().map(|mark| format!("  no credit    {mark}")));
            lines.join("\n")
        })
        .collect();
    Report::new(&data, text.join("\n"))
}

fn of(
    group: &Group,
    account: &Seen<AccountBox>,
    notes: &[Seen<NoteBox>],
    height: Height,
) -> BalanceJson {
    let currency = &group.manifest.currency;
    let it = &account.it;
    let own = |confirmed: bool| -> Vec<NoteBox> {
        notes
            .iter()
            .filter(|n| n.confirmed == confirmed && n.it.payee() == Some(it.number()))
            .map(|n| n.it.clone())
            .collect()
    };
    let waiting = own(true);
    // A payment makes room below the cap for what it claims: what can be spent counts all that any payment could claim.
    let payable = claimable(it, &waiting, Amount::MAX.units());
    let now = claimable(it, &waiting, 0);
    let held = sum(&waiting).units() - sum(&now).units();
    let mark = match group.manifest.open {
        Some(_) => Mark::of(it.terms()),
        None => None,
    };
    // Whoever is marked may spend credit on nobody.
    let class = mark.map(|_| NOBODYS_CLASS);
    let room = it.terms().cap.units() - it.balance().units();
    BalanceJson {
        name: group.name_of(it),
        number: it.number(),
        balance: currency.show_balance(it.balance()),
        credit_line: currency.show(it.terms().line),
        cap: currency.show(it.terms().cap),
        claimable: currency.show(sum(&now)),
        held_back: currency.show(Amount::clamped(held)),
        incoming: currency.show(sum(&own(false))),
        can_spend: currency.show(rules::most_payable(it, sum(&payable), height, class)),
        can_receive: currency.show(Amount::clamped(room)),
        direct: show_smallest(group, it.settings().smallest_direct),
        erg: it.value().to_string(),
        spare_erg: it.spare_erg().to_string(),
        mark: mark.map(|mark| match mark {
            Mark::Called(at) => format!(
                "the debt was called, from height {at}: `lets collateral add`, or earn it back (`lets health`)"
            ),
            Mark::Frozen => "the oracle was dead: `lets collateral add` when it is back".to_owned(),
        }),
        confirmed: account.confirmed,
    }
}
