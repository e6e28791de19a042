//! Proof that the oracle of open pots bites: an honest transaction is accepted and keeps every invariant; with one thing
//! changed behind the scripts' back it does not.

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5};
use lets_protocol::Kind;
use lets_tests::adversary::oracle::{self, Deed};
use lets_tests::adversary::{Fate, Judges, try_out};
use lets_tests::open::{BACKING, ORACLE, RATE, UNITS};
use lets_tests::{Case, OpenStage};

/// What the oracle says of a transaction that was accepted, after `change` has made another of it.
#[track_caller]
fn breach(stage: &OpenStage, case: &Case, change: impl FnOnce(&mut Deed)) -> &'static str {
    let fate = try_out(case, Judges::Both);
    let Fate::Accepted(mut deed) = fate else {
        panic!("the honest transaction is not accepted: {fate:?}");
    };
    assert_eq!(oracle::check_open(&stage.lets, &ORACLE, &deed), Ok(()));
    change(&mut deed);
    let found = oracle::check_open(&stage.lets, &ORACLE, &deed);
    found.unwrap_err().invariant
}

fn bend(stage: &OpenStage, place: &mut ErgoBox, change: impl FnOnce(&mut Case)) {
    *place = stage.box_with(place, change);
}

#[test]
fn policy_and_memory_that_change_are_seen() {
    let stage = OpenStage::of(Kind::Lets1);
    for (register, place) in [(R5, 2), (R4, 0), (R4, 1)] {
        let found = breach(&stage, &stage.join(), |deed| {
            bend(&stage, &mut deed.outputs[0], |c| {
                let now = lets_tests::case::longs(&c.outputs[0], register)[place];
                c.set_long(0, register, place, now + 2);
            })
        });
        assert_eq!(found, "I6", "{register:?}({place})");
    }
}

#[test]
fn line_without_enough_behind_it_is_seen() {
    let stage = OpenStage::of(Kind::Lets1);
    let dearer = |deed: &mut Deed| {
        bend(&stage, &mut deed.data[0], |c| {
            c.set_register(0, R4, 2 * RATE)
        })
    };
    assert_eq!(breach(&stage, &stage.join(), dearer), "I6", "join");
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let more = stage.adjust(UNITS + 5_000, 2 * BACKING);
    let dearer = |deed: &mut Deed| {
        bend(&stage, &mut deed.data[0], |c| {
            c.set_register(0, R4, 3 * RATE)
        })
    };
    assert_eq!(breach(&stage, &more, dearer), "I6", "adjust");
    assert_eq!(breach(&stage, &more, |deed| deed.signed.clear()), "I4");
}

#[test]
fn lock_that_is_cut_short_is_seen() {
    let stage = OpenStage::of(Kind::Lets1);
    let found = breach(&stage, &stage.join(), |deed| {
        bend(&stage, &mut deed.outputs[1], |c| {
            let lock = stage.height.plus(stage.pot.policy().lock);
            c.set_long(0, R4, 8, lock.as_i64());
        })
    });
    assert_eq!(found, "I6", "join");
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    let early = |deed: &mut Deed| {
        bend(&stage, &mut deed.inputs[1], |c| {
            c.set_long(0, R4, 8, i64::from(stage.height.0) + 1)
        })
    };
    assert_eq!(breach(&stage, &stage.close(), early), "I6", "close");
}

#[test]
fn account_closed_without_its_owner_is_seen() {
    for kind in Kind::ALL {
        let stage = OpenStage::of(kind).later(2_000, RATE);
        let mut stage = stage;
        if !kind.has_debt() {
            stage.account = stage.balanced(&stage.account, 0);
        }
        let found = breach(&stage, &stage.close(), |deed| deed.signed.clear());
        assert_eq!(found, "I4", "{kind:?}");
    }
}

#[test]
fn call_without_cause_is_seen() {
    let stage = OpenStage::of(Kind::Lets1)
        .indebted(UNITS)
        .later(2_000, 2 * RATE);
    let found = breach(&stage, &stage.call(), |deed| {
        bend(&stage, &mut deed.data[0], |c| c.set_register(0, R4, RATE));
        bend(&stage, &mut deed.outputs[0], |c| c.set_long(0, R4, 1, RATE));
    });
    assert_eq!(found, "I4");
}

#[test]
fn liquidation_too_early_or_too_dear_is_seen() {
    let stage = OpenStage::called(UNITS, 2 * RATE);
    let case = stage.liquidate(5_000);
    let called = |deed: &mut Deed| {
        for b in [&mut deed.inputs[1], &mut deed.outputs[1]] {
            bend(&stage, b, |c| {
                c.set_long(0, R4, 9, -i64::from(stage.height.0))
            });
        }
    };
    assert_eq!(breach(&stage, &case, called), "I4", "within the grace");
    let found = breach(&stage, &case, |deed| {
        bend(&stage, &mut deed.outputs[1], |c| {
            c.take_erg(0, 10_000_000_000)
        })
    });
    assert_eq!(found, "I4", "more collateral than the debt is worth");
}

#[test]
fn reserve_paid_out_beyond_price_or_share_is_seen() {
    let stage = OpenStage::of(Kind::Lets3);
    let found = breach(&stage, &stage.redeem(1_000), |deed| {
        bend(&stage, &mut deed.outputs[0], |c| c.take_erg(0, 1_000))
    });
    assert_eq!(found, "I6", "redeem");
    let found = breach(&stage, &stage.buy(1_000), |deed| {
        bend(&stage, &mut deed.outputs[0], |c| c.take_erg(0, 1_000))
    });
    assert_eq!(found, "I6", "buy");
    let poorer = stage.redeem(1_000);
    let found = breach(&stage, &poorer, |deed| {
        for b in [&mut deed.inputs[0], &mut deed.outputs[0]] {
            bend(&stage, b, |c| c.take_erg(0, BACKING / 2 * 3));
        }
    });
    assert_eq!(found, "I6", "more than the share");
}

#[test]
fn join_without_its_fee_is_seen() {
    for kind in [Kind::Lets2, Kind::Lets4] {
        let stage = OpenStage::of(kind);
        let found = breach(&stage, &stage.join(), |deed| {
            bend(&stage, &mut deed.outputs[0], |c| c.take_erg(0, 1))
        });
        assert_eq!(found, "I6", "{kind:?}");
    }
}
