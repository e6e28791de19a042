//! L: an account of this LETS in the lead, whose script runs.

use super::*;

// L1 L2 L3
#[test]
fn led_by_the_payee_accepted() {
    let m = Members::of(10);
    spend_by(&m, &named(&m), 1).accepted();
}

// L3 U1: the leader is signed, although it only gains.
#[test]
fn led_by_the_payee_unsigned_unproven() {
    let m = Members::of(10);
    spend_by(&m, &named(&m), 1).unsigned().unproven();
    spend(&m, &named(&m), &m.accounts[1], &[&m.keys[0]]).unproven();
}

/// The second member's account with other tokens in the first two places: fake, but under the account's script.
fn fake(m: &Members, tokens: &[(ergo_lib::ergotree_ir::chain::token::TokenId, u64)]) -> ErgoBox {
    m.world.box_with(m.accounts[1].ergo_box(), |c| {
        c.outputs[0].tokens = lets_tests::case::tokens(tokens);
    })
}

/// The fake takes in the note, by the rules of an account.
fn spend_by_fake(m: &Members, note: ErgoBox, fake: ErgoBox) -> Case {
    let unit = unit(&m.world);
    trade(&m.world, &[signs(&m.accounts[1], 0)], &[&m.keys[1]]).with(|c| {
        let tokens = fake.tokens.clone();
        c.inputs[0].0 = fake;
        c.outputs[0].tokens = tokens;
        c.set_tokens(0, |all| all.push((unit, UNITS)));
        c.add_input(note, 0);
    })
}

// L1: a box under the account's script with tokens of its own, whose own rules are content.
#[test]
fn led_by_an_account_without_membership_refused() {
    let m = Members::of(10);
    let number = m.accounts[1].number().token_id();
    spend_by_fake(&m, open(&m), fake(&m, &[(junk(1), 1), (junk(2), 1)])).refused_at(NOTE);
    // Also one that holds the payee's number, should that ever come loose.
    spend_by_fake(&m, named(&m), fake(&m, &[(junk(1), 1), (number, 1)])).refused_at(NOTE);
}

// L1: nor with two membership tokens.
#[test]
fn led_by_an_account_of_two_memberships_refused() {
    let m = Members::of(10);
    let two = fake(&m, &[(membership(&m.world), 2), (junk(2), 1)]);
    spend_by_fake(&m, open(&m), two).refused_at(NOTE);
}

// L2: the right tokens under another script.
#[test]
fn led_by_a_box_of_another_script_refused() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    let number = m.accounts[1].number().token_id();
    let tokens = [(membership(&m.world), 1), (number, 1)];
    for note in [open(&m), named(&m)] {
        let thief = m.world.box_with(&fake(&m, &tokens), |c| {
            c.outputs[0].ergo_tree = p2pk(&m.keys[3]);
        });
        spend_by_fake(&m, note, thief)
            .with(|c| {
                c.outputs[0].ergo_tree = p2pk(&m.keys[3]);
                c.add_output(loot(&[]), 0);
                c.move_token(0, 1, unit, UNITS);
                c.signers = vec![m.keys[3].clone()];
            })
            .refused_at(NOTE);
    }
}

// L3: the leader on its last day, and a day later, when its script might not run.
#[test]
fn led_by_an_account_of_storage_age_refused() {
    let m = Members::of(10);
    let led = |age| spend(&m, &named(&m), &m.aged(1, age), &[&m.keys[1]]);
    led(STORAGE_PERIOD - 1).accepted();
    led(STORAGE_PERIOD).refused_at(NOTE);
}

// L3: what the rule is for: the payee's account is spent as storage rent, and the note goes to whoever does it.
#[test]
fn led_by_an_account_spent_as_rent_refused() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    for note in [open(&m), named(&m)] {
        trade(&m.world, &[takes(&m.aged(1, STORAGE_PERIOD), 0)], &[])
            .with(|c| {
                c.add_input(note, 0);
                c.outputs[0].creation_height = c.height;
                c.rent(0, 0);
                c.fee_from(0);
                c.outputs.insert(1, loot(&[(unit, UNITS)]));
                let erg = *c.outputs[1].value.as_u64();
                c.take_erg(0, erg);
                c.outputs[1].creation_height = c.height;
            })
            .refused_at(NOTE);
    }
}

// L1: the payee elsewhere than in the lead.
#[test]
fn led_by_a_wallet_box_refused() {
    let m = Members::of(10);
    spend_by(&m, &named(&m), 1)
        .with(|c| c.lead(m.world.wallet_box(&m.keys[1], 1.0)))
        .refused_at(2);
}

// L1: a note leads nothing, not even itself.
#[test]
fn led_by_itself_refused() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    let case = spend_by(&m, &named(&m), 1).with(|c| c.inputs.swap(0, 1));
    case.refused_at(0);
    // Alone, into a thief's box; the miner fee is in it.
    let case = case.with(|c| {
        c.inputs.truncate(1);
        c.outputs.remove(0);
        c.outputs.insert(0, loot(&[(unit, UNITS)]));
        c.outputs[0].creation_height = m.world.height.0;
        let fee = *c.outputs[1].value.as_u64();
        c.outputs[0].value = (NOTE_ERG - fee).try_into().unwrap();
    });
    case.refused_at(0);
}

// L1 L2: an account of another LETS.
#[test]
fn led_by_an_account_of_another_lets_refused() {
    let (m, n) = (Members::of(10), Members::of(60));
    let unit = unit(&m.world);
    trade(&n.world, &[signs(&n.accounts[0], 0)], &[&n.keys[0]])
        .with(|c| {
            c.add_input(open(&m), 0);
            c.add_output(loot(&[(unit, UNITS)]), 0);
        })
        .refused_at(NOTE);
    // Where the other LETS's account stands first and this one's second, the note stays closed as well.
    trade(
        &n.world,
        &[signs(&n.accounts[0], 0)],
        &[&n.keys[0], &m.keys[1]],
    )
    .with(|c| {
        let claim = spend_by(&m, &open(&m), 1);
        c.inputs.extend(claim.inputs);
        c.outputs.insert(1, claim.outputs[0].clone());
        c.give_erg(1, lets_protocol::NanoErg::MIN_FEE.0);
    })
    .refused_at(2);
}

// C3: the leader, once in the lead, keeps the units in the LETS.
#[test]
fn claimed_units_leak_refused() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    spend_by(&m, &named(&m), 1)
        .with(|c| {
            c.add_output(loot(&[]), 0);
            c.move_token(0, 1, unit, 1);
        })
        .refused_at(0);
}
