//! Setting terms: T1 to T6.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7};
use lets_protocol::Terms;
use lets_tests::case::longs;
use lets_tests::hand::{at, junk, membership, unit};
use lets_tests::stage::set_counters;
use lets_tests::world::{key, p2pk, prop};
use lets_tests::{Case, Stage};

/// The balance that the pot leaves the account with, minus the one that it had.
fn balance_change(case: &Case, stage: &Stage) -> i64 {
    let units = case.outputs[1]
        .tokens
        .iter()
        .flatten()
        .filter(|t| t.token_id == unit(&stage.world));
    let units: i64 = units.map(|t| *t.amount.as_u64() as i64).sum();
    units - longs(&case.outputs[1], R4)[0] - stage.account.balance().units()
}

// T2, T3: lines raised and lowered, at debts and credits; the balance stays.
#[test]
fn terms_of_any_line_at_any_balance_accepted() {
    let mut stage = Stage::default();
    let account = stage.account.clone();
    for balance in [-20_000, -5_000, 0, 30_000] {
        stage.account = at(&stage.world, &account, balance);
        for line in [0, 4_999, 5_000, 100_000] {
            let case = stage.set_line(line);
            assert_eq!(balance_change(&case, &stage), 0);
            assert_eq!(longs(&case.outputs[1], R4)[..2], [line.max(-balance), line]);
            case.accepted();
        }
    }
}

// T1: an account's tokens and registers under another script, as storage rent could leave them.
#[test]
fn terms_of_a_box_that_is_no_account_refused() {
    let stage = Stage::default();
    let thief = key(250);
    let forged = stage.world.box_with(stage.account.ergo_box(), |c| {
        c.outputs[0].ergo_tree = p2pk(&thief)
    });
    let mut case = stage.set_terms().with(|c| c.replace_input(1, forged));
    case.signers.push(thief);
    case.refused_at(0);
}

// T1: the account's script around a token that anybody can mint: units would go to a box outside the LETS.
#[test]
fn terms_of_an_account_without_membership_token_refused() {
    let stage = Stage::default();
    let forged = stage.world.box_with(stage.account.ergo_box(), |c| {
        c.set_tokens(0, |all| all[0].0 = junk(1))
    });
    let mut case = stage.set_terms().with(|c| c.replace_input(1, forged));
    case.set_tokens(1, |all| all[0].0 = junk(1));
    case.refused_at(0);
}

// T1: the amount counts too.
#[test]
fn terms_of_an_account_with_two_membership_tokens_refused() {
    let stage = Stage::default();
    let forged = stage.world.box_with(stage.account.ergo_box(), |c| {
        c.set_tokens(0, |all| all[0].1 = 2)
    });
    let mut case = stage.set_terms().with(|c| c.replace_input(1, forged));
    case.set_tokens(1, |all| all[0].1 = 2);
    case.refused_at(0);
}

// T2: more issued than the line and the debt ask for; units, pot and counters follow.
#[test]
fn terms_issuing_more_than_the_line_refused() {
    for balance in [0, -10_000, -29_999, 10_000] {
        let mut stage = Stage::default();
        stage.account = at(&stage.world, &stage.account, balance.max(-20_000));
        for more in [1, 1_000] {
            let mut case = stage.set_terms();
            case.accepted();
            case.set_long(1, R4, 0, 30_000 + more);
            case.move_token(0, 1, unit(&stage.world), more as u64);
            set_counters(&mut case, stage.world.height.as_i64(), 0, 10_000 + more);
            case.refused_at(0);
        }
    }
}

// T2: a debt longer than the new line: the debt is issued, and nothing beyond it.
#[test]
fn terms_issuing_more_than_the_debt_refused() {
    let mut stage = Stage::default();
    stage.account = at(&stage.world, &stage.account, -5_000);
    let case = stage.set_line(1_000);
    assert_eq!(longs(&case.outputs[1], R4)[..2], [5_000, 1_000]);
    case.accepted();
    let mut case = stage.set_line(1_000);
    case.set_long(1, R4, 0, 5_001);
    case.set_tokens(1, |all| all.push((unit(&stage.world), 1)));
    case.set_tokens(0, |all| all[2].1 -= 1);
    case.refused_at(0);
}

// T2: less issued than the line: the member could not draw it.
#[test]
fn terms_issuing_less_than_the_line_refused() {
    let stage = Stage::default();
    let mut case = stage.set_terms();
    case.set_long(1, R4, 0, 29_999);
    case.move_token(1, 0, unit(&stage.world), 1);
    set_counters(&mut case, stage.world.height.as_i64(), 0, 9_999);
    case.refused_at(0);
}

// T3: a unit more or less for the member; the pot gives what it should.
#[test]
fn terms_changing_the_balance_refused() {
    let stage = Stage::default();
    let id = unit(&stage.world);
    let mut case = stage.set_terms();
    stage.add_tokens(&mut case, 2, id, 1);
    case.set_tokens(1, |all| all[2].1 += 1);
    assert_eq!(balance_change(&case, &stage), 1);
    case.refused_at(0);
    let case = stage.set_terms().with(|c| c.steal(1, id, 1, 2));
    assert_eq!(balance_change(&case, &stage), -1);
    case.refused_at(0);
}

// T3, T4: the committee cannot write a debt off, nor a balance up.
#[test]
fn terms_with_units_as_they_were_and_issued_changed_refused() {
    let mut stage = Stage::default();
    stage.account = at(&stage.world, &stage.account, -5_000);
    let mut case = stage.set_line(20_000);
    case.accepted();
    for issued in [15_000, 19_999, 20_001] {
        case.set_long(1, R4, 0, issued);
        case.refused_at(0);
    }
}

// T3: one token too many, or another one, or none where there should be units.
#[test]
fn terms_with_other_tokens_in_the_account_refused() {
    let stage = Stage::default();
    let mut case = stage.set_terms();
    let other = stage.add_junk(&mut case, 2, 30_000);
    case.clone()
        .with(|c| c.set_tokens(1, |all| all[2].0 = other))
        .refused_at(0);
    case.clone()
        .with(|c| c.set_tokens(1, |all| all.push((other, 1))))
        .refused_at(0);
    case.with(|c| c.set_tokens(1, |all| all.truncate(2)))
        .refused_at(0);
    // No units, and a third token all the same.
    let mut case = stage.set_line(0);
    case.accepted();
    let other = stage.add_junk(&mut case, 2, 1);
    case.with(|c| c.set_tokens(1, |all| all.push((other, 1))))
        .refused_at(0);
}

// T4: a unit more leaves the pot, and is counted; or one returns too many.
#[test]
fn terms_with_other_units_out_of_the_pot_refused() {
    let stage = Stage::default();
    let id = unit(&stage.world);
    let mut case = stage.set_terms();
    case.steal(0, id, 1, 2);
    set_counters(&mut case, stage.world.height.as_i64(), 0, 10_001);
    case.refused_at(0);
    let mut case = stage.set_terms();
    stage.add_tokens(&mut case, 2, id, 1);
    case.set_tokens(0, |all| all[2].1 += 1);
    set_counters(&mut case, stage.world.height.as_i64(), 0, 9_999);
    case.refused_at(0);
}

// T4: no membership token leaves or returns, counted or not.
#[test]
fn terms_moving_a_membership_token_refused() {
    let stage = Stage::default();
    let id = membership(&stage.world);
    let mut case = stage.set_terms();
    case.steal(0, id, 1, 2);
    set_counters(&mut case, stage.world.height.as_i64(), 1, 10_000);
    case.refused_at(0);
    let mut case = stage.set_terms();
    stage.add_tokens(&mut case, 2, id, 1);
    case.set_tokens(0, |all| all[1].1 += 1);
    set_counters(&mut case, stage.world.height.as_i64(), -1, 10_000);
    case.refused_at(0);
}

// T5: membership token and account token.
#[test]
fn terms_replacing_the_accounts_tokens_refused() {
    let stage = Stage::default();
    for place in [0, 1] {
        let mut case = stage.set_terms();
        let other = stage.add_junk(&mut case, 2, 1);
        case.set_tokens(1, |all| all[place].0 = other);
        case.refused_at(0);
    }
    let mut case = stage.set_terms();
    stage.add_tokens(&mut case, 2, membership(&stage.world), 1);
    case.set_tokens(1, |all| all[0].1 = 2);
    case.refused_at(0);
    stage
        .set_terms()
        .with(|c| c.set_tokens(1, |all| all.swap(0, 1)))
        .refused_at(0);
}

// T5: keys, also while a recovery is pending.
#[test]
fn terms_changing_the_keys_refused() {
    let mut stage = Stage::default();
    let (own, other) = (prop(&stage.owner), prop(&key(250)));
    for keys in [vec![other.clone()], vec![own.clone(), other.clone()]] {
        stage
            .set_terms()
            .with(|c| c.set_register(1, R5, keys))
            .refused_at(0);
    }
    let both = vec![own.clone(), other.clone()];
    stage.account = stage
        .world
        .account_with(&stage.account, |c| c.set_register(0, R5, both));
    stage.set_terms().accepted();
    for keys in [vec![own.clone()], vec![other.clone(), own]] {
        stage
            .set_terms()
            .with(|c| c.set_register(1, R5, keys))
            .refused_at(0);
    }
}

// T5: settings and counters.
#[test]
fn terms_changing_the_settings_refused() {
    let case = Stage::default().set_terms();
    let own = longs(&case.outputs[1], R6);
    for place in 0..own.len() {
        for by in [-1, 1] {
            case.clone()
                .with(|c| c.set_long(1, R6, place, own[place] + by))
                .refused_at(0);
        }
    }
    case.clone()
        .with(|c| c.set_register(1, R6, own[..3].to_vec()))
        .refused_at(0);
    case.with(|c| c.set_register(1, R6, [own.as_slice(), &[0]].concat()))
        .refused_at(0);
}

// T5: who else may act.
#[test]
fn terms_changing_the_link_refused() {
    let token: Vec<u8> = junk(5).into();
    for link in [token.clone(), [vec![1], token].concat(), vec![1]] {
        Stage::default()
            .set_terms()
            .with(|c| c.set_register(1, R7, link))
            .refused_at(0);
    }
}

// T6
#[test]
fn terms_taking_the_accounts_erg_refused() {
    let case = Stage::default().set_terms();
    case.clone().with(|c| c.move_erg(1, 2, 1)).refused_at(0);
    case.with(|c| c.move_erg(2, 1, 1)).accepted();
}

// T2: a suspension is a line of 0, also for a member in debt or in credit.
#[test]
fn terms_suspending_and_restoring_accepted() {
    for balance in [-5_000, 5_000] {
        let mut stage = Stage::default();
        stage.account = at(&stage.world, &stage.account, balance);
        let case = stage.set_line(0);
        let (tx, _) = case.accepted();
        assert_eq!(balance_change(&case, &stage), 0);
        stage.world.pot =
            lets_protocol::PotBox::parse(&stage.world.lets, tx.outputs.get(0).unwrap()).unwrap();
        stage.account =
            lets_protocol::AccountBox::parse(&stage.world.lets, tx.outputs.get(1).unwrap())
                .unwrap();
        stage.set_line(20_000).accepted();
    }
}

// G4: all finer loan rules at once.
#[test]
fn terms_with_every_loan_rule_accepted() {
    let stage = Stage::default();
    let terms = Terms {
        class: 7,
        spend_on: (1..=8).collect(),
        ..stage.world.terms()
    };
    stage.set_terms_to(terms.clone()).accepted();
    stage.admit_on(terms).accepted();
}
