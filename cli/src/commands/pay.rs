//! `lets pay` and `lets payments`: account to account, and the record of it on this machine.

use lets_protocol::pay_direct;
use serde::Serialize;

use crate::args::PayArgs;
use crate::commands::Env;
use crate::commands::apply::fee_source;
use crate::commands::spend::{Spent, whereabouts};
use crate::error::CliError;
use crate::keys::Key;
use crate::output::{Report, table};
use crate::payments::{self, PaymentRecord};
use crate::preview::Preview;
use crate::session::{Sent, View};

#[derive(Serialize)]
struct PaidJson {
    to: String,
    amount: String,
    currency: String,
    balance: String,
    memo: Option<String>,
    transactions: Vec<Sent>,
}

pub(super) async fn run(env: &Env<'_>, args: PayArgs) -> Result<Report, CliError> {
    let key = Key::choose(&env.home, args.key.key.as_deref())?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let currency = &group.manifest.currency;
    let amount = currency.parse_positive(&args.amount)?;
    let params = session.params(args.spend.fee).await?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let payer = &group.owned(&key, args.from.as_deref(), &accounts)?.it;
    let payee = &group.resolve(&args.who, &accounts)?.it;
    // The wallet is asked only if the account has no ERG to spare for the fee.
    let funding = match payer.spare_erg() >= params.fee {
        true => None,
        false => Some(session.wallet(&key.tree()?).await?),
    };
    let (proposal, next, next_payee) =
        pay_direct(&group.lets, payer, payee, amount, funding.as_ref(), params)
            .map_err(|e| CliError::trade(e, currency))?;

    let (from, to) = (group.name_of(payer), group.name_of(payee));
    let shown = format!("{} {}", currency.show(amount), currency.code());
    let balance = |b| currency.show_balance(b);
    let mut preview = Preview::new(format!("Pay {shown} to {to} in {:?}", group.manifest.name))
        .line(
            "from",
            format!(
                "{from}: {} -> {}",
                balance(payer.balance()),
                balance(next.balance())
            ),
        )
        .line(
            "to",
            format!(
                "{to} ({}): {} -> {}",
                crate::names::short(&payee.number()),
                balance(payee.balance()),
                balance(next_payee.balance())
            ),
        );
    if let Some(memo) = &args.memo {
        preview.add(
            "memo",
            format!("{memo} (kept on this machine only: the payee does not get it)"),
        );
    }
    let preview = preview.transactions([&proposal], &fee_source(payer, params.fee, &key));
    let (payer_number, payee_number) = (payer.number(), payee.number());
    let spent = env
        .spend(
            &mut session,
            &args.spend,
            preview,
            &[proposal],
            &[&key],
            |_, sent| {
                let record = PaymentRecord {
                    time: payments::now(),
                    transaction: String::from(sent.id),
                    from: payer_number,
                    to: payee_number,
                    name: to.clone(),
                    amount: currency.show(amount),
                    currency: currency.code().to_owned(),
                    memo: args.memo.clone(),
                };
                // The payment is made whatever becomes of the record.
                if let Err(e) = payments::append(&env.home.payments(), &record) {
                    env.out.note(&format!(
                        "note: the payment is sent, but could not be put on record here: {e}"
                    ));
                }
                Ok(())
            },
        )
        .await?;
    let sent = match spent {
        Spent::Shown(report) => return Ok(report),
        Spent::Sent(sent) => sent,
    };
    let text = format!(
        "paid {shown} to {to}; your balance is {}\ntransaction  {} ({})",
        balance(next.balance()),
        String::from(sent[0].id),
        whereabouts(&sent[0])
    );
    let data = PaidJson {
        to,
        amount: currency.show(amount),
        currency: currency.code().to_owned(),
        balance: balance(next.balance()),
        memo: args.memo,
        transactions: sent,
    };
    Report::new(&data, text)
}

pub(super) fn payments(env: &Env<'_>) -> Result<Report, CliError> {
    #[derive(Serialize)]
    struct Listed {
        payments: Vec<PaymentRecord>,
    }
    let (payments, lost) = payments::load(&env.home.payments())?;
    if lost > 0 {
        env.out.note(&format!(
            "note: {lost} lines of {} cannot be read and are left out",
            env.home.payments().display()
        ));
    }
    let rows: Vec<Vec<String>> = payments
        .iter()
        .map(|p| {
            vec![
                p.name.clone(),
                format!("{} {}", p.amount, p.currency),
                p.memo.clone().unwrap_or_default(),
                p.transaction.clone(),
            ]
        })
        .collect();
    let text = match rows.is_empty() {
        true => "no payments from this home yet".to_owned(),
        false => table(&["to", "amount", "memo", "transaction"], &rows, &[1]),
    };
    Report::new(&Listed { payments }, text)
}
