//! `lets collateral`: the member of a LETS-1 changes the ERG that backs his line, and the line.

use lets_protocol::{AccountBox, AccountNumber, Mark, NanoErg, Policy, Proposal, adjust};
use serde::Serialize;

use super::{Ground, Stepped, step};
use crate::args::{CollateralArgs, CollateralCommand};
use crate::commands::Env;
use crate::commands::spend::whereabouts;
use crate::error::CliError;
use crate::keys::Key;
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{Sent, View};

/// ERG that stands behind an account's debt: what is there above the policy's floor, but for what pays its fees.
pub(super) fn collateral(policy: &Policy, account: &AccountBox) -> NanoErg {
    let held = account.terms().floor.min(account.value());
    held.minus(policy.floor).unwrap_or_default()
}

pub(in crate::commands) async fn run(
    env: &Env<'_>,
    command: CollateralCommand,
) -> Result<Report, CliError> {
    let (adds, args) = match command {
        CollateralCommand::Add(args) => (true, args),
        CollateralCommand::Remove(args) => (false, args),
    };
    let CollateralArgs {
        erg,
        line,
        own,
        spend: options,
    } = args;
    if erg == NanoErg(0) && line.is_none() {
        return Err(CliError::Arguments(
            "nothing to change: say how much ERG, or --line AMOUNT".to_owned(),
        ));
    }
    let key = Key::choose(&env.home, own.key.key.as_deref())?;
    let _lock = env.lock(&options)?;
    let (group, mut session) = env.open().await?;
    let (lets, currency) = (&group.lets, &group.manifest.currency);
    let wanted_line = line.map(|text| currency.parse(&text)).transpose()?;
    let wallet = key.tree()?;
    let policy = session.open_pot(lets, View::Pool).await?.policy().clone();
    let build = async |session: &crate::session::Session| {
        let ground = Ground::now(session, lets, options.fee).await?;
        let accounts = session.accounts(lets, View::Pool).await?;
        let account = &group.owned(&key, own.from.as_deref(), &accounts)?.it;
        let now = collateral(&policy, account);
        let after = match adds {
            true => now.plus(erg),
            false => now.minus(erg).ok_or_else(|| {
                CliError::Arguments(format!("the collateral is {now}: it cannot be {erg} less"))
            })?,
        };
        let line = wanted_line.unwrap_or(account.terms().line);
        let funding = session.wallet(&wallet).await?;
        let (proposal, _, next) = adjust(ground.at(lets), account, line, after, &funding)
            .map_err(|e| CliError::open(e, currency))?;
        Ok((proposal, (account.clone(), next)))
    };
    let preview = |proposal: &Proposal, (before, after): &(AccountBox, AccountBox)| {
        let lines = [before, after].map(|a| currency.show(a.terms().line));
        let held = [before, after].map(|a| collateral(&policy, a));
        let mut preview = Preview::new(format!(
            "Change the collateral of {} in {:?}",
            group.name_of(before),
            group.manifest.name
        ))
        .line("collateral", format!("{} -> {}", held[0], held[1]))
        .line("line", format!("{} -> {}", lines[0], lines[1]))
        .line(
            "balance",
            format!("stays {}", currency.show_balance(before.balance())),
        );
        match (Mark::of(before.terms()), Mark::of(after.terms())) {
            (Some(_), None) => preview.add("call", "is lifted"),
            (Some(_), Some(_)) => preview.add(
                "call",
                "stays: this is not enough at today's rate, or no rate is known",
            ),
            _ => {}
        }
        preview.transactions([proposal], &format!("the wallet of {:?}", key.name))
    };
    let done = step(
        env,
        &mut session,
        &options,
        &[&key],
        build,
        preview,
        |agreed, now| Mark::of(now.1.terms()).is_some() && Mark::of(agreed.1.terms()).is_none(),
    )
    .await?;
    let (sent, account) = match done {
        Stepped::Shown(report) => return Ok(report),
        Stepped::Sent(sent, (_, account)) => (sent, account),
    };
    #[derive(Serialize)]
    struct Changed {
        number: AccountNumber,
        collateral: String,
        credit_line: String,
        balance: String,
        /// Still called or frozen.
        marked: bool,
        transactions: Vec<Sent>,
    }
    let text = format!(
        "collateral {}, line {}\ntransaction  {} ({})",
        collateral(&policy, &account),
        currency.show(account.terms().line),
        String::from(sent.id),
        whereabouts(&sent)
    );
    let data = Changed {
        number: account.number(),
        collateral: collateral(&policy, &account).to_string(),
        credit_line: currency.show(account.terms().line),
        balance: currency.show_balance(account.balance()),
        marked: Mark::of(account.terms()).is_some(),
        transactions: vec![sent],
    };
    Report::new(&data, text)
}
