//! Prints `docs/COSTS.md`: `cargo xtask costs` writes it.

use ergo_lib::ergotree_ir::serialization::SigmaSerializable;
use lets_protocol::NanoErg;
use lets_tests::case::size;
use lets_tests::kinds::kinds;
use lets_tests::{OpenStage, World};
use std::io::Write;

/// Mainnet: the cost and the bytes that a block may have.
const BLOCK_COST: u64 = 8_001_091;
const BLOCK_BYTES: usize = 1_271_009;
/// nanoErg of storage rent per byte and four years.
const RENT: u64 = 1_250_000;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "# What transactions cost\n")?;
    writeln!(
        out,
        "Written by `cargo xtask costs`; do not edit. Every transaction here was accepted by ergo-lib and by the official"
    )?;
    writeln!(
        out,
        "interpreter (sigmastate-js, mainnet parameters), which reckons the block cost; checking the proofs is not in it."
    )?;
    writeln!(
        out,
        "\"Per block\" is how many fit into one block of {BLOCK_COST} cost and {BLOCK_BYTES} bytes.\n"
    )?;
    writeln!(
        out,
        "| transaction | bytes | block cost | fee (ERG) | per block |"
    )?;
    writeln!(out, "|---|---:|---:|---:|---:|")?;
    for kind in kinds() {
        let (tx, cost) = kind.case.accepted();
        let bytes = tx
            .sigma_serialize_bytes()
            .expect("a transaction serializes")
            .len();
        let cost = cost.expect("no rent spend is among the kinds");
        let fee = NanoErg::MIN_FEE.to_string();
        let per_block = (BLOCK_COST / cost).min((BLOCK_BYTES / bytes) as u64);
        writeln!(
            out,
            "| {} | {bytes} | {cost} | {} | {per_block} |",
            kind.name,
            fee.trim_end_matches(" ERG")
        )?;
    }
    let mut world = World::new(40);
    let account = world.admit(&lets_tests::world::key(206));
    writeln!(
        out,
        "\n| box | script (bytes) | box (bytes) | rent per 4 years (ERG) | two periods (ERG) |"
    )?;
    writeln!(out, "|---|---:|---:|---:|---:|")?;
    let contracts = world.lets.contracts();
    let application = world.application(&lets_tests::world::key(207));
    let open = OpenStage::of(lets_protocol::Kind::Lets1);
    for (contract, ergo_box) in [
        (&contracts.account, account.ergo_box()),
        (&contracts.pot, world.pot.ergo_box()),
        (&open.lets.contracts().pot, open.pot.ergo_box()),
        (&contracts.charter, world.charter.ergo_box()),
        (&contracts.application, application.ergo_box()),
    ] {
        let bytes = size(ergo_box);
        let erg = |periods: u64| NanoErg(periods * RENT * bytes as u64).to_string();
        let [one, two] = [erg(1), erg(2)];
        let (name, script) = (contract.name(), contract.size());
        writeln!(
            out,
            "| {name} | {script} | {bytes} | {} | {} |",
            one.trim_end_matches(" ERG"),
            two.trim_end_matches(" ERG")
        )?;
    }
    Ok(())
}
