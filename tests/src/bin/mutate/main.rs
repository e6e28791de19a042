//! The mutation run behind `cargo xtask mutate`: compiles the mutants of the contracts, has each judged in the cases that
//! the tests recorded, and prints how many were killed, are equivalent, or survived. Exit code 1 if any survived or
//! `tests/mutants/equivalent.toml` is stale.

mod generator;
mod hunter;
mod report;

use clap::Parser;
use generator::{Compiled, Named};
use hunter::Hunters;
use report::Report;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
struct Args {
    /// Folder of the cases that the tests recorded
    #[arg(long)]
    cases: PathBuf,
    /// Folder that remembers what was compiled and which case killed which mutant
    #[arg(long)]
    memory: PathBuf,
    /// Try only so many mutants, always the same ones
    #[arg(long)]
    sample: Option<usize>,
    /// Try only the mutants of these contracts
    contracts: Vec<String>,
}

/// The mutants to try: all of them, or those of the sample.
fn chosen(mut all: Vec<Named>, equivalent: &BTreeSet<Named>, sample: Option<usize>) -> Vec<Named> {
    if let Some(size) = sample {
        let lot = |named: &Named| {
            let mut hasher = DefaultHasher::new();
            named.hash(&mut hasher);
            hasher.finish()
        };
        all.retain(|named| !equivalent.contains(named));
        all.sort_by_key(lot);
        all.truncate(size);
    }
    all
}

fn main() -> ExitCode {
    let args = Args::parse();
    let all: Vec<Named> = generator::names()
        .into_iter()
        .filter(|n| args.contracts.is_empty() || args.contracts.contains(&n.contract))
        .collect();
    let equivalent = report::equivalent(&args.contracts);
    let wanted = chosen(all.clone(), &equivalent, args.sample);
    let hunters = Hunters::load(&args.cases, &args.memory, &wanted);
    let compile = |names: &[Named]| generator::compile(names, &args.memory);
    let tried: Vec<(Compiled, bool)> = hunters.hunt(wanted.len(), compile(&wanted));
    let mut report = Report::of(&all, &equivalent, &hunters.originals(), tried);
    // What survives the sample may be the same script as a mutant that is listed and was not tried.
    if args.sample.is_some() && report.any_survived() {
        let listed: Vec<Named> = equivalent.iter().cloned().collect();
        report.excuse(compile(&listed));
    }
    report.print()
}
