//! What holds for the pot's every spend: Q1 to Q6.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R5, R6};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use lets_tests::Stage;
use lets_tests::hand::{membership, unit};
use lets_tests::stage::Action;
use lets_tests::world::{key, p2pk};

/// A token that the LETS does not know, in the hands of the action: minted where there is room for no other input.
fn foreign(stage: &Stage, action: &mut Action, amount: u64) -> TokenId {
    match action.name {
        "refresh" => action.case.inputs[0].0.box_id().into(),
        _ => stage.add_junk(&mut action.case, action.spare, amount),
    }
}

#[test]
fn pot_every_action_accepted() {
    for action in Stage::default().actions() {
        action.case.accepted();
    }
}

// Q1: terms set as they were break no rule of the member's account, which its owner signs for.
#[test]
fn pot_at_another_input_refused() {
    let mut stage = Stage::default();
    let stamp = stage.account.settings().stamp;
    stage.account = stage
        .world
        .account_with(&stage.account, |c| c.set_long(0, R6, 3, stamp));
    let mut case = stage.set_line(20_000);
    case.accepted();
    case.signers.push(stage.owner.clone());
    case.inputs.swap(0, 2);
    case.refused_at(2);
}

// Q2
#[test]
fn pot_under_another_script_refused() {
    for action in Stage::default().actions() {
        action
            .case
            .with(|c| c.outputs[0].ergo_tree = p2pk(&key(250)))
            .refused_at(0);
    }
}

// Q3: a token of the same amount in the place of each of the three.
#[test]
fn pot_token_replaced_refused() {
    let stage = Stage::default();
    for place in 0..3 {
        for mut action in stage.actions() {
            let amount = *action.case.outputs[0]
                .tokens
                .as_ref()
                .unwrap()
                .get(place)
                .unwrap()
                .amount
                .as_u64();
            let other = foreign(&stage, &mut action, amount);
            action.case.set_tokens(0, |all| all[place].0 = other);
            action.case.refused_at(0);
        }
    }
}

// Q3
#[test]
fn pot_fourth_token_refused() {
    let stage = Stage::default();
    for mut action in stage.actions() {
        let other = foreign(&stage, &mut action, 1);
        action.case.set_tokens(0, |all| all.push((other, 1)));
        action.case.refused_at(0);
    }
}

// Q3
#[test]
fn pot_tokens_in_other_places_refused() {
    for action in Stage::default().actions() {
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let mut case = action.case.clone();
            case.set_tokens(0, |all| all.swap(a, b));
            case.refused_at(0);
        }
    }
}

// Q3: of the units one remains.
#[test]
fn pot_last_unit_issued_refused() {
    let mut stage = Stage::default();
    stage.bend_pot(|c| c.set_tokens(0, |all| all[2].1 = 10_001));
    let case = stage.set_terms();
    case.accepted();
    stage.bend_pot(|c| c.set_tokens(0, |all| all[2].1 = 10_000));
    case.with(|c| {
        c.replace_input(0, stage.world.pot.ergo_box().clone());
        c.set_tokens(0, |all| all.truncate(2));
    })
    .refused_at(0);
}

// Q3: of the membership tokens one remains.
#[test]
fn pot_last_membership_token_given_refused() {
    let mut stage = Stage::default();
    stage.bend_pot(|c| c.set_tokens(0, |all| all[1].1 = 2));
    let case = stage.admit();
    case.accepted();
    stage.bend_pot(|c| c.set_tokens(0, |all| all[1].1 = 1));
    case.with(|c| {
        let pot = stage.world.pot.ergo_box().clone();
        c.set_tokens(1, |all| all[1].0 = pot.box_id().into());
        c.replace_input(0, pot);
        c.set_tokens(0, |all| {
            all.retain(|(id, _)| *id != membership(&stage.world))
        });
    })
    .refused_at(0);
}

// Q4
#[test]
fn pot_created_5040_blocks_ago_refused() {
    for mut action in Stage::default().actions() {
        action.case.later(6_000);
        for (age, accepted) in [(5_039, true), (5_040, false), (5_041, false)] {
            action.case.outputs[0].creation_height = action.case.height - age;
            match accepted {
                true => drop(action.case.accepted()),
                false => action.case.refused_at(0),
            }
        }
    }
}

// Q5: of any type.
#[test]
fn pot_with_further_registers_refused() {
    for action in Stage::default().actions() {
        action
            .case
            .clone()
            .with(|c| c.set_register(0, R5, 0_i64))
            .refused_at(0);
        action
            .case
            .clone()
            .with(|c| c.set_register(0, R5, vec![1_u8]))
            .refused_at(0);
        let two = |c: &mut lets_tests::Case| {
            c.set_register(0, R5, 0_i64);
            c.set_register(0, R6, 0_i64);
        };
        action.case.with(two).refused_at(0);
    }
}

// Q6
#[test]
fn pot_losing_erg_refused() {
    for action in Stage::default()
        .actions()
        .into_iter()
        .filter(|a| a.name != "refresh")
    {
        action
            .case
            .clone()
            .with(|c| c.move_erg(0, action.spare, 1))
            .refused_at(0);
        action
            .case
            .with(|c| c.move_erg(action.spare, 0, 1))
            .accepted();
    }
}

// Q3, H4, X3, T4: no unit and no membership token leaves to a thief, whatever is done.
#[test]
fn pot_token_to_a_thief_refused() {
    let stage = Stage::default();
    for id in [unit(&stage.world), membership(&stage.world)] {
        for mut action in stage.actions() {
            action.case.steal(0, id, 1, action.spare);
            action.case.refused_at(0);
        }
    }
}
