//! One life of each kind of open LETS, over REST: from the founding to the last exit, while the rate of ERG moves.

use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{Amount, Kind, Mark, NanoErg, OpenError, RuleViolation, TradeError};

use crate::scenarios::open_village::{OpenVillage, RATE, UNITS, worth};

impl OpenVillage {
    /// The most that a member may pay.
    async fn payable(&mut self, from: usize, to: usize) -> Amount {
        match self.pay(from, to, 100_000).await {
            Err(TradeError::Rule(violation @ RuleViolation::CreditLine { .. })) => {
                violation.most().unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    /// The member's mark keeps him from paying on credit.
    async fn draws_nothing(&mut self, from: usize, to: usize) {
        match self.pay(from, to, 100).await {
            Err(TradeError::Rule(RuleViolation::PayeeClass { .. })) => {}
            other => panic!("{other:?}"),
        }
    }

    async fn mark(&self, member: usize) -> Option<Mark> {
        Mark::of(self.account(member).await.terms())
    }
}

fn open<T: std::fmt::Debug>(result: Result<T, OpenError>) -> OpenViolation {
    match result {
        Err(OpenError::Open(violation)) => violation,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lets1_owes_is_called_liquidated_frozen_and_leaves() {
    let mut village = OpenVillage::with_members(Kind::Lets1, 2).await;
    village.join(0).await.unwrap();
    let (ann, bob, carol) = (0, 1, 2);
    village.pay(ann, bob, 1_500).await.unwrap();
    let to = village.account(carol).await;
    let paid = village.pay_by_note(ann, &to, 500, Vec::new()).await;
    paid.unwrap();
    village.done().await;
    village.claim(carol).await;
    village.done().await;
    assert_eq!(village.balances().await, [-UNITS, 1_500, 500]);
    assert_eq!(village.payable(ann, bob).await, Amount::ZERO);

    // ERG rises, and what is locked covers more; it falls again, and for more credit there must be more ERG.
    village.rate(RATE * 9 / 10).await;
    let locked = worth(UNITS, 200);
    village.adjust(ann, UNITS + 100, locked).await.unwrap();
    village.rate(RATE).await;
    assert!(matches!(
        open(village.adjust(ann, UNITS + 200, locked).await),
        OpenViolation::Cover { .. }
    ));
    let more = worth(UNITS + 200, 200);
    village.adjust(ann, UNITS + 200, more).await.unwrap();
    assert_eq!(village.payable(ann, bob).await, Amount::new(200).unwrap());
    assert!(matches!(
        open(village.adjust(bob, 0, NanoErg(0)).await),
        OpenViolation::Locked { .. }
    ));

    // At the margin nobody can call her; past it carol does, and she draws nothing until she has locked more.
    village.rate(RATE * 14 / 10).await;
    assert!(matches!(
        open(village.call(carol, ann).await),
        OpenViolation::Secured { .. }
    ));
    village.rate(RATE * 17 / 10).await;
    village.call(carol, ann).await.unwrap();
    village.draws_nothing(ann, bob).await;
    assert!(matches!(
        open(village.call(bob, ann).await),
        OpenViolation::Marked { .. }
    ));
    village.adjust(ann, UNITS, worth(UNITS, 340)).await.unwrap();
    assert_eq!(village.mark(ann).await, None);
    assert!(matches!(
        open(village.liquidate(bob, ann, 100).await),
        OpenViolation::NotCalled
    ));

    // A line that nobody has drawn is frozen when it is worth more than the margin allows; what was earned is spent on.
    village.rate(RATE * 3).await;
    village.freeze(carol, bob).await.unwrap();
    assert_eq!(village.mark(bob).await, Some(Mark::Frozen));
    village.pay(bob, ann, 100).await.unwrap();
    village.done().await;
    village.call(bob, ann).await.unwrap();
    if village.lane.devnet().is_none() {
        return;
    }

    // Within the grace nobody takes anything; after it others pay her debt, and what remains is hers.
    assert!(matches!(
        open(village.liquidate(carol, ann, 500).await),
        OpenViolation::Grace { .. }
    ));
    village.wait(760);
    village.rate(RATE * 3).await;
    assert!(matches!(
        open(village.liquidate(carol, ann, 99).await),
        OpenViolation::Smallest { .. }
    ));
    let before = village.account(ann).await.value();
    let taken = village.liquidate(carol, ann, 500).await.unwrap();
    assert_eq!(
        taken,
        worth(500, 330),
        "at three times the first price, and a tenth more"
    );
    let after = village.account(ann).await.value();
    assert_eq!(before.minus(taken), Some(after));
    village.liquidate(bob, ann, 1_400).await.unwrap();
    assert_eq!(village.balances().await, [0, 0, 0]);

    // The pool falls silent: no line grows, and when it counts as dead, anybody freezes what could be drawn.
    village.wait(200);
    assert!(matches!(
        open(village.join(UNITS).await),
        OpenViolation::OracleAge { .. }
    ));
    assert!(matches!(
        open(village.freeze(bob, carol).await),
        OpenViolation::OracleAlive { .. }
    ));
    village.wait(21_600);
    village.freeze(bob, carol).await.unwrap();
    assert_eq!(village.mark(carol).await, Some(Mark::Frozen));

    // Who owes nothing leaves with all his ERG, and needs no oracle.
    for member in [ann, bob, carol] {
        village.close(member).await.unwrap();
    }
    assert_eq!(village.accounts().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn lets2_gives_a_line_for_a_fee_that_stays_in_the_pot() {
    let mut village = OpenVillage::with_members(Kind::Lets2, 2).await;
    let own = village.pot().await.policy().own_erg;
    let fees = village.pot().await.value().minus(own);
    assert_eq!(fees, Some(NanoErg(2 * 880_000_000)));
    village.pay(0, 1, 1_000).await.unwrap();
    village.done().await;
    assert_eq!(village.balances().await, [-1_000, 1_000]);
    assert_eq!(village.payable(0, 1).await, Amount::ZERO);
    assert!(matches!(
        open(village.close(1).await),
        OpenViolation::CloseBalance { .. }
    ));

    // Beyond the highest rate the fee is worth less than the line: nobody joins until it is back.
    village.rate(4 * RATE + 1).await;
    assert!(matches!(
        open(village.join(UNITS).await),
        OpenViolation::OracleRange { .. }
    ));
    village.rate(4 * RATE).await;
    village.join(UNITS).await.unwrap();
    village.pay(1, 0, 700).await.unwrap();
    village.pay(1, 2, 300).await.unwrap();
    village.pay(2, 0, 300).await.unwrap();
    village.done().await;
    assert_eq!(village.balances().await, [0, 0, 0]);
    // A silent oracle is nothing to those who are in.
    if village.lane.devnet().is_some() {
        village.wait(22_000);
        assert!(matches!(
            open(village.join(UNITS).await),
            OpenViolation::OracleAge { .. }
        ));
    }
    for member in 0..3 {
        village.close(member).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lets3_buys_pays_and_redeems_at_the_price_or_the_share() {
    let mut village = OpenVillage::with_members(Kind::Lets3, 1).await;
    village.join(0).await.unwrap();
    let (ann, bob) = (0, 1);
    let paid = village.buy(bob, 500).await.unwrap();
    assert_eq!(paid, worth(500, 200));
    assert!(matches!(
        open(village.buy(bob, 10_001).await),
        OpenViolation::Credit { .. }
    ));
    village.pay(ann, bob, 800).await.unwrap();
    village.done().await;
    assert_eq!(village.balances().await, [1_200, 1_300]);
    assert_eq!(village.payable(bob, ann).await, Amount::new(1_300).unwrap());
    assert!(matches!(
        open(village.redeem(bob, 1_301).await),
        OpenViolation::NotHeld { .. }
    ));
    let got = village.redeem(bob, 300).await.unwrap();
    assert_eq!(got, worth(300, 100));

    // ERG falls: the reserve is worth less than the units, and everybody gets his share of it, first or last.
    village.rate(4 * RATE).await;
    let share = u64::try_from(village.pot().await.share()).unwrap();
    assert!(share < worth(1, 400).0);
    assert_eq!(village.redeem(ann, 200).await.unwrap().0, 200 * share);
    // It rises: the price is less than the share.
    village.rate(RATE).await;
    assert_eq!(village.redeem(ann, 200).await.unwrap(), worth(200, 100));
    if village.lane.devnet().is_none() {
        return;
    }

    // Silent, nothing is bought or redeemed; dead, everybody gets his share, at most the last price at the cover.
    village.wait(200);
    for result in [village.buy(bob, 1).await, village.redeem(bob, 1).await] {
        assert!(matches!(open(result), OpenViolation::OracleAge { .. }));
    }
    village.wait(21_600);
    assert!(matches!(
        open(village.buy(bob, 1).await),
        OpenViolation::OracleAge { .. }
    ));
    let share = u64::try_from(village.pot().await.share()).unwrap();
    let most = share.min(worth(1, 200).0);
    assert_eq!(village.redeem(bob, 1_000).await.unwrap().0, 1_000 * most);
    village.redeem(ann, 800).await.unwrap();
    for member in [ann, bob] {
        village.close(member).await.unwrap();
    }
    let pot = village.pot().await;
    assert!(pot.value() >= pot.policy().own_erg);
}

#[tokio::test(flavor = "multi_thread")]
async fn lets4_starts_with_units_and_owes_nothing() {
    let mut village = OpenVillage::with_members(Kind::Lets4, 2).await;
    assert_eq!(village.balances().await, [1_000, 1_000]);
    village.pay(0, 1, 600).await.unwrap();
    let to = village.account(1).await;
    let paid = village.pay_by_note(0, &to, 400, Vec::new()).await;
    paid.unwrap();
    village.done().await;
    village.claim(1).await;
    village.done().await;
    assert_eq!(village.balances().await, [0, 2_000]);
    assert_eq!(village.payable(0, 1).await, Amount::ZERO);
    assert!(matches!(
        open(village.redeem(1, 1).await),
        OpenViolation::Kind { .. }
    ));
    village.rate(4 * RATE + 1).await;
    assert!(matches!(
        open(village.join(UNITS).await),
        OpenViolation::OracleRange { .. }
    ));
    // Whoever spent all may go, and what he made circulates on.
    village.close(0).await.unwrap();
    assert!(matches!(
        open(village.close(1).await),
        OpenViolation::CloseBalance { .. }
    ));
    village.rate(RATE).await;
    village.join(UNITS).await.unwrap();
    village.pay(1, 2, 2_000).await.unwrap();
    village.done().await;
    village.close(1).await.unwrap();
    assert_eq!(village.account(2).await.balance().units(), 3_000);
}
