//! The completion of a recovery: V1 to V4.

use super::recover::{judge, settings};
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6};
use lets_protocol::RuleViolation;
use lets_protocol::rules::{RecoveryBar, check_complete};
use lets_tests::case::longs;
use lets_tests::hand::junk;
use lets_tests::world::{key, prop};
use lets_tests::{Stage, World};

// V1: to the block, and never before.
#[test]
fn complete_at_the_end_of_the_delay_refused_one_block_later_accepted() {
    for (wait, accepted) in [(2, false), (1, false), (0, true), (-1, true)] {
        let stage = Stage::default();
        let account = stage.pending(wait);
        let case = stage
            .complete_recovery()
            .with(|c| c.replace_input(1, account.ergo_box().clone()));
        let start = settings(&account)[4];
        assert_eq!(start + 21_600 < i64::from(case.height), accepted);
        judge(&case, accepted);
        let twin = check_complete(&stage.world.charter, &account, stage.world.height);
        assert_eq!(twin.is_ok(), accepted);
        if let Err(violation) = twin {
            let RuleViolation::Recovery {
                bar: RecoveryBar::Delay { from, .. },
                ..
            } = violation
            else {
                panic!("{violation:?}")
            };
            assert_eq!(from.as_i64(), stage.world.height.as_i64() + wait);
        }
    }
}

// V1: the delay of the charter as it stands; with any start.
#[test]
fn complete_under_another_delay_or_start() {
    let stage = Stage::default();
    for (delay, accepted) in [(21_600, true), (21_601, false), (1_000_000, false)] {
        let charter = stage.charter_with(7, delay);
        let case = stage.complete_recovery();
        judge(
            &case.with(|c| c.data_inputs[0] = charter.ergo_box().clone()),
            accepted,
        );
    }
    for (start, accepted) in [
        (0, true),
        (1, true),
        (-1, false),
        (i64::MIN, false),
        (i64::MAX, false),
        (i64::MAX - 21_600, false),
        (i64::from(lets_tests::world::START) + 100_000, false),
    ] {
        let case = stage.complete_recovery();
        let bent = stage
            .world
            .box_with(&case.inputs[1].0, |c| c.set_long(0, R6, 4, start));
        judge(&case.with(|c| c.replace_input(1, bent)), accepted);
    }
}

// G1: a charter that anybody can make has no delay.
#[test]
fn complete_under_a_forged_charter_refused() {
    let stage = Stage::default();
    let forged = stage
        .world
        .box_with(stage.charter_with(7, 0).ergo_box(), |c| {
            c.set_tokens(0, |all| all[0].0 = junk(1));
        });
    let other = World::new(50);
    for data_input in [forged, other.charter.ergo_box().clone()] {
        let mut case = stage.complete_recovery();
        case.data_inputs[0] = data_input;
        case.refused_at(0);
        case.data_inputs
            .push(stage.world.charter.ergo_box().clone());
        case.refused_at(0);
    }
    stage
        .complete_recovery()
        .with(|c| c.data_inputs.clear())
        .refused_at(0);
}

// V2: to the heir, and nobody else; from two keys, and no other number of them.
#[test]
fn complete_to_another_key_refused() {
    let stage = Stage::default();
    let [owner, heir, other] = [&stage.owner, &stage.heir, &key(250)].map(prop);
    let case = stage.complete_recovery();
    for keys in [
        vec![other.clone()],
        vec![owner.clone()],
        vec![heir.clone(), owner.clone()],
        vec![heir.clone(), heir.clone()],
        vec![owner.clone(), heir.clone()],
        Vec::new(),
    ] {
        case.clone()
            .with(|c| c.set_register(1, R5, keys))
            .refused_at(0);
    }
    for keys in [
        vec![owner.clone(), heir.clone(), other],
        vec![owner],
        vec![heir.clone()],
        Vec::new(),
    ] {
        let bent = stage
            .world
            .box_with(&case.inputs[1].0, |c| c.set_register(0, R5, keys));
        case.clone()
            .with(|c| c.replace_input(1, bent))
            .refused_at(0);
    }
}

// V3
#[test]
fn complete_changing_the_settings_refused() {
    let stage = Stage::default();
    let case = stage.complete_recovery();
    let own = longs(&case.outputs[1], R6);
    assert_eq!(own.len(), 4);
    for place in 0..4 {
        for by in [-1, 1] {
            case.clone()
                .with(|c| c.set_long(1, R6, place, own[place] + by))
                .refused_at(0);
        }
    }
    for fifth in [0, -1, settings(&stage.pending(0))[4]] {
        case.clone()
            .with(|c| c.set_register(1, R6, [own.as_slice(), &[fifth]].concat()))
            .refused_at(0);
    }
    case.clone()
        .with(|c| c.set_register(1, R6, own[..3].to_vec()))
        .refused_at(0);
    // Without a start there is nothing to reckon from.
    let bent = stage
        .world
        .box_with(&case.inputs[1].0, |c| c.set_register(0, R6, own));
    case.with(|c| c.replace_input(1, bent)).refused_at(0);
}

// V4
#[test]
fn complete_changing_counters_refused() {
    let case = Stage::default().complete_recovery();
    let counters = longs(&case.outputs[0], R4);
    for place in 0..4 {
        for by in [-1, 1] {
            case.clone()
                .with(|c| c.set_long(0, R4, place, counters[place] + by))
                .refused_at(0);
        }
    }
    case.clone()
        .with(|c| c.set_register(0, R4, counters[..3].to_vec()))
        .refused_at(0);
    case.with(|c| c.set_register(0, R4, [counters.as_slice(), &[0]].concat()))
        .refused_at(0);
}

// The committee, too, can only wait; and the heir need not sign.
#[test]
fn complete_by_anybody_and_before_the_delay_by_nobody() {
    let stage = Stage::default();
    stage.complete_recovery().accepted();
    let early = stage.pending(1);
    let mut case = stage
        .complete_recovery()
        .with(|c| c.replace_input(1, early.ergo_box().clone()));
    case.signers.extend(stage.world.committee.clone());
    case.signers.push(stage.heir.clone());
    case.signers.push(stage.owner.clone());
    case.refused_at(0);
}
