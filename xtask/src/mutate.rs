//! `cargo xtask mutate`: the tests' cases once more with every mutant of every contract. What a run can use of an earlier
//! one stands in `target/mutants`.

use crate::run::{self, XtaskError};
use std::path::PathBuf;

/// The test programs that judge scripts by themselves.
const WITH_CASES: [&str; 2] = ["scripts", "attacks"];

fn cases() -> PathBuf {
    run::root().join("target/mutants/cases")
}

/// An empty folder into which tests record the cases that they judge (`tests/src/record.rs`) if this is set for them.
pub(crate) fn recording() -> Result<(&'static str, PathBuf), XtaskError> {
    let folder = cases();
    let file_error = |source| XtaskError::File {
        path: cases(),
        source,
    };
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(file_error)?;
    }
    std::fs::create_dir_all(&folder).map_err(file_error)?;
    Ok(("LETS_CASES", folder))
}

/// Runs the tests that judge scripts, then the mutants in their cases.
pub(crate) fn run(sample: Option<usize>, contracts: &[String]) -> Result<(), XtaskError> {
    run::npm_install()?;
    // The features of the whole workspace: others would build the libraries below once more.
    let mut args = vec!["test", "--workspace", "--bin", "mutate"];
    args.extend(WITH_CASES.iter().flat_map(|name| ["--test", name]));
    let mut tests = run::command("cargo", &args, "");
    tests.envs([recording()?]);
    run::run(tests)?;
    judge(sample, contracts)
}

/// Judges mutants in the cases that were recorded last.
pub(crate) fn judge(sample: Option<usize>, contracts: &[String]) -> Result<(), XtaskError> {
    let mut mutate = run::command("target/debug/mutate", &[], "");
    mutate.arg("--cases").arg(cases());
    mutate.args(["--memory", "target/mutants"]);
    if let Some(size) = sample {
        mutate.args(["--sample", &size.to_string()]);
    }
    mutate.args(contracts);
    run::run(mutate)
}
