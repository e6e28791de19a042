//! The catalogue of attacks (`tests/attacks/catalogue.toml`), and what it is held against: the rules in the contracts'
//! headers, and the tests in the sources.

use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// All attacks that the project knows of, and what is wrong with other contracts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Attacks by what they are aimed at.
    pub part: Vec<Part>,
    /// What is wrong with the LETS contracts that others have published.
    pub published: Vec<Fault>,
}

/// Attacks aimed at one thing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What it is.
    pub title: String,
    /// The attacks.
    pub attack: Vec<Attack>,
}

/// One attack.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// Its name in this catalogue.
    pub id: String,
    /// What the thief does, in a sentence.
    pub attack: String,
    /// Who would lose by it.
    pub loses: String,
    /// What stops it: `SCRIPT LABEL` as in the contracts' headers, or `ledger` for a rule of the chain itself. Empty:
    /// nothing does, and `docs/SECURITY.md` says so.
    pub rules: Vec<String>,
    /// The test: `TARGET PATH`, as `cargo test --workspace --test` takes them.
    pub test: String,
}

/// A fault of a published contract.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What is wrong there.
    pub fault: String,
    /// The attacks of this catalogue that would use it.
    #[serde(default)]
    pub attacks: Vec<String>,
    /// Why it has no meaning here, or what is done instead.
    #[serde(default)]
    pub here: String,
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

impl Catalogue {
    /// The catalogue as it stands in the repository.
    pub fn load() -> Self {
        let text = read(&root().join("tests/attacks/catalogue.toml"));
        toml::from_str(&text).unwrap_or_else(|e| panic!("tests/attacks/catalogue.toml: {e}"))
    }

    /// Every attack.
    pub fn attacks(&self) -> impl Iterator<Item = &Attack> {
        self.part.iter().flat_map(|part| &part.attack)
    }

    /// `docs/ATTACKS.md`.
    pub fn page(&self) -> String {
        let mut page = String::from(HEAD);
        for part in &self.part {
            let _ = write!(page, "\n## {}\n\n{TABLE}", part.title);
            for a in &part.attack {
                let rules = match a.rules.is_empty() {
                    true => "none: a known limit".to_owned(),
                    false => a.rules.join(", "),
                };
                let test = a.test.split("::").last().unwrap_or(&a.test);
                let _ = writeln!(page, "| {} | {} | {rules} | `{test}` |", a.attack, a.loses);
            }
        }
        page.push_str(PUBLISHED);
        for fault in &self.published {
            let tests = self.attacks().filter(|a| fault.attacks.contains(&a.id));
            let tests: Vec<String> = tests
                .map(|a| format!("`{}`", a.test.split("::").last().unwrap_or(&a.test)))
                .collect();
            let _ = writeln!(
                page,
                "| {} | {} | {} |",
                fault.fault,
                fault.here,
                tests.join(", ")
            );
        }
        page
    }
}

const HEAD: &str = "# Attacks

Written by `cargo xtask attacks` from `tests/attacks/catalogue.toml`; do not edit. Every attack was tried: each test gives
its transactions to ergo-lib and to the official interpreter, which must agree. The attack is the one thing that is wrong with
them; where it is lawful and harmless, the test shows that it passes and that a step further does not. Spends as storage rent
run no script: ergo-lib's check of the chain's rules judges those. The rules' numbers are those of the headers of
`contracts/*.es`; `ledger` is the chain's own rule. `docs/SECURITY.md` says who attacks, and what is left to him.
";
const TABLE: &str = "| attack | who would lose | rules | test |\n|---|---|---|---|\n";
const PUBLISHED: &str = "
## The published LETS contracts' faults, here

| fault there | here | tests |
|---|---|---|
";

/// The names of the contracts.
pub const CONTRACTS: [&str; 6] = [
    "account",
    "pot",
    "open_pot",
    "note",
    "charter",
    "application",
];

/// The rules that a contract's header numbers: `K1`, `K2`...
///
/// A number is a rule's where its sentence begins: at the beginning of a line or after its first word, after a wide space
/// or a colon. The registers' lines begin so too, and go on with a type; what goes on with another number is a reference.
pub fn rules_of(contract: &str) -> BTreeSet<String> {
    let source = read(&root().join("contracts").join(format!("{contract}.es")));
    let header = source.split("*/").next().unwrap_or_default();
    let mut rules = BTreeSet::new();
    for line in header.lines() {
        let line = line.trim().trim_start_matches('*').trim();
        for (at, _) in line.char_indices() {
            let (before, rest) = line.split_at(at);
            let Some((label, sentence)) = rest.split_once(' ') else {
                continue;
            };
            let begins = before.is_empty()
                || before.ends_with("  ")
                || before.ends_with(": ")
                || before.trim_end().chars().all(char::is_alphabetic) && before.ends_with(' ');
            let word = sentence.split(' ').next().unwrap_or_default();
            let register = word.is_empty() || word.contains('[') || word.starts_with("SigmaProp");
            let next = sentence.split(' ').nth(1).unwrap_or_default();
            let reference =
                ["to", "and"].contains(&word) && is_label(next.trim_end_matches([',', ':']));
            if is_label(label) && begins && !register && !reference {
                rules.insert(label.to_owned());
            }
        }
    }
    rules
}

fn is_label(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| c.is_ascii_uppercase())
        && chars.clone().next().is_some()
        && chars.all(|c| c.is_ascii_digit())
}

/// The tests of an integration test target (a crate's `it` by the crate's name), each by its path, or nothing if there is no such
/// target.
pub fn tests_of(target: &str) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    let sources = [
        format!("tests/tests/{target}.rs"),
        format!("tests/tests/{target}/main.rs"),
        format!("tests/{target}/main.rs"),
        format!("cli/tests/{target}/main.rs"),
        format!("crates/{target}/tests/it/main.rs"),
    ];
    let found = sources.iter().map(|s| root().join(s)).find(|s| s.exists());
    if let Some(file) = found {
        let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
        collect(&file, &folder, &[], &mut tests);
    }
    tests
}

/// The tests of a source file, whose modules without a path of their own stand in `folder`.
fn collect(file: &Path, folder: &Path, module: &[String], tests: &mut BTreeSet<String>) {
    // Modules that are open in the file, each with the indentation of its braces.
    let mut open: Vec<(usize, String)> = Vec::new();
    let (mut is_test, mut path) = (false, None);
    for line in read(file).lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        let inner = || -> Vec<String> {
            let open = open.iter().map(|(_, name)| name.clone());
            module.iter().cloned().chain(open).collect()
        };
        let declared = line.trim_start_matches("pub ").strip_prefix("mod ");
        if line == "#[test]" || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(named) = line.strip_prefix("#[path = \"") {
            path = named.strip_suffix("\"]").map(str::to_owned);
        } else if let Some(name) = declared.and_then(|d| d.strip_suffix(" {")) {
            open.push((indent, name.to_owned()));
        } else if line == "}" && open.last().is_some_and(|(at, _)| *at == indent) {
            open.pop();
        } else if let Some(name) = declared.and_then(|d| d.strip_suffix(';')) {
            let within = open
                .iter()
                .fold(folder.to_path_buf(), |f, (_, m)| f.join(m));
            let below = within.join(name);
            let source = match path.take() {
                Some(path) => file.with_file_name(path),
                None if below.join("mod.rs").exists() => below.join("mod.rs"),
                None => within.join(format!("{name}.rs")),
            };
            let named = [inner(), vec![name.to_owned()]].concat();
            collect(&source, &below, &named, tests);
        } else if let Some((_, name)) = line.split_once("fn ").filter(|_| is_test) {
            let name = name.split('(').next().unwrap_or_default().to_owned();
            tests.insert([inner(), vec![name]].concat().join("::"));
            is_test = false;
        }
    }
}
