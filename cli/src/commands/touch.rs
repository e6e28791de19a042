//! `lets touch`: boxes of three years and older are renewed, by anybody, before storage rent takes them.

use lets_ledger::Pick;
use lets_protocol::{
    AccountBox, AccountNumber, Blocks, CommonPot, Funding, Height, Proposal, refresh_account,
    refresh_charter, refresh_open_pot, refresh_pot,
};
use serde::Serialize;

use crate::args::TouchArgs;
use crate::commands::Env;
use crate::commands::spend::{Spent, whereabouts};
use crate::error::CliError;
use crate::keys::Key;
use crate::output::{Report, table};
use crate::preview::Preview;
use crate::session::{Sent, View};

#[derive(Serialize)]
struct AgeJson {
    what: String,
    created: Height,
    age_blocks: u32,
    /// From this height on anybody may renew it.
    renewable_from: Height,
    /// From this height on it pays storage rent.
    rent_from: Height,
}

impl AgeJson {
    fn of(what: String, created: Height, now: Height) -> Self {
        Self {
            what,
            created,
            age_blocks: now.0.saturating_sub(created.0),
            renewable_from: created.plus(Blocks::REFRESH_AGE),
            rent_from: created.plus(Blocks::STORAGE_PERIOD),
        }
    }

    fn due(&self, now: Height) -> bool {
        self.renewable_from <= now
    }
}

#[derive(Serialize)]
struct Touched {
    boxes: Vec<AgeJson>,
    transactions: Vec<Sent>,
}

pub(super) async fn run(env: &Env<'_>, args: TouchArgs) -> Result<Report, CliError> {
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    let currency = &group.manifest.currency;
    let params = session.params(args.spend.fee).await?;
    let now = params.height;
    let charter = session.charter(&group.lets, View::Pool).await?;
    let pot = session.pot(&group.lets, View::Pool).await?;
    // The wallet's boxes are the node's to tell; a ledger beside its index does not hold them.
    let ledger = env.fresh(&group, &session).await?;
    let created = session.ages(&group.lets, ledger.as_ref()).await?;
    let mut boxes = vec![
        AgeJson::of("charter".to_owned(), charter.created(), now),
        AgeJson::of("pot".to_owned(), pot.created(), now),
    ];
    boxes.extend(
        created
            .iter()
            .map(|(number, created)| AgeJson::of(group.name_by_number(number), *created, now)),
    );
    let rows: Vec<Vec<String>> = boxes
        .iter()
        .map(|b| {
            vec![
                b.what.clone(),
                format!(
                    "{:.1} years",
                    f64::from(b.age_blocks) / f64::from(365 * Blocks::PER_DAY)
                ),
                b.renewable_from.to_string(),
                b.rent_from.to_string(),
                if b.due(now) { "due" } else { "" }.to_owned(),
            ]
        })
        .collect();
    let ages = table(
        &["box", "age", "renewable from", "rent from", ""],
        rows,
        &[1, 2, 3],
    );

    let fault = |e| CliError::refresh(e, currency);
    let mut proposals: Vec<Proposal> = Vec::new();
    if boxes[0].due(now) {
        proposals.push(
            refresh_charter(&group.lets, &charter, params)
                .map_err(fault)?
                .0,
        );
    }
    if boxes[1].due(now) {
        proposals.push(match &pot {
            CommonPot::Committee(pot) => refresh_pot(&group.lets, pot, params).map_err(fault)?.0,
            CommonPot::Open(pot) => refresh_open_pot(&group.lets, pot, params).map_err(fault)?.0,
        });
    }
    let due_at = |created: Height| created.plus(Blocks::REFRESH_AGE) <= now;
    let due: Vec<AccountNumber> = created
        .iter()
        .filter(|(_, at)| due_at(*at))
        .map(|(number, _)| *number)
        .collect();
    let mut keys = Vec::new();
    if !due.is_empty() {
        let key = Key::choose(&env.home, args.key.key.as_deref())?;
        let mut funding = session.wallet(&key.tree()?).await?;
        let accounts = session
            .accounts_like(&group.lets, Pick::Numbers(&due))
            .await?;
        // Somebody's renewal may wait in the pool already.
        let still = |a: &&AccountBox| due.contains(&a.number()) && due_at(a.created());
        for account in accounts.iter().map(|a| &a.it).filter(still) {
            let (proposal, _) =
                refresh_account(&group.lets, account, &funding, params).map_err(fault)?;
            after(&mut funding, &proposal);
            proposals.push(proposal);
        }
        keys.push(key);
    }
    if proposals.is_empty() {
        let text = format!("{ages}\n\nnothing is three years old yet: nothing to do");
        let data = Touched {
            boxes,
            transactions: Vec::new(),
        };
        return Report::new(&data, text);
    }
    let preview = Preview::new(format!(
        "Renew {} boxes of {:?}\n{ages}",
        proposals.len(),
        group.manifest.name
    ))
    .transactions(&proposals, "charter, pot, and your wallet for accounts");
    let signers: Vec<&Key> = keys.iter().collect();
    let spent = env
        .spend(
            &mut session,
            &args.spend,
            preview,
            &proposals,
            &signers,
            |_, _| Ok(()),
        )
        .await?;
    let transactions = match spent {
        Spent::Shown(report) => return Ok(report),
        Spent::Sent(sent) => sent,
    };
    let lines: Vec<String> = transactions
        .iter()
        .map(|t| {
            format!(
                "renewed: transaction {} ({})",
                String::from(t.id),
                whereabouts(t)
            )
        })
        .collect();
    let data = Touched {
        boxes,
        transactions,
    };
    Report::new(&data, lines.join("\n"))
}

/// The wallet after a proposal: its spent boxes gone, its change there.
fn after(funding: &mut Funding, proposal: &Proposal) {
    let spent = |id| proposal.inputs().iter().any(|b| b.box_id() == id);
    funding.boxes.retain(|b| !spent(b.box_id()));
    let change = proposal
        .outputs()
        .iter()
        .filter(|b| b.ergo_tree == funding.change);
    funding.boxes.extend(change.cloned());
}
