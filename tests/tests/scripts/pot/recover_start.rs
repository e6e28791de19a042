//! The start of a recovery: S1 to S5, and G8.

use super::recover::{after, bent, judge, settings, twin};
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R6};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use lets_protocol::rules::{RecoveryBar, check_complete, check_start};
use lets_protocol::{
    AccountBox, Amount, Blocks, CharterBox, Heir, OwnerChange, RecoverError, RuleViolation,
    Spender, set_account, start_recovery,
};
use lets_tests::case::{longs, size};
use lets_tests::world::{at_least, key, prop};
use lets_tests::{Case, Stage, World};

// S1: the owner's key stays first, there are two, and they differ.
#[test]
fn start_with_other_keys_refused() {
    let stage = Stage::default();
    let [owner, heir, other] = [&stage.owner, &stage.heir, &key(250)].map(prop);
    let case = stage.start_recovery();
    for keys in [
        vec![other.clone(), heir.clone()],
        vec![heir.clone(), owner.clone()],
        vec![owner.clone(), owner.clone()],
        vec![owner.clone(), heir.clone(), other],
        vec![heir.clone()],
        vec![owner],
        Vec::<SigmaProp>::new(),
    ] {
        case.clone()
            .with(|c| c.set_register(1, R5, keys))
            .refused_at(0);
    }
    assert_eq!(
        check_start(
            &stage.world.charter,
            &stage.world.pot,
            &stage.account,
            stage.account.owner(),
            stage.world.height.plus(Blocks(1)),
            stage.world.height
        ),
        Err(RuleViolation::Recovery {
            account: stage.account.number(),
            bar: RecoveryBar::Heir
        })
    );
}

// S2
#[test]
fn start_changing_the_settings_refused() {
    let case = Stage::default().start_recovery();
    let own = longs(&case.outputs[1], R6);
    assert_eq!(own.len(), 5);
    for place in 0..4 {
        for by in [-1, 1] {
            case.clone()
                .with(|c| c.set_long(1, R6, place, own[place] + by))
                .refused_at(0);
        }
    }
    for longs in [
        own[..4].to_vec(),
        [own.as_slice(), &[0]].concat(),
        [&own[1..], &[own[4]]].concat(),
    ] {
        case.clone()
            .with(|c| c.set_register(1, R6, longs))
            .refused_at(0);
    }
}

// S2: from fewer than four numbers, as no script leaves them.
#[test]
fn start_over_too_few_settings_refused() {
    let stage = Stage::default();
    let case = stage.start_recovery();
    let own = longs(&case.outputs[1], R6);
    for count in 0..4 {
        let few = stage.world.box_with(stage.account.ergo_box(), |c| {
            c.set_register(0, R6, own[..count].to_vec())
        });
        let case = case.clone().with(|c| c.replace_input(1, few));
        case.refused_at(0);
        let short = [&own[..count], &own[4..]].concat();
        case.with(|c| c.set_register(1, R6, short)).refused_at(0);
    }
}

// S2: what stood behind the four is gone.
#[test]
fn start_over_further_settings_accepted() {
    for further in [vec![0], vec![7, -3, 9], vec![i64::MAX]] {
        let stage = bent(|c| {
            let own = longs(&c.outputs[0], R6);
            c.set_register(0, R6, [own, further.clone()].concat());
        });
        let case = stage.start_recovery();
        assert_eq!(longs(&case.outputs[1], R6).len(), 5);
        case.accepted();
        let own = longs(&case.outputs[1], R6);
        case.with(|c| c.set_register(1, R6, [own, further].concat()))
            .refused_at(0);
    }
}

// S3: not in the past, nor more than 5,040 blocks ahead of the block that includes it.
#[test]
fn start_at_a_height_in_the_past_or_far_ahead_refused() {
    let stage = Stage::default();
    let case = stage.start_recovery();
    let height = i64::from(case.height);
    for (ahead, accepted) in [
        (-1, false),
        (0, true),
        (1, true),
        (5_040, true),
        (5_041, false),
    ] {
        let case = case.clone().with(|c| c.set_long(1, R6, 4, height + ahead));
        judge(&case, accepted);
        // The twin sees the block before.
        let twin = twin(&stage, &stage.account, ahead + 1);
        assert_eq!(twin.is_ok(), accepted, "{twin:?}");
    }
    for start in [0, -1, i64::MIN, i64::MAX] {
        case.clone()
            .with(|c| c.set_long(1, R6, 4, start))
            .refused_at(0);
    }
}

// S4: and the twin says the same.
#[test]
fn start_against_an_owner_who_opted_out_refused() {
    for (fifth, accepted) in [(-1, false), (i64::MIN, false), (0, true), (1, true)] {
        let stage = Stage::default();
        let bent = stage.world.account_with(&stage.account, |c| {
            let own = longs(&c.outputs[0], R6);
            c.set_register(0, R6, [own.as_slice(), &[fifth]].concat());
        });
        let case = stage
            .start_recovery()
            .with(|c| c.replace_input(1, bent.ergo_box().clone()));
        judge(&case, accepted);
        let twin = twin(&stage, &bent, 1);
        assert_eq!(twin.is_ok(), accepted);
        if !accepted {
            assert!(matches!(
                twin,
                Err(RuleViolation::Recovery {
                    bar: RecoveryBar::OptedOut,
                    ..
                })
            ));
        }
    }
}

// S4: opting out and in again, by the owner's own spends; a payment keeps the choice.
#[test]
fn opt_out_by_the_owner_counts_until_he_takes_it_back() {
    let mut stage = Stage::default();
    let payee = stage.world.admit(&key(101));
    let choose = |stage: &Stage, account: &AccountBox, refuse_recovery| {
        let change = OwnerChange {
            refuse_recovery,
            ..OwnerChange::default()
        };
        let world = &stage.world;
        let trade = set_account(&world.lets, Spender::new(account), change, world.params());
        let trade = trade.unwrap();
        let case = world.case(&trade.proposal, &[&stage.owner]);
        case.accepted();
        case.unsigned().unproven();
        trade.leader
    };
    let same = choose(&stage, &stage.account, Some(false));
    assert_eq!(settings(&same).len(), 4);
    // While a recovery is pending the refusal ends it too.
    for account in [stage.account.clone(), stage.pending(500)] {
        let refused = choose(&stage, &account, Some(true));
        assert_eq!(settings(&refused)[4..], [-1]);
        assert_eq!(refused.heir(), None);
        let kept = choose(&stage, &refused, None);
        assert_eq!(settings(&kept)[4..], [-1]);
        let world = &stage.world;
        let amount = Amount::new(500).unwrap();
        let (proposal, paid, _) =
            lets_protocol::pay_direct(&world.lets, &refused, &payee, amount, None, world.params())
                .unwrap();
        world.case(&proposal, &[&stage.owner]).accepted();
        assert_eq!(settings(&paid)[4..], [-1]);
        assert!(twin(&stage, &paid, 1).is_err());
        let open = choose(&stage, &refused, Some(false));
        assert_eq!(settings(&open).len(), 4);
        assert!(twin(&stage, &open, 1).is_ok());
    }
}

// S5: a heir's script of so many keys that he could not spend the account.
#[test]
fn start_for_an_heir_with_too_large_a_script_refused() {
    let heir = |count: u8| {
        let keys: Vec<_> = (100..100 + count).map(key).collect();
        at_least(2, &keys.iter().collect::<Vec<_>>())
    };
    let start = |stage: &Stage, heir: SigmaProp| {
        let world = &stage.world;
        let heir = Heir {
            key: heir,
            start: world.height.plus(Blocks(1)),
        };
        let funding = world.funding(&world.committee[0], 1.0);
        start_recovery(
            &world.lets,
            &world.charter,
            &world.pot,
            &stage.account,
            heir,
            &funding,
            world.params(),
        )
    };
    // Behind one key of the owner's, and behind ten, whose box would be near its own limit.
    for owners in [1, 10] {
        let stage = bent(|c| {
            let keys: Vec<_> = (150..150 + owners).map(key).collect();
            let owner = at_least(owners, &keys.iter().collect::<Vec<_>>());
            c.set_register(0, R5, vec![owner]);
        });
        let most = (2..20)
            .rev()
            .find(|n| start(&stage, heir(*n)).is_ok())
            .unwrap();
        assert!((5..12).contains(&most), "{most}");
        let (proposal, _, made) = start(&stage, heir(most)).unwrap();
        let case = stage.world.case(&proposal, &stage.world.quorum());
        case.accepted();
        let refused = start(&stage, heir(most + 1)).unwrap_err();
        assert!(
            matches!(
                refused,
                RecoverError::Rule(RuleViolation::AccountSize { .. })
            ),
            "{refused:?}"
        );
        let keys = vec![stage.account.owner().clone(), heir(most + 1)];
        case.with(|c| c.set_register(1, R5, keys)).refused_at(0);
        // To the byte, by a long number in the terms, which the script compares with what they were.
        let owner = stage.account.owner().prop_bytes().unwrap().len();
        assert!(size(made.ergo_box()) < 1_500 + owner);
        // The heir can spend what he gets.
        let stage = after(stage, &stage_case(&proposal));
        let stage = stage.later(21_601);
        let stage = after_complete(stage);
        assert!(size(stage.account.ergo_box()) < 1_500);
        let signers: Vec<_> = (100..102).map(key).collect();
        let spend = set_account(
            &stage.world.lets,
            Spender::new(&stage.account),
            OwnerChange::default(),
            stage.world.params(),
        )
        .unwrap();
        let signers: Vec<_> = signers.iter().collect();
        stage.world.case(&spend.proposal, &signers).accepted();
    }
}

/// The start of the default stage's world, signed by its committee.
fn stage_case(proposal: &lets_protocol::Proposal) -> Case {
    let stage = Stage::default();
    stage.world.case(proposal, &stage.world.quorum())
}

fn after_complete(stage: Stage) -> Stage {
    let case = stage.complete(&stage.account);
    after(stage, &case)
}

// S5: one byte decides.
#[test]
fn start_of_a_box_up_to_its_largest_size_accepted() {
    let stage = Stage::default();
    let owner = stage.account.owner().prop_bytes().unwrap().len();
    let case = stage.start_recovery();
    let room = 1_500 + owner - 1 - size(&case.made(1));
    // Each further class in the terms is one byte, if it is below 64.
    for (padding, accepted) in [(room, true), (room + 1, false)] {
        let pad = |c: &mut Case, output| {
            let mut terms = longs(&c.outputs[output], R4);
            // The count of numbers itself takes a byte more from 128 on.
            let longer = usize::from(terms.len() + padding > 128);
            terms.extend(vec![1_i64; padding - longer]);
            c.set_register(output, R4, terms);
        };
        let padded = stage
            .world
            .box_with(stage.account.ergo_box(), |c| pad(c, 0));
        let mut case = case.clone().with(|c| c.replace_input(1, padded));
        pad(&mut case, 1);
        let limit = 1_500 + owner;
        assert_eq!(
            size(&case.made(1)),
            if accepted { limit - 1 } else { limit }
        );
        judge(&case, accepted);
    }
}

// A second start begins the delay anew, for another heir; it takes a start of the rate.
#[test]
fn second_start_begins_the_delay_anew() {
    let stage = Stage::default();
    let first = stage.start_recovery();
    let mut stage = after(stage, &first).later(21_000);
    let old = settings(&stage.account)[4];
    // For the same heir there is nothing to start: his delay can be neither begun anew nor shortened.
    let same = {
        let case = second(&stage, &key(98));
        let keys = vec![prop(&stage.owner), prop(&stage.heir)];
        case.with(|c| c.set_register(1, R5, keys))
    };
    same.refused_at(0);
    let case = second(&stage, &key(98));
    assert!(longs(&case.outputs[1], R6)[4] >= stage.world.height.as_i64());
    // Nor can the other heir have the first one's time.
    case.clone()
        .with(|c| c.set_long(1, R6, 4, old))
        .refused_at(0);
    let pending = stage.account.clone();
    stage = after(stage, &case);
    stage.heir = key(98);
    assert_eq!(stage.account.heir(), Some(&prop(&stage.heir)));
    assert_eq!(stage.world.pot.counters().recoveries, 1);
    // When the first delay is over, the second is not.
    let stage = stage.later(700);
    let twin = check_complete(&stage.world.charter, &stage.account, stage.world.height);
    assert!(matches!(
        twin,
        Err(RuleViolation::Recovery {
            bar: RecoveryBar::Delay { .. },
            ..
        })
    ));
    assert!(check_complete(&stage.world.charter, &pending, stage.world.height).is_ok());
}

/// The start for another heir of an account whose recovery is pending.
fn second(stage: &Stage, heir: &ergo_lib::wallet::secret_key::SecretKey) -> Case {
    let world = &stage.world;
    let heir = Heir {
        key: prop(heir),
        start: world.height.plus(Blocks(1)),
    };
    let (proposal, _, _) = start_recovery(
        &world.lets,
        &world.charter,
        &world.pot,
        &stage.account,
        heir,
        &world.funding(&world.committee[0], 1.0),
        world.params(),
    )
    .unwrap();
    world.case(&proposal, &world.quorum())
}

/// A stage whose pot has counted so many starts, so many blocks ago.
fn counted(starts: i64, ago: u32) -> Stage {
    let mut stage = Stage::default().later(ago);
    let stamp = stage.world.height.as_i64() - i64::from(ago);
    stage.bend_pot(|c| c.set_register(0, R4, vec![stamp, 0, 0, starts]));
    stage
}

// G8: the rate is 2 starts in 21,900 blocks; one of them leaks in 10,950. The twin says the same.
#[test]
fn starts_above_the_rate_refused() {
    for (used, ago, accepted) in [
        (0, 0, true),
        (1, 0, true),
        (2, 0, false),
        (2, 10_949, false),
        (2, 10_950, true),
        (3, 10_950, false),
        (3, 21_900, true),
        (4, 50_000, false),
    ] {
        let stage = counted(used, ago);
        let twin = twin(&stage, &stage.account, 1);
        assert_eq!(twin.is_ok(), accepted, "{used} {ago}: {twin:?}");
        // The case is laid out with a pot that has counted nothing.
        let mut free = counted(0, ago);
        let mut case = free.start_recovery();
        free.world.pot = stage.world.pot.clone();
        case.replace_input(0, stage.world.pot.ergo_box().clone());
        let stamp = stage.world.height.as_i64();
        let left = (used - 2 * i64::from(ago.min(21_900)) / 21_900).max(0);
        case.set_register(0, R4, vec![stamp, 0, 0, left + 1]);
        judge(&case, accepted);
        if let Ok(twin) = twin {
            case.set_register(
                0,
                R4,
                vec![twin.stamp, twin.admissions, twin.issued, twin.recoveries],
            );
            case.accepted();
        }
    }
    let stage = counted(2, 0);
    let Err(RuleViolation::Rate {
        what, from, limit, ..
    }) = twin(&stage, &stage.account, 1)
    else {
        panic!("the rate lets it pass")
    };
    assert_eq!(
        (what, limit, from),
        (
            "recoveries started",
            2,
            Some(stage.world.height.plus(Blocks(10_950)))
        )
    );
}

// G8: not uncounted, and starts count for nothing else.
#[test]
fn start_uncounted_refused() {
    let case = Stage::default().start_recovery();
    for counters in [(0, 0, 0), (1, 0, 0), (0, 1, 1), (0, 0, 2), (0, 0, -1)] {
        let mut case = case.clone();
        let stamp = longs(&case.outputs[0], R4)[0];
        let now = longs(&case.inputs[0].0.clone().into(), R4);
        let (admitted, issued, started) = counters;
        case.set_register(
            0,
            R4,
            vec![stamp, now[1] + admitted, now[2] + issued, now[3] + started],
        );
        case.refused_at(0);
    }
}

// G8: the limit binds what starts, and nothing else.
#[test]
fn starts_above_their_limit_with_none_added_accepted() {
    let stage = counted(7, 0);
    stage.admit().accepted();
    stage.set_terms().accepted();
    let case = counted(7, 10_950).set_terms();
    assert_eq!(longs(&case.outputs[0], R4)[3], 6);
    case.accepted();
}

// G8: starts leak slowly, and a busy committee does not lose what leaked by the way: at least every second month one.
#[test]
fn starts_leak_between_admissions() {
    let mut stage = Stage::default();
    let case = stage.start_recovery();
    stage.world.pot = after(Stage::default(), &case).world.pot;
    for n in 0..28_u8 {
        stage = stage.later(800);
        stage.world.admit(&key(100 + n));
    }
    assert_eq!(stage.world.pot.counters().recoveries, 0);
}

// What the committee signed for one start serves for no other.
#[test]
fn start_signature_serves_no_other_transaction() {
    let stage = Stage::default();
    let case = stage.start_recovery();
    let (signed, _) = case.accepted();
    let keys = vec![prop(&stage.owner), prop(&key(250))];
    case.clone()
        .with(|c| c.set_register(1, R5, keys))
        .refuses_proofs_of(&signed);
    let start = longs(&case.outputs[1], R6)[4];
    case.with(|c| c.set_long(1, R6, 4, start + 1))
        .refuses_proofs_of(&signed);
}

// G1: two charters, two pots: each acts for its own.
#[test]
fn start_by_another_committee_unproven() {
    let stage = Stage::default();
    let other = World::new(50);
    stage
        .start_recovery()
        .with(|c| c.signers = other.committee.to_vec())
        .unproven();
    let charter = CharterBox::parse(&stage.world.lets, stage.world.charter.ergo_box()).unwrap();
    assert_eq!(charter.bounds().recovery_starts, 2);
}
