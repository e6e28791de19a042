//! Closing: X1 to X6.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R7};
use ergo_lib::ergotree_ir::chain::token::TokenId;
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{Height, Kind, OpenError};
use lets_tests::hand::junk;
use lets_tests::open::{RATE, UNITS};
use lets_tests::world::{key, p2pk};
use lets_tests::{Case, OpenStage};

/// A LETS of this kind whose first member may close: the lock is over, the balance 0.
fn closing(kind: Kind) -> (OpenStage, Case) {
    let mut stage = OpenStage::of(kind).later(2_000, RATE);
    stage.account = stage.balanced(&stage.account, 0);
    let case = stage.close();
    (stage, case)
}

#[test]
fn close_of_every_kind_accepted() {
    for kind in Kind::ALL {
        closing(kind).1.accepted();
    }
}

// X1
#[test]
fn close_of_a_box_that_is_no_account_refused() {
    let (stage, case) = closing(Kind::Lets1);
    let forged = stage.box_with(stage.account.ergo_box(), |c| {
        c.outputs[0].ergo_tree = p2pk(&stage.owner)
    });
    case.clone()
        .with(|c| c.replace_input(1, forged))
        .refused_at(0);
    for (id, amount) in [(junk(1), 1), (stage.membership(), 2)] {
        let forged = stage.box_with(stage.account.ergo_box(), |c| {
            c.set_tokens(0, |all| all[0] = (id, amount))
        });
        let mut case = case.clone().with(|c| c.replace_input(1, forged));
        if id == junk(1) {
            let holder = key(240);
            case.add_input(stage.holding(&holder, &[(stage.membership(), 1)]), 1);
            case.signers.push(holder);
        }
        case.refused_at(0);
    }
}

// X2
#[test]
fn close_at_a_balance_that_is_not_0_refused() {
    for kind in [Kind::Lets1, Kind::Lets3] {
        let (stage, case) = closing(kind);
        for balance in [-1_i64, 1, -UNITS, 500] {
            if stage.account.units() + balance < 0 {
                continue;
            }
            let mut other = stage.clone();
            other.account = stage.balanced(&stage.account, balance);
            assert!(matches!(
                lets_protocol::close(other.at(), &other.account, p2pk(&other.owner)),
                Err(OpenError::Open(OpenViolation::CloseBalance { balance: b })) if b.units() == balance
            ));
            case.clone()
                .with(|c| {
                    c.replace_input(1, other.account.ergo_box().clone());
                    c.set_tokens(0, |all| all[2].1 = all[2].1.strict_add_signed(balance));
                })
                .refused_at(0);
        }
    }
}

// X3
#[test]
fn close_keeping_membership_or_units_refused() {
    let (stage, case) = closing(Kind::Lets1);
    for id in [stage.membership(), stage.unit()] {
        case.clone().with(|c| c.steal(0, id, 1, 1)).refused_at(0);
        let holder = key(240);
        let mut more = case.clone();
        more.add_input(stage.holding(&holder, &[(id, 1)]), 1);
        more.signers.push(holder);
        more.set_tokens(0, |all| {
            all.iter_mut().find(|(i, _)| *i == id).unwrap().1 += 1
        });
        more.refused_at(0);
    }
    case.with(|c| c.set_tokens(0, |all| all[2].1 -= 1))
        .refused_at(0);
}

// X4
#[test]
fn close_keeping_the_account_token_refused() {
    let (stage, case) = closing(Kind::Lets2);
    let number = stage.account.number().token_id();
    for output in 1..case.outputs.len() {
        case.clone()
            .with(|c| c.set_tokens(output, |all| all.push((number, 1))))
            .refused_at(0);
    }
}

// X5: the published time lock was inverted.
#[test]
fn close_before_the_lock_has_ended_refused() {
    let (stage, case) = closing(Kind::Lets1);
    let end = stage.account.terms().class;
    let at = |height: i64| {
        case.clone().with(|c| {
            c.height = u32::try_from(height).unwrap();
            c.created_ago(1);
        })
    };
    at(end + 1).accepted();
    at(end).refused_at(0);
    at(end - 500).refused_at(0);
    let mut early = stage.clone();
    early.height = Height(u32::try_from(end).unwrap() - 1);
    assert!(matches!(
        lets_protocol::close(early.at(), &early.account, p2pk(&early.owner)),
        Err(OpenError::Open(OpenViolation::Locked { until, .. })) if until == end + 1
    ));
    early.height = Height(u32::try_from(end).unwrap());
    early.close().accepted();
}

// X6
#[test]
fn close_without_the_owners_signature_unproven() {
    for kind in Kind::ALL {
        let (stage, case) = closing(kind);
        case.clone().unsigned().unproven();
        for signer in [&stage.other_key, &stage.treasury] {
            case.clone()
                .with(|c| c.signers = vec![signer.clone()])
                .unproven();
        }
    }
}

/// The same account with this link (R7).
fn linked(stage: &OpenStage, case: &Case, link: Vec<u8>) -> Case {
    let account = stage.box_with(stage.account.ergo_box(), |c| c.set_register(0, R7, link));
    case.clone().with(|c| c.replace_input(1, account))
}

fn named(id: TokenId) -> Vec<u8> {
    id.into()
}

// X6: the key follows a box, which is the last data input.
#[test]
fn close_of_a_following_account_by_the_boxs_key() {
    let (stage, case) = closing(Kind::Lets1);
    let case = linked(&stage, &case, named(junk(5)));
    let keeper = key(241);
    let followed = |id| {
        stage.box_with(&stage.holding(&keeper, &[(id, 1)]), |c| {
            c.set_register(0, R4, lets_tests::world::prop(&keeper))
        })
    };
    let signed = case.with(|c| c.signers = vec![keeper.clone()]);
    let right = signed
        .clone()
        .with(|c| c.data_inputs = vec![followed(junk(5))]);
    right.accepted();
    let both = |boxes: Vec<_>| signed.clone().with(|c| c.data_inputs = boxes);
    both(vec![stage.oracle.ergo_box().clone(), followed(junk(5))]).accepted();
    both(vec![followed(junk(6))]).refused_at(0);
    both(vec![followed(junk(5)), followed(junk(6))]).refused_at(0);
    both(vec![]).refused_at(0);
    right
        .with(|c| c.signers = vec![stage.owner.clone()])
        .unproven();
}

// X6: the contract, fresh, at INPUTS(2).
#[test]
fn close_of_a_controlled_account_with_its_contract() {
    let (stage, case) = closing(Kind::Lets1);
    let link = [vec![1], named(junk(5))].concat();
    let keeper = key(241);
    let controller = |id, age: u32| {
        stage.box_with(&stage.holding(&keeper, &[(id, 1)]), |c| {
            c.outputs[0].creation_height = case.height - age
        })
    };
    let with = |ergo_box| {
        let mut case = linked(&stage, &case, link.clone());
        case.add_input(ergo_box, 1);
        case.signers = vec![keeper.clone()];
        case.set_tokens(1, |all| all.push((junk(5), 1)));
        case
    };
    with(controller(junk(5), 1_051_199)).accepted();
    with(controller(junk(5), 1_051_200)).refused_at(0);
    let other = with(controller(junk(6), 10)).with(|c| c.set_tokens(1, |all| all[0].0 = junk(6)));
    other.refused_at(0);
    linked(&stage, &case, link).refused_at(0);
}
