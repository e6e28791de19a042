//! A LETS that anybody joins by himself on a chain, with its people and an oracle pool of its own. Every step is judged by the
//! official interpreter too and put into a block, and the books are checked after it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use ergo_lib::ergotree_ir::mir::constant::Constant;
use lets_cli::session::View;
use lets_protocol::{
    AtPot, Currency, Funding, Identity, Join, Kind, Link, NanoErg, OpenError, OpenFounding,
    OpenPotBox, OracleBox, OracleLimits, Policy, Proposal, TxParams,
};
use lets_tests::Case;
use lets_tests::lane::{Lane, Person};
use lets_tests::open;

use crate::scenarios::oracle::Oracle;
use crate::scenarios::town::{Town, amount};

/// nanoErg per dollar when the LETS is founded: low, for on a real node the ERG is somebody's.
pub const RATE: i64 = 20_000_000;
/// What members ask for: a line of 20.00, or as many units.
pub const UNITS: i64 = 2_000;
const MINTED: i64 = 1_000_000_000;
const MEMBERSHIPS: i64 = 1_001;

/// The policy of the tests under [`RATE`]: smaller, and otherwise the same.
fn policy(kind: Kind) -> Policy {
    let usual = open::policy(kind);
    let (credit, fee) = match kind.has_rate() {
        true => (10_000, 0),
        // A tenth more than ten dollars at the highest rate.
        false => (1_000, 880_000_000),
    };
    Policy {
        credit: amount(credit),
        fee: NanoErg(fee),
        smallest_liquidation: amount(credit / 100),
        oracle: OracleLimits {
            least: RATE / 10,
            highest: 4 * RATE,
            ..usual.oracle
        },
        ..usual
    }
}

/// An open LETS on a chain.
pub struct OpenVillage {
    town: Town,
    pub oracle: Oracle,
    /// What the balances must come to.
    given: i64,
    /// ERG that the pot must hold.
    held: u64,
}

impl Deref for OpenVillage {
    type Target = Town;

    fn deref(&self) -> &Town {
        &self.town
    }
}

impl DerefMut for OpenVillage {
    fn deref_mut(&mut self) -> &mut Town {
        &mut self.town
    }
}

/// What a step is laid out on.
pub struct Ground {
    pub pot: OpenPotBox,
    pub oracle: Option<OracleBox>,
    pub params: TxParams,
}

impl Ground {
    pub fn at<'a>(&'a self, town: &'a Town) -> AtPot<'a> {
        AtPot {
            lets: &town.lets,
            pot: &self.pot,
            oracle: self.oracle.as_ref(),
            params: self.params,
        }
    }
}

impl OpenVillage {
    /// Founded, under an oracle that says [`RATE`].
    pub async fn found(kind: Kind) -> Self {
        let mut lane = Lane::start().await;
        let founder = lane.person(9.0).await;
        let mut session = lane.session();
        let oracle = Oracle::start(&mut lane, &mut session, RATE).await;
        let funding = session.wallet(&founder.tree()).await.unwrap();
        let params = session.params(NanoErg::MIN_FEE).await.unwrap();
        let founding = OpenFounding {
            identity: Identity {
                name: kind.to_string(),
                currency: Currency::new("USD", 2).unwrap(),
            },
            treasury: founder.owner(),
            policy: policy(kind),
            oracle: oracle.nft,
            units: MINTED,
            memberships: MEMBERSHIPS,
        };
        let told = OracleBox::parse(oracle.nft, oracle.ergo_box()).unwrap();
        let found = founding.plan(&told, &funding, params).unwrap();
        let village = Self {
            town: Town::found(lane, found.lets, &found.steps, &founder).await,
            oracle,
            given: 0,
            held: found.pot.value().0,
        };
        village.books().await;
        village
    }

    /// Founded, and so many have joined for [`UNITS`], or for what the policy gives.
    pub async fn with_members(kind: Kind, count: usize) -> Self {
        let mut village = Self::found(kind).await;
        for _ in 0..count {
            village.join(UNITS).await.unwrap();
        }
        village
    }

    pub async fn pot(&self) -> OpenPotBox {
        self.session.open_pot(&self.lets, View::Pool).await.unwrap()
    }

    /// Pot, oracle and height as the node has them.
    pub async fn ground(&self) -> Ground {
        Ground {
            pot: self.pot().await,
            oracle: self.session.oracle(&self.lets).await.unwrap(),
            params: self.params().await,
        }
    }

    /// The oracle publishes this rate.
    pub async fn rate(&mut self, rate: i64) {
        let Self { town, oracle, .. } = self;
        oracle.say(&town.lane, &mut town.session, rate).await;
    }

    /// The oracle publishes a box with these registers.
    pub async fn published(&mut self, registers: Vec<Constant>) {
        let Self { town, oracle, .. } = self;
        let session = &mut town.session;
        oracle.publish(&town.lane, session, registers).await;
    }

    /// What was paid is in a block, and the books are right.
    pub async fn done(&self) {
        self.block().await;
        self.books().await;
    }

    /// Units, balances, memberships and the pot's ERG are what was given and paid.
    pub async fn books(&self) {
        let pot = self.pot().await;
        let accounts = self.accounts().await;
        let notes = self.session.notes(&self.lets, View::Pool).await.unwrap();
        let noted: i64 = notes.iter().map(|n| n.it.amount().units()).sum();
        let units: i64 = accounts.iter().map(|a| a.units()).sum();
        assert_eq!(pot.units() + units + noted, MINTED, "all units");
        let balances: i64 = accounts.iter().map(|a| a.balance().units()).sum();
        assert_eq!(balances + noted, self.given, "the sum of all balances");
        let members = i64::try_from(accounts.len()).unwrap();
        assert_eq!(pot.memberships() + members, MEMBERSHIPS, "all memberships");
        assert_eq!(pot.value().0, self.held, "the pot's ERG");
        // A liquidation takes of what is above it.
        let floor = pot.policy().floor;
        assert!(accounts.iter().all(|a| a.value() >= floor), "{accounts:?}");
    }

    /// A step of the pot that this person signs and pays for, unless a rule refuses it. It is in a block then, or the oracle's next
    /// box would undo it.
    async fn act<T>(
        &mut self,
        person: &Person,
        build: impl FnOnce(AtPot<'_>, &Funding) -> Result<(Proposal, T), OpenError>,
    ) -> Result<T, OpenError> {
        let (ground, funding) = (self.ground().await, self.wallet(person).await);
        let (proposal, made) = build(ground.at(&self.town), &funding)?;
        let sent = self.send(&proposal, &person.signer).await;
        self.lane.settle(&self.session, &[sent]).await;
        Ok(made)
    }

    /// A new person joins for so many units, unless a rule refuses it.
    pub async fn join(&mut self, units: i64) -> Result<(), OpenError> {
        let person = Arc::new(self.lane.person(7.0).await);
        let before = self.pot().await;
        let ask = asking(&person, &before, units);
        let given = ask.units.units();
        let pot = self
            .act(&person, |at, funding| {
                let (proposal, pot, account) = lets_protocol::join(at, ask, funding)?;
                assert!(account.value() > account.terms().floor);
                Ok((proposal, pot))
            })
            .await?;
        if !pot.policy().kind.has_debt() {
            self.given += given;
        }
        self.held += pot.value().0 - before.value().0;
        self.members.push(person);
        self.books().await;
        Ok(())
    }

    /// A member of a LETS-1 gets this line against so much collateral, unless a rule refuses it.
    pub async fn adjust(
        &mut self,
        member: usize,
        line: i64,
        collateral: NanoErg,
    ) -> Result<(), OpenError> {
        let (person, account) = (self.members[member].clone(), self.account(member).await);
        self.act(&person, |at, funding| {
            let made = lets_protocol::adjust(at, &account, amount(line), collateral, funding)?;
            assert_eq!(made.2.balance(), account.balance());
            Ok((made.0, ()))
        })
        .await?;
        self.books().await;
        Ok(())
    }

    /// A member of a LETS-3 buys so many units, unless a rule refuses it. Returns what he paid.
    pub async fn buy(&mut self, member: usize, units: i64) -> Result<NanoErg, OpenError> {
        let (person, account) = (self.members[member].clone(), self.account(member).await);
        let paid = self
            .act(&person, |at, funding| {
                let made = lets_protocol::buy(at, &account, amount(units), funding)?;
                Ok((made.proposal, made.erg))
            })
            .await?;
        self.given += units;
        self.held += paid.0;
        self.books().await;
        Ok(paid)
    }

    /// A member of a LETS-3 gives so many units back, unless a rule refuses it. Returns what he got.
    pub async fn redeem(&mut self, member: usize, units: i64) -> Result<NanoErg, OpenError> {
        let (person, account) = (self.members[member].clone(), self.account(member).await);
        let got = self
            .act(&person, |at, funding| {
                let made = lets_protocol::redeem(at, &account, amount(units), funding)?;
                Ok((made.proposal, made.erg))
            })
            .await?;
        self.given -= units;
        self.held -= got.0;
        self.books().await;
        Ok(got)
    }

    /// `watcher` calls the member's debt, unless a rule refuses it.
    pub async fn call(&mut self, watcher: usize, member: usize) -> Result<(), OpenError> {
        let (person, account) = (self.members[watcher].clone(), self.account(member).await);
        self.act(&person, |at, funding| {
            Ok((lets_protocol::call(at, &account, funding)?.0, ()))
        })
        .await?;
        self.books().await;
        Ok(())
    }

    /// `watcher` freezes the member's account, unless a rule refuses it.
    pub async fn freeze(&mut self, watcher: usize, member: usize) -> Result<(), OpenError> {
        let (person, account) = (self.members[watcher].clone(), self.account(member).await);
        self.act(&person, |at, funding| {
            Ok((lets_protocol::freeze(at, &account, funding)?.0, ()))
        })
        .await?;
        self.books().await;
        Ok(())
    }

    /// `payer` pays so much of the debtor's debt for collateral, unless a rule refuses it. Returns what he took.
    pub async fn liquidate(
        &mut self,
        payer: usize,
        debtor: usize,
        units: i64,
    ) -> Result<NanoErg, OpenError> {
        let (person, paying) = (self.members[payer].clone(), self.account(payer).await);
        let owing = self.account(debtor).await;
        let taken = self
            .act(&person, |at, funding| {
                let units = amount(units);
                let made = lets_protocol::liquidate(at, &owing, &paying, units, funding)?;
                Ok((made.proposal, made.taken))
            })
            .await?;
        self.books().await;
        Ok(taken)
    }

    /// A member closes his account, unless a rule refuses it: his ERG is his again.
    pub async fn close(&mut self, member: usize) -> Result<(), OpenError> {
        let (person, account) = (self.members[member].clone(), self.account(member).await);
        let before = self.erg(&person).await;
        self.act(&person, |at, _| {
            Ok((lets_protocol::close(at, &account, person.tree())?.0, ()))
        })
        .await?;
        self.books().await;
        let back = self.erg(&person).await - before;
        assert_eq!(back, account.value().0 - NanoErg::MIN_FEE.0);
        Ok(())
    }

    /// The proposal as a case that can be bent, to be signed by these members.
    pub async fn attempt(&self, proposal: &Proposal, members: &[usize]) -> Case {
        let signers: Vec<_> = members.iter().map(|m| self.members[*m].clone()).collect();
        self.case(proposal, &signers).await
    }
}

/// What somebody asks for who joins for so many units (those of a kind that has no choice are given).
pub fn asking(person: &Person, pot: &OpenPotBox, units: i64) -> Join {
    let policy = pot.policy();
    let choice = policy.kind.has_rate();
    Join {
        key: person.owner(),
        units: if choice { amount(units) } else { policy.credit },
        backing: worth(units, policy.cover),
        spare: NanoErg(100_000_000),
        smallest_direct: 100,
        link: Link::None,
    }
}

/// The price of so many units at so many percent of [`RATE`].
pub fn worth(units: i64, percent: i64) -> NanoErg {
    NanoErg(u64::try_from(units * RATE * percent / 10_000).unwrap())
}
