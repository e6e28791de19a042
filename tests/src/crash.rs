//! A LETS-1 of a hundred members in which ERG falls: what is left of the debts, with watchers and without.
//!
//! Everything but the fall is a true transaction on a devnet. Nobody in debt does anything: that is the worst case.

use std::path::{Path, PathBuf};

use ergo_devnet::{BlockTime, Devnet, DevnetConfig};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::wallet::Wallet;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_contracts::OracleNft;
use lets_protocol::rules::{most_payable, open as rules};
use lets_protocol::{
    AccountBox, Amount, AtPot, Blocks, Currency, Funding, Height, Identity, Join, Kind, Lets, Link,
    Mark, NanoErg, OpenFounding, OpenPotBox, OracleBox, Policy, Proposal, Settings, TxParams, call,
    join, liquidate, pay_direct,
};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::open::policy;
use crate::world::{key, p2pk, prop};

/// Members, of which the first half owes the others.
pub const MEMBERS: usize = 100;
/// nanoErg per dollar before the fall.
const RATE: i64 = 1_000_000_000;
/// A line of 100.00.
const LINE: i64 = 10_000;

/// The LETS as those see it who hold its boxes in memory.
#[derive(Clone)]
struct Books {
    lets: Lets,
    nft: OracleNft,
    pot: OpenPotBox,
    oracle: OracleBox,
    accounts: Vec<AccountBox>,
    /// The wallet of whoever watches: it pays the fees, and the collateral comes to it.
    wallet: Vec<ErgoBox>,
}

/// A chain with its LETS.
pub struct Town {
    devnet: Devnet,
    books: Books,
}

/// The same folder of a chain, again and again.
pub struct Seed {
    folder: PathBuf,
    books: Books,
}

/// What a fall left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Debts before it, in units.
    pub debts: i64,
    /// Debts after it.
    pub owed: i64,
    /// What of them no collateral pays for at the last rate.
    pub bad: i64,
    /// Debts called.
    pub called: usize,
    /// Liquidations.
    pub liquidations: usize,
}

fn watcher() -> SecretKey {
    key(201)
}

fn member(at: usize) -> SecretKey {
    key(u8::try_from(at + 1).unwrap())
}

fn config(folder: &Path) -> DevnetConfig {
    DevnetConfig {
        block_time: BlockTime::Manual,
        data_dir: Some(folder.to_owned()),
        index: false,
        ..DevnetConfig::default()
    }
}

/// The policy of the test LETS with times as a founder would choose them.
fn of_a_village() -> Policy {
    Policy {
        grace: Blocks(3 * Blocks::PER_DAY),
        lock: Blocks(30 * Blocks::PER_DAY),
        oracle: lets_protocol::OracleLimits {
            highest: 50 * RATE,
            ..policy(Kind::Lets1).oracle
        },
        ..policy(Kind::Lets1)
    }
}

impl Seed {
    /// Founds it in `folder`; a hundred join, each behind his own collateral between one and two times the cover, and each
    /// of the first half pays between half and all of his line to one of the other. All of it out of one number.
    pub async fn plant(folder: &Path, seed: u8) -> Self {
        let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let mut part = |of: u64| rng.next_u64() % of;
        let devnet = Devnet::start(config(folder)).await.unwrap();
        let oracle = devnet.publish(None, RATE).unwrap();
        let nft = oracle.tokens.as_ref().unwrap().first().token_id;
        let nft = OracleNft::from(ergo_lib::ergo_chain_types::Digest32::from(nft).0);
        let oracle = OracleBox::parse(nft, &oracle).unwrap();
        let wallet = devnet.fund(&p2pk(&watcher()), 100_000_000_000).unwrap();
        let founding = OpenFounding {
            identity: Identity {
                name: "Town".to_owned(),
                currency: Currency::new("USD", 2).unwrap(),
            },
            treasury: prop(&watcher()),
            policy: of_a_village(),
            oracle: nft,
            units: 1_000_000_000,
            memberships: 1_001,
        };
        let funding = Funding {
            boxes: vec![wallet],
            change: p2pk(&watcher()),
        };
        let params = params(&devnet);
        let found = founding.plan(&oracle, &funding, params).unwrap();
        let mut town = Town {
            books: Books {
                lets: found.lets,
                nft,
                pot: found.pot,
                oracle,
                accounts: Vec::new(),
                wallet: funding.boxes,
            },
            devnet,
        };
        for (_, proposal) in &found.steps {
            town.send(proposal, &[&watcher()]);
        }
        town.devnet.mine(10).unwrap();
        for at in 0..MEMBERS {
            let cover = rules::cover_of(&of_a_village(), &town.quote(), Amount::new(LINE).unwrap());
            let backing = NanoErg(cover.0 + cover.0 * part(100) / 100);
            town.join(at, backing);
        }
        town.devnet.mine(10).unwrap();
        for debtor in 0..MEMBERS / 2 {
            let creditor = MEMBERS / 2 + usize::try_from(part(50)).unwrap();
            let paid = LINE / 2 + i64::try_from(part(5_001)).unwrap();
            town.pay(debtor, creditor, paid);
        }
        town.devnet.mine(10).unwrap();
        let books = town.books;
        town.devnet.close().await.unwrap();
        Self {
            folder: folder.to_owned(),
            books,
        }
    }

    /// A copy of it, on a chain of its own.
    pub async fn grow(&self, folder: &Path) -> Town {
        std::fs::create_dir_all(folder).unwrap();
        for entry in std::fs::read_dir(&self.folder).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        Town {
            devnet: Devnet::start(config(folder)).await.unwrap(),
            books: self.books.clone(),
        }
    }
}

fn params(devnet: &Devnet) -> TxParams {
    TxParams {
        height: Height(devnet.height()),
        fee: NanoErg::MIN_FEE,
    }
}

impl Town {
    fn at(&self) -> AtPot<'_> {
        AtPot {
            lets: &self.books.lets,
            pot: &self.books.pot,
            oracle: Some(&self.books.oracle),
            params: params(&self.devnet),
        }
    }

    fn quote(&self) -> rules::Quote {
        let at = self.at();
        rules::check_live(at.pot, &self.books.oracle, at.params.height).unwrap()
    }

    fn funding(&self) -> Funding {
        Funding {
            boxes: self.books.wallet.clone(),
            change: p2pk(&watcher()),
        }
    }

    /// Signs and sends; what the watcher's wallet gains and loses by it is written down.
    fn send(&mut self, proposal: &Proposal, signers: &[&SecretKey]) {
        let wallet = Wallet::from_secrets(signers.iter().map(|&key| key.clone()).collect());
        let context = proposal.context().unwrap();
        let signed = wallet
            .sign_transaction(context, &self.devnet.state_context(), None)
            .unwrap();
        self.devnet.submit(signed).unwrap();
        let spent = |b: &ErgoBox| proposal.inputs().iter().any(|i| i.box_id() == b.box_id());
        self.books.wallet.retain(|b| !spent(b));
        let own = p2pk(&watcher());
        let made = proposal.outputs().iter().filter(|b| b.ergo_tree == own);
        self.books.wallet.extend(made.cloned());
    }

    fn join(&mut self, at: usize, backing: NanoErg) {
        let key = member(at);
        let erg = backing.0 + Policy::LEAST_FLOOR.0 + NanoErg::ONE_ERG.0;
        let funding = Funding {
            boxes: vec![self.devnet.fund(&p2pk(&key), erg).unwrap()],
            change: p2pk(&key),
        };
        let ask = Join {
            key: prop(&key),
            units: Amount::new(LINE).unwrap(),
            backing,
            spare: NanoErg(100_000_000),
            smallest_direct: Settings::ANY_DIRECT,
            link: Link::None,
        };
        // Each funding is a block, so a price stays young only if the oracle publishes; and whoever has read its last box must
        // be in a block by then.
        if at.is_multiple_of(20) {
            self.devnet.mine(10).unwrap();
            self.publish(RATE);
        }
        let (proposal, pot, account) = join(self.at(), ask, &funding).unwrap();
        self.send(&proposal, &[&key]);
        self.books.pot = pot;
        self.books.accounts.push(account);
    }

    fn pay(&mut self, from: usize, to: usize, units: i64) {
        let (payer, payee) = (&self.books.accounts[from], &self.books.accounts[to]);
        let units = Amount::new(units).unwrap();
        let params = params(&self.devnet);
        let lets = &self.books.lets;
        let (proposal, payer, payee) = pay_direct(lets, payer, payee, units, None, params).unwrap();
        self.send(&proposal, &[&member(from)]);
        self.books.accounts[from] = payer;
        self.books.accounts[to] = payee;
    }

    fn publish(&mut self, rate: i64) {
        let nft = TokenId::from(self.books.nft);
        let made = self.devnet.publish(Some(nft), rate).unwrap();
        self.books.oracle = OracleBox::parse(self.books.nft, &made).unwrap();
    }

    fn debts(&self) -> i64 {
        let debts = self.books.accounts.iter().map(|a| a.balance().debt());
        debts.sum()
    }

    /// What no collateral pays for, at the last rate.
    fn bad(&self) -> i64 {
        let (policy, rate) = (of_a_village(), self.books.oracle.rate());
        let bad = |a: &AccountBox| {
            let above = a.value().minus(policy.floor).unwrap_or_default().0;
            let paid = i64::try_from(above).unwrap() / policy.price(rate, 100);
            (a.balance().debt() - paid).max(0)
        };
        self.books.accounts.iter().map(bad).sum()
    }

    /// ERG loses so many percent of its worth within so many days, in the same proportion each day, and stays there for ten
    /// more. With watchers, every day all debts under the margin are called, and those whose grace is over are paid by those
    /// who have units, as far as the collateral pays for it.
    pub fn fall(&mut self, percent: u32, days: i32, watched: bool) -> Left {
        let debts = self.debts();
        let (mut called, mut liquidations) = (0, 0);
        let last = 1.0 / (1.0 - f64::from(percent) / 100.0);
        for day in 1..=days + 10 {
            let passed = f64::from(day.min(days)) / f64::from(days);
            let rate = RATE as f64 * last.powf(passed);
            self.devnet.mine(Blocks::PER_DAY - 2).unwrap();
            self.publish(rate as i64);
            if watched {
                called += self.call_all();
                liquidations += self.liquidate_all();
                self.devnet.mine(1).unwrap();
            }
        }
        let sum: i64 = self
            .books
            .accounts
            .iter()
            .map(|a| a.balance().units())
            .sum();
        assert_eq!(sum, 0, "the sum of all balances");
        Left {
            debts,
            owed: self.debts(),
            bad: self.bad(),
            called,
            liquidations,
        }
    }

    fn call_all(&mut self) -> usize {
        let mut called = 0;
        for at in 0..self.books.accounts.len() {
            let account = &self.books.accounts[at];
            let under = rules::check_under(&of_a_village(), &self.quote(), account).is_ok();
            if !under || Mark::of(account.terms()).is_some() {
                continue;
            }
            let (proposal, pot, account) = call(self.at(), account, &self.funding()).unwrap();
            self.send(&proposal, &[&watcher()]);
            self.books.pot = pot;
            self.books.accounts[at] = account;
            called += 1;
        }
        called
    }

    /// Whoever has most pays, as long as there is anything to gain.
    fn liquidate_all(&mut self) -> usize {
        let policy = of_a_village();
        let mut done = 0;
        for at in 0..self.books.accounts.len() {
            loop {
                let (quote, height) = (self.quote(), Height(self.devnet.height()));
                let debtor = &self.books.accounts[at];
                let payers = self.books.accounts.iter().enumerate();
                let richest = payers.max_by_key(|(_, a)| a.balance().units());
                let (payer_at, payer) = richest.unwrap();
                // Out of what he has earned, not out of his line.
                let class = Some(debtor.terms().class);
                let able = most_payable(payer, Amount::ZERO, height, class);
                let able = able.min(Amount::clamped(payer.balance().credit()));
                let units = rules::worth_paying(&policy, &quote, debtor, able);
                if rules::check_liquidation(&policy, &quote, debtor, units, height).is_err() {
                    break;
                }
                let made = liquidate(self.at(), debtor, payer, units, &self.funding()).unwrap();
                self.send(&made.proposal, &[&watcher(), &member(payer_at)]);
                self.books.pot = made.pot;
                self.books.accounts[at] = made.debtor;
                self.books.accounts[payer_at] = made.payer;
                done += 1;
            }
        }
        done
    }

    /// Ends the chain.
    pub async fn end(self) {
        self.devnet.close().await.unwrap();
    }
}
