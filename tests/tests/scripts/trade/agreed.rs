//! What builders and scripts once disagreed about.

use super::*;
use lets_tests::world::at_least;

fn two_legs(m: &Members, accounts: &[AccountBox]) -> Built {
    let leg = |from: usize, to: usize, units| Leg {
        from: accounts[from].number(),
        to: accounts[to].number(),
        amount: amount(units),
    };
    let legs = [leg(0, 1, 100), leg(1, 2, 50)];
    settle(&m.world.lets, accounts, &legs, None, m.world.params())
}

// S1: a payer beside the leader whom a contract controls: its box can not stand first.
#[test]
fn settle_with_a_controlled_payer_refused() {
    let m = Members::of(10);
    let mut link = vec![1];
    link.extend(Vec::<u8>::from(junk(9)));
    let mut accounts = m.accounts.clone();
    accounts[1] = m
        .world
        .account_with(&m.accounts[1], |c| c.set_register(0, R7, link));
    if let Ok(trade) = two_legs(&m, &accounts) {
        signed(&m, &trade, &[0, 1]).accepted();
    }
}

// S1: a payer beside the leader whose key follows a box: it is not read.
#[test]
fn settle_with_a_followed_payer_refused() {
    let m = Members::of(10);
    let link = m.world.lets.ids().charter_nft.bytes().to_vec();
    let mut accounts = m.accounts.clone();
    accounts[1] = m
        .world
        .account_with(&m.accounts[1], |c| c.set_register(0, R7, link));
    if let Ok(trade) = two_legs(&m, &accounts) {
        let [one, two] = m.world.quorum();
        m.world
            .case(&trade.proposal, &[&m.keys[0], one, two])
            .accepted();
    }
}

// S8: of every account whose owner signs, not of the leader's alone.
#[test]
fn settle_with_a_large_account_of_a_payer_refused() {
    let m = Members::of(10);
    let keys: Vec<_> = (100..120).map(key).collect();
    let large = at_least(1, &keys.iter().collect::<Vec<_>>());
    let mut accounts = m.accounts.clone();
    accounts[1] = m
        .world
        .account_with(&m.accounts[1], |c| c.set_register(0, R5, vec![large]));
    let size = lets_tests::case::size(accounts[1].ergo_box());
    assert!((1_600..2_000).contains(&size), "{size}");
    if let Ok(trade) = two_legs(&m, &accounts) {
        m.world
            .case(&trade.proposal, &[&m.keys[0], &keys[0]])
            .accepted();
    }
}

// S1: "everybody who pays in any leg must sign, also if he gets more in others".
#[test]
fn settle_payer_who_gains_at_the_height_of_his_stamp_signs() {
    let m = Members::of(10);
    let leg = |from: usize, to: usize, units| Leg {
        from: m.accounts[from].number(),
        to: m.accounts[to].number(),
        amount: amount(units),
    };
    // The second time in one block, each of them has been stamped already.
    let paid = |accounts: &[AccountBox]| {
        let legs = [leg(0, 1, 300), leg(1, 0, 100)];
        settle(&m.world.lets, accounts, &legs, None, m.world.params()).unwrap()
    };
    let first = paid(&m.accounts);
    signed(&m, &first, &[0, 1]).accepted();
    signed(&m, &first, &[0]).unproven();
    let second = paid(&[first.leader.clone(), first.others[0].clone()]);
    signed(&m, &second, &[0, 1]).accepted();
    signed(&m, &second, &[0]).unproven();
}

// S1: the same, any time later, in debt with credit that does not come back: his counters do not move.
#[test]
fn settle_payer_in_debt_who_gains_signs() {
    let mut m = Members::of(10);
    let debtor = member(&m, 1, -500, &[(7, 0)], &[]);
    let debtor = on_settings(&m.world, &debtor, &[(2, 500)]);
    m.world.height = m.world.height.plus(Blocks(1_000));
    let accounts = [m.accounts[0].clone(), debtor];
    let leg = |from: usize, to: usize, units| Leg {
        from: m.accounts[from].number(),
        to: m.accounts[to].number(),
        amount: amount(units),
    };
    let legs = [leg(0, 1, 300), leg(1, 0, 100)];
    let trade = settle(&m.world.lets, &accounts, &legs, None, m.world.params()).unwrap();
    signed(&m, &trade, &[0, 1]).accepted();
    signed(&m, &trade, &[0]).unproven();
}

// A box is spent once.
#[test]
fn claim_of_one_note_twice_refused() {
    let m = Members::of(10);
    let me = &m.accounts[0];
    let note = waiting(&m, Some(me), 500, &[]);
    let twice = [note.clone(), note];
    assert!(claim(&m.world.lets, with(me, &twice), m.world.params()).is_err());
}

// M2: half a payee is nobody. account.es lets it be made, and one such note spoils every batch that takes it in.
#[test]
fn claimable_skips_a_note_to_half_a_payee() {
    let m = Members::of(10);
    let [me, payer, ..] = &m.accounts;
    let payments = vec![by_note(&m, me, 500)];
    let made = pay(
        &m.world.lets,
        Spender::new(payer),
        payments,
        m.world.params(),
    )
    .unwrap();
    let hash = *m.world.lets.contracts().account.hash().bytes();
    let half = [&[*payer.number().bytes(), hash].concat()[..], &[1]].concat();
    let case = signed(&m, &made, &[1]).with(|c| c.set_register(1, R5, half));
    case.accepted();
    let Ok(half) = NoteBox::parse(&m.world.lets, &case.made(1)) else {
        return;
    };
    let good = waiting(&m, Some(me), 20, &[]);
    let chosen = claimable(me, &[half, good], 0);
    let trade = claim(&m.world.lets, with(me, &chosen), m.world.params()).unwrap();
    signed(&m, &trade, &[0]).accepted();
}

// L3: an account of storage age leads no note: it must be refreshed first.
#[test]
fn claim_led_by_an_account_of_storage_age_refused() {
    let m = Members::of(10);
    let note = waiting(&m, Some(&m.accounts[0]), 500, &[]);
    let claims = [note];
    for (age, passes) in [(STORAGE_PERIOD - 1, true), (STORAGE_PERIOD, false)] {
        let old = m.aged(0, age);
        let built = claim(&m.world.lets, with(&old, &claims), m.world.params());
        match (built, passes) {
            (Ok(trade), _) => drop(signed(&m, &trade, &[0]).accepted()),
            (Err(e), true) => panic!("{e}"),
            (Err(_), false) => {}
        }
    }
}

// S6: counters that overflow are their owner's own risk; who settles with him must get an error.
#[test]
fn counter_of_credit_used_at_its_most_refused() {
    let m = Members::of(10);
    let mut accounts = m.accounts.clone();
    let debtor = member(&m, 1, -500, &[(7, 0)], &[]);
    accounts[1] = on_settings(&m.world, &debtor, &[(2, i64::MAX)]);
    let leg = |from: usize, to: usize, units| Leg {
        from: accounts[from].number(),
        to: accounts[to].number(),
        amount: amount(units),
    };
    let legs = [leg(0, 2, 100), leg(1, 2, 50)];
    assert!(settle(&m.world.lets, &accounts, &legs, None, m.world.params()).is_err());
}

// The network: no output is older than an input. A payee's box, still unconfirmed, made by a wallet that has seen a block more.
#[test]
fn payment_into_a_box_of_the_next_height_goes_through() {
    let m = Members::of(10);
    let next = m.world.height.plus(Blocks(1));
    let payee = m
        .world
        .account_with(&m.accounts[1], |c| c.outputs[0].creation_height = next.0);
    let payments = vec![direct(&payee, 500)];
    let built = pay(
        &m.world.lets,
        Spender::new(&m.accounts[0]),
        payments,
        m.world.params(),
    );
    if let Ok(trade) = built {
        signed(&m, &trade, &[0]).accepted();
    }
}
