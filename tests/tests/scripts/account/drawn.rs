//! D: the loan rules, on credit drawn and on nothing else: each one below, at and one above its limit.

use super::*;

/// The first member pays the second so much, and signs.
fn draw(m: &Members, payer: &AccountBox, units: i64) -> Case {
    trade(
        &m.world,
        &[pays(payer, units), takes(&m.accounts[1], units)],
        &[&m.keys[0]],
    )
}

fn at_limit(m: &Members, payer: &AccountBox, most: i64) {
    draw(m, payer, most - 1).accepted();
    draw(m, payer, most).accepted();
    draw(m, payer, most + 1).refused_at(0);
}

// D1: the whole line, to the last unit.
#[test]
fn line_drawn_to_the_last_unit_accepted() {
    let m = Members::of(10);
    draw(&m, &m.accounts[0], LINE).accepted();
    payment(&m, LINE).accepted();
}

// D1: units are there, and the line is lower than what was issued.
#[test]
fn line_lowered_below_what_was_issued_limits() {
    let m = Members::of(10);
    for balance in [-4_000, 0, 700] {
        let payer = on_terms(&m.world, &m.at(0, balance), &[(1, 5_000)]);
        at_limit(&m, &payer, 5_000 + balance);
    }
}

// D1: suspended: no new debt, one's own credit stays one's own.
#[test]
fn line_of_zero_spends_own_credit_only() {
    let m = Members::of(10);
    let payer = on_terms(&m.world, &m.at(0, 300), &[(1, 0)]);
    at_limit(&m, &payer, 300);
}

// D1: a line lowered below the debt blocks only new debt.
#[test]
fn line_lowered_below_the_debt_blocks_only_new_debt() {
    let m = Members::of(10);
    let payer = on_terms(&m.world, &m.at(0, -8_000), &[(1, 5_000)]);
    touch(&m, &payer).accepted();
    draw(&m, &payer, 1).refused_at(0);
    // Paid back in part, by himself and by others, he is still below it.
    trade(
        &m.world,
        &[signs(&payer, 100), pays(&m.accounts[1], 100)],
        &[&m.keys[0], &m.keys[1]],
    )
    .accepted();
    trade(
        &m.world,
        &[pays(&m.accounts[1], 100), takes(&payer, 100)],
        &[&m.keys[1]],
    )
    .accepted();
}

// D1: also for who is not the leader.
#[test]
fn line_of_a_second_payer_limits() {
    let m = Members::of(10);
    let payer = on_terms(&m.world, &m.accounts[1], &[(1, 5_000)]);
    for (units, passes) in [(5_000, true), (5_001, false)] {
        let case = trade(
            &m.world,
            &[
                signs(&m.accounts[0], 0),
                pays(&payer, units),
                takes(&m.accounts[2], units),
            ],
            &[&m.keys[0], &m.keys[1]],
        );
        if passes {
            case.accepted();
        } else {
            case.refused_at(1);
        }
    }
}

// D2: 0 is no such rule; own credit does not count.
#[test]
fn largest_draw_limits() {
    let m = Members::of(10);
    for balance in [-3_000, 0, 450] {
        let payer = on_terms(&m.world, &m.at(0, balance), &[(4, 700)]);
        at_limit(&m, &payer, 700 + balance.max(0));
    }
    let free = on_terms(&m.world, &m.accounts[0], &[(4, 0)]);
    draw(&m, &free, LINE).accepted();
}

// D3: what is used already counts.
#[test]
fn draw_limit_limits() {
    let m = Members::of(10);
    for balance in [-3_000, 0, 450] {
        let payer = on_terms(&m.world, &m.at(0, balance), &[(5, 1_000), (7, 0)]);
        let payer = on_settings(&m.world, &payer, &[(2, 600)]);
        at_limit(&m, &payer, 400 + balance.max(0));
    }
    let free = on_terms(&m.world, &m.accounts[0], &[(5, 0), (7, 0)]);
    let free = on_settings(&m.world, &free, &[(2, 5_000)]);
    draw(&m, &free, 1_000).accepted();
}

// D3: and leaks back: 100 blocks at 2 per block.
#[test]
fn draw_limit_after_a_while_gives_back() {
    let m = Members::of(10);
    let stamp = i64::from(m.world.height.0) - 100;
    let payer = on_terms(&m.world, &m.at(0, -3_000), &[(5, 1_000), (7, 2_000)]);
    let payer = on_settings(&m.world, &payer, &[(1, stamp), (2, 900)]);
    at_limit(&m, &payer, 300);
}

// D3: whoever has used more than the limit still spends his own credit, and settles.
#[test]
fn draw_limit_passed_own_credit_still_spent_accepted() {
    let m = Members::of(10);
    let terms = [(5, 1_000), (7, 0)];
    let payer = on_terms(&m.world, &m.at(0, 450), &terms);
    let payer = on_settings(&m.world, &payer, &[(2, 5_000)]);
    at_limit(&m, &payer, 450);
}

// D4: the block that includes it counts.
#[test]
fn longest_debt_limits() {
    let m = Members::of(10);
    let height = i64::from(m.world.height.0) + 1;
    let owing = on_terms(&m.world, &m.at(0, -3_000), &[(6, 5_000)]);
    let since = |n: i64| on_settings(&m.world, &owing, &[(3, height - n)]);
    draw(&m, &since(4_999), 50).accepted();
    draw(&m, &since(5_000), 50).accepted();
    draw(&m, &since(5_001), 1).refused_at(0);
    // What draws nothing passes: a change of settings, a payment in.
    touch(&m, &since(5_001)).accepted();
    trade(
        &m.world,
        &[signs(&since(5_001), 100), pays(&m.accounts[1], 100)],
        &[&m.keys[0], &m.keys[1]],
    )
    .accepted();
    let free = on_terms(&m.world, &since(2_000_000), &[(6, 0)]);
    draw(&m, &free, 50).accepted();
}

// D4: a debt that begins now is as old as its stamp.
#[test]
fn longest_debt_of_a_new_debt_counts_from_the_stamp() {
    let m = Members::of(10);
    let height = i64::from(m.world.height.0) + 1;
    for balance in [0, 450] {
        let payer = on_terms(&m.world, &m.at(0, balance), &[(6, 5_000)]);
        let payer = on_settings(&m.world, &payer, &[(1, 0), (3, 0)]);
        let stamped = |stamp: i64| {
            draw(&m, &payer, balance + 1).with(|c| {
                c.set_long(0, R6, 1, stamp);
                c.set_long(0, R6, 3, stamp);
            })
        };
        stamped(height).accepted();
        stamped(height - 5_000).accepted();
        stamped(height - 5_001).refused_at(0);
    }
}

// D1-D4: all at once, each at its limit.
#[test]
fn loan_rules_all_at_their_limit_accepted() {
    let m = Members::of(10);
    let height = i64::from(m.world.height.0) + 1;
    let payer = on_terms(
        &m.world,
        &m.at(0, -3_000),
        &[(1, 3_700), (4, 700), (5, 1_000), (6, 5_000), (7, 0)],
    );
    let payer = on_settings(&m.world, &payer, &[(2, 300), (3, height - 5_000)]);
    payment_between(&m, &payer, &m.accounts[1], 700)
        .with(|c| assert_eq!(c.height, m.world.height.0 + 1))
        .accepted();
    draw(&m, &payer, 701).refused_at(0);
}

/// The first member's account, which may spend credit on classes 3 and 4 only, and whose own class is 9.
fn choosy(m: &Members, account: usize, balance: i64) -> AccountBox {
    let account = m.at(account, balance);
    let mut terms = account.terms().to_longs();
    terms[8] = 9;
    terms.extend([3, 4]);
    m.world
        .account_with(&account, |c| c.set_register(0, R4, terms))
}

fn of_class(m: &Members, account: usize, class: i64) -> AccountBox {
    on_terms(&m.world, &m.accounts[account], &[(8, class)])
}

fn to_class(m: &Members, payer: &AccountBox, class: i64, units: i64) -> Case {
    let payee = of_class(m, 1, class);
    trade(
        &m.world,
        &[pays(payer, units), takes(&payee, units)],
        &[&m.keys[0]],
    )
}

// D5: the rest goes back into the payer's own account, whatever his class.
#[test]
fn classes_credit_to_a_member_of_them_accepted() {
    let m = Members::of(10);
    let payer = choosy(&m, 0, 0);
    to_class(&m, &payer, 3, 500).accepted();
    to_class(&m, &payer, 4, LINE).accepted();
}

// D5
#[test]
fn classes_credit_to_a_member_of_another_refused() {
    let m = Members::of(10);
    let payer = choosy(&m, 0, 0);
    for class in [0, 2, 5, 9] {
        to_class(&m, &payer, class, 500).refused_at(0);
    }
}

// D5: one's own credit goes anywhere, to the last unit.
#[test]
fn classes_own_credit_to_anybody_accepted() {
    let m = Members::of(10);
    let payer = choosy(&m, 0, 300);
    to_class(&m, &payer, 5, 299).accepted();
    to_class(&m, &payer, 5, 300).accepted();
    to_class(&m, &payer, 5, 301).refused_at(0);
    to_class(&m, &payer, 3, 301).accepted();
}

// D5: every account of the transaction must be of the classes: units cannot be told apart.
#[test]
fn classes_credit_beside_a_stranger_refused() {
    let m = Members::of(10);
    let payer = choosy(&m, 0, 0);
    let (grocer, barber) = (of_class(&m, 1, 3), of_class(&m, 2, 5));
    let with = |third: &AccountBox| {
        trade(
            &m.world,
            &[pays(&payer, 500), takes(&grocer, 500), signs(third, 0)],
            &[&m.keys[0], &m.keys[2]],
        )
    };
    with(&of_class(&m, 2, 4)).accepted();
    with(&barber).refused_at(0);
}

// D5 C1: a leader without such a rule cannot reckon the sum for him.
#[test]
fn classes_credit_behind_another_leader() {
    let m = Members::of(10);
    let payer = choosy(&m, 1, 0);
    let led = |leader: i64, payee: i64, units: i64| {
        trade(
            &m.world,
            &[
                signs(&of_class(&m, 0, leader), 0),
                pays(&payer, units),
                takes(&of_class(&m, 2, payee), units),
            ],
            &[&m.keys[0], &m.keys[1]],
        )
    };
    for units in [1, 500] {
        led(3, 4, units).accepted();
        led(3, 5, units).refused_at(1);
        // Also the leader must be of the classes.
        led(5, 4, units).refused_at(1);
    }
}

// D5: into a note that carries the classes, all of them and no others, in their order.
#[test]
fn classes_credit_into_a_note_that_carries_them_accepted() {
    let m = Members::of(10);
    let noted = |balance: i64, units: u64, classes: &[i64]| {
        let payer = choosy(&m, 0, balance);
        let case = trade(&m.world, &[pays(&payer, units as i64)], &[&m.keys[0]]);
        let mut rules = vec![i64::from(m.world.height.0) + 20_000];
        rules.extend(classes);
        case.with(|c| {
            c.add_output(note(&m.world, &payer, Some(&m.accounts[1]), units), 0);
            c.set_register(1, R6, rules);
        })
    };
    noted(0, 500, &[3, 4]).accepted();
    for other in [&[][..], &[3], &[4], &[4, 3], &[3, 4, 5], &[5]] {
        noted(0, 500, other).refused_at(0);
    }
    // Own credit goes into a note without classes; a part of borrowed money binds all of it.
    noted(500, 500, &[]).accepted();
    noted(500, 500, &[3, 4]).refused_at(0);
    noted(499, 500, &[]).refused_at(0);
    noted(499, 500, &[3, 4]).accepted();
}

// C6: no note carries a class below 1, wherever in the list: such a number is an open pot's mark.
#[test]
fn classes_below_1_carried_by_no_note() {
    let m = Members::of(10);
    for (classes, carried) in [
        ([1, 2], true),
        ([0, 2], false),
        ([1, 0], false),
        ([1, -7], false),
    ] {
        let payer = m.at(0, 0);
        let mut terms = payer.terms().to_longs();
        terms.extend(classes);
        let payer = m
            .world
            .account_with(&payer, |c| c.set_register(0, R4, terms));
        let case = trade(&m.world, &[pays(&payer, 500)], &[&m.keys[0]]).with(|c| {
            c.add_output(note(&m.world, &payer, None, 500), 0);
            let expiry = i64::from(m.world.height.0) + 20_000;
            c.set_register(1, R6, [&[expiry][..], &classes].concat());
        });
        match carried {
            true => drop(case.accepted()),
            false => case.refused_at(0),
        }
    }
}

/// A note that the debtor made of borrowed units, `age` blocks old; anybody of its classes may claim it.
fn borrowed_note(m: &Members, debtor: &AccountBox, age: u32, units: u64) -> ErgoBox {
    let candidate = note(&m.world, debtor, None, units);
    let made = existing(&candidate, 900);
    m.world.box_with(&made, |c| {
        c.set_register(0, R6, vec![0_i64, 3, 4]);
        c.outputs[0].creation_height = created(&m.world, age);
    })
}

// D5: a debtor cannot pass on, as leader, what he put into a note of his own before: neither by claiming it, being of
// its classes himself, nor by taking it back after its expiry.
#[test]
fn classes_credit_through_ones_own_note_to_a_stranger_refused() {
    let m = Members::of(10);
    let debtor = choosy(&m, 0, -500);
    let grocer_debtor = on_terms(&m.world, &debtor, &[(8, 3)]);
    for (leader, age) in [(&grocer_debtor, 1), (&debtor, 10_100)] {
        let pass_on = |class: i64| {
            let payee = of_class(&m, 1, class);
            trade(
                &m.world,
                &[signs(leader, 0), takes(&payee, 100)],
                &[&m.keys[0]],
            )
            .with(|c| c.add_input(borrowed_note(&m, leader, age, 100), 0))
        };
        pass_on(4).accepted();
        pass_on(5).refused_at(0);
        // Into his own account, and from there as credit drawn anew.
        trade(&m.world, &[signs(leader, 100)], &[&m.keys[0]])
            .with(|c| c.add_input(borrowed_note(&m, leader, age, 100), 0))
            .accepted();
    }
}

// D5: it limits a leader in debt only.
#[test]
fn classes_leader_without_debt_passes_notes_on_accepted() {
    let m = Members::of(10);
    let leader = on_terms(&m.world, &choosy(&m, 0, 0), &[(8, 3)]);
    let stranger = of_class(&m, 1, 5);
    trade(
        &m.world,
        &[signs(&leader, 0), takes(&stranger, 100)],
        &[&m.keys[0]],
    )
    .with(|c| c.add_input(borrowed_note(&m, &m.accounts[2], 1, 100), 0))
    .accepted();
}

// D5: nor who merely gains, or stands behind another leader and loses nothing.
#[test]
fn classes_debtor_who_loses_nothing_beside_a_stranger_accepted() {
    let m = Members::of(10);
    let debtor = choosy(&m, 1, -500);
    let stranger = of_class(&m, 0, 5);
    for (debtors, units) in [(takes(&debtor, 100), 100), (signs(&debtor, 0), 0)] {
        trade(
            &m.world,
            &[pays(&stranger, units), debtors],
            &[&m.keys[0], &m.keys[1]],
        )
        .accepted();
    }
}
