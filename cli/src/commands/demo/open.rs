//! `lets demo --kind lets1`: members join by themselves against ERG, trade, ERG falls, a debt is called and liquidated, and
//! one leaves.

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use lets_contracts::OracleNft;
use lets_protocol::{
    AccountBox, AccountNumber, Amount, Blocks, Currency, Funding, Identity, Join, Kind, Lets, Link,
    NanoErg, OpenFounding, OracleLimits, Policy, Proposal, Settings, Terms, call, close, join,
    liquidate, pay_direct,
};
use serde::Serialize;

use super::{Person, StepJson, account_of, books, erg, give, step_name};
use crate::commands::found::SUPPLY;
use crate::commands::open::Ground;
use crate::commands::{Env, devnet};
use crate::error::CliError;
use crate::keys;
use crate::manifest::{Manifest, Network};
use crate::output::{Report, table};
use crate::session::{PATIENCE, Session, View};

/// nanoErg of a euro at the beginning, and after ERG has lost 60 percent of its worth.
const RATES: [i64; 2] = [1_000_000_000, 2_500_000_000];
/// A line in cents, and the ERG behind it: twice its worth at first.
const LINE: i64 = 5_000;
const COLLATERAL: u64 = 100;

#[derive(Serialize)]
struct DemoJson {
    lets: LetsJson,
    accounts: Vec<AccountJson>,
    sum: String,
    transactions: Vec<StepJson>,
    liquidated: LiquidatedJson,
}

#[derive(Serialize)]
struct LetsJson {
    name: String,
    kind: Kind,
    currency: String,
    decimals: u8,
    network: &'static str,
    oracle: OracleNft,
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
}

/// What was paid of a debt, and the collateral that it cost the debtor.
#[derive(Serialize)]
struct LiquidatedJson {
    debtor: &'static str,
    payer: &'static str,
    amount: String,
    nanoerg: u64,
}

/// The demonstration while it runs.
struct Stage<'a> {
    env: &'a Env<'a>,
    url: String,
    session: Session,
    nft: OracleNft,
    manifest: Manifest,
    lets: Lets,
    steps: Vec<StepJson>,
}

pub(in crate::commands) async fn run(env: &Env<'_>) -> Result<Report, CliError> {
    let devnet = Devnet::start(DevnetConfig {
        port: 0,
        block_time: BlockTime::Manual,
        ..DevnetConfig::default()
    })
    .await?;
    let (dora, alice) = (Person::new("dora")?, Person::new("alice")?);
    let (bob, carol) = (Person::new("bob")?, Person::new("carol")?);
    let policy = policy();
    let mut stage = found(env, devnet.url(), &dora, policy.clone()).await?;
    stage.join(&alice, LINE).await?;
    stage.join(&bob, LINE).await?;
    stage.join(&carol, 0).await?;
    stage.mine(1).await?;
    stage.pay(&alice, &bob, "30.00", "a new roof").await?;
    stage
        .pay(&alice, &carol, "10.00", "bread for a year")
        .await?;
    stage.mine(1).await?;
    stage.say("ERG loses 60 % of its worth: a euro is 2.5 ERG now");
    stage.publish(RATES[1]).await?;
    stage.call(&alice, &bob).await?;
    stage.mine(policy.grace.0 + 60).await?;
    stage.publish(RATES[1]).await?;
    let liquidated = stage.liquidate(&alice, &bob, "30.00").await?;
    stage.mine(1).await?;
    stage
        .pay(&carol, &alice, "10.00", "two days of work")
        .await?;
    stage.mine(policy.lock.0 + Policy::LOCK_AHEAD.0).await?;
    stage.leave(&alice).await?;
    stage.mine(1).await?;
    let report = stage.ledger(&[bob, carol], liquidated).await?;
    devnet.close().await?;
    Ok(report)
}

fn policy() -> Policy {
    Policy {
        kind: Kind::Lets1,
        floor: Policy::LEAST_FLOOR,
        credit: Amount::clamped(100_000),
        cap: Amount::clamped(100_000),
        largest_draw: Amount::ZERO,
        draw_limit: Amount::ZERO,
        longest_debt: Blocks(0),
        draw_rate: Amount::clamped(Terms::NO_LIMIT_RATE),
        lock: Blocks(30 * Blocks::PER_DAY),
        fee: NanoErg(0),
        units_per_quantity: 100,
        cover: 200,
        margin: 150,
        discount: 10,
        grace: Blocks(3 * Blocks::PER_DAY),
        window: Blocks(7 * Blocks::PER_DAY),
        smallest_liquidation: Amount::clamped(1_000),
        oracle: OracleLimits {
            oldest: Blocks(100),
            least: RATES[0] / 20,
            highest: RATES[0] * 50,
            dead: Blocks(30 * Blocks::PER_DAY),
        },
        supply: SUPPLY.units,
        own_erg: NanoErg(0),
    }
}

fn nano(rate: i64) -> NanoErg {
    NanoErg(rate.unsigned_abs())
}

async fn found<'a>(
    env: &'a Env<'a>,
    url: String,
    founder: &Person,
    policy: Policy,
) -> Result<Stage<'a>, CliError> {
    env.out
        .note(&format!("a chain inside this process answers at {url}"));
    give(&url, founder, erg(20)).await?;
    let (nft, _) = devnet::publish(&url, None, nano(RATES[0])).await?;
    let nft: OracleNft = nft
        .parse()
        .map_err(|_| CliError::Demo("the oracle has no NFT".to_owned()))?;
    env.out.note("an oracle says that a euro is 1 ERG");
    let mut session = Session::new(&[&url])?;
    let params = session.params(NanoErg::MIN_FEE).await?;
    let founding = OpenFounding {
        identity: Identity {
            name: "Demo LETS-1".to_owned(),
            currency: Currency::new("EUR", 2)?,
        },
        treasury: founder.owner(),
        policy,
        oracle: nft,
        units: SUPPLY.units,
        memberships: SUPPLY.memberships,
    };
    let funding = wallet(&session, founder).await?;
    let oracle = session.oracle_of(nft).await?;
    let oracle = oracle.ok_or(CliError::NoOracleBox { nft })?;
    let found = founding.plan(&oracle, &funding, params)?;
    let manifest = Manifest::of_open(
        &found,
        &founding.identity,
        Network::Devnet,
        SUPPLY,
        params.height,
    );
    let mut steps = Vec::new();
    for (step, proposal) in &found.steps {
        let sent = session.send(proposal, &founder.signer).await?;
        let what = step_name(*step).to_owned();
        steps.push(StepJson { what, sent });
    }
    let mut stage = Stage {
        env,
        url,
        session,
        nft,
        manifest,
        lets: found.lets,
        steps,
    };
    stage.mine(1).await?;
    stage.say(&format!(
        "{:?} is founded by {}, who has no say in it from now on",
        stage.manifest.name, founder.name
    ));
    Ok(stage)
}

async fn wallet(session: &Session, of: &Person) -> Result<Funding, CliError> {
    let tree = keys::p2pk_tree(of.keys.first_public_key())?;
    session.wallet(&tree).await
}

impl Stage<'_> {
    fn say(&self, text: &str) {
        self.env.out.note(text);
    }

    async fn send(
        &mut self,
        proposal: &Proposal,
        by: &Person,
        what: String,
    ) -> Result<(), CliError> {
        let sent = self.session.send(proposal, &by.signer).await?;
        self.say(&what);
        self.steps.push(StepJson { what, sent });
        Ok(())
    }

    /// Puts everything into a block, and mines on until there are so many.
    async fn mine(&mut self, blocks: u32) -> Result<(), CliError> {
        devnet::mine(&self.url, blocks).await?;
        for step in self.steps.iter_mut().filter(|s| s.sent.height.is_none()) {
            let height = self.session.wait(&step.sent.id, 1, PATIENCE).await?;
            step.sent.height = Some(height);
        }
        Ok(())
    }

    async fn publish(&self, rate: i64) -> Result<(), CliError> {
        let nft = self.nft.to_string();
        devnet::publish(&self.url, Some(&nft), nano(rate)).await?;
        Ok(())
    }

    async fn now(&self) -> Result<Ground, CliError> {
        Ground::now(&self.session, &self.lets, NanoErg::MIN_FEE).await
    }

    fn fault(&self, error: lets_protocol::OpenError) -> CliError {
        CliError::open(error, &self.manifest.currency)
    }

    async fn join(&mut self, member: &Person, line: i64) -> Result<(), CliError> {
        let backing = erg(if line > 0 { COLLATERAL } else { 0 });
        give(&self.url, member, backing.plus(erg(5))).await?;
        let (now, funding) = (self.now().await?, wallet(&self.session, member).await?);
        let ask = Join {
            key: member.owner(),
            units: Amount::clamped(line),
            backing,
            spare: NanoErg(100_000_000),
            smallest_direct: Settings::ANY_DIRECT,
            link: Link::None,
        };
        let (proposal, ..) = join(now.at(&self.lets), ask, &funding).map_err(|e| self.fault(e))?;
        let line = self.manifest.currency.show(Amount::clamped(line));
        let what = format!("{} joins: a line of {line} against {backing}", member.name);
        self.send(&proposal, member, what).await
    }

    async fn account(&self, of: &Person) -> Result<AccountBox, CliError> {
        let accounts = self.session.accounts(&self.lets, View::Pool).await?;
        let own = accounts.into_iter().find(|a| *a.it.owner() == of.owner());
        own.map(|a| a.it)
            .ok_or_else(|| CliError::Demo(format!("{} has no account", of.name)))
    }

    async fn pay(
        &mut self,
        payer: &Person,
        payee: &Person,
        amount: &str,
        memo: &str,
    ) -> Result<(), CliError> {
        let params = self.session.params(NanoErg::MIN_FEE).await?;
        let (from, to) = (self.account(payer).await?, self.account(payee).await?);
        let currency = &self.manifest.currency;
        let paid = currency.parse_positive(amount)?;
        let (proposal, _, _) = pay_direct(&self.lets, &from, &to, paid, None, params)
            .map_err(|e| CliError::trade(e, currency))?;
        let what = format!("{} pays {} {amount} for {memo:?}", payer.name, payee.name);
        self.send(&proposal, payer, what).await
    }

    async fn call(&mut self, debtor: &Person, watcher: &Person) -> Result<(), CliError> {
        let (now, funding) = (self.now().await?, wallet(&self.session, watcher).await?);
        let account = self.account(debtor).await?;
        let (proposal, ..) =
            call(now.at(&self.lets), &account, &funding).map_err(|e| self.fault(e))?;
        let what = format!(
            "{} is at {}, and {} calls that debt: {} to mend it",
            debtor.name,
            self.manifest.currency.show_balance(account.balance()),
            watcher.name,
            now.policy().grace
        );
        self.send(&proposal, watcher, what).await
    }

    async fn liquidate(
        &mut self,
        debtor: &Person,
        payer: &Person,
        amount: &str,
    ) -> Result<LiquidatedJson, CliError> {
        let (now, funding) = (self.now().await?, wallet(&self.session, payer).await?);
        let (owing, paying) = (self.account(debtor).await?, self.account(payer).await?);
        let units = self.manifest.currency.parse_positive(amount)?;
        let made = liquidate(now.at(&self.lets), &owing, &paying, units, &funding)
            .map_err(|e| self.fault(e))?;
        let what = format!(
            "nobody mended it: {} pays {amount} of it and takes {}",
            payer.name, made.taken
        );
        self.send(&made.proposal, payer, what).await?;
        Ok(LiquidatedJson {
            debtor: debtor.name,
            payer: payer.name,
            amount: amount.to_owned(),
            nanoerg: made.taken.0,
        })
    }

    async fn leave(&mut self, member: &Person) -> Result<(), CliError> {
        let (now, account) = (self.now().await?, self.account(member).await?);
        let to = keys::p2pk_tree(member.keys.first_public_key())?;
        let (proposal, _) = close(now.at(&self.lets), &account, to).map_err(|e| self.fault(e))?;
        let what = format!("{} leaves at 0, with {}", member.name, account.value());
        self.send(&proposal, member, what).await
    }

    /// The books as the chain alone has them.
    async fn ledger(
        self,
        members: &[Person],
        liquidated: LiquidatedJson,
    ) -> Result<Report, CliError> {
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
            });
        }
        let ids = &self.manifest.ids;
        let data = DemoJson {
            lets: LetsJson {
                name: self.manifest.name.clone(),
                kind: Kind::Lets1,
                currency: currency.code().to_owned(),
                decimals: currency.decimals(),
                network: self.manifest.network.name(),
                oracle: self.nft,
                charter_nft: ids.charter_nft.to_string(),
                pot_nft: ids.pot_nft.to_string(),
                membership: ids.membership.to_string(),
                unit: ids.unit.to_string(),
                fingerprint: self.manifest.fingerprint.clone(),
            },
            accounts,
            sum: currency.show_balance(books.sum()),
            transactions: self.steps,
            liquidated,
        };
        let text = text(&data);
        Report::new(&data, text)
    }
}

fn text(data: &DemoJson) -> String {
    let mut ledger: Vec<Vec<String>> = data
        .accounts
        .iter()
        .map(|a| vec![a.name.to_owned(), a.credit_line.clone(), a.balance.clone()])
        .collect();
    ledger.push(vec!["sum".to_owned(), String::new(), data.sum.clone()]);
    let transactions: Vec<Vec<String>> = data.transactions.iter().map(StepJson::row).collect();
    format!(
        "{} ({}, a {}, no committee)\n\n{}\n\n{}",
        data.lets.name,
        data.lets.currency,
        data.lets.kind,
        table(&["member", "line", "balance"], ledger, &[1, 2]),
        table(
            &["kind", "transaction", "bytes", "fee", "what"],
            transactions,
            &[2, 3]
        )
    )
}
