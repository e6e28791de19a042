//! `lets return`: pay one payment back, linked to it.

use ergo_lib::chain::transaction::TxId;
use ergo_lib::ergo_chain_types::Digest32;
use lets_protocol::{Paid, Reference};

use crate::args::ReturnArgs;
use crate::commands::Env;
use crate::commands::pay;
use crate::commands::pay::order::{Item, Order, Target, memo, parse_payment_name, payment_name};
use crate::error::CliError;
use crate::output::Report;
use crate::payments::Journal;
use crate::sealed_memo;

pub(super) async fn run(env: &Env<'_>, args: ReturnArgs) -> Result<Report, CliError> {
    let mut seat = env.seat(&args.own, &args.spend).await?;
    let (group, ground, own) = (&seat.group, &seat.ground, &seat.account);
    let (transaction, output) = match parse_payment_name(&args.payment) {
        Some((transaction, output)) => (transaction, Some(output)),
        None => (transaction_id(&args.payment)?, None),
    };
    let mine = |p: &Paid| p.payee == Some(own.number()) && output.is_none_or(|o| o == p.output);
    let found = seat.session.payments_of(&group.lets, &transaction).await?;
    let mut payments = found.map(|f| f.it).unwrap_or_default();
    payments.retain(mine);
    let name = String::from(transaction);
    let payment = match payments.as_slice() {
        [only] => only,
        [] => {
            return Err(CliError::Nothing(format!(
                "transaction {name} paid nothing to {}",
                group.name_of(own)
            )));
        }
        several => {
            let names = several.iter().map(|p| payment_name(&name, p.output));
            return Err(CliError::Arguments(format!(
                "transaction {name} has {} payments to you; name one: {}",
                several.len(),
                names.collect::<Vec<_>>().join(", ")
            )));
        }
    };
    let Some(payer) = payment.payer else {
        return Err(CliError::Nothing(format!(
            "in transaction {name} several members paid each other: it cannot be said whose that payment was"
        )));
    };
    let whole = payment_name(&name, payment.output);
    let (before, _) = Journal::new(env.home.payments()).load()?;
    let returned = before.iter().find(|p| {
        p.counts()
            && p.order
                .items
                .iter()
                .any(|i| i.returns.as_deref() == Some(&whole))
    });
    if let Some(returned) = returned {
        return Err(CliError::Nothing(format!(
            "that payment was given back already, in transaction {}",
            returned.transaction().unwrap_or_default()
        )));
    }
    let payee = &ground.account(&payer, group)?.it;
    let tag = sealed_memo::return_tag(&transaction, payment.output);
    let given = seat
        .session
        .received(&group.lets, payee, payment.created)
        .await?;
    if let Some(given) = given
        .iter()
        .find(|p| sealed_memo::tag_of(&p.it.memo) == Some(tag) && p.it.payer == Some(own.number()))
    {
        return Err(CliError::Nothing(format!(
            "that payment was given back already, in transaction {}",
            String::from(given.it.transaction)
        )));
    }
    let reference = Reference::Return {
        transaction,
        output: payment.output,
    };
    let item = Item {
        to: Target::Account(payer),
        name: group.name_of(payee),
        amount: payment.amount,
        memo: memo(args.memo.as_deref(), reference, payment.amount)?,
    };
    let number = own.number();
    let order = Order::of(number, vec![item], &args.way, args.spend.fee);
    pay::pay_one(env, &mut seat, order, &args.spend).await
}

fn transaction_id(text: &str) -> Result<TxId, CliError> {
    Digest32::try_from(text.to_owned())
        .map(TxId)
        .map_err(|_| {
            CliError::Arguments(format!(
                "{text:?} names no payment: give the transaction's id, as `lets notes` or the payer shows it"
            ))
        })
}
