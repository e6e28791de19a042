//! Margin calls and liquidations: C1 to C4, D1 to D8.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6};
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{Amount, Blocks, Kind, Mark, OpenError};
use lets_tests::case::longs;
use lets_tests::open::{BACKING, EPOCH, RATE, UNITS};
use lets_tests::world::key;
use lets_tests::{Case, OpenStage};

/// At the margin of 150 percent 400 ERG carry 20,000 units up to a price of 0.0133 ERG.
const UNDER: i64 = 1_350_000_000;
const SECURE: i64 = 1_330_000_000;

fn owing(rate: i64) -> OpenStage {
    OpenStage::of(Kind::Lets1)
        .indebted(UNITS)
        .later(2_000, rate)
}

fn violation<T: std::fmt::Debug>(made: Result<T, OpenError>) -> OpenViolation {
    match made {
        Err(OpenError::Open(violation)) => violation,
        other => panic!("{other:?}"),
    }
}

fn call(stage: &OpenStage) -> OpenViolation {
    violation(lets_protocol::call(
        stage.at(),
        &stage.account,
        &stage.funding(&key(198), 1.0),
    ))
}

fn liquidate(stage: &OpenStage, units: i64) -> OpenViolation {
    violation(lets_protocol::liquidate(
        stage.at(),
        &stage.account,
        &stage.other,
        Amount::new(units).unwrap(),
        &stage.funding(&stage.other_key, 1.0),
    ))
}

/// The case with a subject of other content; its successor is changed by the same.
fn on(stage: &OpenStage, case: &Case, change: impl Fn(&mut Case, usize)) -> Case {
    let subject = stage.box_with(&case.inputs[1].0, |c| change(c, 0));
    case.clone().with(|c| {
        c.replace_input(1, subject);
        change(c, 1);
    })
}

// C1, C2
#[test]
fn call_taking_units_or_erg_refused() {
    let stage = owing(UNDER);
    let case = stage.call();
    case.accepted();
    case.clone().with(|c| c.move_erg(1, 2, 1)).refused_at(0);
    case.clone().with(|c| c.move_erg(2, 1, 1)).accepted();
    // The debt made larger by units that go back to the pot, or paid out of it.
    let stage = stage.indebted(UNITS - 100);
    let case = on(&owing(UNDER), &owing(UNDER).call(), |c, out| {
        let unit = stage.unit();
        c.set_tokens(out, |all| {
            all.retain(|(id, _)| *id != unit);
            all.push((unit, 100));
        });
    });
    case.accepted();
    let unit = stage.unit();
    case.clone()
        .with(|c| c.move_token(1, 0, unit, 1))
        .refused_at(0);
    case.clone()
        .with(|c| c.move_token(1, 2, unit, 1))
        .refused_at(0);
    case.with(|c| c.move_token(0, 1, unit, 1)).refused_at(0);
}

// C3: the margin, to the unit.
#[test]
fn call_within_the_margin_refused() {
    owing(UNDER).call().accepted();
    assert!(matches!(
        call(&owing(SECURE)),
        OpenViolation::Secured { debt, .. } if debt.units() == UNITS
    ));
    // 3,000 units at a price that makes 150 percent of it exactly 20,000,000 nanoErg: 400 ERG carry 20,000.
    let price = RATE * 4 / 3;
    for (debt, called) in [(20_000, false), (20_001, true)] {
        let stage = owing(price);
        let deep = |c: &mut Case, out: usize| {
            c.set_long(out, R4, 0, debt);
            let unit = stage.unit();
            c.set_tokens(out, |all| all.retain(|(id, _)| *id != unit));
        };
        let honest = owing(UNDER).call();
        let mut case = on(&stage, &honest, deep);
        case.data_inputs = vec![stage.oracle.ergo_box().clone()];
        let seen = vec![stage.oracle.created().as_i64(), price];
        case.set_register(0, R4, seen);
        match called {
            true => drop(case.accepted()),
            false => case.refused_at(0),
        }
    }
    // Collateral is what the terms keep in the box: ERG above their floor leaves when its owner likes, and counts for nothing.
    let mut richer = owing(UNDER);
    richer.account = richer.account_with(&richer.account, |c| c.give_erg(0, 10_000_000_000));
    richer.call().accepted();
    let floor = richer.account.terms().floor.0 + 10_000_000_000;
    richer.account = richer.on_terms(&richer.account, &[(3, i64::try_from(floor).unwrap())]);
    assert!(matches!(call(&richer), OpenViolation::Secured { .. }));
    // No debt, no call.
    let free = OpenStage::of(Kind::Lets1).later(2_000, 4 * RATE);
    assert!(matches!(call(&free), OpenViolation::Secured { .. }));
    let unit = free.unit();
    on(&free, &owing(UNDER).call(), |c, out| {
        c.set_tokens(out, |all| all.push((unit, 20_000)))
    })
    .refused_at(0);
}

// C3: the mark is the height of the call, a day ahead at most: nobody shortens or stretches the grace.
#[test]
fn call_dated_otherwise_refused() {
    let case = owing(UNDER).call();
    let height = i64::from(case.height);
    for (mark, accepted) in [
        (-height, true),
        (-(height + 720), true),
        (-(height - 1), false),
        (-(height + 721), false),
        (-1, false),
        // A freeze: its line is not covered.
        (0, true),
        (height, false),
        (i64::MIN, false),
    ] {
        let dated = case.clone().with(|c| c.set_long(1, R4, 9, mark));
        match accepted {
            true => drop(dated.accepted()),
            false => dated.refused_at(0),
        }
    }
    let terms = longs(&case.outputs[1], R4);
    let twice = [terms.as_slice(), &[-height]].concat();
    case.clone()
        .with(|c| c.set_register(1, R4, twice))
        .refused_at(0);
    // No mark at all is the owner's own to make: nothing changes, and he has not signed.
    case.clone()
        .with(|c| c.set_register(1, R4, terms[..9].to_vec()))
        .unproven();
    for place in 0..9 {
        case.clone()
            .with(|c| c.set_long(1, R4, place, terms[place] + 1))
            .refused_at(0);
    }
}

// C3: once until it lapses, so that nobody lengthens his own grace; a frozen account may be called.
#[test]
fn call_of_a_marked_account() {
    let called = OpenStage::called(UNITS, 2 * RATE);
    assert!(matches!(
        call(&called),
        OpenViolation::Marked {
            since: Mark::Called(_)
        }
    ));
    let case = owing(UNDER).call();
    let terms = longs(&case.inputs[1].0.clone().into(), R4);
    let marked = |mark: i64| {
        let stage = owing(UNDER);
        let subject = stage.box_with(&case.inputs[1].0, |c| {
            c.set_register(0, R4, [terms.as_slice(), &[mark]].concat())
        });
        case.clone().with(|c| c.replace_input(1, subject))
    };
    let height = i64::from(case.height);
    marked(0).accepted();
    marked(-height + 100).refused_at(0);
    marked(-height + 720 + 5_040).refused_at(0);
    marked(-height + 720 + 5_041).accepted();
}

// C4
#[test]
fn freeze_with_another_mark_or_twice_refused() {
    let mut stage = OpenStage::of(Kind::Lets1);
    stage.height = stage.height.plus(Blocks(22_000));
    let case = stage.freeze();
    case.accepted();
    for mark in [-1, 1, -i64::from(case.height)] {
        case.clone()
            .with(|c| c.set_long(1, R4, 9, mark))
            .refused_at(0);
    }
    let terms = longs(&case.inputs[1].0.clone().into(), R4);
    let marked = |mark: i64| {
        let subject = stage.box_with(&case.inputs[1].0, |c| {
            c.set_register(0, R4, [terms.as_slice(), &[mark]].concat())
        });
        case.clone().with(|c| c.replace_input(1, subject))
    };
    marked(-5).refused_at(0);
    // Frozen already, it would stay as it is: the owner's own to do.
    marked(0).unproven();
    // While it lives.
    let live = OpenStage::of(Kind::Lets1);
    assert!(matches!(
        violation(lets_protocol::freeze(
            live.at(),
            &live.account,
            &live.funding(&key(198), 1.0)
        )),
        OpenViolation::Secured { .. }
    ));
    case.clone().with(|c| c.move_erg(1, 2, 1)).refused_at(0);
}

// C4: the line counts, whatever is issued: a debt beyond it is called.
#[test]
fn freeze_looks_at_the_line() {
    let mut stage = owing(RATE);
    stage.account =
        stage.account_with(&stage.account, |c| c.take_erg(0, BACKING - 150_000_000_000));
    let case = stage.freeze();
    case.accepted();
    on(&stage, &case, |c, out| c.set_long(out, R4, 1, 5_000)).refused_at(0);
}

// C3, C4: below its least the oracle presses nobody, nor does a stale one, also where the least rate would do.
#[test]
fn margin_counts_under_a_pressing_oracle_alone() {
    let least = OpenStage::of(Kind::Lets1).pot.policy().oracle.least;
    let mut stage = owing(least);
    stage.account = stage.account_with(&stage.account, |c| c.take_erg(0, BACKING - 15_000_000_000));
    for case in [stage.call(), stage.freeze()] {
        case.accepted();
        let seen = longs(&case.inputs[0].0.clone().into(), R4);
        let made = stage.height.0 - 5;
        let stale = stage.height.0 - 200;
        for (rate, created, seen) in [
            (least - 1, made, vec![i64::from(made), least]),
            (least, stale, seen),
        ] {
            let other = stage.clone().told(rate, EPOCH, created);
            case.clone()
                .with(|c| {
                    c.data_inputs = vec![other.oracle.ergo_box().clone()];
                    c.set_register(0, R4, seen);
                })
                .refused_at(0);
        }
    }
}

#[test]
fn liquidation_in_part_and_whole_accepted() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    for units in [1_000, 5_000, 17_777] {
        stage.liquidate(units).accepted();
    }
    // All of it, by one who has so much: his own line carries it.
    stage.liquidate(UNITS).accepted();
}

// D1
#[test]
fn liquidation_of_a_debt_not_called_refused() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    let mut fresh = stage.clone();
    fresh.account = owing(2 * RATE).account;
    assert!(matches!(liquidate(&fresh, 5_000), OpenViolation::NotCalled));
    let case = stage.liquidate(5_000);
    let terms = longs(&case.outputs[1], R4);
    on(&stage, &case, |c, out| {
        c.set_register(out, R4, terms[..9].to_vec())
    })
    .refused_at(0);
    // Frozen is not called; nor is a mark that no call makes.
    for mark in [0, 1, i64::from(case.height) - 5_000] {
        on(&stage, &case, |c, out| c.set_long(out, R4, 9, mark)).refused_at(0);
    }
    on(&stage, &case, |c, out| {
        c.set_register(out, R4, [terms.as_slice(), &[0]].concat())
    })
    .refused_at(0);
}

// D1: on a chain younger than grace and time to liquidate, where no mark would be a call of long ago.
#[test]
fn liquidation_of_a_frozen_account_on_a_young_chain_refused() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    let mut case = stage.liquidate(5_000);
    case.height = 3_000;
    case.created_ago(1);
    for input in 0..case.inputs.len() {
        let young = |c: &mut Case| {
            c.outputs[0].creation_height = 2_000;
            if input == 2 {
                c.set_long(0, R6, 1, 2_000);
            }
        };
        let young = stage.box_with(&case.inputs[input].0, young);
        case.replace_input(input, young);
    }
    for place in [1, 3] {
        case.set_long(2, R6, place, 2_999);
    }
    let oracle = stage.clone().told(2 * RATE, EPOCH, 2_995).oracle;
    case.data_inputs = vec![oracle.ergo_box().clone()];
    case.set_register(0, R4, vec![2_995, 2 * RATE]);
    let marked = |mark: i64| on(&stage, &case, |c, out| c.set_long(out, R4, 9, mark));
    marked(-2_200).accepted();
    marked(0).refused_at(0);
}

// D2
#[test]
fn liquidation_within_the_grace_refused() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    let case = stage.liquidate(5_000);
    let height = i64::from(case.height);
    on(&stage, &case, |c, out| {
        c.set_long(out, R4, 9, -(height - 721))
    })
    .accepted();
    on(&stage, &case, |c, out| {
        c.set_long(out, R4, 9, -(height - 720))
    })
    .refused_at(0);
    let mut early = stage.clone();
    early.account = early.on_terms(&stage.account, &[(9, -(height - 720))]);
    assert!(matches!(
        liquidate(&early, 5_000),
        OpenViolation::Grace { from, .. } if from == height + 1
    ));
}

// D4: the rate has come back.
#[test]
fn liquidation_within_the_margin_refused() {
    let stage = OpenStage::called(UNITS, 2 * RATE).later(100, SECURE);
    assert!(matches!(
        liquidate(&stage, 5_000),
        OpenViolation::Secured { .. }
    ));
    let low = OpenStage::called(UNITS, 2 * RATE).later(100, UNDER);
    let case = low.liquidate(5_000);
    case.accepted();
    case.with(|c| {
        let other = low.clone().told(SECURE, EPOCH, c.height - 5);
        let seen = vec![other.oracle.created().as_i64(), SECURE];
        c.set_register(0, R4, seen);
        c.data_inputs = vec![other.oracle.ergo_box().clone()];
    })
    .refused_at(0);
}

// D5, D6
#[test]
fn liquidation_of_too_much_or_too_little_refused() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    assert!(matches!(
        liquidate(&stage, UNITS + 1),
        OpenViolation::Debt { .. }
    ));
    assert!(matches!(
        liquidate(&stage, 999),
        OpenViolation::Smallest { .. }
    ));
    let unit = stage.unit();
    stage
        .liquidate(1_000)
        .with(|c| {
            c.move_token(1, 2, unit, 1);
            c.move_erg(3, 1, 22_000_000);
        })
        .refused_at(0);
    stage
        .liquidate(UNITS)
        .with(|c| {
            let holder = key(240);
            c.add_input(stage.holding(&holder, &[(unit, 1)]), 3);
            c.signers.push(holder);
            c.set_tokens(1, |all| all[2].1 += 1);
        })
        .refused_at(0);
    // The last of a debt may be less than the smallest.
    let mut last = stage.clone();
    last.account = last.balanced(&stage.account, -500);
    last.account = last.account_with(&last.account, |c| c.take_erg(0, 399_000_000_000));
    assert!(
        matches!(liquidate(&last, 499), OpenViolation::Smallest { smallest, .. } if smallest.units() == 500)
    );
    let case = last.liquidate(500);
    case.accepted();
    case.with(|c| c.move_token(1, 2, unit, 1)).refused_at(0);
}

// D7: what is taken, to the nanoErg.
#[test]
fn liquidation_taking_more_than_the_discount_refused() {
    // 400.1 ERG behind 20,000 units: worth 133, 105 and 80 percent of them.
    let rates = [
        (1_500_000_000, 16_500_000),
        (1_905_000_000, 20_005_000),
        (2_500_000_000, 25_000_000),
    ];
    for (rate, each) in rates {
        let stage = OpenStage::called(UNITS, rate);
        let case = stage.liquidate(5_000);
        let taken = *case.inputs[1].0.value.as_u64() - *case.outputs[1].value.as_u64();
        assert_eq!(taken, 5_000 * each, "{rate}");
        case.accepted();
        case.clone().with(|c| c.move_erg(1, 3, 1)).refused_at(0);
        case.with(|c| c.move_erg(3, 1, 1)).accepted();
    }
}

// D8: the account keeps what pays its rent.
#[test]
fn liquidation_below_the_policys_floor_refused() {
    let stage = OpenStage::called(UNITS, 4 * RATE);
    let floor = stage.pot.policy().floor.0;
    let case = stage.liquidate(UNITS);
    assert_eq!(*case.outputs[1].value.as_u64(), floor);
    case.accepted();
    case.clone().with(|c| c.move_erg(1, 3, 1)).refused_at(0);
    // Where rent has eaten into it, what there is stays.
    let mut poor = stage.clone();
    poor.account = poor.account_with(&stage.account, |c| {
        let value = *c.outputs[0].value.as_u64();
        c.take_erg(0, value - floor + 100_000_000);
    });
    let case = poor.liquidate(5_000);
    case.accepted();
    case.with(|c| c.move_erg(1, 3, 1)).refused_at(0);
}

// The payer's own account rules hold for him, and his signature.
#[test]
fn liquidation_without_the_payers_signature_unproven() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    let case = stage.liquidate(5_000);
    case.clone().unsigned().unproven();
    case.with(|c| c.signers = vec![stage.owner.clone()])
        .unproven();
    let mut broke = stage.clone();
    broke.other = broke.balanced(&stage.other, -18_000);
    assert!(matches!(
        lets_protocol::liquidate(
            broke.at(),
            &broke.account,
            &broke.other,
            Amount::new(5_000).unwrap(),
            &broke.funding(&broke.other_key, 1.0)
        ),
        Err(OpenError::Rule(_))
    ));
}

// Liquidation by units out of the pot would pay a debt with nothing.
#[test]
fn liquidation_with_units_of_the_pot_refused() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    let unit = stage.unit();
    stage
        .liquidate(5_000)
        .with(|c| {
            c.move_token(0, 2, unit, 5_000);
        })
        .refused_at(0);
}

// Margin calls and liquidations belong to LETS-1 alone.
#[test]
fn call_and_liquidation_in_another_kind_refused() {
    for kind in [Kind::Lets2, Kind::Lets3, Kind::Lets4] {
        for (stage, case) in [(owing(UNDER), owing(UNDER).call()), {
            let called = OpenStage::called(UNITS, 2 * RATE);
            let case = called.liquidate(5_000);
            (called, case)
        }] {
            let pot = stage.box_with(&case.inputs[0].0, |c| c.set_long(0, R5, 0, kind.number()));
            case.with(|c| {
                c.replace_input(0, pot);
                c.set_long(0, R5, 0, kind.number());
            })
            .refused_at(0);
        }
    }
}

// A marked account draws no credit and may still be paid, claim and pay its debt down: account.es D5.
#[test]
fn marked_account_draws_no_credit() {
    let stage = OpenStage::called(10_000, 4 * RATE);
    let height = stage.height;
    let spend = |units: i64| {
        lets_protocol::rules::check_spend(
            &stage.account,
            lets_protocol::rules::Flow::out(Amount::new(units).unwrap()),
            true,
            height,
            &[stage.other.terms().class],
        )
    };
    assert!(spend(1).is_err());
    let paid = lets_protocol::rules::check_direct_gain(&stage.account, Amount::new(500).unwrap());
    assert!(paid.is_ok());
}
