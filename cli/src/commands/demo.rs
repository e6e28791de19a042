//! `lets demo`: a whole LETS in a few seconds, on a chain inside this process that is spoken to over its REST API.
//!
//! Keys are drawn anew each time and live in memory only. Founding, applying, admitting and paying go through the same
//! session and the same builders as the other commands.

pub(super) mod open;

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use ergo_lib::ergotree_ir::chain::address::NetworkPrefix;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{
    AccountBox, AccountNumber, Applicant, Blocks, Currency, FoundingStep, Lets, NanoErg, Present,
    RuleViolation, Standing, Terms, TradeError, admit, apply, pay_direct,
};
use lets_wallet::{Backup, KeyIndex, LocalSigner, Mnemonic, UnlockedKeys, WordCount};
use serde::Serialize;

use crate::args::BoundArgs;
use crate::commands::found::{SUPPLY, plan};
use crate::commands::{Env, devnet};
use crate::error::CliError;
use crate::keys;
use crate::manifest::{Manifest, Network};
use crate::names;
use crate::output::{Report, RuleJson, table};
use crate::session::{PATIENCE, Sent, Session, View};

/// Who takes part. The first three are the committee, of which two must sign.
const COMMITTEE: [&str; 3] = ["dora", "emil", "fatima"];
const MEMBERS: [&str; 3] = ["alice", "bob", "carol"];
const THRESHOLD: usize = 2;

#[derive(Serialize)]
struct DemoJson {
    lets: LetsJson,
    accounts: Vec<AccountJson>,
    sum: String,
    transactions: Vec<StepJson>,
    refused: Vec<RefusedJson>,
}

#[derive(Serialize)]
struct LetsJson {
    name: String,
    currency: String,
    decimals: u8,
    network: &'static str,
    committee: String,
    charter_nft: String,
    pot_nft: String,
    membership: String,
    unit: String,
    fingerprint: String,
}

#[derive(Serialize)]
struct AccountJson {
    name: &'static str,
    number: AccountNumber,
    balance: String,
    credit_line: String,
    cap: String,
}

#[derive(Serialize)]
struct StepJson {
    #[serde(flatten)]
    sent: Sent,
    what: String,
}

impl StepJson {
    /// As a table shows it.
    fn row(&self) -> Vec<String> {
        let sent = &self.sent;
        vec![
            sent.kind.clone(),
            String::from(sent.id),
            sent.bytes.map_or(String::new(), |b| b.to_string()),
            NanoErg(sent.fee_nanoerg).to_string(),
            self.what.clone(),
        ]
    }
}

#[derive(Serialize)]
struct RefusedJson {
    payer: &'static str,
    payee: &'static str,
    amount: String,
    #[serde(flatten)]
    rule: RuleJson,
    message: String,
}

struct Person {
    name: &'static str,
    keys: UnlockedKeys,
    signer: LocalSigner,
}

impl Person {
    fn new(name: &'static str) -> Result<Self, CliError> {
        let keys = Backup::new(Mnemonic::generate(WordCount::default())?).keys()?;
        let signer = LocalSigner::new([&keys])?;
        Ok(Self { name, keys, signer })
    }

    fn owner(&self) -> SigmaProp {
        self.keys.first_public_key().clone().into()
    }
}

/// The demonstration while it runs.
struct Stage<'a> {
    env: &'a Env<'a>,
    url: String,
    session: Session,
    manifest: Manifest,
    lets: lets_protocol::Lets,
    steps: Vec<StepJson>,
}

pub(super) async fn run(env: &Env<'_>) -> Result<Report, CliError> {
    let devnet = Devnet::start(DevnetConfig {
        port: 0,
        block_time: BlockTime::Manual,
        ..DevnetConfig::default()
    })
    .await?;
    let committee = people(COMMITTEE)?;
    let members = people(MEMBERS)?;
    let mut stage = found(env, devnet.url(), &committee).await?;
    stage.apply(&members).await?;
    stage.admit(&committee, members.len()).await?;
    stage.pay(&members, 0, 1, "2.00", "a litre of milk").await?;
    stage.pay(&members, 1, 2, "1.20", "home-made beer").await?;
    stage.mine().await?;
    let refused = stage.overdraw(&members, 0, 1, "250.00").await?;
    let report = stage.ledger(&members, refused).await?;
    devnet.close().await?;
    Ok(report)
}

fn people(names: [&'static str; 3]) -> Result<Vec<Person>, CliError> {
    names.into_iter().map(Person::new).collect()
}

fn erg(whole: u64) -> NanoErg {
    NanoErg(whole * NanoErg::ONE_ERG.0)
}

/// The committee's first member founds and pays.
async fn found<'a>(
    env: &'a Env<'a>,
    url: String,
    committee: &[Person],
) -> Result<Stage<'a>, CliError> {
    env.out
        .note(&format!("a chain inside this process answers at {url}"));
    let founder = &committee[0];
    give(&url, founder, erg(20)).await?;
    let mut session = Session::new(&[&url])?;
    let params = session.params(NanoErg::MIN_FEE).await?;
    let public: Vec<_> = committee
        .iter()
        .map(|p| p.keys.first_public_key().clone())
        .collect();
    let founding = plan(
        "Demo LETS",
        Currency::new("EUR", 2)?,
        keys::committee(THRESHOLD, &public)?,
        &BoundArgs::default(),
    )?;
    let funding = session
        .wallet(&keys::p2pk_tree(founder.keys.first_public_key())?)
        .await?;
    let found = founding.plan(&funding, params)?;
    let manifest = Manifest::of(
        &found,
        &founding.identity,
        Network::Devnet,
        SUPPLY,
        params.height,
    );
    let mut steps = Vec::new();
    for (step, proposal) in &found.steps {
        let sent = session.send(proposal, &founder.signer).await?;
        steps.push(StepJson {
            what: step_name(*step).to_owned(),
            sent,
        });
    }
    let mut stage = Stage {
        env,
        url,
        session,
        manifest,
        lets: found.lets,
        steps,
    };
    stage.mine().await?;
    env.out.note(&format!(
        "{:?} is founded by {}, with a {THRESHOLD}-of-{} committee ({})",
        stage.manifest.name,
        founder.name,
        committee.len(),
        COMMITTEE.join(", ")
    ));
    Ok(stage)
}

fn step_name(step: FoundingStep) -> &'static str {
    match step {
        FoundingStep::CharterNft => "mints the charter's NFT",
        FoundingStep::PotNft => "mints the pot's NFT",
        FoundingStep::Memberships => "mints the membership tokens",
        FoundingStep::Units => "mints the credit units",
        FoundingStep::Boxes => "makes charter and pot",
    }
}

async fn give(url: &str, to: &Person, amount: NanoErg) -> Result<(), CliError> {
    let address = to.keys.address(KeyIndex::FIRST, NetworkPrefix::Mainnet)?;
    devnet::fund(url, &address.to_base58(), amount)
        .await
        .map(|_| ())
}

impl Stage<'_> {
    fn say(&self, text: &str) {
        self.env.out.note(text);
    }

    fn done(&mut self, what: String, sent: Sent) {
        self.say(&what);
        self.steps.push(StepJson { what, sent });
    }

    /// Puts everything into a block, and looks whether it is there.
    async fn mine(&mut self) -> Result<(), CliError> {
        devnet::mine(&self.url, 1).await?;
        for step in self.steps.iter_mut().filter(|s| s.sent.height.is_none()) {
            let height = self.session.wait(&step.sent.id, 1, PATIENCE).await?;
            step.sent.height = Some(height);
        }
        Ok(())
    }

    async fn apply(&mut self, members: &[Person]) -> Result<(), CliError> {
        let value = NanoErg(3_200_000_000);
        for member in members {
            give(&self.url, member, erg(4)).await?;
            let params = self.session.params(NanoErg::MIN_FEE).await?;
            let charter = self.session.charter(&self.lets, View::Pool).await?;
            let tree = keys::p2pk_tree(member.keys.first_public_key())?;
            let funding = self.session.wallet(&tree).await?;
            let expiry = params.height.plus(Blocks(30 * Blocks::PER_DAY));
            let (proposal, _) = apply(
                &self.lets,
                &charter,
                Applicant::member(member.owner()),
                value,
                expiry,
                &funding,
                params,
            )
            .map_err(CliError::apply)?;
            let sent = self.session.send(&proposal, &member.signer).await?;
            self.done(format!("{} applies with {value}", member.name), sent);
        }
        self.mine().await
    }

    /// Two of the three committee members sign.
    async fn admit(&mut self, committee: &[Person], expected: usize) -> Result<(), CliError> {
        let signer = LocalSigner::new(committee.iter().take(THRESHOLD).map(|p| &p.keys))?;
        let applications = self.session.applications(&self.lets).await?;
        if applications.len() != expected {
            return Err(CliError::Demo(format!(
                "{} applications were found, where {expected} were made",
                applications.len()
            )));
        }
        for application in &applications {
            let params = self.session.params(NanoErg::MIN_FEE).await?;
            let charter = self.session.charter(&self.lets, View::Pool).await?;
            let pot = self.session.committee_pot(&self.lets, View::Pool).await?;
            let bounds = charter.bounds();
            let terms = Terms::plain(
                bounds.default_line,
                bounds.default_cap,
                bounds.account_floor,
            );
            let (proposal, _, account) =
                admit(&self.lets, &charter, &pot, &application.it, terms, params)
                    .map_err(|e| CliError::admit(e, &self.manifest.currency))?;
            let sent = self.session.send(&proposal, &signer).await?;
            let line = self.manifest.currency.show(account.terms().line);
            self.done(
                format!(
                    "account {} is opened, line {line}",
                    names::short(&account.number())
                ),
                sent,
            );
        }
        self.mine().await
    }

    async fn account(&self, of: &Person) -> Result<AccountBox, CliError> {
        let accounts = self.session.accounts(&self.lets, View::Pool).await?;
        let own = accounts.into_iter().find(|a| *a.it.owner() == of.owner());
        own.map(|a| a.it)
            .ok_or_else(|| CliError::Demo(format!("{} has no account", of.name)))
    }

    async fn pay(
        &mut self,
        members: &[Person],
        from: usize,
        to: usize,
        amount: &str,
        memo: &str,
    ) -> Result<(), CliError> {
        let (payer, payee) = (&members[from], &members[to]);
        let params = self.session.params(NanoErg::MIN_FEE).await?;
        let (from, to) = (self.account(payer).await?, self.account(payee).await?);
        let currency = &self.manifest.currency;
        let paid = currency.parse_positive(amount)?;
        let (proposal, _, _) = pay_direct(&self.lets, &from, &to, paid, None, params)
            .map_err(|e| CliError::trade(e, currency))?;
        let sent = self.session.send(&proposal, &payer.signer).await?;
        let what = format!("{} pays {} {amount} for {memo:?}", payer.name, payee.name);
        self.done(what, sent);
        Ok(())
    }

    /// A payment past the payer's line, which the library refuses before anything is signed.
    async fn overdraw(
        &mut self,
        members: &[Person],
        from: usize,
        to: usize,
        amount: &str,
    ) -> Result<RefusedJson, CliError> {
        let (payer, payee) = (&members[from], &members[to]);
        let params = self.session.params(NanoErg::MIN_FEE).await?;
        let (from, to) = (self.account(payer).await?, self.account(payee).await?);
        let currency = &self.manifest.currency;
        let asked = currency.parse_positive(amount)?;
        match pay_direct(&self.lets, &from, &to, asked, None, params) {
            Err(TradeError::Rule(violation @ RuleViolation::CreditLine { .. })) => {
                let message = violation.explain(currency);
                let error = CliError::rule_broken(violation, currency);
                let rule = error
                    .rule()
                    .ok_or_else(|| CliError::Demo("a rule without a name".to_owned()))?;
                self.say(&format!(
                    "{} tries to pay {} {amount}: {message}",
                    payer.name, payee.name
                ));
                Ok(RefusedJson {
                    payer: payer.name,
                    payee: payee.name,
                    amount: amount.to_owned(),
                    rule,
                    message,
                })
            }
            Err(e) => Err(CliError::trade(e, currency)),
            Ok(_) => Err(CliError::Demo(format!(
                "a payment of {amount} past the line was not refused"
            ))),
        }
    }

    /// The books as the chain alone has them.
    async fn ledger(self, members: &[Person], refused: RefusedJson) -> Result<Report, CliError> {
        let books = books(&self.session, &self.lets, &self.manifest).await?;
        let currency = &self.manifest.currency;
        let mut accounts = Vec::new();
        for member in members {
            let account = account_of(&books, member)?;
            accounts.push(AccountJson {
                name: member.name,
                number: account.number,
                balance: currency.show_balance(account.balance()),
                credit_line: currency.show(account.terms.line),
                cap: currency.show(account.terms.cap),
            });
        }
        let ids = &self.manifest.ids;
        let data = DemoJson {
            lets: LetsJson {
                name: self.manifest.name.clone(),
                currency: currency.code().to_owned(),
                decimals: currency.decimals(),
                network: self.manifest.network.name(),
                committee: format!("{THRESHOLD} of {}", COMMITTEE.len()),
                charter_nft: ids.charter_nft.to_string(),
                pot_nft: ids.pot_nft.to_string(),
                membership: ids.membership.to_string(),
                unit: ids.unit.to_string(),
                fingerprint: self.manifest.fingerprint.clone(),
            },
            accounts,
            sum: currency.show_balance(books.sum()),
            transactions: self.steps,
            refused: vec![refused],
        };
        let text = text(&data);
        Report::new(&data, text)
    }
}

/// The books as the chain alone has them, which add up.
async fn books(session: &Session, lets: &Lets, manifest: &Manifest) -> Result<Present, CliError> {
    let books = session.settled(lets, manifest, View::Chain).await?.present;
    let supply = manifest.supply;
    match books.check(supply.units, supply.memberships) {
        Some(Ok(())) => Ok(books),
        Some(Err(e)) => Err(CliError::Demo(e.to_string())),
        None => Err(CliError::Demo("there is not one pot".to_owned())),
    }
}

fn account_of<'b>(books: &'b Present, member: &Person) -> Result<&'b Standing, CliError> {
    let owner = member.owner();
    let mut accounts = books.accounts.iter();
    accounts
        .find(|a| a.owner.as_ref() == Some(&owner))
        .ok_or_else(|| CliError::Demo(format!("{} has no account", member.name)))
}

fn text(data: &DemoJson) -> String {
    let mut ledger: Vec<Vec<String>> = data
        .accounts
        .iter()
        .map(|a| {
            vec![
                a.name.to_owned(),
                a.credit_line.clone(),
                a.cap.clone(),
                a.balance.clone(),
            ]
        })
        .collect();
    ledger.push(vec![
        "sum".to_owned(),
        String::new(),
        String::new(),
        data.sum.clone(),
    ]);
    let transactions: Vec<Vec<String>> = data.transactions.iter().map(StepJson::row).collect();
    let refused: Vec<String> = data
        .refused
        .iter()
        .map(|r| {
            format!(
                "refused: {} to {} {} (rule {}, limit {}, most {})",
                r.payer,
                r.payee,
                r.amount,
                r.rule.rule,
                r.rule.limit.as_deref().unwrap_or("-"),
                r.rule.most.as_deref().unwrap_or("-")
            )
        })
        .collect();
    format!(
        "{} ({}, committee {})\n\n{}\n\n{}\n\n{}",
        data.lets.name,
        data.lets.currency,
        data.lets.committee,
        table(&["member", "line", "cap", "balance"], ledger, &[1, 2, 3]),
        refused.join("\n"),
        table(
            &["kind", "transaction", "bytes", "fee", "what"],
            transactions,
            &[2, 3]
        )
    )
}
