//! Tokens, registers and numbers of kinds that no honest box has.

use crate::*;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId;
use ergo_lib::ergotree_ir::chain::token::TokenId;

/// A thief's output with these tokens, before the fee.
fn to_thief(case: &mut Case, tokens: &[(TokenId, u64)]) {
    let mut taken = loot(tokens);
    // Many tokens take ERG for their bytes.
    taken.value = 2_000_000_u64.try_into().unwrap();
    case.add_output(taken, 0);
}

// C3: the unit as the last of a hundred tokens of one box.
#[test]
fn units_behind_a_hundred_tokens_counted() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    let many: Vec<_> = (0..99).map(|n| (junk(n), 1)).collect();
    let full = [many.clone(), vec![(unit, 70)]].concat();
    let wallet = wallet_with(&m.world, &m.keys[0], &full);
    let brought = |gain| {
        let [a, b, ..] = &m.accounts;
        trade(&m.world, &[pays(a, 200), takes(b, gain)], &[&m.keys[0]])
            .with(|c| c.add_input(wallet.clone(), 0))
    };
    brought(270).with(|c| to_thief(c, &many)).accepted();
    brought(200).with(|c| to_thief(c, &full)).refused_at(0);
}

// C3: the same token twice in one box counts twice, where it comes from and where it goes.
#[test]
fn units_in_two_entries_of_one_box_counted() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    let wallet = wallet_with(&m.world, &m.keys[0], &[(unit, 30), (unit, 40)]);
    let brought = |gain| {
        let [a, b, ..] = &m.accounts;
        trade(&m.world, &[pays(a, 200), takes(b, gain)], &[&m.keys[0]])
            .with(|c| c.add_input(wallet.clone(), 0))
    };
    brought(270).accepted();
    for kept in [[(unit, 30), (unit, 40)], [(unit, 1), (unit, 69)]] {
        brought(200).with(|c| to_thief(c, &kept)).refused_at(0);
    }
    // Whoever counted one entry only would find as much as there should be.
    brought(240)
        .with(|c| to_thief(c, &[(unit, 30)]))
        .refused_at(0);
    brought(230)
        .with(|c| to_thief(c, &[(unit, 40)]))
        .refused_at(0);
}

// C4: the pot is known by its NFT, in the first place: neither its script nor the NFT elsewhere makes a box the pot.
#[test]
fn units_to_a_box_that_looks_like_the_pot_refused() {
    let m = Members::of(10);
    let nft = m.world.lets.ids().pot_nft.into();
    let pot = m.world.pot.ergo_box().ergo_tree.clone();
    for second in [junk(2), nft] {
        let held = [(junk(1), 1), (second, 1)];
        let wallet = wallet_with(&m.world, &m.keys[0], &held);
        trade(&m.world, &[pays(&m.accounts[0], 500)], &[&m.keys[0]])
            .with(|c| {
                c.add_input(wallet, 0);
                to_thief(c, &[held[0], held[1], (unit(&m.world), 500)]);
                c.outputs[1].ergo_tree = pot.clone();
            })
            .refused_at(0);
    }
}

// K3 K4: the account's own tokens in other places, and its units in two entries.
#[test]
fn account_tokens_in_other_places_refused() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    for account in [0, 1] {
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            payment(&m)
                .with(|c| c.set_tokens(account, |all| all.swap(a, b)))
                .refused_at(account);
        }
        payment(&m)
            .with(|c| {
                c.set_tokens(account, |all| {
                    all[2].1 -= 7;
                    all.push((unit, 7));
                })
            })
            .refused_at(account);
    }
}

/// What stands in no account's register: other types, the right one empty, and too much.
fn odd() -> Vec<Constant> {
    vec![
        Constant::from(vec![1_u8, 2, 3]),
        Constant::from(anybody()),
        Constant::from(Vec::<i64>::new()),
        Constant::from(vec![i64::MIN; 100]),
    ]
}

const REGISTERS: [NonMandatoryRegisterId; 4] = [R4, R5, R6, R7];

// K5 K6 S3 U3 U4: registers of another type, empty, or too long, in the payer's account and in the payee's.
#[test]
fn account_registers_of_odd_types_refused() {
    let m = Members::of(10);
    for account in [0, 1] {
        for id in REGISTERS {
            for value in odd() {
                payment(&m)
                    .with(|c| c.set_register(account, id, value))
                    .refused_at(account);
            }
        }
    }
}

// K5 K6 S3 S4: registers cut off behind.
#[test]
fn account_registers_cut_off_refused() {
    let m = Members::of(10);
    for account in [0, 1] {
        for count in 0..4 {
            payment(&m)
                .with(|c| c.truncate_registers(account, count))
                .refused_at(account);
        }
    }
}

// H7-H9 T5 R2 S1 S2: the same in the account that a pot action leaves.
#[test]
fn subject_registers_odd_or_cut_off_refused() {
    let stage = Stage::default();
    for id in REGISTERS {
        for value in odd() {
            stage
                .admit()
                .with(|c| c.set_register(1, id, value))
                .refused_at(0);
        }
    }
    for case in stage.account_actions() {
        for count in 0..4 {
            case.clone()
                .with(|c| c.truncate_registers(1, count))
                .refused_at(0);
        }
    }
}

// G5 X4 V4 F2: the pot's counters gone, of another type, or of another number.
#[test]
fn pot_counters_odd_or_gone_refused() {
    let stage = Stage::default();
    let [exit, admit, ..] = actions(&stage);
    for case in [exit, admit, stage.complete_recovery(), stage.refresh()] {
        for value in odd() {
            case.clone()
                .with(|c| c.set_register(0, R4, value))
                .refused_at(0);
        }
        case.with(|c| c.truncate_registers(0, 0)).refused_at(0);
    }
}

// G5-G8: counters at the ends of what a number can be overflow to nothing that passes.
#[test]
fn pot_counters_at_the_ends_of_numbers_refused() {
    let stage = Stage::default();
    for case in stage.terms_actions() {
        for place in 0..4 {
            for number in [i64::MIN, i64::MAX] {
                case.clone()
                    .with(|c| c.set_long(0, R4, place, number))
                    .refused_at(0);
            }
        }
    }
}

// S4-S7: the owner's counters at the ends of what a number can be. Credit used may be as high as he likes: it binds him.
#[test]
fn account_counters_at_the_ends_of_numbers_refused() {
    let m = Members::of(10);
    for place in 1..4 {
        for number in [i64::MIN, i64::MAX] {
            let case = payment(&m).with(|c| c.set_long(0, R6, place, number));
            match (place, number) {
                (2, i64::MAX) => drop(case.accepted()),
                _ => case.refused_at(0),
            }
        }
    }
}

// U5: the least smallest direct payment that can be written lets nobody move the box for nothing.
#[test]
fn smallest_direct_payment_below_nothing_takes_a_unit_at_least() {
    let m = Members::of(10);
    let payee = on_settings(&m.world, &m.at(1, -1_000), &[(0, i64::MIN)]);
    for (units, passes) in [(0, false), (1, true)] {
        let case = trade(
            &m.world,
            &[pays(&m.accounts[0], units), takes(&payee, units)],
            &[&m.keys[0]],
        );
        match passes {
            true => drop(case.accepted()),
            false => case.unproven(),
        }
    }
}

// A4 H3: last heights at the ends of what a number can be.
#[test]
fn application_last_height_at_the_ends_of_numbers() {
    let stage = Stage::default();
    for (last, admitted) in [(i64::MIN, false), (-1, false), (i64::MAX, true)] {
        let bent = stage
            .world
            .box_with(stage.application.ergo_box(), |c| c.set_long(0, R6, 0, last));
        let case = stage.admit_instead(bent);
        match admitted {
            true => drop(case.accepted()),
            false => case.refused_at(0),
        }
    }
}

// Known limit: a token that is none of the LETS's is no account's. Who puts one into his account without units loses it to
// the next who pays him, or renews the box when it is old.
#[test]
fn foreign_token_in_an_account_is_taken_at_its_refresh() {
    let m = Members::of(10);
    let foreign = m.world.account_with(&m.at(1, -LINE), |c| {
        c.set_tokens(0, |all| all.push((junk(1), 5)))
    });
    let old = aged(&m.world, &foreign, 788_401);
    let keep = |c: &mut Case| c.set_tokens(1, |all| all[2].1 = 5);
    let mut case = trade(&m.world, &[signs(&m.accounts[0], 0)], &[&m.keys[0]]);
    let next = renewed(&case, old.ergo_box());
    case.inputs
        .push((old.ergo_box().clone(), ContextExtension::empty()));
    case.outputs.insert(1, next);
    case.clone().with(keep).accepted();
    case.steal(1, junk(1), 5, 0);
    case.accepted();
}

// B3-B5 N1: the charter's registers gone or of another type, with every signature.
#[test]
fn charter_registers_odd_or_cut_off_refused() {
    let stage = Stage::default();
    let world = &stage.world;
    let funding = world.funding(&key(200), 1.0);
    let (announced, _) = lets_protocol::announce(
        &world.lets,
        &world.charter,
        prop(&key(201)),
        world.charter.bounds().clone(),
        world.height.plus(lets_protocol::Blocks(720)),
        &funding,
        world.params(),
    )
    .unwrap();
    let [one, two] = world.quorum();
    let case = world.case(&announced, &[one, two, &key(200), &key(201)]);
    case.accepted();
    for id in [R4, R5, R6, R7, R8, R9] {
        for value in [
            Constant::from(vec![1_u8, 2, 3]),
            Constant::from(Vec::<i64>::new()),
            Constant::from(7_i64),
        ] {
            case.clone()
                .with(|c| c.set_register(0, id, value))
                .refused_at(0);
        }
    }
    for count in [0, 1, 2, 3, 5] {
        case.clone()
            .with(|c| c.truncate_registers(0, count))
            .refused_at(0);
    }
}
