//! What members and committees do, over REST: on a devnet, or on the node that ERGO_NODE_URL names.

use ergo_lib::chain::transaction::TxId;
use lets_cli::session::{Session, View};
use lets_protocol::{
    AccountBox, Amount, Applicant, Blocks, Found, Funding, Height, Lets, NanoErg, RuleViolation,
    Terms, TradeError, TxParams,
};
use lets_tests::lane::{Lane, Person};
use lets_tests::world::{at_least_of, founding};

/// A LETS on a chain, with a 2-of-3 committee and its members.
struct Village {
    lane: Lane,
    session: Session,
    lets: Lets,
    committee: Vec<Person>,
    members: Vec<Person>,
}

const EXPIRY: Blocks = Blocks(20_000);

impl Village {
    async fn found(name: &str) -> Self {
        let mut lane = Lane::start().await;
        let committee = vec![
            lane.person(20.0).await,
            lane.person(1.0).await,
            lane.person(1.0).await,
        ];
        let mut session = lane.session();
        let public: Vec<_> = committee.iter().map(|p| p.public().clone()).collect();
        let funding = session.wallet(&committee[0].tree()).await.unwrap();
        let params = session.params(NanoErg::MIN_FEE).await.unwrap();
        let Found { lets, steps, .. } = founding(at_least_of(2, &public), name)
            .plan(&funding, params)
            .unwrap();
        let mut sent = Vec::new();
        for (_, proposal) in &steps {
            sent.push(
                session
                    .send(proposal, &committee[0].signer)
                    .await
                    .unwrap()
                    .id,
            );
        }
        lane.settle(&session, &sent).await;
        Self {
            lane,
            session,
            lets,
            committee,
            members: Vec::new(),
        }
    }

    async fn params(&self) -> TxParams {
        self.session.params(NanoErg::MIN_FEE).await.unwrap()
    }

    async fn wallet(&self, person: &Person) -> Funding {
        self.session.wallet(&person.tree()).await.unwrap()
    }

    async fn apply(&mut self, person: &Person) {
        let sent = self.send_application(person).await;
        self.lane.settle(&self.session, &[sent]).await;
    }

    async fn send_application(&mut self, person: &Person) -> TxId {
        let charter = self.session.charter(&self.lets, View::Pool).await.unwrap();
        let params = self.params().await;
        let (funding, value) = (self.wallet(person).await, NanoErg(3_300_000_000));
        let expiry = params.height.plus(EXPIRY);
        let (proposal, _) = lets_protocol::apply(
            &self.lets,
            &charter,
            Applicant::member(person.owner()),
            value,
            expiry,
            &funding,
            params,
        )
        .unwrap();
        let sent = self.session.send(&proposal, &person.signer).await;
        sent.unwrap().id
    }

    /// Admits everybody who has applied, in one block.
    async fn admit_all(&mut self) {
        let mut sent = Vec::new();
        for application in self.session.applications(&self.lets).await.unwrap() {
            let charter = self.session.charter(&self.lets, View::Pool).await.unwrap();
            let pot = self.session.pot(&self.lets, View::Pool).await.unwrap();
            let bounds = charter.bounds();
            let terms = Terms::plain(
                bounds.default_line,
                bounds.default_cap,
                bounds.account_floor,
            );
            let params = self.params().await;
            let (proposal, _, _) =
                lets_protocol::admit(&self.lets, &charter, &pot, &application.it, terms, params)
                    .unwrap();
            let signer = self
                .lane
                .together(&[&self.committee[0], &self.committee[2]]);
            sent.push(self.session.send(&proposal, &signer).await.unwrap().id);
        }
        self.lane.settle(&self.session, &sent).await;
    }

    async fn with_members(name: &str, count: usize) -> Self {
        let mut village = Self::found(name).await;
        let mut applied = Vec::new();
        for _ in 0..count {
            let person = village.lane.person(5.0).await;
            let sent = village.send_application(&person).await;
            applied.push(sent);
            village.members.push(person);
        }
        village.lane.settle(&village.session, &applied).await;
        village.admit_all().await;
        village
    }

    async fn account(&self, member: usize) -> AccountBox {
        let accounts = self.session.accounts(&self.lets, View::Pool).await.unwrap();
        let owner = self.members[member].owner();
        accounts
            .into_iter()
            .map(|a| a.it)
            .find(|a| *a.owner() == owner)
            .expect("the member's account")
    }

    async fn pay(&mut self, from: usize, to: usize, units: i64) -> Result<(), TradeError> {
        let (payer, payee) = (self.account(from).await, self.account(to).await);
        let funding = self.wallet(&self.members[from]).await;
        let amount = Amount::new(units).unwrap();
        let params = self.params().await;
        let (proposal, _, _) =
            lets_protocol::pay_direct(&self.lets, &payer, &payee, amount, Some(&funding), params)?;
        self.session
            .send(&proposal, &self.members[from].signer)
            .await
            .unwrap();
        Ok(())
    }

    async fn block(&self) {
        self.lane.settle(&self.session, &[]).await;
    }

    async fn balances(&self) -> Vec<i64> {
        let mut all = Vec::new();
        for member in 0..self.members.len() {
            all.push(self.account(member).await.balance().units());
        }
        all
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn village_trades_and_books_add_up() {
    let mut village = Village::with_members("Trade", 3).await;
    village.pay(0, 1, 200).await.unwrap();
    village.pay(1, 2, 120).await.unwrap();
    village.pay(0, 2, 50).await.unwrap();
    assert_eq!(
        village.balances().await,
        [-250, 80, 170],
        "also before a block holds them"
    );
    village.block().await;
    assert_eq!(village.balances().await, [-250, 80, 170]);
}

#[tokio::test(flavor = "multi_thread")]
async fn payment_past_the_line_refused_with_the_most_that_passes() {
    let mut village = Village::with_members("Line", 2).await;
    village.pay(0, 1, 200).await.unwrap();
    match village.pay(0, 1, 19_801).await {
        Err(TradeError::Rule(violation @ RuleViolation::CreditLine { .. })) => {
            assert_eq!(violation.most(), Some(Amount::new(19_800).unwrap()));
            assert_eq!(violation.limit(), Some(Amount::new(20_000).unwrap()));
        }
        other => panic!("{other:?}"),
    }
    village.pay(0, 1, 19_800).await.unwrap();
    assert_eq!(village.balances().await, [-20_000, 20_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn member_exits_at_zero_and_the_pot_has_everything_back() {
    let mut village = Village::with_members("Exit", 2).await;
    village.pay(0, 1, 700).await.unwrap();
    village.pay(1, 0, 700).await.unwrap();
    village.block().await;
    for member in 0..2 {
        let account = village.account(member).await;
        let pot = village
            .session
            .pot(&village.lets, View::Pool)
            .await
            .unwrap();
        let params = village.params().await;
        let tree = village.members[member].tree();
        let (proposal, _) =
            lets_protocol::exit(&village.lets, &pot, &account, tree, params).unwrap();
        village
            .session
            .send(&proposal, &village.members[member].signer)
            .await
            .unwrap();
    }
    village.block().await;
    let pot = village
        .session
        .pot(&village.lets, View::Chain)
        .await
        .unwrap();
    assert_eq!(
        (pot.memberships(), pot.units()),
        (100_001, 1_000_000_000_000)
    );
    assert!(
        village
            .session
            .accounts(&village.lets, View::Chain)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn line_lowered_below_the_debt_blocks_new_debt_only() {
    let mut village = Village::with_members("Lower", 2).await;
    village.pay(0, 1, 5_000).await.unwrap();
    let account = village.account(0).await;
    let charter = village
        .session
        .charter(&village.lets, View::Pool)
        .await
        .unwrap();
    let pot = village
        .session
        .pot(&village.lets, View::Pool)
        .await
        .unwrap();
    let funding = village.wallet(&village.committee[0]).await;
    let terms = Terms {
        line: Amount::new(1_000).unwrap(),
        ..account.terms().clone()
    };
    let params = village.params().await;
    let (proposal, _, after) = lets_protocol::set_terms(
        &village.lets,
        &charter,
        &pot,
        &account,
        terms,
        &funding,
        params,
    )
    .unwrap();
    assert_eq!(after.balance(), account.balance());
    let signer = village
        .lane
        .together(&[&village.committee[1], &village.committee[0]]);
    village.session.send(&proposal, &signer).await.unwrap();
    assert!(matches!(
        village.pay(0, 1, 1).await,
        Err(TradeError::Rule(RuleViolation::CreditLine { .. }))
    ));
    village.pay(1, 0, 4_500).await.unwrap();
    village.pay(0, 1, 500).await.unwrap();
    assert_eq!(village.balances().await, [-1_000, 1_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn application_withdrawn_gives_the_erg_back() {
    let mut village = Village::found("Withdraw").await;
    let person = village.lane.person(5.0).await;
    village.apply(&person).await;
    let application = village
        .session
        .applications(&village.lets)
        .await
        .unwrap()
        .remove(0)
        .it;
    let params = village.params().await;
    let proposal =
        lets_protocol::withdraw_application(&application, person.tree(), params).unwrap();
    let sent = village
        .session
        .send(&proposal, &person.signer)
        .await
        .unwrap();
    village.lane.settle(&village.session, &[sent.id]).await;
    assert!(
        village
            .session
            .applications(&village.lets)
            .await
            .unwrap()
            .is_empty()
    );
    let held: u64 = village
        .wallet(&person)
        .await
        .boxes
        .iter()
        .map(|b| *b.value.as_u64())
        .sum();
    assert!(held >= 5_000_000_000 - 2 * NanoErg::MIN_FEE.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sessions_spend_one_account_only_one_wins() {
    let mut village = Village::with_members("Race", 2).await;
    let (payer, payee) = (village.account(0).await, village.account(1).await);
    let mut other = village.lane.session();
    let params = village.params().await;
    let pay = |units| {
        let amount = Amount::new(units).unwrap();
        lets_protocol::pay_direct(&village.lets, &payer, &payee, amount, None, params)
            .unwrap()
            .0
    };
    let (first, second) = (pay(100), pay(101));
    let signer = &village.members[0].signer;
    village.session.send(&first, signer).await.unwrap();
    let refused = other.send(&second, signer).await.unwrap_err();
    assert_eq!(refused.exit_code() as u8, 1, "{refused}");
    village.block().await;
    assert_eq!(village.balances().await, [-100, 100]);
}

#[tokio::test(flavor = "multi_thread")]
async fn boxes_of_three_years_refreshed_by_anybody() {
    let mut village = Village::with_members("Refresh", 1).await;
    let Some(devnet) = village.lane.devnet() else {
        return;
    };
    devnet.mine(Blocks::REFRESH_AGE.0 + 1).unwrap();
    let stranger = village.lane.person(1.0).await;
    let params = village.params().await;
    let lets = village.lets.clone();
    let charter = village.session.charter(&lets, View::Pool).await.unwrap();
    let pot = village.session.pot(&lets, View::Pool).await.unwrap();
    let account = village.account(0).await;
    let funding = village.wallet(&stranger).await;
    for proposal in [
        lets_protocol::refresh_charter(&lets, &charter, params)
            .unwrap()
            .0,
        lets_protocol::refresh_pot(&lets, &pot, params).unwrap().0,
        lets_protocol::refresh_account(&lets, &account, &funding, params)
            .unwrap()
            .0,
    ] {
        village
            .session
            .send(&proposal, &stranger.signer)
            .await
            .unwrap();
    }
    village.block().await;
    assert!(village.account(0).await.created() > Height(Blocks::REFRESH_AGE.0));
}

mod scenarios {
    mod notes;
}
