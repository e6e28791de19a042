//! The random adversary at its smallest, and proof that its oracle bites.

#[path = "adversary/open.rs"]
mod open;

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6};
use lets_protocol::{Height, NanoErg};
use lets_tests::adversary::oracle::{self, Deed};
use lets_tests::adversary::{CHUNK, Fate, Judges, Kind, Official, hunt, try_out};
use lets_tests::case::existing;
use lets_tests::hand::{Members, loot, membership, note, pays, signs, takes, trade, unit};
use lets_tests::{Case, Stage, World, kinds};

/// Seed of the chunks that every run of the tests tries.
const SEED: u64 = 1;
/// `cargo xtask adversary` tries more.
const CASES: u64 = 20_000;
/// The official interpreter's share of them; `cargo xtask adversary` has it judge all.
const OFFICIAL: Official = 5;

#[test]
fn random_transactions_near_valid_ones_keep_every_invariant() {
    let (tally, findings) = hunt(SEED, CASES.div_ceil(CHUNK), OFFICIAL, |_, _, _| ());
    let found: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n\n"));
    assert!(tally.all.tried >= CASES, "{tally}");
    let share = tally.all.percent();
    assert!(
        (5.0..=50.0).contains(&share),
        "the adversary is dull: {tally}"
    );
    let dull = |kind: &&Kind| {
        tally
            .kinds
            .get(kind)
            .is_none_or(|count| count.accepted == 0)
    };
    assert_eq!(Kind::all().iter().find(dull), None, "{tally}");
}

/// What the oracle says of a transaction that was accepted, after `change` has made another of it.
#[track_caller]
fn breach(world: &World, case: &Case, change: impl FnOnce(&mut Deed)) -> &'static str {
    let Fate::Accepted(mut deed) = try_out(case, Judges::Both) else {
        panic!("the honest transaction is not accepted");
    };
    assert_eq!(oracle::check(&world.lets, &deed), Ok(()));
    change(&mut deed);
    oracle::check(&world.lets, &deed).unwrap_err().invariant
}

fn bend(world: &World, place: &mut ErgoBox, change: impl FnOnce(&mut Case)) {
    *place = world.box_with(place, |c| {
        let made = c.outputs[0].creation_height;
        change(c);
        c.outputs[0].creation_height = made;
    });
}

/// Two members, of whom the first pays the second 200.
fn payment(m: &Members) -> Case {
    let [a, b, ..] = &m.accounts;
    trade(&m.world, &[pays(a, 200), takes(b, 200)], &[&m.keys[0]])
}

/// The first member's note to the second, taken by whoever leads.
fn taken(m: &Members, leader: usize, height: u32) -> Case {
    let spent = note(&m.world, &m.accounts[0], Some(&m.accounts[1]), 30);
    let expiry = m.world.height.as_i64() + 20_000;
    let spent = m
        .world
        .box_with(&existing(&spent, 1), |c| c.set_long(0, R6, 0, expiry));
    let mut world = m.world.clone();
    world.height = Height(height);
    let leading = signs(&m.accounts[leader], 30);
    trade(&world, &[leading], &[&m.keys[leader]]).with(|c| c.add_input(spent, 0))
}

#[test]
fn oracle_i1_a_unit_that_vanishes_is_seen() {
    let m = Members::of(10);
    let found = breach(&m.world, &payment(&m), |deed| {
        bend(&m.world, &mut deed.outputs[1], |c| {
            c.set_tokens(0, |all| all[2].1 -= 1)
        })
    });
    assert_eq!(found, "I1");
}

#[test]
fn oracle_i2_line_cap_and_loan_rules_are_seen() {
    let m = Members::of(10);
    // (account, place in its terms, number there)
    for (who, place, number) in [(0, 1, 199), (1, 2, 199), (0, 4, 199), (0, 5, 199)] {
        let found = breach(&m.world, &payment(&m), |deed| {
            for b in [&mut deed.inputs[who], &mut deed.outputs[who]] {
                bend(&m.world, b, |c| c.set_long(0, R4, place, number));
            }
        });
        assert_eq!(found, "I2", "place {place}");
    }
    let found = breach(&m.world, &payment(&m), |deed| {
        bend(&m.world, &mut deed.outputs[0], |c| {
            c.set_long(0, R6, 2, 199)
        })
    });
    assert_eq!(found, "I2", "credit used");
}

#[test]
fn oracle_i3_a_membership_token_elsewhere_is_seen() {
    let m = Members::of(10);
    let found = breach(&m.world, &payment(&m), |deed| {
        deed.outputs
            .push(existing(&loot(&[(membership(&m.world), 1)]), 2))
    });
    assert_eq!(found, "I3");
}

#[test]
fn oracle_i4_a_loss_without_the_owner_is_seen() {
    let m = Members::of(10);
    assert_eq!(
        breach(&m.world, &payment(&m), |deed| deed.signed.clear()),
        "I4"
    );
    let found = breach(&m.world, &payment(&m), |deed| {
        bend(&m.world, &mut deed.outputs[1], |c| c.take_erg(0, 1))
    });
    assert_eq!(found, "I4", "ERG of the payee");
    let exit = Stage::of(10);
    let found = breach(&exit.world, &exit.exit(), |deed| deed.signed.clear());
    assert_eq!(found, "I4", "exit");
}

#[test]
fn oracle_i5_a_successor_at_anothers_place_is_seen() {
    let m = Members::of(10);
    let found = breach(&m.world, &payment(&m), |deed| deed.outputs.swap(0, 1));
    assert_eq!(found, "I5");
}

#[test]
fn oracle_i6_a_committee_beyond_its_bounds_is_seen() {
    let stage = Stage::of(10);
    for case in [stage.admit(), stage.set_terms(), stage.start_recovery()] {
        let found = breach(&stage.world, &case, |deed| deed.signed.clear());
        assert_eq!(found, "I6", "unsigned");
        let found = breach(&stage.world, &case, |deed| {
            bend(&stage.world, &mut deed.outputs[0], |c| {
                c.set_long(0, R4, 0, 0)
            })
        });
        assert_eq!(found, "I6", "the pot's stamp goes back");
    }
    let found = breach(&stage.world, &stage.set_terms(), |deed| {
        bend(&stage.world, &mut deed.outputs[1], |c| {
            c.set_long(0, R4, 1, 100_001)
        })
    });
    assert_eq!(found, "I6", "line beyond the charter's");
}

#[test]
fn oracle_i7_a_change_before_its_delay_is_seen() {
    let kinds = kinds::kinds();
    let world = World::new(50);
    let case = |name: &str| {
        &kinds
            .iter()
            .find(|k| k.name.starts_with(name))
            .unwrap()
            .case
    };
    for name in ["announce", "cancel"] {
        let found = breach(&world, case(name), |deed| deed.signed.clear());
        assert_eq!(found, "I7", "{name}");
    }
    let found = breach(&world, case("enact"), |deed| deed.height -= 1_000);
    assert_eq!(found, "I7", "enact");
}

#[test]
fn oracle_i8_notes_that_are_not_due_or_badly_made_are_seen() {
    let m = Members::of(10);
    let late = m.world.height.0 + 20_000;
    let found = breach(&m.world, &taken(&m, 0, late), |deed| {
        bend(&m.world, &mut deed.inputs[1], |c| {
            c.set_long(0, R6, 0, i64::from(late) + 1)
        })
    });
    assert_eq!(found, "I8", "refund before the expiry");
    let found = breach(&m.world, &taken(&m, 1, m.world.height.0), |deed| {
        bend(&m.world, &mut deed.inputs[1], |c| {
            c.set_register(0, R5, vec![1_u8; 96])
        })
    });
    assert_eq!(found, "I8", "another's note");
    let payer = &m.accounts[0];
    let noted = trade(&m.world, &[pays(payer, 30)], &[&m.keys[0]])
        .with(|c| c.add_output(note(&m.world, payer, None, 30), 0));
    let found = breach(&m.world, &noted, |deed| {
        bend(&m.world, &mut deed.outputs[1], |c| {
            c.set_register(0, R5, vec![1_u8; 64])
        })
    });
    assert_eq!(found, "I8", "a note of no account");
}

#[test]
fn oracle_i9_units_of_two_lets_are_told_apart() {
    let (m, other) = (Members::of(10), Members::of(60));
    let both = payment(&m).with(|c| {
        let more = payment(&other);
        c.outputs.pop();
        c.give_erg(0, NanoErg::MIN_FEE.0);
        c.inputs.extend(more.inputs);
        c.outputs.extend(more.outputs);
        c.signers.extend(more.signers);
    });
    let found = breach(&m.world, &both, |deed| {
        // The payee has the other LETS's units in the place of his own's.
        bend(&m.world, &mut deed.outputs[1], |c| {
            c.set_tokens(0, |all| all[2].0 = unit(&other.world))
        })
    });
    assert_eq!(found, "I9");
}

#[test]
fn oracle_i10_too_little_erg_and_too_great_age_are_seen() {
    let m = Members::of(10);
    let found = breach(&m.world, &payment(&m), |deed| {
        bend(&m.world, &mut deed.outputs[0], |c| {
            c.take_erg(0, 1_000_000_000)
        })
    });
    assert_eq!(found, "I10", "ERG below the floor");
    let found = breach(&m.world, &payment(&m), |deed| deed.height += 5_040);
    assert_eq!(found, "I10", "an old successor");
    let stage = Stage::of(10);
    let found = breach(&stage.world, &stage.set_terms(), |deed| {
        bend(&stage.world, &mut deed.outputs[0], |c| c.take_erg(0, 1))
    });
    assert_eq!(found, "I10", "the pot's ERG");
}
