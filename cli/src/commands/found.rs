//! `lets found`: five transactions, written down before the first is sent, and sent again until all are there.

mod import;
mod open;

use std::path::Path;

use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::ProveDlog;
use ergo_node_client::SubmitError;
use lets_protocol::{
    Amount, Bounds, Currency, Found, Founding, FoundingStep, Funding, HardBounds, Identity,
    Proposal, Terms, TxParams,
};
use serde::Serialize;

use crate::args::{BoundArgs, FoundArgs, Spend};
use crate::commands::Env;
use crate::commands::bounds::{self, check_loan_rules};
use crate::commands::found::import::{Hands, ImportedJson, Work};
use crate::error::CliError;
use crate::founding::{FoundingFile, FoundingFileError};
use crate::home;
use crate::import::Import;
use crate::keys::{self, Key};
use crate::manifest::{FOUNDING_STEPS, Manifest, Network, Supply};
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{LAG, Place, Sent, Session};

/// What is minted: units for 5,000 members with a line of 200.00 at two decimals and 100 times more, and room for
/// 100,000 members at once (one membership token and one unit always stay in the pot).
pub(crate) const SUPPLY: Supply = Supply {
    units: 1_000_000_000_000,
    memberships: 100_001,
};

#[derive(Serialize)]
struct FoundJson {
    name: String,
    currency: String,
    decimals: u8,
    network: &'static str,
    manifest: String,
    fingerprint: String,
    charter_nft: String,
    pot_nft: String,
    membership: String,
    unit: String,
    transactions: Vec<Sent>,
    /// The members of the ledger that was imported.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    imported: Vec<ImportedJson>,
}

pub(super) async fn run(env: &Env<'_>, args: FoundArgs) -> Result<Report, CliError> {
    let _lock = env.lock(&args.spend)?;
    let path = env.home.founding();
    let file = FoundingFile::load(&path)?;
    match (file, args.resume || args.discard) {
        (None, true) => Err(FoundingFileError::None(path).into()),
        (Some(file), true) if args.discard => discard(env, &file).await,
        (Some(file), true) => finish(env, &file, &args.spend).await,
        (Some(file), false) => Err(FoundingFileError::InProgress {
            path,
            name: file.name,
        }
        .into()),
        (None, false) => {
            let manifest_path = env.manifest_path();
            if manifest_path.exists() {
                return Err(CliError::Exists {
                    path: manifest_path,
                });
            }
            begin(env, args, &manifest_path).await
        }
    }
}

/// A founding laid out, before consent.
pub(crate) struct Planned {
    pub(crate) steps: [(FoundingStep, Proposal); FOUNDING_STEPS],
    pub(crate) manifest: Manifest,
    pub(crate) preview: Preview,
    pub(crate) import: Option<Import>,
}

/// What both kinds of founding begin with.
struct Ground<'a> {
    key: &'a Key,
    identity: Identity,
    network: Network,
    funding: Funding,
    params: TxParams,
}

async fn begin(env: &Env<'_>, args: FoundArgs, manifest_path: &Path) -> Result<Report, CliError> {
    let key = Key::choose(&env.home, args.key.key.as_deref())?;
    // The argument parser asks for both unless a founding is resumed.
    let name = args.name.clone().unwrap_or_default();
    let currency = Currency::new(args.currency.as_deref().unwrap_or_default(), args.decimals)?;
    if name.chars().any(char::is_control) {
        return Err(CliError::Arguments(
            "the name has line breaks or other control characters".to_owned(),
        ));
    }
    let kind = args.kind.open();
    if let (None, Some(option)) = (kind, args.policy.given()) {
        return Err(CliError::Arguments(format!(
            "{option} is of a LETS without a committee: say which with --kind"
        )));
    }
    // What the arguments alone decide comes before the node.
    let committee = match kind {
        Some(_) => Vec::new(),
        None => members(env, &args)?,
    };
    let session = env.session()?;
    let network = session.network(env.global.network).await?;
    let ground = Ground {
        key: &key,
        identity: Identity { name, currency },
        network,
        params: session.params(args.spend.fee).await?,
        funding: session.wallet(&key.tree()?).await?,
    };
    let planned = match kind {
        Some(kind) => open::plan(env, &session, kind, &args, ground).await?,
        None => with_committee(env, &committee, &args, ground)?,
    };
    if let Some(shown) = env.consent(planned.preview, &args.spend)? {
        return Ok(shown);
    }
    // A wrong passphrase must stop it before anything is written.
    let (manifest, import) = (planned.manifest, planned.import);
    let hands = Hands::begin(env, &key.name, import.as_ref(), &manifest, &args.spend)?;
    let file = FoundingFile::new(&planned.steps, &manifest, manifest_path, &key.name, import)?;
    file.save_new(&env.home.founding())?;
    send_and_end(env, session, &file, Some(hands), &args.spend).await
}

fn with_committee(
    env: &Env<'_>,
    committee: &[ProveDlog],
    args: &FoundArgs,
    ground: Ground<'_>,
) -> Result<Planned, CliError> {
    let needed = args.committee;
    let Identity { name, currency } = ground.identity;
    let founding = plan(
        &name,
        currency,
        keys::committee(needed, committee)?,
        &args.bounds,
    )?;
    let import = match &args.import {
        Some(file) => Some(import::plan(env, file, args, &founding)?),
        None => None,
    };
    let found = founding.plan(&ground.funding, ground.params)?;
    let floor = founding.bounds.account_floor;
    if let Some(import) = &import {
        import::check_erg(import, &found, floor, &ground.funding, &ground.key.name)?;
    }
    let manifest = Manifest::of(
        &found,
        &founding.identity,
        ground.network,
        SUPPLY,
        ground.params.height,
    );
    let mut preview = preview(&founding, &found, ground.key, needed, committee.len());
    if let Some(import) = &import {
        preview = import::preview(preview, import, floor, &founding.identity.currency);
    }
    Ok(Planned {
        steps: found.steps,
        manifest,
        preview,
        import,
    })
}

/// Goes on with a founding that was interrupted.
async fn finish(env: &Env<'_>, file: &FoundingFile, options: &Spend) -> Result<Report, CliError> {
    let preview = Preview::new(format!("Finish the founding of {:?}", file.name))
        .line("key", file.key.clone())
        .line("first", String::from(file.steps[0].id));
    let preview = match &file.import {
        Some(import) => preview.line("import", format!("{} members", import.members.len())),
        None => preview,
    };
    if let Some(shown) = env.consent(preview, options)? {
        return Ok(shown);
    }
    send_and_end(env, env.session()?, file, None, options).await
}

async fn send_and_end(
    env: &Env<'_>,
    mut session: Session,
    file: &FoundingFile,
    mut hands: Option<Hands>,
    options: &Spend,
) -> Result<Report, CliError> {
    let (manifest, lets) = Manifest::parse(&file.manifest, &env.home.founding())?;
    session.check_network(&manifest).await?;
    let (key, import) = (&file.key, file.import.as_ref());
    let take = || Hands::resume(env, key, import, &manifest, options);
    let resumed = hands.is_none();
    if resumed && import.is_some() {
        import::check_keys(env, &manifest)?;
    }
    let mut sent = Vec::new();
    for (at, step) in file.steps.iter().enumerate() {
        // Only what the node does not have is signed and sent; the ids are fixed, so nothing is minted twice.
        let place = session.settle_if(&step.id, hands.is_none()).await?;
        let height = match place {
            Place::Block { height, .. } => Some(height),
            Place::Pool | Place::Nowhere => None,
        };
        if place == Place::Nowhere {
            let hands = match &hands {
                Some(hands) => hands,
                None => hands.insert(take()?),
            };
            let signed = session.sign(step.context()?, &hands.signer).await?;
            match session.submit(&step.kind, step.fee, signed).await {
                Ok(one) => {
                    sent.push(one);
                    continue;
                }
                // It may have come in while nobody looked: its inputs are spent then, by itself.
                Err(CliError::Submit(cause)) if matches!(*cause, SubmitError::Refused { .. }) => {
                    if session.settle(&step.id).await? == Place::Nowhere {
                        return Err(FoundingFileError::Stuck {
                            name: file.name.clone(),
                            step: at + 1,
                            cause,
                        }
                        .into());
                    }
                }
                Err(e) => return Err(e),
            }
        }
        sent.push(Sent {
            kind: step.kind.clone(),
            id: step.id,
            bytes: None,
            fee_nanoerg: step.fee.0,
            height,
        });
    }
    write_manifest(&file.manifest_path, &file.manifest)?;
    if !options.no_wait {
        env.wait_for_block(&session, &mut sent).await?;
    }
    let mut imported = Vec::new();
    if let Some(import) = import {
        let hands = match hands {
            Some(hands) => hands,
            None => take()?,
        };
        // From now on a ledger tells what a node without the extra index cannot.
        session = session.with_plan(env.plan(Some((&manifest, &lets)))?);
        if resumed {
            // What was sent before the interruption must be in the node's views.
            tokio::time::sleep(LAG).await;
        }
        let work = Work {
            env,
            session: &mut session,
            lets: &lets,
            currency: &manifest.currency,
            import,
            hands: &hands,
            options,
            sent: &mut sent,
        };
        imported = work.carry_out().await.inspect_err(|_| {
            env.out
                .note("the import is not complete: `lets found --resume` goes on with it");
        })?;
    }
    home::remove(&env.home.founding())?;
    report(&manifest, &file.manifest_path, sent, imported)
}

/// Writes the manifest. That it stands there already, the very same, is what an interruption at the end leaves.
fn write_manifest(path: &Path, text: &str) -> Result<(), CliError> {
    match home::write_new(path, text) {
        Err(CliError::Exists { .. }) if home::read(path)?.as_deref() == Some(text) => Ok(()),
        other => other,
    }
}

async fn discard(env: &Env<'_>, file: &FoundingFile) -> Result<Report, CliError> {
    let session = env.session()?;
    for (at, step) in file.steps.iter().enumerate() {
        if session.settle_if(&step.id, at == 0).await? != Place::Nowhere {
            return Err(FoundingFileError::Begun {
                name: file.name.clone(),
                step: at + 1,
            }
            .into());
        }
    }
    // Kept under another name: the node asked may be one that has not heard of it.
    let kept = env.home.founding().with_file_name(format!(
        "founding-discarded-{}.json",
        &String::from(file.steps[0].id)[..16]
    ));
    std::fs::rename(env.home.founding(), &kept).map_err(|cause| CliError::File {
        doing: "rename",
        path: env.home.founding(),
        cause,
    })?;
    #[derive(Serialize)]
    struct Discarded {
        discarded: String,
        kept: String,
    }
    let text = format!(
        "the founding of {:?} is dropped; its plan is kept as {}",
        file.name,
        kept.display()
    );
    let kept = kept.display().to_string();
    Report::new(
        &Discarded {
            discarded: file.name.clone(),
            kept,
        },
        text,
    )
}

fn members(env: &Env<'_>, args: &FoundArgs) -> Result<Vec<ProveDlog>, CliError> {
    let mut members = Vec::new();
    for name in &args.committee_keys {
        members.push(Key::load(&env.home, name)?.file.public_key().clone());
    }
    for text in &args.member_keys {
        members.push(keys::parse_public_key(text)?);
    }
    Ok(members)
}

/// A founding with these bounds; the numbers in the arguments are amounts of `currency`.
pub(super) fn plan(
    name: &str,
    currency: Currency,
    committee: ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp,
    args: &BoundArgs,
) -> Result<Founding, CliError> {
    let bounds = Bounds {
        max_line: currency.parse(&args.max_line)?,
        max_cap: currency.parse(&args.max_cap)?,
        account_floor: args.floor,
        admissions: args.admissions_per_period,
        issue: currency.parse(&args.units_per_period)?,
        period: args.period,
        change_delay: args.change_delay,
        recovery_delay: args.recovery_delay,
        recovery_starts: args.recovery_starts,
        admission_fee: args.admission_fee,
        default_line: currency.parse(&args.line)?,
        default_cap: currency.parse(&args.cap)?,
        default_largest_draw: currency.parse(&args.largest_draw)?,
        default_draw_limit: currency.parse(&args.draw_limit)?,
        default_longest_debt: args.longest_debt,
        default_draw_rate: match &args.draw_rate {
            Some(rate) => currency.parse(rate)?,
            None => Amount::clamped(Terms::NO_LIMIT_RATE),
        },
    };
    if args.draw_rate.is_some() && bounds.default_draw_limit == Amount::ZERO {
        return Err(CliError::Arguments(
            "--draw-rate is of a --draw-limit: give both".to_owned(),
        ));
    }
    check_loan_rules(&bounds.default_terms(), &currency)?;
    for (what, default, most) in [
        ("--line", bounds.default_line, bounds.max_line),
        ("--cap", bounds.default_cap, bounds.max_cap),
    ] {
        if default > most {
            return Err(CliError::Arguments(format!(
                "{what} {} is more than the bound of {}: raise the bound (--max{}) or lower it",
                currency.show(default),
                currency.show(most),
                &what[1..],
            )));
        }
    }
    Ok(Founding {
        hard: HardBounds::around(&bounds),
        identity: Identity {
            name: name.to_owned(),
            currency,
        },
        committee,
        bounds,
        units: SUPPLY.units,
        memberships: SUPPLY.memberships,
    })
}

fn preview(
    founding: &Founding,
    found: &Found,
    key: &Key,
    needed: usize,
    members: usize,
) -> Preview {
    let (bounds, currency) = (&founding.bounds, &founding.identity.currency);
    let locked = found.charter.value().plus(found.pot.value());
    let mut preview = Preview::new(format!("Found the LETS {:?}", founding.identity.name))
        .line(
            "currency",
            format!("{} with {} decimals", currency.code(), currency.decimals()),
        )
        .line("committee", format!("{needed} of {members} must sign"));
    for (what, text) in bounds::lines(bounds, currency) {
        preview.add(what, text);
    }
    preview
        .line(
            "deposit",
            format!("{} in each account", bounds.account_floor),
        )
        .line(
            "locked",
            format!("{locked} in charter and pot, for storage rent"),
        )
        .transactions(
            found.steps.iter().map(|(_, p)| p),
            &format!("the wallet of {:?}", key.name),
        )
}

fn report(
    manifest: &Manifest,
    path: &Path,
    transactions: Vec<Sent>,
    imported: Vec<ImportedJson>,
) -> Result<Report, CliError> {
    let data = FoundJson {
        name: manifest.name.clone(),
        currency: manifest.currency.code().to_owned(),
        decimals: manifest.currency.decimals(),
        network: manifest.network.name(),
        manifest: path.display().to_string(),
        fingerprint: manifest.fingerprint.clone(),
        charter_nft: manifest.ids.charter_nft.to_string(),
        pot_nft: manifest.ids.pot_nft.to_string(),
        membership: manifest.ids.membership.to_string(),
        unit: manifest.ids.unit.to_string(),
        transactions,
        imported,
    };
    let mut text = format!(
        "{:?} is founded\nmanifest     {}\nfingerprint  {}\nGive the manifest to whoever wants to join: `lets join FILE`.",
        data.name, data.manifest, data.fingerprint
    );
    text.push_str(&import::told(&data.imported));
    Report::new(&data, text)
}
