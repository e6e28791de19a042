//! Which notes `claimable` chooses: as many as the cap and one transaction take, the oldest first, one's own only.

use super::notes::{claim_one, controlled, expiring};
use super::*;
use lets_protocol::MAX_NOTES_TAKEN;

fn sum(notes: &[NoteBox]) -> i64 {
    notes.iter().map(|n| n.amount().units()).sum()
}

// As much as the cap leaves room for, counting what is paid; whatever is chosen can be claimed.
#[test]
fn claimable_up_to_the_cap() {
    let m = Members::of(10);
    let me = &m.accounts[0];
    let notes: Vec<_> = [400, 300, 200, 100]
        .map(|n| waiting(&m, Some(me), n, &[]))
        .into();
    for (room, paid) in [
        (1_000, 0),
        (999, 0),
        (650, 0),
        (99, 0),
        (0, 0),
        (0, 300),
        (500, 500),
        (-500, 700),
    ] {
        let account = m.at(0, CAP - room);
        let chosen = claimable(&account, &notes, paid);
        let free = (room + paid).max(paid);
        assert!(sum(&chosen) <= free, "{room} {paid}: {}", sum(&chosen));
        // And no further one would fit.
        let left: Vec<_> = notes.iter().filter(|n| !chosen.contains(n)).collect();
        assert!(
            left.iter()
                .all(|n| sum(&chosen) + n.amount().units() > free)
        );
        if chosen.is_empty() {
            continue;
        }
        let payments = match paid {
            0 => Vec::new(),
            paid => vec![direct(&m.accounts[1], paid)],
        };
        let trade = pay(
            &m.world.lets,
            with(&account, &chosen),
            payments,
            m.world.params(),
        );
        signed(&m, &trade.unwrap(), &[0]).accepted();
    }
}

// Who waited longest comes first.
#[test]
fn claimable_soonest_expiry_first() {
    let m = Members::of(10);
    let me = &m.accounts[0];
    let lives = [60_000, 20_000, 40_000, 5, 30_000];
    let notes: Vec<_> = lives.map(|life| expiring(&m, life, Some(me))).into();
    let heights = |chosen: &[NoteBox]| -> Vec<_> {
        let start = m.world.height.0;
        chosen.iter().map(|n| n.expiry().0 - start).collect()
    };
    let all = claimable(me, &notes, 0);
    assert_eq!(heights(&all), [10_080, 20_000, 30_000, 40_000, 60_000]);
    let tight = claimable(&m.at(0, CAP - 1_200), &notes, 0);
    assert_eq!(heights(&tight), [10_080, 20_000]);
}

// No more than one transaction takes.
#[test]
fn claimable_no_more_than_one_transaction_takes() {
    let m = Members::of(10);
    let me = &m.accounts[0];
    let note = waiting(&m, Some(me), 1, &[]);
    let again = || bent(&m, note.ergo_box(), |_| ());
    let notes: Vec<_> = (0..MAX_NOTES_TAKEN + 40).map(|_| again()).collect();
    assert_eq!(claimable(me, &notes, 0).len(), MAX_NOTES_TAKEN);
    let many = claim(&m.world.lets, with(me, &notes), m.world.params());
    assert!(matches!(many, Err(TradeError::TooCostly { .. })));
}

// By the owner's signature alone, and only what is his.
#[test]
fn claimable_skips_paper_and_foreign_notes() {
    let m = Members::of(10);
    let [me, other, ..] = &m.accounts;
    let open = waiting(&m, None, 10, &[]);
    let mine = waiting(&m, Some(me), 20, &[]);
    let of_class = waiting(&m, Some(me), 30, &[0, 7]);
    let paper = bent(&m, open.ergo_box(), |c| {
        c.set_register(0, R4, prop(&m.keys[0]))
    });
    let locked = bent(&m, mine.ergo_box(), |c| {
        c.set_register(0, R4, prop(&m.keys[2]))
    });
    let foreign = waiting(&m, Some(other), 40, &[]);
    let wrong_class = waiting(&m, Some(me), 50, &[3, 7]);
    let all = [
        paper,
        foreign,
        locked,
        wrong_class,
        of_class.clone(),
        open.clone(),
        mine.clone(),
    ];
    let mut chosen = claimable(me, &all, 0);
    chosen.sort_by_key(NoteBox::amount);
    assert_eq!(chosen, [open, mine, of_class]);
    signed(&m, &claim_one(&m, me, &chosen[0]).unwrap(), &[0]).accepted();
    assert!(claimable(&controlled(&m, 0), &all, 0).is_empty());
}

// M1, M3: what its payee cannot claim alone comes back to its payer, and is no payment to him.
#[test]
fn note_to_me_that_asks_for_anothers_key_or_class_is_no_payment() {
    let m = Members::of(10);
    let me = &m.accounts[0];
    let note = waiting(&m, Some(me), 500, &[]);
    assert!(lets_protocol::can_claim(me, &note));
    let trap = bent(&m, note.ergo_box(), |c| {
        c.set_register(0, R4, prop(&key(250)));
    });
    assert_eq!(trap.payee(), Some(me.number()));
    assert!(!lets_protocol::can_claim(me, &trap));
    let classed = waiting(&m, Some(me), 500, &[7]);
    assert!(!lets_protocol::can_claim(me, &classed));
}
