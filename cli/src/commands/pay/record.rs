//! `lets payments`: what was paid from this home, and what became of it.

use ergo_lib::chain::transaction::{Transaction, TxId};
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use lets_protocol::{AccountBox, AccountNumber, Blocks, Currency, Height};
use serde::Serialize;

use super::carry::{Carrier, alive, is_taken_by_another, seen_at, there, write_down};
use super::order::{Ground, How, Item, Order, Target};
use crate::args::PaymentsArgs;
use crate::ask::PassphraseFiles;
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys::{self, Key};
use crate::output::{Report, table};
use crate::payments::{DEEP, Journal, Payment, Status};
use crate::session::{Attempt, LAG, Place, Sent, Session};

/// How long the notes live of a payment whose record does not say it.
const DEFAULT_LIFE: Blocks = Blocks(90 * Blocks::PER_DAY);

/// One payee of one payment.
#[derive(Serialize)]
struct Row {
    payment: String,
    time: u64,
    from: AccountNumber,
    to: Option<AccountNumber>,
    name: String,
    amount: String,
    currency: String,
    memo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    returns: Option<String>,
    status: Status,
    height: Option<u32>,
    transaction: Option<String>,
    why: Option<String>,
}

#[derive(Serialize)]
struct Listed {
    payments: Vec<Row>,
}

/// Lists them; the node is not asked.
pub(in crate::commands) fn payments(env: &Env<'_>) -> Result<Report, CliError> {
    let journal = Journal::new(env.home.payments());
    let (payments, lost) = journal.load()?;
    if lost > 0 {
        env.out.note(&format!(
            "note: {lost} lines of {} cannot be read and are left out",
            journal.path().display()
        ));
    }
    let rows: Vec<Row> = payments.iter().flat_map(rows).collect();
    let open = rows
        .iter()
        .any(|r| matches!(r.status, Status::Signed | Status::Sent));
    let shown: Vec<Vec<String>> = rows
        .iter()
        .map(|r| {
            vec![
                r.name.clone(),
                format!("{} {}", r.amount, r.currency),
                r.memo.clone().unwrap_or_default(),
                said(r),
                r.transaction.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let mut text = match shown.is_empty() {
        true => "no payments from this home yet".to_owned(),
        false => table(
            &["to", "amount", "memo", "as last seen", "transaction"],
            shown,
            &[1],
        ),
    };
    if open {
        text.push_str("\n`lets payments --retry` asks the node about those that are not in a block, and sends again what was lost");
    }
    Report::new(&Listed { payments: rows }, text)
}

fn said(row: &Row) -> String {
    match (row.status, row.height) {
        (Status::Ordered, _) => "not sent".to_owned(),
        (Status::Signed, _) => "perhaps sent".to_owned(),
        (Status::Sent, _) => "sent".to_owned(),
        (Status::Included | Status::Confirmed, Some(height)) => format!("in block {height}"),
        (Status::Included | Status::Confirmed, None) => "in a block".to_owned(),
        (Status::Failed, _) => "failed".to_owned(),
    }
}

fn rows(payment: &Payment) -> Vec<Row> {
    let row = |item: &crate::payments::Item| Row {
        payment: payment.id.clone(),
        time: payment.time,
        from: payment.order.from,
        to: item.to,
        name: item.name.clone(),
        amount: item.amount.clone(),
        currency: payment.order.currency.clone(),
        memo: item.memo.clone(),
        invoice: item.invoice.clone(),
        returns: item.returns.clone(),
        status: payment.status,
        height: payment.height,
        transaction: payment.transaction().map(str::to_owned),
        why: payment.why.clone(),
    };
    payment.order.items.iter().map(row).collect()
}

/// Asks the node about every payment that is not known to be on the chain for good, and sends again what is nowhere: the very
/// same transaction if that can still be included, otherwise built anew.
pub(in crate::commands) async fn retry(
    env: &Env<'_>,
    args: PaymentsArgs,
) -> Result<Report, CliError> {
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let journal = Journal::new(env.home.payments());
    let open = open(&journal, &group)?;
    // One that cannot be paid any more must not keep the others from it.
    let mut failed = None;
    let missing = look_twice(env, &session, &journal, open).await?;
    for payment in missing {
        if let Err(e) = retry_one(env, &args, &group, &mut session, &journal, &payment).await {
            env.out
                .note(&format!("note: {} is not sent again: {e}", names(&payment)));
            failed.get_or_insert(e);
        }
    }
    match failed {
        Some(e) => Err(e),
        None => payments(env),
    }
}

/// Before a member does something new: what became of his payments that are not known to be on the chain for good. It is put on
/// record, and said if the node shows them nowhere. That the node cannot be read stands in nobody's way.
///
/// # Errors
/// [`CliError::File`], [`CliError::JournalFormat`].
pub(in crate::commands) async fn look_back(
    env: &Env<'_>,
    session: &Session,
    group: &Group,
    height: Height,
) -> Result<(), CliError> {
    let journal = Journal::new(env.home.payments());
    let mut open = open(&journal, group)?;
    // What stands in one of the last blocks is looked at when it is deep.
    open.retain(|p| p.status != Status::Included || p.height.is_none_or(|h| h + DEEP <= height.0));
    let missing = look_twice(env, session, &journal, open).await;
    for payment in missing.unwrap_or_default() {
        env.out.note(&format!(
            "note: {} is in no block and in no pool: `lets payments --retry` sends it again",
            names(&payment)
        ));
    }
    Ok(())
}

/// The open payments of this LETS.
fn open(journal: &Journal, group: &Group) -> Result<Vec<Payment>, CliError> {
    let unit = group.lets.ids().unit.to_string();
    let (mut all, _) = journal.load()?;
    all.retain(|p| p.order.lets == unit && p.is_open());
    Ok(all)
}

/// As [`look`]; what the node shows nowhere is looked for again when its views have had the time to catch up.
async fn look_twice(
    env: &Env<'_>,
    session: &Session,
    journal: &Journal,
    payments: Vec<Payment>,
) -> Result<Vec<Payment>, CliError> {
    let missing = look(env, session, journal, payments).await?;
    if missing.is_empty() {
        return Ok(missing);
    }
    tokio::time::sleep(LAG).await;
    look(env, session, journal, missing).await
}

/// Looks once where these payments are, puts that on record, and returns those that the node shows nowhere.
async fn look(
    env: &Env<'_>,
    session: &Session,
    journal: &Journal,
    payments: Vec<Payment>,
) -> Result<Vec<Payment>, CliError> {
    let mut missing = Vec::new();
    'payments: for payment in payments {
        for attempt in payment.signed.iter().rev().filter_map(attempt) {
            let place = session.place(&attempt.transaction).await?;
            if place != Place::Nowhere {
                let event = there(&attempt.transaction, place);
                if !payment.shows(&event) {
                    write_down(env, journal, &payment.id, event);
                }
                continue 'payments;
            }
        }
        missing.push(payment);
    }
    Ok(missing)
}

async fn retry_one(
    env: &Env<'_>,
    args: &PaymentsArgs,
    group: &Group,
    session: &mut Session,
    journal: &Journal,
    payment: &Payment,
) -> Result<(), CliError> {
    let ground = Ground::read(session, &group.lets, args.spend.fee).await?;
    let payer = payment.order.from;
    let attempts: Vec<Attempt> = payment.signed.iter().filter_map(attempt).collect();
    let account = &ground.account(&payer, group)?.it;
    let key = group.own_key(account).ok_or_else(|| CliError::NoAccount {
        key: args.key.key.clone().unwrap_or_default(),
        lets: group.manifest.name.clone(),
    })?;
    let key = Key::load(&env.home, &key.name)?;
    let wallet = key.tree()?;
    let record = |id: &TxId, place| {
        write_down(env, journal, &payment.id, there(id, place));
    };
    if let Some((place, at)) = alive(session, group, payer, &ground, &attempts, false).await? {
        record(&at.transaction, place);
        return Ok(());
    }
    if let Some(sent) = send_the_same(env, args, session, account, payment, &attempts).await? {
        record(&sent.id, seen_at(sent.height));
        return Ok(());
    }
    if payment.order.items.iter().any(|item| item.to.is_none()) {
        // Its key stands on the page only.
        env.out
            .note("note: a paper note that was lost cannot be sent again: print another");
        return Ok(());
    }
    let order = again(group, &ground, payment, args)?;
    let laid = order
        .lay_out(session, group, &ground, Some(&wallet))
        .await?;
    env.out.note(&format!(
        "{} is in no block and in no pool: sending it again",
        names(payment)
    ));
    let unlocked = keys::unlock(&[&key], &PassphraseFiles::new(&args.spend.passphrase.files))?;
    let carrier = Carrier {
        env,
        group,
        signer: &unlocked.signer,
        wallet,
        journal: journal.clone(),
        wait: !args.spend.no_wait,
    };
    carrier
        .go_on(session, &payment.id, &order, laid, attempts)
        .await
        .map(|_| ())
}

/// Sends the last attempt once more, byte by byte, if the account's box that it spends is still unspent. `None`: it cannot
/// be included any more.
async fn send_the_same(
    env: &Env<'_>,
    args: &PaymentsArgs,
    session: &mut Session,
    account: &AccountBox,
    payment: &Payment,
    attempts: &[Attempt],
) -> Result<Option<Sent>, CliError> {
    let (Some(signed), Some(attempt)) = (payment.signed.last(), attempts.last()) else {
        return Ok(None);
    };
    let Some(tx) = parsed(signed) else {
        return Ok(None);
    };
    if tx.id() != attempt.transaction || account.ergo_box().box_id() != attempt.spends {
        return Ok(None);
    }
    env.out.note(&format!(
        "{} is in no block and in no pool: sending the very same again",
        names(payment)
    ));
    let fee = tx.outputs.last().value.into();
    let mut sent = match session.submit("pay", fee, tx).await {
        Ok(sent) => sent,
        Err(e) if is_taken_by_another(&e) => return Ok(None),
        Err(e) => return Err(e),
    };
    if !args.spend.no_wait {
        env.wait_for_block(session, std::slice::from_mut(&mut sent))
            .await?;
    }
    Ok(Some(sent))
}

/// "the payment to bob, carol"
fn names(payment: &Payment) -> String {
    let names: Vec<&str> = payment
        .order
        .items
        .iter()
        .map(|i| i.name.as_str())
        .collect();
    format!("the payment to {}", names.join(", "))
}

fn attempt(signed: &crate::payments::Signed) -> Option<Attempt> {
    let id = |text: &str| ergo_lib::ergo_chain_types::Digest32::try_from(text.to_owned()).ok();
    let (transaction, spends) = (TxId(id(&signed.transaction)?), id(&signed.spends)?.into());
    Some(match parsed(signed).filter(|tx| tx.id() == transaction) {
        Some(tx) => Attempt::new(&tx, spends),
        None => Attempt {
            transaction,
            spends,
            made_at: 0,
        },
    })
}

fn parsed(signed: &crate::payments::Signed) -> Option<Transaction> {
    Transaction::sigma_parse_bytes(&hex::decode(&signed.bytes).ok()?).ok()
}

/// The order as it was meant, for the accounts of now.
fn again(
    group: &Group,
    ground: &Ground,
    payment: &Payment,
    args: &PaymentsArgs,
) -> Result<Order, CliError> {
    let currency: &Currency = &group.manifest.currency;
    let items = payment.order.items.iter().map(|item| {
        let amount = currency.parse_positive(&item.amount)?;
        let number = item.to.ok_or_else(|| {
            CliError::Nothing(
                "a paper note that was lost cannot be sent again: print another".to_owned(),
            )
        })?;
        ground.account(&number, group)?;
        Ok(Item {
            to: Target::Account(number),
            name: item.name.clone(),
            amount,
            memo: super::order::memo(item.memo.as_deref(), reference(item), amount)?,
        })
    });
    Ok(Order {
        payer: payment.order.from,
        items: items.collect::<Result<_, CliError>>()?,
        how: How::named(payment.order.way.as_deref()),
        life: payment.order.life.map_or(DEFAULT_LIFE, Blocks),
        fee: args.spend.fee,
        file: payment.order.file.clone(),
    })
}

fn reference(item: &crate::payments::Item) -> lets_protocol::Reference {
    use lets_protocol::{InvoiceId, Reference};
    let bytes = |text: &String| hex::decode(text).ok()?.try_into().ok();
    if let Some(id) = item.invoice.as_ref().and_then(bytes) {
        return Reference::Invoice(InvoiceId::new(id));
    }
    match item
        .returns
        .as_deref()
        .and_then(super::order::parse_payment_name)
    {
        Some((transaction, output)) => Reference::Return {
            transaction,
            output,
        },
        None => Reference::None,
    }
}
