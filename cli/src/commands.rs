//! One module for each command, and what they share. Commands that need no node start no runtime.

mod account;
mod admit;
mod apply;
mod audit;
mod balance;
mod bounds;
mod claim;
mod committee;
mod demo;
mod devnet;
mod exit;
mod found;
mod give_back;
mod hand_over;
mod history;
mod invoice;
mod join;
mod key;
mod members;
mod name;
mod node;
mod note;
mod notes;
mod open;
mod pay;
mod seat;
mod settle;
mod spend;
mod stats;
mod sync;
mod terms;
mod touch;
mod verify;
mod watch;

use std::future::Future;
use std::path::PathBuf;

use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_ledger::Pick;
use lets_protocol::{AccountNumber, Lets, Link, Standing};

use crate::args::{
    AccountCommand, Cli, Command, DemoKind, Global, InvoiceCommand, NodeCommand, NoteCommand,
    SettleCommand, Spend,
};
use crate::error::CliError;
use crate::home::{Home, Lock};
use crate::keys::{self, Key};
use crate::manifest::{Manifest, Network};
use crate::names::{AddressBook, MIN_PREFIX, NameError};
use crate::output::{Output, Report};
use crate::session::{Seen, Session};

use lets_protocol::AccountBox;

/// What every command is given.
pub(crate) struct Env<'a> {
    pub(crate) out: &'a Output,
    pub(crate) home: Home,
    pub(crate) global: Global,
}

/// Does what was asked for. `None`: the command has written its result itself.
pub(crate) fn run(cli: Cli, out: &Output) -> Result<Option<Report>, CliError> {
    let home = Home::new(cli.global.home.as_deref())?;
    let env = Env {
        out,
        home,
        global: cli.global,
    };
    match cli.command {
        Command::Key(command) => key::run(&env, command).map(Some),
        Command::Name(command) => name::run(&env, command).map(Some),
        Command::Payments(args) if !args.retry => pay::payments(&env).map(Some),
        Command::Settle(SettleCommand::Show {
            file,
            offline: true,
        }) => settle::show_offline(&env, &file).map(Some),
        Command::Demo(args) => match args.kind {
            DemoKind::Committee => on_threads(demo::run(&env)).map(Some),
            DemoKind::Lets1 => on_threads(demo::open::run(&env)).map(Some),
        },
        Command::Devnet(args) => on_threads(devnet::run(&env, args)),
        Command::Liquidate(args) if args.watch => {
            on_one_thread(open::liquidate::watch(&env, *args)).map(|()| None)
        }
        Command::Watch(args) => on_one_thread(watch::run(&env, args)).map(|()| None),
        // Blocks are read on other threads than the one that writes them down.
        Command::Sync(args) => on_threads(sync::run(&env, args)).map(Some),
        // Scripts are judged on as many threads as there are.
        Command::Audit => on_threads(audit::run(&env)).map(Some),
        online => on_one_thread(run_online(&env, online)).map(Some),
    }
}

async fn run_online(env: &Env<'_>, command: Command) -> Result<Report, CliError> {
    match command {
        Command::Found(args) => found::run(env, *args).await,
        Command::Join(args) => join::run(env, *args).await,
        Command::Collateral(command) => open::collateral::run(env, command).await,
        Command::Buy(args) => open::exchange::buy_units(env, args).await,
        Command::Redeem(args) => open::exchange::redeem_units(env, args).await,
        Command::Health => open::health::run(env).await,
        Command::Liquidate(args) => open::liquidate::run(env, *args).await,
        Command::Apply(args) => apply::run(env, args).await,
        Command::Applications => apply::list(env).await,
        Command::Withdraw(args) => apply::withdraw(env, args).await,
        Command::Admit(args) => admit::run(env, args).await,
        Command::Terms(args) => terms::run(env, args).await,
        Command::Committee(command) => committee::run(env, *command).await,
        Command::Pay(args) => pay::run(env, *args).await,
        Command::Payments(args) => pay::retry(env, args).await,
        Command::Invoice(args) => match args.command {
            Some(InvoiceCommand::Status(args)) => invoice::status(env, args).await,
            None => invoice::new(env, *args).await,
        },
        Command::Return(args) => give_back::run(env, *args).await,
        Command::Notes(args) => notes::run(env, args).await,
        Command::Note(NoteCommand::Print(args)) => note::print(env, args).await,
        Command::Note(NoteCommand::Redeem(args)) => note::redeem(env, args).await,
        Command::Claim(args) => claim::run(env, args).await,
        Command::Refund(args) => claim::refund_notes(env, args).await,
        Command::Absorb(args) => claim::absorb_notes(env, args).await,
        Command::Account(AccountCommand::Set(args)) => account::set(env, args).await,
        Command::Account(AccountCommand::HandOver(args)) => hand_over::run(env, args).await,
        Command::Settle(command) => settle::run(env, command).await,
        Command::Balance { who } => balance::run(env, who.as_deref()).await,
        Command::Members => members::run(env).await,
        Command::Exit(args) => exit::run(env, args).await,
        Command::Touch(args) => touch::run(env, args).await,
        Command::Verify => verify::run(env).await,
        Command::Stats(args) => stats::run(env, args).await,
        Command::History(args) => history::run(env, args).await,
        Command::Statement(args) => history::statement(env, args).await,
        Command::Node { command: None } => node::run(env).await,
        Command::Node {
            command: Some(NodeCommand::Check),
        } => node::check(env).await,
        // The others need no node and have been run.
        Command::Key(_)
        | Command::Name(_)
        | Command::Demo(_)
        | Command::Devnet(_)
        | Command::Sync(_)
        | Command::Audit
        | Command::Watch(_) => Err(CliError::Arguments("this command needs no node".to_owned())),
    }
}

/// As much as the main thread has: scripts are evaluated by recursion.
const STACK: usize = 8 << 20;

fn on_one_thread<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::Runtime)?
        .block_on(work)
}

fn on_threads<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        // Each keeps some megabytes of what it has freed; what they do keeps a processor busy, and waits for nothing.
        .max_blocking_threads(2 * std::thread::available_parallelism().map_or(1, usize::from))
        .build()
        .map_err(CliError::Runtime)?
        .block_on(work)
}

/// A LETS as a command works with it: manifest, scripts, and who is called what.
pub(crate) struct Group {
    pub(crate) manifest: Manifest,
    pub(crate) lets: Lets,
    book: AddressBook,
    own: Vec<Key>,
}

impl Env<'_> {
    pub(crate) fn manifest_path(&self) -> PathBuf {
        let given = self.global.manifest.clone();
        given.unwrap_or_else(|| self.home.manifest())
    }

    /// The network whose addresses are shown.
    pub(crate) fn network(&self) -> Network {
        let of_manifest = || {
            let text = std::fs::read_to_string(self.manifest_path()).ok()?;
            Manifest::peek_network(&text)
        };
        self.global
            .network
            .or_else(of_manifest)
            .unwrap_or(Network::Mainnet)
    }

    /// Keeps other spending commands of this home out; a dry run spends nothing and waits for nobody.
    pub(crate) fn lock(&self, options: &Spend) -> Result<Option<Lock>, CliError> {
        match options.dry_run {
            true => Ok(None),
            false => self.lock_home().map(Some),
        }
    }

    /// As [`Env::lock`], for what is no spend but changes a file that others read first.
    pub(crate) fn lock_home(&self) -> Result<Lock, CliError> {
        let waiting = || {
            self.out
                .note("waiting for another lets command in this home to finish")
        };
        self.home.lock(waiting)
    }

    /// A session with the node, without a LETS.
    pub(crate) fn session(&self) -> Result<Session, CliError> {
        Ok(Session::new(&self.global.nodes)?.with_plan(self.plan(None)?))
    }

    /// A session with the node, for a LETS.
    pub(crate) fn session_of(&self, manifest: &Manifest, lets: &Lets) -> Result<Session, CliError> {
        let plan = self.plan(Some((manifest, lets)))?;
        Ok(Session::new(&self.global.nodes)?.with_plan(plan))
    }

    /// The LETS of this home, and a session with a node of its network.
    pub(crate) async fn open(&self) -> Result<(Group, Session), CliError> {
        let group = self.group()?;
        let session = self.session_of(&group.manifest, &group.lets)?;
        session.check_network(&group.manifest).await?;
        Ok((group, session))
    }

    /// The LETS of this home, without a node.
    pub(crate) fn group(&self) -> Result<Group, CliError> {
        let (manifest, lets) = Manifest::load(&self.manifest_path())?;
        self.group_of(manifest, lets)
    }

    /// A LETS as this home sees it.
    pub(crate) fn group_of(&self, manifest: Manifest, lets: Lets) -> Result<Group, CliError> {
        Ok(Group {
            manifest,
            lets,
            book: AddressBook::load(&self.home.names())?,
            own: keys::own_keys(&self.home)?,
        })
    }
}

impl Group {
    /// Refuses what a committee's LETS alone has.
    pub(crate) fn check_committee(&self) -> Result<(), CliError> {
        match self.manifest.open {
            Some(_) => Err(CliError::NoCommittee),
            None => Ok(()),
        }
    }

    /// What an account is called here: its name in the address book, that of the key on this machine that owns it, or
    /// the first digits of its number.
    pub(crate) fn name_of(&self, account: &AccountBox) -> String {
        self.called(&account.number(), self.own_key(account))
    }

    /// The same of an account with this number, owned by this key on this machine or by none.
    fn called(&self, number: &AccountNumber, own: Option<&Key>) -> String {
        if let Some(name) = self.book.name_of(number) {
            return name.to_owned();
        }
        match own {
            Some(key) => key.name.clone(),
            None => crate::names::short(number),
        }
    }

    /// As [`Group::name_of`], for one of very many.
    pub(crate) fn name_of_standing(&self, account: &Standing) -> String {
        let owner = account.owner.as_ref();
        self.called(&account.number, owner.and_then(|owner| self.key_of(owner)))
    }

    /// As [`Group::name_of`], for a number alone.
    pub(crate) fn name_by_number(&self, number: &AccountNumber) -> String {
        match self.book.name_of(number) {
            Some(name) => name.to_owned(),
            None => crate::names::short(number),
        }
    }

    /// What the key on this machine with this public half (in hexadecimal) is called.
    pub(crate) fn key_name(&self, public: &str) -> Option<String> {
        let is_it = |key: &&Key| String::from((*key.file.public_key().h).clone()) == public;
        self.own.iter().find(is_it).map(|key| key.name.clone())
    }

    /// The key on this machine that owns the account.
    pub(crate) fn own_key(&self, account: &AccountBox) -> Option<&Key> {
        // A key in an account that follows another box means nothing.
        match account.link() {
            Link::None => self.key_of(account.owner()),
            _ => None,
        }
    }

    fn key_of(&self, owner: &SigmaProp) -> Option<&Key> {
        self.own.iter().find(|key| key.owner() == *owner)
    }

    /// The account that a person names: by the address book, by a key on this machine, or by its number.
    pub(crate) fn resolve<'a>(
        &self,
        who: &str,
        accounts: &'a [Seen<AccountBox>],
    ) -> Result<&'a Seen<AccountBox>, CliError> {
        if let Some(number) = self.book.get(who) {
            return self.by_number(&number, accounts);
        }
        if let Some(key) = self.own.iter().find(|key| key.name == who) {
            return self.owned(key, None, accounts);
        }
        match find_prefix(who, accounts, |a| a.it.number().to_string()) {
            Prefix::One(account) => Ok(account),
            Prefix::Several(count) => Err(NameError::Ambiguous {
                prefix: who.to_owned(),
                count,
            }
            .into()),
            Prefix::None => match who.parse::<AccountNumber>() {
                Ok(number) => self.by_number(&number, accounts),
                Err(_) => Err(self.unknown(who)),
            },
        }
    }

    /// The accounts among which those are that a person may mean: out of a ledger only these.
    pub(crate) async fn accounts_meant(
        &self,
        session: &Session,
        who: Option<&str>,
    ) -> Result<Vec<Seen<AccountBox>>, CliError> {
        let of = |keys: Vec<&Key>| keys.into_iter().map(Key::owner).collect::<Vec<_>>();
        let own =
            |name: &str| -> Vec<&Key> { self.own.iter().filter(|k| k.name == name).collect() };
        let Some(who) = who else {
            let owners = of(self.own.iter().collect());
            return session
                .accounts_like(&self.lets, Pick::Owners(&owners))
                .await;
        };
        if let Some(number) = self.book.get(who) {
            return session
                .accounts_like(&self.lets, Pick::Numbers(&[number]))
                .await;
        }
        let owners = of(own(who));
        if !owners.is_empty() {
            return session
                .accounts_like(&self.lets, Pick::Owners(&owners))
                .await;
        }
        let digits = who.to_ascii_lowercase();
        session
            .accounts_like(&self.lets, Pick::Prefix(&digits))
            .await
    }

    fn unknown(&self, who: &str) -> CliError {
        let own = self.own.iter().map(|key| key.name.clone());
        let mut known: Vec<String> = self
            .book
            .iter()
            .map(|(n, _)| n.to_owned())
            .chain(own)
            .collect();
        known.sort();
        known.dedup();
        NameError::Unknown {
            name: who.to_owned(),
            known,
        }
        .into()
    }

    fn by_number<'a>(
        &self,
        number: &AccountNumber,
        accounts: &'a [Seen<AccountBox>],
    ) -> Result<&'a Seen<AccountBox>, CliError> {
        let found = accounts.iter().find(|a| a.it.number() == *number);
        found.ok_or_else(|| CliError::NoSuchAccount {
            number: number.to_string(),
            lets: self.manifest.name.clone(),
        })
    }

    /// The account that a key owns; `from` chooses among several.
    pub(crate) fn owned<'a>(
        &self,
        key: &Key,
        from: Option<&str>,
        accounts: &'a [Seen<AccountBox>],
    ) -> Result<&'a Seen<AccountBox>, CliError> {
        let owner = key.owner();
        let own: Vec<&Seen<AccountBox>> = accounts
            .iter()
            .filter(|a| *a.it.link() == Link::None && *a.it.owner() == owner)
            .filter(|a| from.is_none_or(|f| a.it.number().to_string().starts_with(f)))
            .collect();
        match own.as_slice() {
            [] => Err(CliError::NoAccount {
                key: key.name.clone(),
                lets: self.manifest.name.clone(),
            }),
            [only] => Ok(only),
            several => Err(CliError::SeveralAccounts {
                key: key.name.clone(),
                numbers: several.iter().map(|a| a.it.number().to_string()).collect(),
            }),
        }
    }
}

/// What the first digits of an id fit.
pub(crate) enum Prefix<'a, T> {
    One(&'a T),
    Several(usize),
    None,
}

/// The item whose id in hexadecimal begins with these digits, of which there must be enough.
pub(crate) fn find_prefix<'a, T>(
    digits: &str,
    items: &'a [T],
    id: impl Fn(&T) -> String,
) -> Prefix<'a, T> {
    let digits = digits.to_ascii_lowercase();
    if digits.len() < MIN_PREFIX || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Prefix::None;
    }
    let mut fits = items.iter().filter(|item| id(item).starts_with(&digits));
    match (fits.next(), fits.count()) {
        (Some(only), 0) => Prefix::One(only),
        (Some(_), more) => Prefix::Several(more + 1),
        (None, _) => Prefix::None,
    }
}
