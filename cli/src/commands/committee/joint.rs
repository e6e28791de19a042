//! `lets committee propose`, `show`, `sign`, `remake`, `submit`: k of n sign together, each on his own machine.

use std::path::Path;

use ergo_lib::ergo_chain_types::EcPoint;
use lets_protocol::{Amount, Blocks, Funding, Proposal};
use lets_wallet::{AnswerError, AnswerFolder, CommitAndAnswerError, Nonces, Round, Stage};
use serde::Serialize;

use super::lay_out::{Laid, lay_out, params, stale};
use crate::args::{FileArgs, ProposeArgs, ProposeCommand, SignArgs, SubmitArgs};
use crate::ask::{self, PassphraseFiles};
use crate::commands::spend::whereabouts;
use crate::commands::{Env, Group, apply, terms};
use crate::committee_file::{Action, CommitteeFile, CommitteeFileError, NewCommittee};
use crate::error::CliError;
use crate::home;
use crate::keys::{self, Key};
use crate::output::Report;
use crate::session::{Sent, Session, View};

/// How long after its making an announcement may be included: so long signing together may take.
const MARGIN: Blocks = Blocks(3_600);

#[derive(Serialize)]
struct StateJson {
    file: String,
    transaction: String,
    /// `commit`, `answer` or `finish`: what comes next.
    stage: &'static str,
    committed: Vec<String>,
    answered: Vec<String>,
    transactions: Vec<Sent>,
}

/// A proposal as this machine finds it.
struct Found {
    file: CommitteeFile,
    laid: Laid,
    round: Round,
}

pub(super) async fn propose(env: &Env<'_>, args: ProposeArgs) -> Result<Report, CliError> {
    let key = Key::choose(&env.home, args.key.as_deref())?;
    if args.out.exists() {
        return Err(CliError::Exists { path: args.out });
    }
    let (group, session) = env.open().await?;
    let action = action(&group, &session, args.what).await?;
    write(env, &group, &session, action, &key, args.fee.0, &args.out).await
}

pub(super) async fn remake(env: &Env<'_>, args: FileArgs) -> Result<Report, CliError> {
    let old = CommitteeFile::load(&args.file)?;
    let (group, session) = env.open().await?;
    check_lets(&group, &old)?;
    let own = keys::own_keys(&env.home)?;
    let payer = own.into_iter().find(|k| public(k) == old.payer);
    let payer = payer.ok_or_else(|| {
        CliError::Nothing(
            "the key whose wallet pays is not on this machine: ask its owner to remake the proposal"
                .to_owned(),
        )
    })?;
    let action = match old.action {
        Action::Announce {
            bounds, committee, ..
        } => Action::Announce {
            bounds,
            committee,
            from: session.height().await?.plus(MARGIN).0,
        },
        Action::StartRecovery { account, heir, .. } => Action::StartRecovery {
            account,
            heir,
            start: session.height().await?.plus(MARGIN).0,
        },
        other => other,
    };
    let out = args.file.with_extension("remade.json");
    write(env, &group, &session, action, &payer, old.fee, &out).await
}

/// Lays the action out on the boxes of now and writes the file.
async fn write(
    env: &Env<'_>,
    group: &Group,
    session: &Session,
    action: Action,
    key: &Key,
    fee: u64,
    out: &Path,
) -> Result<Report, CliError> {
    let wallet = session.wallet(&key.tree()?).await?;
    let params = params(session.height().await?.0, fee);
    let laid = lay_out(session, group, &action, &wallet, params).await?;
    let state = session.client().state_context().await?;
    let context = laid.proposal.context()?;
    let round = Round::start(&context, &state)?;
    let ids = |from_wallet: bool| {
        let inputs = laid.proposal.inputs().iter();
        inputs
            .filter(|b| wallet.boxes.contains(b) == from_wallet || !from_wallet)
            .map(|b| b.box_id().to_string())
            .collect::<Vec<_>>()
    };
    let mut boxes = ids(false);
    boxes.extend(
        laid.proposal
            .data_inputs()
            .iter()
            .map(|b| b.box_id().to_string()),
    );
    let file = CommitteeFile::new(
        group.lets.ids().unit.to_string(),
        action,
        public(key),
        (ids(true), boxes),
        (params.height.0, fee),
        (String::from(laid.proposal.tx_id()), round.to_file()),
    );
    home::write_new(out, &file.text()?)?;
    env.out.note(&laid.preview.text());
    report(
        group,
        out,
        &round,
        format!(
            "{} is written: every signer runs `lets committee sign`, twice each but for the last",
            out.display()
        ),
        Vec::new(),
    )
}

async fn action(
    group: &Group,
    session: &Session,
    what: ProposeCommand,
) -> Result<Action, CliError> {
    let currency = &group.manifest.currency;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    Ok(match what {
        ProposeCommand::Admit {
            application,
            wishes,
        } => {
            let all = session.applications(&group.lets).await?;
            let found = apply::find(group, &application, &all)?;
            let charter = session.charter(&group.lets, View::Pool).await?;
            Action::Admit {
                application: found.it.ergo_box().box_id().to_string(),
                terms: terms::first(&wishes, charter.bounds(), currency)?,
            }
        }
        ProposeCommand::SetTerms { who, wishes } => {
            let account = &group.resolve(&who, &accounts)?.it;
            let charter = session.charter(&group.lets, View::Pool).await?;
            Action::SetTerms {
                account: account.number().to_string(),
                terms: lets_protocol::Terms {
                    floor: charter.bounds().account_floor,
                    ..terms::wanted(&wishes, account.terms(), currency)?
                },
            }
        }
        ProposeCommand::WriteOff {
            who,
            amount,
            reason,
        } => {
            let debtor = &group.resolve(&who, &accounts)?.it;
            Action::WriteOff {
                account: debtor.number().to_string(),
                amount: match amount.as_str() {
                    "all" => Amount::clamped(debtor.balance().debt()),
                    text => currency.parse_positive(text)?,
                },
                reason,
            }
        }
        ProposeCommand::Announce {
            bounds,
            threshold,
            new_member_keys,
        } => Action::Announce {
            bounds,
            committee: threshold.map(|threshold| NewCommittee {
                threshold,
                members: new_member_keys,
            }),
            from: session.height().await?.plus(MARGIN).0,
        },
        ProposeCommand::Cancel => Action::Cancel,
        ProposeCommand::Expel { who } => Action::Expel {
            account: group.resolve(&who, &accounts)?.it.number().to_string(),
        },
        ProposeCommand::Recover { who, heir } => Action::StartRecovery {
            account: group.resolve(&who, &accounts)?.it.number().to_string(),
            heir,
            start: session.height().await?.plus(MARGIN).0,
        },
    })
}

fn check_lets(group: &Group, file: &CommitteeFile) -> Result<(), CliError> {
    match file.lets == group.lets.ids().unit.to_string() {
        true => Ok(()),
        false => Err(CommitteeFileError::OtherLets {
            found: file.lets.clone(),
        }
        .into()),
    }
}

/// Reads a proposal, lays it out for oneself, and checks all that was signed so far.
async fn find(group: &Group, session: &Session, path: &Path) -> Result<Found, CliError> {
    let file = CommitteeFile::load(path)?;
    check_lets(group, &file)?;
    let payer = keys::parse_public_key(&file.payer)?;
    let tree = keys::p2pk_tree(&payer)?;
    let mut wallet: Funding = session.wallet(&tree).await?;
    wallet
        .boxes
        .retain(|b| file.wallet.contains(&b.box_id().to_string()));
    if wallet.boxes.len() != file.wallet.len() {
        return Err(stale("the wallet that pays the fee"));
    }
    let params = params(file.height, file.fee);
    let mut laid = lay_out(session, group, &file.action, &wallet, params).await?;
    laid.preview = laid
        .preview
        .transactions([&laid.proposal], &paid_by(group, &file.payer, &wallet));
    check_boxes(&file, &laid.proposal)?;
    let found = String::from(laid.proposal.tx_id());
    if found != file.transaction {
        return Err(CommitteeFileError::OtherTransaction {
            found,
            said: file.transaction,
        }
        .into());
    }
    let state = session.client().state_context().await?;
    let context = laid.proposal.context()?;
    let round = Round::resume(&context, &state, &file.round)?;
    Ok(Found { file, laid, round })
}

/// Whatever stands at another box than when the proposal was written has moved on.
fn check_boxes(file: &CommitteeFile, proposal: &Proposal) -> Result<(), CliError> {
    let now = proposal.inputs().iter().chain(proposal.data_inputs());
    let now: Vec<String> = now.map(|b| b.box_id().to_string()).collect();
    let moved = now.iter().zip(&file.boxes).position(|(a, b)| a != b);
    match (moved, now.len() == file.boxes.len()) {
        (None, true) => Ok(()),
        (Some(0), _) => Err(stale(
            "the pot, the charter or the account that it begins with",
        )),
        _ => Err(stale("a box that it spends or reads")),
    }
}

pub(super) async fn show(env: &Env<'_>, args: FileArgs) -> Result<Report, CliError> {
    let (group, session) = env.open().await?;
    let found = find(&group, &session, &args.file).await?;
    let text = found.laid.preview.text();
    report(&group, &args.file, &found.round, text, Vec::new())
}

pub(super) async fn sign(env: &Env<'_>, args: SignArgs) -> Result<Report, CliError> {
    let key = Key::choose(&env.home, args.key.key.as_deref())?;
    let _lock = env.lock_home()?;
    let (group, session) = env.open().await?;
    let Found {
        mut file,
        laid,
        mut round,
    } = find(&group, &session, &args.file).await?;
    env.out.note(&laid.preview.text());
    let nonces_path = env.home.nonces(&key.name);
    let kept = match std::fs::read(&nonces_path) {
        Ok(bytes) => Some(Nonces::from_bytes(&zeroize::Zeroizing::new(bytes))?),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(cause) => {
            return Err(CliError::File {
                doing: "read",
                path: nonces_path,
                cause,
            });
        }
    };
    let here = file.round.round();
    // Begun for another proposal, or for this one in a file that has lost it: never used, if it is given up.
    let begun_here = round.committed().contains(&key.file.public_key().h);
    let kept = match kept {
        Some(kept) if kept.round() == here && begun_here => Some(kept),
        Some(_) if args.abandon => {
            home::remove(&nonces_path)?;
            None
        }
        Some(kept) => {
            return Err(CliError::RoundOpen {
                key: key.name,
                transaction: String::from(kept.transaction()),
            });
        }
        None => None,
    };
    if !args.yes {
        ask::confirm("Sign it?")?;
    }
    let unlocked = keys::unlock(&[&key], &PassphraseFiles::new(&args.passphrase.files))?;
    let mut ended = false;
    let done = match kept {
        Some(mut nonces) => {
            let folder = env.home.answers();
            let mut log = AnswerFolder::open(&folder).map_err(|cause| CliError::File {
                doing: "open",
                path: folder,
                cause,
            })?;
            match round.answer(&unlocked.signer, &mut nonces, &mut log) {
                Ok(()) => {
                    ended = true;
                    "your part is complete"
                }
                Err(AnswerError::NotYet { .. }) => {
                    "you have begun to sign; others must begin too before you can end"
                }
                Err(e) => return Err(e.into()),
            }
        }
        None => match round.commit_and_answer(&unlocked.signer) {
            Ok(()) => "your part is complete",
            Err(CommitAndAnswerError::Answer(AnswerError::NotYet { .. })) => {
                let nonces = round.commit(&unlocked.signer)?;
                // Kept before the file leaves: without them nobody can answer for this signer.
                home::write_new_bytes(&nonces_path, &nonces.to_bytes())?;
                "you have begun to sign: sign once more when the others have begun too"
            }
            Err(e) => return Err(e.into()),
        },
    };
    file.round = round.to_file();
    home::replace(&args.file, &file.text()?)?;
    if ended {
        // The answer is in the file: what it was made of is of no use any more.
        home::remove(&nonces_path)?;
    }
    report(&group, &args.file, &round, done.to_owned(), Vec::new())
}

pub(super) async fn submit(env: &Env<'_>, args: SubmitArgs) -> Result<Report, CliError> {
    let (group, mut session) = env.open().await?;
    let found = find(&group, &session, &args.file).await?;
    let signed = found.round.finish()?;
    let kind = found.laid.proposal.kind().name();
    let fee = found.laid.proposal.fee();
    let mut sent = vec![session.submit(kind, fee, signed).await?];
    if !args.no_wait {
        env.wait_for_block(&session, &mut sent).await?;
    }
    let text = format!(
        "sent: {}\ntransaction  {} ({})",
        kind,
        String::from(sent[0].id),
        whereabouts(&sent[0])
    );
    report(&group, &args.file, &found.round, text, sent)
}

fn report(
    group: &Group,
    path: &Path,
    round: &Round,
    mut text: String,
    transactions: Vec<Sent>,
) -> Result<Report, CliError> {
    let name = |point: &EcPoint| {
        let digits = String::from(point.clone());
        match group.key_name(&digits) {
            Some(name) => name,
            None => digits.chars().take(12).collect(),
        }
    };
    let names = |points: Vec<EcPoint>| points.iter().map(name).collect::<Vec<_>>();
    let (committed, answered) = (names(round.committed()), names(round.answered()));
    let (stage, next) = match round.stage() {
        Stage::Commit => ("commit", "more must begin to sign"),
        Stage::Answer => ("answer", "those who have begun must sign once more"),
        Stage::Finish => ("finish", "`lets committee submit` sends it"),
    };
    if transactions.is_empty() {
        text.push_str(&format!(
            "\nbegun by: {}; completed by: {}\n{next}",
            or_nobody(&committed),
            or_nobody(&answered)
        ));
    }
    Report::new(
        &StateJson {
            file: path.display().to_string(),
            transaction: String::from(round.transaction()),
            stage,
            committed,
            answered,
            transactions,
        },
        text,
    )
}

fn or_nobody(names: &[String]) -> String {
    match names.is_empty() {
        true => "nobody".to_owned(),
        false => names.join(", "),
    }
}

/// Who pays the fee, as a signer must know: it may be himself.
fn paid_by(group: &Group, payer: &str, wallet: &Funding) -> String {
    match (wallet.boxes.is_empty(), group.key_name(payer)) {
        (true, _) => "the boxes that it spends".to_owned(),
        (false, Some(name)) => format!("the wallet of your key {name:?}"),
        (false, None) => format!("the wallet of {payer}"),
    }
}

/// A key's public half in hexadecimal.
fn public(key: &Key) -> String {
    String::from((*key.file.public_key().h).clone())
}
