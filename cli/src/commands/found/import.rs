//! The import of a ledger into a LETS just founded: applications, admissions, opening payments, and the members' own keys.
//!
//! What is done already is read off chain and pool when it begins, so an interrupted import goes on where it stood and does
//! nothing twice.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{
    AccountBox, AccountNumber, AdmitError, Applicant, ApplicationBox, Blocks, CharterBox, Currency,
    Found, Founding, Funding, Lets, NanoErg, Proposal, Spender, Terms, TxParams, admit, apply_all,
    opening_balance,
};
use lets_wallet::{LocalSigner, Signer};
use serde::Serialize;

use crate::args::{FoundArgs, Spend};
use crate::ask::PassphraseFiles;
use crate::commands::Env;
use crate::commands::admit::{load_all, remember};
use crate::commands::hand_over::give_key;
use crate::error::CliError;
use crate::import::{Import, ImportError, Opening, ThrowAwayKeys};
use crate::keys::{self, Key};
use crate::ledger_file::{self, Frame};
use crate::manifest::Manifest;
use crate::names::AddressBook;
use crate::preview::Preview;
use crate::session::{Sent, Session, View};

/// So many applications go into one transaction, which stays well below what nodes take.
const TOGETHER: usize = 100;
/// How long the applications may wait for an import that was interrupted: a year.
const LIFE: Blocks = Blocks(365 * Blocks::PER_DAY);
/// The least ERG that may be left over: a box of change.
const CHANGE: NanoErg = NanoErg(1_000_000);

/// A member as he was imported.
#[derive(Debug, Serialize)]
pub(super) struct ImportedJson {
    name: String,
    number: AccountNumber,
    balance: String,
    credit_line: String,
    cap: String,
    /// Whether the account is still owned by a key of this home.
    throw_away_key: bool,
}

/// Reads the ledger and checks that it can be imported by this home.
pub(super) fn plan(
    env: &Env<'_>,
    file: &Path,
    args: &FoundArgs,
    founding: &Founding,
) -> Result<Import, CliError> {
    let bounds = &founding.bounds;
    let book = AddressBook::load(&env.home.names())?;
    let frame = Frame {
        currency: &founding.identity.currency,
        bounds,
        book: &book,
    };
    let members = ledger_file::load(file, &frame)?;
    let mut signing: Vec<Key> = Vec::new();
    for name in &args.committee_keys {
        let key = Key::load(&env.home, name)?;
        if !signing.iter().any(|k| k.owner() == key.owner()) {
            signing.push(key);
        }
    }
    let (fee, most) = (args.spend.fee, bounds.admission_fee);
    if fee > most {
        return Err(CliError::Admit(AdmitError::Fee { fee, most }));
    }
    let (needed, here) = (args.committee, signing.len());
    if here < needed {
        return Err(ImportError::Committee { needed, here }.into());
    }
    let committee = signing.into_iter().take(needed).map(|k| k.name).collect();
    Ok(Import {
        committee,
        fee,
        members,
    })
}

/// The wallet must hold all of it before the first transaction is sent.
pub(super) fn check_erg(
    import: &Import,
    found: &Found,
    floor: NanoErg,
    wallet: &Funding,
    key: &str,
) -> Result<(), CliError> {
    let members = import.members.len();
    let batches = members.div_ceil(TOGETHER);
    let fees = (found.steps.len() + batches) as u64 * import.fee.0;
    let needed = found
        .charter
        .value()
        .plus(found.pot.value())
        .plus(deposited(import, floor))
        .plus(NanoErg(fees))
        .plus(CHANGE);
    let available = NanoErg(wallet.boxes.iter().map(|b| *b.value.as_u64()).sum());
    if available < needed {
        let key = key.to_owned();
        return Err(ImportError::Erg {
            members,
            needed,
            available,
            key,
        }
        .into());
    }
    Ok(())
}

fn deposited(import: &Import, floor: NanoErg) -> NanoErg {
    let all = import.deposits(floor);
    NanoErg(all.iter().fold(0, |sum, n| sum.saturating_add(n.0)))
}

/// What a person reads before he consents.
pub(super) fn preview(
    preview: Preview,
    import: &Import,
    floor: NanoErg,
    currency: &Currency,
) -> Preview {
    let without = import.members.iter().filter(|m| m.key.is_none()).count();
    let openings = import.openings().len();
    preview
        .line(
            "import",
            format!(
                "{} members with debts of {} {} together, by {} transactions more",
                import.members.len(),
                currency.show(import.debts()),
                currency.code(),
                import.members.len().div_ceil(TOGETHER) + 2 * import.members.len() + openings
                    - without,
            ),
        )
        .line(
            "locked",
            format!(
                "{} in their accounts, fees for them and their first payments included",
                deposited(import, floor)
            ),
        )
        .line(
            "trust",
            format!(
                "accounts begin under throw-away keys of this home: whoever has it and its passphrase can spend for a member until \
                 he has his own key. {without} of them name none here: `lets account hand-over`"
            ),
        )
}

/// What the members of an imported ledger must know.
pub(super) fn told(imported: &[ImportedJson]) -> String {
    let left: Vec<&str> = imported
        .iter()
        .filter(|m| m.throw_away_key)
        .map(|m| m.name.as_str())
        .collect();
    match (imported.len(), left.len()) {
        (0, _) => String::new(),
        (all, 0) => format!("\n{all} members are imported, each with his own key."),
        (all, _) => format!(
            "\n{all} members are imported. Accounts that this home can still spend for, until `lets account hand-over NAME PK`: {}",
            left.join(", ")
        ),
    }
}

/// Everything that signs for a founding, and for the import after it.
pub(super) struct Hands {
    founder: Key,
    /// The founder's key, and for an import the committee's.
    pub(super) signer: LocalSigner,
    throw_away: Option<ThrowAwayKeys>,
}

impl Hands {
    /// Unlocks the keys; for an import, makes the throw-away keys.
    pub(super) fn begin(
        env: &Env<'_>,
        founder: &str,
        import: Option<&Import>,
        manifest: &Manifest,
        options: &Spend,
    ) -> Result<Self, CliError> {
        Self::take(env, founder, import, options, |files| {
            ThrowAwayKeys::make(import_keys(env, manifest), files)
        })
    }

    /// Unlocks the keys. Other throw-away keys would open all accounts once more, so those that there are must be there.
    pub(super) fn resume(
        env: &Env<'_>,
        founder: &str,
        import: Option<&Import>,
        manifest: &Manifest,
        options: &Spend,
    ) -> Result<Self, CliError> {
        Self::take(env, founder, import, options, |files| {
            ThrowAwayKeys::open(import_keys(env, manifest), files)
        })
    }

    fn take(
        env: &Env<'_>,
        founder: &str,
        import: Option<&Import>,
        options: &Spend,
        throw_away: impl FnOnce(&PassphraseFiles) -> Result<ThrowAwayKeys, CliError>,
    ) -> Result<Self, CliError> {
        let files = PassphraseFiles::new(&options.passphrase.files);
        let committee = import.map(|i| i.committee.as_slice()).unwrap_or_default();
        let committee = load_all(env, committee)?;
        let founder = Key::load(&env.home, founder)?;
        let all: Vec<&Key> = std::iter::once(&founder).chain(&committee).collect();
        let signer = keys::signer(&all, &files)?;
        let throw_away = match import {
            Some(_) => Some(throw_away(&files)?),
            None => None,
        };
        Ok(Self {
            founder,
            signer,
            throw_away,
        })
    }

    fn throw_away(&self) -> Result<&ThrowAwayKeys, CliError> {
        let none = || CliError::Nothing("there is no import to sign for".to_owned());
        self.throw_away.as_ref().ok_or_else(none)
    }
}

/// The throw-away keys that an interrupted import began with must be there before anything is waited for.
pub(super) fn check_keys(env: &Env<'_>, manifest: &Manifest) -> Result<(), CliError> {
    let path = import_keys(env, manifest);
    match path.exists() {
        true => Ok(()),
        false => Err(ImportError::NoKeys(path).into()),
    }
}

fn import_keys(env: &Env<'_>, manifest: &Manifest) -> PathBuf {
    env.home.import_keys(&manifest.ids.charter_nft.to_string())
}

/// An import at work.
pub(super) struct Work<'a> {
    pub(super) env: &'a Env<'a>,
    pub(super) session: &'a mut Session,
    pub(super) lets: &'a Lets,
    pub(super) currency: &'a Currency,
    pub(super) import: &'a Import,
    pub(super) hands: &'a Hands,
    pub(super) options: &'a Spend,
    pub(super) sent: &'a mut Vec<Sent>,
}

impl Work<'_> {
    /// Does whatever is not done yet.
    pub(super) async fn carry_out(mut self) -> Result<Vec<ImportedJson>, CliError> {
        let members = &self.import.members;
        let throw_away = self.hands.throw_away()?;
        let owners: Result<Vec<_>, _> = (0..members.len()).map(|at| throw_away.owner(at)).collect();
        let owners = owners?;
        let mut done = self.session.imported(self.lets, &owners).await?;
        let charter = self.session.charter(self.lets, View::Pool).await?;
        let waiting = self.session.applications(self.lets).await?;
        let mut applications: Vec<Option<ApplicationBox>> = owners
            .iter()
            .map(|owner| waiting.iter().find(|a| a.it.owner() == owner))
            .map(|found| found.map(|a| a.it.clone()))
            .collect();
        let missing: Vec<usize> = (0..members.len())
            .filter(|&at| done.accounts[at].is_none() && applications[at].is_none())
            .collect();
        for batch in missing.chunks(TOGETHER) {
            let all = batch.iter().map(|&at| owners[at].clone()).collect();
            let made = self.apply(&charter, batch, all).await?;
            for (&at, application) in batch.iter().zip(made) {
                applications[at] = Some(application);
            }
        }
        self.admit(&charter, &applications, &mut done.accounts)
            .await?;
        self.wait().await?;
        // All of them have one now.
        let numbers: Vec<AccountNumber> = done.accounts.iter().flatten().copied().collect();
        let mut accounts = self.accounts().await?;
        for opening in self.import.openings() {
            let left = Opening {
                to: opening
                    .to
                    .iter()
                    .filter(|(to, _)| !done.paid.contains(&(numbers[opening.from], numbers[*to])))
                    .copied()
                    .collect(),
                ..opening
            };
            if !left.to.is_empty() {
                self.pay(&left, &numbers, &mut accounts).await?;
            }
        }
        self.wait().await?;
        for (at, number) in numbers.iter().enumerate() {
            // Who has left since, or has his own key, needs nothing.
            let open = accounts.get(number).filter(|a| *a.owner() == owners[at]);
            if let (Some(account), Some(key)) = (open, &members[at].key) {
                self.hand_over(at, account, key).await?;
            }
        }
        self.wait().await?;
        let accounts = self.accounts().await?;
        let json = |(at, number): (usize, &AccountNumber)| {
            let member = &members[at];
            ImportedJson {
                name: member.name.clone(),
                number: *number,
                balance: self.currency.show_balance(member.balance),
                credit_line: self.currency.show(member.line),
                cap: self.currency.show(member.cap),
                throw_away_key: accounts
                    .get(number)
                    .is_some_and(|a| *a.owner() == owners[at]),
            }
        };
        Ok(numbers.iter().enumerate().map(json).collect())
    }

    async fn params(&self) -> Result<TxParams, CliError> {
        self.session.params(self.import.fee).await
    }

    async fn accounts(&self) -> Result<HashMap<AccountNumber, AccountBox>, CliError> {
        let accounts = self.session.accounts(self.lets, View::Pool).await?;
        Ok(accounts
            .into_iter()
            .map(|a| (a.it.number(), a.it))
            .collect())
    }

    async fn send(&mut self, proposal: &Proposal, signer: &impl Signer) -> Result<(), CliError> {
        let sent = self.session.send(proposal, signer).await?;
        self.sent.push(sent);
        Ok(())
    }

    /// What follows begins with boxes in blocks, so that no chain in the pool grows longer than one step.
    async fn wait(&mut self) -> Result<(), CliError> {
        if self.options.no_wait {
            return Ok(());
        }
        let waiting = self.sent.iter().position(|s| s.height.is_none());
        let open = &mut self.sent[waiting.unwrap_or_default()..];
        self.env.wait_for_block(self.session, open).await
    }

    async fn apply(
        &mut self,
        charter: &CharterBox,
        batch: &[usize],
        owners: Vec<SigmaProp>,
    ) -> Result<Vec<ApplicationBox>, CliError> {
        let params = self.params().await?;
        let deposits = self.import.deposits(charter.bounds().account_floor);
        let applicants = batch
            .iter()
            .zip(owners)
            .map(|(&at, owner)| (Applicant::member(owner), deposits[at]))
            .collect();
        let wallet = self.session.wallet(&self.hands.founder.tree()?).await?;
        let expiry = params.height.plus(LIFE);
        let proposal = apply_all(self.lets, charter, applicants, expiry, &wallet, params)
            .map_err(CliError::apply)?;
        self.send(&proposal, &self.hands.signer).await?;
        let made = proposal.outputs().iter().take(batch.len());
        Ok(made
            .map(|b| ApplicationBox::parse(self.lets, b))
            .collect::<Result<_, _>>()?)
    }

    async fn admit(
        &mut self,
        charter: &CharterBox,
        applications: &[Option<ApplicationBox>],
        accounts: &mut [Option<AccountNumber>],
    ) -> Result<(), CliError> {
        let mut pot = self.session.committee_pot(self.lets, View::Pool).await?;
        for (at, member) in self.import.members.iter().enumerate() {
            if let (None, Some(application)) = (accounts[at], &applications[at]) {
                let floor = charter.bounds().account_floor;
                let (proposal, next, account) = admit(
                    self.lets,
                    charter,
                    &pot,
                    application,
                    // No loan rule of the charter's defaults may stand in the way of the opening balance.
                    Terms::plain(member.line, member.cap, floor),
                    self.params().await?,
                )
                .map_err(|e| CliError::admit(e, self.currency))?;
                self.send(&proposal, &self.hands.signer).await?;
                pot = next;
                accounts[at] = Some(account.number());
            }
            if let Some(number) = accounts[at]
                && let Err(e) = remember(self.env, &member.name, number)
            {
                self.env.out.note(&format!(
                    "note: the account is opened, but {:?} is not in the address book: {e}",
                    member.name
                ));
            }
        }
        Ok(())
    }

    async fn pay(
        &mut self,
        opening: &Opening,
        numbers: &[AccountNumber],
        accounts: &mut HashMap<AccountNumber, AccountBox>,
    ) -> Result<(), CliError> {
        let find = |at: usize| {
            let found = accounts.get(&numbers[at]);
            found.ok_or_else(|| CliError::NoSuchAccount {
                number: numbers[at].to_string(),
                lets: self.import.members[at].name.clone(),
            })
        };
        let payees: Result<Vec<_>, CliError> = opening
            .to
            .iter()
            .map(|&(at, amount)| Ok((find(at)?, amount)))
            .collect();
        let payer = Spender::new(find(opening.from)?);
        let trade = opening_balance(self.lets, payer, &payees?, self.params().await?)
            .map_err(|e| CliError::trade(e, self.currency))?;
        let signer = self.hands.throw_away()?.signer(opening.from)?;
        self.send(&trade.proposal, &signer).await?;
        for account in trade.others.into_iter().chain([trade.leader]) {
            accounts.insert(account.number(), account);
        }
        Ok(())
    }

    async fn hand_over(
        &mut self,
        at: usize,
        account: &AccountBox,
        key: &str,
    ) -> Result<(), CliError> {
        let owner = keys::parse_public_key(key)?;
        let trade = give_key(self.lets, account, owner.into(), self.params().await?)
            .map_err(|e| CliError::trade(e, self.currency))?;
        let signer = self.hands.throw_away()?.signer(at)?;
        self.send(&trade.proposal, &signer).await
    }
}
