//! The project's own commands: `cargo xtask --help`.

mod contracts;
mod mutate;
mod pages;
mod run;
mod suite;
mod supply;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Compile the contracts, run every check, measure"
)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compile contracts/*.es with the pinned official compiler and write contracts/artifacts/
    Contracts {
        /// Write nothing; fail if an artifact differs from what the compiler makes now
        #[arg(long)]
        check: bool,
    },
    /// Judge one transaction of every kind by both interpreters and write docs/COSTS.md
    Costs {
        /// Write nothing; fail if docs/COSTS.md differs from what is measured now
        #[arg(long)]
        check: bool,
    },
    /// Write docs/ATTACKS.md from tests/attacks/catalogue.toml
    Attacks {
        /// Write nothing; fail if docs/ATTACKS.md differs from the catalogue
        #[arg(long)]
        check: bool,
    },
    /// Change one clause of a contract at a time, and show that some test notices each change
    Mutate {
        /// Try only so many mutants, always the same ones
        #[arg(long, value_name = "N")]
        sample: Option<usize>,
        /// Try only the mutants of these contracts (account, note, pot, open_pot, charter, application)
        contracts: Vec<String>,
    },
    /// Measure, and print the figures as a table
    Bench {
        /// Measure the books of years instead, at these sizes: 1 (10,000 trades), 2 (100,000), 3 (1,000,000), like 1,2
        #[arg(long)]
        scale: Option<String>,
    },
    /// Check what comes from others: npm's hashes, licences and sources of crates; and that no crate of ours is unsafe
    Supply,
    /// Try random transactions against the contracts, and check the invariants on what the interpreters accept
    Adversary {
        /// Transactions to try, about
        #[arg(long, default_value_t = 20_000)]
        cases: u64,
        /// Seed of the first of them; a finding names its own
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Percentage of them that the official interpreter judges too; ergo-lib judges all
        #[arg(long, default_value_t = 100)]
        official: u8,
    },
    /// Everything that must pass: set-up, artifacts, supply, format, lints, tests
    Test(run::NodeArgs),
}

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Contracts { check } => contracts::run(check),
        Command::Costs { check } => pages::COSTS.run(check),
        Command::Attacks { check } => pages::ATTACKS.run(check),
        Command::Mutate { sample, contracts } => mutate::run(sample, &contracts),
        Command::Bench { scale } => run::bench(scale.as_deref()),
        Command::Supply => supply::run(),
        Command::Adversary {
            cases,
            seed,
            official,
        } => run::adversary(cases, seed, official),
        Command::Test(args) => match args.node {
            Some(_) => run::test_on_node(&args),
            None => run::test(),
        },
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            run::say(&format!("error: {e}"));
            ExitCode::FAILURE
        }
    }
}
