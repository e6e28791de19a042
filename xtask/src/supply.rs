//! `cargo xtask supply`: what comes from others is what was chosen, and our own code keeps to safe Rust.

use crate::run::{self, XtaskError};
use serde_json::Value;
use std::path::Path;

/// Where npm packages may come from.
const NPM: &str = "https://registry.npmjs.org/";

/// Checks the npm lock file, the lint against `unsafe`, and, where cargo-deny is installed, licences, sources and bans, and
/// advisories where their database can be reached.
pub(crate) fn run() -> Result<(), XtaskError> {
    let mut faults = npm_faults(
        &json("contracts/package.json")?,
        &json("contracts/package-lock.json")?,
    );
    let workspace = manifest(&run::root().join("Cargo.toml"))?;
    for path in members()? {
        faults.extend(unsafe_fault(
            &path,
            &workspace,
            &manifest(Path::new(&path))?,
        ));
    }
    if !faults.is_empty() {
        return Err(XtaskError::Other(faults.join("\n")));
    }
    deny()
}

fn json(path: &str) -> Result<Value, XtaskError> {
    serde_json::from_str(&read(&run::root().join(path))?)
        .map_err(|e| XtaskError::Other(format!("{path}: {e}")))
}

fn manifest(path: &Path) -> Result<toml::Table, XtaskError> {
    toml::from_str(&read(path)?)
        .map_err(|e| XtaskError::Other(format!("{}: {}", path.display(), e.message())))
}

fn read(path: &Path) -> Result<String, XtaskError> {
    std::fs::read_to_string(path).map_err(|source| XtaskError::File {
        path: path.to_path_buf(),
        source,
    })
}

/// The manifests of the workspace's members.
fn members() -> Result<Vec<String>, XtaskError> {
    let args = [
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ];
    let printed = run::output(run::command("cargo", &args, ""))?;
    let metadata: Value = serde_json::from_slice(&printed)
        .map_err(|e| XtaskError::Other(format!("cargo metadata: {e}")))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    Ok(packages
        .filter_map(|package| package["manifest_path"].as_str().map(str::to_owned))
        .collect())
}

/// Every package of the lock file has one version and the hash of its content, and what we ask for is one version.
fn npm_faults(package: &Value, lock: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let asked = &package["dependencies"];
    for (name, version) in asked.as_object().into_iter().flatten() {
        if !is_exact(version) {
            faults.push(format!(
                "package.json asks for {name} {version}, not for one version"
            ));
        }
    }
    let packages = lock["packages"].as_object();
    if packages.is_none_or(|all| all.len() < 2) {
        faults.push("package-lock.json names no packages".to_owned());
    }
    for (name, entry) in packages.into_iter().flatten() {
        if name.is_empty() {
            if entry["dependencies"] != *asked {
                faults.push("package-lock.json was made for another package.json".to_owned());
            }
            continue;
        }
        if !is_exact(&entry["version"]) {
            faults.push(format!("{name} in package-lock.json has no version"));
        }
        let hash = entry["integrity"].as_str().unwrap_or_default();
        if !hash.starts_with("sha512-") {
            faults.push(format!("{name} in package-lock.json has no SHA-512 hash"));
        }
        if let Some(from) = entry["resolved"]
            .as_str()
            .filter(|url| !url.starts_with(NPM))
        {
            faults.push(format!("{name} in package-lock.json comes from {from}"));
        }
    }
    faults
}

/// `1.2.3`, perhaps with a suffix, and no range.
fn is_exact(version: &Value) -> bool {
    let text = version.as_str().unwrap_or_default();
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    let mut parts = numbers.split('.');
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.clone().count() == 3 && parts.all(number)
}

/// A package forbids `unsafe` by itself or with the whole workspace.
fn unsafe_fault(path: &str, workspace: &toml::Table, package: &toml::Table) -> Option<String> {
    let forbids = |lints: Option<&toml::Value>| {
        let lint = lints?.get("rust")?.get("unsafe_code")?.as_str()?;
        Some(lint == "forbid")
    };
    let lints = package.get("lints");
    let inherits = lints.and_then(|l| l.get("workspace")?.as_bool()) == Some(true);
    let whole = || forbids(workspace.get("workspace")?.get("lints"));
    let found = if inherits { whole() } else { forbids(lints) };
    (found != Some(true)).then(|| format!("{path} does not forbid unsafe code"))
}

fn deny() -> Result<(), XtaskError> {
    let runs = |args: &[&str]| {
        let mut command = run::command("cargo", args, "");
        command.stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !runs(&["deny", "--version"]) {
        run::say(
            "skipped: licences, sources and advisories; `cargo install cargo-deny --locked` first",
        );
        return Ok(());
    }
    let check = ["deny", "check", "licenses", "bans", "sources"];
    run::run(run::command("cargo", &check, ""))?;
    if !runs(&["deny", "fetch", "db"]) {
        run::say("skipped: advisories, their database cannot be reached");
        return Ok(());
    }
    let advisories = ["deny", "check", "--disable-fetch", "advisories"];
    run::run(run::command("cargo", &advisories, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lock(entry: Value) -> Value {
        json!({"packages": {"": {"dependencies": {"a": "1.2.3"}}, "node_modules/a": entry}})
    }

    fn faults(entry: Value) -> usize {
        npm_faults(&json!({"dependencies": {"a": "1.2.3"}}), &lock(entry)).len()
    }

    #[test]
    fn npm_lock_with_hashes_passes_and_anything_less_is_named() {
        let good = json!({"version": "1.2.3", "integrity": "sha512-x"});
        assert_eq!(faults(good.clone()), 0);
        assert_eq!(faults(json!({"version": "1.2.3"})), 1);
        assert_eq!(
            faults(json!({"version": "1.2.3", "integrity": "sha1-x"})),
            1
        );
        assert_eq!(
            faults(json!({"version": "^1.2.3", "integrity": "sha512-x"})),
            1
        );
        let from = json!({"version": "1.2.3", "integrity": "sha512-x", "resolved": "http://x/a"});
        assert_eq!(faults(from), 1);
        let range = json!({"dependencies": {"a": "^1.2.3"}});
        assert_eq!(npm_faults(&range, &lock(good)).len(), 2);
        assert_eq!(npm_faults(&json!({}), &json!({})).len(), 1);
    }

    #[test]
    fn unsafe_code_must_be_forbidden_by_package_or_workspace() {
        let table = |text: &str| -> toml::Table { toml::from_str(text).unwrap() };
        let forbids = table("workspace.lints.rust.unsafe_code = 'forbid'");
        let allows = table("workspace.lints.rust.unsafe_code = 'warn'");
        let inherits = table("lints.workspace = true");
        let own = table("lints.rust.unsafe_code = 'forbid'");
        assert_eq!(unsafe_fault("a", &forbids, &inherits), None);
        assert_eq!(unsafe_fault("a", &allows, &own), None);
        for (workspace, package) in [(&allows, &inherits), (&forbids, &table(""))] {
            assert!(unsafe_fault("a", workspace, package).is_some());
        }
    }
}
