//! The command `lets`.

fn main() {
    std::process::exit(lets_cli::run(std::env::args_os()).code());
}
