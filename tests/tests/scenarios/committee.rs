//! What a committee lawfully does, over REST; every deed of it is signed by two of three, each for himself.

use std::sync::Arc;

use lets_protocol::rules::RecoveryBar;
use lets_protocol::{
    AdmitError, Applicant, BadDebt, Blocks, ChangeError, ExpelError, Heir, NanoErg, OwnerChange,
    RecoverError, RuleViolation, SetTermsError, Spender, Terms, TradeError,
};
use lets_tests::world::at_least_of;

use crate::scenarios::village::{Village, amount};

/// The rule by which a payment is refused, and the most that would pass.
fn refusal(result: Result<(), TradeError>) -> (&'static str, Option<i64>) {
    match result {
        Err(TradeError::Rule(violation)) => {
            let most = violation.most().map(|a| a.units());
            (violation.rule(), most)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn charter_announced_cancelled_announced_again_and_enacted_by_anybody() {
    let mut village = Village::with_members("Charter", 1).await;
    if village.lane.devnet().is_none() {
        return;
    }
    let mut next = Vec::new();
    for erg in [2.0, 1.0] {
        next.push(Arc::new(village.lane.person(erg).await));
    }
    let public: Vec<_> = next.iter().map(|p| p.public().clone()).collect();
    let to_be = at_least_of(2, &public);
    let both = [
        village.committee[0].clone(),
        next[1].clone(),
        village.committee[1].clone(),
        next[0].clone(),
    ];
    let mut from = village.lane.height().await;
    for again in [false, true] {
        let (charter, params) = (village.charter().await, village.params().await);
        let mut bounds = charter.bounds().clone();
        bounds.max_line = amount(150_000);
        bounds.default_largest_draw = amount(900);
        let announced = params.height.plus(Blocks(20));
        from = announced.plus(charter.bounds().change_delay);
        let funding = village.wallet(&village.committee[0]).await;
        let (proposal, shown) = lets_protocol::announce(
            &village.lets,
            &charter,
            to_be.clone(),
            bounds,
            announced,
            &funding,
            params,
        )
        .unwrap();
        assert_eq!(shown.bounds(), charter.bounds(), "nothing changes yet");
        village.sent_by(&proposal, &both).await;
        village.block().await;
        if again {
            break;
        }
        let charter = village.charter().await;
        let funding = village.wallet(&village.committee[0]).await;
        let params = village.params().await;
        let (proposal, _) =
            lets_protocol::cancel(&village.lets, &charter, &funding, params).unwrap();
        village.committee_sends(&proposal).await;
        village.block().await;
        assert!(village.charter().await.pending().is_none());
    }

    // Anybody may enact it: from the block of this height on, and not before.
    let stranger = village.lane.person(1.0).await;
    village.wait(from.0 - 2 - village.lane.height().await.0);
    for last in [false, true] {
        let (charter, params) = (village.charter().await, village.params().await);
        let funding = village.wallet(&stranger).await;
        match lets_protocol::enact(&village.lets, &charter, &funding, params) {
            Ok((proposal, _)) => {
                assert!(last);
                village.send(&proposal, &stranger.signer).await;
            }
            Err(ChangeError::Rule(RuleViolation::DelayNotOver { from: at, .. })) => {
                assert!(!last);
                assert_eq!(at, from);
            }
            Err(e) => panic!("{e}"),
        }
        village.block().await;
    }

    // The new committee grants what only the new rules allow; the old one is nobody.
    let account = village.account(0).await;
    let (charter, pot, params) = (
        village.charter().await,
        village.pot().await,
        village.params().await,
    );
    assert_eq!(charter.bounds().default_terms().largest_draw, amount(900));
    let funding = village.wallet(&next[0]).await;
    let terms = Terms {
        line: amount(120_000),
        ..account.terms().clone()
    };
    let (proposal, _, _) = lets_protocol::set_terms(
        &village.lets,
        &charter,
        &pot,
        &account,
        terms,
        &funding,
        params,
    )
    .unwrap();
    let old = [village.committee.clone(), vec![next[0].clone()]].concat();
    let case = village.case(&proposal, &old).await;
    case.unproven();
    village.turned_away(case.signed_in_part(), 0).await;
    village.sent_by(&proposal, &next).await;
    village.block().await;
    assert_eq!(village.account(0).await.terms().line, amount(120_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn application_that_expired_is_not_admitted_and_its_erg_goes_back() {
    let mut village = Village::found("Expiry").await;
    let Some(_) = village.lane.devnet() else {
        return;
    };
    let person = village.lane.person(5.0).await;
    let applicant = Applicant::member(person.owner());
    village.apply(&person, applicant, Blocks(30)).await;
    let application = village.application().await;
    let at_last = application.expiry().0 - village.lane.height().await.0;
    let admission = |charter: &_, pot: &_, terms, params| {
        lets_protocol::admit(&village.lets, charter, pot, &application, terms, params)
    };
    let (charter, pot, params) = (
        village.charter().await,
        village.pot().await,
        village.params().await,
    );
    let terms = charter.bounds().default_terms();
    let (in_time, _, _) = admission(&charter, &pot, terms.clone(), params).unwrap();
    village.wait(at_last);
    let params = village.params().await;
    match admission(&charter, &pot, terms, params) {
        Err(AdmitError::Rule(RuleViolation::ApplicationExpired { expiry, .. })) => {
            assert_eq!(expiry, application.expiry());
        }
        other => panic!("{other:?}"),
    }
    // What was laid out in time comes too late as well.
    let committee = village.committee.clone();
    let late = village.case(&in_time, &committee).await;
    village.refused(&late, 0).await;
    let proposal =
        lets_protocol::withdraw_application(&application, person.tree(), params).unwrap();
    village.send(&proposal, &person.signer).await;
    village.block().await;
    assert_eq!(
        village.erg(&person).await,
        5_000_000_000 - 2 * NanoErg::MIN_FEE.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn loan_rules_of_one_member_hold_on_the_chain() {
    let mut village = Village::with_members("Loans", 3).await;
    let (ann, grocer, smith) = (0, 1, 2);
    let account = village.account(grocer).await;
    village.set_terms(&account, |terms| terms.class = 3).await;
    let account = village.account(ann).await;
    village
        .set_terms(&account, |terms| {
            terms.largest_draw = amount(500);
            terms.draw_limit = amount(1_200);
            terms.draw_rate = amount(1);
            terms.spend_on = vec![3];
        })
        .await;
    village.block().await;
    // Classes: only what is her own reaches anybody else, directly or by a note.
    assert_eq!(
        refusal(village.pay(ann, smith, 1).await),
        ("payee_class", Some(0))
    );
    let to = village.account(smith).await;
    let paid = village.pay_by_note(ann, &to, 1, Vec::new()).await;
    assert_eq!(refusal(paid), ("payee_class", Some(0)));
    // Largest draw: 499, 500, 501.
    let largest = ("largest_draw", Some(500));
    assert_eq!(refusal(village.pay(ann, grocer, 501).await), largest);
    village.pay(ann, grocer, 500).await.unwrap();
    let to = village.account(grocer).await;
    let paid = village.pay_by_note(ann, &to, 499, Vec::new()).await;
    paid.unwrap();
    // Draw limit: 999 are drawn, 201 are left, whichever way.
    let limit = ("draw_limit", Some(201));
    assert_eq!(refusal(village.pay(ann, grocer, 202).await), limit);
    let paid = village.pay_by_note(ann, &to, 202, Vec::new()).await;
    assert_eq!(refusal(paid), limit);
    village.pay(ann, grocer, 201).await.unwrap();
    assert_eq!(
        refusal(village.pay(ann, grocer, 1).await),
        ("draw_limit", Some(0))
    );
    village.block().await;
    // The note carries the classes to its claim.
    village.claim(grocer).await;
    village.block().await;
    assert_eq!(village.balances().await, [-1_200, 1_200, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn debt_written_off_in_the_open_and_its_member_expelled_at_zero() {
    let mut village = Village::with_members("Default", 2).await;
    village.open_community_account(10_000).await;
    village.pay(0, 1, 6_000).await.unwrap();
    village.block().await;
    let bad = BadDebt::of(&village.lets, &village.accounts().await);
    assert_eq!((bad.written_off, bad.share()), (amount(0), 0));
    assert_eq!(
        refusal(village.write_off(0, 6_001).await),
        ("write_off", Some(6_000))
    );
    village.write_off(0, 4_500).await.unwrap();
    village.write_off(0, 1_500).await.unwrap();
    village.block().await;
    assert_eq!(village.balances().await, [0, 6_000]);
    assert_eq!(village.community().await.balance().units(), -6_000);
    let bad = BadDebt::of(&village.lets, &village.accounts().await);
    assert_eq!((bad.written_off, bad.share()), (amount(6_000), 10_000));

    // Who owes nothing can be expelled; his ERG is his. Who has a balance cannot.
    let (charter, params) = (village.charter().await, village.params().await);
    let (pot, rich) = (village.pot().await, village.account(1).await);
    match lets_protocol::expel(&village.lets, &charter, &pot, &rich, params) {
        Err(ExpelError::Rule(RuleViolation::ExitBalance { balance })) => {
            assert_eq!(balance.units(), 6_000);
        }
        other => panic!("{other:?}"),
    }
    let gone = village.account(0).await;
    let before = village.erg(&village.members[0].clone()).await;
    let (proposal, _) = lets_protocol::expel(&village.lets, &charter, &pot, &gone, params).unwrap();
    village.committee_sends(&proposal).await;
    village.block().await;
    let back = village.erg(&village.members[0].clone()).await - before;
    assert_eq!(back, gone.value().0 - NanoErg::MIN_FEE.0);
    assert_eq!(village.accounts().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn owner_who_refuses_every_recovery_is_not_recovered() {
    let mut village = Village::with_members("Refusal", 1).await;
    let heir = village.lane.person(1.0).await;
    for refuse in [true, false] {
        let (account, params) = (village.account(0).await, village.params().await);
        let change = OwnerChange {
            refuse_recovery: Some(refuse),
            ..OwnerChange::default()
        };
        let trade =
            lets_protocol::set_account(&village.lets, Spender::new(&account), change, params)
                .unwrap();
        let person = village.members[0].clone();
        village.send(&trade.proposal, &person.signer).await;
        village.block().await;
        let (charter, pot) = (village.charter().await, village.pot().await);
        let (account, params) = (village.account(0).await, village.params().await);
        let named = Heir {
            key: heir.owner(),
            start: params.height.plus(Blocks(10)),
        };
        let funding = village.wallet(&village.committee[0]).await;
        let started = lets_protocol::start_recovery(
            &village.lets,
            &charter,
            &pot,
            &account,
            named,
            &funding,
            params,
        );
        match (started, refuse) {
            (Err(RecoverError::Rule(RuleViolation::Recovery { bar, .. })), true) => {
                assert_eq!(bar, RecoveryBar::OptedOut);
            }
            (Ok((proposal, _, _)), false) => drop(village.committee_sends(&proposal).await),
            (other, _) => panic!("{other:?}"),
        }
    }
    village.block().await;
    assert_eq!(village.account(0).await.heir(), Some(&heir.owner()));
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_of_admission_and_issue_refill_with_time() {
    let mut village = Village::found_with("Rates", |bounds| {
        bounds.admissions = 2;
        bounds.issue = amount(50_000);
    })
    .await;
    if village.lane.devnet().is_none() {
        return;
    }
    village.welcome(2).await;
    let person = Arc::new(village.lane.person(5.0).await);
    let applicant = Applicant::member(person.owner());
    village.apply(&person, applicant, Blocks(30_000)).await;
    let (charter, pot, params) = (
        village.charter().await,
        village.pot().await,
        village.params().await,
    );
    let terms = charter.bounds().default_terms();
    let application = village.application().await;
    let from = match lets_protocol::admit(
        &village.lets,
        &charter,
        &pot,
        &application,
        terms.clone(),
        params,
    ) {
        Err(AdmitError::Rule(RuleViolation::Rate {
            what: "admissions",
            limit: 2,
            from: Some(from),
            ..
        })) => from,
        other => panic!("{other:?}"),
    };
    let account = village.account(0).await;
    let more = Terms {
        line: amount(31_000),
        ..account.terms().clone()
    };
    let funding = village.wallet(&village.committee[0]).await;
    let raised = lets_protocol::set_terms(
        &village.lets,
        &charter,
        &pot,
        &account,
        more,
        &funding,
        params,
    );
    assert!(
        matches!(
            raised,
            Err(SetTermsError::Rule(RuleViolation::Rate {
                what: "units issued",
                limit: 50_000,
                ..
            }))
        ),
        "{raised:?}"
    );
    village.wait(from.0 - params.height.0);
    village.members.push(person);
    village.admit(&application, terms).await;
    village.block().await;
    assert_eq!(village.accounts().await.len(), 3);
}
