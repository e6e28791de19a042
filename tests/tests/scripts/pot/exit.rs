//! Exit: X1 to X6.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R7};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{Amount, ExitError, RuleViolation, Terms};
use lets_tests::case::longs;
use lets_tests::hand::{at, created, junk, membership, unit, wallet_with};
use lets_tests::world::{key, p2pk, prop};
use lets_tests::{Case, Stage, World};

// X2, X3: with no units there are none to return.
#[test]
fn exit_without_units_accepted() {
    let mut stage = Stage::default();
    let none = Terms {
        line: Amount::ZERO,
        ..stage.world.terms()
    };
    stage.account = stage.world.admit_on(&stage.owner, none);
    stage.exit().accepted();
}

// X1: the account's tokens and registers under another script.
#[test]
fn exit_of_a_box_that_is_no_account_refused() {
    let stage = Stage::default();
    let forged = stage.world.box_with(stage.account.ergo_box(), |c| {
        c.outputs[0].ergo_tree = p2pk(&stage.owner)
    });
    stage
        .exit()
        .with(|c| c.replace_input(1, forged))
        .refused_at(0);
}

// X1: the account's script around a token that anybody can mint; the membership token comes from a wallet.
#[test]
fn exit_of_an_account_without_membership_token_refused() {
    let stage = Stage::default();
    let forged = stage.world.box_with(stage.account.ergo_box(), |c| {
        c.set_tokens(0, |all| all[0].0 = junk(1))
    });
    let mut case = stage.exit().with(|c| c.replace_input(1, forged));
    stage.add_tokens(&mut case, 1, membership(&stage.world), 1);
    case.refused_at(0);
}

// X1: the amount counts too.
#[test]
fn exit_of_an_account_with_two_membership_tokens_refused() {
    let stage = Stage::default();
    let forged = stage.world.box_with(stage.account.ergo_box(), |c| {
        c.set_tokens(0, |all| all[0].1 = 2)
    });
    stage
        .exit()
        .with(|c| c.replace_input(1, forged))
        .refused_at(0);
}

// X1: another LETS's account.
#[test]
fn exit_of_another_lets_account_refused() {
    let (stage, other) = (Stage::default(), Stage::of(50));
    let mut case = stage
        .exit()
        .with(|c| c.replace_input(1, other.account.ergo_box().clone()));
    case.signers.push(other.owner);
    stage.add_tokens(&mut case, 1, membership(&stage.world), 1);
    stage.add_tokens(&mut case, 1, unit(&stage.world), 20_000);
    case.refused_at(0);
}

// X2: and the off-chain twin says the same.
#[test]
fn exit_at_a_balance_that_is_not_0_refused() {
    let stage = Stage::default();
    let world = &stage.world;
    for balance in [-20_000_i64, -1, 1, 5_000] {
        let account = at(world, &stage.account, balance);
        let twin = lets_protocol::exit(
            &world.lets,
            &world.pot,
            &account,
            p2pk(&stage.owner),
            world.params(),
        );
        assert!(
            matches!(twin, Err(ExitError::Rule(RuleViolation::ExitBalance { balance: b })) if b.units() == balance)
        );
        let mut case = stage
            .exit()
            .with(|c| c.replace_input(1, account.ergo_box().clone()));
        case.set_tokens(0, |all| all[2].1 = all[2].1.strict_add_signed(balance));
        case.refused_at(0);
    }
}

// X2: what was issued counts, not the line, which may have been lowered since.
#[test]
fn exit_after_the_line_was_lowered_counts_what_was_issued() {
    let mut stage = Stage::default();
    stage.account = stage
        .world
        .account_with(&stage.account, |c| c.set_long(0, R4, 1, 500));
    stage.exit().accepted();
    // A debt of 19,500, and as many units as the line.
    let indebted = at(&stage.world, &stage.account, -19_500);
    let mut case = stage
        .exit()
        .with(|c| c.replace_input(1, indebted.ergo_box().clone()));
    case.set_tokens(0, |all| all[2].1 -= 19_500);
    case.refused_at(0);
}

// X3: the membership token is kept, or one too many returns.
#[test]
fn exit_with_another_number_of_membership_tokens_refused() {
    let stage = Stage::default();
    let id = membership(&stage.world);
    stage.exit().with(|c| c.steal(0, id, 1, 1)).refused_at(0);
    let mut case = stage.exit();
    stage.add_tokens(&mut case, 1, id, 1);
    case.set_tokens(0, |all| all[1].1 += 1);
    case.refused_at(0);
}

// X3: a unit is kept, burnt, or one too many returns.
#[test]
fn exit_with_another_number_of_units_refused() {
    let stage = Stage::default();
    let id = unit(&stage.world);
    stage.exit().with(|c| c.steal(0, id, 1, 1)).refused_at(0);
    stage
        .exit()
        .with(|c| c.set_tokens(0, |all| all[2].1 -= 1))
        .refused_at(0);
    let mut case = stage.exit();
    stage.add_tokens(&mut case, 1, id, 1);
    case.set_tokens(0, |all| all[2].1 += 1);
    case.refused_at(0);
}

// X4
#[test]
fn exit_changing_counters_refused() {
    let case = Stage::default().exit();
    let counters = longs(&case.outputs[0], R4);
    for place in 0..4 {
        for by in [-1, 1] {
            case.clone()
                .with(|c| c.set_long(0, R4, place, counters[place] + by))
                .refused_at(0);
        }
    }
    case.with(|c| c.set_register(0, R4, counters[..3].to_vec()))
        .refused_at(0);
}

// X5: in whatever output.
#[test]
fn exit_keeping_the_account_token_refused() {
    let stage = Stage::default();
    let number = stage.account.number().token_id();
    let case = stage.exit();
    for output in 1..case.outputs.len() {
        case.clone()
            .with(|c| c.set_tokens(output, |all| all.push((number, 1))))
            .refused_at(0);
    }
}

// X6: the owner's key, and no other.
#[test]
fn exit_without_the_owners_signature_unproven() {
    let stage = Stage::default();
    let case = stage.exit();
    case.clone().unsigned().unproven();
    for signers in [
        stage.world.committee.to_vec(),
        vec![key(250)],
        vec![stage.applicant.clone()],
    ] {
        case.clone().with(|c| c.signers = signers).unproven();
    }
}

// X6: while a recovery is pending the owner may still leave, and the heir may not.
#[test]
fn exit_by_the_heir_unproven() {
    let mut stage = Stage::default();
    let heir = key(99);
    let keys = vec![prop(&stage.owner), prop(&heir)];
    stage.account = stage
        .world
        .account_with(&stage.account, |c| c.set_register(0, R5, keys));
    stage.exit().accepted();
    stage.exit().with(|c| c.signers = vec![heir]).unproven();
}

/// The exit of an account with this link (R7).
fn linked(link: Vec<u8>) -> (Stage, Case) {
    let mut stage = Stage::default();
    stage.account = stage
        .world
        .account_with(&stage.account, |c| c.set_register(0, R7, link));
    let case = stage.exit();
    (stage, case)
}

/// The exit of an account that follows the charter.
fn following() -> (Stage, Case) {
    linked(
        Stage::default()
            .world
            .lets
            .ids()
            .charter_nft
            .bytes()
            .to_vec(),
    )
}

// X6: the key follows a box.
#[test]
fn exit_of_a_following_account_by_the_boxs_key_accepted() {
    let (stage, case) = following();
    let charter = stage.world.charter.ergo_box().clone();
    let followed = case.with(|c| c.data_inputs.push(charter));
    let committee = stage.world.quorum().map(SecretKey::clone).to_vec();
    followed.clone().with(|c| c.signers = committee).accepted();
    // His own key counts for nothing there.
    followed.unproven();
}

// X6: another box with a key of the thief's.
#[test]
fn exit_of_a_following_account_by_another_boxs_key_refused() {
    let (_, case) = following();
    let other = World::new(50);
    let mut committee = case.signers.clone();
    committee.extend(other.quorum().map(SecretKey::clone));
    case.clone()
        .with(|c| c.signers = committee.clone())
        .refused_at(0);
    case.with(|c| {
        c.data_inputs.push(other.charter.ergo_box().clone());
        c.signers = committee;
    })
    .refused_at(0);
}

const CONTROLLER: u8 = 3;

/// The exit of an account that a contract controls, with the box that holds `token`, made `age` blocks ago, at INPUTS(2).
fn controlled(token: TokenId, age: u32) -> Case {
    let id: Vec<u8> = junk(CONTROLLER).into();
    let (stage, mut case) = linked([vec![1], id].concat());
    let holder = key(120);
    let controller = wallet_with(&stage.world, &holder, &[(token, 1)]);
    let controller = stage.world.box_with(&controller, |c| {
        c.outputs[0].creation_height = created(&stage.world, age)
    });
    case.add_input(controller, 1);
    case.signers = vec![holder];
    case
}

// X6: the controlling contract is there, and nobody else need sign.
#[test]
fn exit_of_a_controlled_account_beside_its_contract_accepted() {
    controlled(junk(CONTROLLER), 5).accepted();
}

// X6
#[test]
fn exit_of_a_controlled_account_without_its_contract_refused() {
    controlled(junk(CONTROLLER + 1), 5).refused_at(0);
    // At another place it does not count.
    let mut case = controlled(junk(CONTROLLER), 5);
    let thief = key(250);
    let stage = Stage::default();
    case.add_input(stage.world.wallet_box(&thief, 1.0), 1);
    case.signers.push(thief);
    case.clone().accepted();
    case.inputs.swap(2, 3);
    case.refused_at(0);
}

// X6: a stale controller could be spent as rent, and its script would not run.
#[test]
fn exit_of_a_controlled_account_beside_its_stale_contract_refused() {
    controlled(junk(CONTROLLER), 1_051_199).accepted();
    controlled(junk(CONTROLLER), 1_051_200).refused_at(0);
    let mut case = controlled(junk(CONTROLLER), 1_051_200);
    case.rent_as_it_is(2, 1);
    case.unsigned().refused_at(0);
}
