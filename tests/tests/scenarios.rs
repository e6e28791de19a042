//! What members and committees do, over REST: on a devnet, or on the node that ERGO_NODE_URL names. Whatever is sent is
//! judged by the official interpreter too.

use lets_cli::session::View;
use lets_protocol::{Amount, Applicant, Blocks, Height, NanoErg, RuleViolation, TradeError};
use scenarios::village::{Village, amount};

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
        let (account, pot) = (village.account(member).await, village.pot().await);
        let (person, params) = (village.members[member].clone(), village.params().await);
        let (proposal, _) =
            lets_protocol::exit(&village.lets, &pot, &account, person.tree(), params).unwrap();
        village.send(&proposal, &person.signer).await;
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
    village
        .set_terms(&account, |terms| terms.line = amount(1_000))
        .await;
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
    let applicant = Applicant::member(person.owner());
    village.apply(&person, applicant, Blocks(20_000)).await;
    let (application, params) = (village.application().await, village.params().await);
    let proposal =
        lets_protocol::withdraw_application(&application, person.tree(), params).unwrap();
    let sent = village.send(&proposal, &person.signer).await;
    village.lane.settle(&village.session, &[sent]).await;
    let left = village.session.applications(&village.lets).await.unwrap();
    assert!(left.is_empty());
    assert_eq!(
        village.erg(&person).await,
        5_000_000_000 - 2 * NanoErg::MIN_FEE.0
    );
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
    let person = village.members[0].clone();
    village.send(&first, &person.signer).await;
    let refused = other.send(&second, &person.signer).await.unwrap_err();
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
    let (charter, pot) = (village.charter().await, village.pot().await);
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
        village.send(&proposal, &stranger.signer).await;
    }
    village.block().await;
    assert!(village.account(0).await.created() > Height(Blocks::REFRESH_AGE.0));
}

mod scenarios {
    mod abuse;
    mod committee;
    mod life;
    mod notes;
    mod open;
    mod open_faults;
    mod open_village;
    mod oracle;
    mod town;
    pub mod village;
}
