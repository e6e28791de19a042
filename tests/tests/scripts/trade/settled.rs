//! Settlements: everybody who pays signs, and one whom a rule forbids his part forbids the whole.

use super::*;

/// Legs between members: who pays, whom, how much.
fn legs(accounts: &[AccountBox], legs: &[(usize, usize, i64)]) -> Vec<Leg> {
    let leg = |(from, to, units): &(usize, usize, i64)| Leg {
        from: accounts[*from].number(),
        to: accounts[*to].number(),
        amount: amount(*units),
    };
    legs.iter().map(leg).collect()
}

fn settled(m: &Members, accounts: &[AccountBox], paid: &[(usize, usize, i64)]) -> Built {
    let legs = legs(accounts, paid);
    settle(&m.world.lets, accounts, &legs, None, m.world.params())
}

/// Members some blocks after their admission, so that every signature moves a stamp.
fn members() -> Members {
    let mut m = Members::of(10);
    m.world.height = m.world.height.plus(Blocks(5));
    m
}

/// Accepted when these sign, and not when any one of them does not.
fn signed_by_each(m: &Members, trade: &Trade, signers: &[usize]) {
    signed(m, trade, signers).accepted();
    for missing in signers {
        let others: Vec<_> = signers.iter().copied().filter(|s| s != missing).collect();
        signed(m, trade, &others).unproven();
    }
}

// S1: a ring whose nets are all zero, twice over.
#[test]
fn ring_of_zero_nets_takes_every_signature() {
    let m = members();
    let ring = [(0, 1, 100), (1, 2, 100), (2, 0, 100)];
    let trade = settled(&m, &m.accounts, &ring).unwrap();
    signed_by_each(&m, &trade, &[0, 1, 2]);
    assert_eq!(trade.others.len(), 2);
    for (before, after) in
        m.accounts
            .iter()
            .zip([&trade.leader, &trade.others[0], &trade.others[1]])
    {
        assert_eq!(before.balance(), after.balance());
    }
    let twice = [ring, ring].concat();
    signed_by_each(&m, &settled(&m, &m.accounts, &twice).unwrap(), &[0, 1, 2]);
}

// S1: a payer who gains on balance signs, at any place; who only gets paid need not.
#[test]
fn payer_who_gains_on_balance_signs() {
    let m = members();
    for leader in [0, 1, 2] {
        let mut paid = vec![(0, 1, 300), (1, 2, 100), (2, 3, 50)];
        paid.rotate_left(leader);
        let trade = settled(&m, &m.accounts, &paid).unwrap();
        signed_by_each(&m, &trade, &[0, 1, 2]);
    }
}

// S1: also in debt, where his counters move.
#[test]
fn payer_in_debt_who_gains_on_balance_signs() {
    let m = members();
    let mut accounts = m.accounts.clone();
    accounts[1] = m.at(1, -700);
    let trade = settled(&m, &accounts, &[(0, 1, 300), (1, 2, 100)]).unwrap();
    signed_by_each(&m, &trade, &[0, 1]);
}

// U5: who only gets paid, by several legs together, gets at least his smallest direct payment.
#[test]
fn payee_who_does_not_sign_takes_his_smallest_direct_payment() {
    let m = members();
    let mut accounts = m.accounts.clone();
    accounts[2] = on_settings(&m.world, &m.accounts[2], &[(0, 150)]);
    let paid = |second| settled(&m, &accounts, &[(0, 2, 100), (1, 2, second)]);
    signed_by_each(&m, &paid(50).unwrap(), &[0, 1]);
    assert_eq!(refusal(paid(49)).rule(), "smallest_direct");
    // One who pays as well signs, and takes any amount.
    let signs = settled(&m, &accounts, &[(0, 2, 100), (2, 1, 1)]).unwrap();
    signed_by_each(&m, &signs, &[0, 2]);
}

fn limit<'a>(
    m: &'a Members,
    accounts: [AccountBox; 3],
    last: i64,
    rule: &'a str,
    refused: usize,
) -> Limit<'a> {
    Limit {
        m,
        accounts: accounts.to_vec(),
        signers: &[0, 1, 2],
        last,
        rule,
        most: Some(last),
        refused,
    }
}

// D1: of any party. What he gets in other legs counts.
#[test]
fn party_over_the_line_refuses_the_whole() {
    let m = members();
    for at in [0, 1, 2] {
        let mut accounts = [0, 1, 2].map(|i| m.accounts[i].clone());
        accounts[at] = member(&m, at, -200, &[(1, 1_000)], &[]);
        let (next, last) = ((at + 1) % 3, (at + 2) % 3);
        limit(&m, accounts, 1_100, "credit_line", at).holds(|accounts, units| {
            let mut paid = [(at, next, units), (next, last, 10), (last, at, 300)];
            // The inputs stand in the order of the members.
            paid.sort_unstable();
            settled(&m, accounts, &paid)
        });
    }
}

// K8: of a party who gains on balance.
#[test]
fn party_over_the_cap_refuses_the_whole() {
    let m = members();
    for at in [0, 1, 2] {
        let mut accounts = [0, 1, 2].map(|i| m.accounts[i].clone());
        accounts[at] = m.at(at, CAP - 100);
        let (next, last) = ((at + 1) % 3, (at + 2) % 3);
        let limit = Limit {
            // The refusal speaks of what he may gain on balance.
            most: Some(100),
            ..limit(&m, accounts, 130, "cap", at)
        };
        limit.holds(|accounts, units| {
            let mut paid = [(at, next, 30), (next, last, 10), (last, at, units)];
            paid.sort_unstable();
            settled(&m, accounts, &paid)
        });
    }
}

// D2 D3: of a payer who does not lead, on balance.
#[test]
fn party_past_his_loan_rules_refuses_the_whole() {
    let m = members();
    for (terms, rule) in [((4, 500), "largest_draw"), ((5, 500), "draw_limit")] {
        let mut accounts = [0, 1, 2].map(|i| m.accounts[i].clone());
        accounts[1] = member(&m, 1, 100, &[terms], &[]);
        limit(&m, accounts, 800, rule, 1).holds(|accounts, units| {
            settled(&m, accounts, &[(0, 1, 200), (1, 2, units), (2, 0, 10)])
        });
    }
}

// D5: a payer with classes inside a ring: beside strangers only as long as he loses nothing or stays out of debt.
#[test]
fn payer_with_classes_in_a_ring_limits() {
    let m = members();
    let ring = |accounts: &[AccountBox], units| {
        settled(&m, accounts, &[(0, 1, 200), (1, 2, units), (2, 0, 10)])
    };
    // In debt he loses nothing; out of debt he spends his own.
    for (balance, last) in [(-300, 200), (300, 500)] {
        let mut accounts = [0, 1, 2].map(|i| m.accounts[i].clone());
        accounts[1] = member(&m, 1, balance, &[], &[3, 4]);
        let violation = refusal(ring(&accounts, last + 1));
        assert_eq!(violation.rule(), "payee_class");
        signed_by_each(&m, &ring(&accounts, last).unwrap(), &[0, 1, 2]);
        let free: Vec<_> = accounts.iter().map(|a| lenient(&m, a)).collect();
        let past = signed(&m, &ring(&free, last + 1).unwrap(), &[0, 1, 2]);
        under(&m, past, &accounts).refused_at(1);
        // Among members of his classes: any amount; one stranger, also as leader, is too many.
        let of_class = |who, class| member(&m, who, 0, &[(8, class)], &[]);
        for (first, third, passes) in [(3, 4, true), (4, 4, true), (3, 5, false), (5, 3, false)] {
            accounts[0] = of_class(0, first);
            accounts[2] = of_class(2, third);
            let built = ring(&accounts, last + 1);
            if passes {
                signed(&m, &built.unwrap(), &[0, 1, 2]).accepted();
            } else {
                assert_eq!(refusal(built).rule(), "payee_class");
                let past = signed(&m, &ring(&free, last + 1).unwrap(), &[0, 1, 2]);
                under(&m, past, &accounts).refused_at(1);
            }
        }
    }
}

// D5: as leader he counts as long as he is in debt, whatever he gets.
#[test]
fn leader_with_classes_in_debt_beside_a_stranger_refused() {
    let m = members();
    let mut accounts = [0, 1, 2].map(|i| m.accounts[i].clone());
    accounts[0] = member(&m, 0, -300, &[], &[3, 4]);
    let ring = |accounts: &[AccountBox], back| {
        settled(&m, accounts, &[(0, 1, 50), (1, 2, 10), (2, 0, back)])
    };
    assert_eq!(refusal(ring(&accounts, 349)).rule(), "payee_class");
    signed_by_each(&m, &ring(&accounts, 350).unwrap(), &[0, 1, 2]);
    let free: Vec<_> = accounts.iter().map(|a| lenient(&m, a)).collect();
    let past = signed(&m, &ring(&free, 349).unwrap(), &[0, 1, 2]);
    under(&m, past, &accounts).refused_at(0);
}

// What cannot be laid out at all.
#[test]
fn legs_that_are_none_refused() {
    let m = members();
    let two = &m.accounts[..2];
    let rule = |built| refusal(built).rule();
    assert_eq!(rule(settled(&m, two, &[])), "zero_amount");
    assert_eq!(
        rule(settled(&m, two, &[(0, 1, 5), (1, 0, 0)])),
        "zero_amount"
    );
    assert_eq!(
        rule(settled(&m, two, &[(0, 1, 5), (1, 1, 5)])),
        "self_payment"
    );
    let all = legs(&m.accounts, &[(0, 1, 5), (1, 2, 5)]);
    let built = settle(&m.world.lets, two, &all, None, m.world.params());
    let account = m.accounts[2].number();
    assert_eq!(refusal(built), RuleViolation::NoParty { account });
}

// The builder's estimate of the cost is from above also where every payer counts all units for himself, by his classes.
#[test]
fn chain_of_debtors_with_classes_within_what_nodes_take() {
    let mut world = lets_tests::World::new(10);
    let keys: Vec<_> = (100..142).map(key).collect();
    let terms = Terms {
        class: 1,
        spend_on: vec![9, 8, 7, 6, 5, 4, 3, 1],
        ..world.terms()
    };
    let accounts: Vec<_> = keys
        .iter()
        .map(|k| world.admit_on(k, terms.clone()))
        .collect();
    let chain = |count: usize| {
        // Each pays on more than he gets.
        let leg = |i: usize| Leg {
            from: accounts[i].number(),
            to: accounts[i + 1].number(),
            amount: amount(10 * (i as i64 + 1)),
        };
        let legs: Vec<_> = (0..count - 1).map(leg).collect();
        settle(&world.lets, &accounts[..count], &legs, None, world.params())
    };
    let most = (20..=accounts.len())
        .rev()
        .find(|n| chain(*n).is_ok())
        .unwrap();
    assert!(most < accounts.len(), "no limit is met");
    let signers: Vec<_> = keys[..most - 1].iter().collect();
    let case = world.case(&chain(most).unwrap().proposal, &signers);
    let (_, cost) = case.accepted();
    let cost = cost.unwrap();
    assert!(cost <= 950_000, "{most} parties: {cost}");
}
