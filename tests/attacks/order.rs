//! Boxes and data inputs in other places than the rules ask for.

use crate::*;

/// The charter with a change announced so long ago that anybody may enact it: another committee.
fn ripe(stage: &Stage) -> ErgoBox {
    let world = &stage.world;
    let bounds = world.charter.bounds();
    let from = world.height.as_i64() - i64::from(bounds.change_delay.0);
    let change = [vec![from], bounds.to_longs().to_vec()].concat();
    world.box_with(world.charter.ergo_box(), |c| {
        c.set_register(0, R8, prop(&key(200)));
        c.set_register(0, R9, change);
    })
}

/// The charter's successor after that change.
fn enacted(case: &Case, ripe: &ErgoBox) -> ErgoBoxCandidate {
    let mut next = Case {
        outputs: vec![renewed(case, ripe)],
        ..case.clone()
    };
    next.set_register(0, R4, prop(&key(200)));
    next.truncate_registers(0, 4);
    next.outputs.remove(0)
}

// G1 B1 Q1: a charter that is changed in the transaction in which the pot reads it: both ask for the first place.
#[test]
fn pot_action_while_its_charter_is_enacted_refused() {
    let stage = Stage::default();
    let ripe = ripe(&stage);
    for (mut case, mints) in [(stage.admit(), true), (stage.set_terms(), false)] {
        case.data_inputs[0] = ripe.clone();
        let next = enacted(&case, &ripe);
        let at = case.inputs.len();
        case.inputs.push((ripe.clone(), ContextExtension::empty()));
        case.outputs.insert(at, next);
        case.refused_at(at);
        // An admission mints the token that its first input names: the pot is that or nothing.
        if !mints {
            case.inputs.swap(0, at);
            case.outputs.swap(0, at);
            case.refused_at(at);
        }
    }
}

// S1: an account that follows the charter, while the charter is spent: its key is the committee's that was, not the next.
#[test]
fn followed_account_while_its_charter_is_enacted_takes_the_committee_that_was() {
    let stage = Stage::default();
    let world = &stage.world;
    let ripe = ripe(&stage);
    let community = world.account_with(&stage.account, |c| {
        c.set_register(0, R7, world.lets.ids().charter_nft.bytes().to_vec())
    });
    let mut case = trade(world, &[signs(&community, 0)], &world.quorum());
    case.data_inputs.push(ripe.clone());
    case.lead(ripe.clone());
    case.outputs[0] = enacted(&case, &ripe);
    case.accepted();
    case.signers = vec![key(200)];
    case.unproven();
}

// G1: the charter must be the first data input, for the one thing too that takes no signature.
#[test]
fn charter_behind_another_data_input_refused() {
    let stage = Stage::default();
    let other = stage.world.wallet_box(&key(200), 1.0);
    for mut case in stage.account_actions() {
        case.data_inputs.push(other.clone());
        case.accepted();
        case.data_inputs.swap(0, 1);
        case.refused_at(0);
    }
}

// S1: two accounts that follow two boxes: only the first data input is read.
#[test]
fn accounts_that_follow_two_boxes_in_one_transaction_refused() {
    let m = Members::of(10);
    let followed = |n: u8| {
        let tokens = [(junk(n), 1)];
        let holder = wallet_with(&m.world, &key(200), &tokens);
        m.world
            .box_with(&holder, |c| c.set_register(0, R4, prop(&key(200))))
    };
    let accounts = [0, 1].map(|i| linked(&m, i, junk(i as u8).into()));
    let moves = accounts.each_ref().map(|a| signs(a, 0));
    let mut case = trade(&m.world, &moves, &[&key(200)]);
    case.data_inputs = vec![followed(0), followed(1)];
    case.refused_at(1);
    case.data_inputs.swap(0, 1);
    case.refused_at(0);
    trade(&m.world, &moves[..1], &[&key(200)])
        .with(|c| c.data_inputs.push(followed(0)))
        .accepted();
}

// C1 S1: the community's account pays behind a committee action; both read the charter, and the units are counted once.
#[test]
fn community_pays_behind_a_committee_action_accepted() {
    let mut stage = Stage::default();
    let [community, payee] = [101, 102].map(|n| stage.world.admit(&key(n)));
    let world = &stage.world;
    let community = world.account_with(&community, |c| {
        c.set_register(0, R7, world.lets.ids().charter_nft.bytes().to_vec())
    });
    let paid = trade(
        world,
        &[pays(&community, 500), takes(&payee, 500)],
        &world.quorum(),
    );
    for action in [stage.set_terms(), stage.admit()] {
        let case = joined(action, paid.clone());
        case.accepted();
        let payer = case.inputs.len() - 2;
        case.clone()
            .with(|c| c.steal(payer, unit(world), 1, payer))
            .refused_at(payer);
        case.unsigned().unproven();
    }
}

// Context variables, but for the one of a rent spend, change nothing: no script reads them.
#[test]
fn context_variables_of_any_kind_change_nothing() {
    let m = Members::of(10);
    let unit = unit(&m.world);
    let case = payment(&m).with(|c| {
        c.add_input(standing(&m, 2, Some(0), 300), 0);
        c.set_tokens(0, |all| all[2].1 += 300);
        for (_, variables) in &mut c.inputs {
            for (id, value) in [
                (0_u8, Constant::from(prop(&key(250)))),
                (1, Constant::from(vec![i64::MAX; 20])),
                (2, Constant::from(true)),
                (126, Constant::from(0_i16)),
            ] {
                variables.values.insert(id, value);
            }
        }
    });
    // A claim ends what was in debt no faster: the payer's counters stand as for the draw.
    case.accepted();
    case.clone().unsigned().unproven();
    case.with(|c| c.steal(0, unit, 1, 0)).refused_at(0);
}
