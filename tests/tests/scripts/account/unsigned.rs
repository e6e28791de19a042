//! U: what anybody may do to an account without its owner's signature.

use super::*;
use lets_tests::case::longs;

/// The second member's account in debt: its counters as they are suit a signed spend too, so that only the owner's
/// signature is missing from what follows.
fn debtor(m: &Members) -> AccountBox {
    m.at(1, -1_000)
}

/// The first member, who alone signs, pays the account.
fn paid(m: &Members, payee: &AccountBox, units: i64) -> Case {
    trade(
        &m.world,
        &[pays(&m.accounts[0], units), takes(payee, units)],
        &[&m.keys[0]],
    )
}

// U1: the leader signs, even if he only gains.
#[test]
fn leader_gains_unsigned_unproven() {
    let m = Members::of(10);
    let b = debtor(&m);
    let led =
        |keys: &[&SecretKey]| trade(&m.world, &[takes(&b, 200), pays(&m.accounts[0], 200)], keys);
    led(&[&m.keys[0]]).unproven();
    led(&[&m.keys[0], &m.keys[1]]).accepted();
}

// U2: at the limit, and one nanoErg below.
#[test]
fn payee_loses_erg_unproven() {
    let m = Members::of(10);
    let b = debtor(&m);
    paid(&m, &b, 200).accepted();
    paid(&m, &b, 200).with(|c| c.move_erg(0, 1, 1)).accepted();
    paid(&m, &b, 200).with(|c| c.move_erg(1, 0, 1)).unproven();
}

// U3
#[test]
fn payee_key_changed_by_payer_unproven() {
    let m = Members::of(10);
    let thief = prop(&m.keys[0]);
    paid(&m, &debtor(&m), 200)
        .with(|c| c.set_register(1, R5, vec![thief]))
        .unproven();
}

// U3: an heir is added by the pot only.
#[test]
fn payee_heir_added_by_payer_refused() {
    let m = Members::of(10);
    let keys = vec![prop(&m.keys[1]), prop(&m.keys[0])];
    paid(&m, &debtor(&m), 200)
        .with(|c| c.set_register(1, R5, keys))
        .refused_at(1);
}

// U3: a payment leaves a pending recovery as it is.
#[test]
fn payee_with_pending_recovery_gains_accepted() {
    let m = Members::of(10);
    let pending = m.world.account_with(&m.accounts[1], |c| {
        c.set_register(0, R5, vec![prop(&m.keys[1]), prop(&m.keys[2])]);
        let mut settings = m.accounts[1].settings().to_longs();
        settings.push(i64::from(m.world.height.0));
        c.set_register(0, R6, settings);
    });
    paid(&m, &pending, 200).accepted();
    paid(&m, &pending, 200)
        .with(|c| c.set_register(1, R5, vec![prop(&m.keys[1])]))
        .refused_at(1);
}

// U4
#[test]
fn payee_settings_changed_by_payer_unproven() {
    let m = Members::of(10);
    let b = debtor(&m);
    // The smallest direct payment, and credit used: as the owner might set them.
    for (place, value) in [(0, 7), (2, 7)] {
        paid(&m, &b, 200)
            .with(|c| c.set_long(1, R6, place, value))
            .unproven();
    }
    let longer = [b.settings().to_longs(), vec![-1]].concat();
    paid(&m, &b, 200)
        .with(|c| c.set_register(1, R6, longer))
        .unproven();
}

// U4: the time in debt is nobody's to change.
#[test]
fn payee_debt_since_changed_by_payer_refused() {
    let m = Members::of(10);
    paid(&m, &debtor(&m), 200)
        .with(|c| c.set_long(1, R6, 3, 17))
        .refused_at(1);
}

// U5: one below, at, and one above the smallest direct payment.
#[test]
fn gain_of_the_smallest_direct_payment_accepted() {
    let m = Members::of(10);
    let b = on_settings(&m.world, &debtor(&m), &[(0, 500)]);
    paid(&m, &b, 499).unproven();
    paid(&m, &b, 500).accepted();
    paid(&m, &b, 501).accepted();
}

// U5: whoever takes notes only can still be brought to exactly 0, and not a unit beside it.
#[test]
fn gain_that_settles_a_debt_exactly_accepted() {
    let m = Members::of(10);
    let b = on_settings(&m.world, &debtor(&m), &[(0, Settings::NOTES_ONLY)]);
    paid(&m, &b, 999).unproven();
    paid(&m, &b, 1_000).accepted();
    paid(&m, &b, 1_001).unproven();
}

// U5: a payment of nothing moves no merchant's box, whatever his setting.
#[test]
fn gain_of_zero_unproven() {
    let m = Members::of(10);
    for smallest in [0, 1, -5] {
        let b = on_settings(&m.world, &debtor(&m), &[(0, smallest)]);
        paid(&m, &b, 0).unproven();
    }
}

/// Somebody renews the account and pays for it.
fn refreshed(m: &Members, account: &AccountBox) -> Case {
    trade(&m.world, &[takes(account, 0)], &[&m.keys[0]]).with(|c| {
        c.lead(m.world.wallet_box(&m.keys[0], 1.0));
        c.fee_from(0);
    })
}

// U6: one block younger, and at the border.
#[test]
fn refresh_by_a_stranger_after_three_years_accepted() {
    let m = Members::of(10);
    let b = debtor(&m);
    refreshed(&m, &aged(&m.world, &b, 788_400)).unproven();
    refreshed(&m, &aged(&m.world, &b, 788_401)).accepted();
}

// U6: the library's builder, on an account without units too.
#[test]
fn refresh_by_the_builder_accepted() {
    let m = Members::of(10);
    for balance in [-LINE, 0, 300] {
        let old = aged(&m.world, &m.at(1, balance), 788_402);
        let funding = m.world.funding(&m.keys[0], 1.0);
        let (proposal, _) =
            lets_protocol::refresh_account(&m.world.lets, &old, &funding, m.world.params())
                .unwrap();
        m.world.case(&proposal, &[&m.keys[0]]).accepted();
    }
}

// U6: age gives nobody its units, not one.
#[test]
fn old_account_loses_a_unit_unsigned_refused() {
    let m = Members::of(10);
    let old = aged(&m.world, &m.at(1, 1_000), 788_401);
    let unit = unit(&m.world);
    trade(
        &m.world,
        &[signs(&m.accounts[0], 0), takes(&old, 0)],
        &[&m.keys[0]],
    )
    .with(|c| c.move_token(1, 0, unit, 1))
    .refused_at(1);
    // With counters that suit a signed spend, what is missing is the signature.
    trade(
        &m.world,
        &[signs(&m.accounts[0], 1), pays(&old, 1)],
        &[&m.keys[0]],
    )
    .unproven();
}

// U6: the renewed box keeps the ERG (U2), and takes no junk along (K4).
#[test]
fn refresh_by_a_stranger_takes_erg_unproven() {
    let m = Members::of(10);
    let old = aged(&m.world, &debtor(&m), 788_401);
    refreshed(&m, &old).with(|c| c.move_erg(1, 0, 1)).unproven();
}

// I5 K3: a thief pays one account of a member twice named: two inputs cannot share a successor.
#[test]
fn two_accounts_of_one_owner_one_successor_refused() {
    let m = Members::of(10);
    let second = m.world.account_with(&m.accounts[2], |c| {
        c.set_register(0, R5, vec![prop(&m.keys[1])])
    });
    let case = trade(
        &m.world,
        &[
            pays(&m.accounts[0], 200),
            takes(&m.accounts[1], 200),
            takes(&second, 0),
        ],
        &[&m.keys[0]],
    );
    // The successor of the second account goes to the thief; the units into the first's.
    let unit = unit(&m.world);
    case.with(|c| {
        c.move_token(2, 1, unit, LINE as u64);
        c.outputs[2].ergo_tree = p2pk(&m.keys[0]);
    })
    .refused_at(2);
}

// U4: numbers in R6 that mean nothing to the library are kept by its builders too.
#[test]
fn payment_to_an_account_with_further_settings_accepted() {
    let m = Members::of(10);
    let padded = m.world.account_with(&m.accounts[1], |c| {
        let mut settings = longs(&c.outputs[0], R6);
        settings.extend([0, 7, 8, 9]);
        c.set_register(0, R6, settings);
    });
    payment_between(&m, &m.accounts[0], &padded, 200).accepted();
}
