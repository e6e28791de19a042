//! `lets note print` and `lets note redeem`: payments on paper, for people without a device.

use std::path::Path;

use lets_protocol::{Amount, Blocks, Height, NoteBox, Spender, claim, rules};
use lets_wallet::OneTimeKey;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::args::{PrintArgs, RedeemArgs};
use crate::ask::{self, PassphraseFiles};
use crate::commands::pay::order::{How, Item, Laid, Order, Target};
use crate::commands::pay::{Carried, Carrier, paid_by};
use crate::commands::seat::Seat;
use crate::commands::spend::whereabouts;
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::home;
use crate::keys;
use crate::output::Report;
use crate::paper::{BearerUri, NotePage};
use crate::payments::{Journal, now};
use crate::preview::Preview;
use crate::session::{Sent, View};

#[derive(Serialize)]
struct PrintedJson {
    page: String,
    note: String,
    amount: String,
    currency: String,
    expires: u32,
    balance: String,
    transactions: Vec<Sent>,
}

pub(super) async fn print(env: &Env<'_>, args: PrintArgs) -> Result<Report, CliError> {
    let Seat {
        key,
        group,
        mut session,
        ground,
        account: payer,
        lock: _lock,
    } = env.seat(&args.own, &args.spend).await?;
    let payer = &payer;
    let currency = &group.manifest.currency;
    let amount = currency.parse_positive(&args.amount)?;
    if args.out.exists() {
        return Err(CliError::Exists { path: args.out });
    }
    let secret = OneTimeKey::generate()?;
    let order = Order {
        payer: payer.number(),
        items: vec![Item {
            to: Target::Bearer(secret.public_key().clone().into()),
            name: "its bearer".to_owned(),
            amount,
            memo: None,
        }],
        how: How::Note,
        life: args.expires,
        fee: args.spend.fee,
        file: None,
    };
    let wallet = key.tree()?;
    let laid = order
        .lay_out(&session, &group, &ground, Some(&wallet))
        .await?;
    let preview = Preview::new(format!(
        "Print a note of {} {} in {:?}",
        currency.show(amount),
        currency.code(),
        group.manifest.name
    ))
    .line(
        "from",
        format!(
            "{}: {} -> {}",
            group.name_of(payer),
            currency.show_balance(payer.balance()),
            currency.show_balance(laid.trade.leader.balance())
        ),
    )
    .line("page", args.out.display().to_string())
    .transactions([&laid.trade.proposal], &paid_by(&laid, &key));
    if let Some(shown) = env.consent(preview, &args.spend)? {
        return Ok(shown);
    }
    let unlocked = keys::unlock(&[&key], &PassphraseFiles::new(&args.spend.passphrase.files))?;
    let issuer = (group.name_of(payer), payer.number());
    let height = ground.params.height;
    let page = |laid: &Laid| page(&group, &issuer, &laid.trade.notes, &secret, height);
    // The key must be on paper before the money is behind it: without the page it is lost until the expiry.
    home::write_new(&args.out, page(&laid)?.expose_secret())?;
    let note_of = |laid: &Laid| laid.trade.notes.first().map(|n| n.ergo_box().box_id());
    let first = note_of(&laid);
    let carrier = Carrier {
        env,
        group: &group,
        signer: &unlocked.signer,
        wallet,
        journal: Journal::new(env.home.payments()),
        wait: !args.spend.no_wait,
    };
    let Carried { sent, laid } = carrier.carry(&mut session, &order, laid).await?;
    if note_of(&laid) != first {
        home::replace(&args.out, page(&laid)?.expose_secret())?;
    }
    let expiry = laid.trade.notes.first().map_or(height, NoteBox::expiry);
    let balance = currency.show_balance(laid.trade.leader.balance());
    let text = format!(
        "a note of {} {} is on {}: print it, give it away, and delete the file; your balance is {balance}\ntransaction  {} ({})",
        currency.show(amount),
        currency.code(),
        args.out.display(),
        String::from(sent.id),
        whereabouts(&sent)
    );
    Report::new(
        &PrintedJson {
            page: args.out.display().to_string(),
            note: note_of(&laid).map(|id| id.to_string()).unwrap_or_default(),
            amount: currency.show(amount),
            currency: currency.code().to_owned(),
            expires: expiry.0,
            balance,
            transactions: vec![sent],
        },
        text,
    )
}

fn page(
    group: &Group,
    issuer: &(String, lets_protocol::AccountNumber),
    notes: &[NoteBox],
    secret: &OneTimeKey,
    height: Height,
) -> Result<secrecy::SecretString, CliError> {
    let note = notes
        .first()
        .ok_or_else(|| CliError::Nothing("the transaction makes no note".to_owned()))?;
    let uri = BearerUri::new(
        group.lets.ids().unit,
        note.ergo_box().box_id(),
        secret.to_text(),
    )?;
    let page = NotePage {
        lets_name: &group.manifest.name,
        amount: note.amount(),
        currency: &group.manifest.currency,
        issuer_name: &issuer.0,
        issuer: issuer.1,
        expiry: note.expiry(),
        expiry_date: &date_after(Blocks(note.expiry().0.saturating_sub(height.0))),
        uri: &uri,
    };
    Ok(page.svg()?)
}

/// About the date when so many blocks have passed from now on.
fn date_after(blocks: Blocks) -> String {
    const DAY: u64 = 24 * 60 * 60;
    let seconds = u64::from(blocks.0) * DAY / u64::from(Blocks::PER_DAY) + now();
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok());
    time.map_or_else(
        || "unknown".to_owned(),
        |t| t.strftime("%Y-%m-%d").to_string(),
    )
}

#[derive(Serialize)]
struct RedeemedJson {
    note: String,
    from: String,
    amount: String,
    currency: String,
    balance: String,
    transactions: Vec<Sent>,
}

pub(super) async fn redeem(env: &Env<'_>, args: RedeemArgs) -> Result<Report, CliError> {
    let text = match &args.file {
        Some(path) => note_text(path)?,
        None => ask::note_text()?,
    };
    // As it is copied from paper: in several lines.
    let text: String = text
        .expose_secret()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let text = zeroize::Zeroizing::new(text);
    let uri: BearerUri = text.parse()?;
    let secret: OneTimeKey = uri.secret().expose_secret().parse()?;
    let Seat {
        key,
        group,
        mut session,
        ground,
        account,
        lock: _lock,
    } = env.seat(&args.own, &args.spend).await?;
    if uri.lets() != group.lets.ids().unit {
        return Err(CliError::NoteOfAnotherLets {
            lets: group.manifest.name.clone(),
        });
    }
    let currency = &group.manifest.currency;
    // By its key: the page may be older than the box, if its transaction had to be built anew.
    let claimant = secret.public_key().clone().into();
    let is_it = |n: &NoteBox| n.payee().is_none() && *n.claimant() == claimant;
    let found: Vec<NoteBox> = ground.notes.into_iter().filter(is_it).collect();
    if found.is_empty() {
        let pool = session.notes(&group.lets, View::Pool).await?;
        return Err(CliError::NoPaperNote {
            waiting: pool.iter().any(|n| is_it(&n.it)),
        });
    }
    let amount = crate::commands::pay::sum(&found);
    for note in &found {
        rules::check_claim(&account, note).map_err(|v| CliError::rule_broken(v, currency))?;
    }
    let spender = Spender {
        claims: &found,
        ..Spender::new(&account)
    };
    let trade =
        claim(&group.lets, spender, ground.params).map_err(|e| CliError::trade(e, currency))?;
    let issuer = found.first().map(|n| group.name_by_number(&n.payer()));
    let issuer = issuer.unwrap_or_default();
    let balance = currency.show_balance(trade.leader.balance());
    let preview = Preview::new(format!(
        "Redeem a note of {} {} in {:?}",
        currency.show(amount),
        currency.code(),
        group.manifest.name
    ))
    .line("issued by", issuer.clone())
    .line(
        "into",
        format!(
            "{}: {} -> {balance}",
            group.name_of(&account),
            currency.show_balance(account.balance())
        ),
    )
    .transactions([&trade.proposal], "the note's own ERG");
    if let Some(shown) = env.consent(preview, &args.spend)? {
        return Ok(shown);
    }
    let unlocked = keys::unlock(&[&key], &PassphraseFiles::new(&args.spend.passphrase.files))?;
    let signer = unlocked.signer.with_one_time_key(&secret);
    let mut sent = vec![session.send(&trade.proposal, &signer).await?];
    if !args.spend.no_wait {
        env.wait_for_block(&session, &mut sent).await?;
    }
    let shown = |amount: Amount| format!("{} {}", currency.show(amount), currency.code());
    let text = format!(
        "redeemed {} from {issuer}; your balance is {balance}\ntransaction  {} ({})",
        shown(amount),
        String::from(sent[0].id),
        whereabouts(&sent[0])
    );
    let note = found.first().map(|n| n.ergo_box().box_id().to_string());
    Report::new(
        &RedeemedJson {
            note: note.unwrap_or_default(),
            from: issuer,
            amount: currency.show(amount),
            currency: currency.code().to_owned(),
            balance,
            transactions: sent,
        },
        text,
    )
}

fn note_text(path: &Path) -> Result<secrecy::SecretString, CliError> {
    let text = home::read_foreign(path)?.ok_or_else(|| CliError::File {
        doing: "read",
        path: path.to_owned(),
        cause: std::io::ErrorKind::NotFound.into(),
    })?;
    Ok(text.into())
}
