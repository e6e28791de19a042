//! What a second review by fresh eyes found: collateral that leaves again, and a mark that a note went around.

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBoxCandidate;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R6};
use lets_protocol::{
    AccountBox, Amount, Height, Kind, NanoErg, Payee, Payment, RuleViolation, Spender, Trade,
    TradeError, TxParams,
};
use lets_tests::case::longs;
use lets_tests::open::{RATE, UNITS};
use lets_tests::world::{key, prop};
use lets_tests::{Case, OpenStage};

/// More ERG than the whole line is worth after the crash.
const PARKED: u64 = 810_000_000_000;

fn params(stage: &OpenStage) -> TxParams {
    TxParams {
        height: stage.height,
        fee: NanoErg::MIN_FEE,
    }
}

/// The first member pays so much, by his signature alone.
fn pays(
    stage: &OpenStage,
    payer: &AccountBox,
    to: Payee<'_>,
    units: i64,
) -> Result<Trade, TradeError> {
    let funding = stage.funding(&stage.owner, 5.0);
    let payment = Payment {
        to,
        amount: Amount::new(units).unwrap(),
        memo: Vec::new(),
    };
    let spender = Spender {
        funding: Some(&funding),
        ..Spender::new(payer)
    };
    lets_protocol::pay(&stage.lets, spender, vec![payment], params(stage))
}

fn case(stage: &OpenStage, trade: &Trade) -> Case {
    Case::of(&trade.proposal, stage.height, &[&stage.owner])
}

fn rich(mut stage: OpenStage) -> OpenStage {
    stage.account = stage.account_with(&stage.account, |c| c.give_erg(0, PARKED));
    stage
}

// C4: an undrawn line was kept from the freeze by ERG above the account's floor, which its owner took out while he drew it.
#[test]
fn line_behind_erg_that_leaves_again_frozen() {
    let stage = rich(OpenStage::of(Kind::Lets1).later(2_000, 4 * RATE));
    stage.freeze().accepted();
    let drawn = pays(&stage, &stage.account, Payee::Direct(&stage.other), UNITS).unwrap();
    let taken = stage.funding(&stage.owner, 5.0).boxes.remove(0);
    case(&stage, &drawn)
        .with(|c| {
            let mut out = ErgoBoxCandidate::from(taken);
            out.value = PARKED.try_into().unwrap();
            c.add_output(out, 0);
        })
        .accepted();
}

// C3, D4: so was a debt from its call, and from being liquidated.
#[test]
fn debt_behind_erg_that_leaves_again_called() {
    let owing = OpenStage::of(Kind::Lets1).indebted(UNITS);
    rich(owing.later(2_000, 3 * RATE / 2)).call().accepted();
    rich(OpenStage::called(UNITS, 3 * RATE / 2))
        .liquidate(5_000)
        .accepted();
}

/// Whoever may claim the note.
fn bearer(stage: &OpenStage) -> Payee<'static> {
    Payee::Bearer {
        claimant: prop(&key(202)),
        expiry: Height(stage.height.0 + 20_000),
    }
}

// account.es C6: a marked debtor drew into a note of the mark's own class. Nobody could claim it, but the treasury's account
// absorb it, and as long as it stood it took the liquidators' discount away.
#[test]
fn marked_account_draws_into_no_note() {
    let stage = OpenStage::called(10_000, 4 * RATE);
    let called = longs(&stage.account.ergo_box().clone().into(), R4);
    let unmarked = stage.account_with(&stage.account, |c| {
        c.set_register(0, R4, called[..9].to_vec())
    });
    let drawn = case(
        &stage,
        &pays(&stage, &unmarked, bearer(&stage), 10_000).unwrap(),
    );
    drawn.accepted();
    for mark in [called[9], 0, -1, 1] {
        let terms = [&called[..9], &[mark]].concat();
        let marked = stage.account_with(&stage.account, |c| {
            c.set_register(0, R4, terms.clone());
        });
        let into = |classes: &[i64]| {
            let subject = marked.ergo_box().clone();
            drawn.clone().with(|c| {
                c.replace_input(0, subject);
                c.set_register(0, R4, terms.clone());
                let rules = [&longs(&c.outputs[1], R6)[..1], classes].concat();
                c.set_register(1, R6, rules);
            })
        };
        into(&[]).refused_at(0);
        let told = pays(&stage, &marked, bearer(&stage), 10_000).map(drop);
        // A class that somebody could have is no mark.
        if mark == 1 {
            into(&[mark]).accepted();
            told.unwrap();
        } else {
            into(&[mark]).refused_at(0);
            assert!(
                matches!(told, Err(TradeError::Rule(RuleViolation::PayeeClass { most, .. })) if most == Amount::ZERO)
            );
        }
    }
}

// What is his own, a marked member may pay by note.
#[test]
fn marked_account_pays_what_it_has_into_a_note() {
    let mut stage = OpenStage::called(UNITS, 4 * RATE);
    stage.account = stage.balanced(&stage.account, 700);
    case(
        &stage,
        &pays(&stage, &stage.account, bearer(&stage), 700).unwrap(),
    )
    .accepted();
    assert!(pays(&stage, &stage.account, bearer(&stage), 701).is_err());
}
