//! The off-chain twins in `lets_protocol::rules` refuse exactly where the pot does.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5};
use lets_protocol::rules::{Counted, check_rates, check_refresh, check_terms};
use lets_protocol::{
    AdmitError, Amount, ApplicationBox, Blocks, Height, NanoErg, RuleViolation, Terms,
};
use lets_tests::case::longs;
use lets_tests::world::key;
use lets_tests::{Case, Stage, World};

#[track_caller]
fn judge(case: &Case, accepted: bool) {
    match accepted {
        true => drop(case.accepted()),
        false => case.refused_at(0),
    }
}

/// The limits of every term as `(terms, inside)`.
fn limits(stage: &Stage) -> Vec<(Terms, bool)> {
    let bounds = stage.world.charter.bounds().clone();
    let units = |n: i64| Amount::new(n).unwrap();
    let plain = stage.world.terms();
    let floor = bounds.account_floor.0;
    let classes = |n: i64| (1..=n).collect::<Vec<_>>();
    let line = |n: Amount, more: i64| Terms {
        line: units(n.units() + more),
        ..plain.clone()
    };
    let cap = |n: Amount, more: i64| Terms {
        cap: units(n.units() + more),
        ..plain.clone()
    };
    let with_floor = |n: u64| Terms {
        floor: NanoErg(n),
        ..plain.clone()
    };
    let class = |class: i64| Terms {
        class,
        ..plain.clone()
    };
    let spend_on = |spend_on: Vec<i64>| Terms {
        spend_on,
        ..plain.clone()
    };
    let rate = |n: i64| Terms {
        draw_rate: units(n),
        ..plain.clone()
    };
    vec![
        (line(bounds.max_line, 0), true),
        (line(bounds.max_line, 1), false),
        (cap(bounds.max_cap, 0), true),
        (cap(bounds.max_cap, 1), false),
        (with_floor(floor - 1), false),
        (with_floor(floor), true),
        (with_floor(floor + 1), false),
        (rate(10_000_000_000), true),
        (rate(10_000_000_001), false),
        (class(-1), false),
        (class(0), true),
        (class(1_000_000_000_000), true),
        (class(1_000_000_000_001), false),
        (spend_on(classes(8)), true),
        (spend_on(classes(9)), false),
        (spend_on(vec![3, -1]), false),
        (spend_on(vec![1_000_000_000_000]), true),
        (spend_on(vec![3, 1_000_000_000_001]), false),
        (
            Terms {
                largest_draw: Amount::MAX,
                draw_limit: Amount::MAX,
                ..plain.clone()
            },
            true,
        ),
    ]
}

// G4
#[test]
fn check_terms_refuses_where_the_pot_does() {
    let stage = Stage::default();
    for (terms, inside) in limits(&stage) {
        let twin = check_terms(&stage.world.charter, &terms);
        assert_eq!(twin.is_ok(), inside, "{terms:?}: {twin:?}");
        let plain = Terms {
            line: terms.line,
            ..stage.world.terms()
        };
        for mut case in [stage.set_terms_to(plain.clone()), stage.admit_on(plain)] {
            let issued = Amount::new(longs(&case.outputs[1], R4)[0]).unwrap();
            case.set_register(
                1,
                R4,
                Terms {
                    issued,
                    ..terms.clone()
                }
                .to_longs(),
            );
            judge(&case, inside);
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

/// The twin's word about the stage's admission (with this line) and about raising the member's line by as much, against
/// the pot's. Where the twin agrees its own counters must be those that the pot wants.
fn compare_rates(stage: &Stage, line: i64) -> [bool; 2] {
    let world = &stage.world;
    let terms = Terms {
        line: Amount::new(line).unwrap(),
        ..world.terms()
    };
    let raised = 20_000 + line;
    [(1, stage.admit_on(terms)), (0, stage.set_line(raised))].map(|(admitted, mut case)| {
        let twin = check_rates(
            &world.charter,
            &world.pot,
            Counted {
                admitted,
                issued: line,
                started: 0,
            },
            world.height,
        );
        if let Ok(counters) = &twin {
            case.set_register(
                0,
                R4,
                vec![
                    counters.stamp,
                    counters.admissions,
                    counters.issued,
                    counters.recoveries,
                ],
            );
        }
        judge(&case, twin.is_ok());
        twin.is_ok()
    })
}

// G6, G7: at each limit, without and with leaking.
#[test]
fn check_rates_refuses_where_the_pot_does() {
    assert_eq!(compare_rates(&counted(49, 0, 0), 0), [true, true]);
    assert_eq!(compare_rates(&counted(50, 0, 0), 0), [false, true]);
    assert_eq!(compare_rates(&counted(50, 0, 437), 0), [false, true]);
    assert_eq!(compare_rates(&counted(50, 0, 438), 0), [true, true]);
    assert_eq!(compare_rates(&counted(0, 990_000, 0), 10_000), [true, true]);
    assert_eq!(
        compare_rates(&counted(0, 990_001, 0), 10_000),
        [false, false]
    );
    assert_eq!(
        compare_rates(&counted(0, 1_000_000, 218), 10_000),
        [false, false]
    );
    assert_eq!(
        compare_rates(&counted(0, 1_000_000, 219), 10_000),
        [true, true]
    );
    assert_eq!(compare_rates(&counted(0, 2_000_000, 0), 0), [true, true]);
    assert_eq!(
        compare_rates(&counted(120, 2_000_000, 50_000), 80_000),
        [false, false]
    );
}

/// A generator of numbers that is the same everywhere (the constants are Knuth's).
struct Random(u64);

impl Random {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as i64
    }
}

// G5, G6, G7: anywhere.
#[test]
fn check_rates_of_random_counters_agrees_with_the_pot() {
    let mut random = Random(7);
    let mut seen = [0; 2];
    for _ in 0..20 {
        let (admissions, issued) = (40 + random.below(15), 900_000 + random.below(150_000));
        let stage = counted(admissions, issued, random.below(3_000) as u32);
        for accepted in compare_rates(&stage, random.below(80_000)) {
            seen[usize::from(accepted)] += 1;
        }
    }
    assert!(
        seen.iter().all(|&n| n > 5),
        "refused and accepted {seen:?}: the draws prove too little"
    );
}

// G6, G7: at the height that the twin names both pass. Counted from the pot's stamp on it is the first.
#[test]
fn check_rates_names_a_height_that_passes() {
    for (admissions, issued, ago, line) in [
        (50, 0, 0, 0),
        (53, 0, 0, 0),
        (0, 1_000_000, 0, 10_000),
        (50, 0, 100, 0),
        (0, 1_000_003, 100, 10_000),
    ] {
        let stage = counted(admissions, issued, ago);
        let world = &stage.world;
        let refused = check_rates(
            &world.charter,
            &world.pot,
            Counted::admission(line),
            world.height,
        );
        let Err(RuleViolation::Rate {
            from: Some(from), ..
        }) = refused
        else {
            panic!("{refused:?}")
        };
        let wait = from.0 - world.height.0;
        // The same pot, seen later: what it counted is so much longer ago.
        let seen = |wait: u32, passes: bool| {
            let stage = counted(admissions, issued, ago + wait);
            let world = &stage.world;
            let twin = check_rates(
                &world.charter,
                &world.pot,
                Counted::admission(line),
                world.height,
            );
            assert_eq!(
                twin.is_ok(),
                passes,
                "{admissions} {issued} {ago}: {wait} blocks later"
            );
            judge(
                &stage.admit_on(Terms {
                    line: Amount::new(line).unwrap(),
                    ..world.terms()
                }),
                passes,
            );
        };
        seen(wait, true);
        if ago == 0 {
            seen(wait - 1, false);
        }
    }
}

// F1
#[test]
fn check_refresh_refuses_where_the_pot_does() {
    let stage = Stage::default();
    let created = stage.world.pot.created();
    let limit = created.0 + Blocks::REFRESH_AGE.0;
    for height in [limit - 1, limit, limit + 1] {
        let twin = check_refresh(created, Height(height));
        // The transaction is included in the next block at the earliest.
        let mut case = stage.refresh();
        case.height = height + 1;
        case.created_ago(1);
        judge(&case, twin.is_ok());
        assert_eq!(twin.is_ok(), height >= limit);
    }
}

#[test]
fn admit_with_a_link_to_the_lets_own_tokens_refused_by_the_builder() {
    let world = World::new(90);
    let application = world.application(&key(1));
    let ids = world.lets.ids();
    let admit_with = |link: Vec<u8>| {
        let bent = world.box_with(application.ergo_box(), |c| {
            c.set_register(0, R5, [ids.pot_nft.bytes().to_vec(), link].concat());
        });
        let bent = ApplicationBox::parse(&world.lets, &bent).unwrap();
        lets_protocol::admit(
            &world.lets,
            &world.charter,
            &world.pot,
            &bent,
            world.terms(),
            world.params(),
        )
    };
    for own in [
        ids.pot_nft.bytes(),
        ids.membership.bytes(),
        ids.unit.bytes(),
    ] {
        for link in [own.to_vec(), [&[1], own.as_slice()].concat()] {
            assert!(matches!(admit_with(link), Err(AdmitError::Link { .. })));
        }
    }
    let charter = ids.charter_nft.bytes();
    assert!(matches!(
        admit_with([&[1], charter.as_slice()].concat()),
        Err(AdmitError::Link { .. })
    ));
    admit_with(charter.to_vec()).unwrap();
}
