//! `lets account hand-over`: an account that was imported from a ledger gets its member's own key.

use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{
    AccountBox, Lets, OwnerChange, Spender, Trade, TradeError, TxParams, set_account,
};
use serde::Serialize;

use crate::args::HandOverArgs;
use crate::ask::PassphraseFiles;
use crate::commands::Env;
use crate::commands::spend::whereabouts;
use crate::error::CliError;
use crate::import::{ImportError, ThrowAwayKeys};
use crate::keys;
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{Sent, View};

pub(super) async fn run(env: &Env<'_>, args: HandOverArgs) -> Result<Report, CliError> {
    let owner = keys::parse_public_key(&args.public_key)?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let path = env
        .home
        .import_keys(&group.manifest.ids.charter_nft.to_string());
    if !path.exists() {
        return Err(ImportError::NoKeys(path).into());
    }
    let params = session.params(args.spend.fee).await?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let account = &group.resolve(&args.who, &accounts)?.it;
    let name = group.name_of(account);
    let trade = give_key(&group.lets, account, owner.into(), params)
        .map_err(|e| CliError::trade(e, &group.manifest.currency))?;
    let preview = Preview::new(format!(
        "Hand account {name} in {:?} over",
        group.manifest.name
    ))
    .line("account", account.number().to_string())
    .line("new owner", args.public_key.clone())
    .line(
        "from then on",
        "only that key can spend it: this home can do nothing for it any more",
    )
    .transactions([&trade.proposal], "the account");
    if let Some(shown) = env.consent(preview, &args.spend)? {
        return Ok(shown);
    }
    let files = PassphraseFiles::new(&args.spend.passphrase.files);
    let throw_away = ThrowAwayKeys::open(path, &files)?;
    let place = throw_away.place_of(account.owner())?;
    let place = place.ok_or_else(|| ImportError::NotThrowAway {
        account: account.number(),
    })?;
    let signer = throw_away.signer(place)?;
    let mut sent = vec![session.send(&trade.proposal, &signer).await?];
    if !args.spend.no_wait {
        env.wait_for_block(&session, &mut sent).await?;
    }
    #[derive(Serialize)]
    struct HandedOver {
        account: String,
        owner: String,
        transactions: Vec<Sent>,
    }
    let text = format!(
        "account {name} is handed over\ntransaction  {} ({})",
        String::from(sent[0].id),
        whereabouts(&sent[0])
    );
    Report::new(
        &HandedOver {
            account: account.number().to_string(),
            owner: args.public_key,
            transactions: sent,
        },
        text,
    )
}

/// The account with another key. Its own ERG pays.
pub(super) fn give_key(
    lets: &Lets,
    account: &AccountBox,
    owner: SigmaProp,
    params: TxParams,
) -> Result<Trade, TradeError> {
    let change = OwnerChange {
        key: Some(owner),
        ..OwnerChange::default()
    };
    set_account(lets, Spender::new(account), change, params)
}
