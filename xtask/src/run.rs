//! Running other programs from the workspace's root.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What went wrong, in a sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XtaskError {
    #[error("cannot run `{command}`: {source}. {hint}")]
    Start {
        command: String,
        source: std::io::Error,
        hint: &'static str,
    },
    #[error("`{0}` failed")]
    Failed(String),
    #[error("{path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}")]
    Other(String),
}

/// A line for the person who watches; results go to files or come from the programs run.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default()
}

/// The program with its arguments, to be run in `folder` below the root. What Cargo tells this program of its own package
/// is kept from it: a build script that reads such a variable would run again, and what depends on it be built again,
/// whenever Cargo is called the other way.
pub(crate) fn command(program: &str, args: &[&str], folder: &str) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root().join(folder));
    let own = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(own)) {
        command.env_remove(name);
    }
    command
}

fn spell(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

pub(crate) fn start_error(command: &Command, source: std::io::Error) -> XtaskError {
    XtaskError::Start {
        command: spell(command),
        source,
        hint: "Rust and Node.js 20 or newer must be installed",
    }
}

/// Runs the command to its end, its output passed through.
pub(crate) fn run(mut command: Command) -> Result<(), XtaskError> {
    say(&format!("$ {}", spell(&command)));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(XtaskError::Failed(spell(&command))),
        Err(source) => Err(start_error(&command, source)),
    }
}

/// Runs the command and returns what it printed on stdout.
pub(crate) fn output(mut command: Command) -> Result<Vec<u8>, XtaskError> {
    command.stderr(std::process::Stdio::inherit());
    match command.output() {
        Ok(done) if done.status.success() => Ok(done.stdout),
        Ok(_) => Err(XtaskError::Failed(spell(&command))),
        Err(source) => Err(start_error(&command, source)),
    }
}

/// Installs the pinned compiler and interpreter unless the lock file's versions stand there already.
pub(crate) fn npm_install() -> Result<(), XtaskError> {
    let contracts = root().join("contracts");
    let stamp = contracts.join("node_modules/.package-lock.json");
    let newer = |a: &Path, b: &Path| {
        let time = |p: &Path| p.metadata().and_then(|m| m.modified()).ok();
        time(a) >= time(b)
    };
    if stamp.exists() && newer(&stamp, &contracts.join("package-lock.json")) {
        return Ok(());
    }
    run(command(
        "npm",
        &["ci", "--no-audit", "--no-fund"],
        "contracts",
    ))
}

/// Compares a committed file with what is made now, or writes it.
pub(crate) fn settle(path: &Path, made: &str, check: bool, remake: &str) -> Result<(), XtaskError> {
    let file_error = |source| XtaskError::File {
        path: path.to_path_buf(),
        source,
    };
    if !check {
        return std::fs::write(path, made).map_err(file_error);
    }
    if std::fs::read_to_string(path).map_err(file_error)? == made {
        return Ok(());
    }
    let name = path.strip_prefix(root()).unwrap_or(path).display();
    Err(XtaskError::Other(format!(
        "{name} is not what is made now: run `{remake}` and review the difference"
    )))
}

/// The figures, from optimised builds.
pub(crate) fn bench(scale: Option<&str>) -> Result<(), XtaskError> {
    let program = match scale {
        Some(_) => "scale",
        None => "bench",
    };
    if scale.is_none() {
        npm_install()?;
    }
    run(command(
        "cargo",
        &[
            "build",
            "--release",
            "--bin",
            "lets",
            "--bin",
            program,
            "-p",
            "lets-cli",
            "-p",
            "lets-tests",
        ],
        "",
    ))?;
    let sizes: Vec<&str> = scale.into_iter().collect();
    run(command(&format!("target/release/{program}"), &sizes, ""))
}

/// The random adversary, from an optimised build.
pub(crate) fn adversary(cases: u64, seed: u64, official: u8) -> Result<(), XtaskError> {
    npm_install()?;
    run(command(
        "cargo",
        &["build", "--release", "--workspace", "--bin", "adversary"],
        "",
    ))?;
    let mut adversary = command("target/release/adversary", &[], "");
    let numbers = [
        ("--cases", cases),
        ("--seed", seed),
        ("--official", official.into()),
    ];
    for (name, number) in numbers {
        adversary.args([name, &number.to_string()]);
    }
    run(adversary)
}

/// How many mutants every test run tries, of some three and a half thousand: what a minute or so allows.
const SAMPLE: usize = 80;

/// The one command behind the README and CI.
pub(crate) fn test() -> Result<(), XtaskError> {
    npm_install()?;
    crate::contracts::run(true)?;
    crate::supply::run()?;
    run(command("cargo", &["fmt", "--all", "--check"], ""))?;
    crate::suite::run(linted(&["--workspace"]), &[crate::mutate::recording()?])?;
    run(linted(&["--workspace", "--doc"]))?;
    crate::mutate::judge(Some(SAMPLE), &[])?;
    crate::pages::ATTACKS.check_as_tested()?;
    crate::pages::COSTS.check_as_tested()
}

/// `cargo test`, compiled by Clippy's driver. It compiles as rustc does, and lints: `cargo clippy` would go through all
/// dependencies once more.
fn linted(args: &[&str]) -> Command {
    let mut tests = command("cargo", &["test"], "");
    tests.args(args);
    tests.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    tests.env("CLIPPY_ARGS", "-Dwarnings");
    tests
}

/// The node that scenarios run on instead of a test chain.
#[derive(Debug, clap::Args)]
pub(crate) struct NodeArgs {
    /// Run the scenarios against this node, and nothing else (docs/NODES.md)
    #[arg(long, value_name = "URL", requires = "mnemonic_file")]
    pub(crate) node: Option<String>,
    /// File with the words of the key that pays for them
    #[arg(long, value_name = "FILE", requires = "node")]
    pub(crate) mnemonic_file: Option<PathBuf>,
    /// The node's API key, which is tried first; nothing needs it
    #[arg(
        long,
        value_name = "KEY",
        env = "ERGO_NODE_API_KEY",
        hide_env_values = true,
        requires = "node"
    )]
    pub(crate) api_key: Option<String>,
}

/// The scenarios on a node, one after the other: they are paid by one key.
pub(crate) fn test_on_node(args: &NodeArgs) -> Result<(), XtaskError> {
    npm_install()?;
    let file = args.mnemonic_file.clone().unwrap_or_default();
    let file = file
        .canonicalize()
        .map_err(|source| XtaskError::File { path: file, source })?;
    let mut tests = command(
        "cargo",
        &[
            "test",
            "--workspace",
            "--test",
            "scenarios",
            "--",
            "--test-threads=1",
            "--nocapture",
        ],
        "",
    );
    tests.env("ERGO_NODE_URL", args.node.as_deref().unwrap_or_default());
    tests.env("ERGO_NODE_MNEMONIC_FILE", file);
    if let Some(key) = &args.api_key {
        tests.env("ERGO_NODE_API_KEY", key);
    }
    run(tests)
}
