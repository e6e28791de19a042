//! Payments by notes, over REST; what is sent is judged by the official interpreter too.

use crate::Village;
use lets_cli::sealed_memo;
use lets_cli::session::{Seen, View};
use lets_protocol::{
    AccountBox, Amount, Blocks, Memo, NoteBox, Payee, Payment, Proposal, Reference, Spender, claim,
    pay,
};
use lets_tests::judge::judge;
use lets_wallet::Signer;

const LIFE: Blocks = Blocks(30_000);

impl Village {
    /// Sends a proposal that the official interpreter accepts.
    async fn send_judged(&mut self, proposal: &Proposal, signer: &impl Signer) {
        let state = self.session.client().state_context().await.unwrap();
        // The unsigned transaction keeps scripts as bytes; the reference takes it as it is.
        let verdict = judge(
            proposal.unsigned(),
            proposal.inputs(),
            proposal.data_inputs(),
            &state,
        );
        let refusals: Vec<_> = verdict.inputs.iter().filter(|i| i.is_err()).collect();
        assert!(refusals.is_empty(), "{refusals:?}");
        self.session.send(proposal, signer).await.unwrap();
    }

    async fn notes_to(&self, account: &AccountBox) -> Vec<Seen<NoteBox>> {
        let notes = self.session.notes(&self.lets, View::Pool).await.unwrap();
        let own = |n: &Seen<NoteBox>| n.it.payee() == Some(account.number());
        notes.into_iter().filter(own).collect()
    }

    async fn pay_by_note(&mut self, from: usize, to: &AccountBox, units: i64, memo: Vec<u8>) {
        let payer = self.account(from).await;
        self.pay_from(from, &payer, to, units, memo).await;
    }

    async fn pay_from(
        &mut self,
        from: usize,
        payer: &AccountBox,
        to: &AccountBox,
        units: i64,
        memo: Vec<u8>,
    ) {
        let params = self.params().await;
        let payment = Payment {
            to: Payee::Note {
                to,
                expiry: params.height.plus(LIFE),
            },
            amount: Amount::new(units).unwrap(),
            memo,
        };
        let trade = pay(&self.lets, Spender::new(payer), vec![payment], params).unwrap();
        // Signers are not Clone: borrowed out for the call.
        let person = self.members.remove(from);
        self.send_judged(&trade.proposal, &person.signer).await;
        self.members.insert(from, person);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_members_pay_one_merchant_in_one_block_and_he_spends_the_sum() {
    const PAYERS: usize = 49;
    let mut village = Village::with_members("Market", PAYERS + 1).await;
    let merchant = village.account(PAYERS).await;
    let accounts = village
        .session
        .accounts(&village.lets, View::Pool)
        .await
        .unwrap();
    for payer in 0..PAYERS {
        let owner = village.members[payer].owner();
        let account = &accounts.iter().find(|a| *a.it.owner() == owner).unwrap().it;
        village
            .pay_from(payer, account, &merchant, 100, Vec::new())
            .await;
    }
    assert!(
        village
            .notes_to(&merchant)
            .await
            .iter()
            .all(|n| !n.confirmed)
    );
    let before = village.lane.height().await;
    village.block().await;
    let notes = village.notes_to(&merchant).await;
    assert_eq!(notes.len(), PAYERS);
    assert!(notes.iter().all(|n| n.confirmed));
    if village.lane.devnet().is_some() {
        assert_eq!(
            village.lane.height().await.0,
            before.0 + 1,
            "all in one block"
        );
    }
    // His own box was not touched, so he takes in all of them and pays the sum and his line on in one transaction.
    let merchant = village.account(PAYERS).await;
    assert!(merchant.balance().units() == 0);
    let claims: Vec<NoteBox> = notes.into_iter().map(|n| n.it).collect();
    let line = merchant.terms().line.units();
    let sum = 100 * i64::try_from(PAYERS).unwrap();
    let payee = village.account(0).await;
    let params = village.params().await;
    let payment = Payment {
        to: Payee::Direct(&payee),
        amount: Amount::new(sum + line).unwrap(),
        memo: Vec::new(),
    };
    let spender = Spender {
        claims: &claims,
        ..Spender::new(&merchant)
    };
    let trade = pay(&village.lets, spender, vec![payment], params).unwrap();
    assert!(
        trade.leader.value() > merchant.value(),
        "the notes' ERG paid the fee, and more"
    );
    let person = village.members.remove(PAYERS);
    village.send_judged(&trade.proposal, &person.signer).await;
    village.members.push(person);
    village.block().await;
    let balances = village.balances().await;
    assert_eq!(balances[PAYERS], -line);
    assert_eq!(balances[0], sum + line - 100);
    assert_eq!(balances.iter().sum::<i64>(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn memo_copied_to_another_note_or_amount_is_not_believed() {
    let mut village = Village::with_members("Memo", 3).await;
    let (alice, bob) = (village.account(0).await, village.account(1).await);
    let memo = Memo::new(Reference::None, Amount::new(500).unwrap(), "eggs").unwrap();
    let sealed = sealed_memo::seal(&village.lets, &memo, &alice, &bob).unwrap();
    // Alice pays 3.00 with a memo that says 5.00; Carol sends Bob a copy of it.
    village.pay_by_note(0, &bob, 300, sealed.clone()).await;
    village.pay_by_note(2, &bob, 500, sealed).await;
    village.block().await;
    let keys = village.lane.unlocked();
    let notes = village.notes_to(&bob).await;
    let carol = village.account(2).await;
    for note in notes {
        let open = |at| {
            let keys = std::slice::from_ref(&keys);
            let (payer, note) = (note.it.payer(), &note.it);
            sealed_memo::open_at(&village.lets, note.memo(), &payer, &bob.number(), keys, at)
        };
        let read = open(village.members[1].index());
        match note.it.payer() == carol.number() {
            true => assert_eq!(read, None, "it is bound to the payer"),
            false => {
                let read = read.expect("the payee reads it");
                assert_eq!(read.text(), "eggs");
                assert!(!read.belongs_to(note.it.amount()));
                // The payer reads it again; nobody else does.
                assert_eq!(open(village.members[0].index()), Some(read));
                assert_eq!(open(village.members[2].index()), None);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn note_claimed_by_two_machines_at_once_only_one_wins() {
    let mut village = Village::with_members("Twice", 2).await;
    let bob = village.account(1).await;
    village.pay_by_note(0, &bob, 700, Vec::new()).await;
    village.block().await;
    let notes: Vec<NoteBox> = village
        .notes_to(&bob)
        .await
        .into_iter()
        .map(|n| n.it)
        .collect();
    let params = village.params().await;
    let spender = Spender {
        claims: &notes,
        ..Spender::new(&bob)
    };
    let first = claim(&village.lets, spender, params).unwrap();
    let later = lets_protocol::TxParams {
        height: lets_protocol::Height(params.height.0 - 1),
        ..params
    };
    let second = claim(&village.lets, spender, later).unwrap();
    let mut other = village.lane.session();
    let person = village.members.remove(1);
    village.send_judged(&first.proposal, &person.signer).await;
    let refused = other
        .send(&second.proposal, &person.signer)
        .await
        .unwrap_err();
    assert_eq!(refused.exit_code() as u8, 1, "{refused}");
    village.members.insert(1, person);
    village.block().await;
    assert_eq!(village.balances().await, [-700, 700]);
}
