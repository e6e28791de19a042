//! C: units of all inputs are units of accounts, the pot and notes; and who reckons it.

use super::*;

/// The first member pays the second directly, and somebody else by a note: the second cannot reckon the sum himself,
/// for the note names the first.
fn payment_with_note(m: &Members, payer: &AccountBox) -> Case {
    let case = trade(
        &m.world,
        &[pays(payer, 300), takes(&m.accounts[1], 200)],
        &[&m.keys[0]],
    );
    case.with(|c| c.add_output(note(&m.world, payer, Some(&m.accounts[2]), 100), 0))
}

/// The leader's successor hands `units` more to a wallet.
fn leak(m: &Members, case: Case, output: usize, units: u64) -> Case {
    let unit = unit(&m.world);
    case.with(|c| {
        c.add_output(loot(&[]), output);
        let at = c.outputs.len() - 2;
        c.move_token(output, at, unit, units);
    })
}

// C1: who is not the leader leaves the sum to him.
#[test]
fn payee_relies_on_a_fresh_leader_accepted() {
    let m = Members::of(10);
    payment_with_note(&m, &m.accounts[0]).accepted();
}

// C1: on its last day the leader vouches, at the storage period no more: its script might not run.
#[test]
fn leader_of_storage_age_does_not_vouch() {
    let m = Members::of(10);
    payment_with_note(&m, &m.aged(0, STORAGE_PERIOD - 1)).accepted();
    let old = m.aged(0, STORAGE_PERIOD);
    payment_with_note(&m, &old).refused_at(1);
    // The payee reckons the sum himself then, and without the note it is right.
    payment_between(&m, &old, &m.accounts[1], 200).accepted();
}

// C1: what the rule is for: the leader is spent as storage rent, and the account behind sends its units away.
#[test]
fn leader_spent_as_rent_units_leak_refused() {
    let m = Members::of(10);
    let old = m.aged(1, STORAGE_PERIOD);
    let case = trade(&m.world, &[pays(&m.accounts[0], 500)], &[&m.keys[0]]).with(|c| {
        c.lead(old.ergo_box().clone());
        c.outputs[0].creation_height = c.height;
        c.rent(0, 0);
    });
    let unit = unit(&m.world);
    case.clone()
        .with(|c| c.add_output(loot(&[(unit, 500)]), 1))
        .refused_at(1);
    // Beside the rent spend, a trade that adds up is as good as ever.
    let [_, _, payee, _] = &m.accounts;
    trade(
        &m.world,
        &[pays(&m.accounts[0], 500), takes(payee, 500)],
        &[&m.keys[0]],
    )
    .with(|c| {
        c.lead(old.ergo_box().clone());
        c.outputs[0].creation_height = c.height;
        c.rent(0, 0);
    })
    .accepted();
}

// C1 C3: an account in the middle is taken as storage rent; its units count in the sum.
#[test]
fn account_taken_as_rent_its_units_stay_in_the_sum() {
    let m = Members::of(10);
    // It holds less ERG than its rent: free to take, without a successor.
    let dry = m.world.account_with(&m.aged(2, STORAGE_PERIOD), |c| {
        c.outputs[0].value = 500_000_000_u64.try_into().unwrap();
    });
    let tokens = [
        (membership(&m.world), 1),
        (dry.number().token_id(), 1),
        (unit(&m.world), 20_000),
    ];
    let case = payment(&m, 200).with(|c| {
        c.add_input(dry.ergo_box().clone(), 0);
        c.rent(2, 2);
    });
    case.clone()
        .with(|c| c.add_output(loot(&tokens), 0))
        .refused_at(0);
    case.with(|c| {
        c.add_output(loot(&tokens[..2]), 0);
        c.set_tokens(1, |all| all[2].1 += 20_000);
    })
    .accepted();
}

// C1: the leader must have the account's script.
#[test]
fn fake_leader_of_another_script_refused() {
    let m = Members::of(10);
    let fake = wallet_with(
        &m.world,
        &m.keys[0],
        &[(membership(&m.world), 1), (junk(1), 1)],
    );
    let unit = unit(&m.world);
    trade(&m.world, &[pays(&m.accounts[0], 500)], &[&m.keys[0]])
        .with(|c| {
            c.lead(fake);
            c.add_output(loot(&[(unit, 500)]), 1);
        })
        .refused_at(1);
}

// C1: and the membership token: a box under the account's script with a token of its own reckons another LETS's sum.
#[test]
fn fake_leader_of_another_membership_refused() {
    let m = Members::of(10);
    let fake = m
        .world
        .box_with(m.accounts[1].ergo_box(), |c| c.outputs[0].tokens = None);
    let fake = m.world.box_with(&fake, |c| {
        c.set_tokens(0, |all| all.extend([(junk(1), 1), (junk(2), 1)]))
    });
    let unit = unit(&m.world);
    let case = trade(&m.world, &[pays(&m.accounts[0], LINE)], &[&m.keys[0]]).with(|c| {
        c.lead(fake);
        let stamp = i64::from(m.world.height.0);
        c.set_long(0, R6, 1, stamp);
        c.set_long(0, R6, 3, stamp);
        c.set_tokens(0, |all| all.push((unit, LINE as u64)));
        c.signers.push(m.keys[1].clone());
    });
    case.refused_at(1);
}

// C1: a fake leader with two membership tokens, as somebody might gather them from boxes run dry.
#[test]
fn fake_leader_of_two_membership_tokens_refused() {
    let m = Members::of(10);
    let fake = m.world.box_with(m.accounts[1].ergo_box(), |c| {
        c.set_tokens(0, |all| all[0].1 = 2)
    });
    let unit = unit(&m.world);
    trade(&m.world, &[pays(&m.accounts[0], 500)], &[&m.keys[0]])
        .with(|c| {
            c.lead(fake);
            c.add_output(loot(&[(unit, 500)]), 1);
        })
        .refused_at(1);
}

// C1 C3: the leader relies on nobody, least of all on itself.
#[test]
fn leader_units_leak_refused() {
    let m = Members::of(10);
    leak(
        &m,
        trade(&m.world, &[signs(&m.accounts[0], 0)], &[&m.keys[0]]),
        0,
        1,
    )
    .refused_at(0);
    leak(&m, payment(&m, 200), 0, 1).refused_at(0);
    leak(&m, payment(&m, 200), 1, 1).refused_at(0);
}

// C2: every output; one block younger, and at the border.
#[test]
fn outputs_prepared_age_refused() {
    let mut m = Members::of(10);
    m.accounts = [0, 1, 2, 3].map(|i| m.aged(i, 6_000));
    let base = payment_with_note(&m, &m.accounts[0]);
    assert_eq!(base.outputs.len(), 4, "payer, payee, note, fee");
    base.clone()
        .with(|c| {
            for output in &mut c.outputs {
                output.creation_height = created(&m.world, 5_039);
            }
        })
        .accepted();
    for output in 0..4 {
        base.clone()
            .with(|c| c.outputs[output].creation_height = created(&m.world, 5_040))
            .refused_at(0);
    }
}

// C2: also where there is no leader, so that each account looks for itself.
#[test]
fn outputs_prepared_age_without_leader_refused() {
    let mut m = Members::of(10);
    m.accounts = [0, 1, 2, 3].map(|i| m.aged(i, 6_000));
    let wallet = m.world.box_with(&m.world.wallet_box(&m.keys[0], 1.0), |c| {
        c.outputs[0].creation_height -= 6_000;
    });
    for (age, passes) in [(5_039, true), (5_040, false)] {
        let case = payment(&m, 200).with(|c| {
            c.lead(wallet.clone());
            c.outputs[2].creation_height = created(&m.world, age);
        });
        if passes {
            case.accepted();
        } else {
            case.refused_at(1);
            case.refused_at(2);
        }
    }
}

// C3: burnt units are missed too.
#[test]
fn units_burnt_refused() {
    let m = Members::of(10);
    trade(
        &m.world,
        &[pays(&m.accounts[0], 200), takes(&m.accounts[1], 199)],
        &[&m.keys[0]],
    )
    .refused_at(0);
    trade(&m.world, &[pays(&m.accounts[0], 200)], &[&m.keys[0]]).refused_at(0);
}

// C3: units of all inputs, wherever they lay.
#[test]
fn stray_units_of_a_wallet_box_must_stay_inside() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    // Behind other tokens, where nobody looks first.
    let stray = wallet_with(&m.world, &m.keys[0], &[(junk(1), 3), (unit, 70)]);
    let [a, b, ..] = &m.accounts;
    trade(&m.world, &[pays(a, 200), takes(b, 270)], &[&m.keys[0]])
        .with(|c| {
            c.add_input(stray.clone(), 0);
            c.add_output(loot(&[(junk(1), 3)]), 0);
        })
        .accepted();
    trade(&m.world, &[pays(a, 200), takes(b, 200)], &[&m.keys[0]])
        .with(|c| {
            c.add_input(stray, 0);
            c.add_output(loot(&[(junk(1), 3), (unit, 70)]), 0);
        })
        .refused_at(0);
}

// C3: without an account in the lead each account reckons.
#[test]
fn led_by_a_wallet_box_units_leak_refused() {
    let m = Members::of(10);
    let case = payment(&m, 200).with(|c| c.lead(m.world.wallet_box(&m.keys[0], 1.0)));
    case.accepted();
    let case = leak(&m, case, 2, 1);
    case.refused_at(1);
    case.refused_at(2);
}

// C5: a box under the account's script is no account of this LETS without its membership token.
#[test]
fn units_to_a_fake_account_refused() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    let wallet = wallet_with(&m.world, &m.keys[0], &[(junk(1), 1), (junk(2), 1)]);
    let fake = |c: &mut Case, tokens: &[_]| {
        let mut candidate = ErgoBoxCandidate::from(m.accounts[3].ergo_box().clone());
        candidate.value = 10_000_000_u64.try_into().unwrap();
        candidate.tokens = lets_tests::case::tokens(tokens);
        c.add_output(candidate, 0);
    };
    trade(&m.world, &[pays(&m.accounts[0], 200)], &[&m.keys[0]])
        .with(|c| {
            c.add_input(wallet, 0);
            fake(c, &[(junk(1), 1), (junk(2), 1), (unit, 200)]);
        })
        .refused_at(0);
    // Nor with two.
    let pair = wallet_with(
        &m.world,
        &m.keys[0],
        &[(membership(&m.world), 2), (junk(2), 1)],
    );
    trade(&m.world, &[pays(&m.accounts[0], 200)], &[&m.keys[0]])
        .with(|c| {
            c.add_input(pair, 0);
            fake(c, &[(membership(&m.world), 2), (junk(2), 1), (unit, 200)]);
        })
        .refused_at(0);
}

// C5: nor is a box with the membership token one without the account's script.
#[test]
fn units_to_a_wallet_with_a_membership_token_refused() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    let tokens = [(membership(&m.world), 1), (junk(2), 1)];
    let wallet = wallet_with(&m.world, &m.keys[0], &tokens);
    trade(&m.world, &[pays(&m.accounts[0], 200)], &[&m.keys[0]])
        .with(|c| {
            c.add_input(wallet, 0);
            c.add_output(loot(&[tokens[0], tokens[1], (unit, 200)]), 0);
        })
        .refused_at(0);
}

// C5: units beside the account's, under a token of another LETS or none, stay where they are.
#[test]
fn junk_tokens_beside_a_trade_accepted() {
    let m = Members::of(10);
    let wallet = wallet_with(&m.world, &m.keys[0], &[(junk(1), 3), (junk(2), 9)]);
    payment(&m, 200)
        .with(|c| {
            c.add_input(wallet, 0);
            c.add_output(loot(&[(junk(1), 3), (junk(2), 9)]), 0);
        })
        .accepted();
}
