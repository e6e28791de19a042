//! M: who may claim.

use super::*;

// M1: trivially true for a named payee; otherwise the claimant signs besides the leader.
#[test]
fn claim_with_the_claimants_proof_accepted() {
    let m = Members::of(10);
    let claimant = &m.keys[3];
    for member in [0, 1, 2] {
        let account = &m.accounts[member];
        spend(
            &m,
            &bearer(&m, claimant),
            account,
            &[&m.keys[member], claimant],
        )
        .accepted();
        spend(&m, &bearer(&m, claimant), account, &[&m.keys[member]]).unproven();
        spend(&m, &bearer(&m, claimant), account, &[claimant]).unproven();
    }
    spend_by(&m, &open(&m), 2).accepted();
}

// M1: any proposition: two keys together.
#[test]
fn claim_with_a_joint_proof_accepted() {
    let m = Members::of(10);
    let joint = lets_tests::world::at_least(2, &[&m.keys[2], &m.keys[3]]);
    let note = m
        .world
        .box_with(&open(&m), |c| c.set_register(0, R4, joint));
    let led = |signers: &[&SecretKey]| spend(&m, &note, &m.accounts[1], signers);
    led(&[&m.keys[1], &m.keys[2], &m.keys[3]]).accepted();
    led(&[&m.keys[1], &m.keys[2]]).unproven();
}

// M1: the claimant's proof is asked for beside a named payee too.
#[test]
fn claim_of_a_named_note_with_a_claimant_unproven() {
    let m = Members::of(10);
    let note = m
        .world
        .box_with(&named(&m), |c| c.set_register(0, R4, prop(&m.keys[3])));
    spend(&m, &note, &m.accounts[1], &[&m.keys[1]]).unproven();
    spend(&m, &note, &m.accounts[1], &[&m.keys[1], &m.keys[3]]).accepted();
}

// M2: one's own account, another's, and the payer's before the expiry.
#[test]
fn claim_by_another_than_the_named_payee_refused() {
    let m = Members::of(10);
    spend_by(&m, &named(&m), 1).accepted();
    for member in [0, 2, 3] {
        spend_by(&m, &named(&m), member).refused_at(NOTE);
    }
}

// M2: the payee's number ends where its 32 bytes do, whatever the payer has written behind it.
#[test]
fn claim_of_a_named_note_with_bytes_behind_the_payee_accepted() {
    let m = Members::of(10);
    let [payer, payee, ..] = &m.accounts;
    let mut who = payer.number().bytes().to_vec();
    who.extend(m.world.lets.contracts().account.hash().bytes());
    who.extend(payee.number().bytes());
    who.push(7);
    let note = m.world.box_with(&named(&m), |c| c.set_register(0, R5, who));
    spend_by(&m, &note, 1).accepted();
    spend_by(&m, &note, 2).refused_at(NOTE);
}

// M2: the payee stands behind another leader.
#[test]
fn claim_behind_another_leader_refused() {
    let m = Members::of(10);
    let [_, payee, other, _] = &m.accounts;
    trade(
        &m.world,
        &[signs(other, 0), signs(payee, UNITS as i64)],
        &[&m.keys[1], &m.keys[2]],
    )
    .with(|c| c.add_input(named(&m), 0))
    .refused_at(2);
}

// M2: the note follows the account, not the key: after a change of keys the new one claims.
#[test]
fn claim_after_a_key_change_accepted() {
    let m = Members::of(10);
    let changed = m.world.account_with(&m.accounts[1], |c| {
        c.set_register(0, R5, vec![prop(&m.keys[3])])
    });
    spend(&m, &named(&m), &changed, &[&m.keys[3]]).accepted();
    spend(&m, &named(&m), &changed, &[&m.keys[1]]).unproven();
}

// M2: half a payee is nobody; the payer gets it back after the expiry.
#[test]
fn claim_of_a_note_with_half_a_payee_refused() {
    let mut m = Members::of(10);
    let half = note(&m.world, &m.accounts[0], Some(&m.accounts[1]), UNITS);
    let half = standing(half, |_| (), &m);
    let parties = [
        m.accounts[0].number().bytes().as_slice(),
        m.world.lets.contracts().account.hash().bytes(),
        &m.accounts[1].number().bytes()[..16],
    ]
    .concat();
    let half = m.world.box_with(&half, |c| c.set_register(0, R5, parties));
    spend_by(&m, &half, 1).refused_at(NOTE);
    later(&mut m, LONGEST + 1);
    spend_by(&m, &half, 1).refused_at(NOTE);
    spend_by(&m, &half, 0).accepted();
}

/// A note, to anybody or to the second member, that classes 3 and 4 may claim.
fn for_classes(m: &Members, payee: Option<&AccountBox>) -> ErgoBox {
    let rules = vec![i64::from(m.world.height.0) + 20_000, 3, 4];
    standing(
        note(&m.world, &m.accounts[0], payee, UNITS),
        |c| c.set_register(0, R6, rules),
        m,
    )
}

// M3
#[test]
fn claim_by_a_class_that_may_accepted() {
    let m = Members::of(10);
    for payee in [None, Some(&m.accounts[1])] {
        let note = for_classes(&m, payee);
        let class = |n| on_terms(&m.world, &m.accounts[1], &[(8, n)]);
        for (n, passes) in [(2, false), (3, true), (4, true), (5, false), (0, false)] {
            let case = spend(&m, &note, &class(n), &[&m.keys[1]]);
            if passes {
                case.accepted();
            } else {
                case.refused_at(NOTE);
            }
        }
    }
}

// M1 M2 M3: a note asks for nothing else: any memo, any further register.
#[test]
fn claim_of_a_note_with_a_memo_accepted() {
    let m = Members::of(10);
    let note = m
        .world
        .box_with(&named(&m), |c| c.set_register(0, R7, vec![42_u8; 300]));
    spend_by(&m, &note, 1).accepted();
}

// K8: at the payee's cap, and one past it.
#[test]
fn claim_past_the_payees_cap_refused() {
    let m = Members::of(10);
    for (room, passes) in [(0, true), (1, false)] {
        let payee = m.at(1, CAP - UNITS as i64 + room);
        let case = spend(&m, &named(&m), &payee, &[&m.keys[1]]);
        if passes {
            case.accepted();
        } else {
            case.refused_at(0);
        }
    }
}

// Any number at once, by one owner; the notes' ERG pays for it.
#[test]
fn claim_of_many_notes_at_once_accepted() {
    let m = Members::of(10);
    let payee = &m.accounts[1];
    let case = trade(&m.world, &[signs(payee, 4 * UNITS as i64)], &[&m.keys[1]]).with(|c| {
        for payer in [0, 2, 3, 1] {
            let note = note(&m.world, &m.accounts[payer], Some(payee), UNITS);
            c.add_input(standing(note, |_| (), &m), 0);
        }
    });
    assert!(*case.outputs[0].value.as_u64() > *payee.ergo_box().value.as_u64());
    case.accepted();
    // One note's units that vanish on the way are missed.
    case.with(|c| c.set_tokens(0, |all| all[2].1 -= UNITS))
        .refused_at(0);
}

// With the next payment: what was claimed is paid on, directly and by a note.
#[test]
fn claim_and_pay_on_accepted() {
    let m = Members::of(10);
    let [_, payee, direct, noted] = &m.accounts;
    trade(
        &m.world,
        &[signs(payee, -100), takes(direct, 200)],
        &[&m.keys[1]],
    )
    .with(|c| {
        c.add_input(named(&m), 0);
        c.add_output(note(&m.world, payee, Some(noted), 400), 0);
    })
    .accepted();
}

// Two payees cannot claim together: one leads.
#[test]
fn claims_of_two_payees_in_one_transaction_refused() {
    let m = Members::of(10);
    let [payer, payee, other, _] = &m.accounts;
    let second = standing(note(&m.world, payer, Some(other), UNITS), |_| (), &m);
    let gain = UNITS as i64;
    trade(
        &m.world,
        &[signs(payee, gain), signs(other, gain)],
        &[&m.keys[1], &m.keys[2]],
    )
    .with(|c| {
        c.add_input(named(&m), 0);
        c.add_input(second, 0);
    })
    .refused_at(3);
}

// I9: two LETS: each note by the leader of its own LETS, and there is only one leader.
#[test]
fn claims_in_two_lets_in_one_transaction_refused() {
    let (m, n) = (Members::of(10), Members::of(60));
    let case = spend_by(&m, &named(&m), 1);
    case.accepted();
    case.with(|c| {
        let other = spend_by(&n, &named(&n), 1);
        c.inputs.extend(other.inputs);
        c.outputs.insert(1, other.outputs[0].clone());
        c.inputs.swap(1, 2);
        c.give_erg(1, lets_protocol::NanoErg::MIN_FEE.0);
        c.signers.extend(other.signers);
    })
    .refused_at(3);
}
