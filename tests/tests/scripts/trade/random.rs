//! Any terms, balances, ages, claims and payments near the limits: what a builder builds, both interpreters accept; what a
//! twin refuses, built without the check, the scripts refuse.

use super::*;
use lets_protocol::rules::{check_claim, most_payable};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A member's terms, balance and counters, all of them small, so that they meet often.
#[derive(Debug, Clone)]
struct Party {
    issued: i64,
    line: i64,
    cap: i64,
    loan: [i64; 3],
    rate: i64,
    class: i64,
    classes: Vec<i64>,
    balance: i64,
    smallest: i64,
    used: i64,
    /// Blocks since the stamp, and since the debt began.
    ages: (i64, i64),
}

fn rule_or_none(most: i64) -> impl Strategy<Value = i64> {
    prop_oneof![2 => Just(0), 3 => 1..=most]
}

fn arb_classes() -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![4 => Just(vec![]), 1 => Just(vec![1]), 1 => Just(vec![1, 2]), 1 => Just(vec![2])]
}

fn arb_party() -> impl Strategy<Value = Party> {
    let terms = (
        60..=160_i64,
        30..=90_i64,
        10..=120_i64,
        0..=500_i64,
        0..=2_i64,
        arb_classes(),
    );
    let loan = (rule_or_none(60), rule_or_none(70), rule_or_none(150));
    let state = (
        -40..=70_i64,
        0..=12_i64,
        0..=40_i64,
        0..=60_i64,
        1..=250_i64,
    );
    (terms, loan, state).prop_map(|(terms, loan, state)| {
        let (issued, line, cap, rate, class, classes) = terms;
        let (balance, smallest, used, stamp, debt) = state;
        Party {
            issued,
            line,
            cap,
            loan: [loan.0, loan.1, loan.2],
            rate,
            class,
            classes,
            balance: balance.max(-issued),
            smallest,
            used,
            ages: (stamp, debt),
        }
    })
}

/// The member's account so.
fn account(m: &Members, who: usize, party: &Party) -> AccountBox {
    let (now, unit) = (m.world.height.as_i64(), unit(&m.world));
    let mut terms = m.accounts[who].terms().to_longs();
    terms[..3].copy_from_slice(&[party.issued, party.line, party.cap]);
    terms[4..7].copy_from_slice(&party.loan);
    terms[7..9].copy_from_slice(&[party.rate, party.class]);
    terms.extend(&party.classes);
    let (stamp, debt) = (now - party.ages.0, now - party.ages.1);
    m.world.account_with(&m.accounts[who], |c| {
        c.set_register(0, R4, terms);
        c.set_register(0, R6, vec![party.smallest, stamp, party.used, debt]);
        c.set_tokens(0, |all| {
            all.truncate(2);
            let units = u64::try_from(party.issued + party.balance).unwrap();
            all.extend((units > 0).then_some((unit, units)));
        });
    })
}

/// Runs `check` on so many scenes, always the same ones, and returns how often it met what it names.
fn run<S: Strategy>(
    seed: u64,
    cases: u32,
    scenes: &S,
    check: impl Fn(&Members, S::Value) -> &'static str,
) -> BTreeMap<&'static str, usize> {
    let mut m = Members::of(10);
    m.world.height = m.world.height.plus(Blocks(1_000));
    let met = RefCell::new(BTreeMap::new());
    let (seed, cases) = match hunt() {
        Some(number) => (seed + 10 * number, 6 * cases),
        None => (seed, cases),
    };
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 100,
        ..ProptestConfig::default()
    });
    runner
        .run(scenes, |scene| {
            *met.borrow_mut().entry(check(&m, scene)).or_default() += 1;
            Ok(())
        })
        .unwrap();
    met.into_inner()
}

/// With `LETS_HUNT=<number>` in the environment: other scenes for each number, and six times as many.
fn hunt() -> Option<u64> {
    let number = std::env::var("LETS_HUNT").ok()?;
    Some(number.parse().expect("a number"))
}

#[track_caller]
fn all_met(met: &BTreeMap<&str, usize>, names: &[&str]) {
    for name in names {
        assert!(met.contains_key(name), "{name} is never met: {met:?}");
    }
}

/// Some input refuses; or, where the unsigned path alone is closed, the payee's signature is missing.
fn refused(case: &Case, violation: &RuleViolation) {
    match case.accepts().iter().position(|accepts| !accepts) {
        Some(input) => case.refused_at(input),
        None if violation.rule() == "smallest_direct" => case.unproven(),
        None => panic!("every script accepts what the twin refuses: {violation:?}"),
    }
}

/// A note on its way: over how much, to whom (0 the first member, 1 the third, 2 anybody), for which classes.
type Waiting = (i64, usize, Vec<i64>);

#[derive(Debug, Clone)]
struct Scene {
    parties: [Party; 3],
    claims: Vec<Waiting>,
    direct: Option<i64>,
    noted: Option<i64>,
    paper: Option<i64>,
}

fn arb_waiting() -> impl Strategy<Value = Waiting> {
    let to = prop_oneof![8 => Just(0_usize), 1 => Just(1), 3 => Just(2)];
    let classes = prop_oneof![6 => Just(vec![]), 1 => Just(vec![0, 1]), 1 => Just(vec![2])];
    (1..=30_i64, to, classes)
}

fn arb_parties() -> impl Strategy<Value = [Party; 3]> {
    (arb_party(), arb_party(), arb_party()).prop_map(|(a, b, c)| [a, b, c])
}

fn arb_scene() -> impl Strategy<Value = Scene> {
    let some = |p| option::weighted(p, 1..=40_i64);
    (
        arb_parties(),
        vec(arb_waiting(), 0..=2),
        some(0.6),
        some(0.4),
        some(0.2),
    )
        .prop_map(|(parties, claims, direct, noted, paper)| Scene {
            parties,
            claims,
            direct,
            noted,
            paper,
        })
}

fn paid(m: &Members, accounts: &[AccountBox], claims: &[NoteBox], scene: &Scene) -> Built {
    let mut payments: Vec<_> = scene
        .direct
        .map(|n| direct(&accounts[1], n))
        .into_iter()
        .collect();
    payments.extend(scene.noted.map(|n| by_note(m, &accounts[2], n)));
    payments.extend(scene.paper.map(|n| by_paper(m, n)));
    let (lets, leader, params) = (&m.world.lets, with(&accounts[0], claims), m.world.params());
    match (payments.is_empty(), claims.is_empty()) {
        (false, _) => pay(lets, leader, payments, params),
        (true, false) => claim(lets, leader, params),
        (true, true) => set_account(lets, leader, OwnerChange::default(), params),
    }
}

fn check_scene(m: &Members, scene: Scene) -> &'static str {
    let accounts = [0, 1, 2].map(|i| account(m, i, &scene.parties[i]));
    let payee = |to: usize| [Some(&accounts[0]), Some(&accounts[2]), None][to];
    let claims: Vec<_> = scene
        .claims
        .iter()
        .map(|(units, to, classes)| waiting(m, payee(*to), *units, classes))
        .collect();
    let violation = match paid(m, &accounts, &claims, &scene) {
        Ok(trade) => {
            signed(m, &trade, &[0]).accepted();
            return "built";
        }
        Err(TradeError::Rule(violation)) => violation,
        Err(other) => panic!("{other}"),
    };
    let free = accounts.each_ref().map(|a| lenient(m, a));
    let harmless: Vec<_> = scene
        .claims
        .iter()
        .map(|(units, ..)| waiting(m, Some(&accounts[0]), *units, &[]))
        .collect();
    let trade = match paid(m, &free, &harmless, &scene) {
        Ok(trade) => trade,
        // There are no units to build it with.
        Err(TradeError::Rule(RuleViolation::UnitsHeld { .. })) => return "units_held",
        Err(other) => panic!("{other}"),
    };
    let parties = 1 + usize::from(scene.direct.is_some());
    let case = under(m, signed(m, &trade, &[0]), &accounts[..parties]).with(|c| {
        for (i, note) in claims.iter().enumerate() {
            c.replace_input(parties + i, note.ergo_box().clone());
        }
    });
    let spend_on = &accounts[0].terms().spend_on;
    if violation.rule() == "payee_class"
        && (scene.direct.is_none() || spend_on.contains(&accounts[1].terms().class))
    {
        // The note can be made; its payee cannot claim it.
        case.accepted();
        let note = NoteBox::parse(&m.world.lets, &case.made(parties)).unwrap();
        assert_eq!(
            check_claim(&accounts[2], &note).unwrap_err().rule(),
            "note_class"
        );
        return "note that its payee cannot claim";
    }
    refused(&case, &violation);
    violation.rule()
}

#[test]
fn payments_and_claims_of_any_kind_as_the_scripts_have_it() {
    let met = run(6, 140, &arb_scene(), check_scene);
    let names = [
        "built",
        "credit_line",
        "cap",
        "largest_draw",
        "draw_limit",
        "longest_debt",
        "payee_class",
    ];
    all_met(&met, &names);
    all_met(
        &met,
        &["smallest_direct", "not_payee", "note_class", "units_held"],
    );
}

type Legs = Vec<(usize, usize, i64)>;

fn arb_legs() -> impl Strategy<Value = Legs> {
    let leg = (0..3_usize, 1..=2_usize, 1..=40_i64);
    vec(
        leg.prop_map(|(from, step, n)| (from, (from + step) % 3, n)),
        1..=4,
    )
}

fn check_settlement(
    m: &Members,
    (parties, paid, missing): ([Party; 3], Legs, usize),
) -> &'static str {
    let accounts = [0, 1, 2].map(|i| account(m, i, &parties[i]));
    let build = |accounts: &[AccountBox]| {
        let leg = |(from, to, n): &(usize, usize, i64)| Leg {
            from: accounts[*from].number(),
            to: accounts[*to].number(),
            amount: amount(*n),
        };
        let legs: Vec<_> = paid.iter().map(leg).collect();
        settle(&m.world.lets, accounts, &legs, None, m.world.params())
    };
    let payers: Vec<_> = (0..3)
        .filter(|i| paid.iter().any(|leg| leg.0 == *i))
        .collect();
    let violation = match build(&accounts) {
        Ok(trade) => {
            signed(m, &trade, &payers).accepted();
            let missing = payers[missing % payers.len()];
            let rest: Vec<_> = payers.iter().copied().filter(|p| *p != missing).collect();
            let after = trade
                .others
                .iter()
                .find(|a| a.number() == accounts[missing].number());
            // A payer whose counters do not move and who gains need not sign: see `faults`.
            if after.is_none_or(|a| a.settings() != accounts[missing].settings()) {
                signed(m, &trade, &rest).unproven();
            }
            return "built";
        }
        Err(TradeError::Rule(violation)) => violation,
        Err(other) => panic!("{other}"),
    };
    let free = accounts.each_ref().map(|a| lenient(m, a));
    let trade = match build(&free) {
        Ok(trade) => trade,
        Err(TradeError::Rule(RuleViolation::UnitsHeld { .. })) => return "units_held",
        Err(other) => panic!("{other}"),
    };
    let order = std::iter::once(&trade.leader).chain(&trade.others);
    let strict: Vec<_> = order
        .map(|a| {
            accounts
                .iter()
                .find(|s| s.number() == a.number())
                .unwrap()
                .clone()
        })
        .collect();
    refused(&under(m, signed(m, &trade, &payers), &strict), &violation);
    violation.rule()
}

#[test]
fn settlements_of_any_kind_as_the_scripts_have_it() {
    let scenes = (arb_parties(), arb_legs(), 0..3_usize);
    let met = run(2, 110, &scenes, check_settlement);
    let names = [
        "built",
        "credit_line",
        "cap",
        "largest_draw",
        "draw_limit",
        "longest_debt",
    ];
    all_met(&met, &names);
    all_met(&met, &["payee_class", "smallest_direct"]);
}

fn check_most(m: &Members, (party, gained, class): (Party, i64, Option<i64>)) -> &'static str {
    let payer = account(m, 0, &party);
    let payee = member(m, 1, 0, &[(8, class.unwrap_or(0))], &[]);
    let claims: Vec<_> = (gained > 0)
        .then(|| waiting(m, Some(&payer), gained, &[]))
        .into_iter()
        .collect();
    let most = most_payable(&payer, amount(gained), m.world.height, class).units();
    let build = |payer: &AccountBox, units| {
        let payment = match class {
            Some(_) => direct(&payee, units),
            None => by_paper(m, units),
        };
        pay(
            &m.world.lets,
            with(payer, &claims),
            vec![payment],
            m.world.params(),
        )
    };
    if most > 0 {
        signed(m, &build(&payer, most).unwrap(), &[0]).accepted();
    }
    let violation = refusal(build(&payer, most + 1));
    match build(&lenient(m, &payer), most + 1) {
        Ok(past) => {
            let mut strict = vec![payer];
            strict.extend(class.map(|_| payee.clone()));
            refused(&under(m, signed(m, &past, &[0]), &strict), &violation);
            violation.rule()
        }
        Err(_) => "units_held",
    }
}

#[test]
fn most_payable_passes_and_one_more_does_not() {
    let class = option::weighted(0.7, 0..=2_i64);
    let scenes = (arb_party(), prop_oneof![Just(0), 1..=30_i64], class);
    let met = run(3, 60, &scenes, check_most);
    let names = [
        "credit_line",
        "largest_draw",
        "draw_limit",
        "longest_debt",
        "payee_class",
        "units_held",
    ];
    all_met(&met, &names);
}

fn check_claimable(m: &Members, (party, notes, paid): (Party, Vec<Waiting>, i64)) -> &'static str {
    let me = account(m, 0, &party);
    let payee = |to: usize| [Some(&me), Some(&m.accounts[2]), None][to];
    let notes: Vec<_> = notes
        .iter()
        .map(|(units, to, classes)| waiting(m, payee(*to), *units, classes))
        .collect();
    let chosen = claimable(&me, &notes, paid);
    let sum: i64 = chosen.iter().map(|n| n.amount().units()).sum();
    assert!(sum <= (party.cap - party.balance + paid).max(paid));
    if chosen.is_empty() {
        return "nothing";
    }
    let built = match paid {
        0 => claim(&m.world.lets, with(&me, &chosen), m.world.params()),
        paid => {
            let payments = vec![direct(&m.accounts[1], paid)];
            pay(
                &m.world.lets,
                with(&me, &chosen),
                payments,
                m.world.params(),
            )
        }
    };
    match built {
        Ok(trade) => {
            signed(m, &trade, &[0]).accepted();
            "built"
        }
        Err(TradeError::Rule(v)) => {
            // The payment may pass a rule of its own; what was chosen passes none.
            assert!(
                paid > 0 && !["cap", "not_payee", "note_class"].contains(&v.rule()),
                "{v:?}"
            );
            "payment refused"
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn claimable_notes_of_any_kind_are_claimed() {
    let paid = prop_oneof![Just(0), 1..=40_i64];
    let scenes = (arb_party(), vec(arb_waiting(), 0..=5), paid);
    let met = run(4, 40, &scenes, check_claimable);
    all_met(&met, &["built", "nothing", "payment refused"]);
}
