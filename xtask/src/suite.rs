//! All test programs of the workspace, side by side: `cargo test` runs one after the other, and a core waits wherever one of
//! them has a single test left.

use crate::run::{self, XtaskError, say};
use serde::Deserialize;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Test programs that run at the same time.
const LANES: usize = 2;
/// Its tests run whole commands, which wait for their nodes most of the time: it takes longest, so it begins, and more of its
/// tests run at once than there are cores.
const COMMANDS: (&str, &str) = ("cli", "it");
const COMMANDS_AT_ONCE: &str = "4";

/// What Cargo says of a thing that it has built, as far as it matters here.
#[derive(Deserialize)]
struct Built {
    manifest_path: PathBuf,
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// A test program.
struct Program {
    name: String,
    folder: PathBuf,
    executable: PathBuf,
}

impl Program {
    fn of(line: &str) -> Option<Self> {
        let built: Built = serde_json::from_str(line).ok()?;
        Some(Self {
            name: built.target.name,
            folder: built.manifest_path.parent()?.to_path_buf(),
            executable: built.executable.filter(|_| built.profile.test)?,
        })
    }

    fn is_commands(&self) -> bool {
        let (folder, name) = COMMANDS;
        self.folder.ends_with(folder) && self.name == name
    }

    fn title(&self) -> String {
        let folder = self.folder.strip_prefix(run::root());
        format!(
            "{} in {}",
            self.name,
            folder.unwrap_or(&self.folder).display()
        )
    }

    /// As Cargo would run it.
    fn command(&self) -> Command {
        let mut command = run::command(&self.executable.to_string_lossy(), &[], "");
        command.current_dir(&self.folder);
        command.env("CARGO_MANIFEST_DIR", &self.folder);
        if self.is_commands() && std::env::var_os("RUST_TEST_THREADS").is_none() {
            command.env("RUST_TEST_THREADS", COMMANDS_AT_ONCE);
        }
        command
    }
}

/// Builds every test program by `build`, a `cargo test` of some kind, and runs them all with `environment`, also after some have
/// failed. What each prints is shown when it has ended.
///
/// # Errors
/// [`XtaskError::Failed`] naming those that failed; [`XtaskError::Other`] if there is none to run.
pub(crate) fn run(mut build: Command, environment: &[(&str, PathBuf)]) -> Result<(), XtaskError> {
    build.args(["--no-run", "--message-format=json-render-diagnostics"]);
    let told = run::output(build)?;
    let told = String::from_utf8_lossy(&told);
    let mut programs: Vec<Program> = told.lines().filter_map(Program::of).collect();
    if programs.is_empty() {
        return Err(XtaskError::Other("Cargo named no test program".to_owned()));
    }
    // The last is taken first.
    programs.sort_by_key(Program::is_commands);
    let queue = Mutex::new(programs);
    let failed = Mutex::new(Vec::new());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let lane = || {
        while let Some(program) = next() {
            if let Err(e) = run_one(&program, environment) {
                say(&format!("error: {e}"));
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.push(program.title());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(lane);
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    match failed.is_empty() {
        true => Ok(()),
        false => Err(XtaskError::Failed(failed.join("`, `"))),
    }
}

fn run_one(program: &Program, environment: &[(&str, PathBuf)]) -> Result<(), XtaskError> {
    let mut command = program.command();
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let done = command
        .output()
        .map_err(|source| run::start_error(&command, source))?;
    let mut out = std::io::stdout().lock();
    let title = format!("\n     Running {}\n", program.title());
    for text in [title.as_bytes(), &done.stdout, &done.stderr] {
        // Whoever watches may have gone away; the tests go on.
        let _ = out.write_all(text);
    }
    match done.status.success() {
        true => Ok(()),
        false => Err(XtaskError::Failed(program.executable.display().to_string())),
    }
}
