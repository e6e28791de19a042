//! S: what the owner's signature may do, and the counters that he keeps.

use super::*;
use lets_tests::case::longs;

/// An account of the first member with a leaky bucket: 600 of credit used 100 blocks ago, one unit per block comes back.
fn bucket(m: &Members, balance: i64) -> AccountBox {
    let stamp = i64::from(m.world.height.0) - 100;
    let account = on_terms(&m.world, &m.at(0, balance), &[(7, 1_000)]);
    on_settings(&m.world, &account, &[(1, stamp), (2, 600), (3, stamp)])
}

/// The first member draws 50 and writes this as credit used.
fn draw_50(m: &Members, payer: &AccountBox, used: i64) -> Case {
    trade(
        &m.world,
        &[pays(payer, 50), takes(&m.accounts[1], 50)],
        &[&m.keys[0]],
    )
    .with(|c| c.set_long(0, R6, 2, used))
}

// S1
#[test]
fn owner_signature_missing_or_anothers_unproven() {
    let m = Members::of(10);
    payment(&m, 200).accepted();
    payment(&m, 200).unsigned().unproven();
    payment(&m, 200)
        .with(|c| c.signers = vec![m.keys[1].clone()])
        .unproven();
}

// S1: each payer signs for himself.
#[test]
fn second_payer_signature_missing_unproven() {
    let m = Members::of(10);
    let [a, b, c, _] = &m.accounts;
    let moves = [pays(a, 200), pays(b, 100), takes(c, 300)];
    trade(&m.world, &moves, &[&m.keys[0], &m.keys[1]]).accepted();
    trade(&m.world, &moves, &[&m.keys[0]]).unproven();
    trade(&m.world, &moves, &[&m.keys[1]]).unproven();
}

// S1: the owner hands the account to another key, which then signs; any proposition will do.
#[test]
fn key_change_by_the_owner_accepted() {
    let m = Members::of(10);
    let new = key(240);
    let changed = touch(&m, &m.accounts[0]).with(|c| c.set_register(0, R5, vec![prop(&new)]));
    changed.accepted();
    changed
        .clone()
        .with(|c| c.signers = vec![new.clone()])
        .unproven();
    let next = AccountBox::parse(&m.world.lets, &existing(&changed.outputs[0], 0)).unwrap();
    let spend = |k: &SecretKey| trade(&m.world, &[signs(&next, 0)], &[k]);
    spend(&new).accepted();
    spend(&m.keys[0]).unproven();
    let both = lets_tests::world::at_least(2, &[&m.keys[0], &new]);
    let joint = m
        .world
        .account_with(&next, |c| c.set_register(0, R5, vec![both]));
    trade(&m.world, &[signs(&joint, 0)], &[&new]).unproven();
    trade(&m.world, &[signs(&joint, 0)], &[&new, &m.keys[0]]).accepted();
}

/// The owner leaves exactly so much ERG in the account.
fn leaves(m: &Members, account: &AccountBox, erg: u64) -> Case {
    let case = touch(m, account);
    let now = *case.outputs[0].value.as_u64();
    case.with(|c| {
        if erg < now {
            c.move_erg(0, 1, now - erg);
        } else {
            c.add_input(m.world.wallet_box(&m.keys[0], 1.0), 0);
            let more = *c.outputs[0].value.as_u64() - erg;
            c.move_erg(0, 1, more);
        }
    })
}

// S2: at the floor, and one nanoErg below.
#[test]
fn erg_down_to_the_floor_accepted() {
    let m = Members::of(10);
    let floor = m.accounts[0].terms().floor.0;
    leaves(&m, &m.accounts[0], floor + 1).accepted();
    leaves(&m, &m.accounts[0], floor).accepted();
    leaves(&m, &m.accounts[0], floor - 1).refused_at(0);
}

// S2: who is below the floor keeps what he has, and need not fill up.
#[test]
fn erg_below_the_floor_stays_accepted() {
    let m = Members::of(10);
    let held = m.accounts[0].terms().floor.0 - 1_000_000;
    let poor = m.world.account_with(&m.accounts[0], |c| {
        c.outputs[0].value = held.try_into().unwrap();
    });
    leaves(&m, &poor, held + 1).accepted();
    leaves(&m, &poor, held).accepted();
    leaves(&m, &poor, held - 1).refused_at(0);
}

// S2: it is his own ERG that counts, not that of the account that leads.
#[test]
fn erg_below_the_floor_behind_a_leader_above_it_stays_accepted() {
    let m = Members::of(10);
    let poor = m.world.account_with(&m.accounts[1], |c| {
        let held = m.accounts[1].terms().floor.0 - 1_000_000;
        c.outputs[0].value = held.try_into().unwrap();
    });
    let moves = [signs(&m.accounts[0], 0), signs(&poor, 0)];
    let case = trade(&m.world, &moves, &[&m.keys[0], &m.keys[1]]);
    case.accepted();
    case.with(|c| c.move_erg(1, 0, 1)).refused_at(1);
}

/// The first member's account while the third is to inherit it.
fn pending(m: &Members) -> AccountBox {
    m.world.account_with(&m.accounts[0], |c| {
        c.set_register(0, R5, vec![prop(&m.keys[0]), prop(&m.keys[2])]);
        let mut settings = m.accounts[0].settings().to_longs();
        settings.push(i64::from(m.world.height.0) - 5);
        c.set_register(0, R6, settings);
    })
}

// S3: every signed spend is a veto: the heir goes.
#[test]
fn pending_recovery_refused_by_the_owner_accepted() {
    let m = Members::of(10);
    let account = pending(&m);
    touch(&m, &account).accepted();
    payment_between(&m, &account, &m.accounts[1], 200).accepted();
    // He may also note in R6 that he wants none again.
    touch(&m, &account)
        .with(|c| c.set_long(0, R6, 4, -1))
        .accepted();
}

// S3
#[test]
fn pending_recovery_kept_in_a_signed_spend_refused() {
    let m = Members::of(10);
    let keys = vec![prop(&m.keys[0]), prop(&m.keys[2])];
    touch(&m, &pending(&m))
        .with(|c| c.set_register(0, R5, keys.clone()))
        .refused_at(0);
    touch(&m, &m.accounts[0])
        .with(|c| c.set_register(0, R5, keys))
        .refused_at(0);
}

// S3 S1: the heir is nobody until the pot says so.
#[test]
fn pending_recovery_heir_signs_unproven() {
    let m = Members::of(10);
    touch(&m, &pending(&m))
        .with(|c| c.signers = vec![m.keys[2].clone()])
        .unproven();
    touch(&m, &pending(&m))
        .with(|c| {
            c.signers = vec![m.keys[2].clone()];
            c.set_register(0, R5, vec![prop(&m.keys[2])]);
        })
        .unproven();
}

// S3: an account without a key would be dead.
#[test]
fn keys_empty_or_of_another_type_refused() {
    let m = Members::of(10);
    touch(&m, &m.accounts[0])
        .with(|c| {
            c.set_register(
                0,
                R5,
                Vec::<ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp>::new(),
            )
        })
        .refused_at(0);
    touch(&m, &m.accounts[0])
        .with(|c| c.set_register(0, R5, prop(&m.keys[0])))
        .refused_at(0);
    touch(&m, &m.accounts[0])
        .with(|c| c.truncate_registers(0, 1))
        .refused_at(0);
}

// S4: the stamp stays at the least; one earlier, everything else to match (a block's leak comes back as credit used).
#[test]
fn stamp_before_the_last_refused() {
    let m = Members::of(10);
    let last = m.accounts[0].settings().stamp;
    let rate = m.accounts[0].terms().draw_rate.units();
    let stamped = |stamp: i64, used: i64| {
        touch(&m, &m.accounts[0]).with(|c| {
            c.set_long(0, R6, 1, stamp);
            c.set_long(0, R6, 2, used);
            c.set_long(0, R6, 3, stamp);
        })
    };
    stamped(last, 0).accepted();
    stamped(last - 1, rate / 1_000).refused_at(0);
}

// S5: up to the height of the block that includes it.
#[test]
fn stamp_past_the_height_refused() {
    let m = Members::of(10);
    let stamped = |stamp: u32| {
        touch(&m, &m.accounts[0]).with(|c| {
            c.set_long(0, R6, 1, i64::from(stamp));
            c.set_long(0, R6, 3, i64::from(stamp));
        })
    };
    let height = m.world.height.0 + 1;
    stamped(height - 1).accepted();
    stamped(height).accepted();
    stamped(height + 1).refused_at(0);
}

// S6: credit used leaks one per block, and what is drawn is added.
#[test]
fn credit_used_less_than_reckoned_refused() {
    let m = Members::of(10);
    for balance in [0, -3_000] {
        let payer = bucket(&m, balance);
        draw_50(&m, &payer, 600 - 100 + 50 - 1).refused_at(0);
        draw_50(&m, &payer, 600 - 100 + 50).accepted();
        draw_50(&m, &payer, 600 - 100 + 50 + 1).accepted();
    }
}

// S6: part of a unit does not leak.
#[test]
fn credit_used_leak_rounded_up_refused() {
    let m = Members::of(10);
    let payer = on_terms(&m.world, &bucket(&m, -3_000), &[(7, 1_009)]);
    // 100 blocks at 1.009 are 100.9: 100 units leak.
    draw_50(&m, &payer, 550).accepted();
    draw_50(&m, &payer, 549).refused_at(0);
}

// S6: an empty bucket does not fill up with what has not been used.
#[test]
fn credit_used_below_the_drawn_refused() {
    let m = Members::of(10);
    let payer = on_settings(&m.world, &bucket(&m, -3_000), &[(2, 30)]);
    draw_50(&m, &payer, 50).accepted();
    draw_50(&m, &payer, 49).refused_at(0);
}

// S6: a late stamp hurts its owner only.
#[test]
fn credit_used_with_the_old_stamp_does_not_leak() {
    let m = Members::of(10);
    let payer = bucket(&m, -3_000);
    let stamp = payer.settings().stamp;
    draw_50(&m, &payer, 650)
        .with(|c| c.set_long(0, R6, 1, stamp))
        .accepted();
    draw_50(&m, &payer, 649)
        .with(|c| c.set_long(0, R6, 1, stamp))
        .refused_at(0);
}

// S6: also where nothing is drawn.
#[test]
fn credit_used_lowered_without_a_draw_refused() {
    let m = Members::of(10);
    let payer = bucket(&m, -3_000);
    let used = |n| touch(&m, &payer).with(|c| c.set_long(0, R6, 2, n));
    used(500).accepted();
    used(499).refused_at(0);
    used(-1).refused_at(0);
}

// S6: a debt paid back gives back nothing of the draw limit: only time does.
#[test]
fn credit_used_lowered_by_a_signed_repayment_refused() {
    let m = Members::of(10);
    let payer = bucket(&m, -3_000);
    let repaid = |used: i64| {
        trade(
            &m.world,
            &[signs(&payer, 50), pays(&m.accounts[1], 50)],
            &[&m.keys[0], &m.keys[1]],
        )
        .with(|c| c.set_long(0, R6, 2, used))
    };
    repaid(500).accepted();
    repaid(499).refused_at(0);
    // A number below 0 counts as 0.
    let below = on_settings(&m.world, &payer, &[(2, -700)]);
    draw_50(&m, &below, 50).accepted();
    draw_50(&m, &below, 49).refused_at(0);
}

// S7: in debt, the beginning of the debt stays.
#[test]
fn debt_since_changed_in_debt_refused() {
    let m = Members::of(10);
    for balance in [-3_000, -1] {
        let payer = on_settings(&m.world, &m.at(0, balance), &[(3, 2_000_000)]);
        let since = |n| touch(&m, &payer).with(|c| c.set_long(0, R6, 3, n));
        since(2_000_000).accepted();
        since(1_999_999).refused_at(0);
        since(2_000_001).refused_at(0);
        since(i64::from(m.world.height.0)).refused_at(0);
    }
}

// S7: out of debt, and at exactly 0, it is the stamp.
#[test]
fn debt_since_out_of_debt_is_the_stamp() {
    let m = Members::of(10);
    let stamp = i64::from(m.world.height.0);
    for balance in [0, 1, 3_000] {
        let payer = on_settings(&m.world, &m.at(0, balance), &[(3, 2_000_000)]);
        let since = |n| touch(&m, &payer).with(|c| c.set_long(0, R6, 3, n));
        since(stamp).accepted();
        since(stamp - 1).refused_at(0);
        since(stamp + 1).refused_at(0);
        since(2_000_000).refused_at(0);
    }
}

// S7: a debt that a signed gain ends keeps its beginning once more; the next spend sets it anew.
#[test]
fn debt_since_of_a_debt_just_ended_stays_accepted() {
    let m = Members::of(10);
    let payer = on_settings(&m.world, &m.at(0, -30), &[(3, 2_000_000)]);
    let case = trade(
        &m.world,
        &[signs(&payer, 50), pays(&m.accounts[1], 50)],
        &[&m.keys[0], &m.keys[1]],
    );
    assert_eq!(longs(&case.outputs[0], R6)[3], 2_000_000);
    case.accepted();
}

// S4-S7: settings that are too short or of another type.
#[test]
fn settings_malformed_refused() {
    let m = Members::of(10);
    let settings = longs(&touch(&m, &m.accounts[0]).outputs[0], R6);
    for count in 0..4 {
        touch(&m, &m.accounts[0])
            .with(|c| c.set_register(0, R6, settings[..count].to_vec()))
            .refused_at(0);
    }
    touch(&m, &m.accounts[0])
        .with(|c| c.set_register(0, R6, vec![0_u8; 4]))
        .refused_at(0);
    touch(&m, &m.accounts[0])
        .with(|c| c.set_register(0, R6, 0_i64))
        .refused_at(0);
}

// "Settings are the owner's own risk": numbers that overflow block his spends, and not what others pay him.
#[test]
fn settings_that_overflow_block_only_their_owner() {
    let m = Members::of(10);
    let payer = m.at(0, -3_000);
    touch(&m, &payer)
        .with(|c| c.set_long(0, R6, 2, i64::MAX))
        .accepted();
    let stuck = on_settings(&m.world, &payer, &[(1, 0), (2, i64::MIN)]);
    touch(&m, &stuck)
        .with(|c| c.set_long(0, R6, 2, 0))
        .refused_at(0);
    trade(
        &m.world,
        &[pays(&m.accounts[1], 200), takes(&stuck, 200)],
        &[&m.keys[1]],
    )
    .accepted();
}

// S8: a box that outgrows its rent would give its membership token away after four years.
#[test]
fn box_up_to_its_largest_size_accepted() {
    let m = Members::of(10);
    let with_numbers = |count: usize| {
        touch(&m, &m.accounts[0]).with(|c| {
            let mut settings = longs(&c.outputs[0], R6);
            settings.extend(vec![0_i64; count]);
            c.set_register(0, R6, settings);
        })
    };
    let size = |case: &Case| lets_tests::case::size(&case.made(0));
    let bare = size(&with_numbers(0));
    // One more number is one more byte, but for the longer count from 128 on.
    let most = 1_599 - bare - 1;
    assert_eq!(size(&with_numbers(most)), 1_599);
    with_numbers(most).accepted();
    with_numbers(most + 1).refused_at(0);
    with_numbers(2_000).refused_at(0);
}
