//! `lets claim`, `lets refund`, `lets absorb`: notes come to their end.

use lets_protocol::{
    AccountBox, Community, Link, MAX_NOTES_TAKEN, NoteBox, Paid, Reference, RuleViolation, Spender,
    Trade, absorb, claim, claimable, refund, rules,
};
use serde::Serialize;

use crate::args::{AbsorbArgs, ClaimArgs, RefundArgs, Spend};
use crate::ask::PassphraseFiles;
use crate::commands::pay::order::{Ground, payment_name};
use crate::commands::pay::{claims_line, sum};
use crate::commands::seat::Seat;
use crate::commands::spend::{partly, whereabouts};
use crate::commands::{Env, Group, Prefix, find_prefix};
use crate::error::CliError;
use crate::keys::{self, Key};
use crate::output::Report;
use crate::preview::Preview;
use crate::sealed_memo;
use crate::session::{Sent, Session, View};

#[derive(Serialize)]
struct TakenJson {
    /// The notes that came in, by their box ids.
    notes: Vec<NoteJson>,
    amount: String,
    currency: String,
    balance: String,
    transactions: Vec<Sent>,
}

#[derive(Serialize)]
struct NoteJson {
    note: String,
    from: String,
    amount: String,
    memo: Option<String>,
}

pub(super) async fn run(env: &Env<'_>, args: ClaimArgs) -> Result<Report, CliError> {
    let Seat {
        key,
        group,
        mut session,
        ground,
        account,
        lock: _lock,
    } = env.seat(&args.own, &args.spend).await?;
    let currency = &group.manifest.currency;
    let rule = |v| CliError::rule_broken(v, currency);
    let waiting: Vec<NoteBox> = ground
        .notes
        .into_iter()
        .filter(|n| n.payee() == Some(account.number()))
        .collect();
    let mut batches = Vec::new();
    let (mut left, mut at) = (waiting.clone(), account.clone());
    // Each transaction takes what fits; the next begins where it ends.
    while let batch = claimable(&at, &left, 0)
        && !batch.is_empty()
    {
        left.retain(|n| !batch.contains(n));
        let spender = Spender {
            claims: &batch,
            ..Spender::new(&at)
        };
        let trade =
            claim(&group.lets, spender, ground.params).map_err(|e| CliError::trade(e, currency))?;
        at = trade.leader.clone();
        batches.push((batch, trade));
    }
    if batches.is_empty() {
        // Say what stands in the way of the first, if there is one.
        if let Some(note) = waiting.first() {
            rules::check_claim(&account, note).map_err(rule)?;
            rules::check_cap(&account, note.amount()).map_err(rule)?;
        }
        return Err(CliError::Nothing(format!(
            "there is nothing to claim for {}",
            group.name_of(&account)
        )));
    }
    if !left.is_empty() {
        env.out.note(&format!(
            "note: {} must wait, for the cap of {} or the class of your account",
            claims_line(&left, &group),
            currency.show(account.terms().cap)
        ));
    }
    let taken = Taken {
        title: "Claim",
        account,
        batches,
    };
    taken
        .send(env, &group, &mut session, &[&key], &args.spend)
        .await
}

pub(super) async fn refund_notes(env: &Env<'_>, args: RefundArgs) -> Result<Report, CliError> {
    let Seat {
        key,
        group,
        mut session,
        ground,
        account,
        lock: _lock,
    } = env.seat(&args.own, &args.spend).await?;
    let currency = &group.manifest.currency;
    let own: Vec<NoteBox> = ground
        .notes
        .into_iter()
        .filter(|n| n.payer() == account.number())
        .collect();
    let height = ground.params.height;
    let chosen: Vec<NoteBox> = match args.notes.as_slice() {
        [all] if all == "all" => own
            .into_iter()
            .filter(|n| rules::check_refund(&account, n, height).is_ok())
            .collect(),
        named => named
            .iter()
            .map(|id| named_note(id, &own))
            .collect::<Result<_, _>>()?,
    };
    if chosen.is_empty() {
        return Err(CliError::Nothing(format!(
            "{} has no note that has expired unclaimed",
            group.name_of(&account)
        )));
    }
    let mut batches = Vec::new();
    let mut at = account.clone();
    for batch in chosen.chunks(MAX_NOTES_TAKEN) {
        let spender = Spender {
            claims: batch,
            ..Spender::new(&at)
        };
        let trade = refund(&group.lets, spender, ground.params)
            .map_err(|e| CliError::trade(e, currency))?;
        at = trade.leader.clone();
        batches.push((batch.to_vec(), trade));
    }
    let taken = Taken {
        title: "Take back",
        account,
        batches,
    };
    taken
        .send(env, &group, &mut session, &[&key], &args.spend)
        .await
}

pub(super) async fn absorb_notes(env: &Env<'_>, args: AbsorbArgs) -> Result<Report, CliError> {
    let keys: Vec<Key> = args
        .committee
        .keys
        .iter()
        .map(|name| Key::load(&env.home, name))
        .collect::<Result<_, _>>()?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let ground = Ground::read(&session, &group.lets, args.spend.fee).await?;
    let charter = session.charter(&group.lets, View::Pool).await?;
    let currency = &group.manifest.currency;
    let follows = Link::FollowsBox(group.lets.ids().charter_nft.into());
    let account = ground
        .accounts
        .iter()
        .find(|a| *a.it.link() == follows)
        .map(|a| a.it.clone())
        .ok_or_else(|| {
            CliError::Nothing(
                "this LETS has no account whose key follows the charter's committee".to_owned(),
            )
        })?;
    let height = ground.params.height;
    let mut room = account.terms().cap.units() - account.balance().units();
    let notes: Vec<NoteBox> = ground
        .notes
        .into_iter()
        .filter(|n| rules::check_absorb(&group.lets, &account, n, height).is_ok())
        .filter(|n| {
            let fits = n.amount().units() <= room;
            room -= if fits { n.amount().units() } else { 0 };
            fits
        })
        .take(MAX_NOTES_TAKEN)
        .collect();
    if notes.is_empty() {
        return Err(CliError::Nothing(
            "no note has lain unclaimed for a year after its expiry".to_owned(),
        ));
    }
    let funding = match keys.first() {
        Some(key) => Some(session.wallet(&key.tree()?).await?),
        None => None,
    };
    let community = Community {
        charter: &charter,
        account: &account,
        funding: funding.as_ref(),
    };
    let trade = absorb(&group.lets, community, &notes, ground.params)
        .map_err(|e| CliError::trade(e, currency))?;
    let taken = Taken {
        title: "Absorb",
        account,
        batches: vec![(notes, trade)],
    };
    let signers: Vec<&Key> = keys.iter().collect();
    taken
        .send(env, &group, &mut session, &signers, &args.spend)
        .await
}

fn named_note(id: &str, own: &[NoteBox]) -> Result<NoteBox, CliError> {
    match find_prefix(id, own, |n| n.ergo_box().box_id().to_string()) {
        Prefix::One(note) => Ok(note.clone()),
        Prefix::None | Prefix::Several(_) => Err(CliError::Nothing(format!(
            "no unspent note of yours has a box id that begins with {id:?} alone"
        ))),
    }
}

/// Notes on their way into an account, in one or more transactions.
struct Taken {
    title: &'static str,
    account: AccountBox,
    batches: Vec<(Vec<NoteBox>, Trade)>,
}

impl Taken {
    async fn send(
        self,
        env: &Env<'_>,
        group: &Group,
        session: &mut Session,
        keys: &[&Key],
        options: &Spend,
    ) -> Result<Report, CliError> {
        let currency = &group.manifest.currency;
        let notes: Vec<NoteBox> = self.batches.iter().flat_map(|(n, _)| n.clone()).collect();
        let last = self.batches.last().map(|(_, trade)| &trade.leader);
        let after = last.unwrap_or(&self.account).balance();
        let preview = Preview::new(format!(
            "{} {} in {:?}",
            self.title,
            claims_line(&notes, group),
            group.manifest.name
        ))
        .line(
            "into",
            format!(
                "{}: {} -> {}",
                group.name_of(&self.account),
                currency.show_balance(self.account.balance()),
                currency.show_balance(after)
            ),
        )
        .transactions(
            self.batches.iter().map(|(_, trade)| &trade.proposal),
            "the notes' own ERG",
        );
        if let Some(shown) = env.consent(preview, options)? {
            return Ok(shown);
        }
        let unlocked = keys::unlock(keys, &PassphraseFiles::new(&options.passphrase.files))?;
        let mut sent = Vec::new();
        for (at, (_, trade)) in self.batches.iter().enumerate() {
            let one = session.send(&trade.proposal, &unlocked.signer).await;
            sent.push(one.map_err(|cause| partly(at, self.batches.len(), cause))?);
        }
        if !options.no_wait {
            env.wait_for_block(session, &mut sent).await?;
        }
        let json: Vec<NoteJson> = notes
            .iter()
            .map(|n| NoteJson {
                note: n.ergo_box().box_id().to_string(),
                from: group.name_by_number(&n.payer()),
                amount: currency.show(n.amount()),
                memo: read_memo(group, n, &unlocked.keys),
            })
            .collect();
        let mut text = String::new();
        for note in &json {
            let memo = note.memo.as_ref().map(|m| format!("  {m}"));
            text.push_str(&format!(
                "{} from {}{}\n",
                note.amount,
                note.from,
                memo.unwrap_or_default()
            ));
        }
        text.push_str(&format!(
            "{} {} came in; the balance is {}",
            currency.show(sum(&notes)),
            currency.code(),
            currency.show_balance(after)
        ));
        for one in &sent {
            text.push_str(&format!(
                "\ntransaction  {} ({})",
                String::from(one.id),
                whereabouts(one)
            ));
        }
        Report::new(
            &TakenJson {
                notes: json,
                amount: currency.show(sum(&notes)),
                currency: currency.code().to_owned(),
                balance: currency.show_balance(after),
                transactions: sent,
            },
            text,
        )
    }
}

/// A note's memo as its reader is to see it; what was written for another amount is said to be so.
pub(super) fn read_memo(
    group: &Group,
    note: &NoteBox,
    keys: &[lets_wallet::UnlockedKeys],
) -> Option<String> {
    memo_of(group, &Paid::of_note(note), keys)
}

/// As [`read_memo`], of any payment.
pub(super) fn memo_of(
    group: &Group,
    paid: &Paid,
    keys: &[lets_wallet::UnlockedKeys],
) -> Option<String> {
    let (payer, payee) = (paid.payer?, paid.payee?);
    let memo = sealed_memo::open(&group.lets, &paid.memo, &payer, &payee, keys)?;
    let currency = &group.manifest.currency;
    let mut shown = memo.text().to_owned();
    match memo.reference() {
        Reference::None => {}
        Reference::Invoice(id) => shown.push_str(&format!(" (pays invoice {id})")),
        Reference::Return {
            transaction,
            output,
        } => {
            let payment = payment_name(&String::from(transaction), output);
            shown.push_str(&format!(" (gives back payment {payment})"));
        }
    }
    if !memo.belongs_to(paid.amount) {
        shown.push_str(&format!(
            " (beware: written for {} {}, not for what was paid)",
            currency.show(memo.amount()),
            currency.code()
        ));
    }
    Some(shown.trim_start().to_owned())
}

/// Why a note cannot be claimed by this account now, in the violation's words.
pub(super) fn in_the_way(account: &AccountBox, note: &NoteBox) -> Option<RuleViolation> {
    rules::check_claim(account, note)
        .and_then(|()| rules::check_cap(account, note.amount()))
        .err()
}
