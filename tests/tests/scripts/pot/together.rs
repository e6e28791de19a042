//! Pot and others in one transaction: nothing is counted twice, and nobody decides for another.

use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R6;
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use lets_protocol::{AccountBox, ApplicationBox};
use lets_tests::case::existing;
use lets_tests::hand::{
    Members, aged, created, joined, membership, note, pays, takes, trade, unit,
};
use lets_tests::world::{key, p2pk};
use lets_tests::{Case, Stage, World};

/// A stage with two more members.
fn stage_with_traders() -> (Stage, [AccountBox; 2]) {
    let mut stage = Stage::default();
    let traders = [101, 102].map(|n| stage.world.admit(&key(n)));
    (stage, traders)
}

/// Every action that leaves room for others, beside a payment of 500 between two other members.
fn beside_a_payment() -> (Stage, Vec<Case>) {
    let (stage, [a, b]) = stage_with_traders();
    let payment = trade(&stage.world, &[pays(&a, 500), takes(&b, 500)], &[&key(101)]);
    let actions = [
        stage.exit(),
        stage.admit(),
        stage.set_terms(),
        stage.expel(),
        stage.start_recovery(),
        stage.complete_recovery(),
    ];
    let cases = actions
        .into_iter()
        .map(|case| joined(case, payment.clone()))
        .collect();
    (stage, cases)
}

#[test]
fn action_beside_a_payment_of_others_accepted() {
    for case in beside_a_payment().1 {
        case.accepted();
    }
}

// C3 of contracts/account.es: behind the pot each account reckons for itself.
#[test]
fn action_beside_an_unbalanced_payment_refused() {
    let (stage, cases) = beside_a_payment();
    for case in cases {
        let payer = case.inputs.len() - 2;
        case.clone()
            .with(|c| c.steal(payer, unit(&stage.world), 1, payer))
            .refused_at(payer);
        case.clone()
            .with(|c| c.steal(payer + 1, unit(&stage.world), 1, payer))
            .refused_at(payer);
        // The other way about: the payer gives 1 to the subject, or to the pot.
        case.clone()
            .with(|c| c.move_token(payer, 0, unit(&stage.world), 1))
            .refused_at(0);
        if case.outputs[1].tokens.is_some() {
            case.with(|c| c.move_token(payer, 1, unit(&stage.world), 1))
                .refused_at(0);
        }
    }
}

// A unit that the pot gives too many does not go to a trader either.
#[test]
fn action_giving_units_to_a_trader_refused() {
    let (stage, cases) = beside_a_payment();
    for case in cases {
        let payee = case.inputs.len() - 1;
        case.with(|c| c.move_token(0, payee, unit(&stage.world), 1))
            .refused_at(0);
    }
}

// The traders' signatures are theirs to give.
#[test]
fn action_beside_an_unsigned_payment_unproven() {
    let (stage, cases) = beside_a_payment();
    for mut case in cases {
        case.signers = [stage.world.committee.to_vec(), vec![stage.owner.clone()]].concat();
        case.unproven();
    }
}

/// A note of one of the members, on the chain.
fn note_box(stage: &Stage, payer: &AccountBox, units: u64) -> ErgoBox {
    existing(&note(&stage.world, payer, None, units), 900)
}

// L1 of contracts/note.es: the pot leads, and it is no account.
#[test]
fn action_beside_a_note_refused() {
    let (stage, [payer, _]) = stage_with_traders();
    for action in stage.actions().into_iter().filter(|a| a.name != "refresh") {
        let mut case = action.case;
        let at = case.inputs.len();
        case.add_input(note_box(&stage, &payer, 300), action.spare);
        // The units to nobody, to the pot, to the account: the note refuses whatever the pot says.
        case.refused_at(at);
        case.clone()
            .with(|c| c.set_tokens(0, |all| all[2].1 += 300))
            .refused_at(0);
        case.clone()
            .with(|c| c.set_tokens(0, |all| all[2].1 += 300))
            .refused_at(at);
        if case.outputs[1].tokens.is_some() {
            case.clone()
                .with(|c| c.set_tokens(1, |all| all[2].1 += 300))
                .refused_at(0);
            case.with(|c| c.set_tokens(1, |all| all[2].1 += 300))
                .refused_at(at);
        }
    }
}

// A note in the subject's place.
#[test]
fn note_as_the_subject_refused() {
    let (stage, [payer, _]) = stage_with_traders();
    for action in stage.actions().into_iter().filter(|a| a.name != "refresh") {
        let mut case = action.case;
        let held = *case.inputs[1].0.value.as_u64();
        let mut subject = ErgoBoxCandidate::from(note_box(&stage, &payer, 300));
        subject.value = held.try_into().unwrap();
        case.replace_input(1, existing(&subject, 901));
        // An exit's account gave units and a membership token.
        stage.add_tokens(&mut case, action.spare, unit(&stage.world), 30_000);
        stage.add_tokens(&mut case, action.spare, membership(&stage.world), 1);
        stage.add_tokens(
            &mut case,
            action.spare,
            stage.account.number().token_id(),
            1,
        );
        case.refused_at(0);
        case.refused_at(1);
    }
}

// A1 of contracts/application.es: the second application's ERG is still its applicant's.
#[test]
fn admit_beside_a_second_application_unproven() {
    let stage = Stage::default();
    let other = key(103);
    let mut case = stage.admit();
    case.add_input(stage.world.application(&other).ergo_box().clone(), 1);
    case.unproven();
    case.signers.push(other);
    case.accepted();
}

// An account where the admission expects its application, and the application behind it.
#[test]
fn admit_with_an_account_in_the_applications_place_refused() {
    let (stage, [victim, _]) = stage_with_traders();
    let mut case = stage.admit();
    case.inputs
        .insert(1, (victim.ergo_box().clone(), ContextExtension::empty()));
    case.give_erg(2, victim.value().0);
    case.signers.push(stage.applicant.clone());
    case.refused_at(0);
}

// Another member's account in the subject's place: its exit takes its own owner's signature, and its terms its own
// account token.
#[test]
fn action_with_another_account_in_the_subjects_place_refused() {
    let (stage, [victim, _]) = stage_with_traders();
    let exit = stage
        .exit()
        .with(|c| c.replace_input(1, victim.ergo_box().clone()));
    exit.unproven();
    exit.with(|c| c.signers.extend(stage.world.committee.clone()))
        .unproven();
    let mut terms = stage.set_terms();
    terms.replace_input(1, victim.ergo_box().clone());
    stage.add_tokens(&mut terms, 2, stage.account.number().token_id(), 1);
    terms.refused_at(0);
    // Both in one transaction: the second is nobody's subject.
    for mut case in [stage.exit(), stage.set_terms()] {
        let at = case.inputs.len();
        case.add_input(victim.ergo_box().clone(), case.outputs.len() - 2);
        case.refused_at(at);
        case.inputs.swap(1, at);
        case.refused_at(at);
    }
}

// An application where the exit expects its account: nobody's script decides about it but the pot's.
#[test]
fn exit_with_an_application_in_the_accounts_place_refused() {
    let stage = Stage::default();
    let mut case = stage.exit();
    case.inputs.insert(
        1,
        (
            stage.application.ergo_box().clone(),
            ContextExtension::empty(),
        ),
    );
    case.give_erg(1, stage.application.value().0);
    case.refused_at(0);
    case.data_inputs
        .push(stage.world.charter.ergo_box().clone());
    case.signers.extend(stage.world.committee.clone());
    case.refused_at(0);
    // Behind the account it is the applicant's.
    case.inputs.swap(1, 2);
    case.unproven();
}

// Q1: two pots in one transaction; the second one's script refuses whatever its successor is.
#[test]
fn action_beside_another_lets_pot_refused() {
    let (stage, other) = (Stage::default(), World::new(50));
    for mut case in [stage.exit(), stage.admit(), stage.set_terms()] {
        let at = case.inputs.len();
        case.inputs
            .push((other.pot.ergo_box().clone(), ContextExtension::empty()));
        let mut next = ErgoBoxCandidate::from(other.pot.ergo_box().clone());
        next.creation_height = case.outputs[0].creation_height;
        case.outputs.insert(at, next);
        case.refused_at(at);
    }
    let mut case = stage.exit();
    case.inputs
        .insert(1, (other.pot.ergo_box().clone(), ContextExtension::empty()));
    case.give_erg(1, other.pot.value().0);
    case.refused_at(0);
    case.refused_at(1);
}

// Two LETS in one transaction: each keeps its own books.
#[test]
fn action_beside_another_lets_payment_accepted() {
    let (stage, other) = (Stage::default(), Members::of(50));
    let [a, b, ..] = &other.accounts;
    let payment = trade(
        &other.world,
        &[pays(a, 500), takes(b, 500)],
        &[&other.keys[0]],
    );
    for case in [stage.exit(), stage.admit(), stage.set_terms()] {
        let case = joined(case, payment.clone());
        case.accepted();
        let payer = case.inputs.len() - 2;
        // The other LETS's unit is no unit here.
        case.with(|c| c.steal(payer, unit(&other.world), 1, payer))
            .refused_at(payer);
    }
}

// P3 of contracts/account.es, A3 of contracts/application.es: a stale pot is refreshed first.
#[test]
fn action_of_a_stale_pot_refused_by_its_subject() {
    for (age, accepted) in [(1_051_199, true), (1_051_200, false)] {
        let mut stage = Stage::default();
        let height = created(&stage.world, age);
        stage.bend_pot(|c| c.outputs[0].creation_height = height);
        match accepted {
            true => {
                stage.exit().accepted();
                stage.admit().accepted();
                stage.set_terms().accepted();
                stage.expel().accepted();
                stage.start_recovery().accepted();
                stage.complete_recovery().accepted();
            }
            false => {
                stage.exit().refused_at(1);
                stage.set_terms().refused_at(1);
                stage.expel().refused_at(1);
                stage.start_recovery().refused_at(1);
                stage.complete_recovery().refused_at(1);
                stage.admit().unproven();
                stage
                    .admit()
                    .with(|c| c.signers.push(stage.applicant.clone()))
                    .accepted();
            }
        }
    }
}

// A stale pot spent as rent: its script does not run, and the account is no thief's.
#[test]
fn account_beside_a_pot_spent_as_rent_refused() {
    let mut stage = Stage::default();
    let height = created(&stage.world, 1_051_200);
    stage.bend_pot(|c| c.outputs[0].creation_height = height);
    let mut case = stage.exit();
    case.outputs[0] = stage.world.pot.ergo_box().clone().into();
    case.outputs[0].creation_height = case.height;
    case.rent(0, 0);
    case.unsigned().refused_at(1);
}

// X5: a stale account spent as rent stands again in an output, and so does its number.
#[test]
fn exit_of_an_account_spent_as_rent_refused() {
    let mut stage = Stage::default();
    stage.account = aged(&stage.world, &stage.account, 1_051_200);
    stage.exit().accepted();
    let mut case = stage.exit();
    case.rent_as_it_is(1, 1);
    stage.add_tokens(&mut case, 1, membership(&stage.world), 1);
    stage.add_tokens(&mut case, 1, unit(&stage.world), 20_000);
    case.refused_at(0);
}

// T6: the rent cannot be taken on the way.
#[test]
fn terms_of_an_account_spent_as_rent_refused() {
    let mut stage = Stage::default();
    stage.account = aged(&stage.world, &stage.account, 1_051_200);
    let mut case = stage.set_line(20_000);
    case.outputs[1].creation_height = case.height;
    case.accepted();
    case.rent(1, 1);
    case.clone().accepted();
    case.with(|c| c.move_erg(1, 2, 1_000_000_000)).refused_at(0);
}

// A stale application can be left where it is; then somebody else's ERG opens the account.
#[test]
fn admit_of_an_application_spent_as_rent_costs_others() {
    let mut stage = Stage::default();
    let height = created(&stage.world, 1_051_200);
    let stale = stage.world.box_with(stage.application.ergo_box(), |c| {
        c.outputs[0].creation_height = height;
        c.set_long(0, R6, 0, 4_000_000);
    });
    stage.application = ApplicationBox::parse(&stage.world.lets, &stale).unwrap();
    let mut case = stage.admit();
    let payer = key(241);
    case.add_input(stage.world.wallet_box(&payer, 5.0), 1);
    case.signers.push(payer);
    case.rent_as_it_is(1, 1);
    case.accepted();
    assert_eq!(
        case.outputs[2].ergo_tree,
        stage.application.ergo_box().ergo_tree
    );
}

// The subject's successor is the output of its own index.
#[test]
fn action_with_the_account_at_another_output_refused() {
    for mut case in Stage::default().committee_actions() {
        case.outputs.swap(1, 2);
        case.refused_at(0);
        // Nor may another script stand at its place.
        case.outputs[1].ergo_tree = p2pk(&key(250));
        case.refused_at(0);
    }
}
