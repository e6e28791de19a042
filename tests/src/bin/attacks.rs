//! Prints `docs/ATTACKS.md`: `cargo xtask attacks` writes it.

use lets_tests::catalogue::Catalogue;
use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout()
        .lock()
        .write_all(Catalogue::load().page().as_bytes())
}
