//! `lets pay`: one payment, an invoice, or a file of payments.

mod carry;
mod file;
pub(super) mod order;
mod record;

use lets_protocol::{Amount, Balance, NoteBox, Reference};
use serde::Serialize;

use crate::args::{PayArgs, Spend};
use crate::ask::PassphraseFiles;
use crate::commands::seat::Seat;
use crate::commands::spend::whereabouts;
use crate::commands::{Env, Group, invoice};
use crate::error::CliError;
use crate::keys::{self, Key};
use crate::output::Report;
use crate::payments::Journal;
use crate::preview::Preview;
use crate::session::Sent;
use order::{Ground, Item, Laid, Order, Target, memo};

pub(super) use carry::{Carried, Carrier};
pub(super) use record::{look_back, payments, retry};

#[derive(Serialize)]
struct PaidJson {
    to: String,
    amount: String,
    currency: String,
    balance: String,
    memo: Option<String>,
    /// `direct` or `note`.
    by: &'static str,
    /// What was claimed in the same transaction.
    claimed: String,
    transactions: Vec<Sent>,
}

pub(super) async fn run(env: &Env<'_>, args: PayArgs) -> Result<Report, CliError> {
    let who = args.who.as_deref().unwrap_or_default();
    if args.file.is_none() && args.amount.is_none() && !invoice::looks_like(who) {
        return Err(CliError::Arguments(
            "say how much: `lets pay NAME AMOUNT`".to_owned(),
        ));
    }
    let mut seat = env.seat(&args.own, &args.spend).await?;
    if let Some(path) = &args.file {
        return file::run(env, &args, path, seat).await;
    }
    let item = match invoice::looks_like(who) {
        true => invoice::to_pay(env, &seat, who, &args).await?,
        false => plain(&seat.group, &seat.ground, who, &args)?,
    };
    let payer = seat.account.number();
    let order = Order::of(payer, vec![item], &args.way, args.spend.fee);
    pay_one(env, &mut seat, order, &args.spend).await
}

fn plain(group: &Group, ground: &Ground, who: &str, args: &PayArgs) -> Result<Item, CliError> {
    let text = args.amount.as_deref().unwrap_or_default();
    let amount = group.manifest.currency.parse_positive(text)?;
    let payee = &group.resolve(who, &ground.accounts)?.it;
    Ok(Item {
        to: Target::Account(payee.number()),
        name: group.name_of(payee),
        amount,
        memo: memo(args.memo.as_deref(), Reference::None, amount)?,
    })
}

/// Shows, asks, carries out and reports an order of one item.
pub(super) async fn pay_one(
    env: &Env<'_>,
    seat: &mut Seat,
    order: Order,
    options: &Spend,
) -> Result<Report, CliError> {
    let (group, ground, key) = (&seat.group, &seat.ground, &seat.key);
    let session = &mut seat.session;
    let currency = &group.manifest.currency;
    let wallet = key.tree()?;
    let laid = order.lay_out(session, group, ground, Some(&wallet)).await?;
    let preview = preview(group, ground, &order, &laid, key);
    if let Some(shown) = env.consent(preview, options)? {
        return Ok(shown);
    }
    let unlocked = keys::unlock(&[key], &PassphraseFiles::new(&options.passphrase.files))?;
    let carrier = Carrier {
        env,
        group,
        signer: &unlocked.signer,
        wallet,
        journal: Journal::new(env.home.payments()),
        wait: !options.no_wait,
    };
    let Carried { sent, laid } = carrier.carry(session, &order, laid).await?;
    let (item, balance) = (&order.items[0], laid.trade.leader.balance());
    let shown = format!("{} {}", currency.show(item.amount), currency.code());
    let direct = laid.direct.first().copied().unwrap_or_default();
    let text = format!(
        "paid {shown} to {}{}; your balance is {}\ntransaction  {} ({})",
        item.name,
        match direct {
            true => "",
            false => " by a note",
        },
        currency.show_balance(balance),
        String::from(sent.id),
        whereabouts(&sent)
    );
    let data = PaidJson {
        to: item.name.clone(),
        amount: currency.show(item.amount),
        currency: currency.code().to_owned(),
        balance: currency.show_balance(balance),
        memo: item
            .memo
            .as_ref()
            .map(|m| m.text().to_owned())
            .filter(|t| !t.is_empty()),
        by: match direct {
            true => "direct",
            false => "note",
        },
        claimed: currency.show(sum(&laid.claimed)),
        transactions: vec![sent],
    };
    Report::new(&data, text)
}

/// What these notes hold together.
pub(super) fn sum(notes: &[NoteBox]) -> Amount {
    let units = notes.iter().map(|n| n.amount().units());
    Amount::clamped(units.fold(0, i64::saturating_add))
}

fn preview(group: &Group, ground: &Ground, order: &Order, laid: &Laid, key: &Key) -> Preview {
    let currency = &group.manifest.currency;
    let balance = |b: Balance| currency.show_balance(b);
    let item = &order.items[0];
    let shown = format!("{} {}", currency.show(item.amount), currency.code());
    let mut preview = Preview::new(format!(
        "Pay {shown} to {} in {:?}",
        item.name, group.manifest.name
    ))
    .line(
        "from",
        format!(
            "{}: {} -> {}",
            group.name_of(&laid.payer),
            balance(laid.payer.balance()),
            balance(laid.trade.leader.balance())
        ),
    );
    if let Target::Account(number) = &item.to {
        let name = format!("{} ({})", item.name, crate::names::short(number));
        let payee = ground.account(number, group).map(|a| &a.it);
        match (laid.trade.others.first(), payee) {
            (Some(next), Ok(payee)) => preview.add(
                "to",
                format!(
                    "{name}: {} -> {}",
                    balance(payee.balance()),
                    balance(next.balance())
                ),
            ),
            _ => preview.add("to", format!("{name}, who claims it")),
        }
    }
    if let Some(note) = laid.trade.notes.first() {
        preview.add(
            "by",
            format!(
                "a note with {}; what is not claimed by height {} can be taken back",
                note.value(),
                note.expiry()
            ),
        );
    }
    if let Some(memo) = item.memo.as_ref().filter(|m| !m.text().is_empty()) {
        preview.add("memo", format!("{} (sealed)", memo.text()));
    }
    if !laid.claimed.is_empty() {
        preview.add("claims", claims_line(&laid.claimed, group));
    }
    preview.transactions([&laid.trade.proposal], &paid_by(laid, key))
}

/// "3 notes with 7.50 EUR"
pub(super) fn claims_line(notes: &[NoteBox], group: &Group) -> String {
    let currency = &group.manifest.currency;
    let count = match notes.len() {
        1 => "1 note".to_owned(),
        n => format!("{n} notes"),
    };
    format!(
        "{count} with {} {}",
        currency.show(sum(notes)),
        currency.code()
    )
}

/// Who pays the fee and the notes' ERG.
pub(super) fn paid_by(laid: &Laid, key: &Key) -> String {
    let boxes = 1 + laid.trade.others.len() + laid.claimed.len();
    match laid.trade.proposal.inputs().len() > boxes {
        true => format!("the account and the wallet of {:?}", key.name),
        false => "the account".to_owned(),
    }
}
