//! `lets account set`: what an owner changes in his account.

use lets_protocol::{Amount, OwnerChange, Settings, Spender, claimable, set_account};
use serde::Serialize;

use crate::args::SetArgs;
use crate::commands::pay::claims_line;
use crate::commands::seat::Seat;
use crate::commands::spend::{Spent, whereabouts};
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys::Key;
use crate::output::Report;
use crate::preview::Preview;
use crate::session::Sent;

#[derive(Serialize)]
struct SetJson {
    account: String,
    smallest_direct: String,
    key: Option<String>,
    transactions: Vec<Sent>,
}

pub(super) async fn set(env: &Env<'_>, args: SetArgs) -> Result<Report, CliError> {
    let new_key = match &args.new_key {
        Some(name) => Some(Key::load(&env.home, name)?),
        None => None,
    };
    let Seat {
        key,
        group,
        mut session,
        ground,
        account,
        lock: _lock,
    } = env.seat(&args.own, &args.spend).await?;
    let currency = &group.manifest.currency;
    let smallest = match &args.smallest_direct {
        Some(text) => Some(smallest_direct(&group, text)?),
        None => None,
    };
    let claims = claimable(&account, &ground.notes, 0);
    let wallet = session.wallet(&key.tree()?).await?;
    let spender = Spender {
        claims: &claims,
        funding: Some(&wallet),
        ..Spender::new(&account)
    };
    let change = OwnerChange {
        smallest_direct: smallest,
        key: new_key.as_ref().map(Key::owner),
        refuse_recovery: match (args.refuse_recovery, args.allow_recovery) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
    };
    let trade = set_account(&group.lets, spender, change, ground.params)
        .map_err(|e| CliError::trade(e, currency))?;
    let name = group.name_of(&account);
    let mut preview = Preview::new(format!("Set account {name} in {:?}", group.manifest.name));
    let shown = |settings: &Settings| show_smallest(&group, settings.smallest_direct);
    preview.add(
        "direct payments",
        format!(
            "{} -> {}",
            shown(account.settings()),
            shown(trade.leader.settings())
        ),
    );
    if let Some(new) = &new_key {
        preview.add(
            "owner",
            format!(
                "key {:?} -> key {:?}: from then on only that key can spend it",
                key.name, new.name
            ),
        );
    }
    if args.refuse_recovery {
        preview.add(
            "recovery",
            "refused for good: if you lose this key, nobody can help you",
        );
    }
    if args.allow_recovery {
        preview.add("recovery", "the committee may begin one");
    }
    if !claims.is_empty() {
        preview.add("claims", claims_line(&claims, &group));
    }
    let preview = preview.transactions([&trade.proposal], "the account or the wallet");
    let after = shown(trade.leader.settings());
    let spent = env
        .spend(
            &mut session,
            &args.spend,
            preview,
            &[trade.proposal],
            &[&key],
            |_, _| Ok(()),
        )
        .await?;
    let sent = match spent {
        Spent::Shown(report) => return Ok(report),
        Spent::Sent(sent) => sent,
    };
    let mut text = format!("account {name} accepts direct payments: {after}");
    if let Some(new) = &new_key {
        text.push_str(&format!("; its owner is key {:?}", new.name));
    }
    text.push_str(&format!(
        "\ntransaction  {} ({})",
        String::from(sent[0].id),
        whereabouts(&sent[0])
    ));
    Report::new(
        &SetJson {
            account: account.number().to_string(),
            smallest_direct: after,
            key: new_key.map(|k| k.name),
            transactions: sent,
        },
        text,
    )
}

fn smallest_direct(group: &Group, text: &str) -> Result<i64, CliError> {
    match text {
        "any" => Ok(Settings::ANY_DIRECT),
        "notes" => Ok(Settings::NOTES_ONLY),
        text => match group.manifest.currency.parse(text)? {
            Amount::ZERO => Ok(Settings::NOTES_ONLY),
            amount => Ok(amount.units()),
        },
    }
}

/// "any amount", "5.00 or more", or "none: notes only".
pub(super) fn show_smallest(group: &Group, smallest: i64) -> String {
    match Amount::new(smallest) {
        Ok(amount) if smallest > Settings::ANY_DIRECT => {
            format!("{} or more", group.manifest.currency.show(amount))
        }
        Ok(_) => "any amount".to_owned(),
        Err(_) if smallest < 0 => "any amount".to_owned(),
        Err(_) => "none: notes only".to_owned(),
    }
}
