//! What was done with pot and charter, read off their transactions: who was admitted, on what terms, and what changed.

use crate::amount::{Amount, Balance};
use crate::boxes::account::{AccountBox, Terms};
use crate::boxes::charter::{CharterBox, PendingChange};
use crate::boxes::common_pot::CommonPot;
use crate::boxes::policy::Mark;
use crate::boxes::{AccountNumber, Lets};
use crate::units::{Height, NanoErg};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;

/// Something that was done with the pot or the charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// The LETS was founded: charter and pot were made.
    Founded,
    /// The committee opened an account.
    Admitted {
        /// The account.
        account: AccountNumber,
        /// Its terms.
        terms: Terms,
    },
    /// The committee set an account's terms.
    TermsSet {
        /// The account.
        account: AccountNumber,
        /// Its balance, which stayed.
        balance: Balance,
        /// The terms before.
        before: Box<Terms>,
        /// The terms after.
        after: Box<Terms>,
    },
    /// A member closed his account.
    Exited {
        /// The account.
        account: AccountNumber,
    },
    /// The committee closed an account at balance 0.
    Expelled {
        /// The account.
        account: AccountNumber,
    },
    /// The committee put an heir's key beside the owner's.
    RecoveryStarted {
        /// The account.
        account: AccountNumber,
        /// From when the delay counts.
        from: Height,
    },
    /// Somebody handed an account to the heir after the delay.
    RecoveryCompleted {
        /// The account.
        account: AccountNumber,
    },
    /// Somebody joined an open LETS by himself.
    Joined {
        /// The account.
        account: AccountNumber,
        /// Its terms.
        terms: Terms,
        /// What he has to begin with.
        balance: Balance,
    },
    /// A member of an open LETS changed his collateral and his line.
    Adjusted {
        /// The account.
        account: AccountNumber,
        /// Its balance, which stayed.
        balance: Balance,
        /// The terms before.
        before: Box<Terms>,
        /// The terms after.
        after: Box<Terms>,
    },
    /// Somebody called an account's debt, or froze it while the oracle was dead.
    Called {
        /// The account.
        account: AccountNumber,
        /// Which.
        mark: Mark,
    },
    /// A member paid units of a called debt and took collateral for them.
    Liquidated {
        /// The debtor.
        account: AccountNumber,
        /// How much of the debt.
        units: Amount,
        /// The collateral that it cost the debtor.
        taken: NanoErg,
    },
    /// A member bought units.
    Bought {
        /// The account.
        account: AccountNumber,
        /// How many.
        units: Amount,
        /// What went into the reserve.
        erg: NanoErg,
    },
    /// A member gave units back.
    Redeemed {
        /// The account.
        account: AccountNumber,
        /// How many.
        units: Amount,
        /// What came out of the reserve.
        erg: NanoErg,
    },
    /// Somebody renewed the box.
    Refreshed,
    /// The committee, and the one to be, announced a change of the charter.
    Announced {
        /// The change.
        change: PendingChange,
    },
    /// The committee withdrew it.
    Cancelled,
    /// Somebody put it into force.
    Enacted,
}

impl Deed {
    /// Its name in results.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Founded => "founded",
            Self::Admitted { .. } => "admitted",
            Self::TermsSet { .. } => "terms_set",
            Self::Exited { .. } => "exited",
            Self::Expelled { .. } => "expelled",
            Self::RecoveryStarted { .. } => "recovery_started",
            Self::RecoveryCompleted { .. } => "recovery_completed",
            Self::Joined { .. } => "joined",
            Self::Adjusted { .. } => "adjusted",
            Self::Called { .. } => "called",
            Self::Liquidated { .. } => "liquidated",
            Self::Bought { .. } => "bought",
            Self::Redeemed { .. } => "redeemed",
            Self::Refreshed => "refreshed",
            Self::Announced { .. } => "announced",
            Self::Cancelled => "cancelled",
            Self::Enacted => "enacted",
        }
    }

    /// The account that it was about.
    pub fn account(&self) -> Option<AccountNumber> {
        match self {
            Self::Admitted { account, .. }
            | Self::TermsSet { account, .. }
            | Self::Exited { account }
            | Self::Expelled { account }
            | Self::RecoveryStarted { account, .. }
            | Self::RecoveryCompleted { account }
            | Self::Joined { account, .. }
            | Self::Adjusted { account, .. }
            | Self::Called { account, .. }
            | Self::Liquidated { account, .. }
            | Self::Bought { account, .. }
            | Self::Redeemed { account, .. } => Some(*account),
            Self::Founded
            | Self::Refreshed
            | Self::Announced { .. }
            | Self::Cancelled
            | Self::Enacted => None,
        }
    }
}

/// A transaction that made a new pot or charter is none of those that its script lets pass: there is something wrong with the
/// chain or with the node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} did something that its script does not allow: {why}")]
pub struct DeedError {
    /// "the pot" or "the charter".
    pub what: &'static str,
    /// What does not fit.
    pub why: &'static str,
}

/// What a transaction did with the pot that it spends as its first input; without one it made the pot. `by_committee`: the
/// charter is its first data input.
///
/// # Errors
/// [`DeedError`] if it is nothing that the pot's script lets pass.
pub fn pot_deed(
    lets: &Lets,
    inputs: &[ErgoBox],
    outputs: &[ErgoBox],
    by_committee: bool,
) -> Result<Deed, DeedError> {
    let fault = |why| DeedError {
        what: "the pot",
        why,
    };
    let pot = |b: Option<&ErgoBox>| b.and_then(|b| CommonPot::parse(lets, b).ok());
    let Some(before) = pot(inputs.first()) else {
        return match outputs.iter().any(|b| CommonPot::parse(lets, b).is_ok()) {
            true => Ok(Deed::Founded),
            false => Err(fault("there is no pot in it")),
        };
    };
    let after = pot(outputs.first()).ok_or_else(|| fault("it has no successor"))?;
    let account = |boxes: &[ErgoBox]| {
        let second = boxes.get(1)?;
        AccountBox::parse(lets, second).ok()
    };
    let open = before.policy().is_some();
    match (account(inputs), account(outputs)) {
        _ if inputs.len() == 1 => Ok(Deed::Refreshed),
        (None, Some(new)) if after.memberships() == before.memberships() - 1 => {
            let (account, terms, balance) = (new.number(), new.terms().clone(), new.balance());
            Ok(match open {
                true => Deed::Joined {
                    account,
                    terms,
                    balance,
                },
                false => Deed::Admitted { account, terms },
            })
        }
        (Some(old), new) if after.memberships() == before.memberships() + 1 => {
            let gone = new.is_none_or(|new| new.number() != old.number());
            let account = old.number();
            match (gone, by_committee) {
                (false, _) => Err(fault("a closed account goes on")),
                (true, true) if !open => Ok(Deed::Expelled { account }),
                (true, _) => Ok(Deed::Exited { account }),
            }
        }
        (Some(old), Some(new)) if old.number() == new.number() => match open {
            true => by_member((&before, &old), (&after, &new)).map_err(fault),
            false => changed(&old, &new).map_err(fault),
        },
        _ if open => Err(fault("it is no step that an open pot can take")),
        _ => Err(fault("it is no admission, exit or change of terms")),
    }
}

fn changed(old: &AccountBox, new: &AccountBox) -> Result<Deed, &'static str> {
    let account = old.number();
    if old.balance() != new.balance() {
        return Err("a balance changed");
    }
    match (old.heir(), new.heir()) {
        (_, Some(heir)) if old.heir() != Some(heir) || old.settings() != new.settings() => {
            let start = new.settings().recovery.unwrap_or_default();
            Ok(Deed::RecoveryStarted {
                account,
                from: Height(u32::try_from(start).unwrap_or_default()),
            })
        }
        (Some(heir), None) if new.owner() == heir => Ok(Deed::RecoveryCompleted { account }),
        _ => Ok(Deed::TermsSet {
            account,
            balance: old.balance(),
            before: Box::new(old.terms().clone()),
            after: Box::new(new.terms().clone()),
        }),
    }
}

/// What a step of an open pot did with an account.
fn by_member(
    (pot, old): (&CommonPot, &AccountBox),
    (pot_after, new): (&CommonPot, &AccountBox),
) -> Result<Deed, &'static str> {
    let account = old.number();
    let (gained, given) = (new.units() - old.units(), pot.units() - pot_after.units());
    let (before, after) = (old.terms().clone(), new.terms().clone());
    let units = Amount::clamped(gained.saturating_abs());
    let less = |from: NanoErg, to: NanoErg| from.minus(to).unwrap_or_default();
    let unmarked = |terms: &Terms| Terms {
        spend_on: Vec::new(),
        ..terms.clone()
    };
    match Mark::of(&after) {
        Some(mark) if before != after && unmarked(&before) == unmarked(&after) => {
            return Ok(Deed::Called { account, mark });
        }
        _ => {}
    }
    match (before == after, gained) {
        (true, 1..) if given == gained => Ok(Deed::Bought {
            account,
            units,
            erg: less(pot_after.value(), pot.value()),
        }),
        (true, ..=-1) if given == gained => Ok(Deed::Redeemed {
            account,
            units,
            erg: less(pot.value(), pot_after.value()),
        }),
        (true, 1..) if given == 0 => Ok(Deed::Liquidated {
            account,
            units,
            taken: less(old.value(), new.value()),
        }),
        _ if old.balance() == new.balance() => Ok(Deed::Adjusted {
            account,
            balance: old.balance(),
            before: Box::new(before),
            after: Box::new(after),
        }),
        _ => Err("a balance changed"),
    }
}

/// What a transaction did with the charter that it spends as its first input; without one it made the charter.
///
/// # Errors
/// [`DeedError`] if it is nothing that the charter's script lets pass.
pub fn charter_deed(
    lets: &Lets,
    inputs: &[ErgoBox],
    outputs: &[ErgoBox],
) -> Result<Deed, DeedError> {
    let fault = |why| DeedError {
        what: "the charter",
        why,
    };
    let charter = |b: Option<&ErgoBox>| b.and_then(|b| CharterBox::parse(lets, b).ok());
    let Some(before) = charter(inputs.first()) else {
        return match outputs.iter().any(|b| CharterBox::parse(lets, b).is_ok()) {
            true => Ok(Deed::Founded),
            false => Err(fault("there is no charter in it")),
        };
    };
    let after = charter(outputs.first()).ok_or_else(|| fault("it has no successor"))?;
    let same = before.committee() == after.committee() && before.bounds() == after.bounds();
    match (before.pending(), after.pending()) {
        (Some(_), None) if !same => Ok(Deed::Enacted),
        (Some(_), None) => Ok(Deed::Cancelled),
        _ if !same => Err(fault("committee or bounds changed unannounced")),
        (old, Some(new)) if old != Some(new) => Ok(Deed::Announced {
            change: new.clone(),
        }),
        _ => Ok(Deed::Refreshed),
    }
}

/// The community's figures: what its members were granted, what they owe, and what was written off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BadDebt {
    /// What the community's account has taken over and not earned back: its own debt.
    pub written_off: Amount,
    /// All debts together, the community's included.
    pub debts: Amount,
    /// All permitted lines together.
    pub lines: Amount,
}

impl BadDebt {
    /// Reads it off all accounts.
    pub fn of<'a>(lets: &Lets, accounts: impl IntoIterator<Item = &'a AccountBox>) -> Self {
        accounts.into_iter().fold(Self::default(), |sum, a| {
            let community = crate::rules::check_community(lets, a).is_ok();
            sum.with(a.balance(), a.terms().line, community)
        })
    }

    /// The same with one more account; `community` if it is the community's own.
    #[must_use]
    pub fn with(self, balance: Balance, line: Amount, community: bool) -> Self {
        let add = |sum: Amount, units: i64| Amount::clamped(sum.units().saturating_add(units));
        let debt = balance.debt();
        Self {
            written_off: add(self.written_off, if community { debt } else { 0 }),
            debts: add(self.debts, debt),
            lines: add(self.lines, line.units()),
        }
    }

    /// Written off, of all debts, in hundredths of a percent; 0 without debts.
    pub fn share(&self) -> u32 {
        let (part, whole) = (self.written_off.units(), self.debts.units());
        match whole {
            0 => 0,
            whole => u32::try_from(part.saturating_mul(10_000) / whole).unwrap_or(u32::MAX),
        }
    }
}
