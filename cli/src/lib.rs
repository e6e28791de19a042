//! The command line of LETS on Ergo: what members and committees use.
//!
//! [`session`] is the one place where fetching, building, signing, submitting and waiting meet; `commands` holds one
//! module for each command; [`output`] is the one writer. Offline commands open no connection and start no runtime.

mod args;
mod ask;
mod commands;
pub mod committee_file;
mod csv_file;
pub mod error;
pub mod exit;
pub mod founding;
pub mod home;
pub mod import;
mod keys;
pub mod ledger_file;
pub mod manifest;
pub mod names;
pub mod output;
pub mod paper;
pub mod payment_file;
pub mod payments;
mod preview;
pub mod qr;
pub mod sealed_memo;
pub mod session;
pub mod settlement_file;

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use crate::error::CliError;
use crate::exit::ExitCode;
use crate::output::Output;

/// Runs the command that `arguments` (the program's name first) say, writes its result to stdout and everything else to
/// stderr, and returns how it went.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Errors in the arguments themselves must come in the form that was asked for, too.
    let json = arguments.iter().any(|a| a == "--json");
    let parsed = match args::Cli::try_parse_from(&arguments) {
        Ok(parsed) => parsed,
        Err(e) if matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Output::new(false).plain(&e.render().to_string());
            return ExitCode::Done;
        }
        Err(e) => {
            let error = CliError::Usage {
                message: e.render().to_string(),
            };
            Output::new(json).error(&error);
            return error.exit_code();
        }
    };
    let out = Output::new(parsed.global.json);
    match commands::run(parsed, &out) {
        Ok(Some(report)) => {
            out.report(&report);
            ExitCode::Done
        }
        Ok(None) => ExitCode::Done,
        Err(error) => {
            out.error(&error);
            error.exit_code()
        }
    }
}
