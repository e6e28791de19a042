//! `cargo xtask costs`: docs/COSTS.md, from transactions that both interpreters accept.

use crate::run::{self, XtaskError};

/// Measures every kind of transaction; writes docs/COSTS.md, or with `check` compares it.
pub(crate) fn run(check: bool) -> Result<(), XtaskError> {
    run::npm_install()?;
    let printed = run::output(run::command(
        "cargo",
        &["run", "--quiet", "-p", "lets-tests", "--bin", "costs"],
        "",
    ))?;
    let made = String::from_utf8(printed)
        .map_err(|e| XtaskError::Other(format!("costs printed no text: {e}")))?;
    run::settle(
        &run::root().join("docs/COSTS.md"),
        &made,
        check,
        "cargo xtask costs",
    )
}
