//! `cargo xtask adversary`: the random adversary for as long as one likes.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use lets_tests::adversary::{CHUNK, Finding, Tally, hunt};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Try random transactions against the contracts and check the invariants")]
struct Args {
    /// Transactions to try, about
    #[arg(long, default_value_t = 20_000)]
    cases: u64,
    /// Seed of the first chunk; every further chunk has the next number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Percentage of them that the official interpreter judges too; ergo-lib judges all
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(..=100))]
    official: u8,
}

fn main() -> ExitCode {
    let Args {
        cases,
        seed,
        official,
    } = Args::parse();
    let bar = ProgressBar::new(cases);
    if let Ok(style) = ProgressStyle::with_template("{elapsed} [{bar:30}] {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    let each = |tally: &Tally, findings: &[Finding], new: Option<&Finding>| {
        bar.set_position(tally.all.tried);
        bar.set_message(format!(
            "{:.1} % accepted, {} findings",
            tally.all.percent(),
            findings.len()
        ));
        // In a log there is no bar.
        if bar.is_hidden() {
            eprintln!("{} of {cases}: {}", tally.all.tried, bar.message());
        }
        if let Some(finding) = new {
            bar.suspend(|| eprintln!("{finding}\n"));
        }
    };
    let (tally, findings) = hunt(seed, cases.div_ceil(CHUNK), official, each);
    bar.finish_and_clear();
    println!("{tally}");
    for finding in &findings {
        println!("{finding}\n");
    }
    println!("{} findings", findings.len());
    match findings.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
