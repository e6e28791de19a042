//! A LETS on a chain with its members, of whatever kind it is. Whatever they send is judged by the official interpreter too.

use std::sync::Arc;

use ergo_lib::chain::transaction::{Transaction, TxId};
use lets_cli::error::CliError;
use lets_cli::session::{Seen, Session, View};
use lets_protocol::{
    AccountBox, Amount, Blocks, FoundingStep, Funding, Lets, NanoErg, NoteBox, Payee, Payment,
    Proposal, Spender, Trade, TradeError, TxParams, rules,
};
use lets_tests::Case;
use lets_tests::judge::judge;
use lets_tests::lane::{Lane, Person};
use lets_wallet::Signer;

const NOTE_LIFE: Blocks = Blocks(30_000);

/// A LETS on a chain, with its members.
pub struct Town {
    pub lane: Lane,
    pub session: Session,
    pub lets: Lets,
    pub members: Vec<Arc<Person>>,
}

impl Town {
    /// Founded by these steps, which are in blocks then.
    pub async fn found(
        lane: Lane,
        lets: Lets,
        steps: &[(FoundingStep, Proposal)],
        founder: &Person,
    ) -> Self {
        let mut town = Self {
            session: lane.session(),
            lane,
            lets,
            members: Vec::new(),
        };
        let mut sent = Vec::new();
        for (_, proposal) in steps {
            sent.push(town.send(proposal, &founder.signer).await);
        }
        town.lane.settle(&town.session, &sent).await;
        town
    }

    pub async fn params(&self) -> TxParams {
        self.session.params(NanoErg::MIN_FEE).await.unwrap()
    }

    pub async fn wallet(&self, person: &Person) -> Funding {
        self.session.wallet(&person.tree()).await.unwrap()
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
    pub async fn judged(&self, proposal: &Proposal) {
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
}

pub fn amount(units: i64) -> Amount {
    Amount::new(units).unwrap()
}
