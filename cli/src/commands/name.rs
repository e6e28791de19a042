//! `lets name`: the address book. No node is asked unless a number is shortened.

use lets_protocol::AccountNumber;
use serde::Serialize;

use crate::args::NameCommand;
use crate::commands::{Env, on_one_thread};
use crate::error::CliError;
use crate::names::{self, AddressBook};
use crate::output::{Report, table};
use crate::session::View;

#[derive(Serialize)]
struct NameJson {
    name: String,
    number: AccountNumber,
}

pub(super) fn run(env: &Env<'_>, command: NameCommand) -> Result<Report, CliError> {
    let path = env.home.names();
    match command {
        NameCommand::Add { name, number } => {
            names::check(&name)?;
            let number = match number.parse() {
                Ok(number) => number,
                Err(_) => on_one_thread(whole_number(env, &number))?,
            };
            // Two commands at once must not forget each other's names.
            let _lock = env.lock_home()?;
            let mut book = AddressBook::load(&path)?;
            book.add(&name, number)?;
            book.save(&path)?;
            let text = format!("{name} is account {number}");
            Report::new(&NameJson { name, number }, text)
        }
        NameCommand::Remove { name } => {
            let _lock = env.lock_home()?;
            let mut book = AddressBook::load(&path)?;
            let number = book.remove(&name)?;
            book.save(&path)?;
            let text =
                format!("{name} (account {number}) is forgotten here; the account is as it was");
            Report::new(&NameJson { name, number }, text)
        }
        NameCommand::List => {
            #[derive(Serialize)]
            struct Listed {
                names: Vec<NameJson>,
            }
            let book = AddressBook::load(&path)?;
            let rows: Vec<Vec<String>> = book
                .iter()
                .map(|(name, number)| vec![name.to_owned(), number.to_string()])
                .collect();
            let text = match rows.is_empty() {
                true => "no names yet; `lets name add NAME NUMBER` gives one".to_owned(),
                false => table(&["name", "account"], rows, &[]),
            };
            let listed = book.iter().map(|(name, number)| NameJson {
                name: name.to_owned(),
                number,
            });
            Report::new(
                &Listed {
                    names: listed.collect(),
                },
                text,
            )
        }
    }
}

/// The account of this LETS whose number begins so.
async fn whole_number(env: &Env<'_>, digits: &str) -> Result<AccountNumber, CliError> {
    let (group, session) = env.open().await?;
    let accounts = session.accounts(&group.lets, View::Pool).await?;
    Ok(group.resolve(digits, &accounts)?.it.number())
}
