//! Expulsion: X1 to X5 in the committee's hands, and E1 to E6.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7};
use ergo_lib::ergotree_ir::mir::constant::Constant;
use lets_protocol::rules::{RecoveryBar, check_expel};
use lets_protocol::{Amount, ExpelError, NanoErg, RuleViolation, Terms};
use lets_tests::case::{longs, size};
use lets_tests::hand::{aged, at, junk, membership, unit};
use lets_tests::world::{at_least, key, p2pk, prop};
use lets_tests::{Case, Stage, World};

/// The case takes the owner's proof, and not the committee's.
#[track_caller]
fn owners_alone(stage: &Stage, case: &Case) {
    case.unproven();
    case.clone()
        .with(|c| c.signers.push(stage.owner.clone()))
        .accepted();
}

// E1 to E6; the ERG goes to the member.
#[test]
fn expel_by_two_of_three_accepted() {
    let stage = Stage::default();
    let case = stage.expel();
    let (tx, _) = case.accepted();
    let paid = tx.outputs.get(1).unwrap();
    assert_eq!(paid.ergo_tree, p2pk(&stage.owner));
    assert_eq!(
        *paid.value.as_u64(),
        stage.account.value().0 - NanoErg::MIN_FEE.0
    );
    let [a, b, c] = stage.world.committee.clone();
    for signers in [
        vec![a.clone(), b.clone()],
        vec![b.clone(), c.clone()],
        vec![a, b, c],
    ] {
        case.clone().with(|c| c.signers = signers).accepted();
    }
}

// X3: nothing to return.
#[test]
fn expel_without_units_accepted() {
    let mut stage = Stage::default();
    let none = Terms {
        line: Amount::ZERO,
        ..stage.world.terms()
    };
    stage.account = stage.world.admit_on(&stage.owner, none);
    stage.expel().accepted();
}

// E5: an owner whose key is a script of several.
#[test]
fn expel_of_an_owner_with_several_keys_accepted() {
    let mut stage = Stage::default();
    let keys: Vec<_> = (100..103).map(key).collect();
    let owner = at_least(2, &keys.iter().collect::<Vec<_>>());
    stage.account = stage
        .world
        .account_with(&stage.account, |c| c.set_register(0, R5, vec![owner]));
    stage.expel().accepted();
}

// E2: below the threshold, or by the member himself: an expulsion is to be told from an exit.
#[test]
fn expel_short_of_signatures_unproven() {
    let stage = Stage::default();
    let case = stage.expel();
    case.clone().unsigned().unproven();
    for signer in stage.world.committee.clone() {
        let signers = vec![signer.clone(), signer, stage.owner.clone(), key(250)];
        case.clone().with(|c| c.signers = signers).unproven();
    }
    case.with(|c| c.signers = vec![stage.owner.clone()])
        .unproven();
}

// E1: with a charter of the thief's, without any, or with the real one in another place it is an exit, and the owner's.
#[test]
fn expel_under_another_charter_takes_the_owners_proof() {
    let stage = Stage::default();
    let (thief, other) = (key(250), World::new(50));
    let forged = stage.world.box_with(stage.world.charter.ergo_box(), |c| {
        c.set_tokens(0, |all| all[0].0 = junk(1));
        c.set_register(0, R4, prop(&thief));
    });
    let bare = stage
        .world
        .box_with(&forged, |c| c.outputs[0].tokens = None);
    for data_input in [forged, bare, other.charter.ergo_box().clone()] {
        let mut case = stage.expel();
        case.data_inputs[0] = data_input;
        case.signers.push(thief.clone());
        case.signers.extend(other.committee.clone());
        owners_alone(&stage, &case);
        let real = stage.world.charter.ergo_box().clone();
        owners_alone(&stage, &case.with(|c| c.data_inputs.push(real)));
    }
    owners_alone(&stage, &stage.expel().with(|c| c.data_inputs.clear()));
}

// The owner leaves alone, whatever is read beside: the charter too.
#[test]
fn exit_with_the_charter_at_hand_accepted() {
    let stage = Stage::default();
    let charter = stage.world.charter.ergo_box().clone();
    let elsewhere = stage
        .exit()
        .with(|c| c.outputs[1].ergo_tree = p2pk(&key(99)));
    elsewhere.clone().accepted();
    let beside = elsewhere.with(|c| c.data_inputs.push(charter));
    beside.accepted();
    beside
        .with(|c| c.signers = stage.world.committee.to_vec())
        .unproven();
}

// X2: and the twin says the same.
#[test]
fn expel_at_a_balance_that_is_not_0_refused() {
    let stage = Stage::default();
    for balance in [-20_000_i64, -1, 1, 5_000] {
        let account = at(&stage.world, &stage.account, balance);
        let twin = check_expel(&account);
        assert!(
            matches!(twin, Err(RuleViolation::ExitBalance { balance: b }) if b.units() == balance)
        );
        let mut case = stage
            .expel()
            .with(|c| c.replace_input(1, account.ergo_box().clone()));
        case.set_tokens(0, |all| all[2].1 = all[2].1.strict_add_signed(balance));
        case.refused_at(0);
    }
}

// X3
#[test]
fn expel_keeping_tokens_refused() {
    let stage = Stage::default();
    for id in [unit(&stage.world), membership(&stage.world)] {
        stage.expel().with(|c| c.steal(0, id, 1, 1)).refused_at(0);
    }
    stage
        .expel()
        .with(|c| c.set_tokens(0, |all| all[2].1 -= 1))
        .refused_at(0);
}

// X4
#[test]
fn expel_changing_counters_refused() {
    let case = Stage::default().expel();
    let counters = longs(&case.outputs[0], R4);
    for place in 0..4 {
        for by in [-1, 1] {
            case.clone()
                .with(|c| c.set_long(0, R4, place, counters[place] + by))
                .refused_at(0);
        }
    }
}

// X5
#[test]
fn expel_keeping_the_account_token_refused() {
    let stage = Stage::default();
    let number = stage.account.number().token_id();
    for output in 1..3 {
        stage
            .expel()
            .with(|c| c.set_tokens(output, |all| all.push((number, 1))))
            .refused_at(0);
    }
}

// X1, and E3's reason: a box that is no account, and another LETS's.
#[test]
fn expel_of_a_box_that_is_no_account_refused() {
    let (stage, other) = (Stage::default(), Stage::of(50));
    let forged = stage.world.box_with(stage.account.ergo_box(), |c| {
        c.outputs[0].ergo_tree = p2pk(&stage.owner)
    });
    stage
        .expel()
        .with(|c| c.replace_input(1, forged))
        .refused_at(0);
    let mut case = stage
        .expel()
        .with(|c| c.replace_input(1, other.account.ergo_box().clone()));
    stage.add_tokens(&mut case, 1, membership(&stage.world), 1);
    stage.add_tokens(&mut case, 1, unit(&stage.world), 20_000);
    case.refused_at(0);
    let mut case = stage.expel();
    case.inputs[1].0 = stage.application.ergo_box().clone();
    case.give_erg(1, stage.application.value().0 - stage.account.value().0);
    stage.add_tokens(&mut case, 1, membership(&stage.world), 1);
    stage.add_tokens(&mut case, 1, unit(&stage.world), 20_000);
    case.refused_at(0);
}

// E3: the community's account, which its committee closes by its own exit; and a contract's.
#[test]
fn expel_of_a_linked_account_refused() {
    let charter = *Stage::default().world.lets.ids().charter_nft.bytes();
    for link in [
        junk(3).into(),
        [vec![1], junk(3).into()].concat(),
        charter.to_vec(),
    ] {
        let mut stage = Stage::default();
        let case = stage.expel();
        let follows_charter = link == charter;
        stage.account = stage
            .world
            .account_with(&stage.account, |c| c.set_register(0, R7, link));
        let twin = lets_protocol::expel(
            &stage.world.lets,
            &stage.world.charter,
            &stage.world.pot,
            &stage.account,
            stage.world.params(),
        );
        assert!(matches!(
            twin,
            Err(ExpelError::Rule(RuleViolation::KeyFollows { .. }))
        ));
        let case = case.with(|c| c.replace_input(1, stage.account.ergo_box().clone()));
        match follows_charter {
            // The charter's committee is its owner: it may leave whither it likes, which is an exit (X6).
            true => {
                case.clone().accepted();
                case.with(|c| c.outputs[1].ergo_tree = p2pk(&key(99)))
                    .accepted();
            }
            false => case.refused_at(0),
        }
    }
}

// E4: the heir is not cheated by way of a lost key.
#[test]
fn expel_while_a_recovery_is_pending_takes_the_owners_proof() {
    let stage = Stage::default();
    for wait in [0, 21_600] {
        let account = stage.pending(wait);
        let twin = check_expel(&account);
        assert!(matches!(
            twin,
            Err(RuleViolation::Recovery {
                bar: RecoveryBar::Pending { .. },
                ..
            })
        ));
        let case = stage
            .expel()
            .with(|c| c.replace_input(1, account.ergo_box().clone()));
        owners_alone(&stage, &case);
        case.with(|c| c.signers.push(stage.heir.clone())).unproven();
    }
    // An owner who refuses every recovery can be expelled like another.
    let mut stage = Stage::default();
    let settings = longs(&stage.account.ergo_box().clone().into(), R6);
    stage.account = stage.world.account_with(&stage.account, |c| {
        c.set_register(0, R6, [settings.as_slice(), &[-1]].concat())
    });
    stage.expel().accepted();
}

// E5: to another key, a script around the same key, the heir's or the committee's.
#[test]
fn expel_to_another_key_takes_the_owners_proof() {
    let stage = Stage::default();
    let contract = stage.application.ergo_box().ergo_tree.clone();
    for tree in [
        p2pk(&key(250)),
        p2pk(&stage.heir),
        p2pk(&stage.world.committee[0]),
        contract,
    ] {
        owners_alone(
            &stage,
            &stage.expel().with(|c| c.outputs[1].ergo_tree = tree),
        );
    }
    // The right box behind another one.
    let mut case = stage.expel();
    case.add_output(lets_tests::hand::loot(&[]), 1);
    case.clone().accepted();
    case.outputs.swap(1, 2);
    owners_alone(&stage, &case);
}

// E5: a box so old that its rent is due soon.
#[test]
fn expel_into_a_box_created_5040_blocks_ago_takes_the_owners_proof() {
    let stage = Stage::default();
    let mut case = stage.expel();
    case.later(6_000);
    case.outputs[1].creation_height = case.height - 5_039;
    case.accepted();
    case.outputs[1].creation_height = case.height - 5_040;
    owners_alone(&stage, &case);
}

// E6: the charter's bound is 0.01 ERG.
#[test]
fn expel_costing_the_member_more_than_the_bound_takes_the_owners_proof() {
    let stage = Stage::default();
    let case = stage
        .expel()
        .with(|c| c.move_erg(1, 2, 10_000_000 - NanoErg::MIN_FEE.0));
    case.accepted();
    owners_alone(&stage, &case.with(|c| c.move_erg(1, 2, 1)));
    let (world, params) = (&stage.world, stage.world.params());
    for (fee, passes) in [(10_000_000, true), (10_000_001, false)] {
        let params = lets_protocol::TxParams {
            fee: NanoErg(fee),
            ..params
        };
        let built = lets_protocol::expel(
            &world.lets,
            &world.charter,
            &world.pot,
            &stage.account,
            params,
        );
        match passes {
            true => drop(world.case(&built.unwrap().0, &world.quorum()).accepted()),
            false => {
                assert!(matches!(built, Err(ExpelError::Fee { most, .. }) if most.0 == 10_000_000))
            }
        }
    }
}

// What the committee signed for one thing serves for no other.
#[test]
fn expel_signature_serves_no_other_transaction() {
    let stage = Stage::default();
    let (signed, _) = stage.expel().accepted();
    for bend in [
        |c: &mut Case| c.outputs[1].ergo_tree = p2pk(&key(250)),
        |c: &mut Case| c.move_erg(1, 2, 1),
        |c: &mut Case| c.set_register(1, R4, 5_i64),
    ] {
        stage.expel().with(bend).refuses_proofs_of(&signed);
    }
}

// X5: an account spent as rent stands in an output again.
#[test]
fn expel_of_an_account_spent_as_rent_refused() {
    let mut stage = Stage::default();
    stage.account = aged(&stage.world, &stage.account, 1_051_200);
    stage.expel().accepted();
    let mut case = stage.expel();
    case.rent_as_it_is(1, 1);
    stage.add_tokens(&mut case, 1, membership(&stage.world), 1);
    stage.add_tokens(&mut case, 1, unit(&stage.world), 20_000);
    case.refused_at(0);
}

// E5: a box so large that rent would eat it up within one period; there is room for a word to the member.
#[test]
fn expel_into_a_large_box_takes_the_owners_proof() {
    let stage = Stage::default();
    let case = stage.expel();
    let limit = 200 + stage.account.owner().prop_bytes().unwrap().len();
    let word = |bytes: usize| {
        case.clone()
            .with(|c| c.set_register(1, R4, vec![1_u8; bytes]))
    };
    let room = (0..256)
        .rev()
        .find(|n| size(&word(*n).made(1)) < limit)
        .unwrap();
    assert_eq!(size(&word(room).made(1)), limit - 1);
    word(room).accepted();
    owners_alone(&stage, &word(room + 1));
    owners_alone(&stage, &word(3_000));
}

// E5: registers of any type in the member's box break nothing.
#[test]
fn expel_into_a_box_with_registers_accepted() {
    for value in [Constant::from(1_i64), Constant::from(vec![1_u8])] {
        Stage::default()
            .expel()
            .with(|c| c.set_register(1, R4, value))
            .accepted();
    }
}
