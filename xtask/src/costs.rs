//! `cargo xtask costs`: docs/COSTS.md, from transactions that both interpreters accept.

use crate::run::{self, XtaskError};

/// Measures every kind of transaction; writes docs/COSTS.md, or with `check` compares it.
pub(crate) fn run(check: bool) -> Result<(), XtaskError> {
    run::npm_install()?;
    let build = ["run", "--quiet", "-p", "lets-tests", "--bin", "costs"];
    settle(run::command("cargo", &build, ""), check)
}

/// As [`run`] with `check`, by the program that `cargo test --workspace` has just built: built by itself, it would take
/// other features of the libraries below, and all of them once more.
pub(crate) fn check_as_tested() -> Result<(), XtaskError> {
    settle(run::command("target/debug/costs", &[], ""), true)
}

fn settle(program: std::process::Command, check: bool) -> Result<(), XtaskError> {
    let printed = run::output(program)?;
    let made = String::from_utf8(printed)
        .map_err(|e| XtaskError::Other(format!("costs printed no text: {e}")))?;
    run::settle(
        &run::root().join("docs/COSTS.md"),
        &made,
        check,
        "cargo xtask costs",
    )
}
