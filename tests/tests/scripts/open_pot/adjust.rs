//! A LETS-1's lines and collateral: W1 to W10.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R7};
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{Amount, Kind, NanoErg, OpenError};
use lets_tests::case::longs;
use lets_tests::hand::junk;
use lets_tests::open::{BACKING, EPOCH, RATE, UNITS};
use lets_tests::{Case, OpenStage};

/// A LETS-1 whose first member has this balance, the lock over.
fn unlocked(balance: i64) -> OpenStage {
    OpenStage::of(Kind::Lets1)
        .indebted(-balance)
        .later(2_000, RATE)
}

/// What the off-chain twin says.
fn twin(stage: &OpenStage, line: i64, collateral: u64) -> OpenViolation {
    let funding = stage.funding(&stage.owner, 9_000.0);
    let line = Amount::new(line).unwrap();
    let made = lets_protocol::adjust(
        stage.at(),
        &stage.account,
        line,
        NanoErg(collateral),
        &funding,
    );
    match made {
        Err(OpenError::Open(violation)) => violation,
        other => panic!("{other:?}"),
    }
}

/// The account's next box holds so many units more than the case says, which the pot gives.
fn give(stage: &OpenStage, case: &mut Case, units: i64) {
    let unit = stage.unit();
    match units > 0 {
        true => case.move_token(0, 1, unit, units.unsigned_abs()),
        false => case.move_token(1, 0, unit, units.unsigned_abs()),
    }
}

#[test]
fn adjust_up_and_down_accepted() {
    for balance in [0, -5_000, 700] {
        let stage = unlocked(balance);
        stage.adjust(30_000, 3 * BACKING / 2).accepted();
        stage.adjust(10_000, BACKING / 2).accepted();
        stage.adjust(5_000, BACKING / 4).accepted();
    }
    unlocked(0).adjust(0, 0).accepted();
    unlocked(700).adjust(0, 0).accepted();
}

// W1
#[test]
fn adjust_with_less_or_more_issued_refused() {
    for (balance, line) in [(0, 30_000), (-5_000, 10_000), (-15_000, 5_000)] {
        let stage = unlocked(balance);
        let case = stage.adjust(line, 2 * BACKING);
        case.accepted();
        let units = case.outputs[1].tokens.as_ref().unwrap().len() - 2;
        for by in [1, -1].into_iter().take(units + 1) {
            case.clone()
                .with(|c| {
                    let issued = longs(&c.outputs[1], R4)[0];
                    c.set_long(1, R4, 0, issued + by);
                    give(&stage, c, by);
                })
                .refused_at(0);
        }
    }
}

// W2: a balance made out of nothing, or lost.
#[test]
fn adjust_changing_the_balance_refused() {
    let stage = unlocked(0);
    for by in [-1, 1] {
        stage
            .adjust(30_000, 2 * BACKING)
            .with(|c| give(&stage, c, by))
            .refused_at(0);
        stage
            .adjust(30_000, 2 * BACKING)
            .with(|c| c.set_long(1, R4, 0, 30_000 + by))
            .refused_at(0);
    }
}

// W3: units that the pot does not give, or that it gives to another.
#[test]
fn adjust_with_units_from_or_to_elsewhere_refused() {
    let stage = unlocked(0);
    let unit = stage.unit();
    let case = stage.adjust(30_000, 2 * BACKING);
    case.clone().with(|c| c.steal(0, unit, 1, 2)).refused_at(0);
    let holder = lets_tests::world::key(240);
    let mut brought = case;
    brought.add_input(stage.holding(&holder, &[(unit, 10_000)]), 2);
    brought.signers.push(holder);
    brought.set_tokens(0, |all| all[2].1 += 10_000);
    brought.refused_at(0);
}

// W4
#[test]
fn adjust_past_the_longest_line_refused() {
    let stage = unlocked(0);
    assert!(matches!(
        twin(&stage, 100_001, 6 * BACKING),
        OpenViolation::Credit { most, .. } if most.units() == 100_000
    ));
    let funding = stage.funding(&stage.owner, 9_000.0);
    let line = Amount::new(100_000).unwrap();
    let (proposal, _, _) = lets_protocol::adjust(
        stage.at(),
        &stage.account,
        line,
        NanoErg(6 * BACKING),
        &funding,
    )
    .unwrap();
    let case = Case::of(&proposal, stage.height, &[&stage.owner]);
    case.accepted();
    case.with(|c| {
        c.set_long(1, R4, 0, 100_001);
        c.set_long(1, R4, 1, 100_001);
        give(&stage, c, 1);
    })
    .refused_at(0);
    // Below 0: issued would be the debt.
    unlocked(-5_000)
        .adjust(0, BACKING)
        .with(|c| c.set_long(1, R4, 1, -1))
        .refused_at(0);
}

// W5
#[test]
fn adjust_below_the_policys_floor_refused() {
    let case = unlocked(0).adjust(0, 0);
    case.accepted();
    case.with(|c| {
        let floor = longs(&c.outputs[1], R4)[3];
        c.set_long(1, R4, 3, floor - 1);
    })
    .refused_at(0);
}

// W6
#[test]
fn adjust_freeing_collateral_before_the_lock_has_ended_refused() {
    let stage = unlocked(0);
    let end = stage.account.terms().class;
    let case = stage.adjust(1_000, BACKING - 1);
    // The wallet's box is younger than that.
    let wallet = stage.box_with(&case.inputs[2].0, |c| {
        c.outputs[0].creation_height = stage.pot.created().0
    });
    let at = |height: i64| {
        case.clone().with(|c| {
            c.replace_input(2, wallet.clone());
            c.height = u32::try_from(height).unwrap();
            c.created_ago(1);
            let other = stage.clone().told(RATE, EPOCH, c.height - 5);
            c.set_register(0, R4, vec![other.oracle.created().as_i64(), RATE]);
            c.data_inputs = vec![other.oracle.ergo_box().clone()];
        })
    };
    at(end + 1).accepted();
    at(end).refused_at(0);
    // As much as before is no matter of the lock.
    let locked = OpenStage::of(Kind::Lets1);
    locked.adjust(1_000, BACKING).accepted();
    assert!(matches!(
        twin(&locked, 1_000, BACKING - 1),
        OpenViolation::Locked { until, .. } if until == end + 1
    ));
    // What rent or a liquidation has taken counts no longer: the floor may fall to what is there.
    let mut poorer = locked.clone();
    poorer.account = poorer.account_with(&locked.account, |c| c.take_erg(0, 100_000_000 + 7));
    let case = poorer.adjust(1_000, BACKING - 7);
    case.accepted();
    case.with(|c| {
        let floor = longs(&c.outputs[1], R4)[3];
        c.set_long(1, R4, 3, floor - 1);
    })
    .refused_at(0);
}

// W7
#[test]
fn adjust_changing_cap_rules_or_lock_refused() {
    for (line, collateral) in [(30_000, 2 * BACKING), (10_000, BACKING)] {
        let case = unlocked(0).adjust(line, collateral);
        let terms = longs(&case.outputs[1], R4);
        for place in [2, 4, 5, 6, 7, 8] {
            for by in [-1, 1] {
                case.clone()
                    .with(|c| c.set_long(1, R4, place, terms[place] + by))
                    .refused_at(0);
            }
        }
        case.clone()
            .with(|c| c.set_register(1, R4, terms[..8].to_vec()))
            .refused_at(0);
        case.with(|c| c.set_register(1, R4, [terms.as_slice(), &[7, 7]].concat()))
            .refused_at(0);
    }
}

// W8
#[test]
fn adjust_with_less_erg_than_the_floor_refused() {
    let case = unlocked(0).adjust(30_000, 2 * BACKING);
    let floor = longs(&case.outputs[1], R4)[3].unsigned_abs();
    let over = *case.outputs[1].value.as_u64() - floor;
    case.clone().with(|c| c.move_erg(1, 2, over)).accepted();
    case.with(|c| c.move_erg(1, 2, over + 1)).refused_at(0);
}

// W9: the price of all that is issued, line or debt, to the nanoErg.
#[test]
fn adjust_with_less_collateral_than_the_cover_refused() {
    for (balance, line, needed) in [
        (0, 30_000, 600_000_000_000_u64),
        (-15_000, 5_000, 300_000_000_000),
        (700, 10_000, 200_000_000_000),
    ] {
        let stage = unlocked(balance);
        match twin(&stage, line, needed - 1) {
            OpenViolation::Cover { needed: said, .. } => assert_eq!(said, NanoErg(needed)),
            other => panic!("{other:?}"),
        }
        let case = stage.adjust(line, needed);
        case.accepted();
        case.with(|c| {
            let floor = longs(&c.outputs[1], R4)[3];
            c.set_long(1, R4, 3, floor - 1);
        })
        .refused_at(0);
    }
}

// W9, W10: a mark goes with the cover, or with the last unit issued, and not otherwise.
#[test]
fn adjust_of_a_called_account() {
    let called = OpenStage::called(UNITS, 2 * RATE);
    let mark = called.account.terms().spend_on.clone();
    assert_eq!(mark.len(), 1);
    // More collateral than before, and not enough: the mark stays.
    let more = called.adjust(0, BACKING + 1);
    more.accepted();
    assert_eq!(longs(&more.outputs[1], R4)[9..], mark[..]);
    more.clone()
        .with(|c| {
            let terms = longs(&c.outputs[1], R4);
            c.set_register(1, R4, terms[..9].to_vec());
        })
        .refused_at(0);
    for other in [mark[0] - 1, mark[0] + 1, 0] {
        more.clone()
            .with(|c| c.set_long(1, R4, 9, other))
            .refused_at(0);
    }
    // Enough: it goes.
    let enough = called.adjust(0, 2 * BACKING);
    enough.accepted();
    assert_eq!(longs(&enough.outputs[1], R4).len(), 9);
    // Nothing owed any more.
    let mut paid = called.clone();
    paid.account = paid.balanced(&called.account, 0);
    let free = paid.adjust(0, 0);
    free.accepted();
    assert_eq!(longs(&free.outputs[1], R4).len(), 9);
}

// W10: a line that grows, or a floor that falls, asks for the price.
#[test]
fn adjust_without_the_oracle_only_to_less_credit_on_more_collateral() {
    let mut stage = unlocked(0);
    let made = stage.height.0 - 3_000;
    stage = stage.told(RATE, 1_000, made);
    for (line, collateral) in [(UNITS, BACKING), (UNITS, 2 * BACKING), (5, BACKING)] {
        let case = stage.adjust(line, collateral);
        assert!(case.data_inputs.is_empty());
        case.accepted();
    }
    let case = stage.adjust(UNITS - 1, BACKING + 1);
    case.clone()
        .with(|c| {
            c.set_long(1, R4, 0, UNITS + 1);
            c.set_long(1, R4, 1, UNITS + 1);
            give(&stage, c, 2);
        })
        .refused_at(0);
    case.with(|c| {
        let floor = longs(&c.outputs[1], R4)[3];
        c.set_long(1, R4, 3, floor - 2);
    })
    .refused_at(0);
}

// X6: by the owner alone.
#[test]
fn adjust_without_the_owners_signature_unproven() {
    let stage = unlocked(0);
    for line in [30_000, 10_000, 0] {
        let case = stage.adjust(line, 2 * BACKING);
        let funder = case.inputs[2].0.clone();
        // Somebody else pays: only the owner's own proof is missing.
        let stranger = lets_tests::world::key(240);
        let other = stage.box_with(&funder, |c| {
            c.outputs[0].ergo_tree = lets_tests::world::p2pk(&stranger)
        });
        case.with(|c| {
            c.replace_input(2, other);
            c.signers = vec![stranger, stage.other_key.clone(), stage.treasury.clone()];
        })
        .unproven();
    }
}

// X6: an account that follows a box is adjusted by the box's key, the last data input beside the oracle.
#[test]
fn adjust_of_a_following_account_beside_the_oracle() {
    let stage = unlocked(0);
    let keeper = lets_tests::world::key(241);
    let followed = stage.box_with(&stage.holding(&keeper, &[(junk(5), 1)]), |c| {
        c.set_register(0, R4, lets_tests::world::prop(&keeper))
    });
    let link: Vec<u8> = junk(5).into();
    let case = stage.adjust(30_000, 2 * BACKING);
    let account = stage.box_with(stage.account.ergo_box(), |c| {
        c.set_register(0, R7, link.clone())
    });
    let case = case.with(|c| {
        c.replace_input(1, account);
        c.set_register(1, R7, link);
        c.data_inputs.push(followed);
        c.signers.push(keeper);
    });
    case.accepted();
    case.with(|c| c.data_inputs.swap(0, 1)).refused_at(0);
}

// Collateral belongs to LETS-1 alone.
#[test]
fn adjust_in_another_kind_refused() {
    for kind in [Kind::Lets2, Kind::Lets3, Kind::Lets4] {
        let stage = OpenStage::of(kind).later(2_000, RATE);
        let funding = stage.funding(&stage.owner, 900.0);
        let made = lets_protocol::adjust(
            stage.at(),
            &stage.account,
            Amount::new(30_000).unwrap(),
            NanoErg(2 * BACKING),
            &funding,
        );
        assert!(matches!(
            made,
            Err(OpenError::Open(OpenViolation::Kind { .. }))
        ));
        // What a LETS-1's pot accepts, with this policy's number: a line out of nothing.
        let one = unlocked(0);
        let pot = one.box_with(one.pot.ergo_box(), |c| c.set_long(0, R5, 0, kind.number()));
        one.adjust(30_000, 2 * BACKING)
            .with(|c| {
                c.replace_input(0, pot);
                c.set_long(0, R5, 0, kind.number());
            })
            .refused_at(0);
    }
}
