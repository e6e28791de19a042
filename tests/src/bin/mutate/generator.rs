//! `tests/mutants/generate.mjs`: names the mutants and compiles them.

use lets_contracts::Artifact;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// A mutant of a contract, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) contract: String,
    pub(crate) name: String,
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.contract, self.name)
    }
}

/// A mutant that went through the compiler.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Compiled {
    #[serde(flatten)]
    pub(crate) named: Named,
    /// `None` if the compiler refused it.
    pub(crate) artifact: Option<Artifact>,
}

/// The folder of the generator and of the list.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mutants")
}

fn node(args: &[&Path]) -> Command {
    let mut command = Command::new("node");
    command.arg(folder().join("generate.mjs")).args(args);
    command
}

/// Every mutant, in the order of the sources.
pub(crate) fn names() -> Vec<Named> {
    let printed = node(&[])
        .stderr(Stdio::inherit())
        .output()
        .expect("Node.js 20 or newer must be installed");
    assert!(printed.status.success(), "generate.mjs failed");
    let text = String::from_utf8(printed.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Compiles these mutants; each comes as soon as it is ready.
pub(crate) fn compile(names: &[Named], memory: &Path) -> Receiver<Compiled> {
    let mut child = node(&[&memory.join("compiled.jsonl")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js 20 or newer must be installed");
    let mut stdin = child.stdin.take().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let lines: Vec<String> = names
        .iter()
        .map(|n| serde_json::to_string(n).unwrap())
        .collect();
    let (sender, receiver) = channel();
    std::thread::spawn(move || lines.iter().for_each(|l| writeln!(stdin, "{l}").unwrap()));
    std::thread::spawn(move || {
        for line in stdout.lines() {
            let compiled = serde_json::from_str(&line.unwrap()).unwrap();
            if sender.send(compiled).is_err() {
                break;
            }
        }
        let _ = child.wait();
    });
    receiver
}
