//! Corners of the script that no other test tells apart: each was found by a mutant that nothing noticed.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R4;
use ergo_lib::ergotree_ir::mir::constant::Constant;
use lets_protocol::{Amount, Join, Kind, NanoErg, Policy};
use lets_tests::OpenStage;
use lets_tests::case::longs;
use lets_tests::hand::junk;
use lets_tests::open::{BACKING, EPOCH, RATE, UNITS, asking, oracle_of, policy};
use lets_tests::world::key;

// Q3: junk for the membership tokens, in the pot and in the new account alike: all true ones were a thief's.
#[test]
fn membership_tokens_changed_for_junk_on_both_sides_refused() {
    let stage = OpenStage::of(Kind::Lets3);
    let (membership, holder) = (stage.membership(), key(240));
    let case = stage.join().with(|c| {
        let spare = c.outputs.len() - 2;
        let left = &c.outputs[0].tokens.as_ref().unwrap().as_vec()[1];
        let left = *left.amount.as_u64();
        c.add_input(stage.holding(&holder, &[(junk(77), left + 1)]), spare);
        c.signers.push(holder);
        c.set_tokens(0, |all| all[1].0 = junk(77));
        c.set_tokens(1, |all| all[0].0 = junk(77));
        c.set_tokens(spare, |all| all.push((membership, left + 1)));
    });
    case.refused_at(0);
}

// O1: what is read beside, without tokens, is no oracle, and no reason to fail; the oracle's NFT needs none beside it.
#[test]
fn boxes_read_with_no_token_and_with_the_nft_alone() {
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let bare = stage.holding(&key(240), &[]);
    stage
        .close()
        .with(|c| c.data_inputs = vec![bare])
        .accepted();
    let case = stage.adjust(30_000, 2 * BACKING);
    let registers = vec![Constant::from(RATE), Constant::from(EPOCH)];
    let oracle = oracle_of(registers, stage.oracle.created().0, 950);
    let lone = stage.box_with(&oracle, |c| c.set_tokens(0, |all| all.truncate(1)));
    case.with(|c| c.data_inputs = vec![lone]).accepted();
}

// C3: what the caller adds does not count, nor what a liquidation takes.
#[test]
fn margin_looks_at_the_erg_before() {
    // 400.1 ERG carry 20,000 units up to 4/3 of the first rate.
    let stage = OpenStage::of(Kind::Lets1)
        .indebted(UNITS)
        .later(2_000, 1_335_000_000);
    stage
        .call()
        .with(|c| c.move_erg(2, 1, 900_000_000))
        .accepted();
    let low = OpenStage::called(UNITS, 2 * RATE).later(100, 1_400_000_000);
    let within = low.clone().told(1_330_000_000, EPOCH, low.height.0 - 5);
    low.liquidate(5_000)
        .with(|c| {
            c.data_inputs = vec![within.oracle.ergo_box().clone()];
            let seen = vec![within.oracle.created().as_i64(), 1_330_000_000];
            c.set_register(0, R4, seen);
            // At the lower rate less may be taken.
            c.move_erg(3, 1, 5_000_000_000);
        })
        .refused_at(0);
}

// O1: a rate of long ago, which the pot does not write down either.
#[test]
fn stale_rate_that_is_not_written_down_refused() {
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let stale = stage.clone().told(RATE, EPOCH, stage.height.0 - 200);
    let case = stage.adjust(30_000, 2 * BACKING);
    case.accepted();
    case.with(|c| {
        c.data_inputs = vec![stale.oracle.ergo_box().clone()];
        let seen = longs(&c.inputs[0].0.clone().into(), R4);
        c.set_register(0, R4, seen);
    })
    .refused_at(0);
}

// X: the ERG of who leaves without units may go to a box with tokens of any number.
#[test]
fn exit_into_a_box_with_three_tokens_accepted() {
    let mut stage = OpenStage::of(Kind::Lets3);
    stage.account = stage.balanced(&stage.account, 0);
    let holder = key(240);
    let held = [(junk(1), 1), (junk(2), 1), (junk(3), 1_000_000)];
    stage
        .close()
        .with(|c| {
            c.add_input(stage.holding(&holder, &held), 1);
            c.signers.push(holder);
            c.set_tokens(1, |all| all.extend(held));
        })
        .accepted();
}

// D: a liquidation changes no term, returns nothing to the pot, and may be of the last single unit.
#[test]
fn liquidation_beside_other_changes_refused() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    let (unit, case) = (stage.unit(), stage.liquidate(5_000));
    for (place, by) in [(0, 1), (1, 1), (2, 1), (8, -1), (9, -1)] {
        case.clone()
            .with(|c| {
                let now = longs(&c.outputs[1], R4)[place];
                c.set_long(1, R4, place, now + by);
            })
            .refused_at(0);
    }
    case.clone()
        .with(|c| c.move_token(2, 0, unit, 1))
        .refused_at(0);
    let mut last = stage.clone();
    last.account = last.balanced(&stage.account, -1);
    last.account = last.account_with(&last.account, |c| c.take_erg(0, 400_090_000_000));
    last.liquidate(1).accepted();
}

// C: a call gives the debtor nothing, and the pot neither.
#[test]
fn call_beside_units_refused() {
    let stage = OpenStage::of(Kind::Lets1)
        .indebted(UNITS)
        .later(2_000, 2 * RATE);
    let (unit, holder) = (stage.unit(), key(240));
    for to in [0, 1] {
        stage
            .call()
            .with(|c| {
                c.add_input(stage.holding(&holder, &[(unit, 5)]), 2);
                c.signers.push(holder.clone());
                match to {
                    0 => c.set_tokens(0, |all| all[2].1 += 5),
                    _ => c.set_tokens(1, |all| all.push((unit, 5))),
                }
            })
            .refused_at(0);
    }
}

// W: whoever is marked may renew his box as it is, and take the mark away alone when all is covered again.
#[test]
fn adjust_of_a_marked_account_and_nothing_else() {
    let called = OpenStage::called(UNITS, 2 * RATE);
    let same = called.adjust(UNITS, BACKING);
    assert_eq!(
        longs(&same.outputs[1], R4),
        longs(&same.inputs[1].0.clone().into(), R4)
    );
    same.accepted();
    let calm = called.later(60, RATE);
    let cleared = calm.adjust(UNITS, BACKING);
    let terms = longs(&cleared.inputs[1].0.clone().into(), R4);
    assert_eq!(longs(&cleared.outputs[1], R4)[..], terms[..9]);
    cleared.accepted();
}

// W1, W10: a debt beyond the line is issued, and no line.
#[test]
fn adjust_of_a_debt_beyond_the_line() {
    let mut stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    stage.account = stage.on_terms(&stage.account, &[(0, 15_000), (1, 5_000)]);
    stage.account = stage.balanced(&stage.account, -15_000);
    stage.adjust(18_000, BACKING).accepted();
    let made = stage.height.0 - 3_000;
    let silent = stage.clone().told(RATE, EPOCH, made);
    let less = silent.adjust(5_000, BACKING);
    less.accepted();
    less.with(|c| c.set_long(1, R4, 1, 15_000)).refused_at(0);
}

// W6: the lock holds the floor, however little ERG is above it.
#[test]
fn adjust_freeing_collateral_with_nothing_to_spare_refused() {
    let stage = OpenStage::of(Kind::Lets1);
    let case = stage.adjust(1_000, BACKING);
    case.clone()
        .with(|c| {
            let floor = longs(&c.outputs[1], R4)[3] - 100_000_000_000;
            c.set_long(1, R4, 3, floor);
            let over = *c.outputs[1].value.as_u64() - floor.unsigned_abs();
            c.move_erg(1, 2, over);
        })
        .refused_at(0);
}

// B5, M: one unit is bought at the cover, and nothing is redeemed under any oracle that is known or dead.
#[test]
fn one_unit_and_none() {
    let stage = OpenStage::of(Kind::Lets3).later(2_000, RATE);
    let one = stage.buy(1);
    one.accepted();
    one.with(|c| c.move_erg(0, 2, 1)).refused_at(0);
    let beyond = stage.clone().told(4_000_000_001, EPOCH, stage.height.0 - 5);
    let unit = stage.unit();
    let case = stage.redeem(1);
    let (before, after) = (&case.inputs[0].0.value, &case.outputs[0].value);
    let given = before.as_u64() - after.as_u64();
    let change = case.outputs.len() - 2;
    case.with(|c| {
        let payer = key(240);
        c.add_input(stage.holding(&payer, &[]), change);
        c.signers.push(payer);
        c.move_token(0, 1, unit, 1);
        c.move_erg(change, 0, given);
        c.data_inputs = vec![beyond.oracle.ergo_box().clone()];
        let seen = vec![beyond.oracle.created().as_i64(), 4_000_000_000];
        c.set_register(0, R4, seen);
    })
    .accepted();
}

// J: whoever joins brings no units into the pot, and has no class of his own choice.
#[test]
fn join_bringing_units_or_a_class_refused() {
    let holder = key(240);
    for kind in [Kind::Lets1, Kind::Lets3] {
        let stage = OpenStage::of(kind);
        let none = Join {
            units: Amount::ZERO,
            backing: NanoErg(0),
            ..asking(stage.pot.policy(), &stage.joiner())
        };
        let case = stage.join_as(none);
        let told = case.clone().with(|c| {
            c.data_inputs = vec![stage.oracle.ergo_box().clone()];
            c.set_register(0, R4, vec![stage.oracle.created().as_i64(), RATE]);
        });
        told.accepted();
        for case in [&case, &told] {
            case.clone()
                .with(|c| {
                    let spare = c.outputs.len() - 2;
                    c.add_input(stage.holding(&holder, &[(stage.unit(), 5)]), spare);
                    c.signers.push(holder.clone());
                    c.set_tokens(0, |all| all[2].1 += 5);
                    if kind == Kind::Lets1 {
                        c.set_long(1, R4, 0, -5);
                        c.set_long(1, R4, 1, -5);
                    }
                })
                .refused_at(0);
        }
        if kind == Kind::Lets3 {
            case.with(|c| c.set_long(1, R4, 8, -1)).refused_at(0);
        }
    }
}

// J16: what is paid as a fee backs no units.
#[test]
fn join_with_a_fee_beside_what_backs() {
    let policy = Policy {
        fee: NanoErg(1_000_000_000),
        ..policy(Kind::Lets3)
    };
    let join = OpenStage::under(policy, 10).join();
    join.accepted();
    join.with(|c| c.move_erg(0, 2, 1)).refused_at(0);
}

// W10, W11: whoever has issued nothing may begin, whoever issued less than that not; and without an oracle no unit is
// given, not even the one that the line is above what was issued.
#[test]
fn adjust_around_nothing_issued() {
    let mut stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let (honest, unit) = (stage.account.clone(), stage.unit());
    stage.account = stage.balanced(&stage.account, -UNITS);
    stage.account = stage.on_terms(&stage.account, &[(0, 0), (1, 0)]);
    let begins = stage.adjust(UNITS, BACKING);
    begins.accepted();
    let below = stage.box_with(&begins.inputs[1].0, |c| c.set_long(0, R4, 0, -1));
    begins
        .with(|c| {
            c.replace_input(1, below);
            c.move_token(0, 1, unit, 1);
        })
        .refused_at(0);
    stage.account = honest;
    let silent = stage.clone().told(RATE, EPOCH, stage.height.0 - 3_000);
    let same = silent.adjust(UNITS, BACKING);
    same.accepted();
    let short = stage.box_with(&same.inputs[1].0, |c| {
        c.set_long(0, R4, 0, UNITS - 1);
        c.set_tokens(0, |all| all[2].1 -= 1);
    });
    same.with(|c| {
        c.replace_input(1, short);
        c.set_tokens(0, |all| all[2].1 -= 1);
    })
    .refused_at(0);
}
