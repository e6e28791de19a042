//! Payments by notes, over REST.

use crate::scenarios::village::Village;
use lets_cli::sealed_memo;
use lets_protocol::{Amount, Memo, NoteBox, Payee, Payment, Reference, Spender, claim, pay};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_members_pay_one_merchant_in_one_block_and_he_spends_the_sum() {
    const PAYERS: usize = 49;
    let mut village = Village::with_members("Market", PAYERS + 1).await;
    let merchant = village.account(PAYERS).await;
    let accounts = village.accounts().await;
    for payer in 0..PAYERS {
        let owner = village.members[payer].owner();
        let account = accounts.iter().find(|a| *a.owner() == owner).unwrap();
        let note = village.note(&merchant, 100, Vec::new()).await;
        let paid = village.pay_from(payer, Spender::new(account), note).await;
        paid.unwrap();
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
    let person = village.members[PAYERS].clone();
    village.send(&trade.proposal, &person.signer).await;
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
    let copy = sealed.clone();
    village.pay_by_note(0, &bob, 300, copy).await.unwrap();
    village.pay_by_note(2, &bob, 500, sealed).await.unwrap();
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
    let paid = village.pay_by_note(0, &bob, 700, Vec::new()).await;
    paid.unwrap();
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
    let person = village.members[1].clone();
    village.send(&first.proposal, &person.signer).await;
    let refused = other
        .send(&second.proposal, &person.signer)
        .await
        .unwrap_err();
    assert_eq!(refused.exit_code() as u8, 1, "{refused}");
    village.block().await;
    assert_eq!(village.balances().await, [-700, 700]);
}
