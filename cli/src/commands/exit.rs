//! `lets exit`: a member closes his account, with leave from nobody.

use lets_protocol::{AtPot, CommonPot, close, exit};
use serde::Serialize;

use crate::args::ExitArgs;
use crate::commands::spend::{Spent, whereabouts};
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys::Key;
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{Sent, Session, View};

/// That the key's account is closed already, as after a run that broke off, if that can be told.
async fn closed(session: &Session, group: &Group, key: &Key) -> Option<CliError> {
    let (owner, wallet) = (key.owner(), key.tree().ok()?);
    let closed = session.closed_account(&group.lets, &owner, &wallet);
    let found = closed.await.ok()??;
    let (number, id) = found.it;
    Some(CliError::Closed {
        number,
        id: String::from(id),
        waiting: !found.confirmed,
    })
}

pub(super) async fn run(env: &Env<'_>, args: ExitArgs) -> Result<Report, CliError> {
    let key = Key::choose(&env.home, args.key.key.as_deref())?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let currency = &group.manifest.currency;
    let params = session.params(args.spend.fee).await?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let account = match group.owned(&key, args.from.as_deref(), &accounts) {
        Ok(account) => &account.it,
        Err(e) => return Err(closed(&session, &group, &key).await.unwrap_or(e)),
    };
    let proposal = match session.pot(&group.lets, View::Pool).await? {
        CommonPot::Committee(pot) => {
            exit(&group.lets, &pot, account, key.tree()?, params)
                .map_err(|e| CliError::exit(e, currency))?
                .0
        }
        CommonPot::Open(pot) => {
            let at = AtPot {
                lets: &group.lets,
                pot: &pot,
                oracle: None,
                params,
            };
            close(at, account, key.tree()?)
                .map_err(|e| CliError::open(e, currency))?
                .0
        }
    };
    let preview = Preview::new(format!("Leave {:?}", group.manifest.name))
        .line(
            "account",
            format!("{} is closed for ever", account.number()),
        )
        .line(
            "back",
            format!(
                "{} less the fee, to the wallet of {:?}",
                account.value(),
                key.name
            ),
        )
        .transactions([&proposal], "the account");
    let number = account.number();
    let spent = env
        .spend(
            &mut session,
            &args.spend,
            preview,
            &[proposal],
            &[&key],
            |_, _| Ok(()),
        )
        .await?;
    let sent = match spent {
        Spent::Shown(report) => return Ok(report),
        Spent::Sent(sent) => sent,
    };
    #[derive(Serialize)]
    struct Left {
        closed: lets_protocol::AccountNumber,
        transactions: Vec<Sent>,
    }
    let text = format!(
        "account {number} is closed\ntransaction  {} ({})",
        String::from(sent[0].id),
        whereabouts(&sent[0])
    );
    let data = Left {
        closed: number,
        transactions: sent,
    };
    Report::new(&data, text)
}
