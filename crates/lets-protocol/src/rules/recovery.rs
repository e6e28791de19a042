//! Expulsion at zero, and the recovery of an account whose key is lost: twins of E, R, S and V in `contracts/pot.es`.

use super::{Counted, RuleViolation, check_account_size, check_rates};
use crate::boxes::account::{AccountBox, Link};
use crate::boxes::charter::CharterBox;
use crate::boxes::pot::{Counters, PotBox};
use crate::units::{Blocks, Height};
use ergo_lib::ergotree_ir::sigma_protocol::sigma_boolean::SigmaProp;
use std::fmt;

/// A recovery's start stands at most so far ahead of the block that includes it: time for the committee to sign.
pub const START_AHEAD: Blocks = Blocks(5_040);

/// Below so many bytes and those of the owner's proposition is a box with an heir's key beside the owner's: without the
/// owner's key it stays well below what its own spends may make it (`contracts/pot.es`, S5).
const HEIR_BYTES: usize = 1_500;

/// What stands in the way of a recovery, or a pending one in the way of something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryBar {
    /// The owner refuses every recovery.
    OptedOut,
    /// One is pending: an account is not expelled meanwhile.
    Pending {
        /// Its start.
        start: Height,
    },
    /// None is pending.
    None,
    /// The owner can still refuse.
    Delay {
        /// The recovery's start.
        start: Height,
        /// How long he can.
        delay: Blocks,
        /// From this height on it can be completed.
        from: Height,
    },
    /// The heir's key is the owner's, or the one that a pending recovery names already.
    Heir,
    /// The start is in the past, or too far ahead.
    Start {
        /// What was asked.
        asked: Height,
        /// The first height that will do.
        least: Height,
        /// The last.
        most: Height,
    },
}

impl fmt::Display for RecoveryBar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OptedOut => f.write_str("its owner refuses every recovery"),
            Self::Pending { start } => write!(
                f,
                "a recovery has been pending since height {start}, and its ERG would go to the key that was lost: complete it first"
            ),
            Self::None => {
                f.write_str("no recovery is pending: its owner refused it, or none was started")
            }
            Self::Delay { start, delay, from } => write!(
                f,
                "its owner can refuse the recovery of height {start} for {delay}: it can be completed from height {from} on"
            ),
            Self::Heir => f.write_str("the heir's key stands in it already"),
            Self::Start { asked, least, most } => write!(
                f,
                "a recovery can start from height {least} to {most}, not at {asked}"
            ),
        }
    }
}

fn barred(account: &AccountBox, bar: RecoveryBar) -> RuleViolation {
    RuleViolation::Recovery {
        account: account.number(),
        bar,
    }
}

/// The key that owns the account stands in it.
fn check_own_key(account: &AccountBox) -> Result<(), RuleViolation> {
    match account.link() {
        Link::None => Ok(()),
        _ => Err(RuleViolation::KeyFollows {
            account: account.number(),
        }),
    }
}

/// The recovery that is pending: its start and its heir.
fn pending(account: &AccountBox) -> Option<(i64, &SigmaProp)> {
    account.settings().recovery.zip(account.heir())
}

fn height_of(number: i64) -> Height {
    Height(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

/// May the committee close the account? Twin of X2, E3 and E4.
///
/// # Errors
/// [`RuleViolation::ExitBalance`], [`RuleViolation::KeyFollows`], [`RuleViolation::Recovery`].
pub fn check_expel(account: &AccountBox) -> Result<(), RuleViolation> {
    let balance = account.balance();
    if balance.units() != 0 {
        return Err(RuleViolation::ExitBalance { balance });
    }
    check_own_key(account)?;
    if account.heir().is_some() {
        let start = height_of(account.settings().recovery.unwrap_or_default());
        return Err(barred(account, RecoveryBar::Pending { start }));
    }
    Ok(())
}

/// May the committee put this heir's key beside the owner's, the delay to count from `start`? Returns the pot's counters
/// after. Twin of R3, S1, S3, S4 and G8.
///
/// # Errors
/// [`RuleViolation::KeyFollows`], [`RuleViolation::Recovery`], or [`RuleViolation::Rate`] with the height from which it
/// would pass.
pub fn check_start(
    charter: &CharterBox,
    pot: &PotBox,
    account: &AccountBox,
    heir: &SigmaProp,
    start: Height,
    height: Height,
) -> Result<Counters, RuleViolation> {
    check_own_key(account)?;
    if account.settings().refuses_recovery() {
        return Err(barred(account, RecoveryBar::OptedOut));
    }
    if heir == account.owner() || Some(heir) == account.heir() {
        return Err(barred(account, RecoveryBar::Heir));
    }
    // The script sees the height of the block that includes the transaction: the next one at the earliest.
    let least = height.plus(Blocks(1));
    let most = least.plus(START_AHEAD);
    if start < least || start > most {
        let asked = start;
        return Err(barred(account, RecoveryBar::Start { asked, least, most }));
    }
    check_rates(charter, pot, Counted::recovery(), height)
}

/// Is a box with an heir's key beside this owner's small enough, so that the heir will be able to spend it? Twin of S5.
///
/// # Errors
/// [`RuleViolation::AccountSize`].
pub fn check_heir_size(size: usize, owner: &SigmaProp) -> Result<(), RuleViolation> {
    let owner = owner.prop_bytes().map_or(0, |bytes| bytes.len());
    check_account_size(size, HEIR_BYTES + owner)
}

/// May anybody hand the account to its heir now? Returns the heir. Twin of R3, V1 and V2.
///
/// # Errors
/// [`RuleViolation::KeyFollows`], or [`RuleViolation::Recovery`] with the height from which it can be done.
pub fn check_complete(
    charter: &CharterBox,
    account: &AccountBox,
    height: Height,
) -> Result<SigmaProp, RuleViolation> {
    check_own_key(account)?;
    let Some((start, heir)) = pending(account).filter(|(start, _)| *start >= 0) else {
        return Err(barred(account, RecoveryBar::None));
    };
    let delay = charter.bounds().recovery_delay;
    let from = start.saturating_add(i64::from(delay.0));
    if height.as_i64() < from {
        let (start, from) = (height_of(start), height_of(from));
        return Err(barred(account, RecoveryBar::Delay { start, delay, from }));
    }
    Ok(heir.clone())
}
