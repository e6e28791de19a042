//! Admission: H1 to H10.

use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::{AdmitError, Amount, ApplicationBox, NanoErg, RuleViolation, Terms};
use lets_tests::case::longs;
use lets_tests::hand::{anybody, junk, membership, unit};
use lets_tests::stage::set_counters;
use lets_tests::world::{key, p2pk, prop};
use lets_tests::{Case, Stage, World};

/// The application as it would be with another content.
fn application_with(stage: &Stage, change: impl FnOnce(&mut Case)) -> ErgoBox {
    stage.world.box_with(stage.application.ergo_box(), change)
}

/// The admission of that application, which its owner signs for as well: whether its own script lets it pass is not the
/// question here.
fn admit_bent(stage: &Stage, change: impl FnOnce(&mut Case)) -> Case {
    let mut case = stage.admit_instead(application_with(stage, change));
    case.signers.push(stage.applicant.clone());
    case
}

// H1: what an application says, in a box of another script.
#[test]
fn admit_of_a_box_that_is_no_application_refused() {
    let stage = Stage::default();
    admit_bent(&stage, |c| c.outputs[0].ergo_tree = p2pk(&stage.applicant)).refused_at(0);
}

// H2
#[test]
fn admit_of_an_application_to_another_pot_refused() {
    let (stage, other) = (Stage::default(), World::new(50));
    admit_bent(&stage, |c| {
        c.set_register(0, R5, other.lets.ids().pot_nft.bytes().to_vec())
    })
    .refused_at(0);
    admit_bent(&stage, |c| c.set_register(0, R5, Vec::<u8>::new())).refused_at(0);
}

// H3: also with the applicant's signature. The off-chain twin says the same.
#[test]
fn admit_after_the_last_height_refused() {
    let stage = Stage::default();
    let world = &stage.world;
    let included = world.height.as_i64() + 1;
    for (expiry, accepted) in [
        (included + 1, true),
        (included, true),
        (included - 1, false),
        (0, false),
    ] {
        let bent = application_with(&stage, |c| c.set_long(0, R6, 0, expiry));
        let mut case = stage.admit_instead(bent.clone());
        let application = ApplicationBox::parse(&world.lets, &bent).unwrap();
        let twin = lets_protocol::admit(
            &world.lets,
            &world.charter,
            &world.pot,
            &application,
            world.terms(),
            world.params(),
        );
        match accepted {
            true => {
                case.accepted();
                twin.unwrap();
            }
            false => {
                case.signers.push(stage.applicant.clone());
                case.refused_at(0);
                assert!(matches!(
                    twin,
                    Err(AdmitError::Rule(RuleViolation::ApplicationExpired { .. }))
                ));
            }
        }
    }
}

// H4: two membership tokens leave, and are counted.
#[test]
fn admit_giving_two_membership_tokens_refused() {
    let stage = Stage::default();
    let mut case = stage.admit();
    case.steal(0, membership(&stage.world), 1, 1);
    set_counters(&mut case, stage.world.height.as_i64(), 2, 20_000);
    case.refused_at(0);
}

// H4: the account's membership token is not the pot's, and nothing is counted.
#[test]
fn admit_with_a_membership_token_from_elsewhere_refused() {
    let stage = Stage::default();
    let mut case = stage.admit();
    stage.add_tokens(&mut case, 1, membership(&stage.world), 1);
    case.set_tokens(0, |all| all[1].1 += 1);
    set_counters(&mut case, stage.world.height.as_i64(), 0, 20_000);
    case.refused_at(0);
}

// H4: a unit more leaves, and is counted; or one of the account's comes from elsewhere.
#[test]
fn admit_with_other_units_out_of_the_pot_refused() {
    let stage = Stage::default();
    let mut case = stage.admit();
    case.steal(0, unit(&stage.world), 1, 1);
    set_counters(&mut case, stage.world.height.as_i64(), 1, 20_001);
    case.refused_at(0);
    let mut case = stage.admit();
    stage.add_tokens(&mut case, 1, unit(&stage.world), 1);
    case.set_tokens(0, |all| all[2].1 += 1);
    set_counters(&mut case, stage.world.height.as_i64(), 1, 19_999);
    case.refused_at(0);
}

// H4: as many units as issued, which is the line.
#[test]
fn admit_with_issued_off_the_line_refused() {
    let stage = Stage::default();
    for line in [10_000, 19_999, 20_001, 30_000] {
        stage
            .admit()
            .with(|c| c.set_long(1, R4, 1, line))
            .refused_at(0);
    }
    for issued in [0, 19_999, 20_001] {
        stage
            .admit()
            .with(|c| c.set_long(1, R4, 0, issued))
            .refused_at(0);
    }
    // Both, with the units that the account has: a balance from nothing.
    for issued in [0, 10_000, 20_001] {
        let both = |c: &mut Case| {
            c.set_long(1, R4, 0, issued);
            c.set_long(1, R4, 1, issued);
        };
        stage.admit().with(both).refused_at(0);
    }
}

// H5: another token first, or two membership tokens of which one is not the pot's.
#[test]
fn admit_with_another_first_token_refused() {
    let stage = Stage::default();
    let mut case = stage.admit();
    let other = stage.add_junk(&mut case, 1, 1);
    case.set_tokens(1, |all| all[0].0 = other);
    case.refused_at(0);
    let mut case = stage.admit();
    stage.add_tokens(&mut case, 1, membership(&stage.world), 1);
    case.set_tokens(1, |all| all[0].1 = 2);
    case.refused_at(0);
}

// H5, H6: the account token is the new one; a thief has that.
#[test]
fn admit_with_another_account_token_refused() {
    let stage = Stage::default();
    let mut case = stage.admit();
    let other = stage.add_junk(&mut case, 1, 1);
    let new = case.inputs[0].0.box_id().into();
    case.steal(1, new, 1, 1);
    case.set_tokens(1, |all| all.insert(1, (other, 1)));
    case.refused_at(0);
}

// H5: fewer units in the account, another token for them, one token too many, or in other places.
#[test]
fn admit_with_other_tokens_in_the_account_refused() {
    let stage = Stage::default();
    stage
        .admit()
        .with(|c| c.steal(1, unit(&stage.world), 1, 1))
        .refused_at(0);
    stage
        .admit()
        .with(|c| c.set_tokens(1, |all| all.truncate(2)))
        .refused_at(0);
    let mut case = stage.admit();
    let other = stage.add_junk(&mut case, 1, 20_000);
    case.clone()
        .with(|c| c.set_tokens(1, |all| all[2].0 = other))
        .refused_at(0);
    case.with(|c| c.set_tokens(1, |all| all.push((other, 1))))
        .refused_at(0);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        stage
            .admit()
            .with(|c| c.set_tokens(1, |all| all.swap(a, b)))
            .refused_at(0);
    }
}

// H5: with no units there is no third token.
#[test]
fn admit_without_line_with_a_third_token_refused() {
    let stage = Stage::default();
    let mut case = stage.admit_on(Terms {
        line: Amount::ZERO,
        ..stage.world.terms()
    });
    case.accepted();
    let other = stage.add_junk(&mut case, 1, 1);
    case.clone()
        .with(|c| c.set_tokens(1, |all| all.push((other, 1))))
        .refused_at(0);
    stage.add_tokens(&mut case, 1, unit(&stage.world), 1);
    case.with(|c| c.set_tokens(1, |all| all.push((unit(&stage.world), 1))))
        .refused_at(0);
}

// H6: a second one, in whatever output.
#[test]
fn admit_minting_the_account_token_twice_refused() {
    let stage = Stage::default();
    let case = stage.admit();
    let new = case.inputs[0].0.box_id().into();
    case.clone()
        .with(|c| c.set_tokens(2, |all| all.push((new, 1))))
        .refused_at(0);
    case.clone()
        .with(|c| c.set_tokens(1, |all| all.push((new, 1))))
        .refused_at(0);
    case.with(|c| c.set_tokens(1, |all| all[1].1 = 2))
        .refused_at(0);
}

// H7
#[test]
fn admit_with_other_keys_refused() {
    let stage = Stage::default();
    let (own, other) = (prop(&stage.applicant), prop(&key(250)));
    let keys: [Vec<SigmaProp>; 4] = [
        vec![other.clone()],
        vec![own.clone(), other.clone()],
        vec![other, own],
        vec![anybody()],
    ];
    for keys in keys {
        stage
            .admit()
            .with(|c| c.set_register(1, R5, keys))
            .refused_at(0);
    }
}

// H8
#[test]
fn admit_with_other_settings_refused() {
    let stage = Stage::default();
    let case = stage.admit();
    let own = longs(&case.outputs[1], R6);
    for (place, value) in [
        (0, own[0] + 1),
        (0, own[0] - 1),
        (2, 1),
        (2, -1),
        (3, 1),
        (3, -1),
    ] {
        case.clone()
            .with(|c| c.set_long(1, R6, place, value))
            .refused_at(0);
    }
    case.clone()
        .with(|c| c.set_register(1, R6, own[..3].to_vec()))
        .refused_at(0);
    case.with(|c| c.set_register(1, R6, [own.as_slice(), &[0]].concat()))
        .refused_at(0);
}

// H8: the stamp.
#[test]
fn admit_with_a_stamp_outside_0_to_the_height_refused() {
    let case = Stage::default().admit();
    let height = i64::from(case.height);
    for (stamp, accepted) in [(-1, false), (0, true), (height, true), (height + 1, false)] {
        let case = case.clone().with(|c| c.set_long(1, R6, 1, stamp));
        match accepted {
            true => drop(case.accepted()),
            false => case.refused_at(0),
        }
    }
}

// H8, H9: what the applicant asked for, the account has.
#[test]
fn admit_with_the_applicants_settings_and_link_accepted() {
    let stage = Stage::default();
    let token: Vec<u8> = junk(5).into();
    for link in [Vec::new(), token.clone(), [vec![1], token].concat()] {
        for smallest in [-1, 0, 500, i64::MAX] {
            let target = [
                stage.world.lets.ids().pot_nft.bytes().to_vec(),
                link.clone(),
            ]
            .concat();
            let bent = application_with(&stage, |c| {
                c.set_register(0, R5, target);
                c.set_long(0, R6, 1, smallest);
            });
            let mut case = stage.admit_instead(bent);
            case.set_register(1, R7, link.clone());
            case.set_long(1, R6, 0, smallest);
            case.accepted();
        }
    }
}

// H9: a link that he did not ask for.
#[test]
fn admit_with_another_link_refused() {
    let stage = Stage::default();
    let (token, other): (Vec<u8>, Vec<u8>) = (junk(5).into(), junk(6).into());
    stage
        .admit()
        .with(|c| c.set_register(1, R7, token.clone()))
        .refused_at(0);
    let target = [
        stage.world.lets.ids().pot_nft.bytes().to_vec(),
        token.clone(),
    ]
    .concat();
    let bent = application_with(&stage, |c| c.set_register(0, R5, target));
    for (link, accepted) in [(token, true), (other, false), (Vec::new(), false)] {
        let case = stage
            .admit_instead(bent.clone())
            .with(|c| c.set_register(1, R7, link));
        match accepted {
            true => drop(case.accepted()),
            false => case.refused_at(0),
        }
    }
}

// H9: a link of a length that the account's script could not read.
#[test]
fn admit_with_a_link_of_another_length_refused() {
    let stage = Stage::default();
    for length in [1, 31, 34, 64, 67] {
        let link = vec![9_u8; length];
        let target = [
            stage.world.lets.ids().pot_nft.bytes().to_vec(),
            link.clone(),
        ]
        .concat();
        let bent = application_with(&stage, |c| c.set_register(0, R5, target));
        stage
            .admit_instead(bent)
            .with(|c| c.set_register(1, R7, link))
            .refused_at(0);
    }
}

/// The admission of an application with this ERG into an account with that; the rest is fee.
fn funded(application: u64, account: u64) -> Case {
    let stage = Stage::default();
    let bent = application_with(&stage, |c| {
        c.outputs[0].value = application.try_into().unwrap()
    });
    let mut case = stage.admit_instead(bent);
    case.outputs[1].value = account.try_into().unwrap();
    case.outputs[2].value = (application - account).try_into().unwrap();
    case
}

// H10: the floor.
#[test]
fn admit_below_the_floor_refused() {
    let floor = lets_tests::world::bounds().account_floor.0;
    funded(floor + 1_000_000, floor).accepted();
    funded(floor + 1_000_000, floor - 1).refused_at(0);
    funded(floor + 9_999_999, floor - 1).refused_at(0);
}

// H10: the fee's bound.
#[test]
fn admit_at_more_than_the_fees_bound_refused() {
    let (erg, most) = (4_000_000_000, lets_tests::world::bounds().admission_fee.0);
    funded(erg, erg - most).accepted();
    funded(erg, erg - most - 1).refused_at(0);
}

// H10: the off-chain twin.
#[test]
fn admit_twin_of_erg_refuses_where_the_script_does() {
    let stage = Stage::default();
    let world = &stage.world;
    let floor = world.charter.bounds().account_floor;
    for (value, accepted) in [
        (floor.plus(NanoErg::MIN_FEE), true),
        (NanoErg(floor.0 + NanoErg::MIN_FEE.0 - 1), false),
    ] {
        let bent = application_with(&stage, |c| {
            c.outputs[0].value = value.to_box_value().unwrap()
        });
        let bent = ApplicationBox::parse(&world.lets, &bent).unwrap();
        let twin = lets_protocol::admit(
            &world.lets,
            &world.charter,
            &world.pot,
            &bent,
            world.terms(),
            world.params(),
        );
        match accepted {
            true => drop(world.case(&twin.unwrap().0, &world.quorum()).accepted()),
            false => {
                assert!(matches!(
                    twin,
                    Err(AdmitError::Rule(RuleViolation::ApplicationValue { .. }))
                ));
                funded(value.0, value.0 - NanoErg::MIN_FEE.0).refused_at(0);
            }
        }
    }
}

// An application with tokens is none: what would become of them is said nowhere.
#[test]
fn admit_of_an_application_with_tokens_refused() {
    let stage = Stage::default();
    admit_bent(&stage, |c| c.set_tokens(0, |all| all.push((junk(1), 1)))).refused_at(0);
    admit_bent(&stage, |c| {
        c.set_tokens(0, |all| all.extend([(junk(1), 1), (junk(2), 1)]))
    })
    .refused_at(0);
}

// Malformed applications cannot be admitted, and nothing else comes of them.
#[test]
fn admit_of_a_malformed_application_refused() {
    let stage = Stage::default();
    admit_bent(&stage, |c| c.set_register(0, R6, vec![i64::MAX])).refused_at(0);
    admit_bent(&stage, |c| c.truncate_registers(0, 2)).refused_at(0);
}
