//! `cargo xtask mutate`: the tests' cases once more with every mutant of every contract. What a run can use of an earlier
//! one stands in `target/mutants`.

use crate::run::{self, XtaskError};
use std::path::PathBuf;

/// Test programs in `tests/tests` in which no script is judged by itself.
const WITHOUT_CASES: [&str; 4] = ["scenarios", "model", "parsers", "adversary"];

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
    let folder = run::root().join("tests/tests");
    let files = std::fs::read_dir(&folder).map_err(|source| XtaskError::File {
        path: folder,
        source,
    })?;
    // The features of the whole workspace: others would build the libraries below once more.
    let mut args = vec!["test".to_owned(), "--workspace".to_owned()];
    args.extend(["--bin", "mutate", "--test", "attacks"].map(str::to_owned));
    for path in files.filter_map(Result::ok).map(|file| file.path()) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if path.extension().is_some_and(|e| e == "rs") && !WITHOUT_CASES.contains(&&*name) {
            args.extend(["--test".to_owned(), name.into_owned()]);
        }
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
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
