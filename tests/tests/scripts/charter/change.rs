//! Changing the charter: announcing (N1 to N7), cancelling, enacting (E1 to E3).

use ergo_lib::ergotree_interpreter::sigma_protocol::prover::ContextExtension;
use ergo_lib::ergotree_ir::chain::ergo_box::NonMandatoryRegisterId::{R4, R5, R8, R9};
use ergo_lib::ergotree_ir::chain::ergo_box::{ErgoBox, ErgoBoxCandidate};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use ergo_lib::wallet::secret_key::SecretKey;
use lets_tests::case::longs;
use lets_tests::hand::{created, fee};
use lets_tests::world::{at_least, key, prop};
use lets_tests::{Case, World};

/// Changes of a charter, which the library has no builders for.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    Announce,
    AnnounceOther,
    Cancel,
    Enact,
}

impl Change {
    pub const ALL: [Change; 4] = [
        Change::Announce,
        Change::AnnounceOther,
        Change::Cancel,
        Change::Enact,
    ];
}

/// A LETS whose charter is to be changed.
pub struct Desk {
    pub world: World,
    /// The charter with a change announced so long ago that it can be enacted in the next block.
    pub pending: ErgoBox,
    /// The committee to be: two of these sign for it.
    pub next_committee: [SecretKey; 3],
}

/// Blocks from the announcement to the change, in worlds for tests.
const DELAY: i64 = 5_040;

impl Desk {
    pub fn new() -> Self {
        let mut world = World::new(10);
        world.height.0 += 20_000;
        let next_committee = [81, 82, 83].map(key);
        let mut desk = Self {
            pending: world.charter.ergo_box().clone(),
            world,
            next_committee,
        };
        let announced = i64::from(desk.world.height.0) + 1 - DELAY;
        desk.pending = desk.announced(announced);
        desk
    }

    pub fn next_prop(&self) -> SigmaProp {
        at_least(2, &self.next_committee.each_ref())
    }

    /// Bounds to be: a longer line, a shorter period.
    pub fn next_bounds(&self) -> Vec<i64> {
        let mut bounds = self.world.charter.bounds().to_longs().to_vec();
        bounds[0] = 150_000;
        bounds[5] = 10_000;
        bounds
    }

    fn change(&self, height: i64) -> Vec<i64> {
        [vec![height], self.next_bounds()].concat()
    }

    /// The charter with the change announced at this height.
    pub fn announced(&self, height: i64) -> ErgoBox {
        self.world.box_with(self.world.charter.ergo_box(), |c| {
            c.set_register(0, R8, self.next_prop());
            c.set_register(0, R9, self.change(height));
        })
    }

    /// The charter as it is again, beside a box that pays the fee: outputs charter, change, fee.
    pub fn spend(&self, charter: &ErgoBox, signers: &[&SecretKey]) -> Case {
        let height = self.world.height.0;
        let payer = key(84);
        let wallet = self.world.wallet_box(&payer, 1.0);
        let renewed = |ergo_box: &ErgoBox| {
            let mut next = ErgoBoxCandidate::from(ergo_box.clone());
            next.creation_height = height;
            next
        };
        let mut case = Case {
            inputs: [charter, &wallet]
                .map(|b| (b.clone(), ContextExtension::empty()))
                .to_vec(),
            data_inputs: Vec::new(),
            outputs: vec![renewed(charter), renewed(&wallet), fee(height)],
            height: height + 1,
            signers: signers.iter().map(|&k| k.clone()).chain([payer]).collect(),
        };
        case.take_erg(1, *case.outputs[2].value.as_u64());
        case
    }

    fn both_committees(&self) -> Vec<&SecretKey> {
        let [a, b, _] = &self.next_committee;
        [self.world.quorum().as_slice(), &[a, b]].concat()
    }

    fn announcement(&self, over: &ErgoBox) -> Case {
        let mut case = self.spend(over, &self.both_committees());
        let height = i64::from(case.height);
        case.set_register(0, R8, self.next_prop());
        case.set_register(0, R9, self.change(height));
        case
    }

    /// The change as an accepted transaction.
    pub fn case(&self, change: Change) -> Case {
        match change {
            Change::Announce => self.announcement(self.world.charter.ergo_box()),
            Change::AnnounceOther => self.announcement(&self.pending),
            Change::Cancel => self
                .spend(&self.pending, &self.world.quorum())
                .with(|c| c.truncate_registers(0, 4)),
            Change::Enact => self.enactment(&self.pending),
        }
    }

    fn enactment(&self, pending: &ErgoBox) -> Case {
        let mut case = self.spend(pending, &[]);
        case.set_register(0, R4, self.next_prop());
        case.set_register(0, R5, self.next_bounds());
        case.truncate_registers(0, 4);
        case
    }

    /// An announcement with other bounds.
    fn announcement_of(&self, bounds: &[i64]) -> Case {
        let mut case = self.case(Change::Announce);
        let height = i64::from(case.height);
        case.set_register(0, R9, [&[height], bounds].concat());
        case
    }
}

fn owned(signers: &[&SecretKey]) -> Vec<SecretKey> {
    signers
        .iter()
        .map(|&k| k.clone())
        .chain([key(84)])
        .collect()
}

// N1, N2: two of each committee, of whichever.
#[test]
fn announce_without_both_committees_unproven() {
    let desk = Desk::new();
    let [a, b, c] = &desk.world.committee;
    let [x, y, z] = &desk.next_committee;
    for change in [Change::Announce, Change::AnnounceOther] {
        let case = desk.case(change);
        case.clone()
            .with(|case| case.signers = owned(&[b, c, x, z]))
            .accepted();
        for signers in [
            vec![],
            vec![a, b, c],
            vec![x, y, z],
            vec![a, b, x],
            vec![a, x, y],
            vec![a, a, x, y],
            vec![a, b, x, x],
        ] {
            case.clone()
                .with(|case| case.signers = owned(&signers))
                .unproven();
        }
    }
}

// N2: a committee that cannot sign, because nobody has its key or because it is none.
#[test]
fn announce_of_another_committee_needs_its_signature() {
    let desk = Desk::new();
    let case = desk
        .case(Change::Announce)
        .with(|c| c.set_register(0, R8, prop(&key(85))));
    case.unproven();
    case.clone().with(|c| c.signers.push(key(85))).accepted();
    case.with(|c| c.set_register(0, R8, 5_i64)).refused_at(0);
}

// N3: nothing changes at once, also with every signature.
#[test]
fn announce_changing_committee_or_bounds_at_once_refused() {
    let desk = Desk::new();
    let all: Vec<_> = desk
        .world
        .committee
        .iter()
        .chain(&desk.next_committee)
        .collect();
    for change in [Change::Announce, Change::AnnounceOther] {
        let case = desk.case(change).with(|c| c.signers = owned(&all));
        let bounds = longs(&case.outputs[0], R5);
        case.clone()
            .with(|c| c.set_register(0, R4, desk.next_prop()))
            .refused_at(0);
        case.clone()
            .with(|c| c.set_register(0, R5, desk.next_bounds()))
            .refused_at(0);
        for place in 0..bounds.len() {
            case.clone()
                .with(|c| c.set_long(0, R5, place, bounds[place] + 1))
                .refused_at(0);
        }
    }
}

// N4: a height in the past would shorten the delay; one far ahead would keep it pending for ever.
#[test]
fn announce_with_a_height_past_or_too_far_ahead_refused() {
    let desk = Desk::new();
    for change in [Change::Announce, Change::AnnounceOther] {
        let case = desk.case(change);
        let height = i64::from(case.height);
        for (announced, accepted) in [
            (0, false),
            (height - 1, false),
            (height, true),
            (height + 5_040, true),
            (height + 5_041, false),
            (i64::MAX, false),
        ] {
            let case = case.clone().with(|c| c.set_long(0, R9, 0, announced));
            match accepted {
                true => drop(case.accepted()),
                false => case.refused_at(0),
            }
        }
    }
}

// N5
#[test]
fn announce_of_another_number_of_bounds_refused() {
    let desk = Desk::new();
    let bounds = desk.next_bounds();
    desk.announcement_of(&bounds).accepted();
    for others in [
        bounds[..15].to_vec(),
        [bounds.as_slice(), &[0]].concat(),
        Vec::new(),
    ] {
        desk.announcement_of(&others).refused_at(0);
    }
}

// N6, N7: every bound at its least and at its most, and past them.
#[test]
fn announce_of_bounds_past_the_hard_ones_refused() {
    let desk = Desk::new();
    let hard = desk.world.charter.hard_bounds().clone();
    desk.announcement_of(&hard.least).accepted();
    desk.announcement_of(&hard.most).accepted();
    for place in 0..hard.least.len() {
        let mut below = hard.least.to_vec();
        below[place] -= 1;
        desk.announcement_of(&below).refused_at(0);
        let mut above = hard.most.to_vec();
        above[place] += 1;
        desk.announcement_of(&above).refused_at(0);
    }
}

// N8: a committee of so many keys that the charter could not pay its rent, to the nanoErg.
#[test]
fn announce_of_a_charter_past_its_rent_refused() {
    let crowd: Vec<SecretKey> = (100..135).map(key).collect();
    let mut case = Desk::new().case(Change::Announce);
    case.set_register(0, R8, at_least(2, &crowd.iter().collect::<Vec<_>>()));
    case.signers.extend(crowd[..2].to_vec());
    case.refused_at(0);
    let rent = lets_tests::case::size(&case.made(0)) as u64 * 1_250_000;
    let held = *case.outputs[0].value.as_u64();
    case.move_erg(1, 0, rent - held);
    case.refused_at(0);
    case.move_erg(1, 0, 1);
    case.accepted();
}

// Half of an announcement.
#[test]
fn announce_without_bounds_refused() {
    let desk = Desk::new();
    for change in [Change::Announce, Change::AnnounceOther] {
        desk.case(change)
            .with(|c| c.truncate_registers(0, 5))
            .refused_at(0);
    }
}

// Cancel: the committee that is, and not the one that was to be.
#[test]
fn cancel_without_the_committees_signatures_unproven() {
    let desk = Desk::new();
    let [a, b, c] = &desk.world.committee;
    let [x, y, z] = &desk.next_committee;
    let case = desk.case(Change::Cancel);
    case.clone()
        .with(|case| case.signers = owned(&[b, c]))
        .accepted();
    for signers in [vec![], vec![a], vec![a, a], vec![x, y, z], vec![c, x, y]] {
        case.clone()
            .with(|case| case.signers = owned(&signers))
            .unproven();
    }
}

// Cancel: committee and bounds as they were, also when nothing was announced.
#[test]
fn cancel_changing_committee_or_bounds_refused() {
    let desk = Desk::new();
    let young = desk.announced(i64::from(desk.world.height.0));
    for charter in [desk.world.charter.ergo_box(), &young] {
        let case = desk
            .spend(charter, &desk.both_committees())
            .with(|c| c.truncate_registers(0, 4));
        case.accepted();
        let bounds = longs(&case.outputs[0], R5);
        case.clone()
            .with(|c| c.set_register(0, R4, desk.next_prop()))
            .refused_at(0);
        for place in 0..bounds.len() {
            case.clone()
                .with(|c| c.set_long(0, R5, place, bounds[place] - 1))
                .refused_at(0);
        }
        case.with(|c| {
            c.set_register(0, R4, desk.next_prop());
            c.set_register(0, R5, desk.next_bounds());
        })
        .refused_at(0);
    }
}

// Cancel: both registers vanish.
#[test]
fn cancel_leaving_the_change_refused() {
    let desk = Desk::new();
    let case = desk.spend(&desk.pending, &desk.world.quorum());
    case.clone()
        .with(|c| c.truncate_registers(0, 5))
        .refused_at(0);
    // As it is, it is an announcement anew: of a height that is past.
    case.refused_at(0);
}

// E1
#[test]
fn enact_before_the_delay_has_passed_refused() {
    let desk = Desk::new();
    let height = i64::from(desk.world.height.0) + 1;
    for (announced, accepted) in [
        (height - DELAY, true),
        (height - DELAY - 1, true),
        (height - DELAY + 1, false),
        (height, false),
    ] {
        let case = desk.enactment(&desk.announced(announced));
        match accepted {
            true => drop(case.accepted()),
            false => {
                case.refused_at(0);
                // Also with every signature.
                case.with(|c| c.signers = owned(&desk.both_committees()))
                    .refused_at(0);
            }
        }
    }
}

// E1: the delay that counts is the one in force, not the one announced.
#[test]
fn enact_after_the_announced_shorter_delay_refused() {
    let desk = Desk::new();
    let height = i64::from(desk.world.height.0) + 1;
    let shorter = |announced: i64| {
        let mut bounds = desk.next_bounds();
        bounds[6] = 720;
        let charter = desk.world.box_with(&desk.pending, |c| {
            c.set_register(0, R9, [&[announced], bounds.as_slice()].concat())
        });
        desk.enactment(&charter)
            .with(|c| c.set_register(0, R5, bounds))
    };
    shorter(height - DELAY).accepted();
    shorter(height - 720).refused_at(0);
}

// E1: nothing was announced.
#[test]
fn enact_of_nothing_refused() {
    let desk = Desk::new();
    let case = desk.enactment(desk.world.charter.ergo_box());
    case.refused_at(0);
    case.with(|c| c.signers = owned(&desk.both_committees()))
        .refused_at(0);
}

// E2: another committee, or the one that is.
#[test]
fn enact_of_another_committee_refused() {
    let desk = Desk::new();
    let now = desk.world.charter.committee().clone();
    for committee in [
        prop(&key(250)),
        at_least(1, &desk.next_committee.each_ref()),
        now,
    ] {
        desk.case(Change::Enact)
            .with(|c| c.set_register(0, R4, committee))
            .refused_at(0);
    }
}

// E2: other bounds, or those that are.
#[test]
fn enact_of_other_bounds_refused() {
    let desk = Desk::new();
    let case = desk.case(Change::Enact);
    let (now, next) = (
        desk.world.charter.bounds().to_longs().to_vec(),
        desk.next_bounds(),
    );
    for place in 0..next.len() {
        for by in [-1, 1] {
            case.clone()
                .with(|c| c.set_long(0, R5, place, next[place] + by))
                .refused_at(0);
        }
    }
    for bounds in [now, next[..15].to_vec(), [next.as_slice(), &[0]].concat()] {
        case.clone()
            .with(|c| c.set_register(0, R5, bounds))
            .refused_at(0);
    }
}

// E2: a change of the committee alone, or of the bounds alone.
#[test]
fn enact_of_half_a_change_accepted() {
    let desk = Desk::new();
    let now = desk.world.charter.bounds().to_longs().to_vec();
    let announced = i64::from(desk.world.height.0) + 1 - DELAY;
    let committee_alone = desk.world.box_with(&desk.pending, |c| {
        c.set_register(0, R9, [&[announced], now.as_slice()].concat())
    });
    desk.enactment(&committee_alone)
        .with(|c| c.set_register(0, R5, now))
        .accepted();
    let committee = desk.world.charter.committee().clone();
    let bounds_alone = desk
        .world
        .box_with(&desk.pending, |c| c.set_register(0, R8, committee.clone()));
    desk.enactment(&bounds_alone)
        .with(|c| c.set_register(0, R4, committee))
        .accepted();
}

// E3: a change that stays could be enacted again over whatever comes later.
#[test]
fn enact_leaving_the_change_refused() {
    let desk = Desk::new();
    let mut case = desk.spend(&desk.pending, &desk.both_committees());
    case.set_register(0, R4, desk.next_prop());
    case.set_register(0, R5, desk.next_bounds());
    case.refused_at(0);
    case.truncate_registers(0, 5);
    case.refused_at(0);
}

// The committee can still cancel what could be enacted.
#[test]
fn cancel_after_the_delay_has_passed_accepted() {
    let desk = Desk::new();
    desk.case(Change::Enact).accepted();
    desk.case(Change::Cancel).accepted();
}

// R1: an old charter is changed beside another input only; alone it could but be refreshed.
#[test]
fn change_of_an_old_charter_beside_another_input_accepted() {
    let desk = Desk::new();
    let age = created(&desk.world, 788_401);
    let old = desk
        .world
        .box_with(&desk.pending, |c| c.outputs[0].creation_height = age);
    let case = desk.enactment(&old);
    case.accepted();
    case.with(|c| {
        c.inputs.truncate(1);
        c.outputs.remove(1);
        let fee = *c.outputs[1].value.as_u64();
        c.take_erg(0, fee);
    })
    .refused_at(0);
}

// E1: no height, whoever came to write it, makes the charter throw: the committee can cancel it and announce another.
#[test]
fn cancel_of_a_change_at_an_overflowing_height_accepted() {
    let desk = Desk::new();
    for height in [i64::MAX, i64::MIN] {
        let pending = desk.announced(height);
        desk.spend(&pending, &desk.world.quorum())
            .with(|c| c.truncate_registers(0, 4))
            .accepted();
        desk.announcement(&pending).accepted();
    }
    desk.enactment(&desk.announced(i64::MAX)).refused_at(0);
}
