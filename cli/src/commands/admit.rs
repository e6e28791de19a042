//! `lets admit`: the committee opens accounts. Several applications are admitted in one chain of transactions.

use lets_protocol::{AccountBox, AccountNumber, ApplicationBox, admit};
use serde::Serialize;

use crate::args::AdmitArgs;
use crate::commands::apply::find;
use crate::commands::spend::{Spent, whereabouts};
use crate::commands::{Env, Group, terms};
use crate::error::CliError;
use crate::keys::Key;
use crate::names::{self, AddressBook};
use crate::output::Report;
use crate::preview::Preview;
use crate::session::{Seen, Sent, View};

#[derive(Serialize)]
struct AdmittedJson {
    name: Option<String>,
    number: AccountNumber,
    credit_line: String,
    cap: String,
    transaction: Sent,
}

pub(super) async fn run(env: &Env<'_>, args: AdmitArgs) -> Result<Report, CliError> {
    let committee = load_all(env, &args.committee.keys)?;
    let _lock = env.lock(&args.spend)?;
    let (group, mut session) = env.open().await?;
    group.check_committee()?;
    let currency = &group.manifest.currency;
    let params = session.params(args.spend.fee).await?;
    let all = session.applications(&group.lets).await?;
    let chosen = choose(&group, &args.applications, &all, params.height)?;
    check_names(&group.book, &args.names, chosen.len())?;

    let charter = session.charter(&group.lets, View::Pool).await?;
    let terms = terms::first(&args.wishes, charter.bounds(), currency)?;
    let (line, cap) = (terms.line, terms.cap);
    let mut pot = session.committee_pot(&group.lets, View::Pool).await?;
    let mut proposals = Vec::new();
    let mut opened: Vec<AccountBox> = Vec::new();
    let mut preview = Preview::new(format!("Admit to {:?}", group.manifest.name));
    for (at, application) in chosen.iter().enumerate() {
        let (proposal, next, account) = admit(
            &group.lets,
            &charter,
            &pot,
            application,
            terms.clone(),
            params,
        )
        .map_err(|e| CliError::admit(e, currency))?;
        let id = String::from(application.ergo_box().box_id());
        let name = args
            .names
            .get(at)
            .map_or(String::new(), |n| format!(" as {n:?}"));
        preview.add(
            "open",
            format!(
                "account {}{name} for application {}: line {}, cap {}, {}",
                names::short(&account.number()),
                &id[..12],
                currency.show(line),
                currency.show(cap),
                account.value()
            ),
        );
        for line in terms::changes(&charter.bounds().default_terms(), account.terms(), currency) {
            preview.add("not the usual", line);
        }
        pot = next;
        proposals.push(proposal);
        opened.push(account);
    }
    let preview = preview.transactions(&proposals, "the applications");
    let keys: Vec<&Key> = committee.iter().collect();
    let spent = env
        .spend(
            &mut session,
            &args.spend,
            preview,
            &proposals,
            &keys,
            |at, _| {
                // At once, not at the end: what was opened before a later one failed keeps its name.
                if let Some(name) = args.names.get(at)
                    && let Err(e) = remember(env, name, opened[at].number())
                {
                    env.out.note(&format!(
                        "note: the account is opened, but {name:?} is not in the address book: {e}"
                    ));
                }
                Ok(())
            },
        )
        .await?;
    let sent = match spent {
        Spent::Shown(report) => return Ok(report),
        Spent::Sent(sent) => sent,
    };
    #[derive(Serialize)]
    struct Admitted {
        accounts: Vec<AdmittedJson>,
    }
    let mut text = Vec::new();
    let mut accounts = Vec::new();
    for (at, (account, transaction)) in opened.iter().zip(sent).enumerate() {
        let name = args.names.get(at).cloned();
        text.push(format!(
            "account {}{} is open: line {}, cap {}\ntransaction {} ({})",
            account.number(),
            name.as_deref().map_or(String::new(), |n| format!(" ({n})")),
            currency.show(line),
            currency.show(cap),
            String::from(transaction.id),
            whereabouts(&transaction)
        ));
        accounts.push(AdmittedJson {
            name,
            number: account.number(),
            credit_line: currency.show(line),
            cap: currency.show(cap),
            transaction,
        });
    }
    Report::new(&Admitted { accounts }, text.join("\n"))
}

/// The keys of these names.
pub(super) fn load_all(env: &Env<'_>, names: &[String]) -> Result<Vec<Key>, CliError> {
    names
        .iter()
        .map(|name| Key::load(&env.home, name))
        .collect()
}

/// The applications asked for; `all` is those that have not expired.
fn choose<'a>(
    group: &Group,
    asked: &[String],
    all: &'a [Seen<ApplicationBox>],
    height: lets_protocol::Height,
) -> Result<Vec<&'a ApplicationBox>, CliError> {
    let mut chosen: Vec<&ApplicationBox> = Vec::new();
    if asked.len() == 1 && asked[0] == "all" {
        chosen.extend(all.iter().map(|a| &a.it).filter(|a| a.expiry() > height));
        if chosen.is_empty() {
            return Err(CliError::NoSuchApplication {
                id: "at all".to_owned(),
                lets: group.manifest.name.clone(),
            });
        }
        return Ok(chosen);
    }
    for id in asked {
        let found = &find(group, id, all)?.it;
        if !chosen.contains(&found) {
            chosen.push(found);
        }
    }
    Ok(chosen)
}

/// All names must be good and free before anything is sent.
fn check_names(book: &AddressBook, asked: &[String], applications: usize) -> Result<(), CliError> {
    if !asked.is_empty() && asked.len() != applications {
        return Err(CliError::Arguments(format!(
            "{} names for {applications} applications: give --name once for each, or not at all",
            asked.len()
        )));
    }
    for (at, name) in asked.iter().enumerate() {
        names::check(name)?;
        if let Some(number) = book.get(name) {
            return Err(names::NameError::Taken {
                name: name.clone(),
                number,
            }
            .into());
        }
        if asked[..at].contains(name) {
            return Err(CliError::Arguments(format!(
                "the name {name:?} is given twice"
            )));
        }
    }
    Ok(())
}

/// Gives an account a name in the address book.
pub(super) fn remember(env: &Env<'_>, name: &str, number: AccountNumber) -> Result<(), CliError> {
    let path = env.home.names();
    let mut book = AddressBook::load(&path)?;
    book.add(name, number)?;
    book.save(&path)
}
