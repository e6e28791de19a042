//! `lets settle`: several payers and payees in one transaction, passed round as a file that each payer looks at and signs.

mod view;

use std::path::{Path, PathBuf};

use lets_protocol::{
    AccountBox, Leg, Link, NanoErg, PartyViolation, Settlement, check_settle, settle,
};
use lets_wallet::{InputProof, assemble};

use crate::args::SettleCommand;
use crate::ask::{self, PassphraseFiles};
use crate::commands::spend::whereabouts;
use crate::commands::{Env, Group};
use crate::error::CliError;
use crate::keys::{self, Key};
use crate::output::Report;
use crate::session::{Place, Seen, Sent, Session, View};
use crate::settlement_file::{SettlementFile, SettlementFileError};
use view::{Shown, Signature, Standing, judge, offline_state};

pub(super) async fn run(env: &Env<'_>, command: SettleCommand) -> Result<Report, CliError> {
    match command {
        SettleCommand::Propose { payments, out, fee } => propose(env, &payments, &out, fee).await,
        SettleCommand::Show { file, .. } => show(env, &file).await,
        SettleCommand::Sign {
            file,
            key,
            yes,
            dry_run,
            passphrase,
        } => {
            let key = Key::choose(&env.home, key.key.as_deref())?;
            let options = Consent { yes, dry_run };
            let files = PassphraseFiles::new(&passphrase.files);
            sign(env, file, &key, &options, &files).await
        }
        SettleCommand::Send {
            file,
            yes,
            dry_run,
            no_wait,
        } => send(env, &file, &Consent { yes, dry_run }, no_wait).await,
    }
}

/// Whether to ask, and whether to go on at all.
struct Consent {
    yes: bool,
    dry_run: bool,
}

async fn propose(
    env: &Env<'_>,
    asked: &[String],
    out: &Path,
    fee: NanoErg,
) -> Result<Report, CliError> {
    // Looked at first: nobody should learn at the end that he has to choose another name.
    if out.exists() {
        return Err(CliError::Exists {
            path: out.to_owned(),
        });
    }
    let (group, session) = env.open().await?;
    let currency = &group.manifest.currency;
    let params = session.params(fee).await?;
    let seen = session.accounts(&group.lets, View::Pool).await?;
    let mut payments = Vec::with_capacity(asked.len());
    for text in asked {
        payments.push(parse_payment(&group, text, &seen)?);
    }
    let legs: Vec<Leg> = payments.iter().map(|(leg, _)| *leg).collect();
    let accounts: Vec<AccountBox> = seen.into_iter().map(|s| s.it).collect();
    for account in &accounts {
        let pays = legs.iter().any(|leg| leg.from == account.number());
        if pays && *account.link() != Link::None {
            return Err(SettlementFileError::KeyElsewhere {
                name: group.name_of(account),
            }
            .into());
        }
    }
    let find = |number| accounts.iter().find(|a| a.number() == number);
    check_settle(&accounts, &legs, params.height).map_err(
        |PartyViolation { account, violation }| CliError::PartyRule {
            party: find(account).map_or_else(|| account.to_string(), |a| group.name_of(a)),
            violation: Box::new(violation),
            currency: currency.clone(),
        },
    )?;
    if let Some(leader) = legs.first().and_then(|leg| find(leg.from))
        && leader.spare_erg() < params.fee
    {
        return Err(SettlementFileError::Fee {
            name: group.name_of(leader),
            fee: params.fee,
            spare: leader.spare_erg(),
        }
        .into());
    }
    let trade = settle(&group.lets, &accounts, &legs, None, params)
        .map_err(|e| CliError::trade(e, currency))?;
    let unfit = |cause| SettlementFileError::Deceitful {
        path: out.to_owned(),
        cause,
    };
    // Read back as every signer will read it.
    let settlement = Settlement::of(&group.lets, &trade.proposal).map_err(unfit)?;
    let file = SettlementFile::new(&group.manifest, settlement, payments).map_err(unfit)?;
    let state = session.state_for(file.settlement.unsigned()).await?;
    let signatures = judge(&file, &state)?;
    file.save_new(out)?;
    let shown = Shown::new(&group, &file, &signatures, Standing::Open);
    let end = format!(
        "written to {}: each payer runs `lets settle sign FILE`, then anybody `lets settle send FILE`",
        out.display()
    );
    Report::new(&shown, format!("{}\n{end}", shown.text()))
}

/// "FROM:TO:AMOUNT" and how it reads.
fn parse_payment(
    group: &Group,
    text: &str,
    accounts: &[Seen<AccountBox>],
) -> Result<(Leg, String), CliError> {
    let parts: Vec<&str> = text.split(':').map(str::trim).collect();
    let [from, to, amount] = parts.as_slice() else {
        return Err(CliError::Arguments(format!(
            "--pay {text:?}: write FROM:TO:AMOUNT, like alice:bob:2.50"
        )));
    };
    let currency = &group.manifest.currency;
    let amount = currency.parse_positive(amount)?;
    let (from, to) = (
        &group.resolve(from, accounts)?.it,
        &group.resolve(to, accounts)?.it,
    );
    let leg = Leg {
        from: from.number(),
        to: to.number(),
        amount,
    };
    let remark = format!(
        "{} pays {} {} to {}",
        group.name_of(from),
        currency.show(amount),
        currency.code(),
        group.name_of(to)
    );
    Ok((leg, remark))
}

async fn show(env: &Env<'_>, path: &Path) -> Result<Report, CliError> {
    let (group, session) = env.open().await?;
    let file = SettlementFile::load(path, &group.manifest, &group.lets)?;
    let standing = standing(&session, &group, &file.settlement).await?;
    let state = session.client().state_context().await?;
    let signatures = match judge(&file, &state) {
        // What is over is shown also when its time has passed.
        Err(_) if standing != Standing::Open => judge(&file, &offline_state(&file.settlement)?)?,
        judged => judged?,
    };
    let shown = Shown::new(&group, &file, &signatures, standing);
    Report::new(&shown, shown.text())
}

/// As `show`, without a node.
pub(super) fn show_offline(env: &Env<'_>, path: &Path) -> Result<Report, CliError> {
    let group = env.group()?;
    let file = SettlementFile::load(path, &group.manifest, &group.lets)?;
    let signatures = judge(&file, &offline_state(&file.settlement)?)?;
    let shown = Shown::new(&group, &file, &signatures, Standing::NotAsked);
    Report::new(&shown, shown.text())
}

async fn sign(
    env: &Env<'_>,
    path: PathBuf,
    key: &Key,
    options: &Consent,
    files: &PassphraseFiles,
) -> Result<Report, CliError> {
    let _lock = match options.dry_run {
        true => None,
        false => Some(env.lock_home()?),
    };
    let (group, session) = env.open().await?;
    let mut file = SettlementFile::load(&path, &group.manifest, &group.lets)?;
    let standing = open_still(standing(&session, &group, &file.settlement).await?)?;
    let state = session.state_for(file.settlement.unsigned()).await?;
    let mut signatures = judge(&file, &state)?;
    let own = own_inputs(&group, &file.settlement, &signatures, key)?;
    let shown = Shown::new(&group, &file, &signatures, standing.clone());
    if own.iter().all(|at| signatures[*at] == Signature::Given) {
        let end = format!("the key {:?} has signed already: nothing changed", key.name);
        return Report::new(&shown, format!("{}\n{end}", shown.text()));
    }
    if let Some(report) = consent(env, shown, options, "Sign it?")? {
        return Ok(report);
    }
    let signer = keys::signer(&[key], files)?;
    let made = signer.prove_inputs(&file.settlement.context()?, &state)?;
    file = file.again(&path, &group.manifest, &group.lets)?;
    for (at, proof) in made.into_iter().enumerate() {
        match proof {
            InputProof::Made(proof) if own.contains(&at) && signatures[at] != Signature::Given => {
                file.proofs[at] = Some(proof);
            }
            // What somebody put where nothing belongs.
            InputProof::NotNeeded => file.proofs[at] = None,
            _ => {}
        }
    }
    signatures = judge(&file, &state)?;
    file.save(&path)?;
    let shown = Shown::new(&group, &file, &signatures, standing);
    let missing = [shown.lacking(), shown.wrong()].concat();
    let end = match missing.is_empty() {
        true => "signed; everybody has signed: `lets settle send FILE` sends it".to_owned(),
        false => format!("signed; signatures still missing: {}", missing.join(", ")),
    };
    Report::new(&shown, format!("{}\n{end}", shown.text()))
}

/// The inputs that this key must sign, of which there must be one.
fn own_inputs(
    group: &Group,
    settlement: &Settlement,
    signatures: &[Signature],
    key: &Key,
) -> Result<Vec<usize>, CliError> {
    let owner = key.owner();
    let mut own = Vec::new();
    let mut only_paid = None;
    for (at, party) in settlement.parties().iter().enumerate() {
        if *party.before.owner() != owner || *party.before.link() != Link::None {
            continue;
        }
        match signatures[at] {
            Signature::NotNeeded => only_paid = Some(group.name_of(&party.before)),
            _ => own.push(at),
        }
    }
    match (own.is_empty(), only_paid) {
        (false, _) => Ok(own),
        (true, Some(name)) => Err(SettlementFileError::NothingToSign {
            key: key.name.clone(),
            name,
        }
        .into()),
        (true, None) => Err(SettlementFileError::NotParty {
            key: key.name.clone(),
        }
        .into()),
    }
}

async fn send(
    env: &Env<'_>,
    path: &Path,
    options: &Consent,
    no_wait: bool,
) -> Result<Report, CliError> {
    let _lock = match options.dry_run {
        true => None,
        false => Some(env.lock_home()?),
    };
    let (group, mut session) = env.open().await?;
    let file = SettlementFile::load(path, &group.manifest, &group.lets)?;
    let standing = open_still(standing(&session, &group, &file.settlement).await?)?;
    let state = session.state_for(file.settlement.unsigned()).await?;
    let signatures = judge(&file, &state)?;
    let shown = Shown::new(&group, &file, &signatures, standing);
    if !shown.wrong().is_empty() {
        return Err(SettlementFileError::Wrong {
            names: shown.wrong(),
        }
        .into());
    }
    if !shown.lacking().is_empty() {
        return Err(SettlementFileError::Missing {
            names: shown.lacking(),
        }
        .into());
    }
    let proofs: Vec<Option<Vec<u8>>> = file
        .proofs
        .iter()
        .map(|proof| Some(proof.clone().unwrap_or_default()))
        .collect();
    let signed =
        assemble(file.settlement.unsigned(), &proofs).map_err(SettlementFileError::from)?;
    if let Some(report) = consent(env, shown.clone(), options, "Send it?")? {
        return Ok(report);
    }
    let sent = session
        .submit("settle", file.settlement.fee(), signed)
        .await?;
    let mut sent: Vec<Sent> = vec![sent];
    if !no_wait {
        env.wait_for_block(&session, &mut sent).await?;
    }
    let text = format!(
        "settled between {} accounts\ntransaction  {} ({})",
        file.settlement.parties().len(),
        String::from(sent[0].id),
        whereabouts(&sent[0])
    );
    Report::new(&shown.sent(sent), text)
}

/// Shows it and asks. `Some` is the end of a dry run.
fn consent(
    env: &Env<'_>,
    shown: Shown,
    options: &Consent,
    question: &str,
) -> Result<Option<Report>, CliError> {
    if options.dry_run {
        let text = format!("{}\n(dry run: nothing was signed or sent)", shown.text());
        return Report::new(&shown.dry_run(), text).map(Some);
    }
    env.out.note(&shown.text());
    if !options.yes {
        ask::confirm(question)?;
    }
    Ok(None)
}

/// Whether the accounts still stand as the settlement found them.
async fn standing(
    session: &Session,
    group: &Group,
    settlement: &Settlement,
) -> Result<Standing, CliError> {
    let changed = changed(session, group, settlement).await?;
    if changed.is_empty() {
        return Ok(Standing::Open);
    }
    // What replaced the accounts may be the settlement itself.
    match session.settle(&settlement.tx_id()).await? {
        Place::Block { height, .. } => Ok(Standing::InBlock(height)),
        Place::Pool => Ok(Standing::InPool),
        // Views lag, and one look proves nothing.
        Place::Nowhere => match self::changed(session, group, settlement).await? {
            changed if changed.is_empty() => Ok(Standing::Open),
            changed => Ok(Standing::Stale(changed)),
        },
    }
}

/// Whose accounts stand in other boxes by now, or in none.
async fn changed(
    session: &Session,
    group: &Group,
    settlement: &Settlement,
) -> Result<Vec<String>, CliError> {
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    let gone = settlement.parties().iter().filter(|party| {
        let id = party.before.ergo_box().box_id();
        !accounts.iter().any(|a| a.it.ergo_box().box_id() == id)
    });
    Ok(gone.map(|party| group.name_of(&party.before)).collect())
}

/// Refuses to go on with what cannot happen any more, or has happened.
fn open_still(standing: Standing) -> Result<Standing, CliError> {
    match standing {
        Standing::Open | Standing::NotAsked => Ok(standing),
        Standing::Stale(names) => Err(SettlementFileError::Stale { names }.into()),
        Standing::InPool | Standing::InBlock(_) => Err(SettlementFileError::Sent {
            place: standing.text(),
        }
        .into()),
    }
}
