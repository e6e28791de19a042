//! What holds for the pot's every spend: Q1 to Q7, F1 to F3; and for every account that stays one: A1 to A6.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7, R8};
use lets_protocol::Kind;
use lets_tests::case::longs;
use lets_tests::hand::junk;
use lets_tests::open::{BACKING, RATE, UNITS};
use lets_tests::world::{key, p2pk, prop};
use lets_tests::{Case, OpenStage};

/// Every action, refresh and close too.
fn actions() -> Vec<(&'static str, OpenStage, Case)> {
    let mut all = OpenStage::account_actions();
    for (name, kind) in [("join 2", Kind::Lets2), ("join 4", Kind::Lets4)] {
        let stage = OpenStage::of(kind);
        let case = stage.join();
        all.push((name, stage, case));
    }
    let stage = OpenStage::of(Kind::Lets1).later(2_000, RATE);
    all.push(("close", stage.clone(), stage.close()));
    all.push(("refresh", stage.clone(), stage.refresh()));
    all
}

/// An output that may lose a little ERG without breaking a rule.
fn spare(case: &Case) -> usize {
    match case.outputs.len() {
        2 => 0,
        n => n - 2,
    }
}

#[test]
fn open_pot_every_action_accepted() {
    for (name, _, case) in actions() {
        println!("{name}");
        case.accepted();
    }
}

// Q1: adjusting to what is breaks no rule of the member's account, which its owner signs for.
#[test]
fn open_pot_at_another_input_refused() {
    let stage = OpenStage::of(Kind::Lets1);
    let mut case = stage.adjust(UNITS, BACKING);
    case.accepted();
    case.inputs.swap(0, 2);
    case.refused_at(2);
}

// Q2
#[test]
fn open_pot_under_another_script_refused() {
    for (_, _, case) in actions() {
        case.with(|c| c.outputs[0].ergo_tree = p2pk(&key(250)))
            .refused_at(0);
    }
}

// Q3
#[test]
fn open_pot_tokens_in_other_places_refused() {
    for (_, _, case) in actions() {
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            case.clone()
                .with(|c| c.set_tokens(0, |all| all.swap(a, b)))
                .refused_at(0);
        }
    }
}

// Q3: a token of the same amount in the place of each, and a fourth.
#[test]
fn open_pot_token_replaced_or_added_refused() {
    for (name, stage, case) in actions().into_iter().filter(|a| a.0 != "refresh") {
        println!("{name}");
        for place in 0..3 {
            let holder = key(240);
            let tokens = case.outputs[0].tokens.as_ref().unwrap();
            let amount = *tokens.get(place).unwrap().amount.as_u64();
            let mut case = case.clone();
            let to = spare(&case);
            case.add_input(stage.holding(&holder, &[(junk(77), amount)]), to);
            case.signers.push(holder);
            case.set_tokens(0, |all| all[place].0 = junk(77));
            case.refused_at(0);
        }
        let mut case = case.clone();
        stage.add_junk(&mut case, 0);
        case.refused_at(0);
    }
}

// Q3, J1, J3, X3, A2, W3: no unit and no membership token leaves to a thief, whatever is done.
#[test]
fn open_pot_token_to_a_thief_refused() {
    for (name, stage, case) in actions() {
        println!("{name}");
        for id in [stage.unit(), stage.membership()] {
            let from = spare(&case);
            case.clone().with(|c| c.steal(0, id, 1, from)).refused_at(0);
        }
    }
}

// Q4
#[test]
fn open_pot_created_5040_blocks_ago_refused() {
    for (name, stage, mut case) in actions() {
        println!("{name}");
        stage.put_off(name, &mut case, 6_000);
        let aged = |age: u32| {
            let made = case.height - age;
            case.clone().with(|c| c.outputs[0].creation_height = made)
        };
        aged(5_039).accepted();
        aged(5_040).refused_at(0);
    }
}

// Q5: any number of the policy, and for each deed some of them.
#[test]
fn open_pot_with_other_policy_or_treasury_refused() {
    for (name, _, case) in actions() {
        println!("{name}");
        let policy = longs(&case.outputs[0], R5);
        let every = match name {
            "join 1" => 1,
            _ => 11,
        };
        for place in (0..policy.len()).step_by(every) {
            case.clone()
                .with(|c| c.set_long(0, R5, place, policy[place] + 1))
                .refused_at(0);
        }
        case.clone()
            .with(|c| c.set_register(0, R5, policy[..22].to_vec()))
            .refused_at(0);
        case.clone()
            .with(|c| c.set_register(0, R6, prop(&key(250))))
            .refused_at(0);
        case.clone()
            .with(|c| c.set_register(0, R7, 0_i64))
            .refused_at(0);
        case.with(|c| c.set_register(0, R7, vec![1_u8]))
            .refused_at(0);
    }
}

// Q6: what an action that sees no oracle may not write there; the others are in `oracle.rs`.
#[test]
fn open_pot_with_other_sight_of_the_oracle_refused() {
    for (name, _, case) in actions() {
        println!("{name}");
        let seen = longs(&case.outputs[0], R4);
        for changed in [
            vec![seen[0] + 1, seen[1]],
            vec![seen[0] - 1, seen[1]],
            vec![seen[0], i64::from(case.height) + 1],
            vec![seen[0], i64::from(case.height) - 720],
            vec![seen[0]],
            vec![seen[0], seen[1], 0],
            vec![],
        ] {
            case.clone()
                .with(|c| c.set_register(0, R4, changed))
                .refused_at(0);
        }
    }
}

// Q7
#[test]
fn open_pot_losing_erg_refused() {
    for (name, _, case) in actions().into_iter().filter(|a| a.0 != "refresh") {
        println!("{name}");
        let to = spare(&case);
        case.clone().with(|c| c.move_erg(0, to, 1)).refused_at(0);
        // A liquidation leaves its ERG to nobody but the debtor and whoever pays; one nanoErg more in the pot is a gift.
        case.with(|c| c.move_erg(to, 0, 1)).accepted();
    }
}

// F1
#[test]
fn open_refresh_at_the_age_limit() {
    let stage = OpenStage::of(Kind::Lets1);
    let created = stage.pot.created().0;
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

// F3
#[test]
fn open_refresh_losing_more_than_a_hundredth_erg_refused() {
    let case = OpenStage::of(Kind::Lets1).refresh();
    let paid = *case.outputs[1].value.as_u64();
    case.clone()
        .with(|c| c.move_erg(0, 1, 10_000_000 - paid))
        .accepted();
    case.with(|c| c.move_erg(0, 1, 10_000_001 - paid))
        .refused_at(0);
}

// Refresh is for the pot alone in INPUTS.
#[test]
fn open_refresh_beside_another_input_refused() {
    let stage = OpenStage::of(Kind::Lets1);
    for ergo_box in [
        stage.account.ergo_box().clone(),
        stage.holding(&key(250), &[]),
    ] {
        let mut case = stage.refresh();
        case.add_input(ergo_box, 1);
        case.signers.push(key(250));
        case.refused_at(0);
    }
}

// A1: an account's script around tokens and registers of the thief's choice.
#[test]
fn open_account_that_is_none_of_this_lets_refused() {
    for (name, stage, case) in kept() {
        println!("{name}");
        let forged = |id: usize, amount: u64| {
            stage.box_with(&case.inputs[1].0, |c| {
                c.set_tokens(0, |all| {
                    if id == 0 {
                        all[0].0 = junk(1)
                    }
                    all[0].1 = amount
                })
            })
        };
        for (ergo_box, id) in [(forged(0, 1), junk(1)), (forged(1, 2), stage.membership())] {
            let amount = if id == junk(1) { 1 } else { 2 };
            case.clone()
                .with(|c| {
                    c.replace_input(1, ergo_box);
                    c.set_tokens(1, |all| all[0] = (id, amount));
                })
                .refused_at(0);
        }
    }
}

/// The actions on an account that stays one.
fn kept() -> Vec<(&'static str, OpenStage, Case)> {
    let all = OpenStage::account_actions().into_iter();
    all.filter(|(name, ..)| !name.starts_with("join")).collect()
}

// A2
#[test]
fn open_account_membership_tokens_moved_refused() {
    for (_, stage, case) in kept() {
        let holder = key(240);
        let mut case = case;
        let to = spare(&case);
        case.add_input(stage.holding(&holder, &[(stage.membership(), 1)]), to);
        case.signers.push(holder);
        case.set_tokens(0, |all| all[1].1 += 1);
        case.refused_at(0);
    }
}

// A3
#[test]
fn open_account_with_other_tokens_refused() {
    for (name, stage, case) in kept() {
        println!("{name}");
        let tokens = case.outputs[1].tokens.as_ref().unwrap();
        let units = tokens.get(2).map(|t| *t.amount.as_u64());
        for (a, b) in [(0, 1), (1, 2)].into_iter().take(tokens.len() - 1) {
            case.clone()
                .with(|c| c.set_tokens(1, |all| all.swap(a, b)))
                .refused_at(0);
        }
        // The account token leaves for a thief.
        let number = stage.account.number().token_id();
        let from = spare(&case);
        case.clone()
            .with(|c| c.steal(1, number, 1, from))
            .refused_at(0);
        let membership = stage.membership();
        case.clone()
            .with(|c| c.steal(1, membership, 1, from))
            .refused_at(0);
        let mut more = case.clone();
        stage.add_junk(&mut more, 1);
        more.refused_at(0);
        // Junk in the place of the units, as much of it.
        let Some(units) = units else { continue };
        let mut other = case.clone();
        let holder = key(240);
        other.add_input(stage.holding(&holder, &[(junk(77), units)]), from);
        other.signers.push(holder);
        other.set_tokens(from, |all| all.push((stage.unit(), units)));
        other.set_tokens(1, |all| all[2].0 = junk(77));
        other.refused_at(0);
    }
}

// A4
#[test]
fn open_account_with_other_registers_refused() {
    for (name, stage, case) in kept() {
        println!("{name}");
        let thief = prop(&key(250));
        case.clone()
            .with(|c| c.set_register(1, R5, vec![thief.clone()]))
            .refused_at(0);
        case.clone()
            .with(|c| c.set_register(1, R5, vec![stage.account.owner().clone(), thief]))
            .refused_at(0);
        let own = longs(&case.outputs[1], R6);
        for place in 0..4 {
            case.clone()
                .with(|c| c.set_long(1, R6, place, own[place] + 1))
                .refused_at(0);
        }
        case.clone()
            .with(|c| c.set_register(1, R6, [own.as_slice(), &[0]].concat()))
            .refused_at(0);
        case.clone()
            .with(|c| c.set_register(1, R7, vec![7_u8; 32]))
            .refused_at(0);
        case.with(|c| c.set_register(1, R8, 0_i64)).refused_at(0);
    }
}

// A5
#[test]
fn open_account_created_5040_blocks_ago_refused() {
    for (name, stage, mut case) in kept() {
        println!("{name}");
        stage.put_off(name, &mut case, 6_000);
        let aged = |age: u32| {
            let made = case.height - age;
            case.clone().with(|c| c.outputs[1].creation_height = made)
        };
        aged(5_039).accepted();
        aged(5_040).refused_at(0);
    }
}

// A6: below 2,000 bytes.
#[test]
fn open_account_too_large_refused() {
    for (name, stage, case) in kept() {
        println!("{name}");
        // Settings of the owner's that fill the box; all of R6 is kept. A number beyond the fourth is one byte.
        let filled = |numbers: usize| {
            let mut own = longs(&case.outputs[1], R6);
            own.resize(4 + numbers, 0);
            let subject = stage.box_with(&case.inputs[1].0, |c| c.set_register(0, R6, own.clone()));
            case.clone().with(|c| {
                c.replace_input(1, subject);
                c.set_register(1, R6, own);
            })
        };
        let size = |c: &Case| lets_tests::case::size(&c.made(1));
        let room = 600;
        let numbers = room + 1_999 - size(&filled(room));
        assert_eq!(size(&filled(numbers)), 1_999);
        filled(numbers).accepted();
        filled(numbers + 1).refused_at(0);
    }
}
