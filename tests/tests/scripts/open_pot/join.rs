//! Joining: J1 to J16.

use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6, R7, R8};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::cor::Cor;
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::{SigmaBoolean, SigmaProp};
use lets_contracts::OracleNft;
use lets_protocol::rules::open::OpenViolation;
use lets_protocol::{Amount, Join, Kind, Link, NanoErg, OpenError, Settings};
use lets_tests::case::{longs, size};
use lets_tests::hand::junk;
use lets_tests::open::{BACKING, ORACLE, UNITS, asking};
use lets_tests::world::{at_least, key, p2pk, prop};
use lets_tests::{Case, OpenStage};

fn joins() -> Vec<(OpenStage, Case)> {
    let stages = Kind::ALL.map(OpenStage::of);
    stages.into_iter().map(|s| (s.clone(), s.join())).collect()
}

fn ask(stage: &OpenStage) -> Join {
    asking(stage.pot.policy(), &stage.joiner())
}

/// What the off-chain twin says of joining so.
fn twin(stage: &OpenStage, ask: Join) -> OpenViolation {
    match lets_protocol::join(stage.at(), ask, &stage.funding(&stage.joiner(), 5_000.0)) {
        Err(OpenError::Open(violation)) => violation,
        other => panic!("{other:?}"),
    }
}

// J1: none, or two of which one is the thief's.
#[test]
fn join_with_another_number_of_membership_tokens_refused() {
    for (stage, case) in joins() {
        let id = stage.membership();
        let spare = case.outputs.len() - 2;
        case.clone()
            .with(|c| c.move_token(0, spare, id, 1))
            .refused_at(0);
        case.clone()
            .with(|c| {
                c.move_token(0, 1, id, 1);
            })
            .refused_at(0);
        let mut brought = case.clone();
        let holder = key(240);
        brought.add_input(stage.holding(&holder, &[(id, 1)]), spare);
        brought.signers.push(holder);
        brought.set_tokens(0, |all| all[1].1 += 1);
        brought.refused_at(0);
    }
}

// J2
#[test]
fn join_into_a_box_that_is_no_account_refused() {
    for (_, case) in joins() {
        case.clone()
            .with(|c| c.outputs[1].ergo_tree = p2pk(&key(250)))
            .refused_at(0);
        case.clone()
            .with(|c| c.set_register(1, R8, 0_i64))
            .refused_at(0);
    }
    for (name, stage, mut case) in OpenStage::account_actions() {
        if name.starts_with("join") {
            stage.put_off(name, &mut case, 6_000);
            let aged = |age: u32| {
                let made = case.height - age;
                case.clone().with(|c| c.outputs[1].creation_height = made)
            };
            aged(5_039).accepted();
            aged(5_040).refused_at(0);
        }
    }
}

/// One of seven keys, within so many levels that change nothing.
fn long_key(levels: usize) -> SigmaProp {
    let keys = [0, 1, 2, 3, 4, 5, 6].map(key);
    let innermost = SigmaBoolean::from(at_least(1, &keys.each_ref()));
    SigmaProp::from((0..levels).fold(innermost, |inner, _| {
        let items = vec![inner, SigmaBoolean::TrivialProp(false)];
        SigmaBoolean::from(Cor {
            items: items.try_into().unwrap(),
        })
    }))
}

// J2: below 1,500 bytes, by a key that is as long as it likes, and a number.
#[test]
fn join_with_a_box_too_large_refused() {
    let join = OpenStage::of(Kind::Lets1).join();
    let with = |levels: usize, direct: i64| {
        join.clone().with(|c| {
            c.set_register(1, R5, vec![long_key(levels)]);
            c.set_long(1, R6, 0, direct);
        })
    };
    let of_size = |bytes: usize| {
        let all = (0..15).flat_map(|levels| (0..9).map(move |n| (levels, 1_i64 << (7 * n))));
        all.map(|(levels, direct)| with(levels, direct))
            .find(|case| size(&case.made(1)) == bytes)
            .unwrap()
    };
    of_size(1_499).accepted();
    of_size(1_500).refused_at(0);
}

// J3
#[test]
fn join_with_other_tokens_refused() {
    for (stage, case) in joins() {
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            case.clone()
                .with(|c| c.set_tokens(1, |all| all.swap(a, b)))
                .refused_at(0);
        }
        let mut more = case.clone();
        stage.add_junk(&mut more, 1);
        more.refused_at(0);
        // Somebody else's token for a number.
        let mut number = case.clone();
        stage.add_junk(&mut number, 3);
        number.set_tokens(3, |all| all.retain(|(id, _)| *id != junk(77)));
        number.set_tokens(1, |all| all[1] = (junk(77), 5));
        number.refused_at(0);
        // The membership token, or the new number, for a thief, and junk in its place.
        let spare = case.outputs.len() - 2;
        for place in [0, 1] {
            let mut stolen = case.clone();
            stage.add_junk(&mut stolen, spare);
            let mut taken = Vec::new();
            stolen.set_tokens(1, |all| {
                taken.push(all[place]);
                all[place] = (junk(77), 5);
            });
            stolen.set_tokens(spare, |all| {
                all.retain(|(id, _)| *id != junk(77));
                all.append(&mut taken);
            });
            stolen.refused_at(0);
        }
        // A unit of those given stays with the thief; one is burnt.
        let unit = stage.unit();
        case.clone()
            .with(|c| c.steal(1, unit, 1, spare))
            .refused_at(0);
        case.with(|c| c.set_tokens(1, |all| all[2].1 -= 1))
            .refused_at(0);
    }
}

// J3: who is given none has none in his account.
#[test]
fn join_without_units_accepted_with_a_third_token_refused() {
    for kind in [Kind::Lets1, Kind::Lets3] {
        let stage = OpenStage::of(kind);
        let none = Join {
            units: Amount::ZERO,
            backing: NanoErg(0),
            ..ask(&stage)
        };
        let case = stage.join_as(none);
        case.accepted();
        let mut more = case;
        stage.add_junk(&mut more, 1);
        more.refused_at(0);
    }
}

// J4: a second account of the same number, or the token kept by a thief.
#[test]
fn join_with_two_account_tokens_refused() {
    for (stage, case) in joins() {
        let number = stage.pot.ergo_box().box_id().into();
        for output in 0..case.outputs.len() - 1 {
            case.clone()
                .with(|c| {
                    c.set_tokens(output, |all| {
                        match all.iter_mut().find(|(id, _)| *id == number) {
                            Some(token) => token.1 += 1,
                            None => all.push((number, 1)),
                        }
                    })
                })
                .refused_at(0);
        }
    }
}

// J5
#[test]
fn join_with_none_or_two_keys_refused() {
    for (_, case) in joins() {
        case.clone()
            .with(|c| c.set_register(1, R5, Vec::<SigmaProp>::new()))
            .refused_at(0);
        case.with(|c| c.set_register(1, R5, vec![prop(&key(1)), prop(&key(2))]))
            .refused_at(0);
    }
}

// J6
#[test]
fn join_with_other_settings_refused() {
    for (_, case) in joins() {
        let own = longs(&case.outputs[1], R6);
        let height = i64::from(case.height);
        for (place, number, accepted) in [
            (0, 0, true),
            (0, i64::MAX, true),
            (1, 0, true),
            (1, height, true),
            (1, height + 1, false),
            (1, -1, false),
            (2, 1, false),
            (2, -1, false),
            (3, 1, false),
        ] {
            let bent = case.clone().with(|c| c.set_long(1, R6, place, number));
            match accepted {
                true => drop(bent.accepted()),
                false => bent.refused_at(0),
            }
        }
        case.clone()
            .with(|c| c.set_register(1, R6, [own.as_slice(), &[0]].concat()))
            .refused_at(0);
        case.with(|c| c.set_register(1, R6, own[..3].to_vec()))
            .refused_at(0);
    }
}

// J7
#[test]
fn join_with_links_of_any_length() {
    let case = OpenStage::of(Kind::Lets1).join();
    for length in [0, 1, 31, 32, 33, 34, 64, 65] {
        let linked = case
            .clone()
            .with(|c| c.set_register(1, R7, vec![1_u8; length]));
        match [0, 32, 33].contains(&length) {
            true => drop(linked.accepted()),
            false => linked.refused_at(0),
        }
    }
}

// J8: each number of the terms, and how many there are.
#[test]
fn join_on_other_terms_refused() {
    for (_, case) in joins() {
        let terms = longs(&case.outputs[1], R4);
        for place in [0, 1, 2, 4, 5, 6, 7] {
            for by in [-1, 1] {
                case.clone()
                    .with(|c| c.set_long(1, R4, place, terms[place] + by))
                    .refused_at(0);
            }
        }
        case.clone()
            .with(|c| c.set_register(1, R4, [terms.as_slice(), &[0]].concat()))
            .refused_at(0);
        case.with(|c| c.set_register(1, R4, terms[..8].to_vec()))
            .refused_at(0);
    }
}

// J8: the published LETS tested the joiner's old balance and not the new account's: joining with a million.
#[test]
fn join_with_a_balance_refused() {
    for (_, case) in joins() {
        case.with(|c| c.set_long(1, R4, 0, -1_000_000))
            .refused_at(0);
    }
}

// J9
#[test]
fn join_with_less_erg_than_the_floor_refused() {
    for (stage, case) in joins() {
        let floor = longs(&case.outputs[1], R4)[3].unsigned_abs();
        let spare = case.outputs.len() - 2;
        let over = *case.outputs[1].value.as_u64() - floor;
        case.clone().with(|c| c.move_erg(1, spare, over)).accepted();
        case.with(|c| c.move_erg(1, spare, over + 1)).refused_at(0);
        assert!(floor >= stage.pot.policy().floor.0);
    }
}

// J10: the fee stays in the pot, to the nanoErg, while the oracle is live.
#[test]
fn join_without_the_fee_refused() {
    for kind in [Kind::Lets2, Kind::Lets4] {
        let stage = OpenStage::of(kind);
        let case = stage.join();
        case.clone().with(|c| c.move_erg(0, 2, 1)).refused_at(0);
        case.clone().with(|c| c.move_erg(2, 0, 1)).accepted();
        // Paid, and to somebody.
        let fee = stage.pot.policy().fee.0;
        case.with(|c| c.move_erg(0, 2, fee)).refused_at(0);
    }
}

// J11
#[test]
fn join_with_a_floor_below_the_policys_refused() {
    let stage = OpenStage::of(Kind::Lets1);
    let none = Join {
        units: Amount::ZERO,
        backing: NanoErg(0),
        ..ask(&stage)
    };
    let case = stage.join_as(none);
    let floor = longs(&case.outputs[1], R4)[3];
    case.clone()
        .with(|c| c.set_long(1, R4, 3, floor - 1))
        .refused_at(0);
    case.with(|c| c.set_long(1, R4, 3, floor + 1)).accepted();
}

// J12
#[test]
fn join_with_another_lock() {
    let stage = OpenStage::of(Kind::Lets1);
    let case = stage.join();
    let least = i64::from(case.height) + i64::from(stage.pot.policy().lock.0);
    for (end, accepted) in [
        (least - 1, false),
        (least, true),
        (least + 5_040, true),
        (least + 5_041, false),
        (0, false),
        (i64::MAX, false),
    ] {
        let bent = case.clone().with(|c| c.set_long(1, R4, 8, end));
        match accepted {
            true => drop(bent.accepted()),
            false => bent.refused_at(0),
        }
    }
}

// J13, J16: the price at the cover, to the nanoErg; and the twin says the same.
#[test]
fn join_with_less_backing_than_the_cover_refused() {
    for kind in [Kind::Lets1, Kind::Lets3] {
        let stage = OpenStage::of(kind);
        stage.join().accepted();
        let short = Join {
            backing: NanoErg(BACKING - 1),
            ..ask(&stage)
        };
        match twin(&stage, short) {
            OpenViolation::Cover { most, needed, .. } => {
                assert_eq!((most.units(), needed), (UNITS - 1, NanoErg(BACKING)));
            }
            other => panic!("{other:?}"),
        }
        let mut case = stage.join();
        match kind {
            Kind::Lets1 => {
                let floor = longs(&case.outputs[1], R4)[3];
                case.set_long(1, R4, 3, floor - 1);
            }
            _ => case.move_erg(0, 2, 1),
        }
        case.refused_at(0);
    }
}

// J13, J16: the longest line, and the most units bought at once.
#[test]
fn join_with_more_than_the_policy_gives_refused() {
    for kind in [Kind::Lets1, Kind::Lets3] {
        let stage = OpenStage::of(kind);
        let at = |units: i64| Join {
            units: Amount::new(units).unwrap(),
            backing: NanoErg(20_000_000 * units.unsigned_abs()),
            ..ask(&stage)
        };
        assert!(matches!(
            twin(&stage, at(100_001)),
            OpenViolation::Credit { most, .. } if most.units() == 100_000
        ));
        let rich = |ask: Join| {
            let (proposal, _, _) =
                lets_protocol::join(stage.at(), ask, &stage.funding(&stage.joiner(), 5_000.0))
                    .unwrap();
            Case::of(&proposal, stage.height, &[&stage.joiner()])
        };
        let most = rich(at(100_000));
        most.accepted();
        let unit = stage.unit();
        most.with(|c| {
            c.move_token(0, 1, unit, 1);
            match kind {
                Kind::Lets1 => {
                    let floor = longs(&c.outputs[1], R4)[3];
                    c.set_long(1, R4, 0, 100_001);
                    c.set_long(1, R4, 1, 100_001);
                    c.set_long(1, R4, 3, floor + 20_000_000);
                    c.move_erg(2, 1, 20_000_000);
                }
                _ => c.move_erg(2, 0, 20_000_000),
            }
        })
        .refused_at(0);
    }
}

// J14: the published LETS-2 and LETS-4 gave what the joiner wrote.
#[test]
fn join_with_more_or_less_than_is_given_refused() {
    for kind in [Kind::Lets2, Kind::Lets4] {
        let stage = OpenStage::of(kind);
        let other = Join {
            units: Amount::new(5_001).unwrap(),
            ..ask(&stage)
        };
        assert!(matches!(twin(&stage, other), OpenViolation::Credit { .. }));
        let unit = stage.unit();
        for more in [true, false] {
            stage
                .join()
                .with(|c| {
                    match more {
                        true => c.move_token(0, 1, unit, 1),
                        false => c.move_token(1, 0, unit, 1),
                    }
                    if kind == Kind::Lets2 {
                        let units = if more { 5_001 } else { 4_999 };
                        c.set_long(1, R4, 0, units);
                        c.set_long(1, R4, 1, units);
                    }
                })
                .refused_at(0);
        }
    }
}

// J15
#[test]
fn join_with_another_floor_or_a_lock_refused() {
    for kind in [Kind::Lets2, Kind::Lets3, Kind::Lets4] {
        let case = OpenStage::of(kind).join();
        let floor = longs(&case.outputs[1], R4)[3];
        for by in [-1, 1] {
            case.clone()
                .with(|c| c.set_long(1, R4, 3, floor + by))
                .refused_at(0);
        }
        case.with(|c| c.set_long(1, R4, 8, 1)).refused_at(0);
    }
}

// The pot decides about whatever stands at INPUTS(1): a member's account is no joiner's wallet.
#[test]
fn join_with_an_account_in_the_wallets_place_refused() {
    for (stage, case) in joins() {
        let mut case = case;
        let account = stage.account.ergo_box().clone();
        let value = *account.value.as_u64();
        let to = case.outputs.len() - 2;
        case.inputs.insert(1, (account, ContextExtension::empty()));
        case.give_erg(to, value);
        case.signers.push(stage.owner.clone());
        case.refused_at(0);
    }
}

// The builder refuses what no rule of the script forbids: it would harm him who joins.
#[test]
fn join_by_a_link_to_this_lets_or_into_an_empty_pot_refused() {
    let stage = OpenStage::of(Kind::Lets1);
    // The oracle's box stands where the pot looks for it, and has no key in R4: the account would be frozen.
    let oracle = OracleNft::from(ORACLE).into();
    for link in [
        Link::Contract(stage.membership()),
        Link::FollowsBox(oracle),
        Link::Contract(oracle),
    ] {
        let linked = Join {
            link,
            ..ask(&stage)
        };
        assert!(matches!(
            lets_protocol::join(stage.at(), linked, &stage.funding(&stage.joiner(), 900.0)),
            Err(OpenError::Linked)
        ));
    }
    let notes_only = Join {
        smallest_direct: Settings::NOTES_ONLY,
        ..ask(&stage)
    };
    stage.join_as(notes_only).accepted();
    let mut empty = stage.clone();
    empty.bend_pot(|c| c.set_tokens(0, |all| all[1].1 = 1));
    assert!(matches!(
        lets_protocol::join(
            empty.at(),
            ask(&empty),
            &empty.funding(&empty.joiner(), 900.0)
        ),
        Err(OpenError::PotEmpty { .. })
    ));
}
