//! What a transaction costs, and out of whose ERG: S2 and its twin.

use super::*;
use lets_protocol::{BuildError, NanoErg};

/// The first member's account with so much ERG above the floor (below, if negative).
fn spare(m: &Members, above: i64) -> AccountBox {
    let floor = i64::try_from(m.accounts[0].terms().floor.0).unwrap();
    let value = u64::try_from(floor + above).unwrap();
    m.world.account_with(&m.accounts[0], |c| {
        c.outputs[0].value = value.try_into().unwrap()
    })
}

fn fee() -> i64 {
    i64::try_from(NanoErg::MIN_FEE.0).unwrap()
}

/// The first member pays the second directly and by a note.
fn two_ways(m: &Members, payer: Spender<'_>) -> Built {
    let payments = vec![direct(&m.accounts[1], 100), by_note(m, &m.accounts[1], 50)];
    pay(&m.world.lets, payer, payments, m.world.params())
}

#[track_caller]
fn short_of_erg(built: Built) {
    assert!(matches!(
        built,
        Err(TradeError::Build(BuildError::NotEnoughErg { .. }))
    ));
}

// S2: down to the floor, and not a nanoErg below it; then the wallet pays all of it.
#[test]
fn fee_and_notes_out_of_what_is_above_the_floor() {
    let m = Members::of(10);
    let needed = fee() + i64::try_from(NoteBox::ERG.0).unwrap();
    let account = spare(&m, needed);
    let trade = two_ways(&m, Spender::new(&account)).unwrap();
    let case = signed(&m, &trade, &[0]);
    case.accepted();
    assert_eq!(trade.leader.value(), account.terms().floor);
    let last = case.outputs.len() - 1;
    case.with(|c| c.move_erg(0, last, 1)).refused_at(0);
    let account = spare(&m, needed - 1);
    short_of_erg(two_ways(&m, Spender::new(&account)));
    let funding = m.world.funding(&m.keys[2], 1.0);
    let payer = Spender {
        funding: Some(&funding),
        ..Spender::new(&account)
    };
    let trade = two_ways(&m, payer).unwrap();
    signed(&m, &trade, &[0, 2]).accepted();
    signed(&m, &trade, &[0]).unproven();
    assert!(trade.leader.value() >= account.terms().floor);
}

// S2: the notes' own ERG pays for their claim: who owns no other ERG, at the floor or below it, can claim them.
#[test]
fn claim_of_who_owns_no_erg() {
    let m = Members::of(10);
    let [me, payer, ..] = &m.accounts;
    let made = pay(
        &m.world.lets,
        Spender::new(payer),
        vec![by_note(&m, me, 50), by_note(&m, me, 60)],
        m.world.params(),
    )
    .unwrap()
    .notes;
    for (above, notes) in [(0, 1), (0, 2), (-1_000, 1), (-1_000, 2)] {
        let account = spare(&m, above);
        let trade = claim(
            &m.world.lets,
            with(&account, &made[..notes]),
            m.world.params(),
        )
        .unwrap();
        signed(&m, &trade, &[0]).accepted();
        let kept = account.value().0 + NanoErg::MIN_FEE.0 * (notes as u64 - 1);
        assert_eq!(trade.leader.value(), NanoErg(kept));
    }
    // Of another's account nothing is taken: below the floor it pays no fee.
    short_of_erg(two_ways(&m, Spender::new(&spare(&m, -1_000))));
}

// U2: a payee's ERG stays what it is, a settlement's too.
#[test]
fn erg_of_the_others_stays() {
    let m = Members::of(10);
    let leg = |from: usize, to: usize| Leg {
        from: m.accounts[from].number(),
        to: m.accounts[to].number(),
        amount: amount(100),
    };
    let legs = [leg(0, 1), leg(1, 2)];
    let trade = settle(&m.world.lets, &m.accounts, &legs, None, m.world.params()).unwrap();
    let case = signed(&m, &trade, &[0, 1]);
    case.accepted();
    for (before, after) in m.accounts[1..].iter().zip(&trade.others) {
        assert_eq!(before.value(), after.value());
    }
    let last = case.outputs.len() - 1;
    // Nor would his signature do: his counters have not moved.
    case.with(|c| c.move_erg(2, last, 1)).refused_at(2);
}
