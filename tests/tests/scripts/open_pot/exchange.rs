//! A LETS-3's units for ERG and back: B1 to B5, M1 to M4.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5};
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{Amount, Blocks, Kind, NanoErg, OpenError};
use lets_tests::case::longs;
use lets_tests::open::{EPOCH, RATE, UNITS};
use lets_tests::world::key;
use lets_tests::{Case, OpenStage};

fn stage() -> OpenStage {
    OpenStage::of(Kind::Lets3)
}

fn given(case: &Case) -> i64 {
    let value = |b: u64| i64::try_from(b).unwrap();
    value(*case.outputs[0].value.as_u64()) - value(*case.inputs[0].0.value.as_u64())
}

// B1
#[test]
fn exchange_on_other_terms_refused() {
    let stage = stage();
    for case in [stage.buy(1_000), stage.redeem(1_000)] {
        let terms = longs(&case.outputs[1], R4);
        for place in 0..9 {
            for by in [-1, 1] {
                case.clone()
                    .with(|c| c.set_long(1, R4, place, terms[place] + by))
                    .refused_at(0);
            }
        }
        for changed in [terms[..8].to_vec(), [terms.as_slice(), &[0]].concat()] {
            case.clone()
                .with(|c| c.set_register(1, R4, changed))
                .refused_at(0);
        }
    }
}

// B2, M1
#[test]
fn exchange_of_units_that_are_not_the_pots_refused() {
    let stage = stage();
    let unit = stage.unit();
    let holder = key(240);
    for case in [stage.buy(1_000), stage.redeem(1_000)] {
        case.clone().with(|c| c.steal(0, unit, 1, 2)).refused_at(0);
        let mut brought = case;
        brought.add_input(stage.holding(&holder, &[(unit, 1)]), 2);
        brought.signers.push(holder.clone());
        brought.set_tokens(0, |all| all[2].1 += 1);
        brought.refused_at(0);
    }
}

// B3
#[test]
fn buy_past_the_most_at_once_or_the_cap_refused() {
    let stage = stage();
    let unit = stage.unit();
    let rich = |stage: &OpenStage, units: i64| {
        let funding = stage.funding(&stage.owner, 9_000.0);
        lets_protocol::buy(
            stage.at(),
            &stage.account,
            Amount::new(units).unwrap(),
            &funding,
        )
    };
    let case = |stage: &OpenStage, units| {
        Case::of(
            &rich(stage, units).unwrap().proposal,
            stage.height,
            &[&stage.owner],
        )
    };
    let one_more = |c: &mut Case| {
        c.move_token(0, 1, unit, 1);
        c.move_erg(2, 0, 20_000_000);
    };
    case(&stage, 100_000).accepted();
    assert!(matches!(
        rich(&stage, 100_001),
        Err(OpenError::Open(OpenViolation::Credit { .. }))
    ));
    case(&stage, 100_000).with(one_more).refused_at(0);
    let mut full = stage.clone();
    full.account = full.balanced(&full.account, 499_000);
    case(&full, 1_000).accepted();
    assert!(matches!(
        rich(&full, 1_001),
        Err(OpenError::Open(OpenViolation::Cap { .. }))
    ));
    case(&full, 1_000).with(one_more).refused_at(0);
}

// B5: their price at the cover, to the nanoErg.
#[test]
fn buy_below_the_price_refused() {
    let case = stage().buy(1_000);
    assert_eq!(given(&case), 20_000_000_000);
    case.accepted();
    case.with(|c| c.move_erg(0, 2, 1)).refused_at(0);
}

// M2: the share of the reserve, when ERG has fallen: 40,000 units are out, and 400,000 * 2 nanoErg of each 10^6 behind them.
#[test]
fn redeem_above_the_share_of_the_reserve_refused() {
    let stage = stage().later(100, 4 * RATE);
    let share = stage.pot.share();
    assert_eq!(share, 20_000_000);
    assert_eq!(stage.pot.policy().price(4 * RATE, 100), 40_000_000);
    let case = stage.redeem(1_000);
    assert_eq!(given(&case), -20_000_000_000);
    case.accepted();
    case.with(|c| c.move_erg(0, 2, 1)).refused_at(0);
}

// M3: the price, when it is less than the share.
#[test]
fn redeem_above_the_price_refused() {
    let case = stage().redeem(1_000);
    assert_eq!(given(&case), -10_000_000_000);
    case.accepted();
    case.with(|c| c.move_erg(0, 2, 1)).refused_at(0);
}

// M3: a rate beyond the range counts as its limit.
#[test]
fn redeem_at_a_rate_beyond_the_range() {
    for (rate, each) in [
        (1, 1_000_000),
        (0, 1_000_000),
        (-5, 1_000_000),
        (i64::MAX, 20_000_000),
        (150_000_000, 1_500_000),
    ] {
        let stage = stage();
        let made = stage.height.0 - 5;
        let case = stage.told(rate, EPOCH, made).redeem(1_000);
        assert_eq!(given(&case), -1_000 * each);
        case.accepted();
        case.with(|c| c.move_erg(0, 2, 1)).refused_at(0);
    }
}

// M4: with a dead oracle the share, and with one that is neither known nor dead nothing.
#[test]
fn redeem_with_a_dead_oracle_at_the_share() {
    let mut dead = stage();
    dead.height = dead.height.plus(Blocks(22_000));
    let case = dead.redeem(1_000);
    assert_eq!(given(&case), -20_000_000_000);
    case.accepted();
    case.clone().with(|c| c.move_erg(0, 2, 1)).refused_at(0);
    case.clone().with(|c| c.data_inputs.clear()).refused_at(0);
    let mut silent = stage();
    silent.height = silent.height.plus(Blocks(5_000));
    assert!(matches!(
        lets_protocol::redeem(
            silent.at(),
            &silent.account,
            Amount::new(1_000).unwrap(),
            &silent.funding(&silent.owner, 1.0)
        ),
        Err(OpenError::Open(OpenViolation::OracleAge { .. }))
    ));
    // The same silent box, read early: 5,000 blocks are no death.
    case.with(|c| {
        c.height -= 17_000;
        c.created_ago(1);
    })
    .refused_at(0);
}

// Whoever buys and redeems at one rate loses the cover's margin, and nobody's share falls.
#[test]
fn buy_and_redeem_leaves_the_others_share() {
    let mut stage = stage();
    let before = stage.pot.share();
    let units = Amount::new(10_000).unwrap();
    let bought = lets_protocol::buy(
        stage.at(),
        &stage.account,
        units,
        &stage.funding(&stage.owner, 900.0),
    )
    .unwrap();
    (stage.pot, stage.account) = (bought.pot, bought.account);
    let back = lets_protocol::redeem(
        stage.at(),
        &stage.account,
        units,
        &stage.funding(&stage.owner, 1.0),
    )
    .unwrap();
    assert!(back.erg < bought.erg);
    assert!(back.pot.share() >= before);
    assert_eq!(back.account.balance().units(), UNITS);
    assert!(matches!(
        lets_protocol::redeem(
            stage.at(),
            &stage.account,
            Amount::new(UNITS + 10_001).unwrap(),
            &stage.funding(&stage.owner, 1.0)
        ),
        Err(OpenError::Open(OpenViolation::NotHeld { .. }))
    ));
    assert!(back.erg > NanoErg(0));
}

// X6
#[test]
fn exchange_without_the_owners_signature_unproven() {
    let stage = stage();
    let stranger = key(240);
    let strangers = vec![
        stranger.clone(),
        stage.other_key.clone(),
        stage.treasury.clone(),
    ];
    stage
        .redeem(1_000)
        .with(|c| c.signers = strangers.clone())
        .unproven();
    let case = stage.buy(1_000);
    let other = stage.box_with(&case.inputs[2].0, |c| {
        c.outputs[0].ergo_tree = lets_tests::world::p2pk(&stranger)
    });
    case.with(|c| {
        c.replace_input(2, other);
        c.signers = strangers;
    })
    .unproven();
}

// Units are bought and redeemed in LETS-3 alone.
#[test]
fn exchange_in_another_kind_refused() {
    for kind in [Kind::Lets1, Kind::Lets2, Kind::Lets4] {
        let stage = stage();
        let pot = stage.box_with(stage.pot.ergo_box(), |c| {
            c.set_long(0, R5, 0, kind.number())
        });
        for case in [stage.buy(1_000), stage.redeem(1_000)] {
            case.with(|c| {
                c.replace_input(0, pot.clone());
                c.set_long(0, R5, 0, kind.number());
            })
            .refused_at(0);
        }
        let other = OpenStage::of(kind);
        assert!(matches!(
            lets_protocol::buy(
                other.at(),
                &other.account,
                Amount::new(5).unwrap(),
                &other.funding(&other.owner, 900.0)
            ),
            Err(OpenError::Open(OpenViolation::Kind { .. }))
        ));
    }
}
