//! Many accounts, and two LETS, in one transaction (I5, I9).

use super::*;

// I5
#[test]
fn many_payers_and_payees_accepted() {
    let mut m = Members::of(10);
    let fifth = key(200);
    let e = m.world.admit(&fifth);
    let [a, b, c, d] = &m.accounts;
    let moves = [
        pays(a, 700),
        takes(b, 250),
        pays(c, 300),
        takes(d, 550),
        takes(&e, 200),
    ];
    trade(&m.world, &moves, &[&m.keys[0], &m.keys[2]]).accepted();
    // In another order, the leader another.
    let moves = [
        pays(c, 300),
        takes(&e, 200),
        takes(b, 250),
        takes(d, 550),
        pays(a, 700),
    ];
    trade(&m.world, &moves, &[&m.keys[0], &m.keys[2]]).accepted();
}

// C3: among many, one unit too few for one of them.
#[test]
fn many_payers_and_payees_unit_missing_refused() {
    let m = Members::of(10);
    let [a, b, c, d] = &m.accounts;
    let moves = [pays(a, 700), takes(b, 450), pays(c, 300), takes(d, 549)];
    trade(&m.world, &moves, &[&m.keys[0], &m.keys[2]]).refused_at(0);
}

// I4: among many, one who has not signed loses.
#[test]
fn many_payers_one_unsigned_unproven() {
    let m = Members::of(10);
    let [a, b, c, d] = &m.accounts;
    let moves = [pays(a, 700), takes(b, 450), pays(c, 300), takes(d, 550)];
    trade(&m.world, &moves, &[&m.keys[0]]).unproven();
}

// I5: the successor is the output of the account's own index, not another's.
#[test]
fn successors_in_another_order_refused() {
    let m = Members::of(10);
    payment(&m, 200)
        .with(|c| c.outputs.swap(0, 1))
        .refused_at(0);
    payment(&m, 200)
        .with(|c| c.outputs.swap(0, 1))
        .refused_at(1);
    payment(&m, 200)
        .with(|c| c.outputs.rotate_right(1))
        .refused_at(1);
}

// I9: two LETS trade in one transaction, each by its own rules.
#[test]
fn two_lets_trade_in_one_transaction_accepted() {
    let (m, n) = (Members::of(10), Members::of(60));
    joined(
        trade(
            &m.world,
            &[pays(&m.accounts[0], 700), takes(&m.accounts[1], 700)],
            &[&m.keys[0]],
        ),
        trade(
            &n.world,
            &[pays(&n.accounts[0], 40), takes(&n.accounts[1], 40)],
            &[&n.keys[0]],
        ),
    )
    .accepted();
}

// I9: with a note of each: the second's payer reckons for himself, and his note names him.
#[test]
fn two_lets_with_notes_accepted() {
    let (m, n) = (Members::of(10), Members::of(60));
    joined(
        trade(&m.world, &[pays(&m.accounts[0], 700)], &[&m.keys[0]]),
        trade(&n.world, &[pays(&n.accounts[0], 40)], &[&n.keys[0]]),
    )
    .with(|c| {
        c.add_output(note(&m.world, &m.accounts[0], Some(&m.accounts[1]), 700), 0);
        c.add_output(note(&n.world, &n.accounts[0], None, 40), 0);
    })
    .accepted();
}

// I9 C1: the leader of one LETS does not reckon for the other.
#[test]
fn two_lets_units_of_the_second_leak_refused() {
    let (m, n) = (Members::of(10), Members::of(60));
    let unit = unit(&n.world);
    let case = joined(
        trade(
            &m.world,
            &[pays(&m.accounts[0], 700), takes(&m.accounts[1], 700)],
            &[&m.keys[0]],
        ),
        trade(
            &n.world,
            &[pays(&n.accounts[0], 40), takes(&n.accounts[1], 40)],
            &[&n.keys[0]],
        ),
    )
    .with(|c| {
        c.add_output(loot(&[]), 0);
        let at = c.outputs.len() - 2;
        c.move_token(2, at, unit, 5);
    });
    case.refused_at(2);
    case.refused_at(3);
}

// I9: units of one LETS in an account of the other are units lost to it.
#[test]
fn two_lets_units_in_the_others_account_refused() {
    let (m, n) = (Members::of(10), Members::of(60));
    let empty = m.at(1, -LINE);
    let unit = unit(&n.world);
    joined(
        trade(
            &m.world,
            &[signs(&m.accounts[0], 0), signs(&empty, 0)],
            &[&m.keys[0], &m.keys[1]],
        ),
        trade(&n.world, &[pays(&n.accounts[0], 40)], &[&n.keys[0]]),
    )
    .with(|c| c.set_tokens(1, |all| all.push((unit, 40))))
    .refused_at(2);
}

// I9: an account of one LETS is no successor of the other's.
#[test]
fn two_lets_successors_exchanged_refused() {
    let (m, n) = (Members::of(10), Members::of(60));
    let case = joined(
        trade(&m.world, &[signs(&m.accounts[0], 0)], &[&m.keys[0]]),
        trade(&n.world, &[signs(&n.accounts[0], 0)], &[&n.keys[0]]),
    );
    case.accepted();
    let case = case.with(|c| c.outputs.swap(0, 1));
    case.refused_at(0);
    case.refused_at(1);
}
