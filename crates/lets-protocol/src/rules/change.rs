//! The twins of `contracts/charter.es`.

use super::RuleViolation;
use crate::boxes::charter::{Bounds, CharterBox, PendingChange};
use crate::builders::change::ANNOUNCE_AHEAD;
use crate::units::Height;

/// May this change be announced in the next block?
///
/// # Errors
/// [`RuleViolation::HardBound`] with the range, [`RuleViolation::NoChange`], [`RuleViolation::AnnounceHeight`].
pub fn check_announce(
    charter: &CharterBox,
    change: &PendingChange,
    height: Height,
) -> Result<(), RuleViolation> {
    if let Some((place, asked, least, most)) = charter.hard_bounds().violation(&change.bounds) {
        return Err(RuleViolation::HardBound {
            bound: Bounds::NAMES[place],
            asked,
            least,
            most,
        });
    }
    if change.committee == *charter.committee() && change.bounds == *charter.bounds() {
        return Err(RuleViolation::NoChange);
    }
    // The script sees the height of the block that includes the transaction: the next one at the earliest.
    let (first, last) = (
        Height(height.0.saturating_add(1)),
        height.plus(ANNOUNCE_AHEAD),
    );
    if !(first..=last).contains(&change.announced) {
        return Err(RuleViolation::AnnounceHeight {
            asked: change.announced,
            first,
            last,
        });
    }
    Ok(())
}

/// The change that may be enacted in the next block.
///
/// # Errors
/// [`RuleViolation::NothingAnnounced`], [`RuleViolation::DelayNotOver`] with the first height at which it may.
pub fn check_enact(charter: &CharterBox, height: Height) -> Result<&PendingChange, RuleViolation> {
    let change = charter.pending().ok_or(RuleViolation::NothingAnnounced)?;
    let from = change.announced.plus(charter.bounds().change_delay);
    match height.0.saturating_add(1) >= from.0 {
        true => Ok(change),
        false => Err(RuleViolation::DelayNotOver { from, height }),
    }
}
