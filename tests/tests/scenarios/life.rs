//! The life of one member, from his application to his exit, over REST.

use std::sync::Arc;

use lets_protocol::rules::RecoveryBar;
use lets_protocol::{Applicant, Blocks, Heir, NanoErg, RecoverError, RuleViolation, TradeError};

use crate::scenarios::village::{Village, amount};

impl Village {
    /// The committee puts an heir's key beside the member's. Returns the first height at which it can be handed over.
    pub async fn start_recovery(&mut self, member: usize, heir: &lets_tests::lane::Person) -> u32 {
        let (charter, pot, params) = (self.charter().await, self.pot().await, self.params().await);
        let account = self.account(member).await;
        let start = params.height.plus(Blocks(10));
        let heir = Heir {
            key: heir.owner(),
            start,
        };
        let funding = self.wallet(&self.committee[0]).await;
        let (proposal, _, next) = lets_protocol::start_recovery(
            &self.lets, &charter, &pot, &account, heir, &funding, params,
        )
        .unwrap();
        assert_eq!(next.balance(), account.balance());
        self.committee_sends(&proposal).await;
        self.block().await;
        start.plus(charter.bounds().recovery_delay).0
    }

    /// Anybody hands the member's account to its heir, unless a rule refuses.
    pub async fn complete_recovery(
        &mut self,
        member: usize,
        anybody: &lets_tests::lane::Person,
    ) -> Result<(), RecoverError> {
        let (charter, pot, params) = (self.charter().await, self.pot().await, self.params().await);
        let account = self.account(member).await;
        let funding = self.wallet(anybody).await;
        let (proposal, _, next) = lets_protocol::complete_recovery(
            &self.lets, &charter, &pot, &account, &funding, params,
        )?;
        let kept = |a: &lets_protocol::AccountBox| (a.balance(), a.value(), a.terms().clone());
        assert_eq!(kept(&next), kept(&account));
        self.send(&proposal, &anybody.signer).await;
        self.block().await;
        Ok(())
    }

    fn refused_by_the_line(result: Result<(), TradeError>, most: i64) {
        match result {
            Err(TradeError::Rule(violation @ RuleViolation::CreditLine { .. })) => {
                assert_eq!(violation.most(), Some(amount(most)));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn member_lives_from_his_application_to_his_exit() {
    // Two neighbours, and Ann.
    let mut village = Village::with_members("Life", 2).await;
    if village.lane.devnet().is_none() {
        return;
    }
    let (ann, baker, smith) = (2, 0, 1);
    let person = Arc::new(village.lane.person(5.0).await);
    let applicant = Applicant::member(person.owner());
    village.apply(&person, applicant, Blocks(20_000)).await;
    village.members.push(person);
    village.admit_all().await;
    assert_eq!(village.account(ann).await.balance().units(), 0);

    // She is paid, and pays more than she has: on credit, directly and by a note.
    village.pay(baker, ann, 1_000).await.unwrap();
    village.pay(ann, smith, 4_000).await.unwrap();
    let to = village.account(baker).await;
    let paid = village.pay_by_note(ann, &to, 3_000, Vec::new()).await;
    paid.unwrap();
    village.block().await;
    assert_eq!(village.balances().await, [-1_000, 4_000, -6_000]);
    village.claim(baker).await;
    village.block().await;
    assert_eq!(village.balances().await, [2_000, 4_000, -6_000]);

    // Her line is lowered below her debt, then she is suspended: her balance stays, and only new debt is blocked.
    let account = village.account(ann).await;
    village
        .set_terms(&account, |terms| terms.line = amount(5_000))
        .await;
    village.block().await;
    Village::refused_by_the_line(village.pay(ann, smith, 1).await, 0);
    let account = village.account(ann).await;
    village
        .set_terms(&account, |terms| terms.line = amount(0))
        .await;
    village.block().await;
    village.pay(smith, ann, 4_000).await.unwrap();
    village.pay(baker, ann, 2_500).await.unwrap();
    assert_eq!(village.balances().await, [-500, 0, 500]);
    // What is her own she spends.
    Village::refused_by_the_line(village.pay(ann, smith, 501).await, 500);
    village.pay(ann, smith, 500).await.unwrap();
    village.block().await;

    // She has earned it back.
    let account = village.account(ann).await;
    village
        .set_terms(&account, |terms| terms.line = amount(8_000))
        .await;
    village.block().await;
    village.pay(ann, baker, 700).await.unwrap();
    assert_eq!(village.balances().await, [200, 500, -700]);

    // Her key seems lost; it is not, and any payment refuses the recovery.
    let heir = Arc::new(village.lane.person(1.0).await);
    village.start_recovery(ann, &heir).await;
    village.pay(ann, baker, 100).await.unwrap();
    village.block().await;
    assert!(village.account(ann).await.heir().is_none());
    village.wait(21_700);
    match village.complete_recovery(ann, &heir).await {
        Err(RecoverError::Rule(RuleViolation::Recovery { bar, .. })) => {
            assert_eq!(bar, RecoveryBar::None);
        }
        other => panic!("{other:?}"),
    }

    // Now it is lost: nobody refuses, and after the delay her heir has what she had.
    let from = village.start_recovery(ann, &heir).await;
    village.wait(from - village.lane.height().await.0 - 1);
    match village.complete_recovery(ann, &heir).await {
        Err(RecoverError::Rule(RuleViolation::Recovery { bar, .. })) => {
            assert!(matches!(bar, RecoveryBar::Delay { from: at, .. } if at.0 == from));
        }
        other => panic!("{other:?}"),
    }
    village.wait(1);
    village.complete_recovery(ann, &heir).await.unwrap();
    village.members[ann] = heir.clone();
    assert_eq!(village.account(ann).await.balance().units(), -800);

    // The debt is paid, and the account closed: its ERG is the heir's.
    village.pay(baker, ann, 300).await.unwrap();
    village.pay(smith, ann, 500).await.unwrap();
    village.block().await;
    assert_eq!(village.balances().await, [0, 0, 0]);
    let (account, pot, params) = (
        village.account(ann).await,
        village.pot().await,
        village.params().await,
    );
    let before = village.erg(&heir).await;
    let (proposal, _) =
        lets_protocol::exit(&village.lets, &pot, &account, heir.tree(), params).unwrap();
    village.send(&proposal, &heir.signer).await;
    village.block().await;
    let back = village.erg(&heir).await - before;
    assert_eq!(back, account.value().0 - NanoErg::MIN_FEE.0);
    assert_eq!(village.accounts().await.len(), 2);
    assert_eq!(village.pot().await.memberships(), 100_001 - 2);
}
