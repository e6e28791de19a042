//! `lets buy` and `lets redeem`: units of a LETS-3 for ERG, and back.

use lets_protocol::{AccountNumber, Amount, Exchanged, Proposal, buy, redeem};
use serde::Serialize;

use super::{Ground, Stepped, step};
use crate::args::ExchangeArgs;
use crate::commands::Env;
use crate::commands::spend::whereabouts;
use crate::error::CliError;
use crate::keys::Key;
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{Sent, Session, View};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Buy,
    Redeem,
}

pub(in crate::commands) async fn buy_units(
    env: &Env<'_>,
    args: ExchangeArgs,
) -> Result<Report, CliError> {
    run(env, args, Way::Buy).await
}

pub(in crate::commands) async fn redeem_units(
    env: &Env<'_>,
    args: ExchangeArgs,
) -> Result<Report, CliError> {
    run(env, args, Way::Redeem).await
}

async fn run(env: &Env<'_>, args: ExchangeArgs, way: Way) -> Result<Report, CliError> {
    let options = args.spend;
    let key = Key::choose(&env.home, args.own.key.key.as_deref())?;
    let _lock = env.lock(&options)?;
    let (group, mut session) = env.open().await?;
    let (lets, currency) = (&group.lets, &group.manifest.currency);
    let units: Amount = currency.parse_positive(&args.amount)?;
    let wallet = key.tree()?;
    let build = async |session: &Session| {
        let ground = Ground::now(session, lets, options.fee).await?;
        let accounts = session.accounts(lets, View::Pool).await?;
        let account = &group.owned(&key, args.own.from.as_deref(), &accounts)?.it;
        let funding = session.wallet(&wallet).await?;
        let made = match way {
            Way::Buy => buy(ground.at(lets), account, units, &funding),
            Way::Redeem => redeem(ground.at(lets), account, units, &funding),
        };
        let made = made.map_err(|e| CliError::open(e, currency))?;
        Ok((made.proposal.clone(), made))
    };
    let amount = format!("{} {}", currency.show(units), currency.code());
    let preview = |proposal: &Proposal, made: &Exchanged| {
        let (title, erg) = match way {
            Way::Buy => ("Buy", format!("{} of yours, into the reserve", made.erg)),
            Way::Redeem => (
                "Give back",
                format!("{} out of the reserve, to your wallet", made.erg),
            ),
        };
        Preview::new(format!("{title} {amount} in {:?}", group.manifest.name))
            .line("ERG", erg)
            .line(
                "balance",
                format!("{} then", currency.show_balance(made.account.balance())),
            )
            .transactions([proposal], &format!("the wallet of {:?}", key.name))
    };
    let worse = |agreed: &Exchanged, now: &Exchanged| match way {
        Way::Buy => now.erg > agreed.erg,
        Way::Redeem => now.erg < agreed.erg,
    };
    let done = step(env, &mut session, &options, &[&key], build, preview, worse).await?;
    let (sent, made) = match done {
        Stepped::Shown(report) => return Ok(report),
        Stepped::Sent(sent, made) => (sent, made),
    };
    #[derive(Serialize)]
    struct Done {
        number: AccountNumber,
        amount: String,
        nanoerg: u64,
        balance: String,
        transactions: Vec<Sent>,
    }
    let verb = match way {
        Way::Buy => "bought",
        Way::Redeem => "given back",
    };
    let balance = currency.show_balance(made.account.balance());
    let text = format!(
        "{amount} {verb} for {}; the balance is {balance}\ntransaction  {} ({})",
        made.erg,
        String::from(sent.id),
        whereabouts(&sent)
    );
    let data = Done {
        number: made.account.number(),
        amount: currency.show(units),
        nanoerg: made.erg.0,
        balance,
        transactions: vec![sent],
    };
    Report::new(&data, text)
}
