//! `lets verify`: an audit of the LETS against the chain, which anybody with the manifest and a node can do.

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use ergo_node_client::NodeError;
use lets_protocol::{
    Balance, Blocks, CharterBox, CommonPot, Height, Lets, Mark, NanoErg, OpenPotBox, Present,
    Standing, rules,
};
use serde::Serialize;

use crate::commands::Env;
use crate::commands::bounds::{self, Announced};
use crate::commands::open::{nano, policy_lines};
use crate::error::CliError;
use crate::keys;
use crate::manifest::{Manifest, OpenRecord};
use crate::names;
use crate::output::Report;
use crate::session::{Session, View};

/// Blocks of a year.
const YEAR: Blocks = Blocks(365 * Blocks::PER_DAY);
/// nanoErg of storage rent per byte and period of four years (mainnet).
const RENT_PER_BYTE: u64 = 1_250_000;

/// What an audit found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Findings {
    /// What was checked and is as it must be.
    pub(super) checks: Vec<String>,
    /// What is allowed but should be looked at.
    pub(super) warnings: Vec<String>,
    #[serde(skip)]
    problems: Vec<String>,
}

impl Findings {
    pub(super) fn check(
        &mut self,
        good: bool,
        ok: impl Into<String>,
        problem: impl FnOnce() -> String,
    ) {
        match good {
            true => self.checks.push(ok.into()),
            false => self.problems.push(problem()),
        }
    }

    pub(super) fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }

    pub(super) fn lines(&self) -> String {
        let ok = self.checks.iter().map(|c| format!("ok       {c}"));
        let warn = self.warnings.iter().map(|w| format!("warning  {w}"));
        ok.chain(warn).collect::<Vec<_>>().join("\n")
    }
}

pub(super) async fn run(env: &Env<'_>) -> Result<Report, CliError> {
    let (group, session) = env.open_reading().await?;
    let findings = audit(env, &session, &group.manifest, &group.lets).await?;
    report(&group.manifest, &findings)
}

/// The report of an audit that found no problem.
pub(super) fn report(manifest: &Manifest, findings: &Findings) -> Result<Report, CliError> {
    #[derive(Serialize)]
    struct Verified<'a> {
        lets: &'a str,
        fingerprint: &'a str,
        #[serde(flatten)]
        findings: &'a Findings,
    }
    let text = format!(
        "{}\n\n{:?} is as its manifest says.",
        findings.lines(),
        manifest.name
    );
    let data = Verified {
        lets: &manifest.name,
        fingerprint: &manifest.fingerprint,
        findings,
    };
    Report::new(&data, text)
}

/// Compares the manifest with the chain alone; what waits in the pool does not count.
pub(super) async fn audit(
    env: &Env<'_>,
    session: &Session,
    manifest: &Manifest,
    lets: &Lets,
) -> Result<Findings, CliError> {
    let seen = session.settled(lets, manifest, View::Chain).await;
    let present = seen.map(|seen| seen.present);
    let (found, _) = inspect(session, manifest, lets, present).await?;
    match found.problems.is_empty() {
        true => Ok(found),
        false => fail(env, &found.lines(), found),
    }
}

/// The same with the boxes as they were read, and without an end at a problem: what was found, and the boxes of now.
pub(super) async fn inspect(
    session: &Session,
    manifest: &Manifest,
    lets: &Lets,
    present: Result<Present, CliError>,
) -> Result<(Findings, Present), CliError> {
    let mut found = Findings::default();
    found.checks.push(format!(
        "manifest: fingerprint {} and five script hashes",
        &manifest.fingerprint[..16]
    ));
    supplies(session, manifest, &mut found).await?;
    founding(session, manifest, lets, &mut found).await?;
    let height = session.height().await?;
    let present = match present {
        Err(CliError::Node(e)) => match *e {
            NodeError::Malformed { what, why, .. } => {
                found.problem(format!("what the node says of {what} is not true: {why}"));
                Present::default()
            }
            other => return Err(other.into()),
        },
        present => present?,
    };
    for fault in &present.faults {
        found.problem(fault.explain(&manifest.currency));
    }
    if present.faults.is_empty() {
        let check = "tokens: none outside charter, pot, accounts and notes";
        found.checks.push(check.to_owned());
    }
    if let Some(charter) = one("charter", &present.charters, &mut found) {
        // Parsing has checked its script, its token and every register.
        found.check(
            charter.identity().name == manifest.name
                && charter.identity().currency == manifest.currency,
            format!("charter: {}", committee(charter, manifest)),
            || format!("the charter calls itself {:?}", charter.identity().name),
        );
        accounts(charter, &present.accounts, manifest, &mut found);
        ages(charter, &present, height, &mut found);
        if manifest.open.is_none() {
            for (what, text) in bounds::lines(charter.bounds(), &manifest.currency) {
                found.checks.push(format!("charter: {what} {text}"));
            }
        }
        if let Some(announced) = Announced::of(charter, &manifest.currency) {
            found
                .warnings
                .push(format!("{} (now {height})", announced.text()));
        }
    }
    if let Some(pot) = one("pot", &present.pots, &mut found) {
        found.checks.push(format!(
            "pot: {} units and {} membership tokens left",
            pot.units(),
            pot.memberships()
        ));
        open_pot(lets, pot, manifest, &mut found);
        if let CommonPot::Open(pot) = pot {
            oracle(session, lets, pot, manifest, height, &mut found).await?;
        }
    }
    sums(&present, manifest, &mut found);
    Ok((found, present))
}

/// What a pot without a committee gives and asks is what the manifest says, and sound.
fn open_pot(lets: &Lets, pot: &CommonPot, manifest: &Manifest, found: &mut Findings) {
    let Some(record) = &manifest.open else {
        return;
    };
    found.check(
        is_recorded(lets, pot, manifest),
        format!(
            "pot: the policy is the manifest's, under the oracle {}",
            record.oracle
        ),
        || "pot: its policy or its treasury is not the manifest's".to_owned(),
    );
    if let Err(unsound) = record.policy.check() {
        found.problem(format!("policy: {unsound}"));
    }
    let (policy, minted) = (&record.policy, manifest.supply.units);
    found.check(
        policy.supply == minted,
        "policy: it counts the units that were minted",
        || {
            format!(
                "policy: it counts {} units, and {minted} were minted",
                policy.supply
            )
        },
    );
    for (what, text) in policy_lines(policy, &manifest.currency) {
        found.checks.push(format!("policy: {what}: {text}"));
    }
}

/// Whether there is a rate now, where one is needed.
async fn oracle(
    session: &Session,
    lets: &Lets,
    pot: &OpenPotBox,
    manifest: &Manifest,
    height: Height,
    found: &mut Findings,
) -> Result<(), CliError> {
    if !pot.policy().kind.has_rate() && pot.policy().fee == NanoErg(0) {
        return Ok(());
    }
    let live = match session.oracle(lets).await? {
        Some(oracle) => rules::open::check_live(pot, &oracle, height),
        None => Err(rules::open::OpenViolation::NoOracle),
    };
    match live {
        Ok(quote) => found.checks.push(format!(
            "oracle: it publishes, and says {} now",
            nano(quote.rate)
        )),
        Err(why) => found.warnings.push(format!(
            "oracle: there is no rate now: {}",
            why.explain(&manifest.currency)
        )),
    }
    Ok(())
}

/// Whether the manifest says of the pot what is true.
fn is_recorded(lets: &Lets, pot: &CommonPot, manifest: &Manifest) -> bool {
    OpenRecord::of(lets, pot) == manifest.open
}

/// The one box of its kind.
fn one<'a, T>(what: &str, all: &'a [T], found: &mut Findings) -> Option<&'a T> {
    match all {
        [one] => Some(one),
        several => {
            let problem = format!("{what}: the node shows {} of them, not 1", several.len());
            found.problem(problem);
            None
        }
    }
}

/// Tells what was found good as a remark, and ends with what was not.
pub(super) fn fail<T>(env: &Env<'_>, good: &str, found: Findings) -> Result<T, CliError> {
    env.out.note(good);
    Err(CliError::Verify {
        problems: found.problems,
    })
}

/// As many of each token as the manifest says: it can never be minted again.
async fn supplies(
    session: &Session,
    manifest: &Manifest,
    found: &mut Findings,
) -> Result<(), CliError> {
    let ids = &manifest.ids;
    let expected: [(&str, TokenId, i64); 4] = [
        ("charter NFT", ids.charter_nft.into(), 1),
        ("pot NFT", ids.pot_nft.into(), 1),
        (
            "membership tokens",
            ids.membership.into(),
            manifest.supply.memberships,
        ),
        ("credit units", ids.unit.into(), manifest.supply.units),
    ];
    for (what, id, amount) in expected {
        let minted = session.minted(&id).await?;
        found.check(
            minted == u64::try_from(amount).ok(),
            format!("{what}: {amount} minted"),
            || match minted {
                Some(minted) => {
                    format!("{what}: {minted} were minted, and the manifest says {amount}")
                }
                None => format!(
                    "{what}: token {} was never minted on this chain",
                    String::from(id)
                ),
            },
        );
    }
    Ok(())
}

/// The five transactions are there, each minted its token, and the last made exactly charter and pot.
async fn founding(
    session: &Session,
    manifest: &Manifest,
    lets: &Lets,
    found: &mut Findings,
) -> Result<(), CliError> {
    let ids = &manifest.ids;
    let minted: [Option<TokenId>; 5] = [
        Some(ids.charter_nft.into()),
        Some(ids.pot_nft.into()),
        Some(ids.membership.into()),
        Some(ids.unit.into()),
        None,
    ];
    for (at, (id, token)) in manifest
        .founding
        .transactions
        .iter()
        .zip(minted)
        .enumerate()
    {
        let step = at + 1;
        let name = String::from(*id);
        let tx = match session.confirmed(id).await {
            Ok(Some(tx)) => tx,
            Ok(None) => {
                found.problem(format!(
                    "founding step {step}: transaction {name} is in no block"
                ));
                continue;
            }
            Err(CliError::Node(e)) => match *e {
                NodeError::Malformed { why, .. } => {
                    found.problem(format!(
                        "founding step {step}: what the node says of transaction {name} is not true: {why}"
                    ));
                    continue;
                }
                other => return Err(other.into()),
            },
            Err(e) => return Err(e),
        };
        let outputs: Vec<&ErgoBox> = tx.outputs.iter().collect();
        let first_input = tx.spent.first().copied().map(TokenId::from);
        let right = match token {
            // A token's id is that of the first input of the transaction that minted it.
            Some(token) => first_input == Some(token),
            None => made_charter_and_pot(&outputs, manifest, lets),
        };
        found.check(
            right,
            format!("founding step {step}: in the block at height {}", tx.height),
            || format!("founding step {step}: transaction {name} did something else"),
        );
        if let (None, Some(pot)) = (token, outputs.get(1))
            && let Ok(CommonPot::Open(pot)) = CommonPot::parse(lets, pot)
            && let Err(why) = rules::open::check_first_pot(lets, &pot)
        {
            found.problem(format!("founding: no sound LETS begins so: {why}"));
        }
    }
    Ok(())
}

fn made_charter_and_pot(outputs: &[&ErgoBox], manifest: &Manifest, lets: &Lets) -> bool {
    let [charter, pot, ..] = outputs else {
        return false;
    };
    let pot_full = CommonPot::parse(lets, pot).is_ok_and(|pot| {
        pot.units() == manifest.supply.units
            && pot.memberships() == manifest.supply.memberships
            && is_recorded(lets, &pot, manifest)
    });
    CharterBox::parse(lets, charter).is_ok() && pot_full
}

fn committee(charter: &CharterBox, manifest: &Manifest) -> String {
    if manifest.open.is_some() {
        return "the name and the currency; no committee decides anything".to_owned();
    }
    match keys::committee_size(charter.committee()) {
        Some((needed, members)) => format!("a committee of which {needed} of {members} must sign"),
        None => "a committee of an unusual kind".to_owned(),
    }
}

fn sums(present: &Present, manifest: &Manifest, found: &mut Findings) {
    let supply = manifest.supply;
    match present.check(supply.units, supply.memberships) {
        Some(Ok(())) => found.checks.push(format!(
            "books: pot, {} accounts and {} notes hold all that was minted",
            present.accounts.len(),
            present.notes
        )),
        Some(Err(e)) => found.problems.push(format!("books: {e}")),
        None => return,
    }
    let [pot] = present.pots.as_slice() else {
        return;
    };
    let show = |units| manifest.currency.show_balance(Balance::new(units));
    let (sum, due) = (present.sum().units(), pot.sum_due(supply.units));
    found.check(
        sum == due,
        format!("books: the sum of all balances is {}", show(due)),
        || {
            format!(
                "books: the sum of all balances is {}, not {}",
                show(sum),
                show(due)
            )
        },
    );
}

fn accounts(charter: &CharterBox, all: &[Standing], manifest: &Manifest, found: &mut Findings) {
    let currency = &manifest.currency;
    let mut outside = 0;
    for account in all {
        let name = names::short(&account.number);
        let (terms, balance) = (&account.terms, account.balance());
        // Lawful after the committee has lowered a line or a cap, or the rules have changed: a balance may only go back.
        if balance.debt() > terms.line.units() {
            outside += 1;
            found.warnings.push(format!(
                "account {name} is at {}, past its line of {} (a line lowered below the debt)",
                currency.show_balance(balance),
                currency.show(terms.line)
            ));
        }
        if balance.credit() > terms.cap.units() {
            outside += 1;
            found.warnings.push(format!(
                "account {name} is at {}, above its cap of {} (a cap lowered below the credit)",
                currency.show_balance(balance),
                currency.show(terms.cap)
            ));
        }
        if account.recovery {
            found.warnings.push(format!(
                "account {name}: a recovery is pending; its owner can refuse it by any payment"
            ));
        }
        if let Some(open) = &manifest.open {
            if let Some(what) = rules::open::foreign_term(&open.policy, terms) {
                outside += 1;
                found.problem(format!(
                    "account {name}: its {what} is none that the policy lets be"
                ));
            }
            match Mark::of(terms) {
                Some(Mark::Called(at)) => found.warnings.push(format!(
                    "account {name}: its debt was called, from height {at}"
                )),
                Some(Mark::Frozen) => found.warnings.push(format!(
                    "account {name}: it was frozen while the oracle was dead"
                )),
                None => {}
            }
        } else if let Err(violation) = rules::check_terms(charter, terms) {
            outside += 1;
            found.warnings.push(format!(
                "account {name} has terms outside the charter's present bounds: {}",
                violation.explain(currency)
            ));
        }
    }
    if outside == 0 {
        found.checks.push(format!(
            "accounts: {}, each within its line, its cap and the {}",
            all.len(),
            match manifest.open {
                None => "charter's bounds",
                Some(_) => "policy",
            }
        ));
    }
}

/// When storage rent reaches the first box, which boxes can be renewed before, and which could not pay it.
fn ages(charter: &CharterBox, present: &Present, height: Height, found: &mut Findings) {
    let single = |what: &str, ergo_box: &ErgoBox| Aged {
        what: what.to_owned(),
        created: Height(ergo_box.creation_height),
        value: *ergo_box.value.as_u64(),
        bytes: ergo_box.sigma_serialize_bytes().map_or(0, |b| b.len()),
    };
    let own = [single("the charter", charter.ergo_box())];
    let pots = present.pots.iter();
    let pots = pots.map(|pot| single("the pot", pot.ergo_box()));
    let accounts = present.accounts.iter().map(|a| Aged {
        what: format!("account {}", names::short(&a.number)),
        created: a.created,
        value: a.value.0,
        bytes: a.bytes,
    });
    let all: Vec<Aged> = own.into_iter().chain(pots).chain(accounts).collect();
    if let Some(oldest) = all.iter().min_by_key(|aged| aged.created) {
        let rent_from = oldest.created.plus(Blocks::STORAGE_PERIOD);
        let years = f64::from(rent_from.0.saturating_sub(height.0)) / f64::from(YEAR.0);
        let what = &oldest.what;
        found.checks.push(format!(
            "rent: the oldest box, {what}, pays storage rent from height {rent_from} on, in {years:.1} years"
        ));
    }
    for Aged {
        what,
        created,
        value,
        bytes,
    } in all
    {
        if created.plus(Blocks::REFRESH_AGE) <= height {
            found.warnings.push(format!(
                "{what} is more than three years old and pays storage rent from height {} on (now {height}): `lets touch` renews it",
                created.plus(Blocks::STORAGE_PERIOD)
            ));
        }
        if value < RENT_PER_BYTE * bytes as u64 {
            found.warnings.push(format!(
                "{what} holds too little ERG for one period of storage rent: it would be lost then"
            ));
        }
    }
}

/// A box that storage rent will reach.
struct Aged {
    what: String,
    created: Height,
    /// In nanoErg.
    value: u64,
    bytes: usize,
}
