//! `lets invoice`: ask for a payment, and see whether it was made. `lets pay INVOICE` pays it.

use lets_protocol::{
    AccountBox, Height, Invoice, InvoiceId, Lets, NoteBox, Paid, Reference, SignedInvoice,
};
use lets_wallet::{KeyIndex, verify_message};
use serde::Serialize;

use crate::args::{InvoiceArgs, InvoiceStatusArgs, PayArgs};
use crate::ask::PassphraseFiles;
use crate::commands::pay::order::{Item, Target, memo, payment_name};
use crate::commands::seat::Seat;
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys::{self, Key};
use crate::output::Report;
use crate::payments::Journal;
use crate::sealed_memo::{self, Tag, invoice_tag, key_of, random};
use crate::session::{Seen, Session, View};
use crate::{home, qr};

/// What an invoice's signature is for.
const DOMAIN: &str = "lets invoice v1";

/// Whether somebody means an invoice, and no name.
pub(super) fn looks_like(text: &str) -> bool {
    text.get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("lets:"))
}

#[derive(Serialize)]
struct InvoiceJson {
    uri: String,
    id: String,
    to: String,
    amount: String,
    currency: String,
    expires: u32,
    memo: Option<String>,
}

pub(super) async fn new(env: &Env<'_>, args: InvoiceArgs) -> Result<Report, CliError> {
    let key = Key::choose(&env.home, args.own.key.key.as_deref())?;
    let (group, session) = env.open().await?;
    let currency = &group.manifest.currency;
    let amount = currency.parse_positive(args.amount.as_deref().unwrap_or_default())?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let from = args.own.from.as_deref();
    let account = &group.owned(&key, from, &accounts)?.it;
    let expiry = session.height().await?.plus(args.expires);
    let id = InvoiceId::new(random()?);
    let mut invoice = Invoice::new(
        group.lets.ids().unit,
        account.number(),
        amount,
        currency.clone(),
        expiry,
        id,
    )?;
    if let Some(text) = &args.memo {
        invoice = invoice.with_memo(text)?;
    }
    let unlocked = keys::unlock(&[&key], &PassphraseFiles::new(&args.passphrase.files))?;
    let signature = match unlocked.keys.first() {
        Some(keys) => keys.sign_message(KeyIndex::FIRST, DOMAIN, &invoice.message())?,
        None => Vec::new(),
    };
    let uri = SignedInvoice::new(invoice, signature)?.to_string();
    if let Some(path) = &args.png {
        home::write_new_bytes(path, &qr::png(&uri)?)?;
    }
    if let Some(path) = &args.svg {
        home::write_new(path, &qr::svg(&uri)?)?;
    }
    let mut text = String::new();
    if args.png.is_none() && args.svg.is_none() && env.out.is_terminal() {
        text.push_str(&qr::terminal(&uri)?);
        text.push('\n');
    }
    text.push_str(&format!(
        "{uri}\n{} {} to {}, payable up to height {expiry}; `lets invoice status URI` tells whether it is paid",
        currency.show(amount),
        currency.code(),
        group.name_of(account),
    ));
    Report::new(
        &InvoiceJson {
            uri,
            id: hex::encode(id.bytes()),
            to: account.number().to_string(),
            amount: currency.show(amount),
            currency: currency.code().to_owned(),
            expires: expiry.0,
            memo: args.memo,
        },
        text,
    )
}

/// Reads an invoice and checks all that can be checked of it: LETS, currency, payee, signature. Not its expiry.
fn read(
    group: &Group,
    accounts: &[Seen<AccountBox>],
    text: &str,
) -> Result<(SignedInvoice, AccountBox), CliError> {
    let signed: SignedInvoice = text.parse()?;
    let invoice = signed.invoice();
    invoice.check(&group.lets, &group.manifest.currency, Height(0))?;
    let found = accounts.iter().find(|a| a.it.number() == invoice.payee());
    let payee = found.ok_or_else(|| CliError::NoSuchAccount {
        number: invoice.payee().to_string(),
        lets: group.manifest.name.clone(),
    })?;
    let genuine = key_of(payee.it.owner())
        .is_some_and(|key| verify_message(key, DOMAIN, &invoice.message(), signed.signature()));
    match genuine {
        true => Ok((signed, payee.it.clone())),
        false => Err(CliError::InvoiceSignature {
            payee: invoice.payee(),
        }),
    }
}

/// The payment that an invoice asks for, if it may be paid here and now.
pub(super) async fn to_pay(
    env: &Env<'_>,
    seat: &Seat,
    text: &str,
    args: &PayArgs,
) -> Result<Item, CliError> {
    let (group, session, ground) = (&seat.group, &seat.session, &seat.ground);
    let (signed, payee) = read(group, &ground.accounts, text)?;
    let invoice = signed.invoice();
    let currency = &group.manifest.currency;
    invoice.check(&group.lets, currency, ground.params.height)?;
    if let Some(text) = &args.amount
        && currency.parse_positive(text)? != invoice.amount()
    {
        return Err(CliError::Arguments(format!(
            "the invoice asks for {} {}: leave the amount away",
            currency.show(invoice.amount()),
            currency.code()
        )));
    }
    let id = hex::encode(invoice.id().bytes());
    let (payments, _) = Journal::new(env.home.payments()).load()?;
    let before = payments.iter().find(|p| {
        p.counts()
            && p.order
                .items
                .iter()
                .any(|i| i.invoice.as_deref() == Some(&id))
    });
    if let Some(before) = before {
        return Err(CliError::InvoicePaid {
            by: format!(
                "by this home, in transaction {}",
                before.transaction().unwrap_or_default()
            ),
        });
    }
    let found = paid(session, &group.lets, invoice, &payee).await?;
    // A holder of the invoice who pays a trifle of it must not keep others from paying it.
    let sum = found.iter().map(|p| p.it.amount.units());
    if let Some(paid) = found.first()
        && sum.fold(0, i64::saturating_add) >= invoice.amount().units()
    {
        return Err(CliError::InvoicePaid {
            by: format!("in transaction {}", String::from(paid.it.transaction)),
        });
    }
    let text = args.memo.as_deref().or(invoice.memo());
    Ok(Item {
        to: Target::Account(payee.number()),
        name: group.name_of(&payee),
        amount: invoice.amount(),
        memo: memo(text, Reference::Invoice(invoice.id()), invoice.amount())?,
    })
}

/// Payments that say by their tags that they are this invoice's.
async fn paid(
    session: &Session,
    lets: &Lets,
    invoice: &Invoice,
    payee: &AccountBox,
) -> Result<Vec<Seen<Paid>>, CliError> {
    let tag: Tag = invoice_tag(&invoice.id());
    // An invoice lives a year at most, so nothing older can be its payment.
    let since = Height(invoice.expiry().0.saturating_sub(NoteBox::MAX_LIFE.0));
    let mut found = session.received(lets, payee, since).await?;
    found.retain(|p| sealed_memo::tag_of(&p.it.memo) == Some(tag));
    found.sort_by_key(|p| (p.it.transaction, p.it.output));
    found.dedup_by_key(|p| (p.it.transaction, p.it.output));
    Ok(found)
}

#[derive(Serialize)]
struct StatusJson {
    id: String,
    to: String,
    amount: String,
    paid: String,
    currency: String,
    /// `open`, `partly_paid`, `paid`, `overpaid` or `expired`.
    status: &'static str,
    /// Whether all of what was paid is in blocks.
    confirmed: bool,
    expires: u32,
    payments: Vec<PaymentJson>,
}

#[derive(Serialize)]
struct PaymentJson {
    payment: String,
    from: Option<String>,
    amount: String,
    by: &'static str,
    confirmed: bool,
}

pub(super) async fn status(env: &Env<'_>, args: InvoiceStatusArgs) -> Result<Report, CliError> {
    let (group, session) = env.open().await?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let (signed, payee) = read(&group, &accounts, &args.invoice)?;
    let invoice = signed.invoice();
    let currency = &group.manifest.currency;
    let found = paid(&session, &group.lets, invoice, &payee).await?;
    let sum = found
        .iter()
        .map(|p| p.it.amount.units())
        .fold(0, i64::saturating_add);
    let height = session.height().await?;
    let asked = invoice.amount().units();
    let status = match sum {
        0 if height > invoice.expiry() => "expired",
        0 => "open",
        sum if sum < asked => "partly_paid",
        sum if sum == asked => "paid",
        _ => "overpaid",
    };
    let payments: Vec<PaymentJson> = found
        .iter()
        .map(|p| PaymentJson {
            payment: payment_name(&String::from(p.it.transaction), p.it.output),
            from: p.it.payer.map(|n| group.name_by_number(&n)),
            amount: currency.show(p.it.amount),
            by: match p.it.by_note {
                true => "note",
                false => "direct",
            },
            confirmed: p.confirmed,
        })
        .collect();
    let show = |units| currency.show(lets_protocol::Amount::clamped(units));
    let confirmed = !found.is_empty() && found.iter().all(|p| p.confirmed);
    let mut text = format!(
        "{}: {} of {} {} to {}",
        status.replace('_', " "),
        show(sum),
        show(asked),
        currency.code(),
        group.name_of(&payee)
    );
    if !found.is_empty() && !confirmed {
        text.push_str(" (waiting for a block: it can still fail)");
    }
    for payment in &payments {
        text.push_str(&format!(
            "\n{} from {} by {}: {}",
            payment.amount,
            payment.from.as_deref().unwrap_or("several"),
            payment.by,
            payment.payment
        ));
    }
    Report::new(
        &StatusJson {
            id: hex::encode(invoice.id().bytes()),
            to: invoice.payee().to_string(),
            amount: show(asked),
            paid: show(sum),
            currency: currency.code().to_owned(),
            status,
            confirmed,
            expires: invoice.expiry().0,
            payments,
        },
        text,
    )
}
