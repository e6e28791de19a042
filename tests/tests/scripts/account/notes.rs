//! C6: which notes count as units kept, so that no other note can be made.

use super::*;
use lets_tests::case::registers;

/// The first member puts 500 into a note for the second, changed.
fn noted(m: &Members, change: impl FnOnce(&mut Case)) -> Case {
    let payer = &m.accounts[0];
    trade(&m.world, &[pays(payer, 500)], &[&m.keys[0]])
        .with(|c| c.add_output(note(&m.world, payer, Some(&m.accounts[1]), 500), 0))
        .with(change)
}

fn parties(payer: &[u8], script: &[u8], rest: &[u8]) -> Vec<u8> {
    [payer, script, rest].concat()
}

fn script_hash(m: &Members) -> [u8; 32] {
    *m.world.lets.contracts().account.hash().bytes()
}

// C6
#[test]
fn note_well_formed_accepted() {
    let m = Members::of(10);
    let case = noted(&m, |_| ());
    case.accepted();
    case.clone().unsigned().unproven();
    let made = existing(&case.outputs[1], 0);
    let parsed = lets_protocol::NoteBox::parse(&m.world.lets, &made).unwrap();
    assert_eq!(parsed.amount(), Amount::new(500).unwrap());
    assert_eq!(parsed.payee(), Some(m.accounts[1].number()));
}

// C6: to anybody, with a claimant's key, with a memo.
#[test]
fn note_to_a_key_with_a_memo_accepted() {
    let m = Members::of(10);
    let payer = parties(m.accounts[0].number().bytes(), &script_hash(&m), &[]);
    noted(&m, |c| {
        c.set_register(1, R4, prop(&m.keys[2]));
        c.set_register(1, R5, payer);
        c.set_register(1, R7, vec![42_u8; 200]);
    })
    .accepted();
}

// C6: several notes of one payment, each with its own payee.
#[test]
fn notes_to_many_in_one_transaction_accepted() {
    let m = Members::of(10);
    let payer = &m.accounts[0];
    trade(&m.world, &[pays(payer, 600)], &[&m.keys[0]])
        .with(|c| {
            for (payee, units) in m.accounts[1..].iter().zip([100, 200, 300]) {
                c.add_output(note(&m.world, payer, Some(payee), units), 0);
            }
        })
        .accepted();
}

// C6: the unit alone.
#[test]
fn note_with_another_token_refused() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    for first in [true, false] {
        noted(&m, |c| {
            c.add_input(wallet_with(&m.world, &m.keys[0], &[(junk(1), 1)]), 0);
            let mut tokens = vec![(unit, 500), (junk(1), 1)];
            if first {
                tokens.reverse();
            }
            c.set_tokens(1, |all| *all = tokens);
        })
        .refused_at(0);
    }
}

// C6: the note's script.
#[test]
fn note_of_another_script_refused() {
    let m = Members::of(10);
    noted(&m, |c| c.outputs[1].ergo_tree = p2pk(&m.keys[0])).refused_at(0);
    let other = lets_tests::World::new(60);
    noted(&m, |c| {
        c.outputs[1].ergo_tree = other.lets.contracts().note.tree().clone();
    })
    .refused_at(0);
}

// C6: without units it is no note, and nobody asks what stands in it.
#[test]
fn note_script_over_no_tokens_beside_a_trade_accepted() {
    let m = Members::of(10);
    payment(&m, 500)
        .with(|c| {
            c.add_output(note(&m.world, &m.accounts[0], None, 1), 0);
            let made = c.outputs.len() - 2;
            c.set_tokens(made, Vec::clear);
            c.truncate_registers(made, 1);
        })
        .accepted();
}

// C6: R4 is a proposition.
#[test]
fn note_without_a_claimant_refused() {
    let m = Members::of(10);
    noted(&m, |c| c.truncate_registers(1, 0)).refused_at(0);
    noted(&m, |c| c.set_register(1, R4, 1_i64)).refused_by_the_reference_alone_at(0);
    noted(&m, |c| c.set_register(1, R4, vec![prop(&m.keys[0])]))
        .refused_by_the_reference_alone_at(0);
}

// C6: R5 names the payer by whom the sum is reckoned.
#[test]
fn note_that_names_another_payer_refused() {
    let m = Members::of(10);
    let hash = script_hash(&m);
    let payee = *m.accounts[1].number().bytes();
    noted(&m, |c| {
        c.set_register(1, R5, parties(&payee, &hash, &payee))
    })
    .refused_at(0);
    noted(&m, |c| {
        c.set_register(1, R5, parties(&[0; 32], &hash, &payee))
    })
    .refused_at(0);
}

// C6: and this script, by which the note will know its leader.
#[test]
fn note_that_names_another_script_refused() {
    let m = Members::of(10);
    let payer = *m.accounts[0].number().bytes();
    let payee = *m.accounts[1].number().bytes();
    let thief = lets_contracts::ScriptHash::of(b"a script of the payer's own");
    noted(&m, |c| {
        c.set_register(1, R5, parties(&payer, thief.bytes(), &payee))
    })
    .refused_at(0);
}

// C6: R5 too short, of another type, absent.
#[test]
fn note_with_malformed_parties_refused() {
    let m = Members::of(10);
    let payer = *m.accounts[0].number().bytes();
    let hash = script_hash(&m);
    for length in [0, 1, 32, 63] {
        let short = parties(&payer, &hash, &[])[..length].to_vec();
        noted(&m, |c| c.set_register(1, R5, short)).refused_at(0);
    }
    noted(&m, |c| c.set_register(1, R5, vec![1_i64])).refused_at(0);
    noted(&m, |c| c.truncate_registers(1, 1)).refused_at(0);
}

// C6: R6 without classes here, of another type, absent.
#[test]
fn note_with_malformed_rules_refused() {
    let m = Members::of(10);
    let expiry = i64::from(m.world.height.0) + 20_000;
    noted(&m, |c| c.set_register(1, R6, vec![expiry, 3])).refused_at(0);
    noted(&m, |c| c.set_register(1, R6, vec![expiry, 3, 4])).refused_at(0);
    noted(&m, |c| c.set_register(1, R6, expiry)).refused_at(0);
    noted(&m, |c| c.truncate_registers(1, 2)).refused_at(0);
    noted(&m, |c| c.set_register(1, R6, vec![7_i32])).refused_at(0);
    // Without even an expiry it lives for the least time; note.es sees to that.
    noted(&m, |c| c.set_register(1, R6, Vec::<i64>::new())).accepted();
    noted(&m, |c| assert_eq!(registers(&c.outputs[1]).len(), 3)).accepted();
}

// C3: a note over more than was paid, and over less.
#[test]
fn note_over_another_amount_refused() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    // Units cannot come from nowhere: the payer's account pays 500, and 499 of them are noted.
    noted(&m, |c| c.set_tokens(1, |all| all[0].1 = 499)).refused_at(0);
    noted(&m, |c| {
        c.add_output(loot(&[]), 0);
        c.move_token(1, 2, unit, 1);
    })
    .refused_at(0);
}

// C6 C1: behind another leader a note names the leader, who reckons the sum, whoever paid.
#[test]
fn note_behind_another_leader_names_the_leader() {
    let m = Members::of(10);
    let [leader, payer, payee, _] = &m.accounts;
    let made = |named: &AccountBox| {
        trade(
            &m.world,
            &[signs(leader, 0), pays(payer, 500)],
            &[&m.keys[0], &m.keys[1]],
        )
        .with(|c| c.add_output(note(&m.world, named, Some(payee), 500), 0))
    };
    made(leader).accepted();
    made(payer).refused_at(0);
}

// C6: behind a wallet box the payer reckons the sum himself, and the note names him.
#[test]
fn note_behind_a_wallet_box_accepted() {
    let m = Members::of(10);
    let wallet = m.world.wallet_box(&m.keys[0], 1.0);
    noted(&m, |c| c.lead(wallet.clone())).accepted();
    let other = note(&m.world, &m.accounts[1], Some(&m.accounts[2]), 500);
    noted(&m, |c| {
        c.outputs[1].additional_registers = other.additional_registers;
        c.lead(wallet);
    })
    .refused_at(1);
}
