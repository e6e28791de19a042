//! The twins of account.es: credit, caps, classes, direct payments, each with claims in the same transaction and without.

use super::*;
use lets_protocol::{is_opening, opening_balance};

/// The first member claims notes over `gained`, if any, and pays the second directly.
fn pays_second(m: &Members, gained: i64) -> impl Fn(&[AccountBox], i64) -> Built {
    let claims: Vec<_> = (gained > 0)
        .then(|| waiting(m, Some(&m.accounts[0]), gained, &[]))
        .into_iter()
        .collect();
    move |accounts, units| {
        let payments = vec![direct(&accounts[1], units)];
        let payer = with(&accounts[0], &claims);
        pay(&m.world.lets, payer, payments, m.world.params())
    }
}

fn limit<'a>(m: &'a Members, payer: AccountBox, last: i64, rule: &'a str) -> Limit<'a> {
    Limit {
        m,
        accounts: vec![payer, m.accounts[1].clone()],
        signers: &[0],
        last,
        rule,
        most: Some(last),
        refused: 0,
    }
}

// D1
#[test]
fn credit_line_with_and_without_claims_limits() {
    let m = Members::of(10);
    for balance in [-19_000, 0, 700] {
        for gained in [0, 300, 19_500] {
            // More units in the account than it may draw.
            let payer = member(&m, 0, balance, &[(1, LINE - 1_000)], &[]);
            let last = balance.max(0) + gained + LINE - 1_000 + balance.min(0);
            if last == 0 {
                continue;
            }
            let violation = limit(&m, payer, last, "credit_line").holds(pays_second(&m, gained));
            assert_eq!(violation.limit(), Some(amount(LINE - 1_000)));
        }
    }
}

// D1: a line below the debt: only what comes in goes out.
#[test]
fn credit_line_below_the_debt_passes_on_what_is_claimed() {
    let m = Members::of(10);
    let payer = member(&m, 0, -5_000, &[(1, 1_000)], &[]);
    limit(&m, payer, 300, "credit_line").holds(pays_second(&m, 300));
}

// Fewer units than the line: no transaction can be made, whatever the script says.
#[test]
fn units_held_less_than_the_line_limit() {
    let m = Members::of(10);
    let payer = member(&m, 0, -500, &[(1, LINE + 1_000)], &[]);
    for gained in [0, 200] {
        let last = LINE - 500 + gained;
        let accounts = [payer.clone(), m.accounts[1].clone()];
        let build = pays_second(&m, gained);
        signed(&m, &build(&accounts, last).unwrap(), &[0]).accepted();
        let violation = refusal(build(&accounts, last + 1));
        assert_eq!(violation.rule(), "units_held");
        assert_eq!(violation.most(), Some(amount(last)));
    }
}

// D2: a claim in the same transaction makes the draw smaller.
#[test]
fn largest_draw_with_and_without_claims_limits() {
    let m = Members::of(10);
    for (balance, gained) in [
        (0, 0),
        (0, 300),
        (200, 300),
        (-400, 0),
        (-400, 300),
        (-200, 300),
    ] {
        let payer = member(&m, 0, balance, &[(4, 500)], &[]);
        let last = balance.max(0) + gained + 500;
        let violation = limit(&m, payer, last, "largest_draw").holds(pays_second(&m, gained));
        assert_eq!(violation.limit(), Some(amount(500)));
    }
}

// D3
#[test]
fn draw_limit_with_and_without_claims_limits() {
    let mut m = Members::of(10);
    m.world.height = m.world.height.plus(Blocks(50));
    let now = m.world.height.as_i64();
    for (balance, gained) in [(0, 0), (0, 300), (200, 300), (-700, 0), (-700, 300)] {
        let payer = member(&m, 0, balance, &[(5, 1_000), (7, 2_000)], &[]);
        // 700 were used 50 blocks ago, of which 100 have leaked.
        let payer = on_settings(&m.world, &payer, &[(1, now - 50), (2, 700), (3, now - 50)]);
        let last = balance.max(0) + gained + 400;
        let violation = limit(&m, payer, last, "draw_limit").holds(pays_second(&m, gained));
        assert_eq!(violation.limit(), Some(amount(1_000)));
    }
}

// D3: a limit below what is used already: own credit and what is claimed still goes out.
#[test]
fn draw_limit_lowered_below_what_is_used_limits() {
    let m = Members::of(10);
    let payer = member(&m, 0, -700, &[(5, 100), (7, 0)], &[]);
    let payer = on_settings(&m.world, &payer, &[(2, 700)]);
    limit(&m, payer, 300, "draw_limit").holds(pays_second(&m, 300));
}

// D4: at the last height more is drawn; a block later only what comes in goes out.
#[test]
fn longest_debt_with_and_without_claims_limits() {
    let mut m = Members::of(10);
    m.world.height = m.world.height.plus(Blocks(200));
    let next = m.world.height.as_i64() + 1;
    let debtor = |age: i64| {
        let debtor = member(&m, 0, -400, &[(6, 100)], &[]);
        on_settings(&m.world, &debtor, &[(3, next - age)])
    };
    let accounts = [debtor(100), m.accounts[1].clone()];
    let case = signed(&m, &pays_second(&m, 0)(&accounts, 900).unwrap(), &[0]);
    case.accepted();
    // Included a block later, it is too late.
    case.with(|c| c.height += 1).refused_at(0);
    limit(&m, debtor(101), 300, "longest_debt").holds(pays_second(&m, 300));
    let late = [debtor(101), m.accounts[1].clone()];
    let violation = refusal(pays_second(&m, 0)(&late, 1));
    assert_eq!(
        (violation.rule(), violation.most()),
        ("longest_debt", Some(Amount::ZERO))
    );
}

// D4: a debt that begins with this payment is as old as its first block.
#[test]
fn longest_debt_of_one_block_lets_a_new_debt_begin() {
    let m = Members::of(10);
    let payer = member(&m, 0, 300, &[(6, 1)], &[]);
    let accounts = [payer, m.accounts[1].clone()];
    signed(&m, &pays_second(&m, 0)(&accounts, 500).unwrap(), &[0]).accepted();
}

// D5: own credit and what is claimed goes to anybody, to the last unit; into a note to a stranger too.
#[test]
fn classes_with_and_without_claims_limit() {
    let m = Members::of(10);
    for (balance, gained) in [(300, 0), (300, 200), (-100, 200), (0, 200)] {
        let payer = member(&m, 0, balance, &[], &[3, 4]);
        limit(&m, payer.clone(), balance + gained, "payee_class").holds(pays_second(&m, gained));
        let grocer = member(&m, 1, 0, &[(8, 3)], &[]);
        let to_grocer = [payer, grocer];
        let build = pays_second(&m, gained);
        signed(&m, &build(&to_grocer, balance + gained + 1).unwrap(), &[0]).accepted();
    }
}

// D5: a leader who stays in debt can pass nothing on to a stranger, not even less than he claims.
#[test]
fn classes_leader_in_debt_who_claims_and_pays_refused() {
    let m = Members::of(10);
    let debtor = member(&m, 0, -500, &[], &[3, 4]);
    let accounts = [debtor, m.accounts[1].clone()];
    let build = pays_second(&m, 200);
    let violation = refusal(build(&accounts, 100));
    assert_eq!(
        (violation.rule(), violation.most()),
        ("payee_class", Some(Amount::ZERO))
    );
    let free = accounts.each_ref().map(|a| lenient(&m, a));
    let past = signed(&m, &build(&free, 100).unwrap(), &[0]);
    under(&m, past, &accounts).refused_at(0);
}

// D5 M3: a note made in debt carries the classes; who is not of them is refused by the twins at its making and at its
// claim, and by the script at its claim.
#[test]
fn classes_note_carries_them_to_its_claim() {
    let m = Members::of(10);
    let payer = member(&m, 0, 300, &[], &[3, 4]);
    let [grocer, stranger] = [3, 5].map(|class| member(&m, 1, 0, &[(8, class)], &[]));
    let make = |to: &AccountBox, units| {
        let payments = vec![by_note(&m, to, units), by_paper(&m, 10)];
        pay(
            &m.world.lets,
            Spender::new(&payer),
            payments,
            m.world.params(),
        )
    };
    let violation = refusal(make(&stranger, 291));
    assert_eq!(
        (violation.rule(), violation.most()),
        ("payee_class", Some(amount(300)))
    );
    // The last unit of his own.
    let own = make(&stranger, 290).unwrap();
    signed(&m, &own, &[0]).accepted();
    assert!(own.notes.iter().all(|n| n.spend_on().is_empty()));
    let credit = make(&grocer, 291).unwrap();
    signed(&m, &credit, &[0]).accepted();
    assert!(credit.notes.iter().all(|n| n.spend_on() == [3, 4]));
    let redeem = |account: &AccountBox, note: &NoteBox| {
        let claims = [note.clone()];
        claim(&m.world.lets, with(account, &claims), m.world.params())
    };
    signed(&m, &redeem(&grocer, &credit.notes[0]).unwrap(), &[1]).accepted();
    for note in &credit.notes {
        assert_eq!(refusal(redeem(&stranger, note)).rule(), "note_class");
        let past = redeem(&grocer, note).unwrap();
        let past = m.world.case(&past.proposal, &[&m.keys[1], &key(250)]);
        under(&m, past, std::slice::from_ref(&stranger)).refused_at(1);
    }
}

// K8: at a claim.
#[test]
fn cap_at_a_claim_limits() {
    let m = Members::of(10);
    let claims = |accounts: &[AccountBox], units| {
        let notes = [
            waiting(&m, Some(&m.accounts[0]), units - 100, &[]),
            waiting(&m, None, 100, &[]),
        ];
        claim(&m.world.lets, with(&accounts[0], &notes), m.world.params())
    };
    for balance in [CAP - 500, CAP - 101] {
        let room = CAP - balance;
        let violation = Limit {
            accounts: vec![m.at(0, balance)],
            ..limit(&m, m.accounts[0].clone(), room, "cap")
        }
        .holds(claims);
        assert_eq!(violation.limit(), Some(amount(CAP)));
    }
}

// K8: what is paid in the same transaction makes room.
#[test]
fn cap_at_a_claim_with_a_payment_limits() {
    let m = Members::of(10);
    let last = 500 + 700;
    let violation = refusal_at_cap(&m, m.at(0, CAP - 500), last);
    assert_eq!(violation.most(), Some(amount(500)));
}

/// The first member claims so much, and pays 700 directly and 30 by notes. One more is past the cap.
fn refusal_at_cap(m: &Members, payer: AccountBox, last: i64) -> RuleViolation {
    Limit {
        most: Some((last - 700).max(0)),
        ..limit(m, payer, last, "cap")
    }
    .holds(|accounts, units| {
        let claims = [waiting(m, Some(&m.accounts[0]), units, &[])];
        let payments = vec![
            direct(&accounts[1], 670),
            by_note(m, &m.accounts[2], 20),
            by_paper(m, 10),
        ];
        pay(
            &m.world.lets,
            with(&accounts[0], &claims),
            payments,
            m.world.params(),
        )
    })
}

// K8: a balance above a lowered cap may only fall.
#[test]
fn cap_lowered_below_the_balance_claim_no_more_than_is_paid() {
    let m = Members::of(10);
    let rich = member(&m, 0, 9_000, &[(2, 5_000)], &[]);
    let violation = refusal_at_cap(&m, rich.clone(), 700);
    assert_eq!(violation.most(), Some(Amount::ZERO));
    let claims = [waiting(&m, Some(&m.accounts[0]), 1, &[])];
    let alone = claim(&m.world.lets, with(&rich, &claims), m.world.params());
    assert_eq!(refusal(alone).rule(), "cap");
}

// K8: a direct payee's.
#[test]
fn cap_of_a_direct_payee_limits() {
    let m = Members::of(10);
    for (balance, cap, last) in [(CAP - 300, CAP, 300), (-200, 0, 200), (-200, 100, 300)] {
        let payee = member(&m, 1, balance, &[(2, cap)], &[]);
        Limit {
            accounts: vec![m.accounts[0].clone(), payee],
            refused: 1,
            ..limit(&m, m.accounts[0].clone(), last, "cap")
        }
        .holds(pays_second(&m, 0));
    }
    let full = [m.accounts[0].clone(), member(&m, 1, 600, &[(2, 500)], &[])];
    let violation = refusal(pays_second(&m, 0)(&full, 1));
    assert_eq!(
        (violation.rule(), violation.most()),
        ("cap", Some(Amount::ZERO))
    );
}

// U5: less than the payee takes directly, unless it ends a debt to the unit. Without his signature it is not accepted.
#[test]
fn smallest_direct_payment_limits() {
    let m = Members::of(10);
    let build = pays_second(&m, 0);
    for (balance, passing, refused) in [
        (0, &[500, 501][..], &[1, 499][..]),
        (-300, &[300, 500], &[299, 301, 499]),
        (-500, &[500, 501], &[499]),
        (-600, &[500, 600], &[499, 1]),
        (300, &[500], &[300]),
    ] {
        let payee = on_settings(&m.world, &m.at(1, balance), &[(0, 500)]);
        let accounts = [m.accounts[0].clone(), payee];
        for units in passing {
            signed(&m, &build(&accounts, *units).unwrap(), &[0]).accepted();
        }
        for units in refused {
            let violation = refusal(build(&accounts, *units));
            assert_eq!(violation.rule(), "smallest_direct");
            assert_eq!(violation.limit(), Some(amount(500)));
            let free = accounts.each_ref().map(|a| lenient(&m, a));
            let past = signed(&m, &build(&free, *units).unwrap(), &[0]);
            not_accepted(&under(&m, past, &accounts), 1);
        }
    }
}

/// The unsigned path refuses, so the signed path decides, whose counters may or may not be right: refused or unproven.
fn not_accepted(case: &Case, input: usize) {
    match case.accepts().get(input) {
        Some(true) => case.unproven(),
        _ => case.refused_at(input),
    }
}

// All of a payment or nothing: one payee of three over his cap.
#[test]
fn payments_to_many_one_refused_refuses_all() {
    let m = Members::of(10);
    let full = m.at(2, CAP);
    let payments = |third: i64| {
        let mut all = vec![direct(&m.accounts[1], 100), by_note(&m, &m.accounts[3], 50)];
        all.extend((third > 0).then(|| direct(&full, third)));
        pay(
            &m.world.lets,
            Spender::new(&m.accounts[0]),
            all,
            m.world.params(),
        )
    };
    signed(&m, &payments(0).unwrap(), &[0]).accepted();
    assert_eq!(refusal(payments(1)).rule(), "cap");
}

// What a ledger said is paid like any payment, up to line and cap, and everybody can read what it is.
#[test]
fn opening_balance_within_line_and_cap_accepted_and_public() {
    let m = Members::of(10);
    let build = |accounts: &[AccountBox], units| {
        let payees = [
            (&accounts[1], amount(units)),
            (&m.accounts[2], amount(1_000)),
        ];
        let params = m.world.params();
        opening_balance(&m.world.lets, Spender::new(&accounts[0]), &payees, params)
    };
    // More units in the account than it may draw.
    let payer = member(&m, 0, 0, &[(1, LINE - 1_000)], &[]);
    let mut line = limit(&m, payer, LINE - 2_000, "credit_line");
    line.most = Some(LINE - 1_000);
    line.holds(build);
    let mut cap = limit(&m, m.accounts[0].clone(), 300, "cap");
    cap.accounts[1] = m.at(1, CAP - 300);
    cap.refused = 1;
    cap.holds(build);

    let trade = build(&m.accounts, 1).unwrap();
    let (tx, _) = signed(&m, &trade, &[0]).accepted();
    signed(&m, &trade, &[1]).unproven();
    let (inputs, outputs) = (trade.proposal.inputs(), trade.proposal.outputs());
    let read = lets_protocol::payments_in(&m.world.lets, &tx, inputs, outputs);
    assert_eq!(read.len(), 2);
    assert!(read.iter().all(|p| is_opening(&p.memo)));
    assert!(!is_opening(b"OPENING BALANCE of mine"));
}
