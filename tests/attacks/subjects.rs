//! The pot, and whatever else can stand where it expects an account or an application, or beside it.

use crate::*;
use lets_tests::World;

/// Anything that is not what the pot acts on.
fn strangers(stage: &Stage) -> Vec<ErgoBox> {
    let (world, other) = (&stage.world, Stage::of(50));
    let holder = key(200);
    vec![
        world.wallet_box(&holder, 1.0),
        wallet_with(world, &holder, &[(junk(1), 1), (junk(2), 1)]),
        wallet_with(world, &holder, &[(membership(world), 1), (junk(2), 1)]),
        world.application(&holder).ergo_box().clone(),
        other.account.ergo_box().clone(),
        world.charter.ergo_box().clone(),
    ]
}

// X1 T1 R1 H1: any other box in the subject's place, the subject behind it.
#[test]
fn another_box_in_the_subjects_place_refused() {
    let stage = Stage::default();
    for case in actions(&stage) {
        for stranger in strangers(&stage) {
            let mut case = case.clone();
            let at = case.outputs.len() - 2;
            case.give_erg(at, *stranger.value.as_u64());
            case.inputs.insert(1, (stranger, ContextExtension::empty()));
            case.refused_at(0);
        }
    }
}

// X3: two members leave in one transaction, and the pot has the tokens of both: it acts on one.
#[test]
fn two_exits_in_one_transaction_refused() {
    let mut stage = Stage::default();
    let other_key = key(101);
    let other = stage.world.admit(&other_key);
    let (members, units) = (membership(&stage.world), unit(&stage.world));
    let mut case = stage.exit();
    case.add_input(other.ergo_box().clone(), 1);
    case.signers.push(other_key);
    case.refused_at(2);
    case.set_tokens(0, |all| {
        let returned = |id, n: &mut u64, more| {
            if id == members || id == units {
                *n += more;
            }
        };
        returned(all[1].0, &mut all[1].1, 1);
        returned(all[2].0, &mut all[2].1, LINE as u64);
    });
    case.refused_at(0);
    case.refused_at(2);
}

// X3 H4 A1: one leaves and another is admitted into his place, so that the pot's tokens stay as they were.
#[test]
fn exit_and_admission_in_one_transaction_refused() {
    let stage = Stage::default();
    // The exit, its second output the new account.
    let mut case = stage.admit();
    case.inputs.insert(
        1,
        (stage.account.ergo_box().clone(), ContextExtension::empty()),
    );
    case.give_erg(1, stage.account.value().0);
    case.signers
        .extend([stage.owner.clone(), stage.applicant.clone()]);
    case.refused_at(0);
    case.inputs.swap(1, 2);
    case.refused_at(2);
    // The application behind an exit is its applicant's.
    let mut case = stage.exit();
    case.add_input(stage.application.ergo_box().clone(), 1);
    case.unproven();
}

// X: beside an exit another member pays by a note, which names him: harmless. A note of him who leaves is none.
#[test]
fn exit_beside_a_payment_by_note_names_who_pays() {
    let mut stage = Stage::default();
    let payer_key = key(101);
    let payer = stage.world.admit(&payer_key);
    let world = &stage.world;
    let paid = trade(world, &[pays(&payer, 500)], &[&payer_key]);
    let case = joined(stage.exit(), paid);
    let noted = |by| {
        let made = note(world, by, None, 500);
        case.clone().with(|c| c.add_output(made, 2))
    };
    noted(&payer).accepted();
    noted(&stage.account).refused_at(2);
}

// D5: a debtor with classes behind a pot action is limited as anywhere.
#[test]
fn classes_credit_behind_a_pot_action_refused() {
    let mut stage = Stage::default();
    let payer_key = key(101);
    let [payer, payee] = [101, 102].map(|n| stage.world.admit(&key(n)));
    let world = &stage.world;
    let terms = [payer.terms().to_longs(), vec![3]].concat();
    let payer = world.account_with(&payer, |c| c.set_register(0, R4, terms));
    let of_class = |n| on_terms(world, &payee, &[(8, n)]);
    let paid = |payee: &AccountBox| {
        let paid = trade(
            world,
            &[pays(&payer, 500), takes(payee, 500)],
            &[&payer_key],
        );
        joined(stage.exit(), paid)
    };
    paid(&of_class(3)).accepted();
    paid(&of_class(4)).refused_at(2);
    let paid = trade(world, &[pays(&payer, 500)], &[&payer_key]);
    let noted = note(world, &payer, None, 500);
    joined(stage.exit(), paid)
        .with(|c| c.add_output(noted, 2))
        .refused_at(2);
}

// Q3 X3: the pot's units in two entries, or its tokens on two boxes.
#[test]
fn pot_tokens_split_refused() {
    let stage = Stage::default();
    for case in actions(&stage) {
        let whole = case.outputs[0].tokens.as_ref().unwrap().clone();
        let units = *whole.get(2).unwrap().amount.as_u64();
        let split = |all: &mut Vec<_>| {
            all[2] = (unit(&stage.world), units - 7);
            all.push((unit(&stage.world), 7));
        };
        case.with(|c| c.set_tokens(0, split)).refused_at(0);
    }
}

// H5 H6: whoever takes part in an action of the pot can mint a token with the pot's box id, except in an admission. It is
// no account token: the next admission mints another, for the pot has another id.
#[test]
fn token_minted_beside_a_pot_action_is_no_account_token() {
    let mut stage = Stage::default();
    let case = stage.set_terms();
    let minted = case.inputs[0].0.box_id().into();
    let case = case.with(|c| c.set_tokens(2, |all| all.push((minted, 1))));
    case.accepted();
    let pot = case.made(0);
    stage.world.pot = lets_protocol::PotBox::parse(&stage.world.lets, &pot).unwrap();
    let mut case = stage.admit();
    stage.add_tokens(&mut case, 1, minted, 1);
    case.set_tokens(1, |all| all[1].0 = minted);
    case.refused_at(0);
}

// E1: an exit is the owner's whatever stands in the data inputs: boxes without tokens or registers break nothing.
#[test]
fn exit_beside_odd_data_inputs_accepted() {
    let stage = Stage::default();
    let holder = key(200);
    for odd in [
        stage.world.wallet_box(&holder, 1.0),
        wallet_with(&stage.world, &holder, &[(junk(1), 1)]),
        World::new(50).charter.ergo_box().clone(),
    ] {
        let mut case = stage.exit();
        case.data_inputs.push(odd);
        case.accepted();
    }
}
