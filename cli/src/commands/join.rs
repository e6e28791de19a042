//! `lets join`: a manifest is checked against the chain and becomes this home's.

use std::path::Path;

use lets_contracts::LetsIds;
use serde::Serialize;

use crate::commands::{Env, verify};
use crate::error::CliError;
use crate::home;
use crate::manifest::Manifest;
use crate::output::Report;

pub(super) async fn run(env: &Env<'_>, from: &Path) -> Result<Report, CliError> {
    let (manifest, lets) = Manifest::load(from)?;
    let to = env.manifest_path();
    if to.exists() {
        return Err(CliError::Exists { path: to });
    }
    let session = env.session_of(&manifest, &lets)?;
    session.check_network(&manifest).await?;
    let findings = verify::audit(env, &session, &manifest, &lets).await?;
    for warning in &findings.warnings {
        env.out.note(&format!("warning: {warning}"));
    }
    // Written anew from what was checked, not copied: comments of others stay out.
    home::write_new(&to, &manifest.to_text()?)?;
    #[derive(Serialize)]
    struct Joined {
        name: String,
        manifest: String,
        fingerprint: String,
        ids: LetsIds,
    }
    let data = Joined {
        name: manifest.name,
        manifest: to.display().to_string(),
        fingerprint: manifest.fingerprint,
        ids: manifest.ids,
    };
    let text = format!(
        "this home now belongs to {:?}\nmanifest     {}\nfingerprint  {}\nCompare the fingerprint with another member's. Then: `lets apply`.",
        data.name, data.manifest, data.fingerprint
    );
    Report::new(&data, text)
}
