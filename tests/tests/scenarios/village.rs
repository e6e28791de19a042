//! A LETS on a chain with its people. Whatever they send is judged by the official interpreter too.

use std::collections::HashMap;
use std::sync::Arc;

use ergo_lib::chain::transaction::{Transaction, TxId};
use lets_cli::error::CliError;
use lets_cli::session::{Seen, Session, View};
use lets_protocol::{
    AccountBox, Amount, Applicant, ApplicationBox, Blocks, Bounds, CharterBox, Community, Found,
    Funding, HardBounds, Lets, NanoErg, NoteBox, Payee, Payment, PotBox, Proposal, Spender, Terms,
    Trade, TradeError, TxParams, rules,
};
use lets_tests::Case;
use lets_tests::judge::judge;
use lets_tests::lane::{Lane, Person};
use lets_tests::world::{at_least_of, founding};
use lets_wallet::{AnswerId, AnswerLog, NonceId, Round, RoundFile, Signer};

const EXPIRY: Blocks = Blocks(20_000);
const NOTE_LIFE: Blocks = Blocks(30_000);

/// A LETS on a chain, with a 2-of-3 committee and its members.
pub struct Village {
    pub lane: Lane,
    pub session: Session,
    pub lets: Lets,
    pub committee: Vec<Arc<Person>>,
    pub members: Vec<Arc<Person>>,
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
        let mut village = Self {
            lane,
            session,
            lets,
            committee,
            members: Vec::new(),
        };
        let founder = village.committee[0].clone();
        let mut sent = Vec::new();
        for (_, proposal) in &steps {
            sent.push(village.send(proposal, &founder.signer).await);
        }
        village.lane.settle(&village.session, &sent).await;
        village
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

    pub async fn params(&self) -> TxParams {
        self.session.params(NanoErg::MIN_FEE).await.unwrap()
    }

    pub async fn wallet(&self, person: &Person) -> Funding {
        self.session.wallet(&person.tree()).await.unwrap()
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

    pub async fn accounts(&self) -> Vec<AccountBox> {
        let accounts = self.session.accounts(&self.lets, View::Pool).await.unwrap();
        accounts.into_iter().map(|a| a.it).collect()
    }

    pub async fn account(&self, member: usize) -> AccountBox {
        let owner = self.members[member].owner();
        let all = self.accounts().await.into_iter();
        let own = |a: &AccountBox| rules::check_community(&self.lets, a).is_err();
        all.filter(own)
            .find(|a| *a.owner() == owner)
            .expect("the member's account")
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

    pub async fn balances(&self) -> Vec<i64> {
        let mut all = Vec::new();
        for member in 0..self.members.len() {
            all.push(self.account(member).await.balance().units());
        }
        all
    }

    pub async fn notes_to(&self, account: &AccountBox) -> Vec<Seen<NoteBox>> {
        let notes = self.session.notes(&self.lets, View::Pool).await.unwrap();
        let own = |n: &Seen<NoteBox>| n.it.payee() == Some(account.number());
        notes.into_iter().filter(own).collect()
    }

    /// What the person's wallet holds.
    pub async fn erg(&self, person: &Person) -> u64 {
        let boxes = self.wallet(person).await.boxes;
        boxes.iter().map(|b| *b.value.as_u64()).sum()
    }

    pub async fn block(&self) {
        self.lane.settle(&self.session, &[]).await;
    }

    /// Lets so many blocks pass; only a devnet's clock can be turned.
    pub fn wait(&self, blocks: u32) {
        let devnet = self.lane.devnet().expect("a devnet");
        devnet.mine(blocks).unwrap();
    }

    /// Sends a proposal that the official interpreter accepts; the node must take it.
    pub async fn send(&mut self, proposal: &Proposal, signer: &impl Signer) -> TxId {
        self.judged(proposal).await;
        self.session.send(proposal, signer).await.unwrap().id
    }

    /// The official interpreter accepts it. It takes the unsigned transaction as it is, which keeps scripts as bytes.
    async fn judged(&self, proposal: &Proposal) {
        let state = self.session.client().state_context().await.unwrap();
        let verdict = judge(
            proposal.unsigned(),
            proposal.inputs(),
            proposal.data_inputs(),
            &state,
        );
        let refusals: Vec<_> = verdict.inputs.iter().filter(|i| i.is_err()).collect();
        assert!(refusals.is_empty(), "{refusals:?}");
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

    /// The proposal as a case that can be bent, for the next block, to be signed by these.
    pub async fn case(&self, proposal: &Proposal, signers: &[Arc<Person>]) -> Case {
        let mut case = Case::of(proposal, self.lane.height().await, &[]);
        case.signers = signers.iter().map(|p| self.lane.secret(p)).collect();
        case
    }

    /// The script of this input refuses it, in both interpreters, whoever signs; the node does not take it.
    pub async fn refused(&mut self, case: &Case, input: usize) {
        case.refused_at(input);
        self.turned_away(case.signed_in_part(), input).await;
    }

    /// The node does not take it, for the script or the proof of this input.
    pub async fn turned_away(&mut self, signed: Transaction, input: usize) {
        match self
            .session
            .submit("attempt", NanoErg::MIN_FEE, signed)
            .await
        {
            Err(e @ CliError::Submit(_)) => {
                let text = e.to_string();
                let said = format!("#{input} =>");
                assert!(text.contains("should pass verification"), "{text}");
                assert!(
                    self.lane.devnet().is_none() || text.contains(&said),
                    "{text}"
                );
            }
            other => panic!("{other:?}"),
        }
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

    /// Pays directly, unless a rule refuses.
    pub async fn pay(&mut self, from: usize, to: usize, units: i64) -> Result<(), TradeError> {
        let (payer, payee) = (self.account(from).await, self.account(to).await);
        let payment = Payment {
            to: Payee::Direct(&payee),
            amount: amount(units),
            memo: Vec::new(),
        };
        self.pay_from(from, Spender::new(&payer), payment).await
    }

    /// Pays by a note, unless a rule refuses.
    pub async fn pay_by_note(
        &mut self,
        from: usize,
        to: &AccountBox,
        units: i64,
        memo: Vec<u8>,
    ) -> Result<(), TradeError> {
        let payer = self.account(from).await;
        let payment = self.note(to, units, memo).await;
        self.pay_from(from, Spender::new(&payer), payment).await
    }

    /// A payment by a note.
    pub async fn note<'a>(&self, to: &'a AccountBox, units: i64, memo: Vec<u8>) -> Payment<'a> {
        let expiry = self.lane.height().await.plus(NOTE_LIFE);
        Payment {
            to: Payee::Note { to, expiry },
            amount: amount(units),
            memo,
        }
    }

    /// The member pays with this account of his.
    pub async fn pay_from(
        &mut self,
        member: usize,
        payer: Spender<'_>,
        payment: Payment<'_>,
    ) -> Result<(), TradeError> {
        let params = self.params().await;
        let funding = self.wallet(&self.members[member]).await;
        let payer = Spender {
            funding: Some(&funding),
            ..payer
        };
        let trade = lets_protocol::pay(&self.lets, payer, vec![payment], params)?;
        self.sign_trade(member, &trade).await;
        Ok(())
    }

    async fn sign_trade(&mut self, member: usize, trade: &Trade) {
        let person = self.members[member].clone();
        self.send(&trade.proposal, &person.signer).await;
    }

    /// The member claims all that waits for him.
    pub async fn claim(&mut self, member: usize) {
        let account = self.account(member).await;
        let notes = self.notes_to(&account).await;
        let notes: Vec<NoteBox> = notes.into_iter().map(|n| n.it).collect();
        let spender = Spender {
            claims: &notes,
            ..Spender::new(&account)
        };
        let trade = lets_protocol::claim(&self.lets, spender, self.params().await).unwrap();
        self.sign_trade(member, &trade).await;
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

pub fn amount(units: i64) -> Amount {
    Amount::new(units).unwrap()
}
