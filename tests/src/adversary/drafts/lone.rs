//! What anybody may do without an owner's signature, or tries to.

use super::{Hand, Kind, anew};
use crate::adversary::scenery::Scenery;
use crate::adversary::state::{SPONSOR, THIEF};
use crate::case::Case;
use crate::hand::{takes, trade};
use crate::world::{key, p2pk};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;
use lets_protocol::{AccountBox, Blocks, Height};

impl Hand<'_> {
    pub(super) fn refresh_account(&self) -> Option<Case> {
        let (_, account) = self.account(0);
        let mut case = trade(&self.town.world, &[takes(account, 0)], &[]);
        self.sponsored(&mut case);
        Some(case)
    }

    pub(super) fn refresh_lone(&self) -> Option<Case> {
        let world = &self.town.world;
        let spent = match self.draft.kind {
            Kind::RefreshPot => world.pot.ergo_box(),
            _ => world.charter.ergo_box(),
        };
        let mut case = anew(std::slice::from_ref(spent), world.height);
        case.outputs.push(crate::hand::fee(world.height.0));
        case.fee_from(0);
        Some(case)
    }

    /// Old accounts are refreshed, and the first that is young is given what the thief has found; no owner signs.
    pub(super) fn touch(&self) -> Option<Case> {
        let world = &self.town.world;
        let drawn = self.apart(1 + self.draft.who[2] % 3);
        let now = world.height.plus(Blocks(1));
        let (old, young): (Vec<&AccountBox>, Vec<_>) = drawn
            .into_iter()
            .map(|(_, a)| a)
            .partition(|a| a.created().plus(Blocks::REFRESH_AGE) < now);
        let stray = &self.town.stray;
        let found = world.lets.units_in(stray);
        let refreshed = old.into_iter().map(|a| takes(a, 0));
        let given = young.first().map(|a| takes(a, found));
        let legs: Vec<_> = refreshed.chain(given).collect();
        let mut case = trade(world, &legs, &[]);
        self.sponsored(&mut case);
        if given.is_some() {
            case.add_input(stray.clone(), 0);
            case.signers.push(key(THIEF));
        }
        Some(case)
    }
}

/// Somebody spends a box of the state as storage rent: any of those that are old enough.
pub(in crate::adversary) fn rent(
    state: &dyn Scenery,
    sponsor: &ErgoBox,
    height: Height,
    who: usize,
) -> Option<Case> {
    let all = state.boxes();
    let now = height.0 + 1;
    let old: Vec<_> = all
        .into_iter()
        .filter(|b| b.creation_height + Blocks::STORAGE_PERIOD.0 <= now)
        .collect();
    let taken = *old.get(who % old.len().max(1))?;
    let mut case = anew(&[sponsor.clone(), taken.clone()], height);
    let rent = crate::case::size(taken) as u64 * 1_250_000;
    let (kept, fee) = match taken.value.as_u64().checked_sub(rent) {
        Some(left) if left > 1_000_000 => (left, rent),
        // It cannot pay its rent: everything is the thief's.
        _ => {
            let tree = p2pk(&key(THIEF));
            case.outputs[1].ergo_tree = tree;
            (*taken.value.as_u64(), 0)
        }
    };
    case.outputs[1].value = kept.try_into().unwrap();
    case.outputs[1].creation_height = now;
    case.give_erg(0, fee);
    case.outputs.push(crate::hand::fee(height.0));
    case.fee_from(0);
    case.signers.push(key(SPONSOR));
    case.rent(1, 1);
    case.outputs
        .iter_mut()
        .for_each(|o| o.creation_height = now);
    Some(case)
}
