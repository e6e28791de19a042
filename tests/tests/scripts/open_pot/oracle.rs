//! The oracle: O1 to O4, Q6.

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R4;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{Blocks, Kind, OpenError, OracleBox, OracleLimits, Seen};
use lets_tests::case::longs;
use lets_tests::hand::junk;
use lets_tests::open::{BACKING, EPOCH, RATE, UNITS, oracle_of};
use lets_tests::world::key;
use lets_tests::{Case, OpenStage};

/// The actions that need the oracle live.
fn priced() -> Vec<(&'static str, OpenStage, Case)> {
    let all = OpenStage::account_actions().into_iter();
    all.filter(|(name, ..)| *name != "freeze" && *name != "redeem")
        .collect()
}

/// The same with another box read.
fn reading(case: &Case, ergo_box: ErgoBox) -> Case {
    case.clone().with(|c| c.data_inputs = vec![ergo_box])
}

/// The same with another box read, which the pot writes down.
fn noting(case: &Case, oracle: &OracleBox, limits: OracleLimits) -> Case {
    let rate = oracle.rate().clamp(limits.least, limits.highest);
    reading(case, oracle.ergo_box().clone())
        .with(|c| c.set_register(0, R4, vec![oracle.created().as_i64(), rate]))
}

// O1
#[test]
fn oracle_too_old_refused() {
    for (name, stage, case) in priced() {
        println!("{name}");
        let limits = stage.pot.policy().oracle;
        let oldest = limits.oldest.0;
        let aged = |age: u32| {
            let other = stage
                .clone()
                .told(stage.oracle.rate(), EPOCH, case.height - age);
            noting(&case, &other.oracle, limits)
        };
        aged(oldest - 1).accepted();
        aged(oldest).refused_at(0);
    }
    let stage = OpenStage::of(Kind::Lets1);
    let stale = stage.clone().told(RATE, EPOCH, stage.height.0 - 100);
    assert!(matches!(
        lets_protocol::adjust(
            stale.at(),
            &stale.account,
            lets_protocol::Amount::new(30_000).unwrap(),
            lets_protocol::NanoErg(700_000_000_000),
            &stale.funding(&stale.owner, 900.0)
        ),
        Err(OpenError::Open(OpenViolation::OracleAge { .. }))
    ));
}

// O2: the pot has seen no box for so long that one of the pool's may have become rent: made anew it is young, taken it says
// whatever the thief likes.
#[test]
fn oracle_that_rent_may_have_renewed_refused() {
    for (name, stage, case) in priced() {
        println!("{name}");
        let seen_ago = |blocks: u32| {
            let mut later = case.clone();
            let pot = stage.box_with(&later.inputs[0].0, |c| {
                c.set_long(0, R4, 0, i64::from(case.height - blocks))
            });
            if name.starts_with("join") {
                let number = pot.box_id().into();
                later.set_tokens(1, |all| all[1].0 = number);
            }
            later.replace_input(0, pot);
            later
        };
        seen_ago(Seen::SAFE.0 - 1).accepted();
        seen_ago(Seen::SAFE.0).refused_at(0);
    }
}

// O3: 0, negative and absurd rates, and those just past the limits.
#[test]
fn oracle_rate_out_of_range_refused() {
    for (name, stage, case) in priced() {
        println!("{name}");
        let limits = stage.pot.policy().oracle;
        for rate in [
            0,
            -1,
            -RATE,
            i64::MIN,
            i64::MAX,
            limits.least - 1,
            limits.highest + 1,
        ] {
            // A rate past the highest counts as the highest against a debt.
            if rate > limits.highest && (name == "call" || name == "liquidate") {
                continue;
            }
            let other = stage.clone().told(rate, EPOCH, case.height - 5);
            noting(&case, &other.oracle, limits).refused_at(0);
        }
    }
    // At the limits it counts: a line covered at the highest is covered at each below.
    for rate in [100_000_000, 4_000_000_000] {
        let stage = OpenStage::of(Kind::Lets1);
        let made = stage.height.0 - 5;
        let stage = stage.told(rate, EPOCH, made);
        stage.adjust(1_000, BACKING).accepted();
    }
}

// Another token, another amount, another place; a box of the thief's.
#[test]
fn oracle_forged_refused() {
    for (name, stage, case) in priced() {
        println!("{name}");
        let real = stage.oracle.ergo_box();
        let forged = [
            stage.box_with(real, |c| c.set_tokens(0, |all| all[0].0 = junk(9))),
            stage.box_with(real, |c| c.set_tokens(0, |all| all[0].1 = 2)),
            stage.box_with(real, |c| c.set_tokens(0, |all| all.swap(0, 1))),
            stage.box_with(real, |c| c.set_tokens(0, |all| all.clear())),
            stage.holding(&key(250), &[]),
        ];
        for forged in forged {
            reading(&case, forged.clone()).refused_at(0);
            // The right one beside it, at the second place.
            case.clone()
                .with(|c| c.data_inputs = vec![forged, real.clone()])
                .refused_at(0);
        }
        case.clone().with(|c| c.data_inputs.clear()).refused_at(0);
    }
}

// The published contracts read the rate as an Int, where pools write a Long; ours takes nothing else for it.
#[test]
fn oracle_of_another_type_refused() {
    for (name, stage, case) in priced() {
        println!("{name}");
        let made = stage.oracle.created().0;
        let rate = stage.oracle.rate();
        for registers in [
            vec![Constant::from(i32::MAX)],
            vec![Constant::from(vec![rate])],
            vec![],
        ] {
            reading(&case, oracle_of(registers, made, 900)).refused_at(0);
        }
        // The epoch is the pool's own business.
        let long = vec![Constant::from(rate), Constant::from(7_i64)];
        reading(&case, oracle_of(long, made, 900)).accepted();
    }
}

// Q6: what the pot writes down is what the oracle says, or what stood there.
#[test]
fn oracle_seen_otherwise_refused() {
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let case = stage.adjust(1_000, BACKING);
    case.accepted();
    let seen = longs(&case.outputs[0], R4);
    let with = |numbers: Vec<i64>| case.clone().with(|c| c.set_register(0, R4, numbers));
    for by in [-1, 1] {
        with(vec![seen[0] + by, seen[1]]).refused_at(0);
        with(vec![seen[0], seen[1] + by]).refused_at(0);
    }
    with(vec![seen[0], seen[1], 0]).refused_at(0);
    with(vec![seen[0]]).refused_at(0);
    with(vec![]).refused_at(0);
    // Without a box nothing is written down.
    let close = stage.close();
    close.accepted();
    close.with(|c| c.set_register(0, R4, seen)).refused_at(0);
}

// O4, C4: at the age of death, or after the silence of O2, with the oracle's box and without.
#[test]
fn oracle_dead_by_age_or_by_silence() {
    let stage = OpenStage::of(Kind::Lets1);
    let dead = stage.pot.policy().oracle.dead;
    let made = stage.oracle.created();
    let at = |height: u32| {
        let mut later = stage.clone();
        later.height = lets_protocol::Height(height);
        later
    };
    let earlier = |c: &mut Case| {
        c.height -= 1;
        for output in &mut c.outputs {
            output.creation_height = output.creation_height.min(c.height - 1);
        }
    };
    let first = made.0 + dead.0;
    at(first).freeze().accepted();
    at(first).freeze().with(earlier).refused_at(0);
    assert!(matches!(
        lets_protocol::freeze(at(first - 1).at(), &stage.account, &at(first - 1).funding(&key(198), 1.0)),
        Err(OpenError::Open(OpenViolation::OracleAlive { from })) if from.0 == first + 1
    ));
    let mut silent = at(u32::try_from(stage.pot.seen().created).unwrap() + Seen::SAFE.0 - 1);
    let young = silent.height.0 - 5;
    silent.account = silent.account_with(&silent.account, |c| c.outputs[0].creation_height = young);
    silent.bend_pot(|c| c.outputs[0].creation_height = young);
    let silent = silent.told(RATE, EPOCH, young);
    let case = silent.freeze();
    case.accepted();
    case.clone().with(|c| c.data_inputs.clear()).accepted();
    case.clone().with(earlier).refused_at(0);
    case.with(|c| {
        c.data_inputs.clear();
        earlier(c);
    })
    .refused_at(0);
}

// With a dead oracle debt only shrinks, and what is not owed for leaves.
#[test]
fn oracle_dead_debt_shrinks_and_collateral_of_the_debt_free_leaves() {
    let mut stage = OpenStage::of(Kind::Lets1);
    stage.height = stage.height.plus(Blocks(25_000));
    let ask = |line: i64, collateral: u64| {
        lets_protocol::adjust(
            stage.at(),
            &stage.account,
            lets_protocol::Amount::new(line).unwrap(),
            lets_protocol::NanoErg(collateral),
            &stage.funding(&stage.owner, 900.0),
        )
    };
    assert!(ask(UNITS + 1, 2 * BACKING).is_err());
    assert!(ask(UNITS, BACKING - 1).is_err());
    assert!(ask(1, BACKING - 1).is_err());
    stage.adjust(UNITS - 1, BACKING).accepted();
    stage.adjust(UNITS, BACKING + 1).accepted();
    stage.adjust(0, 0).accepted();
    stage.close().accepted();
    let owing = stage.indebted(5_000);
    owing.adjust(0, BACKING).accepted();
    owing
        .adjust(0, BACKING)
        .with(|c| {
            let floor = longs(&c.outputs[1], R4)[3];
            c.set_long(1, R4, 3, floor - 1);
            c.move_erg(1, 2, 1);
        })
        .refused_at(0);
}
