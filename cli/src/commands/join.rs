//! `lets join`: a manifest is checked against the chain and becomes this home's; in a LETS without a committee an account is
//! opened, too.

use std::path::Path;

use lets_contracts::LetsIds;
use lets_protocol::Lets;
use serde::Serialize;

use crate::args::JoinArgs;
use crate::commands::{Env, open, verify};
use crate::error::CliError;
use crate::home;
use crate::manifest::{Manifest, ManifestError};
use crate::output::Report;
use crate::session::Session;

pub(super) async fn run(env: &Env<'_>, args: JoinArgs) -> Result<Report, CliError> {
    let to = env.manifest_path();
    let from = args.file.as_deref().unwrap_or(&to);
    let (manifest, lets) = Manifest::load(from)?;
    let held = match to.exists() {
        false => None,
        true => Some(Manifest::load(&to)?.0),
    };
    match (&manifest.open, &held) {
        // In an open LETS whoever has the manifest may still lack an account.
        (Some(_), Some(held)) if *held == manifest => {}
        (None, Some(_)) if args.file.is_none() => return Err(CliError::NotOpen),
        (_, Some(_)) => return Err(CliError::Exists { path: to }),
        (_, None) if args.file.is_none() => return Err(ManifestError::Missing(to).into()),
        (_, None) => {}
    }
    if manifest.open.is_none()
        && let Some(option) = args.open.given()
    {
        return Err(CliError::Arguments(format!(
            "{option} is for a LETS without a committee: here `lets apply` asks for an account"
        )));
    }
    let opens = manifest.open.is_some() && !args.open.no_account;
    let key = match opens {
        true => Some(open::join::check(env, &args.open, &args.key)?),
        false => None,
    };
    let _lock = match opens {
        true => env.lock(&args.spend)?,
        false => None,
    };
    let session = env.session_of(&manifest, &lets)?;
    session.check_network(&manifest).await?;
    checked(env, &session, &manifest, &lets).await?;
    // Written anew from what was checked, not copied: comments of others stay out.
    if held.is_none() && !(opens && args.spend.dry_run) {
        home::write_new(&to, &manifest.to_text()?)?;
    }
    match key {
        Some(key) => {
            let group = env.group_of(manifest, lets)?;
            open::join::run(env, &group, session, &args.open, &key, &args.spend).await
        }
        None => report(&manifest, &to),
    }
}

async fn checked(
    env: &Env<'_>,
    session: &Session,
    manifest: &Manifest,
    lets: &Lets,
) -> Result<(), CliError> {
    let findings = verify::audit(env, session, manifest, lets).await?;
    for warning in &findings.warnings {
        env.out.note(&format!("warning: {warning}"));
    }
    Ok(())
}

fn report(manifest: &Manifest, to: &Path) -> Result<Report, CliError> {
    #[derive(Serialize)]
    struct Joined<'a> {
        name: &'a str,
        manifest: String,
        fingerprint: &'a str,
        ids: LetsIds,
    }
    let data = Joined {
        name: &manifest.name,
        manifest: to.display().to_string(),
        fingerprint: &manifest.fingerprint,
        ids: manifest.ids,
    };
    let next = match manifest.open {
        None => "lets apply",
        Some(_) => "lets join",
    };
    let text = format!(
        "this home now belongs to {:?}\nmanifest     {}\nfingerprint  {}\nCompare the fingerprint with another member's. Then: `{next}`.",
        data.name, data.manifest, data.fingerprint
    );
    Report::new(&data, text)
}
