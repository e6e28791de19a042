//! The builders of changes of the charter, and their twins, against the script.

use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::R9;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_protocol::{
    ANNOUNCE_AHEAD, Amount, Blocks, Bounds, ChangeError, CharterBox, Height, RuleViolation,
    announce, cancel, enact,
};
use lets_tests::world::{at_least, key};
use lets_tests::{Case, World};

struct Hall {
    world: World,
    payer: SecretKey,
    next: [SecretKey; 3],
}

impl Hall {
    fn new() -> Self {
        Self {
            world: World::new(60),
            payer: key(230),
            next: [key(231), key(232), key(233)],
        }
    }

    fn longer_lines(&self) -> Bounds {
        Bounds {
            max_line: Amount::new(150_000).unwrap(),
            ..self.world.charter.bounds().clone()
        }
    }

    fn announced_from(&self, from: Height) -> Result<(Case, CharterBox), ChangeError> {
        let (proposal, charter) = announce(
            &self.world.lets,
            &self.world.charter,
            at_least(2, &self.next.each_ref()),
            self.longer_lines(),
            from,
            &self.world.funding(&self.payer, 1.0),
            self.world.params(),
        )?;
        let [one, two] = self.world.quorum();
        let signers = [one, two, &self.next[0], &self.next[1], &self.payer];
        Ok((self.world.case(&proposal, &signers), charter))
    }

    fn announced(&self) -> CharterBox {
        let from = Height(self.world.height.0 + 1);
        self.announced_from(from).unwrap().1
    }
}

// N4
#[test]
fn announce_from_the_next_block_to_a_week_ahead_accepted_and_past_that_refused() {
    let hall = Hall::new();
    let now = hall.world.height;
    let (first, last) = (Height(now.0 + 1), now.plus(ANNOUNCE_AHEAD));
    for from in [first, last] {
        hall.announced_from(from).unwrap().0.accepted();
    }
    for (from, bypassed) in [
        (now, i64::from(now.0)),
        // The script counts from the block that includes it, which is one later.
        (last.plus(Blocks(1)), last.as_i64() + 2),
    ] {
        let refused = hall.announced_from(from).unwrap_err();
        assert_eq!(
            refused,
            ChangeError::Rule(RuleViolation::AnnounceHeight {
                asked: from,
                first,
                last
            })
        );
        let (case, _) = hall.announced_from(first).unwrap();
        case.with(|c| c.set_long(0, R9, 0, bypassed)).refused_at(0);
    }
}

// N8
#[test]
fn announce_of_a_large_committee_pays_the_charters_rent() {
    let hall = Hall::new();
    let crowd: Vec<_> = (100..135).map(key).collect();
    let (proposal, charter) = announce(
        &hall.world.lets,
        &hall.world.charter,
        at_least(2, &crowd.iter().collect::<Vec<_>>()),
        hall.longer_lines(),
        Height(hall.world.height.0 + 1),
        &hall.world.funding(&hall.payer, 1.0),
        hall.world.params(),
    )
    .unwrap();
    assert!(charter.value() > hall.world.charter.value());
    let [one, two] = hall.world.quorum();
    let signers = [one, two, &crowd[0], &crowd[1], &hall.payer];
    hall.world.case(&proposal, &signers).accepted();
    // A committee as large as the one that is costs nothing but the fee.
    assert_eq!(hall.announced().value(), hall.world.charter.value());
}

// N1, N2
#[test]
fn announce_without_the_old_or_the_new_committee_refused() {
    let hall = Hall::new();
    let (case, _) = hall
        .announced_from(Height(hall.world.height.0 + 1))
        .unwrap();
    for gone in 0..4 {
        case.clone()
            .with(|c| drop(c.signers.remove(gone)))
            .unproven();
    }
}

// N6, N7
#[test]
fn announce_past_a_hard_bound_refused_with_the_range() {
    let hall = Hall::new();
    let hard = hall.world.charter.hard_bounds().clone();
    let most = Bounds {
        max_line: Amount::new(hard.most[0]).unwrap(),
        ..hall.longer_lines()
    };
    let from = Height(hall.world.height.0 + 1);
    let build = |bounds: Bounds| {
        announce(
            &hall.world.lets,
            &hall.world.charter,
            hall.world.charter.committee().clone(),
            bounds,
            from,
            &hall.world.funding(&hall.payer, 1.0),
            hall.world.params(),
        )
    };
    let (proposal, _) = build(most.clone()).unwrap();
    let [one, two] = hall.world.quorum();
    let case = hall.world.case(&proposal, &[one, two, &hall.payer]);
    case.accepted();
    // Place 0 is the height, so the first bound stands at 1.
    case.with(|c| c.set_long(0, R9, 1, hard.most[0] + 1))
        .refused_at(0);
    let short = Bounds {
        change_delay: Blocks(u32::try_from(hard.least[6] - 1).unwrap()),
        ..most
    };
    match build(short).unwrap_err() {
        ChangeError::Rule(RuleViolation::HardBound { bound, least, .. }) => {
            assert_eq!((bound, least), ("change delay", hard.least[6]));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn announce_of_what_is_so_already_refused() {
    let hall = Hall::new();
    let charter = &hall.world.charter;
    let refused = announce(
        &hall.world.lets,
        charter,
        charter.committee().clone(),
        charter.bounds().clone(),
        Height(hall.world.height.0 + 1),
        &hall.world.funding(&hall.payer, 1.0),
        hall.world.params(),
    )
    .unwrap_err();
    assert_eq!(refused, ChangeError::Rule(RuleViolation::NoChange));
}

// E1
#[test]
fn enact_at_the_end_of_the_delay_accepted_and_a_block_before_refused() {
    let mut hall = Hall::new();
    let charter = hall.announced();
    let from = Height(hall.world.height.0 + 1).plus(charter.bounds().change_delay);
    // Built at this height, the next block includes it.
    hall.world.height = Height(from.0 - 1);
    let build = |world: &World| {
        let funding = world.funding(&hall.payer, 1.0);
        enact(&world.lets, &charter, &funding, world.params())
    };
    let (proposal, after) = build(&hall.world).unwrap();
    let case = hall.world.case(&proposal, &[&hall.payer]);
    case.accepted();
    assert_eq!(after.bounds(), &hall.longer_lines());
    assert_eq!(after.pending(), None);
    case.with(|c| {
        c.height -= 1;
        c.outputs
            .iter_mut()
            .for_each(|o| o.creation_height = from.0 - 2);
    })
    .refused_at(0);
    hall.world.height = Height(from.0 - 2);
    let refused = build(&hall.world).unwrap_err();
    assert_eq!(
        refused,
        ChangeError::Rule(RuleViolation::DelayNotOver {
            from,
            height: Height(from.0 - 2)
        })
    );
}

#[test]
fn cancelled_change_cannot_be_enacted() {
    let hall = Hall::new();
    let charter = hall.announced();
    let funding = || hall.world.funding(&hall.payer, 1.0);
    let (proposal, after) =
        cancel(&hall.world.lets, &charter, &funding(), hall.world.params()).unwrap();
    let [one, two] = hall.world.quorum();
    let case = hall.world.case(&proposal, &[one, two, &hall.payer]);
    case.accepted();
    case.with(|c| drop(c.signers.remove(0))).unproven();
    let nothing = ChangeError::Rule(RuleViolation::NothingAnnounced);
    let params = hall.world.params();
    assert_eq!(
        enact(&hall.world.lets, &after, &funding(), params).unwrap_err(),
        nothing
    );
    assert_eq!(
        cancel(&hall.world.lets, &after, &funding(), params).unwrap_err(),
        nothing
    );
}
