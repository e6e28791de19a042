//! Every rule of `contracts/application.es`, kept at its limit and broken by itself.
//!
//! The script knows the pot by its NFT alone. A wallet's box with that NFT stands in for it here: it lets everything
//! pass, so that what is refused is refused by the application. What the true pot makes of applications is in `pot.rs`.

use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBoxCandidate;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R5, R6};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use lets_tests::case::{existing, tokens};
use lets_tests::hand::{created, fee, junk, wallet_with};
use lets_tests::world::{key, p2pk};
use lets_tests::{Case, Stage, World};

const HOLDER: u8 = 60;

fn pot_nft(world: &World) -> TokenId {
    world.lets.ids().pot_nft.into()
}

/// A box of the holder's with these tokens.
fn leader(world: &World, tokens: &[(TokenId, u64)]) -> ErgoBox {
    wallet_with(world, &key(HOLDER), tokens)
}

/// The leader at input 0, the application at input 1; the leader's successor gets its ERG. The holder signs, and the
/// applicant does not.
fn led(stage: &Stage, leader: ErgoBox, application: ErgoBox) -> Case {
    let mut next = ErgoBoxCandidate::from(leader.clone());
    next.creation_height = stage.world.height.0;
    let mut case = Case {
        inputs: vec![(leader, ContextExtension::empty())],
        data_inputs: Vec::new(),
        outputs: vec![next, fee(stage.world.height.0)],
        height: stage.world.height.0 + 1,
        signers: vec![key(HOLDER)],
    };
    case.take_erg(0, *case.outputs[1].value.as_u64());
    case.add_input(application, 0);
    case
}

/// The application led by a stand-in for its pot.
fn led_by_the_pot(stage: &Stage) -> Case {
    led(
        stage,
        leader(&stage.world, &[(pot_nft(&stage.world), 1)]),
        stage.application.ergo_box().clone(),
    )
}

/// Only the applicant can spend it.
#[track_caller]
fn is_the_applicants(stage: &Stage, case: &Case) {
    case.unproven();
    case.clone().with(|c| c.signers.push(key(250))).unproven();
    case.clone()
        .with(|c| c.signers.extend(stage.world.committee.clone()))
        .unproven();
    case.clone()
        .with(|c| c.signers.push(stage.applicant.clone()))
        .accepted();
}

// A1, A2, A3, A4: the pot decides, and the applicant need not sign.
#[test]
fn application_beside_its_pot_accepted() {
    let stage = Stage::default();
    led_by_the_pot(&stage).accepted();
    let tokens = [(pot_nft(&stage.world), 1), (junk(1), 5)];
    led(
        &stage,
        leader(&stage.world, &tokens),
        stage.application.ergo_box().clone(),
    )
    .accepted();
}

// A1
#[test]
fn application_at_another_input_unproven() {
    let stage = Stage::default();
    let mut case = led_by_the_pot(&stage);
    case.add_input(stage.world.wallet_box(&key(HOLDER), 1.0), 0);
    case.accepted();
    case.inputs.swap(1, 2);
    is_the_applicants(&stage, &case);
}

// A1: also at input 0, where it would be beside itself.
#[test]
fn application_at_input_0_unproven() {
    let stage = Stage::default();
    let mut case = led_by_the_pot(&stage);
    case.inputs.swap(0, 1);
    is_the_applicants(&stage, &case);
}

// A1: a box at input 0 that holds the very token it names is no pot for itself.
#[test]
fn application_with_the_token_it_names_at_input_0_unproven() {
    let stage = Stage::default();
    let mut case = led_by_the_pot(&stage);
    let mut own = ErgoBoxCandidate::from(stage.application.ergo_box().clone());
    own.tokens = tokens(&[(pot_nft(&stage.world), 1)]);
    case.inputs = vec![(existing(&own, 1), ContextExtension::empty())];
    let (value, paid) = (*own.value.as_u64(), *case.outputs[1].value.as_u64());
    case.outputs[0].value = (value - paid).try_into().unwrap();
    is_the_applicants(&stage, &case);
}

// A1: a second application in the same transaction.
#[test]
fn application_behind_another_unproven() {
    let stage = Stage::default();
    let other = stage.world.application(&key(61)).ergo_box().clone();
    let mut case = led_by_the_pot(&stage);
    case.inputs
        .insert(1, (other.clone(), ContextExtension::empty()));
    case.give_erg(0, *other.value.as_u64());
    is_the_applicants(&stage, &case);
}

// A2: another token, or the pot's NFT in another place, or no token at all.
#[test]
fn application_beside_another_box_unproven() {
    let stage = Stage::default();
    let world = &stage.world;
    let other = World::new(50);
    for tokens in [
        vec![(junk(1), 1)],
        vec![(junk(1), 1), (pot_nft(world), 1)],
        vec![(world.lets.ids().charter_nft.into(), 1)],
        vec![(pot_nft(&other), 1)],
        vec![],
    ] {
        is_the_applicants(
            &stage,
            &led(
                &stage,
                leader(world, &tokens),
                stage.application.ergo_box().clone(),
            ),
        );
    }
}

// A2: the pot that the application names, and no other.
#[test]
fn application_to_another_pot_unproven() {
    let stage = Stage::default();
    let other = World::new(50);
    for named in [
        other.lets.ids().pot_nft.bytes().to_vec(),
        Vec::new(),
        pot_nft_bytes(&stage)[..31].to_vec(),
    ] {
        let bent = stage.world.box_with(stage.application.ergo_box(), |c| {
            c.set_register(0, R5, named)
        });
        let case = led(
            &stage,
            leader(&stage.world, &[(pot_nft(&stage.world), 1)]),
            bent,
        );
        is_the_applicants(&stage, &case);
    }
}

fn pot_nft_bytes(stage: &Stage) -> Vec<u8> {
    stage.world.lets.ids().pot_nft.bytes().to_vec()
}

/// The application beside a pot of this age.
fn beside_an_old_pot(stage: &Stage, age: u32) -> Case {
    let pot = leader(&stage.world, &[(pot_nft(&stage.world), 1)]);
    let pot = stage.world.box_with(&pot, |c| {
        c.outputs[0].creation_height = created(&stage.world, age)
    });
    led(stage, pot, stage.application.ergo_box().clone())
}

// A3
#[test]
fn application_beside_a_stale_pot_unproven() {
    let stage = Stage::default();
    beside_an_old_pot(&stage, 1_051_199).accepted();
    is_the_applicants(&stage, &beside_an_old_pot(&stage, 1_051_200));
}

// A3: a stale pot spent as rent by anybody.
#[test]
fn application_beside_a_pot_spent_as_rent_unproven() {
    let mut stage = Stage::default();
    let height = created(&stage.world, 1_051_200);
    stage.bend_pot(|c| c.outputs[0].creation_height = height);
    let mut case = led(
        &stage,
        stage.world.pot.ergo_box().clone(),
        stage.application.ergo_box().clone(),
    );
    case.outputs[0].creation_height = case.height;
    case.rent(0, 0);
    is_the_applicants(&stage, &case);
}

// A4
#[test]
fn application_after_the_last_height_unproven() {
    let stage = Stage::default();
    for (after, accepted) in [(0, true), (-1, false), (1, true)] {
        let expiry = stage.world.height.as_i64() + 1 + after;
        let bent = stage.world.box_with(stage.application.ergo_box(), |c| {
            c.set_long(0, R6, 0, expiry)
        });
        let case = led(
            &stage,
            leader(&stage.world, &[(pot_nft(&stage.world), 1)]),
            bent,
        );
        match accepted {
            true => drop(case.accepted()),
            false => is_the_applicants(&stage, &case),
        }
    }
}

// A5: it can be taken back at any time, alone and unexpired, or long after.
#[test]
fn application_withdrawn_by_the_applicant_alone() {
    let mut stage = Stage::default();
    for blocks in [0, 30_000, 2_000_000] {
        stage.world.height.0 += blocks;
        let params = stage.world.params();
        let proposal =
            lets_protocol::withdraw_application(&stage.application, p2pk(&stage.applicant), params)
                .unwrap();
        let case = stage.world.case(&proposal, &[&stage.applicant]);
        case.accepted();
        case.clone().unsigned().unproven();
        case.clone().with(|c| c.signers = vec![key(250)]).unproven();
        case.with(|c| c.signers = stage.world.committee.to_vec())
            .unproven();
    }
}

// A5: an application that can never be admitted does not hold its ERG for ever.
#[test]
fn application_malformed_withdrawn_at_input_0() {
    let stage = Stage::default();
    let bent = [
        stage
            .world
            .box_with(stage.application.ergo_box(), |c| c.truncate_registers(0, 1)),
        stage.world.box_with(stage.application.ergo_box(), |c| {
            c.set_register(0, R5, Vec::<u8>::new())
        }),
        stage.world.box_with(stage.application.ergo_box(), |c| {
            c.set_register(0, R6, Vec::<i64>::new())
        }),
        stage.world.box_with(stage.application.ergo_box(), |c| {
            c.set_tokens(0, |all| all.push((junk(1), 1)))
        }),
    ];
    for ergo_box in bent {
        let mut case = led_by_the_pot(&stage);
        case.replace_input(1, ergo_box);
        case.inputs.swap(0, 1);
        is_the_applicants(&stage, &case);
    }
}

// The library reads a last height that no block can have as what it means.
#[test]
fn application_last_height_past_every_height_never_expires() {
    let world = lets_tests::World::new(90);
    let application = world.application(&lets_tests::world::key(1));
    let expiry_of = |last: i64| {
        let bent = world.box_with(application.ergo_box(), |c| {
            c.set_long(
                0,
                ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R6,
                0,
                last,
            )
        });
        lets_protocol::ApplicationBox::parse(&world.lets, &bent)
            .unwrap()
            .expiry()
            .0
    };
    assert_eq!(
        [expiry_of(-1), expiry_of(7), expiry_of(i64::MAX)],
        [0, 7, u32::MAX]
    );
}
