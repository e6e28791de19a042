//! `lets pay --file`: everybody in a file, in as few transactions as the limits allow, each all or nothing.

use std::path::Path;

use ergo_lib::ergo_chain_types::blake2b256_hash;
use lets_protocol::{BuildError, NanoErg, NoteBox, Reference, RuleViolation, claimable, rules};
use serde::Serialize;

use super::carry::{Carried, Carrier, may_have_arrived};
use super::order::{Ground, How, Item, Laid, Order, Target};
use crate::args::PayArgs;
use crate::ask::PassphraseFiles;
use crate::commands::seat::Seat;
use crate::commands::spend::whereabouts;
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys::{self, Key};
use crate::output::{Report, table};
use crate::payment_file::{self, Row};
use crate::payments::Journal;
use crate::preview::Preview;
use crate::session::{Sent, Session};

/// What became of one row.
#[derive(Debug, Serialize)]
struct RowJson {
    line: u64,
    payee: String,
    amount: String,
    /// `sent`, `unknown` (perhaps sent), `failed`, or `bad` (never tried).
    outcome: &'static str,
    transaction: Option<String>,
    why: Option<String>,
}

#[derive(Serialize)]
struct FileJson {
    paid: usize,
    total: String,
    currency: String,
    rows: Vec<RowJson>,
    transactions: Vec<Sent>,
}

/// A row that can be paid.
struct Good {
    line: u64,
    item: Item,
}

/// The most bytes of the outputs of one transaction: what a node takes, less the rest of the transaction.
const ROOM: usize = 88_000;
/// Bytes of a note without its memo, from above.
const NOTE_BYTES: usize = 480;
/// Bytes of an account's successor, input and memo variable's part, from above.
const ACCOUNT_BYTES: usize = 1_700;
/// A memo, sealed, from above.
const MEMO_BYTES: usize = 420;

pub(super) async fn run(
    env: &Env<'_>,
    args: &PayArgs,
    path: &Path,
    seat: Seat,
) -> Result<Report, CliError> {
    let Seat {
        key,
        group,
        mut session,
        ground,
        account: payer,
        lock: _lock,
    } = seat;
    let (key, group, payer) = (&key, &group, &payer);
    let currency = &group.manifest.currency;
    let read = payment_file::load(path, currency)?;
    let hash = file_hash(path)?;
    let journal = Journal::new(env.home.payments());
    if !args.again {
        check_not_paid(&journal, &hash)?;
    }
    let count = read.len();
    let (mut good, mut rows) = (Vec::new(), Vec::new());
    for row in read {
        let line = match &row {
            Ok(row) => row.line,
            Err(e) => e.line,
        };
        let resolved = row
            .map_err(|e| (String::new(), String::new(), e.fault.to_string()))
            .and_then(|row| {
                let shown = (row.payee.clone(), currency.show(row.amount));
                resolve(group, &ground, payer, line, row)
                    .map_err(|e| (shown.0, shown.1, e.to_string()))
            });
        match resolved {
            Ok(row) => good.push(row),
            Err((payee, amount, why)) => rows.push(RowJson {
                line,
                payee,
                amount,
                outcome: "bad",
                transaction: None,
                why: Some(why),
            }),
        }
    }
    if !rows.is_empty() && !args.skip_bad {
        let bad = rows.iter().map(|r| {
            format!(
                "  line {}: {}",
                r.line,
                r.why.as_deref().unwrap_or_default()
            )
        });
        return Err(CliError::BadRows {
            bad: bad.collect(),
            rows: count,
        });
    }
    if good.is_empty() {
        return Err(CliError::Nothing(
            "there is no row to pay in the file".to_owned(),
        ));
    }
    let chunks = chunks(good, args.way.direct);
    let orders: Vec<Order> = chunks
        .iter()
        .map(|chunk| Order {
            // Notes: the least bytes for many, and nobody's own payment stands in the way of the batch.
            how: match args.way.direct {
                true => How::Direct,
                false => How::Note,
            },
            file: Some(hash.clone()),
            ..Order::of(
                payer.number(),
                chunk.iter().map(|g| g.item.clone()).collect(),
                &args.way,
                args.spend.fee,
            )
        })
        .collect();
    check_whole(group, &session, &ground, &orders, key).await?;
    let wallet = key.tree()?;
    let first = orders[0]
        .lay_out(&session, group, &ground, Some(&wallet))
        .await?;
    let preview = preview(group, payer, &orders, &first, &rows);
    if let Some(shown) = env.consent(preview, &args.spend)? {
        return Ok(shown);
    }
    let unlocked = keys::unlock(&[key], &PassphraseFiles::new(&args.spend.passphrase.files))?;
    let carrier = Carrier {
        env,
        group,
        signer: &unlocked.signer,
        wallet,
        journal,
        // Chained without waiting; the last one's block is waited for at the end.
        wait: false,
    };
    let mut sent = Vec::new();
    let mut laid = Some(first);
    let mut failed: Option<CliError> = None;
    for (order, chunk) in orders.iter().zip(&chunks) {
        let outcome = match &failed {
            Some(e) => Err(CliError::Nothing(format!(
                "not sent, for an earlier part failed: {e}"
            ))),
            None => one(&carrier, &mut session, group, order, laid.take()).await,
        };
        let (outcome, transaction, why) = match outcome {
            Ok(carried) => {
                let id = String::from(carried.sent.id);
                sent.push(carried.sent);
                ("sent", Some(id), None)
            }
            Err(e) => {
                let why = e.to_string();
                let outcome = match may_have_arrived(&e) {
                    true => "unknown",
                    false => "failed",
                };
                failed.get_or_insert(e);
                (outcome, None, Some(why))
            }
        };
        rows.extend(chunk.iter().map(|good| RowJson {
            line: good.line,
            payee: good.item.name.clone(),
            amount: currency.show(good.item.amount),
            outcome,
            transaction: transaction.clone(),
            why: why.clone(),
        }));
    }
    if let (true, Some(e)) = (sent.is_empty(), failed) {
        return Err(e);
    }
    if !args.spend.no_wait {
        env.wait_for_block(&session, &mut sent).await?;
    }
    report(group, rows, sent, &orders)
}

async fn one(
    carrier: &Carrier<'_>,
    session: &mut Session,
    group: &Group,
    order: &Order,
    laid: Option<Laid>,
) -> Result<Carried, CliError> {
    let laid = match laid {
        Some(laid) => laid,
        None => {
            let ground = Ground::read(session, &group.lets, order.fee).await?;
            let wallet = Some(&carrier.wallet);
            order.lay_out(session, group, &ground, wallet).await?
        }
    };
    carrier.carry(session, order, laid).await
}

fn file_hash(path: &Path) -> Result<String, CliError> {
    let bytes = std::fs::read(path).map_err(|cause| CliError::File {
        doing: "read",
        path: path.to_owned(),
        cause,
    })?;
    Ok(hex::encode(blake2b256_hash(&bytes).0))
}

fn check_not_paid(journal: &Journal, hash: &str) -> Result<(), CliError> {
    let (payments, _) = journal.load()?;
    let before = payments
        .iter()
        .find(|p| p.counts() && p.order.file.as_deref() == Some(hash));
    match before.and_then(|p| p.transaction()) {
        Some(transaction) => Err(CliError::FilePaid {
            transaction: transaction.to_owned(),
        }),
        None => Ok(()),
    }
}

fn resolve(
    group: &Group,
    ground: &Ground,
    payer: &lets_protocol::AccountBox,
    line: u64,
    row: Row,
) -> Result<Good, CliError> {
    let payee = &group.resolve(&row.payee, &ground.accounts)?.it;
    if payee.number() == payer.number() {
        return Err(CliError::rule_broken(
            RuleViolation::SelfPayment,
            &group.manifest.currency,
        ));
    }
    rules::check_leads(payee).map_err(|v| CliError::rule_broken(v, &group.manifest.currency))?;
    Ok(Good {
        line,
        item: Item {
            to: Target::Account(payee.number()),
            name: group.name_of(payee),
            amount: row.amount,
            memo: super::order::memo(row.memo.as_deref(), Reference::None, row.amount)?,
        },
    })
}

/// Rows in their order, in as few transactions as hold them. A transaction pays nobody directly twice.
fn chunks(rows: Vec<Good>, direct: bool) -> Vec<Vec<Good>> {
    let mut chunks: Vec<(usize, Vec<Good>)> = Vec::new();
    for row in rows {
        let memo = row.item.memo.as_ref().map_or(0, |_| MEMO_BYTES);
        let bytes = memo + if direct { ACCOUNT_BYTES } else { NOTE_BYTES };
        match chunks.last_mut() {
            Some((size, chunk))
                if *size + bytes <= ROOM
                    && !(direct && chunk.iter().any(|g| g.item.to == row.item.to)) =>
            {
                *size += bytes;
                chunk.push(row);
            }
            _ => chunks.push((bytes, vec![row])),
        }
    }
    chunks.into_iter().map(|(_, chunk)| chunk).collect()
}

/// Whether all of it can be paid, before any of it is sent: units, and ERG for the fees and the notes.
async fn check_whole(
    group: &Group,
    session: &Session,
    ground: &Ground,
    orders: &[Order],
    key: &Key,
) -> Result<(), CliError> {
    let Some(first) = orders.first() else {
        return Ok(());
    };
    let payer = &ground.account(&first.payer, group)?.it;
    let total = orders.iter().map(Order::total).fold(0, i64::saturating_add);
    let claimed = claimable(payer, &ground.notes, total);
    let flow = rules::Flow {
        gained: super::sum(&claimed).units(),
        paid: total,
    };
    match rules::check_spend(payer, flow, true, ground.params.height, &[]) {
        // What one transaction may draw binds each by itself.
        Ok(_) | Err(RuleViolation::LargestDraw { .. }) => {}
        Err(violation) => {
            return Err(CliError::rule_broken(violation, &group.manifest.currency));
        }
    }
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let notes = match first.how {
        How::Direct => 0,
        _ => count(orders.iter().map(|o| o.items.len()).sum()),
    };
    let fees = first.fee.0.saturating_mul(count(orders.len()));
    let needed = NoteBox::ERG.0.saturating_mul(notes).saturating_add(fees);
    let brought: u64 = claimed.iter().map(|n| n.value().0).sum();
    let own = payer.spare_erg().0.saturating_add(brought);
    if own < needed {
        let wallet = session.wallet(&key.tree()?).await?;
        let held: u64 = wallet.boxes.iter().map(|b| *b.value.as_u64()).sum();
        if own.saturating_add(held) < needed {
            return Err(CliError::Build(BuildError::NotEnoughErg {
                needed: NanoErg(needed - own),
                fee: NanoErg(fees),
                available: NanoErg(held),
            }));
        }
    }
    Ok(())
}

fn preview(
    group: &Group,
    payer: &lets_protocol::AccountBox,
    orders: &[Order],
    first: &Laid,
    bad: &[RowJson],
) -> Preview {
    let currency = &group.manifest.currency;
    let total: i64 = orders.iter().map(Order::total).sum();
    let shown = currency.show(lets_protocol::Amount::clamped(total));
    let items: Vec<&Item> = orders.iter().flat_map(|o| &o.items).collect();
    let mut preview = Preview::new(format!(
        "Pay {shown} {} to {} payees in {:?}",
        currency.code(),
        items.len(),
        group.manifest.name
    ))
    .line(
        "from",
        format!(
            "{}, whose balance is {}",
            group.name_of(payer),
            currency.show_balance(payer.balance())
        ),
    );
    for item in &items {
        let memo = item.memo.as_ref().map(|m| format!("  {}", m.text()));
        preview.add(
            "to",
            format!(
                "{} {}{}",
                item.name,
                currency.show(item.amount),
                memo.unwrap_or_default()
            ),
        );
    }
    for row in bad {
        preview.add(
            "left out",
            format!(
                "line {}: {}",
                row.line,
                row.why.as_deref().unwrap_or_default()
            ),
        );
    }
    if !first.claimed.is_empty() {
        preview.add("claims", super::claims_line(&first.claimed, group));
    }
    preview.add("transactions", orders.len().to_string());
    let fee = NanoErg(orders.iter().map(|o| o.fee.0).sum());
    preview.add("fees", fee.to_string());
    preview
}

fn report(
    group: &Group,
    mut rows: Vec<RowJson>,
    sent: Vec<Sent>,
    orders: &[Order],
) -> Result<Report, CliError> {
    rows.sort_by_key(|r| r.line);
    let currency = &group.manifest.currency;
    let paid = rows.iter().filter(|r| r.outcome == "sent").count();
    let shown: Vec<Vec<String>> = rows
        .iter()
        .map(|r| {
            vec![
                r.line.to_string(),
                r.payee.clone(),
                r.amount.clone(),
                r.outcome.to_owned(),
                r.transaction.clone().or(r.why.clone()).unwrap_or_default(),
            ]
        })
        .collect();
    let total: i64 = orders.iter().take(sent.len()).map(Order::total).sum();
    let total = currency.show(lets_protocol::Amount::clamped(total));
    let mut text = table(
        &["line", "payee", "amount", "", "transaction"],
        shown,
        &[0, 2],
    );
    text.push_str(&format!(
        "\npaid {total} {} in {paid} of {} rows",
        currency.code(),
        rows.len()
    ));
    for one in &sent {
        text.push_str(&format!(
            "\ntransaction  {} ({})",
            String::from(one.id),
            whereabouts(one)
        ));
    }
    Report::new(
        &FileJson {
            paid,
            total,
            currency: currency.code().to_owned(),
            rows,
            transactions: sent,
        },
        text,
    )
}
