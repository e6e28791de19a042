//! K: what the successor keeps, whoever signs.

use super::*;

// K1
#[test]
fn successor_other_script_refused() {
    let m = Members::of(10);
    // Without units, so that the sum holds although the successor is no account.
    let empty = m.at(0, -LINE);
    touch(&m, &empty).accepted();
    touch(&m, &empty)
        .with(|c| c.outputs[0].ergo_tree = p2pk(&m.keys[0]))
        .refused_at(0);
}

// K1: a payer turns the payee's account into his own wallet box.
#[test]
fn payee_other_script_refused() {
    let m = Members::of(10);
    payment(&m, 200)
        .with(|c| c.outputs[1].ergo_tree = p2pk(&m.keys[0]))
        .refused_at(1);
}

// K1: each account has a successor of its own, found by its index.
#[test]
fn account_without_successor_refused() {
    let m = Members::of(10);
    let debtor = m.at(2, -LINE);
    // A third account, deep in debt and without units, is dropped: its tokens go into a wallet.
    let (number, member) = (debtor.number().token_id(), membership(&m.world));
    let case = payment(&m, 200).with(|c| {
        c.add_input(debtor.ergo_box().clone(), 0);
        c.add_output(loot(&[(member, 1), (number, 1)]), 0);
        c.signers.push(m.keys[2].clone());
    });
    case.refused_at(2);
    // Nor is there a second use of a successor: the outputs of the first two are theirs alone.
    case.with(|c| c.set_tokens(1, |all| all[1].0 = number))
        .with(|c| {
            c.set_tokens(2, |all| {
                all[1].0 = m.accounts[1].number().token_id();
            })
        })
        .refused_at(1);
}

// K2
#[test]
fn successor_other_first_token_refused() {
    let m = Members::of(10);
    let empty = m.at(0, -LINE);
    let member = membership(&m.world);
    touch(&m, &empty)
        .with(|c| {
            c.add_input(wallet_with(&m.world, &m.keys[0], &[(junk(1), 1)]), 0);
            c.set_tokens(0, |all| all[0].0 = junk(1));
            c.add_output(loot(&[(member, 1)]), 0);
        })
        .refused_at(0);
}

// K2: the amount is compared, not only the id.
#[test]
fn successor_two_membership_tokens_refused() {
    let m = Members::of(10);
    let empty = m.at(0, -LINE);
    let member = membership(&m.world);
    touch(&m, &empty)
        .with(|c| {
            c.add_input(wallet_with(&m.world, &m.keys[0], &[(member, 1)]), 0);
            c.set_tokens(0, |all| all[0].1 = 2);
        })
        .refused_at(0);
}

// K3: two owners who agree cannot even exchange their accounts' numbers.
#[test]
fn account_numbers_exchanged_refused() {
    let m = Members::of(10);
    let [a, b, ..] = &m.accounts;
    let case = trade(
        &m.world,
        &[signs(a, 0), signs(b, 0)],
        &[&m.keys[0], &m.keys[1]],
    );
    case.accepted();
    let case = case.with(|c| {
        c.set_tokens(0, |all| all[1].0 = b.number().token_id());
        c.set_tokens(1, |all| all[1].0 = a.number().token_id());
    });
    case.refused_at(0);
    case.refused_at(1);
}

// K3: the amount is compared, not only the id.
#[test]
fn account_token_second_piece_taken_out_refused() {
    let m = Members::of(10);
    let number = m.accounts[0].number().token_id();
    let twin = m.world.box_with(m.accounts[0].ergo_box(), |c| {
        c.set_tokens(0, |all| all[1].1 = 2)
    });
    let case = touch(&m, &m.accounts[0]).with(|c| {
        c.inputs[0].0 = twin;
        c.set_tokens(0, |all| all[1].1 = 2);
    });
    case.accepted();
    case.with(|c| {
        c.set_tokens(0, |all| all[1].1 = 1);
        c.add_output(loot(&[(number, 1)]), 0);
    })
    .refused_at(0);
}

// K4: at the limit of three; the third may be any token while the account holds no units.
#[test]
fn successor_third_token_junk_accepted() {
    let m = Members::of(10);
    let empty = m.at(0, -LINE);
    touch(&m, &empty)
        .with(|c| {
            c.add_input(wallet_with(&m.world, &m.keys[0], &[(junk(1), 5)]), 0);
            c.set_tokens(0, |all| all.push((junk(1), 5)));
        })
        .accepted();
}

// K4: and whoever pays it next can leave that token out again.
#[test]
fn payee_third_token_junk_displaced_by_units_accepted() {
    let m = Members::of(10);
    let cluttered = m.world.account_with(&m.at(1, -LINE), |c| {
        c.set_tokens(0, |all| all.push((junk(1), 5)))
    });
    let unit = unit(&m.world);
    trade(&m.world, &[pays(&m.accounts[0], 200)], &[&m.keys[0]])
        .with(|c| {
            let mut next = ErgoBoxCandidate::from(cluttered.ergo_box().clone());
            next.creation_height = m.world.height.0;
            c.inputs.push((
                cluttered.ergo_box().clone(),
                ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension::empty(),
            ));
            c.outputs.insert(1, next);
            c.set_tokens(1, |all| all[2] = (unit, 200));
            c.add_output(loot(&[(junk(1), 5)]), 0);
        })
        .accepted();
}

// K4
#[test]
fn successor_fourth_token_refused() {
    let m = Members::of(10);
    for account in [0, 1] {
        payment(&m, 200)
            .with(|c| {
                c.add_input(wallet_with(&m.world, &m.keys[0], &[(junk(1), 5)]), 0);
                c.set_tokens(account, |all| all.push((junk(1), 5)));
            })
            .refused_at(account);
    }
}

// K5
#[test]
fn terms_any_number_changed_by_owner_refused() {
    let m = Members::of(10);
    touch(&m, &m.accounts[0]).accepted();
    for place in 0..9 {
        for step in [-1, 1] {
            let old = m.accounts[0].terms().to_longs()[place];
            touch(&m, &m.accounts[0])
                .with(|c| c.set_long(0, R4, place, old + step))
                .refused_at(0);
        }
    }
}

// K5
#[test]
fn terms_longer_shorter_or_of_another_type_refused() {
    let m = Members::of(10);
    let terms = m.accounts[0].terms().to_longs();
    let longer = [terms.clone(), vec![1]].concat();
    touch(&m, &m.accounts[0])
        .with(|c| c.set_register(0, R4, longer))
        .refused_at(0);
    touch(&m, &m.accounts[0])
        .with(|c| c.set_register(0, R4, terms[..8].to_vec()))
        .refused_at(0);
    touch(&m, &m.accounts[0])
        .with(|c| c.set_register(0, R4, vec![1_u8, 2, 3]))
        .refused_at(0);
    touch(&m, &m.accounts[0])
        .with(|c| c.set_register(0, R4, LINE))
        .refused_at(0);
}

// K5: a payer cannot touch the payee's.
#[test]
fn terms_of_payee_changed_by_payer_refused() {
    let m = Members::of(10);
    payment(&m, 200)
        .with(|c| c.set_long(1, R4, 1, 0))
        .refused_at(1);
}

// K6
#[test]
fn link_changed_refused() {
    let m = Members::of(10);
    let links: [Vec<u8>; 6] = [
        vec![],
        vec![1],
        vec![7; 31],
        vec![7; 32],
        vec![7; 33],
        vec![7; 34],
    ];
    for link in links {
        let same = link.is_empty();
        let case = touch(&m, &m.accounts[0]).with(|c| c.set_register(0, R7, link.clone()));
        if same {
            case.accepted();
        } else {
            case.refused_at(0);
            payment(&m, 200)
                .with(|c| c.set_register(1, R7, link))
                .refused_at(1);
        }
    }
}

// K6
#[test]
fn link_absent_or_of_another_type_refused() {
    let m = Members::of(10);
    touch(&m, &m.accounts[0])
        .with(|c| c.truncate_registers(0, 3))
        .refused_at(0);
    touch(&m, &m.accounts[0])
        .with(|c| c.set_register(0, R7, vec![1_i64]))
        .refused_at(0);
    payment(&m, 200)
        .with(|c| c.truncate_registers(1, 3))
        .refused_at(1);
}

// K7
#[test]
fn extra_registers_refused() {
    let m = Members::of(10);
    for account in [0, 1] {
        payment(&m, 200)
            .with(|c| c.set_register(account, R8, 0_i64))
            .refused_at(account);
        payment(&m, 200)
            .with(|c| c.set_register(account, R8, vec![0_u8; 100]))
            .refused_at(account);
        payment(&m, 200)
            .with(|c| {
                c.set_register(account, R8, 0_i64);
                c.set_register(account, R9, 0_i64);
            })
            .refused_at(account);
    }
}

// K8: one below, at, and one above the payee's cap.
#[test]
fn gain_up_to_the_cap_accepted() {
    let m = Members::of(10);
    let payee = m.at(1, CAP - 1_000);
    for amount in [999, 1_000] {
        payment_between(&m, &m.accounts[0], &payee, amount).accepted();
    }
    trade(
        &m.world,
        &[pays(&m.accounts[0], 1_001), takes(&payee, 1_001)],
        &[&m.keys[0]],
    )
    .refused_at(1);
}

// K8: the owner's signature does not lift it.
#[test]
fn gain_past_the_cap_signed_refused() {
    let m = Members::of(10);
    let payee = m.at(1, CAP - 1_000);
    let keys = [&m.keys[0], &m.keys[1]];
    for (amount, passes) in [(1_000, true), (1_001, false)] {
        let as_payee = trade(
            &m.world,
            &[pays(&m.accounts[0], amount), signs(&payee, amount)],
            &keys,
        );
        let as_leader = trade(
            &m.world,
            &[signs(&payee, amount), pays(&m.accounts[0], amount)],
            &keys,
        );
        if passes {
            as_payee.accepted();
            as_leader.accepted();
        } else {
            as_payee.refused_at(1);
            as_leader.refused_at(0);
        }
    }
}

// K8: who stands above a lowered cap may pay and keep, and not gain.
#[test]
fn balance_above_a_lowered_cap_may_only_fall() {
    let m = Members::of(10);
    let rich = on_terms(&m.world, &m.at(0, CAP), &[(2, CAP - 5_000)]);
    touch(&m, &rich).accepted();
    payment_between(&m, &rich, &m.accounts[1], 100).accepted();
    trade(
        &m.world,
        &[signs(&rich, 1), pays(&m.accounts[1], 1)],
        &[&m.keys[0], &m.keys[1]],
    )
    .refused_at(0);
}
