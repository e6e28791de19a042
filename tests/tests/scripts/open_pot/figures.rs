//! What watchers and readers reckon with, against the twins that decide.

use lets_protocol::rules::open::{self, Quote};
use lets_protocol::{Amount, Kind, Mark, NanoErg, Terms};
use lets_tests::OpenStage;
use lets_tests::open::{RATE, UNITS, policy};

fn at(rate: i64, stage: &OpenStage) -> Quote {
    Quote {
        rate,
        beyond: None,
        seen: stage.pot.seen(),
    }
}

#[test]
fn margin_rate_is_the_last_at_which_nobody_may_call() {
    for debt in [1, 7, 333, 9_999, UNITS] {
        let stage = OpenStage::of(Kind::Lets1).indebted(debt);
        let (policy, account) = (stage.pot.policy(), &stage.account);
        let last = open::margin_rate(policy, account).unwrap();
        let under = |rate| open::check_under(policy, &at(rate, &stage), account).is_ok();
        assert!(!under(last), "{debt} at {last}");
        assert!(under(last + 1), "{debt} at {}", last + 1);
    }
    let stage = OpenStage::of(Kind::Lets1);
    assert_eq!(open::margin_rate(stage.pot.policy(), &stage.account), None);
}

#[test]
fn worth_paying_is_paid_for_in_full_and_nothing_less_is_offered() {
    let stage = OpenStage::called(UNITS, 4 * RATE);
    let (policy, account) = (stage.pot.policy(), &stage.account);
    let height = stage.height;
    for rate in [2 * RATE, 3 * RATE, 4 * RATE] {
        let quote = at(rate, &stage);
        let worth = open::worth_paying(policy, &quote, account, Amount::MAX);
        open::check_liquidation(policy, &quote, account, worth, height).unwrap();
        // As much as the price at the least, and nothing is left unpaid for.
        let price = policy.price(rate, 100);
        let worth_of = |units: Amount| NanoErg(u64::try_from(price * units.units()).unwrap());
        let taken = open::taken(policy, &quote, account, worth);
        assert!(taken >= worth_of(worth));
        if worth.units() < UNITS {
            let more = Amount::new(worth.units() + 1).unwrap();
            assert!(open::taken(policy, &quote, account, more) < worth_of(more));
        }
        let few = Amount::new(policy.smallest_liquidation.units() - 1).unwrap();
        let none = open::worth_paying(policy, &quote, account, few);
        assert_eq!(none, Amount::ZERO);
    }
}

#[test]
fn terms_that_no_step_makes_are_foreign_and_those_of_every_step_are_not() {
    for (name, stage, case) in OpenStage::account_actions() {
        let ergo_box = lets_tests::case::existing(&case.outputs[1], 7);
        let account = lets_protocol::AccountBox::parse(&stage.lets, &ergo_box).unwrap();
        let found = open::foreign_term(stage.pot.policy(), account.terms());
        assert_eq!(found, None, "{name}");
    }
    type Change = fn(&mut Terms);
    let changes: [(&str, Kind, Change); 9] = [
        ("cap", Kind::Lets1, |t| t.cap = Amount::MAX),
        ("loan rules", Kind::Lets1, |t| t.largest_draw = Amount::MAX),
        ("credit line", Kind::Lets1, |t| t.line = Amount::MAX),
        ("credit line", Kind::Lets2, |t| t.line = Amount::ZERO),
        ("credit line", Kind::Lets3, |t| t.issued = Amount::MAX),
        ("ERG floor", Kind::Lets2, |t| {
            t.floor = NanoErg(9_000_000_000)
        }),
        ("lock", Kind::Lets4, |t| t.class = 1),
        ("mark", Kind::Lets1, |t| t.spend_on = vec![1]),
        ("mark", Kind::Lets2, |t| t.spend_on = vec![0]),
    ];
    for (what, kind, change) in changes {
        let policy = policy(kind);
        let mut terms = OpenStage::of(kind).account.terms().clone();
        assert_eq!(open::foreign_term(&policy, &terms), None, "{kind}");
        change(&mut terms);
        assert_eq!(open::foreign_term(&policy, &terms), Some(what), "{kind}");
    }
    let called = OpenStage::called(UNITS, 2 * RATE);
    let terms = called.account.terms();
    assert!(matches!(Mark::of(terms), Some(Mark::Called(_))));
    assert_eq!(open::foreign_term(called.pot.policy(), terms), None);
}
