//! Boxes under the account's script that no admission made. They take a membership token, which comes loose only when an
//! account has run dry (`docs/SECURITY.md`, Known limits).

use crate::*;

/// A box under the account's script with these tokens and terms, the thief's key in it.
fn fake(m: &Members, tokens: &[(ergo_lib::ergotree_ir::chain::token::TokenId, u64)]) -> ErgoBox {
    m.world.box_with(m.accounts[3].ergo_box(), |c| {
        c.outputs[0].tokens = lets_tests::case::tokens(tokens);
        c.set_register(0, R5, vec![prop(&key(250))]);
    })
}

/// The box leads and is kept as it is, its owner signing; behind it the first member pays 500 to nobody yet.
fn led_by(m: &Members, leader: &ErgoBox) -> Case {
    trade(
        &m.world,
        &[pays(&m.accounts[0], 500)],
        &[&m.keys[0], &key(250)],
    )
    .with(|c| {
        c.lead(leader.clone());
        let stamp = i64::from(m.world.height.0);
        c.set_long(0, R6, 1, stamp);
        c.set_long(0, R6, 3, stamp);
    })
}

// C1: with a free membership token a thief can make a leader, with any terms. It counts the units as every leader does.
#[test]
fn leader_made_of_a_free_membership_token_counts_as_any_other() {
    let m = Members::of(10);
    let (free, unit) = (membership(&m.world), unit(&m.world));
    let terms = [
        [-1_000_000_000_000, 0, i64::MAX, 0, 0, 0, 0, 0, 7].to_vec(),
        [0, i64::MAX / 4, i64::MAX / 4, 0, 0, 0, 0, 0, 7].to_vec(),
    ];
    for terms in terms {
        let leader = fake(&m, &[(free, 1), (junk(2), 1)]);
        let leader = m.world.box_with(&leader, |c| c.set_register(0, R4, terms));
        let case = led_by(&m, &leader);
        case.clone()
            .with(|c| c.add_output(loot(&[(unit, 500)]), 1))
            .refused_at(0);
        // The units that are paid into it are real, and no others.
        let paid = case.with(|c| c.set_tokens(0, |all| all.push((unit, 500))));
        paid.accepted();
    }
}

// C1: a leader of terms or tokens by which its script throws vouches for nothing.
#[test]
fn leader_whose_script_throws_refused() {
    let m = Members::of(10);
    let (free, unit) = (membership(&m.world), unit(&m.world));
    let whole = fake(&m, &[(free, 1), (junk(2), 1)]);
    let leaders = [
        fake(&m, &[(free, 1)]),
        m.world
            .box_with(&whole, |c| c.set_register(0, R4, Vec::<i64>::new())),
        m.world
            .box_with(&whole, |c| c.set_register(0, R4, vec![i64::MIN; 9])),
        m.world
            .box_with(&whole, |c| c.set_register(0, R4, vec![1_u8, 2])),
    ];
    for leader in leaders {
        led_by(&m, &leader)
            .with(|c| c.add_output(loot(&[(unit, 500)]), 1))
            .refused_at(0);
    }
}

// K3: the membership token twice, the second in the account token's place; in the third place it is a token like any.
#[test]
fn membership_token_twice_in_an_account() {
    let m = Members::of(10);
    let free = membership(&m.world);
    let empty = m.at(0, -LINE);
    let holding = |place: usize| {
        let thief = wallet_with(&m.world, &m.keys[0], &[(free, 1)]);
        trade(&m.world, &[signs(&empty, 0)], &[&m.keys[0]]).with(|c| {
            c.add_input(thief, 0);
            c.set_tokens(0, |all| all.insert(place, (free, 1)));
        })
    };
    holding(1).refused_at(0);
    holding(2).accepted();
}

// X1: a box whose account token is the unit or the membership token itself: X5 would have the pot burn its own.
#[test]
fn exit_of_an_account_numbered_by_the_lets_own_tokens_refused() {
    let mut stage = Stage::default();
    let world = &stage.world;
    let free = (membership(world), 1);
    for second in [(unit(world), 20_000), (membership(world), 1)] {
        let mut case = stage.exit();
        let number = stage.account.number().token_id();
        let bent = world.box_with(stage.account.ergo_box(), |c| {
            c.set_tokens(0, |all| *all = vec![free, second]);
            c.set_long(0, R4, 0, if second.0 == unit(world) { 20_000 } else { 0 });
        });
        case.replace_input(1, bent);
        let returned = if second.0 == unit(world) { 20_000 } else { 0 };
        case.set_tokens(0, |all| all[2].1 -= 20_000 - returned);
        if returned == 0 {
            case.steal(0, free.0, 1, 1);
            case.set_tokens(0, |all| all[1].1 += 1);
        }
        assert_ne!(number, second.0);
        case.refused_at(0);
    }
    stage.world.height.0 += 1;
    stage.exit().accepted();
}

// Known limit: who takes an account that ran dry has its number too, and with it the notes on their way to it.
#[test]
fn account_rebuilt_from_a_dry_ones_tokens_claims_its_notes_accepted() {
    let m = Members::of(10);
    let number = m.accounts[1].number().token_id();
    let rebuilt = fake(&m, &[(membership(&m.world), 1), (number, 1)]);
    let rebuilt = AccountBox::parse(&m.world.lets, &rebuilt).unwrap();
    let claim = |claimed: i64| {
        let unit = unit(&m.world);
        trade(&m.world, &[signs(&rebuilt, 0)], &[&key(250)]).with(|c| {
            c.add_input(standing(&m, 0, Some(1), 300), 0);
            c.set_tokens(0, |all| all.push((unit, claimed as u64)));
        })
    };
    claim(300).accepted();
}

// Known limit: whoever asks that the membership token act for his account has given it to every member. The library does
// not admit such an account.
#[test]
fn account_controlled_by_the_membership_token_is_every_members() {
    let m = Members::of(10);
    let token: Vec<u8> = membership(&m.world).into();
    let careless = linked(&m, 1, [vec![1], token].concat());
    trade(
        &m.world,
        &[signs(&m.accounts[0], 500), pays(&careless, 500)],
        &[&m.keys[0]],
    )
    .accepted();
}
