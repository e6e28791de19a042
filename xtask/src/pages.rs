//! Pages of `docs/` that programs of the tests write: `cargo xtask costs`, `cargo xtask attacks`.

use crate::run::{self, XtaskError};

/// A page, and the program that prints it.
pub(crate) struct Page {
    program: &'static str,
    file: &'static str,
}

/// What transactions cost, from transactions that both interpreters accept.
pub(crate) const COSTS: Page = Page {
    program: "costs",
    file: "docs/COSTS.md",
};

/// The catalogue of attacks.
pub(crate) const ATTACKS: Page = Page {
    program: "attacks",
    file: "docs/ATTACKS.md",
};

impl Page {
    /// Writes the page, or with `check` compares it with what is made now.
    pub(crate) fn run(&self, check: bool) -> Result<(), XtaskError> {
        run::npm_install()?;
        let build = ["run", "--quiet", "-p", "lets-tests", "--bin", self.program];
        self.settle(run::command("cargo", &build, ""), check)
    }

    /// As [`Page::run`] with `check`, by the program that `cargo test --workspace` has just built: built by itself, it
    /// would take other features of the libraries below, and all of them once more.
    pub(crate) fn check_as_tested(&self) -> Result<(), XtaskError> {
        let program = format!("target/debug/{}", self.program);
        self.settle(run::command(&program, &[], ""), true)
    }

    fn settle(&self, program: std::process::Command, check: bool) -> Result<(), XtaskError> {
        let printed = run::output(program)?;
        let made = String::from_utf8(printed)
            .map_err(|e| XtaskError::Other(format!("{} printed no text: {e}", self.program)))?;
        let remake = format!("cargo xtask {}", self.program);
        run::settle(&run::root().join(self.file), &made, check, &remake)
    }
}
