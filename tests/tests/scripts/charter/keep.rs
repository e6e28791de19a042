//! What every spend of the charter keeps (B1 to B7), and its refresh (R1 to R3).

use super::change::{Change, Desk};
use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBoxCandidate;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7, R8, R9};
use lets_protocol::{Blocks, CharterBox, Height, NanoErg, TxParams};
use lets_tests::case::longs;
use lets_tests::world::{key, p2pk, prop};
use lets_tests::{Case, World};

/// The charter's refresh, with or without an announced change, in the first block in which it can be included.
fn refresh(pending: bool) -> Case {
    let desk = Desk::new();
    let mut world = desk.world;
    if pending {
        world.charter = CharterBox::parse(&world.lets, &desk.pending).unwrap();
    }
    let height = world.charter.created().plus(Blocks::REFRESH_AGE);
    let params = TxParams {
        height,
        fee: NanoErg::MIN_FEE,
    };
    let (proposal, _) =
        lets_protocol::refresh_charter(&world.lets, &world.charter, params).unwrap();
    Case::of(&proposal, Height(height.0), &[])
}

/// Every way to spend the charter, with an output that may lose ERG.
fn every_way() -> Vec<(Case, usize)> {
    let desk = Desk::new();
    let mut all: Vec<_> = Change::ALL
        .into_iter()
        .map(|change| (desk.case(change), 1))
        .collect();
    all.push((refresh(false), 0));
    all.push((refresh(true), 0));
    all
}

#[test]
fn charter_every_way_accepted() {
    for (case, _) in every_way() {
        case.accepted();
    }
}

// B1
#[test]
fn charter_at_another_input_refused() {
    let desk = Desk::new();
    for change in Change::ALL {
        desk.case(change)
            .with(|c| c.inputs.swap(0, 1))
            .refused_at(1);
    }
}

// B1: two charters, and one successor that both might call theirs.
#[test]
fn charter_behind_another_lets_charter_refused() {
    let (desk, other) = (Desk::new(), World::new(50));
    for change in Change::ALL {
        let mut case = desk.case(change);
        let behind = other.charter.ergo_box().clone();
        case.inputs
            .insert(1, (behind.clone(), ContextExtension::empty()));
        case.give_erg(1, *behind.value.as_u64());
        case.signers.extend(other.committee.clone());
        case.refused_at(1);
        let mut next = ErgoBoxCandidate::from(behind.clone());
        next.creation_height = case.outputs[0].creation_height;
        case.outputs.insert(1, next);
        case.take_erg(2, *behind.value.as_u64());
        case.refused_at(1);
    }
}

// B2
#[test]
fn charter_under_another_script_refused() {
    for (case, _) in every_way() {
        case.with(|c| c.outputs[0].ergo_tree = p2pk(&key(250)))
            .refused_at(0);
    }
}

// B3: the NFT is gone, or replaced, or not alone.
#[test]
fn charter_with_other_tokens_refused() {
    for (case, spare) in every_way() {
        let nft = case.outputs[0]
            .tokens
            .as_ref()
            .unwrap()
            .get(0)
            .unwrap()
            .token_id;
        let minted = case.inputs[0].0.box_id().into();
        case.clone()
            .with(|c| c.steal(0, nft, 1, spare))
            .refused_at(0);
        case.clone()
            .with(|c| c.set_tokens(0, |all| all[0].0 = minted))
            .refused_at(0);
        case.clone()
            .with(|c| c.set_tokens(0, |all| all.push((minted, 1))))
            .refused_at(0);
        case.with(|c| c.set_tokens(0, |all| all.insert(0, (minted, 1))))
            .refused_at(0);
    }
}

// B4
#[test]
fn charter_with_another_name_refused() {
    for (case, _) in every_way() {
        let name = vec![b"Other LETS".to_vec(), b"EUR".to_vec(), vec![2_u8]];
        case.clone()
            .with(|c| c.set_register(0, R6, name))
            .refused_at(0);
        let decimals = vec![b"Test LETS".to_vec(), b"EUR".to_vec(), vec![3_u8]];
        case.with(|c| c.set_register(0, R6, decimals)).refused_at(0);
    }
}

// B5: any of the hard bounds, or their number.
#[test]
fn charter_with_other_hard_bounds_refused() {
    let hard = Desk::new().world.charter.hard_bounds().clone();
    for (case, _) in every_way() {
        let rows = || vec![hard.least.to_vec(), hard.most.to_vec()];
        let mut lower = rows();
        lower[0][0] -= 1;
        let mut higher = rows();
        higher[1][4] += 1;
        for rows in [
            lower,
            higher,
            vec![hard.least.to_vec()],
            [rows(), rows()].concat(),
        ] {
            case.clone()
                .with(|c| c.set_register(0, R7, rows))
                .refused_at(0);
        }
    }
}

// B6
#[test]
fn charter_created_5040_blocks_ago_refused() {
    for (case, _) in every_way() {
        // The height of an announcement must not be past by then.
        let mut case = case;
        case.height += 6_000;
        let announced = case.outputs[0]
            .additional_registers
            .get_constant(R9)
            .unwrap();
        if announced.is_some()
            && announced
                != case.inputs[0]
                    .0
                    .additional_registers
                    .get_constant(R9)
                    .unwrap()
        {
            let height = i64::from(case.height);
            case.set_long(0, R9, 0, height);
        }
        case.created_ago(1);
        for (age, accepted) in [(5_039, true), (5_040, false)] {
            case.outputs[0].creation_height = case.height - age;
            match accepted {
                true => drop(case.accepted()),
                false => case.refused_at(0),
            }
        }
    }
}

// B7
#[test]
fn charter_losing_erg_to_a_change_refused() {
    let desk = Desk::new();
    for change in Change::ALL {
        let case = desk.case(change);
        case.clone().with(|c| c.move_erg(0, 1, 1)).refused_at(0);
        case.with(|c| c.move_erg(1, 0, 1)).accepted();
    }
}

// R1
#[test]
fn refresh_at_the_age_limit_refused_one_block_later_accepted() {
    for pending in [false, true] {
        let mut case = refresh(pending);
        let created = case.inputs[0].0.creation_height;
        for (age, accepted) in [
            (788_399, false),
            (788_400, false),
            (788_401, true),
            (1_100_000, true),
        ] {
            case.height = created + age;
            case.created_ago(1);
            match accepted {
                true => drop(case.accepted()),
                false => case.refused_at(0),
            }
        }
    }
}

// R1: too young, and the committee's signature would make it no refresh but a change that changes nothing: B7.
#[test]
fn refresh_before_its_time_by_the_committee_refused() {
    let mut case = refresh(false);
    case.height -= 1;
    case.created_ago(1);
    case.signers = Desk::new().world.committee.to_vec();
    case.refused_at(0);
}

// R2: committee and bounds.
#[test]
fn refresh_changing_committee_or_bounds_refused() {
    for pending in [false, true] {
        let case = refresh(pending);
        let bounds = longs(&case.outputs[0], R5);
        case.clone()
            .with(|c| c.set_register(0, R4, prop(&key(250))))
            .refused_at(0);
        for place in 0..bounds.len() {
            case.clone()
                .with(|c| c.set_long(0, R5, place, bounds[place] + 1))
                .refused_at(0);
        }
    }
}

// R2: an announced change stays as it is.
#[test]
fn refresh_changing_the_announced_change_refused() {
    let case = refresh(true);
    let change = longs(&case.outputs[0], R9);
    case.clone()
        .with(|c| c.truncate_registers(0, 4))
        .refused_at(0);
    case.clone()
        .with(|c| c.truncate_registers(0, 5))
        .refused_at(0);
    case.clone()
        .with(|c| c.set_register(0, R8, prop(&key(250))))
        .refused_at(0);
    for place in 0..change.len() {
        case.clone()
            .with(|c| c.set_long(0, R9, place, change[place] - 1))
            .refused_at(0);
    }
    // Nor does one come of nothing.
    let case = refresh(false);
    case.clone()
        .with(|c| c.set_register(0, R8, prop(&key(250))))
        .refused_at(0);
    case.with(|c| {
        c.set_register(0, R8, prop(&key(250)));
        c.set_register(0, R9, change);
    })
    .refused_at(0);
}

// R3
#[test]
fn refresh_losing_more_than_a_hundredth_erg_refused() {
    for pending in [false, true] {
        let case = refresh(pending);
        let paid = *case.outputs[1].value.as_u64();
        case.clone()
            .with(|c| c.move_erg(0, 1, 10_000_000 - paid))
            .accepted();
        case.with(|c| c.move_erg(0, 1, 10_000_001 - paid))
            .refused_at(0);
    }
}

// Refresh is for the charter alone in INPUTS; beside another box an old charter is changed as any other.
#[test]
fn refresh_beside_another_input_refused() {
    let thief = key(250);
    for pending in [false, true] {
        let mut case = refresh(pending);
        case.add_input(Desk::new().world.wallet_box(&thief, 1.0), 1);
        case.signers.push(thief.clone());
        case.refused_at(0);
    }
}
