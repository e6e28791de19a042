//! Refresh: F1 to F3.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R4;
use lets_protocol::Blocks;
use lets_tests::Stage;
use lets_tests::case::longs;
use lets_tests::hand::{membership, unit};
use lets_tests::world::key;

// F1
#[test]
fn refresh_at_the_age_limit_refused_one_block_later_accepted() {
    let stage = Stage::default();
    let created = stage.world.pot.created().0;
    for (age, accepted) in [(788_399, false), (788_400, false), (788_401, true)] {
        let mut case = stage.refresh();
        case.height = created + age;
        case.created_ago(1);
        match accepted {
            true => drop(case.accepted()),
            false => case.refused_at(0),
        }
    }
}

// F1: also a pot that anybody could already spend as rent.
#[test]
fn refresh_of_a_stale_pot_accepted() {
    let stage = Stage::default();
    let mut case = stage.refresh();
    case.height = stage.world.pot.created().plus(Blocks::STORAGE_PERIOD).0 + 10;
    case.created_ago(1);
    case.accepted();
}

// F2: tokens.
#[test]
fn refresh_losing_tokens_refused() {
    let stage = Stage::default();
    for id in [membership(&stage.world), unit(&stage.world)] {
        let mut case = stage.refresh();
        case.steal(0, id, 1, 0);
        case.refused_at(0);
    }
}

// F2: counters, each of them, in both directions.
#[test]
fn refresh_changing_counters_refused() {
    let case = Stage::default().refresh();
    let counters = longs(&case.outputs[0], R4);
    for place in 0..4 {
        for by in [-1, 1] {
            case.clone()
                .with(|c| c.set_long(0, R4, place, counters[place] + by))
                .refused_at(0);
        }
    }
    let fifth = [counters.as_slice(), &[0]].concat();
    case.clone()
        .with(|c| c.set_register(0, R4, fifth))
        .refused_at(0);
    case.with(|c| c.set_register(0, R4, counters[..3].to_vec()))
        .refused_at(0);
}

// F3
#[test]
fn refresh_losing_more_than_a_hundredth_erg_refused() {
    let case = Stage::default().refresh();
    let paid = *case.outputs[1].value.as_u64();
    case.clone()
        .with(|c| c.move_erg(0, 1, 10_000_000 - paid))
        .accepted();
    case.with(|c| c.move_erg(0, 1, 10_000_001 - paid))
        .refused_at(0);
}

// Refresh is for the pot alone in INPUTS: beside another box it would leave that box's script to think that it decides.
#[test]
fn refresh_beside_another_input_refused() {
    let stage = Stage::default();
    let thief = key(250);
    let boxes = [
        stage.account.ergo_box().clone(),
        stage.application.ergo_box().clone(),
        stage.world.wallet_box(&thief, 1.0),
    ];
    for ergo_box in boxes {
        let mut case = stage.refresh();
        case.add_input(ergo_box, 1);
        case.signers.push(thief.clone());
        case.refused_at(0);
        case.data_inputs
            .push(stage.world.charter.ergo_box().clone());
        case.signers.extend(stage.world.committee.clone());
        case.refused_at(0);
    }
}
