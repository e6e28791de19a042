//! `cargo xtask contracts`: sources to artifacts, by the pinned official compiler.

use crate::run::{self, XtaskError};
use serde_json::Value;
use std::path::Path;

fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> XtaskError {
    let path = path.to_path_buf();
    move |source| XtaskError::File { path, source }
}

/// Compiles every contract; writes the artifacts, or with `check` compares them.
pub(crate) fn run(check: bool) -> Result<(), XtaskError> {
    run::npm_install()?;
    let printed = run::output(run::command("node", &["compile.mjs"], "contracts"))?;
    let compiled: Vec<Value> = serde_json::from_slice(&printed)
        .map_err(|e| XtaskError::Other(format!("compile.mjs printed no artifacts: {e}")))?;
    let folder = run::root().join("contracts/artifacts");
    std::fs::create_dir_all(&folder).map_err(file_error(&folder))?;
    let mut names = Vec::new();
    for artifact in &compiled {
        let name = artifact["name"].as_str().unwrap_or_default();
        let path = folder.join(format!("{name}.json"));
        let text = format!("{artifact:#}\n");
        run::settle(&path, &text, check, "cargo xtask contracts")?;
        run::say(&format!("{name}: {} bytes", artifact["ergoTreeSize"]));
        names.push(format!("{name}.json"));
    }
    let stale = std::fs::read_dir(&folder)
        .map_err(file_error(&folder))?
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .find(|file| !names.contains(file));
    match stale {
        Some(file) => Err(XtaskError::Other(format!(
            "contracts/artifacts/{file} has no source: delete it"
        ))),
        None => Ok(()),
    }
}
