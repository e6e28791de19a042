//! A LETS with a committee on a chain, and its people.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use ergo_lib::chain::transaction::{Transaction, TxId};
use lets_cli::session::View;
use lets_protocol::{
    AccountBox, Applicant, ApplicationBox, Blocks, Bounds, CharterBox, Community, Found,
    HardBounds, NanoErg, PotBox, Proposal, Terms, TradeError, rules,
};
use lets_tests::lane::{Lane, Person};
use lets_tests::world::{at_least_of, founding};
use lets_wallet::{AnswerId, AnswerLog, NonceId, Round, RoundFile};

use crate::scenarios::town::Town;
pub use crate::scenarios::town::amount;

const EXPIRY: Blocks = Blocks(20_000);

/// A LETS on a chain, with a 2-of-3 committee and its members.
pub struct Village {
    town: Town,
    pub committee: Vec<Arc<Person>>,
}

impl Deref for Village {
    type Target = Town;

    fn deref(&self) -> &Town {
        &self.town
    }
}

impl DerefMut for Village {
    fn deref_mut(&mut self) -> &mut Town {
        &mut self.town
    }
}

/// Which commitments were answered, kept for as long as a round lasts.
#[derive(Default)]
struct Answers(HashMap<NonceId, AnswerId>);

impl AnswerLog for Answers {
    fn first(&mut self, nonce: NonceId, answer: AnswerId) -> std::io::Result<AnswerId> {
        Ok(*self.0.entry(nonce).or_insert(answer))
    }
}

impl Village {
    pub async fn found(name: &str) -> Self {
        Self::found_with(name, |_| {}).await
    }

    /// Founded with other bounds than the usual.
    pub async fn found_with(name: &str, change: impl FnOnce(&mut Bounds)) -> Self {
        let mut lane = Lane::start().await;
        let mut committee = Vec::new();
        for erg in [20.0, 1.0, 1.0] {
            committee.push(Arc::new(lane.person(erg).await));
        }
        let session = lane.session();
        let public: Vec<_> = committee.iter().map(|p| p.public().clone()).collect();
        let funding = session.wallet(&committee[0].tree()).await.unwrap();
        let params = session.params(NanoErg::MIN_FEE).await.unwrap();
        let mut founding = founding(at_least_of(2, &public), name);
        change(&mut founding.bounds);
        founding.hard = HardBounds::around(&founding.bounds);
        let Found { lets, steps, .. } = founding.plan(&funding, params).unwrap();
        let town = Town::found(lane, lets, &steps, &committee[0]).await;
        Self { town, committee }
    }

    /// Founded, with so many members on the default terms.
    pub async fn with_members(name: &str, count: usize) -> Self {
        let mut village = Self::found(name).await;
        village.welcome(count).await;
        village
    }

    /// So many apply, and all are admitted in one block.
    pub async fn welcome(&mut self, count: usize) {
        let mut applied = Vec::new();
        for _ in 0..count {
            let person = Arc::new(self.lane.person(5.0).await);
            let applicant = Applicant::member(person.owner());
            applied.push(self.send_application(&person, applicant, EXPIRY).await);
            self.members.push(person);
        }
        self.lane.settle(&self.session, &applied).await;
        self.admit_all().await;
    }

    pub async fn charter(&self) -> CharterBox {
        self.session.charter(&self.lets, View::Pool).await.unwrap()
    }

    pub async fn pot(&self) -> PotBox {
        self.session
            .committee_pot(&self.lets, View::Pool)
            .await
            .unwrap()
    }

    /// The community's own account.
    pub async fn community(&self) -> AccountBox {
        let all = self.accounts().await.into_iter();
        all.clone()
            .find(|a| rules::check_community(&self.lets, a).is_ok())
            .expect("the community's account")
    }

    pub async fn application(&self) -> ApplicationBox {
        let all = self.session.applications(&self.lets).await.unwrap();
        all.into_iter().next().expect("an application").it
    }

    /// Two of the committee sign, each for himself over a file that goes round, and send it.
    pub async fn committee_sends(&mut self, proposal: &Proposal) -> TxId {
        let signers = [self.committee[2].clone(), self.committee[0].clone()];
        self.sent_by(proposal, &signers).await
    }

    /// These sign in their order, each for himself over a file that goes round, and the last sends it.
    pub async fn sent_by(&mut self, proposal: &Proposal, signers: &[Arc<Person>]) -> TxId {
        self.judged(proposal).await;
        let signed = self.signed_apart(proposal, signers).await;
        let kind = proposal.kind().name();
        let sent = self.session.submit(kind, proposal.fee(), signed).await;
        sent.unwrap().id
    }

    async fn signed_apart(&self, proposal: &Proposal, signers: &[Arc<Person>]) -> Transaction {
        let state = self.session.client().state_context().await.unwrap();
        let context = proposal.context().unwrap();
        let resume = |file: &RoundFile| Round::resume(&context, &state, file).unwrap();
        let (last, first) = signers.split_last().expect("a signer");
        let mut file = Round::start(&context, &state).unwrap().to_file();
        let mut begun = Vec::new();
        for person in first {
            let mut round = resume(&file);
            begun.push(round.commit(&person.signer).unwrap());
            file = round.to_file();
        }
        let mut round = resume(&file);
        round.commit_and_answer(&last.signer).unwrap();
        file = round.to_file();
        let mut log = Answers::default();
        for (person, nonces) in first.iter().zip(&mut begun) {
            let mut round = resume(&file);
            round.answer(&person.signer, nonces, &mut log).unwrap();
            file = round.to_file();
        }
        resume(&file).finish().unwrap()
    }

    /// Applies for an account; his application is in a block.
    pub async fn apply(&mut self, person: &Person, applicant: Applicant, life: Blocks) {
        let sent = self.send_application(person, applicant, life).await;
        self.lane.settle(&self.session, &[sent]).await;
    }

    async fn send_application(
        &mut self,
        person: &Person,
        applicant: Applicant,
        life: Blocks,
    ) -> TxId {
        let (charter, params) = (self.charter().await, self.params().await);
        let funding = self.wallet(person).await;
        let (proposal, _) = lets_protocol::apply(
            &self.lets,
            &charter,
            applicant,
            NanoErg(3_300_000_000),
            params.height.plus(life),
            &funding,
            params,
        )
        .unwrap();
        self.send(&proposal, &person.signer).await
    }

    /// Admits everybody who has applied on the charter's default terms, in one block.
    pub async fn admit_all(&mut self) {
        let mut sent = Vec::new();
        for application in self.session.applications(&self.lets).await.unwrap() {
            let terms = self.charter().await.bounds().default_terms();
            sent.push(self.admit(&application.it, terms).await);
        }
        self.lane.settle(&self.session, &sent).await;
    }

    pub async fn admit(&mut self, application: &ApplicationBox, terms: Terms) -> TxId {
        let (charter, pot, params) = (self.charter().await, self.pot().await, self.params().await);
        let (proposal, _, _) =
            lets_protocol::admit(&self.lets, &charter, &pot, application, terms, params).unwrap();
        self.committee_sends(&proposal).await
    }

    /// The community applies for its own account, and has it with this line.
    pub async fn open_community_account(&mut self, line: i64) {
        let person = self.lane.person(5.0).await;
        let applicant = Applicant::community(person.owner(), &self.lets);
        self.apply(&person, applicant, EXPIRY).await;
        let terms = Terms {
            line: amount(line),
            issued: amount(line),
            ..self.charter().await.bounds().default_terms()
        };
        let application = self.application().await;
        self.admit(&application, terms).await;
        self.block().await;
    }

    /// Sets an account's terms; its balance stays.
    pub async fn set_terms(&mut self, account: &AccountBox, change: impl FnOnce(&mut Terms)) {
        let (charter, pot, params) = (self.charter().await, self.pot().await, self.params().await);
        let funding = self.wallet(&self.committee[0]).await;
        let mut terms = account.terms().clone();
        change(&mut terms);
        let (proposal, _, after) =
            lets_protocol::set_terms(&self.lets, &charter, &pot, account, terms, &funding, params)
                .unwrap();
        assert_eq!(after.balance(), account.balance());
        self.committee_sends(&proposal).await;
    }

    /// Writes so much of a member's debt off, unless a rule refuses.
    pub async fn write_off(&mut self, member: usize, units: i64) -> Result<(), TradeError> {
        let (charter, account) = (self.charter().await, self.community().await);
        let (debtor, params) = (self.account(member).await, self.params().await);
        let funding = self.wallet(&self.committee[0]).await;
        let of = Community {
            charter: &charter,
            account: &account,
            funding: Some(&funding),
        };
        let trade =
            lets_protocol::write_off(&self.lets, of, &debtor, amount(units), "gone away", params)?;
        self.committee_sends(&trade.proposal).await;
        Ok(())
    }
}
