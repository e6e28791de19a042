//! Why a script refuses, in the words of this library's own rules. The scripts judge; this only tells.

use super::Told;
use super::fault::Why;
use crate::amount::Amount;
use crate::boxes::Lets;
use crate::boxes::account::{AccountBox, Terms};
use crate::boxes::charter::CharterBox;
use crate::boxes::note::NoteBox;
use crate::boxes::open_pot::OpenPotBox;
use crate::boxes::oracle::OracleBox;
use crate::boxes::policy::{Kind, Mark};
use crate::boxes::pot::PotBox;
use crate::history::{Deed, charter_deed, pot_deed};
use crate::rules::open::{self, OpenViolation};
use crate::rules::{self, RuleViolation};
use crate::units::{Height, NanoErg};
use ergo_lib::ergotree_ir::chain::ergo_box::ErgoBox;

impl From<RuleViolation> for Why {
    fn from(violation: RuleViolation) -> Self {
        Self::Rule(Box::new(violation))
    }
}

impl From<OpenViolation> for Why {
    fn from(violation: OpenViolation) -> Self {
        Self::Open(Box::new(violation))
    }
}

pub(super) fn why(lets: &Lets, told: &Told, index: usize, kind: &str) -> Option<Why> {
    let spent = told.inputs.get(index)?;
    match kind {
        "pot" => pot(lets, told),
        "open pot" => open_pot(lets, told),
        "charter" => charter(lets, told),
        "account" => account(lets, told, spent, index),
        "note" => note(lets, told, spent),
        _ => None,
    }
}

/// The height that the rules' twins count from: that of the last block before.
fn before(told: &Told) -> Height {
    Height(told.height.0.saturating_sub(1))
}

fn subject(lets: &Lets, boxes: &[ErgoBox]) -> Option<AccountBox> {
    AccountBox::parse(lets, boxes.get(1)?).ok()
}

fn pot(lets: &Lets, told: &Told) -> Option<Why> {
    let outputs = told.transaction.outputs.as_slice();
    let deed = match pot_deed(lets, &told.inputs, outputs, told.by_committee(lets)) {
        Ok(deed) => deed,
        Err(e) => return Some(Why::Words(e.why)),
    };
    let charter = || CharterBox::parse(lets, &told.read.first()?.ergo_box).ok();
    let (old, after) = (
        subject(lets, &told.inputs),
        PotBox::parse(lets, outputs.first()?).ok()?,
    );
    match deed {
        Deed::Admitted { terms, .. } => granted(&charter()?, &after, &terms),
        Deed::TermsSet { after: terms, .. } => granted(&charter()?, &after, &terms),
        Deed::Exited { .. } | Deed::Expelled { .. } => {
            let balance = old?.balance();
            (balance.units() != 0).then(|| RuleViolation::ExitBalance { balance }.into())
        }
        Deed::RecoveryCompleted { .. } => rules::check_complete(&charter()?, &old?, before(told))
            .err()
            .map(Why::from),
        Deed::RecoveryStarted { .. }
            if after.counters().recoveries > charter()?.bounds().recovery_starts =>
        {
            Some(Why::Words(
                "more recoveries started than the charter's rate lets",
            ))
        }
        _ => None,
    }
}

/// The twins that read no more than the transaction shows.
fn open_pot(lets: &Lets, told: &Told) -> Option<Why> {
    let outputs = told.transaction.outputs.as_slice();
    let deed = match pot_deed(lets, &told.inputs, outputs, false) {
        Ok(deed) => deed,
        Err(e) => return Some(Why::Words(e.why)),
    };
    let pot = OpenPotBox::parse(lets, told.inputs.first()?).ok()?;
    let after = OpenPotBox::parse(lets, outputs.first()?).ok()?;
    let (policy, height) = (pot.policy(), before(told));
    if after.policy() != policy || after.treasury() != pot.treasury() {
        return Some(Why::Words("its policy or its treasury changed"));
    }
    let oracle = || {
        let read = &told.read.first()?.ergo_box;
        OracleBox::parse(lets.oracle()?, read).ok()
    };
    let live = || {
        let oracle = oracle().ok_or(OpenViolation::NoOracle)?;
        open::check_live(&pot, &oracle, height)
    };
    let pressing = || {
        let oracle = oracle().ok_or(OpenViolation::NoOracle)?;
        open::check_pressing(&pot, &oracle, height)
    };
    let old = || subject(lets, &told.inputs);
    let erg = |more: &OpenPotBox, than: &OpenPotBox| more.value().minus(than.value());
    let broken = match deed {
        Deed::Joined { terms, balance, .. } => {
            let units = Amount::clamped(terms.issued.units() + balance.units());
            let Some(left) = erg(&after, &pot).and_then(|paid| paid.minus(policy.fee)) else {
                return Some(Why::Words("the fee for joining did not stay in the pot"));
            };
            let backing = match policy.kind {
                Kind::Lets1 => terms.floor.minus(policy.floor).unwrap_or_default(),
                _ => left,
            };
            let backed = policy.kind.has_rate() && units > Amount::ZERO;
            open::check_credit(policy, units).and_then(|()| match () {
                () if backed => open::check_cover(policy, &live()?, units, backing),
                () if policy.fee > NanoErg(0) => live().map(drop),
                () => Ok(()),
            })
        }
        Deed::Exited { .. } => {
            let old = old()?;
            match old.balance() {
                balance if balance.units() != 0 => Err(OpenViolation::CloseBalance { balance }),
                _ => open::check_lock(&old, height),
            }
        }
        Deed::Adjusted { after: terms, .. } => {
            open::check_credit(policy, terms.line).and_then(|()| {
                let backing = terms.floor.minus(policy.floor).unwrap_or_default();
                match terms.issued == Amount::ZERO {
                    true => Ok(()),
                    false => open::check_cover(policy, &live()?, terms.issued, backing),
                }
            })
        }
        Deed::Called { mark, .. } => {
            let old = old()?;
            open::check_unmarked(policy, &old, mark, height).and_then(|()| match mark {
                Mark::Called(_) => open::check_under(policy, &pressing()?, &old),
                Mark::Frozen => open::check_freeze(&pot, oracle().as_ref(), &old, height).map(drop),
            })
        }
        Deed::Liquidated { units, taken, .. } => {
            let old = old()?;
            let quote = pressing();
            let most = quote.as_ref().map(|q| open::taken(policy, q, &old, units));
            if most.is_ok_and(|most| taken > most) {
                return Some(Why::Words(
                    "more collateral was taken than the units pay for",
                ));
            }
            quote.and_then(|q| open::check_liquidation(policy, &q, &old, units, height))
        }
        Deed::Bought { units, erg, .. } => open::check_credit(policy, units)
            .and_then(|()| open::check_cover(policy, &live()?, units, erg)),
        Deed::Redeemed { units, erg, .. } => {
            let quote = oracle().and_then(|o| open::check_known(&pot, &o, height).ok());
            if erg > open::redeemed(&pot, quote.as_ref(), units) {
                return Some(Why::Words("more than its share of the reserve was taken"));
            }
            Ok(())
        }
        _ => Ok(()),
    };
    broken.err().map(Why::from)
}

fn granted(charter: &CharterBox, after: &PotBox, terms: &Terms) -> Option<Why> {
    let (bounds, counters) = (charter.bounds(), after.counters());
    if let Err(violation) = rules::check_terms(charter, terms) {
        return Some(violation.into());
    }
    if counters.admissions > bounds.admissions {
        return Some(Why::Words(
            "more members admitted than the charter's rate lets",
        ));
    }
    (counters.issued > bounds.issue.units())
        .then_some(Why::Words("more units issued than the charter's rate lets"))
}

fn charter(lets: &Lets, told: &Told) -> Option<Why> {
    let old = CharterBox::parse(lets, told.inputs.first()?).ok()?;
    match charter_deed(lets, &told.inputs, told.transaction.outputs.as_slice()) {
        Err(e) => Some(Why::Words(e.why)),
        Ok(Deed::Enacted) => rules::check_enact(&old, before(told)).err().map(Why::from),
        Ok(_) => None,
    }
}

fn account(lets: &Lets, told: &Told, spent: &ErgoBox, index: usize) -> Option<Why> {
    let old = AccountBox::parse(lets, spent).ok()?;
    let new = told
        .transaction
        .outputs
        .get(index)
        .and_then(|b| AccountBox::parse(lets, b).ok())
        .filter(|new| new.number() == old.number());
    let Some(new) = new else {
        return Some(Why::Words("the account has no successor"));
    };
    let (from, to) = (old.balance(), new.balance());
    let words = if old.terms() != new.terms() {
        "its terms changed without the pot"
    } else if old.link() != new.link() {
        "who else may act for it changed"
    } else if to.units() < from.units() && to.debt() > new.terms().line.units() {
        "it goes past its credit line"
    } else if to.units() > from.units() && to.credit() > new.terms().cap.units() {
        "it goes above its cap"
    } else {
        return None;
    };
    Some(Why::Words(words))
}

fn note(lets: &Lets, told: &Told, spent: &ErgoBox) -> Option<Why> {
    let note = NoteBox::parse(lets, spent).ok()?;
    let Ok(leader) = AccountBox::parse(lets, told.inputs.first()?) else {
        return Some(Why::Words("no account of this LETS takes it in"));
    };
    rules::check_claim(&leader, &note).err().map(Why::from)
}
