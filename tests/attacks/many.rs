//! Several LETS, contracts and refreshes in one transaction.

use crate::*;

// I9: three LETS pay in one transaction, the first by a note too: each counts its own units, wherever they are sent.
#[test]
fn three_lets_in_one_transaction_each_count_their_own() {
    let lets = [10, 60, 110].map(Members::of);
    let [first, second, third] = lets.each_ref().map(payment);
    let noted = |case: &Case, by: &AccountBox| {
        case.clone().with(|c| {
            c.add_output(note(&lets[0].world, by, None, 30), 0);
            c.set_tokens(0, |all| all[2].1 -= 30);
            c.set_long(0, R6, 2, 230);
        })
    };
    let whole = joined(joined(first, second), third);
    let case = noted(&whole, &lets[0].accounts[0]);
    case.accepted();
    noted(&whole, &lets[1].accounts[0]).refused_at(0);
    for (i, m) in lets.iter().enumerate() {
        let payer = 2 * i;
        let leaked = case
            .clone()
            .with(|c| c.steal(payer + 1, unit(&m.world), 5, 0));
        leaked.refused_at(payer);
        // Into an account of the next LETS, which has room for it.
        let next = (payer + 2) % 6;
        let moved = case.clone().with(|c| {
            let units = c.outputs[next].tokens.as_ref().unwrap().get(2).unwrap();
            let units = (units.token_id, *units.amount.as_u64());
            c.set_tokens(next, |all| all.truncate(2));
            c.move_token(payer, next, unit(&m.world), 5);
            c.add_output(loot(&[units]), 0);
        });
        moved.refused_at(payer);
    }
    // Behind a foreign leader each of its accounts counts, and a note can name one of them only.
    case.with(|c| {
        c.add_output(note(&lets[1].world, &lets[1].accounts[0], None, 30), 0);
        c.set_tokens(2, |all| all[2].1 -= 30);
        c.set_long(2, R6, 2, 230);
    })
    .refused_at(3);
}

// C1 S1: two accounts that one contract controls trade behind its box: no leader counts for them, each does.
#[test]
fn accounts_of_one_contract_trade_behind_it() {
    let m = Members::of(10);
    let link = [vec![1], Vec::<u8>::from(junk(9))].concat();
    let [a, b] = [0, 1].map(|i| linked(&m, i, link.clone()));
    let contract = wallet_with(&m.world, &key(200), &[(junk(9), 1)]);
    let case = trade(&m.world, &[pays(&a, 500), takes(&b, 500)], &[&key(200)])
        .with(|c| c.lead(contract.clone()));
    case.accepted();
    let leaked = case.clone().with(|c| c.steal(1, unit(&m.world), 1, 0));
    leaked.refused_at(1);
    leaked.refused_at(2);
    // A third one, of another contract, is not spent by the way.
    let other = linked(&m, 2, [vec![1], Vec::<u8>::from(junk(8))].concat());
    trade(
        &m.world,
        &[pays(&a, 500), takes(&b, 600), pays(&other, 100)],
        &[&key(200)],
    )
    .with(|c| c.lead(contract))
    .refused_at(3);
}

// U6: accounts older than three years are renewed beside a payment; nothing else of them moves.
#[test]
fn refreshes_beside_a_payment_accepted() {
    let m = Members::of(10);
    let old = [2, 3].map(|i| m.aged(i, 788_401));
    let case = trade(
        &m.world,
        &[
            pays(&m.accounts[0], 200),
            takes(&m.accounts[1], 200),
            takes(&old[0], 0),
            takes(&old[1], 0),
        ],
        &[&m.keys[0]],
    );
    case.accepted();
    // What one of them loses the other cannot gain, nor the payee.
    let unit = unit(&m.world);
    for to in [1, 3] {
        case.clone()
            .with(|c| c.move_token(2, to, unit, 1))
            .refused_at(2);
    }
    case.clone().with(|c| c.outputs.swap(2, 3)).refused_at(2);
    case.clone().with(|c| c.move_erg(2, 0, 1)).refused_at(2);
    // A younger one is not renewed by the way.
    let young = m.aged(3, 788_400);
    case.with(|c| c.replace_input(3, young.ergo_box().clone()))
        .refused_at(3);
}

// U6 P1: the same behind a pot action.
#[test]
fn refresh_behind_a_pot_action_accepted() {
    let mut stage = Stage::default();
    let other = stage.world.admit(&key(101));
    let old = aged(&stage.world, &other, 788_401);
    let renewal = trade(&stage.world, &[takes(&old, 0)], &[]);
    for action in [
        stage.set_terms(),
        stage.start_recovery(),
        stage.complete_recovery(),
    ] {
        let case = joined(action, renewal.clone()).with(|c| c.fee_from(3));
        case.accepted();
        case.with(|c| c.steal(3, unit(&stage.world), 1, 2))
            .refused_at(3);
    }
}
