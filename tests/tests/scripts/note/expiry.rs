//! N1: what the payer takes back, and when; and that a note's life has bounds whatever he wrote.

use super::*;

/// A note from the first member to the second that asks for this expiry.
fn expiring(m: &Members, rules: Vec<i64>) -> ErgoBox {
    m.world
        .box_with(&named(m), |c| c.set_register(0, R6, rules))
}

/// Refunded so many blocks after the note's creation: not yet, and one block later.
fn refunded_after(m: &mut Members, note: &ErgoBox, life: u32) {
    assert_eq!(
        NoteBox::parse(&m.world.lets, note).unwrap().expiry(),
        Height(note.creation_height + life)
    );
    later(m, life);
    spend_by(m, note, 0).refused_at(NOTE);
    later(m, life + 1);
    spend_by(m, note, 0).accepted();
}

// N1: at the expiry not yet, one block later.
#[test]
fn refund_after_the_expiry_accepted() {
    let mut m = Members::of(10);
    let expiry = i64::from(m.world.height.0) + 20_000;
    let note = expiring(&m, vec![expiry]);
    refunded_after(&mut m, &note, 20_000);
}

// N1: the payer's proof is his signature as the leader.
#[test]
fn refund_unsigned_unproven() {
    let mut m = Members::of(10);
    let note = named(&m);
    later(&mut m, LONGEST + 1);
    spend_by(&m, &note, 0).unsigned().unproven();
}

// N1: by nobody else.
#[test]
fn refund_to_another_than_the_payer_refused() {
    let mut m = Members::of(10);
    let note = named(&m);
    later(&mut m, LONGEST + 1);
    for member in [2, 3] {
        spend_by(&m, &note, member).refused_at(NOTE);
    }
}

// N1: the payer in the transaction, and another in the lead.
#[test]
fn refund_behind_another_leader_refused() {
    let mut m = Members::of(10);
    let note = named(&m);
    later(&mut m, LONGEST + 1);
    let [payer, _, other, _] = &m.accounts;
    trade(
        &m.world,
        &[signs(other, 0), signs(payer, UNITS as i64)],
        &[&m.keys[0], &m.keys[2]],
    )
    .with(|c| c.add_input(note, 0))
    .refused_at(2);
}

// M: the payee is not too late until the payer has taken it.
#[test]
fn claim_after_the_expiry_accepted() {
    let mut m = Members::of(10);
    let note = named(&m);
    for blocks in [LONGEST, LONGEST + 1, 2 * LONGEST + 1] {
        later(&mut m, blocks);
        spend_by(&m, &note, 1).accepted();
    }
}

// N1: without the claimant's proof, and whatever the payer's class.
#[test]
fn refund_of_a_bearer_note_for_classes_accepted() {
    let mut m = Members::of(10);
    let expiry = i64::from(m.world.height.0) + 20_000;
    let note = m.world.box_with(&bearer(&m, &m.keys[3]), |c| {
        c.set_register(0, R6, vec![expiry, 3, 4])
    });
    refunded_after(&mut m, &note, 20_000);
}

// N1: L1-L3 hold for it too: the payer's account as storage rent.
#[test]
fn refund_led_by_an_account_of_storage_age_refused() {
    let mut m = Members::of(10);
    let note = named(&m);
    later(&mut m, LONGEST + 1);
    let led = |age| spend(&m, &note, &m.aged(0, age), &[&m.keys[0]]);
    led(STORAGE_PERIOD - 1).accepted();
    led(STORAGE_PERIOD).refused_at(NOTE);
}

// N1 L2: the payer's number under another script.
#[test]
fn refund_led_by_a_box_of_another_script_refused() {
    let mut m = Members::of(10);
    let note = named(&m);
    later(&mut m, LONGEST + 1);
    let thief = m.world.box_with(m.accounts[0].ergo_box(), |c| {
        c.outputs[0].ergo_tree = p2pk(&m.keys[3]);
    });
    spend_by(&m, &note, 0)
        .with(|c| {
            c.inputs[0].0 = thief;
            c.outputs[0].ergo_tree = p2pk(&m.keys[3]);
            c.signers = vec![m.keys[3].clone()];
        })
        .refused_at(NOTE);
}

// A note lives a week at the least, whatever the payer wrote: no "pay, take the goods, refund".
#[test]
fn refund_of_a_note_with_an_early_expiry_waits() {
    let made = i64::from(Members::of(10).world.height.0);
    let rules = [
        vec![],
        vec![0],
        vec![-1],
        vec![i64::MIN],
        vec![made],
        vec![made + i64::from(SHORTEST) - 1],
    ];
    for rules in rules {
        let mut m = Members::of(10);
        let note = expiring(&m, rules);
        refunded_after(&mut m, &note, SHORTEST);
    }
}

// And a year at the most.
#[test]
fn refund_of_a_note_with_a_late_expiry_comes() {
    let made = i64::from(Members::of(10).world.height.0);
    for expiry in [made + i64::from(LONGEST) + 1, made + 10_000_000, i64::MAX] {
        let mut m = Members::of(10);
        let note = expiring(&m, vec![expiry]);
        refunded_after(&mut m, &note, LONGEST);
    }
}

// C2: an old creation height that the payer prepares shortens the life by what C2 lets pass, and no more.
#[test]
fn refund_of_a_note_of_prepared_age_waits() {
    let mut m = Members::of(10);
    // As old as account.es lets it be at its making.
    let age = 5_038;
    let note = m.world.box_with(&expiring(&m, vec![0]), |c| {
        c.outputs[0].creation_height -= age;
    });
    later(&mut m, SHORTEST - age);
    spend_by(&m, &note, 0).refused_at(NOTE);
    later(&mut m, SHORTEST - age + 1);
    spend_by(&m, &note, 0).accepted();
}

// N1: the payer who names himself can claim at once; nobody is hurt.
#[test]
fn claim_by_the_payer_of_a_note_to_himself_accepted() {
    let m = Members::of(10);
    let payer = &m.accounts[0];
    let note = standing(note(&m.world, payer, Some(payer), UNITS), |_| (), &m);
    spend_by(&m, &note, 0).accepted();
}
