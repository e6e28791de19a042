//! S1 where the account names somebody else in R7: a box whose key it follows, or a contract.

use super::*;
use ergo_lib::ergotree_ir::chain::token::TokenId;
use lets_protocol::payments_in;

/// The first member's account, opened as one that follows this token.
fn linked(m: &Members, link: Vec<u8>) -> AccountBox {
    m.world
        .account_with(&m.accounts[0], |c| c.set_register(0, R7, link))
}

fn charter_nft(m: &Members) -> TokenId {
    m.world.lets.ids().charter_nft.into()
}

/// The community's account: its key is the charter's committee.
fn community(m: &Members) -> AccountBox {
    linked(m, charter_nft(m).into())
}

/// The community's account pays a member; these boxes are read, these keys sign.
fn community_pays(m: &Members, read: &[&ErgoBox], signers: &[&SecretKey]) -> Case {
    let account = community(m);
    trade(
        &m.world,
        &[pays(&account, 500), takes(&m.accounts[1], 500)],
        signers,
    )
    .with(|c| c.data_inputs = read.iter().map(|&b| b.clone()).collect())
}

/// A box to read that anybody can make: these tokens, and the first member's key in R4.
fn forged(m: &Members, tokens: &[(TokenId, u64)]) -> ErgoBox {
    m.world.box_with(m.world.charter.ergo_box(), |c| {
        c.outputs[0].tokens = lets_tests::case::tokens(tokens);
        c.set_register(0, R4, prop(&m.keys[0]));
    })
}

// S1: the committee's proof, as the charter has it.
#[test]
fn followed_box_key_signs_accepted() {
    let m = Members::of(10);
    let charter = m.world.charter.ergo_box();
    community_pays(&m, &[charter], &m.world.quorum()).accepted();
}

// S1
#[test]
fn followed_box_key_does_not_sign_unproven() {
    let m = Members::of(10);
    let charter = m.world.charter.ergo_box();
    let [one, _] = m.world.quorum();
    community_pays(&m, &[charter], &[one]).unproven();
    // The key in R5 is nobody's here.
    community_pays(&m, &[charter], &[&m.keys[0]]).unproven();
}

// S1: another box with another key.
#[test]
fn followed_box_without_its_token_refused() {
    let m = Members::of(10);
    let nft = charter_nft(&m);
    let charter = m.world.charter.ergo_box();
    let thief = &[&m.keys[0]];
    community_pays(&m, &[&forged(&m, &[(junk(1), 1)])], thief).refused_at(0);
    community_pays(&m, &[&forged(&m, &[])], thief).refused_at(0);
    // Its token must stand first, and its box be the first.
    community_pays(&m, &[&forged(&m, &[(junk(1), 1), (nft, 1)])], thief).refused_at(0);
    community_pays(&m, &[&forged(&m, &[(junk(1), 1)]), charter], thief).refused_at(0);
    community_pays(
        &m,
        &[charter, &forged(&m, &[(junk(1), 1)])],
        &m.world.quorum(),
    )
    .accepted();
}

// S1
#[test]
fn followed_box_absent_refused() {
    let m = Members::of(10);
    community_pays(&m, &[], &m.world.quorum()).refused_at(0);
    let [one, two] = m.world.quorum();
    community_pays(&m, &[], &[&m.keys[0], one, two]).refused_at(0);
}

// S1: the followed box is read, not spent: beside it as an input is not enough.
#[test]
fn followed_box_register_of_another_type_refused() {
    let m = Members::of(10);
    let nft = charter_nft(&m);
    let odd = m.world.box_with(&forged(&m, &[(nft, 1)]), |c| {
        c.set_register(0, R4, vec![1_i64]);
    });
    community_pays(&m, &[&odd], &m.world.quorum()).refused_at(0);
}

/// The token of the contract that controls the account in these tests.
const CONTROLLER: u8 = 9;

fn controlled(m: &Members) -> AccountBox {
    let mut link = vec![1];
    link.extend(Vec::<u8>::from(junk(CONTROLLER)));
    linked(m, link)
}

/// The controlled account pays a member; this box stands before it, these keys sign.
fn controlled_pays(m: &Members, first: ErgoBox, signers: &[&SecretKey]) -> Case {
    let account = controlled(m);
    trade(
        &m.world,
        &[pays(&account, 500), takes(&m.accounts[1], 500)],
        signers,
    )
    .with(|c| c.lead(first))
}

fn controller(m: &Members, tokens: &[(TokenId, u64)], age: u32) -> ErgoBox {
    m.world
        .box_with(&wallet_with(&m.world, &m.keys[3], tokens), |c| {
            c.outputs[0].creation_height = created(&m.world, age);
        })
}

// S1: the contract's presence is the proof; nobody else signs.
#[test]
fn controller_first_input_accepted() {
    let m = Members::of(10);
    let box_ = controller(&m, &[(junk(CONTROLLER), 1)], 10);
    let case = controlled_pays(&m, box_.clone(), &[&m.keys[3]]);
    let (tx, _) = case.accepted();
    let spent: Vec<ErgoBox> = case.inputs.iter().map(|(b, _)| b.clone()).collect();
    let paid = payments_in(&m.world.lets, &tx, &spent, tx.outputs.as_slice());
    assert_eq!((paid.len(), paid[0].amount.units()), (1, 500));
    let numbers = [controlled(&m), m.accounts[1].clone()].map(|a| Some(a.number()));
    assert_eq!([paid[0].payer, paid[0].payee], numbers);
    // It pays with what its own script asks for.
    controlled_pays(&m, box_, &[&m.keys[0]]).unproven();
}

// S1: another box first.
#[test]
fn controller_absent_refused() {
    let m = Members::of(10);
    let keys = [&m.keys[0], &m.keys[3]];
    controlled_pays(&m, controller(&m, &[(junk(1), 1)], 10), &keys).refused_at(1);
    controlled_pays(&m, controller(&m, &[], 10), &keys).refused_at(1);
    controlled_pays(
        &m,
        controller(&m, &[(junk(1), 1), (junk(CONTROLLER), 1)], 10),
        &keys,
    )
    .refused_at(1);
    // The key in R5 is nobody's here.
    trade(&m.world, &[signs(&controlled(&m), 0)], &keys).refused_at(0);
}

// S1: not behind the account, and not merely read.
#[test]
fn controller_elsewhere_refused() {
    let m = Members::of(10);
    let box_ = controller(&m, &[(junk(CONTROLLER), 1)], 10);
    let keys = [&m.keys[0], &m.keys[3]];
    trade(&m.world, &[signs(&controlled(&m), 0)], &keys)
        .with(|c| {
            c.add_input(box_.clone(), 0);
            c.add_output(loot(&[(junk(CONTROLLER), 1)]), 0);
        })
        .refused_at(0);
    trade(&m.world, &[signs(&controlled(&m), 0)], &keys)
        .with(|c| c.data_inputs.push(box_))
        .refused_at(0);
}

// S1: a controller that anybody may spend as storage rent proves nothing.
#[test]
fn controller_of_storage_age_refused() {
    let m = Members::of(10);
    let of_age = |age| controller(&m, &[(junk(CONTROLLER), 1)], age);
    controlled_pays(&m, of_age(STORAGE_PERIOD - 1), &[&m.keys[3]]).accepted();
    controlled_pays(&m, of_age(STORAGE_PERIOD), &[&m.keys[3]]).refused_at(1);
    controlled_pays(&m, of_age(STORAGE_PERIOD), &[])
        .with(|c| {
            c.outputs[0].creation_height = c.height;
            c.rent(0, 0);
        })
        .refused_at(1);
}

// S1: either kind of account can be paid by anybody, like every other.
#[test]
fn followed_and_controlled_accounts_gain_unsigned_accepted() {
    let m = Members::of(10);
    for payee in [community(&m), controlled(&m)] {
        trade(
            &m.world,
            &[pays(&m.accounts[1], 500), takes(&payee, 500)],
            &[&m.keys[1]],
        )
        .accepted();
    }
}

// S1: an account that names its own token (its id, the pot's box, is known before) is nobody's, not everybody's: a box
// without tokens does not stand for it.
#[test]
fn link_to_the_accounts_own_token_is_nobodys() {
    let m = Members::of(10);
    let own: Vec<u8> = m.accounts[0].number().bytes().to_vec();
    let account = linked(&m, own.clone());
    let read = m.world.wallet_box(&m.keys[3], 1.0);
    trade(
        &m.world,
        &[pays(&account, 500), takes(&m.accounts[1], 500)],
        &[&m.keys[3]],
    )
    .with(|c| {
        c.data_inputs = vec![
            m.world
                .box_with(&read, |b| b.set_register(0, R4, prop(&m.keys[3]))),
        ]
    })
    .refused_at(0);

    let controlled = linked(&m, [vec![1], own].concat());
    trade(
        &m.world,
        &[pays(&controlled, 500), takes(&m.accounts[1], 500)],
        &[&m.keys[3]],
    )
    .with(|c| c.lead(m.world.wallet_box(&m.keys[3], 1.0)))
    .refused_at(1);
}

// S1: nor does a box without tokens stand for a token of its own id, which whoever opens the account can name.
#[test]
fn link_to_the_id_of_a_box_without_tokens_is_nobodys() {
    let m = Members::of(10);
    let bare = m.world.wallet_box(&m.keys[3], 1.0);
    let id: Vec<u8> = TokenId::from(bare.box_id()).into();
    let led_by_it = |account: &AccountBox| {
        let moves = [pays(account, 500), takes(&m.accounts[1], 500)];
        trade(&m.world, &moves, &[&m.keys[3]]).with(|c| c.lead(bare.clone()))
    };
    led_by_it(&linked(&m, [vec![1], id.clone()].concat())).refused_at(1);
    let read = m.world.box_with(&m.world.wallet_box(&m.keys[3], 2.0), |c| {
        c.set_register(0, R4, prop(&m.keys[3]));
    });
    led_by_it(&linked(&m, id))
        .with(|c| c.data_inputs = vec![read])
        .refused_at(1);
}
