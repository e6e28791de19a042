//! What holds for the committee's every action: G1 to G8.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R8};
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{Amount, RuleViolation, SetTermsError, Terms};
use lets_tests::case::{longs, size};
use lets_tests::hand::junk;
use lets_tests::stage::set_counters;
use lets_tests::world::{at_least, key, p2pk, prop};
use lets_tests::{Case, Stage, World};

/// Judges the case by whether it should be accepted, or be refused by the pot.
#[track_caller]
fn judge(case: Case, accepted: bool) {
    match accepted {
        true => drop(case.accepted()),
        false => case.refused_at(0),
    }
}

// G1: a charter that anybody can make, with his own committee.
#[test]
fn committee_of_a_forged_charter_refused() {
    let stage = Stage::default();
    let thief = key(250);
    let forged = stage.world.box_with(stage.world.charter.ergo_box(), |c| {
        c.set_tokens(0, |all| all[0].0 = junk(1));
        c.set_register(0, R4, prop(&thief));
    });
    for mut case in stage.committee_actions() {
        case.data_inputs[0] = forged.clone();
        case.signers.push(thief.clone());
        case.refused_at(0);
        // The real one beside it, in the wrong place, does not help.
        case.data_inputs
            .push(stage.world.charter.ergo_box().clone());
        case.refused_at(0);
        // Nor does the real NFT in another place than the first.
        let behind = stage.world.box_with(&forged, |c| {
            c.set_tokens(0, |all| {
                all.push((stage.world.lets.ids().charter_nft.into(), 1))
            });
        });
        case.data_inputs[0] = behind;
        case.refused_at(0);
    }
}

// G1
#[test]
fn committee_of_another_lets_refused() {
    let (stage, other) = (Stage::default(), World::new(50));
    for mut case in stage.committee_actions() {
        case.data_inputs[0] = other.charter.ergo_box().clone();
        case.signers.extend(other.committee.clone());
        case.refused_at(0);
    }
}

// G1
#[test]
fn committee_without_charter_refused() {
    for mut case in Stage::default().committee_actions() {
        case.data_inputs.clear();
        case.refused_at(0);
    }
}

// G2: any two of the three, or all.
#[test]
fn committee_two_of_three_signatures_accepted() {
    let stage = Stage::default();
    let [a, b, c] = stage.world.committee.clone();
    // The first pays for the setting of terms out of his wallet; the admission needs nobody's ERG.
    for signers in [[&a, &b].as_slice(), &[&a, &c], &[&b, &c], &[&a, &b, &c]] {
        let signers: Vec<SecretKey> = signers.iter().map(|&k| k.clone()).collect();
        stage.admit().with(|c| c.signers = signers).accepted();
    }
}

// G2
#[test]
fn committee_short_of_signatures_unproven() {
    let stage = Stage::default();
    let [a, b, c] = stage.world.committee.clone();
    let others = [stage.owner.clone(), stage.applicant.clone(), key(250)];
    for case in stage.committee_actions() {
        for signer in [&a, &b, &c] {
            case.clone()
                .with(|case| case.signers = vec![signer.clone()])
                .unproven();
            // Counted twice he is still one.
            case.clone()
                .with(|case| case.signers = vec![signer.clone(), signer.clone()])
                .unproven();
            let joined = [std::slice::from_ref(signer), others.as_slice()].concat();
            case.clone().with(|case| case.signers = joined).unproven();
        }
        case.unsigned().unproven();
    }
}

// G3
#[test]
fn committee_output_that_is_no_account_refused() {
    for case in Stage::default().account_actions() {
        case.with(|c| c.outputs[1].ergo_tree = p2pk(&key(250)))
            .refused_at(0);
    }
}

// G3: another LETS's account script.
#[test]
fn committee_output_of_another_lets_account_script_refused() {
    let other = World::new(50);
    for case in Stage::default().account_actions() {
        case.with(|c| c.outputs[1].ergo_tree = other.lets.contracts().account.tree().clone())
            .refused_at(0);
    }
}

// G3
#[test]
fn committee_account_created_5040_blocks_ago_refused() {
    for mut case in Stage::default().account_actions() {
        case.later(6_000);
        for (age, accepted) in [(5_039, true), (5_040, false)] {
            case.outputs[1].creation_height = case.height - age;
            judge(case.clone(), accepted);
        }
    }
}

// G3
#[test]
fn committee_account_with_r8_refused() {
    for case in Stage::default().account_actions() {
        case.clone()
            .with(|c| c.set_register(1, R8, 0_i64))
            .refused_at(0);
        case.with(|c| c.set_register(1, R8, vec![1_u8]))
            .refused_at(0);
    }
}

/// The committee's actions with other terms in the account, units as they were.
fn with_terms(actions: &[Case; 2], change: impl Fn(&mut Vec<i64>)) -> [Case; 2] {
    actions.clone().map(|mut case| {
        let mut terms = longs(&case.outputs[1], R4);
        change(&mut terms);
        case.set_register(1, R4, terms);
        case
    })
}

// G4: how many numbers.
#[test]
fn terms_of_9_to_17_numbers_accepted_others_refused() {
    let actions = Stage::default().terms_actions();
    for (size, accepted) in [(8, false), (9, true), (10, true), (17, true), (18, false)] {
        for case in with_terms(&actions, |terms| terms.resize(size, 1)) {
            judge(case, accepted);
        }
    }
}

// G4: none is negative. Issued, line and floor are fixed by other rules as well.
#[test]
fn terms_of_a_negative_number_refused() {
    let actions = Stage::default().terms_actions();
    for place in 0..10 {
        for case in with_terms(&actions, |terms| {
            terms.resize(10, 1);
            terms[place] = -1;
        }) {
            case.refused_at(0);
        }
    }
}

// G4: a line below nothing, with nothing issued, as T2 would have it.
#[test]
fn terms_of_a_negative_line_refused() {
    let stage = Stage::default();
    let case = stage.set_line(0);
    case.accepted();
    case.with(|c| c.set_long(1, R4, 1, -1)).refused_at(0);
}

// G4: largest draw, draw limit, longest debt and classes up to 10^12.
#[test]
fn terms_above_a_million_million_refused() {
    let actions = Stage::default().terms_actions();
    for place in [4, 5, 6, 8, 9] {
        for (value, accepted) in [
            (0, true),
            (1_000_000_000_000, true),
            (1_000_000_000_001, false),
        ] {
            for case in with_terms(&actions, |terms| {
                terms.resize(10, 1);
                terms[place] = value;
            }) {
                judge(case, accepted);
            }
        }
    }
}

// G4
#[test]
fn terms_of_a_draw_rate_above_its_bound_refused() {
    let actions = Stage::default().terms_actions();
    for (rate, accepted) in [(0, true), (10_000_000_000, true), (10_000_000_001, false)] {
        for case in with_terms(&actions, |terms| terms[7] = rate) {
            judge(case, accepted);
        }
    }
}

// G4: cap and floor against the charter.
#[test]
fn terms_of_cap_and_floor_off_the_charters_bounds_refused() {
    let actions = Stage::default().terms_actions();
    let bounds = lets_tests::world::bounds();
    let (cap, floor) = (bounds.max_cap.units(), bounds.account_floor.0 as i64);
    for (value, accepted) in [(0, true), (cap, true), (cap + 1, false)] {
        for case in with_terms(&actions, |terms| terms[2] = value) {
            judge(case, accepted);
        }
    }
    for (value, accepted) in [(floor - 1, false), (floor, true), (floor + 1, false)] {
        for case in with_terms(&actions, |terms| terms[3] = value) {
            judge(case, accepted);
        }
    }
}

// G4: the line against the charter; units and counters follow it.
#[test]
fn terms_of_a_line_above_the_charters_bound_refused() {
    let stage = Stage::default();
    let most = stage.world.charter.bounds().max_line.units();
    for (line, accepted) in [(0, true), (most, true), (most + 1, false)] {
        judge(stage.set_line(line), accepted);
        let terms = Terms {
            line: Amount::new(line).unwrap(),
            ..stage.world.terms()
        };
        judge(stage.admit_on(terms), accepted);
    }
}

// G4: the bound is on the line, not on what was issued, which a debt keeps up (T2).
#[test]
fn terms_of_a_lower_line_over_a_debt_above_the_charters_bound_accepted() {
    let mut stage = Stage::default();
    stage.account = lets_tests::hand::at(&stage.world, &stage.account, -15_000);
    let charter = stage.charter_with(0, 10_000).ergo_box().clone();
    let mut case = stage.set_line(5_000);
    case.data_inputs[0] = charter;
    case.accepted();
}

// G5: the stamp, with counters reckoned for it.
#[test]
fn counters_stamp_back_or_ahead_refused() {
    let stage = Stage::default().later(100);
    let before = stage.world.pot.counters().stamp;
    for (mut case, admitted, issued) in [(stage.admit(), 1, 20_000), (stage.set_terms(), 0, 10_000)]
    {
        let height = i64::from(case.height);
        for (stamp, accepted) in [
            (before - 1, false),
            (before, true),
            (before + 50, true),
            (height, true),
            (height + 1, false),
        ] {
            set_counters(&mut case, stamp, admitted, issued);
            judge(case.clone(), accepted);
        }
    }
}

// G5
#[test]
fn counters_of_another_size_refused() {
    for case in Stage::default().committee_actions() {
        let counters = longs(&case.outputs[0], R4);
        case.clone()
            .with(|c| c.set_register(0, R4, counters[..3].to_vec()))
            .refused_at(0);
        case.with(|c| c.set_register(0, R4, [counters.as_slice(), &[0]].concat()))
            .refused_at(0);
    }
}

// G6, G7, G8: no more and no less than the formula.
#[test]
fn counters_off_by_one_refused() {
    for case in Stage::default().committee_actions() {
        let counters = longs(&case.outputs[0], R4);
        for place in [1, 2, 3] {
            for by in [-1, 1] {
                case.clone()
                    .with(|c| c.set_long(0, R4, place, counters[place] + by))
                    .refused_at(0);
            }
        }
    }
}

/// A stage whose pot has counted this, so many blocks ago.
fn counted(admissions: i64, issued: i64, ago: u32) -> Stage {
    let mut stage = Stage::default().later(ago);
    let stamp = stage.world.height.as_i64() - i64::from(ago);
    stage.bend_pot(|c| c.set_register(0, R4, vec![stamp, admissions, issued, 0]));
    stage
}

// G6: the rate is 50 admissions in 21,900 blocks; one of them leaks in 438.
#[test]
fn admissions_above_the_rate_refused() {
    for (used, ago, accepted) in [
        (49, 0, true),
        (50, 0, false),
        (50, 437, false),
        (50, 438, true),
        (51, 875, false),
        (51, 876, true),
    ] {
        judge(counted(used, 0, ago).admit(), accepted);
    }
}

// G7: the rate is 1,000,000 units in 21,900 blocks; 45 of them leak in one, 10,000 in 219.
#[test]
fn units_issued_above_the_rate_refused() {
    for (used, ago, accepted) in [
        (990_000, 0, true),
        (990_001, 0, false),
        (1_000_000, 218, false),
        (1_000_000, 219, true),
        (1_000_045, 219, false),
        (1_000_045, 220, true),
    ] {
        judge(counted(0, used, ago).set_terms(), accepted);
    }
    for (used, accepted) in [(980_000, true), (980_001, false)] {
        judge(counted(0, used, 0).admit(), accepted);
    }
    for (used, accepted) in [(999_999, true), (1_000_000, false)] {
        judge(counted(0, used, 0).set_line(20_001), accepted);
    }
}

// G6, G7: the limits bind only what adds to the count.
#[test]
fn counters_above_their_limits_with_nothing_added_accepted() {
    let stage = counted(60, 2_000_000, 0);
    stage.set_line(20_000).accepted();
    stage.set_line(10_000).accepted();
    let no_line = Terms {
        line: Amount::ZERO,
        ..stage.world.terms()
    };
    counted(0, 2_000_000, 0).admit_on(no_line).accepted();
    counted(60, 0, 0).set_terms().accepted();
}

// G7: units taken back do not make room for others.
#[test]
fn units_taken_back_do_not_lower_the_counter() {
    let stage = counted(0, 50_000, 0);
    let case = stage.set_line(5_000);
    assert_eq!(longs(&case.outputs[0], R4)[2], 50_000);
    case.accepted();
    case.with(|c| c.set_long(0, R4, 2, 35_000)).refused_at(0);
}

// G6, G7: however long ago, one period's worth leaks and no more (a rate that was higher once leaves a count above it).
#[test]
fn counters_leak_one_period_at_most() {
    let stage = counted(70, 1_200_000, 50_000);
    let case = stage.admit();
    assert_eq!(longs(&case.outputs[0], R4)[1..], [21, 220_000, 0]);
    case.accepted();
    case.clone().with(|c| c.set_long(0, R4, 1, 1)).refused_at(0);
    case.with(|c| c.set_long(0, R4, 2, 20_000)).refused_at(0);
}

// G6, G7: never below nothing.
#[test]
fn counters_leaked_below_nothing_refused() {
    let stage = counted(1, 1_000, 20_000);
    let case = stage.admit();
    assert_eq!(longs(&case.outputs[0], R4)[1..], [1, 20_000, 0]);
    case.accepted();
    case.clone()
        .with(|c| c.set_long(0, R4, 1, -44))
        .refused_at(0);
    case.with(|c| c.set_long(0, R4, 2, 20_000 + 1_000 - 913_242))
        .refused_at(0);
}

// G4, G6: the bounds that count are those of the charter as it stands now.
#[test]
fn committee_under_changed_bounds_follows_them() {
    let stage = Stage::default();
    let raised = stage.charter_with(0, 30_000);
    let lowered = stage.charter_with(0, 29_999);
    for (charter, accepted) in [(raised, true), (lowered, false)] {
        judge(
            stage
                .set_terms()
                .with(|c| c.data_inputs[0] = charter.ergo_box().clone()),
            accepted,
        );
    }
    let none = stage.charter_with(3, 0);
    let mut case = stage
        .admit()
        .with(|c| c.data_inputs[0] = none.ergo_box().clone());
    set_counters(&mut case, stage.world.height.as_i64(), 1, 20_000);
    assert_eq!(longs(&none.ergo_box().clone().into(), R5)[3], 0);
    case.refused_at(0);
}

// G3: an account whose keys or settings are so long that its rent outgrows its floor.
#[test]
fn committee_account_up_to_its_largest_size_accepted() {
    let mut stage = Stage::default();
    let room = 1_999 - size(&stage.set_terms().made(1));
    // One more number in the owner's settings is one more byte, but for the longer count from 128 on.
    for (padding, accepted) in [(room - 1, true), (room, false)] {
        let padded = stage.world.account_with(&stage.account, |c| {
            let mut settings = longs(&c.outputs[0], R6);
            settings.extend(vec![0_i64; padding]);
            c.set_register(0, R6, settings);
        });
        let case = stage.set_terms().with(|c| {
            let settings = longs(&padded.ergo_box().clone().into(), R6);
            c.replace_input(1, padded.ergo_box().clone());
            c.set_register(1, R6, settings);
        });
        assert_eq!(size(&case.made(1)), if accepted { 1_999 } else { 2_000 });
        judge(case, accepted);
    }
    // An applicant who brings a script of sixty keys.
    for (keys, accepted) in [(20, true), (60, false)] {
        let all: Vec<_> = (0..keys).map(|n| key(n + 100)).collect();
        let owner = at_least(keys, &all.iter().collect::<Vec<_>>());
        let application = stage.world.box_with(stage.application.ergo_box(), |c| {
            c.set_register(0, R4, owner.clone());
        });
        let case = stage.admit_instead(application).with(|c| {
            c.set_register(1, R5, vec![owner.clone()]);
        });
        judge(case, accepted);
    }
    stage.account = stage.world.account_with(&stage.account, |c| {
        let mut settings = longs(&c.outputs[0], R6);
        settings.extend(vec![0_i64; room]);
        c.set_register(0, R6, settings);
    });
    let (world, funding) = (
        &stage.world,
        stage.world.funding(&stage.world.committee[0], 1.0),
    );
    let refused = lets_protocol::set_terms(
        &world.lets,
        &world.charter,
        &world.pot,
        &stage.account,
        Terms {
            line: Amount::new(30_000).unwrap(),
            ..stage.account.terms().clone()
        },
        &funding,
        world.params(),
    );
    let limit = lets_protocol::rules::SET_ACCOUNT_BYTES;
    assert!(matches!(
        refused,
        Err(SetTermsError::Rule(RuleViolation::AccountSize { size: 2_000, limit: l })) if l == limit
    ));
}
