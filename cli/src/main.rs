//! The command `lets`.

use mimalloc::MiMalloc;

/// A block is read as very many small pieces, on several threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    std::process::exit(lets_cli::run(std::env::args_os()).code());
}
