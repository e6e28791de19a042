//! Notes, in one transaction with other notes and payments.

use crate::*;
use lets_protocol::Height;

/// The transaction in the first block in which notes of these tests can be refunded.
fn expired(m: &mut Members) {
    m.world.height = Height(m.world.height.0 + 262_800);
}

// M2 N1: one leader takes in a note to him and takes back one of his own: lawful. A third one's stays closed.
#[test]
fn claim_and_refund_in_one_transaction_accepted() {
    let mut m = Members::of(10);
    let notes = [
        standing(&m, 1, Some(0), 300),
        standing(&m, 0, Some(2), 200),
        standing(&m, 1, Some(2), 100),
    ];
    expired(&mut m);
    let taken = |notes: &[ErgoBox], units| {
        trade(&m.world, &[signs(&m.accounts[0], units)], &[&m.keys[0]]).with(|c| {
            for note in notes {
                c.add_input(note.clone(), 0);
            }
        })
    };
    taken(&notes[..2], 500).accepted();
    taken(&notes, 600).refused_at(3);
}

// C6: what is claimed goes into another note at once: it names him who claims, not the first payer, who could refund it.
#[test]
fn claimed_units_into_a_note_of_the_first_payer_refused() {
    let m = Members::of(10);
    let passed_on = |by: &AccountBox| {
        trade(&m.world, &[signs(&m.accounts[1], 0)], &[&m.keys[1]]).with(|c| {
            c.add_input(standing(&m, 0, Some(1), 300), 0);
            c.add_output(note(&m.world, by, Some(&m.accounts[2]), 300), 0);
        })
    };
    passed_on(&m.accounts[1]).accepted();
    passed_on(&m.accounts[0]).refused_at(0);
}

// C6: a note's units in two entries, or beside the same unit once more.
#[test]
fn note_with_its_unit_twice_refused() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    let payer = &m.accounts[0];
    let case = trade(&m.world, &[pays(payer, 500)], &[&m.keys[0]])
        .with(|c| c.add_output(note(&m.world, payer, None, 500), 0));
    case.accepted();
    case.with(|c| c.set_tokens(1, |all| *all = vec![(unit, 300), (unit, 200)]))
        .refused_at(0);
}

// L1 M2: the payee behind the payer of the note: the payer who leads could send the units anywhere.
#[test]
fn note_led_by_its_payer_before_the_expiry_refused() {
    let m = Members::of(10);
    let [payer, payee, ..] = &m.accounts;
    trade(
        &m.world,
        &[signs(payer, 300), signs(payee, 0)],
        &[&m.keys[0], &m.keys[1]],
    )
    .with(|c| c.add_input(standing(&m, 0, Some(1), 300), 0))
    .refused_at(2);
}

// I9: a claim in one LETS, a payment in another behind it: each counts its own units.
#[test]
fn claim_in_one_lets_beside_a_payment_in_another_accepted() {
    let (m, n) = (Members::of(10), Members::of(60));
    let claim = trade(&m.world, &[signs(&m.accounts[1], 300)], &[&m.keys[1]]);
    let case = joined(claim, payment(&n)).with(|c| c.add_input(standing(&m, 0, Some(1), 300), 0));
    case.accepted();
    let foreign = unit(&n.world);
    case.clone()
        .with(|c| c.steal(1, foreign, 1, 0))
        .refused_at(1);
    // A note of the second LETS finds no account of its own in the lead.
    case.with(|c| {
        c.add_input(standing(&n, 0, Some(1), 300), 0);
        c.set_tokens(2, |all| all[2].1 += 300);
    })
    .refused_at(4);
}

// D5: a debtor with classes cannot turn a note of anybody into free units by a note to himself.
#[test]
fn classes_credit_through_a_note_to_oneself_refused() {
    let m = Members::of(10);
    let terms = [m.accounts[0].terms().to_longs(), vec![3]].concat();
    let debtor = m
        .world
        .account_with(&m.at(0, -500), |c| c.set_register(0, R4, terms));
    let claimed = |classes: &[i64]| {
        trade(&m.world, &[signs(&debtor, 0)], &[&m.keys[0]]).with(|c| {
            c.add_input(standing(&m, 1, Some(0), 300), 0);
            c.add_output(note(&m.world, &debtor, Some(&debtor), 300), 0);
            let rules = [&longs(&c.outputs[1], R6)[..1], classes].concat();
            c.set_register(1, R6, rules);
        })
    };
    claimed(&[3]).accepted();
    claimed(&[]).refused_at(0);
}
