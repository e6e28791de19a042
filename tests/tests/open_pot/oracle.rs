//! The oracle: O1 to O4, Q6.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R4;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{Blocks, Kind, OpenError};
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
fn reading(case: &Case, ergo_box: ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox) -> Case {
    case.clone().with(|c| c.data_inputs = vec![ergo_box])
}

// O1
#[test]
fn oracle_too_old_refused() {
    for (name, stage, case) in priced() {
        println!("{name}");
        let oldest = stage.pot.policy().oracle.oldest.0;
        let epoch = i32::try_from(longs(&case.outputs[0], R4)[0]).unwrap();
        let aged = |age: u32| {
            let other = stage
                .clone()
                .told(stage.oracle.rate(), epoch, case.height - age);
            reading(&case, other.oracle.ergo_box().clone())
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

// O2: young, and of an epoch long past: somebody let it be made anew as storage rent.
#[test]
fn oracle_made_anew_by_rent_refused() {
    for (name, stage, case) in priced() {
        println!("{name}");
        let mut later = case.clone();
        // The pot has not seen the oracle for 600 blocks: ten epochs of 60 at least.
        let seen = longs(&later.inputs[0].0.clone().into(), R4);
        let pot = stage.box_with(&later.inputs[0].0, |c| {
            c.set_register(0, R4, vec![seen[0], i64::from(later.height) - 600])
        });
        if name.starts_with("join") {
            let number = pot.box_id().into();
            later.set_tokens(1, |all| all[1].0 = number);
        }
        later.replace_input(0, pot);
        let of = |epoch: i64| {
            let epoch = i32::try_from(epoch).unwrap();
            let other = stage
                .clone()
                .told(stage.oracle.rate(), epoch, case.height - 5);
            let mut case = reading(&later, other.oracle.ergo_box().clone());
            let height = longs(&case.outputs[0], R4)[1];
            case.set_register(0, R4, vec![i64::from(epoch), height]);
            case
        };
        of(seen[0] + 10).accepted();
        of(seen[0] + 9).refused_at(0);
        of(seen[0] - 1).refused_at(0);
    }
}

// O3: 0, negative and absurd rates, and those just past the limits.
#[test]
fn oracle_rate_out_of_range_refused() {
    for (name, stage, case) in priced() {
        println!("{name}");
        let limits = stage.pot.policy().oracle;
        let epoch = i32::try_from(longs(&case.outputs[0], R4)[0]).unwrap();
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
            let other = stage.clone().told(rate, epoch, case.height - 5);
            reading(&case, other.oracle.ergo_box().clone()).refused_at(0);
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
        let epoch = i32::try_from(longs(&case.outputs[0], R4)[0]).unwrap();
        let rate = stage.oracle.rate();
        let made = case.height - 5;
        for registers in [
            vec![Constant::from(i32::MAX), Constant::from(epoch)],
            vec![Constant::from(vec![rate]), Constant::from(epoch)],
            vec![Constant::from(rate)],
            vec![],
        ] {
            reading(&case, oracle_of(registers, made, 900)).refused_at(0);
        }
        let long = vec![Constant::from(rate), Constant::from(i64::from(epoch))];
        reading(&case, oracle_of(long, made, 900)).refused_by_the_reference_alone_at(0);
    }
}

// Q6: what it has seen is what the oracle says, and when.
#[test]
fn oracle_seen_otherwise_refused() {
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let case = stage.adjust(1_000, BACKING);
    case.accepted();
    let seen = longs(&case.outputs[0], R4);
    let height = i64::from(case.height);
    let with = |epoch: i64, at: i64| {
        case.clone()
            .with(|c| c.set_register(0, R4, vec![epoch, at]))
    };
    with(seen[0], height).accepted();
    with(seen[0], height - 719).accepted();
    with(seen[0], height - 720).refused_at(0);
    with(seen[0], height + 1).refused_at(0);
    with(seen[0] + 1, seen[1]).refused_at(0);
    with(seen[0] - 1, seen[1]).refused_at(0);
    case.with(|c| c.set_register(0, R4, vec![seen[0], seen[1], 0]))
        .refused_at(0);
}

// O4, C4: at the age of death, or with nothing seen for so long and a box that is young by rent alone.
#[test]
fn oracle_dead_by_age_or_by_pace() {
    let stage = OpenStage::of(Kind::Lets1);
    let dead = stage.pot.policy().oracle.dead;
    let made = stage.oracle.created();
    let at = |height: u32| {
        let mut later = stage.clone();
        later.height = lets_protocol::Height(height);
        later
    };
    let first = made.0 + dead.0;
    at(first).freeze().accepted();
    let early = at(first).freeze().with(|c| c.height -= 1).with(|c| {
        for output in &mut c.outputs {
            output.creation_height = output.creation_height.min(c.height - 1);
        }
    });
    early.refused_at(0);
    assert!(matches!(
        lets_protocol::freeze(at(first - 1).at(), &stage.account, &at(first - 1).funding(&key(198), 1.0)),
        Err(OpenError::Open(OpenViolation::OracleAlive { from })) if from.0 == first + 1
    ));
    // Made anew after almost four years (the pot is not free to take itself): young, and of the epoch of then.
    let years = Blocks(Blocks::STORAGE_PERIOD.0 - 100);
    let mut anew = stage.clone();
    anew.height = anew.height.plus(years);
    let made = anew.height.0 - 5;
    let anew = anew.told(RATE, EPOCH, made);
    let case = anew.freeze();
    case.accepted();
    // A live pool's box of that age is no sign of death.
    let epochs = i32::try_from(years.0 / 60).unwrap();
    let live = anew.clone().told(RATE, EPOCH + epochs + 1, made);
    reading(&case, live.oracle.ergo_box().clone()).refused_at(0);
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
